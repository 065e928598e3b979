/* Inside a memtable: its nodes, and searches among them. Private to memtable*.c.
 *
 *   memtable.c            life, adding, statistics
 *   memtable_search.c     the order of nodes; searches, alone and together
 *   memtable_iterator.c   reading in order
 */
#ifndef STELE_STORAGE_MEMTABLE_LIST_H
#define STELE_STORAGE_MEMTABLE_LIST_H

#include <stdatomic.h>

#include "storage/memtable.h"

enum { MEMTABLE_HEIGHT_MAX = 12 }; /* 4^12 cells before searches grow longer than they should */

/* In memory only. The bytes of row, qualifier, value and tags follow the links. */
struct memtable_node {
    uint64_t prefix; /* row_prefix() */
    int64_t timestamp;
    uint64_t sequence;
    uint32_t qualifier_size;
    uint32_t value_size;
    uint16_t row_size;
    uint16_t tags_size;
    uint8_t type;
    uint8_t height;
    _Atomic(struct memtable_node *) next[];
};

struct chunk; /* memtable.c */

struct memtable {
    _Atomic uint32_t references;
    enum row_order row_order;
    struct memtable_memory *memory;
    struct span family; /* bytes behind the struct, as of the next */
    struct span shared;
    /* Writer only. */
    struct chunk *chunks; /* newest first */
    uint8_t *free;        /* in the newest chunk */
    size_t free_bytes;
    size_t next_chunk_bytes;
    uint64_t random;
    /* by level: the last node at or before the last added */
    struct memtable_node *splice[MEMTABLE_HEIGHT_MAX];
    /* Read by others as statistics. */
    _Atomic uint64_t cell_count;
    _Atomic uint64_t used_bytes;
    _Atomic uint64_t reserved_bytes;
    _Atomic int64_t min_timestamp;
    _Atomic int64_t max_timestamp;
    struct memtable_node *head; /* height MEMTABLE_HEIGHT_MAX, no cell */
};

/* Where a search stands relative to this family, worked out once a search. */
struct target {
    const struct cell *cell;
    uint64_t prefix;
    int family_order; /* of the target against the memtable's family: <0 before, >0 behind all */
};

static inline struct memtable_node *node_next(const struct memtable_node *node, unsigned level)
{
    return atomic_load_explicit(&node->next[level], memory_order_acquire);
}

static inline const uint8_t *node_bytes(const struct memtable_node *node)
{
    return (const uint8_t *)&node->next[node->height];
}

static inline struct span node_row(const struct memtable_node *node)
{
    return span_make(node_bytes(node), node->row_size);
}

struct target memtable_target(const struct memtable *memtable, const struct cell *cell);
/* cell_compare of the node's cell against the target. */
int memtable_compare(
    const struct memtable *memtable, const struct memtable_node *node, const struct target *target);

/* The first node at or after the target; NULL: none. Any thread. */
struct memtable_node *memtable_search(const struct memtable *memtable, const struct target *target);
/* The same, and sets the splice to the places before it. Writer. */
struct memtable_node *memtable_find_place(struct memtable *memtable, const struct target *target);
/* The last node whose row is before `row` (empty: the last of all); NULL when there is none. Any thread. */
const struct memtable_node *memtable_last_before_row(
    const struct memtable *memtable, struct span row);

#endif
