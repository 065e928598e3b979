/* Connections as they come: what speaks is told by the first bytes, and each goes to a loop of its own. */
#include "base/limits.h"
#include "base/memory.h"
#include "server/hbase/rpc_connection.h"
#include "server/server_internal.h"

/* A stream on its way from the loop that accepted it to its own. */
struct handover {
    struct task task;
    struct server_loop *loop;
    struct stream *stream;
    protocol_sniff *sniff;
};

static const struct protocol *sniff_main(
    void *context, struct span first, bool *out_needs_more, void **out_protocol_context)
{
    struct server *server = context;
    uint32_t size, version;
    if (first.data[0] != 0) {
        *out_protocol_context = &server->service;
        return &rpc_protocol; /* which tells strangers what it expected */
    }
    /* A ZooKeeper connect request: its size, then protocol version 0. */
    *out_needs_more = first.size < 8;
    if (span_take_be32(&first, &size) || span_take_be32(&first, &version))
        return NULL;
    if (size > LIMIT_ZK_CONNECT_SIZE || version != 0)
        return NULL;
    *out_protocol_context = &server->zookeeper;
    return &zk_protocol;
}

static const struct protocol *sniff_zookeeper(
    void *context, struct span first, bool *out_needs_more, void **out_protocol_context)
{
    struct server *server = context;
    (void)first, (void)out_needs_more;
    *out_protocol_context = &server->zookeeper;
    return &zk_protocol;
}

static void handover_run(struct task *task)
{
    struct handover *handover = (struct handover *)((char *)task - offsetof(struct handover, task));
    struct loop *loop = handover->loop->loop;
    struct connection *connection;
    if (loop->connection_count >= LIMIT_CONNECTIONS / handover->loop->server->loop_count ||
        atomic_load_explicit(&loop->is_draining, memory_order_relaxed))
        handover->stream->table->close(handover->stream);
    else
        (void)connection_new(
            loop, handover->stream, handover->sniff, handover->loop->server, &connection);
    memory_free(handover);
}

/* Loop 0. */
static void deal(struct server *server, struct stream *stream, protocol_sniff *sniff)
{
    struct handover *handover = memory_allocate_zeroed(1, sizeof *handover);
    if (!handover) {
        stream->table->close(stream);
        return;
    }
    handover->task.run = handover_run;
    /* Not in turn: clients open their connections in a rhythm (one to ask, one to work), which would put all that
     * work on one loop. */
    server->next_loop = server->next_loop * 1103515245u + 12345u;
    handover->loop = &server->loops[(server->next_loop >> 16) % server->loop_count];
    handover->stream = stream;
    handover->sniff = sniff;
    loop_post(handover->loop->loop, &handover->task);
}

void server_accept_main(void *context, struct stream *stream)
{
    deal(context, stream, sniff_main);
}

void server_accept_zookeeper(void *context, struct stream *stream)
{
    deal(context, stream, sniff_zookeeper);
}
