#include "client/connection.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/memory.h"
#include "client/slots.h"
#include "proto/wire.h"

enum {
    RECEIVE_SIZE = 64 << 10,
    OUTPUT_KEEP = 1 << 20, /* an output buffer larger than this is not kept */
    TICK_MS = 100,         /* how often late calls are looked for */
    SHORT_TICK_MS = 10,    /* while one has less than SHORT_CALL_MS */
    SHORT_CALL_MS = 1000,
};

static const char *const service_names[SERVICE_COUNT] = {
    [SERVICE_CLIENT] = "ClientService",
    [SERVICE_ADMIN] = "AdminService",
    [SERVICE_MASTER] = "MasterService",
    [SERVICE_REGISTRY] = "ClientMetaService",
    [SERVICE_STELE] = "SteleService",
};

struct connection {
    struct connection_context *context;
    struct connection *next, **link; /* of context->connections */
    struct connection *next_dirty;
    struct connection **owner;
    struct channel *channel;
    char place[300]; /* "host:port", for messages */
    bool is_connected;
    bool is_dirty;
    bool is_broken; /* no more calls; freed at the end of what is running */
    bool wants_write;
    unsigned users; /* frames of the stack that are inside */
    uint64_t connect_deadline_ns;
    struct buffer output;
    size_t output_done;  /* bytes of it that are written */
    struct block *block; /* received: block->data[block_from, block_to) */
    size_t block_from, block_to;
    struct slots slots;
};

static void connection_break(struct connection *connection, const struct failure *failure);

/* The request is not in flight any more. */
static void release(struct request *request)
{
    slots_release(&request->connection->slots, request->call_id);
    request->connection = NULL;
}

/* ---- late calls ---- */

static void tick_schedule(struct connection_context *context, uint32_t timeout_ms)
{
    uint32_t tick_ms = timeout_ms < SHORT_CALL_MS ? SHORT_TICK_MS : TICK_MS;
    if (context->tick_ms && context->tick_ms <= tick_ms)
        return;
    context->tick_ms = 0; /* a start that fails leaves none running; the next request tries again */
    if (transport_timer_start(
            context->loop->transport, &context->tick, (uint64_t)tick_ms * 1000000))
        context->tick_ms = tick_ms;
}

/* Fails the calls of a connection that are late. Perhaps others have its regions by now, all of them: the next ones look
 * before they wait for it as long. */
static void expire_calls(struct connection *connection, uint64_t now)
{
    for (uint32_t i = 0; i < connection->slots.count && !connection->is_broken; i++) {
        struct request *request = slots_at(&connection->slots, i);
        if (!request || request->deadline_ns > now)
            continue;
        struct failure failure;
        release(request);
        failure_init(&failure, EXCEPTION_SERVER_GONE, STELE_TIMEOUT, "no answer from %s in time",
            connection->place);
        request->finish(request, &failure, NULL, NULL);
    }
}

static void connection_enter(struct connection *connection)
{
    connection->users++;
}

static void connection_leave(struct connection *connection)
{
    if (--connection->users > 0 || !connection->is_broken)
        return;
    buffer_deinit(&connection->output);
    block_unref(connection->block);
    slots_deinit(&connection->slots);
    memory_free(connection);
}

static void on_tick(struct transport_timer *timer)
{
    struct connection_context *context =
        (struct connection_context *)(void *)((char *)timer -
                                              offsetof(struct connection_context, tick));
    uint64_t now = loop_now(context->loop);
    bool is_needed = false;
    uint32_t tick_ms = context->tick_ms;
    context->tick_ms = 0;
    for (struct connection *connection = context->connections; connection;) {
        connection_enter(connection);
        if (!connection->is_connected && now > connection->connect_deadline_ns) {
            struct failure failure;
            failure_init(&failure, EXCEPTION_SERVER_GONE, STELE_CONNECTION,
                "cannot connect to %s: timed out", connection->place);
            connection_break(connection, &failure);
        } else {
            expire_calls(connection, now);
        }
        is_needed |= !connection->is_broken &&
                     (connection->slots.in_use > 0 || !connection->is_connected);
        struct connection *next = connection->is_broken ? context->connections : connection->next;
        connection_leave(connection);
        connection = next;
    }
    if (is_needed)
        tick_schedule(context, tick_ms < TICK_MS ? 0 : SHORT_CALL_MS);
}

