/* Iterators over one SSTable.
 *
 * Three cursors, each in a pinned block: the top index (resident), an index part, a data block. A
 * move that leaves the data block first brings the index cursors to where the next block is listed,
 * then loads that block, and only then lets the old one go: so a `next` that would block leaves the
 * current cell readable and remembers in `step` how far it came. */
#include <inttypes.h>

#include "base/memory.h"
#include "storage/sstable_table.h"
#include "storage/storage.h"

#define SPARE_BYTES 4096u /* a spare iterator keeps no larger buffer */

enum step {
    STEP_LOST,  /* index cursors and data block have nothing to do with each other */
    STEP_NONE,  /* the part cursor stands on the data block's entry */
    STEP_PART,  /* the top cursor stands on a part that is not loaded yet */
    STEP_BLOCK, /* the part cursor stands on a block that is not loaded yet */
};

struct table_iterator {
    struct cell_iterator base; /* first */
    struct sstable *table;     /* referenced */
    struct cell_cursor top;
    struct cell_cursor part;
    struct cell_cursor data; /* decodes into base.cell */
    struct cell top_entry;
    struct cell part_entry;
    struct block_pin part_pin;
    struct block_pin data_pin;
    uint64_t part_offset; /* of the pinned part; UINT64_MAX = none */
    uint64_t data_offset;
    enum step step;
    struct block_read how;
    struct read_ahead ahead;
    struct span from_row; /* in range_bytes; empty = no bound */
    struct span to_row;
    struct buffer range_bytes;
    struct buffer probe_bytes; /* row and qualifier sought */
};

static struct table_iterator *iterator_of(struct cell_iterator *base)
{
    return (struct table_iterator *)(void *)base;
}

static int compare_rows(const struct table_iterator *it, struct span a, struct span b)
{
    return row_compare(it->table->footer.row_order, a, b);
}

/* ---- Loading what the index cursors stand on ---- */

static enum status load_part(struct table_iterator *it, struct error *error)
{
    struct block_handle handle;
    enum status status = sstable_index_handle(it->table, &it->top_entry, &handle, error);
    if (status != STATUS_OK || handle.offset == it->part_offset)
        return status;
    struct block_pin pin = {0};
    struct block_read how = it->how;
    how.ahead = NULL; /* parts lie apart from the stretch that is read ahead */
    status = sstable_read_block(it->table, handle, BLOCK_INDEX, &how, &pin, error);
    if (status != STATUS_OK)
        return status;
    block_unpin(&it->part_pin);
    it->part_pin = pin;
    it->part_offset = handle.offset;
    cell_cursor_set(&it->part, pin.data);
    return STATUS_OK;
}

static enum status load_data(struct table_iterator *it, struct error *error)
{
    struct block_handle handle;
    enum status status = sstable_index_handle(it->table, &it->part_entry, &handle, error);
    if (status != STATUS_OK || handle.offset == it->data_offset)
        return status;
    struct block_pin pin = {0};
    status = sstable_read_block(it->table, handle, BLOCK_DATA, &it->how, &pin, error);
    if (status != STATUS_OK)
        return status;
    block_unpin(&it->data_pin);
    it->data_pin = pin;
    it->data_offset = handle.offset;
    if (it->how.places)
        it->how.places->block_bytes += pin.size;
    it->base.is_valid = false; /* its spans lay in the block that is gone */
    cell_cursor_set(&it->data, pin.data);
    return STATUS_OK;
}

/* ---- Answers ---- */

static enum status lose_place(struct table_iterator *it, enum status status)
{
    it->base.is_valid = false;
    it->step = STEP_LOST;
    return status;
}

static enum status top_failure(
    struct table_iterator *it, enum cursor_answer answer, struct error *error)
{
    return sstable_cursor_failure(it->table, answer, it->table->footer.top_index.offset, error);
}

static enum status part_failure(
    struct table_iterator *it, enum cursor_answer answer, struct error *error)
{
    return sstable_cursor_failure(it->table, answer, it->part_offset, error);
}

/* The data cursor has moved onto a cell, or failed to. */
static enum status settle(struct table_iterator *it, enum cursor_answer answer, struct error *error)
{
    if (answer != CURSOR_CELL)
        return lose_place(it, sstable_cursor_failure(it->table, answer, it->data_offset, error));
    if (it->to_row.size > 0 && compare_rows(it, it->base.cell.row, it->to_row) >= 0)
        return lose_place(it, STATUS_END);
    it->base.is_valid = true;
    return STATUS_OK;
}

