/* Linux: plain system calls on paths relative to the working directory.
 *
 * Calls that a signal may interrupt are repeated, short reads and writes are finished, and a failed
 * sync is never repeated: after one, Linux may count the lost pages as clean and answer the next
 * with success. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/direct_file.h"
#include "base/env_internal.h"
#include "base/memory.h"

enum { ZEROES_SIZE = 1 << 20 };

struct real_file {
    struct env_file file;
    int fd;
    struct direct_file *direct; /* NULL: started writes go through the page cache */
    uint64_t started_offset;    /* of the write that is in flight through `direct` */
    struct span started;
};

static int fd_of(const struct env_file *file)
{
    return ((const struct real_file *)file)->fd;
}

static bool real_path_is_local(struct env *env, const char *path);

static enum status real_file_open(struct env *env, const char *path, unsigned flags, uint32_t mode,
    struct env_file **out_file, struct error *error)
{
    struct real_file *file = memory_allocate_zeroed(1, sizeof(*file));
    char *path_copy = memory_duplicate_string(path);
    if (!file || !path_copy) {
        memory_free(file);
        memory_free(path_copy);
        return error_set(error, STATUS_NO_MEMORY, "open %s: no memory", path);
    }

    int open_flags = O_CLOEXEC | (flags & ENV_WRITE ? O_RDWR : O_RDONLY);
    if (flags & ENV_CREATE)
        open_flags |= O_CREAT;
    if (flags & ENV_EXCLUSIVE)
        open_flags |= O_EXCL;
    if (flags & ENV_TRUNCATE)
        open_flags |= O_TRUNC;
    int fd;
    do
        fd = open(path, open_flags, mode);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        int error_number = errno;
        memory_free(file);
        memory_free(path_copy);
        return error_set_errno(error, error_number, "open %s", path);
    }
    *file = (struct real_file){.file = {.env = env, .path = path_copy, .block_size = 1}, .fd = fd};
    /* Another machine's file system has rules of its own about handles that go past its cache. */
    if (flags & ENV_DIRECT && real_path_is_local(env, path))
        file->direct = direct_file_open(path);
    if (file->direct)
        file->file.block_size = ENV_BLOCK_SIZE;
    *out_file = &file->file;
    return STATUS_OK;
}

static void real_file_close(struct env_file *file)
{
    direct_file_close(((struct real_file *)file)->direct);
    close(fd_of(file)); /* bytes that matter were synced: close has nothing to tell */
    memory_free(file->path);
    memory_free(file);
}

static enum status real_file_read(struct env_file *file, uint64_t offset, void *out_bytes,
    size_t size, size_t *out_size, struct error *error)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(
            fd_of(file), (uint8_t *)out_bytes + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(error, errno, "read %s at %" PRIu64, file->path, offset + done);
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *out_size = done;
    return STATUS_OK;
}

