#include "storage/sstable_walk.h"

/* An index block under a cursor. */
struct index_walk {
    struct cell entry;
    struct cell_cursor cursor;
    enum cursor_answer answer;
};

static void index_walk_begin(
    struct index_walk *walk, const struct sstable *table, const struct block_pin *block)
{
    walk->entry = (struct cell){.family = table->properties.family};
    cell_cursor_init(&walk->cursor, &walk->entry);
    cell_cursor_set(&walk->cursor, block->data);
    walk->answer = cell_cursor_first(&walk->cursor);
}

/* Calls visit for the entry the walk stands on, and steps. */
static enum status index_walk_visit(struct index_walk *walk, const struct sstable *table,
    enum block_kind kind, block_visit_function *visit, void *context,
    struct block_handle *out_handle, struct error *error)
{
    struct block_visit found = {.kind = kind, .start = &walk->entry};
    enum status status = sstable_index_handle(table, &walk->entry, &found.handle, error);
    if (status == STATUS_OK)
        status = visit(context, &found, error);
    *out_handle = found.handle;
    walk->answer = cell_cursor_next(&walk->cursor);
    return status;
}

static enum status index_walk_end(
    struct index_walk *walk, const struct sstable *table, uint64_t offset, struct error *error)
{
    cell_cursor_deinit(&walk->cursor);
    return walk->answer == CURSOR_DAMAGED || walk->answer == CURSOR_NO_MEMORY
               ? sstable_cursor_failure(table, walk->answer, offset, error)
               : STATUS_OK;
}

static enum status walk_entries(const struct sstable *table, const struct block_pin *block,
    uint64_t offset, enum block_kind kind, block_visit_function *visit, void *context,
    struct error *error)
{
    struct index_walk walk;
    struct block_handle handle;
    enum status status = STATUS_OK;
    index_walk_begin(&walk, table, block);
    while (status == STATUS_OK && walk.answer == CURSOR_CELL)
        status = index_walk_visit(&walk, table, kind, visit, context, &handle, error);
    enum status end = index_walk_end(&walk, table, offset, status == STATUS_OK ? error : NULL);
    return status != STATUS_OK ? status : end;
}

static enum status walk_parts(struct sstable *table, block_visit_function *visit, void *context,
    bool *is_whole, struct error *error)
{
    struct index_walk walk;
    enum status status = STATUS_OK;
    const struct block_read how = {.may_block = true};
    index_walk_begin(&walk, table, &table->top_index);
    while (status == STATUS_OK && walk.answer == CURSOR_CELL) {
        struct block_handle handle;
        struct block_pin part = {0};
        status = index_walk_visit(&walk, table, BLOCK_INDEX, visit, context, &handle, error);
        if (status != STATUS_OK)
            break;
        if (sstable_read_block(table, handle, BLOCK_INDEX, &how, &part, NULL) != STATUS_OK) {
            *is_whole = false;
            continue;
        }
        status = walk_entries(table, &part, handle.offset, BLOCK_DATA, visit, context, error);
        block_unpin(&part);
    }
    enum status end = index_walk_end(
        &walk, table, table->footer.top_index.offset, status == STATUS_OK ? error : NULL);
    return status != STATUS_OK ? status : end;
}

enum status sstable_walk_blocks(struct sstable *table, block_visit_function *visit, void *context,
    bool *out_is_whole, struct error *error)
{
    const struct sstable_footer *footer = &table->footer;
    const struct block_visit rest[] = {
        {BLOCK_TOP_INDEX, footer->top_index, NULL},
        {BLOCK_TOP_BLOOM, footer->top_bloom, NULL},
        {BLOCK_PROPERTIES, footer->properties, NULL},
    };
    bool is_whole = true;
    enum status status = walk_parts(table, visit, context, &is_whole, error);
    if (status == STATUS_OK && table->top_bloom.data)
        status = walk_entries(
            table, &table->top_bloom, footer->top_bloom.offset, BLOCK_BLOOM, visit, context, error);
    for (size_t i = 0; status == STATUS_OK && i < sizeof rest / sizeof rest[0]; i++) {
        if (rest[i].handle.size > 0)
            status = visit(context, &rest[i], error);
    }
    if (out_is_whole)
        *out_is_whole = is_whole;
    return status;
}

/* ---- The middle ---- */

/* Sums data blocks that start inside the range; in a second pass finds where half of it is reached.
 */
struct middle {
    const struct sstable *table;
    struct span from_row;
    struct span to_row;
    uint64_t total;
    uint64_t wanted; /* 0 in the first pass */
    uint64_t seen;
    struct buffer *out_row;
    bool is_found;
};

static bool is_inside(const struct middle *middle, struct span row)
{
    enum row_order order = middle->table->footer.row_order;
    struct span low = middle->table->properties.first_row;
    if (middle->from_row.size > 0 && row_compare(order, middle->from_row, low) > 0)
        low = middle->from_row;
    return row_compare(order, row, low) > 0 &&
           (middle->to_row.size == 0 || row_compare(order, row, middle->to_row) < 0);
}

static enum status middle_visit(void *context, const struct block_visit *visit, struct error *error)
{
    struct middle *middle = context;
    if (visit->kind != BLOCK_DATA || !is_inside(middle, visit->start->row))
        return STATUS_OK;
    if (middle->wanted == 0) {
        middle->total += visit->handle.size;
        return STATUS_OK;
    }
    middle->seen += visit->handle.size;
    if (middle->seen < middle->wanted)
        return STATUS_OK;
    buffer_put(middle->out_row, visit->start->row);
    middle->is_found = true;
    return middle->out_row->is_failed
               ? error_set(error, STATUS_NO_MEMORY, "%s: no memory for a row", middle->table->path)
               : STATUS_END;
}

enum status sstable_middle_row(struct sstable *table, struct span from_row, struct span to_row,
    struct buffer *out_row, struct error *error)
{
    struct middle middle = {
        .table = table, .from_row = from_row, .to_row = to_row, .out_row = out_row};
    enum status status = sstable_walk_blocks(table, middle_visit, &middle, NULL, error);
    if (status != STATUS_OK)
        return status;
    middle.wanted = middle.total / 2;
    if (middle.wanted > 0)
        status = sstable_walk_blocks(table, middle_visit, &middle, NULL, error);
    if (status != STATUS_OK && status != STATUS_END)
        return status;
    return middle.is_found ? STATUS_OK : STATUS_NOT_FOUND;
}
