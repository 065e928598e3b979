#include "server/web/web_gzip.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define STEP        (64u << 10)
#define LEVEL       4 /* half of the time of 6, for a twentieth more bytes */
#define WITH_HEAD   (16 + MAX_WBITS)
#define MEMORY      8 /* zlib's own default */
#define WEIGHT_NAME "q="

/* ---- Who takes it ---- */

/* "gzip;q=0.5" -> 0.5; 1 without a weight. `end` is behind the item. */
static double weight_of(const char *item, const char *end)
{
    const char *at = memchr(item, ';', (size_t)(end - item));
    while (at && at < end && (*at == ';' || isspace((unsigned char)*at)))
        at++;
    bool has_weight = at && end - at > 2 && strncasecmp(at, WEIGHT_NAME, 2) == 0;
    return has_weight ? strtod(at + 2, NULL) : 1;
}

static bool is_named(const char *item, const char *end, const char *name)
{
    size_t size = strlen(name);
    if ((size_t)(end - item) < size || strncasecmp(item, name, size) != 0)
        return false;
    const char *behind = item + size;
    return behind == end || *behind == ';' || isspace((unsigned char)*behind);
}

bool web_gzip_is_taken(const char *accept_encoding)
{
    bool is_any_taken = false;
    if (!accept_encoding)
        return false;
    for (const char *item = accept_encoding; *item;) {
        while (*item == ',' || isspace((unsigned char)*item))
            item++;
        const char *end = item + strcspn(item, ",");
        if (is_named(item, end, "gzip") || is_named(item, end, "x-gzip"))
            return weight_of(item, end) > 0;
        if (is_named(item, end, "*"))
            is_any_taken = weight_of(item, end) > 0;
        item = end;
    }
    return is_any_taken;
}

/* ---- Bytes ---- */

/* As much as one piece of room takes: `work` is deflate or inflate, whose answer it is. */
static int step(
    z_stream *stream, int (*work)(z_stream *stream, int flush), int flush, struct buffer *out)
{
    uint8_t *room = buffer_reserve(out, STEP);
    if (!room)
        return Z_MEM_ERROR;
    stream->next_out = room;
    stream->avail_out = STEP;
    int result = work(stream, flush);
    buffer_commit(out, STEP - stream->avail_out);
    return result;
}

bool web_gzip_pack(struct span bytes, struct buffer *out_packed)
{
    z_stream stream = {.next_in = (Bytef *)bytes.data, .avail_in = (uInt)bytes.size};
    if (bytes.size > UINT32_MAX ||
        deflateInit2(&stream, LEVEL, Z_DEFLATED, WITH_HEAD, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    int result = Z_OK;
    while (result == Z_OK && stream.total_out < bytes.size)
        result = step(&stream, deflate, Z_FINISH, out_packed);
    deflateEnd(&stream);
    bool is_small = result == Z_STREAM_END && !buffer_status(out_packed) &&
                    out_packed->size < bytes.size;
    if (!is_small)
        buffer_reset(out_packed);
    return is_small;
}

bool web_gzip_unpack(struct span packed, struct buffer *out_bytes)
{
    z_stream stream = {.next_in = (Bytef *)packed.data, .avail_in = (uInt)packed.size};
    int result = inflateInit2(&stream, WITH_HEAD);
    while (result == Z_OK)
        result = step(&stream, inflate, Z_NO_FLUSH, out_bytes);
    inflateEnd(&stream);
    return result == Z_STREAM_END;
}
