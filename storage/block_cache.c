#include "storage/block_cache.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "base/mutex.h"
#include "storage/huge_pages.h"

#define BLOCK_ALIGNMENT     64u
#define SEGMENT_BYTES_LEAST ((size_t)64 << 10)
#define SEGMENT_BYTES_MOST  ((size_t)512 << 10)
#define SHARD_SEGMENTS      32 /* aimed at, between the two sizes above */
#define HITS_MOST           3  /* rounds in the main queue that a block can save up */
#define HITS_TO_STAY        2  /* in the small queue */
#define RECLAIMS_SPARING    4  /* segments reclaimed for one block before hits stop counting */
#define RECLAIMS_MOST       8

/* In front of each block's bytes in a segment. Guarded by the shard's mutex. */
struct cached_block {
    struct cached_block *next; /* in its bucket, while shown */
    uint64_t file;
    uint64_t offset;
    uint32_t size;
    uint8_t hits;
    bool is_shown; /* published, and reachable from its bucket */
};

_Static_assert(sizeof(struct cached_block) <= BLOCK_ALIGNMENT, "a header fits its slot");

struct cache_segment {
    struct cache_segment *next; /* in a queue, oldest first, or in the free list */
    uint8_t *memory;
    size_t used;           /* guarded by the shard's mutex */
    _Atomic uint32_t pins; /* rises under the shard's mutex only; falls anywhere */
};

struct segment_queue {
    struct cache_segment *oldest;
    struct cache_segment *newest; /* the one being filled */
    size_t count;
};

struct cache_shard {
    struct mutex mutex; /* guards all below, and headers and `used` in the shard's segments */
    struct cached_block **buckets;
    uint32_t *ghosts; /* hashes of blocks that left the small queue, by bucket number */
    struct segment_queue small;
    struct segment_queue main;
    struct cache_segment *free;
    size_t free_count;
    size_t segment_count;
    uint64_t hits, misses, inserts, evictions, bypasses;
};

struct block_cache {
    size_t segment_bytes;
    size_t bucket_count; /* of each shard; a power of two */
    size_t shard_count;  /* likewise */
    size_t segment_count;
    struct cache_shard *shards;
    struct cache_segment *segments; /* number i belongs to shard i % shard_count */
    uint8_t *memory;
    /* buckets and ghosts of all shards: huge pages too, for they are hit at random */
    uint8_t *tables;
    size_t tables_size;
};

