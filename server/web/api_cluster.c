/* /api/v1/cluster and /api/v1/servers: the cluster as the leading master sees it. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "server/coordination/coordination.h"
#include "server/peer/leader_watch.h"
#include "server/web/api_internal.h"

#define TRANSITION_LONG_MS 60000
#define SERVER_HOT         2.0 /* times the mean */
#define HOT_LEAST_PER_S    100 /* below it nothing is hot */

/* ---- Warnings ---- */

static void warn(json_t *warnings, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void warn(json_t *warnings, const char *code, const char *format, ...)
{
    char text[ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_array_append_new(
        warnings, json_pack("{s:s, s:o}", "code", code, "text", web_json_string(text)));
}

static void warn_of_switches(const struct web_call *call, json_t *warnings)
{
    const struct master *master = call->service->hbase->master;
    if (!master_setting_is_on(master, SETTING_BALANCER))
        warn(warnings, "balancer_off", "the balancer is off: tablets stay where they are");
    if (!master_setting_is_on(master, SETTING_SPLIT))
        warn(warnings, "split_off", "splits are off: a hot or large tablet stays in one piece");
    if (!master_setting_is_on(master, SETTING_MERGE))
        warn(warnings, "merge_off", "merges are off");
    if (!master_setting_is_on(master, SETTING_CATALOG_JANITOR))
        warn(warnings, "catalog_janitor_off",
            "the catalog janitor is off: rows of split tablets stay in hbase:meta");
    if (store_is_read_only(call->service->hbase->store))
        warn(warnings, "read_only_disk", "no space is left: writes are refused");
}

/* ---- The sums ---- */

struct sums {
    double load[VIEW_RESOURCES];
    uint64_t size_bytes;
    size_t tables, states[ASSIGNMENT_STATES], in_transition, long_in_transition;
    size_t live, dead, draining, silent, stalled, clocks_off;
    double *server_requests, *tablet_requests;
    size_t tablet_count;
    const struct assigned_server *hottest; /* only under the mutex */
};

static void sum_tablets(
    const struct web_call *call, const struct catalogue *catalogue, struct sums *sums)
{
    int64_t now_ms = env_wall_ms(call->service->env);
    for (const struct catalogue_table *table = catalogue->tables; table; table = table->next) {
        if (table->is_hidden)
            continue;
        sums->tables++;
        for (size_t i = 0; i < table->tablet_count; i++) {
            const struct assigned_tablet *one = table->tablets[i];
            bool is_in_transition = api_is_in_transition(one);
            sums->states[one->state]++;
            sums->in_transition += is_in_transition;
            sums->long_in_transition += is_in_transition &&
                                        now_ms - one->since_ms > TRANSITION_LONG_MS;
            sums->size_bytes += one->size_bytes;
            sums->tablet_requests[sums->tablet_count++] = one->load[VIEW_REQUESTS];
            for (size_t k = 0; k < VIEW_RESOURCES; k++)
                sums->load[k] += one->load[k];
        }
    }
}

static void sum_servers(
    const struct web_call *call, const struct catalogue *catalogue, struct sums *sums)
{
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next) {
        if (one->state != ASSIGNED_SERVER_LIVE) {
            sums->dead++;
            continue;
        }
        sums->draining += one->is_draining;
        const char *state = api_server_state(call, one);
        sums->silent += strcmp(state, "silent") == 0;
        sums->stalled += strcmp(state, "stalled") == 0;
        sums->clocks_off += one->clock.is_off;
        sums->server_requests[sums->live++] = one->tablet_load[VIEW_REQUESTS];
        if (!sums->hottest ||
            one->tablet_load[VIEW_REQUESTS] > sums->hottest->tablet_load[VIEW_REQUESTS])
            sums->hottest = one;
    }
}

/* Under the mutex. False: no memory. */
static bool sum_all(struct web_call *call, const struct catalogue *catalogue, struct sums *sums)
{
    const struct assignment *assignment = &catalogue->assignment;
    sums->server_requests = arena_allocate_zeroed(
        &call->arena, assignment->server_count + 1, sizeof(double));
    sums->tablet_requests = arena_allocate_zeroed(
        &call->arena, assignment->tablet_count + 1, sizeof(double));
    if (!sums->server_requests || !sums->tablet_requests)
        return false;
    sum_tablets(call, catalogue, sums);
    sum_servers(call, catalogue, sums);
    return true;
}

/* Under the mutex: names the hottest. */
static void warn_of_sums(const struct sums *sums, json_t *warnings)
{
    size_t failed = sums->states[ASSIGNMENT_FAILED_OPEN];
    if (failed)
        warn(warnings, "tablets_failed", "%zu tablet%s could not be opened", failed,
            failed > 1 ? "s" : "");
    if (sums->long_in_transition)
        warn(warnings, "tablets_in_transition", "%zu tablet%s on the way for over a minute",
            sums->long_in_transition, sums->long_in_transition > 1 ? "s are" : " is");
    if (sums->silent)
        warn(warnings, "server_silent", "%zu server%s not heard of for %d s", sums->silent,
            sums->silent > 1 ? "s were" : " was", API_SILENT_MS / 1000);
    if (sums->stalled)
        warn(warnings, "server_stalled", "the directory does not answer %zu server%s",
            sums->stalled, sums->stalled > 1 ? "s" : "");
    if (sums->clocks_off)
        warn(warnings, "clock_skewed", "the clock%s of %zu server%s over %d s from the master's",
            sums->clocks_off > 1 ? "s" : "", sums->clocks_off,
            sums->clocks_off > 1 ? "s are" : " is", LIMIT_CLOCK_SKEW_MS / 1000);
    double mean = sums->live ? sums->load[VIEW_REQUESTS] / (double)sums->live : 0;
    if (sums->hottest && sums->live > 1 &&
        sums->hottest->tablet_load[VIEW_REQUESTS] > HOT_LEAST_PER_S &&
        sums->hottest->tablet_load[VIEW_REQUESTS] > SERVER_HOT * mean)
        warn(warnings, "server_hot", "%s has %.1f times the mean of the servers' requests",
            sums->hottest->text, sums->hottest->tablet_load[VIEW_REQUESTS] / mean);
}

/* ---- /cluster ---- */

static json_t *name_object(struct web_call *call, const struct server_name *name, uint32_t web_port)
{
    struct buffer text = {0}, address = {0};
    server_name_put_text(&text, name);
    buffer_put_format(
        &address, "%.*s:%u", (int)name->host.size, (const char *)name->host.data, name->port);
    json_t *object = json_pack("{s:o, s:o, s:o}", "name", web_json_text(buffer_span(&text)),
        "address", web_json_text(buffer_span(&address)), "web",
        web_json_string(web_address(call, name->host, web_port)));
    buffer_deinit(&text);
    buffer_deinit(&address);
    return object;
}

static void put_masters(struct web_call *call, json_t *object)
{
    const struct hbase_service *hbase = call->service->hbase;
    const struct coordination_view *view = coordination_view_get(hbase->coordination);
    json_t *backups = json_array();
    for (size_t i = 0; i < view->backups.count; i++)
        json_array_append_new(backups, name_object(call, &view->backups.names[i], 0));
    json_object_set_new(object, "master", name_object(call, &hbase->name, hbase->web_port));
    json_object_set_new(object, "backup_masters", backups);
    coordination_view_unref(view);
}

static json_t *switches_object(const struct web_call *call)
{
    static const char *const names[] = {[SETTING_BALANCER] = "balancer",
        [SETTING_SPLIT] = "split",
        [SETTING_MERGE] = "merge",
        [SETTING_NORMALIZER] = "normalizer",
        [SETTING_CATALOG_JANITOR] = "catalog_janitor",
        [SETTING_CLEANER] = "cleaner",
        [SETTING_SNAPSHOT_CLEANUP] = "snapshot_cleanup"};
    json_t *object = json_object();
    for (unsigned i = 0; i < SETTING_COUNT; i++)
        json_object_set_new(
            object, names[i], json_boolean(master_setting_is_on(call->service->hbase->master, i)));
    return object;
}

static void put_sums(json_t *object, struct sums *sums)
{
    json_object_set_new(object, "servers",
        json_pack("{s:I, s:I, s:I}", "live", (json_int_t)sums->live, "dead", (json_int_t)sums->dead,
            "draining", (json_int_t)sums->draining));
    json_object_set_new(object, "tables", web_json_count(sums->tables));
    json_object_set_new(object, "tablets",
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "open",
            (json_int_t)sums->states[ASSIGNMENT_OPEN], "opening",
            (json_int_t)sums->states[ASSIGNMENT_OPENING], "closing",
            (json_int_t)sums->states[ASSIGNMENT_CLOSING], "closed",
            (json_int_t)sums->states[ASSIGNMENT_CLOSED], "failed",
            (json_int_t)sums->states[ASSIGNMENT_FAILED_OPEN], "in_transition",
            (json_int_t)sums->in_transition));
    json_object_set_new(object, "requests_per_s", web_json_number(sums->load[VIEW_REQUESTS]));
    json_object_set_new(object, "bytes_per_s", web_json_number(sums->load[VIEW_BYTES]));
    json_object_set_new(object, "cpu", web_json_number(sums->load[VIEW_CPU]));
    json_object_set_new(
        object, "memtable_bytes", web_json_count((uint64_t)sums->load[VIEW_MEMORY]));
    json_object_set_new(object, "size_bytes", web_json_count(sums->size_bytes));
    json_object_set_new(object, "skew",
        json_pack("{s:o, s:o}", "servers", api_skew(sums->server_requests, sums->live), "tablets",
            api_skew(sums->tablet_requests, sums->tablet_count)));
}

