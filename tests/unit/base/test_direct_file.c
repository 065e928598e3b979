/* What a file past the page cache does when the kernel says no, or does half: the calls it makes are answered by this
 * test (the linker's --wrap), where a case asks for it, and by the kernel otherwise. Through env_real: what matters is
 * what its caller is told, and what a reader finds. */
#include <errno.h>
#include <linux/aio_abi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/support.h"

enum { BLOCK = ENV_BLOCK_SIZE, BLOCKS = 4 };

/* ---- The kernel's part ---- */

/* How many times each call came, and what it is to say: 0 = ask the kernel; n > 0 = fail with errno n. */
static struct {
    int setup_error, submit_error, getevents_error;
    int getevents_interruptions; /* how often it is interrupted first */
    bool is_result_set;
    int64_t result; /* of the write, then: the event says it, and nothing beyond it was written */
    int direct_write_error; /* of a plain write to the direct handle */
    int next_write_error;   /* of the next plain write, whatever it goes to */
    unsigned setups, submits, getevents, destroys, writes, syncs;
} kernel;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
ssize_t __real_pwrite64(int fd, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *data, size_t size, off_t offset);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

static int last_direct_fd = -1;

static long fail_with(int error_number)
{
    errno = error_number;
    return -1;
}

/* A write of which the kernel does only the first part, or none. */
static long submit_short(long context, struct iocb *request)
{
    struct iocb part = *request;
    part.aio_nbytes = kernel.result > 0 ? (uint64_t)kernel.result / BLOCK * BLOCK : 0;
    if (part.aio_nbytes == 0) { /* nothing of it: another write, so that there is an event */
        part.aio_lio_opcode = IOCB_CMD_FDSYNC;
        part.aio_buf = 0;
        part.aio_offset = 0;
    }
    struct iocb *requests[1] = {&part};
    return __real_syscall(SYS_io_submit, context, 1, requests);
}

long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == SYS_io_setup) {
        kernel.setups++;
        if (kernel.setup_error)
            return fail_with(kernel.setup_error);
    } else if (number == SYS_io_submit) {
        kernel.submits++;
        struct iocb **requests = (struct iocb **)(uintptr_t)a[2];
        last_direct_fd = (int)requests[0]->aio_fildes;
        if (kernel.submit_error)
            return fail_with(kernel.submit_error);
        if (kernel.is_result_set)
            return submit_short(a[0], requests[0]);
    } else if (number == SYS_io_getevents) {
        kernel.getevents++;
        if (kernel.getevents_interruptions && kernel.getevents_interruptions--)
            return fail_with(EINTR);
        if (kernel.getevents_error)
            return fail_with(kernel.getevents_error);
    } else if (number == SYS_io_destroy) {
        kernel.destroys++;
    }
    long answer = __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (number == SYS_io_getevents && answer == 1 && kernel.is_result_set)
        ((struct io_event *)(uintptr_t)a[3])->res = kernel.result;
    return answer;
}

ssize_t __wrap_pwrite64(int fd, const void *data, size_t size, off_t offset)
{
    kernel.writes++;
    if (kernel.next_write_error) {
        int error_number = kernel.next_write_error;
        kernel.next_write_error = 0;
        return fail_with(error_number);
    }
    if (fd == last_direct_fd && kernel.direct_write_error)
        return fail_with(kernel.direct_write_error);
    return __real_pwrite64(fd, data, size, offset);
}

int __wrap_fdatasync(int fd)
{
    kernel.syncs++;
    return __real_fdatasync(fd);
}

/* ---- A file ---- */

struct bench {
    char *directory;
    struct env_file *file;
    uint8_t *bytes; /* aligned, BLOCKS blocks, all different */
};

static struct error error;

