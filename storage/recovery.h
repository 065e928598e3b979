/* Recovery of one tablet from the logs of dead incarnations (design 5, 7.5).
 *
 * There is no log-splitting phase: the plan of a dead incarnation (plan.h) and the index of each of
 * its segments say where the tablet's records lie, and only those are read.
 *
 *     manifest_read -> recovery_list -> recovery_replay for each -> manifest_commit with the list
 *
 * Threads: workers. */
#ifndef STELE_STORAGE_RECOVERY_H
#define STELE_STORAGE_RECOVERY_H

#include "storage/log_replay.h"
#include "storage/manifest.h"

struct store;

/* The open rule: which dead logs the next owner must replay, and list in its manifest until a flush
 * has covered them: the manifest's own list and, when the manifest says open, its owner's.
 * from_sequence: the lowest the tablet still needs of the owner's log (its least flushed sequence +
 * 1). STATUS_BUSY: the owner is not sealed. In arena. */
enum status recovery_list(struct store *store, const struct manifest *manifest,
    uint64_t from_sequence, struct arena *arena, struct manifest_dead_log **out_logs,
    size_t *out_count, struct error *error);

/* Whether a tablet is open at a server that may still serve it: one that is neither sealed nor collected. */
enum status recovery_is_served(
    struct store *store, const struct manifest *manifest, bool *out_is, struct error *error);

/* Calls each() with the tablet's records that have a sequence at or above log->from_sequence, in
 * order of sequence (log_replay.h). STATUS_CORRUPT names file and offset: the tablet must not be
 * opened then.
 * STATUS_NOT_FOUND: the incarnation or its plan is gone, which the collector never lets happen
 * while a newest manifest lists it. */
enum status recovery_replay(struct store *store, const char *tablet_id,
    const struct manifest_dead_log *log, log_record_function *each, void *context,
    struct error *error);

/* store_free's. NULL is fine. */
struct recovery_plan;
void recovery_plans_free(struct recovery_plan *plans);

#endif
