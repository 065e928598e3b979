#include "server/web/web_server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "server/web/web_gzip.h"

#define WORKERS      2
#define TICK_MS      250
#define AGAIN_MS     5 /* until evhttp has seen the ends that we made */
#define LISTEN_QUEUE 512
#define METHODS                                                                                    \
    (EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |     \
        EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH)
#define POLICY                                                                                     \
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "          \
    "form-action 'none'; object-src 'none'"

/* A connection, from its accept to its end. evhttp does not tell of the end of those that never sent a request, nor
 * limits how slowly one is sent; but a socket has an inode, which is no other's. */
struct web_connection {
    struct bufferevent *stream; /* just accepted: its socket is not known yet */
    ino_t inode;                /* 0 = free, when there is no stream */
    int fd;
    bool has_asked;    /* a whole request came */
    uint64_t since_ns; /* accepted, or asked last */
};

/* A call that is out: on a worker or at the master. */
struct web_job {
    struct web_call call; /* first */
    struct web_server *server;
    const struct web_route *route;
    struct evhttp_request *http; /* NULL: answered, too late */
    struct event *deadline;
    struct task task;     /* on a worker, then posted back */
    struct web_job *next; /* posted back; guarded by mu */
};

struct web_server {
    struct env *env;
    struct web_config config;
    struct web_service service;
    uint16_t port;
    int listen_fd;
    struct executor *executor, *workers;
    struct task loop_task;
    struct event_base *base;
    struct evhttp *http;
    struct evconnlistener *listener;
    struct event *wake_event, *tick_event, *accept_event, *again_event;
    int wake_fd;
    _Atomic bool is_stopping;
    struct web_connection connections[LIMIT_WEB_CONNECTIONS]; /* the loop's, as the next three */
    bool is_full;
    struct web_job *jobs[LIMIT_WEB_CALLS]; /* those that are out */
    struct mutex mu;                       /* LOCK_RANK_LOOP */
    struct web_job *posted, **posted_end;
};

/* ---- Connections ---- */

static bool is_in_use(const struct web_connection *connection)
{
    return connection->stream || connection->inode;
}

/* evhttp asks for the stream of each connection that it accepts: so they are counted. */
static struct bufferevent *make_stream(struct event_base *base, void *context)
{
    struct web_server *server = context;
    struct bufferevent *stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    struct web_connection *slot = NULL;
    size_t left = 0;
    for (size_t i = 0; i < LIMIT_WEB_CONNECTIONS; i++) {
        if (is_in_use(&server->connections[i]))
            continue;
        slot = &server->connections[i];
        left++;
    }
    if (slot)
        *slot = (struct web_connection){
            .stream = stream, .since_ns = env_monotonic_ns(server->env)};
    if (left <= 1) {
        evconnlistener_disable(server->listener);
        server->is_full = true;
    }
    event_active(server->accept_event, EV_TIMEOUT, 1);
    return stream;
}

static ino_t inode_of(int fd)
{
    struct stat stat;
    return fd >= 0 && fstat(fd, &stat) == 0 ? stat.st_ino : 0;
}

/* In the turn of the accept, before any event of the new socket: its stream lives. */
static void on_accepted(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct web_server *server = context;
    for (size_t i = 0; i < LIMIT_WEB_CONNECTIONS; i++) {
        struct web_connection *one = &server->connections[i];
        if (!one->stream)
            continue;
        one->fd = bufferevent_getfd(one->stream);
        one->inode = inode_of(one->fd);
        one->stream = NULL;
    }
}

static void touch_connection(struct web_server *server, struct evhttp_request *http)
{
    int fd = bufferevent_getfd(
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(http)));
    for (size_t i = 0; i < LIMIT_WEB_CONNECTIONS; i++) {
        struct web_connection *one = &server->connections[i];
        if (!one->inode || one->fd != fd)
            continue;
        one->has_asked = true;
        one->since_ns = env_monotonic_ns(server->env);
    }
}

/* How long a connection may be without a whole request: less when others wait for its place, or a few hundred that say
 * nothing would keep a probe of /livez out for as long as they like. */
static uint64_t patience_ns(const struct web_server *server, const struct web_connection *one)
{
    uint64_t limit_ms = !server->is_full ? LIMIT_WEB_REQUEST_S * 1000ull
                        : one->has_asked ? WEB_KEPT_MS
                                         : WEB_MUTE_MS;
    return limit_ms * 1000000;
}

