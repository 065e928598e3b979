/* Reading a memtable in order (memtable.h). */
#include <assert.h>

#include "storage/memtable_list.h"

/* Stands on the first visible node from `node` on. */
static enum status stand(struct memtable_iterator *iterator, const struct memtable_node *node)
{
    while (node && node->sequence > iterator->read_point)
        node = node_next(node, 0);
    iterator->node = node;
    iterator->base.is_valid = node != NULL;
    if (!node)
        return STATUS_END;
    struct cell *cell = &iterator->base.cell;
    const uint8_t *bytes = node_bytes(node);
    cell->row = span_make(bytes, node->row_size);
    bytes += node->row_size;
    cell->qualifier = span_make(bytes, node->qualifier_size);
    bytes += node->qualifier_size;
    cell->value = span_make(bytes, node->value_size);
    if (iterator->bytes)
        *iterator->bytes += (uint64_t)node->row_size + node->qualifier_size + node->value_size;
    cell->tags = span_make(bytes + node->value_size, node->tags_size);
    cell->timestamp = node->timestamp;
    cell->sequence = node->sequence;
    cell->type = node->type;
    return STATUS_OK;
}

static enum status iterator_seek(
    struct cell_iterator *base, const struct cell *probe, struct error *error)
{
    (void)error;
    struct memtable_iterator *iterator = (struct memtable_iterator *)base;
    struct target target = memtable_target(iterator->memtable, probe);
    return stand(iterator, memtable_search(iterator->memtable, &target));
}

static enum status iterator_seek_first(struct cell_iterator *base, struct error *error)
{
    (void)error;
    struct memtable_iterator *iterator = (struct memtable_iterator *)base;
    return stand(iterator, node_next(iterator->memtable->head, 0));
}

static enum status iterator_next(struct cell_iterator *base, struct error *error)
{
    (void)error;
    struct memtable_iterator *iterator = (struct memtable_iterator *)base;
    assert(base->is_valid);
    const struct memtable_node *node = node_next(iterator->node, 0);
    if (node)
        __builtin_prefetch(node_next(node, 0));
    return stand(iterator, node);
}

static enum status iterator_seek_before_row(
    struct cell_iterator *base, struct span row, struct error *error)
{
    struct memtable_iterator *iterator = (struct memtable_iterator *)base;
    const struct memtable *memtable = iterator->memtable;
    for (;;) {
        const struct memtable_node *last = memtable_last_before_row(memtable, row);
        if (!last)
            return stand(iterator, NULL);
        row = node_row(last);
        struct cell probe = cell_probe_row(row);
        /* A row whose cells are all above the read point is not there: go on before it. */
        if (iterator_seek(base, &probe, error) == STATUS_OK &&
            row_compare(memtable->row_order, base->cell.row, row) == 0)
            return STATUS_OK;
    }
}

static void iterator_set_may_block(struct cell_iterator *base, bool may_block)
{
    base->may_block = may_block;
}

static void iterator_close(struct cell_iterator *base)
{
    (void)base;
}

static const struct cell_iterator_table iterator_table = {
    .seek = iterator_seek,
    .seek_first = iterator_seek_first,
    .next = iterator_next,
    .seek_before_row = iterator_seek_before_row,
    .set_may_block = iterator_set_may_block,
    .close = iterator_close,
};

void memtable_iterator_init(
    struct memtable_iterator *iterator, const struct memtable *memtable, uint64_t read_point)
{
    iterator->base.table = &iterator_table;
    iterator->base.is_valid = false;
    iterator->base.may_block = true;
    iterator->base.cell.family = memtable->family;
    iterator->memtable = memtable;
    iterator->node = NULL;
    iterator->read_point = read_point;
    iterator->bytes = NULL;
}
