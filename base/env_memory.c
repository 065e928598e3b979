/* What a program calls of the world in memory: env's table over memory_disk.c, with calls counted,
 * failed and held up on the way. What tests do to the world is in env_memory_world.c. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env_memory_internal.h"

/* ---- Calls: counted, failed, cut ---- */

/* Begins an I/O call: takes the lock, and says whether the call is to fail. Goes with call_end. */
static enum status call_begin(
    struct env_memory *memory, const char *what, const char *path, struct error *error)
{
    env_memory_before_call(memory);
    mutex_lock(&memory->world->lock);
    disk_set_host(memory->world->disk, memory->number);
    uint64_t call = ++memory->calls;
    if (memory->is_dead)
        return error_set(error, STATUS_IO, "%s %s: the host is dead", what, path);
    if (memory->reach == ENV_REACH_FAILS)
        return error_set(error, STATUS_IO, "%s %s: the directory cannot be reached", what, path);
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
    struct env_memory *memory = env_memory_of(file->file.env);
    memory_started_idle(file, what);
    enum status status = call_begin(memory, what, file->file.path, error);
    if (status == STATUS_OK && memory_file_is_dead(file))
        return error_set(error, STATUS_IO, "%s %s: the handle is from before a power cut", what,
            file->file.path);
    return status;
}

static void call_end(struct env_memory *memory)
{
    mutex_unlock(&memory->world->lock);
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
    struct env_memory *memory = env_memory_of(env);
    enum status status = call_begin(memory, "open", path, error);
    if (status)
        return call_failed(memory, status);
    struct inode *inode;
    int result = disk_open(
        memory->world->disk, path, flags, mode, env_memory_wall_ms_locked(memory), &inode);
    if (result)
        return call_result(memory, result, "open", path, error);
    struct memory_file *file = calloc(1, sizeof(*file));
    CHECK(file);
    *file = (struct memory_file){
        .file = {.env = env,
            .path = strdup(path),
            .block_size = flags & ENV_DIRECT && memory->world->is_direct ? ENV_BLOCK_SIZE : 1},
        .inode = inode,
        .next = memory->files,
        .link = &memory->files,
        .generation = memory->world->generation,
        .is_writable = flags & ENV_WRITE,
    };
    CHECK(file->file.path);
    if (file->next)
        file->next->link = &file->next;
    memory->files = file;
    *out_file = &file->file;
    call_end(memory);
    return STATUS_OK;
}

void memory_file_free(struct memory_file *file)
{
    if (!memory_file_is_dead(file))
        disk_unlock(file->inode, file);
    disk_release(file->inode, memory_file_is_dead(file));
    *file->link = file->next;
    if (file->next)
        file->next->link = file->link;
    memory_started_forget(file);
    free(file->file.path);
    free(file);
}

static void memory_file_close(struct env_file *handle)
{
    struct env_memory *memory = env_memory_of(handle->env);
    memory_started_end((struct memory_file *)handle);
    mutex_lock(&memory->world->lock);
    disk_set_host(memory->world->disk, memory->number);
    memory_file_free((struct memory_file *)handle);
    mutex_unlock(&memory->world->lock);
}

static enum status memory_file_read(struct env_file *handle, uint64_t offset, void *out_bytes,
    size_t size, size_t *out_size, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = env_memory_of(handle->env);
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
    struct env_memory *memory = env_memory_of(handle->env);
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
    struct env_memory *memory = env_memory_of(handle->env);
    enum status status = file_call_begin(file, "write", error);
    bool is_alive = !memory_file_is_dead(file) && !memory->is_cut;
    if (status && is_alive && bytes.size) {
        /* A failed write may have written some of it. */
        bytes.size = (size_t)dice_below(&memory->dice, bytes.size);
        (void)disk_write(file->inode, offset, bytes, env_memory_wall_ms_locked(memory));
    }
    if (status)
        return call_failed(memory, status);
    int result = file->is_writable
                     ? disk_write(file->inode, offset, bytes, env_memory_wall_ms_locked(memory))
                     : EBADF;
    return call_result(memory, result, "write", handle->path, error);
}

static enum status memory_file_sync(struct env_file *handle, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = env_memory_of(handle->env);
    enum status status = file_call_begin(file, "sync", error);
    if (status) {
        if (!memory_file_is_dead(file) && !memory->is_cut)
            disk_sync_failed(file->inode);
        return call_failed(memory, status);
    }
    disk_sync(file->inode);
    call_end(memory);
    return STATUS_OK;
}

/* A write in flight is one that no sync has made durable yet: whole blocks, which a cut may tear like any other. */
static enum status memory_file_write_start(
    struct env_file *handle, uint64_t offset, struct span bytes, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    memory_started_check(file, offset, bytes);
    enum status status = memory_file_write(handle, offset, bytes, error);
    if (status == STATUS_OK)
        memory_started_begin(file, offset, bytes);
    return status;
}

