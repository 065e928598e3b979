/* The footer and the properties of an SSTable as bytes (docs/formats/sstable.md).
 *
 * Footer, the last 72 bytes of every version of the format:
 *
 *    0  u64 identity
 *    8  u64 offset, u32 size of the top index
 *   20  u64 offset, u32 size of the top bloom    (0, 0: no filter)
 *   32  u64 offset, u32 size of the properties
 *   44  u32 comparator                           (enum row_order: 0 bytes, 1 hbase:meta)
 *   48  u32 version                              (1)
 *   52  u32 zero
 *   56  u64 XXH3-64 of bytes 0..55, seeded with identity + the footer's offset in the file
 *   64  "STELESST"
 *
 * Properties are a list of {u8 number, varint size, bytes} by rising number, from 1; numbers from
 * SSTABLE_PROPERTY_COUNT on are a later writer's and skipped. Integers among them are u64.
 *
 * Pure functions. */
#ifndef STELE_STORAGE_SSTABLE_FORMAT_H
#define STELE_STORAGE_SSTABLE_FORMAT_H

#include "storage/block.h"
#include "storage/sstable.h"

#define SSTABLE_FOOTER_SIZE 72u
#define SSTABLE_MAGIC       "STELESST"

struct sstable_footer {
    uint64_t identity;
    struct block_handle top_index;
    struct block_handle top_bloom;
    struct block_handle properties;
    enum row_order row_order;
    uint32_t version;
};

void sstable_footer_encode(
    const struct sstable_footer *footer, uint64_t offset, uint8_t out_bytes[SSTABLE_FOOTER_SIZE]);
/* `offset` is where the footer stood. Checks that the handles lie before it. STATUS_CORRUPT,
 * STATUS_NEWER_FORMAT. */
enum status sstable_footer_decode(
    struct span in, uint64_t offset, struct sstable_footer *out_footer, struct error *error);

enum sstable_property_kind { PROPERTY_SPAN, PROPERTY_U32, PROPERTY_U64, PROPERTY_I64 };

struct sstable_property {
    const char *name;
    size_t offset; /* in struct sstable_properties */
    enum sstable_property_kind kind;
};

#define SSTABLE_PROPERTY_COUNT 29u /* entry 0 is unused */
extern const struct sstable_property sstable_property_list[SSTABLE_PROPERTY_COUNT];

void sstable_properties_encode(
    const struct sstable_properties *properties, struct buffer *out_bytes);
/* Spans borrow from `in`. Leaves alone what stands in the footer (identity, row order) and the
 * file's size. */
enum status sstable_properties_decode(
    struct span in, struct sstable_properties *out_properties, struct error *error);

/* Adds one more cell to the counts and bounds (all but rows, file and block figures). */
void sstable_properties_count(
    struct sstable_properties *properties, const struct cell *cell, bool is_new_row);

/* The value of an entry in an index: varint offset, varint size. */
#define BLOCK_HANDLE_MOST 20u
size_t block_handle_encode(struct block_handle handle, uint8_t out_bytes[BLOCK_HANDLE_MOST]);
/* STATUS_CORRUPT unless it holds a handle of a block that ends at or before `end`, and nothing
 * else. */
enum status block_handle_decode(
    struct span in, uint64_t end, struct block_handle *out_handle, struct error *error);

#endif
