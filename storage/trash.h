/* The trash: what the collector took away, kept for a while before it is removed (collector.h).
 *
 *   trash/epoch-<n>/<ms>-<what>     of the leader of epoch n: it alone puts there, takes back, removes
 *   trash/<ms>-<what>               of stele fsck, and of before there were epochs
 *
 * The fence. A leader that stands still in the middle of a pass (its host sleeps, the directory hangs) does not know
 * that another has been elected, and every look is over before the rename that it was for. So the folder is what
 * decides: before a new leader reads the directory it makes its own and renames all older ones into it. From then on
 * each rename of an older leader, into the trash or out of it, has no folder to go to or come from: whatever it took
 * away, it took before the new one looked, and nothing that the new one works with goes or comes back behind its back.
 *
 *   make epoch-<n>  ->  list the trash  ->  a higher one is there: SUPERSEDED, ours goes
 *                                       ->  each lower one is renamed into ours, then emptied out into it
 *
 * Of two that do so at the same time each makes its folder before it lists, so at least one sees the other, and both
 * agree on who is later. A cut anywhere leaves folders that the next one finds.
 *
 * Threads: any that may block; a struct trash is a value, and fixed for the whole of what it is used for. */
#ifndef STELE_STORAGE_TRASH_H
#define STELE_STORAGE_TRASH_H

#include "storage/directory.h"

#define TRASH_KEPT_MS (10 * 60 * 1000)

struct trash {
    const struct directory *directory;
    uint64_t epoch; /* 0 = none was taken: things lie in trash/ itself */
};

/* Takes the trash for a new leader. is_alone: nobody else can be there (standalone), whatever epochs are found.
 * STATUS_SUPERSEDED: a later one has taken it. */
enum status trash_fence(
    const struct directory *directory, uint64_t epoch, bool is_alone, struct error *error);
/* Where it goes, from now on: `what` is the end of its name. */
void trash_path(const struct trash *trash, const char *what, struct path *out_path);
/* Renames a file or folder to a path of trash_path, or back. STATUS_NOT_FOUND: it is not there; STATUS_SUPERSEDED:
 * the trash is a later leader's. */
enum status trash_move(
    const struct trash *trash, const struct path *from, const struct path *to, struct error *error);
enum status trash_sync(const struct trash *trash, struct error *error);
/* Removes what has lain there for TRASH_KEPT_MS; all of it when space is short. */
enum status trash_empty(const struct trash *trash, struct error *error);

#endif
