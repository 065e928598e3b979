/* The real reactor: non-blocking sockets under libevent's loop, without its buffers.
 *
 * The loop runs libevent one turn at a time (EVLOOP_ONCE), so that what a turn produced is written once, at
 * its end. Posts from other threads go through a list under a mutex; the eventfd is written only when the
 * loop sleeps and nobody has woken it yet, so a burst of completions costs one system call. It is watched by
 * edges, so nobody need read it.
 *
 * Before it sleeps the loop may poll (reactor.h). One loop of the process polls at a time: polling is for
 * the latency of few requests in flight, and must not cost more than one core. */
#include "server/net/reactor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/patience.h"

#define LISTEN_BACKLOG   1024
#define ACCEPTS_PER_TURN 64
#define PIECES_PER_WRITE 64

struct libevent_reactor {
    struct reactor reactor;
    struct reactor_hooks hooks;
    struct executor *executor; /* one thread, on which loop_task runs until is_stopping */
    struct task loop_task;
    struct task stop_task;
    struct event_base *base;
    struct event *wake_event;
    struct event *tick_event;
    int wake_fd;
    bool is_stopping;         /* loop thread, as the two below */
    bool has_worked;          /* an event or a task has run since poll looked last */
    struct patience patience; /* of polling */
    _Atomic bool has_posts;   /* posted_first is not NULL */
    struct mutex mu;
    struct task *posted_first; /* guarded by mu, as all below */
    struct task *posted_last;
    bool is_asleep;
    bool is_woken;
};

struct libevent_stream {
    struct stream stream;
    struct event *event; /* NULL until adopted */
    struct libevent_reactor *reactor;
    int fd;
    short watched;
};

struct listener {
    struct event *event;
    int fd;
    uint16_t port;
    listener_accept *accept;
    void *context;
    struct libevent_reactor *reactor;
};

/* ---- Streams ---- */

static ptrdiff_t stream_read(struct stream *stream, void *bytes, size_t size)
{
    struct libevent_stream *self = (struct libevent_stream *)stream;
    for (;;) {
        ssize_t got = recv(self->fd, bytes, size, 0);
        if (got >= 0)
            return got;
        if (errno == EINTR)
            continue;
        return errno == EAGAIN || errno == EWOULDBLOCK ? STREAM_AGAIN : STREAM_FAILED;
    }
}

static ptrdiff_t stream_write(struct stream *stream, const struct span *pieces, size_t count)
{
    struct libevent_stream *self = (struct libevent_stream *)stream;
    struct iovec vectors[PIECES_PER_WRITE];
    size_t used = count < PIECES_PER_WRITE ? count : PIECES_PER_WRITE;
    for (size_t i = 0; i < used; i++) {
        vectors[i].iov_base = (void *)(uintptr_t)pieces[i].data;
        vectors[i].iov_len = pieces[i].size;
    }
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = used};
    for (;;) {
        ssize_t sent = sendmsg(self->fd, &message, MSG_NOSIGNAL);
        if (sent >= 0)
            return sent;
        if (errno == EINTR)
            continue;
        return errno == EAGAIN || errno == EWOULDBLOCK ? STREAM_AGAIN : STREAM_FAILED;
    }
}

static void stream_event(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    struct libevent_stream *self = context;
    self->reactor->has_worked = true;
    self->stream.ready(&self->stream, (what & EV_READ) != 0, (what & EV_WRITE) != 0);
}

static void stream_watch(struct stream *stream, bool is_reading, bool is_writing)
{
    struct libevent_stream *self = (struct libevent_stream *)stream;
    short wanted = (short)((is_reading ? EV_READ : 0) | (is_writing ? EV_WRITE : 0));
    if (wanted == self->watched)
        return;
    if (self->watched)
        event_del(self->event);
    self->watched = wanted;
    if (wanted) {
        event_assign(self->event, self->reactor->base, self->fd, (short)(wanted | EV_PERSIST),
            stream_event, self);
        event_add(self->event, NULL);
    }
}

static void stream_close(struct stream *stream)
{
    struct libevent_stream *self = (struct libevent_stream *)stream;
    if (self->event)
        event_free(self->event);
    close(self->fd);
    memory_free(self);
}

