/* Bloom filters of rows, blocked: all bits of a row lie in one cache line, so a probe costs one
 * miss.
 *
 * A filter is an array of 64-byte lines. A row's XXH3-64 picks the line with its high half and six
 * of the line's 512 bits with its low half (multiplied by the golden ratio for each next bit; the
 * top nine bits of the product are the bit's number, least significant bit of byte 0 first). At 10
 * bits a row about one absent row in a hundred is let through. This is the file's format
 * (docs/formats/sstable.md).
 *
 * Pure functions. */
#ifndef STELE_STORAGE_BLOOM_H
#define STELE_STORAGE_BLOOM_H

#include "base/bytes.h"

#define BLOOM_LINE_BYTES   64u
#define BLOOM_BITS_PER_ROW 10u

uint64_t bloom_hash(struct span row);
/* Bytes of a filter for that many rows (at least 1): whole lines. */
size_t bloom_size(size_t row_count);
/* Fills filter[0, bloom_size(count)). */
void bloom_build(const uint64_t *hashes, size_t count, uint8_t *filter);
/* `filter` is whole lines, at least one. */
bool bloom_may_contain(struct span filter, uint64_t hash);

#endif
