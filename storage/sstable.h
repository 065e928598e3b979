/* SSTables: immutable sorted files of the cells of one column family (docs/formats/sstable.md).
 *
 * Shape of a file:
 *   data blocks | index parts and bloom parts, each where it became full | top index | top bloom |
 * properties | footer Data blocks hold cells with prefix-shortened keys and restart points. An
 * index part lists data blocks by a key that separates each from the one before; the top index
 * lists the parts. A bloom part covers a run of rows; the top bloom lists the parts by first row.
 * Every block carries an XXH3 over its bytes, salted with the file's identity and the block's
 * offset. The top index, the top bloom and the properties are read when the file is opened;
 * everything else through the block cache when needed.
 *
 * Life of a file: sstable_writer makes it under a name that carries the incarnation (O_EXCL) and
 * syncs it; the caller syncs the directory and then commits the name in a manifest. It is never
 * changed.
 *
 * Threads: a writer, an iterator: one at a time. A struct sstable: any, it is immutable but for its
 * reference count. */
#ifndef STELE_STORAGE_SSTABLE_H
#define STELE_STORAGE_SSTABLE_H

#include "base/env.h"
#include "model/cell.h"
#include "model/read.h"
#include "model/schema.h"
#include "storage/block_cache.h"
#include "storage/cell_iterator.h"

#define SSTABLE_FORMAT_VERSION 1

/* What a file says of itself. Spans are borrowed from the writer or the SSTable. */
struct sstable_properties {
    uint64_t identity; /* random; salts every checksum */
    enum row_order row_order;
    enum compression compression; /* asked for; a block that does not shrink is stored plain */
    enum bloom_kind bloom;        /* NONE or ROW */
    uint32_t block_size_bytes;    /* target for data blocks, before compression */
    struct span family;
    uint64_t created_ms; /* wall clock of the writer */

    uint64_t cell_count;
    uint64_t row_count;
    uint64_t delete_count;        /* markers of any kind */
    uint64_t family_delete_count; /* of these, DELETE_FAMILY and DELETE_FAMILY_VERSION */
    uint64_t cell_ttl_count;      /* cells with a TTL tag */
    int64_t min_timestamp;        /* over all cells, markers too */
    int64_t max_timestamp;
    int64_t min_delete_timestamp; /* over markers; meaningful when delete_count > 0 */
    int64_t max_delete_timestamp;
    int64_t min_cell_expiry_ms; /* timestamp + TTL tag, over cells that have one */
    int64_t max_cell_expiry_ms;
    uint64_t min_sequence;
    uint64_t max_sequence;
    struct span first_row;
    struct span last_row;
    uint64_t key_bytes;      /* rows + qualifiers of all cells, not shortened */
    uint64_t value_bytes;    /* values + tags of all cells */
    uint64_t max_cell_bytes; /* largest cell_size() */

    uint64_t data_raw_bytes;   /* data blocks before compression */
    uint64_t data_file_bytes;  /* data blocks in the file */
    uint64_t index_file_bytes; /* parts and top */
    uint64_t bloom_file_bytes;
    uint64_t data_block_count;
    uint64_t file_bytes; /* the whole file */
};

/* ---- Writing ---- */

struct sstable_writer;

struct sstable_writer_options {
    struct span family; /* of every cell; copied */
    enum row_order row_order;
    enum compression compression;
    enum bloom_kind bloom;     /* ROW_COLUMN is kept as ROW */
    uint32_t block_size_bytes; /* 0 = 16384 */
    uint64_t identity;         /* 0 = drawn from env's random numbers */
};

/* Creates `path` exclusively (STATUS_EXISTS). */
enum status sstable_writer_new(struct env *env, const char *path,
    const struct sstable_writer_options *options, struct sstable_writer **out_writer,
    struct error *error);
/* Cells come in the order of cell_compare, no two alike in all of it: breach is STATUS_INVALID, and
 * nothing is added. Spans are borrowed for the call. After any other failure only discard or free
 * may follow. */
enum status sstable_writer_add(
    struct sstable_writer *writer, const struct cell *cell, struct error *error);
/* File size so far, what is buffered included: for cutting a file at a size. */
uint64_t sstable_writer_size(const struct sstable_writer *writer);
uint64_t sstable_writer_cell_count(const struct sstable_writer *writer);
/* Writes the rest and syncs the file (not its directory). STATUS_INVALID when no cell was added:
 * there are no empty SSTables. *out_properties borrows from the writer. */
enum status sstable_writer_finish(
    struct sstable_writer *writer, struct sstable_properties *out_properties, struct error *error);
/* Closes and removes the file, which no manifest may name. Then as free. NULL is fine. */
void sstable_writer_discard(struct sstable_writer *writer);
/* Closes the file and leaves it. NULL is fine. */
void sstable_writer_free(struct sstable_writer *writer);

/* ---- Reading ---- */

struct sstable;

/* Opens and checks footer, properties and tops; blocks on I/O. identity: what the manifest says, 0
 * = any; a different one is STATUS_CORRUPT. STATUS_NEWER_FORMAT, STATUS_NOT_FOUND. Starts with one
 * reference. The cache must outlive the table and its iterators. */
enum status sstable_open(struct env *env, const char *path, uint64_t identity,
    struct block_cache *cache, struct sstable **out_table, struct error *error);
struct sstable *sstable_ref(struct sstable *table);
void sstable_unref(struct sstable *table); /* the last one closes the file; NULL is fine */

const struct sstable_properties *sstable_get_properties(const struct sstable *table);
const char *sstable_path(const struct sstable *table);

/* Sets *out_may_contain false when the row is surely absent: outside first..last row, or by the
 * bloom filter. With may_block false: STATUS_WOULD_BLOCK when the filter's part is on disk only. */
enum status sstable_may_contain_row(struct sstable *table, struct span row, bool may_block,
    bool *out_may_contain, struct error *error);
/* Whether the file can matter to a read of [range.from, range.to): a cell may lie in it, or a
 * delete marker in it or after it. */
bool sstable_overlaps_time(const struct sstable *table, struct time_range range);

/* A row that halves the bytes of the file's cells in [from_row, to_row) (empty = no bound), as
 * nearly as its blocks allow: above from_row and the file's first row, below to_row. Appended to
 * *out_row. STATUS_NOT_FOUND when no row of the index is: one block, or one row. Reads the index;
 * blocks on I/O. */
enum status sstable_middle_row(struct sstable *table, struct span from_row, struct span to_row,
    struct buffer *out_row, struct error *error);

struct read_places;

struct sstable_iterator_options {
    struct span from_row;       /* cells of lower rows are not there; empty = no bound */
    struct span to_row;         /* nor those at or above; empty = no bound. Both copied */
    bool is_cache_fill;         /* blocks read enter the cache; hits are used either way */
    struct read_places *places; /* NULL, or counts the blocks it comes to */
    uint32_t
        readahead_bytes; /* > 0: read ahead that far in order, past the cache: for compaction */
};

/* Takes a reference on the table. Stands nowhere until the first seek. May block until set
 * otherwise. */
enum status sstable_iterator_new(struct sstable *table,
    const struct sstable_iterator_options *options, struct cell_iterator **out_iterator,
    struct error *error);

#endif
