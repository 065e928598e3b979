/* env: the one door to the operating system.
 *
 * Files, directories, clocks, random numbers and executors are reached through a `struct env`, so
 * that tests replace the world: env_real.c is Linux; env_memory.c is a disk in memory with a clock
 * of its own, which forgets unsynced bytes and unsynced directory entries at a power cut, tears and
 * reorders, and fails call N; executor_seeded.c runs every executor in one thread in an order drawn
 * from a seed, on virtual time.
 *
 * Paths are relative to the env's root or absolute; '/' separates; names that come from users are
 * encoded before they get here. All calls are thread-safe. A file call on a handle may be made from
 * any thread; appends to one file come from one thread at a time.
 *
 * Durability contract (what the memory disk enforces): bytes are durable after file_sync; a
 * created, linked, renamed or removed name is durable after directory_sync of its directory; a link
 * or rename may reach the disk before or after the bytes of its file, unless those were synced
 * first. A rename within one directory is one change; across directories it is two, one in each. A
 * changed mode is durable after file_sync. A failed sync is final: its bytes may never be durable,
 * whatever a later sync says. */
#ifndef STELE_BASE_ENV_H
#define STELE_BASE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

struct env;
struct env_file;
struct executor;
struct mutex;
struct task;

enum env_open_flags {
    ENV_READ = 0,
    ENV_WRITE = 1,     /* read and write */
    ENV_CREATE = 2,    /* make it when absent */
    ENV_EXCLUSIVE = 4, /* with ENV_CREATE: STATUS_EXISTS when present */
    ENV_TRUNCATE = 8,
    /* With ENV_WRITE, a wish: file_write_start goes past the page cache (O_DIRECT). Granted on this machine's own
     * file systems that can do it; env_file_block_size tells. All writes to a file that was granted it are whole
     * blocks, those through the page cache too. */
    ENV_DIRECT = 16,
};

#define ENV_BLOCK_SIZE 4096 /* what a file with ENV_DIRECT granted is written in */

struct env_stat {
    uint64_t size;
    uint64_t inode;
    uint32_t link_count;
    uint32_t mode; /* permission bits only */
    bool is_directory;
    int64_t modified_ms;
};

/* Called for each name of a directory, "." and ".." left out, in no order. Non-OK stops and is
 * returned. */
typedef enum status env_list_function(void *context, const char *name, struct error *error);

struct env_table {
    enum status (*file_open)(struct env *env, const char *path, unsigned flags, uint32_t mode,
        struct env_file **out_file, struct error *error);
    void (*file_close)(struct env_file *file);
    /* Reads up to `size` bytes at offset; *out_size < size only at the end of the file. A read
     * error is never an end of file. */
    enum status (*file_read)(struct env_file *file, uint64_t offset, void *out_bytes, size_t size,
        size_t *out_size, struct error *error);
    /* As file_read, but STATUS_WOULD_BLOCK when the bytes are not in memory already (preadv2
     * RWF_NOWAIT). An env that cannot tell answers STATUS_WOULD_BLOCK. */
    enum status (*file_read_cached)(struct env_file *file, uint64_t offset, void *out_bytes,
        size_t size, size_t *out_size, struct error *error);
    enum status (*file_write)(
        struct env_file *file, uint64_t offset, struct span bytes, struct error *error);
    enum status (*file_sync)(struct env_file *file, struct error *error); /* fdatasync */
    /* Begins a write that is durable once file_write_finish says STATUS_OK, and until then in flight: the disk may
     * work while the caller does something else. The bytes stay in place until then. One at a time, with no other
     * call on the file between the two; nothing that was written before may be unsynced. Offset, size and address
     * are multiples of env_file_block_size. Within the file's size. */
    enum status (*file_write_start)(
        struct env_file *file, uint64_t offset, struct span bytes, struct error *error);
    /* Waits for the started write; for up to poll_ns, while that pays, without sleeping (base/patience.h). A failure
     * is final, as a failed sync is. */
    enum status (*file_write_finish)(struct env_file *file, uint64_t poll_ns, struct error *error);
    enum status (*file_truncate)(struct env_file *file, uint64_t size, struct error *error);
    /* Reserves and zeroes [0, size): later writes there change no metadata. STATUS_NO_SPACE leaves
     * the size. */
    enum status (*file_preallocate)(struct env_file *file, uint64_t size, struct error *error);
    /* statx(AT_EMPTY_PATH | AT_STATX_FORCE_SYNC): the look of design 7. */
    enum status (*file_stat)(struct env_file *file, struct env_stat *out_stat, struct error *error);
    enum status (*file_chmod)(struct env_file *file, uint32_t mode, struct error *error);
    /* Takes an advisory lock for the life of the handle, exclusive or shared with others that ask
     * for a shared one; STATUS_BUSY and *out_pid (0 = unknown). */
    enum status (*file_lock)(
        struct env_file *file, bool is_shared, int *out_pid, struct error *error);
    /* Drops the file's pages from the page cache, where there is one. Best effort. */
    void (*file_forget)(struct env_file *file, uint64_t offset, uint64_t size);

