#include "server/master/meta_batch.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "proto/region.h"
#include "proto/schema_message.h"
#include "proto/wire.h"
#include "proto/znode.h"

#define TABLE_STATE_FIELD 1 /* TableState.state */

struct row {
    struct row *next;
    struct span key;
    struct mutation mutation;
    size_t cell_room;
};

struct meta_batch {
    struct arena arena;
    struct row *rows; /* newest first */
    size_t row_count;
    bool is_failed; /* out of memory */
    bool has_state;
};

struct meta_batch *meta_batch_new(void)
{
    return memory_allocate_zeroed(1, sizeof(struct meta_batch));
}

void meta_batch_free(struct meta_batch *batch)
{
    if (!batch)
        return;
    arena_deinit(&batch->arena);
    memory_free(batch);
}

static struct span keep(struct meta_batch *batch, struct span bytes)
{
    struct span copy = arena_copy(&batch->arena, bytes);
    if (bytes.size && !copy.data)
        batch->is_failed = true;
    return copy;
}

/* Copies what the buffer holds into the batch, and empties it. */
static struct span keep_buffer(struct meta_batch *batch, struct buffer *buffer)
{
    struct span copy = SPAN_EMPTY;
    if (buffer_status(buffer))
        batch->is_failed = true;
    else
        copy = keep(batch, buffer_span(buffer));
    buffer_deinit(buffer);
    return copy;
}

static struct row *add_row(
    struct meta_batch *batch, struct span key, enum mutation_kind kind, size_t cell_room)
{
    struct row *row = arena_allocate_zeroed(&batch->arena, 1, sizeof *row);
    struct cell *cells = row ? arena_allocate_zeroed(
                                   &batch->arena, cell_room ? cell_room : 1, sizeof *cells)
                             : NULL;
    if (!cells) {
        batch->is_failed = true;
        return NULL;
    }
    row->key = keep(batch, key);
    row->mutation = (struct mutation){.kind = kind,
        .row = row->key,
        .cells = cells,
        .timestamp = TIMESTAMP_LATEST,
        .durability = DURABILITY_SYNC_WAL,
        .time_range = TIME_RANGE_ALL};
    row->cell_room = cell_room;
    row->next = batch->rows;
    batch->rows = row;
    batch->row_count++;
    return row;
}

static void add_typed_cell(struct row *row, const char *family, const char *qualifier,
    struct span value, enum cell_type type)
{
    if (!row)
        return;
    CHECK(row->mutation.cell_count < row->cell_room);
    row->mutation.cells[row->mutation.cell_count++] = (struct cell){.row = row->key,
        .family = span_string(family),
        .qualifier = span_string(qualifier),
        .value = value,
        .timestamp = TIMESTAMP_LATEST,
        .type = (uint8_t)type};
}

static void add_cell(struct row *row, const char *family, const char *qualifier, struct span value)
{
    add_typed_cell(row, family, qualifier, value, CELL_PUT);
}

static struct span region_name(
    struct meta_batch *batch, struct span table_name, const struct tablet_info *tablet)
{
    struct buffer name = {0};
    region_name_put(&name, table_name, tablet->start_row, tablet->region_id);
    return keep_buffer(batch, &name);
}

static struct span be64(struct meta_batch *batch, uint64_t value)
{
    uint8_t bytes[8];
    store_be64(bytes, value);
    return keep(batch, span_make(bytes, sizeof bytes));
}

static void add_server(struct meta_batch *batch, struct row *row, const struct server_name *server,
    uint64_t open_sequence)
{
    struct buffer text = {0}, name = {0};
    buffer_put(&text, server->host);
    buffer_put_format(&text, ":%u", server->port);
    server_name_put_text(&name, server);
    add_cell(row, "info", "server", keep_buffer(batch, &text));
    add_cell(row, "info", "serverstartcode", be64(batch, server->start_code));
    add_cell(row, "info", "seqnumDuringOpen", be64(batch, open_sequence));
    add_cell(row, "info", "sn", keep_buffer(batch, &name));
}