enum web_outcome web_get_cluster(struct web_call *call)
{
    if (!web_needs_master(call))
        return WEB_DONE;
    struct catalogue *catalogue = api_catalogue(call);
    struct sums sums = {0};
    json_t *warnings = json_array();
    json_t *object = json_pack("{s:s, s:s, s:I}", "id", call->service->hbase->cluster_id, "role",
        call->service->role == SERVER_STANDALONE ? "standalone" : "master", "now_ms",
        (json_int_t)env_wall_ms(call->service->env));
    warn_of_switches(call, warnings);
    const struct leader_watch *watch = call->service->hbase->leader_watch;
    if (watch && leader_watch_stalled_ms(watch))
        warn(warnings, "master_stalled", "the directory does not answer the master");
    mutex_lock(&catalogue->mutex);
    bool is_summed = sum_all(call, catalogue, &sums);
    if (is_summed)
        warn_of_sums(&sums, warnings);
    mutex_unlock(&catalogue->mutex);
    if (sums.dead)
        warn(warnings, "servers_dead", "%zu server%s dead", sums.dead,
            sums.dead > 1 ? "s are" : " is");
    if (!is_summed) {
        json_decref(object);
        object = NULL;
    }
    if (object) {
        put_masters(call, object);
        put_sums(object, &sums);
        json_object_set_new(object, "switches", switches_object(call));
        json_object_set(object, "warnings", warnings);
    }
    json_decref(warnings);
    return web_answer_json(call, 200, object);
}

