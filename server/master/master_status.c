/* GetClusterStatus (facts: hbase-rpc 6a). */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "proto/region.h"
#include "proto/server_name.h"
#include "proto/wire.h"
#include "server/hbase/region_load.h"
#include "server/hbase/resident_memory.h"
#include "server/master/master_service.h"

/* What clients parse as HBase's version: the one whose wire we speak. */
#define WIRE_VERSION "2.6.4"

/* Numbers of GetClusterStatusRequest.options. */
enum status_option {
    OPTION_VERSION = 0,
    OPTION_CLUSTER_ID = 1,
    OPTION_LIVE_SERVERS = 2,
    OPTION_MASTER = 4,
    OPTION_BALANCER_ON = 8,
    OPTION_INFO_PORT = 9,
    OPTION_SERVER_NAMES = 10,
    OPTION_TABLE_COUNTS = 11,
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

static bool put_region(void *context, struct served_tablet *served)
{
    struct call *call = context;
    region_load_put(&call->result, 5, served);
    return true;
}

/* LiveServerInfo{server 1, server_load 2}. */
static void put_live_server(struct call *call)
{
    struct hbase_service *service = call->service;
    struct store_statistics statistics;
    store_statistics_read(service->store, &statistics);
    int64_t now = env_wall_ms(service->env);
    uint64_t total = atomic_load_explicit(&service->calls_received, memory_order_relaxed);
    float measured[VIEW_RESOURCES];
    tablet_service_measure(service->tablets, env_monotonic_ns(service->env), measured);
    size_t server = wire_begin(&call->result, 2);
    put_server(call, 1, &service->name);
    size_t load = wire_begin(&call->result, 2);
    wire_put_varint(&call->result, 1, (uint64_t)measured[VIEW_REQUESTS]);
    wire_put_varint(&call->result, 2, total);
    wire_put_varint(&call->result, 3, resident_memory_mb());
    wire_put_varint(
        &call->result, 4, (statistics.memtable_budget_bytes + statistics.cache_budget_bytes) >> 20);
    tablet_service_each(service->tablets, put_region, call);
    wire_put_varint(&call->result, 7, (uint64_t)service->started_ms);
    wire_put_varint(&call->result, 8, (uint64_t)now);
    wire_put_varint(&call->result, 9, service->web_port);
    wire_end(&call->result, load);
    wire_end(&call->result, server);
}

/* TableRegionStatesCount{table_name 1, region_states_count 2 {open 1, split 2, closed 3, rit 4, total 5}}. */
static void put_table_counts(struct call *call)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    mutex_lock(&catalogue->mutex);
    for (const struct catalogue_table *table = catalogue->tables; table; table = table->next) {
        if (table->is_hidden)
            continue;
        bool is_open = table->descriptor.state == TABLE_ENABLED ||
                       table->descriptor.state == TABLE_ENABLING;
        size_t mark = wire_begin(&call->result, 12);
        size_t name = wire_begin(&call->result, 1);
        table_name_encode(&call->result, table->descriptor.schema.name);
        wire_end(&call->result, name);
        size_t counts = wire_begin(&call->result, 2);
        wire_put_varint(&call->result, 1, is_open ? table->tablet_count : 0);
        wire_put_varint(&call->result, 2, 0);
        wire_put_varint(&call->result, 3, is_open ? 0 : table->tablet_count);
        wire_put_varint(&call->result, 4, 0);
        wire_put_varint(&call->result, 5, table->tablet_count);
        wire_end(&call->result, counts);
        wire_end(&call->result, mark);
    }
    mutex_unlock(&catalogue->mutex);
}

enum call_outcome master_get_cluster_status(struct call *call)
{
    struct hbase_service *service = call->service;
    uint64_t wanted = wanted_options(call);
    size_t status = wire_begin(&call->result, 1);
    if (is_wanted(wanted, OPTION_VERSION)) {
        size_t mark = wire_begin(&call->result, 1);
        wire_put_bytes(&call->result, 1, SPAN_LITERAL(WIRE_VERSION));
        wire_end(&call->result, mark);
    }
    if (is_wanted(wanted, OPTION_LIVE_SERVERS))
        put_live_server(call);
    if (is_wanted(wanted, OPTION_CLUSTER_ID)) {
        size_t mark = wire_begin(&call->result, 5);
        wire_put_bytes(&call->result, 1, span_string(service->cluster_id));
        wire_end(&call->result, mark);
    }
    if (is_wanted(wanted, OPTION_MASTER))
        put_server(call, 7, &service->name);
    if (is_wanted(wanted, OPTION_BALANCER_ON))
        wire_put_bool(&call->result, 9, false);
    if (is_wanted(wanted, OPTION_INFO_PORT))
        wire_put_varint(&call->result, 10, service->web_port ? service->web_port : UINT64_MAX);
    if (is_wanted(wanted, OPTION_SERVER_NAMES))
        put_server(call, 11, &service->name);
    if (is_wanted(wanted, OPTION_TABLE_COUNTS))
        put_table_counts(call);
    wire_end(&call->result, status);
    return CALL_DONE;
}
