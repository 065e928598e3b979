#include "bench/hdr_log.h"

#include <zlib.h>

#define COOKIE            0x1c849313u /* V2, with 9-byte words */
#define COOKIE_COMPRESSED 0x1c849314u
#define HEADER_BYTES      40
#define HIGHEST_LEAST     ((uint64_t)1 << 42) /* 73 minutes: equal in all lines, so that logs add up */

bool hdr_log_begin(FILE *file, int64_t base_ms)
{
    double base_s = (double)base_ms / 1000;
    return fprintf(file,
               "#[Histogram log format version 1.3]\n"
               "#[BaseTime: %.3f (seconds since epoch)]\n"
               "#[StartTime: %.3f (seconds since epoch)]\n"
               "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
               "\"Interval_Compressed_Histogram\"\n",
               base_s, base_s) > 0;
}

/* A zigzag varint; counts stay far below the 2^56 from which on HdrHistogram's differ from others. */
static void put_count(struct buffer *bytes, int64_t count)
{
    buffer_put_varint(bytes, count < 0 ? ((uint64_t)-count << 1) - 1 : (uint64_t)count << 1);
}

/* Fills in a big-endian number whose place was left open. */
static void settle_u32(struct buffer *bytes, size_t at, size_t number)
{
    for (unsigned i = 0; i < 4 && !buffer_status(bytes); i++)
        bytes->data[at + i] = (uint8_t)(number >> (24 - 8 * i));
}

static void put_counts(struct buffer *bytes, const struct histogram *histogram)
{
    unsigned last = histogram_bucket_of(histogram_max(histogram));
    int64_t zeros = 0;
    for (unsigned i = 0; i <= last; i++) {
        uint64_t count = histogram_bucket(histogram, i);
        if (count == 0) {
            zeros++;
            continue;
        }
        if (zeros)
            put_count(bytes, -zeros);
        zeros = 0;
        put_count(bytes, (int64_t)count);
    }
}

void hdr_encode(const struct histogram *histogram, struct buffer *out_bytes)
{
    uint64_t highest = histogram_max(histogram) > HIGHEST_LEAST ? INT64_MAX : HIGHEST_LEAST;
    size_t start = out_bytes->size;
    buffer_put_be32(out_bytes, COOKIE);
    buffer_put_be32(out_bytes, 0); /* bytes of the counts: below */
    buffer_put_be32(out_bytes, 0); /* normalizing index offset */
    buffer_put_be32(out_bytes, HISTOGRAM_DIGITS);
    buffer_put_be64(out_bytes, 1); /* lowest value */
    buffer_put_be64(out_bytes, highest);
    buffer_put_be64(out_bytes, 0x3ff0000000000000u); /* ratio to doubles: 1.0 */
    put_counts(out_bytes, histogram);
    settle_u32(out_bytes, start + 4, out_bytes->size - start - HEADER_BYTES);
}

static void put_base64(FILE *file, struct span bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)bytes.data[i] << 16 |
                         (left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0) |
                         (left > 2 ? bytes.data[i + 2] : 0);
        fputc(digits[group >> 18], file);
        fputc(digits[group >> 12 & 63], file);
        fputc(left > 1 ? digits[group >> 6 & 63] : '=', file);
        fputc(left > 2 ? digits[group & 63] : '=', file);
    }
}

static bool put_histogram(FILE *file, const struct histogram *histogram)
{
    struct buffer plain = {0}, packed = {0};
    hdr_encode(histogram, &plain);
    uLongf size = compressBound(plain.size);
    buffer_put_be32(&packed, COOKIE_COMPRESSED);
    buffer_put_be32(&packed, 0); /* bytes that follow: below */
    uint8_t *room = buffer_reserve(&packed, size);
    bool is_good = !buffer_status(&plain) && room &&
                   compress2(room, &size, plain.data, plain.size, Z_DEFAULT_COMPRESSION) == Z_OK;
    if (is_good) {
        buffer_commit(&packed, size);
        settle_u32(&packed, 4, size);
        put_base64(file, buffer_span(&packed));
    }
    buffer_deinit(&plain);
    buffer_deinit(&packed);
    return is_good;
}

static bool put_line(FILE *file, const struct second *second, const char *tag, const char *kind,
    const struct histogram *histogram)
{
    if (!histogram || histogram_count(histogram) == 0)
        return true;
    fprintf(file, "Tag=%s%s,%.3f,%.3f,%.3f,", tag, kind, (double)second->number,
        (double)second->length_ns / 1e9, (double)histogram_max(histogram) / 1e6);
    return put_histogram(file, histogram) && fputc('\n', file) != EOF;
}

bool hdr_log_second(FILE *file, const struct second *second)
{
    for (int i = 0; i < OPERATION_COUNT && second->number >= 0; i++) {
        const char *tag = operation_name((enum operation)i);
        if (!put_line(file, second, tag, "", second->tallies[i].service) ||
            !put_line(file, second, tag, "-intended", second->tallies[i].intended))
            return false;
    }
    return fflush(file) == 0;
}
