#include "storage/row_locks.h"

#include <assert.h>
#include <xxhash.h>

#include "base/memory.h"
#include "base/radix_sort.h"

enum { BITS_MIN = 6, SPARES_MAX = 4096 /* as many as a large batch takes */ };

struct row_lock {
    uint64_t hash;
    struct row_lock *next;   /* in its bucket, or among the spares */
    size_t shared;           /* holders; with is_exclusive false */
    bool is_exclusive;       /* one holder, alone */
    struct row_claim *first; /* queue */
    struct row_claim *last;
};

uint64_t row_hash(struct span row)
{
    return XXH3_64bits(row.data, row.size);
}

void row_claim_prepare(struct row_claim *claim, uint64_t *hashes, size_t count, bool is_exclusive,
    uint64_t deadline_ns)
{
    if (count > 1)
        radix_sort_numbers(hashes, hashes + count, count);
    size_t unique = 0;
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || hashes[unique - 1] != hashes[i])
            hashes[unique++] = hashes[i];
    }
    *claim = (struct row_claim){.hashes = hashes,
        .count = unique,
        .is_exclusive = is_exclusive,
        .deadline_ns = deadline_ns};
}

static size_t bucket_count(const struct row_locks *locks)
{
    return (size_t)1 << locks->bucket_bits;
}

enum status row_locks_init(struct row_locks *locks)
{
    *locks = (struct row_locks){.bucket_bits = BITS_MIN};
    locks->buckets = memory_allocate_zeroed(bucket_count(locks), sizeof(*locks->buckets));
    if (!locks->buckets)
        return STATUS_NO_MEMORY;
    mutex_init(&locks->mutex, LOCK_RANK_ROW_LOCKS);
    return STATUS_OK;
}

void row_locks_deinit(struct row_locks *locks)
{
    if (!locks->buckets)
        return;
    assert(locks->lock_count == 0);
    while (locks->spare) {
        struct row_lock *lock = locks->spare;
        locks->spare = lock->next;
        memory_free(lock);
    }
    memory_free(locks->buckets);
    mutex_deinit(&locks->mutex);
    *locks = (struct row_locks){0};
}

/* By the first bits: a claim, sorted, goes through the buckets in their order. */
static struct row_lock **bucket_of(const struct row_locks *locks, uint64_t hash)
{
    return &locks->buckets[hash >> (64 - locks->bucket_bits)];
}

/* Twice the buckets; without memory the old ones do, with longer chains. */
static void grow(struct row_locks *locks)
{
    struct row_locks larger = {.bucket_bits = locks->bucket_bits + 1};
    larger.buckets = memory_allocate_zeroed(bucket_count(&larger), sizeof(*larger.buckets));
    if (!larger.buckets)
        return;
    for (size_t i = 0; i < bucket_count(locks); i++) {
        struct row_lock *lock = locks->buckets[i];
        while (lock) {
            struct row_lock *next = lock->next;
            struct row_lock **bucket = bucket_of(&larger, lock->hash);
            lock->next = *bucket;
            *bucket = lock;
            lock = next;
        }
    }
    memory_free(locks->buckets);
    locks->buckets = larger.buckets;
    locks->bucket_bits = larger.bucket_bits;
}

/* The lock of the hash, made when there is none; NULL on no memory. */
static struct row_lock *find_or_add(struct row_locks *locks, uint64_t hash)
{
    for (struct row_lock *lock = *bucket_of(locks, hash); lock; lock = lock->next) {
        if (lock->hash == hash)
            return lock;
    }
    struct row_lock *lock = locks->spare;
    if (lock) {
        locks->spare = lock->next;
        locks->spare_count--;
    } else {
        lock = memory_allocate(sizeof(*lock));
        if (!lock)
            return NULL;
    }
    if (locks->lock_count >= bucket_count(locks))
        grow(locks);
    struct row_lock **bucket = bucket_of(locks, hash);
    *lock = (struct row_lock){.hash = hash, .next = *bucket};
    *bucket = lock;
    locks->lock_count++;
    return lock;
}

static void remove_if_unused(struct row_locks *locks, struct row_lock *lock)
{
    if (lock->shared > 0 || lock->is_exclusive || lock->first)
        return;
    struct row_lock **link = bucket_of(locks, lock->hash);
    while (*link != lock)
        link = &(*link)->next;
    *link = lock->next;
    locks->lock_count--;
    if (locks->spare_count >= SPARES_MAX) {
        memory_free(lock);
        return;
    }
    lock->next = locks->spare;
    locks->spare = lock;
    locks->spare_count++;
}

static bool can_hold(const struct row_lock *lock, const struct row_claim *claim)
{
    return !lock->is_exclusive && (lock->shared == 0 || !claim->is_exclusive);
}