/* NULL file: this file system has no direct files, and there is nothing to see here. */
static struct bench bench_new(void)
{
    struct bench bench = {
        .directory = test_directory_new(), .bytes = aligned_alloc(BLOCK, (size_t)BLOCK * BLOCKS)};
    for (size_t i = 0; i < (size_t)BLOCK * BLOCKS; i++)
        bench.bytes[i] = (uint8_t)(1 + i % 251);
    assert_ok(env_file_open(env_real(), test_path(bench.directory, "f"),
                  ENV_WRITE | ENV_CREATE | ENV_DIRECT, 0600, &bench.file, &error),
        &error);
    assert_ok(env_file_preallocate(bench.file, (uint64_t)BLOCK * BLOCKS, &error), &error);
    if (env_file_block_size(bench.file) == 1) {
        env_file_close(bench.file);
        bench.file = NULL;
    }
    memset(&kernel, 0, sizeof(kernel));
    last_direct_fd = -1;
    return bench;
}

static void bench_free(struct bench *bench)
{
    env_file_close(bench->file);
    test_directory_remove(bench->directory);
    free(bench->bytes);
}

static enum status write_all_blocks(struct bench *bench)
{
    enum status status = env_file_write_start(
        bench->file, 0, span_make(bench->bytes, (size_t)BLOCK * BLOCKS), &error);
    return status ? status : env_file_write_finish(bench->file, 0, &error);
}

static void assert_all_there(struct bench *bench)
{
    uint8_t *found = malloc((size_t)BLOCK * BLOCKS);
    assert_ok(env_file_read_exact(bench->file, 0, found, (size_t)BLOCK * BLOCKS, &error), &error);
    assert_memory_equal(found, bench->bytes, (size_t)BLOCK * BLOCKS);
    free(found);
}

#define BENCH(name)                                                                                \
    (void)state;                                                                                   \
    struct bench name = bench_new();                                                               \
    if (!(name).file) {                                                                            \
        bench_free(&(name));                                                                       \
        skip();                                                                                    \
    }

/* ---- Cases ---- */

static void a_write_is_one_call_and_no_sync(void **state)
{
    BENCH(bench)
    for (int i = 0; i < 3; i++)
        assert_ok(write_all_blocks(&bench), &error);
    assert_int_equal(kernel.setups, 1);
    assert_int_equal(kernel.submits, 3);
    assert_int_equal(kernel.getevents, 3);
    assert_int_equal(kernel.writes + kernel.syncs, 0);
    assert_all_there(&bench);
    bench_free(&bench);
    assert_int_equal(kernel.destroys, 1);
}

/* The rest goes through the page cache, and is synced. */
static void what_a_short_write_left_out_is_written(void **state)
{
    static const int64_t sizes[] = {0, 512, BLOCK, 2 * BLOCK + 512, 3 * BLOCK};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        BENCH(bench)
        kernel.is_result_set = true;
        kernel.result = sizes[i];
        assert_ok(write_all_blocks(&bench), &error);
        assert_int_equal(kernel.syncs, 1);
        assert_true(kernel.writes >= 1);
        if (sizes[i] % BLOCK == 0) /* else the kernel was made to say more than it did */
            assert_all_there(&bench);
        kernel.is_result_set = false;
        assert_ok(write_all_blocks(&bench), &error); /* and the next is whole again */
        assert_int_equal(kernel.syncs, 1);
        assert_all_there(&bench);
        bench_free(&bench);
    }
}

static void a_failed_write_is_told_and_not_tried_again(void **state)
{
    static const int errors[] = {EIO, ENOSPC, EROFS};
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        BENCH(bench)
        kernel.is_result_set = true;
        kernel.result = -errors[i];
        enum status status = write_all_blocks(&bench);
        assert_int_equal(status, errors[i] == ENOSPC ? STATUS_NO_SPACE : STATUS_IO);
        assert_non_null(strstr(error.message, "durable write of 16384 bytes to "));
        assert_int_equal(kernel.writes + kernel.syncs, 0);
        bench_free(&bench);
    }
}

/* A file system that takes the flag at the open and not the write: before, or after it was queued. */
static void a_refused_write_goes_the_usual_way_from_then_on(void **state)
{
    for (int i = 0; i < 4; i++) {
        BENCH(bench)
        int refusal = i % 2 ? EINVAL : EOPNOTSUPP;
        if (i < 2) {
            kernel.submit_error = kernel.direct_write_error = refusal;
        } else {
            kernel.is_result_set = true;
            kernel.result = -refusal;
        }
        assert_ok(write_all_blocks(&bench), &error);
        assert_int_equal(kernel.syncs, 1);
        assert_int_equal(kernel.destroys, 1);
        assert_all_there(&bench);
        unsigned submits = kernel.submits;
        bench.bytes[0] ^= 0xff;
        assert_ok(write_all_blocks(&bench), &error);
        assert_int_equal(kernel.submits, submits);
        assert_int_equal(kernel.syncs, 2);
        assert_all_there(&bench);
        bench_free(&bench);
    }
}

