/* Loss that a person has accepted: what the log of a dead incarnation has lost to damage keeps tablets
 * closed (log_replay.h) until servers/<incarnation>/loss says that it is known and given up
 * (docs/formats/loss.md). It is for ever, and goes with the log.
 *
 * Payload of the document (subject: the incarnation): u64 accepted at (ms).
 *
 * Threads: any that may block. */
#ifndef STELE_STORAGE_LOG_LOSS_H
#define STELE_STORAGE_LOG_LOSS_H

#include "storage/directory.h"

enum status log_loss_is_accepted(
    const struct directory *directory, const char *incarnation, bool *out_is, struct error *error);
/* Done already is fine. */
enum status log_loss_accept(
    struct directory *directory, const char *incarnation, struct error *error);
/* STATUS_CORRUPT. */
enum status log_loss_decode(struct span payload, uint64_t *out_accepted_ms, struct error *error);

#endif