static struct span region_message(struct meta_batch *batch, struct span table_name,
    const struct tablet_info *tablet, bool is_split)
{
    struct region_info info = {.region_id = tablet->region_id,
        .table = table_name,
        .start_key = tablet->start_row,
        .end_key = tablet->end_row,
        .is_offline = is_split,
        .is_split = is_split};
    struct buffer message = {0};
    buffer_put(&message, SPAN_LITERAL(PBUF_MAGIC));
    region_info_encode(&message, &info);
    return keep_buffer(batch, &message);
}

static void put_tablet(struct meta_batch *batch, struct row *row, struct span table_name,
    const struct tablet_info *tablet, const char *state, const struct server_name *server,
    uint64_t open_sequence)
{
    add_cell(row, "info", "regioninfo", region_message(batch, table_name, tablet, false));
    add_cell(row, "info", "state", span_string(state));
    if (server)
        add_server(batch, row, server, open_sequence);
}

void meta_batch_put_tablet(struct meta_batch *batch, struct span table_name,
    const struct tablet_info *tablet, const char *state, const struct server_name *server,
    uint64_t open_sequence)
{
    struct row *row = add_row(batch, region_name(batch, table_name, tablet), MUTATION_PUT, 6);
    put_tablet(batch, row, table_name, tablet, state, server, open_sequence);
}

void meta_batch_delete_place(
    struct meta_batch *batch, struct span table_name, const struct tablet_info *tablet)
{
    static const char *const names[] = {"server", "serverstartcode", "seqnumDuringOpen", "sn"};
    size_t count = sizeof names / sizeof *names;
    struct row *row = add_row(
        batch, region_name(batch, table_name, tablet), MUTATION_DELETE, count);
    for (size_t i = 0; i < count; i++)
        add_typed_cell(row, "info", names[i], SPAN_EMPTY, CELL_DELETE_COLUMN);
}

void meta_batch_put_split(struct meta_batch *batch, struct span table_name,
    const struct tablet_info *parent, const struct tablet_info daughters[2])
{
    struct row *row = add_row(batch, region_name(batch, table_name, parent), MUTATION_PUT, 4);
    add_cell(row, "info", "regioninfo", region_message(batch, table_name, parent, true));
    add_cell(row, "info", "splitA", region_message(batch, table_name, &daughters[0], false));
    add_cell(row, "info", "splitB", region_message(batch, table_name, &daughters[1], false));
    add_cell(row, "info", "state", SPAN_LITERAL("SPLIT"));
}

void meta_batch_put_state(struct meta_batch *batch, struct span table_name, enum table_state state)
{
    struct buffer message = {0};
    struct row *row = add_row(batch, table_name, MUTATION_PUT, 1);
    batch->has_state = true;
    wire_put_varint(&message, TABLE_STATE_FIELD, (uint64_t)state);
    add_cell(row, "table", "state", keep_buffer(batch, &message));
}

void meta_batch_put_namespace(
    struct meta_batch *batch, struct span name, const struct attribute *configuration, size_t count)
{
    struct namespace_schema schema = {name, (struct attribute *)(uintptr_t)configuration, count};
    struct buffer message = {0};
    struct row *row = add_row(batch, name, MUTATION_PUT, 1);
    namespace_message_encode(&message, &schema);
    add_cell(row, "ns", "d", keep_buffer(batch, &message));
}

void meta_batch_delete_tablet(
    struct meta_batch *batch, struct span table_name, const struct tablet_info *tablet)
{
    add_row(batch, region_name(batch, table_name, tablet), MUTATION_DELETE, 0);
}

void meta_batch_delete_state(struct meta_batch *batch, struct span table_name)
{
    struct row *row = add_row(batch, table_name, MUTATION_DELETE, 1);
    batch->has_state = true;
    add_typed_cell(row, "table", "state", SPAN_EMPTY, CELL_DELETE_COLUMN);
}

