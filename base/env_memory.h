/* A world in memory for tests: disk, clock, random numbers and executors from one seed.
 *
 * The disk keeps for each file the bytes written and the bytes synced, and for each directory the
 * entries made and the entries synced. A power cut keeps what was synced and, of the rest, a subset
 * drawn from the seed (whole, torn at 512-byte sectors, or none; entries likewise, each on its
 * own). */
#ifndef STELE_BASE_ENV_MEMORY_H
#define STELE_BASE_ENV_MEMORY_H

#include "base/env.h"

enum env_memory_executors {
    ENV_MEMORY_SEEDED,  /* all executors in the caller's thread: env_memory_run */
    ENV_MEMORY_THREADS, /* real threads (executor_threads.c) over the memory disk */
};

enum env_memory_power_cut {
    ENV_CUT_LOSE_ALL, /* everything unsynced is gone */
    ENV_CUT_KEEP_ALL, /* everything written made it (kill -9 keeps this too) */
    ENV_CUT_RANDOM,   /* a seeded subset: torn, reordered */
};

struct env *env_memory_new(uint64_t seed, enum env_memory_executors executors);
void env_memory_free(struct env *env);

/* I/O calls so far: all but closes and forgets. */
uint64_t env_memory_call_count(const struct env *env);
/* Makes call number `call` (as counted above, 1-based) fail with `status` (STATUS_IO,
 * STATUS_NO_SPACE ...); is_sticky: and all after it. 0 = none. A failed write may have written a
 * part, a failed sync loses a part for good; a power cut ends it. */
void env_memory_fail_call(struct env *env, uint64_t call, enum status status, bool is_sticky);
/* From call number `call` on the disk is frozen as after a power cut: every call fails with
 * STATUS_IO and env_memory_is_cut says true. Then env_memory_power_cut makes the state that the
 * next start finds. */
void env_memory_cut_at(struct env *env, uint64_t call);
bool env_memory_is_cut(const struct env *env);
/* Applies the loss, forgets open handles (they fail from now on) and lets calls through again. */
void env_memory_power_cut(struct env *env, enum env_memory_power_cut how);
/* Free space told and enforced; UINT64_MAX = endless (the start). */
void env_memory_set_space(struct env *env, uint64_t free_bytes);
/* Direct access for byte-flip tests. */
enum status env_memory_flip(struct env *env, const char *path, uint64_t offset, uint8_t mask);

void env_memory_advance_ns(struct env *env, uint64_t ns);  /* moves both clocks */
void env_memory_jump_wall_ms(struct env *env, int64_t ms); /* moves the wall clock only */

/* Seeded executors: runs one ready task drawn from the seed; when none is ready, moves time to the
 * next timer. False when there is nothing left at all. */
bool env_memory_run_one(struct env *env);
/* Runs until *is_done (may be NULL: until idle with no timer due within limit_ns of virtual time).
 */
bool env_memory_run_until(struct env *env, const bool *is_done, uint64_t limit_ns);
/* Throws queued tasks of all executors away (a process that died). Owners free what the tasks embed
 * in. */
void env_memory_drop_tasks(struct env *env);

#endif
