/* GetClusterStatus (facts: hbase-rpc 6a). */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "proto/region.h"
#include "proto/server_name.h"
#include "proto/wire.h"
#include "server/coordination/coordination.h"
#include "server/hbase/region_load.h"
#include "server/master/master_service.h"
#include "server/master/master_tasks.h"

/* What clients parse as HBase's version: the one whose wire we speak. */
#define WIRE_VERSION "2.6.4"

/* Numbers of GetClusterStatusRequest.options. */
enum status_option {
    OPTION_VERSION = 0,
    OPTION_CLUSTER_ID = 1,
    OPTION_LIVE_SERVERS = 2,
    OPTION_DEAD_SERVERS = 3,
    OPTION_MASTER = 4,
    OPTION_BACKUP_MASTERS = 5,
    OPTION_TRANSITIONS = 7,
    OPTION_BALANCER_ON = 8,
    OPTION_INFO_PORT = 9,
    OPTION_SERVER_NAMES = 10,
    OPTION_TABLE_COUNTS = 11,
    OPTION_TASKS = 12,
    OPTION_DECOMMISSIONED = 13, /* of 3.0; unknown servers in 2.x, of which there are none */
};

/* A bit for each option asked for; none = all. */
static uint64_t wanted_options(struct call *call)
{
    struct span in = call->param;
    struct wire_field field;
    uint64_t wanted = 0;
    while (wire_take(&in, &field) == STATUS_OK) {
        if (wire_is(&field, 1, WIRE_VARINT) && field.value < 64)
            wanted |= 1ull << field.value;
        uint64_t value;
        while (
            wire_is(&field, 1, WIRE_BYTES) && !span_take_varint(&field.bytes, &value)) /* packed */
            wanted |= value < 64 ? 1ull << value : 0;
    }
    return wanted ? wanted : UINT64_MAX;
}

static bool is_wanted(uint64_t wanted, enum status_option option)
{
    return wanted >> option & 1;
}

static void put_server(struct call *call, uint32_t number, const struct server_name *name)
{
    size_t mark = wire_begin(&call->result, number);
    server_name_encode(&call->result, name);
    wire_end(&call->result, mark);
}

static bool put_own_region(void *context, struct served_tablet *served)
{
    struct call *call = context;
    region_load_put(&call->result, 5, served);
    return true;
}

/* This process's own load, as of now. */
static void put_own_load(struct call *call)
{
    struct hbase_service *service = call->service;
    struct store_statistics statistics;
    store_statistics_read(service->store, &statistics);
    int64_t now = env_wall_ms(service->env);
    uint64_t total = atomic_load_explicit(&service->calls_received, memory_order_relaxed);
    float measured[VIEW_RESOURCES];
    tablet_service_measure(service->tablets, env_monotonic_ns(service->env), measured);
    wire_put_varint(&call->result, 1, (uint64_t)measured[VIEW_REQUESTS]);
    wire_put_varint(&call->result, 2, total);
    wire_put_varint(&call->result, 3, env_resident_bytes(service->env) >> 20);
    wire_put_varint(
        &call->result, 4, (statistics.memtable_budget_bytes + statistics.cache_budget_bytes) >> 20);
    tablet_service_each(service->tablets, put_own_region, call);
    wire_put_varint(&call->result, 7, (uint64_t)service->started_ms);
    wire_put_varint(&call->result, 8, (uint64_t)now);
    wire_put_varint(&call->result, 9, service->web_port);
    master_put_own_tasks(call);
}

/* RegionLoad{region_specifier 1} of one that has not been reported yet. */
static void put_bare_region(struct call *call, const struct assigned_tablet *tablet)
{
    struct buffer name = {0};
    region_name_put(&name, tablet->table->descriptor.schema.name, tablet->info.start_row,
        tablet->info.region_id);
    size_t mark = wire_begin(&call->result, 5);
    region_specifier_put(&call->result, 1, (struct region_specifier){.value = buffer_span(&name)});
    wire_end(&call->result, mark);
    buffer_deinit(&name);
}

