#include "storage/memtable.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/memory.h"

enum {
    HEIGHT_MAX = 12,          /* 4^12 cells before searches grow longer than they should */
    FIRST_CHUNK_BYTES = 8192, /* doubles up to a whole chunk */
    LARGE_FRACTION = 4,       /* a node over a quarter of a whole chunk gets one of its own */
};

/* In memory only. The bytes of row, qualifier, value and tags follow the links. */
struct memtable_node {
    uint64_t prefix; /* first eight bytes of the row, big-endian, zeros after its end */
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

struct chunk {
    struct chunk *older;
    size_t size; /* as taken, with this header */
};

struct memtable {
    _Atomic uint32_t references;
    enum row_order row_order;
    struct memtable_memory *memory;
    struct span family; /* bytes behind the struct */
    /* Writer only. */
    struct chunk *chunks; /* newest first */
    uint8_t *free;        /* in the newest chunk */
    size_t free_bytes;
    size_t next_chunk_bytes;
    uint64_t random;
    /* by level: the last node at or before the last added */
    struct memtable_node *splice[HEIGHT_MAX];
    /* Read by others as statistics. */
    _Atomic uint64_t cell_count;
    _Atomic uint64_t used_bytes;
    _Atomic uint64_t reserved_bytes;
    _Atomic int64_t min_timestamp;
    _Atomic int64_t max_timestamp;
    struct memtable_node *head; /* height HEIGHT_MAX, no cell */
};

/* Where a search stands relative to this family, worked out once a search. */
struct target {
    const struct cell *cell;
    uint64_t prefix;
    int family_order; /* of the target against the memtable's family: <0 before, >0 behind all */
};

static struct memtable_node *node_next(const struct memtable_node *node, unsigned level)
{
    return atomic_load_explicit(&node->next[level], memory_order_acquire);
}

static const uint8_t *node_bytes(const struct memtable_node *node)
{
    return (const uint8_t *)&node->next[node->height];
}

static struct span node_row(const struct memtable_node *node)
{
    return span_make(node_bytes(node), node->row_size);
}

/* Meta rows do not compare by bytes: there every prefix is 0 and decides nothing. */
static uint64_t row_prefix(enum row_order row_order, struct span row)
{
    if (row_order != ROW_ORDER_BYTES)
        return 0;
    if (row.size >= 8)
        return load_be64(row.data);
    uint64_t prefix = 0;
    for (size_t i = 0; i < row.size; i++)
        prefix |= (uint64_t)row.data[i] << (56 - 8 * i);
    return prefix;
}

static struct target target_make(const struct memtable *memtable, const struct cell *cell)
{
    struct target target = {.cell = cell, .prefix = row_prefix(memtable->row_order, cell->row)};
    bool is_last_on_row = cell->type == CELL_MINIMUM && cell->family.size == 0 &&
                          cell->qualifier.size == 0;
    target.family_order = is_last_on_row ? 1 : span_compare(cell->family, memtable->family);
    return target;
}

static int compare_rows(
    const struct memtable *memtable, const struct memtable_node *node, const struct target *target)
{
    if (node->prefix != target->prefix)
        return node->prefix < target->prefix ? -1 : 1;
    return row_compare(memtable->row_order, node_row(node), target->cell->row);
}

/* cell_compare of the node's cell against the target. */
static int compare(
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

/* The first node at or after the target. out_before (or NULL) gets the node before it, each level. */
static struct memtable_node *search(const struct memtable *memtable, const struct target *target,
    struct memtable_node *out_before[HEIGHT_MAX])
{
    struct memtable_node *before = memtable->head;
    struct memtable_node *behind = NULL; /* known to be at or after the target */
    for (unsigned level = HEIGHT_MAX; level-- > 0;) {
        struct memtable_node *node = node_next(before, level);
        while (node && node != behind) {
            struct memtable_node *after = node_next(node, level);
            __builtin_prefetch(after);
            if (compare(memtable, node, target) >= 0)
                break;
            before = node;
            node = after;
        }
        behind = node;
        if (out_before)
            out_before[level] = before;
    }
    return behind;
}

/* ---- Life ---- */

/* A chunk of `size` bytes in all: the newest, or (is_alone) behind it. Returns where its space begins. */
static uint8_t *chunk_add(struct memtable *memtable, size_t size, bool is_alone)
{
    size_t real_size;
    uint8_t *memory = memtable_memory_take(memtable->memory, size, &real_size);
    if (!memory)
        return NULL;
    struct chunk *chunk = (struct chunk *)(void *)memory;
    chunk->size = real_size;
    struct chunk **place = is_alone ? &memtable->chunks->older : &memtable->chunks;
    chunk->older = *place;
    *place = chunk;
    atomic_fetch_add_explicit(&memtable->reserved_bytes, real_size, memory_order_relaxed);
    return memory + sizeof(*chunk);
}

/* 8-byte aligned; NULL on no memory. */
static void *allocate(struct memtable *memtable, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if (size > MEMTABLE_CHUNK_BYTES / LARGE_FRACTION) {
        size_t total = size + sizeof(struct chunk);
        /* A whole chunk's size would come from the pool, and go back there. */
        return chunk_add(memtable, total == MEMTABLE_CHUNK_BYTES ? total + 8 : total, true);
    }
    if (size > memtable->free_bytes) {
        while (size > memtable->next_chunk_bytes / LARGE_FRACTION)
            memtable->next_chunk_bytes *= 2;
        uint8_t *space = chunk_add(memtable, memtable->next_chunk_bytes, false);
        if (!space)
            return NULL;
        memtable->free = space;
        memtable->free_bytes = memtable->next_chunk_bytes - sizeof(struct chunk);
        if (memtable->next_chunk_bytes < MEMTABLE_CHUNK_BYTES)
            memtable->next_chunk_bytes *= 2;
    }
    void *memory = memtable->free;
    memtable->free += size;
    memtable->free_bytes -= size;
    return memory;
}

static struct memtable_node *node_new(struct memtable *memtable, unsigned height, size_t bytes)
{
    size_t size = sizeof(struct memtable_node) + height * sizeof(_Atomic(struct memtable_node *));
    struct memtable_node *node = allocate(memtable, size + bytes);
    if (!node)
        return NULL;
    node->height = (uint8_t)height;
    atomic_fetch_add_explicit(&memtable->used_bytes, size + bytes, memory_order_relaxed);
    return node;
}

static void chunks_free(struct memtable *memtable)
{
    struct chunk *chunk = memtable->chunks;
    while (chunk) {
        struct chunk *older = chunk->older;
        memtable_memory_give(memtable->memory, (uint8_t *)chunk, chunk->size);
        chunk = older;
    }
}

struct memtable *memtable_new(
    struct memtable_memory *memory, struct span family, enum row_order row_order)
{
    struct memtable *memtable = memory_allocate_zeroed(1, sizeof(*memtable) + family.size);
    if (!memtable)
        return NULL;
    memcpy(memtable + 1, family.data, family.size);
    memtable->family = span_make(memtable + 1, family.size);
    memtable->memory = memory;
    memtable->row_order = row_order;
    memtable->next_chunk_bytes = FIRST_CHUNK_BYTES;
    memtable->random = 0x9e3779b97f4a7c15u;
    atomic_init(&memtable->references, 1);
    atomic_init(&memtable->min_timestamp, INT64_MAX);
    atomic_init(&memtable->max_timestamp, INT64_MIN);
    memtable->head = node_new(memtable, HEIGHT_MAX, 0);
    if (!memtable->head) {
        memory_free(memtable);
        return NULL;
    }
    for (unsigned level = 0; level < HEIGHT_MAX; level++) {
        atomic_init(&memtable->head->next[level], NULL);
        memtable->splice[level] = memtable->head;
    }
    return memtable;
}

struct memtable *memtable_ref(struct memtable *memtable)
{
    atomic_fetch_add_explicit(&memtable->references, 1, memory_order_relaxed);
    return memtable;
}

void memtable_unref(struct memtable *memtable)
{
    if (!memtable || atomic_fetch_sub_explicit(&memtable->references, 1, memory_order_acq_rel) != 1)
        return;
    chunks_free(memtable);
    memory_free(memtable);
}

/* ---- Adding ---- */

/* One in four nodes is a level higher than the rest. */
static unsigned random_height(struct memtable *memtable)
{
    uint64_t x = memtable->random; /* xorshift64 (Marsaglia) */
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    memtable->random = x;
    unsigned height = 1 + (unsigned)__builtin_ctzll(x >> 8 | (uint64_t)1 << 48) / 2;
    return height < HEIGHT_MAX ? height : HEIGHT_MAX;
}

/* Sets the splice to the places before the target and returns the first node at or after it. */
static struct memtable_node *find_place(struct memtable *memtable, const struct target *target)
{
    struct memtable_node *last = memtable->splice[0];
    if (last != memtable->head && compare(memtable, last, target) < 0) {
        struct memtable_node *behind = node_next(last, 0);
        if (!behind || compare(memtable, behind, target) >= 0) {
            /* Right behind the last added: what lies before it at each level lies before us. */
            return behind;
        }
    }
    return search(memtable, target, memtable->splice);
}

/* Takes the node behind the splice out of the list. Readers on it go on from there. */
static void unlink_behind_splice(struct memtable *memtable, struct memtable_node *node)
{
    for (unsigned level = node->height; level-- > 0;)
        atomic_store_explicit(
            &memtable->splice[level]->next[level], node_next(node, level), memory_order_release);
}

static void link_at_splice(struct memtable *memtable, struct memtable_node *node)
{
    for (unsigned level = 0; level < node->height; level++)
        atomic_init(&node->next[level],
            atomic_load_explicit(&memtable->splice[level]->next[level], memory_order_relaxed));
    for (unsigned level = 0; level < node->height; level++) {
        atomic_store_explicit(&memtable->splice[level]->next[level], node, memory_order_release);
        memtable->splice[level] = node;
    }
}

static uint8_t *append_bytes(uint8_t *to, struct span bytes)
{
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
    return to + bytes.size;
}

static void fill(struct memtable_node *node, const struct cell *cell, const struct target *target)
{
    node->prefix = target->prefix;
    node->timestamp = cell->timestamp;
    node->sequence = cell->sequence;
    node->type = cell->type;
    node->row_size = (uint16_t)cell->row.size;
    node->tags_size = (uint16_t)cell->tags.size;
    node->qualifier_size = (uint32_t)cell->qualifier.size;
    node->value_size = (uint32_t)cell->value.size;
    uint8_t *to = (uint8_t *)&node->next[node->height];
    to = append_bytes(to, cell->row);
    to = append_bytes(to, cell->qualifier);
    to = append_bytes(to, cell->value);
    append_bytes(to, cell->tags);
}

static void count(struct memtable *memtable, int64_t timestamp)
{
    atomic_fetch_add_explicit(&memtable->cell_count, 1, memory_order_relaxed);
    if (timestamp < atomic_load_explicit(&memtable->min_timestamp, memory_order_relaxed))
        atomic_store_explicit(&memtable->min_timestamp, timestamp, memory_order_relaxed);
    if (timestamp > atomic_load_explicit(&memtable->max_timestamp, memory_order_relaxed))
        atomic_store_explicit(&memtable->max_timestamp, timestamp, memory_order_relaxed);
}

enum status memtable_add(struct memtable *memtable, const struct cell *cell, uint64_t sequence)
{
    assert(cell->row.size <= UINT16_MAX && cell->tags.size <= UINT16_MAX);
    struct cell sequenced = *cell;
    sequenced.sequence = sequence;
    struct target target = target_make(memtable, &sequenced);
    assert(target.family_order == 0);
    size_t bytes = cell->row.size + cell->qualifier.size + cell->value.size + cell->tags.size;
    struct memtable_node *node = node_new(memtable, random_height(memtable), bytes);
    if (!node)
        return STATUS_NO_MEMORY;
    fill(node, &sequenced, &target);
    struct memtable_node *behind = find_place(memtable, &target);
    if (behind && compare(memtable, behind, &target) == 0)
        unlink_behind_splice(memtable, behind);
    count(memtable, cell->timestamp);
    link_at_splice(memtable, node);
    return STATUS_OK;
}

/* ---- Statistics ---- */

uint64_t memtable_cell_count(const struct memtable *memtable)
{
    return atomic_load_explicit(&memtable->cell_count, memory_order_relaxed);
}

uint64_t memtable_used_bytes(const struct memtable *memtable)
{
    return atomic_load_explicit(&memtable->used_bytes, memory_order_relaxed);
}

uint64_t memtable_reserved_bytes(const struct memtable *memtable)
{
    return atomic_load_explicit(&memtable->reserved_bytes, memory_order_relaxed);
}

bool memtable_overlaps_time(const struct memtable *memtable, struct time_range range)
{
    return atomic_load_explicit(&memtable->max_timestamp, memory_order_relaxed) >= range.from &&
           (atomic_load_explicit(&memtable->min_timestamp, memory_order_relaxed) < range.to ||
               range.to == INT64_MAX);
}

bool memtable_is_empty(const struct memtable *memtable)
{
    return memtable_cell_count(memtable) == 0;
}

/* The nodes of a level are a quarter of those of the level below, taken by chance. */
size_t memtable_sample_rows(const struct memtable *memtable, struct span *out_rows, size_t room)
{
    unsigned level = 0;
    uint64_t expected = memtable_cell_count(memtable);
    while (expected > room / 2 && level + 1 < HEIGHT_MAX) {
        expected /= 4;
        level++;
    }
    uint64_t seen = 0, count = 0, stride = 1;
    for (const struct memtable_node *node = node_next(memtable->head, level); node;
         node = node_next(node, level)) {
        if (seen++ % stride != 0)
            continue;
        if (count == room) { /* more than expected: every other one, from now on and so far */
            for (count = 0; count < room / 2; count++)
                out_rows[count] = out_rows[count * 2];
            stride *= 2;
            if ((seen - 1) % stride != 0)
                continue;
        }
        out_rows[count++] = node_row(node);
    }
    return (size_t)count;
}

/* ---- Iterators ---- */

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
    struct target target = target_make(iterator->memtable, probe);
    return stand(iterator, search(iterator->memtable, &target, NULL));
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

/* The last node whose row is before `row` (empty: the last of all); NULL when there is none. */
static const struct memtable_node *last_before_row(const struct memtable *memtable, struct span row)
{
    struct cell cell = {.row = row};
    struct target target = {.cell = &cell, .prefix = row_prefix(memtable->row_order, row)};
    const struct memtable_node *before = memtable->head;
    for (unsigned level = HEIGHT_MAX; level-- > 0;) {
        const struct memtable_node *node = node_next(before, level);
        while (node && (row.size == 0 || compare_rows(memtable, node, &target) < 0)) {
            before = node;
            node = node_next(before, level);
        }
    }
    return before == memtable->head ? NULL : before;
}

static enum status iterator_seek_before_row(
    struct cell_iterator *base, struct span row, struct error *error)
{
    struct memtable_iterator *iterator = (struct memtable_iterator *)base;
    const struct memtable *memtable = iterator->memtable;
    for (;;) {
        const struct memtable_node *last = last_before_row(memtable, row);
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
}
