#include "storage/block.h"

#include <xxhash.h>

#include "base/limits.h"
#include "storage/compress.h"

#define CHECKSUM_SIZE 8u

const char *block_kind_name(enum block_kind kind)
{
    switch (kind) {
    case BLOCK_DATA:
        return "data";
    case BLOCK_INDEX:
        return "index part";
    case BLOCK_TOP_INDEX:
        return "top index";
    case BLOCK_BLOOM:
        return "bloom part";
    case BLOCK_TOP_BLOOM:
        return "top bloom";
    case BLOCK_PROPERTIES:
        return "properties";
    }
    return "unknown";
}

static uint64_t checksum(struct span bytes, uint64_t identity, uint64_t offset)
{
    return XXH3_64bits_withSeed(bytes.data, bytes.size, identity + offset);
}

enum status block_seal(struct span raw, uint32_t restart_count, enum block_kind kind,
    enum compression codec, uint64_t identity, uint64_t offset, struct buffer *out_bytes)
{
    if (raw.size > LIMIT_BLOCK_SIZE)
        return STATUS_LIMIT;
    size_t start = out_bytes->size;
    uint8_t *packed = buffer_reserve(out_bytes, compress_bound(codec, raw.size));
    if (!packed)
        return buffer_status(out_bytes);
    size_t packed_size = 0;
    enum status status = compress_block(codec, raw, packed, &packed_size);
    if (status != STATUS_OK)
        return status;
    if (codec != COMPRESSION_NONE && packed_size > raw.size - raw.size / 8) {
        codec = COMPRESSION_NONE;
        packed_size = raw.size;
        memcpy(packed, raw.data, raw.size);
    }
    buffer_commit(out_bytes, packed_size);
    buffer_put_u32(out_bytes, (uint32_t)raw.size);
    buffer_put_u32(out_bytes, restart_count);
    buffer_put_u8(out_bytes, (uint8_t)kind);
    buffer_put_u8(out_bytes, (uint8_t)codec);
    buffer_put_u16(out_bytes, 0);
    status = buffer_status(out_bytes);
    if (status != STATUS_OK)
        return status;
    struct span covered = span_make(out_bytes->data + start, out_bytes->size - start);
    buffer_put_u64(out_bytes, checksum(covered, identity, offset));
    return buffer_status(out_bytes);
}

enum status block_check(struct span stored, enum block_kind kind, uint64_t identity,
    uint64_t offset, struct block_trailer *out_trailer, struct error *error)
{
    if (stored.size < BLOCK_TRAILER_SIZE)
        return error_set(
            error, STATUS_CORRUPT, "block of %zu bytes has no room for a trailer", stored.size);
    struct span covered = span_make(stored.data, stored.size - CHECKSUM_SIZE);
    uint64_t found = checksum(covered, identity, offset);
    uint64_t expected = load_u64(stored.data + covered.size);
    if (found != expected)
        return error_set(error, STATUS_CORRUPT, "checksum is %016llx, expected %016llx",
            (unsigned long long)found, (unsigned long long)expected);
    const uint8_t *bytes = stored.data + stored.size - BLOCK_TRAILER_SIZE;
    size_t packed_size = stored.size - BLOCK_TRAILER_SIZE;
    struct block_trailer trailer = {.raw_size = load_u32(bytes),
        .restart_count = load_u32(bytes + 4),
        .kind = (enum block_kind)bytes[8],
        .codec = (enum compression)bytes[9]};
    if (trailer.kind != kind)
        return error_set(error, STATUS_CORRUPT, "block is of kind %u (%s), expected %s", bytes[8],
            block_kind_name(trailer.kind), block_kind_name(kind));
    if (!compression_is_known(bytes[9]) || bytes[10] != 0 || bytes[11] != 0)
        return error_set(error, STATUS_CORRUPT, "codec %u or reserved bytes are unknown", bytes[9]);
    if (trailer.raw_size > LIMIT_BLOCK_SIZE ||
        !decompress_is_plausible(trailer.codec, packed_size, trailer.raw_size))
        return error_set(error, STATUS_CORRUPT, "%zu bytes of %s cannot hold %u", packed_size,
            compression_name(trailer.codec), trailer.raw_size);
    *out_trailer = trailer;
    return STATUS_OK;
}

enum status block_unpack(struct span stored, const struct block_trailer *trailer,
    uint8_t *out_bytes, struct error *error)
{
    struct span packed = span_make(stored.data, stored.size - BLOCK_TRAILER_SIZE);
    return decompress_block(trailer->codec, packed, out_bytes, trailer->raw_size, error);
}
