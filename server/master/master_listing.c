/* What MasterService tells of tables and namespaces, read from the catalogue. */
#include <string.h>

#include "base/limits.h"
#include "proto/region.h"
#include "proto/schema_message.h"
#include "proto/wire.h"
#include "server/master/master_service.h"
#include "server/master/name_pattern.h"

/* Which tables, and what of each. */
struct listing {
    struct name_pattern *pattern; /* NULL = all */
    struct span namespace_name;   /* data NULL = all */
    bool with_system;
    bool has_state;
    enum table_state state;
    bool with_schema; /* else the name only */
};

static void put_table(
    struct call *call, uint32_t number, const struct catalogue_table *table, bool with_schema)
{
    size_t mark = wire_begin(&call->result, number);
    if (with_schema)
        table_schema_message_encode(&call->result, &table->descriptor.schema);
    else
        table_name_encode(&call->result, table->descriptor.schema.name);
    wire_end(&call->result, mark);
}

static bool is_listed(const struct listing *listing, const struct catalogue_table *table)
{
    struct span namespace_name, qualifier, name = table->descriptor.schema.name;
    if (table->is_hidden || table->descriptor.state == TABLE_DROPPED)
        return false;
    table_name_split(name, &namespace_name, &qualifier);
    if (listing->namespace_name.data && !span_equal(listing->namespace_name, namespace_name))
        return false;
    if (!listing->with_system && span_equal(namespace_name, SPAN_LITERAL("hbase")))
        return false;
    if (listing->has_state && listing->state != table->descriptor.state)
        return false;
    return name_pattern_matches(listing->pattern, name);
}

static enum call_outcome list(struct call *call, const struct listing *listing)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    mutex_lock(&catalogue->mutex);
    for (const struct catalogue_table *table = catalogue->tables; table; table = table->next)
        if (is_listed(listing, table))
            put_table(call, 1, table, listing->with_schema);
    mutex_unlock(&catalogue->mutex);
    return CALL_DONE;
}

/* Lists by the regular expression of field `regex`, when there is one. */
static enum call_outcome list_by_regex(struct call *call, struct listing *listing, uint32_t regex)
{
    struct span pattern;
    struct error error = {0};
    if (master_field_bytes(call, regex, &pattern) &&
        name_pattern_new(pattern, &listing->pattern, &error))
        return call_fail(call, EXCEPTION_ILLEGAL_ARGUMENT, "%s", error.message);
    enum call_outcome outcome = list(call, listing);
    name_pattern_free(listing->pattern);
    return outcome;
}

/* The tables named in field 1, those that exist. */
static enum call_outcome list_named(struct call *call, bool *out_has_names)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    struct span in = call->param, name;
    struct wire_field field;
    struct error error = {0};
    uint8_t storage[LIMIT_TABLE_NAME_SIZE];
    *out_has_names = false;
    while (wire_take(&in, &field) == STATUS_OK) {
        if (!wire_is(&field, 1, WIRE_BYTES))
            continue;
        *out_has_names = true;
        if (table_name_decode(field.bytes, storage, &name, &error))
            return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
        mutex_lock(&catalogue->mutex);
        struct catalogue_table *table = catalogue_find_locked(catalogue, name);
        if (table && table->descriptor.state != TABLE_DROPPED)
            put_table(call, 1, table, true);
        mutex_unlock(&catalogue->mutex);
    }
    return CALL_DONE;
}

enum call_outcome master_get_table_descriptors(struct call *call)
{
    struct listing listing = {
        .with_schema = true, .with_system = master_field_number(call, 3, 0) != 0};
    bool has_names;
    enum call_outcome outcome = list_named(call, &has_names);
    if (has_names)
        return outcome;
    master_field_bytes(call, 4, &listing.namespace_name);
    return list_by_regex(call, &listing, 2);
}

enum call_outcome master_get_table_names(struct call *call)
{
    struct listing listing = {.with_system = master_field_number(call, 2, 0) != 0};
    master_field_bytes(call, 3, &listing.namespace_name);
    return list_by_regex(call, &listing, 1);
}

static enum call_outcome list_by_state(struct call *call, bool with_schema)
{
    struct listing listing = {.with_schema = with_schema,
        .with_system = true,
        .has_state = true,
        .state = master_field_number(call, 1, 0) ? TABLE_ENABLED : TABLE_DISABLED};
    return list(call, &listing);
}

enum call_outcome master_list_descriptors_by_state(struct call *call)
{
    return list_by_state(call, true);
}

enum call_outcome master_list_names_by_state(struct call *call)
{
    return list_by_state(call, false);
}

