#include "storage/sstable_dump.h"

#include <inttypes.h>

#include "storage/bloom.h"
#include "storage/compress.h"
#include "storage/sstable_walk.h"

#define VALUE_SHOWN 200u /* bytes of a value or a row that are printed */

struct dumper {
    struct sstable *table;
    void (*print)(void *context, const char *line);
    void *context;
    struct buffer line;
    struct read_ahead ahead;
};

static enum status end_line(struct dumper *dumper, struct error *error)
{
    buffer_put_u8(&dumper->line, 0);
    enum status status = buffer_status(&dumper->line);
    if (status != STATUS_OK)
        return error_set(error, status, "%s: no memory for a line", dumper->table->path);
    dumper->print(dumper->context, (const char *)dumper->line.data);
    buffer_reset(&dumper->line);
    return STATUS_OK;
}

static void put_some(struct buffer *line, struct span bytes)
{
    if (bytes.size <= VALUE_SHOWN) {
        buffer_put_escaped(line, bytes);
        return;
    }
    buffer_put_escaped(line, span_slice(bytes, 0, VALUE_SHOWN));
    buffer_put_format(line, "... (%zu bytes)", bytes.size);
}

/* ---- Footer and properties ---- */

static enum status dump_footer(struct dumper *dumper, struct error *error)
{
    const struct sstable *table = dumper->table;
    const struct sstable_footer *footer = &table->footer;
    buffer_put_format(&dumper->line,
        "sstable %s: version %u, comparator %s, identity %016" PRIx64 ", %" PRIu64 " bytes",
        table->path, footer->version, footer->row_order == ROW_ORDER_META ? "hbase:meta" : "bytes",
        footer->identity, table->properties.file_bytes);
    return end_line(dumper, error);
}

static enum status dump_property(
    struct dumper *dumper, const struct sstable_property *property, struct error *error)
{
    const uint8_t *field = (const uint8_t *)&dumper->table->properties + property->offset;
    uint64_t whole = 0;
    uint32_t half = 0;
    buffer_put_format(&dumper->line, "property %s: ", property->name);
    switch (property->kind) {
    case PROPERTY_SPAN:
        buffer_put_escaped(&dumper->line, *(const struct span *)(const void *)field);
        break;
    case PROPERTY_U32:
        memcpy(&half, field, sizeof half);
        buffer_put_format(&dumper->line, "%u", half);
        if (property->offset == offsetof(struct sstable_properties, compression))
            buffer_put_format(&dumper->line, " (%s)", compression_name((enum compression)half));
        break;
    case PROPERTY_U64:
        memcpy(&whole, field, sizeof whole);
        buffer_put_format(&dumper->line, "%" PRIu64, whole);
        break;
    case PROPERTY_I64:
        memcpy(&whole, field, sizeof whole);
        buffer_put_format(&dumper->line, "%" PRId64, (int64_t)whole);
        break;
    }
    return end_line(dumper, error);
}

/* ---- Blocks ---- */

static void put_cell(struct dumper *dumper, const struct cell *cell)
{
    struct buffer *line = &dumper->line;
    buffer_put_format(line, "  ");
    put_some(line, cell->row);
    buffer_put_format(line, " ");
    buffer_put_escaped(line, cell->family);
    buffer_put_format(line, ":");
    put_some(line, cell->qualifier);
    buffer_put_format(line, " timestamp %" PRId64 " %s(%u) sequence %" PRIu64, cell->timestamp,
        cell_type_name(cell->type), cell->type, cell->sequence);
    if (cell->tags.size > 0) {
        buffer_put_format(line, " tags ");
        put_some(line, cell->tags);
    }
    buffer_put_format(line, " value ");
    put_some(line, cell->value);
}

