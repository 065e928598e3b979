/* Reactors: the small interface behind which sockets and the event library stand (design 8, 10).
 *
 * A reactor is one thread that waits for events. The server on top of it sees byte streams, listeners and
 * posted tasks only, so that a simulator can put memory pipes and virtual time in its place.
 * reactor_libevent.c is the real one.
 *
 *   turn:  posted tasks -> events of streams -> hooks->turn (the server writes what it has gathered) -> wait
 *
 * A wait is a sleep; where the hooks say that something is expected within microseconds the real one may
 * look again and again for up to REACTOR_POLL_US first, while that pays (base/patience.h).
 *
 * Threads: everything but post runs on the reactor's own thread ("loop thread"). */
#ifndef STELE_SERVER_NET_REACTOR_H
#define STELE_SERVER_NET_REACTOR_H

#include "base/env.h"

struct reactor;
struct stream;
struct listener;

/* What read and write return besides a count of bytes. */
enum { STREAM_END = 0, STREAM_AGAIN = -1, STREAM_FAILED = -2 };

struct stream_table {
    /* Bytes read (> 0), STREAM_END when the peer has closed, STREAM_AGAIN, STREAM_FAILED. */
    ptrdiff_t (*read)(struct stream *stream, void *bytes, size_t size);
    /* Bytes written (> 0) of the pieces in order, STREAM_AGAIN, STREAM_FAILED. */
    ptrdiff_t (*write)(struct stream *stream, const struct span *pieces, size_t count);
    /* Which events call ready() from now on; level-triggered. */
    void (*watch)(struct stream *stream, bool is_reading, bool is_writing);
    /* Closes and frees; ready() is not called again. */
    void (*close)(struct stream *stream);
};

/* One end of a byte stream. Owned by the connection above it, which sets ready and owner. */
struct stream {
    const struct stream_table *table;
    void (*ready)(struct stream *stream, bool is_readable, bool is_writable);
    void *owner;
    char peer[64]; /* "127.0.0.1:50312", for log lines */
};

/* Takes the stream, which is bound to no reactor yet. Called on the listener's reactor. */
typedef void listener_accept(void *context, struct stream *stream);

/* Where to connect to: what a name and a port came to. The reactor's own bytes. */
#define ENDPOINT_SIZE 320

struct endpoint {
    uint8_t bytes[ENDPOINT_SIZE];
    size_t size;
};

struct reactor_hooks {
    void (*turn)(void *context); /* at the end of each turn */
    void (*tick)(void *context); /* about every REACTOR_TICK_MS */
    void *context;
    /* Whether what comes next is likely to come within microseconds. May be NULL: never. */
    bool (*is_expecting)(void *context);
};

#define REACTOR_TICK_MS 250
#define REACTOR_POLL_US 150

struct reactor_table {
    void (*post)(struct reactor *reactor, struct task *task);
    enum status (*listen)(struct reactor *reactor, const char *host, uint16_t port,
        listener_accept *accept, void *context, struct listener **out_listener,
        struct error *error);
    uint16_t (*listener_port)(const struct listener *listener);
    void (*listener_close)(struct listener *listener);
    enum status (*resolve)(struct reactor *reactor, const char *host, uint16_t port,
        struct endpoint *out_endpoint, struct error *error);
    enum status (*connect)(struct reactor *reactor, const struct endpoint *endpoint,
        struct stream **out_stream, struct error *error);
    enum status (*adopt)(struct reactor *reactor, struct stream *stream);
    void (*start)(struct reactor *reactor);
    void (*free)(struct reactor *reactor);
};

/* Implementations embed this first. */
struct reactor {
    const struct reactor_table *table;
};

/* Makes a reactor that calls these hooks on its thread. */
typedef enum status reactor_maker(struct env *env, const char *name,
    const struct reactor_hooks *hooks, struct reactor **out_reactor, struct error *error);

/* A reactor over libevent on an executor of its own, which runs from reactor_start on. Hooks run there. */
reactor_maker reactor_libevent_new;

/* Any thread. Runs task->run(task) on the loop thread, in order of posting. Never fails. */
static inline void reactor_post(struct reactor *reactor, struct task *task)
{
    reactor->table->post(reactor, task);
}

/* Begins to turn. Until then the maker's thread counts as the loop thread. */
static inline void reactor_start(struct reactor *reactor)
{
    reactor->table->start(reactor);
}

/* Before reactor_start, or on the loop thread. Port 0 takes any free port. STATUS_EXISTS: the port is in use. */
static inline enum status reactor_listen(struct reactor *reactor, const char *host, uint16_t port,
    listener_accept *accept, void *context, struct listener **out_listener, struct error *error)
{
    return reactor->table->listen(reactor, host, port, accept, context, out_listener, error);
}

/* Any thread, but a worker rather than a loop: asks the system for a name, which may block. Numeric addresses do not.
 * Of several addresses an IPv4 one is taken. STATUS_NOT_FOUND: there is no such host. */
static inline enum status reactor_resolve(struct reactor *reactor, const char *host, uint16_t port,
    struct endpoint *out_endpoint, struct error *error)
{
    return reactor->table->resolve(reactor, host, port, out_endpoint, error);
}

/* Loop thread. Begins to connect. The stream is bound to no reactor yet, like one that a listener gives; until it is
 * connected it is neither readable nor writable, and when it never will be, reads and writes are STREAM_FAILED. */
static inline enum status reactor_connect(struct reactor *reactor, const struct endpoint *endpoint,
    struct stream **out_stream, struct error *error)
{
    return reactor->table->connect(reactor, endpoint, out_stream, error);
}

/* Binds a stream from a listener or from connect to this reactor, before its first watch. Loop thread. */
static inline enum status reactor_adopt(struct reactor *reactor, struct stream *stream)
{
    return reactor->table->adopt(reactor, stream);
}

/* Runs what is posted, stops the thread, frees; started or not. Not from the loop thread; NULL is fine.
 * Streams and listeners must be closed before. */
static inline void reactor_free(struct reactor *reactor)
{
    if (reactor)
        reactor->table->free(reactor);
}

#endif