/* As it reported last. */
static void put_reported_load(struct call *call, const struct assigned_server *server)
{
    wire_put_varint(&call->result, 1, server->load.requests_per_s);
    wire_put_varint(&call->result, 2, server->load.requests_total);
    wire_put_varint(&call->result, 3, server->load.used_mb);
    wire_put_varint(&call->result, 4, server->load.most_mb);
    /* Those that are being opened or closed there too: a server with none may be stopped. */
    for (const struct assigned_tablet *one = server->first; one; one = one->server_next) {
        if (!one->table)
            continue;
        if (one->region_load_size)
            wire_put_bytes(&call->result, 5, span_make(one->region_load, one->region_load_size));
        else
            put_bare_region(call, one);
    }
    wire_put_varint(&call->result, 7, (uint64_t)server->load.started_ms);
    wire_put_varint(&call->result, 8, (uint64_t)server->load.reported_ms);
    wire_put_varint(&call->result, 9, server->load.web_port);
    master_put_server_tasks(call, server);
}

static bool is_self(const struct call *call, const struct assigned_server *server)
{
    return call->service->tablets && strcmp(call->service->name_text, server->text) == 0;
}

/* LiveServerInfo{server 1, server_load 2}; the mutex is held unless it is our own. */
static void put_live_server(
    struct call *call, const struct server_name *name, const struct assigned_server *reported)
{
    size_t server = wire_begin(&call->result, 2);
    put_server(call, 1, name);
    size_t load = wire_begin(&call->result, 2);
    if (reported)
        put_reported_load(call, reported);
    else
        put_own_load(call);
    wire_end(&call->result, load);
    wire_end(&call->result, server);
}

static void put_servers(struct call *call, uint64_t wanted)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    bool has_self = false;
    mutex_lock(&catalogue->mutex);
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next) {
        bool is_live = one->state == ASSIGNED_SERVER_LIVE;
        if (!is_live && is_wanted(wanted, OPTION_DEAD_SERVERS))
            put_server(call, 3, &one->name);
        if (is_live && is_self(call, one))
            has_self = true;
        else if (is_live && is_wanted(wanted, OPTION_LIVE_SERVERS))
            put_live_server(call, &one->name, one);
        if (is_live && is_wanted(wanted, OPTION_SERVER_NAMES))
            put_server(call, 11, &one->name);
    }
    mutex_unlock(&catalogue->mutex);
    if (has_self && is_wanted(wanted, OPTION_LIVE_SERVERS))
        put_live_server(call, &call->service->name, NULL);
}

/* RegionInTransition{spec 1, region_state 2 {region_info 1, state 2, stamp 3}}; numbers of HBase's RegionState.State. */
static void put_in_transition(struct call *call, const struct assigned_tablet *tablet)
{
    static const unsigned states[] = {[ASSIGNMENT_CLOSED] = 6,
        [ASSIGNMENT_OPENING] = 2,
        [ASSIGNMENT_OPEN] = 3,
        [ASSIGNMENT_CLOSING] = 5,
        [ASSIGNMENT_FAILED_OPEN] = 9,
        [ASSIGNMENT_SPLIT] = 8,
        [ASSIGNMENT_MERGED] = 13};
    struct region_info info = {.region_id = tablet->info.region_id,
        .table = tablet->table->descriptor.schema.name,
        .start_key = tablet->info.start_row,
        .end_key = tablet->info.end_row};
    size_t mark = wire_begin(&call->result, 4);
    region_specifier_put(&call->result, 1,
        (struct region_specifier){.value = span_string(tablet->info.id), .is_encoded = true});
    size_t state = wire_begin(&call->result, 2);
    size_t region = wire_begin(&call->result, 1);
    region_info_encode(&call->result, &info);
    wire_end(&call->result, region);
    wire_put_varint(&call->result, 2, states[tablet->state]);
    wire_put_varint(&call->result, 3, (uint64_t)tablet->since_ms);
    wire_end(&call->result, state);
    wire_end(&call->result, mark);
}

static bool is_in_transition(const struct assigned_tablet *tablet)
{
    enum table_state state = tablet->table->descriptor.state;
    if (tablet->state == ASSIGNMENT_CLOSED)
        return state == TABLE_ENABLED && !tablet->is_unassigned;
    return tablet->state == ASSIGNMENT_OPENING || tablet->state == ASSIGNMENT_CLOSING ||
           tablet->state == ASSIGNMENT_FAILED_OPEN;
}

