#include "client/block.h"

#include "base/memory.h"

enum { BLOCK_LARGE = 256 << 10 }; /* smaller ones the heap serves as well */

void block_pool_init(struct block_pool *pool)
{
    *pool = (struct block_pool){0};
    mutex_init(&pool->mutex, LOCK_RANK_CLIENT_LOOP);
}

void block_pool_deinit(struct block_pool *pool)
{
    while (pool->free_blocks) {
        struct block *next = pool->free_blocks->next;
        memory_free(pool->free_blocks);
        pool->free_blocks = next;
    }
    mutex_deinit(&pool->mutex);
}

/* Takes a free block that is large enough and not wastefully so. */
static struct block *pool_take(struct block_pool *pool, size_t capacity)
{
    struct block *found = NULL;
    mutex_lock(&pool->mutex);
    for (struct block **at = &pool->free_blocks; *at && !found; at = &(*at)->next) {
        if ((*at)->capacity < capacity || (*at)->capacity / 4 > capacity)
            continue;
        found = *at;
        *at = found->next;
        pool->free_count--;
        break;
    }
    mutex_unlock(&pool->mutex);
    return found;
}

struct block *block_new(struct block_pool *pool, size_t capacity)
{
    struct block *block = capacity >= BLOCK_LARGE ? pool_take(pool, capacity) : NULL;
    if (!block) {
        if (capacity >= BLOCK_LARGE)
            capacity += capacity /
                        8; /* the next answer of a scan is seldom of quite the same size */
        block = memory_allocate(sizeof(*block) + capacity);
        if (!block)
            return NULL;
        block->capacity = capacity;
        block->pool = pool;
    }
    atomic_init(&block->refs, 1);
    return block;
}

struct block *block_ref(struct block *block)
{
    atomic_fetch_add_explicit(&block->refs, 1, memory_order_relaxed);
    return block;
}

void block_unref(struct block *block)
{
    if (!block || atomic_fetch_sub_explicit(&block->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct block_pool *pool = block->pool;
    if (block->capacity >= BLOCK_LARGE) {
        mutex_lock(&pool->mutex);
        bool is_kept = pool->free_count < BLOCK_POOL_KEEPS;
        if (is_kept) {
            block->next = pool->free_blocks;
            pool->free_blocks = block;
            pool->free_count++;
        }
        mutex_unlock(&pool->mutex);
        if (is_kept)
            return;
    }
    memory_free(block);
}
