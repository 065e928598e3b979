/* Memtables: the newest cells of one column family of one tablet, sorted, in memory.
 *
 * A skip list (Pugh) whose nodes hold their cell's bytes, in an arena that only grows; freed at
 * once when the last reference goes. A link to a node has eight bytes of its row, so
 * that most of a search passes a node, or turns in front of it, without touching it: the eight behind the beginning that
 * the rows are expected to share (keys of one table often share a long one). The writer remembers where its
 * last cell went, and searches from there: cells that come in order (imports, replays, large batches) cost what lies between them.
 *
 * Order is cell_compare's. Two cells alike in all of it can only come from one operation (each has
 * its own sequence number): the later one takes the place of the earlier.
 *
 * Threads: one writer at a time (the log thread, or a worker that replays); any number of readers
 * beside it, without locks: links are published with release stores, bytes never change after.
 * A reader sees at least what was added before it learnt of its read point, and skips cells above
 * that. The reference count is atomic. */
#ifndef STELE_STORAGE_MEMTABLE_H
#define STELE_STORAGE_MEMTABLE_H

#include "model/read.h"
#include "storage/cell_iterator.h"
#include "storage/memtable_memory.h"

struct memtable;

/* One reference. `family` and `shared` are copied. `shared`: what most rows are expected to begin with; only speed
 * rests on it. NULL on no memory. `memory` must outlive it. */
struct memtable *memtable_new(struct memtable_memory *memory, struct span family,
    enum row_order row_order, struct span shared);
struct memtable *memtable_ref(struct memtable *memtable);
void memtable_unref(struct memtable *memtable); /* NULL is fine */

/* Writer. Copies the cell with the given sequence; cell->family must be the memtable's.
 * STATUS_NO_MEMORY: nothing was added. */
enum status memtable_add(struct memtable *memtable, const struct cell *cell, uint64_t sequence);

/* Several at once, at most so many. A search alone waits for one node after the other to come from memory; those of several cells
 * wait together (after Chen et al., "Improving Hash Join Performance through Prefetching", 2004, for lists as Kocberber et
 * al., "Asynchronous Memory Access Chaining", 2015). */
#define MEMTABLE_TOGETHER 16

/* Writer. Adds them one after the other; fastest when they are in order. STATUS_NO_MEMORY: the first few were added. */
enum status memtable_add_all(struct memtable *memtable, const struct cell *const cells[],
    const uint64_t sequences[], size_t count);
/* Writer. Searches the places of cells that are about to be added one by one, so that the adds find them in the processor's
 * caches. Changes nothing. */
void memtable_warm(const struct memtable *memtable, const struct cell *const cells[], size_t count);

/* Any. Cells added, replaced ones too. */
uint64_t memtable_cell_count(const struct memtable *memtable);
uint64_t memtable_used_bytes(const struct memtable *memtable);     /* what the cells take */
uint64_t memtable_reserved_bytes(const struct memtable *memtable); /* what the chunks take */
/* What all its rows begin with, for the next memtable; nothing when there are few. Borrowed. */
struct span memtable_shared_row(const struct memtable *memtable);
/* How much of what rows share a memtable is best told, when they are as long as `row`: no more than leaves eight bytes to tell
 * them apart. Numbers that rise go on sharing that much for longer than those there are so far. */
size_t memtable_shared_size(size_t size, struct span row);
/* Writer. Whether it has just become clear that its rows begin otherwise than memtable_new was told, and how: with *out_shared (borrowed),
 * no more than `expected` (unless data is NULL), what the rows to come begin with. Looks at 64, 512 and 4096 cells. */
bool memtable_should_share(
    struct memtable *memtable, struct span expected, struct span *out_shared);
/* The same cells in a memtable of its own, told `shared`. One reference. NULL on no memory. */
struct memtable *memtable_remake(const struct memtable *memtable, struct span shared);
/* Whether any cell's timestamp can lie in the range. Markers count as cells. */
bool memtable_overlaps_time(const struct memtable *memtable, struct time_range range);
/* Nothing was added so far. */
bool memtable_is_empty(const struct memtable *memtable);

/* Rows of some cells, evenly spread, in order, one often more than once: at most `room` of them.
 * Borrowed from the memtable. */
size_t memtable_sample_rows(const struct memtable *memtable, struct span *out_rows, size_t room);

struct memtable_node;

/* An iterator over the cells at or below read_point, in the caller's memory. It never blocks. The
 * caller keeps the memtable referenced; close does nothing. */
struct memtable_iterator {
    struct cell_iterator base; /* first */
    const struct memtable *memtable;
    const struct memtable_node *node; /* where it stands; NULL = nowhere */
    uint64_t read_point;
    uint64_t *bytes; /* NULL, or grows by the bytes of each cell it comes to; set after init */
};

void memtable_iterator_init(
    struct memtable_iterator *iterator, const struct memtable *memtable, uint64_t read_point);

#endif
