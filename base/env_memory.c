/* The world in memory: env's table over memory_disk.c, with calls counted and failed on the way, a
 * clock moved by hand or by the scheduler, and random numbers from the seed. One lock serialises
 * all of it. */
#include "base/env_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/env_internal.h"
#include "base/memory_disk.h"
#include "base/mutex.h"

#define WALL_START_MS      INT64_C(1700000000000)
#define MONOTONIC_START_NS UINT64_C(1000000000)

struct env_memory {
    struct env env;
    enum env_memory_executors kind;
    /* guards all below; the scheduler's queues belong to the one thread that runs */
    struct mutex lock;
    struct disk *disk;
    struct dice dice;
    struct seeded_scheduler scheduler;
    uint64_t generation;  /* power cuts so far: handles of an older one are dead */
    uint64_t real_origin; /* ENV_MEMORY_THREADS: real time passes on top of the moved one */
    int64_t wall_jump_ms;

    uint64_t calls;
    uint64_t fail_call; /* 0 = none */
    enum status fail_status;
    bool is_fail_sticky;
    uint64_t cut_call; /* 0 = none */
    bool is_cut;
};

struct memory_file {
    struct env_file file;
    struct inode *inode;
    uint64_t generation;
    bool is_writable;
};

static struct env_memory *memory_of(const struct env *env)
{
    return (struct env_memory *)env;
}

static uint64_t real_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t now_ns_locked(const struct env_memory *memory)
{
    uint64_t now_ns = memory->scheduler.now_ns;
    if (memory->kind == ENV_MEMORY_THREADS)
        now_ns += real_monotonic_ns() - memory->real_origin;
    return now_ns;
}

static int64_t wall_ms_locked(const struct env_memory *memory)
{
    return WALL_START_MS + (int64_t)((now_ns_locked(memory) - MONOTONIC_START_NS) / 1000000) +
           memory->wall_jump_ms;
}

/* ---- Calls: counted, failed, cut ---- */

/* Begins an I/O call: takes the lock, and says whether the call is to fail. Goes with call_end. */
static enum status call_begin(
    struct env_memory *memory, const char *what, const char *path, struct error *error)
{
    mutex_lock(&memory->lock);
    uint64_t call = ++memory->calls;
    if (memory->cut_call && call >= memory->cut_call)
        memory->is_cut = true;
    if (memory->is_cut)
        return error_set(
            error, STATUS_IO, "%s %s: the power is off (call %" PRIu64 ")", what, path, call);
    if (memory->fail_call &&
        (call == memory->fail_call || (memory->is_fail_sticky && call > memory->fail_call)))
        return error_set(
            error, memory->fail_status, "%s %s: made to fail (call %" PRIu64 ")", what, path, call);
    return STATUS_OK;
}

static enum status file_call_begin(struct memory_file *file, const char *what, struct error *error)
{
    struct env_memory *memory = memory_of(file->file.env);
    enum status status = call_begin(memory, what, file->file.path, error);
    if (status == STATUS_OK && file->generation != memory->generation)
        return error_set(error, STATUS_IO, "%s %s: the handle is from before a power cut", what,
            file->file.path);
    return status;
}

static void call_end(struct env_memory *memory)
{
    mutex_unlock(&memory->lock);
}

/* The end of a call that answers with an errno value. */
static enum status call_result(
    struct env_memory *memory, int result, const char *what, const char *path, struct error *error)
{
    call_end(memory);
    return result ? error_set_errno(error, result, "%s %s", what, path) : STATUS_OK;
}

static enum status call_failed(struct env_memory *memory, enum status status)
{
    call_end(memory);
    return status;
}

/* ---- Files ---- */

static enum status memory_file_open(struct env *env, const char *path, unsigned flags,
    uint32_t mode, struct env_file **out_file, struct error *error)
{
    struct env_memory *memory = memory_of(env);
    enum status status = call_begin(memory, "open", path, error);
    if (status)
        return call_failed(memory, status);
    struct inode *inode;
    int result = disk_open(memory->disk, path, flags, mode, wall_ms_locked(memory), &inode);
    if (result)
        return call_result(memory, result, "open", path, error);
    struct memory_file *file = calloc(1, sizeof(*file));
    CHECK(file);
    *file = (struct memory_file){
        .file = {.env = env, .path = strdup(path)},
        .inode = inode,
        .generation = memory->generation,
        .is_writable = flags & ENV_WRITE,
    };
    CHECK(file->file.path);
    *out_file = &file->file;
    call_end(memory);
    return STATUS_OK;
}

