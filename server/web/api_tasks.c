/* /api/v1/tasks and /api/v1/balancer: what the master does, and why. */
#include <stdio.h>

#include "model/balance.h"
#include "proto/wire.h"
#include "server/master/master_view.h"
#include "server/web/api_internal.h"

#define RESULTS_SHOWN     100
#define TRANSITIONS_SHOWN 1000

/* ---- Tasks ---- */

static void put_procedure(void *context, const struct procedure_view *one)
{
    json_t *tablets = json_array();
    for (size_t i = 0; i < one->tablet_count; i++)
        json_array_append_new(tablets, web_json_text(one->tablets[i]));
    json_array_append_new(context,
        json_pack("{s:I, s:s, s:o, s:o, s:o, s:s, s:s, s:I, s:I, s:o}", "id", (json_int_t)one->id,
            "kind", one->kind, "table",
            one->table.size ? web_json_text(web_table_name(one->table)) : json_null(), "tablets",
            tablets, "server", one->server.size ? web_json_text(one->server) : json_null(), "step",
            one->step, "state", one->is_waiting ? "waiting" : "running", "submitted_ms",
            (json_int_t)one->submitted_ms, "updated_ms", (json_int_t)one->updated_ms, "failure",
            web_json_string(one->failure)));
}

static void put_result(void *context, uint64_t id, const struct procedure_result *result)
{
    json_array_append_new(context,
        json_pack("{s:I, s:o, s:I, s:I, s:o}", "id", (json_int_t)id, "kind",
            web_json_string(result->kind), "submitted_ms", (json_int_t)result->submitted_ms,
            "updated_ms", (json_int_t)result->updated_ms, "failure",
            result->exception_class ? web_json_string(result->message) : json_null()));
}

static void put_transition(json_t *array, const struct assigned_tablet *tablet)
{
    json_array_append_new(
        array, json_pack("{s:s, s:o, s:s, s:o, s:I}", "tablet", tablet->info.id, "table",
                   web_json_text(web_table_name(tablet->table->descriptor.schema.name)), "state",
                   api_tablet_state(tablet), "server",
                   web_json_string(tablet->server ? tablet->server->text : NULL), "since_ms",
                   (json_int_t)tablet->since_ms));
}

/* From the RegionLoad that it reported: compacting cells 10, compacted 11, state 27 (1 minor, 2 major, 3 both). */
static void put_compaction(json_t *array, const struct assigned_tablet *tablet)
{
    static const char *const kinds[] = {"", "minor", "major", "both"};
    struct span in = span_make(tablet->region_load, tablet->region_load_size);
    struct wire_field field;
    uint64_t cells = 0, done = 0, state = 0;
    while (wire_take(&in, &field) == STATUS_OK) {
        if (wire_is(&field, 10, WIRE_VARINT))
            cells = field.value;
        if (wire_is(&field, 11, WIRE_VARINT))
            done = field.value;
        if (wire_is(&field, 27, WIRE_VARINT))
            state = field.value;
    }
    if (state < 1 || state > 3)
        return;
    json_array_append_new(array,
        json_pack("{s:s, s:o, s:o, s:s, s:o, s:o}", "tablet", tablet->info.id, "table",
            web_json_text(web_table_name(tablet->table->descriptor.schema.name)), "server",
            web_json_string(tablet->server ? tablet->server->text : NULL), "kind", kinds[state],
            "cells", web_json_count(cells), "cells_done", web_json_count(done)));
}

static void put_tablets(struct web_call *call, json_t *transitions, json_t *compactions)
{
    struct catalogue *catalogue = api_catalogue(call);
    mutex_lock(&catalogue->mutex);
    for (const struct catalogue_table *table = catalogue->tables; table; table = table->next) {
        for (size_t i = 0; i < table->tablet_count && !table->is_hidden; i++) {
            const struct assigned_tablet *one = table->tablets[i];
            if (api_is_in_transition(one) && json_array_size(transitions) < TRANSITIONS_SHOWN)
                put_transition(transitions, one);
            if (one->region_load_size && json_array_size(compactions) < TRANSITIONS_SHOWN)
                put_compaction(compactions, one);
        }
    }
    mutex_unlock(&catalogue->mutex);
}

/* The master's executor. */
static void see_tasks(struct web_call *call)
{
    struct master *master = call->service->hbase->master;
    json_t *procedures = json_array(), *done = json_array(), *transitions = json_array(),
           *compactions = json_array();
    master_each_procedure(master, put_procedure, procedures);
    master_each_result(master, RESULTS_SHOWN, put_result, done);
    put_tablets(call, transitions, compactions);
    web_answer_json(call, 200,
        json_pack("{s:o, s:o, s:o, s:o, s:I}", "procedures", procedures, "done", done,
            "transitions", transitions, "compactions", compactions, "waiting",
            (json_int_t)master_waiting_count(master)));
}