/* Forgets those that have ended, and ends those that take too long. */
static void sweep_connections(struct web_server *server)
{
    static const struct timeval again = {.tv_usec = AGAIN_MS * 1000};
    uint64_t now_ns = env_monotonic_ns(server->env);
    bool has_room = false, has_ended_some = false;
    for (size_t i = 0; i < LIMIT_WEB_CONNECTIONS; i++) {
        struct web_connection *one = &server->connections[i];
        if (one->inode && inode_of(one->fd) != one->inode) {
            *one = (struct web_connection){0};
        } else if (one->inode && now_ns - one->since_ns > patience_ns(server, one)) {
            shutdown(one->fd, SHUT_RDWR); /* evhttp sees its end */
            has_ended_some = true;
        }
        has_room = has_room || !is_in_use(one);
    }
    if (server->is_full && has_room) {
        evconnlistener_enable(server->listener);
        server->is_full = false;
    } else if (server->is_full && has_ended_some) {
        event_add(server->again_event, &again);
    }
}

/* ---- Answers ---- */

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {{200, "OK"}, {202, "Accepted"}, {304, "Not Modified"}, {400, "Bad Request"},
        {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {409, "Conflict"},
        {413, "Content Too Large"}, {421, "Misdirected Request"}, {503, "Service Unavailable"}};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}

static void put_headers(struct evkeyvalq *headers, const struct web_answer *answer)
{
    evhttp_add_header(headers, "Content-Type", answer->type ? answer->type : "text/plain");
    evhttp_add_header(headers, "Content-Security-Policy", answer->policy ? answer->policy : POLICY);
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evhttp_add_header(headers, "X-Frame-Options", "DENY");
    evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
    evhttp_add_header(headers, "Cross-Origin-Resource-Policy", "same-origin");
    evhttp_add_header(headers, "Cache-Control",
        answer->is_immutable ? "public, max-age=31536000, immutable"
        : answer->etag       ? "no-cache"
                             : "no-store");
    if (answer->etag)
        evhttp_add_header(headers, "ETag", answer->etag);
    if (answer->is_gzip)
        evhttp_add_header(headers, "Content-Encoding", "gzip");
    if (answer->is_varied)
        evhttp_add_header(headers, "Vary", "Accept-Encoding");
    if (answer->allow)
        evhttp_add_header(headers, "Allow", answer->allow);
}

static void send_answer(struct evhttp_request *http, const struct web_call *call)
{
    const struct web_answer *answer = &call->answer;
    struct span body = answer->borrowed.size ? answer->borrowed : buffer_span(&answer->body);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(http);
    bool has_body = answer->status != 304;
    put_headers(headers, answer);
    char size[24];
    snprintf(size, sizeof size, "%zu", body.size);
    if (has_body)
        evhttp_add_header(headers, "Content-Length", size);
    if (has_body && call->request.method != WEB_HEAD)
        evbuffer_add(evhttp_request_get_output_buffer(http), body.data, body.size);
    evhttp_send_reply(http, answer->status, reason_of(answer->status), NULL);
}

/* ---- Calls that are out ---- */

static void job_free(struct web_job *job)
{
    if (job->deadline)
        event_free(job->deadline);
    web_call_deinit(&job->call);
    memory_free(job);
}

/* False: too many are out. */
static bool job_remember(struct web_job *job)
{
    for (size_t i = 0; i < LIMIT_WEB_CALLS; i++) {
        if (!job->server->jobs[i]) {
            job->server->jobs[i] = job;
            return true;
        }
    }
    return false;
}

static void job_forget(struct web_job *job)
{
    for (size_t i = 0; i < LIMIT_WEB_CALLS; i++)
        if (job->server->jobs[i] == job)
            job->server->jobs[i] = NULL;
}

/* A connection ends, and its request with it. */
static void on_end(struct evhttp_connection *connection, void *context)
{
    struct web_server *server = context;
    for (size_t i = 0; i < LIMIT_WEB_CALLS; i++) {
        struct web_job *job = server->jobs[i];
        if (job && job->http && evhttp_request_get_connection(job->http) == connection)
            job->http = NULL;
    }
}