/* ---- /servers ---- */

static double server_number(const struct assigned_server *server, size_t sort)
{
    switch (sort) {
    case 1:
        return server->tablet_load[VIEW_REQUESTS];
    case 2:
        return server->tablet_load[VIEW_BYTES];
    case 3:
        return server->tablet_load[VIEW_CPU];
    case 4:
        return server->tablet_load[VIEW_MEMORY];
    case 5:
        return (double)server->tablet_count;
    case 6:
        return server->state * 2 + server->is_draining;
    default:
        return 0;
    }
}

static json_t *make_server(struct web_call *call, const struct web_entry *entry, void *context)
{
    const struct catalogue *catalogue = api_catalogue(call);
    const struct assigned_server *server = assignment_find_server(
        &catalogue->assignment, entry->id);
    return server ? api_server(call, server, *(const double *)context) : NULL;
}

enum web_outcome web_get_servers(struct web_call *call)
{
    static const char *const sorts[] = {
        "name", "requests_per_s", "bytes_per_s", "cpu", "memtable_bytes", "tablets", "state", NULL};
    struct web_list list;
    if (!web_list_begin(&list, call, sorts) || !web_needs_master(call))
        return WEB_DONE;
    struct catalogue *catalogue = api_catalogue(call);
    mutex_lock(&catalogue->mutex);
    double mean = api_servers_mean(catalogue);
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next)
        if (web_list_wants(&list, span_string(one->text), SPAN_EMPTY))
            web_list_add(&list, server_number(one, list.sort), span_string(one->text),
                span_string(one->text));
    mutex_unlock(&catalogue->mutex);
    json_t *items = web_list_page(&list, make_server, &catalogue->mutex, &mean);
    return web_answer_json(call, 200, web_list_object(&list, items));
}

/* By "host,port,startcode", or the living one of "host:port". */
static const struct assigned_server *find_server(
    const struct catalogue *catalogue, struct span name)
{
    const struct assigned_server *exact = assignment_find_server(&catalogue->assignment, name);
    for (const struct assigned_server *one = catalogue->assignment.servers; one && !exact;
         one = one->next) {
        char address[300];
        snprintf(address, sizeof address, "%.*s:%u", (int)one->name.host.size,
            (const char *)one->name.host.data, one->name.port);
        if (one->state == ASSIGNED_SERVER_LIVE && span_equal(name, span_string(address)))
            exact = one;
    }
    return exact;
}

enum web_outcome web_get_one_server(struct web_call *call)
{
    if (!web_needs_master(call))
        return WEB_DONE;
    struct catalogue *catalogue = api_catalogue(call);
    struct span name = call->request.segments[3];
    json_t *object = NULL;
    mutex_lock(&catalogue->mutex);
    const struct assigned_server *server = find_server(catalogue, name);
    struct span text = server ? arena_copy(&call->arena, span_string(server->text)) : SPAN_EMPTY;
    if (server)
        object = api_server(call, server, api_servers_mean(catalogue));
    mutex_unlock(&catalogue->mutex);
    if (!text.size)
        return web_fail(call, 404, "no_such_server", "there is no server of that name");
    if (object)
        json_object_set_new(
            object, "hot_tablets", api_hot_tablets(call, SPAN_EMPTY, text, 0, 10, NULL));
    return web_answer_json(call, 200, object);
}
