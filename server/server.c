#include "server/server.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "base/memory.h"
#include "server/hbase/answer_looks.h"
#include "server/hbase/rpc_connection.h"
#include "server/hbase/scanner_table.h"
#include "server/hbase/services.h"
#include "server/heat/heat_board.h"
#include "server/membership.h"
#include "server/net/loop.h"
#include "server/peer/heat_reporter.h"
#include "server/peer/reporter.h"
#include "server/tablet/tablet_host.h"
#include "server/web/web_server.h"
#include "server/zk/facade.h"

#define LOOPS_MAX        16
#define INCARNATION_SIZE 320
#define GRACE_MS         1000 /* for calls under way when the server closes */
#define DRAIN_LOOK_MS    10

/* Which part of the memory goes where, in eighths. */
#define MEMTABLE_EIGHTHS 3
#define CACHE_EIGHTHS    3
#define REQUEST_EIGHTHS  1
#define OUTPUT_EIGHTHS   1

struct server_loop;

/* loop->service: the calls come first, and their pool is what is freed. */
struct loop_service {
    struct call_pool calls;
    struct server_loop *owner;
};

/* One loop as the server sees it. */
struct server_loop {
    struct loop *loop;
    struct server *server;
    struct task task;           /* drain, then close_connections */
    _Atomic size_t connections; /* as of its last turn */
};

struct server {
    struct server_config config;
    char incarnation[INCARNATION_SIZE];
    struct hbase_service service;
    struct znode_tree *znodes;
    struct zk_facade zookeeper;
    struct server_loop loops[LOOPS_MAX];
    unsigned loop_count;
    struct output_budget output; /* of all loops */
    unsigned next_loop;          /* loop 0: who gets the next connection */
    struct listener *listener;   /* loop 0's, as the next */
    struct listener *zookeeper_listener;
    bool has_started; /* the loops turn */
    struct membership *membership;
    struct coordination_listener events;
    struct reporter *reporter;
    struct heat_reporter *heat_reporter;
    struct web_server *web;
    struct loop *web_loops[LOOPS_MAX]; /* what the web port shows of the loops, as the next two */
    const struct call_metrics *web_metrics[LOOPS_MAX];
    const _Atomic size_t *web_connections[LOOPS_MAX];
    _Atomic bool is_told; /* ready has run */

    /* Closing */
    void (*closed)(void *context);
    uint64_t flush_ms;
    uint64_t grace_until_ns;
    struct task drain_task; /* on the store's workers */
    _Atomic unsigned loops_to_clear;
    struct completion store_closing;
};

/* ---- Connections ---- */

/* A stream on its way from the loop that accepted it to its own. */
struct handover {
    struct task task;
    struct server_loop *loop;
    struct stream *stream;
    protocol_sniff *sniff;
};

static const struct protocol *sniff_main(
    void *context, struct span first, bool *out_needs_more, void **out_protocol_context)
{
    struct server *server = context;
    uint32_t size, version;
    if (first.data[0] != 0) {
        *out_protocol_context = &server->service;
        return &rpc_protocol; /* which tells strangers what it expected */
    }
    /* A ZooKeeper connect request: its size, then protocol version 0. */
    *out_needs_more = first.size < 8;
    if (span_take_be32(&first, &size) || span_take_be32(&first, &version))
        return NULL;
    if (size > ZK_CONNECT_SIZE_MAX || version != 0)
        return NULL;
    *out_protocol_context = &server->zookeeper;
    return &zk_protocol;
}

static const struct protocol *sniff_zookeeper(
    void *context, struct span first, bool *out_needs_more, void **out_protocol_context)
{
    struct server *server = context;
    (void)first, (void)out_needs_more;
    *out_protocol_context = &server->zookeeper;
    return &zk_protocol;
}

static void handover_run(struct task *task)
{
    struct handover *handover = (struct handover *)((char *)task - offsetof(struct handover, task));
    struct loop *loop = handover->loop->loop;
    struct connection *connection;
    if (loop->connection_count >= LIMIT_CONNECTIONS / handover->loop->server->loop_count ||
        atomic_load_explicit(&loop->is_draining, memory_order_relaxed))
        handover->stream->table->close(handover->stream);
    else
        (void)connection_new(
            loop, handover->stream, handover->sniff, handover->loop->server, &connection);
    memory_free(handover);
}

