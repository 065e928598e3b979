#include "base/direct_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/patience.h"

/* The head of the ring that the kernel maps at the address a context is named by. */
struct completion_ring {
    uint32_t id;
    uint32_t capacity;
    _Atomic uint32_t head; /* moved by io_getevents */
    _Atomic uint32_t tail; /* moved by the kernel, when an event lies there */
    uint32_t magic;
};

#define COMPLETION_RING_MAGIC 0xa10a10a1u

enum direct_state { DIRECT_NEW, DIRECT_ASYNC, DIRECT_SYNC };

struct direct_file {
    int fd;
    enum direct_state state;
    aio_context_t context;    /* DIRECT_ASYNC */
    struct iocb request;      /* of the started write */
    bool is_started;          /* and not finished */
    int64_t result;           /* of the last write that is done: its size, or -errno */
    struct patience patience; /* of polling */
};

struct direct_file *direct_file_open(const char *path)
{
    struct direct_file *direct = memory_allocate_zeroed(1, sizeof(*direct));
    if (!direct)
        return NULL;
    do
        direct->fd = open(path, O_WRONLY | O_DIRECT | O_DSYNC | O_CLOEXEC);
    while (direct->fd < 0 && errno == EINTR);
    if (direct->fd >= 0)
        return direct;
    memory_free(direct);
    return NULL;
}

void direct_file_close(struct direct_file *direct)
{
    if (!direct)
        return;
    if (direct->state == DIRECT_ASYNC)
        (void)syscall(SYS_io_destroy, direct->context);
    close(direct->fd);
    memory_free(direct);
}

/* At the first write: a handle that is only opened costs no context. */
static void set_up(struct direct_file *direct)
{
    direct->state = syscall(SYS_io_setup, 1, &direct->context) == 0 ? DIRECT_ASYNC : DIRECT_SYNC;
}

static void write_now(struct direct_file *direct, uint64_t offset, struct span bytes)
{
    ssize_t written;
    do
        written = pwrite(direct->fd, bytes.data, bytes.size, (off_t)offset);
    while (written < 0 && errno == EINTR);
    direct->result = written < 0 ? -errno : written;
}

int direct_file_start(struct direct_file *direct, uint64_t offset, struct span bytes)
{
    if (direct->state == DIRECT_NEW)
        set_up(direct);
    direct->request = (struct iocb){
        .aio_lio_opcode = IOCB_CMD_PWRITE,
        .aio_fildes = (uint32_t)direct->fd,
        .aio_buf = (uintptr_t)bytes.data,
        .aio_nbytes = bytes.size,
        .aio_offset = (int64_t)offset,
    };
    struct iocb *requests[1] = {&direct->request};
    direct->is_started = direct->state == DIRECT_ASYNC &&
                         syscall(SYS_io_submit, direct->context, 1, requests) == 1;
    if (direct->is_started)
        return 0;
    write_now(direct, offset, bytes); /* tells why, or does it */
    return direct->result < 0 ? (int)-direct->result : 0;
}

/* Until the write is done or the caller's patience ends. */
static void poll_ring(struct direct_file *direct, uint64_t poll_ns)
{
    const struct completion_ring *ring = (const struct completion_ring *)(uintptr_t)direct->context;
    if (poll_ns == 0 || ring->magic != COMPLETION_RING_MAGIC ||
        !patience_may_poll(&direct->patience))
        return;
    struct poll poll;
    bool is_done;
    poll_begin(&poll, poll_ns);
    do
        is_done = atomic_load_explicit(&ring->tail, memory_order_acquire) !=
                  atomic_load_explicit(&ring->head, memory_order_relaxed);
    while (!is_done && poll_round(&poll));
    patience_note(&direct->patience, is_done && !poll.is_disturbed);
}

/* The started write's event. */
static int reap(struct direct_file *direct)
{
    struct io_event event;
    long got;
    do
        got = syscall(SYS_io_getevents, direct->context, 1, 1, &event, NULL);
    while (got < 0 && errno == EINTR);
    if (got != 1)
        return EIO; /* whatever the call says: the write's own outcome is not known */
    direct->is_started = false;
    direct->result = event.res;
    return 0;
}

int direct_file_finish(struct direct_file *direct, uint64_t poll_ns, size_t *out_size)
{
    if (direct->is_started) {
        poll_ring(direct, poll_ns);
        int result = reap(direct);
        if (result)
            return result;
    }
    if (direct->result < 0)
        return (int)-direct->result;
    *out_size = (size_t)direct->result;
    return 0;
}
