/* Replay of one tablet from the log of one dead incarnation (plan.h), and what of it is lost.
 *
 * The sequences of a tablet have no holes in a log, so a place that cannot be read has cost a tablet
 * nothing when its records before and behind it follow on each other: that tablet is replayed. One
 * that may have lost records is refused (STATUS_CORRUPT, with file and offset), and no other. A
 * person may then accept the loss (log_loss.h): what can be read is replayed, and what cannot
 * is told.
 *
 *     damage   |xxxx|          |xxxx|            |xxxx|
 *     tablet A       [7..9]            [10..12]         whole up to 12; behind that it is in doubt
 *     tablet B [1..3]                  [4]       [5..6] whole
 *
 * Threads: any that may block. */
#ifndef STELE_STORAGE_LOG_REPLAY_H
#define STELE_STORAGE_LOG_REPLAY_H

#include "storage/plan.h"

/* Non-OK stops and is returned. */
typedef enum status log_record_function(
    void *context, const struct log_record *record, struct error *error);

/* Calls each() with the tablet's records that have a sequence at or above from_sequence, in order of
 * sequence. The plan has its indexes (plan_load_index). STATUS_CORRUPT: some may be lost. */
enum status log_replay(const struct directory *directory, const struct plan *plan,
    const char *tablet_id, uint64_t from_sequence, log_record_function *each, void *context,
    struct error *error);

#endif