static void memory_file_close(struct env_file *handle)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = memory_of(handle->env);
    mutex_lock(&memory->lock);
    disk_unlock(file->inode, file);
    disk_release(memory->disk, file->inode, file->generation != memory->generation);
    mutex_unlock(&memory->lock);
    free(handle->path);
    free(file);
}

static enum status memory_file_read(struct env_file *handle, uint64_t offset, void *out_bytes,
    size_t size, size_t *out_size, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = memory_of(handle->env);
    enum status status = file_call_begin(file, "read", error);
    if (status)
        return call_failed(memory, status);
    int result = disk_read(file->inode, offset, out_bytes, size, out_size);
    return call_result(memory, result, "read", handle->path, error);
}

static enum status memory_file_read_cached(struct env_file *handle, uint64_t offset,
    void *out_bytes, size_t size, size_t *out_size, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = memory_of(handle->env);
    enum status status = file_call_begin(file, "read", error);
    if (status)
        return call_failed(memory, status);
    if (!disk_is_cached(file->inode, offset, size))
        return call_failed(memory, STATUS_WOULD_BLOCK);
    int result = disk_read(file->inode, offset, out_bytes, size, out_size);
    return call_result(memory, result, "read", handle->path, error);
}

static enum status memory_file_write(
    struct env_file *handle, uint64_t offset, struct span bytes, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = memory_of(handle->env);
    enum status status = file_call_begin(file, "write", error);
    bool is_alive = file->generation == memory->generation && !memory->is_cut;
    if (status && is_alive && bytes.size) {
        /* A failed write may have written some of it. */
        bytes.size = (size_t)dice_below(&memory->dice, bytes.size);
        (void)disk_write(memory->disk, file->inode, offset, bytes, wall_ms_locked(memory));
    }
    if (status)
        return call_failed(memory, status);
    int result = file->is_writable
                     ? disk_write(memory->disk, file->inode, offset, bytes, wall_ms_locked(memory))
                     : EBADF;
    return call_result(memory, result, "write", handle->path, error);
}

static enum status memory_file_sync(struct env_file *handle, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = memory_of(handle->env);
    enum status status = file_call_begin(file, "sync", error);
    if (status) {
        if (file->generation == memory->generation && !memory->is_cut)
            disk_sync_failed(memory->disk, file->inode);
        return call_failed(memory, status);
    }
    disk_sync(file->inode);
    call_end(memory);
    return STATUS_OK;
}

static enum status memory_file_truncate(struct env_file *handle, uint64_t size, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = memory_of(handle->env);
    enum status status = file_call_begin(file, "truncate", error);
    if (status)
        return call_failed(memory, status);
    int result = file->is_writable
                     ? disk_truncate(memory->disk, file->inode, size, wall_ms_locked(memory))
                     : EINVAL;
    return call_result(memory, result, "truncate", handle->path, error);
}

static enum status memory_file_preallocate(
    struct env_file *handle, uint64_t size, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = memory_of(handle->env);
    enum status status = file_call_begin(file, "preallocate", error);
    if (status)
        return call_failed(memory, status);
    int result = file->is_writable
                     ? disk_preallocate(memory->disk, file->inode, size, wall_ms_locked(memory))
                     : EBADF;
    return call_result(memory, result, "preallocate", handle->path, error);
}

static enum status memory_file_stat(
    struct env_file *handle, struct env_stat *out_stat, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = memory_of(handle->env);
    enum status status = file_call_begin(file, "stat", error);
    if (status)
        return call_failed(memory, status);
    disk_stat(file->inode, out_stat);
    call_end(memory);
    return STATUS_OK;
}

static enum status memory_file_chmod(struct env_file *handle, uint32_t mode, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = memory_of(handle->env);
    enum status status = file_call_begin(file, "chmod", error);
    if (status)
        return call_failed(memory, status);
    disk_chmod(file->inode, mode);
    call_end(memory);
    return STATUS_OK;
}

static enum status memory_file_lock(struct env_file *handle, int *out_pid, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = memory_of(handle->env);
    enum status status = file_call_begin(file, "lock", error);
    if (status)
        return call_failed(memory, status);
    int result = disk_lock(file->inode, file);
    call_end(memory);
    if (result == 0)
        return STATUS_OK;
    if (out_pid)
        *out_pid = (int)getpid();
    return error_set(error, STATUS_BUSY, "%s is locked by process %d", handle->path, (int)getpid());
}

