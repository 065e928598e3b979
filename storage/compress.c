#include "storage/compress.h"

#include <lz4.h>
#include <snappy-c.h>
#include <stdatomic.h>
#include <zlib.h>
#include <zstd.h>

#include "base/limits.h"
#include "base/memory.h"

#define ZSTD_LEVEL 3
#define GZIP_LEVEL 6

_Static_assert(LIMIT_BLOCK_SIZE <= LZ4_MAX_INPUT_SIZE, "a block fits every codec");

const char *compression_name(enum compression codec)
{
    switch (codec) {
    case COMPRESSION_NONE:
        return "none";
    case COMPRESSION_LZ4:
        return "lz4";
    case COMPRESSION_ZSTD:
        return "zstd";
    case COMPRESSION_SNAPPY:
        return "snappy";
    case COMPRESSION_GZIP:
        return "gzip";
    }
    return "unknown";
}

bool compression_is_known(unsigned codec)
{
    return codec <= COMPRESSION_GZIP;
}

size_t compress_bound(enum compression codec, size_t raw_size)
{
    switch (codec) {
    case COMPRESSION_NONE:
        return raw_size;
    case COMPRESSION_LZ4:
        return (size_t)LZ4_compressBound((int)raw_size);
    case COMPRESSION_ZSTD:
        return ZSTD_compressBound(raw_size);
    case COMPRESSION_SNAPPY:
        return snappy_max_compressed_length(raw_size);
    case COMPRESSION_GZIP:
        return compressBound((uLong)raw_size);
    }
    return raw_size;
}

/* zstd's contexts take long to make and are needed a block at a time by any thread: a few lie ready
 * for whoever comes. They are never freed: there are at most as many as threads that worked at
 * once. */
#define ZSTD_READY 8

static _Atomic(ZSTD_CCtx *) ready_compressors[ZSTD_READY];
static _Atomic(ZSTD_DCtx *) ready_decompressors[ZSTD_READY];

static ZSTD_CCtx *zstd_compressor_take(void)
{
    for (size_t i = 0; i < ZSTD_READY; i++) {
        ZSTD_CCtx *context = atomic_exchange(&ready_compressors[i], NULL);
        if (context)
            return context;
    }
    return ZSTD_createCCtx();
}

static void zstd_compressor_give(ZSTD_CCtx *context)
{
    for (size_t i = 0; i < ZSTD_READY; i++) {
        ZSTD_CCtx *none = NULL;
        if (atomic_compare_exchange_strong(&ready_compressors[i], &none, context))
            return;
    }
    ZSTD_freeCCtx(context);
}

static ZSTD_DCtx *zstd_decompressor_take(void)
{
    for (size_t i = 0; i < ZSTD_READY; i++) {
        ZSTD_DCtx *context = atomic_exchange(&ready_decompressors[i], NULL);
        if (context)
            return context;
    }
    return ZSTD_createDCtx();
}

static void zstd_decompressor_give(ZSTD_DCtx *context)
{
    for (size_t i = 0; i < ZSTD_READY; i++) {
        ZSTD_DCtx *none = NULL;
        if (atomic_compare_exchange_strong(&ready_decompressors[i], &none, context))
            return;
    }
    ZSTD_freeDCtx(context);
}

static voidpf zlib_allocate(voidpf context, uInt count, uInt size)
{
    (void)context;
    return memory_allocate_zeroed(count, size);
}

static void zlib_release(voidpf context, voidpf memory)
{
    (void)context;
    memory_free(memory);
}

