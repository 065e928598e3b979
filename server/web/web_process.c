/* What this process is and does: version, token, options, its own figures, slow requests. */
#include "base/limits.h"
#include "server/coordination/coordination.h"
#include "server/hbase/call_metrics.h"
#include "server/web/assets.h"
#include "server/web/process_facts.h"
#include "server/web/web_handlers.h"
#include "server/web/web_json.h"

#define API_VERSION  1
#define WIRE_VERSION "HBase 2.6.4"

static const char *role_name(enum server_role role)
{
    return role == SERVER_STANDALONE ? "standalone"
           : role == SERVER_MASTER   ? "master"
                                     : "tabletserver";
}

enum web_outcome web_get_version(struct web_call *call)
{
    const struct web_service *service = call->service;
    const struct hbase_service *hbase = service->hbase;
    return web_answer_json(call, 200,
        json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:I, s:I, s:b, s:b}", "name", "stele", "version",
            service->version, "api", API_VERSION, "wire", WIRE_VERSION, "role",
            role_name(service->role), "server", hbase->name_text, "started_ms",
            (json_int_t)hbase->started_ms, "now_ms", (json_int_t)env_wall_ms(service->env),
            "is_read_only", (int)service->is_read_only, "has_pages",
            (int)(web_asset_count > 0 || service->ui_directory)));
}

enum web_outcome web_get_token(struct web_call *call)
{
    struct span site = call->request.fetch_site;
    /* browsers keep other sites from reading the answer; this keeps them from asking */
    bool is_from_elsewhere = site.size > 0 && !span_equal(site, SPAN_LITERAL("same-origin")) &&
                             !span_equal(site, SPAN_LITERAL("none"));
    if (is_from_elsewhere || !web_is_our_origin(&call->request))
        return web_fail(call, 403, "bad_origin", "the token is for our own pages only");
    if (call->service->is_read_only)
        return web_fail(call, 403, "read_only", "actions are off (--ui-readonly)");
    return web_answer_json(call, 200, json_pack("{s:s}", "token", call->service->token));
}

/* ---- /config ---- */

enum web_outcome web_get_config(struct web_call *call)
{
    static const struct {
        const char *name;
        uint64_t value;
    } limits[] = {
        {"row_bytes", LIMIT_ROW_SIZE},
        {"cell_bytes", LIMIT_CELL_SIZE},
        {"families", LIMIT_FAMILIES},
        {"request_bytes", LIMIT_FRAME_SIZE},
        {"batch_actions", LIMIT_BATCH_ACTIONS},
        {"scan_answer_bytes", LIMIT_SCAN_RESULT_SIZE},
        {"row_answer_bytes", LIMIT_ROW_READ_SIZE},
        {"scanners", LIMIT_SCANNERS},
        {"scanner_lease_ms", LIMIT_SCANNER_LEASE_MS},
        {"connections", LIMIT_CONNECTIONS},
        {"calls_in_flight", LIMIT_CALLS_IN_FLIGHT},
    };
    const struct web_service *service = call->service;
    json_t *items = json_array(), *bounds = json_array();
    for (size_t i = 0; i < service->setting_count; i++)
        json_array_append_new(items, json_pack("{s:s, s:o, s:b}", "name", service->settings[i].name,
                                         "value", web_json_string(service->settings[i].value),
                                         "is_default", (int)!service->settings[i].value));
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        json_array_append_new(bounds, json_pack("{s:s, s:o}", "name", limits[i].name, "value",
                                          web_json_count(limits[i].value)));
    return web_answer_json(call, 200,
        json_pack(
            "{s:s, s:o, s:o}", "role", role_name(service->role), "items", items, "limits", bounds));
}

/* ---- /server ---- */