static void memory_file_forget(struct env_file *handle, uint64_t offset, uint64_t size)
{
    struct env_memory *memory = memory_of(handle->env);
    mutex_lock(&memory->lock);
    disk_forget(((struct memory_file *)handle)->inode, offset, size);
    mutex_unlock(&memory->lock);
}

/* ---- Paths and directories ---- */

static enum status memory_path_stat(
    struct env *env, const char *path, struct env_stat *out_stat, struct error *error)
{
    struct env_memory *memory = memory_of(env);
    enum status status = call_begin(memory, "stat", path, error);
    if (status)
        return call_failed(memory, status);
    struct inode *inode;
    int result = disk_find(memory->disk, path, &inode);
    if (result == 0)
        disk_stat(inode, out_stat);
    return call_result(memory, result, "stat", path, error);
}

static enum status memory_path_link(
    struct env *env, const char *from, const char *to, struct error *error)
{
    struct env_memory *memory = memory_of(env);
    enum status status = call_begin(memory, "link", to, error);
    if (status)
        return call_failed(memory, status);
    return call_result(memory, disk_link(memory->disk, from, to), "link", to, error);
}

static enum status memory_path_rename(
    struct env *env, const char *from, const char *to, struct error *error)
{
    struct env_memory *memory = memory_of(env);
    enum status status = call_begin(memory, "rename", from, error);
    if (status)
        return call_failed(memory, status);
    return call_result(memory, disk_rename(memory->disk, from, to), "rename", from, error);
}

static enum status memory_path_remove(struct env *env, const char *path, struct error *error)
{
    struct env_memory *memory = memory_of(env);
    enum status status = call_begin(memory, "remove", path, error);
    if (status)
        return call_failed(memory, status);
    return call_result(memory, disk_remove(memory->disk, path), "remove", path, error);
}

static enum status memory_directory_make(
    struct env *env, const char *path, uint32_t mode, struct error *error)
{
    struct env_memory *memory = memory_of(env);
    enum status status = call_begin(memory, "make directory", path, error);
    if (status)
        return call_failed(memory, status);
    int result = disk_make_directory(memory->disk, path, mode, wall_ms_locked(memory));
    return call_result(memory, result, "make directory", path, error);
}

static enum status memory_directory_remove(struct env *env, const char *path, struct error *error)
{
    struct env_memory *memory = memory_of(env);
    enum status status = call_begin(memory, "remove directory", path, error);
    if (status)
        return call_failed(memory, status);
    int result = disk_remove_directory(memory->disk, path);
    if (result == ENOTEMPTY) {
        call_end(memory);
        return error_set(error, STATUS_BUSY, "remove directory %s: not empty", path);
    }
    return call_result(memory, result, "remove directory", path, error);
}

static enum status memory_directory_list(
    struct env *env, const char *path, env_list_function *each, void *context, struct error *error)
{
    struct env_memory *memory = memory_of(env);
    enum status status = call_begin(memory, "list", path, error);
    if (status)
        return call_failed(memory, status);
    struct buffer names = {0};
    int result = disk_list(memory->disk, path, &names);
    CHECK(!names.is_failed);
    status = call_result(memory, result, "list", path, error);
    /* Outside the lock: `each` may call the env. */
    for (size_t at = 0; status == STATUS_OK && at < names.size;) {
        const char *name = (const char *)names.data + at;
        at += strlen(name) + 1;
        status = each(context, name, error);
    }
    buffer_deinit(&names);
    return status;
}

static enum status memory_directory_sync(struct env *env, const char *path, struct error *error)
{
    struct env_memory *memory = memory_of(env);
    enum status status = call_begin(memory, "sync directory", path, error);
    if (status)
        return call_failed(memory, status);
    return call_result(
        memory, disk_sync_directory(memory->disk, path), "sync directory", path, error);
}

static enum status memory_space_free(
    struct env *env, const char *path, uint64_t *out_bytes, struct error *error)
{
    struct env_memory *memory = memory_of(env);
    enum status status = call_begin(memory, "free space of", path, error);
    if (status)
        return call_failed(memory, status);
    struct inode *inode;
    int result = disk_find(memory->disk, path, &inode);
    if (result == 0)
        *out_bytes = disk_space(memory->disk);
    return call_result(memory, result, "free space of", path, error);
}