/* ---- Forward ---- */

/* The data block is used up: brings the part cursor to the next entry and `step` to STEP_BLOCK. */
static enum status step_index(struct table_iterator *it, struct error *error)
{
    if (it->step == STEP_NONE) {
        enum cursor_answer answer = cell_cursor_next(&it->part);
        if (answer == CURSOR_CELL) {
            it->step = STEP_BLOCK;
            return STATUS_OK;
        }
        if (answer != CURSOR_END)
            return part_failure(it, answer, error);
        answer = cell_cursor_next(&it->top);
        if (answer == CURSOR_END)
            return STATUS_END;
        if (answer != CURSOR_CELL)
            return top_failure(it, answer, error);
        it->step = STEP_PART;
    }
    if (it->step == STEP_PART) {
        enum status status = load_part(it, error);
        if (status != STATUS_OK)
            return status;
        enum cursor_answer answer = cell_cursor_first(&it->part);
        if (answer != CURSOR_CELL)
            return part_failure(it, answer, error);
        it->step = STEP_BLOCK;
    }
    return STATUS_OK;
}

static enum status next_block(struct table_iterator *it, struct error *error)
{
    enum status status = step_index(it, error);
    if (status == STATUS_OK)
        status = load_data(it, error);
    if (status == STATUS_WOULD_BLOCK)
        return status; /* standing where it stood */
    if (status != STATUS_OK)
        return lose_place(it, status);
    it->step = STEP_NONE;
    return settle(it, cell_cursor_first(&it->data), error);
}

static enum status iterator_next(struct cell_iterator *base, struct error *error)
{
    struct table_iterator *it = iterator_of(base);
    if (it->step != STEP_NONE)
        return next_block(it, error);
    enum cursor_answer answer = cell_cursor_next(&it->data);
    if (__builtin_expect(answer == CURSOR_CELL && it->to_row.size == 0, 1))
        return STATUS_OK;
    return answer == CURSOR_END ? next_block(it, error) : settle(it, answer, error);
}

/* ---- Seeking ---- */

/* Index cursors and data block to where the probe is listed: the last entry at or before it, or the
 * first. */
static enum status descend(
    struct table_iterator *it, const struct cell_probe *probe, struct error *error)
{
    lose_place(it, STATUS_OK);
    enum cursor_answer answer = cell_cursor_seek_last(&it->top, probe, true);
    if (answer == CURSOR_END)
        answer = cell_cursor_first(&it->top);
    if (answer != CURSOR_CELL)
        return top_failure(it, answer, error);
    enum status status = load_part(it, error);
    if (status != STATUS_OK)
        return status;
    answer = cell_cursor_seek_last(&it->part, probe, true);
    if (answer == CURSOR_END)
        answer = cell_cursor_first(&it->part);
    if (answer != CURSOR_CELL)
        return part_failure(it, answer, error);
    status = load_data(it, error);
    if (status == STATUS_OK)
        it->step = STEP_NONE;
    return status;
}

static enum status seek_probe(
    struct table_iterator *it, const struct cell_probe *probe, struct error *error)
{
    if (it->to_row.size > 0 && compare_rows(it, probe->row, it->to_row) >= 0)
        return lose_place(it, STATUS_END);
    /* Near seeks stay in the block. */
    if (it->step == STEP_NONE) {
        enum cursor_answer answer = cell_cursor_seek_inside(&it->data, probe);
        if (answer != CURSOR_END)
            return settle(it, answer, error);
    }
    enum status status = descend(it, probe, error);
    if (status != STATUS_OK)
        return status;
    enum cursor_answer answer = cell_cursor_seek(&it->data, probe);
    if (answer != CURSOR_END)
        return settle(it, answer, error);
    /* All of the block lies before the probe: the answer begins the next one. A probe cannot be
     * kept over calls, so a pending step is dropped and the seek made again. */
    status = next_block(it, error);
    if (status == STATUS_WOULD_BLOCK)
        return lose_place(it, status);
    return status;
}

