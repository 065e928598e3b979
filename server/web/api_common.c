#include "server/web/api_internal.h"

#include <stdio.h>

#include "proto/region.h"

json_t *api_skew(double *values, size_t count)
{
    struct web_skew skew;
    if (!web_skew_of(values, count, &skew))
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "max_mean", web_json_number(skew.max_mean), "gini",
        web_json_number(skew.gini), "effective", web_json_number(skew.effective));
}

struct catalogue *api_catalogue(struct web_call *call)
{
    return master_catalogue(call->service->hbase->master);
}

bool api_has_table(struct web_call *call, struct span name)
{
    struct catalogue *catalogue = api_catalogue(call);
    mutex_lock(&catalogue->mutex);
    bool has_table = catalogue_find_locked(catalogue, name) != NULL;
    mutex_unlock(&catalogue->mutex);
    return has_table;
}

struct span api_table_name(struct span segment)
{
    return web_table_name(segment);
}

enum web_outcome api_no_such_table(struct web_call *call, struct span name)
{
    struct buffer text = {0};
    buffer_put_escaped(&text, span_make(name.data, name.size < 100 ? name.size : 100));
    enum web_outcome outcome = web_fail(call, 404, "no_such_table", "there is no table '%.*s'",
        (int)text.size, text.data ? (const char *)text.data : "");
    buffer_deinit(&text);
    return outcome;
}

bool api_is_in_transition(const struct assigned_tablet *tablet)
{
    if (tablet->state == ASSIGNMENT_CLOSED)
        return tablet->table && tablet->table->descriptor.state == TABLE_ENABLED &&
               !tablet->is_unassigned;
    return tablet->state == ASSIGNMENT_OPENING || tablet->state == ASSIGNMENT_CLOSING ||
           tablet->state == ASSIGNMENT_FAILED_OPEN;
}

const char *api_tablet_state(const struct assigned_tablet *tablet)
{
    static const char *const names[] = {[ASSIGNMENT_CLOSED] = "closed",
        [ASSIGNMENT_OPENING] = "opening",
        [ASSIGNMENT_OPEN] = "open",
        [ASSIGNMENT_CLOSING] = "closing",
        [ASSIGNMENT_FAILED_OPEN] = "failed_open",
        [ASSIGNMENT_SPLIT] = "split",
        [ASSIGNMENT_MERGED] = "merged"};
    return names[tablet->state];
}

json_t *api_tablet(const struct assigned_tablet *tablet, double mean)
{
    const struct tablet_info *info = &tablet->info;
    struct span table = tablet->table ? tablet->table->descriptor.schema.name : SPAN_EMPTY;
    struct buffer raw = {0}, name = {0};
    region_name_put(&raw, table, info->start_row, info->region_id);
    buffer_put_escaped(&name, buffer_span(&raw)); /* a key is in it */
    json_t *object = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:I}", "id", info->id, "table",
        web_json_text(web_table_name(table)), "region_name", web_json_text(buffer_span(&name)),
        "start_key", web_json_bytes(info->start_row), "end_key", web_json_bytes(info->end_row),
        "server", web_json_string(tablet->server ? tablet->server->text : NULL), "state",
        api_tablet_state(tablet), "since_ms", (json_int_t)tablet->since_ms);
    buffer_deinit(&raw);
    buffer_deinit(&name);
    if (!object)
        return NULL;
    const float *load = tablet->load;
    json_object_set_new(object, "requests_per_s", web_json_number(load[VIEW_REQUESTS]));
    json_object_set_new(object, "bytes_per_s", web_json_number(load[VIEW_BYTES]));
    json_object_set_new(object, "cpu", web_json_number(load[VIEW_CPU]));
    json_object_set_new(object, "memtable_bytes", web_json_count((uint64_t)load[VIEW_MEMORY]));
    json_object_set_new(object, "size_bytes", web_json_count(tablet->size_bytes));
    json_object_set_new(
        object, "share", mean > 0 ? web_json_number(load[VIEW_REQUESTS] / mean) : json_null());
    json_object_set_new(object, "failure", web_json_string(tablet->failure));
    json_object_set_new(
        object, "procedure", tablet->lock ? web_json_count(tablet->lock) : json_null());
    return object;
}

const char *api_server_state(const struct web_call *call, const struct assigned_server *server)
{
    if (server->state == ASSIGNED_SERVER_DEAD)
        return "dead";
    if (server->state == ASSIGNED_SERVER_DYING)
        return "dying";
    uint64_t now_ns = env_monotonic_ns(call->service->env);
    if (server->heard_ns && now_ns > server->heard_ns + API_SILENT_MS * 1000000ull)
        return "silent";
    struct stall_facts facts = assigned_server_stall(server, now_ns);
    if (stall_is_shown(&facts))
        return "stalled";
    return server->is_draining ? "draining" : "live";
}

json_t *api_server(struct web_call *call, const struct assigned_server *server, double mean)
{
    char address[300];
    snprintf(address, sizeof address, "%.*s:%u", (int)server->name.host.size,
        (const char *)server->name.host.data, server->name.port);
    json_t *object = json_pack("{s:o, s:o, s:s, s:o, s:I}", "name", web_json_string(server->text),
        "address", web_json_string(address), "state", api_server_state(call, server), "web",
        web_json_string(web_address(call, server->name.host, server->load.web_port)), "tablets",
        (json_int_t)server->tablet_count);
    if (!object)
        return NULL;
    const double *load = server->tablet_load;
    json_object_set_new(object, "requests_per_s", web_json_number(load[VIEW_REQUESTS]));
    json_object_set_new(object, "bytes_per_s", web_json_number(load[VIEW_BYTES]));
    json_object_set_new(object, "cpu", web_json_number(load[VIEW_CPU]));
    json_object_set_new(object, "memtable_bytes", web_json_count((uint64_t)load[VIEW_MEMORY]));
    json_object_set_new(object, "used_memory_bytes", web_json_count(server->load.used_mb << 20));
    json_object_set_new(object, "most_memory_bytes", web_json_count(server->load.most_mb << 20));
    json_object_set_new(object, "requests_total", web_json_count(server->load.requests_total));
    json_object_set_new(object, "started_ms", json_integer(server->load.started_ms));
    json_object_set_new(object, "reported_ms", json_integer(server->load.reported_ms));
    json_object_set_new(object, "clock_ahead_ms",
        server->load.reported_ms ? json_integer(server->clock.ahead_ms) : json_null());
    json_object_set_new(
        object, "given_up", server->given_up[0] ? web_json_string(server->given_up) : json_null());
    json_object_set_new(
        object, "share", mean > 0 ? web_json_number(load[VIEW_REQUESTS] / mean) : json_null());
    return object;
}

size_t api_live_servers(struct web_call *call)
{
    struct catalogue *catalogue = api_catalogue(call);
    mutex_lock(&catalogue->mutex);
    size_t count = assignment_live_count(&catalogue->assignment);
    mutex_unlock(&catalogue->mutex);
    return count;
}

double api_servers_mean(const struct catalogue *catalogue)
{
    double sum = 0;
    size_t count = 0;
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next) {
        if (one->state != ASSIGNED_SERVER_LIVE)
            continue;
        sum += one->tablet_load[VIEW_REQUESTS];
        count++;
    }
    return count ? sum / (double)count : 0;
}

double api_tablets_mean(const struct catalogue_table *table)
{
    double sum = 0;
    for (size_t i = 0; i < table->tablet_count; i++)
        sum += table->tablets[i]->load[VIEW_REQUESTS];
    return table->tablet_count ? sum / (double)table->tablet_count : 0;
}