static void put_index_entry(struct dumper *dumper, const struct cell *cell)
{
    struct block_handle handle = {0};
    buffer_put_format(&dumper->line, "  from ");
    put_some(&dumper->line, cell->row);
    buffer_put_format(&dumper->line, " :");
    put_some(&dumper->line, cell->qualifier);
    if (cell->type != CELL_MAXIMUM)
        buffer_put_format(&dumper->line, " timestamp %" PRId64 " %s(%u) sequence %" PRIu64,
            cell->timestamp, cell_type_name(cell->type), cell->type, cell->sequence);
    if (sstable_index_handle(dumper->table, cell, &handle, NULL) == STATUS_OK)
        buffer_put_format(
            &dumper->line, " block at %" PRIu64 ", %u bytes", handle.offset, handle.size);
    else
        buffer_put_format(&dumper->line, " a malformed handle");
}

static enum status dump_entries(struct dumper *dumper, const struct block_visit *visit,
    const struct block_pin *pin, struct error *error)
{
    struct cell cell = {.family = dumper->table->properties.family};
    struct cell_cursor cursor;
    enum status status = STATUS_OK;
    cell_cursor_init(&cursor, &cell);
    cell_cursor_set(&cursor, pin->data);
    enum cursor_answer answer = cell_cursor_first(&cursor);
    for (; answer == CURSOR_CELL && status == STATUS_OK; answer = cell_cursor_next(&cursor)) {
        if (visit->kind == BLOCK_DATA)
            put_cell(dumper, &cell);
        else
            put_index_entry(dumper, &cell);
        status = end_line(dumper, error);
    }
    if (status == STATUS_OK && answer != CURSOR_END) {
        buffer_put_format(&dumper->line, "  here an entry is malformed");
        status = end_line(dumper, error);
    }
    cell_cursor_deinit(&cursor);
    return status;
}

static enum status dump_bloom(
    struct dumper *dumper, const struct block_pin *pin, struct error *error)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < pin->size; i++)
        bits += (uint64_t)__builtin_popcount(pin->data[i]);
    buffer_put_format(&dumper->line, "  %zu lines of %u bits, %.1f %% set",
        pin->size / BLOOM_LINE_BYTES, BLOOM_LINE_BYTES * 8,
        pin->size ? 100.0 * (double)bits / (8.0 * (double)pin->size) : 0.0);
    return end_line(dumper, error);
}

static enum status dump_block(void *context, const struct block_visit *visit, struct error *error)
{
    struct dumper *dumper = context;
    struct block_pin pin = {0};
    struct error damage;
    struct block_read how = {.may_block = true};
    if (visit->kind == BLOCK_DATA)
        how.ahead = &dumper->ahead;
    buffer_put_format(&dumper->line, "%s block at %" PRIu64 ", %u bytes",
        block_kind_name(visit->kind), visit->handle.offset, visit->handle.size);
    enum status status = sstable_read_block(
        dumper->table, visit->handle, visit->kind, &how, &pin, &damage);
    if (status != STATUS_OK) {
        buffer_put_format(&dumper->line, ": %s", damage.message);
        return end_line(dumper, error);
    }
    status = end_line(dumper, error);
    if (status == STATUS_OK && visit->kind == BLOCK_BLOOM)
        status = dump_bloom(dumper, &pin, error);
    else if (status == STATUS_OK && visit->kind != BLOCK_PROPERTIES)
        status = dump_entries(dumper, visit, &pin, error);
    block_unpin(&pin);
    return status;
}

enum status sstable_dump(struct env *env, const char *path,
    void (*print)(void *context, const char *line), void *context, struct error *error)
{
    struct block_cache *cache;
    struct dumper dumper = {.print = print, .context = context, .ahead.size_wanted = 256u << 10};
    enum status status = block_cache_new(0, &cache, error);
    if (status != STATUS_OK)
        return status;
    status = sstable_open(env, path, 0, cache, &dumper.table, error);
    if (status == STATUS_OK)
        status = dump_footer(&dumper, error);
    for (unsigned i = 1; status == STATUS_OK && i < SSTABLE_PROPERTY_COUNT; i++)
        status = dump_property(&dumper, &sstable_property_list[i], error);
    if (status == STATUS_OK)
        status = sstable_walk_blocks(dumper.table, dump_block, &dumper, NULL, error);
    sstable_unref(dumper.table);
    buffer_deinit(&dumper.line);
    buffer_deinit(&dumper.ahead.bytes);
    block_cache_free(cache);
    return status;
}
