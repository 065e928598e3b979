/* The calls of env.h, passed on to the env's table, and those that are made of others. */
#include "base/env.h"

#include "base/env_internal.h"

enum status env_file_open(struct env *env, const char *path, unsigned flags, uint32_t mode,
    struct env_file **out_file, struct error *error)
{
    return env->table->file_open(env, path, flags, mode, out_file, error);
}

void env_file_close(struct env_file *file)
{
    if (file)
        file->env->table->file_close(file);
}

enum status env_file_read(struct env_file *file, uint64_t offset, void *out_bytes, size_t size,
    size_t *out_size, struct error *error)
{
    return file->env->table->file_read(file, offset, out_bytes, size, out_size, error);
}

enum status env_file_read_cached(struct env_file *file, uint64_t offset, void *out_bytes,
    size_t size, size_t *out_size, struct error *error)
{
    return file->env->table->file_read_cached(file, offset, out_bytes, size, out_size, error);
}

enum status env_file_read_exact(
    struct env_file *file, uint64_t offset, void *out_bytes, size_t size, struct error *error)
{
    size_t got;
    enum status status = env_file_read(file, offset, out_bytes, size, &got, error);
    if (status == STATUS_OK && got < size)
        return error_set(error, STATUS_CORRUPT,
            "%s: ends at %llu, expected %llu bytes at offset %llu", file->path,
            (unsigned long long)(offset + got), (unsigned long long)size,
            (unsigned long long)offset);
    return status;
}

/* Whether an offset, a size or an address is one of whole blocks. */
static bool is_whole(const struct env_file *file, uint64_t number)
{
    return file->block_size == 1 || number % ENV_BLOCK_SIZE == 0;
}

enum status env_file_write(
    struct env_file *file, uint64_t offset, struct span bytes, struct error *error)
{
    CHECK(is_whole(file, offset) && is_whole(file, bytes.size));
    return file->env->table->file_write(file, offset, bytes, error);
}

enum status env_file_sync(struct env_file *file, struct error *error)
{
    return file->env->table->file_sync(file, error);
}

enum status env_file_write_start(
    struct env_file *file, uint64_t offset, struct span bytes, struct error *error)
{
    CHECK(is_whole(file, offset) && is_whole(file, bytes.size) &&
          is_whole(file, (uintptr_t)bytes.data));
    return file->env->table->file_write_start(file, offset, bytes, error);
}

enum status env_file_write_finish(struct env_file *file, uint64_t poll_ns, struct error *error)
{
    return file->env->table->file_write_finish(file, poll_ns, error);
}

size_t env_file_block_size(const struct env_file *file)
{
    return file->block_size;
}

enum status env_file_truncate(struct env_file *file, uint64_t size, struct error *error)
{
    return file->env->table->file_truncate(file, size, error);
}

enum status env_file_preallocate(struct env_file *file, uint64_t size, struct error *error)
{
    return file->env->table->file_preallocate(file, size, error);
}

enum status env_file_stat(struct env_file *file, struct env_stat *out_stat, struct error *error)
{
    return file->env->table->file_stat(file, out_stat, error);
}

enum status env_file_chmod(struct env_file *file, uint32_t mode, struct error *error)
{
    return file->env->table->file_chmod(file, mode, error);
}

enum status env_file_lock(struct env_file *file, int *out_pid, struct error *error)
{
    return file->env->table->file_lock(file, false, out_pid, error);
}

enum status env_file_lock_shared(struct env_file *file, int *out_pid, struct error *error)
{
    return file->env->table->file_lock(file, true, out_pid, error);
}

void env_file_forget(struct env_file *file, uint64_t offset, uint64_t size)
{
    file->env->table->file_forget(file, offset, size);
}

const char *env_file_path(const struct env_file *file)
{
    return file->path;
}

enum status env_path_stat(
    struct env *env, const char *path, struct env_stat *out_stat, struct error *error)
{
    return env->table->path_stat(env, path, out_stat, error);
}

enum status env_path_link(struct env *env, const char *from, const char *to, struct error *error)
{
    return env->table->path_link(env, from, to, error);
}

enum status env_path_rename(struct env *env, const char *from, const char *to, struct error *error)
{
    return env->table->path_rename(env, from, to, error);
}

enum status env_path_remove(struct env *env, const char *path, struct error *error)
{
    return env->table->path_remove(env, path, error);
}

enum status env_directory_make(
    struct env *env, const char *path, uint32_t mode, struct error *error)
{
    return env->table->directory_make(env, path, mode, error);
}

enum status env_directory_remove(struct env *env, const char *path, struct error *error)
{
    return env->table->directory_remove(env, path, error);
}

enum status env_directory_list(
    struct env *env, const char *path, env_list_function *each, void *context, struct error *error)
{
    return env->table->directory_list(env, path, each, context, error);
}

enum status env_directory_sync(struct env *env, const char *path, struct error *error)
{
    return env->table->directory_sync(env, path, error);
}

enum status env_space_free(
    struct env *env, const char *path, uint64_t *out_bytes, struct error *error)
{
    return env->table->space_free(env, path, out_bytes, error);
}

bool env_path_is_local(struct env *env, const char *path)
{
    return env->table->path_is_local(env, path);
}

int64_t env_wall_ms(struct env *env)
{
    return env->table->clock_wall_ms(env);
}

uint64_t env_monotonic_ns(struct env *env)
{
    return env->table->clock_monotonic_ns(env);
}

uint64_t env_thread_cpu_ns(struct env *env)
{
    return env->table->clock_thread_cpu_ns(env);
}

uint64_t env_resident_bytes(struct env *env)
{
    return env->table->resident_bytes(env);
}

void env_random_bytes(struct env *env, void *out_bytes, size_t size)
{
    env->table->random_bytes(env, out_bytes, size);
}

uint64_t env_random_u64(struct env *env)
{
    uint64_t value;
    env_random_bytes(env, &value, sizeof(value));
    return value;
}

enum status env_read_file(
    struct env *env, const char *path, size_t limit, struct buffer *out_bytes, struct error *error)
{
    struct env_file *file = NULL;
    enum status status = env_file_open(env, path, ENV_READ, 0, &file, error);
    if (status)
        return status;

    struct env_stat stat;
    status = env_file_stat(file, &stat, error);
    if (status)
        goto done;
    if (stat.size > limit) {
        status = error_set(error, STATUS_LIMIT, "%s: %llu bytes, more than the limit of %llu", path,
            (unsigned long long)stat.size, (unsigned long long)limit);
        goto done;
    }
    size_t size = (size_t)stat.size;
    uint8_t *p = buffer_reserve(out_bytes, size);
    if (!p) {
        status = error_set(error, buffer_status(out_bytes), "%s: no room for its %llu bytes", path,
            (unsigned long long)size);
        goto done;
    }
    status = env_file_read_exact(file, 0, p, size, error);
    if (status == STATUS_OK)
        buffer_commit(out_bytes, size);

done:
    env_file_close(file);
    return status;
}

enum status env_write_file(
    struct env *env, const char *path, uint32_t mode, struct span bytes, struct error *error)
{
    struct env_file *file = NULL;
    enum status status = env_file_open(
        env, path, ENV_WRITE | ENV_CREATE | ENV_EXCLUSIVE, mode, &file, error);
    if (status)
        return status;
    status = env_file_write(file, 0, bytes, error);
    if (status == STATUS_OK)
        status = env_file_sync(file, error);
    env_file_close(file);
    if (status)
        (void)env_path_remove(
            env, path, NULL); /* half a file helps nobody; the first error is told */
    return status;
}
