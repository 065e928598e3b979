#include "server/net/connection.h"

#include "base/limits.h"
#include "base/log_lines.h"
#include "base/memory.h"
#include "server/net/loop.h"

#define PIECES_PER_WRITE 32

static void connection_free(struct connection *connection)
{
    if (connection->protocol)
        connection->protocol->closed(connection);
    outbox_deinit(&connection->out);
    buffer_deinit(&connection->in);
    memory_free(connection);
}

/* What waits to be sent at the end of a turn counts against the server's budget. */
static void count_output(struct connection *connection, size_t size)
{
    struct output_budget *budget = connection->loop->output;
    if (size == connection->counted_output)
        return;
    if (budget) {
        atomic_fetch_add_explicit(&budget->bytes, size, memory_order_relaxed);
        atomic_fetch_sub_explicit(&budget->bytes, connection->counted_output, memory_order_relaxed);
    }
    if (connection->counted_output == 0)
        connection->output_since_ns = env_monotonic_ns(connection->loop->env);
    connection->counted_output = size;
}

/* The one place where a connection leaves its loop. */
static void connection_end(struct connection *connection)
{
    struct loop *loop = connection->loop;
    if (connection->stream) {
        connection->stream->table->close(connection->stream);
        connection->stream = NULL;
        if (connection->previous)
            connection->previous->next = connection->next;
        else
            loop->connections = connection->next;
        if (connection->next)
            connection->next->previous = connection->previous;
        loop->connection_count--;
        count_output(connection, 0);
        outbox_deinit(&connection->out);
    }
    if (connection->holds == 0)
        connection_free(connection);
}

static void mark_dirty(struct connection *connection)
{
    if (connection->is_dirty)
        return;
    connection->is_dirty = true;
    connection->next_dirty = connection->loop->dirty;
    connection->loop->dirty = connection;
}

bool connection_is_open(const struct connection *connection)
{
    return connection->stream && !connection->is_closing;
}

bool connection_is_full(const struct connection *connection)
{
    return connection->out.size > CONNECTION_OUT_HIGH ||
           connection->holds >= LIMIT_CALLS_OF_CONNECTION || connection->is_closing ||
           connection->is_finishing;
}

static void write_out(struct connection *connection)
{
    while (connection->out.size > 0) {
        struct span pieces[PIECES_PER_WRITE];
        size_t count = outbox_pieces(&connection->out, pieces, PIECES_PER_WRITE);
        size_t offered = 0;
        for (size_t i = 0; i < count; i++)
            offered += pieces[i].size;
        ptrdiff_t sent = connection->stream->table->write(connection->stream, pieces, count);
        if (sent == STREAM_FAILED)
            connection->is_closing = true;
        if (sent <= 0)
            return;
        outbox_advance(&connection->out, (size_t)sent);
        if ((size_t)sent < offered)
            return;
    }
}

void connection_put(struct connection *connection, struct span bytes)
{
    /* Nothing is no reason for another turn: a protocol that waits for the rest of a message puts nothing. */
    if (bytes.size == 0 || !connection_is_open(connection))
        return;
    outbox_put(&connection->out, bytes);
    mark_dirty(connection);
}

void connection_take(struct connection *connection, struct buffer *bytes)
{
    if (!connection_is_open(connection))
        return;
    outbox_take(&connection->out, bytes);
    mark_dirty(connection);
    if (connection->out.size > CONNECTION_OUT_LOW && !connection->out.is_failed) {
        write_out(
            connection); /* so that what many clients ask for in one turn is counted in time */
        count_output(connection, connection->out.size);
    }
}

void connection_hold(struct connection *connection)
{
    connection->holds++;
}

void connection_release(struct connection *connection)
{
    connection->holds--;
    mark_dirty(connection); /* the end of the turn reads on, or frees */
}

void connection_close(struct connection *connection)
{
    connection->is_closing = true;
    mark_dirty(connection);
}

