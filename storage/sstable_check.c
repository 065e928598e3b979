#include "storage/sstable_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "storage/bloom.h"
#include "storage/sstable_walk.h"

#define READ_AHEAD_BYTES (256u << 10)

/* What the walk has seen so far. */
struct checker {
    struct sstable *table;
    check_problem_function *problem;
    void *context;
    uint64_t problems;
    struct block_read how;
    struct read_ahead ahead;

    struct block_handle *blocks; /* all that were listed */
    size_t block_count, block_capacity;

    struct sstable_properties seen; /* recounted */
    bool are_cells_whole;           /* every data block could be read to its end */
    struct cell last;               /* row and qualifier in last_bytes */
    struct buffer last_bytes;
    struct buffer first_row;

    struct cell_cursor bloom_top; /* on the part that holds `bloom` */
    struct cell bloom_entry;
    struct block_pin bloom;
    uint64_t bloom_offset;
};

static void __attribute__((format(printf, 3, 4)))
report(struct checker *checker, uint64_t offset, const char *format, ...)
{
    char what[ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    checker->problem(checker->context, checker->table->path, offset, what);
    checker->problems++;
}

/* ---- Cells ---- */

static void check_order(struct checker *checker, const struct cell *cell, uint64_t offset)
{
    if (checker->seen.cell_count > 0 &&
        cell_compare(checker->table->footer.row_order, &checker->last, cell) >= 0)
        report(checker, offset, "cell %" PRIu64 " of the file is out of order",
            checker->seen.cell_count);
}

static enum status keep_last(struct checker *checker, const struct cell *cell, struct error *error)
{
    struct buffer *bytes = &checker->last_bytes;
    buffer_reset(bytes);
    buffer_put(bytes, cell->row);
    buffer_put(bytes, cell->qualifier);
    if (bytes->is_failed)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a key");
    checker->last = *cell;
    checker->last.row = span_make(bytes->data, cell->row.size);
    checker->last.qualifier = span_slice(buffer_span(bytes), cell->row.size, cell->qualifier.size);
    return STATUS_OK;
}

/* Loads the bloom part that a reader of `row` would ask. */
static enum status find_bloom(struct checker *checker, struct span row, struct error *error)
{
    struct sstable *table = checker->table;
    struct cell start = cell_probe_row(row);
    struct cell_probe probe = cell_probe_of(
        table->footer.row_order, table->properties.family, &start);
    struct block_handle handle;
    enum cursor_answer answer = cell_cursor_seek_last(&checker->bloom_top, &probe, true);
    if (answer == CURSOR_END)
        return STATUS_END;
    if (answer != CURSOR_CELL)
        return sstable_cursor_failure(table, answer, table->footer.top_bloom.offset, error);
    enum status status = sstable_index_handle(table, &checker->bloom_entry, &handle, error);
    if (status != STATUS_OK || handle.offset == checker->bloom_offset)
        return status;
    struct block_read how = {.may_block = true};
    block_unpin(&checker->bloom);
    checker->bloom_offset = UINT64_MAX;
    status = sstable_read_block(table, handle, BLOCK_BLOOM, &how, &checker->bloom, error);
    if (status == STATUS_OK)
        checker->bloom_offset = handle.offset;
    return status;
}

static enum status check_bloom(
    struct checker *checker, struct span row, uint64_t offset, struct error *error)
{
    if (!checker->table->top_bloom.data)
        return STATUS_OK;
    enum status status = find_bloom(checker, row, error);
    if (status == STATUS_CORRUPT)
        return STATUS_OK; /* told when that part is visited */
    if (status == STATUS_END ||
        (status == STATUS_OK &&
            !bloom_may_contain(
                span_make(checker->bloom.data, checker->bloom.size), bloom_hash(row))))
        report(checker, offset, "the bloom filter denies the row of cell %" PRIu64,
            checker->seen.cell_count);
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status check_cell(
    struct checker *checker, const struct cell *cell, uint64_t offset, struct error *error)
{
    check_order(checker, cell, offset);
    bool is_new_row = checker->seen.cell_count == 0 || !span_equal(cell->row, checker->last.row);
    if (checker->seen.cell_count == 0)
        buffer_put(&checker->first_row, cell->row);
    if (is_new_row) {
        enum status status = check_bloom(checker, cell->row, offset, error);
        if (status != STATUS_OK)
            return status;
    }
    sstable_properties_count(&checker->seen, cell, is_new_row);
    return keep_last(checker, cell, error);
}

/* Entries one after the other must meet every restart point. */
static enum status check_entries(
    struct checker *checker, struct cell_cursor *cursor, uint64_t offset, struct error *error)
{
    uint32_t restart = 0;
    enum cursor_answer answer = cell_cursor_first(cursor);
    for (; answer == CURSOR_CELL; answer = cell_cursor_next(cursor)) {
        if (restart < cursor->restart_count &&
            (size_t)(cursor->at - cursor->data) == cursor->restarts[restart])
            restart++;
        enum status status = check_cell(checker, cursor->cell, offset, error);
        if (status != STATUS_OK)
            return status;
    }
    if (answer == CURSOR_NO_MEMORY)
        return sstable_cursor_failure(checker->table, answer, offset, error);
    if (answer == CURSOR_DAMAGED) {
        report(checker, offset, "data block has a malformed entry");
        checker->are_cells_whole = false;
    } else if (restart != cursor->restart_count) {
        report(checker, offset, "restart point %u is no entry", restart);
    }
    return STATUS_OK;
}

static void check_separator(
    struct checker *checker, const struct cell *start, const struct cell *first, uint64_t offset)
{
    struct sstable *table = checker->table;
    struct cell_probe probe = cell_probe_of(
        table->footer.row_order, table->properties.family, start);
    /* Before the file's first cell the key binds nobody: seeks that find none before begin there.
     */
    if (checker->seen.cell_count > 0 && cell_probe_compare(&checker->last, &probe) >= 0)
        report(checker, offset, "the index key is not above the cells before the block");
    if (checker->seen.cell_count > 0 && cell_probe_compare(first, &probe) < 0)
        report(checker, offset, "the index key is above the block's first cell");
}

static enum status check_data(struct checker *checker, const struct block_visit *visit,
    const struct block_pin *pin, struct error *error)
{
    struct cell cell = {.family = checker->table->properties.family};
    struct cell_cursor cursor;
    cell_cursor_init(&cursor, &cell);
    cell_cursor_set(&cursor, pin->data);
    if (cell_cursor_first(&cursor) == CURSOR_CELL)
        check_separator(checker, visit->start, &cell, visit->handle.offset);
    enum status status = check_entries(checker, &cursor, visit->handle.offset, error);
    checker->seen.data_block_count++;
    checker->seen.data_file_bytes += visit->handle.size;
    checker->seen.data_raw_bytes += (uint64_t)(cursor.entries_end - cursor.data) +
                                    cursor.restart_count * sizeof(uint32_t);
    cell_cursor_deinit(&cursor);
    return status;
}

/* ---- Blocks ---- */

static enum status note_block(
    struct checker *checker, struct block_handle handle, struct error *error)
{
    if (!memory_grow(&checker->blocks, checker->block_count, &checker->block_capacity,
            sizeof *checker->blocks))
        return error_set(error, STATUS_NO_MEMORY, "no memory to check");
    checker->blocks[checker->block_count++] = handle;
    return STATUS_OK;
}

static enum status visit_block(void *context, const struct block_visit *visit, struct error *error)
{
    struct checker *checker = context;
    struct block_pin pin = {0};
    enum status status = note_block(checker, visit->handle, error);
    if (status != STATUS_OK)
        return status;
    if (visit->kind == BLOCK_INDEX || visit->kind == BLOCK_TOP_INDEX)
        checker->seen.index_file_bytes += visit->handle.size;
    if (visit->kind == BLOCK_BLOOM || visit->kind == BLOCK_TOP_BLOOM)
        checker->seen.bloom_file_bytes += visit->handle.size;
    struct block_read how = {.may_block = true};
    if (visit->kind == BLOCK_DATA)
        how.ahead = &checker->ahead;
    struct error damage;
    status = sstable_read_block(checker->table, visit->handle, visit->kind, &how, &pin, &damage);
    if (status == STATUS_CORRUPT) {
        report(checker, visit->handle.offset, "%s", damage.message);
        if (visit->kind == BLOCK_DATA || visit->kind == BLOCK_INDEX)
            checker->are_cells_whole = false;
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        if (error)
            *error = damage;
        return status;
    }
    if (visit->kind == BLOCK_DATA)
        status = check_data(checker, visit, &pin, error);
    block_unpin(&pin);
    return status;
}

static int compare_offsets(const void *a, const void *b)
{
    uint64_t x = ((const struct block_handle *)a)->offset;
    uint64_t y = ((const struct block_handle *)b)->offset;
    return x < y ? -1 : x > y;
}

/* Blocks and footer must cover the file without gap or overlap. */
static void check_tiling(struct checker *checker)
{
    uint64_t end = 0;
    uint64_t footer = checker->table->properties.file_bytes - SSTABLE_FOOTER_SIZE;
    qsort(checker->blocks, checker->block_count, sizeof *checker->blocks, compare_offsets);
    for (size_t i = 0; i < checker->block_count && end <= footer; i++) {
        if (checker->blocks[i].offset != end)
            report(checker, end, "no block ends at the block at offset %" PRIu64,
                checker->blocks[i].offset);
        end = checker->blocks[i].offset + checker->blocks[i].size;
    }
    if (end != footer)
        report(checker, end, "the blocks end here and the footer starts at %" PRIu64, footer);
}

static void check_properties(struct checker *checker)
{
    const struct sstable_properties *said = &checker->table->properties;
    struct sstable_properties *seen = &checker->seen;
    seen->first_row = buffer_span(&checker->first_row);
    seen->last_row = checker->last.row;
    for (unsigned number = 1; number < SSTABLE_PROPERTY_COUNT; number++) {
        const struct sstable_property *property = &sstable_property_list[number];
        const uint8_t *a = (const uint8_t *)said + property->offset;
        const uint8_t *b = (const uint8_t *)seen + property->offset;
        bool is_equal = property->kind == PROPERTY_SPAN
                            ? span_equal(*(const struct span *)(const void *)a,
                                  *(const struct span *)(const void *)b)
                            : memcmp(a, b, property->kind == PROPERTY_U32 ? 4 : 8) == 0;
        if (!is_equal)
            report(checker, checker->table->footer.properties.offset,
                "property %s is not what the file holds", property->name);
    }
    if ((said->bloom != BLOOM_NONE) != (checker->table->top_bloom.data != NULL))
        report(checker, checker->table->footer.properties.offset,
            "property bloom does not match the footer");
}

/* ---- The whole ---- */

static enum status check_table(struct checker *checker, struct error *error)
{
    const struct sstable_properties *said = &checker->table->properties;
    bool is_whole = false;
    struct error damage;
    /* What is not counted is taken over as said. */
    checker->seen = (struct sstable_properties){.compression = said->compression,
        .bloom = said->bloom,
        .block_size_bytes = said->block_size_bytes,
        .created_ms = said->created_ms,
        .family = said->family};
    enum status status = sstable_walk_blocks(
        checker->table, visit_block, checker, &is_whole, &damage);
    if (status == STATUS_CORRUPT) {
        report(checker, checker->table->footer.top_index.offset, "%s", damage.message);
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        if (error)
            *error = damage;
        return status;
    }
    if (is_whole)
        check_tiling(checker);
    if (is_whole && checker->are_cells_whole)
        check_properties(checker);
    return STATUS_OK;
}

enum status sstable_check(struct env *env, const char *path, uint64_t identity,
    check_problem_function *problem, void *context, uint64_t *out_problems, struct error *error)
{
    struct block_cache *cache;
    struct sstable *table;
    struct error damage;
    uint64_t offset = 0;
    enum status status = block_cache_new(0, &cache, error);
    if (status != STATUS_OK)
        return status;
    status = sstable_open_telling(env, path, identity, cache, &table, &offset, &damage);
    if (status != STATUS_OK) {
        block_cache_free(cache);
        if (status != STATUS_CORRUPT && status != STATUS_NEWER_FORMAT) {
            if (error)
                *error = damage;
            return status;
        }
        problem(context, path, offset, damage.message);
        *out_problems = 1;
        return STATUS_OK;
    }
    struct checker checker = {.table = table,
        .problem = problem,
        .context = context,
        .ahead.size_wanted = READ_AHEAD_BYTES,
        .are_cells_whole = true,
        .bloom_offset = UINT64_MAX};
    cell_cursor_init(&checker.bloom_top, &checker.bloom_entry);
    if (table->top_bloom.data)
        cell_cursor_set(&checker.bloom_top, table->top_bloom.data);
    status = check_table(&checker, error);
    *out_problems = checker.problems;
    block_unpin(&checker.bloom);
    cell_cursor_deinit(&checker.bloom_top);
    buffer_deinit(&checker.ahead.bytes);
    buffer_deinit(&checker.last_bytes);
    buffer_deinit(&checker.first_row);
    memory_free(checker.blocks);
    sstable_unref(table);
    block_cache_free(cache);
    return status;
}
