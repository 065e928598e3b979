/* Bytes: borrowed spans, bounds-checked readers, a growable buffer and its writers.
 *
 * Every integer that comes from or goes to disk or wire passes through here; nothing casts structs
 * over bytes. On-disk integers are little-endian (`u32`), HBase's and ZooKeeper's wire is
 * big-endian (`be32`).
 *
 * Readers: `span_take_*(&in, &value)` removes from the front of `in`. They return true when the
 * bytes were NOT there (so failures chain with ||), leaving `in` and `value` untouched.
 *
 * Writers: `buffer_put_*` append; when memory or the buffer's limit runs out the buffer is marked
 * failed, later puts do nothing, and `buffer_status` says so once at the end. */
#ifndef STELE_BASE_BYTES_H
#define STELE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/status.h"

/* Borrowed bytes: whoever made the span says how long they live. */
struct span {
    const uint8_t *data;
    size_t size;
};

#define SPAN_EMPTY         ((struct span){NULL, 0})
#define SPAN_LITERAL(text) ((struct span){(const uint8_t *)(text), sizeof(text) - 1})

static inline struct span span_make(const void *data, size_t size)
{
    return (struct span){(const uint8_t *)data, size};
}

static inline struct span span_string(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

/* Unsigned lexicographic order, shorter first on a tie: <0, 0, >0. */
static inline int span_compare(struct span a, struct span b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size ? memcmp(a.data, b.data, size) : 0;
    if (order)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool span_starts_with(struct span bytes, struct span prefix)
{
    return bytes.size >= prefix.size &&
           (prefix.size == 0 || memcmp(bytes.data, prefix.data, prefix.size) == 0);
}

/* How many bytes both begin with. */
static inline size_t span_common(struct span a, struct span b)
{
    size_t both = a.size < b.size ? a.size : b.size, at = 0;
    while (at < both && a.data[at] == b.data[at])
        at++;
    return at;
}

/* bytes[from, from+size), which must lie within. */
struct span span_slice(struct span bytes, size_t from, size_t size);

/* Index of the first / last `byte`, or SIZE_MAX. */
size_t span_find(struct span bytes, uint8_t byte);
size_t span_find_last(struct span bytes, uint8_t byte);

bool span_take_u8(struct span *in, uint8_t *out_value);
bool span_take_u16(struct span *in, uint16_t *out_value);
bool span_take_u32(struct span *in, uint32_t *out_value);
bool span_take_u64(struct span *in, uint64_t *out_value);
bool span_take_be16(struct span *in, uint16_t *out_value);
bool span_take_be32(struct span *in, uint32_t *out_value);
bool span_take_be64(struct span *in, uint64_t *out_value);
bool span_take_long_varint(struct span *in, uint64_t *out_value);
/* LEB128, at most 10 bytes; an overlong or overflowing varint is "not there". */
static inline bool span_take_varint(struct span *in, uint64_t *out_value)
{
    if (in->size == 0 || in->data[0] >= 0x80)
        return span_take_long_varint(in, out_value);
    *out_value = in->data[0]; /* nearly every one: a size, a key of a field */
    in->data++;
    in->size--;
    return false;
}
bool span_take_bytes(struct span *in, size_t size, struct span *out_bytes);
/* A varint size, then that many bytes. */
static inline bool span_take_sized(struct span *in, struct span *out_bytes)
{
    struct span rest = *in;
    uint64_t size;
    if (span_take_varint(&rest, &size) || size > rest.size)
        return true;
    *out_bytes = (struct span){rest.data, (size_t)size};
    *in = (struct span){rest.data + size, rest.size - (size_t)size};
    return false;
}

static inline uint32_t load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t load_u64(const uint8_t *p)
{
    return (uint64_t)load_u32(p) | (uint64_t)load_u32(p + 4) << 32;
}

static inline uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[3] | (uint32_t)p[2] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[0] << 24;
}

static inline uint64_t load_be64(const uint8_t *p)
{
    return (uint64_t)load_be32(p + 4) | (uint64_t)load_be32(p) << 32;
}

void store_u32(uint8_t *p, uint32_t value);
void store_u64(uint8_t *p, uint64_t value);
void store_be16(uint8_t *p, uint16_t value);
void store_be32(uint8_t *p, uint32_t value);
void store_be64(uint8_t *p, uint64_t value);
/* Writes at most 10 bytes, returns how many. */
size_t store_varint(uint8_t *p, uint64_t value);
size_t varint_size(uint64_t value);

/* A growable byte array. Zero-initialised is a valid empty buffer without limit. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit;       /* greatest size allowed; 0 = none */
    bool is_failed;     /* a put ran out of memory or over the limit */
    bool is_over_limit; /* ... and it was the limit */
};

void buffer_deinit(struct buffer *buffer);
/* Empties, keeps the memory, forgets a failure. */
void buffer_reset(struct buffer *buffer);
/* Makes room for `size` more bytes and returns where they go (not yet counted: buffer_commit), or
 * NULL. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t size);
void buffer_commit(struct buffer *buffer, size_t size);
void buffer_put(struct buffer *buffer, struct span bytes);
void buffer_put_u8(struct buffer *buffer, uint8_t value);
void buffer_put_u16(struct buffer *buffer, uint16_t value);
void buffer_put_u32(struct buffer *buffer, uint32_t value);
void buffer_put_u64(struct buffer *buffer, uint64_t value);
void buffer_put_be16(struct buffer *buffer, uint16_t value);
void buffer_put_be32(struct buffer *buffer, uint32_t value);
void buffer_put_be64(struct buffer *buffer, uint64_t value);
void buffer_put_varint(struct buffer *buffer, uint64_t value);
void buffer_put_sized(struct buffer *buffer, struct span bytes);
void buffer_put_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* HBase's Bytes.toStringBinary: printable ASCII but backslash as is, all else \xHH in upper case.
 */
void buffer_put_escaped(struct buffer *buffer, struct span bytes);
struct span buffer_span(const struct buffer *buffer);
/* STATUS_OK, or STATUS_NO_MEMORY / STATUS_LIMIT after a failed put. */
enum status buffer_status(const struct buffer *buffer);

/* Undoes buffer_put_escaped (HBase's Bytes.toBytesBinary: \xHH, all else literal). False on no
 * memory. */
bool bytes_unescape(struct span text, struct buffer *out_bytes);

#endif
