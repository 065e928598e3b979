/* Incarnations that were dead at a time: what the collector may take of theirs, it must know before it reads who
 * needs what. One that dies later may have committed files after that was read.
 *
 * Dead is who is sealed, and who has no folder any more: it had its folder before it made any file. The second is
 * only known of who is asked for: dead_incarnations_note.
 *
 * Threads: the caller's. */
#ifndef STELE_STORAGE_DEAD_INCARNATIONS_H
#define STELE_STORAGE_DEAD_INCARNATIONS_H

#include "storage/directory.h"
#include "storage/name_list.h"

struct dead_incarnations {
    struct name_list sealed;
    struct name_list gone;
};

/* *out_dead is to be deinited even on failure; all zero is nobody. */
enum status dead_incarnations_read(
    const struct directory *directory, struct dead_incarnations *out_dead, struct error *error);
void dead_incarnations_deinit(struct dead_incarnations *dead);
/* One without a folder. Noting one twice is fine. STATUS_NO_MEMORY. */
enum status dead_incarnations_note(
    struct dead_incarnations *dead, const char *incarnation, struct error *error);
bool dead_incarnations_is_sealed(const struct dead_incarnations *dead, const char *incarnation);
bool dead_incarnations_is_gone(const struct dead_incarnations *dead, const char *incarnation);

#endif
