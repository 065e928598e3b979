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

enum {
    MEMTABLE_HEIGHT_MAX = 12,  /* 4^12 cells before searches grow longer than they should */
    MEMTABLE_PREFIX_BYTES = 8, /* of a row, in a link */
};

struct memtable_node;

/* From a node to the next of a level, with the first thing that a search wants to know of that one: most searches pass a
 * node, or turn in front of it, without waiting for it to come from memory.
 *
 * The node is written before the prefix and read after it, and gives way only to nodes before it or equal to it. So a reader who finds the
 * prefix before his target gets a node that is. One who finds it behind may turn in front of a node that was added
 * meanwhile; his read point hides it. */
struct memtable_link {
    _Atomic(struct memtable_node *) node; /* NULL: the end */
    _Atomic uint64_t prefix;              /* row_prefix() of its row; UINT64_MAX at the end */
};

/* In memory only. The bytes of row, qualifier, value and tags follow the links. */
struct memtable_node {
    int64_t timestamp;
    uint64_t sequence;
    uint32_t qualifier_size;
    uint32_t value_size;
    uint16_t row_size;
    uint16_t tags_size;
    uint8_t type;
    uint8_t height;
    struct memtable_link next[];
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
    uint64_t last_prefix; /* of the last added */
    uint64_t next_look;   /* memtable_should_share: at so many cells */
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
    return atomic_load_explicit(&node->next[level].node, memory_order_acquire);
}

/* To be read before node_next. */
static inline uint64_t node_next_prefix(const struct memtable_node *node, unsigned level)
{
    return atomic_load_explicit(&node->next[level].prefix, memory_order_acquire);
}

static inline void node_link(
    struct memtable_node *node, unsigned level, struct memtable_node *next, uint64_t prefix)
{
    atomic_store_explicit(&node->next[level].node, next, memory_order_release);
    atomic_store_explicit(&node->next[level].prefix, prefix, memory_order_release);
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
/* The first node at or after the target; NULL: none. Any thread, but what is added meanwhile may be left out. */
struct memtable_node *memtable_search(const struct memtable *memtable, const struct target *target);
/* Where a cell belongs, found beforehand and for several at once. */
struct memtable_place {
    struct target target;
    unsigned
        levels; /* so many were searched, from the lowest; above, its place is the splice of then */
    struct memtable_node *before[MEMTABLE_HEIGHT_MAX];
};

/* Their targets are set; fills in the rest. At most MEMTABLE_TOGETHER. Writer. */
void memtable_find_places(
    const struct memtable *memtable, struct memtable_place places[], size_t count);
/* As memtable_find_place, from where an earlier search ended. No node may have been replaced since. When that did not search all levels, only cells behind the
 * last added then, and before the target, may have been added since. */
const struct memtable_node *memtable_go_to_place(
    struct memtable *memtable, const struct memtable_place *place);
/* Whether there is a last added node, and it lies before the target. Writer. */
bool memtable_is_last_before(const struct memtable *memtable, const struct target *target);
/* Sets the splice to the places before the target. Returns the node that equals it, or NULL. Writer. */
const struct memtable_node *memtable_find_place(
    struct memtable *memtable, const struct target *target);
/* The last node whose row is before `row` (empty: the last of all); NULL when there is none. Any thread. */
const struct memtable_node *memtable_last_before_row(
    const struct memtable *memtable, struct span row);

#endif