static uint64_t hash_key(uint64_t file, uint64_t offset)
{
    /* File identities are random already; the finalizer is splitmix64's. */
    uint64_t x = file + offset * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static struct cache_shard *shard_of(struct block_cache *cache, uint64_t hash)
{
    return &cache->shards[(hash >> 48) & (cache->shard_count - 1)];
}

static size_t power_of_two_below(size_t value)
{
    size_t power = 1;
    while (power <= value / 2)
        power *= 2;
    return power;
}

static void queue_append(struct segment_queue *queue, struct cache_segment *segment)
{
    segment->next = NULL;
    if (queue->newest)
        queue->newest->next = segment;
    else
        queue->oldest = segment;
    queue->newest = segment;
    queue->count++;
}

/* Takes the oldest segment that nobody pins; the one being filled stays. NULL when there is none.
 */
static struct cache_segment *queue_take_unpinned(struct segment_queue *queue)
{
    struct cache_segment **link = &queue->oldest;
    while (*link && *link != queue->newest) {
        struct cache_segment *segment = *link;
        if (atomic_load_explicit(&segment->pins, memory_order_acquire) == 0) {
            *link = segment->next;
            queue->count--;
            return segment;
        }
        link = &segment->next;
    }
    return NULL;
}

static struct cached_block *block_find(const struct block_cache *cache,
    const struct cache_shard *shard, uint64_t hash, uint64_t file, uint64_t offset)
{
    struct cached_block *block = shard->buckets[hash & (cache->bucket_count - 1)];
    if (block) { /* what a search in it looks at next */
        __builtin_prefetch((uint8_t *)block + BLOCK_ALIGNMENT);
        __builtin_prefetch((uint8_t *)block + 2 * BLOCK_ALIGNMENT);
        __builtin_prefetch((uint8_t *)block + 3 * BLOCK_ALIGNMENT);
        __builtin_prefetch((uint8_t *)block + 4 * BLOCK_ALIGNMENT);
    }
    while (block && (block->offset != offset || block->file != file))
        block = block->next;
    return block;
}

static void block_show(
    const struct block_cache *cache, struct cache_shard *shard, struct cached_block *block)
{
    uint64_t hash = hash_key(block->file, block->offset);
    struct cached_block **bucket = &shard->buckets[hash & (cache->bucket_count - 1)];
    block->next = *bucket;
    block->is_shown = true;
    *bucket = block;
}

static void block_hide(
    const struct block_cache *cache, struct cache_shard *shard, struct cached_block *block)
{
    uint64_t hash = hash_key(block->file, block->offset);
    struct cached_block **link = &shard->buckets[hash & (cache->bucket_count - 1)];
    while (*link != block)
        link = &(*link)->next;
    *link = block->next;
    block->is_shown = false;
}

static uint8_t *block_data(struct cached_block *block)
{
    return (uint8_t *)block + BLOCK_ALIGNMENT;
}

static size_t block_footprint(size_t size)
{
    return BLOCK_ALIGNMENT + ((size + BLOCK_ALIGNMENT - 1) & ~(size_t)(BLOCK_ALIGNMENT - 1));
}

/* Appends a hidden block to the segment being filled, opening another while `reserve` free ones
 * remain. NULL when that does not suffice. */
static struct cached_block *queue_place(const struct block_cache *cache, struct cache_shard *shard,
    struct segment_queue *queue, size_t size, size_t reserve, struct cache_segment **out_segment)
{
    size_t need = block_footprint(size);
    struct cache_segment *segment = queue->newest;
    if (!segment || cache->segment_bytes - segment->used < need) {
        if (shard->free_count <= reserve)
            return NULL;
        segment = shard->free;
        shard->free = segment->next;
        shard->free_count--;
        segment->used = 0;
        queue_append(queue, segment);
    }
    struct cached_block *block = (struct cached_block *)(void *)(segment->memory + segment->used);
    *block = (struct cached_block){.size = (uint32_t)size};
    segment->used += need;
    *out_segment = segment;
    return block;
}

/* Copies a block that earned it to the main queue. False when there is no room. */
static bool block_move(const struct block_cache *cache, struct cache_shard *shard,
    struct cached_block *block, uint8_t hits)
{
    struct cache_segment *segment = NULL;
    struct cached_block *copy = queue_place(cache, shard, &shard->main, block->size, 0, &segment);
    if (!copy)
        return false;
    copy->file = block->file;
    copy->offset = block->offset;
    copy->hits = hits;
    memcpy(block_data(copy), block_data(block), block->size);
    block_show(cache, shard, copy);
    return true;
}

/* Empties one segment, moving what is worth it, and frees it. The blocks moved are less than a
 * segment, so the one free segment kept in reserve suffices. False when every segment is pinned or
 * being filled. */
static bool shard_reclaim(
    const struct block_cache *cache, struct cache_shard *shard, bool is_sparing)
{
    size_t small_most = shard->segment_count / 10 + 1;
    bool is_small = shard->small.count > small_most;
    struct cache_segment *victim = queue_take_unpinned(is_small ? &shard->small : &shard->main);
    if (!victim) {
        is_small = !is_small;
        victim = queue_take_unpinned(is_small ? &shard->small : &shard->main);
    }
    if (!victim)
        return false;
    for (size_t at = 0; at < victim->used;) {
        struct cached_block *block = (struct cached_block *)(void *)(victim->memory + at);
        at += block_footprint(block->size);
        if (!block->is_shown)
            continue;
        block_hide(cache, shard, block);
        bool is_worth = is_sparing && block->hits >= (is_small ? HITS_TO_STAY : 1);
        if (is_worth && block_move(cache, shard, block, is_small ? 0 : (uint8_t)(block->hits - 1)))
            continue;
        shard->evictions++;
        if (is_small) {
            uint64_t hash = hash_key(block->file, block->offset);
            shard->ghosts[hash & (cache->bucket_count - 1)] = (uint32_t)(hash >> 16);
        }
    }
    victim->used = 0;
    victim->next = shard->free;
    shard->free = victim;
    shard->free_count++;
    return true;
}

static struct cached_block *shard_place(struct block_cache *cache, struct cache_shard *shard,
    struct segment_queue *queue, size_t size, struct cache_segment **out_segment)
{
    for (int reclaims = 0;; reclaims++) {
        struct cached_block *block = queue_place(cache, shard, queue, size, 1, out_segment);
        if (block)
            return block;
        if (reclaims == RECLAIMS_MOST || !shard_reclaim(cache, shard, reclaims < RECLAIMS_SPARING))
            return NULL;
    }
}

/* Memory of its own: where the allocation began lies just before the aligned data. The heap aligns
 * to 16, so there is always room. */
static enum status own_memory_take(size_t size, struct block_pin *out_pin)
{
    if (size > SIZE_MAX - 2 * BLOCK_ALIGNMENT)
        return STATUS_NO_MEMORY;
    uint8_t *start = memory_allocate(size + 2 * BLOCK_ALIGNMENT);
    if (!start)
        return STATUS_NO_MEMORY;
    size_t shift = BLOCK_ALIGNMENT - ((size_t)start & (BLOCK_ALIGNMENT - 1));
    uint8_t *data = start + shift;
    memcpy(data - sizeof start, &start, sizeof start);
    *out_pin = (struct block_pin){.data = data, .size = size};
    return STATUS_OK;
}

enum status block_cache_new(
    size_t budget_bytes, struct block_cache **out_cache, struct error *error)
{
    struct block_cache *cache = memory_allocate_zeroed(1, sizeof *cache);
    if (!cache)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a block cache");
    cache->shard_count = budget_bytes >= (size_t)256 << 20  ? 16
                         : budget_bytes >= (size_t)16 << 20 ? 8
                                                            : 1;
    size_t segment_bytes = power_of_two_below(budget_bytes / cache->shard_count / SHARD_SEGMENTS);
    if (segment_bytes < SEGMENT_BYTES_LEAST)
        segment_bytes = SEGMENT_BYTES_LEAST;
    if (segment_bytes > SEGMENT_BYTES_MOST)
        segment_bytes = SEGMENT_BYTES_MOST;
    cache->segment_bytes = segment_bytes;
    cache->segment_count = budget_bytes / segment_bytes;
    cache->bucket_count = power_of_two_below(budget_bytes / cache->shard_count / (8u << 10) + 1) *
                          2;
    cache->shards = memory_allocate_zeroed(cache->shard_count, sizeof *cache->shards);
    if (!cache->shards)
        goto no_memory;
    for (size_t i = 0; i < cache->shard_count; i++)
        mutex_init(&cache->shards[i].mutex, LOCK_RANK_CACHE);
    size_t shard_table_size = cache->bucket_count *
                              (sizeof(struct cached_block *) + sizeof(uint32_t));
    cache->tables_size = cache->shard_count * shard_table_size;
    cache->tables = huge_pages_reserve(cache->tables_size);
    if (!cache->tables)
        goto no_memory;
    for (size_t i = 0; i < cache->shard_count; i++) {
        struct cache_shard *shard = &cache->shards[i];
        shard->buckets = (struct cached_block **)(void *)(cache->tables + i * shard_table_size);
        shard->ghosts = (uint32_t *)(void *)(shard->buckets + cache->bucket_count);
    }
    if (cache->segment_count > 0) {
        cache->segments = memory_allocate_zeroed(cache->segment_count, sizeof *cache->segments);
        cache->memory = huge_pages_reserve(cache->segment_count * segment_bytes);
        if (!cache->segments || !cache->memory)
            goto no_memory;
    }
    /* From the last to the first, so that all shards begin in the same few huge pages. */
    for (size_t i = cache->segment_count; i-- > 0;) {
        struct cache_shard *shard = &cache->shards[i % cache->shard_count];
        cache->segments[i].memory = cache->memory + i * segment_bytes;
        cache->segments[i].next = shard->free;
        shard->free = &cache->segments[i];
        shard->free_count++;
        shard->segment_count++;
    }
    *out_cache = cache;
    return STATUS_OK;
no_memory:
    block_cache_free(cache);
    return error_set(
        error, STATUS_NO_MEMORY, "no memory for a block cache of %zu bytes", budget_bytes);
}

void block_cache_free(struct block_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; cache->segments && i < cache->segment_count; i++)
        assert(atomic_load(&cache->segments[i].pins) == 0);
    for (size_t i = 0; cache->shards && i < cache->shard_count; i++) {
        mutex_deinit(&cache->shards[i].mutex);
    }
    huge_pages_release(cache->memory, cache->segment_count * cache->segment_bytes);
    huge_pages_release(cache->tables, cache->tables_size);
    memory_free(cache->segments);
    memory_free(cache->shards);
    memory_free(cache);
}

