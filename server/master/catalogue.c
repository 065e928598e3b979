#include "server/master/catalogue.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "proto/region.h"

void catalogue_init(struct catalogue *catalogue)
{
    memset(catalogue, 0, sizeof *catalogue);
    mutex_init(&catalogue->mutex, LOCK_RANK_MASTER);
    assignment_init(&catalogue->assignment);
}

static void free_table(struct catalogue_table *table)
{
    memory_free(table->tablets);
    memory_free(table->retired);
    arena_deinit(&table->arena);
    memory_free(table);
}

static void free_namespace(struct namespace_entry *entry)
{
    arena_deinit(&entry->arena);
    memory_free(entry);
}

void catalogue_clear_locked(struct catalogue *catalogue)
{
    while (catalogue->tables) {
        struct catalogue_table *table = catalogue->tables;
        catalogue->tables = table->next;
        free_table(table);
    }
    while (catalogue->namespaces) {
        struct namespace_entry *entry = catalogue->namespaces;
        catalogue->namespaces = entry->next;
        free_namespace(entry);
    }
    catalogue->table_count = 0;
    assignment_deinit(&catalogue->assignment);
}

void catalogue_deinit(struct catalogue *catalogue)
{
    catalogue_clear_locked(catalogue);
    mutex_deinit(&catalogue->mutex);
}

/* "default:t" is "t". */
static struct span canonical(struct span name)
{
    struct span prefix = SPAN_LITERAL("default:");
    return span_starts_with(name, prefix) ? span_slice(name, prefix.size, name.size - prefix.size)
                                          : name;
}

struct catalogue_table *catalogue_find_locked(struct catalogue *catalogue, struct span name)
{
    name = canonical(name);
    for (struct catalogue_table *table = catalogue->tables; table; table = table->next)
        if (!table->is_hidden && span_equal(table->descriptor.schema.name, name))
            return table;
    return NULL;
}

bool catalogue_is_name_shared_locked(
    const struct catalogue *catalogue, const struct catalogue_table *table, struct span name)
{
    for (const struct catalogue_table *other = catalogue->tables; other; other = other->next)
        if (other != table && !other->is_hidden && other->descriptor.state != TABLE_DROPPED &&
            span_equal(other->descriptor.schema.name, name))
            return true;
    return false;
}

struct catalogue_table *catalogue_find_id_locked(struct catalogue *catalogue, const char *table_id)
{
    for (struct catalogue_table *table = catalogue->tables; table; table = table->next)
        if (strcmp(table->descriptor.id, table_id) == 0)
            return table;
    return NULL;
}

struct namespace_entry *catalogue_namespace_locked(struct catalogue *catalogue, struct span name)
{
    for (struct namespace_entry *entry = catalogue->namespaces; entry; entry = entry->next)
        if (span_equal(entry->name, name))
            return entry;
    return NULL;
}

/* By namespace, then by name. */
static int name_order(struct span a, struct span b)
{
    struct span a_namespace, a_name, b_namespace, b_name;
    table_name_split(a, &a_namespace, &a_name);
    table_name_split(b, &b_namespace, &b_name);
    int order = span_compare(a_namespace, b_namespace);
    return order ? order : span_compare(a_name, b_name);
}

struct catalogue_table *catalogue_add_locked(
    struct catalogue *catalogue, const struct table_descriptor *descriptor)
{
    struct catalogue_table *table = memory_allocate_zeroed(1, sizeof *table);
    if (!table)
        return NULL;
    table->descriptor = *descriptor;
    if (table_schema_copy(&table->arena, &descriptor->schema, &table->descriptor.schema, NULL)) {
        free_table(table);
        return NULL;
    }
    struct catalogue_table **at = &catalogue->tables;
    while (*at && name_order((*at)->descriptor.schema.name, table->descriptor.schema.name) < 0)
        at = &(*at)->next;
    table->next = *at;
    *at = table;
    catalogue->table_count++;
    return table;
}

void catalogue_remove_locked(struct catalogue *catalogue, struct catalogue_table *table)
{
    struct catalogue_table **at = &catalogue->tables;
    while (*at != table)
        at = &(*at)->next;
    *at = table->next;
    catalogue->table_count--;
    for (size_t i = 0; i < table->tablet_count; i++)
        assignment_remove(&catalogue->assignment, table->tablets[i]);
    for (size_t i = 0; i < table->retired_count; i++)
        assignment_remove(&catalogue->assignment, table->retired[i]);
    free_table(table);
}

