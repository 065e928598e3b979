/* Slots: how many compactions of a store are under way at once, and whether the disk has room for
 * another.
 *
 * All compactions share few threads and take turns by the slice, so more of them at once are not
 * faster; but each holds read-ahead buffers, and files that are not counted yet. So at most
 * COMPACTION_SLOTS run, of them half large ones (COMPACTION_LARGE_BYTES of input), so that the small
 * ones of busy tablets never wait for hours. Who finds none waits here, in the order of asking, and
 * is submitted to its executor once there is one.
 *   A compaction writes at most about what it reads. That much, for all that are under way, and a
 * margin for the log and for flushes must be free before one begins: a disk is not to be filled by what
 * is going to free some of it.
 *
 * Threads: any. */
#ifndef STELE_STORAGE_COMPACTION_SLOTS_H
#define STELE_STORAGE_COMPACTION_SLOTS_H

#include <stdatomic.h>

#include "base/env.h"
#include "base/mutex.h"

#define COMPACTION_SLOTS       8
#define COMPACTION_SLOTS_LARGE 4
#define COMPACTION_LARGE_BYTES (UINT64_C(256) << 20)

/* Embedded in a compaction. */
struct compaction_slot {
    struct task *task;                /* submitted when a slot is there */
    const _Atomic bool *is_cancelled; /* set before compaction_slots_wake; may be NULL */
    struct compaction_slot *next;
    uint64_t input_bytes;
    bool is_held;
    bool is_waiting;
};

struct compaction_slots {
    struct mutex mutex; /* LOCK_RANK_COMPACTIONS */
    struct executor *executor;
    struct compaction_slot *waiting; /* oldest first */
    unsigned held, held_large;
    uint64_t held_bytes;
};

void compaction_slots_init(struct compaction_slots *slots);
void compaction_slots_deinit(struct compaction_slots *slots);
/* True: it is held, or cancelled. False: it waits, and slot->task comes when it is held: it is not the
 * caller's any more. */
bool compaction_slots_take(struct compaction_slots *slots, struct compaction_slot *slot);
/* Gives back what is held; nothing otherwise. Others may begin. */
void compaction_slots_give(struct compaction_slots *slots, struct compaction_slot *slot);
/* It waits no more: true, and its task is submitted without a slot. False: it did not wait. */
bool compaction_slots_wake(struct compaction_slots *slots, struct compaction_slot *slot);
/* It waits, and is of one of the sizes asked for (COMPACTION_LARGE_BYTES). */
bool compaction_slots_is_waiting(struct compaction_slots *slots, const struct compaction_slot *slot,
    bool asks_small, bool asks_large);
/* Bytes that all who hold a slot may still write. */
uint64_t compaction_slots_bytes(struct compaction_slots *slots);

#endif
