#include "storage/merge_iterator.h"

#include <assert.h>

#include "base/memory.h"

struct merge_iterator {
    struct cell_iterator base; /* first; its cell is a copy of the front's */
    enum row_order row_order;
    bool is_parted;      /* after seek_before_row: sources without that row are not in the heap */
    struct buffer probe; /* bytes of a seek's probe, which may lie in a source that moves */
    size_t count;
    size_t heap_size;
    struct cell_iterator **heap;     /* sources that take part, least cell first */
    struct cell_iterator *sources[]; /* all; the heap's array lies behind them */
};

static bool is_before(const struct merge_iterator *merge, const struct cell_iterator *a,
    const struct cell_iterator *b)
{
    return cell_compare(merge->row_order, &a->cell, &b->cell) < 0;
}

static void sift_down(struct merge_iterator *merge, size_t at)
{
    struct cell_iterator *moving = merge->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= merge->heap_size)
            break;
        if (child + 1 < merge->heap_size &&
            is_before(merge, merge->heap[child + 1], merge->heap[child]))
            child++;
        if (!is_before(merge, merge->heap[child], moving))
            break;
        merge->heap[at] = merge->heap[child];
        at = child;
    }
    merge->heap[at] = moving;
}

/* The answer for where the heap's front stands. */
static enum status stand(struct merge_iterator *merge)
{
    merge->base.is_valid = merge->heap_size > 0;
    if (!merge->base.is_valid)
        return STATUS_END;
    merge->base.cell = merge->heap[0]->cell;
    return STATUS_OK;
}

/* Makes the heap of all sources that stand on a cell. */
static enum status rebuild(struct merge_iterator *merge)
{
    merge->heap_size = 0;
    for (size_t i = 0; i < merge->count; i++) {
        if (merge->sources[i]->is_valid)
            merge->heap[merge->heap_size++] = merge->sources[i];
    }
    for (size_t i = merge->heap_size / 2; i-- > 0;)
        sift_down(merge, i);
    return stand(merge);
}

/* After a move of the front source. */
static enum status settle_front(struct merge_iterator *merge)
{
    if (!merge->heap[0]->is_valid)
        merge->heap[0] = merge->heap[--merge->heap_size];
    if (merge->heap_size > 1)
        sift_down(merge, 0);
    return stand(merge);
}

static bool is_failure(enum status status)
{
    return status != STATUS_OK && status != STATUS_END;
}

/* Copies the probe's bytes and points it there. */
static enum status keep_probe(struct merge_iterator *merge, struct cell *probe, struct error *error)
{
    size_t row = probe->row.size;
    size_t family = probe->family.size;
    size_t qualifier = probe->qualifier.size;
    buffer_reset(&merge->probe);
    uint8_t *bytes = buffer_reserve(&merge->probe, row + family + qualifier + 1);
    if (!bytes)
        return error_set(error, STATUS_NO_MEMORY, "no memory to seek");
    buffer_put(&merge->probe, probe->row);
    buffer_put(&merge->probe, probe->family);
    buffer_put(&merge->probe, probe->qualifier);
    probe->row = span_make(bytes, row);
    probe->family = span_make(bytes + row, family);
    probe->qualifier = span_make(bytes + row + family, qualifier);
    return STATUS_OK;
}

/* Moves the sources that stand before the probe; the others are right already. */
static enum status seek_forward(
    struct merge_iterator *merge, const struct cell *probe, struct error *error)
{
    while (
        merge->heap_size > 0 && cell_compare(merge->row_order, &merge->heap[0]->cell, probe) < 0) {
        enum status status = cell_iterator_seek(merge->heap[0], probe, error);
        if (is_failure(status)) {
            merge->base.is_valid = false;
            return status;
        }
        settle_front(merge);
    }
    return stand(merge);
}

static enum status merge_seek(
    struct cell_iterator *base, const struct cell *borrowed_probe, struct error *error)
{
    struct merge_iterator *merge = (struct merge_iterator *)base;
    struct cell probe = *borrowed_probe;
    enum status status = keep_probe(merge, &probe, error);
    if (status) {
        base->is_valid = false;
        return status;
    }
    if (base->is_valid && !merge->is_parted &&
        cell_compare(merge->row_order, &base->cell, &probe) <= 0)
        return seek_forward(merge, &probe, error);
    base->is_valid = false;
    merge->is_parted = false;
    for (size_t i = 0; i < merge->count; i++) {
        status = cell_iterator_seek(merge->sources[i], &probe, error);
        if (is_failure(status))
            return status;
    }
    return rebuild(merge);
}