static enum status memory_file_write_finish(
    struct env_file *handle, uint64_t poll_ns, struct error *error)
{
    (void)poll_ns;
    memory_started_end((struct memory_file *)handle);
    return memory_file_sync(handle, error);
}

static enum status memory_file_truncate(struct env_file *handle, uint64_t size, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = env_memory_of(handle->env);
    enum status status = file_call_begin(file, "truncate", error);
    if (status)
        return call_failed(memory, status);
    int result = file->is_writable
                     ? disk_truncate(file->inode, size, env_memory_wall_ms_locked(memory))
                     : EINVAL;
    return call_result(memory, result, "truncate", handle->path, error);
}

static enum status memory_file_preallocate(
    struct env_file *handle, uint64_t size, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = env_memory_of(handle->env);
    enum status status = file_call_begin(file, "preallocate", error);
    if (status)
        return call_failed(memory, status);
    int result = file->is_writable
                     ? disk_preallocate(file->inode, size, env_memory_wall_ms_locked(memory))
                     : EBADF;
    return call_result(memory, result, "preallocate", handle->path, error);
}

static enum status memory_file_stat(
    struct env_file *handle, struct env_stat *out_stat, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = env_memory_of(handle->env);
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
    struct env_memory *memory = env_memory_of(handle->env);
    enum status status = file_call_begin(file, "chmod", error);
    if (status)
        return call_failed(memory, status);
    disk_chmod(file->inode, mode);
    call_end(memory);
    return STATUS_OK;
}

static enum status memory_file_lock(
    struct env_file *handle, bool is_shared, int *out_pid, struct error *error)
{
    struct memory_file *file = (struct memory_file *)handle;
    struct env_memory *memory = env_memory_of(handle->env);
    enum status status = file_call_begin(file, "lock", error);
    if (status)
        return call_failed(memory, status);
    int result = disk_lock(file->inode, is_shared, file);
    call_end(memory);
    if (result == 0)
        return STATUS_OK;
    if (out_pid)
        *out_pid = (int)getpid();
    return error_set(error, STATUS_BUSY, "%s is locked by process %d", handle->path, (int)getpid());
}

static void memory_file_forget(struct env_file *handle, uint64_t offset, uint64_t size)
{
    struct env_memory *memory = env_memory_of(handle->env);
    mutex_lock(&memory->world->lock);
    disk_forget(((struct memory_file *)handle)->inode, offset, size);
    mutex_unlock(&memory->world->lock);
}

/* ---- Paths and directories ---- */

static enum status memory_path_stat(
    struct env *env, const char *path, struct env_stat *out_stat, struct error *error)
{
    struct env_memory *memory = env_memory_of(env);
    enum status status = call_begin(memory, "stat", path, error);
    if (status)
        return call_failed(memory, status);
    struct inode *inode;
    int result = disk_find(memory->world->disk, path, &inode);
    if (result == 0)
        disk_stat(inode, out_stat);
    return call_result(memory, result, "stat", path, error);
}

static enum status memory_path_link(
    struct env *env, const char *from, const char *to, struct error *error)
{
    struct env_memory *memory = env_memory_of(env);
    enum status status = call_begin(memory, "link", to, error);
    if (status)
        return call_failed(memory, status);
    return call_result(memory, disk_link(memory->world->disk, from, to), "link", to, error);
}

static enum status memory_path_rename(
    struct env *env, const char *from, const char *to, struct error *error)
{
    struct env_memory *memory = env_memory_of(env);
    enum status status = call_begin(memory, "rename", from, error);
    if (status)
        return call_failed(memory, status);
    return call_result(memory, disk_rename(memory->world->disk, from, to), "rename", from, error);
}

static enum status memory_path_remove(struct env *env, const char *path, struct error *error)
{
    struct env_memory *memory = env_memory_of(env);
    enum status status = call_begin(memory, "remove", path, error);
    if (status)
        return call_failed(memory, status);
    return call_result(memory, disk_remove(memory->world->disk, path), "remove", path, error);
}

static enum status memory_directory_make(
    struct env *env, const char *path, uint32_t mode, struct error *error)
{
    struct env_memory *memory = env_memory_of(env);
    enum status status = call_begin(memory, "make directory", path, error);
    if (status)
        return call_failed(memory, status);
    int result = disk_make_directory(
        memory->world->disk, path, mode, env_memory_wall_ms_locked(memory));
    return call_result(memory, result, "make directory", path, error);
}