/* The queue is full, or there are no contexts: one durable write, now. */
static void without_a_queue_the_write_is_made_at_once(void **state)
{
    for (int i = 0; i < 3; i++) {
        BENCH(bench)
        if (i == 0)
            kernel.submit_error = EAGAIN;
        else
            kernel.setup_error = i == 1 ? EAGAIN : ENOSYS;
        assert_ok(write_all_blocks(&bench), &error);
        assert_int_equal(kernel.writes, 1);
        assert_int_equal(kernel.getevents + kernel.syncs, 0); /* the handle is O_DSYNC */
        assert_all_there(&bench);
        assert_ok(write_all_blocks(&bench), &error);
        assert_int_equal(kernel.writes, 2);
        assert_int_equal(kernel.setups, 1);
        bench_free(&bench);
        assert_int_equal(kernel.destroys, i == 0);
    }
}

static void a_full_queue_and_a_bad_disk_are_told(void **state)
{
    BENCH(bench)
    assert_ok(write_all_blocks(&bench), &error); /* the handle is known from now on */
    kernel.submit_error = EAGAIN;
    kernel.direct_write_error = EIO;
    assert_int_equal(write_all_blocks(&bench), STATUS_IO);
    assert_non_null(strstr(error.message, "write 16384 bytes to "));
    assert_int_equal(kernel.writes, 1); /* not tried again */
    assert_int_equal(kernel.syncs, 0);
    bench_free(&bench);
}

/* That the end is not known is not the end: nothing is said to be durable. */
static void an_end_that_cannot_be_learnt_is_a_failure(void **state)
{
    BENCH(bench)
    kernel.getevents_interruptions = 3;
    assert_ok(write_all_blocks(&bench), &error);
    assert_int_equal(kernel.getevents, 4);
    /* EINVAL of this call is not the write's: the file system has refused nothing. */
    kernel.getevents_error = EINVAL;
    assert_int_equal(write_all_blocks(&bench), STATUS_IO);
    assert_int_equal(kernel.writes + kernel.syncs, 0);
    bench_free(&bench); /* waits for the write: the bytes may go */
}

/* The zeroes go past the page cache too, or the usual way where that is refused. */
static void a_preallocated_file_is_zeroes_whichever_way(void **state)
{
    static const int errors[] = {0, EINTR, EINVAL, EOPNOTSUPP};
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        BENCH(bench)
        assert_ok(write_all_blocks(&bench), &error);
        memset(bench.bytes, 0, (size_t)BLOCK * BLOCKS);
        kernel.next_write_error = errors[i];
        assert_ok(env_file_preallocate(bench.file, (uint64_t)BLOCK * BLOCKS, &error), &error);
        assert_int_equal(kernel.writes, errors[i] ? 2 : 1);
        assert_int_equal(kernel.syncs, 1);
        assert_all_there(&bench);
        kernel.next_write_error = EIO;
        assert_int_equal(
            env_file_preallocate(bench.file, (uint64_t)BLOCK * BLOCKS, &error), STATUS_IO);
        bench_free(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_is_one_call_and_no_sync),
        cmocka_unit_test(what_a_short_write_left_out_is_written),
        cmocka_unit_test(a_failed_write_is_told_and_not_tried_again),
        cmocka_unit_test(a_refused_write_goes_the_usual_way_from_then_on),
        cmocka_unit_test(without_a_queue_the_write_is_made_at_once),
        cmocka_unit_test(a_full_queue_and_a_bad_disk_are_told),
        cmocka_unit_test(an_end_that_cannot_be_learnt_is_a_failure),
        cmocka_unit_test(a_preallocated_file_is_zeroes_whichever_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
