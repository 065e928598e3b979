#include "bench/output_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_file_is_writable(const char *command, const char *path)
{
    if (!path || !path[0] || strcmp(path, "-") == 0)
        return true;
    struct stat status;
    bool is_new = stat(path, &status) != 0;
    /* who reads a pipe would take an open and a close for all that comes */
    bool is_opened = is_new || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
    int fd = is_opened ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (is_opened ? fd < 0 : access(path, W_OK) != 0) {
        fprintf(stderr, "stele: %s: %s: %m\n", command, path);
        return false;
    }
    if (fd >= 0)
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
