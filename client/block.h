/* Blocks: counted memory that a connection receives into, so that rows can stay where they arrived.
 * A scanner holds the block its rows lie in; the connection goes on with another one. Blocks of one
 * size are kept for reuse. Counts are atomic: a block may be dropped on any thread. */
#ifndef STELE_CLIENT_BLOCK_H
#define STELE_CLIENT_BLOCK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mutex.h"

struct block_pool;

struct block {
    atomic_uint refs;
    struct block_pool *pool;
    struct block *next; /* the pool's, while free */
    size_t capacity;
    uint8_t data[];
};

enum { BLOCK_POOL_KEEPS = 4 };

/* Of one client; outlives its blocks. */
struct block_pool {
    struct mutex mutex;
    struct block *free_blocks; /* large ones only; guarded by mutex */
    size_t free_count;         /* guarded by mutex */
};

void block_pool_init(struct block_pool *pool);
void block_pool_deinit(struct block_pool *pool);

/* A block of at least that capacity, held once; NULL on no memory. */
struct block *block_new(struct block_pool *pool, size_t capacity);
struct block *block_ref(struct block *block);
void block_unref(struct block *block); /* NULL is fine */

#endif