static json_t *latency_array(const struct web_service *service)
{
    uint64_t now_ns = env_monotonic_ns(service->env);
    json_t *array = json_array();
    for (unsigned kind = 0; kind < CALL_KINDS; kind++) {
        uint64_t counts[CALL_BUCKETS] = {0}, count = 0;
        size_t last = 0;
        for (size_t i = 0; i < service->loop_count; i++)
            call_metrics_add_recent(service->metrics[i], kind, now_ns, counts);
        for (size_t b = 0; b < CALL_BUCKETS; b++) {
            count += counts[b];
            last = counts[b] ? b : last;
        }
        if (count)
            json_array_append_new(
                array, json_pack("{s:s, s:o, s:o, s:o, s:o}", "op", call_kind_name(kind), "count",
                           web_json_count(count), "p50_s",
                           web_json_number(call_buckets_quantile(counts, 0.5)), "p99_s",
                           web_json_number(call_buckets_quantile(counts, 0.99)), "below_s",
                           web_json_number(call_bucket_bound(last))));
    }
    return array;
}

static void put_storage(struct web_call *call, json_t *object)
{
    struct hbase_service *hbase = call->service->hbase;
    struct store_statistics s;
    float load[VIEW_RESOURCES] = {0};
    store_statistics_read(hbase->store, &s);
    tablet_service_measure(hbase->tablets, env_monotonic_ns(call->service->env), load);
    json_object_set_new(object, "tablets", web_json_count(tablet_service_count(hbase->tablets)));
    json_object_set_new(object, "requests_per_s", web_json_number(load[VIEW_REQUESTS]));
    json_object_set_new(object, "memtables",
        json_pack("{s:o, s:o}", "bytes", web_json_count(s.memtable_bytes), "budget_bytes",
            web_json_count(s.memtable_budget_bytes)));
    json_object_set_new(object, "cache",
        json_pack("{s:o, s:o, s:o, s:o}", "bytes", web_json_count(s.cache_bytes), "budget_bytes",
            web_json_count(s.cache_budget_bytes), "hits", web_json_count(s.cache_hits), "misses",
            web_json_count(s.cache_misses)));
    json_object_set_new(object, "log",
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "bytes", web_json_count(s.log_bytes),
            "segments", web_json_count(s.log_segments), "syncs", web_json_count(s.log_syncs),
            "records", web_json_count(s.log_records), "groups", web_json_count(s.log_groups),
            "sync_mean_s",
            s.log_syncs ? web_json_number((double)s.log_sync_ns / 1e9 / (double)s.log_syncs)
                        : json_null()));
    json_object_set_new(object, "flushes", web_json_count(s.flushes));
    json_object_set_new(object, "flushed_bytes", web_json_count(s.flushed_bytes));
    json_object_set_new(object, "compactions", web_json_count(s.compactions));
    json_object_set_new(object, "compacted_bytes", web_json_count(s.compacted_bytes));
    json_object_set_new(object, "compactions_queued", web_json_count(s.compactions_queued));
    json_object_set_new(object, "writes_delayed", web_json_count(s.writes_delayed));
    json_object_set_new(object, "writes_refused", web_json_count(s.writes_refused));
    json_object_set_new(object, "space_free_bytes", web_json_count(s.space_free_bytes));
    json_object_set_new(object, "is_read_only", json_boolean(store_is_read_only(hbase->store)));
}

static json_t *master_web(struct web_call *call)
{
    const struct hbase_service *hbase = call->service->hbase;
    if (call->service->role == SERVER_STANDALONE)
        return web_json_string(web_address(call, hbase->name.host, hbase->web_port));
    return web_json_string(web_master_address(call));
}

enum web_outcome web_get_server(struct web_call *call)
{
    const struct web_service *service = call->service;
    struct hbase_service *hbase = service->hbase;
    struct process_facts facts;
    uint64_t connections = 0;
    process_facts_read(service->env, &facts);
    for (size_t i = 0; i < service->loop_count; i++)
        connections += atomic_load_explicit(service->connections[i], memory_order_relaxed);
    json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o}", "name", hbase->name_text,
        "role", role_name(service->role), "started_ms", (json_int_t)hbase->started_ms, "uptime_s",
        (json_int_t)((env_wall_ms(service->env) - hbase->started_ms) / 1000), "connections",
        web_json_count(connections), "calls_in_flight",
        web_json_count(atomic_load(&hbase->calls_in_flight)), "calls_total",
        web_json_count(atomic_load(&hbase->calls_received)));
    if (!object)
        return web_answer_json(call, 503, NULL);
    json_object_set_new(
        object, "request_bytes", web_json_count(memory_budget_used(&hbase->requests)));
    json_object_set_new(object, "request_limit_bytes", web_json_count(hbase->requests.limit_bytes));
    json_object_set_new(object, "resident_bytes", web_json_count(facts.resident_bytes));
    json_object_set_new(object, "cpu_s", web_json_number(facts.cpu_s));
    json_object_set_new(object, "open_files", web_json_count(facts.open_files));
    json_object_set_new(object, "latency", latency_array(service));
    json_object_set_new(object, "master_web", master_web(call));
    if (service->role != SERVER_MASTER)
        put_storage(call, object);
    return web_answer_json(call, 200, object);
}