static enum status gzip_compress(struct span raw, uint8_t *out_bytes, size_t *out_size)
{
    z_stream stream = {.zalloc = zlib_allocate, .zfree = zlib_release};
    if (deflateInit(&stream, GZIP_LEVEL) != Z_OK)
        return STATUS_NO_MEMORY;
    stream.next_in = (Bytef *)raw.data;
    stream.avail_in = (uInt)raw.size;
    stream.next_out = out_bytes;
    stream.avail_out = (uInt)compress_bound(COMPRESSION_GZIP, raw.size);
    int code = deflate(&stream, Z_FINISH);
    *out_size = stream.total_out;
    deflateEnd(&stream);
    return code == Z_STREAM_END ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status gzip_decompress(
    struct span packed, uint8_t *out_bytes, size_t raw_size, struct error *error)
{
    z_stream stream = {.zalloc = zlib_allocate, .zfree = zlib_release};
    if (inflateInit(&stream) != Z_OK)
        return error_set(error, STATUS_NO_MEMORY, "no memory to inflate");
    stream.next_in = (Bytef *)packed.data;
    stream.avail_in = (uInt)packed.size;
    stream.next_out = out_bytes;
    stream.avail_out = (uInt)raw_size;
    int code = inflate(&stream, Z_FINISH);
    bool is_whole = code == Z_STREAM_END && stream.total_out == raw_size && stream.avail_in == 0;
    inflateEnd(&stream);
    if (code == Z_MEM_ERROR)
        return error_set(error, STATUS_NO_MEMORY, "no memory to inflate");
    if (!is_whole)
        return error_set(error, STATUS_CORRUPT, "gzip stream does not hold %zu bytes", raw_size);
    return STATUS_OK;
}

enum status compress_block(
    enum compression codec, struct span raw, uint8_t *out_bytes, size_t *out_size)
{
    size_t bound = compress_bound(codec, raw.size);
    switch (codec) {
    case COMPRESSION_LZ4: {
        int size = LZ4_compress_default(
            (const char *)raw.data, (char *)out_bytes, (int)raw.size, (int)bound);
        if (size <= 0)
            return STATUS_NO_MEMORY;
        *out_size = (size_t)size;
        return STATUS_OK;
    }
    case COMPRESSION_ZSTD: {
        ZSTD_CCtx *context = zstd_compressor_take();
        if (!context)
            return STATUS_NO_MEMORY;
        size_t size = ZSTD_compressCCtx(context, out_bytes, bound, raw.data, raw.size, ZSTD_LEVEL);
        zstd_compressor_give(context);
        if (ZSTD_isError(size))
            return STATUS_NO_MEMORY;
        *out_size = size;
        return STATUS_OK;
    }
    case COMPRESSION_SNAPPY: {
        size_t size = bound;
        if (snappy_compress((const char *)raw.data, raw.size, (char *)out_bytes, &size) !=
            SNAPPY_OK)
            return STATUS_NO_MEMORY;
        *out_size = size;
        return STATUS_OK;
    }
    case COMPRESSION_GZIP:
        return gzip_compress(raw, out_bytes, out_size);
    case COMPRESSION_NONE:
        break;
    }
    memcpy(out_bytes, raw.data, raw.size);
    *out_size = raw.size;
    return STATUS_OK;
}

bool decompress_is_plausible(enum compression codec, size_t packed_size, size_t raw_size)
{
    /* The most that one byte of input can stand for, from each format's longest run. */
    size_t most = 1;
    switch (codec) {
    case COMPRESSION_NONE:
        return packed_size == raw_size;
    case COMPRESSION_LZ4:
        most = 255;
        break;
    case COMPRESSION_ZSTD:
        most = 128u << 10;
        break;
    case COMPRESSION_SNAPPY:
        most = 64;
        break;
    case COMPRESSION_GZIP:
        most = 1032;
        break;
    }
    return packed_size > 0 && raw_size / most <= packed_size;
}

enum status decompress_block(enum compression codec, struct span packed, uint8_t *out_bytes,
    size_t raw_size, struct error *error)
{
    if (packed.size > LIMIT_BLOCK_SIZE * 2u || raw_size > LIMIT_BLOCK_SIZE)
        return error_set(error, STATUS_CORRUPT, "block of %zu bytes is over the limit", raw_size);
    switch (codec) {
    case COMPRESSION_NONE:
        if (packed.size != raw_size)
            break;
        memcpy(out_bytes, packed.data, raw_size);
        return STATUS_OK;
    case COMPRESSION_LZ4: {
        int size = LZ4_decompress_safe(
            (const char *)packed.data, (char *)out_bytes, (int)packed.size, (int)raw_size);
        if (size < 0 || (size_t)size != raw_size)
            break;
        return STATUS_OK;
    }
    case COMPRESSION_ZSTD: {
        ZSTD_DCtx *context = zstd_decompressor_take();
        if (!context)
            return error_set(error, STATUS_NO_MEMORY, "no memory for zstd");
        size_t size = ZSTD_decompressDCtx(context, out_bytes, raw_size, packed.data, packed.size);
        zstd_decompressor_give(context);
        if (ZSTD_isError(size) || size != raw_size)
            break;
        return STATUS_OK;
    }
    case COMPRESSION_SNAPPY: {
        size_t size = 0;
        if (snappy_uncompressed_length((const char *)packed.data, packed.size, &size) !=
                SNAPPY_OK ||
            size != raw_size)
            break;
        if (snappy_uncompress((const char *)packed.data, packed.size, (char *)out_bytes, &size) !=
                SNAPPY_OK ||
            size != raw_size)
            break;
        return STATUS_OK;
    }
    case COMPRESSION_GZIP:
        return gzip_decompress(packed, out_bytes, raw_size, error);
    }
    return error_set(error, STATUS_CORRUPT, "%s stream does not hold %zu bytes",
        compression_name(codec), raw_size);
}
