#include "tests/sim/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dice.h"
#include "base/env_memory.h"

#define FIRST_PORT 16000
#define ROOM       (64u << 10) /* bytes on their way and unread before writes say STREAM_AGAIN */
#define LINKS_MAX  256
#define RETRY_NS   UINT64_C(20000000)   /* a link that is down is tried so often */
#define SILENCE_NS UINT64_C(3000000000) /* at most, before a dead host's peers hear of it */

struct segment {
    struct segment *next;
    enum segment_kind {
        SEGMENT_CONNECT,
        SEGMENT_ANSWER,
        SEGMENT_BYTES,
        SEGMENT_END,
        SEGMENT_RESET
    } kind;
    uint16_t port; /* of a connect */
    uint64_t due_ns;
    size_t size;
    uint8_t bytes[];
};

struct network_listener {
    struct network_listener *next;
    struct env *env;
    char host[32];
    uint16_t port;
    void (*arrive)(void *context, struct network_end *end);
    void *context;
    bool is_gone;
};

struct link_down {
    char from[32], to[32];
};

static struct network {
    struct env *world;
    struct executor *executor;
    struct dice dice;
    struct network_listener *listeners;
    struct network_end *ends;
    struct link_down down[LINKS_MAX];
    size_t down_count;
    uint64_t least_ns, most_ns;
    unsigned slow_chance;
    struct network_counts counts;
} net;

/* ---- Links ---- */

bool network_link_is_up(const char *from, const char *to)
{
    for (size_t i = 0; i < net.down_count; i++)
        if (strcmp(net.down[i].from, from) == 0 && strcmp(net.down[i].to, to) == 0)
            return false;
    return true;
}

void network_set_link(const char *from, const char *to, bool is_up)
{
    for (size_t i = 0; i < net.down_count; i++)
        if (strcmp(net.down[i].from, from) == 0 && strcmp(net.down[i].to, to) == 0) {
            if (is_up)
                net.down[i] = net.down[--net.down_count];
            return;
        }
    if (is_up || net.down_count == LINKS_MAX)
        return;
    struct link_down *down = &net.down[net.down_count++];
    snprintf(down->from, sizeof down->from, "%s", from);
    snprintf(down->to, sizeof down->to, "%s", to);
}

void network_heal_links(void)
{
    net.down_count = 0;
}

void network_set_delay(uint64_t least_ns, uint64_t most_ns, unsigned slow_chance)
{
    net.least_ns = least_ns;
    net.most_ns = most_ns;
    net.slow_chance = slow_chance;
}

uint64_t network_draw_delay(void)
{
    uint64_t delay_ns = net.least_ns + dice_below(&net.dice, net.most_ns - net.least_ns + 1);
    return dice_below(&net.dice, 1000) < net.slow_chance ? delay_ns * 10 : delay_ns;
}

/* ---- Segments ---- */

static void tell(struct network_end *end)
{
    if (!end->is_closed && end->notify)
        end->notify(end);
}

static void queue_delivery(struct network_end *from)
{
    if (from->is_delivery_queued || !from->first_segment)
        return;
    from->is_delivery_queued = true;
    executor_submit_at(net.executor, &from->delivery, from->first_segment->due_ns);
}

static void send_segment(
    struct network_end *from, enum segment_kind kind, struct span bytes, uint64_t extra_ns)
{
    struct segment *segment = calloc(1, sizeof *segment + bytes.size);
    CHECK(segment);
    segment->kind = kind;
    segment->size = bytes.size;
    if (bytes.size)
        memcpy(segment->bytes, bytes.data, bytes.size);
    segment->due_ns = env_monotonic_ns(net.world) + network_draw_delay() + extra_ns;
    if (segment->due_ns < from->last_due_ns)
        segment->due_ns = from->last_due_ns;
    from->last_due_ns = segment->due_ns;
    *from->last_segment = segment;
    from->last_segment = &segment->next;
    from->bytes_on_way += bytes.size;
    net.counts.segments++;
    queue_delivery(from);
}

static void fail_end(struct network_end *end)
{
    if (end->has_failed || end->is_closed)
        return;
    end->has_failed = true;
    net.counts.resets++;
    tell(end);
}

/* A connect has come to its host: whoever listens there takes the end, else it is refused. */
static void arrive(struct network_end *end, uint16_t port)
{
    for (struct network_listener *one = net.listeners; one; one = one->next) {
        if (one->is_gone || one->port != port || strcmp(one->host, end->host) != 0)
            continue;
        end->env = one->env;
        end->is_connected = true;
        send_segment(end, SEGMENT_ANSWER, SPAN_EMPTY, 0);
        one->arrive(one->context, end);
        return;
    }
    end->is_closed = true;
    net.counts.refused++;
    send_segment(end, SEGMENT_RESET, SPAN_EMPTY, 0);
}

