/* Regions: listing them from hbase:meta, and flushing and compacting them. */
#include "base/limits.h"
#include "base/memory.h"
#include "client/admin_rpc.h"
#include "client/convert.h"
#include "client/meta.h"
#include "proto/admin.pb-c.h"
#include "proto/wire.h"

enum { META_PAGE_ROWS = 1000 };

void stele_region_list_free(struct stele_region_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_region_list){0};
}

static enum stele_status no_memory(struct stele_error *error)
{
    return failure_set(error, STELE_NO_MEMORY, "no memory for regions");
}

static enum stele_status table_not_found(struct stele_bytes table, struct stele_error *error)
{
    enum stele_status status = failure_set(
        error, STELE_NOT_FOUND, "%.*s", (int)table.size, (const char *)table.data);
    if (error)
        memcpy(
            error->exception_class, EXCEPTION_TABLE_NOT_FOUND, sizeof(EXCEPTION_TABLE_NOT_FOUND));
    return status;
}

/* A list while it is collected. */
struct collection {
    struct arena *arena;
    struct stele_region *regions; /* heap, then copied to the arena */
    size_t count;
    size_t capacity;
    struct span table;        /* only its regions; empty: all */
    struct span encoded_name; /* only this one; empty: all */
    bool has_table;           /* the table's state row was there */
    bool is_failed;
};

static void add_region(
    struct collection *collection, const struct meta_row *row, struct span encoded)
{
    struct arena *arena = collection->arena;
    if (collection->count == collection->capacity) {
        size_t capacity = collection->capacity ? collection->capacity * 2 : 16;
        struct stele_region *larger = memory_reallocate(
            collection->regions, capacity * sizeof(*larger));
        if (!larger) {
            collection->is_failed = true;
            return;
        }
        collection->regions = larger;
        collection->capacity = capacity;
    }
    struct stele_region *region = &collection->regions[collection->count++];
    *region = (struct stele_region){
        .table = admin_copy_text(arena, row->info.table),
        .name = admin_copy_text(arena, row->name),
        .encoded_name = admin_copy_text(arena, encoded),
        .start_key = admin_copy_text(arena, row->info.start_key),
        .end_key = admin_copy_text(arena, row->info.end_key),
        .region_id = row->info.region_id,
        .server = {admin_copy_text(arena, row->host), row->port, row->start_code},
        .open_sequence = row->open_sequence,
        .state = admin_copy_text(arena, row->state),
        .is_offline = row->info.is_offline,
        .is_split = row->info.is_split,
    };
    collection->is_failed |= !region->table.data || !region->name.data ||
                             !region->encoded_name.data || !region->start_key.data ||
                             !region->end_key.data || !region->server.host.data ||
                             !region->state.data;
}

static void on_row(void *context, const struct meta_row *row)
{
    struct collection *collection = context;
    char storage[ENCODED_NAME_SIZE + 1];
    if (row->is_table) {
        collection->has_table |= span_equal(row->name, collection->table);
        return;
    }
    struct span encoded = region_encoded_name(row->name, storage);
    if (collection->table.size && !span_equal(row->info.table, collection->table))
        return;
    if (collection->encoded_name.size && !span_equal(encoded, collection->encoded_name))
        return;
    add_region(collection, row, encoded);
}

/* hbase:meta has no row of its own: its only region, and the server that answers for it. */
static enum stele_status collect_meta_itself(
    struct stele_client *client, struct collection *collection, struct stele_error *error)
{
    struct meta_row row = {
        .name = SPAN_LITERAL(META_REGION_NAME), .open_sequence = -1, .state = SPAN_LITERAL("OPEN")};
    struct buffer message = {
        0}; /* GetServerInfo has no fields, and the region before it says whom to ask */
    struct admin_answer answer;
    struct arena arena = {0};
    enum stele_status status = admin_call_region(
        client->meta, SPAN_EMPTY, SERVICE_ADMIN, "GetServerInfo", &message, &answer, error);
    if (status)
        return status;
    const Hbase__Pb__GetServerInfoResponse *response = (void *)admin_unpack(
        &answer, &hbase__pb__get_server_info_response__descriptor, &arena, error);
    if (response) {
        const Hbase__Pb__ServerName *name = response->server_info->server_name;
        row.info.table = SPAN_LITERAL(META_TABLE_NAME);
        row.info.region_id = 1;
        row.host = span_string(name->host_name);
        row.port = name->port;
        row.start_code = name->start_code;
        add_region(collection, &row, SPAN_LITERAL(META_ENCODED_NAME));
    }
    arena_deinit(&arena);
    admin_answer_deinit(&answer);
    return response ? STELE_OK : STELE_PROTOCOL;
}

