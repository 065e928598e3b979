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

/* How a host's I/O calls meet the shared directory. */
enum env_memory_reach {
    ENV_REACH_OK,
    ENV_REACH_FAILS,  /* each answers STATUS_IO */
    ENV_REACH_BLOCKS, /* each waits, and the host with it, until this is changed or the host dies */
    /* Each waits so, and the host goes on with its other threads, as where a mount hangs. Tasks run on top of those
     * that wait: such a call returns when what began to wait after it, on any host, has returned too. */
    ENV_REACH_HANGS,
};

/* ENV_DIRECT is granted when the seed is odd, so that whoever tries several meets both. */
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

/* ---- Hosts (ENV_MEMORY_SEEDED): machines of their own over the one disk ----
 *
 * env_memory_new makes the first; a test that has several keeps it for itself. Each has its own
 * executors, random numbers, clocks and unsynced changes. A host is one life of one program: it dies
 * once, and a restart is a new host. Names, links and modes are seen by all at once; a host's
 * unsynced bytes by the others as env_memory_set_sharing says. Calls above that count, fail or cut
 * concern the host they are given; power cuts, space, flips and time concern all. */

/* Its monotonic clock starts anywhere; its wall clock is right. Freed with the world. */
struct env *env_memory_host_new(struct env *env, const char *name);
const char *env_memory_host_name(const struct env *host);
/* For traces, in the thread that runs the tasks: the host whose task runs now ("" outside of tasks),
 * and the time of the world's own host, without a lock. */
const char *env_memory_running_name(const struct env *env);
uint64_t env_memory_trace_ns(const struct env *env);
/* The host dies: of its unsynced changes this is left (a killed process leaves all), its handles
 * and locks are gone, its tasks are forgotten where they stand, and what memory they held is left
 * behind. Called by one of its own tasks, this does not return. */
void env_memory_host_crash(struct env *host, enum env_memory_power_cut how);
bool env_memory_host_is_dead(const struct env *host);
/* Dies before its I/O call number `call`. */
void env_memory_host_crash_at(struct env *host, uint64_t call, enum env_memory_power_cut how);
/* Stands still for so long before its I/O call number `call`, in the middle of whatever it does,
 * and goes on then: the others run meanwhile. */
void env_memory_host_stall_at(struct env *host, uint64_t call, uint64_t duration_ns);
/* None of its tasks begins until as many resumes. */
void env_memory_host_pause(struct env *host);
void env_memory_host_resume(struct env *host);
void env_memory_host_reach(struct env *host, enum env_memory_reach reach);
/* How often, in a hundred, a read sees bytes that another host has not synced; 100 at first. */
void env_memory_set_sharing(struct env *env, unsigned visible_chance);

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