/* ---- breaking ---- */

static void connection_break(struct connection *connection, const struct failure *failure)
{
    if (connection->is_broken)
        return;
    connection->is_broken = true;
    connection_enter(connection);
    if (connection->owner)
        *connection->owner = NULL;
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    connection->channel->table->close(connection->channel);
    for (uint32_t i = 0; i < connection->slots.count; i++) {
        struct request *request = slots_at(&connection->slots, i);
        if (!request)
            continue;
        release(request);
        request->finish(request, failure, NULL, NULL);
    }
    if (connection->is_dirty) {
        struct connection **at = &connection->context->dirty;
        while (*at != connection)
            at = &(*at)->next_dirty;
        *at = connection->next_dirty;
    }
    connection_leave(connection);
}

static void break_errno(struct connection *connection, const char *what, int error_number)
{
    struct failure failure;
    failure_init(&failure, EXCEPTION_SERVER_GONE, STELE_CONNECTION, "%s %s: %s", what,
        connection->place, strerror(error_number));
    failure.is_hang_up = connection->is_connected &&
                         (error_number == ECONNRESET || error_number == EPIPE);
    connection_break(connection, &failure);
}

/* ---- writing ---- */

static void write_interest(struct connection *connection, bool wants_write)
{
    if (connection->wants_write == wants_write)
        return;
    connection->wants_write = wants_write;
    connection->channel->table->want_room(connection->channel, wants_write);
}

static void flush_output(struct connection *connection)
{
    struct buffer *output = &connection->output;
    while (connection->output_done < output->size) {
        ptrdiff_t written = connection->channel->table->write(
            connection->channel, span_make(output->data + connection->output_done,
                                     output->size - connection->output_done));
        if (written == -EAGAIN) {
            write_interest(connection, true);
            return;
        }
        if (written < 0) {
            break_errno(connection, "cannot write to", (int)-written);
            return;
        }
        connection->output_done += (size_t)written;
    }
    connection->output_done = 0;
    if (output->capacity > OUTPUT_KEEP)
        buffer_deinit(output);
    buffer_reset(output);
    write_interest(connection, false);
}

static void flush_dirty(struct loop_task *task)
{
    struct connection_context *context =
        (struct connection_context *)(void *)((char *)task -
                                              offsetof(struct connection_context, flush_task));
    context->is_flush_queued = false;
    while (context->dirty) {
        struct connection *connection = context->dirty;
        context->dirty = connection->next_dirty;
        connection->is_dirty = false;
        if (!connection->is_connected || connection->wants_write)
            continue;
        connection_enter(connection);
        flush_output(connection);
        connection_leave(connection);
    }
}

static void mark_dirty(struct connection *connection)
{
    struct connection_context *context = connection->context;
    if (connection->is_dirty)
        return;
    connection->is_dirty = true;
    connection->next_dirty = context->dirty;
    context->dirty = connection;
    if (!context->is_flush_queued) {
        context->is_flush_queued = true;
        loop_defer(context->loop, &context->flush_task);
    }
}

bool connection_send(struct connection *connection, struct request *request, struct span method,
    uint32_t priority, uint32_t timeout_ms, struct span prefix, struct span message,
    struct span cell_block, struct failure *failure)
{
    struct buffer *output = &connection->output;
    size_t param_size = prefix.size + message.size, start = output->size;
    if (param_size + cell_block.size > LIMIT_FRAME_SIZE) {
        failure_init(failure, EXCEPTION_DO_NOT_RETRY, STELE_INVALID,
            "a request of %zu bytes exceeds the limit of %u", param_size + cell_block.size,
            LIMIT_FRAME_SIZE);
        return false;
    }
    if (connection->is_broken || !slots_take(&connection->slots, request, &request->call_id)) {
        failure_init(failure, EXCEPTION_OVERLOADED, STELE_BUSY, "too many calls in flight to %s",
            connection->place);
        return false;
    }
    request->connection = connection;
    request_head_encode(
        output, request->call_id, method, priority, timeout_ms, param_size, cell_block.size);
    buffer_put(output, prefix);
    buffer_put(output, message);
    buffer_put(output, cell_block);
    if (buffer_status(output)) {
        output->size = start;
        output->is_failed = false;
        release(request);
        failure_init(failure, EXCEPTION_DO_NOT_RETRY, STELE_NO_MEMORY, "no memory for a request");
        return false;
    }
    request->deadline_ns = loop_recent(connection->context->loop) + (uint64_t)timeout_ms * 1000000;
    mark_dirty(connection);
    tick_schedule(connection->context, timeout_ms);
    return true;
}

