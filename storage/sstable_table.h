/* An open SSTable from the inside: shared by its iterator, its checker and its dump. */
#ifndef STELE_STORAGE_SSTABLE_TABLE_H
#define STELE_STORAGE_SSTABLE_TABLE_H

#include <stdatomic.h>

#include "storage/sorted_block.h"
#include "storage/sstable.h"
#include "storage/sstable_format.h"

struct table_iterator;

struct sstable {
    _Atomic uint32_t references;
    _Atomic(struct table_iterator *) spare; /* a closed iterator, for the next to open; or NULL */
    struct env *env;
    struct env_file *file;     /* owned */
    struct block_cache *cache; /* borrowed */
    char *path;                /* owned */
    struct sstable_footer footer;
    struct sstable_properties properties; /* spans point into properties_block */
    struct block_pin properties_block;    /* these three in memory of their own, not in the cache */
    struct block_pin top_index;
    struct block_pin top_bloom; /* empty: no filter */
    uint64_t failed_offset;     /* while opening: of the block being loaded */
};

/* How a block gets into memory. */
struct block_read {
    bool may_block;
    bool is_cache_used;         /* look into the cache */
    bool is_cache_fill;         /* and leave it there */
    struct read_ahead *ahead;   /* or NULL */
    struct read_places *places; /* counts it; or NULL */
};

/* Bytes of the file read beyond what was asked for. Zeroed is empty. Owned by one iterator. */
struct read_ahead {
    struct buffer bytes;
    uint64_t offset;
    size_t size_wanted;
};

/* As sstable_open; on STATUS_CORRUPT *out_offset (may be NULL) is where the damage is. */
enum status sstable_open_telling(struct env *env, const char *path, uint64_t identity,
    struct block_cache *cache, struct sstable **out_table, uint64_t *out_offset,
    struct error *error);

/* Pins the block, checked, decompressed and (blocks of cells) prepared. Block offset and path are
 * in errors. */
enum status sstable_read_block(struct sstable *table, struct block_handle handle,
    enum block_kind kind, const struct block_read *how, struct block_pin *out_pin,
    struct error *error);

/* Frees a closed iterator. NULL is fine. */
void sstable_iterator_free(struct table_iterator *iterator);

/* The handle in an index cell. */
enum status sstable_index_handle(const struct sstable *table, const struct cell *entry,
    struct block_handle *out_handle, struct error *error);
/* STATUS_CORRUPT or STATUS_NO_MEMORY of a cursor's answer. */
enum status sstable_cursor_failure(const struct sstable *table, enum cursor_answer answer,
    uint64_t block_offset, struct error *error);

#endif