/* ---- Clocks, random numbers, executors ---- */

static int64_t memory_clock_wall_ms(struct env *env)
{
    struct env_memory *memory = memory_of(env);
    mutex_lock(&memory->lock);
    int64_t now_ms = wall_ms_locked(memory);
    mutex_unlock(&memory->lock);
    return now_ms;
}

static uint64_t memory_clock_monotonic_ns(struct env *env)
{
    struct env_memory *memory = memory_of(env);
    mutex_lock(&memory->lock);
    uint64_t now_ns = now_ns_locked(memory);
    mutex_unlock(&memory->lock);
    return now_ns;
}

static void memory_random_bytes(struct env *env, void *out_bytes, size_t size)
{
    struct env_memory *memory = memory_of(env);
    mutex_lock(&memory->lock);
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out_bytes)[i] = (uint8_t)dice_next(&memory->dice);
    mutex_unlock(&memory->lock);
}

static void forget_executor(struct executor *executor)
{
    struct env_memory *memory = memory_of(executor->env);
    mutex_lock(&memory->lock);
    struct executor **at = &memory->scheduler.executors;
    while (*at != executor)
        at = &(*at)->next_of_env;
    *at = executor->next_of_env;
    mutex_unlock(&memory->lock);
}

static enum status memory_executor_new(struct env *env, const char *name, unsigned threads,
    struct executor **out_executor, struct error *error)
{
    struct env_memory *memory = memory_of(env);
    struct executor *executor;
    if (memory->kind == ENV_MEMORY_THREADS) {
        enum status status = executor_threads_new(env, name, threads, &executor, error);
        if (status)
            return status;
    } else {
        executor = seeded_executor_new(env, &memory->scheduler, threads);
    }
    executor->on_free = forget_executor;
    mutex_lock(&memory->lock);
    executor->next_of_env = memory->scheduler.executors;
    memory->scheduler.executors = executor;
    mutex_unlock(&memory->lock);
    *out_executor = executor;
    return STATUS_OK;
}

static const struct env_table memory_table = {
    .file_open = memory_file_open,
    .file_close = memory_file_close,
    .file_read = memory_file_read,
    .file_read_cached = memory_file_read_cached,
    .file_write = memory_file_write,
    .file_sync = memory_file_sync,
    .file_truncate = memory_file_truncate,
    .file_preallocate = memory_file_preallocate,
    .file_stat = memory_file_stat,
    .file_chmod = memory_file_chmod,
    .file_lock = memory_file_lock,
    .file_forget = memory_file_forget,
    .path_stat = memory_path_stat,
    .path_link = memory_path_link,
    .path_rename = memory_path_rename,
    .path_remove = memory_path_remove,
    .directory_make = memory_directory_make,
    .directory_remove = memory_directory_remove,
    .directory_list = memory_directory_list,
    .directory_sync = memory_directory_sync,
    .space_free = memory_space_free,
    .clock_wall_ms = memory_clock_wall_ms,
    .clock_monotonic_ns = memory_clock_monotonic_ns,
    .random_bytes = memory_random_bytes,
    .executor_new = memory_executor_new,
};

struct env *env_memory_new(uint64_t seed, enum env_memory_executors executors)
{
    struct env_memory *memory = calloc(1, sizeof(*memory));
    CHECK(memory);
    memory->env.table = &memory_table;
    memory->kind = executors;
    mutex_init(&memory->lock, LOCK_RANK_ENV);
    /* Separate streams, so that one more random number in the program does not change the disk's
     * luck. */
    struct dice dice = {seed};
    memory->disk = disk_new(dice_next(&dice));
    memory->dice.state = dice_next(&dice);
    memory->scheduler.dice.state = dice_next(&dice);
    memory->scheduler.now_ns = MONOTONIC_START_NS;
    memory->real_origin = real_monotonic_ns();
    return &memory->env;
}

void env_memory_free(struct env *env)
{
    if (!env)
        return;
    struct env_memory *memory = memory_of(env);
    if (memory->kind == ENV_MEMORY_SEEDED)
        seeded_drop_tasks(&memory->scheduler); /* of a process that died and never freed them */
    while (memory->scheduler.executors)
        executor_free(memory->scheduler.executors);
    disk_free(memory->disk);
    mutex_deinit(&memory->lock);
    free(memory);
}

/* ---- What tests do to the world ---- */