static enum status real_file_read_cached(struct env_file *file, uint64_t offset, void *out_bytes,
    size_t size, size_t *out_size, struct error *error)
{
    size_t done = 0;
    while (done < size) {
        struct iovec part = {.iov_base = (uint8_t *)out_bytes + done, .iov_len = size - done};
        ssize_t got = preadv2(fd_of(file), &part, 1, (off_t)(offset + done), RWF_NOWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        /* A part may be in memory and the next not: only a read of nothing is the end of the file.
         */
        if (got < 0 && (errno == EAGAIN || errno == EOPNOTSUPP || errno == ENOSYS))
            return STATUS_WOULD_BLOCK;
        if (got < 0)
            return error_set_errno(error, errno, "read %s at %" PRIu64, file->path, offset + done);
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *out_size = done;
    return STATUS_OK;
}

static int write_all(int fd, uint64_t offset, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t written = pwrite(fd, data, size, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        if (written == 0)
            return EIO; /* no progress and no reason: do not spin */
        data += written;
        size -= (size_t)written;
        offset += (uint64_t)written;
    }
    return 0;
}

static enum status real_file_write(
    struct env_file *file, uint64_t offset, struct span bytes, struct error *error)
{
    int result = write_all(fd_of(file), offset, bytes.data, bytes.size);
    if (result)
        return error_set_errno(
            error, result, "write %zu bytes to %s at %" PRIu64, bytes.size, file->path, offset);
    return STATUS_OK;
}

static enum status real_file_sync(struct env_file *file, struct error *error)
{
    if (fdatasync(fd_of(file)))
        return error_set_errno(error, errno, "sync %s", file->path);
    return STATUS_OK;
}

/* The file system refused a direct write before any of it was done: from now on without. */
static void give_up_direct(struct real_file *file)
{
    direct_file_close(file->direct);
    file->direct = NULL;
}

static bool is_refused(int error_number)
{
    return error_number == EINVAL || error_number == EOPNOTSUPP;
}

static enum status real_file_write_start(
    struct env_file *handle, uint64_t offset, struct span bytes, struct error *error)
{
    struct real_file *file = (struct real_file *)handle;
    if (file->direct) {
        int result = direct_file_start(file->direct, offset, bytes);
        if (result == 0) {
            file->started = bytes;
            file->started_offset = offset;
            return STATUS_OK;
        }
        if (!is_refused(result))
            return error_set_errno(error, result, "write %zu bytes to %s at %" PRIu64, bytes.size,
                handle->path, offset);
        give_up_direct(file);
    }
    return real_file_write(handle, offset, bytes, error);
}

static enum status real_file_write_finish(
    struct env_file *handle, uint64_t poll_ns, struct error *error)
{
    struct real_file *file = (struct real_file *)handle;
    if (!file->direct)
        return real_file_sync(handle, error);
    size_t done = 0;
    int result = direct_file_finish(file->direct, poll_ns, &done);
    if (is_refused(result))
        give_up_direct(file);
    else if (result)
        return error_set_errno(error, result, "durable write of %zu bytes to %s at %" PRIu64,
            file->started.size, handle->path, file->started_offset);
    if (done >= file->started.size)
        return STATUS_OK;
    /* Refused, or cut short for no reason told: the rest the usual way, which tells. */
    enum status status = real_file_write(handle, file->started_offset + done,
        span_slice(file->started, done, file->started.size - done), error);
    return status ? status : real_file_sync(handle, error);
}

static enum status real_file_truncate(struct env_file *file, uint64_t size, struct error *error)
{
    int result;
    do
        result = ftruncate(fd_of(file), (off_t)size);
    while (result && errno == EINTR);
    if (result)
        return error_set_errno(error, errno, "truncate %s to %" PRIu64, file->path, size);
    return STATUS_OK;
}

static int write_zeroes(int fd, const uint8_t *zeroes, uint64_t size)
{
    int result = 0;
    for (uint64_t at = 0; at < size && !result; at += ZEROES_SIZE)
        result = write_all(
            fd, at, zeroes, size - at < ZEROES_SIZE ? (size_t)(size - at) : ZEROES_SIZE);
    return result;
}

/* fallocate finds out whether there is space before a byte is written; the zeroes then turn the
 * extents into written ones, which fallocate alone leaves to the first write, as a change of
 * metadata. */
static int allocate_and_zero(const struct real_file *file, uint64_t size)
{
    int fd = file->fd;
    int result;
    do
        result = fallocate(fd, 0, 0, (off_t)size) ? errno : 0;
    while (result == EINTR);
    if (result && result != EOPNOTSUPP)
        return result;

    uint8_t *memory = memory_allocate_zeroed(1, ZEROES_SIZE + ENV_BLOCK_SIZE);
    if (!memory)
        return ENOMEM;
    const uint8_t *zeroes = memory + ENV_BLOCK_SIZE - (uintptr_t)memory % ENV_BLOCK_SIZE;
    /* Past the page cache where frames go too: the zeroes would be copied there only to be forgotten. */
    int direct_fd = file->direct && size % ENV_BLOCK_SIZE == 0
                        ? open(file->file.path, O_WRONLY | O_DIRECT | O_CLOEXEC)
                        : -1;
    result = direct_fd >= 0 ? write_zeroes(direct_fd, zeroes, size) : EINVAL;
    if (result == EINVAL || result == EOPNOTSUPP) /* refused; the usual way tells why, or does it */
        result = write_zeroes(fd, zeroes, size);
    if (direct_fd >= 0)
        close(direct_fd);
    memory_free(memory);
    if (!result && fdatasync(fd))
        result = errno;
    return result;
}

static enum status real_file_preallocate(struct env_file *file, uint64_t size, struct error *error)
{
    struct stat before;
    if (fstat(fd_of(file), &before))
        return error_set_errno(error, errno, "stat %s", file->path);
    int result = size ? allocate_and_zero((const struct real_file *)file, size) : 0;
    if (result) {
        /* Gives back what a half-done allocation took. */
        if (ftruncate(fd_of(file), before.st_size))
            return error_set_errno(error, errno, "truncate %s", file->path);
        return error_set_errno(
            error, result, "preallocate %" PRIu64 " bytes of %s", size, file->path);
    }
    return STATUS_OK;
}

static void stat_from_statx(const struct statx *from, struct env_stat *out_stat)
{
    *out_stat = (struct env_stat){
        .size = from->stx_size,
        .inode = from->stx_ino,
        .link_count = from->stx_nlink,
        .mode = from->stx_mode & 07777,
        .is_directory = S_ISDIR(from->stx_mode),
        .modified_ms = from->stx_mtime.tv_sec * 1000 + from->stx_mtime.tv_nsec / 1000000,
    };
}

static enum status real_file_stat(
    struct env_file *file, struct env_stat *out_stat, struct error *error)
{
    struct statx found;
    if (statx(fd_of(file), "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &found))
        return error_set_errno(error, errno, "stat %s", file->path);
    stat_from_statx(&found, out_stat);
    return STATUS_OK;
}

static enum status real_file_chmod(struct env_file *file, uint32_t mode, struct error *error)
{
    if (fchmod(fd_of(file), mode))
        return error_set_errno(error, errno, "chmod %s", file->path);
    return STATUS_OK;
}

/* Who holds an flock, by /proc/locks ("1: FLOCK ADVISORY WRITE 4711 08:01:131 0 EOF"), or 0. */
static int find_lock_holder(int fd)
{
    struct stat stat;
    if (fstat(fd, &stat))
        return 0;
    FILE *locks = fopen("/proc/locks", "re");
    if (!locks)
        return 0;
    int holder = 0;
    char line[256];
    while (holder == 0 && fgets(line, sizeof(line), locks)) {
        int pid;
        unsigned device_major, device_minor;
        unsigned long long inode;
        if (sscanf(line, "%*d: %*s %*s %*s %d %x:%x:%llu", &pid, &device_major, &device_minor,
                &inode) == 4 &&
            inode == stat.st_ino && device_major == major(stat.st_dev) &&
            device_minor == minor(stat.st_dev) && pid > 0)
            holder = pid;
    }
    fclose(locks);
    return holder;
}

static enum status real_file_lock(
    struct env_file *file, bool is_shared, int *out_pid, struct error *error)
{
    int result;
    do
        result = flock(fd_of(file), (is_shared ? LOCK_SH : LOCK_EX) | LOCK_NB);
    while (result && errno == EINTR);
    if (result == 0)
        return STATUS_OK;
    if (errno != EWOULDBLOCK)
        return error_set_errno(error, errno, "lock %s", file->path);
    int pid = find_lock_holder(fd_of(file));
    if (out_pid)
        *out_pid = pid;
    if (pid)
        return error_set(error, STATUS_BUSY, "%s is locked by process %d", file->path, pid);
    return error_set(error, STATUS_BUSY, "%s is locked by another process", file->path);
}

static void real_file_forget(struct env_file *file, uint64_t offset, uint64_t size)
{
    posix_fadvise(fd_of(file), (off_t)offset, (off_t)size, POSIX_FADV_DONTNEED);
}

static enum status real_path_stat(
    struct env *env, const char *path, struct env_stat *out_stat, struct error *error)
{
    (void)env;
    struct statx found;
    if (statx(AT_FDCWD, path, AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &found))
        return error_set_errno(error, errno, "stat %s", path);
    stat_from_statx(&found, out_stat);
    return STATUS_OK;
}

static enum status real_path_link(
    struct env *env, const char *from, const char *to, struct error *error)
{
    (void)env;
    if (link(from, to))
        return error_set_errno(error, errno, "link %s to %s", from, to);
    return STATUS_OK;
}

static enum status real_path_rename(
    struct env *env, const char *from, const char *to, struct error *error)
{
    (void)env;
    if (rename(from, to))
        return error_set_errno(error, errno, "rename %s to %s", from, to);
    return STATUS_OK;
}

static enum status real_path_remove(struct env *env, const char *path, struct error *error)
{
    (void)env;
    if (unlink(path))
        return error_set_errno(error, errno, "remove %s", path);
    return STATUS_OK;
}

static enum status real_directory_make(
    struct env *env, const char *path, uint32_t mode, struct error *error)
{
    (void)env;
    if (mkdir(path, mode))
        return error_set_errno(error, errno, "make directory %s", path);
    return STATUS_OK;
}

static enum status real_directory_remove(struct env *env, const char *path, struct error *error)
{
    (void)env;
    if (rmdir(path) == 0)
        return STATUS_OK;
    if (errno == ENOTEMPTY || errno == EEXIST)
        return error_set(error, STATUS_BUSY, "remove directory %s: not empty", path);
    return error_set_errno(error, errno, "remove directory %s", path);
}

static enum status real_directory_list(
    struct env *env, const char *path, env_list_function *each, void *context, struct error *error)
{
    (void)env;
    DIR *directory = opendir(path);
    if (!directory)
        return error_set_errno(error, errno, "list %s", path);
    /* A network file system lists from its cache as long as that looks fresh: have it ask. */
    struct statx ignored;
    (void)statx(dirfd(directory), "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_MTIME, &ignored);
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry) {
            if (errno)
                status = error_set_errno(error, errno, "list %s", path);
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = each(context, entry->d_name, error);
    }
    closedir(directory);
    return status;
}

static enum status real_directory_sync(struct env *env, const char *path, struct error *error)
{
    (void)env;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(error, errno, "open directory %s", path);
    int result = fsync(fd) ? errno : 0;
    close(fd);
    if (result)
        return error_set_errno(error, result, "sync directory %s", path);
    return STATUS_OK;
}

static enum status real_space_free(
    struct env *env, const char *path, uint64_t *out_bytes, struct error *error)
{
    (void)env;
    struct statvfs found;
    int result;
    do
        result = statvfs(path, &found);
    while (result && errno == EINTR);
    if (result)
        return error_set_errno(error, errno, "free space of %s", path);
    *out_bytes = (uint64_t)found.f_bavail * found.f_frsize;
    return STATUS_OK;
}

static bool real_path_is_local(struct env *env, const char *path)
{
    /* linux/magic.h, and those that it leaves out: f2fs, zfs, bcachefs. */
    static const uint32_t local[] = {0xEF53 /* ext2 to 4 */, 0x58465342 /* xfs */,
        0x9123683E /* btrfs */, 0x01021994 /* tmpfs */, 0x794C7630 /* overlayfs */,
        0xF2F52010 /* f2fs */, 0x2FC12FC1 /* zfs */, 0xCA451A4E /* bcachefs */};
    (void)env;
    struct statfs found;
    if (statfs(path, &found))
        return false;
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        if ((uint32_t)found.f_type == local[i])
            return true;
    return false;
}

static int64_t real_clock_wall_ms(struct env *env)
{
    (void)env;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t real_clock_monotonic_ns(struct env *env)
{
    (void)env;
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t real_clock_thread_cpu_ns(struct env *env)
{
    (void)env;
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t real_resident_bytes(struct env *env)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    (void)env;
    if (file) {
        if (fscanf(file, "%*u %llu", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void real_random_bytes(struct env *env, void *out_bytes, size_t size)
{
    (void)env;
    size_t done = 0;
    while (done < size) {
        ssize_t got = getrandom((uint8_t *)out_bytes + done, size - done, 0);
        CHECK(got > 0 || errno == EINTR);
        if (got > 0)
            done += (size_t)got;
    }
}

static const struct env_table real_table = {
    .file_open = real_file_open,
    .file_close = real_file_close,
    .file_read = real_file_read,
    .file_read_cached = real_file_read_cached,
    .file_write = real_file_write,
    .file_sync = real_file_sync,
    .file_write_start = real_file_write_start,
    .file_write_finish = real_file_write_finish,
    .file_truncate = real_file_truncate,
    .file_preallocate = real_file_preallocate,
    .file_stat = real_file_stat,
    .file_chmod = real_file_chmod,
    .file_lock = real_file_lock,
    .file_forget = real_file_forget,
    .path_stat = real_path_stat,
    .path_link = real_path_link,
    .path_rename = real_path_rename,
    .path_remove = real_path_remove,
    .directory_make = real_directory_make,
    .directory_remove = real_directory_remove,
    .directory_list = real_directory_list,
    .directory_sync = real_directory_sync,
    .space_free = real_space_free,
    .path_is_local = real_path_is_local,
    .clock_wall_ms = real_clock_wall_ms,
    .clock_monotonic_ns = real_clock_monotonic_ns,
    .clock_thread_cpu_ns = real_clock_thread_cpu_ns,
    .resident_bytes = real_resident_bytes,
    .random_bytes = real_random_bytes,
    .executor_new = executor_threads_new,
};

struct env *env_real(void)
{
    static struct env env = {&real_table};
    return &env;
}