static void take_in(struct network_end *to, const struct segment *segment)
{
    if (to->is_closed) {
        if (segment->kind == SEGMENT_BYTES) /* as a kernel answers what nobody reads */
            send_segment(to, SEGMENT_RESET, SPAN_EMPTY, 0);
        return;
    }
    switch (segment->kind) {
    case SEGMENT_CONNECT:
        arrive(to, segment->port);
        return;
    case SEGMENT_ANSWER:
        to->is_connected = true;
        break;
    case SEGMENT_BYTES:
        buffer_put(&to->input, span_make(segment->bytes, segment->size));
        break;
    case SEGMENT_END:
        to->has_ended = true;
        break;
    case SEGMENT_RESET:
        fail_end(to);
        return;
    }
    tell(to);
}

/* Hands over what is due from one end to the other. */
static void deliver(struct task *task)
{
    struct network_end *from = (struct network_end *)((char *)task -
                                                      offsetof(struct network_end, delivery));
    uint64_t now_ns = env_monotonic_ns(net.world);
    from->is_delivery_queued = false;
    if (!network_link_is_up(from->host, from->other->host)) {
        net.counts.held++;
        from->first_segment->due_ns = now_ns + RETRY_NS;
        queue_delivery(from);
        return;
    }
    while (from->first_segment && from->first_segment->due_ns <= now_ns) {
        struct segment *segment = from->first_segment;
        from->first_segment = segment->next;
        if (!from->first_segment)
            from->last_segment = &from->first_segment;
        from->bytes_on_way -= segment->size;
        take_in(from->other, segment);
        free(segment);
    }
    queue_delivery(from);
}

/* ---- Streams ---- */

static size_t some_of(size_t most)
{
    return dice_chance(&net.dice, 25) ? 1 + (size_t)dice_below(&net.dice, most) : most;
}

bool network_is_readable(const struct network_end *end)
{
    return !end->is_closed && (end->input.size > 0 || end->has_ended || end->has_failed);
}

bool network_is_writable(const struct network_end *end)
{
    return !end->is_closed &&
           (end->has_failed ||
               (end->is_connected && end->bytes_on_way + end->other->input.size < ROOM));
}

static ptrdiff_t end_read(struct stream *stream, void *bytes, size_t size)
{
    struct network_end *self = (struct network_end *)stream;
    if (self->has_failed)
        return STREAM_FAILED;
    if (self->input.size == 0)
        return self->has_ended ? STREAM_END : STREAM_AGAIN;
    bool was_full = !network_is_writable(self->other);
    size_t taken = some_of(size < self->input.size ? size : self->input.size);
    memcpy(bytes, self->input.data, taken);
    memmove(self->input.data, self->input.data + taken, self->input.size - taken);
    self->input.size -= taken;
    if (was_full)
        tell(self->other);
    return (ptrdiff_t)taken;
}

static ptrdiff_t end_write(struct stream *stream, const struct span *pieces, size_t count)
{
    struct network_end *self = (struct network_end *)stream;
    struct buffer gathered = {0};
    if (self->has_failed)
        return STREAM_FAILED;
    if (!network_is_writable(self))
        return STREAM_AGAIN;
    for (size_t i = 0; i < count && gathered.size < ROOM; i++)
        buffer_put(&gathered, pieces[i]);
    if (gathered.size == 0)
        return STREAM_AGAIN;
    size_t taken = some_of(gathered.size);
    send_segment(self, SEGMENT_BYTES, span_make(gathered.data, taken), 0);
    buffer_deinit(&gathered);
    return (ptrdiff_t)taken;
}

static void end_watch(struct stream *stream, bool is_reading, bool is_writing)
{
    struct network_end *self = (struct network_end *)stream;
    self->is_reading = is_reading;
    self->is_writing = is_writing;
    tell(self);
}

static void end_close(struct stream *stream)
{
    struct network_end *self = (struct network_end *)stream;
    if (self->is_closed)
        return;
    self->is_closed = true;
    if (!self->has_failed)
        send_segment(self, SEGMENT_END, SPAN_EMPTY, 0);
    buffer_deinit(&self->input);
}

static const struct stream_table end_table = {end_read, end_write, end_watch, end_close};