static const struct stream_table stream_table = {
    .read = stream_read,
    .write = stream_write,
    .watch = stream_watch,
    .close = stream_close,
};

static enum status adopt(struct reactor *reactor, struct stream *stream)
{
    struct libevent_reactor *self = (struct libevent_reactor *)reactor;
    struct libevent_stream *one = (struct libevent_stream *)stream;
    one->reactor = self;
    one->event = event_new(self->base, one->fd, EV_READ | EV_PERSIST, stream_event, one);
    return one->event ? STATUS_OK : STATUS_NO_MEMORY;
}

static void describe_peer(const struct sockaddr_storage *address, char *out_text, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(out_text, size, "%s:%u", host, ntohs(in->sin_port));
    } else {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        snprintf(out_text, size, "[%s]:%u", host, ntohs(in6->sin6_port));
    }
}

static struct stream *stream_new(int fd, const struct sockaddr_storage *peer)
{
    struct libevent_stream *self = memory_allocate_zeroed(1, sizeof *self);
    if (!self)
        return NULL;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    self->stream.table = &stream_table;
    self->fd = fd;
    describe_peer(peer, self->stream.peer, sizeof self->stream.peer);
    return &self->stream;
}

/* ---- Connecting ---- */

static enum status resolve(struct reactor *reactor, const char *host, uint16_t port,
    struct endpoint *out_endpoint, struct error *error)
{
    (void)reactor;
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int problem = getaddrinfo(host, service, &hints, &list);
    if (problem == EAI_NONAME)
        return error_set(error, STATUS_NOT_FOUND, "%s: %s", host, gai_strerror(problem));
    if (problem)
        return error_set(error, STATUS_IO, "%s: %s", host, gai_strerror(problem));
    const struct addrinfo *chosen = list;
    for (const struct addrinfo *one = list; one; one = one->ai_next)
        if (one->ai_family == AF_INET && chosen->ai_family != AF_INET)
            chosen = one;
    bool fits = chosen->ai_addrlen <= sizeof out_endpoint->bytes;
    if (fits) {
        memcpy(out_endpoint->bytes, chosen->ai_addr, chosen->ai_addrlen);
        out_endpoint->size = chosen->ai_addrlen;
    }
    freeaddrinfo(list);
    return fits ? STATUS_OK : error_set(error, STATUS_UNSUPPORTED, "%s: a strange address", host);
}

static enum status reactor_connect_to(struct reactor *reactor, const struct endpoint *endpoint,
    struct stream **out_stream, struct error *error)
{
    (void)reactor;
    struct sockaddr_storage address = {0};
    memcpy(&address, endpoint->bytes, endpoint->size);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_set_errno(error, errno, "socket");
    if (connect(fd, (const struct sockaddr *)&address, (socklen_t)endpoint->size) &&
        errno != EINPROGRESS) {
        enum status status = error_set_errno(error, errno, "connect");
        close(fd);
        return status;
    }
    struct stream *stream = stream_new(fd, &address);
    if (!stream) {
        close(fd);
        return error_set(error, STATUS_NO_MEMORY, "connect: no memory");
    }
    *out_stream = stream;
    return STATUS_OK;
}

/* ---- Listeners ---- */

static void listener_event(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct listener *listener = context;
    listener->reactor->has_worked = true;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        int accepted = accept4(fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0)
            return; /* nothing more, or out of descriptors: the next turn tries again */
        struct stream *stream = stream_new(accepted, &peer);
        if (!stream) {
            close(accepted);
            continue;
        }
        listener->accept(listener->context, stream);
    }
}

static enum status bind_any(
    const struct addrinfo *list, const char *host, uint16_t port, int *out_fd, struct error *error)
{
    enum status status = error_set(error, STATUS_IO, "listen on %s:%u: no address", host, port);
    for (const struct addrinfo *one = list; one; one = one->ai_next) {
        int fd = socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            status = error_set_errno(error, errno, "listen on %s:%u: socket", host, port);
            continue;
        }
        int on = 1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (!bind(fd, one->ai_addr, one->ai_addrlen) && !listen(fd, LISTEN_BACKLOG)) {
            *out_fd = fd;
            error_clear(error);
            return STATUS_OK;
        }
        if (errno == EADDRINUSE)
            status = error_set(error, STATUS_EXISTS, "port %u of %s is in use", port, host);
        else
            status = error_set_errno(error, errno, "listen on %s:%u", host, port);
        close(fd);
    }
    return status;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &size))
        return 0;
    return ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                             : ((struct sockaddr_in *)&bound)->sin_port);
}

