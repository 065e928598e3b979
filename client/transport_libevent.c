/* The real transport: non-blocking sockets and timers under libevent's loop, without its buffers. */
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/address.h"
#include "client/transport.h"

struct libevent_transport {
    struct transport transport;
    struct event_base *base;
    bool owns_base;
    struct event *wake_event; /* on wake_fd */
    struct event *turn_event; /* activated to call hooks.turn in this turn */
    int wake_fd;              /* eventfd */
};

struct libevent_channel {
    struct channel channel;
    struct event *event; /* reads always, writes while room is wanted */
    struct event_base *base;
    int fd;
    bool wants_room;
};

/* ---- Channels ---- */

static void on_channel(evutil_socket_t fd, short what, void *context)
{
    struct libevent_channel *self = context;
    (void)fd;
    self->channel.ready(&self->channel, (what & EV_READ) != 0, (what & EV_WRITE) != 0);
}

static ptrdiff_t channel_read(struct channel *channel, void *bytes, size_t size)
{
    struct libevent_channel *self = (struct libevent_channel *)channel;
    ssize_t received = recv(self->fd, bytes, size, MSG_DONTWAIT);
    if (received >= 0)
        return received;
    return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
}

static ptrdiff_t channel_write(struct channel *channel, struct span bytes)
{
    struct libevent_channel *self = (struct libevent_channel *)channel;
    for (;;) {
        ssize_t written = send(self->fd, bytes.data, bytes.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written >= 0)
            return written;
        if (errno != EINTR)
            return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    }
}

static void channel_want_room(struct channel *channel, bool is_wanted)
{
    struct libevent_channel *self = (struct libevent_channel *)channel;
    if (self->wants_room == is_wanted)
        return;
    self->wants_room = is_wanted;
    event_del(self->event);
    event_assign(self->event, self->base, self->fd,
        (short)(EV_READ | EV_PERSIST | (is_wanted ? EV_WRITE : 0)), on_channel, self);
    event_add(self->event, NULL);
}

static int channel_finish_connect(struct channel *channel)
{
    struct libevent_channel *self = (struct libevent_channel *)channel;
    int error_number = 0, one = 1;
    socklen_t size = sizeof(error_number);
    if (getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error_number, &size))
        return errno;
    setsockopt(self->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(self->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    return error_number;
}

static void channel_close(struct channel *channel)
{
    struct libevent_channel *self = (struct libevent_channel *)channel;
    event_free(self->event);
    close(self->fd);
    memory_free(self);
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
    struct libevent_transport *self = (struct libevent_transport *)transport;
    int fd = address_connect(host, port, out_why);
    if (fd < 0)
        return NULL;
    struct libevent_channel *channel = memory_allocate_zeroed(1, sizeof(*channel));
    struct event *event = channel ? event_new(self->base, fd, EV_READ | EV_WRITE | EV_PERSIST,
                                        on_channel, channel)
                                  : NULL;
    if (!event || event_add(event, NULL)) {
        if (event)
            event_free(event);
        memory_free(channel);
        close(fd);
        *out_why = "no memory";
        return NULL;
    }
    *channel = (struct libevent_channel){
        .channel = {.table = &channel_table}, .event = event, .base = self->base, .fd = fd};
    channel->wants_room = true;
    return &channel->channel;
}

/* ---- Timers and turns ---- */

static struct timeval interval_of(uint64_t ns)
{
    return (struct timeval){(time_t)(ns / 1000000000), (suseconds_t)(ns % 1000000000 / 1000)};
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    transport_timer_fire(context);
}

static bool timer_start(
    struct transport *transport, struct transport_timer *timer, uint64_t pause_ns)
{
    struct libevent_transport *self = (struct libevent_transport *)transport;
    struct timeval pause = interval_of(pause_ns);
    return !event_assign(&timer->place.event, self->base, -1, 0, on_time, timer) &&
           !event_add(&timer->place.event, &pause);
}

static void timer_stop(struct transport_timer *timer)
{
    event_del(&timer->place.event);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    struct libevent_transport *self = context;
    uint64_t count;
    (void)what;
    if (read((int)fd, &count, sizeof(count)) < 0)
        return;
    self->transport.hooks.woken(self->transport.hooks.context);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    struct libevent_transport *self = context;
    (void)fd, (void)what;
    self->transport.hooks.turn(self->transport.hooks.context);
}

static void wake(struct transport *transport)
{
    struct libevent_transport *self = (struct libevent_transport *)transport;
    uint64_t one = 1;
    if (write(self->wake_fd, &one, sizeof(one)) < 0)
        return; /* the counter is full: the loop is awake */
}

static void defer(struct transport *transport)
{
    event_active(((struct libevent_transport *)transport)->turn_event, EV_TIMEOUT, 0);
}

static void on_nothing(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
}

static void run_once(struct transport *transport, uint64_t deadline_ns)
{
    struct libevent_transport *self = (struct libevent_transport *)transport;
    if (deadline_ns == 0) {
        event_base_loop(self->base, EVLOOP_ONCE);
        return;
    }
    uint64_t now = env_monotonic_ns(transport->env);
    struct timeval left = interval_of(deadline_ns > now ? deadline_ns - now : 0);
    left.tv_usec++;
    struct event timer;
    event_assign(&timer, self->base, -1, 0, on_nothing, NULL);
    event_add(&timer, &left);
    event_base_loop(self->base, EVLOOP_ONCE);
    event_del(&timer);
}

/* ---- Making ---- */

static void transport_free(struct transport *transport)
{
    struct libevent_transport *self = (struct libevent_transport *)transport;
    if (self->wake_event)
        event_free(self->wake_event);
    if (self->turn_event)
        event_free(self->turn_event);
    if (self->wake_fd >= 0)
        close(self->wake_fd);
    if (self->owns_base && self->base)
        event_base_free(self->base);
    memory_free(self);
}

static const struct transport_table libevent_table = {
    .wake = wake,
    .defer = defer,
    .run_once = run_once,
    .timer_start = timer_start,
    .timer_stop = timer_stop,
    .connect = connect_to,
    .free = transport_free,
};

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    if (!config)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

struct transport *transport_libevent_new(struct event_base *base)
{
    struct libevent_transport *self = memory_allocate_zeroed(1, sizeof(*self));
    if (!self)
        return NULL;
    self->transport.table = &libevent_table;
    self->transport.env = env_real();
    self->owns_base = !base;
    self->base = base ? base : base_new();
    self->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (self->base && self->wake_fd >= 0) {
        self->wake_event = event_new(
            self->base, self->wake_fd, EV_READ | EV_PERSIST, on_wake, self);
        self->turn_event = event_new(self->base, -1, 0, on_turn, self);
    }
    if (!self->wake_event || !self->turn_event || event_add(self->wake_event, NULL)) {
        transport_free(&self->transport);
        return NULL;
    }
    return &self->transport;
}
