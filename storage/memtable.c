#include "storage/memtable.h"

#include <assert.h>

#include "base/memory.h"
#include "storage/memtable_list.h"

enum {
    FIRST_CHUNK_BYTES = 8192, /* doubles up to a whole chunk */
    SHARED_CELLS_MIN = 64,    /* rows of fewer say little of those to come */
    LOOK_CELLS_MAX = 4096,    /* no look at what rows share after it: to remake more takes long */
    LOOK_FACTOR = 8,          /* from one look to the next */
    LARGE_FRACTION = 4,       /* a node over a quarter of a whole chunk gets one of its own */
};

struct chunk {
    struct chunk *older;
    size_t size; /* as taken, with this header */
};

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
    size_t size = sizeof(struct memtable_node) + height * sizeof(struct memtable_link);
    struct memtable_node *node = allocate(memtable, size + bytes);
    if (!node)
        return NULL;
    node->height = (uint8_t)height;
    atomic_fetch_add_explicit(&memtable->used_bytes, size + bytes, memory_order_relaxed);
    return node;
}

static uint8_t *append_bytes(uint8_t *to, struct span bytes)
{
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
    return to + bytes.size;
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

/* As if nothing had been added last. */
static void splice_reset(struct memtable *memtable)
{
    for (unsigned level = 0; level < MEMTABLE_HEIGHT_MAX; level++)
        memtable->splice[level] = memtable->head;
}

struct memtable *memtable_new(struct memtable_memory *memory, struct span family,
    enum row_order row_order, struct span shared)
{
    struct memtable *memtable = memory_allocate_zeroed(
        1, sizeof(*memtable) + family.size + shared.size);
    if (!memtable)
        return NULL;
    uint8_t *bytes = (uint8_t *)(memtable + 1);
    memtable->family = span_make(bytes, family.size);
    memtable->shared = span_make(bytes + family.size, shared.size);
    append_bytes(append_bytes(bytes, family), shared);
    memtable->memory = memory;
    memtable->row_order = row_order;
    memtable->next_chunk_bytes = FIRST_CHUNK_BYTES;
    memtable->random = 0x9e3779b97f4a7c15u;
    memtable->next_look = SHARED_CELLS_MIN;
    atomic_init(&memtable->references, 1);
    atomic_init(&memtable->min_timestamp, INT64_MAX);
    atomic_init(&memtable->max_timestamp, INT64_MIN);
    memtable->head = node_new(memtable, MEMTABLE_HEIGHT_MAX, 0);
    if (!memtable->head) {
        memory_free(memtable);
        return NULL;
    }
    for (unsigned level = 0; level < MEMTABLE_HEIGHT_MAX; level++)
        node_link(memtable->head, level, NULL, UINT64_MAX);
    splice_reset(memtable);
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
    return height < MEMTABLE_HEIGHT_MAX ? height : MEMTABLE_HEIGHT_MAX;
}

/* Links the node in behind the splice and, when there is an equal one there (no higher than the node), in its place.
 * Readers on that one go on from there. */
static void link_at_splice(struct memtable *memtable, struct memtable_node *node, uint64_t prefix,
    const struct memtable_node *equal)
{
    for (unsigned level = 0; level < node->height; level++) {
        const struct memtable_node *before = equal && level < equal->height
                                                 ? equal
                                                 : memtable->splice[level];
        node_link(node, level, node_next(before, level), node_next_prefix(before, level));
    }
    for (unsigned level = 0; level < node->height; level++) {
        node_link(memtable->splice[level], level, node, prefix);
        memtable->splice[level] = node;
    }
    memtable->last_prefix = prefix;
}

static void fill(struct memtable_node *node, const struct cell *cell)
{
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

static struct cell with_sequence(const struct cell *cell, uint64_t sequence)
{
    struct cell sequenced = *cell;
    sequenced.sequence = sequence;
    return sequenced;
}

/* The splice is at its place. `equal`: the node behind it, to be replaced. */
static enum status add_at_splice(
    struct memtable *memtable, const struct target *target, const struct memtable_node *equal)
{
    const struct cell *cell = target->cell;
    assert(cell->row.size <= UINT16_MAX && cell->tags.size <= UINT16_MAX);
    assert(target->family_order == 0);
    unsigned height = random_height(memtable);
    if (equal && equal->height > height)
        height = equal->height;
    size_t bytes = cell->row.size + cell->qualifier.size + cell->value.size + cell->tags.size;
    struct memtable_node *node = node_new(memtable, height, bytes);
    if (!node) {
        splice_reset(memtable);
        return STATUS_NO_MEMORY;
    }
    fill(node, cell);
    count(memtable, cell->timestamp);
    link_at_splice(memtable, node, target->prefix, equal);
    return STATUS_OK;
}

enum status memtable_add(struct memtable *memtable, const struct cell *cell, uint64_t sequence)
{
    struct cell sequenced = with_sequence(cell, sequence);
    struct target target = memtable_target(memtable, &sequenced);
    return add_at_splice(memtable, &target, memtable_find_place(memtable, &target));
}

enum status memtable_add_all(struct memtable *memtable, const struct cell *const cells[],
    const uint64_t sequences[], size_t count)
{
    struct cell sequenced[MEMTABLE_TOGETHER];
    struct memtable_place places[MEMTABLE_TOGETHER];
    if (count == 1)
        return memtable_add(memtable, cells[0], sequences[0]);
    for (size_t i = 0; i < count; i++) {
        sequenced[i] = with_sequence(cells[i], sequences[i]);
        places[i].target = memtable_target(memtable, &sequenced[i]);
    }
    memtable_find_places(memtable, places, count);
    bool is_onward = true;     /* each behind the last added before it */
    bool has_replaced = false; /* a node that the places of the rest may stand on */
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && !status; i++) {
        const struct target *target = &places[i].target;
        is_onward = is_onward && memtable_is_last_before(memtable, target);
        bool is_found = !has_replaced && (is_onward || places[i].levels == MEMTABLE_HEIGHT_MAX);
        const struct memtable_node *equal = is_found ? memtable_go_to_place(memtable, &places[i])
                                                     : memtable_find_place(memtable, target);
        has_replaced = has_replaced || equal;
        status = add_at_splice(memtable, target, equal);
    }
    return status;
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

struct span memtable_shared_row(const struct memtable *memtable)
{
    const struct memtable_node *first = node_next(memtable->head, 0);
    if (memtable->row_order != ROW_ORDER_BYTES || memtable_cell_count(memtable) < SHARED_CELLS_MIN)
        return SPAN_EMPTY;
    struct span row = node_row(first);
    row.size = span_common(row, node_row(memtable_last_before_row(memtable, SPAN_EMPTY)));
    return row;
}

size_t memtable_shared_size(size_t size, struct span row)
{
    size_t told = row.size < MEMTABLE_PREFIX_BYTES ? 0 : row.size - MEMTABLE_PREFIX_BYTES;
    return size < told ? size : told;
}

bool memtable_should_share(struct memtable *memtable, struct span expected, struct span *out_shared)
{
    if (memtable_cell_count(memtable) < memtable->next_look || memtable->next_look > LOOK_CELLS_MAX)
        return false;
    memtable->next_look *= LOOK_FACTOR;
    struct span shared = memtable_shared_row(memtable);
    shared.size = memtable_shared_size(shared.size, node_row(node_next(memtable->head, 0)));
    if (expected.data)
        shared.size = span_common(shared, expected);
    *out_shared = shared;
    return memtable->row_order == ROW_ORDER_BYTES && !span_equal(shared, memtable->shared);
}

struct memtable *memtable_remake(const struct memtable *memtable, struct span shared)
{
    struct memtable *made = memtable_new(
        memtable->memory, memtable->family, memtable->row_order, shared);
    struct memtable_iterator iterator;
    struct error error;
    memtable_iterator_init(&iterator, memtable, UINT64_MAX);
    enum status status = made ? cell_iterator_seek_first(&iterator.base, &error) : STATUS_NO_MEMORY;
    while (status == STATUS_OK) {
        status = memtable_add(made, &iterator.base.cell, iterator.base.cell.sequence);
        if (!status)
            status = cell_iterator_next(&iterator.base, &error);
    }
    if (status == STATUS_END) {
        made->next_look = memtable->next_look;
        return made;
    }
    memtable_unref(made);
    return NULL;
}

/* The nodes of a level are a quarter of those of the level below, taken by chance. */
size_t memtable_sample_rows(const struct memtable *memtable, struct span *out_rows, size_t room)
{
    unsigned level = 0;
    uint64_t expected = memtable_cell_count(memtable);
    while (expected > room / 2 && level + 1 < MEMTABLE_HEIGHT_MAX) {
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
