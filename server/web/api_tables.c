/* /api/v1/tables, their tablets, and the hottest of them. */
#include <stdio.h>
#include <stdlib.h>

#include "server/web/api_internal.h"

/* ---- Tables ---- */

static const char *table_state(enum table_state state)
{
    static const char *const names[] = {[TABLE_ENABLED] = "enabled",
        [TABLE_DISABLED] = "disabled",
        [TABLE_DISABLING] = "disabling",
        [TABLE_ENABLING] = "enabling",
        [TABLE_DROPPED] = "dropped"};
    return names[state];
}

struct table_sums {
    double load[VIEW_RESOURCES];
    uint64_t size_bytes;
    size_t open, in_transition;
};

static struct table_sums sum_table(const struct catalogue_table *table)
{
    struct table_sums sums = {0};
    for (size_t i = 0; i < table->tablet_count; i++) {
        const struct assigned_tablet *one = table->tablets[i];
        sums.open += one->state == ASSIGNMENT_OPEN;
        sums.in_transition += api_is_in_transition(one);
        sums.size_bytes += one->size_bytes;
        for (size_t k = 0; k < VIEW_RESOURCES; k++)
            sums.load[k] += one->load[k];
    }
    return sums;
}

static json_t *skew_of(struct web_call *call, const struct catalogue_table *table)
{
    double *requests = arena_allocate(&call->arena, (table->tablet_count + 1) * sizeof *requests);
    if (!requests)
        return json_null();
    for (size_t i = 0; i < table->tablet_count; i++)
        requests[i] = table->tablets[i]->load[VIEW_REQUESTS];
    return api_skew(requests, table->tablet_count);
}

/* Under the mutex. */
static json_t *table_object(struct web_call *call, const struct catalogue_table *table)
{
    const struct table_schema *schema = &table->descriptor.schema;
    struct table_sums sums = sum_table(table);
    struct span space, qualifier;
    json_t *families = json_array();
    table_name_split(schema->name, &space, &qualifier);
    for (size_t i = 0; i < schema->family_count; i++)
        json_array_append_new(families, web_json_text(schema->families[i].name));
    json_t *object = json_pack("{s:o, s:o, s:s, s:o, s:I, s:I, s:I, s:b}", "name",
        web_json_text(web_table_name(schema->name)), "namespace", web_json_text(space), "state",
        table_state(table->descriptor.state), "families", families, "tablets",
        (json_int_t)table->tablet_count, "open", (json_int_t)sums.open, "in_transition",
        (json_int_t)sums.in_transition, "is_system", (int)span_equal(space, SPAN_LITERAL("hbase")));
    if (!object)
        return NULL;
    json_object_set_new(object, "requests_per_s", web_json_number(sums.load[VIEW_REQUESTS]));
    json_object_set_new(object, "bytes_per_s", web_json_number(sums.load[VIEW_BYTES]));
    json_object_set_new(object, "cpu", web_json_number(sums.load[VIEW_CPU]));
    json_object_set_new(object, "memtable_bytes", web_json_count((uint64_t)sums.load[VIEW_MEMORY]));
    json_object_set_new(object, "size_bytes", web_json_count(sums.size_bytes));
    json_object_set_new(object, "skew", skew_of(call, table));
    return object;
}

static double table_number(const struct catalogue_table *table, size_t sort)
{
    switch (sort) {
    case 1:
        return (double)table->tablet_count;
    case 2:
        return sum_table(table).load[VIEW_REQUESTS];
    case 3:
        return sum_table(table).load[VIEW_BYTES];
    case 4:
        return (double)sum_table(table).size_bytes;
    case 5:
        return table->descriptor.state;
    default:
        return 0;
    }
}

static json_t *make_table(struct web_call *call, const struct web_entry *entry, void *context)
{
    (void)context;
    const struct catalogue_table *table = catalogue_find_locked(api_catalogue(call), entry->id);
    return table ? table_object(call, table) : NULL;
}

enum web_outcome web_get_tables(struct web_call *call)
{
    static const char *const sorts[] = {
        "name", "tablets", "requests_per_s", "bytes_per_s", "size_bytes", "state", NULL};
    struct web_list list;
    if (!web_list_begin(&list, call, sorts) || !web_needs_master(call))
        return WEB_DONE;
    struct catalogue *catalogue = api_catalogue(call);
    mutex_lock(&catalogue->mutex);
    for (const struct catalogue_table *one = catalogue->tables; one; one = one->next) {
        struct span name = one->descriptor.schema.name;
        if (!one->is_hidden && web_list_wants(&list, name, SPAN_EMPTY))
            web_list_add(&list, table_number(one, list.sort), name, name);
    }
    mutex_unlock(&catalogue->mutex);
    json_t *items = web_list_page(&list, make_table, &catalogue->mutex, NULL);
    return web_answer_json(call, 200, web_list_object(&list, items));
}

