/* Block cache: decompressed blocks of SSTables within a fixed budget.
 *
 * A block is known by (file identity, offset). Memory is one reservation of address space with huge
 * pages, cut into equal segments that blocks are appended to, so that any mixture of sizes packs
 * densely and filling never goes through malloc or a fresh 4 KiB page at a time. Segments form two
 * queues a shard (S3-FIFO, Yang et al., SOSP'23): a block enters the small queue (a tenth of the
 * budget); when its segment is reclaimed it moves to the main queue if it was hit meanwhile, and
 * otherwise leaves only its hash behind, so that coming back soon goes straight to the main queue.
 * There, a hit gives another round. One scan through everything therefore passes through the small
 * queue and leaves the main one alone.
 *
 * A pin holds a segment, not a block: a segment with pins is not reclaimed. When no segment can be
 * reclaimed, or a block is larger than half a segment, the block gets memory of its own
 * from the heap, is not shared, and dies with its last pin.
 *
 * Threads: any. A shard's mutex (LOCK_RANK_CACHE) guards its table and queues; unpinning takes no
 * lock. */
#ifndef STELE_STORAGE_BLOCK_CACHE_H
#define STELE_STORAGE_BLOCK_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct block_cache;
struct cache_segment;

/* A pinned block. Copying the struct does not pin again. Zeroed = no block. */
struct block_pin {
    uint8_t *data; /* 64-byte aligned; written by the filler only, until published */
    size_t size;
    struct cache_segment *segment; /* NULL: memory of its own */
};

struct block_cache_stats {
    uint64_t hits;
    uint64_t misses;
    uint64_t inserts;
    uint64_t evictions;  /* blocks dropped */
    uint64_t bypasses;   /* blocks that got memory of their own */
    uint64_t used_bytes; /* in segments that hold blocks */
    uint64_t budget_bytes;
};

/* budget_bytes is rounded down to whole segments and is never exceeded by cached blocks; 0 caches
 * nothing. */
enum status block_cache_new(
    size_t budget_bytes, struct block_cache **out_cache, struct error *error);
/* No pin may be left. NULL is fine. */
void block_cache_free(struct block_cache *cache);

/* Pins the block when it is there. */
bool block_cache_get(
    struct block_cache *cache, uint64_t file, uint64_t offset, struct block_pin *out_pin);

/* Memory for a block about to be read: pinned, seen by nobody else yet. Follow with
 * block_cache_publish when it is filled, or block_unpin when that failed. is_kept false: memory of
 * its own, never shared (a read that must not fill the cache). STATUS_NO_MEMORY. */
enum status block_cache_reserve(struct block_cache *cache, uint64_t file, uint64_t offset,
    size_t size, bool is_kept, struct block_pin *out_pin);
/* Shows the filled block to others. The pin stays. When another thread was first, ours simply stays
 * unshared. */
void block_cache_publish(
    struct block_cache *cache, uint64_t file, uint64_t offset, const struct block_pin *pin);

/* Empties *pin; an empty one is fine. */
void block_unpin(struct block_pin *pin);
void block_cache_stats(struct block_cache *cache, struct block_cache_stats *out_stats);

#endif