void connection_finish(struct connection *connection)
{
    connection->is_finishing = true;
    mark_dirty(connection);
}

/* True when the protocol is known. */
static bool find_protocol(struct connection *connection, struct span in)
{
    if (connection->protocol)
        return true;
    bool needs_more = false;
    void *context = NULL;
    const struct protocol *protocol = connection->sniff(
        connection->sniff_context, in, &needs_more, &context);
    if (!protocol) {
        if (!needs_more)
            connection_close(connection);
        return false;
    }
    if (protocol->open(connection, context)) {
        connection_close(connection);
        return false;
    }
    connection->protocol = protocol;
    return true;
}

/* Returns how much of `in` is done with. */
static size_t consume(struct connection *connection, struct span in)
{
    if (in.size == 0 || connection_is_full(connection) || !find_protocol(connection, in))
        return 0;
    size_t done = connection->protocol->consume(connection, in);
    if (done == in.size)
        connection->message_since_ns = 0;
    else if (done > 0 || connection->message_since_ns == 0)
        connection->message_since_ns = env_monotonic_ns(connection->loop->env);
    return done;
}

static void consume_kept(struct connection *connection)
{
    struct buffer *in = &connection->in;
    struct span left = span_make(in->data + connection->in_from, in->size - connection->in_from);
    connection->in_from += consume(connection, left);
    if (connection->in_from < in->size)
        return;
    connection->in_from = 0;
    buffer_reset(in);
    if (in->capacity > CONNECTION_IN_KEPT)
        buffer_deinit(in);
    else if (in->capacity > 0)
        buffer_pool_give(&connection->loop->pool, in);
}

static void keep(struct connection *connection, struct span bytes)
{
    if (bytes.size == 0)
        return;
    if (connection->in.capacity == 0)
        connection->in = buffer_pool_take(&connection->loop->pool, false);
    buffer_put(&connection->in, bytes);
    if (buffer_status(&connection->in))
        connection_close(connection);
}

/* Makes room behind an unfinished message; doubles as bytes arrive, never by what a length claims. */
static uint8_t *make_room(struct connection *connection, size_t *out_size)
{
    struct buffer *in = &connection->in;
    if (connection->in_from > 0) {
        memmove(in->data, in->data + connection->in_from, in->size - connection->in_from);
        in->size -= connection->in_from;
        connection->in_from = 0;
    }
    size_t room = in->capacity - in->size;
    *out_size = room >= CONNECTION_IN_KEPT ? room : CONNECTION_IN_KEPT;
    return buffer_reserve(in, *out_size);
}

static ptrdiff_t read_more(struct connection *connection)
{
    struct stream *stream = connection->stream;
    if (connection->in.size > connection->in_from) {
        size_t room;
        uint8_t *memory = make_room(connection, &room);
        if (!memory)
            return STREAM_FAILED;
        ptrdiff_t got = stream->table->read(stream, memory, room);
        if (got > 0) {
            buffer_commit(&connection->in, (size_t)got);
            consume_kept(connection);
        }
        return got;
    }
    uint8_t *memory = connection->loop->read_memory;
    ptrdiff_t got = stream->table->read(stream, memory, LOOP_READ_SIZE);
    if (got > 0) {
        size_t done = consume(connection, span_make(memory, (size_t)got));
        keep(connection, span_make(memory + done, (size_t)got - done));
    }
    return got;
}

static void stream_ready(struct stream *stream, bool is_readable, bool is_writable)
{
    struct connection *connection = stream->owner;
    if (is_writable)
        mark_dirty(connection);
    if (!is_readable || connection_is_full(connection) || connection->is_ended)
        return;
    ptrdiff_t got = read_more(connection);
    if (got == STREAM_FAILED)
        connection_close(connection);
    else if (got == STREAM_END && connection->is_outgoing)
        connection_close(connection); /* nobody is left to answer us */
    else if (got == STREAM_END)
        connection->is_ended = true;
    mark_dirty(connection);
}

