#include "tests/sim/transport_memory.h"

#include <errno.h>
#include <stdlib.h>

#include "base/env_memory.h"
#include "tests/sim/network.h"

struct memory_transport {
    struct transport transport;
    struct executor *executor;
    struct task turn_task, wake_task;
    bool is_turn_queued, is_wake_queued;
};

struct memory_channel {
    struct channel channel;
    struct memory_transport *transport;
    struct network_end *end;
    struct task ready_task;
    bool is_ready_queued;
    bool wants_room;
};

/* ---- Channels ---- */

static ptrdiff_t result_of(ptrdiff_t count)
{
    return count == STREAM_AGAIN ? -EAGAIN : count == STREAM_FAILED ? -ECONNRESET : count;
}

static ptrdiff_t channel_read(struct channel *channel, void *bytes, size_t size)
{
    struct network_end *end = ((struct memory_channel *)channel)->end;
    return result_of(end->stream.table->read(&end->stream, bytes, size));
}

static ptrdiff_t channel_write(struct channel *channel, struct span bytes)
{
    struct network_end *end = ((struct memory_channel *)channel)->end;
    return result_of(end->stream.table->write(&end->stream, &bytes, 1));
}

static bool has_event(const struct memory_channel *self)
{
    return network_is_readable(self->end) || (self->wants_room && network_is_writable(self->end));
}

static void queue_ready(struct memory_channel *self)
{
    if (self->is_ready_queued || !has_event(self))
        return;
    self->is_ready_queued = true;
    executor_submit(self->transport->executor, &self->ready_task);
}

static void run_ready(struct task *task)
{
    struct memory_channel *self =
        (struct memory_channel *)((char *)task - offsetof(struct memory_channel, ready_task));
    self->is_ready_queued = false;
    if (!self->end) { /* closed meanwhile */
        free(self);
        return;
    }
    bool is_readable = network_is_readable(self->end);
    bool is_writable = self->wants_room && network_is_writable(self->end);
    self->is_ready_queued = true; /* so that a close in ready leaves freeing to us */
    self->channel.ready(&self->channel, is_readable, is_writable);
    self->is_ready_queued = false;
    if (!self->end)
        free(self);
    else
        queue_ready(self);
}

static void notify(struct network_end *end)
{
    queue_ready(end->owner);
}

static void channel_want_room(struct channel *channel, bool is_wanted)
{
    struct memory_channel *self = (struct memory_channel *)channel;
    self->wants_room = is_wanted;
    queue_ready(self);
}

static int channel_finish_connect(struct channel *channel)
{
    return ((struct memory_channel *)channel)->end->has_failed ? ECONNREFUSED : 0;
}

static void channel_close(struct channel *channel)
{
    struct memory_channel *self = (struct memory_channel *)channel;
    self->end->notify = NULL;
    self->end->stream.table->close(&self->end->stream);
    self->end = NULL;
    if (!self->is_ready_queued)
        free(self);
}

static const struct channel_table channel_table = {
    .read = channel_read,
    .write = channel_write,
    .want_room = channel_want_room,
    .finish_connect = channel_finish_connect,
    .close = channel_close,
};

static struct channel *connect_to(
    struct transport *transport, struct span host, uint32_t port, const char **out_why)
{
    struct memory_channel *self = calloc(1, sizeof *self);
    char name[32];
    (void)out_why;
    CHECK(self && host.size < sizeof name);
    memcpy(name, host.data, host.size);
    name[host.size] = '\0';
    self->channel.table = &channel_table;
    self->transport = (struct memory_transport *)transport;
    self->wants_room = true;
    self->ready_task.run = run_ready;
    self->end = network_connect(
        transport->env, env_memory_host_name(transport->env), name, (uint16_t)port);
    self->end->owner = self;
    self->end->notify = notify;
    return &self->channel;
}

/* ---- Turns and timers ---- */

static void run_turn(struct task *task)
{
    struct memory_transport *self =
        (struct memory_transport *)((char *)task - offsetof(struct memory_transport, turn_task));
    self->is_turn_queued = false;
    self->transport.hooks.turn(self->transport.hooks.context);
}

static void run_woken(struct task *task)
{
    struct memory_transport *self =
        (struct memory_transport *)((char *)task - offsetof(struct memory_transport, wake_task));
    self->is_wake_queued = false;
    self->transport.hooks.woken(self->transport.hooks.context);
}

static void defer(struct transport *transport)
{
    struct memory_transport *self = (struct memory_transport *)transport;
    if (self->is_turn_queued)
        return;
    self->is_turn_queued = true;
    executor_submit(self->executor, &self->turn_task);
}

static void wake(struct transport *transport)
{
    struct memory_transport *self = (struct memory_transport *)transport;
    if (self->is_wake_queued)
        return;
    self->is_wake_queued = true;
    executor_submit(self->executor, &self->wake_task);
}

/* Nobody waits in a world of one thread. */
static void run_once(struct transport *transport, uint64_t deadline_ns)
{
    (void)transport, (void)deadline_ns;
    CHECK(false);
}

static void on_time(struct task *task)
{
    transport_timer_fire(
        (struct transport_timer *)((char *)task - offsetof(struct transport_timer, place)));
}

static bool timer_start(
    struct transport *transport, struct transport_timer *timer, uint64_t pause_ns)
{
    struct memory_transport *self = (struct memory_transport *)transport;
    timer->place.task = (struct task){.run = on_time};
    executor_submit_at(
        self->executor, &timer->place.task, env_monotonic_ns(transport->env) + pause_ns);
    return true;
}

static void timer_stop(struct transport_timer *timer)
{
    struct memory_transport *self = (struct memory_transport *)timer->transport;
    (void)executor_cancel(self->executor, &timer->place.task);
}

static void transport_free(struct transport *transport)
{
    struct memory_transport *self = (struct memory_transport *)transport;
    if (self->is_turn_queued)
        (void)executor_cancel(self->executor, &self->turn_task);
    if (self->is_wake_queued)
        (void)executor_cancel(self->executor, &self->wake_task);
    free(self); /* the executor is the host's, freed with it: this may be its own task */
}

static const struct transport_table memory_table = {
    .wake = wake,
    .defer = defer,
    .run_once = run_once,
    .timer_start = timer_start,
    .timer_stop = timer_stop,
    .connect = connect_to,
    .free = transport_free,
};

struct transport *transport_memory_new(struct env *env)
{
    struct memory_transport *self = calloc(1, sizeof *self);
    CHECK(self);
    self->transport = (struct transport){.table = &memory_table, .env = env};
    self->turn_task.run = run_turn;
    self->wake_task.run = run_woken;
    CHECK(env_executor_new(env, "client", 1, &self->executor, NULL) == STATUS_OK);
    return &self->transport;
}

struct executor *transport_memory_executor(struct transport *transport)
{
    return ((struct memory_transport *)transport)->executor;
}