enum call_outcome master_get_table_state(struct call *call)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    struct span name;
    if (!master_field_table(call, 1, &name))
        return CALL_DONE;
    mutex_lock(&catalogue->mutex);
    struct catalogue_table *table = catalogue_find_locked(catalogue, name);
    bool is_there = table && table->descriptor.state != TABLE_DROPPED;
    enum table_state state = is_there ? table->descriptor.state : TABLE_ENABLED;
    mutex_unlock(&catalogue->mutex);
    if (!is_there)
        return call_fail(
            call, EXCEPTION_TABLE_NOT_FOUND, "%.*s", (int)name.size, (const char *)name.data);
    size_t mark = wire_begin(&call->result, 1);
    wire_put_varint(&call->result, 1, (uint64_t)state);
    wire_end(&call->result, mark);
    return CALL_DONE;
}

/* ---- When tablets were compacted wholly ---- */

/* RegionLoad.last_major_compaction_ts, as last reported. */
static uint64_t last_major_compaction_ms(const struct assigned_tablet *tablet)
{
    struct span in = span_make(tablet->region_load, tablet->region_load_size);
    struct wire_field field;
    uint64_t found = 0;
    while (in.size && wire_take(&in, &field) == STATUS_OK)
        if (wire_is(&field, 17, WIRE_VARINT))
            found = field.value;
    return found;
}

/* Of a table: that of the tablet for which it is longest ago; 0 while one was not, or there is none. */
enum call_outcome master_get_last_major_compaction(struct call *call)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    struct span name;
    uint64_t least = 0;
    if (!master_field_table(call, 1, &name))
        return CALL_DONE;
    mutex_lock(&catalogue->mutex);
    const struct catalogue_table *table = catalogue_find_locked(catalogue, name);
    for (size_t i = 0; table && i < table->tablet_count; i++) {
        uint64_t one = last_major_compaction_ms(table->tablets[i]);
        least = i == 0 || one < least ? one : least;
    }
    mutex_unlock(&catalogue->mutex);
    wire_put_varint(&call->result, 1, least);
    return CALL_DONE;
}

enum call_outcome master_get_last_region_major_compaction(struct call *call)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    struct span region = SPAN_EMPTY, id;
    master_field_bytes(call, 1, &region);
    if (!master_take_region(call, region, &id))
        return CALL_DONE;
    mutex_lock(&catalogue->mutex);
    const struct assigned_tablet *tablet = assignment_find(&catalogue->assignment, id);
    uint64_t found = tablet ? last_major_compaction_ms(tablet) : 0;
    mutex_unlock(&catalogue->mutex);
    wire_put_varint(&call->result, 1, found);
    return CALL_DONE;
}

/* ---- Namespaces ---- */

static void put_namespace(struct call *call, const struct namespace_entry *entry)
{
    struct namespace_schema schema = {
        entry->name, entry->configuration, entry->configuration_count};
    size_t mark = wire_begin(&call->result, 1);
    namespace_message_encode(&call->result, &schema);
    wire_end(&call->result, mark);
}

/* Fails the call when the namespace of field 1 is not there. */
static bool take_namespace(struct call *call, struct span *out_name, bool is_told)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    struct span name = SPAN_EMPTY;
    master_field_bytes(call, 1, &name);
    mutex_lock(&catalogue->mutex);
    struct namespace_entry *entry = catalogue_namespace_locked(catalogue, name);
    if (entry && is_told)
        put_namespace(call, entry);
    mutex_unlock(&catalogue->mutex);
    if (!entry)
        call_fail(
            call, EXCEPTION_NAMESPACE_NOT_FOUND, "%.*s", (int)name.size, (const char *)name.data);
    *out_name = name;
    return entry != NULL;
}

enum call_outcome master_get_namespace_descriptor(struct call *call)
{
    struct span name;
    take_namespace(call, &name, true);
    return CALL_DONE;
}

enum call_outcome master_list_namespace_descriptors(struct call *call)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    mutex_lock(&catalogue->mutex);
    for (const struct namespace_entry *entry = catalogue->namespaces; entry; entry = entry->next)
        put_namespace(call, entry);
    mutex_unlock(&catalogue->mutex);
    return CALL_DONE;
}

enum call_outcome master_list_namespaces(struct call *call)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    mutex_lock(&catalogue->mutex);
    for (const struct namespace_entry *entry = catalogue->namespaces; entry; entry = entry->next)
        wire_put_bytes(&call->result, 1, entry->name);
    mutex_unlock(&catalogue->mutex);
    return CALL_DONE;
}

static enum call_outcome list_by_namespace(struct call *call, bool with_schema)
{
    struct listing listing = {.with_schema = with_schema, .with_system = true};
    if (!take_namespace(call, &listing.namespace_name, false))
        return CALL_DONE;
    return list(call, &listing);
}

enum call_outcome master_list_descriptors_by_namespace(struct call *call)
{
    return list_by_namespace(call, true);
}

enum call_outcome master_list_names_by_namespace(struct call *call)
{
    return list_by_namespace(call, false);
}
