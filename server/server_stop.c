/* The end of a server, in the order that server.h says. */
#include "base/log_lines.h"
#include "server/master/master.h"
#include "server/peer/heat_reporter.h"
#include "server/peer/leader_watch.h"
#include "server/peer/reporter.h"
#include "server/server_internal.h"
#include "server/tablet/tablet_host.h"

#define GRACE_MS      1000 /* for calls under way when the server closes */
#define DRAIN_LOOK_MS 10

void server_close_listeners(struct server *server)
{
    if (!server->listener)
        return;
    const struct reactor_table *table = server->loops[0].loop->reactor->table;
    table->listener_close(server->listener);
    if (server->zookeeper_listener)
        table->listener_close(server->zookeeper_listener);
    server->listener = server->zookeeper_listener = NULL;
}

static void store_closed(struct completion *completion)
{
    struct server *server = (struct server *)((char *)completion -
                                              offsetof(struct server, store_closing));
    if (completion->status)
        log_line(LOG_WARN, "store.close", "reason=\"%s\"", completion->error.message);
    if (server->config.role == SERVER_MASTER)
        server->closed(server->config.context);
    else /* its tablets are closed: others may have them */
        membership_withdraw(server->membership, server->closed, server->config.context);
}

static void close_store(void *context)
{
    struct server *server = context;
    server->store_closing.done = store_closed;
    store_close(server->service.store, server->flush_ms, &server->store_closing);
}

/* No call to a peer is under way when the store closes. */
static void stop_calls(void *context)
{
    struct server *server = context;
    membership_stop_calls(server->membership, close_store, server);
}

/* All calls have ended: their heat is told before nobody can be told any more. */
static void finish_heat(struct server *server)
{
    heat_reporter_finish(server->heat_reporter, stop_calls, server);
}

static struct server_loop *loop_from_task(struct task *task)
{
    return (struct server_loop *)((char *)task - offsetof(struct server_loop, task));
}

static void clear_loop(struct task *task)
{
    struct server_loop *self = loop_from_task(task);
    loop_close_connections(self->loop);
    if (atomic_fetch_sub_explicit(&self->server->loops_to_clear, 1, memory_order_acq_rel) == 1)
        finish_heat(self->server);
}

/* It has nothing at the store's workers that would come back to it, and sends nothing there any more. */
static bool master_has_ended(const struct server *server, uint64_t now_ns)
{
    const struct master *master = server->service.master;
    return !master || ((master_epoch(master) == 0 || now_ns >= server->grace_until_ns) &&
                          !master_is_at_work(master));
}

/* Worker: looks now and then whether the connections have gone by themselves, and the master's tenure is over. */
static void wait_for_drain(struct task *task)
{
    struct server *server = (struct server *)((char *)task - offsetof(struct server, drain_task));
    uint64_t now_ns = env_monotonic_ns(server->service.env);
    size_t left = 0;
    for (unsigned i = 0; i < server->loop_count; i++)
        left += atomic_load_explicit(&server->loops[i].connections, memory_order_relaxed);
    if ((left > 0 && now_ns < server->grace_until_ns) || !master_has_ended(server, now_ns)) {
        executor_submit_at(
            store_workers(server->service.store), task, now_ns + DRAIN_LOOK_MS * 1000000ull);
        return;
    }
    atomic_store_explicit(&server->loops_to_clear, server->loop_count, memory_order_release);
    for (unsigned i = 0; i < server->loop_count; i++) {
        server->loops[i].task.run = clear_loop;
        loop_post(server->loops[i].loop, &server->loops[i].task);
    }
}

static void drain_loop(struct task *task)
{
    struct server_loop *self = loop_from_task(task);
    struct server *server = self->server;
    if (self == &server->loops[0])
        server_close_listeners(server);
    atomic_store_explicit(&self->loop->is_draining, true, memory_order_relaxed);
    for (struct connection *one = self->loop->connections; one; one = one->next)
        connection_tick(one, env_monotonic_ns(server->service.env));
    if (atomic_fetch_sub_explicit(&server->loops_to_clear, 1, memory_order_acq_rel) > 1)
        return;
    server->drain_task.run = wait_for_drain;
    executor_submit_at(store_workers(server->service.store), &server->drain_task,
        env_monotonic_ns(server->service.env) + DRAIN_LOOK_MS * 1000000ull);
}

static void drain(void *context)
{
    struct server *server = context;
    if (!server->has_started) {
        finish_heat(server);
        return;
    }
    atomic_store_explicit(&server->loops_to_clear, server->loop_count, memory_order_release);
    for (unsigned i = 0; i < server->loop_count; i++) {
        server->loops[i].task.run = drain_loop;
        loop_post(server->loops[i].loop, &server->loops[i].task);
    }
}

void server_close(struct server *server, uint64_t flush_ms, void (*closed)(void *context))
{
    server->closed = closed;
    server->flush_ms = flush_ms;
    server->grace_until_ns = env_monotonic_ns(server->service.env) + GRACE_MS * 1000000ull;
    atomic_store_explicit(&server->service.is_stopping, true, memory_order_relaxed);
    if (server->service.host)
        tablet_host_stop(server->service.host);
    reporter_stop(server->reporter);
    leader_watch_stop(server->service.leader_watch);
    if (server->service.master)
        master_stop(server->service.master);
    if (server->config.role == SERVER_MASTER) /* another can lead at once */
        membership_withdraw(server->membership, drain, server);
    else
        drain(server);
}