enum web_outcome web_get_tasks(struct web_call *call)
{
    return web_needs_master(call) ? web_master_view(call, see_tasks) : WEB_DONE;
}

/* ---- The balancer ---- */

static json_t *record_object(const struct balance_record *record)
{
    return json_pack("{s:I, s:s, s:o, s:s, s:s, s:o, s:b, s:o}", "time_ms",
        (json_int_t)record->time_ms, "tablet", record->tablet, "table",
        web_json_string(record->table), "from", record->from, "to", record->to, "reason",
        web_json_string(record->reason), "is_begun", (int)record->is_begun, "gain",
        web_json_number(record->gain));
}

static json_t *records_array(
    struct balance_log *log, uint64_t count, uint64_t offset, uint64_t limit)
{
    json_t *items = json_array();
    struct balance_record record;
    for (uint64_t i = 0; i < limit && offset + i < count; i++)
        if (balance_log_read(log, count - 1 - offset - i, &record))
            json_array_append_new(items, record_object(&record));
    return items;
}

/* Each live server's shares: 1 is fair; null where nobody has any. */
static json_t *shares_array(struct web_call *call)
{
    static const char *const names[] = {[VIEW_REQUESTS] = "requests",
        [VIEW_BYTES] = "bytes",
        [VIEW_CPU] = "cpu",
        [VIEW_MEMORY] = "memory"};
    struct catalogue *catalogue = api_catalogue(call);
    double sums[VIEW_RESOURCES] = {0}, tablets = 0, servers = 0;
    json_t *array = json_array();
    mutex_lock(&catalogue->mutex);
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next) {
        if (one->state != ASSIGNED_SERVER_LIVE)
            continue;
        for (size_t i = 0; i < VIEW_RESOURCES; i++)
            sums[i] += one->tablet_load[i];
        tablets += (double)one->tablet_count;
        servers++;
    }
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next) {
        if (one->state != ASSIGNED_SERVER_LIVE)
            continue;
        json_t *object = json_pack("{s:s, s:o}", "name", one->text, "count",
            web_json_number((double)one->tablet_count / (tablets / servers)));
        for (size_t i = 0; object && i < VIEW_RESOURCES; i++)
            json_object_set_new(
                object, names[i], web_json_number(one->tablet_load[i] / (sums[i] / servers)));
        json_array_append_new(array, object);
    }
    mutex_unlock(&catalogue->mutex);
    return array;
}

enum web_outcome web_get_balancer(struct web_call *call)
{
    struct error error = {0};
    int64_t limit, offset;
    if (web_request_number(
            &call->request, "limit", WEB_LIST_DEFAULT, 1, WEB_LIST_MOST, &limit, &error) ||
        web_request_number(&call->request, "after", 0, 0, INT32_MAX, &offset, &error))
        return web_fail_error(call, &error);
    if (!web_needs_master(call))
        return WEB_DONE;
    struct master *master = call->service->hbase->master;
    struct balance_log *log = master_balance_log(master);
    struct balance_run last;
    char next[24];
    balance_log_last(log, &last);
    uint64_t count = balance_log_count(log);
    uint64_t kept = count < BALANCE_LOG_KEPT ? count : BALANCE_LOG_KEPT;
    snprintf(next, sizeof next, "%lld", (long long)(offset + limit));
    json_t *run = last.time_ms ? json_pack("{s:o, s:o, s:o}", "worst_share",
                                     web_json_number(last.worst_share), "potential",
                                     web_json_number(last.potential), "verdict",
                                     web_json_string(last.verdict))
                               : json_null();
    return web_answer_json(call, 200,
        json_pack("{s:b, s:i, s:o, s:I, s:I, s:o, s:o, s:o, s:I, s:s?}", "is_on",
            (int)master_setting_is_on(master, SETTING_BALANCER), "period_s", BALANCE_PERIOD_S,
            "last_run_ms", last.time_ms ? json_integer(last.time_ms) : json_null(), "runs",
            (json_int_t)last.runs, "moves", (json_int_t)last.moves, "last", run, "servers",
            shares_array(call), "items",
            records_array(log, count, (uint64_t)offset, (uint64_t)limit), "total", (json_int_t)kept,
            "next", (uint64_t)(offset + limit) < kept ? next : NULL));
}