static void put_transitions(struct call *call)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    mutex_lock(&catalogue->mutex);
    for (const struct catalogue_table *table = catalogue->tables; table; table = table->next)
        for (size_t i = 0; i < table->tablet_count && !table->is_hidden; i++)
            if (is_in_transition(table->tablets[i]))
                put_in_transition(call, table->tablets[i]);
    mutex_unlock(&catalogue->mutex);
}

/* decommissioned_servers: 3.0 only, which has it at 14. */
static void put_decommissioned(struct call *call)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    mutex_lock(&catalogue->mutex);
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next)
        if (one->is_draining && one->state == ASSIGNED_SERVER_LIVE)
            put_server(call, 14, &one->name);
    mutex_unlock(&catalogue->mutex);
}

/* TableRegionStatesCount{table_name 1, region_states_count 2 {open 1, split 2, closed 3, rit 4, total 5}}. */
static void put_table_counts(struct call *call)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    mutex_lock(&catalogue->mutex);
    for (const struct catalogue_table *table = catalogue->tables; table; table = table->next) {
        if (table->is_hidden)
            continue;
        size_t open = 0, closed = 0, moving = 0;
        for (size_t i = 0; i < table->tablet_count; i++) {
            const struct assigned_tablet *one = table->tablets[i];
            if (one->state == ASSIGNMENT_OPEN)
                open++;
            else if (is_in_transition(one))
                moving++;
            else
                closed++;
        }
        size_t mark = wire_begin(&call->result, 12);
        size_t name = wire_begin(&call->result, 1);
        table_name_encode(&call->result, table->descriptor.schema.name);
        wire_end(&call->result, name);
        size_t counts = wire_begin(&call->result, 2);
        wire_put_varint(&call->result, 1, open);
        wire_put_varint(&call->result, 2, table->retired_count);
        wire_put_varint(&call->result, 3, closed);
        wire_put_varint(&call->result, 4, moving);
        wire_put_varint(&call->result, 5, table->tablet_count + table->retired_count);
        wire_end(&call->result, counts);
        wire_end(&call->result, mark);
    }
    mutex_unlock(&catalogue->mutex);
}

static void put_backup_masters(struct call *call)
{
    const struct coordination_view *view = coordination_view_get(call->service->coordination);
    for (size_t i = 0; i < view->backups.count; i++)
        put_server(call, 8, &view->backups.names[i]);
    coordination_view_unref(view);
}

enum call_outcome master_get_cluster_status(struct call *call)
{
    struct hbase_service *service = call->service;
    uint64_t wanted = wanted_options(call);
    struct error why;
    if (!master_is_ready(service->master) && !master_is_held_up(service->master, &why))
        return call_fail(call, EXCEPTION_PLEASE_HOLD, "Master is initializing");
    size_t status = wire_begin(&call->result, 1);
    if (is_wanted(wanted, OPTION_VERSION)) {
        size_t mark = wire_begin(&call->result, 1);
        wire_put_bytes(&call->result, 1, SPAN_LITERAL(WIRE_VERSION));
        wire_end(&call->result, mark);
    }
    put_servers(call, wanted);
    if (is_wanted(wanted, OPTION_TRANSITIONS))
        put_transitions(call);
    if (is_wanted(wanted, OPTION_CLUSTER_ID)) {
        size_t mark = wire_begin(&call->result, 5);
        wire_put_bytes(&call->result, 1, span_string(service->cluster_id));
        wire_end(&call->result, mark);
    }
    if (is_wanted(wanted, OPTION_MASTER))
        put_server(call, 7, &service->name);
    if (is_wanted(wanted, OPTION_BACKUP_MASTERS))
        put_backup_masters(call);
    if (is_wanted(wanted, OPTION_BALANCER_ON))
        wire_put_bool(&call->result, 9, master_setting_is_on(service->master, SETTING_BALANCER));
    if (is_wanted(wanted, OPTION_INFO_PORT))
        wire_put_varint(&call->result, 10, service->web_port ? service->web_port : UINT64_MAX);
    if (is_wanted(wanted, OPTION_TABLE_COUNTS))
        put_table_counts(call);
    if (is_wanted(wanted, OPTION_TASKS))
        master_put_tasks(call);
    if (call->client_major >= 3 && is_wanted(wanted, OPTION_DECOMMISSIONED))
        put_decommissioned(call);
    wire_end(&call->result, status);
    return CALL_DONE;
}
