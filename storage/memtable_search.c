/* Searches in a memtable's skip list (memtable_list.h is the map). */
#include <assert.h>

#include "storage/memtable_list.h"

/* Eight bytes of the row behind the shared beginning, big-endian, zeros after its end; of a row that begins otherwise the least
 * or the greatest number. So of two rows that differ in it the one with the lesser number is before the other, and
 * nothing is said of rows that do not. Meta rows do not compare by bytes: there it is always 0. */
static uint64_t row_prefix(const struct memtable *memtable, struct span row)
{
    if (memtable->row_order != ROW_ORDER_BYTES)
        return 0;
    struct span shared = memtable->shared;
    if (shared.size > 0) {
        size_t both = row.size < shared.size ? row.size : shared.size;
        int order = both ? memcmp(row.data, shared.data, both) : 0;
        if (order || row.size < shared.size)
            return order > 0 ? UINT64_MAX : 0;
        row = span_make(row.data + shared.size, row.size - shared.size);
    }
    if (row.size >= 8)
        return load_be64(row.data);
    uint64_t prefix = 0;
    for (size_t i = 0; i < row.size; i++)
        prefix |= (uint64_t)row.data[i] << (56 - 8 * i);
    return prefix;
}

struct target memtable_target(const struct memtable *memtable, const struct cell *cell)
{
    struct target target = {.cell = cell, .prefix = row_prefix(memtable, cell->row)};
    bool is_last_on_row = cell->type == CELL_MINIMUM && cell->family.size == 0 &&
                          cell->qualifier.size == 0;
    target.family_order = is_last_on_row ? 1 : span_compare(cell->family, memtable->family);
    return target;
}

/* Rows whose first `at` bytes are equal, eight more at a time. */
static int compare_from(struct span a, struct span b, size_t at)
{
    size_t both = a.size < b.size ? a.size : b.size;
    for (; at + 8 <= both; at += 8) {
        uint64_t left = load_be64(a.data + at), right = load_be64(b.data + at);
        if (left != right)
            return left < right ? -1 : 1;
    }
    for (at = at < both ? at : both; at < both; at++)
        if (a.data[at] != b.data[at])
            return a.data[at] < b.data[at] ? -1 : 1;
    return a.size < b.size ? -1 : a.size > b.size;
}

static int compare_rows(
    const struct memtable *memtable, const struct memtable_node *node, const struct target *target)
{
    if (node->prefix != target->prefix)
        return node->prefix < target->prefix ? -1 : 1;
    struct span row = target->cell->row;
    if (memtable->row_order != ROW_ORDER_BYTES)
        return row_compare(memtable->row_order, node_row(node), row);
    bool is_known = memtable->shared.size == 0 && node->row_size >= 8 && row.size >= 8;
    return compare_from(node_row(node), row, is_known ? 8 : 0);
}

int memtable_compare(
    const struct memtable *memtable, const struct memtable_node *node, const struct target *target)
{
    int order = compare_rows(memtable, node, target);
    if (order)
        return order;
    if (target->family_order)
        return -target->family_order;
    const struct cell *cell = target->cell;
    order = span_compare(
        span_make(node_bytes(node) + node->row_size, node->qualifier_size), cell->qualifier);
    if (order)
        return order;
    if (node->timestamp != cell->timestamp)
        return node->timestamp > cell->timestamp ? -1 : 1;
    if (node->type != cell->type)
        return node->type > cell->type ? -1 : 1;
    if (node->sequence != cell->sequence)
        return node->sequence > cell->sequence ? -1 : 1;
    return 0;
}

/* A search under way: it goes right while the nodes of a level lie before the target, then down. */
struct descent {
    struct target target;
    unsigned level;
    struct memtable_node *before; /* lies before the target */
    struct memtable_node *node;   /* the next to look at, on this level */
    struct memtable_node
        *behind; /* known to be at or after the target; at the end the first such */
};

/* A node's links and the bytes of its row, as a rule: what a visit reads. */
static void prefetch(const struct memtable_node *node)
{
    uintptr_t place = (uintptr_t)node; /* NULL is fine: a prefetch of nothing is none */
    __builtin_prefetch((const void *)place);
    __builtin_prefetch((const void *)(place + 64));
}

static void descent_begin(struct descent *descent, const struct memtable *memtable)
{
    descent->level = MEMTABLE_HEIGHT_MAX - 1;
    descent->before = memtable->head;
    descent->node = node_next(memtable->head, MEMTABLE_HEIGHT_MAX - 1);
    descent->behind = NULL;
}