/* What is sought may lie in what a move lets go (the current cell), so it is copied first. */
static enum status keep_probe(struct table_iterator *it, const struct cell *probe,
    struct cell_probe *out_key, struct error *error)
{
    struct buffer *bytes = &it->probe_bytes;
    buffer_reset(bytes);
    buffer_put(bytes, probe->row);
    buffer_put(bytes, probe->qualifier);
    if (bytes->is_failed)
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory for a key", it->table->path);
    struct cell kept = *probe;
    kept.row = span_make(bytes->data, probe->row.size);
    kept.qualifier = span_slice(buffer_span(bytes), probe->row.size, probe->qualifier.size);
    *out_key = cell_probe_of(it->table->footer.row_order, it->table->properties.family, &kept);
    return STATUS_OK;
}

static enum status iterator_seek(
    struct cell_iterator *base, const struct cell *probe, struct error *error)
{
    struct table_iterator *it = iterator_of(base);
    struct cell start;
    if (it->from_row.size > 0 && compare_rows(it, probe->row, it->from_row) < 0) {
        start = cell_probe_row(it->from_row);
        probe = &start;
    }
    struct cell_probe key;
    enum status status = keep_probe(it, probe, &key, error);
    return status == STATUS_OK ? seek_probe(it, &key, error) : lose_place(it, status);
}

static enum status iterator_seek_first(struct cell_iterator *base, struct error *error)
{
    struct cell probe = cell_probe_row(iterator_of(base)->from_row);
    return iterator_seek(base, &probe, error);
}

/* ---- Reversed ---- */

/* To the last cell of the block that the part cursor stands on. */
static enum status last_of_block(struct table_iterator *it, struct error *error)
{
    enum status status = load_data(it, error);
    if (status != STATUS_OK)
        return status;
    it->step = STEP_NONE;
    enum cursor_answer answer = cell_cursor_last(&it->data);
    return answer == CURSOR_CELL
               ? STATUS_OK
               : sstable_cursor_failure(it->table, answer, it->data_offset, error);
}

/* To the last cell of the block before the one the part cursor stands on. */
static enum status previous_block(struct table_iterator *it, struct error *error)
{
    lose_place(it, STATUS_OK);
    enum cursor_answer answer = cell_cursor_previous(&it->part);
    if (answer == CURSOR_END) {
        answer = cell_cursor_previous(&it->top);
        if (answer == CURSOR_END)
            return STATUS_END;
        if (answer != CURSOR_CELL)
            return top_failure(it, answer, error);
        enum status status = load_part(it, error);
        if (status != STATUS_OK)
            return status;
        answer = cell_cursor_last(&it->part);
    }
    if (answer != CURSOR_CELL)
        return part_failure(it, answer, error);
    return last_of_block(it, error);
}

/* To the last cell of the file. Leaves it in base.cell, not yet valid; likewise last_before. */
static enum status last_of_all(struct table_iterator *it, struct error *error)
{
    lose_place(it, STATUS_OK);
    enum cursor_answer answer = cell_cursor_last(&it->top);
    if (answer != CURSOR_CELL)
        return top_failure(it, answer, error);
    enum status status = load_part(it, error);
    if (status != STATUS_OK)
        return status;
    answer = cell_cursor_last(&it->part);
    if (answer != CURSOR_CELL)
        return part_failure(it, answer, error);
    return last_of_block(it, error);
}

static enum status last_before(
    struct table_iterator *it, const struct cell_probe *probe, struct error *error)
{
    enum status status = descend(it, probe, error);
    if (status != STATUS_OK)
        return status;
    enum cursor_answer answer = cell_cursor_seek_last(&it->data, probe, false);
    if (answer == CURSOR_END)
        return previous_block(it, error);
    return answer == CURSOR_CELL
               ? STATUS_OK
               : sstable_cursor_failure(it->table, answer, it->data_offset, error);
}

static enum status iterator_seek_before_row(
    struct cell_iterator *base, struct span row, struct error *error)
{
    struct table_iterator *it = iterator_of(base);
    if (it->to_row.size > 0 && (row.size == 0 || compare_rows(it, row, it->to_row) > 0))
        row = it->to_row;
    struct cell probe = cell_probe_row(row);
    struct cell_probe key;
    enum status status = keep_probe(it, &probe, &key, error);
    if (status == STATUS_OK)
        status = key.row.size > 0 ? last_before(it, &key, error) : last_of_all(it, error);
    if (status != STATUS_OK)
        return lose_place(it, status);
    row = it->base.cell.row;
    if (it->from_row.size > 0 && compare_rows(it, row, it->from_row) < 0)
        return lose_place(it, STATUS_END);
    if (key.row.size > 0 && compare_rows(it, row, key.row) >= 0) /* or a scan would never end */
        return lose_place(it, error_set(error, STATUS_CORRUPT,
                                  "%s: rows are out of order in the block at offset %" PRIu64,
                                  it->table->path, it->data_offset));
    probe = cell_probe_row(row);
    status = keep_probe(it, &probe, &key, error);
    return status == STATUS_OK ? seek_probe(it, &key, error) : lose_place(it, status);
}