/* Any thread. */
static void finish(struct web_call *call)
{
    struct web_job *job = (struct web_job *)call;
    struct web_server *server = job->server;
    job->next = NULL;
    mutex_lock(&server->mu);
    *server->posted_end = job;
    server->posted_end = &job->next;
    mutex_unlock(&server->mu);
    uint64_t one = 1;
    if (write(server->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN)
        log_line(LOG_WARN, "web.wake", "errno=%d", errno);
}

/* Here, not on the loop: a large picture takes ten milliseconds. */
static void make_small(struct web_call *call)
{
    struct web_answer *answer = &call->answer;
    struct buffer packed = {0};
    if (answer->is_gzip || answer->etag || answer->body.size < WEB_GZIP_LEAST)
        return;
    answer->is_varied = true;
    if (!call->request.accepts_gzip || !web_gzip_pack(buffer_span(&answer->body), &packed)) {
        buffer_deinit(&packed);
        return;
    }
    buffer_deinit(&answer->body);
    answer->body = packed;
    answer->is_gzip = true;
}

static void run_job(struct task *task)
{
    struct web_job *job = (struct web_job *)((char *)task - offsetof(struct web_job, task));
    if (web_route_run(job->route, &job->call) != WEB_DONE)
        return;
    make_small(&job->call);
    finish(&job->call);
}

static void take_posted(struct web_server *server)
{
    mutex_lock(&server->mu);
    struct web_job *job = server->posted;
    server->posted = NULL;
    server->posted_end = &server->posted;
    mutex_unlock(&server->mu);
    while (job) {
        struct web_job *next = job->next;
        if (job->http)
            send_answer(job->http, &job->call);
        job_forget(job);
        job_free(job);
        job = next;
    }
}

/* It is late: the client gets a reason, and the call goes on by itself. */
static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct web_job *job = context;
    struct web_call late = {
        .service = job->call.service, .request = {.method = job->call.request.method}};
    if (!job->http)
        return;
    web_fail(&late, 503, "busy", "no answer within %d ms: %s is busy", WEB_DEADLINE_MS,
        job->server->service.role == SERVER_TABLETS ? "the server" : "the master or the disk");
    send_answer(job->http, &late);
    job->http = NULL;
    web_call_deinit(&late);
}

static void send_out(struct web_job *job, struct evhttp_request *http)
{
    struct web_server *server = job->server;
    struct timeval patience = {
        .tv_sec = WEB_DEADLINE_MS / 1000, .tv_usec = WEB_DEADLINE_MS % 1000 * 1000};
    job->deadline = evtimer_new(server->base, on_deadline, job);
    if (!job->deadline || !job_remember(job)) {
        web_fail(
            &job->call, 503, "busy", "%d requests wait for their answers already", LIMIT_WEB_CALLS);
        send_answer(http, &job->call);
        job_free(job);
        return;
    }
    event_add(job->deadline, &patience);
    job->http = http;
    job->call.finish = finish;
    job->task.run = run_job;
    executor_submit(server->workers, &job->task);
}

/* ---- Requests ---- */

static struct span header(struct evhttp_request *http, const char *name)
{
    const char *value = evhttp_find_header(evhttp_request_get_input_headers(http), name);
    return value ? span_string(value) : SPAN_EMPTY;
}

static size_t count_header(struct evhttp_request *http, const char *name)
{
    const struct evkeyval *one;
    size_t count = 0;
    for (one = evhttp_request_get_input_headers(http)->tqh_first; one; one = one->next.tqe_next)
        count += strcasecmp(one->key, name) == 0;
    return count;
}

static enum web_method method_of(struct evhttp_request *http)
{
    switch (evhttp_request_get_command(http)) {
    case EVHTTP_REQ_GET:
        return WEB_GET;
    case EVHTTP_REQ_HEAD:
        return WEB_HEAD;
    case EVHTTP_REQ_POST:
        return WEB_POST;
    default:
        return WEB_OTHER_METHOD;
    }
}