/* Loop 0. */
static void deal(struct server *server, struct stream *stream, protocol_sniff *sniff)
{
    struct handover *handover = memory_allocate_zeroed(1, sizeof *handover);
    if (!handover) {
        stream->table->close(stream);
        return;
    }
    handover->task.run = handover_run;
    /* Not in turn: clients open their connections in a rhythm (one to ask, one to work), which would put all that
     * work on one loop. */
    server->next_loop = server->next_loop * 1103515245u + 12345u;
    handover->loop = &server->loops[(server->next_loop >> 16) % server->loop_count];
    handover->stream = stream;
    handover->sniff = sniff;
    loop_post(handover->loop->loop, &handover->task);
}

static void accept_main(void *context, struct stream *stream)
{
    deal(context, stream, sniff_main);
}

static void accept_zookeeper(void *context, struct stream *stream)
{
    deal(context, stream, sniff_zookeeper);
}

/* ---- Start ---- */

static void count_connections(struct loop *loop)
{
    const struct loop_service *service = loop->service;
    struct server_loop *self = service->owner;
    atomic_store_explicit(&self->connections, loop->connection_count, memory_order_relaxed);
}

static enum status make_loops(struct server *server, struct error *error)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = server->config.loops ? server->config.loops : cores > 0 ? (unsigned)cores : 1;
    if (count > LOOPS_MAX)
        count = LOOPS_MAX;
    for (unsigned i = 0; i < count; i++) {
        struct server_loop *self = &server->loops[i];
        self->server = server;
        enum status status = loop_new(server->config.env, i,
            server->config.make_reactor ? server->config.make_reactor : reactor_libevent_new,
            &self->loop, error);
        if (status)
            return status;
        server->loop_count++;
        struct loop_service *service = memory_allocate_zeroed(1, sizeof *service);
        if (!service)
            return error_set(error, STATUS_NO_MEMORY, "no memory for an event loop");
        service->owner = self;
        self->loop->service = service;
        self->loop->output = &server->output;
        /* Memory kept for the next answers is no answer's: together half of theirs at most. */
        uint64_t kept = server->output.limit_bytes / 2 / count;
        if (kept < BUFFER_POOL_BYTES)
            self->loop->pool.large_limit = kept > 0 ? kept : 1;
        self->loop->turn = count_connections;
    }
    return STATUS_OK;
}

static enum status listen_on(struct server *server, struct error *error)
{
    struct reactor *reactor = server->loops[0].loop->reactor;
    const struct server_config *config = &server->config;
    enum status status = reactor_listen(reactor, config->host, (uint16_t)config->port, accept_main,
        server, &server->listener, error);
    if (status || config->zookeeper_port == SERVER_PORT_OFF)
        return status;
    status = reactor_listen(reactor, config->host, (uint16_t)config->zookeeper_port,
        accept_zookeeper, server, &server->zookeeper_listener, error);
    if (status == STATUS_EXISTS && config->is_zookeeper_optional) {
        log_line(LOG_WARN, "zookeeper.off", "reason=\"%s\"", error ? error->message : "");
        error_clear(error);
        status = STATUS_OK;
    }
    return status;
}

/* Binds early, so that what is told of the port is known; it answers once there is something to tell. */
static enum status listen_for_web(struct server *server, struct error *error)
{
    const struct web_config *config = server->config.web;
    if (!config)
        return STATUS_OK;
    enum status status = web_server_new(server->config.env, config, &server->web, error);
    if (status == STATUS_EXISTS && config->is_optional) {
        log_line(LOG_WARN, "web.off", "reason=\"%s\"", error ? error->message : "");
        error_clear(error);
        status = STATUS_OK;
    }
    server->service.web_port = server->web ? web_server_port(server->web) : 0;
    return status;
}

static enum status start_web(struct server *server, struct error *error)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        const struct loop_service *service = server->loops[i].loop->service;
        server->web_loops[i] = server->loops[i].loop;
        server->web_metrics[i] = &service->calls.metrics;
        server->web_connections[i] = &server->loops[i].connections;
    }
    struct web_service service = {
        .hbase = &server->service,
        .role = server->config.role,
        .loops = server->web_loops,
        .loop_count = server->loop_count,
        .metrics = server->web_metrics,
        .connections = server->web_connections,
        .advertise_host = server->config.advertise_host,
    };
    return server->web ? web_server_start(server->web, &service, error) : STATUS_OK;
}

static void name_server(struct server *server)
{
    const struct server_config *config = &server->config;
    struct hbase_service *service = &server->service;
    service->started_ms = env_wall_ms(config->env);
    service->name = (struct server_name){
        .host = span_string(config->advertise_host ? config->advertise_host : config->host),
        .port = config->advertise_port ? (uint32_t)config->advertise_port : server_port(server),
        .start_code = (uint64_t)service->started_ms,
    };
    snprintf(service->name_text, sizeof service->name_text, "%.*s,%u,%llu",
        (int)service->name.host.size, (const char *)service->name.host.data, service->name.port,
        (unsigned long long)service->name.start_code);
    snprintf(server->incarnation, sizeof server->incarnation, "%s", service->name_text);
}

