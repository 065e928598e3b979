#include "server/hbase/services.h"

#include "base/limits.h"
#include "proto/admin.pb-c.h"
#include "proto/wire.h"
#include "server/hbase/region_load.h"
#include "server/hbase/region_lookup.h"
#include "server/tablet/tablet_host.h"

/* The region that a request names, referenced; NULL after a call_fail. */
static struct served_tablet *find_region(
    struct call *call, const Hbase__Pb__RegionSpecifier *message)
{
    struct region_specifier specifier = {
        .value = binary_span(message->value),
        .is_encoded = message->type ==
                      HBASE__PB__REGION_SPECIFIER__REGION_SPECIFIER_TYPE__ENCODED_REGION_NAME,
    };
    return call_find_region(call, specifier);
}

/* Fails the call when the region has no such family. */
static bool has_family(struct call *call, const struct served_tablet *tablet, struct span family)
{
    if (table_schema_family(tablet_get_schema(tablet->tablet), family))
        return true;
    struct buffer text = {0};
    buffer_put_format(&text, "column family ");
    buffer_put_escaped(&text, family);
    buffer_put_format(&text, " does not exist in region ");
    buffer_put_escaped(&text, tablet->region_name);
    call_fail(call, EXCEPTION_NO_SUCH_FAMILY, "%.*s", (int)text.size, (const char *)text.data);
    buffer_deinit(&text);
    return false;
}

static void put_region_info(struct call *call, const struct served_tablet *tablet)
{
    size_t mark = wire_begin(&call->result, 1);
    region_info_encode(&call->result, &tablet->info);
    wire_end(&call->result, mark);
}

static enum call_outcome get_region_info(struct call *call)
{
    const Hbase__Pb__GetRegionInfoRequest *request = call_unpack(
        call, &hbase__pb__get_region_info_request__descriptor);
    if (!request)
        return CALL_DONE;
    if (request->best_split_row && !call->may_block)
        return CALL_TO_WORKER;
    struct served_tablet *tablet = find_region(call, request->region);
    if (!tablet)
        return CALL_DONE;

    put_region_info(call, tablet);
    if (request->compaction_state) {
        struct tablet_statistics statistics;
        tablet_statistics_read(tablet->tablet, &statistics);
        wire_put_varint(&call->result, 2, (uint64_t)statistics.compaction_state);
    }
    wire_put_bool(&call->result, 3, !tablet->is_meta);
    wire_put_bool(&call->result, 4, !tablet->is_meta);
    if (request->best_split_row) {
        struct span row;
        struct error error = {0};
        enum status status = tablet_split_row(tablet->tablet, &call->arena, &row, &error);
        if (!status)
            wire_put_bytes(&call->result, 5, row);
        else if (status != STATUS_NOT_FOUND)
            call_fail_status(call, status, &error);
    }
    served_tablet_unref(tablet);
    return CALL_DONE;
}

static bool put_online_region(void *context, struct served_tablet *tablet)
{
    put_region_info(context, tablet);
    return true;
}

static enum call_outcome get_online_region(struct call *call)
{
    tablet_service_each(call->service->tablets, put_online_region, call);
    return CALL_DONE;
}

/* A FlushRegion under way. */
struct region_flush {
    struct completion completion;
    struct call *call;
    struct served_tablet *tablet;
    struct span family; /* in the call's arena */
};

static void flush_done(struct completion *completion)
{
    struct region_flush *flush = (struct region_flush *)((char *)completion -
                                                         offsetof(struct region_flush, completion));
    struct call *call = flush->call;
    if (completion->status) {
        call_fail_status(call, completion->status, &completion->error);
    } else {
        struct tablet_statistics statistics;
        tablet_statistics_read(flush->tablet->tablet, &statistics);
        wire_put_varint(&call->result, 1, (uint64_t)statistics.oldest_flush_ms);
        wire_put_bool(&call->result, 2, true);
    }
    served_tablet_unref(flush->tablet);
    call_finish(call);
}

static enum call_outcome flush_region(struct call *call)
{
    const Hbase__Pb__FlushRegionRequest *request = call_unpack(
        call, &hbase__pb__flush_region_request__descriptor);
    if (!request)
        return CALL_DONE;
    struct served_tablet *tablet = find_region(call, request->region);
    if (!tablet)
        return CALL_DONE;
    struct region_flush *flush = arena_allocate_zeroed(&call->arena, 1, sizeof *flush);
    if (!flush) {
        served_tablet_unref(tablet);
        return call_fail_status(call, STATUS_NO_MEMORY, NULL);
    }
    flush->completion.done = flush_done;
    flush->call = call;
    flush->tablet = tablet;
    if (request->has_family) {
        flush->family = binary_span(request->family);
        if (!has_family(call, tablet, flush->family)) {
            served_tablet_unref(tablet);
            return CALL_DONE;
        }
    }
    tablet_flush(tablet->tablet, request->has_family ? &flush->family : NULL, &flush->completion);
    return CALL_PENDING;
}