/* Everything that a handler may want, copied: the evhttp request stays with the loop. */
static bool read_request(struct web_call *call, struct evhttp_request *http, struct error *error)
{
    struct web_request *request = &call->request;
    struct arena *arena = &call->arena;
    struct evbuffer *body = evhttp_request_get_input_buffer(http);
    size_t size = evbuffer_get_length(body);
    const char *gzip = evhttp_find_header(
        evhttp_request_get_input_headers(http), "Accept-Encoding");
    request->method = method_of(http);
    request->host = arena_copy(arena, header(http, "Host"));
    request->is_host_doubled = count_header(http, "Host") > 1;
    request->origin = arena_copy(arena, header(http, "Origin"));
    request->fetch_site = arena_copy(arena, header(http, "Sec-Fetch-Site"));
    request->token = arena_copy(arena, header(http, "X-Stele-Token"));
    request->content_type = arena_copy(arena, header(http, "Content-Type"));
    request->if_none_match = arena_copy(arena, header(http, "If-None-Match"));
    request->accepts_gzip = web_gzip_is_taken(gzip);
    uint8_t *bytes = arena_allocate(arena, size);
    if (!bytes || evbuffer_copyout(body, bytes, size) != (ev_ssize_t)size) {
        error_set(error, STATUS_NO_MEMORY, "no memory for the request");
        return false;
    }
    request->body = span_make(bytes, size);
    const char *target = evhttp_request_get_uri(http);
    struct span copy = arena_copy(arena, span_string(target ? target : ""));
    return web_request_parse(copy, arena, request, error) == STATUS_OK;
}

static void on_request(struct evhttp_request *http, void *context)
{
    struct web_server *server = context;
    struct error error = {0};
    touch_connection(server, http);
    evhttp_connection_set_closecb(evhttp_request_get_connection(http), on_end, server);
    struct web_job *job = memory_allocate_zeroed(1, sizeof *job);
    if (!job) {
        evhttp_send_error(http, 503, "no memory");
        return;
    }
    job->server = server;
    job->call.service = &server->service;
    if (!read_request(&job->call, http, &error)) {
        if (error.status == STATUS_NO_MEMORY)
            web_fail_error(&job->call, &error);
        else
            web_fail(&job->call, 400, "bad_request", "%s", error.message);
    } else {
        job->route = web_call_begin(&job->call);
    }
    if (job->route && !web_route_is_on_loop(job->route)) {
        send_out(job, http);
        return;
    }
    if (job->route)
        (void)web_route_run(job->route, &job->call);
    send_answer(http, &job->call);
    job_free(job);
}

/* ---- The loop ---- */

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    uint64_t count;
    if (read(fd, &count, sizeof count) == sizeof count)
        take_posted(context);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct web_server *server = context;
    sweep_connections(server);
}

static void run_loop(struct task *task)
{
    struct web_server *server = (struct web_server *)((char *)task -
                                                      offsetof(struct web_server, loop_task));
    while (!atomic_load(&server->is_stopping))
        event_base_loop(server->base, EVLOOP_ONCE);
}

/* ---- Life ---- */

static enum status bind_to(const char *host, int port, int *out_fd, struct error *error)
{
    char service[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    snprintf(service, sizeof service, "%d", port);
    int code = getaddrinfo(*host ? host : NULL, service, &hints, &found);
    if (code)
        return error_set(error, STATUS_INVALID, "web port: %s: %s", host, gai_strerror(code));
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    bool is_bound = fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) &&
                    !bind(fd, found->ai_addr, found->ai_addrlen) && !listen(fd, LISTEN_QUEUE);
    int saved = errno;
    freeaddrinfo(found);
    if (!is_bound) {
        if (fd >= 0)
            close(fd);
        if (saved == EADDRINUSE)
            return error_set(
                error, STATUS_EXISTS, "web port %s:%d: address already in use", host, port);
        return error_set_errno(error, saved, "web port %s:%d", host, port);
    }
    *out_fd = fd;
    return STATUS_OK;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char service[8] = "0";
    if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        getnameinfo(
            (struct sockaddr *)&address, size, NULL, 0, service, sizeof service, NI_NUMERICSERV);
    unsigned port = 0;
    sscanf(service, "%u", &port);
    return (uint16_t)port;
}