/* Room for one more in an array of tablets. */
static bool make_room(struct assigned_tablet ***tablets, size_t count, size_t *room)
{
    if (count < *room)
        return true;
    size_t next = *room ? *room * 2 : 4;
    struct assigned_tablet **grown = memory_reallocate(*tablets, next * sizeof *grown);
    if (!grown)
        return false;
    *tablets = grown;
    *room = next;
    return true;
}

/* Where a tablet that starts at the row is, or goes. */
static size_t place_of(const struct catalogue_table *table, struct span start_row)
{
    size_t low = 0, high = table->tablet_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (span_compare(table->tablets[middle]->info.start_row, start_row) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t catalogue_tablet_of_row(const struct catalogue_table *table, struct span row)
{
    size_t at = place_of(table, row);
    if (at < table->tablet_count && span_equal(table->tablets[at]->info.start_row, row))
        return at;
    if (at == 0)
        return SIZE_MAX;
    struct span end = table->tablets[at - 1]->info.end_row;
    return end.size == 0 || span_compare(row, end) < 0 ? at - 1 : SIZE_MAX;
}

struct assigned_tablet *catalogue_add_tablet_locked(struct catalogue *catalogue,
    struct catalogue_table *table, const struct tablet_info *info, int64_t now_ms)
{
    struct assigned_tablet *tablet = assignment_find(&catalogue->assignment, span_string(info->id));
    if (tablet)
        return tablet;
    if (!make_room(&table->tablets, table->tablet_count, &table->tablet_room))
        return NULL;
    tablet = assignment_add(&catalogue->assignment, info, now_ms);
    if (!tablet)
        return NULL;
    tablet->table = table;
    memcpy(tablet->info.table_id, table->descriptor.id, sizeof tablet->info.table_id);
    size_t at = place_of(table, info->start_row);
    memmove(&table->tablets[at + 1], &table->tablets[at],
        (table->tablet_count - at) * sizeof *table->tablets);
    table->tablets[at] = tablet;
    table->tablet_count++;
    if (info->region_id > catalogue->last_region_id)
        catalogue->last_region_id = info->region_id;
    return tablet;
}

static bool take_out(
    struct assigned_tablet **tablets, size_t *count, const struct assigned_tablet *tablet)
{
    size_t at = 0;
    while (at < *count && tablets[at] != tablet)
        at++;
    if (at == *count)
        return false;
    memmove(&tablets[at], &tablets[at + 1], (*count - at - 1) * sizeof *tablets);
    (*count)--;
    return true;
}

bool catalogue_retire_locked(struct catalogue *catalogue, struct assigned_tablet *tablet,
    enum assignment_state state, int64_t now_ms)
{
    struct catalogue_table *table = tablet->table;
    if (tablet->state == ASSIGNMENT_SPLIT || tablet->state == ASSIGNMENT_MERGED)
        return true;
    if (!make_room(&table->retired, table->retired_count, &table->retired_room))
        return false;
    take_out(table->tablets, &table->tablet_count, tablet);
    table->retired[table->retired_count++] = tablet;
    assignment_set(&catalogue->assignment, tablet, state, NULL, now_ms);
    return true;
}

struct assigned_tablet *catalogue_add_retired_locked(struct catalogue *catalogue,
    struct catalogue_table *table, const struct tablet_info *info, enum assignment_state state,
    int64_t now_ms)
{
    if (!make_room(&table->retired, table->retired_count, &table->retired_room))
        return NULL;
    struct assigned_tablet *tablet = assignment_add(&catalogue->assignment, info, now_ms);
    if (!tablet)
        return NULL;
    tablet->table = table;
    table->retired[table->retired_count++] = tablet;
    assignment_set(&catalogue->assignment, tablet, state, NULL, now_ms);
    if (info->region_id > catalogue->last_region_id)
        catalogue->last_region_id = info->region_id;
    return tablet;
}

void catalogue_remove_tablet_locked(struct catalogue *catalogue, struct assigned_tablet *tablet)
{
    struct catalogue_table *table = tablet->table;
    if (!take_out(table->tablets, &table->tablet_count, tablet))
        take_out(table->retired, &table->retired_count, tablet);
    assignment_remove(&catalogue->assignment, tablet);
}

bool catalogue_has_hole_locked(const struct catalogue_table *table)
{
    struct span end = SPAN_EMPTY;
    for (size_t i = 0; i < table->tablet_count; i++) {
        const struct tablet_info *info = &table->tablets[i]->info;
        if (span_compare(end, info->start_row) < 0)
            return true;
        end = info->end_row;
        if (end.size == 0)
            return i + 1 < table->tablet_count;
    }
    return true;
}

enum status catalogue_set_schema_locked(
    struct catalogue_table *table, const struct table_schema *schema, struct error *error)
{
    struct table_schema copy;
    enum status status = table_schema_copy(&table->arena, schema, &copy, error);
    if (!status)
        table->descriptor.schema = copy;
    return status;
}

struct namespace_entry *catalogue_put_namespace_locked(struct catalogue *catalogue,
    struct span name, const struct attribute *configuration, size_t count, uint64_t version)
{
    struct namespace_entry *entry = memory_allocate_zeroed(1, sizeof *entry);
    if (!entry)
        return NULL;
    entry->name = arena_copy(&entry->arena, name);
    entry->version = version;
    for (size_t i = 0; i < count; i++) {
        struct span key = arena_copy(&entry->arena, configuration[i].key);
        struct span value = arena_copy(&entry->arena, configuration[i].value);
        if (attributes_set(
                &entry->arena, &entry->configuration, &entry->configuration_count, key, value)) {
            free_namespace(entry);
            return NULL;
        }
    }
    struct namespace_entry *old = catalogue_namespace_locked(catalogue, name);
    if (old)
        catalogue_remove_namespace_locked(catalogue, old);
    struct namespace_entry **at = &catalogue->namespaces;
    while (*at && span_compare((*at)->name, entry->name) < 0)
        at = &(*at)->next;
    entry->next = *at;
    *at = entry;
    return entry;
}

void catalogue_remove_namespace_locked(struct catalogue *catalogue, struct namespace_entry *entry)
{
    struct namespace_entry **at = &catalogue->namespaces;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    free_namespace(entry);
}

size_t catalogue_namespace_tables_locked(struct catalogue *catalogue, struct span name)
{
    size_t count = 0;
    for (struct catalogue_table *table = catalogue->tables; table; table = table->next) {
        struct span namespace_name, qualifier;
        table_name_split(table->descriptor.schema.name, &namespace_name, &qualifier);
        count += span_equal(namespace_name, name);
    }
    return count;
}

uint64_t catalogue_next_region_id(struct catalogue *catalogue, int64_t now_ms)
{
    mutex_lock(&catalogue->mutex);
    uint64_t id = now_ms > 0 ? (uint64_t)now_ms : 1;
    if (id <= catalogue->last_region_id)
        id = catalogue->last_region_id + 1;
    catalogue->last_region_id = id;
    mutex_unlock(&catalogue->mutex);
    return id;
}

bool catalogue_plan_tablets(struct catalogue *catalogue, struct span table_name,
    const char *table_id, const struct span *start_keys, size_t count, int64_t now_ms,
    struct tablet_info *out_tablets)
{
    struct buffer name = {0};
    uint64_t region_id = catalogue_next_region_id(catalogue, now_ms);
    for (size_t i = 0; i < count; i++) {
        char storage[ENCODED_NAME_SIZE + 1];
        struct tablet_info *tablet = &out_tablets[i];
        memset(tablet, 0, sizeof *tablet);
        tablet->region_id = region_id;
        tablet->start_row = start_keys[i];
        tablet->end_row = i + 1 < count ? start_keys[i + 1] : SPAN_EMPTY;
        tablet->state = TABLET_CLOSED;
        snprintf(tablet->table_id, sizeof tablet->table_id, "%s", table_id);
        buffer_reset(&name);
        region_name_put(&name, table_name, tablet->start_row, region_id);
        if (buffer_status(&name)) {
            buffer_deinit(&name);
            return false;
        }
        struct span encoded = region_encoded_name(buffer_span(&name), storage);
        snprintf(
            tablet->id, sizeof tablet->id, "%.*s", (int)encoded.size, (const char *)encoded.data);
    }
    buffer_deinit(&name);
    return true;
}
