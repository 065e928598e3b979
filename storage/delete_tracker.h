/* Delete markers of one family of one row, as they come in cell order, and what they mask (HBase
 * ScanDeleteTracker; facts: hbase-semantics 3). A marker masks whatever the order of writing, and
 * wins ties.
 *
 * Also `tracked_bytes`: a copy of a qualifier that outlives its cell, without allocation while it
 * is short. */
#ifndef STELE_STORAGE_DELETE_TRACKER_H
#define STELE_STORAGE_DELETE_TRACKER_H

#include <stdbool.h>

#include "model/cell.h"

#define TRACKED_BYTES_INLINE 64

/* Zero-initialised is empty. */
struct tracked_bytes {
    uint8_t inline_bytes[TRACKED_BYTES_INLINE];
    uint8_t *heap_bytes;
    size_t heap_capacity;
    size_t size;
};

/* False on no memory; the bytes are then unchanged. */
bool tracked_bytes_set(struct tracked_bytes *tracked, struct span bytes);
struct span tracked_bytes_get(const struct tracked_bytes *tracked);
void tracked_bytes_deinit(struct tracked_bytes *tracked);

enum delete_verdict {
    DELETE_NOT,     /* visible as far as markers go */
    DELETE_VERSION, /* masked; an older version of the column may be visible */
    DELETE_REST,    /* masked, and so is all that follows in the column */
};

/* Zero-initialised is empty. */
struct delete_tracker {
    bool has_family;
    int64_t family_timestamp; /* greatest of a family marker */
    int64_t *family_versions; /* timestamps of family version markers, descending */
    size_t family_version_count;
    size_t family_version_capacity;
    bool has_column;     /* the marker in force within its column: */
    uint8_t column_type; /* CELL_DELETE or CELL_DELETE_COLUMN */
    int64_t column_timestamp;
    struct tracked_bytes column;
};

/* Forgets all markers: a new row. */
void delete_tracker_reset(struct delete_tracker *tracker);
void delete_tracker_deinit(struct delete_tracker *tracker);
/* Notes a marker. False on no memory. */
bool delete_tracker_add(struct delete_tracker *tracker, const struct cell *marker);
/* Judges a put. */
enum delete_verdict delete_tracker_judge(struct delete_tracker *tracker, const struct cell *put);

#endif