static json_t *attributes_object(const struct attribute *attributes, size_t count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        struct buffer key = {0};
        buffer_put_escaped(&key, attributes[i].key);
        buffer_put_u8(&key, 0);
        if (!buffer_status(&key))
            json_object_set_new(object, (const char *)key.data, web_json_text(attributes[i].value));
        buffer_deinit(&key);
    }
    return object;
}

static json_t *schema_array(const struct table_schema *schema)
{
    json_t *array = json_array();
    for (size_t i = 0; i < schema->family_count; i++) {
        const struct family_schema *family = &schema->families[i];
        json_array_append_new(array,
            json_pack("{s:o, s:o, s:o}", "name", web_json_text(family->name), "attributes",
                attributes_object(family->attributes, family->attribute_count), "configuration",
                attributes_object(family->configuration, family->configuration_count)));
    }
    return array;
}

enum web_outcome web_get_table(struct web_call *call)
{
    if (!web_needs_master(call))
        return WEB_DONE;
    struct catalogue *catalogue = api_catalogue(call);
    struct span name = api_table_name(call->request.segments[3]);
    json_t *object = NULL;
    mutex_lock(&catalogue->mutex);
    const struct catalogue_table *table = catalogue_find_locked(catalogue, name);
    if (table) {
        const struct table_schema *schema = &table->descriptor.schema;
        object = table_object(call, table);
        json_object_set_new(object, "id", web_json_string(table->descriptor.id));
        json_object_set_new(
            object, "attributes", attributes_object(schema->attributes, schema->attribute_count));
        json_object_set_new(object, "configuration",
            attributes_object(schema->configuration, schema->configuration_count));
        json_object_set_new(object, "schema", schema_array(schema));
    }
    mutex_unlock(&catalogue->mutex);
    return table ? web_answer_json(call, 200, object) : api_no_such_table(call, name);
}

/* ---- Tablets of a table ---- */

static double tablet_number(const struct assigned_tablet *tablet, size_t index, size_t sort)
{
    switch (sort) {
    case 0:
        return (double)index; /* they are kept in order of their keys */
    case 1:
        return tablet->load[VIEW_REQUESTS];
    case 2:
        return tablet->load[VIEW_BYTES];
    case 3:
        return tablet->load[VIEW_CPU];
    case 4:
        return tablet->load[VIEW_MEMORY];
    case 5:
        return (double)tablet->size_bytes;
    case 6:
        return tablet->state;
    case 8:
        return (double)tablet->since_ms;
    default:
        return 0; /* by the server's name */
    }
}

static json_t *make_tablet(struct web_call *call, const struct web_entry *entry, void *context)
{
    const struct assigned_tablet *tablet = assignment_find(
        &api_catalogue(call)->assignment, entry->id);
    return tablet && tablet->table ? api_tablet(tablet, *(const double *)context) : NULL;
}

static bool is_wanted(const struct web_list *list, const struct assigned_tablet *tablet,
    size_t state, const struct span *server)
{
    static const enum assignment_state states[] = {ASSIGNMENT_CLOSED, ASSIGNMENT_OPENING,
        ASSIGNMENT_OPEN, ASSIGNMENT_CLOSING, ASSIGNMENT_FAILED_OPEN};
    struct span name = tablet->server ? span_string(tablet->server->text) : SPAN_EMPTY;
    return (state == SIZE_MAX || states[state] == tablet->state) &&
           (!server || span_equal(*server, name)) &&
           web_list_wants(list, span_string(tablet->info.id), name);
}

enum web_outcome web_get_tablets(struct web_call *call)
{
    static const char *const sorts[] = {"start_key", "requests_per_s", "bytes_per_s", "cpu",
        "memtable_bytes", "size_bytes", "state", "server", "since_ms", NULL};
    static const char *const states[] = {
        "closed", "opening", "open", "closing", "failed_open", NULL};
    struct web_list list;
    struct error error = {0};
    size_t state;
    if (!web_list_begin(&list, call, sorts))
        return WEB_DONE;
    if (web_request_choice(&call->request, "state", states, SIZE_MAX, &state, &error))
        return web_fail_error(call, &error);
    if (!web_needs_master(call))
        return WEB_DONE;
    const struct span *server = web_request_find(&call->request, "server");
    struct catalogue *catalogue = api_catalogue(call);
    struct span name = api_table_name(call->request.segments[3]);
    double mean = 0;
    mutex_lock(&catalogue->mutex);
    const struct catalogue_table *table = catalogue_find_locked(catalogue, name);
    for (size_t i = 0; table && i < table->tablet_count; i++) {
        const struct assigned_tablet *one = table->tablets[i];
        struct span text = list.sort == 7 && one->server ? span_string(one->server->text)
                                                         : SPAN_EMPTY;
        if (is_wanted(&list, one, state, server))
            web_list_add(&list, tablet_number(one, i, list.sort), text, span_string(one->info.id));
    }
    if (table)
        mean = api_tablets_mean(table);
    mutex_unlock(&catalogue->mutex);
    if (!table)
        return api_no_such_table(call, name);
    json_t *items = web_list_page(&list, make_tablet, &catalogue->mutex, &mean);
    return web_answer_json(call, 200, web_list_object(&list, items));
}

