/* A network in memory: named hosts, links between them with faults, and byte streams over virtual time.
 *
 *   end --write--> segments on their way (in order, each due after the link's delay) --> input of the other end
 *
 * What travels is what TCP shows of itself: a connect, its answer, bytes, an end, a reset. A link that is down
 * holds what was sent until it is up again, as retransmission does; a reset breaks a connection for one end or
 * for both. A host that stands still still takes bytes and connects, as its kernel would. All delays and the
 * sizes of reads and writes come from the seed.
 *
 * One network at a time. Everything runs as tasks of the world's own host (env_memory.h), in one thread. */
#ifndef STELE_TESTS_SIM_NETWORK_H
#define STELE_TESTS_SIM_NETWORK_H

#include "server/net/reactor.h"

struct network_end;

/* Told of an end: it may be readable or writable now, or broken. */
typedef void network_notify(struct network_end *end);

/* One end of a connection, a stream for the program that holds it. */
struct network_end {
    struct stream stream; /* first; its watch only notes what is wanted */
    struct network_end *other;
    struct network_end *next; /* all, newest first */
    struct env *env;          /* the host it is on; NULL: the test's own */
    char host[32];
    network_notify *notify; /* NULL: nobody listens */
    void *owner;
    struct network_end *next_of_owner; /* the owner's */
    struct buffer input;
    bool has_connected; /* it asked for the connection: of two ends one has */
    bool is_connected;  /* the connect has been answered */
    bool has_ended;     /* the other end has closed, and all it sent is in input */
    bool has_failed;    /* reset, or refused */
    bool is_closed;     /* by the program */
    bool is_reading, is_writing;
    struct segment *first_segment, **last_segment; /* on their way to the other end */
    size_t bytes_on_way;
    uint64_t last_due_ns;
    bool is_delivery_queued;
    struct task delivery;
};

/* Makes it. The world's env outlives it; its tasks run there. */
void network_open(struct env *world, uint64_t seed);
/* Forgets all ends and listeners and frees them. Programs that used them are gone. */
void network_close(void);

/* How long a segment takes: evenly between the two, and now and then (slow_chance in a thousand) ten times
 * that. */
void network_set_delay(uint64_t least_ns, uint64_t most_ns, unsigned slow_chance);
/* From one host to another, this direction only. Names that nobody has are fine. */
void network_set_link(const char *from, const char *to, bool is_up);
void network_heal_links(void);
/* For what travels by itself (coordination_sim.c). */
bool network_link_is_up(const char *from, const char *to);
uint64_t network_draw_delay(void);
/* Breaks one connection in `one_of` between any two of these hosts (NULL: any host), for both ends or, with
 * is_half, for one. Returns how many. */
unsigned network_break_connections(const char *a, const char *b, unsigned one_of, bool is_half);
/* A host has died: its listeners are gone, and the other ends of its connections hear of it now or later. */
void network_host_died(struct env *env);

/* What the reactors and transports need. Port 0: any. NULL: the port is taken. */
struct network_listener *network_listen(struct env *env, const char *host, uint16_t port,
    void (*arrive)(void *context, struct network_end *end), void *context);
uint16_t network_listener_port(const struct network_listener *listener);
void network_unlisten(struct network_listener *listener);
/* An end that is connecting. */
struct network_end *network_connect(
    struct env *env, const char *from, const char *to, uint16_t port);

bool network_is_readable(const struct network_end *end);
bool network_is_writable(const struct network_end *end);

/* Counts of the whole network, for floors under them. */
struct network_counts {
    uint64_t connects, refused, segments, held, resets;
};
struct network_counts network_counts(void);

#endif
