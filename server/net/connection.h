/* A connection: a byte stream with its buffers, and the protocol that reads it.
 *
 *   stream -> read buffer -> protocol->consume -> ... answers -> outbox -> stream
 *
 * One read and one write a turn of the loop: a read takes what is there, the protocol consumes all whole
 * messages in it, and what they and finished calls have put into the outbox is written at the turn's end; what
 * passes CONNECTION_OUT_LOW, at once.
 * An idle connection holds no buffers: reads go into the loop's own memory, only an unfinished message is
 * kept in `in`.
 *
 * Backpressure: reading stops while more than CONNECTION_OUT_HIGH bytes wait to be sent, or while too many
 * calls are in flight (connection_hold), so a client that reads nothing costs a bounded amount. What all of
 * them cost together is bounded by loop.h's output budget.
 *
 * A client that has sent its last byte (half-close) still gets its answers: the connection closes when its
 * last call has ended and the outbox is empty.
 *
 * Patience: the first bytes must tell the protocol within LIMIT_HANDSHAKE_MS, and a message that has begun
 * must end within LIMIT_MESSAGE_MS.
 *
 * Life: connection_close marks it; the stream is closed at the turn's end; the memory goes, after
 * protocol->closed, when the last hold is released. Everything here is the loop thread's. */
#ifndef STELE_SERVER_NET_CONNECTION_H
#define STELE_SERVER_NET_CONNECTION_H

#include "server/net/outbox.h"
#include "server/net/reactor.h"

#define CONNECTION_OUT_HIGH (8u << 20)
#define CONNECTION_OUT_LOW  (1u << 20)
#define CONNECTION_IN_KEPT  (64u << 10) /* a larger input buffer is given back when it is empty */

struct connection;
struct loop;

/* What speaks on a connection. */
struct protocol {
    const char *name;
    /* The first bytes are known to be this protocol's. Makes connection->state. */
    enum status (*open)(struct connection *connection, void *context);
    /* All bytes not consumed yet, at least one. Returns how many it is done with; fewer than all: call again
     * with more, or when calls are released or sent bytes make room (see connection_is_full). Spans stay
     * valid until it returns. */
    size_t (*consume)(struct connection *connection, struct span in);
    /* Every REACTOR_TICK_MS: for timeouts. May be NULL. */
    void (*tick)(struct connection *connection, uint64_t now_ns);
    /* Frees the state. No hold is left. */
    void (*closed)(struct connection *connection);
};

/* Which protocol the first bytes are: NULL and *out_needs_more, or NULL for none. */
typedef const struct protocol *protocol_sniff(
    void *context, struct span first, bool *out_needs_more, void **out_protocol_context);

struct connection {
    struct loop *loop;
    struct stream *stream;           /* NULL once closed */
    const struct protocol *protocol; /* NULL until sniffed */
    void *state;                     /* the protocol's */
    protocol_sniff *sniff;
    void *sniff_context;
    struct buffer in; /* bytes of unfinished messages */
    size_t in_from;   /* consumed already */
    struct outbox out;
    unsigned holds;    /* calls in flight */
    bool is_closing;   /* close at the end of the turn */
    bool is_finishing; /* close when the outbox is empty; nothing more is read */
    bool is_ended;     /* the peer sends no more; answers may still be on their way to it */
    bool is_outgoing;  /* we have opened it */
    bool is_dirty;     /* in the loop's list of connections to write */
    size_t
        counted_output; /* bytes in the outbox at the end of the last turn: the loop's budget has them */
    uint64_t output_since_ns; /* since when there are some */
    uint64_t opened_ns;
    uint64_t message_since_ns;          /* when the unfinished message began; 0 = none */
    struct connection *next, *previous; /* the loop's list of all */
    struct connection *next_dirty;
};

/* Takes the stream. On failure the stream is closed. */
enum status connection_new(struct loop *loop, struct stream *stream, protocol_sniff *sniff,
    void *sniff_context, struct connection **out_connection);

/* The same for a stream that we have opened ourselves: its protocol is known and opened at once. */
enum status connection_new_outgoing(struct loop *loop, struct stream *stream,
    const struct protocol *protocol, void *protocol_context, struct connection **out_connection);

/* Appends to what is sent at the end of this turn. */
void connection_put(struct connection *connection, struct span bytes);
void connection_take(struct connection *connection, struct buffer *bytes);
/* True: consume must stop and return; it is called again later. */
bool connection_is_full(const struct connection *connection);
/* A call has begun; the connection's memory stays until it is released. */
void connection_hold(struct connection *connection);
void connection_release(struct connection *connection);
/* Drops what is not sent and closes. May be called more than once, and from consume. */
void connection_close(struct connection *connection);
/* Sends what is in the outbox, then closes. */
void connection_finish(struct connection *connection);
bool connection_is_open(const struct connection *connection);

/* For the loop: writes, reads on if there is room, closes if it is time. */
void connection_end_turn(struct connection *connection);
void connection_tick(struct connection *connection, uint64_t now_ns);

#endif
