#include "tests/sim/reactor_memory.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/env_memory.h"

#define FIRST_PORT 16000
#define WRITE_ROOM (64u << 10) /* bytes under way to the client before writes say STREAM_AGAIN */

struct memory_reactor {
    struct reactor reactor;
    struct env *env;
    struct executor *executor;
    struct reactor_hooks hooks;
    struct task turn_task;
    struct task tick_task;
    bool is_turn_queued;
    bool is_started;
    struct task *posted_first, *posted_last;
    struct memory_stream *streams; /* adopted */
};

struct memory_stream {
    struct stream stream;
    struct memory_reactor *reactor; /* NULL before it is adopted */
    struct memory_stream *next;
    struct memory_stream *other;        /* the other end, when it is a server's too */
    struct buffer to_server, to_client; /* read here; and, without another end, written here */
    bool is_reading, is_writing;
    bool is_closed; /* by the server */
    bool has_ended; /* the other end is closed, or never was */
};

struct listener {
    struct memory_reactor *reactor;
    uint16_t port;
    listener_accept *accept;
    void *context;
    struct listener *next;
};

/* A connection on its way to its listener. */
struct arrival {
    struct task task;
    struct listener *listener;
    struct memory_stream *stream;
};

static struct listener *listeners;

static void queue_turn(struct memory_reactor *self)
{
    if (self->is_turn_queued || !self->is_started)
        return;
    self->is_turn_queued = true;
    executor_submit(self->executor, &self->turn_task);
}

/* ---- Streams ---- */

static size_t some_of(struct memory_stream *self, size_t most)
{
    uint64_t choice = env_random_u64(self->reactor->env);
    return choice % 4 == 0 ? 1 + (size_t)(choice >> 8) % most : most;
}

static void drop_front(struct buffer *buffer, size_t size)
{
    memmove(buffer->data, buffer->data + size, buffer->size - size);
    buffer->size -= size;
}

static ptrdiff_t stream_read(struct stream *stream, void *bytes, size_t size)
{
    struct memory_stream *self = (struct memory_stream *)stream;
    if (self->to_server.size == 0)
        return self->has_ended ? STREAM_END : STREAM_AGAIN;
    size_t taken = some_of(self, size < self->to_server.size ? size : self->to_server.size);
    memcpy(bytes, self->to_server.data, taken);
    drop_front(&self->to_server, taken);
    if (self->other && self->other->reactor && self->other->is_writing)
        queue_turn(self->other->reactor);
    return (ptrdiff_t)taken;
}

static ptrdiff_t stream_write(struct stream *stream, const struct span *pieces, size_t count)
{
    struct memory_stream *self = (struct memory_stream *)stream;
    struct buffer *out = self->other ? &self->other->to_server : &self->to_client;
    size_t taken = 0;
    if (self->has_ended)
        return STREAM_FAILED;
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].size == 0)
            continue;
        if (out->size >= WRITE_ROOM)
            break;
        size_t part = some_of(self, pieces[i].size);
        buffer_put(out, span_slice(pieces[i], 0, part));
        taken += part;
        if (part < pieces[i].size)
            break;
    }
    if (taken && self->other && self->other->reactor)
        queue_turn(self->other->reactor);
    return taken ? (ptrdiff_t)taken : STREAM_AGAIN;
}

static void stream_watch(struct stream *stream, bool is_reading, bool is_writing)
{
    struct memory_stream *self = (struct memory_stream *)stream;
    self->is_reading = is_reading;
    self->is_writing = is_writing;
    queue_turn(self->reactor);
}

static void stream_close(struct stream *stream)
{
    struct memory_stream *self = (struct memory_stream *)stream;
    struct memory_stream *other = self->other;
    self->is_closed = true; /* its memory is the test's */
    self->is_reading = self->is_writing = false;
    if (!other)
        return;
    other->has_ended = true;
    if (other->reactor)
        queue_turn(other->reactor);
}

static const struct stream_table stream_table = {
    stream_read, stream_write, stream_watch, stream_close};

/* ---- Reactors ---- */

