/* What a program may not do around a started write (env.h, file_write_start), where a real disk would take it and
 * perhaps keep other bytes. Whoever breaks a rule is ended with a sentence: it is a mistake in the program, and a
 * world that only answered with an error would hide it among the failures that it injects. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env_memory_internal.h"

__attribute__((format(printf, 2, 3))) static _Noreturn void refuse(
    const struct memory_file *file, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "memory disk: %s: ", file->file.path);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

void memory_started_idle(const struct memory_file *file, const char *what)
{
    if (file->started_copy)
        refuse(file,
            "%s while a write of %zu bytes at %" PRIu64 " has been started and not finished", what,
            file->started.size, file->started_offset);
}

/* Nothing that this host wrote may be unsynced, wherever: the write's end says that all is durable. Metadata does not
 * change with the write. */
static void check_file(const struct memory_file *file, uint64_t offset, size_t size)
{
    struct env_memory *memory = env_memory_of(file->file.env);
    uint64_t at;
    mutex_lock(&memory->world->lock);
    disk_set_host(memory->world->disk, memory->number);
    bool is_gone = memory_file_is_dead(file) || memory->is_cut;
    bool is_unsynced = !is_gone && disk_unsynced(file->inode, &at);
    bool is_inside = is_gone || offset + size <= disk_file_size(file->inode);
    mutex_unlock(&memory->world->lock);
    if (is_unsynced)
        refuse(file,
            "a write is started at %" PRIu64 ", and what was written at %" PRIu64
            " through the cache is not synced",
            offset, at);
    if (!is_inside)
        refuse(file, "a write of %zu bytes is started at %" PRIu64 ", past the end of the file",
            size, offset);
}

void memory_started_check(const struct memory_file *file, uint64_t offset, struct span bytes)
{
    memory_started_idle(file, "write");
    check_file(file, offset, bytes.size);
}

void memory_started_begin(struct memory_file *file, uint64_t offset, struct span bytes)
{
    file->started = bytes;
    file->started_offset = offset;
    file->started_copy = malloc(bytes.size + 1);
    CHECK(file->started_copy);
    if (bytes.size)
        memcpy(file->started_copy, bytes.data, bytes.size);
}

void memory_started_end(struct memory_file *file)
{
    if (!file->started_copy)
        return;
    const uint8_t *now = file->started.data, *then = file->started_copy;
    size_t size = file->started.size, at = 0;
    if (size && memcmp(now, then, size) != 0) {
        while (now[at] == then[at])
            at++;
        refuse(file,
            "byte %zu of a started write of %zu bytes at %" PRIu64
            " was changed or moved before its end",
            at, size, file->started_offset);
    }
    memory_started_forget(file);
}

void memory_started_forget(struct memory_file *file)
{
    free(file->started_copy);
    file->started_copy = NULL;
}
