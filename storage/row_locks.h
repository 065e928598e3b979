/* Row locks of one tablet: who may change a row between its request and its place in the log.
 *
 * Blind writes (puts, deletes) share a row; writes that read it first (conditions, increments) hold
 * it alone. A write takes all its locks in one order (by hash of the row), so there is no
 * deadlock, and waits in a queue, first come first served, never in a thread: a release hands back
 * the writes that now have all their locks, for the caller to run.
 *
 * Rows are known by a 64-bit hash: two rows with the same hash share a lock, which is harmless.
 *
 * Threads: any; one short mutex a tablet. */
#ifndef STELE_STORAGE_ROW_LOCKS_H
#define STELE_STORAGE_ROW_LOCKS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/mutex.h"

struct row_lock;

struct row_locks {
    struct mutex mutex;
    struct row_lock **buckets; /* guarded by mutex, like all below */
    unsigned bucket_bits;
    size_t lock_count;
    struct row_lock *spare; /* free locks, for the next */
    size_t spare_count;
    struct row_claim *waiting; /* every queued claim */
};

/* One write's claim on its rows. The hashes are the caller's memory until the claim is released. */
struct row_claim {
    uint64_t *hashes; /* sorted, unique: row_claim_prepare */
    size_t count;
    bool is_exclusive;
    uint64_t deadline_ns; /* of waiting: row_locks_expire */
    /* the table's */
    size_t held;            /* how many of them it holds, from the first */
    struct row_claim *next; /* in a lock's queue, or in a list of the granted */
    struct row_lock *queue; /* whose queue it is in; NULL = none */
    struct row_claim *waiting_previous;
    struct row_claim *waiting_next;
};

uint64_t row_hash(struct span row);
/* Sorts hashes and removes repeats; sets up the rest. There is room for twice as many of them (for one: for one). */
void row_claim_prepare(struct row_claim *claim, uint64_t *hashes, size_t count, bool is_exclusive,
    uint64_t deadline_ns);

enum status row_locks_init(struct row_locks *locks); /* STATUS_NO_MEMORY */
void row_locks_deinit(struct row_locks *locks); /* nothing may be held; zeroed memory is fine */

/* STATUS_OK: all held. STATUS_BUSY: queued; it comes back from somebody's release.
 * STATUS_NO_MEMORY: it holds a part: release it. */
enum status row_locks_acquire(struct row_locks *locks, struct row_claim *claim);
/* Gives all back and returns the claims that may go on (linked by next): they hold all of theirs, or,
 * when memory ran out, less (held < count), and must then be released. */
struct row_claim *row_locks_release(struct row_locks *locks, struct row_claim *claim);
/* Takes the claims out that have waited past their deadline and gives back what they held: true when
 * any wait is left. *out_expired: linked by next, holding nothing. *out_granted: as from a release. */
bool row_locks_expire(struct row_locks *locks, uint64_t now_ns, struct row_claim **out_expired,
    struct row_claim **out_granted);

#endif