bool block_cache_get(
    struct block_cache *cache, uint64_t file, uint64_t offset, struct block_pin *out_pin)
{
    uint64_t hash = hash_key(file, offset);
    struct cache_shard *shard = shard_of(cache, hash);
    mutex_lock(&shard->mutex);
    struct cached_block *block = block_find(cache, shard, hash, file, offset);
    if (block) {
        size_t number = (size_t)((uint8_t *)block - cache->memory) / cache->segment_bytes;
        struct cache_segment *segment = &cache->segments[number];
        atomic_fetch_add_explicit(&segment->pins, 1, memory_order_relaxed);
        if (block->hits < HITS_MOST)
            block->hits++;
        shard->hits++;
        *out_pin = (struct block_pin){block_data(block), block->size, segment};
    } else {
        shard->misses++;
    }
    mutex_unlock(&shard->mutex);
    return block != NULL;
}

enum status block_cache_reserve(struct block_cache *cache, uint64_t file, uint64_t offset,
    size_t size, bool is_kept, struct block_pin *out_pin)
{
    if (!is_kept)
        return own_memory_take(size, out_pin);
    uint64_t hash = hash_key(file, offset);
    struct cache_shard *shard = shard_of(cache, hash);
    struct cache_segment *segment = NULL;
    struct cached_block *block = NULL;
    mutex_lock(&shard->mutex);
    if (size <= cache->segment_bytes / 2) {
        uint32_t *ghost = &shard->ghosts[hash & (cache->bucket_count - 1)];
        bool was_here = *ghost == (uint32_t)(hash >> 16) && *ghost != 0;
        if (was_here)
            *ghost = 0;
        block = shard_place(cache, shard, was_here ? &shard->main : &shard->small, size, &segment);
    }
    if (block) {
        block->file = file;
        block->offset = offset;
        atomic_fetch_add_explicit(&segment->pins, 1, memory_order_relaxed);
        *out_pin = (struct block_pin){block_data(block), size, segment};
    } else {
        shard->bypasses++;
    }
    mutex_unlock(&shard->mutex);
    return block ? STATUS_OK : own_memory_take(size, out_pin);
}