/* Looks at one node. Nearly all the time of a search is waiting for nodes to come from memory: what comes next, to the
 * right and below, is asked for before it is known which it will be. */
static bool descent_is_before(const struct memtable *memtable, struct descent *descent)
{
    struct memtable_node *node = descent->node;
    if (!node || node == descent->behind)
        return false;
    prefetch(node_next(node, descent->level));
    if (memtable_compare(memtable, node, &descent->target) >= 0)
        return false;
    descent->before = node;
    descent->node = node_next(node, descent->level);
    if (descent->level > 0)
        prefetch(node_next(node, descent->level - 1));
    return true;
}

/* To the level below, whose node before the target is known now. False: there is none. */
static bool descent_go_down(struct descent *descent)
{
    descent->behind = descent->node;
    if (descent->level == 0)
        return false;
    descent->level--;
    descent->node = node_next(descent->before, descent->level);
    return true;
}

/* The writer's. From the last added node, when that lies before the target: climbs while the next node of a level does
 * too, and goes down from there (a finger search: Pugh, "A Skip List Cookbook", 1990). False: there is nothing between. */
static bool descent_begin_at_last(struct descent *descent, const struct memtable *memtable)
{
    const struct memtable_node *last = memtable->splice[0];
    descent_begin(descent, memtable);
    if (last == memtable->head || memtable_compare(memtable, last, &descent->target) >= 0)
        return true;
    unsigned level = 0;
    while (level < MEMTABLE_HEIGHT_MAX) {
        struct memtable_node *next = node_next(memtable->splice[level], level);
        if (level + 1 < MEMTABLE_HEIGHT_MAX)
            prefetch(node_next(memtable->splice[level + 1], level + 1));
        if (!next || memtable_compare(memtable, next, &descent->target) >= 0) {
            descent->behind = next;
            break;
        }
        level++;
    }
    if (level == 0)
        return false;
    descent->level = level - 1;
    descent->before = memtable->splice[descent->level];
    descent->node = node_next(descent->before, descent->level);
    return true;
}

/* Goes all the way. Returns the first node at or after the target; out_before (or NULL) gets the node before it, each level
 * from where it stands down. */
static struct memtable_node *descend(const struct memtable *memtable, struct descent *descent,
    struct memtable_node *out_before[MEMTABLE_HEIGHT_MAX])
{
    do {
        while (descent_is_before(memtable, descent))
            ;
        if (out_before)
            out_before[descent->level] = descent->before;
    } while (descent_go_down(descent));
    return descent->behind;
}

struct memtable_node *memtable_search(const struct memtable *memtable, const struct target *target)
{
    struct descent descent = {.target = *target};
    descent_begin(&descent, memtable);
    return descend(memtable, &descent, NULL);
}

void memtable_warm(const struct memtable *memtable, const struct cell *cells[], size_t count)
{
    struct descent descents[MEMTABLE_WARM_CELLS];
    size_t begun = 0;
    assert(count <= MEMTABLE_WARM_CELLS);
    for (size_t i = 0; i < count; i++) {
        descents[begun].target = memtable_target(memtable, cells[i]);
        begun += descent_begin_at_last(&descents[begun], memtable);
    }
    count = begun;
    while (count > 0) {
        for (size_t i = 0; i < count;) {
            if (descent_is_before(memtable, &descents[i]) || descent_go_down(&descents[i]))
                i++;
            else
                descents[i] = descents[--count];
        }
    }
}

struct memtable_node *memtable_find_place(struct memtable *memtable, const struct target *target)
{
    struct descent descent = {.target = *target};
    if (descent_begin_at_last(&descent, memtable))
        return descend(memtable, &descent, memtable->splice);
    return node_next(memtable->splice[0], 0); /* right behind the last added: its splice is ours */
}

const struct memtable_node *memtable_last_before_row(
    const struct memtable *memtable, struct span row)
{
    struct cell cell = {.row = row};
    struct target target = {.cell = &cell, .prefix = row_prefix(memtable, row)};
    const struct memtable_node *before = memtable->head;
    for (unsigned level = MEMTABLE_HEIGHT_MAX; level-- > 0;) {
        const struct memtable_node *node = node_next(before, level);
        while (node && (row.size == 0 || compare_rows(memtable, node, &target) < 0)) {
            before = node;
            node = node_next(before, level);
        }
    }
    return before == memtable->head ? NULL : before;
}