static enum status open_store(struct server *server, struct error *error)
{
    uint64_t eighth = server->config.memory_bytes / 8;
    static const enum store_role roles[] = {
        [SERVER_STANDALONE] = STORE_ALONE,
        [SERVER_MASTER] = STORE_DOCUMENTS,
        [SERVER_TABLETS] = STORE_TABLETS,
    };
    struct store_config config = {
        .env = server->config.env,
        .role = roles[server->config.role],
        .root = server->config.root,
        .incarnation = server->incarnation,
        .memtable_budget_bytes = eighth * MEMTABLE_EIGHTHS,
        .cache_budget_bytes = eighth * CACHE_EIGHTHS,
        .fatal = server->config.fatal,
        .fatal_context = server->config.context,
    };
    enum status status = store_open(&config, &server->service.store, error);
    if (status)
        return status;
    server->service.env = server->config.env;
    sim_capacity_init(&server->service.capacity, server->config.sim_capacity);
    server->service.cluster_id = store_cluster_id(server->service.store);
    server->service.request_bytes_limit = eighth * REQUEST_EIGHTHS;
    return STATUS_OK;
}

static void stop_wanted(void *context)
{
    struct server *server = context;
    if (server->config.stop_wanted)
        server->config.stop_wanted(server->config.context);
}

/* The tree of the facade: what a real ZooKeeper holds for others. */
static enum status make_znodes(struct server *server)
{
    struct znode_tree_config znodes = {
        .cluster_id = server->service.cluster_id,
        .server = server->service.name,
        .web_port = server->service.web_port,
        .started_ms = server->service.started_ms,
    };
    server->zookeeper.secret = env_random_u64(server->service.env);
    enum status status = znode_tree_new(&znodes, &server->znodes);
    server->zookeeper.tree = server->znodes;
    return status;
}

static enum status make_tablets(struct server *server, struct error *error)
{
    struct hbase_service *service = &server->service;
    if (tablet_service_new(service->store, &service->tablets) ||
        scanner_table_new(service->env, store_workers(service->store), &service->scanners))
        return error_set(error, STATUS_NO_MEMORY, "no memory for the server");
    if (server->config.role == SERVER_MASTER)
        return STATUS_OK;
    struct tablet_host_config host = {
        .env = service->env,
        .store = service->store,
        .tablets = service->tablets,
        .stop = stop_wanted,
        .stop_context = server,
    };
    return tablet_host_new(&host, &service->host, error);
}

static void master_ready(void *context, enum status status, const struct error *error);

static void publish_meta(void *context, const struct server_name *server)
{
    struct server *self = context;
    if (coordination_publish_meta(self->service.coordination, server))
        log_line(LOG_WARN, "coordination.publish", "reason=\"no memory\"");
}

static void master_superseded(void *context, uint64_t epoch, const struct error *error);

static void publish_draining(void *context, const struct server_name *servers, size_t count)
{
    struct server *self = context;
    if (coordination_publish_draining(self->service.coordination, servers, count))
        log_line(LOG_WARN, "coordination.publish", "reason=\"no memory\"");
}

static void take_report(
    void *context, const struct server_report *report, struct server_report_answer *out_answer)
{
    struct server *self = context;
    *out_answer = (struct server_report_answer){0};
    master_take_report(self->service.master, report, out_answer, NULL);
}

static void take_heat(
    void *context, const struct heat_report *report, struct heat_report_answer *out_answer)
{
    struct server *self = context;
    heat_board_take(self->service.heat, report, out_answer);
    out_answer->epoch = master_epoch(self->service.master);
}

static enum status make_master(struct server *server, struct error *error)
{
    struct hbase_service *service = &server->service;
    struct master_config master = {
        .env = service->env,
        .store = service->store,
        .link = membership_link(server->membership),
        .name = service->name,
        .ready = master_ready,
        .publish_meta = publish_meta,
        .publish_draining = publish_draining,
        .superseded = master_superseded,
        .context = server,
        .is_alone = server->config.role == SERVER_STANDALONE,
    };
    if (service->peers && server->config.role == SERVER_MASTER) {
        service->peers->take_report = take_report;
        service->peers->take_heat = take_heat;
        service->peers->context = server;
    }
    if (heat_board_new(service->env, master.is_alone, &service->heat))
        return error_set(error, STATUS_NO_MEMORY, "no memory for the server");
    master.heat = service->heat;
    return master_new(&master, &service->master, error);
}

