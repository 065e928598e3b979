/* Answers of a scan to rows. */
#include "base/memory.h"
#include "client/scanner.h"
#include "proto/cell_block.h"

void scan_counts_add(struct scan_counts *counts, struct span name, int64_t value)
{
    size_t i = 0;
    while (i < counts->count && !span_equal(span_string(counts->counts[i].name), name))
        i++;
    if (i == SCAN_METRICS || name.size >= sizeof(counts->counts[i].name))
        return;
    if (i == counts->count) {
        memcpy(counts->counts[i].name, name.data, name.size);
        counts->counts[i].name[name.size] = '\0';
        counts->counts[i].value = 0;
        counts->count++;
    }
    counts->counts[i].value += value;
}

struct scan_page *scan_page_new(struct stele_scanner *scanner)
{
    struct scan_page *page = scanner->free_pages;
    if (page)
        scanner->free_pages = page->next;
    else if (!(page = memory_allocate_zeroed(1, sizeof(*page))))
        return NULL;
    page->next = NULL;
    page->count = 0;
    page->counts.count = 0;
    return page;
}

void scan_page_recycle(struct stele_scanner *scanner, struct scan_page *page)
{
    if (!page)
        return;
    block_unref(page->block);
    page->block = NULL;
    arena_reset(&page->arena);
    arena_deinit(&page->carried);
    page->next = scanner->free_pages;
    scanner->free_pages = page;
}

void scan_page_free(struct scan_page *page)
{
    if (!page)
        return;
    block_unref(page->block);
    arena_deinit(&page->arena);
    arena_deinit(&page->carried);
    memory_free(page);
}

/* ---- rows in parts ---- */

void scan_partial_deinit(struct scan_partial *partial)
{
    arena_deinit(&partial->arena);
    memory_free(partial->cells);
    *partial = (struct scan_partial){0};
}

void scan_partial_drop(struct stele_scanner *scanner)
{
    arena_deinit(&scanner->partial.arena);
    scanner->partial.count = 0;
}

static bool copy_span(struct arena *arena, struct span *span)
{
    if (span->size == 0)
        return true;
    *span = arena_copy(arena, *span);
    return span->data != NULL;
}

static bool partial_add(struct scan_partial *partial, const struct cell *cells, size_t count)
{
    if (partial->count + count > partial->capacity) {
        size_t capacity = (partial->count + count) * 2;
        struct cell *larger = memory_reallocate(partial->cells, capacity * sizeof(*larger));
        if (!larger)
            return false;
        partial->cells = larger;
        partial->capacity = capacity;
    }
    for (size_t i = 0; i < count; i++) {
        struct cell *cell = &partial->cells[partial->count + i];
        *cell = cells[i];
        if (!copy_span(&partial->arena, &cell->row) || !copy_span(&partial->arena, &cell->family) ||
            !copy_span(&partial->arena, &cell->qualifier) ||
            !copy_span(&partial->arena, &cell->value) || !copy_span(&partial->arena, &cell->tags))
            return false;
    }
    partial->count += count;
    return true;
}

/* ---- the mark ---- */

static bool mark_set(struct scan_mark *mark, const struct cell *cell)
{
    buffer_reset(&mark->bytes);
    buffer_put(&mark->bytes, cell->row);
    buffer_put(&mark->bytes, cell->family);
    buffer_put(&mark->bytes, cell->qualifier);
    if (buffer_status(&mark->bytes))
        return false;
    const uint8_t *at = mark->bytes.data;
    mark->cell = (struct cell){.timestamp = cell->timestamp, .type = cell->type};
    mark->cell.row = span_make(at, cell->row.size);
    mark->cell.family = span_make(at + cell->row.size, cell->family.size);
    mark->cell.qualifier = span_make(at + cell->row.size + cell->family.size, cell->qualifier.size);
    mark->is_set = true;
    return true;
}

/* How many of the cells were delivered before. */
static size_t count_delivered(struct stele_scanner *scanner, const struct cell *cells, size_t count)
{
    size_t delivered = 0;
    if (!scanner->skips_to_mark || count == 0)
        return 0;
    if (!span_equal(cells[0].row, scanner->mark.cell.row)) {
        scanner->skips_to_mark = false;
        return 0;
    }
    while (delivered < count &&
           cell_compare(ROW_ORDER_BYTES, &cells[delivered], &scanner->mark.cell) <= 0)
        delivered++;
    if (delivered < count)
        scanner->skips_to_mark = false;
    return delivered;
}

/* ---- rows ---- */

static void emit(
    struct scan_page *page, const struct cell *cells, size_t count, bool is_partial, bool is_stale)
{
    page->results[page->count++] = (struct stele_result){.cells = public_cells(cells),
        .cell_count = count,
        .exists = true,
        .is_partial = is_partial,
        .is_stale = is_stale};
}