static void hold(struct row_lock *lock, struct row_claim *claim)
{
    if (claim->is_exclusive)
        lock->is_exclusive = true;
    else
        lock->shared++;
    claim->held++;
}

static void queue_locked(struct row_locks *locks, struct row_lock *lock, struct row_claim *claim)
{
    claim->next = NULL;
    claim->queue = lock;
    if (lock->last)
        lock->last->next = claim;
    else
        lock->first = claim;
    lock->last = claim;
    claim->waiting_previous = NULL;
    claim->waiting_next = locks->waiting;
    if (locks->waiting)
        locks->waiting->waiting_previous = claim;
    locks->waiting = claim;
}

/* Takes the claim out of the queue it is in; `before` is the one in front of it there, or NULL. */
static void unqueue_locked(
    struct row_locks *locks, struct row_claim *claim, struct row_claim *before)
{
    struct row_lock *lock = claim->queue;
    *(before ? &before->next : &lock->first) = claim->next;
    if (lock->last == claim)
        lock->last = before;
    claim->queue = NULL;
    claim->next = NULL;
    *(claim->waiting_previous ? &claim->waiting_previous->waiting_next
                              : &locks->waiting) = claim->waiting_next;
    if (claim->waiting_next)
        claim->waiting_next->waiting_previous = claim->waiting_previous;
}

/* Goes on with the claim: STATUS_OK when it holds all, STATUS_BUSY when it queued. */
static enum status advance_locked(struct row_locks *locks, struct row_claim *claim)
{
    while (claim->held < claim->count) {
        struct row_lock *lock = find_or_add(locks, claim->hashes[claim->held]);
        if (!lock)
            return STATUS_NO_MEMORY;
        if (lock->first || !can_hold(lock, claim)) {
            queue_locked(locks, lock, claim);
            return STATUS_BUSY;
        }
        hold(lock, claim);
    }
    return STATUS_OK;
}

struct granted {
    struct row_claim *first;
    struct row_claim **end;
};

/* Lets the front of the lock's queue in, as far as it can. */
static void admit_locked(struct row_locks *locks, struct row_lock *lock, struct granted *granted)
{
    while (lock->first && can_hold(lock, lock->first)) {
        struct row_claim *claim = lock->first;
        unqueue_locked(locks, claim, NULL);
        hold(lock, claim);
        /* Without memory for its next lock it is handed back too, holding too little. */
        if (advance_locked(locks, claim) != STATUS_BUSY) {
            *granted->end = claim;
            granted->end = &claim->next;
        }
    }
    remove_if_unused(locks, lock);
}

static void release_locked(
    struct row_locks *locks, struct row_claim *claim, struct granted *granted)
{
    while (claim->held > 0) {
        struct row_lock *lock = find_or_add(locks, claim->hashes[--claim->held]);
        if (claim->is_exclusive)
            lock->is_exclusive = false;
        else
            lock->shared--;
        admit_locked(locks, lock, granted);
    }
}

enum status row_locks_acquire(struct row_locks *locks, struct row_claim *claim)
{
    mutex_lock(&locks->mutex);
    enum status status = advance_locked(locks, claim);
    mutex_unlock(&locks->mutex);
    return status;
}

struct row_claim *row_locks_release(struct row_locks *locks, struct row_claim *claim)
{
    struct granted granted = {NULL, &granted.first};
    mutex_lock(&locks->mutex);
    release_locked(locks, claim, &granted);
    mutex_unlock(&locks->mutex);
    return granted.first;
}

bool row_locks_expire(struct row_locks *locks, uint64_t now_ns, struct row_claim **out_expired,
    struct row_claim **out_granted)
{
    struct granted granted = {NULL, &granted.first};
    struct granted expired = {NULL, &expired.first};
    mutex_lock(&locks->mutex);
    struct row_claim *claim = locks->waiting;
    while (claim) {
        if (claim->deadline_ns > now_ns) {
            claim = claim->waiting_next;
            continue;
        }
        struct row_lock *lock = claim->queue;
        struct row_claim *before = NULL;
        for (struct row_claim *at = lock->first; at != claim; at = at->next)
            before = at;
        unqueue_locked(locks, claim, before);
        *expired.end = claim;
        expired.end = &claim->next;
        admit_locked(locks, lock, &granted);
        release_locked(locks, claim, &granted);
        claim = locks->waiting; /* the list may have changed anywhere */
    }
    bool is_any_left = locks->waiting != NULL;
    mutex_unlock(&locks->mutex);
    *out_expired = expired.first;
    *out_granted = granted.first;
    return is_any_left;
}