/* ---- reading ---- */

/* Room for what comes: the rest of the frame that has begun, else RECEIVE_SIZE. */
static bool make_room(struct connection *connection)
{
    struct block *block = connection->block;
    size_t have = connection->block_to - connection->block_from, need = RECEIVE_SIZE, total;
    struct span body;
    if (have == 0 && block && atomic_load(&block->refs) == 1) {
        connection->block_from = connection->block_to = 0;
        if (block->capacity <= 2 * RECEIVE_SIZE)
            return true;
        block_unref(block);
        block = connection->block = NULL;
    }
    struct span received = have && block ? span_make(block->data + connection->block_from, have)
                                         : SPAN_EMPTY;
    if (frame_peek(received, LIMIT_FRAME_SIZE, &body, &total) == STATUS_WOULD_BLOCK && total > need)
        need = total;
    if (block && connection->block_from + need <= block->capacity &&
        connection->block_to < block->capacity)
        return true;
    struct block *larger = block_new(connection->context->blocks, need);
    if (!larger)
        return false;
    if (have)
        memcpy(larger->data, received.data, have);
    block_unref(block);
    connection->block = larger;
    connection->block_from = 0;
    connection->block_to = have;
    return true;
}

/* One answer. False when the connection broke. */
static bool dispatch(struct connection *connection, struct span body)
{
    struct response_frame answer;
    struct failure failure;
    struct error error;
    if (response_frame_decode(body, &answer, &error)) {
        failure_init(&failure, EXCEPTION_SERVER_GONE, STELE_PROTOCOL, "%s: %s", connection->place,
            error.message);
        connection_break(connection, &failure);
        return false;
    }
    if (answer.has_exception)
        failure_from_exception(&failure, &answer.exception);
    if (answer.call_id == CALL_ID_NONE && answer.has_exception) {
        connection_break(connection, &failure);
        return false;
    }
    struct request *request = slots_find(&connection->slots, answer.call_id);
    if (!request)
        return true;
    release(request);
    if (answer.has_exception)
        request->finish(request, &failure, NULL, NULL);
    else
        request->finish(request, NULL, &answer, connection->block);
    return !connection->is_broken;
}

static void parse_received(struct connection *connection)
{
    size_t total;
    struct span body;
    for (;;) {
        struct block *block = connection->block;
        struct span received = span_make(
            block->data + connection->block_from, connection->block_to - connection->block_from);
        enum status status = frame_peek(received, LIMIT_FRAME_SIZE, &body, &total);
        if (status == STATUS_WOULD_BLOCK)
            return;
        if (status) {
            struct failure failure;
            failure_init(&failure, EXCEPTION_SERVER_GONE, STELE_PROTOCOL,
                "%s sent a frame over the limit of %u bytes", connection->place, LIMIT_FRAME_SIZE);
            connection_break(connection, &failure);
            return;
        }
        connection->block_from += total;
        if (!dispatch(connection, body))
            return;
    }
}

static void read_input(struct connection *connection)
{
    if (!make_room(connection)) {
        break_errno(connection, "cannot read from", ENOMEM);
        return;
    }
    struct block *block = connection->block;
    ptrdiff_t received = connection->channel->table->read(connection->channel,
        block->data + connection->block_to, block->capacity - connection->block_to);
    if (received == -EAGAIN)
        return;
    if (received < 0) {
        break_errno(connection, "lost connection to", (int)-received);
        return;
    }
    if (received == 0) {
        struct failure failure;
        failure_init(&failure, EXCEPTION_SERVER_GONE, STELE_CONNECTION, "%s closed the connection",
            connection->place);
        failure.is_hang_up = true;
        connection_break(connection, &failure);
        return;
    }
    connection->block_to += (size_t)received;
    parse_received(connection);
}

/* ---- connecting ---- */

static void finish_connect(struct connection *connection)
{
    int error_number = connection->channel->table->finish_connect(connection->channel);
    if (error_number) {
        break_errno(connection, "cannot connect to", error_number);
        return;
    }
    connection->is_connected = true;
    flush_output(connection);
}