static enum status merge_seek_first(struct cell_iterator *base, struct error *error)
{
    struct merge_iterator *merge = (struct merge_iterator *)base;
    base->is_valid = false;
    merge->is_parted = false;
    for (size_t i = 0; i < merge->count; i++) {
        enum status status = cell_iterator_seek_first(merge->sources[i], error);
        if (is_failure(status))
            return status;
    }
    return rebuild(merge);
}

static enum status merge_next(struct cell_iterator *base, struct error *error)
{
    struct merge_iterator *merge = (struct merge_iterator *)base;
    assert(base->is_valid);
    enum status status = cell_iterator_next(merge->heap[0], error);
    if (is_failure(status)) {
        base->is_valid = status == STATUS_WOULD_BLOCK;
        return status;
    }
    return settle_front(merge);
}

/* Leaves in the heap only the sources that have the greatest of the rows found. */
static enum status keep_greatest_row(struct merge_iterator *merge)
{
    struct cell_iterator *greatest = NULL;
    for (size_t i = 0; i < merge->count; i++) {
        struct cell_iterator *source = merge->sources[i];
        if (source->is_valid &&
            (!greatest || row_compare(merge->row_order, source->cell.row, greatest->cell.row) > 0))
            greatest = source;
    }
    merge->heap_size = 0;
    for (size_t i = 0; greatest && i < merge->count; i++) {
        struct cell_iterator *source = merge->sources[i];
        if (source->is_valid &&
            row_compare(merge->row_order, source->cell.row, greatest->cell.row) == 0)
            merge->heap[merge->heap_size++] = source;
    }
    for (size_t i = merge->heap_size / 2; i-- > 0;)
        sift_down(merge, i);
    return stand(merge);
}

static enum status merge_seek_before_row(
    struct cell_iterator *base, struct span row, struct error *error)
{
    struct merge_iterator *merge = (struct merge_iterator *)base;
    struct cell probe = {.row = row};
    enum status status = keep_probe(merge, &probe, error);
    if (status) {
        base->is_valid = false;
        return status;
    }
    bool was_parted = merge->is_parted && base->is_valid;
    base->is_valid = false;
    merge->is_parted = true;
    for (size_t i = 0; i < merge->count; i++) {
        struct cell_iterator *source = merge->sources[i];
        /* Left behind by the last step, it already stands at its greatest row before this one. */
        if (was_parted && source->is_valid && row.size > 0 &&
            row_compare(merge->row_order, source->cell.row, probe.row) < 0)
            continue;
        status = cell_iterator_seek_before_row(source, probe.row, error);
        if (is_failure(status))
            return status;
    }
    return keep_greatest_row(merge);
}

static void merge_set_may_block(struct cell_iterator *base, bool may_block)
{
    struct merge_iterator *merge = (struct merge_iterator *)base;
    base->may_block = may_block;
    for (size_t i = 0; i < merge->count; i++)
        cell_iterator_set_may_block(merge->sources[i], may_block);
}

static void merge_close(struct cell_iterator *base)
{
    struct merge_iterator *merge = (struct merge_iterator *)base;
    for (size_t i = 0; i < merge->count; i++)
        cell_iterator_close(merge->sources[i]);
    buffer_deinit(&merge->probe);
    memory_free(merge);
}

static const struct cell_iterator_table merge_table = {
    .seek = merge_seek,
    .seek_first = merge_seek_first,
    .next = merge_next,
    .seek_before_row = merge_seek_before_row,
    .set_may_block = merge_set_may_block,
    .close = merge_close,
};

enum status merge_iterator_new(enum row_order row_order, struct cell_iterator **sources,
    size_t count, struct cell_iterator **out_iterator, struct error *error)
{
    if (count == 1) {
        *out_iterator = sources[0];
        return STATUS_OK;
    }
    struct merge_iterator *merge = memory_allocate_zeroed(
        1, sizeof(*merge) + 2 * count * sizeof(struct cell_iterator *));
    if (!merge) {
        for (size_t i = 0; i < count; i++)
            cell_iterator_close(sources[i]);
        return error_set(error, STATUS_NO_MEMORY, "no memory to merge %zu runs", count);
    }
    merge->base.table = &merge_table;
    merge->base.may_block = true;
    merge->row_order = row_order;
    merge->count = count;
    merge->heap = merge->sources + count;
    for (size_t i = 0; i < count; i++)
        merge->sources[i] = sources[i];
    *out_iterator = &merge->base;
    return STATUS_OK;
}