static enum call_outcome compact_region(struct call *call)
{
    const Hbase__Pb__CompactRegionRequest *request = call_unpack(
        call, &hbase__pb__compact_region_request__descriptor);
    if (!request)
        return CALL_DONE;
    struct served_tablet *tablet = find_region(call, request->region);
    if (!tablet)
        return CALL_DONE;
    struct span family = request->has_family ? binary_span(request->family) : SPAN_EMPTY;
    /* as HBase: while the switch is off, what is asked for is let be */
    if ((!request->has_family || has_family(call, tablet, family)) &&
        store_compactions_are_on(call->service->store))
        tablet_compact(tablet->tablet, request->has_family ? &family : NULL, request->major, NULL);
    served_tablet_unref(tablet);
    return CALL_DONE;
}

static enum call_outcome compaction_switch(struct call *call)
{
    const Hbase__Pb__CompactionSwitchRequest *request = call_unpack(
        call, &hbase__pb__compaction_switch_request__descriptor);
    if (!request)
        return CALL_DONE;
    bool were_on = store_set_compactions(call->service->store, request->enabled);
    wire_put_varint(&call->result, 1, were_on);
    return CALL_DONE;
}

/* As HBase: asks for it, and does not wait. No region has to be flushed for it. */
static enum call_outcome roll_log(struct call *call)
{
    store_log_roll(call->service->store);
    return CALL_DONE;
}

/* As HBase: whoever may call may stop it; the answer does not wait for the end. */
static enum call_outcome stop_server(struct call *call)
{
    struct error error = {0};
    struct tablet_host *host = call->service->host;
    enum status status = host ? tablet_host_stop_server(host, &error)
                              : error_set(&error, STATUS_UNSUPPORTED, "this is no tablet server");
    return status ? call_fail_status(call, status, &error) : CALL_DONE;
}

struct queues_to_clear {
    bool is_short, is_long;
};

static bool clear_compaction(void *context, struct served_tablet *tablet)
{
    const struct queues_to_clear *queues = context;
    if (tablet->tablet)
        tablet_clear_compaction(tablet->tablet, queues->is_short, queues->is_long);
    return true;
}

static enum call_outcome clear_compaction_queues(struct call *call)
{
    struct queues_to_clear queues = {0};
    struct span in = call->param;
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&in, &field))) {
        if (!wire_is(&field, 1, WIRE_BYTES))
            continue;
        bool is_short = span_equal(field.bytes, SPAN_LITERAL("short"));
        if (!is_short && !span_equal(field.bytes, SPAN_LITERAL("long")))
            return call_fail(call, EXCEPTION_IO, "Unknown queue name %.*s", (int)field.bytes.size,
                (const char *)field.bytes.data);
        queues.is_short = queues.is_short || is_short;
        queues.is_long = queues.is_long || !is_short;
    }
    if (status != STATUS_END)
        return call_fail(
            call, EXCEPTION_DO_NOT_RETRY_IO, "ClearCompactionQueuesRequest is malformed");
    tablet_service_each(call->service->tablets, clear_compaction, &queues);
    return CALL_DONE;
}

static enum call_outcome get_server_info(struct call *call)
{
    size_t info = wire_begin(&call->result, 1);
    size_t name = wire_begin(&call->result, 1);
    server_name_encode(&call->result, &call->service->name);
    wire_end(&call->result, name);
    if (call->service->web_port)
        wire_put_varint(&call->result, 2, call->service->web_port);
    wire_end(&call->result, info);
    return CALL_DONE;
}

/* Which regions GetRegionLoad asks for. */
struct load_request {
    struct call *call;
    bool has_table;
    struct span table;
};

static bool put_region_load(void *context, struct served_tablet *tablet)
{
    const struct load_request *request = context;
    if (!request->has_table || span_equal(tablet->table_name, request->table))
        region_load_put(&request->call->result, 1, tablet);
    return true;
}

static enum call_outcome get_region_load(struct call *call)
{
    struct load_request request = {.call = call};
    uint8_t storage[LIMIT_TABLE_NAME_SIZE];
    struct span in = call->param;
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&in, &field))) {
        if (!wire_is(&field, 1, WIRE_BYTES))
            continue;
        struct error error = {0};
        request.has_table = true;
        enum status named = table_name_decode(field.bytes, storage, &request.table, &error);
        if (named)
            return call_fail_status(call, named, &error);
    }
    if (status != STATUS_END)
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "GetRegionLoadRequest is malformed");
    tablet_service_each(call->service->tablets, put_region_load, &request);
    return CALL_DONE;
}

const struct call_method admin_methods[] = {
    {"GetRegionInfo", get_region_info},
    {"GetOnlineRegion", get_online_region},
    {"FlushRegion", flush_region},
    {"CompactRegion", compact_region},
    {"CompactionSwitch", compaction_switch},
    {"ClearCompactionQueues", clear_compaction_queues},
    {"RollWALWriter", roll_log},
    {"StopServer", stop_server},
    {"GetServerInfo", get_server_info},
    {"GetRegionLoad", get_region_load},
    {NULL, NULL},
};