static enum status memory_directory_remove(struct env *env, const char *path, struct error *error)
{
    struct env_memory *memory = env_memory_of(env);
    enum status status = call_begin(memory, "remove directory", path, error);
    if (status)
        return call_failed(memory, status);
    int result = disk_remove_directory(memory->world->disk, path);
    if (result == ENOTEMPTY) {
        call_end(memory);
        return error_set(error, STATUS_BUSY, "remove directory %s: not empty", path);
    }
    return call_result(memory, result, "remove directory", path, error);
}

static enum status memory_directory_list(
    struct env *env, const char *path, env_list_function *each, void *context, struct error *error)
{
    struct env_memory *memory = env_memory_of(env);
    enum status status = call_begin(memory, "list", path, error);
    if (status)
        return call_failed(memory, status);
    struct buffer names = {0};
    int result = disk_list(memory->world->disk, path, &names);
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
    struct env_memory *memory = env_memory_of(env);
    enum status status = call_begin(memory, "sync directory", path, error);
    if (status)
        return call_failed(memory, status);
    return call_result(
        memory, disk_sync_directory(memory->world->disk, path), "sync directory", path, error);
}

static enum status memory_space_free(
    struct env *env, const char *path, uint64_t *out_bytes, struct error *error)
{
    struct env_memory *memory = env_memory_of(env);
    enum status status = call_begin(memory, "free space of", path, error);
    if (status)
        return call_failed(memory, status);
    struct inode *inode;
    int result = disk_find(memory->world->disk, path, &inode);
    if (result == 0)
        *out_bytes = disk_space(memory->world->disk);
    return call_result(memory, result, "free space of", path, error);
}

/* Hosts share it, and can be cut off from it. */
static bool memory_path_is_local(struct env *env, const char *path)
{
    (void)env, (void)path;
    return false;
}

/* ---- Clocks, random numbers, executors ---- */

static int64_t memory_clock_wall_ms(struct env *env)
{
    struct env_memory *memory = env_memory_of(env);
    mutex_lock(&memory->world->lock);
    int64_t now_ms = env_memory_wall_ms_locked(memory);
    mutex_unlock(&memory->world->lock);
    return now_ms;
}

static uint64_t memory_clock_monotonic_ns(struct env *env)
{
    struct env_memory *memory = env_memory_of(env);
    mutex_lock(&memory->world->lock);
    uint64_t now_ns = env_memory_now_ns_locked(memory);
    mutex_unlock(&memory->world->lock);
    return now_ns;
}

/* The same on every run: nothing is measured. */
static uint64_t memory_clock_thread_cpu_ns(struct env *env)
{
    (void)env;
    return 0;
}

/* The same on every run, as well. */
static uint64_t memory_resident_bytes(struct env *env)
{
    (void)env;
    return 0;
}

static void memory_random_bytes(struct env *env, void *out_bytes, size_t size)
{
    struct env_memory *memory = env_memory_of(env);
    mutex_lock(&memory->world->lock);
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out_bytes)[i] = (uint8_t)dice_next(&memory->dice);
    mutex_unlock(&memory->world->lock);
}

static void forget_executor(struct executor *executor)
{
    struct env_memory *memory = env_memory_of(executor->env);
    mutex_lock(&memory->world->lock);
    struct executor **at = &memory->world->scheduler.executors;
    while (*at != executor)
        at = &(*at)->next_of_env;
    *at = executor->next_of_env;
    mutex_unlock(&memory->world->lock);
}

static enum status memory_executor_new(struct env *env, const char *name, unsigned threads,
    struct executor **out_executor, struct error *error)
{
    struct env_memory *memory = env_memory_of(env);
    struct executor *executor;
    if (memory->world->kind == ENV_MEMORY_THREADS) {
        enum status status = executor_threads_new(env, name, threads, &executor, error);
        if (status)
            return status;
    } else {
        executor = seeded_executor_new(env, &memory->world->scheduler, &memory->place, threads);
    }
    executor->on_free = forget_executor;
    mutex_lock(&memory->world->lock);
    executor->next_of_env = memory->world->scheduler.executors;
    memory->world->scheduler.executors = executor;
    mutex_unlock(&memory->world->lock);
    *out_executor = executor;
    return STATUS_OK;
}

const struct env_table env_memory_table = {
    .file_open = memory_file_open,
    .file_close = memory_file_close,
    .file_read = memory_file_read,
    .file_read_cached = memory_file_read_cached,
    .file_write = memory_file_write,
    .file_sync = memory_file_sync,
    .file_write_start = memory_file_write_start,
    .file_write_finish = memory_file_write_finish,
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
    .path_is_local = memory_path_is_local,
    .clock_wall_ms = memory_clock_wall_ms,
    .clock_monotonic_ns = memory_clock_monotonic_ns,
    .clock_thread_cpu_ns = memory_clock_thread_cpu_ns,
    .resident_bytes = memory_resident_bytes,
    .random_bytes = memory_random_bytes,
    .executor_new = memory_executor_new,
};
