#include "tests/sim/reactor_memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/env_memory.h"

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
    struct network_end *ends;   /* adopted, closed ones until the next turn */
    struct listener *listeners; /* closed ones too: arrivals may still name them */
};

struct listener {
    struct memory_reactor *reactor;
    struct network_listener *listener;
    listener_accept *accept;
    void *context;
    struct listener *next;
};

/* A connection on its way to the listener's loop. */
struct arrival {
    struct task task;
    struct listener *listener;
    struct network_end *end;
};

static void queue_turn(struct memory_reactor *self)
{
    if (self->is_turn_queued || !self->is_started)
        return;
    self->is_turn_queued = true;
    executor_submit(self->executor, &self->turn_task);
}

/* ---- Streams ---- */

static void notify(struct network_end *end)
{
    queue_turn(end->owner);
}

static enum status adopt(struct reactor *reactor, struct stream *stream)
{
    struct memory_reactor *self = (struct memory_reactor *)reactor;
    struct network_end *end = (struct network_end *)stream;
    end->owner = self;
    end->notify = notify;
    end->next_of_owner = self->ends;
    self->ends = end;
    queue_turn(self);
    return STATUS_OK;
}

/* An endpoint is the port and the host's name. */
static enum status resolve(struct reactor *reactor, const char *host, uint16_t port,
    struct endpoint *out_endpoint, struct error *error)
{
    (void)reactor, (void)error;
    store_be32(out_endpoint->bytes, port);
    out_endpoint->size = 4 + strlen(host) + 1;
    CHECK(out_endpoint->size <= ENDPOINT_SIZE);
    memcpy(out_endpoint->bytes + 4, host, strlen(host) + 1);
    return STATUS_OK;
}

static enum status connect_to(struct reactor *reactor, const struct endpoint *endpoint,
    struct stream **out_stream, struct error *error)
{
    struct memory_reactor *self = (struct memory_reactor *)reactor;
    struct network_end *end = network_connect(self->env, env_memory_host_name(self->env),
        (const char *)endpoint->bytes + 4, (uint16_t)load_be32(endpoint->bytes));
    (void)error;
    *out_stream = &end->stream;
    return STATUS_OK;
}

static bool is_wanted_readable(const struct network_end *end)
{
    return end->is_reading && network_is_readable(end);
}

static bool is_wanted_writable(const struct network_end *end)
{
    return end->is_writing && network_is_writable(end);
}

static bool has_event(const struct network_end *end)
{
    return is_wanted_readable(end) || is_wanted_writable(end);
}

static void forget_closed(struct memory_reactor *self)
{
    struct network_end **at = &self->ends;
    while (*at)
        if ((*at)->is_closed)
            *at = (*at)->next_of_owner;
        else
            at = &(*at)->next_of_owner;
}

/* ---- Turns ---- */

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
    for (struct network_end *one = self->ends; one; one = one->next_of_owner)
        if (has_event(one))
            one->stream.ready(&one->stream, is_wanted_readable(one), is_wanted_writable(one));
    forget_closed(self);
    self->hooks.turn(self->hooks.context);
    bool is_busy = self->posted_first != NULL;
    for (struct network_end *one = self->ends; one && !is_busy; one = one->next_of_owner)
        is_busy = has_event(one);
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

/* ---- Listeners ---- */

static void accept_arrival(struct task *task)
{
    struct arrival *arrival = (struct arrival *)task;
    if (arrival->listener->accept)
        arrival->listener->accept(arrival->listener->context, &arrival->end->stream);
    else
        arrival->end->stream.table->close(&arrival->end->stream);
    free(arrival);
}

static void arrive(void *context, struct network_end *end)
{
    struct listener *listener = context;
    struct arrival *arrival = calloc(1, sizeof *arrival);
    CHECK(arrival);
    *arrival = (struct arrival){{.run = accept_arrival}, listener, end};
    post(&listener->reactor->reactor, &arrival->task);
}

static enum status listen_on(struct reactor *reactor, const char *host, uint16_t port,
    listener_accept *accept, void *context, struct listener **out_listener, struct error *error)
{
    struct memory_reactor *self = (struct memory_reactor *)reactor;
    struct listener *listener = calloc(1, sizeof *listener);
    CHECK(listener);
    listener->reactor = self;
    listener->accept = accept;
    listener->context = context;
    listener->listener = network_listen(
        self->env, env_memory_host_name(self->env), port, arrive, listener);
    if (!listener->listener) {
        free(listener);
        return error_set(error, STATUS_EXISTS, "port %u of %s is in use", port, host);
    }
    listener->next = self->listeners;
    self->listeners = listener;
    *out_listener = listener;
    return STATUS_OK;
}

static uint16_t listener_port(const struct listener *listener)
{
    return network_listener_port(listener->listener);
}

static void listener_close(struct listener *listener)
{
    network_unlisten(listener->listener);
    listener->accept = NULL;
}

/* ---- The whole ---- */

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
    self->is_started = false;
    for (struct network_end *one = self->ends; one; one = one->next_of_owner)
        one->notify = NULL;
    executor_cancel(self->executor, &self->tick_task);
    if (self->is_turn_queued)
        executor_cancel(self->executor, &self->turn_task);
    executor_free(self->executor);
    while (self->listeners) {
        struct listener *listener = self->listeners;
        self->listeners = listener->next;
        free(listener);
    }
    free(self);
}

static const struct reactor_table reactor_table = {.post = post,
    .listen = listen_on,
    .listener_port = listener_port,
    .listener_close = listener_close,
    .adopt = adopt,
    .resolve = resolve,
    .connect = connect_to,
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

struct network_end *test_connect(const char *host, uint16_t port)
{
    return network_connect(NULL, "test", host, port);
}

/* What did not fit yet lies in the end's own owner: a buffer of the test. */
static void send_rest(struct network_end *end)
{
    struct buffer *rest = end->owner;
    struct span bytes = buffer_span(rest);
    while (bytes.size) {
        ptrdiff_t sent = end->stream.table->write(&end->stream, &bytes, 1);
        if (sent <= 0)
            break;
        bytes = span_slice(bytes, (size_t)sent, bytes.size - (size_t)sent);
    }
    if (bytes.size)
        memmove(rest->data, bytes.data, bytes.size);
    rest->size = bytes.size;
}

void test_send(struct network_end *end, struct span bytes)
{
    if (!end->owner) {
        end->owner = calloc(1, sizeof(struct buffer));
        CHECK(end->owner);
        end->notify = send_rest;
    }
    buffer_put(end->owner, bytes);
    send_rest(end);
}

void test_receive(struct network_end *end, struct buffer *out_bytes)
{
    uint8_t bytes[4096];
    ptrdiff_t got;
    while ((got = end->stream.table->read(&end->stream, bytes, sizeof bytes)) > 0)
        buffer_put(out_bytes, span_make(bytes, (size_t)got));
}
