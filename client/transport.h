/* What the loop of a client stands on: turns, timers, a way to be woken, and byte channels.
 *
 * transport_libevent.c is the real one; a simulation puts virtual time and a network in memory in
 * its place (tests/sim), and runs the same client.
 *
 *   turn:  what woke it -> channels that are ready, timers that are due -> hooks.turn -> wait
 *
 * Threads: the loop's, but for wake, which any may call. */
#ifndef STELE_CLIENT_TRANSPORT_H
#define STELE_CLIENT_TRANSPORT_H

#include <event2/event_struct.h>

#include "base/env.h"

struct transport;
struct channel;
struct event_base;

/* One end of a byte stream; reads whenever there is something to read. Owned by who connected it,
 * who sets ready and owner. */
struct channel {
    const struct channel_table *table;
    void (*ready)(struct channel *channel, bool is_readable, bool is_writable);
    void *owner;
};

/* What read and write give besides a count: 0 = the other end has closed (read), or a negative
 * errno value; -EAGAIN when there is nothing, or no room. */
struct channel_table {
    ptrdiff_t (*read)(struct channel *channel, void *bytes, size_t size);
    ptrdiff_t (*write)(struct channel *channel, struct span bytes);
    /* Whether ready is called for room too. On at first: it tells when the connect has ended. */
    void (*want_room)(struct channel *channel, bool is_wanted);
    /* How the connect ended: 0 or an errno value. Once, when it has. */
    int (*finish_connect)(struct channel *channel);
    /* Closes and frees; ready is not called again. */
    void (*close)(struct channel *channel);
};

/* Embedded in what waits; zero-initialised is one that is not set. */
struct transport_timer {
    void (*run)(struct transport_timer *timer);
    struct transport *transport; /* while set */
    union {
        struct event event;
        struct task task;
    } place; /* the transport's */
};

/* Both run on the loop's thread. */
struct transport_hooks {
    void (*woken)(void *context); /* after a wake: one for several */
    void (*turn)(void *context);  /* asked for by defer */
    void *context;
};

struct transport_table {
    void (*wake)(struct transport *transport);
    /* Calls hooks.turn once, in this turn. */
    void (*defer)(struct transport *transport);
    /* Waits for something to do and does it; returns by deadline_ns (0 = none). Not where somebody
     * else runs the loop. */
    void (*run_once)(struct transport *transport, uint64_t deadline_ns);
    /* Runs it once, pause_ns from now; it must not be set. False on no memory. */
    bool (*timer_start)(
        struct transport *transport, struct transport_timer *timer, uint64_t pause_ns);
    void (*timer_stop)(struct transport_timer *timer);
    /* Begins to connect; NULL with *out_why. */
    struct channel *(*connect)(
        struct transport *transport, struct span host, uint32_t port, const char **out_why);
    void (*free)(struct transport *transport);
};

/* Implementations embed this first. */
struct transport {
    const struct transport_table *table;
    struct env *env; /* clock, random numbers, threads */
    struct transport_hooks hooks;
};

/* Over libevent; with a base of its own, or the caller's. NULL on no memory. */
struct transport *transport_libevent_new(struct event_base *base);

/* May be set already: it is then set anew. */
static inline bool transport_timer_start(
    struct transport *transport, struct transport_timer *timer, uint64_t pause_ns)
{
    if (timer->transport)
        transport->table->timer_stop(timer);
    timer->transport = NULL;
    if (!transport->table->timer_start(transport, timer, pause_ns))
        return false;
    timer->transport = transport;
    return true;
}

static inline void transport_timer_stop(struct transport_timer *timer)
{
    if (timer->transport)
        timer->transport->table->timer_stop(timer);
    timer->transport = NULL;
}

/* For implementations: its time has come. */
static inline void transport_timer_fire(struct transport_timer *timer)
{
    timer->transport = NULL;
    timer->run(timer);
}

#endif
