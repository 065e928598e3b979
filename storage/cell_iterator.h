/* Cell iterators: the one interface that memtables, SSTables and merges of them are read through.
 *
 * An iterator stands on a cell or on nothing. The current cell lies in the iterator itself, so that
 * looking at it costs no call: `iterator->cell`, meaningful while `iterator->is_valid`. Its spans
 * are the source's memory (a pinned block, a memtable's arena, the iterator's key buffer) and die
 * at the next call on this iterator.
 *
 * Implementations embed `struct cell_iterator` first. A move costs one indirect call and no
 * allocation.
 *
 * Answers of every move:
 *   STATUS_OK           it stands on a cell
 *   STATUS_END          past the last cell, or before the first row; is_valid is false
 *   STATUS_WOULD_BLOCK  only while may_block is false: the answer is on disk
 *   else                a failure with *error set; it stands nowhere and may only seek or be closed
 *
 * After a `next` that would block the iterator still stands where it stood, spans intact; after a
 * seek, nowhere. Either way the same call made again (with may_block true, on a worker) goes on from
 * there; a seek's probe must then not be the iterator's own cell, which the first try let go.
 *
 * Threads: one at a time. */
#ifndef STELE_STORAGE_CELL_ITERATOR_H
#define STELE_STORAGE_CELL_ITERATOR_H

#include <stdbool.h>

#include "base/status.h"
#include "model/cell.h"

struct cell_iterator;

struct cell_iterator_table {
    /* To the first cell at or after `probe` in the order of cell_compare. Probes use CELL_MAXIMUM
     * with TIMESTAMP_LATEST and sequence UINT64_MAX for "first of", CELL_MINIMUM for "last on row".
     * The probe is borrowed for the call, and may be the iterator's own current cell or parts of
     * it. */
    enum status (*seek)(
        struct cell_iterator *iterator, const struct cell *probe, struct error *error);
    enum status (*seek_first)(struct cell_iterator *iterator, struct error *error);
    /* Only while is_valid. */
    enum status (*next)(struct cell_iterator *iterator, struct error *error);
    /* To the FIRST cell of the greatest row before `row` (row itself need not exist): one step of a
     * reversed scan. An empty row means "from the end": to the first cell of the last row. */
    enum status (*seek_before_row)(
        struct cell_iterator *iterator, struct span row, struct error *error);
    void (*set_may_block)(struct cell_iterator *iterator, bool may_block);
    void (*close)(struct cell_iterator *iterator); /* releases pins and frees the iterator */
};

struct cell_iterator {
    const struct cell_iterator_table *table;
    bool is_valid;
    bool may_block;   /* starts true; changed through set_may_block only */
    struct cell cell; /* valid while is_valid */
};

static inline enum status cell_iterator_seek(
    struct cell_iterator *iterator, const struct cell *probe, struct error *error)
{
    return iterator->table->seek(iterator, probe, error);
}

static inline enum status cell_iterator_seek_first(
    struct cell_iterator *iterator, struct error *error)
{
    return iterator->table->seek_first(iterator, error);
}

static inline enum status cell_iterator_next(struct cell_iterator *iterator, struct error *error)
{
    return iterator->table->next(iterator, error);
}

static inline enum status cell_iterator_seek_before_row(
    struct cell_iterator *iterator, struct span row, struct error *error)
{
    return iterator->table->seek_before_row(iterator, row, error);
}

static inline void cell_iterator_set_may_block(struct cell_iterator *iterator, bool may_block)
{
    iterator->table->set_may_block(iterator, may_block);
}

/* NULL is fine. */
static inline void cell_iterator_close(struct cell_iterator *iterator)
{
    if (iterator)
        iterator->table->close(iterator);
}

/* The probe that every cell of `row` is at or after. */
static inline struct cell cell_probe_row(struct span row)
{
    return (struct cell){
        .row = row, .timestamp = TIMESTAMP_LATEST, .sequence = UINT64_MAX, .type = CELL_MAXIMUM};
}

/* The probe that every cell of the column is at or after. */
static inline struct cell cell_probe_column(
    struct span row, struct span family, struct span qualifier)
{
    return (struct cell){.row = row,
        .family = family,
        .qualifier = qualifier,
        .timestamp = TIMESTAMP_LATEST,
        .sequence = UINT64_MAX,
        .type = CELL_MAXIMUM};
}

/* The probe that sorts after every cell of `row` and before every cell of the next. */
static inline struct cell cell_probe_after_row(struct span row)
{
    return (struct cell){.row = row, .timestamp = INT64_MIN, .sequence = 0, .type = CELL_MINIMUM};
}

#endif