static bool is_readable(const struct memory_stream *one)
{
    return one->is_reading && (one->to_server.size > 0 || one->has_ended);
}

static bool is_writable(const struct memory_stream *one)
{
    const struct buffer *out = one->other ? &one->other->to_server : &one->to_client;
    return one->is_writing && (one->has_ended || out->size < WRITE_ROOM);
}

static bool has_event(const struct memory_stream *one)
{
    return is_readable(one) || is_writable(one);
}

static void run_posted(struct memory_reactor *self)
{
    while (self->posted_first) {
        struct task *task = self->posted_first;
        self->posted_first = task->next;
        if (!self->posted_first)
            self->posted_last = NULL;
        task->run(task);
    }
}

static void turn(struct task *task)
{
    struct memory_reactor *self =
        (struct memory_reactor *)((char *)task - offsetof(struct memory_reactor, turn_task));
    self->is_turn_queued = false;
    run_posted(self);
    for (struct memory_stream *one = self->streams; one; one = one->next)
        if (!one->is_closed && has_event(one))
            one->stream.ready(&one->stream, is_readable(one), is_writable(one));
    self->hooks.turn(self->hooks.context);
    bool is_busy = self->posted_first != NULL;
    for (struct memory_stream *one = self->streams; one; one = one->next)
        is_busy = is_busy || (!one->is_closed && has_event(one));
    if (is_busy)
        queue_turn(self);
}

static void tick(struct task *task)
{
    struct memory_reactor *self =
        (struct memory_reactor *)((char *)task - offsetof(struct memory_reactor, tick_task));
    self->hooks.tick(self->hooks.context);
    executor_submit_at(
        self->executor, task, env_monotonic_ns(self->env) + REACTOR_TICK_MS * 1000000ull);
    queue_turn(self);
}

static void post(struct reactor *reactor, struct task *task)
{
    struct memory_reactor *self = (struct memory_reactor *)reactor;
    task->next = NULL;
    if (self->posted_last)
        self->posted_last->next = task;
    else
        self->posted_first = task;
    self->posted_last = task;
    queue_turn(self);
}

static enum status listen_on(struct reactor *reactor, const char *host, uint16_t port,
    listener_accept *accept, void *context, struct listener **out_listener, struct error *error)
{
    struct listener *listener = calloc(1, sizeof *listener);
    (void)host;
    (void)error;
    CHECK(listener);
    listener->reactor = (struct memory_reactor *)reactor;
    listener->port = port;
    for (struct listener *one = listeners; one; one = one->next)
        if (one->port >= FIRST_PORT && port == 0 && one->port >= listener->port)
            listener->port = (uint16_t)(one->port + 1);
    if (listener->port == 0)
        listener->port = FIRST_PORT;
    listener->accept = accept;
    listener->context = context;
    listener->next = listeners;
    listeners = listener;
    *out_listener = listener;
    return STATUS_OK;
}

static uint16_t listener_port(const struct listener *listener)
{
    return listener->port;
}

static void listener_close(struct listener *listener)
{
    listener->accept = NULL;
}

static enum status adopt(struct reactor *reactor, struct stream *stream)
{
    struct memory_reactor *self = (struct memory_reactor *)reactor;
    struct memory_stream *one = (struct memory_stream *)stream;
    one->reactor = self;
    one->next = self->streams;
    self->streams = one;
    return STATUS_OK;
}

/* ---- Between reactors: an endpoint is the host's name and the port; names are not looked at yet ---- */

static enum status resolve(struct reactor *reactor, const char *host, uint16_t port,
    struct endpoint *out_endpoint, struct error *error)
{
    (void)reactor, (void)error;
    store_be32(out_endpoint->bytes, port);
    out_endpoint->size = 4 + strlen(host);
    CHECK(out_endpoint->size <= ENDPOINT_SIZE);
    memcpy(out_endpoint->bytes + 4, host, strlen(host));
    return STATUS_OK;
}