uint64_t env_memory_call_count(const struct env *env)
{
    struct env_memory *memory = memory_of(env);
    mutex_lock(&memory->lock);
    uint64_t calls = memory->calls;
    mutex_unlock(&memory->lock);
    return calls;
}

void env_memory_fail_call(struct env *env, uint64_t call, enum status status, bool is_sticky)
{
    struct env_memory *memory = memory_of(env);
    mutex_lock(&memory->lock);
    memory->fail_call = call;
    memory->fail_status = status;
    memory->is_fail_sticky = is_sticky;
    mutex_unlock(&memory->lock);
}

void env_memory_cut_at(struct env *env, uint64_t call)
{
    struct env_memory *memory = memory_of(env);
    mutex_lock(&memory->lock);
    memory->cut_call = call;
    mutex_unlock(&memory->lock);
}

bool env_memory_is_cut(const struct env *env)
{
    struct env_memory *memory = memory_of(env);
    mutex_lock(&memory->lock);
    bool is_cut = memory->is_cut;
    mutex_unlock(&memory->lock);
    return is_cut;
}

void env_memory_power_cut(struct env *env, enum env_memory_power_cut how)
{
    struct env_memory *memory = memory_of(env);
    mutex_lock(&memory->lock);
    disk_power_cut(memory->disk, how);
    memory->generation++;
    memory->is_cut = false;
    memory->cut_call = 0;
    memory->fail_call = 0;
    mutex_unlock(&memory->lock);
}

void env_memory_set_space(struct env *env, uint64_t free_bytes)
{
    struct env_memory *memory = memory_of(env);
    mutex_lock(&memory->lock);
    disk_set_space(memory->disk, free_bytes);
    mutex_unlock(&memory->lock);
}

enum status env_memory_flip(struct env *env, const char *path, uint64_t offset, uint8_t mask)
{
    struct env_memory *memory = memory_of(env);
    mutex_lock(&memory->lock);
    int result = disk_flip(memory->disk, path, offset, mask);
    mutex_unlock(&memory->lock);
    if (result == ENOENT)
        return STATUS_NOT_FOUND;
    return result ? STATUS_INVALID : STATUS_OK;
}

void env_memory_advance_ns(struct env *env, uint64_t ns)
{
    struct env_memory *memory = memory_of(env);
    mutex_lock(&memory->lock);
    memory->scheduler.now_ns += ns;
    /* Real threads sleep by the real clock: have them look at ours. Executors come and go only in
     * the test's own thread, which is here. */
    struct executor *first = memory->kind == ENV_MEMORY_THREADS ? memory->scheduler.executors
                                                                : NULL;
    mutex_unlock(&memory->lock);
    for (struct executor *executor = first; executor; executor = executor->next_of_env)
        executor_threads_wake(executor);
}

void env_memory_jump_wall_ms(struct env *env, int64_t ms)
{
    struct env_memory *memory = memory_of(env);
    mutex_lock(&memory->lock);
    memory->wall_jump_ms += ms;
    mutex_unlock(&memory->lock);
}

bool env_memory_run_one(struct env *env)
{
    struct env_memory *memory = memory_of(env);
    struct seeded_scheduler *scheduler = &memory->scheduler;
    CHECK(memory->kind == ENV_MEMORY_SEEDED);
    seeded_fire_timers(scheduler);
    if (!seeded_has_ready(scheduler)) {
        uint64_t due_ns = seeded_next_due(scheduler);
        if (due_ns == UINT64_MAX)
            return false;
        scheduler->now_ns = due_ns;
        seeded_fire_timers(scheduler);
    }
    return seeded_run_ready(scheduler);
}

bool env_memory_run_until(struct env *env, const bool *is_done, uint64_t limit_ns)
{
    struct seeded_scheduler *scheduler = &memory_of(env)->scheduler;
    uint64_t end_ns;
    if (__builtin_add_overflow(scheduler->now_ns, limit_ns, &end_ns))
        end_ns = UINT64_MAX - 1;
    for (;;) {
        if (is_done && *is_done)
            return true;
        if (!seeded_has_ready(scheduler) && seeded_next_due(scheduler) > end_ns)
            return !is_done;
        if (scheduler->now_ns > end_ns)
            return false;
        env_memory_run_one(env);
    }
}

void env_memory_drop_tasks(struct env *env)
{
    struct env_memory *memory = memory_of(env);
    CHECK(memory->kind == ENV_MEMORY_SEEDED);
    seeded_drop_tasks(&memory->scheduler);
}