/* ---- Life ---- */

static void iterator_set_may_block(struct cell_iterator *base, bool may_block)
{
    base->may_block = may_block;
    iterator_of(base)->how.may_block = may_block;
}

void sstable_iterator_free(struct table_iterator *it)
{
    if (!it)
        return;
    cell_cursor_deinit(&it->top);
    cell_cursor_deinit(&it->part);
    cell_cursor_deinit(&it->data);
    buffer_deinit(&it->ahead.bytes);
    buffer_deinit(&it->range_bytes);
    buffer_deinit(&it->probe_bytes);
    memory_free(it);
}

/* A get opens and closes an iterator of each file: one is kept by the table, with its buffers. */
static void iterator_close(struct cell_iterator *base)
{
    struct table_iterator *it = iterator_of(base);
    struct sstable *table = it->table;
    struct table_iterator *none = NULL;
    block_unpin(&it->part_pin);
    block_unpin(&it->data_pin);
    bool is_large = it->ahead.bytes.capacity > 0 || it->probe_bytes.capacity > SPARE_BYTES ||
                    it->data.row.capacity > SPARE_BYTES ||
                    it->data.qualifier.capacity > SPARE_BYTES;
    if (is_large || !atomic_compare_exchange_strong(&table->spare, &none, it))
        sstable_iterator_free(it);
    sstable_unref(table);
}

static struct table_iterator *iterator_make(struct sstable *table)
{
    struct table_iterator *it = atomic_exchange(&table->spare, NULL);
    if (it)
        return it;
    it = memory_allocate(sizeof *it);
    if (!it)
        return NULL;
    cell_cursor_init(&it->top, &it->top_entry);
    cell_cursor_init(&it->part, &it->part_entry);
    cell_cursor_init(&it->data, &it->base.cell);
    it->ahead.bytes = it->range_bytes = it->probe_bytes = (struct buffer){0};
    return it;
}

static const struct cell_iterator_table iterator_table = {
    .seek = iterator_seek,
    .seek_first = iterator_seek_first,
    .next = iterator_next,
    .seek_before_row = iterator_seek_before_row,
    .set_may_block = iterator_set_may_block,
    .close = iterator_close,
};

enum status sstable_iterator_new(struct sstable *table,
    const struct sstable_iterator_options *options, struct cell_iterator **out_iterator,
    struct error *error)
{
    struct table_iterator *it = iterator_make(table);
    if (!it)
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory for an iterator", table->path);
    it->base.table = &iterator_table;
    it->base.is_valid = false;
    it->base.may_block = true;
    it->base.cell.family = table->properties.family;
    it->table = sstable_ref(table);
    it->part_pin = it->data_pin = (struct block_pin){0};
    it->part_offset = it->data_offset = UINT64_MAX;
    it->step = STEP_LOST;
    it->ahead.offset = 0;
    it->ahead.size_wanted = options->readahead_bytes;
    it->how = (struct block_read){.may_block = true,
        .is_cache_used = options->readahead_bytes == 0,
        .is_cache_fill = options->is_cache_fill && options->readahead_bytes == 0,
        .ahead = options->readahead_bytes > 0 ? &it->ahead : NULL,
        .places = options->places};
    buffer_reset(&it->range_bytes);
    buffer_put(&it->range_bytes, options->from_row);
    buffer_put(&it->range_bytes, options->to_row);
    if (it->range_bytes.is_failed) {
        iterator_close(&it->base);
        return error_set(error, STATUS_NO_MEMORY, "%s: no memory for an iterator", table->path);
    }
    it->from_row = span_make(it->range_bytes.data, options->from_row.size);
    it->to_row = span_slice(
        buffer_span(&it->range_bytes), options->from_row.size, options->to_row.size);
    cell_cursor_set(&it->top, table->top_index.data);
    *out_iterator = &it->base;
    return STATUS_OK;
}
