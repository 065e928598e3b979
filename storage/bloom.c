#include "storage/bloom.h"

#include <xxhash.h>

#define BITS_PER_LINE (BLOOM_LINE_BYTES * 8u)
#define PROBES        6
#define GOLDEN        0x9e3779b9u

uint64_t bloom_hash(struct span row)
{
    return XXH3_64bits(row.data, row.size);
}

size_t bloom_size(size_t row_count)
{
    size_t lines = (row_count * BLOOM_BITS_PER_ROW + BITS_PER_LINE - 1) / BITS_PER_LINE;
    return (lines ? lines : 1) * BLOOM_LINE_BYTES;
}

static size_t line_offset(uint64_t hash, size_t size)
{
    uint64_t lines = size / BLOOM_LINE_BYTES;
    return (size_t)(((hash >> 32) * lines) >> 32) * BLOOM_LINE_BYTES;
}

void bloom_build(const uint64_t *hashes, size_t count, uint8_t *filter)
{
    size_t size = bloom_size(count);
    memset(filter, 0, size);
    for (size_t i = 0; i < count; i++) {
        uint8_t *line = filter + line_offset(hashes[i], size);
        uint32_t bits = (uint32_t)hashes[i];
        for (int probe = 0; probe < PROBES; probe++, bits *= GOLDEN)
            line[bits >> 26] = (uint8_t)(line[bits >> 26] | 1u << (bits >> 23 & 7));
    }
}

bool bloom_may_contain(struct span filter, uint64_t hash)
{
    const uint8_t *line = filter.data + line_offset(hash, filter.size);
    uint32_t bits = (uint32_t)hash;
    for (int probe = 0; probe < PROBES; probe++, bits *= GOLDEN) {
        if (!(line[bits >> 26] >> (bits >> 23 & 7) & 1))
            return false;
    }
    return true;
}
