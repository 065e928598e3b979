/* A connection to one service of one server, with many calls in flight.
 *
 * Requests are appended to one output buffer and written once a turn of the loop; answers are
 * parsed where they were received (client/block.h) and matched by call id, in any order. A call id
 * is a slot of the table of calls in flight and its generation, so that a late answer of a call
 * that was given up is known and dropped. When the connection breaks, every call in flight fails
 * and the connection is done: its server makes a new one.
 *
 * Loop thread only. */
#ifndef STELE_CLIENT_CONNECTION_H
#define STELE_CLIENT_CONNECTION_H

#include "base/bytes.h"
#include "client/block.h"
#include "client/failure.h"
#include "client/loop.h"
#include "proto/frame.h"

enum service {
    SERVICE_CLIENT,
    SERVICE_ADMIN,
    SERVICE_MASTER,
    SERVICE_REGISTRY,
    SERVICE_STELE,
    SERVICE_COUNT
};

struct connection;

/* Embedded in what waits for an answer. */
struct request {
    /* Exactly one of the two is given. The answer's spans lie in `block`, good for this call unless
     * held. */
    void (*finish)(struct request *request, const struct failure *failure,
        const struct response_frame *answer, struct block *block);
    struct connection *connection; /* while in flight */
    uint32_t call_id;              /* while in flight */
    uint64_t deadline_ns;          /* while in flight: when it fails with STELE_TIMEOUT */
};

/* What connections of a client have in common. */
struct connection_context {
    struct loop *loop;
    struct block_pool *blocks;
    struct span user;
    uint32_t connect_timeout_ms;
    struct connection *connections; /* all, linked */
    struct connection *dirty;       /* those with bytes to write in this turn */
    struct loop_task flush_task;    /* flushes them */
    bool is_flush_queued;
    struct transport_timer tick; /* looks for calls that are late */
    uint32_t tick_ms;            /* of the tick that is due; 0 = none */
};

void connection_context_init(struct connection_context *context, struct loop *loop,
    struct block_pool *blocks, struct span user, uint32_t connect_timeout_ms);
/* Breaks all connections: every call in flight fails with STELE_CANCELLED. */
void connection_context_cancel(struct connection_context *context);
void connection_context_deinit(struct connection_context *context);

/* Starts to connect; `owner` is set to NULL when the connection breaks. NULL with *failure set when
 * there is no such host, or no memory. Name look-ups are getaddrinfo's and block; numeric addresses
 * do not. */
struct connection *connection_open(struct connection_context *context, struct span host,
    uint32_t port, enum service service, struct connection **owner, struct failure *failure);

/* Sends a request: head, then `prefix` and `message` as its parameter, then the cell block. All is
 * copied. False with *failure when too many are in flight or on no memory. */
bool connection_send(struct connection *connection, struct request *request, struct span method,
    uint32_t priority, uint32_t timeout_ms, struct span prefix, struct span message,
    struct span cell_block, struct failure *failure);

#endif