static enum status reactor_listen_on(struct reactor *reactor, const char *host, uint16_t port,
    listener_accept *accept, void *context, struct listener **out_listener, struct error *error)
{
    struct libevent_reactor *self = (struct libevent_reactor *)reactor;
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    int problem = getaddrinfo(*host ? host : NULL, service, &hints, &list);
    if (problem)
        return error_set(error, STATUS_INVALID, "listen on %s: %s", host, gai_strerror(problem));
    int fd = -1;
    enum status status = bind_any(list, host, port, &fd, error);
    freeaddrinfo(list);
    if (status)
        return status;
    struct listener *listener = memory_allocate_zeroed(1, sizeof *listener);
    struct event *event = listener ? event_new(self->base, fd, EV_READ | EV_PERSIST, listener_event,
                                         listener)
                                   : NULL;
    if (!event || event_add(event, NULL)) {
        if (event)
            event_free(event);
        memory_free(listener);
        close(fd);
        return error_set(error, STATUS_NO_MEMORY, "listen on %s:%u: no memory", host, port);
    }
    *listener = (struct listener){event, fd, bound_port(fd), accept, context, self};
    *out_listener = listener;
    return STATUS_OK;
}

static uint16_t listener_port(const struct listener *listener)
{
    return listener->port;
}

static void listener_close(struct listener *listener)
{
    if (!listener)
        return;
    event_free(listener->event);
    close(listener->fd);
    memory_free(listener);
}

/* ---- The loop ---- */