/* Reads pages of hbase:meta until its end. */
static enum stele_status collect(struct stele_client *client, enum meta_scan kind, struct span row,
    struct collection *collection, struct stele_error *error)
{
    struct buffer from = {0}, message = {0};
    struct span last;
    struct error cause;
    size_t count = META_PAGE_ROWS;
    enum stele_status status = STELE_OK;
    while (status == STELE_OK && count == META_PAGE_ROWS) {
        struct admin_answer answer;
        struct arena arena = {0};
        buffer_reset(&message);
        meta_scan_encode(
            &message, kind, collection->table, row, buffer_span(&from), META_PAGE_ROWS);
        status = admin_call_region(
            client->meta, SPAN_EMPTY, SERVICE_CLIENT, "Scan", &message, &answer, error);
        if (status)
            break;
        if (meta_answer_decode(answer.result, answer.cell_block, &arena, on_row, collection, &count,
                &last, &cause))
            status = failure_set(error, STELE_PROTOCOL, "hbase:meta: %s", cause.message);
        buffer_reset(&from);
        if (status == STELE_OK)
            buffer_put(&from, last);
        if (kind == META_SCAN_ROW)
            count = 0;
        admin_answer_deinit(&answer);
        arena_deinit(&arena);
    }
    buffer_deinit(&from);
    buffer_deinit(&message);
    if (status == STELE_OK && collection->is_failed)
        status = no_memory(error);
    return status;
}

static struct span bare_name(struct stele_bytes table)
{
    struct span name = span_of(table);
    return span_starts_with(name, SPAN_LITERAL("default:")) ? span_slice(name, 8, name.size - 8)
                                                            : name;
}

/* Moves what was collected into the list. */
static enum stele_status collection_finish(struct collection *collection, enum stele_status status,
    struct stele_region_list *out_list, struct stele_error *error)
{
    struct stele_region *regions = NULL;
    if (!status &&
        !(regions = arena_allocate(collection->arena, collection->count * sizeof(*regions))))
        status = no_memory(error);
    if (!status && collection->count)
        memcpy(regions, collection->regions, collection->count * sizeof(*regions));
    memory_free(collection->regions);
    if (status) {
        admin_memory_free(collection->arena);
        return status;
    }
    *out_list = (struct stele_region_list){regions, collection->count, collection->arena};
    return STELE_OK;
}

enum stele_status stele_list_regions(struct stele_client *client, struct stele_bytes table,
    struct stele_region_list *out_list, struct stele_error *error)
{
    struct collection collection = {.arena = admin_memory_new(), .table = bare_name(table)};
    enum stele_status status = collection.arena ? STELE_OK : no_memory(error);
    if (!status && span_equal(collection.table, SPAN_LITERAL(META_TABLE_NAME)))
        status = collect_meta_itself(client, &collection, error);
    else if (!status)
        status = collect(client, META_SCAN_TABLE, SPAN_EMPTY, &collection, error);
    if (!status && collection.count == 0 && !collection.has_table)
        status = table_not_found(table, error);
    return collection_finish(&collection, status, out_list, error);
}

enum stele_status stele_locate_region(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes row, struct stele_region_list *out_list, struct stele_error *error)
{
    struct collection collection = {.arena = admin_memory_new(), .table = bare_name(table)};
    enum stele_status status = collection.arena ? STELE_OK : no_memory(error);
    if (!status && span_equal(collection.table, SPAN_LITERAL(META_TABLE_NAME)))
        status = collect_meta_itself(client, &collection, error);
    else if (!status)
        status = collect(client, META_SCAN_ROW, span_of(row), &collection, error);
    if (!status && collection.count == 0)
        status = table_not_found(table, error);
    return collection_finish(&collection, status, out_list, error);
}

/* ---- targets ---- */

static bool is_encoded_name(struct span text)
{
    if (span_equal(text, SPAN_LITERAL(META_ENCODED_NAME)))
        return true;
    for (size_t i = 0; i < text.size; i++)
        if (!(text.data[i] >= '0' && text.data[i] <= '9') &&
            !(text.data[i] >= 'a' && text.data[i] <= 'f'))
            return false;
    return text.size == ENCODED_NAME_SIZE;
}