/* Consumes what was kept while there was no room. True: that may have made more to do. */
static bool read_on(struct connection *connection)
{
    if (connection->in.size == connection->in_from || connection->out.size > CONNECTION_OUT_LOW ||
        connection_is_full(connection))
        return false;
    size_t before = connection->in_from;
    consume_kept(connection);
    return connection->in_from != before || connection->in.size == 0;
}

/* Nothing is left to do on a connection that is not to go on. */
static bool is_over(const struct connection *connection)
{
    if (connection->is_closing)
        return true;
    if (connection->out.size > 0)
        return false;
    if (connection->is_finishing)
        return true;
    bool is_draining = atomic_load_explicit(&connection->loop->is_draining, memory_order_relaxed);
    return connection->holds == 0 && (is_draining || connection->is_ended);
}

void connection_end_turn(struct connection *connection)
{
    if (!connection->stream) {
        if (connection->holds == 0)
            connection_free(connection);
        return;
    }
    if (connection->out.is_failed)
        connection->is_closing = true;
    if (!connection->is_closing)
        write_out(connection);
    count_output(connection, connection->out.size);
    if (read_on(connection)) {
        mark_dirty(connection);
    } else if (is_over(connection)) {
        connection_end(connection);
        return;
    }
    bool is_reading = !connection_is_full(connection) && !connection->is_ended;
    connection->stream->table->watch(connection->stream, is_reading, connection->out.size > 0);
}

void connection_tick(struct connection *connection, uint64_t now_ns)
{
    if (!connection->protocol) {
        if (now_ns - connection->opened_ns > LIMIT_HANDSHAKE_MS * 1000000ull)
            connection_close(connection);
        return;
    }
    if (connection->message_since_ns && !connection_is_full(connection) &&
        now_ns - connection->message_since_ns > LIMIT_MESSAGE_MS * 1000000ull)
        connection_close(connection);
    if (connection->protocol->tick)
        connection->protocol->tick(connection, now_ns);
    if (atomic_load_explicit(&connection->loop->is_draining, memory_order_relaxed))
        mark_dirty(connection);
}

/* Takes the stream in any case; NULL: it is closed. */
static struct connection *connection_make(struct loop *loop, struct stream *stream)
{
    struct connection *connection = memory_allocate_zeroed(1, sizeof *connection);
    if (!connection || reactor_adopt(loop->reactor, stream)) {
        stream->table->close(stream);
        memory_free(connection);
        return NULL;
    }
    connection->loop = loop;
    connection->stream = stream;
    connection->out.pool = &loop->pool;
    connection->opened_ns = env_monotonic_ns(loop->env);
    connection->next = loop->connections;
    if (loop->connections)
        loop->connections->previous = connection;
    loop->connections = connection;
    loop->connection_count++;
    stream->owner = connection;
    stream->ready = stream_ready;
    return connection;
}

enum status connection_new(struct loop *loop, struct stream *stream, protocol_sniff *sniff,
    void *sniff_context, struct connection **out_connection)
{
    struct connection *connection = connection_make(loop, stream);
    if (!connection)
        return STATUS_NO_MEMORY;
    connection->sniff = sniff;
    connection->sniff_context = sniff_context;
    stream->table->watch(stream, true, false);
    *out_connection = connection;
    return STATUS_OK;
}

enum status connection_new_outgoing(struct loop *loop, struct stream *stream,
    const struct protocol *protocol, void *protocol_context, struct connection **out_connection)
{
    struct connection *connection = connection_make(loop, stream);
    if (!connection)
        return STATUS_NO_MEMORY;
    if (protocol->open(connection, protocol_context)) {
        connection_end(connection);
        return STATUS_NO_MEMORY;
    }
    connection->protocol = protocol;
    connection->is_outgoing = true;
    mark_dirty(connection); /* the end of the turn watches it */
    *out_connection = connection;
    return STATUS_OK;
}