    enum status (*path_stat)(
        struct env *env, const char *path, struct env_stat *out_stat, struct error *error);
    enum status (*path_link)(
        struct env *env, const char *from, const char *to, struct error *error);
    enum status (*path_rename)(
        struct env *env, const char *from, const char *to, struct error *error);
    enum status (*path_remove)(struct env *env, const char *path, struct error *error);
    enum status (*directory_make)(
        struct env *env, const char *path, uint32_t mode, struct error *error);
    /* STATUS_BUSY when it is not empty. */
    enum status (*directory_remove)(struct env *env, const char *path, struct error *error);
    enum status (*directory_list)(struct env *env, const char *path, env_list_function *each,
        void *context, struct error *error);
    enum status (*directory_sync)(struct env *env, const char *path, struct error *error);
    /* Bytes free for us on the file system of path. */
    enum status (*space_free)(
        struct env *env, const char *path, uint64_t *out_bytes, struct error *error);
    /* True when the file system of path is this machine's own: file_stat is answered from memory and never waits for
     * another machine. False when that is not known. */
    bool (*path_is_local)(struct env *env, const char *path);

    int64_t (*clock_wall_ms)(struct env *env);        /* since 1970, may jump */
    uint64_t (*clock_monotonic_ns)(struct env *env);  /* CLOCK_BOOTTIME: never back */
    uint64_t (*clock_thread_cpu_ns)(struct env *env); /* CPU time of the calling thread */
    uint64_t (*resident_bytes)(struct env *env); /* memory that the process holds; 0 = not told */
    void (*random_bytes)(struct env *env, void *out_bytes, size_t size);

    /* Makes an executor of `threads` threads (>= 1) with that name. */
    enum status (*executor_new)(struct env *env, const char *name, unsigned threads,
        struct executor **out_executor, struct error *error);
};

/* Implementations embed this first. */
struct env {
    const struct env_table *table;
};

/* The operating system's env: one per process, never freed. */
struct env *env_real(void);

/* Short forms, e.g. env_file_open(env, ...) = env->table->file_open(env, ...). Handles carry their
 * env. */
enum status env_file_open(struct env *env, const char *path, unsigned flags, uint32_t mode,
    struct env_file **out_file, struct error *error);
void env_file_close(struct env_file *file); /* NULL is fine */
enum status env_file_read(struct env_file *file, uint64_t offset, void *out_bytes, size_t size,
    size_t *out_size, struct error *error);
enum status env_file_read_cached(struct env_file *file, uint64_t offset, void *out_bytes,
    size_t size, size_t *out_size, struct error *error);
/* STATUS_CORRUPT when the file ends before offset + size. */
enum status env_file_read_exact(
    struct env_file *file, uint64_t offset, void *out_bytes, size_t size, struct error *error);
enum status env_file_write(
    struct env_file *file, uint64_t offset, struct span bytes, struct error *error);
enum status env_file_sync(struct env_file *file, struct error *error);
enum status env_file_write_start(
    struct env_file *file, uint64_t offset, struct span bytes, struct error *error);