/* What a server of tablets says: before each answer, and about itself. */
static enum status make_looks_and_reports(struct server *server, struct error *error)
{
    struct hbase_service *service = &server->service;
    bool is_alone = server->config.role == SERVER_STANDALONE;
    struct reporter_config reporter = {
        .service = service,
        .coordination = service->coordination,
        .peers = membership_peers(server->membership),
        .take_report = is_alone ? take_report : NULL,
        .context = server,
    };
    enum status status = is_alone ? STATUS_OK
                                  : answer_looks_new(service->env, server->config.root,
                                        service->store, &service->looks, error);
    struct heat_reporter_config heat = {.service = service,
        .coordination = service->coordination,
        .peers = is_alone ? NULL : membership_peers(server->membership)};
    if (!status)
        status = reporter_new(&reporter, &server->reporter, error);
    return status ? status : heat_reporter_new(&heat, &server->heat_reporter, error);
}

static enum status make_services(struct server *server, struct error *error)
{
    struct hbase_service *service = &server->service;
    enum status status = make_tablets(server, error);
    struct membership_config membership = {
        .server = &server->config,
        .self = &service->name,
        .self_text = service->name_text,
        .cluster_id = service->cluster_id,
        .web_port = service->web_port,
        .host = service->host,
    };
    if (!status && server->config.role == SERVER_STANDALONE && make_znodes(server))
        status = error_set(error, STATUS_NO_MEMORY, "no memory for the server");
    if (!status)
        status = membership_new(&membership, &server->membership, error);
    if (status)
        return status;
    service->coordination = membership_coordination(server->membership);
    service->peers = membership_peer_service(server->membership);
    if (server->config.role != SERVER_TABLETS)
        status = make_master(server, error);
    if (!status && server->config.role != SERVER_MASTER)
        status = make_looks_and_reports(server, error);
    return status;
}

/* ---- What coordination tells ---- */

static void start_loops(struct server *server)
{
    server->has_started = true;
    for (unsigned i = 0; i < server->loop_count; i++)
        loop_start(server->loops[i].loop);
}

/* Once: the first word counts. */
static bool tell_ready(struct server *server, enum status status, const struct error *error)
{
    if (atomic_exchange(&server->is_told, true))
        return false;
    server->config.ready(server->config.context, status, error);
    return true;
}

/* It cannot go on, now or later. */
static void tell_failed(struct server *server, enum status status, const struct error *error)
{
    if (tell_ready(server, status, error))
        return;
    log_line(LOG_ERROR, "server.failed", "reason=\"%s\"", error->message);
    stop_wanted(server);
}

static void master_ready(void *context, enum status status, const struct error *error)
{
    struct server *server = context;
    if (status) {
        tell_failed(server, status, error);
    } else if (server->config.role == SERVER_STANDALONE) {
        /* Nobody could be served before: connections have waited in the kernel's backlog. */
        start_loops(server);
        tell_ready(server, STATUS_OK, NULL);
    }
}

/* Alone in its directory it has no rival: whoever wrote there is no part of a cluster. */
static void master_superseded(void *context, uint64_t epoch, const struct error *error)
{
    struct server *server = context;
    if (server->config.role == SERVER_STANDALONE)
        tell_failed(server, STATUS_SUPERSEDED, error);
    else
        coordination_resign(server->service.coordination, epoch);
}

static void on_lead(void *context, uint64_t epoch)
{
    struct server *server = context;
    if (server->service.master)
        master_lead(server->service.master, epoch);
}

static void on_deposed(void *context)
{
    struct server *server = context;
    if (server->service.master)
        master_depose(server->service.master);
}

/* A server of tablets serves when the cluster sees it; a master when it is known whether it leads. */
static bool is_serving(const struct server *server, const struct coordination_view *view)
{
    const struct server_name *self = &server->service.name;
    if (server->config.role == SERVER_TABLETS)
        return coordination_names_have(&view->servers, self);
    return server->config.role == SERVER_MASTER &&
           (view->is_leading || coordination_names_have(&view->backups, self));
}

/* Who leads and who waits; with a master that is not known nobody's death may be told from it. */
static void tell_masters(struct server *server, const struct coordination_view *view)
{
    size_t count = view->backups.count + 1;
    struct server_name *names = memory_allocate_zeroed(count, sizeof *names);
    if (names && server_name_is_set(&view->master)) {
        names[0] = view->master;
        for (size_t i = 1; i < count; i++)
            names[i] = view->backups.names[i - 1];
        master_set_masters(server->service.master, names, count);
    }
    memory_free(names);
}

