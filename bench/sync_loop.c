/* What the disk allows: one thread appends BYTES to a preallocated, zeroed file in DIR and syncs, as fast as it goes,
 * for SECONDS. Prints appends a second. The upper bound for a put with one in flight.
 *   sync-loop DIR BYTES SECONDS [WAY]
 * WAY: fdatasync (the default: a write and a sync, as the log does); dsync (one pwritev2 with RWF_DSYNC); direct (one
 * O_DIRECT | O_DSYNC write of the blocks that the bytes lie in). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/env.h"

#define FILE_BYTES (64u << 20)
#define BLOCK      4096

static _Alignas(BLOCK) uint8_t bytes[1 << 16];

enum way { WAY_FDATASYNC, WAY_DSYNC, WAY_DIRECT, WAYS };

static const char *const way_names[WAYS] = {"fdatasync", "dsync", "direct"};

static enum way way_of(const char *name)
{
    enum way way = 0;
    while (way < WAYS && strcmp(name, way_names[way]) != 0)
        way++;
    return way;
}

/* False: errno. */
static bool append(int file, enum way way, size_t size, off_t offset)
{
    if (way == WAY_DIRECT) {
        off_t first = offset / BLOCK * BLOCK;
        size_t blocks = ((size_t)(offset - first) + size + BLOCK - 1) / BLOCK * BLOCK;
        return pwrite(file, bytes, blocks, first) == (ssize_t)blocks;
    }
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    return pwritev2(file, &part, 1, offset, way == WAY_DSYNC ? RWF_DSYNC : 0) == (ssize_t)size &&
           (way == WAY_DSYNC || fdatasync(file) == 0);
}

int main(int argc, char **argv)
{
    char path[4096];
    struct env_file *made = NULL;
    struct error error = {0};
    struct env *env = env_real();
    size_t size = argc >= 4 ? strtoul(argv[2], NULL, 10) : 0;
    double seconds = argc >= 4 ? strtod(argv[3], NULL) : 0;
    enum way way = argc == 5 ? way_of(argv[4]) : WAY_FDATASYNC;
    if (size == 0 || size > sizeof bytes - BLOCK || !(seconds > 0) || way == WAYS || argc > 5) {
        fputs("usage: sync-loop DIR BYTES SECONDS [fdatasync|dsync|direct]\n", stderr);
        return 2;
    }
    snprintf(path, sizeof path, "%s/sync-loop.tmp", argv[1]);
    memset(bytes, 'x', sizeof bytes);
    enum status status = env_file_open(
        env, path, ENV_WRITE | ENV_CREATE | ENV_TRUNCATE, 0600, &made, &error);
    if (!status)
        status = env_file_preallocate(made, FILE_BYTES, &error);
    if (!status)
        status = env_file_sync(made, &error);
    env_file_close(made);
    if (status) {
        fprintf(stderr, "sync-loop: %s\n", error.message);
        return 1;
    }
    int file = open(path, O_WRONLY | O_CLOEXEC | (way == WAY_DIRECT ? O_DIRECT | O_DSYNC : 0));
    uint64_t start = env_monotonic_ns(env), now = start, count = 0;
    off_t offset = 0;
    bool is_well = file >= 0;
    while (is_well && (double)(now - start) < seconds * 1e9) {
        if ((size_t)offset + size + BLOCK > FILE_BYTES)
            offset = 0;
        is_well = append(file, way, size, offset);
        offset += (off_t)size;
        count++;
        now = env_monotonic_ns(env);
    }
    if (!is_well)
        fprintf(stderr, "sync-loop: %s: %s\n", path, strerror(errno));
    else
        printf("%.0f\n", (double)count * 1e9 / (double)(now - start));
    if (file >= 0)
        close(file);
    env_path_remove(env, path, NULL);
    return is_well ? 0 : 1;
}
