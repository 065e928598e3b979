#include "bench/output_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/options.h"

/* What is at a path while it is looked at. */
struct probe {
    struct stat status;
    bool is_file; /* a regular one */
    bool is_new;
    bool is_standard;
};

static bool probe_path(const char *command, const char *path, struct probe *out_probe)
{
    *out_probe = (struct probe){.is_standard = path && (!path[0] || strcmp(path, "-") == 0)};
    if (!path || out_probe->is_standard)
        return true;
    out_probe->is_new = stat(path, &out_probe->status) != 0;
    mode_t mode = out_probe->status.st_mode;
    /* who reads a pipe would take an open and a close for all that comes */
    bool is_opened = out_probe->is_new || S_ISREG(mode) || S_ISDIR(mode);
    int fd = is_opened ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
    bool is_good = is_opened ? fd >= 0 && fstat(fd, &out_probe->status) == 0
                             : access(path, W_OK) == 0;
    if (!is_good)
        fprintf(stderr, "stele: %s: %s: %m\n", command, path);
    if (fd >= 0)
        close(fd);
    out_probe->is_new = out_probe->is_new && fd >= 0;
    out_probe->is_file = is_good && S_ISREG(out_probe->status.st_mode);
    return is_good;
}

static bool is_same(const struct probe *a, const struct probe *b)
{
    return (a->is_standard && b->is_standard) ||
           (a->is_file && b->is_file && a->status.st_dev == b->status.st_dev &&
               a->status.st_ino == b->status.st_ino);
}

int output_files_check(const char *command, const struct output_file *files, size_t count)
{
    struct probe probes[OUTPUT_FILES_MOST] = {0};
    int code = -1;
    for (size_t i = 0; i < count && code < 0; i++) {
        if (!probe_path(command, files[i].path, &probes[i]))
            code = EXIT_FAILED;
        for (size_t j = 0; j < i && code < 0; j++)
            if (is_same(&probes[i], &probes[j])) {
                fprintf(stderr, "stele: %s: --%s and --%s go to the same place\n", command,
                    files[j].option, files[i].option);
                code = EXIT_USAGE;
            }
    }
    for (size_t i = 0; i < count; i++) {
        char path[PATH_MAX]; /* of a link, what it is a link to */
        if (probes[i].is_new && realpath(files[i].path, path))
            unlink(path);
    }
    return code;
}

bool output_flush(const char *command)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    fprintf(stderr, "stele: %s: standard output: %m\n", command);
    return false;
}
