/* What the disk allows: one thread appends BYTES to a preallocated, zeroed file in DIR and syncs, as fast as it goes,
 * for SECONDS. Prints appends a second. The upper bound for a put with one in flight.
 *   sync-loop DIR BYTES SECONDS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"

#define FILE_BYTES (64u << 20)

int main(int argc, char **argv)
{
    char path[4096];
    static uint8_t bytes[1 << 16];
    struct env_file *file = NULL;
    struct error error = {0};
    struct env *env = env_real();
    size_t size = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    double seconds = argc == 4 ? strtod(argv[3], NULL) : 0;
    if (size == 0 || size > sizeof bytes || !(seconds > 0)) {
        fputs("usage: sync-loop DIR BYTES SECONDS\n", stderr);
        return 2;
    }
    snprintf(path, sizeof path, "%s/sync-loop.tmp", argv[1]);
    memset(bytes, 'x', size);
    enum status status = env_file_open(
        env, path, ENV_WRITE | ENV_CREATE | ENV_TRUNCATE, 0600, &file, &error);
    if (!status)
        status = env_file_preallocate(file, FILE_BYTES, &error);
    uint64_t start = env_monotonic_ns(env), now = start, count = 0, offset = 0;
    while (!status && (double)(now - start) < seconds * 1e9) {
        if (offset + size > FILE_BYTES)
            offset = 0;
        status = env_file_write(file, offset, span_make(bytes, size), &error);
        if (!status)
            status = env_file_sync(file, &error);
        offset += size;
        count++;
        now = env_monotonic_ns(env);
    }
    env_file_close(file);
    env_path_remove(env, path, NULL);
    if (status) {
        fprintf(stderr, "sync-loop: %s\n", error.message);
        return 1;
    }
    printf("%.0f\n", (double)count * 1e9 / (double)(now - start));
    return 0;
}