/* The row ends: the next one begins after it. */
static void row_end(struct stele_scanner *scanner, struct span row)
{
    if (scanner->rows_left != UINT64_MAX && scanner->rows_left > 0)
        scanner->rows_left--;
    scanner->last_row = row;
    scanner->is_last_row_whole = true;
}

/* Emits the pending row, with `more` cells of this answer after it. */
static bool emit_partial(
    struct stele_scanner *scanner, struct scan_page *page, const struct cell *more, size_t count)
{
    struct scan_partial *partial = &scanner->partial;
    size_t total = partial->count + count;
    struct cell *cells = arena_allocate(&page->arena, total * sizeof(*cells));
    if (!cells)
        return false;
    row_end(scanner, partial->cells[0].row);
    memcpy(cells, partial->cells, partial->count * sizeof(*cells));
    if (count)
        memcpy(cells + partial->count, more, count * sizeof(*cells));
    page->carried = partial->arena; /* at most one row of an answer began before it */
    partial->arena = (struct arena){0};
    partial->count = 0;
    emit(page, cells, total, false, false);
    return true;
}

/* One result of an answer. */
static bool take_result(struct stele_scanner *scanner, struct scan_page *page,
    const struct cell *cells, size_t count, bool is_partial, bool is_stale)
{
    struct scan_partial *partial = &scanner->partial;
    if (count == 0)
        return true;
    if (scanner->keeps_parts) {
        size_t delivered = count_delivered(scanner, cells, count);
        if (delivered < count)
            emit(page, cells + delivered, count - delivered, is_partial, is_stale);
        if (!is_partial) {
            row_end(scanner, cells[0].row);
            return true;
        }
        /* In the middle of a row: were it to be read again, then from its beginning, up to here. */
        scanner->last_row = cells[0].row;
        scanner->is_last_row_whole = false;
        return mark_set(&scanner->mark, &cells[count - 1]);
    }
    if (partial->count && span_equal(partial->cells[0].row, cells[0].row)) {
        if (is_partial)
            return partial_add(partial, cells, count);
        return emit_partial(scanner, page, cells, count);
    }
    if (partial->count && !emit_partial(scanner, page, NULL, 0))
        return false;
    if (is_partial)
        return partial_add(partial, cells, count);
    emit(page, cells, count, false, is_stale);
    row_end(scanner, cells[0].row);
    return true;
}

/* The cells of result `index`: from the block, or inside the message. */
static enum status result_cells(const struct scan_response *response, size_t index,
    struct span *messages, struct span *cell_block, struct arena *arena, struct result *out_result,
    struct error *error)
{
    struct span message;
    if (response->inline_result_count) {
        if (!scan_response_take_result(messages, &message))
            return error_set(error, STATUS_INVALID, "a scan's answer is malformed");
        return result_decode(message, cell_block, arena, out_result, error);
    }
    size_t count = response->cells_per_result[index];
    struct cell *cells = count <= cell_block->size ? arena_allocate(arena, count * sizeof(*cells))
                                                   : NULL;
    if (!cells)
        return error_set(
            error, STATUS_INVALID, "a scan's answer tells of more cells than it holds");
    for (size_t i = 0; i < count; i++)
        if (cell_block_take(cell_block, &cells[i], error))
            return STATUS_INVALID;
    *out_result = (struct result){
        .cells = cells, .cell_count = count, .is_partial = response->partial_flags[index]};
    return STATUS_OK;
}

enum status scan_page_fill(struct stele_scanner *scanner, struct scan_page *page,
    const struct scan_response *response, struct span cell_block, struct block *block,
    bool is_row_ended, struct error *error)
{
    struct span messages = response->results;
    scanner->last_row = SPAN_EMPTY;
    page->results = arena_allocate(
        &page->arena, (response->result_count + 2) * sizeof(*page->results));
    if (!page->results)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a scan's rows");
    for (size_t i = 0; i < response->result_count; i++) {
        struct result result;
        enum status status = result_cells(
            response, i, &messages, &cell_block, &page->arena, &result, error);
        if (status)
            return status;
        bool is_partial = result.is_partial || response->partial_flags[i];
        if (!take_result(
                scanner, page, result.cells, result.cell_count, is_partial, response->is_stale))
            return error_set(error, STATUS_NO_MEMORY, "no memory for a scan's rows");
    }
    if (is_row_ended && scanner->partial.count && !emit_partial(scanner, page, NULL, 0))
        return error_set(error, STATUS_NO_MEMORY, "no memory for a scan's rows");
    page->block = block_ref(block);
    if (!scanner->last_row.data)
        return STATUS_OK;
    scanner->is_position_inclusive = !scanner->is_last_row_whole;
    buffer_reset(&scanner->position);
    buffer_put(&scanner->position, scanner->last_row);
    return buffer_status(&scanner->position)
               ? error_set(error, STATUS_NO_MEMORY, "no memory for a scan")
               : STATUS_OK;
}
