#include "server/peer/peers.h"

#include <string.h>

#include "base/memory.h"
#include "server/peer/peer_link.h"

static struct peer_link *find_link(struct peers *peers, const struct server_name *server)
{
    for (struct peer_link *link = peers->links; link; link = link->next)
        if (link->server.port == server->port && link->server.start_code == server->start_code &&
            span_equal(link->server.host, server->host))
            return link;
    struct peer_link *link = peer_link_new(peers, server);
    if (link) {
        link->next = peers->links;
        peers->links = link;
    }
    return link;
}

static void fail_call(struct peer_call *call, enum status status, const char *why)
{
    call->status = error_set(&call->error, status, "%s to %.*s,%u: %s", call->method,
        (int)call->to->host.size, (const char *)call->to->host.data, call->to->port, why);
    call->done(call);
}

static void call_run(struct task *task)
{
    struct peer_call *call = (struct peer_call *)((char *)task - offsetof(struct peer_call, task));
    struct peers *peers = call->peers;
    struct peer_link *link = peers->is_stopped ? NULL : find_link(peers, call->to);
    if (peers->is_stopped)
        fail_call(call, STATUS_CLOSED, "this server is stopping");
    else if (!link || buffer_status(&call->request))
        fail_call(call, STATUS_NO_MEMORY, "no memory for the call");
    else
        peer_link_add(link, call);
}

void peers_call(struct peers *peers, struct peer_call *call)
{
    call->peers = peers;
    call->status = STATUS_OK;
    call->was_sent = false;
    call->answer = SPAN_EMPTY;
    call->exception_class[0] = '\0';
    error_clear(&call->error);
    call->due_ns = env_monotonic_ns(peers->config.env) +
                   (call->timeout_ms ? call->timeout_ms : PEER_CALL_MS) * 1000000ull;
    call->task.run = call_run;
    loop_post(peers->loop, &call->task);
}

struct forgetting {
    struct task task;
    struct peers *peers;
    struct server_name server;
    char host[];
};

static void forget_run(struct task *task)
{
    struct forgetting *forgetting = (struct forgetting *)((char *)task -
                                                          offsetof(struct forgetting, task));
    struct peer_link *link = find_link(forgetting->peers, &forgetting->server);
    struct error error = {0};
    if (link)
        peer_link_fail(link, error_set(&error, STATUS_IO, "the server is given up"), &error);
    memory_free(forgetting);
}

void peers_forget(struct peers *peers, const struct server_name *server)
{
    struct forgetting *forgetting = memory_allocate(sizeof *forgetting + server->host.size);
    if (!forgetting)
        return;
    *forgetting = (struct forgetting){.task.run = forget_run, .peers = peers, .server = *server};
    if (server->host.size)
        memcpy(forgetting->host, server->host.data, server->host.size);
    forgetting->server.host = span_make((const uint8_t *)forgetting->host, server->host.size);
    loop_post(peers->loop, &forgetting->task);
}

/* Each turn of the loop, at least every REACTOR_TICK_MS. */
static void on_turn(struct loop *loop)
{
    struct peers *peers = loop->service;
    uint64_t now_ns = env_monotonic_ns(peers->config.env);
    struct peer_link **place = &peers->links;
    while (*place) {
        struct peer_link *link = *place;
        peer_link_expire(link, now_ns);
        if (peer_link_is_unused(link)) {
            *place = link->next;
            peer_link_remove(link);
        } else {
            place = &link->next;
        }
    }
}

static void stop_run(struct task *task)
{
    struct peers *peers = (struct peers *)((char *)task - offsetof(struct peers, stop_task));
    struct error error = {0};
    enum status status = error_set(&error, STATUS_CLOSED, "this server is stopping");
    peers->is_stopped = true;
    for (struct peer_link *link = peers->links; link; link = link->next)
        peer_link_fail(link, status, &error);
    if (peers->stopped)
        peers->stopped(peers->stopped_context);
}

void peers_stop(struct peers *peers, void (*stopped)(void *context), void *context)
{
    peers->stopped = stopped;
    peers->stopped_context = context;
    peers->stop_task.run = stop_run;
    loop_post(peers->loop, &peers->stop_task);
}

enum status peers_new(
    const struct peers_config *config, struct peers **out_peers, struct error *error)
{
    struct peers *peers = memory_allocate_zeroed(1, sizeof *peers);
    if (!peers)
        return error_set(error, STATUS_NO_MEMORY, "no memory for calls to other servers");
    peers->config = *config;
    enum status status = loop_new_named(
        config->env, "peers", config->make_reactor, &peers->loop, error);
    if (!status)
        status = env_executor_new(config->env, "resolve", 1, &peers->resolver, error);
    if (status) {
        loop_free(peers->loop);
        memory_free(peers);
        return status;
    }
    peers->loop->service = peers;
    peers->loop->turn = on_turn;
    loop_start(peers->loop);
    *out_peers = peers;
    return STATUS_OK;
}

void peers_free(struct peers *peers)
{
    if (!peers)
        return;
    executor_free(peers->resolver); /* what it has found out is on its way to the loop */
    loop_free(peers->loop);
    while (peers->links) {
        struct peer_link *link = peers->links;
        peers->links = link->next;
        peer_link_remove(link);
    }
    memory_free(peers);
}
