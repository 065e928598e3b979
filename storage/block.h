/* How any block of an SSTable lies in its file: packed bytes, then a trailer of 20 bytes:
 *
 *   u32 raw size        bytes after decompression
 *   u32 restart count   of blocks of cells (storage/sorted_block.h); 0 for others
 *   u8  kind            enum block_kind
 *   u8  codec           enum compression
 *   u16 zero
 *   u64 XXH3-64 of the packed bytes and the 12 trailer bytes above, seeded with file identity +
 * block offset
 *
 * The seed makes a block that was written or read at the wrong place, or in the wrong file, a
 * damaged one. Nothing is parsed, and no size believed, before the checksum has been compared.
 *
 * Pure functions. */
#ifndef STELE_STORAGE_BLOCK_H
#define STELE_STORAGE_BLOCK_H

#include "base/bytes.h"
#include "model/schema.h"

#define BLOCK_TRAILER_SIZE 20u

enum block_kind {
    BLOCK_DATA = 1,
    BLOCK_INDEX = 2,
    BLOCK_TOP_INDEX = 3,
    BLOCK_BLOOM = 4,
    BLOCK_TOP_BLOOM = 5,
    BLOCK_PROPERTIES = 6,
};

/* Where a block lies; size counts the trailer. size 0 = no block. */
struct block_handle {
    uint64_t offset;
    uint32_t size;
};

struct block_trailer {
    uint32_t raw_size;
    uint32_t restart_count;
    enum block_kind kind;
    enum compression codec;
};

const char *block_kind_name(enum block_kind kind);

/* Appends the block as it will lie at `offset`. It is packed with `codec` when that saves at least
 * an eighth, and stored plain otherwise. STATUS_LIMIT when raw is over LIMIT_BLOCK_SIZE;
 * STATUS_NO_MEMORY. */
enum status block_seal(struct span raw, uint32_t restart_count, enum block_kind kind,
    enum compression codec, uint64_t identity, uint64_t offset, struct buffer *out_bytes);

/* Checks the checksum of a whole stored block, then the trailer: kind, codec, possible sizes.
 * STATUS_CORRUPT. */
enum status block_check(struct span stored, enum block_kind kind, uint64_t identity,
    uint64_t offset, struct block_trailer *out_trailer, struct error *error);
/* Decompresses a checked block into out[0, trailer->raw_size). */
enum status block_unpack(struct span stored, const struct block_trailer *trailer,
    uint8_t *out_bytes, struct error *error);

#endif