enum status web_server_new(struct env *env, const struct web_config *config,
    struct web_server **out_server, struct error *error)
{
    struct web_server *server = memory_allocate_zeroed(1, sizeof *server);
    if (!server)
        return error_set(error, STATUS_NO_MEMORY, "web port: no memory");
    server->env = env;
    server->config = *config;
    server->wake_fd = server->listen_fd = -1;
    server->posted_end = &server->posted;
    mutex_init(&server->mu, LOCK_RANK_LOOP);
    enum status status = bind_to(config->host, config->port, &server->listen_fd, error);
    if (status) {
        web_server_free(server);
        return status;
    }
    server->port = port_of(server->listen_fd);
    *out_server = server;
    return STATUS_OK;
}

uint16_t web_server_port(const struct web_server *server)
{
    return server->port;
}

static bool make_events(struct web_server *server)
{
    struct timeval period = {.tv_usec = TICK_MS * 1000};
    server->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    server->base = event_base_new();
    server->http = server->base ? evhttp_new(server->base) : NULL;
    if (server->wake_fd < 0 || !server->http)
        return false;
    evhttp_set_allowed_methods(server->http, METHODS);
    evhttp_set_max_headers_size(server->http, LIMIT_WEB_HEAD_SIZE);
    evhttp_set_max_body_size(server->http, LIMIT_WEB_BODY_SIZE);
    evhttp_set_timeout(server->http, LIMIT_WEB_IDLE_S);
    evhttp_set_gencb(server->http, on_request, server);
    evhttp_set_bevcb(server->http, make_stream, server);
    server->wake_event = event_new(
        server->base, server->wake_fd, EV_READ | EV_PERSIST, on_wake, server);
    server->accept_event = event_new(server->base, -1, 0, on_accepted, server);
    server->tick_event = event_new(server->base, -1, EV_PERSIST, on_tick, server);
    server->again_event = evtimer_new(server->base, on_tick, server);
    server->listener = evconnlistener_new(server->base, NULL, NULL,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, server->listen_fd);
    if (!server->listener)
        return false;
    server->listen_fd = -1; /* the listener's */
    return server->wake_event && server->tick_event && server->accept_event &&
           server->again_event && !event_add(server->wake_event, NULL) &&
           !event_add(server->tick_event, &period) &&
           evhttp_bind_listener(server->http, server->listener);
}

static void make_token(struct web_server *server)
{
    uint8_t bytes[WEB_TOKEN_SIZE / 2];
    env_random_bytes(server->env, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(server->service.token + 2 * i, 3, "%02x", bytes[i]);
}

enum status web_server_start(
    struct web_server *server, const struct web_service *service, struct error *error)
{
    server->service = *service;
    server->service.env = server->env;
    server->service.version = server->config.version;
    server->service.host = server->config.host;
    server->service.is_read_only = server->config.is_read_only;
    server->service.ui_directory = server->config.ui_directory;
    server->service.studies_directory = server->config.studies_directory;
    server->service.settings = server->config.settings;
    server->service.setting_count = server->config.setting_count;
    make_token(server);
    if (!make_events(server))
        return error_set(error, STATUS_NO_MEMORY, "web port: no event loop");
    enum status status = env_executor_new(server->env, "web", 1, &server->executor, error);
    if (!status)
        status = env_executor_new(server->env, "web-work", WORKERS, &server->workers, error);
    if (status)
        return status;
    server->loop_task.run = run_loop;
    executor_submit(server->executor, &server->loop_task);
    return STATUS_OK;
}

void web_server_stop(struct web_server *server)
{
    if (!server)
        return;
    atomic_store(&server->is_stopping, true);
    uint64_t one = 1;
    if (server->wake_fd >= 0 && write(server->wake_fd, &one, sizeof one) < 0)
        log_line(LOG_WARN, "web.wake", "errno=%d", errno);
    executor_free(server->executor);
    executor_free(server->workers);
    server->executor = server->workers = NULL;
}

void web_server_free(struct web_server *server)
{
    if (!server)
        return;
    while (server->posted) {
        struct web_job *next = server->posted->next;
        job_free(server->posted);
        server->posted = next;
    }
    if (server->http)
        evhttp_free(server->http); /* with its listener */
    else if (server->listener)
        evconnlistener_free(server->listener);
    if (server->wake_event)
        event_free(server->wake_event);
    if (server->tick_event)
        event_free(server->tick_event);
    if (server->accept_event)
        event_free(server->accept_event);
    if (server->again_event)
        event_free(server->again_event);
    if (server->base)
        event_base_free(server->base);
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    mutex_deinit(&server->mu);
    memory_free(server);
}
