/* Visibility under NEW_VERSION_BEHAVIOR (HBase NewVersionBehaviorTracker; facts: hbase-semantics
 * 4): what a column would show had its writes been applied in the order of their sequences.
 *
 * A marker masks only what was written before it; a version that fell off the end (more than
 * max_versions newer ones alive at some moment) stays gone when a newer one is deleted later. Cells
 * come in cell order, not in writing order, so for each marker the history counts how many versions
 * were alive when it was written: a put is gone when, at any marker written after it (or at the end
 * of time), that many versions with greater timestamps were alive.
 *
 * Sorted by sequence, an `event` is a marker that covers this column, or the end of time. */
#ifndef STELE_STORAGE_VERSION_HISTORY_H
#define STELE_STORAGE_VERSION_HISTORY_H

#include <stdbool.h>

#include "model/cell.h"
#include "storage/delete_tracker.h"

struct version_event {
    uint64_t sequence; /* UINT64_MAX: the end of time */
    int64_t timestamp;
    uint64_t alive; /* versions of the column alive just before it */
    uint8_t type;   /* of the marker; CELL_MINIMUM for the end of time */
};

struct version_life {
    uint64_t sequence; /* of the put */
    uint64_t death;    /* greatest event sequence before which it was counted as alive; 0 = none */
};

/* Zero-initialised is empty. */
struct version_history {
    struct version_event *family; /* family markers of this row, by sequence */
    size_t family_count, family_capacity;
    struct version_event *events; /* of this column, by sequence, the end of time last */
    size_t event_count, event_capacity;
    struct version_life *lives; /* puts of this column seen so far */
    size_t life_count, life_capacity;
    struct tracked_bytes column;
    bool has_column;
    bool has_last; /* the last put of this column */
    int64_t last_timestamp;
    uint64_t last_sequence;
};

void version_history_reset(struct version_history *history); /* a new row */
void version_history_deinit(struct version_history *history);
/* Notes a marker. False on no memory. */
bool version_history_add(struct version_history *history, const struct cell *marker);
/* Notes a put; *out_is_visible says whether it shows. False on no memory. */
bool version_history_judge(struct version_history *history, const struct cell *put,
    uint32_t max_versions, bool *out_is_visible);

#endif