void meta_batch_delete_namespace(struct meta_batch *batch, struct span name)
{
    struct row *row = add_row(batch, name, MUTATION_DELETE, 1);
    add_typed_cell(row, "ns", "d", SPAN_EMPTY, CELL_DELETE_COLUMN);
}

void meta_batch_delete_row(struct meta_batch *batch, struct span row)
{
    add_row(batch, row, MUTATION_DELETE, 0);
}

enum status meta_batch_finish(struct meta_batch *batch, int64_t timestamp,
    struct write_operation **out_operations, size_t *out_count, struct error *error)
{
    struct write_operation *operations = arena_allocate_zeroed(
        &batch->arena, batch->row_count ? batch->row_count : 1, sizeof *operations);
    if (batch->is_failed || !operations)
        return error_set(error, STATUS_NO_MEMORY, "no memory for rows of hbase:meta");
    size_t i = batch->row_count;
    for (struct row *row = batch->rows; row; row = row->next) {
        row->mutation.timestamp = timestamp;
        for (size_t c = 0; c < row->mutation.cell_count; c++)
            row->mutation.cells[c].timestamp = timestamp;
        operations[--i] = (struct write_operation){
            .row = row->key, .mutations = &row->mutation, .mutation_count = 1};
    }
    *out_operations = operations;
    *out_count = batch->row_count;
    return STATUS_OK;
}

bool meta_batch_has_state(const struct meta_batch *batch)
{
    return batch->has_state;
}

bool meta_batch_is_empty(const struct meta_batch *batch)
{
    return batch->row_count == 0 && !batch->is_failed;
}

struct arena *meta_batch_arena(struct meta_batch *batch)
{
    return &batch->arena;
}

/* ---- The schema ---- */

static enum status set(
    struct arena *arena, struct family_schema *family, const char *key, const char *value)
{
    return attributes_set(
        arena, &family->attributes, &family->attribute_count, span_string(key), span_string(value));
}

enum status meta_schema_make(
    struct arena *arena, struct table_schema *out_schema, struct error *error)
{
    static const struct {
        const char *name;
        const char *versions;
    } families[] = {{"info", "3"}, {"ns", "3"}, {"rep_barrier", "2147483647"}, {"table", "3"}};
    struct table_schema schema = {.name = SPAN_LITERAL("hbase:meta"), .family_count = 4};
    bool is_failed = attributes_set(arena, &schema.attributes, &schema.attribute_count,
                         SPAN_LITERAL("IS_META"), SPAN_LITERAL("true")) != STATUS_OK;
    schema.families = arena_allocate_zeroed(arena, schema.family_count, sizeof *schema.families);
    for (size_t i = 0; schema.families && i < schema.family_count; i++) {
        struct family_schema *family = &schema.families[i];
        family->name = span_string(families[i].name);
        is_failed = is_failed || set(arena, family, "BLOOMFILTER", "ROWCOL") ||
                    set(arena, family, "IN_MEMORY", "true") ||
                    set(arena, family, "VERSIONS", families[i].versions) ||
                    set(arena, family, "KEEP_DELETED_CELLS", "FALSE") ||
                    set(arena, family, "DATA_BLOCK_ENCODING", "NONE") ||
                    set(arena, family, "COMPRESSION", "NONE") ||
                    set(arena, family, "TTL", "2147483647") ||
                    set(arena, family, "MIN_VERSIONS", "0") ||
                    set(arena, family, "BLOCKCACHE", "true") ||
                    set(arena, family, "BLOCKSIZE", "8192") ||
                    set(arena, family, "REPLICATION_SCOPE", "0");
    }
    if (is_failed || !schema.families)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the schema of hbase:meta");
    enum status status = table_schema_check(&schema, error);
    if (!status)
        *out_schema = schema;
    return status;
}
