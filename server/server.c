#include "server/server_internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/hbase/answer_looks.h"
#include "server/hbase/scanner_table.h"
#include "server/hbase/services.h"
#include "server/heat/heat_board.h"
#include "server/peer/heat_reporter.h"
#include "server/peer/leader_watch.h"
#include "server/peer/reporter.h"
#include "server/tablet/tablet_host.h"
#include "server/web/web_server.h"

/* Which part of the memory goes where, in eighths. */
#define MEMTABLE_EIGHTHS 3
#define CACHE_EIGHTHS    3
#define REQUEST_EIGHTHS  1
#define OUTPUT_EIGHTHS   1

/* ---- Start ---- */

static void count_connections(struct loop *loop)
{
    const struct loop_service *service = loop->service;
    struct server_loop *self = service->owner;
    atomic_store_explicit(&self->connections, loop->connection_count, memory_order_relaxed);
}

/* Those that it may run on: a container, or taskset(1), may have left it fewer than the machine has. */
static unsigned count_cores(void)
{
    cpu_set_t own;
    int count = sched_getaffinity(0, sizeof own, &own) == 0 ? CPU_COUNT(&own) : 0;
    long online = count > 0 ? count : sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

static enum status make_loops(struct server *server, struct error *error)
{
    unsigned count = server->config.loops ? server->config.loops : count_cores();
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
        server->metrics[i] = &service->calls.metrics;
        server->service.metrics = server->metrics;
        server->service.metrics_count = i + 1;
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
    enum status status = reactor_listen(reactor, config->host, (uint16_t)config->port,
        server_accept_main, server, &server->listener, error);
    if (status || config->zookeeper_port == SERVER_PORT_OFF)
        return status;
    status = reactor_listen(reactor, config->host, (uint16_t)config->zookeeper_port,
        server_accept_zookeeper, server, &server->zookeeper_listener, error);
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
        server->web_loops[i] = server->loops[i].loop;
        server->web_connections[i] = &server->loops[i].connections;
    }
    struct web_service service = {
        .hbase = &server->service,
        .role = server->config.role,
        .loops = server->web_loops,
        .loop_count = server->loop_count,
        .metrics = server->metrics,
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
    /* What hbase.ipc.server.max.callqueue.size is for. */
    server->service.requests.limit_bytes = eighth * REQUEST_EIGHTHS;
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
    (void)master_take_report(
        self->service.master, report, out_answer, NULL); /* the answer says it */
}

static void take_heat(
    void *context, const struct heat_report *report, struct heat_report_answer *out_answer)
{
    struct server *self = context;
    heat_board_take(self->service.heat, report, out_answer);
    out_answer->epoch = master_epoch(self->service.master);
}

static enum status look_for_leader(void *context, struct error *error)
{
    return leader_watch_answer(((struct server *)context)->service.leader_watch, error);
}

/* What a master of several says to the others, and whether it should give way to one of them. */
static enum status make_leader_watch(struct server *server, struct error *error)
{
    struct hbase_service *service = &server->service;
    struct leader_watch_config config = {
        .env = service->env,
        .store = service->store,
        .self = &service->name,
        .coordination = service->coordination,
        .peers = membership_peers(server->membership),
        .stall_ms = server->config.stall_ms,
    };
    service->peers->take_report = take_report;
    service->peers->take_heat = take_heat;
    service->peers->look = look_for_leader;
    service->peers->context = server;
    return leader_watch_new(&config, &server->service.leader_watch, error);
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
        .stall_ms = server->config.stall_ms,
    };
    if (heat_board_new(service->env, master.is_alone, &service->heat))
        return error_set(error, STATUS_NO_MEMORY, "no memory for the server");
    master.heat = service->heat;
    enum status status = master_new(&master, &service->master, error);
    return status || !service->peers ? status : make_leader_watch(server, error);
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
    atomic_store(&server->has_failed, true);
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

bool server_has_failed(const struct server *server)
{
    return atomic_load(&server->has_failed);
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

void server_free(struct server *server)
{
    if (!server)
        return;
    web_server_stop(server->web);
    if (server->loop_count > 0 && !server->has_started)
        server_close_listeners(server);
    if (server->service.looks)
        answer_looks_stop(server->service.looks);
    reporter_end(server->reporter); /* it sums up what the loops count */
    leader_watch_end(server->service.leader_watch);
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
    leader_watch_free(server->service.leader_watch);
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