static struct memory_stream *stream_new(const char *peer)
{
    struct memory_stream *stream = calloc(1, sizeof *stream);
    CHECK(stream);
    stream->stream.table = &stream_table;
    snprintf(stream->stream.peer, sizeof stream->stream.peer, "%s", peer);
    return stream;
}

static struct listener *find_listener(uint32_t port)
{
    struct listener *listener = listeners;
    while (listener && (listener->port != port || !listener->accept))
        listener = listener->next;
    return listener;
}

static void arrive(struct task *task)
{
    struct arrival *arrival = (struct arrival *)task;
    if (arrival->listener->accept)
        arrival->listener->accept(arrival->listener->context, &arrival->stream->stream);
    else
        stream_close(&arrival->stream->stream);
    free(arrival);
}

static void send_to_listener(struct listener *listener, struct memory_stream *stream)
{
    struct arrival *arrival = calloc(1, sizeof *arrival);
    CHECK(arrival);
    *arrival = (struct arrival){.task = {.run = arrive}, .listener = listener, .stream = stream};
    post(&listener->reactor->reactor, &arrival->task);
}

static enum status connect_to(struct reactor *reactor, const struct endpoint *endpoint,
    struct stream **out_stream, struct error *error)
{
    (void)reactor, (void)error;
    struct listener *listener = find_listener(load_be32(endpoint->bytes));
    struct memory_stream *ours = stream_new("memory:2");
    *out_stream = &ours->stream;
    if (!listener) {
        ours->has_ended = true; /* refused */
        return STATUS_OK;
    }
    struct memory_stream *theirs = stream_new("memory:3");
    ours->other = theirs;
    theirs->other = ours;
    send_to_listener(listener, theirs);
    return STATUS_OK;
}

static void start(struct reactor *reactor)
{
    struct memory_reactor *self = (struct memory_reactor *)reactor;
    self->is_started = true;
    executor_submit_at(self->executor, &self->tick_task,
        env_monotonic_ns(self->env) + REACTOR_TICK_MS * 1000000ull);
    queue_turn(self);
}

static void reactor_memory_free(struct reactor *reactor)
{
    struct memory_reactor *self = (struct memory_reactor *)reactor;
    run_posted(self);
    executor_cancel(self->executor, &self->tick_task);
    executor_free(self->executor);
    free(self);
}

static const struct reactor_table reactor_table = {.post = post,
    .listen = listen_on,
    .listener_port = listener_port,
    .listener_close = listener_close,
    .resolve = resolve,
    .connect = connect_to,
    .adopt = adopt,
    .start = start,
    .free = reactor_memory_free};

enum status reactor_memory_new(struct env *env, const char *name, const struct reactor_hooks *hooks,
    struct reactor **out_reactor, struct error *error)
{
    struct memory_reactor *self = calloc(1, sizeof *self);
    CHECK(self);
    self->reactor.table = &reactor_table;
    self->env = env;
    self->hooks = *hooks;
    self->turn_task.run = turn;
    self->tick_task.run = tick;
    *out_reactor = &self->reactor;
    return env_executor_new(env, name, 1, &self->executor, error);
}

/* ---- The test's end ---- */

void network_memory_reset(void)
{
    listeners = NULL;
}

struct memory_stream *network_memory_connect(uint16_t port)
{
    struct listener *listener = find_listener(port);
    if (!listener)
        return NULL;
    struct memory_stream *stream = stream_new("memory:1");
    send_to_listener(listener, stream);
    return stream;
}

void memory_stream_send(struct memory_stream *stream, struct span bytes)
{
    buffer_put(&stream->to_server, bytes);
    if (stream->reactor)
        queue_turn(stream->reactor);
}

void memory_stream_receive(struct memory_stream *stream, struct buffer *out_bytes)
{
    if (stream->to_client.size == 0)
        return;
    buffer_put(out_bytes, buffer_span(&stream->to_client));
    buffer_reset(&stream->to_client);
    if (stream->reactor)
        queue_turn(stream->reactor);
}

bool memory_stream_is_closed(const struct memory_stream *stream)
{
    return stream->is_closed;
}