/* ---- /slowlog ---- */

/* The table in a region's name: what is before the first comma; of an encoded name what is served here. */
static struct span table_of(struct web_call *call, const struct slow_call *slow)
{
    struct span region = span_string(slow->region);
    const uint8_t *comma = memchr(slow->region, ',', region.size);
    struct served_tablet *served = NULL;
    if (!slow->is_encoded)
        return comma ? span_make(region.data, (size_t)(comma - region.data)) : SPAN_EMPTY;
    struct region_specifier specifier = {.value = region, .is_encoded = true};
    struct span table = SPAN_EMPTY;
    if (call->service->hbase->tablets && region.size &&
        tablet_service_find(call->service->hbase->tablets, specifier, &served) == TABLET_FOUND) {
        table = arena_copy(&call->arena, served->table_name);
        served_tablet_unref(served);
    }
    return table;
}

/* "t,,1764315003000.<id>." -> <id> */
static struct span id_of(const struct slow_call *slow)
{
    struct span region = span_string(slow->region);
    if (slow->is_encoded || region.size < 34 || region.data[region.size - 1] != '.')
        return slow->is_encoded ? region : SPAN_EMPTY;
    return span_make(region.data + region.size - 33, 32);
}

static json_t *slow_object(const struct slow_call *slow, struct span table)
{
    struct span id = id_of(slow);
    const char *dot = slow->exception_class ? strrchr(slow->exception_class, '.') : NULL;
    return json_pack("{s:I, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:s?}", "time_ms",
        (json_int_t)slow->time_ms, "op", slow->op, "table",
        table.size ? web_json_text(web_table_name(table)) : json_null(), "tablet",
        id.size ? web_json_text(id) : json_null(), "row",
        slow->row_size ? web_json_bytes(span_make(slow->row, slow->row_size)) : json_null(),
        "client", slow->client, "duration_s", web_json_number((double)slow->duration_ns / 1e9),
        "request_bytes", web_json_count(slow->request_bytes), "response_bytes",
        web_json_count(slow->response_bytes), "exception", dot ? dot + 1 : slow->exception_class);
}

enum web_outcome web_get_slowlog(struct web_call *call)
{
    struct slow_log *log = &call->service->hbase->slow;
    struct error error = {0};
    struct slow_call slow;
    int64_t limit;
    if (web_request_number(&call->request, "limit", 100, 1, SLOW_LOG_KEPT, &limit, &error))
        return web_fail_error(call, &error);
    const struct span *wanted = web_request_find(&call->request, "table"),
                      *op = web_request_find(&call->request, "op");
    struct span name = wanted ? web_table_name(*wanted) : SPAN_EMPTY;
    json_t *items = json_array();
    uint64_t matching = 0;
    for (uint64_t i = slow_log_count(log); i-- > 0 && slow_log_read(log, i, &slow);) {
        struct span table = table_of(call, &slow);
        if ((wanted && !span_equal(web_table_name(table), name)) ||
            (op && !span_equal(*op, span_string(slow.op))))
            continue;
        if (matching++ < (uint64_t)limit)
            json_array_append_new(items, slow_object(&slow, table));
    }
    return web_answer_json(call, 200,
        json_pack("{s:o, s:o, s:o}", "threshold_s", web_json_number(SLOW_LOG_MS / 1e3), "items",
            items, "total", web_json_count(matching)));
}
