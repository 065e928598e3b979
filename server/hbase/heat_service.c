/* SteleService: measured heat for Stele's own clients (proto/heat.proto), from the board of this process. */
#include "base/limits.h"
#include "proto/heat.pb-c.h"
#include "proto/unpack.h"
#include "proto/wire.h"
#include "server/coordination/coordination.h"
#include "server/hbase/services.h"
#include "server/heat/heat_board.h"
#include "server/master/table_extents.h"

#define LIST_DEFAULT    20
#define ROWS_DEFAULT    32
#define COLUMNS_DEFAULT 60
#define SPAN_DEFAULT_S  3600
#define MS_PER_S        1000
#define TIME_MOST_S     (1ll << 40)

/* ---- Who may be asked ---- */

static bool is_leading(const struct call *call)
{
    const struct hbase_service *service = call->service;
    return service->heat && service->master && master_epoch(service->master) > 0;
}

static enum call_outcome send_away(struct call *call)
{
    const struct coordination_view *view = coordination_view_get(call->service->coordination);
    struct buffer name = {0};
    if (server_name_is_set(&view->master))
        server_name_put_text(&name, &view->master);
    coordination_view_unref(view);
    enum call_outcome outcome =
        name.size > 0 ? call_fail(call, EXCEPTION_DO_NOT_RETRY_IO,
                            "heat is measured for the whole cluster: ask its master, %.*s",
                            (int)name.size, (const char *)name.data)
                      : call_fail(call, EXCEPTION_MASTER_NOT_RUNNING, "no master leads now");
    buffer_deinit(&name);
    return outcome;
}

/* The decoded request. NULL: *out_outcome says how to end; pictures of many tablets are a worker's. */
static const void *begin(
    struct call *call, const ProtobufCMessageDescriptor *descriptor, enum call_outcome *out_outcome)
{
    if (!is_leading(call)) {
        *out_outcome = send_away(call);
        return NULL;
    }
    if (!call->may_block) {
        *out_outcome = CALL_TO_WORKER;
        return NULL;
    }
    *out_outcome = CALL_DONE;
    return call_unpack(call, descriptor);
}

static struct span optional(protobuf_c_boolean has, ProtobufCBinaryData bytes)
{
    return has ? binary_span(bytes) : SPAN_EMPTY;
}

/* 0 after a call_fail. */
static uint32_t metric_of(struct call *call, protobuf_c_boolean has, ProtobufCBinaryData bytes)
{
    struct span name = optional(has, bytes);
    uint32_t metric = heat_metric_find(name);
    if (metric == 0)
        call_fail(call, EXCEPTION_DO_NOT_RETRY_IO,
            "there is no metric %.*s: ops, reads, gets, scans, writes, bytes, bytes_in, bytes_out "
            "or cpu",
            (int)(name.size < 100 ? name.size : 100), (const char *)name.data);
    return metric;
}

static size_t limit_of(protobuf_c_boolean has, uint32_t limit)
{
    return has ? limit < LIMIT_HEAT_LIST ? limit : LIMIT_HEAT_LIST : LIST_DEFAULT;
}

static void put_double(struct buffer *out, uint32_t number, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    buffer_put_varint(out, number << 3 | WIRE_FIXED64);
    buffer_put_u64(out, bits);
}

static void put_optional(struct buffer *out, uint32_t number, struct span bytes)
{
    if (bytes.size > 0)
        wire_put_bytes(out, number, bytes);
}

/* ---- Tablets ---- */

static void put_tablet(struct buffer *out, const struct heat_tablet *tablet)
{
    size_t mark = wire_begin(out, 1);
    wire_put_bytes(out, 1, tablet->table);
    wire_put_bytes(out, 2, tablet->tablet_id);
    put_optional(out, 3, tablet->server);
    put_optional(out, 4, tablet->start_key);
    put_optional(out, 5, tablet->end_key);
    size_t rates = wire_begin(out, 6);
    for (unsigned c = 0; c < HEAT_COUNTERS; c++) {
        uint64_t bits;
        memcpy(&bits, &tablet->per_s.of[c], sizeof bits);
        buffer_put_u64(out, bits);
    }
    wire_end(out, rates);
    put_double(out, 7, tablet->share);
    put_optional(out, 8, tablet->hottest_start);
    put_optional(out, 9, tablet->hottest_end);
    put_double(out, 10, tablet->hottest_share);
    wire_end(out, mark);
}

static enum call_outcome hot_tablets(struct call *call)
{
    enum call_outcome outcome;
    struct heat_tablets hot;
    const Stele__Pb__HotTabletsRequest *request = begin(
        call, &stele__pb__hot_tablets_request__descriptor, &outcome);
    if (!request)
        return outcome;
    uint32_t metric = metric_of(call, request->has_metric, request->metric);
    if (metric == 0)
        return CALL_DONE;
    enum status status = heat_board_tablets(call->service->heat,
        optional(request->has_table, request->table), metric,
        limit_of(request->has_limit, request->limit), &call->arena, &hot);
    if (status)
        return call_fail_status(call, status, NULL);
    for (size_t i = 0; i < hot.count; i++)
        put_tablet(&call->result, &hot.tablets[i]);
    wire_put_varint(&call->result, 2, hot.active);
    return CALL_DONE;
}

/* ---- Rows ---- */

