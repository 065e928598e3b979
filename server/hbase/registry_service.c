#include "server/hbase/services.h"

#include "proto/region.h"
#include "proto/wire.h"

#define META_REGION_ID 1
/* HBase's NO_SEQNUM: clients compare places of hbase:meta by it and must not prefer an older one.
 */
#define NO_SEQUENCE_NUMBER ((uint64_t)-1)

static void put_server_name(struct call *call, uint32_t number)
{
    size_t mark = wire_begin(&call->result, number);
    server_name_encode(&call->result, &call->service->name);
    wire_end(&call->result, mark);
}

static enum call_outcome get_cluster_id(struct call *call)
{
    wire_put_bytes(&call->result, 1, span_string(call->service->cluster_id));
    return CALL_DONE;
}

static enum call_outcome get_active_master(struct call *call)
{
    put_server_name(call, 1);
    return CALL_DONE;
}

static enum call_outcome get_masters(struct call *call)
{
    size_t mark = wire_begin(&call->result, 1);
    put_server_name(call, 1);
    wire_put_bool(&call->result, 2, true);
    wire_end(&call->result, mark);
    return CALL_DONE;
}

static enum call_outcome get_meta_region_locations(struct call *call)
{
    struct region_info meta = {.region_id = META_REGION_ID, .table = SPAN_LITERAL(META_TABLE_NAME)};
    size_t location = wire_begin(&call->result, 1);
    size_t region = wire_begin(&call->result, 1);
    region_info_encode(&call->result, &meta);
    wire_end(&call->result, region);
    put_server_name(call, 2);
    wire_put_varint(&call->result, 3, NO_SEQUENCE_NUMBER);
    wire_end(&call->result, location);
    return CALL_DONE;
}

static enum call_outcome get_bootstrap_nodes(struct call *call)
{
    put_server_name(call, 1);
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
