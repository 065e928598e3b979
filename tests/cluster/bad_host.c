/* A host whose directory, disk or clock is bad: loaded before the program (LD_PRELOAD), it spoils what one process sees
 * of BAD_HOST_ROOT, while other processes see it as it is. What is bad now says the file BAD_HOST_STATE: a word, read again
 * every few milliseconds.
 *
 *   well              nothing (so with no file)
 *   hang              calls do not return until the state changes, as on a hard mount whose server is away
 *   errors            calls fail with EIO, as on a mount that gave up
 *   gone              calls fail with ESTALE
 *   full              nothing gets more space: ENOSPC
 *   readonly          EROFS for whatever changes something
 *   clock=SECONDS     the time of day is off by so much
 *
 * Files count as the directory's by the path they were opened with. O_DIRECT is refused: what is written past the page
 * cache goes through system calls that are not seen here. Tests alone use it. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FILES     65536
#define LOOK_NS   2000000
#define STATE_MAX 32

enum kind { KIND_READ, KIND_CHANGE, KIND_GROW };

static _Atomic bool is_ours[FILES]; /* by descriptor */
static const char *root, *state_path;
static _Atomic uint64_t looked_ns;
static _Atomic int error_now; /* of every call */
static _Atomic bool is_hung, is_full, is_read_only;
static _Atomic long clock_offset_s;

static uint64_t now_ns(void)
{
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void look(void)
{
    uint64_t now = now_ns();
    char state[STATE_MAX] = "";
    if (!root) {
        state_path = getenv("BAD_HOST_STATE");
        root = getenv("BAD_HOST_ROOT");
    }
    if (!root || !state_path || now < atomic_load(&looked_ns) + LOOK_NS)
        return;
    atomic_store(&looked_ns, now);
    long fd = syscall(SYS_openat, AT_FDCWD, state_path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!syscall(SYS_read, fd, state, sizeof state - 1);
        syscall(SYS_close, fd);
    }
    atomic_store(&is_hung, strncmp(state, "hang", 4) == 0);
    atomic_store(&is_full, strncmp(state, "full", 4) == 0);
    atomic_store(&is_read_only, strncmp(state, "readonly", 8) == 0);
    atomic_store(&error_now, strncmp(state, "errors", 6) == 0 ? EIO
                             : strncmp(state, "gone", 4) == 0 ? ESTALE
                                                              : 0);
    atomic_store(&clock_offset_s, strncmp(state, "clock=", 6) == 0 ? atol(state + 6) : 0);
}

/* True: errno is set, the call is not to be made. */
static bool is_spoilt(bool is_mine, enum kind kind)
{
    look();
    if (!is_mine)
        return false;
    while (atomic_load(&is_hung)) {
        syscall(SYS_nanosleep, &(struct timespec){0, LOOK_NS}, NULL);
        look();
    }
    int error = atomic_load(&error_now);
    if (!error && kind != KIND_READ && atomic_load(&is_read_only))
        error = EROFS;
    if (!error && kind == KIND_GROW && atomic_load(&is_full))
        error = ENOSPC;
    errno = error;
    return error != 0;
}

static bool path_is_ours(const char *path)
{
    look();
    return root && strncmp(path, root, strlen(root)) == 0;
}

static bool file_is_ours(int fd)
{
    return fd >= 0 && fd < FILES && atomic_load(&is_ours[fd]);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int open_any(const char *path, int flags, mode_t mode)
{
    bool is_mine = path_is_ours(path);
    int access = flags & O_ACCMODE;
    if (is_spoilt(is_mine, flags & O_CREAT ? KIND_GROW : access ? KIND_CHANGE : KIND_READ))
        return -1;
    if (is_mine && flags & O_DIRECT) {
        errno = EINVAL;
        return -1;
    }
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && fd < FILES)
        atomic_store(&is_ours[fd], is_mine);
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_any(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_any(path, flags, mode);
}

DIR *opendir(const char *path)
{
    return is_spoilt(path_is_ours(path), KIND_READ) ? NULL : REAL(opendir)(path);
}

int mkdir(const char *path, mode_t mode)
{
    return is_spoilt(path_is_ours(path), KIND_GROW) ? -1 : REAL(mkdir)(path, mode);
}

int link(const char *from, const char *to)
{
    return is_spoilt(path_is_ours(to), KIND_CHANGE) ? -1 : REAL(link)(from, to);
}

int rename(const char *from, const char *to)
{
    return is_spoilt(path_is_ours(to), KIND_CHANGE) ? -1 : REAL(rename)(from, to);
}

int unlink(const char *path)
{
    return is_spoilt(path_is_ours(path), KIND_CHANGE) ? -1 : REAL(unlink)(path);
}

int chmod(const char *path, mode_t mode)
{
    return is_spoilt(path_is_ours(path), KIND_CHANGE) ? -1 : REAL(chmod)(path, mode);
}

int statx(int fd, const char *path, int flags, unsigned mask, struct statx *out)
{
    bool is_mine = *path ? path_is_ours(path) : file_is_ours(fd);
    return is_spoilt(is_mine, KIND_READ) ? -1 : REAL(statx)(fd, path, flags, mask, out);
}

int statvfs64(const char *path, struct statvfs64 *out)
{
    bool is_mine = path_is_ours(path);
    if (is_spoilt(is_mine, KIND_READ))
        return -1;
    int result = REAL(statvfs64)(path, out);
    if (result == 0 && is_mine && atomic_load(&is_full))
        out->f_bavail = out->f_bfree = 0;
    return result;
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    return is_spoilt(file_is_ours(fd), KIND_READ) ? -1 : REAL(pread)(fd, data, size, offset);
}

ssize_t pread64(int fd, void *data, size_t size, off64_t offset)
{
    return is_spoilt(file_is_ours(fd), KIND_READ) ? -1 : REAL(pread)(fd, data, size, offset);
}

ssize_t preadv64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
    return is_spoilt(file_is_ours(fd), KIND_READ)
               ? -1
               : REAL(preadv64v2)(fd, parts, count, offset, flags);
}

static ssize_t write_any(int fd, const void *data, size_t size, off64_t offset)
{
    struct stat stat;
    bool is_mine = file_is_ours(fd);
    bool grows = is_mine && (fstat(fd, &stat) || stat.st_size < offset + (off64_t)size);
    if (is_spoilt(is_mine, grows ? KIND_GROW : KIND_CHANGE))
        return -1;
    return syscall(SYS_pwrite64, fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return write_any(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    return write_any(fd, data, size, offset);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size)
{
    return is_spoilt(file_is_ours(fd), KIND_GROW)
               ? -1
               : (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

int fdatasync(int fd)
{
    return is_spoilt(file_is_ours(fd), KIND_CHANGE) ? -1 : REAL(fdatasync)(fd);
}

int fsync(int fd)
{
    return is_spoilt(file_is_ours(fd), KIND_CHANGE) ? -1 : REAL(fsync)(fd);
}

int ftruncate64(int fd, off64_t size)
{
    return is_spoilt(file_is_ours(fd), KIND_CHANGE) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    look();
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        out->tv_sec += atomic_load(&clock_offset_s);
    return result;
}