/* The regions of a table, or the one region named. */
static enum stele_status resolve_target(struct stele_client *client, struct stele_bytes target,
    struct stele_region_list *out_list, struct stele_error *error)
{
    char storage[ENCODED_NAME_SIZE + 1];
    struct span text = span_of(target), table, start_key, id;
    struct collection collection = {0};
    enum stele_status status;
    if (!region_name_split(text, &table, &start_key, &id))
        collection.encoded_name = region_encoded_name(text, storage);
    else if (is_encoded_name(text))
        collection.encoded_name = text;
    if (collection.encoded_name.size == 0)
        return stele_list_regions(client, target, out_list, error);
    if (!(collection.arena = admin_memory_new()))
        return no_memory(error);
    if (span_equal(collection.encoded_name, SPAN_LITERAL(META_ENCODED_NAME)))
        status = collect_meta_itself(client, &collection, error);
    else
        status = collect(client, META_SCAN_ALL, SPAN_EMPTY, &collection, error);
    if (!status && collection.count == 0) {
        if (is_encoded_name(text)) { /* perhaps a table with such a name */
            collection_finish(&collection, STELE_NOT_FOUND, out_list, NULL);
            return stele_list_regions(client, target, out_list, error);
        }
        status = failure_set(
            error, STELE_NOT_FOUND, "%.*s", (int)target.size, (const char *)target.data);
        if (error)
            memcpy(
                error->exception_class, EXCEPTION_UNKNOWN_REGION, sizeof(EXCEPTION_UNKNOWN_REGION));
    }
    return collection_finish(&collection, status, out_list, error);
}

/* Calls AdminService for each region that is open; `each` (may be NULL) looks at the answers. */
static enum stele_status call_regions(struct stele_client *client, struct stele_bytes target,
    const char *method, const struct buffer *message,
    void (*each)(void *context, struct span answer), void *context, struct stele_error *error)
{
    struct stele_region_list regions;
    enum stele_status status = resolve_target(client, target, &regions, error);
    if (status)
        return status;
    for (size_t i = 0; i < regions.count && !status; i++) {
        const struct stele_region *region = &regions.regions[i];
        struct admin_answer answer;
        if (region->is_offline || region->is_split)
            continue;
        struct stele_table *table = stele_table_open(client, region->table);
        status = table ? admin_call_region(table, span_of(region->start_key), SERVICE_ADMIN, method,
                             message, &answer, error)
                       : no_memory(error);
        if (status)
            break;
        if (each)
            each(context, answer.result);
        admin_answer_deinit(&answer);
    }
    stele_region_list_free(&regions);
    return status;
}

enum stele_status stele_flush(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes family, struct stele_error *error)
{
    struct buffer message = {0};
    if (family.size)
        wire_put_bytes(&message, 4, span_of(family));
    enum stele_status status = call_regions(
        client, target, "FlushRegion", &message, NULL, NULL, error);
    buffer_deinit(&message);
    return status;
}

enum stele_status stele_compact(struct stele_client *client, struct stele_bytes target,
    struct stele_bytes family, bool is_major, struct stele_error *error)
{
    struct buffer message = {0};
    wire_put_bool(&message, 2, is_major);
    if (family.size)
        wire_put_bytes(&message, 3, span_of(family));
    enum stele_status status = call_regions(
        client, target, "CompactRegion", &message, NULL, NULL, error);
    buffer_deinit(&message);
    return status;
}

/* GetRegionInfoResponse{compaction_state = 2}: states join as bits. */
static void join_state(void *context, struct span answer)
{
    unsigned *states = context;
    struct wire_field field;
    while (!wire_take(&answer, &field))
        if (wire_is(&field, 2, WIRE_VARINT))
            *states |= (unsigned)field.value & 3;
}

enum stele_status stele_get_compaction_state(struct stele_client *client, struct stele_bytes table,
    enum stele_compaction_state *out_state, struct stele_error *error)
{
    struct buffer message = {0};
    unsigned states = 0;
    wire_put_bool(&message, 2, true);
    enum stele_status status = call_regions(
        client, table, "GetRegionInfo", &message, join_state, &states, error);
    buffer_deinit(&message);
    if (!status)
        *out_state = (enum stele_compaction_state)states;
    return status;
}