enum status env_file_write_finish(struct env_file *file, uint64_t poll_ns, struct error *error);
/* ENV_BLOCK_SIZE where ENV_DIRECT was asked for and granted, else 1. */
size_t env_file_block_size(const struct env_file *file);
enum status env_file_truncate(struct env_file *file, uint64_t size, struct error *error);
enum status env_file_preallocate(struct env_file *file, uint64_t size, struct error *error);
enum status env_file_stat(struct env_file *file, struct env_stat *out_stat, struct error *error);
enum status env_file_chmod(struct env_file *file, uint32_t mode, struct error *error);
enum status env_file_lock(struct env_file *file, int *out_pid, struct error *error);
enum status env_file_lock_shared(struct env_file *file, int *out_pid, struct error *error);
void env_file_forget(struct env_file *file, uint64_t offset, uint64_t size);
const char *env_file_path(const struct env_file *file);
enum status env_path_stat(
    struct env *env, const char *path, struct env_stat *out_stat, struct error *error);
enum status env_path_link(struct env *env, const char *from, const char *to, struct error *error);
enum status env_path_rename(struct env *env, const char *from, const char *to, struct error *error);
enum status env_path_remove(struct env *env, const char *path, struct error *error);
enum status env_directory_make(
    struct env *env, const char *path, uint32_t mode, struct error *error);
enum status env_directory_remove(struct env *env, const char *path, struct error *error);
enum status env_directory_list(
    struct env *env, const char *path, env_list_function *each, void *context, struct error *error);
enum status env_directory_sync(struct env *env, const char *path, struct error *error);
enum status env_space_free(
    struct env *env, const char *path, uint64_t *out_bytes, struct error *error);
bool env_path_is_local(struct env *env, const char *path);
int64_t env_wall_ms(struct env *env);
uint64_t env_monotonic_ns(struct env *env);
/* CPU time of the calling thread, for differences; 0 where it is not measured (memory). */
uint64_t env_thread_cpu_ns(struct env *env);
/* Memory that the process holds; 0 where the system does not tell, or it is not measured (memory): what is reported of it
 * must not make a simulation differ from run to run. */
uint64_t env_resident_bytes(struct env *env);
void env_random_bytes(struct env *env, void *out_bytes, size_t size);
uint64_t env_random_u64(struct env *env);

/* Reads a whole file of at most limit bytes into *out_bytes (appended). */
enum status env_read_file(
    struct env *env, const char *path, size_t limit, struct buffer *out_bytes, struct error *error);
/* Creates `path` exclusively with these bytes and syncs the file (not its directory). */
enum status env_write_file(
    struct env *env, const char *path, uint32_t mode, struct span bytes, struct error *error);

/* ---- Executors (design 8): a task runs to completion, may block in file I/O when its executor is
 * a pool, never on another task. Waiting for another task is a continuation or a message. ---- */

/* Embedded in the thing to run. Not submitted twice at once; may be freed or submitted again by its
 * own run. */
struct task {
    void (*run)(struct task *task);
    struct task *next; /* the executor's, while queued */
    uint64_t due_ns;   /* the executor's, while a timer */
};

enum status env_executor_new(struct env *env, const char *name, unsigned threads,
    struct executor **out_executor, struct error *error);
/* Runs task->run(task) soon, in submission order when the executor has one thread. Never fails. */
void executor_submit(struct executor *executor, struct task *task);
/* The same, and lets go of `held` (of a rank below LOCK_RANK_EXECUTOR) before it wakes the thread that
 * runs the task: for a task that begins by taking that lock. */
void executor_submit_unlock(struct executor *executor, struct task *task, struct mutex *held);
/* Runs it when clock_monotonic_ns reaches due_ns. */
void executor_submit_at(struct executor *executor, struct task *task, uint64_t due_ns);
/* Takes back a timer that has not begun; false when it has begun or was not queued. */
bool executor_cancel(struct executor *executor, struct task *task);
/* For an executor of one thread whose tasks come in quick succession: its thread may look for the next one
 * for up to limit_ns before it sleeps, while that pays (base/patience.h). */
void executor_poll(struct executor *executor, uint64_t limit_ns);
/* Tasks queued and running now. */
size_t executor_depth(const struct executor *executor);
bool executor_is_current(const struct executor *executor);
/* Runs what is queued (not what is only due later), joins the threads, frees. Submitting later is
 * an error. */
void executor_free(struct executor *executor);

#endif