static void on_changed(void *context, const struct coordination_view *view, unsigned changes)
{
    struct server *server = context;
    if (server->service.master && (changes & (COORDINATION_SERVERS | COORDINATION_CONNECTION)))
        master_set_servers(server->service.master, view->servers.names, view->servers.count,
            view->absence_counts_from_ns);
    if (server->service.master && (changes & COORDINATION_MASTER))
        tell_masters(server, view);
    if (is_serving(server, view))
        tell_ready(server, STATUS_OK, NULL);
}

static void on_failed(void *context, const struct error *error)
{
    tell_failed(context, error->status, error);
}

bool server_is_leading(struct server *server)
{
    const struct coordination_view *view = coordination_view_get(server->service.coordination);
    bool is_leading = view->is_leading;
    coordination_view_unref(view);
    return is_leading;
}

enum status server_open(
    const struct server_config *config, struct server **out_server, struct error *error)
{
    struct server *server = memory_allocate_zeroed(1, sizeof *server);
    if (!server)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the server");
    server->config = *config;
    slow_log_init(&server->service.slow);
    server->output.limit_bytes = server->config.memory_bytes / 8 * OUTPUT_EIGHTHS;
    enum status status = make_loops(server, error);
    if (!status)
        status = listen_on(server, error);
    if (!status)
        status = listen_for_web(server, error);
    if (!status) {
        name_server(server);
        status = open_store(server, error);
    }
    if (!status)
        status = make_services(server, error);
    if (!status)
        status = start_web(server, error);
    if (!status) {
        *out_server = server; /* events may come at once */
        server->events = (struct coordination_listener){
            .context = server,
            .lead = on_lead,
            .deposed = on_deposed,
            .changed = on_changed,
            .failed = on_failed,
        };
        status = membership_start(server->membership, &server->events, error);
    }
    if (status)
        server_free(server);
    else if (config->role != SERVER_STANDALONE)
        start_loops(server);
    return status;
}

/* ---- Stop ---- */

static void close_listeners(struct server *server)
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
static void stop_calls(struct server *server)
{
    membership_stop_calls(server->membership, close_store, server);
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
        stop_calls(self->server);
}

/* Worker: looks now and then whether the connections have gone by themselves. */
static void wait_for_drain(struct task *task)
{
    struct server *server = (struct server *)((char *)task - offsetof(struct server, drain_task));
    uint64_t now_ns = env_monotonic_ns(server->service.env);
    size_t left = 0;
    for (unsigned i = 0; i < server->loop_count; i++)
        left += atomic_load_explicit(&server->loops[i].connections, memory_order_relaxed);
    if (left > 0 && now_ns < server->grace_until_ns) {
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
        close_listeners(server);
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
        stop_calls(server);
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
    heat_reporter_stop(server->heat_reporter);
    if (server->service.master)
        master_stop(server->service.master);
    if (server->config.role == SERVER_MASTER) /* another can lead at once */
        membership_withdraw(server->membership, drain, server);
    else
        drain(server);
}

void server_free(struct server *server)
{
    if (!server)
        return;
    web_server_stop(server->web);
    if (server->loop_count > 0 && !server->has_started)
        close_listeners(server);
    if (server->service.looks)
        answer_looks_stop(server->service.looks);
    for (unsigned i = 0; i < server->loop_count; i++) {
        struct loop_service *service = server->loops[i].loop->service;
        loop_free(server->loops[i].loop);
        if (service)
            call_pool_free(&service->calls);
    }
    answer_looks_free(server->service.looks);
    membership_end_events(server->membership);
    master_free(server->service.master);
    web_server_free(server->web); /* after the last answer of the master */
    tablet_host_free(server->service.host);
    scanner_table_free(server->service.scanners);
    tablet_service_free(server->service.tablets);
    store_free(server->service.store);
    reporter_free(server->reporter);
    heat_reporter_free(server->heat_reporter);
    heat_board_free(server->service.heat);
    membership_free(server->membership);
    znode_tree_free(server->znodes);
    slow_log_deinit(&server->service.slow);
    memory_free(server);
}

uint16_t server_port(const struct server *server)
{
    return server->loops[0].loop->reactor->table->listener_port(server->listener);
}

uint16_t server_web_port(const struct server *server)
{
    return server->service.web_port;
}

uint16_t server_zookeeper_port(const struct server *server)
{
    if (!server->zookeeper_listener)
        return 0;
    return server->loops[0].loop->reactor->table->listener_port(server->zookeeper_listener);
}