static void post(struct reactor *reactor, struct task *task)
{
    struct libevent_reactor *self = (struct libevent_reactor *)reactor;
    task->next = NULL;
    mutex_lock(&self->mu);
    if (self->posted_last)
        self->posted_last->next = task;
    else
        self->posted_first = task;
    self->posted_last = task;
    atomic_store_explicit(&self->has_posts, true, memory_order_relaxed);
    bool is_waking = self->is_asleep && !self->is_woken;
    if (is_waking)
        self->is_woken = true;
    mutex_unlock(&self->mu);
    if (is_waking)
        (void)!write(self->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
}

static void run_posted(struct libevent_reactor *self)
{
    mutex_lock(&self->mu);
    struct task *task = self->posted_first;
    self->posted_first = self->posted_last = NULL;
    atomic_store_explicit(&self->has_posts, false, memory_order_relaxed);
    mutex_unlock(&self->mu);
    self->has_worked |= task != NULL;
    while (task) {
        struct task *next = task->next;
        task->run(task);
        task = next;
    }
}

/* Sleeps until there is something to do, and does it. */
static void turn_after_sleep(struct libevent_reactor *self)
{
    mutex_lock(&self->mu);
    bool is_idle = !self->posted_first;
    self->is_asleep = is_idle;
    mutex_unlock(&self->mu);
    event_base_loop(self->base, EVLOOP_ONCE | (is_idle ? 0 : EVLOOP_NONBLOCK));
    mutex_lock(&self->mu);
    self->is_asleep = self->is_woken = false;
    mutex_unlock(&self->mu);
    run_posted(self);
    self->hooks.turn(self->hooks.context);
}

static void turn_without_sleep(struct libevent_reactor *self)
{
    event_base_loop(self->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    if (atomic_load_explicit(&self->has_posts, memory_order_relaxed))
        run_posted(self);
    if (self->has_worked)
        self->hooks.turn(self->hooks.context);
}

/* Turns without a sleep until there was something to do: true. False: it is time to sleep. */
static bool turn_by_polling(struct libevent_reactor *self)
{
    static _Atomic unsigned polling; /* loops that do */
    if (!self->hooks.is_expecting || !self->hooks.is_expecting(self->hooks.context) ||
        !patience_may_poll(&self->patience))
        return false;
    bool is_only = atomic_fetch_add_explicit(&polling, 1, memory_order_relaxed) == 0;
    self->has_worked = false;
    if (is_only) {
        struct poll poll;
        poll_begin(&poll, REACTOR_POLL_US * 1000);
        do
            turn_without_sleep(self);
        while (!self->has_worked && poll_round(&poll));
        patience_note(&self->patience, self->has_worked && !poll.is_disturbed);
    }
    atomic_fetch_sub_explicit(&polling, 1, memory_order_relaxed);
    return self->has_worked;
}

static void loop_run(struct task *task)
{
    struct libevent_reactor *self =
        (struct libevent_reactor *)((char *)task - offsetof(struct libevent_reactor, loop_task));
    while (!self->is_stopping)
        if (!turn_by_polling(self))
            turn_after_sleep(self);
    run_posted(self);
}

static void wake_event(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context; /* edges: nothing to read; the posts are run by the turn */
}

static void tick_event(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct libevent_reactor *self = context;
    self->has_worked = true;
    self->hooks.tick(self->hooks.context);
}

static void stop_run(struct task *task)
{
    struct libevent_reactor *self =
        (struct libevent_reactor *)((char *)task - offsetof(struct libevent_reactor, stop_task));
    self->is_stopping = true;
}

static void reactor_deinit(struct libevent_reactor *self)
{
    if (self->wake_event)
        event_free(self->wake_event);
    if (self->tick_event)
        event_free(self->tick_event);
    if (self->base)
        event_base_free(self->base);
    if (self->wake_fd >= 0)
        close(self->wake_fd);
    mutex_deinit(&self->mu);
    memory_free(self);
}

static void stop_and_free(struct reactor *reactor)
{
    struct libevent_reactor *self = (struct libevent_reactor *)reactor;
    self->stop_task.run = stop_run;
    post(reactor, &self->stop_task); /* never started: nobody runs it, nobody need */
    executor_free(self->executor);
    reactor_deinit(self);
}

static void start(struct reactor *reactor)
{
    struct libevent_reactor *self = (struct libevent_reactor *)reactor;
    self->loop_task.run = loop_run;
    executor_submit(self->executor, &self->loop_task);
}

static const struct reactor_table reactor_table = {
    .post = post,
    .listen = reactor_listen_on,
    .listener_port = listener_port,
    .listener_close = listener_close,
    .resolve = resolve,
    .connect = reactor_connect_to,
    .adopt = adopt,
    .start = start,
    .free = stop_and_free,
};

static bool make_events(struct libevent_reactor *self)
{
    struct timeval period = {.tv_usec = REACTOR_TICK_MS * 1000};
    self->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    self->base = event_base_new();
    if (self->wake_fd < 0 || !self->base)
        return false;
    self->wake_event = event_new(
        self->base, self->wake_fd, EV_READ | EV_ET | EV_PERSIST, wake_event, self);
    self->tick_event = event_new(self->base, -1, EV_PERSIST, tick_event, self);
    return self->wake_event && self->tick_event && !event_add(self->wake_event, NULL) &&
           !event_add(self->tick_event, &period);
}

enum status reactor_libevent_new(struct env *env, const char *name,
    const struct reactor_hooks *hooks, struct reactor **out_reactor, struct error *error)
{
    struct libevent_reactor *self = memory_allocate_zeroed(1, sizeof *self);
    if (!self)
        return error_set(error, STATUS_NO_MEMORY, "event loop %s: no memory", name);
    self->reactor.table = &reactor_table;
    self->hooks = *hooks;
    self->wake_fd = -1;
    mutex_init(&self->mu, LOCK_RANK_LOOP);
    if (!make_events(self)) {
        reactor_deinit(self);
        return error_set_errno(error, errno ? errno : ENOMEM, "event loop %s", name);
    }
    enum status status = env_executor_new(env, name, 1, &self->executor, error);
    if (status) {
        reactor_deinit(self);
        return status;
    }
    *out_reactor = &self->reactor;
    return STATUS_OK;
}