static struct network_end *end_new(struct env *env, const char *host)
{
    struct network_end *end = calloc(1, sizeof *end);
    CHECK(end);
    end->stream.table = &end_table;
    end->env = env;
    snprintf(end->host, sizeof end->host, "%s", host);
    end->last_segment = &end->first_segment;
    end->delivery.run = deliver;
    end->next = net.ends;
    net.ends = end;
    return end;
}

struct network_end *network_connect(
    struct env *env, const char *from, const char *to, uint16_t port)
{
    struct network_end *near = end_new(env, from), *far = end_new(NULL, to);
    near->other = far;
    far->other = near;
    near->has_connected = true;
    snprintf(near->stream.peer, sizeof near->stream.peer, "%s:%u", to, port);
    snprintf(far->stream.peer, sizeof far->stream.peer, "%s:1", from);
    net.counts.connects++;
    send_segment(near, SEGMENT_CONNECT, SPAN_EMPTY, 0);
    near->first_segment->port = port;
    return near;
}

/* ---- Listeners ---- */

static bool is_port_taken(const char *host, uint16_t port)
{
    for (const struct network_listener *one = net.listeners; one; one = one->next)
        if (!one->is_gone && one->port == port && strcmp(one->host, host) == 0)
            return true;
    return false;
}

struct network_listener *network_listen(struct env *env, const char *host, uint16_t port,
    void (*on_arrival)(void *context, struct network_end *end), void *context)
{
    if (port == 0)
        for (port = FIRST_PORT; is_port_taken(host, port);)
            port++;
    else if (is_port_taken(host, port))
        return NULL;
    struct network_listener *listener = calloc(1, sizeof *listener);
    CHECK(listener);
    *listener = (struct network_listener){
        .next = net.listeners, .env = env, .port = port, .arrive = on_arrival, .context = context};
    snprintf(listener->host, sizeof listener->host, "%s", host);
    net.listeners = listener;
    return listener;
}

uint16_t network_listener_port(const struct network_listener *listener)
{
    return listener->port;
}

void network_unlisten(struct network_listener *listener)
{
    listener->is_gone = true;
}

/* ---- Faults ---- */

static bool is_between(const struct network_end *end, const char *a, const char *b)
{
    bool is_there = (!a || strcmp(end->host, a) == 0) && (!b || strcmp(end->other->host, b) == 0);
    return is_there ||
           ((!b || strcmp(end->host, b) == 0) && (!a || strcmp(end->other->host, a) == 0));
}

unsigned network_break_connections(const char *a, const char *b, unsigned one_of, bool is_half)
{
    unsigned count = 0;
    for (struct network_end *end = net.ends; end; end = end->next) {
        if (!end->has_connected || end->is_closed || end->has_failed || !is_between(end, a, b) ||
            dice_below(&net.dice, one_of) != 0)
            continue;
        count++;
        bool is_first = dice_chance(&net.dice, 50);
        if (!is_half || is_first)
            fail_end(end);
        if (!is_half || !is_first)
            fail_end(end->other);
    }
    return count;
}

void network_host_died(struct env *env)
{
    for (struct network_listener *one = net.listeners; one; one = one->next)
        if (one->env == env)
            one->is_gone = true;
    for (struct network_end *end = net.ends; end; end = end->next) {
        if (end->env != env || end->is_closed)
            continue;
        end->is_closed = true;
        end->notify = NULL;
        buffer_deinit(&end->input);
        bool is_told_now = dice_chance(&net.dice, 60);
        send_segment(
            end, SEGMENT_RESET, SPAN_EMPTY, is_told_now ? 0 : dice_below(&net.dice, SILENCE_NS));
    }
}

struct network_counts network_counts(void)
{
    return net.counts;
}

/* ---- The whole ---- */

void network_open(struct env *world, uint64_t seed)
{
    net = (struct network){
        .world = world, .dice = {seed}, .least_ns = 20000, .most_ns = 400000, .slow_chance = 5};
    CHECK(env_executor_new(world, "network", 1, &net.executor, NULL) == STATUS_OK);
}

void network_close(void)
{
    while (net.listeners) {
        struct network_listener *listener = net.listeners;
        net.listeners = listener->next;
        free(listener);
    }
    while (net.ends) {
        struct network_end *end = net.ends;
        net.ends = end->next;
        if (end->is_delivery_queued)
            executor_cancel(net.executor, &end->delivery);
        while (end->first_segment) {
            struct segment *segment = end->first_segment;
            end->first_segment = segment->next;
            free(segment);
        }
        buffer_deinit(&end->input);
        free(end);
    }
    if (net.executor)
        executor_free(net.executor);
    net = (struct network){0};
}