static void on_ready(struct channel *channel, bool is_readable, bool is_writable)
{
    struct connection *connection = channel->owner;
    connection_enter(connection);
    if (is_writable) {
        if (!connection->is_connected)
            finish_connect(connection);
        else
            flush_output(connection);
    }
    if (is_readable && !connection->is_broken && connection->is_connected)
        read_input(connection);
    connection_leave(connection);
}

/* Preamble and connection header, before anything else. The server says nothing to them. */
static void put_handshake(struct connection *connection, enum service service)
{
    struct buffer *output = &connection->output;
    buffer_put(output, SPAN_LITERAL(PREAMBLE_MAGIC));
    buffer_put_u8(output, 0);
    buffer_put_u8(output, AUTH_SIMPLE);
    size_t start = output->size;
    buffer_put_be32(output, 0);
    size_t mark = wire_begin(output, 1);
    wire_put_bytes(output, 1, connection->context->user);
    wire_end(output, mark);
    wire_put_bytes(output, 2, span_string(service_names[service]));
    wire_put_bytes(output, 3, SPAN_LITERAL(CODEC_KEY_VALUE));
    mark = wire_begin(output, 5); /* a version, so that servers answer as to a new client */
    wire_put_bytes(output, 1, SPAN_LITERAL("2.6.4"));
    wire_put_bytes(output, 2, SPAN_LITERAL("libstele"));
    wire_put_bytes(output, 3, SPAN_LITERAL(""));
    wire_put_bytes(output, 4, SPAN_LITERAL(""));
    wire_put_bytes(output, 5, SPAN_LITERAL(""));
    wire_put_bytes(output, 6, SPAN_LITERAL(""));
    wire_put_varint(output, 7, 2);
    wire_put_varint(output, 8, 6);
    wire_end(output, mark);
    if (!output->is_failed)
        store_be32(output->data + start, (uint32_t)(output->size - start - 4));
}

struct connection *connection_open(struct connection_context *context, struct span host,
    uint32_t port, enum service service, struct connection **owner, struct failure *failure)
{
    const char *why;
    struct transport *transport = context->loop->transport;
    struct channel *channel = transport->table->connect(transport, host, port, &why);
    if (!channel) {
        failure_init(failure, EXCEPTION_SERVER_GONE, STELE_CONNECTION,
            "cannot connect to %.*s:%u: %s", (int)host.size, (const char *)host.data, port, why);
        return NULL;
    }
    struct connection *connection = memory_allocate_zeroed(1, sizeof(*connection));
    if (!connection) {
        channel->table->close(channel);
        failure_init(
            failure, EXCEPTION_DO_NOT_RETRY, STELE_NO_MEMORY, "no memory for a connection");
        return NULL;
    }
    connection->context = context;
    connection->owner = owner;
    connection->channel = channel;
    channel->ready = on_ready;
    channel->owner = connection;
    connection->wants_write = true;
    connection->connect_deadline_ns = loop_now(context->loop) +
                                      (uint64_t)context->connect_timeout_ms * 1000000;
    snprintf(connection->place, sizeof(connection->place), "%.*s:%u", (int)host.size,
        (const char *)host.data, port);
    connection->next = context->connections;
    connection->link = &context->connections;
    if (connection->next)
        connection->next->link = &connection->next;
    context->connections = connection;
    put_handshake(connection, service);
    tick_schedule(context, SHORT_CALL_MS);
    return connection;
}

void connection_context_init(struct connection_context *context, struct loop *loop,
    struct block_pool *blocks, struct span user, uint32_t connect_timeout_ms)
{
    *context = (struct connection_context){
        .loop = loop, .blocks = blocks, .user = user, .connect_timeout_ms = connect_timeout_ms};
    context->flush_task.run = flush_dirty;
    context->tick.run = on_tick;
}

void connection_context_cancel(struct connection_context *context)
{
    struct failure failure;
    failure_init(&failure, EXCEPTION_FATAL, STELE_CANCELLED, "the client is closing");
    while (context->connections) {
        struct connection *connection = context->connections;
        connection_enter(connection);
        connection_break(connection, &failure);
        connection_leave(connection);
    }
}

void connection_context_deinit(struct connection_context *context)
{
    connection_context_cancel(context);
    transport_timer_stop(&context->tick);
}
