/* Seals: "the directory decides who may write" (design 7).
 *
 * An incarnation keeps servers/<incarnation>/alive open for life. It may answer a write only after
 * a look at that file, made after the sync, that finds one link and mode 0600 (seal_look). Sealing
 * adds a second link, sealed/<incarnation>, and takes the mode away: from then on no look succeeds.
 * A write that was acknowledged was synced before its look, the look was before the seal, and the
 * seal is before the scan of the log: so the scan sees it. No clock is trusted.
 *
 * The mode outlives the links: when the collector removes both names of a dead incarnation, the
 * link count passes 1 again, and the mode still says sealed.
 *
 * Threads: any that may block. */
#ifndef STELE_STORAGE_SEAL_H
#define STELE_STORAGE_SEAL_H

#include "storage/directory.h"

/* Makes servers/<incarnation>/ and in it alive, both durable; the handle is to be kept for life.
 * STATUS_EXISTS: the incarnation was used before. */
enum status seal_register(
    struct directory *directory, struct env_file **out_alive, struct error *error);
/* The look. STATUS_CLOSED: sealed. Any failure means: acknowledge nothing more. */
enum status seal_look(struct env_file *alive, struct error *error);

/* Whether an incarnation (encoded) is sealed. An error is never "no". Worker. */
enum status seal_exists(const struct directory *directory, const char *incarnation,
    bool *out_is_sealed, struct error *error);
/* Seals; done already is fine, and is made sure of again. STATUS_NOT_FOUND: no such incarnation.
 * Worker. */
enum status seal_make(struct directory *directory, const char *incarnation, struct error *error);

#endif
