#include "server/hbase/services.h"

#include "proto/exception_class.h"
#include "proto/region.h"
#include "proto/wire.h"
#include "server/coordination/coordination.h"

#define META_REGION_ID      1
#define BOOTSTRAP_NODES_MAX 10
/* HBase's NO_SEQNUM: clients compare places of hbase:meta by it and must not prefer an older one.
 */
#define NO_SEQUENCE_NUMBER ((uint64_t)-1)

static void put_server_name(struct call *call, uint32_t number, const struct server_name *name)
{
    size_t mark = wire_begin(&call->result, number);
    server_name_encode(&call->result, name);
    wire_end(&call->result, mark);
}

static enum call_outcome get_cluster_id(struct call *call)
{
    wire_put_bytes(&call->result, 1, span_string(call->service->cluster_id));
    return CALL_DONE;
}

static enum call_outcome get_active_master(struct call *call)
{
    const struct coordination_view *view = coordination_view_get(call->service->coordination);
    enum call_outcome outcome = CALL_DONE;
    if (server_name_is_set(&view->master))
        put_server_name(call, 1, &view->master);
    else
        outcome = call_fail(call, EXCEPTION_MASTER_NOT_RUNNING, "no master leads now");
    coordination_view_unref(view);
    return outcome;
}

static void put_master(struct call *call, const struct server_name *name, bool is_active)
{
    size_t mark = wire_begin(&call->result, 1);
    put_server_name(call, 1, name);
    wire_put_bool(&call->result, 2, is_active);
    wire_end(&call->result, mark);
}

static enum call_outcome get_masters(struct call *call)
{
    const struct coordination_view *view = coordination_view_get(call->service->coordination);
    if (server_name_is_set(&view->master))
        put_master(call, &view->master, true);
    for (size_t i = 0; i < view->backups.count; i++)
        put_master(call, &view->backups.names[i], false);
    coordination_view_unref(view);
    return CALL_DONE;
}

static enum call_outcome get_meta_region_locations(struct call *call)
{
    struct region_info meta = {.region_id = META_REGION_ID, .table = SPAN_LITERAL(META_TABLE_NAME)};
    const struct coordination_view *view = coordination_view_get(call->service->coordination);
    enum call_outcome outcome = CALL_DONE;
    if (server_name_is_set(&view->meta)) {
        size_t location = wire_begin(&call->result, 1);
        size_t region = wire_begin(&call->result, 1);
        region_info_encode(&call->result, &meta);
        wire_end(&call->result, region);
        put_server_name(call, 2, &view->meta);
        wire_put_varint(&call->result, 3, NO_SEQUENCE_NUMBER);
        wire_end(&call->result, location);
    } else {
        outcome = call_fail(call, EXCEPTION_PLEASE_HOLD, "hbase:meta is not served yet");
    }
    coordination_view_unref(view);
    return outcome;
}

/* Any server knows what the others know: clients refresh their list of masters from these. */
static enum call_outcome get_bootstrap_nodes(struct call *call)
{
    const struct coordination_view *view = coordination_view_get(call->service->coordination);
    for (size_t i = 0; i < view->servers.count && i < BOOTSTRAP_NODES_MAX; i++)
        put_server_name(call, 1, &view->servers.names[i]);
    if (view->servers.count == 0)
        put_server_name(call, 1, &call->service->name);
    coordination_view_unref(view);
    return CALL_DONE;
}

const struct call_method registry_methods[] = {
    {"GetClusterId", get_cluster_id},
    {"GetActiveMaster", get_active_master},
    {"GetMasters", get_masters},
    {"GetMetaRegionLocations", get_meta_region_locations},
    {"GetBootstrapNodes", get_bootstrap_nodes},
    {NULL, NULL},
};
