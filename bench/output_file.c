#include "bench/output_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool output_file_is_writable(const char *command, const char *path)
{
    if (!path || !path[0] || strcmp(path, "-") == 0)
        return true;
    bool is_new = access(path, F_OK) != 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0) {
        fprintf(stderr, "stele: %s: %s: %m\n", command, path);
        return false;
    }
    close(fd);
    if (is_new)
        unlink(path);
    return true;
}

bool output_flush(const char *command)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    fprintf(stderr, "stele: %s: standard output: %m\n", command);
    return false;
}
