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
    if (row.size >= MEMTABLE_PREFIX_BYTES)
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

/* Bytes eight at a time. */
static int compare_bytes(struct span a, struct span b)
{
    size_t both = a.size < b.size ? a.size : b.size, at = 0;
    for (; at + 8 <= both; at += 8) {
        uint64_t left = load_be64(a.data + at), right = load_be64(b.data + at);
        if (left != right)
            return left < right ? -1 : 1;
    }
    for (; at < both; at++)
        if (a.data[at] != b.data[at])
            return a.data[at] < b.data[at] ? -1 : 1;
    return a.size < b.size ? -1 : a.size > b.size;
}

static int compare_row(
    const struct memtable *memtable, const struct memtable_node *node, struct span row)
{
    return memtable->row_order == ROW_ORDER_BYTES
               ? compare_bytes(node_row(node), row)
               : row_compare(memtable->row_order, node_row(node), row);
}

/* cell_compare of the node's cell against the target. */
static int compare(
    const struct memtable *memtable, const struct memtable_node *node, const struct target *target)
{
    int order = compare_row(memtable, node, target->cell->row);
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

/* A node's links, as a rule: what a visit reads. */
static void prefetch(const struct memtable_node *node)
{
    uintptr_t place = (uintptr_t)node; /* NULL is fine: a prefetch of nothing is none */
    __builtin_prefetch((const void *)place);
    __builtin_prefetch((const void *)(place + 64));
}

/* Whether the next node of the level is before the target: *out_next is that node then, else one that is known not to be, or
 * NULL. So, when it is given, is `behind`. */
static bool is_next_before(const struct memtable *memtable, const struct memtable_node *node,
    unsigned level, const struct target *target, const struct memtable_node *behind,
    struct memtable_node **out_next)
{
    uint64_t prefix = node_next_prefix(node, level);
    struct memtable_node *next = *out_next = node_next(node, level);
    if (prefix > target->prefix) {
        *out_next = NULL; /* the node may be one before the target that was added meanwhile */
        return false;
    }
    if (prefix < target->prefix)
        return true;
    if (!next || next == behind)
        return false;
    prefetch(node_next(next, level)); /* it may have to be read too */
    return compare(memtable, next, target) < 0;
}

/* A search under way: it goes right while the nodes of a level lie before the target, then down. */
struct descent {
    struct target target;
    unsigned level;
    struct memtable_node *before; /* lies before the target */
    struct memtable_node *behind; /* known to be at or after it, or NULL */
};

static void descent_begin(struct descent *descent, const struct memtable *memtable)
{
    descent->level = MEMTABLE_HEIGHT_MAX - 1;
    descent->before = memtable->head;
    descent->behind = NULL;
}

/* One step to the right, or (false) there is none on this level. Nearly all the time of a search is waiting for nodes to
 * come from memory. */
static bool descent_go_right(const struct memtable *memtable, struct descent *descent)
{
    struct memtable_node *next;
    if (!is_next_before(
            memtable, descent->before, descent->level, &descent->target, descent->behind, &next)) {
        descent->behind = next;
        return false;
    }
    descent->before = next;
    prefetch(next);
    return true;
}

/* The writer's. From the last added node, when that lies before the target: climbs while the next node of a level does
 * too, and goes down from there (a finger search: Pugh, "A Skip List Cookbook", 1990). False: there is nothing between. */
static bool descent_begin_at_last(struct descent *descent, const struct memtable *memtable)
{
    const struct target *target = &descent->target;
    descent_begin(descent, memtable);
    if (!memtable_is_last_before(memtable, target))
        return true;
    unsigned level = 0;
    struct memtable_node *next = NULL;
    while (level < MEMTABLE_HEIGHT_MAX &&
           is_next_before(memtable, memtable->splice[level], level, target, NULL, &next))
        level++;
    if (level < MEMTABLE_HEIGHT_MAX)
        descent->behind = next;
    if (level == 0)
        return false;
    descent->level = level - 1;
    descent->before = memtable->splice[descent->level];
    return true;
}

/* Goes all the way; out_before (or NULL) gets the node before the target, each level from where the descent stands down. */
static void descend(const struct memtable *memtable, struct descent *descent,
    struct memtable_node *out_before[MEMTABLE_HEIGHT_MAX])
{
    for (;; descent->level--) {
        while (descent_go_right(memtable, descent))
            ;
        if (out_before)
            out_before[descent->level] = descent->before;
        if (descent->level == 0)
            return;
    }
}

struct memtable_node *memtable_search(const struct memtable *memtable, const struct target *target)
{
    struct descent descent = {.target = *target};
    descent_begin(&descent, memtable);
    descend(memtable, &descent, NULL);
    struct memtable_node *node = node_next(descent.before, 0);
    while (node && compare(memtable, node, target) < 0) /* added meanwhile */
        node = node_next(node, 0);
    return node;
}

void memtable_find_places(
    const struct memtable *memtable, struct memtable_place places[], size_t count)
{
    struct descent descents[MEMTABLE_TOGETHER];
    struct memtable_node **before[MEMTABLE_TOGETHER];
    size_t begun = 0;
    assert(count <= MEMTABLE_TOGETHER);
    for (size_t i = 0; i < count; i++) {
        struct descent *descent = &descents[begun];
        descent->target = places[i].target;
        before[begun] = places[i].before;
        bool has_begun = descent_begin_at_last(descent, memtable);
        places[i].levels = has_begun ? descent->level + 1 : 0;
        begun += has_begun;
    }
    count = begun;
    while (count > 0) {
        for (size_t i = 0; i < count;) {
            struct descent *descent = &descents[i];
            if (descent_go_right(memtable, descent)) {
                i++;
                continue;
            }
            before[i][descent->level] = descent->before;
            if (descent->level-- > 0) {
                i++;
            } else {
                descents[i] = descents[--count];
                before[i] = before[count];
            }
        }
    }
}

void memtable_warm(const struct memtable *memtable, const struct cell *const cells[], size_t count)
{
    struct memtable_place places[MEMTABLE_TOGETHER];
    for (size_t i = 0; i < count; i++)
        places[i].target = memtable_target(memtable, cells[i]);
    memtable_find_places(memtable, places, count);
}

/* The node behind the splice, when it equals the target. */
static const struct memtable_node *equal_behind(
    const struct memtable *memtable, const struct target *target)
{
    const struct memtable_node *node = memtable->splice[0];
    const struct memtable_node *behind = node_next(node, 0);
    bool is_equal = behind && node_next_prefix(node, 0) == target->prefix &&
                    compare(memtable, behind, target) == 0;
    return is_equal ? behind : NULL;
}

bool memtable_is_last_before(const struct memtable *memtable, const struct target *target)
{
    const struct memtable_node *last = memtable->splice[0];
    if (last == memtable->head)
        return false;
    return memtable->last_prefix != target->prefix ? memtable->last_prefix < target->prefix
                                                   : compare(memtable, last, target) < 0;
}

const struct memtable_node *memtable_go_to_place(
    struct memtable *memtable, const struct memtable_place *place)
{
    for (unsigned level = 0; level < place->levels; level++) {
        struct memtable_node *before = place->before[level], *next;
        while (is_next_before(memtable, before, level, &place->target, NULL, &next))
            before = next; /* added since */
        memtable->splice[level] = before;
    }
    return equal_behind(memtable, &place->target);
}

const struct memtable_node *memtable_find_place(
    struct memtable *memtable, const struct target *target)
{
    struct descent descent = {.target = *target};
    if (descent_begin_at_last(&descent, memtable))
        descend(memtable, &descent, memtable->splice);
    return equal_behind(memtable, target);
}

/* As is_next_before, for all cells of a row. */
static bool is_next_row_before(const struct memtable *memtable, const struct memtable_node *node,
    unsigned level, struct span row, uint64_t row_prefix, const struct memtable_node **out_next)
{
    uint64_t prefix = node_next_prefix(node, level);
    *out_next = node_next(node, level);
    if (prefix != row_prefix)
        return prefix < row_prefix;
    return *out_next && compare_row(memtable, *out_next, row) < 0;
}

const struct memtable_node *memtable_last_before_row(
    const struct memtable *memtable, struct span row)
{
    uint64_t prefix = row_prefix(memtable, row);
    const struct memtable_node *before = memtable->head, *next;
    for (unsigned level = MEMTABLE_HEIGHT_MAX; level-- > 0;) {
        while (row.size > 0 ? is_next_row_before(memtable, before, level, row, prefix, &next)
                            : (next = node_next(before, level)) != NULL)
            before = next;
    }
    return before == memtable->head ? NULL : before;
}
