/* The block codecs of SSTables: none, lz4, zstd, snappy, gzip (zlib's wrapper of deflate).
 *
 * Numbers of codecs are enum compression's and stand in files. Decompression trusts nothing: it
 * writes exactly the size asked for or fails, and a caller can ask first whether a claimed size is
 * possible at all, before allocating it.
 *
 * Threads: any. */
#ifndef STELE_STORAGE_COMPRESS_H
#define STELE_STORAGE_COMPRESS_H

#include "base/bytes.h"
#include "model/schema.h"

/* "none", "lz4", ...; "unknown" for other numbers. */
const char *compression_name(enum compression codec);
bool compression_is_known(unsigned codec);

/* Room that compress_block needs for raw_size bytes (at most LIMIT_BLOCK_SIZE). */
size_t compress_bound(enum compression codec, size_t raw_size);
/* Compresses into out[0, compress_bound). STATUS_NO_MEMORY is the only failure. COMPRESSION_NONE
 * copies. */
enum status compress_block(
    enum compression codec, struct span raw, uint8_t *out_bytes, size_t *out_size);

/* False when no valid stream of packed_size bytes can hold raw_size bytes. */
bool decompress_is_plausible(enum compression codec, size_t packed_size, size_t raw_size);
/* Fills out[0, raw_size) exactly; anything else is STATUS_CORRUPT with the reason. */
enum status decompress_block(enum compression codec, struct span packed, uint8_t *out_bytes,
    size_t raw_size, struct error *error);

#endif
