#include "model/charset.h"

#include <string.h>
#include <strings.h>

#define REPLACEMENT SPAN_LITERAL("\xef\xbf\xbd") /* U+FFFD */

static const struct {
    const char *name;
    enum charset charset;
} names[] = {
    {"UTF-8", CHARSET_UTF_8},
    {"UTF8", CHARSET_UTF_8},
    {"ISO-8859-1", CHARSET_LATIN_1},
    {"ISO8859-1", CHARSET_LATIN_1},
    {"ISO8859_1", CHARSET_LATIN_1},
    {"ISO_8859-1", CHARSET_LATIN_1},
    {"latin1", CHARSET_LATIN_1},
    {"l1", CHARSET_LATIN_1},
    {"US-ASCII", CHARSET_ASCII},
    {"ASCII", CHARSET_ASCII},
    {"ISO646-US", CHARSET_ASCII},
};

bool charset_find(struct span name, enum charset *out_charset)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (name.size == strlen(names[i].name) &&
            strncasecmp((const char *)name.data, names[i].name, name.size) == 0) {
            *out_charset = names[i].charset;
            return true;
        }
    }
    return false;
}

const char *charset_name(enum charset charset)
{
    for (size_t i = 0;; i++)
        if (names[i].charset == charset)
            return names[i].name;
}

static bool continues(struct span bytes, size_t at)
{
    return at < bytes.size && (bytes.data[at] & 0xc0) == 0x80;
}

/* The sizes in bytes of the first character: that of a whole one, and *out_malformed = false; or of what Java replaces
 * by one U+FFFD (sun.nio.cs.UTF_8: the lead alone, or the longest that might have gone on). */
static size_t first_character(struct span bytes, bool *out_malformed)
{
    uint8_t lead = bytes.data[0], second = bytes.size > 1 ? bytes.data[1] : 0;
    size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    bool is_surrogate = lead == 0xed && second >= 0xa0;
    *out_malformed = (lead >= 0x80 && lead < 0xc2) || lead > 0xf4 ||
                     (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90) ||
                     (lead == 0xf4 && second >= 0x90);
    if (*out_malformed)
        return 1;
    for (size_t i = 1; i < size; i++) {
        if (!continues(bytes, i)) {
            *out_malformed = true;
            return i;
        }
    }
    *out_malformed = is_surrogate;
    return size;
}

static void decode_utf_8(struct span bytes, struct buffer *out)
{
    while (bytes.size > 0) {
        bool is_malformed;
        size_t size = first_character(bytes, &is_malformed);
        buffer_put(out, is_malformed ? REPLACEMENT : span_make(bytes.data, size));
        bytes = span_slice(bytes, size, bytes.size - size);
    }
}

static bool is_utf_8(struct span bytes)
{
    while (bytes.size > 0) {
        bool is_malformed;
        size_t size = first_character(bytes, &is_malformed);
        if (is_malformed)
            return false;
        bytes = span_make(bytes.data + size, bytes.size - size);
    }
    return true;
}

static bool is_ascii(struct span bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i] >= 0x80)
            return false;
    return true;
}

struct span charset_decode(enum charset charset, struct span bytes, struct buffer *scratch)
{
    if (charset == CHARSET_UTF_8 ? is_utf_8(bytes) : is_ascii(bytes))
        return bytes;
    buffer_reset(scratch);
    if (charset == CHARSET_UTF_8) {
        decode_utf_8(bytes, scratch);
        return buffer_span(scratch);
    }
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[i];
        if (byte < 0x80)
            buffer_put_u8(scratch, byte);
        else if (charset == CHARSET_ASCII)
            buffer_put(scratch, REPLACEMENT);
        else
            buffer_put(scratch, span_make((uint8_t[]){0xc0 | byte >> 6, 0x80 | (byte & 0x3f)}, 2));
    }
    return buffer_span(scratch);
}