void block_cache_publish(
    struct block_cache *cache, uint64_t file, uint64_t offset, const struct block_pin *pin)
{
    if (!pin->segment)
        return;
    uint64_t hash = hash_key(file, offset);
    struct cache_shard *shard = shard_of(cache, hash);
    struct cached_block *block = (struct cached_block *)(void *)(pin->data - BLOCK_ALIGNMENT);
    mutex_lock(&shard->mutex);
    if (!block_find(cache, shard, hash, file, offset)) {
        block_show(cache, shard, block);
        shard->inserts++;
    }
    mutex_unlock(&shard->mutex);
}

void block_unpin(struct block_pin *pin)
{
    if (pin->segment) {
        uint32_t before = atomic_fetch_sub_explicit(&pin->segment->pins, 1, memory_order_release);
        assert(before > 0);
        (void)before;
    } else if (pin->data) {
        uint8_t *start;
        memcpy(&start, pin->data - sizeof start, sizeof start);
        memory_free(start);
    }
    *pin = (struct block_pin){0};
}

void block_cache_stats(struct block_cache *cache, struct block_cache_stats *out_stats)
{
    struct block_cache_stats stats = {.budget_bytes = cache->segment_count * cache->segment_bytes};
    for (size_t i = 0; i < cache->shard_count; i++) {
        struct cache_shard *shard = &cache->shards[i];
        mutex_lock(&shard->mutex);
        stats.hits += shard->hits;
        stats.misses += shard->misses;
        stats.inserts += shard->inserts;
        stats.evictions += shard->evictions;
        stats.bypasses += shard->bypasses;
        stats.used_bytes += (shard->segment_count - shard->free_count) * cache->segment_bytes;
        mutex_unlock(&shard->mutex);
    }
    *out_stats = stats;
}
