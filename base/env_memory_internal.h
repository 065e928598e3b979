/* The simulated world and its hosts, for env_memory.c (the calls a program makes) and
 * env_memory_world.c (what tests do). One lock serialises all of it. */
#ifndef STELE_BASE_ENV_MEMORY_INTERNAL_H
#define STELE_BASE_ENV_MEMORY_INTERNAL_H

#include "base/env_internal.h"
#include "base/env_memory.h"
#include "base/memory_disk.h"
#include "base/mutex.h"

#define WALL_START_MS      INT64_C(1700000000000)
#define MONOTONIC_START_NS UINT64_C(1000000000)

struct env_memory;

struct env_world {
    enum env_memory_executors kind;
    /* guards all below and the hosts; the scheduler's queues belong to the one thread that runs */
    struct mutex lock;
    struct disk *disk;
    bool is_direct;   /* ENV_DIRECT is granted */
    struct dice dice; /* seeds of further hosts */
    struct seeded_scheduler scheduler;
    uint64_t generation;      /* power cuts so far: handles of an older one are dead */
    uint64_t real_origin;     /* ENV_MEMORY_THREADS: real time passes on top of the moved one */
    struct env_memory *hosts; /* dead ones too, newest first */
    unsigned host_count;
};

struct memory_file;

/* A host: what a program takes for the operating system. */
struct env_memory {
    struct env env;
    struct env_world *world;
    struct env_memory *next; /* of world->hosts */
    struct seeded_host place;
    char name[32];
    unsigned number;
    struct dice dice;
    int64_t wall_jump_ms;
    struct memory_file *files; /* open ones */
    bool is_dead;

    uint64_t calls;
    uint64_t fail_call; /* 0 = none, as the other three */
    enum status fail_status;
    bool is_fail_sticky;
    uint64_t cut_call;
    bool is_cut;
    uint64_t crash_call;
    enum env_memory_power_cut crash_how;
    uint64_t stall_call;
    uint64_t stall_ns;
    enum env_memory_reach reach;
};

struct memory_file {
    struct env_file file; /* file.path is ours */
    struct inode *inode;
    struct memory_file *next, **link; /* of host->files */
    uint64_t generation;
    bool is_writable;
    struct span started; /* the caller's, of a write that is not finished; with started_copy */
    uint64_t started_offset;
    uint8_t *started_copy; /* what it held when it was started; NULL: none is */
};

static inline struct env_memory *env_memory_of(const struct env *env)
{
    return (struct env_memory *)env;
}

static inline bool memory_file_is_dead(const struct memory_file *file)
{
    const struct env_memory *host = env_memory_of(file->file.env);
    return host->is_dead || file->generation != host->world->generation;
}

/* Lets go of the inode and frees the handle. */
void memory_file_free(struct memory_file *file);

uint64_t env_memory_now_ns_locked(const struct env_memory *host);
int64_t env_memory_wall_ms_locked(const struct env_memory *host);

/* Before an I/O call, without the lock: the host may stand still here for a while, or die, and then
 * this does not return. */
void env_memory_before_call(struct env_memory *host);

/* memory_started.c: rules of a started write, without the lock. The first two end the process when one is broken. */
void memory_started_idle(const struct memory_file *file, const char *what);
void memory_started_check(const struct memory_file *file, uint64_t offset, struct span bytes);
void memory_started_begin(struct memory_file *file, uint64_t offset, struct span bytes);
/* The write is over, well or not, or the handle goes; nothing was started is fine. Ends the process when the bytes are
 * not what they were. */
void memory_started_end(struct memory_file *file);
/* As that, when the program with its bytes is gone. */
void memory_started_forget(struct memory_file *file);

/* env_memory.c's table. */
extern const struct env_table env_memory_table;

#endif