/* ---- The hottest ---- */

/* The mean of a table's tablets: worked out once, not for each item. A key only: it may be gone. */
struct table_mean {
    const struct catalogue_table *table;
    double mean;
};

struct hot {
    enum view_resource resource;
    double total;
    struct table_mean *means; /* by address */
    size_t mean_count;
};

static int by_address(const void *a, const void *b)
{
    const struct table_mean *left = a, *right = b;
    return left->table < right->table ? -1 : left->table > right->table;
}

static json_t *make_hot(struct web_call *call, const struct web_entry *entry, void *context)
{
    const struct hot *hot = context;
    const struct assigned_tablet *tablet = assignment_find(
        &api_catalogue(call)->assignment, entry->id);
    if (!tablet || !tablet->table)
        return NULL;
    struct table_mean key = {.table = tablet->table};
    const struct table_mean *mean = bsearch(
        &key, hot->means, hot->mean_count, sizeof key, by_address);
    json_t *object = api_tablet(tablet, mean ? mean->mean : 0);
    if (object)
        json_object_set_new(object, "part",
            hot->total > 0 ? web_json_number(tablet->load[hot->resource] / hot->total)
                           : json_null());
    return object;
}

json_t *api_hot_tablets(struct web_call *call, struct span table_name, struct span server,
    enum view_resource resource, size_t limit, double *out_total)
{
    struct web_list list = {.call = call, .is_falling = true, .limit = limit};
    struct hot hot = {.resource = resource};
    struct catalogue *catalogue = api_catalogue(call);
    mutex_lock(&catalogue->mutex);
    hot.means = arena_allocate_zeroed(&call->arena, catalogue->table_count + 1, sizeof *hot.means);
    list.has_failed = !hot.means;
    for (const struct catalogue_table *table = catalogue->tables; table && hot.means;
         table = table->next) {
        if (table->is_hidden ||
            (table_name.size && !span_equal(table_name, table->descriptor.schema.name)))
            continue;
        hot.means[hot.mean_count++] = (struct table_mean){table, api_tablets_mean(table)};
        for (size_t i = 0; i < table->tablet_count; i++) {
            const struct assigned_tablet *one = table->tablets[i];
            bool is_there = one->server && span_equal(server, span_string(one->server->text));
            hot.total += one->load[resource];
            if (one->load[resource] > 0 && (!server.size || is_there))
                web_list_add(&list, one->load[resource], SPAN_EMPTY, span_string(one->info.id));
        }
    }
    mutex_unlock(&catalogue->mutex);
    if (out_total)
        *out_total = hot.total;
    if (hot.mean_count)
        qsort(hot.means, hot.mean_count, sizeof *hot.means, by_address);
    json_t *items = web_list_page(&list, make_hot, &catalogue->mutex, &hot);
    api_diagnose_tablets(call, table_name, resource, items);
    return items;
}

enum web_outcome web_get_hot_tablets(struct web_call *call)
{
    static const char *const names[] = {"requests", "bytes", "cpu", "memtable", NULL};
    struct error error = {0};
    size_t by;
    int64_t limit;
    double total;
    if (web_request_choice(&call->request, "by", names, 0, &by, &error) ||
        web_request_number(&call->request, "limit", 20, 1, WEB_LIST_MOST, &limit, &error))
        return web_fail_error(call, &error);
    if (!web_needs_master(call))
        return WEB_DONE;
    const struct span *table = web_request_find(&call->request, "table");
    const struct span *server = web_request_find(&call->request, "server");
    struct span name = table ? api_table_name(*table) : SPAN_EMPTY;
    if (table && !api_has_table(call, name))
        return api_no_such_table(call, name);
    json_t *items = api_hot_tablets(
        call, name, server ? *server : SPAN_EMPTY, (enum view_resource)by, (size_t)limit, &total);
    return web_answer_json(call, 200,
        json_pack("{s:s, s:i, s:o, s:o}", "by", names[by], "window_s", LOAD_WINDOW_S, "total_per_s",
            web_json_number(total), "items", items));
}