static enum call_outcome hot_rows(struct call *call)
{
    enum call_outcome outcome;
    struct heat_rows hot;
    struct buffer *out = &call->result;
    const Stele__Pb__HotRowsRequest *request = begin(
        call, &stele__pb__hot_rows_request__descriptor, &outcome);
    if (!request)
        return outcome;
    enum status status = heat_board_rows(call->service->heat,
        optional(request->has_table, request->table), limit_of(request->has_limit, request->limit),
        &call->arena, &hot);
    if (status)
        return call_fail_status(call, status, NULL);
    for (size_t i = 0; i < hot.count; i++) {
        const struct heat_row *row = &hot.rows[i];
        size_t mark = wire_begin(out, 1);
        wire_put_bytes(out, 1, row->table);
        wire_put_bytes(out, 2, row->row);
        wire_put_bool(out, 3, row->kind == HEAT_ROW_WRITE);
        put_double(out, 4, row->count);
        put_double(out, 5, row->error);
        put_double(out, 6, row->window_s);
        put_double(out, 7, row->share);
        wire_put_bytes(out, 8, row->tablet_id);
        wire_put_bytes(out, 9, row->server);
        wire_end(out, mark);
    }
    return CALL_DONE;
}

/* ---- Map ---- */

/* What lies in each row, so that its reader can tell a hot range that is wide from one that was looked at closely. */
static void put_bytes(struct call *call, struct span table, const struct heat_matrix *matrix)
{
    struct heat_extent *tablets;
    struct heat_grid grid = {.bounds = matrix->bounds, .row_count = matrix->row_count};
    size_t count = table_extents_list(
        master_catalogue(call->service->master), table, &call->arena, &tablets);
    double *bytes = count ? arena_allocate_zeroed(&call->arena, grid.row_count, sizeof *bytes)
                          : NULL;
    if (!bytes)
        return;
    heat_even_weigh(&grid, tablets, count, bytes);
    size_t mark = wire_begin(&call->result, 6);
    for (size_t row = 0; row < grid.row_count; row++) {
        uint64_t bits;
        memcpy(&bits, &bytes[row], sizeof bits);
        buffer_put_u64(&call->result, bits);
    }
    wire_end(&call->result, mark);
}

static void put_matrix(struct buffer *out, const struct heat_matrix *matrix)
{
    for (size_t i = 0; i <= matrix->row_count; i++)
        wire_put_bytes(out, 1, matrix->bounds[i]);
    wire_put_varint(out, 2, (uint64_t)matrix->from_s);
    wire_put_varint(out, 3, matrix->step_s);
    wire_put_varint(out, 4, matrix->column_count);
    size_t values = wire_begin(out, 5);
    for (size_t i = 0; i < matrix->row_count * matrix->column_count; i++) {
        float value = (float)matrix->values[i];
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        buffer_put_u32(out, bits);
    }
    wire_end(out, values);
}

static enum call_outcome heat_map(struct call *call)
{
    enum call_outcome outcome;
    struct error error = {0};
    struct heat_matrix matrix;
    const Stele__Pb__HeatMapRequest *request = begin(
        call, &stele__pb__heat_map_request__descriptor, &outcome);
    if (!request)
        return outcome;
    struct heat_query query = {.table = binary_span(request->table),
        .metric = metric_of(call, request->has_metric, request->metric),
        .start_key = optional(request->has_start_key, request->start_key),
        .end_key = optional(request->has_end_key, request->end_key),
        .rows = request->has_rows ? request->rows : ROWS_DEFAULT,
        .columns = request->has_columns ? request->columns : COLUMNS_DEFAULT};
    if (query.metric == 0)
        return CALL_DONE;
    /* to the end of this minute, so that what happens now is there */
    query.to_s = request->has_to_s ? request->to_s : env_wall_ms(call->service->env) / MS_PER_S + 1;
    query.from_s = request->has_from_s ? request->from_s : query.to_s - SPAN_DEFAULT_S;
    if (query.from_s < 0 || query.to_s > TIME_MOST_S)
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "the times are out of range");
    enum status status = heat_board_matrix(
        call->service->heat, &query, &call->arena, &matrix, &error);
    if (status)
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
    put_matrix(&call->result, &matrix);
    put_bytes(call, query.table, &matrix);
    return CALL_DONE;
}

/* ---- Events ---- */

static enum call_outcome events(struct call *call)
{
    enum call_outcome outcome;
    struct heat_events list;
    struct buffer *out = &call->result;
    const Stele__Pb__EventsRequest *request = begin(
        call, &stele__pb__events_request__descriptor, &outcome);
    if (!request)
        return outcome;
    enum status status = heat_board_events(call->service->heat,
        optional(request->has_table, request->table), request->after,
        limit_of(request->has_limit, request->limit), &call->arena, &list);
    if (status)
        return call_fail_status(call, status, NULL);
    for (size_t i = 0; i < list.count; i++) {
        const struct heat_event *event = &list.events[i];
        size_t mark = wire_begin(out, 1);
        wire_put_varint(out, 1, event->number);
        wire_put_varint(out, 2, (uint64_t)event->time_ms);
        wire_put_bytes(out, 3, span_string(heat_event_kind_name(event->kind)));
        put_optional(out, 4, event->table);
        put_optional(out, 5, event->tablet_id);
        put_optional(out, 6, event->key);
        put_optional(out, 7, event->from);
        put_optional(out, 8, event->to);
        put_optional(out, 9, event->reason);
        wire_end(out, mark);
    }
    return CALL_DONE;
}

const struct call_method stele_methods[] = {
    {"HotTablets", hot_tablets},
    {"HotRows", hot_rows},
    {"HeatMap", heat_map},
    {"Events", events},
    {NULL, NULL},
};
