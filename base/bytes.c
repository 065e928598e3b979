#include "base/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"

enum { VARINT_SIZE_MAX = 10, BUFFER_CAPACITY_MIN = 64 };

/* ---- Spans ---- */

struct span span_slice(struct span bytes, size_t from, size_t size)
{
    assert(from <= bytes.size && size <= bytes.size - from);
    return size ? span_make(bytes.data + from, size) : SPAN_EMPTY;
}

size_t span_find(struct span bytes, uint8_t byte)
{
    const uint8_t *found = bytes.size ? memchr(bytes.data, byte, bytes.size) : NULL;
    return found ? (size_t)(found - bytes.data) : SIZE_MAX;
}

size_t span_find_last(struct span bytes, uint8_t byte)
{
    const uint8_t *found = bytes.size ? memrchr(bytes.data, byte, bytes.size) : NULL;
    return found ? (size_t)(found - bytes.data) : SIZE_MAX;
}

/* ---- Readers: true = the bytes are not there ---- */

static void drop_front(struct span *in, size_t size)
{
    in->data += size;
    in->size -= size;
}

bool span_take_u8(struct span *in, uint8_t *out_value)
{
    if (in->size < 1)
        return true;
    *out_value = in->data[0];
    drop_front(in, 1);
    return false;
}

bool span_take_u16(struct span *in, uint16_t *out_value)
{
    if (in->size < 2)
        return true;
    *out_value = (uint16_t)(in->data[0] | in->data[1] << 8);
    drop_front(in, 2);
    return false;
}

bool span_take_u32(struct span *in, uint32_t *out_value)
{
    if (in->size < 4)
        return true;
    *out_value = load_u32(in->data);
    drop_front(in, 4);
    return false;
}

bool span_take_u64(struct span *in, uint64_t *out_value)
{
    if (in->size < 8)
        return true;
    *out_value = load_u64(in->data);
    drop_front(in, 8);
    return false;
}

bool span_take_be16(struct span *in, uint16_t *out_value)
{
    if (in->size < 2)
        return true;
    *out_value = (uint16_t)(in->data[0] << 8 | in->data[1]);
    drop_front(in, 2);
    return false;
}

bool span_take_be32(struct span *in, uint32_t *out_value)
{
    if (in->size < 4)
        return true;
    *out_value = load_be32(in->data);
    drop_front(in, 4);
    return false;
}

bool span_take_be64(struct span *in, uint64_t *out_value)
{
    if (in->size < 8)
        return true;
    *out_value = load_be64(in->data);
    drop_front(in, 8);
    return false;
}

bool span_take_long_varint(struct span *in, uint64_t *out_value)
{
    const uint8_t *bytes = in->data;
    size_t most = in->size < VARINT_SIZE_MAX ? in->size : VARINT_SIZE_MAX, last = 0;
    uint64_t value = 0;
    while (last < most && bytes[last] & 0x80) {
        value |= (uint64_t)(bytes[last] & 0x7f) << (7 * last);
        last++;
    }
    if (last == most)
        return true;
    if (bytes[last] == 0 && last > 0)
        return true; /* overlong: every number has one form */
    if (last == VARINT_SIZE_MAX - 1 && bytes[last] > 1)
        return true; /* more than 64 bits */
    *out_value = value | (uint64_t)bytes[last] << (7 * last);
    drop_front(in, last + 1);
    return false;
}

bool span_take_bytes(struct span *in, size_t size, struct span *out_bytes)
{
    if (in->size < size)
        return true;
    *out_bytes = span_make(in->data, size);
    if (size)
        drop_front(in, size);
    return false;
}

/* ---- Stores ---- */

void store_u32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    p[2] = (uint8_t)(value >> 16);
    p[3] = (uint8_t)(value >> 24);
}

void store_u64(uint8_t *p, uint64_t value)
{
    store_u32(p, (uint32_t)value);
    store_u32(p + 4, (uint32_t)(value >> 32));
}

void store_be16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

void store_be32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

void store_be64(uint8_t *p, uint64_t value)
{
    store_be32(p, (uint32_t)(value >> 32));
    store_be32(p + 4, (uint32_t)value);
}

size_t store_varint(uint8_t *p, uint64_t value)
{
    size_t size = 0;
    while (value >= 0x80) {
        p[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    p[size++] = (uint8_t)value;
    return size;
}

size_t varint_size(uint64_t value)
{
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

/* ---- Buffer ---- */

void buffer_deinit(struct buffer *buffer)
{
    if (!buffer)
        return;
    memory_free(buffer->data);
    *buffer = (struct buffer){.limit = buffer->limit};
}

void buffer_reset(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->is_failed = false;
    buffer->is_over_limit = false;
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (buffer->is_failed)
        return NULL;
    size_t needed;
    if (__builtin_add_overflow(buffer->size, size, &needed) ||
        (buffer->limit && needed > buffer->limit)) {
        buffer->is_failed = true;
        buffer->is_over_limit = true;
        return NULL;
    }
    if (needed <= buffer->capacity && buffer->data)
        return buffer->data + buffer->size;

    size_t capacity = buffer->capacity > SIZE_MAX / 2 ? needed : buffer->capacity * 2;
    if (capacity < needed)
        capacity = needed;
    if (capacity < BUFFER_CAPACITY_MIN)
        capacity = BUFFER_CAPACITY_MIN;
    uint8_t *data = memory_reallocate(buffer->data, capacity);
    if (!data) {
        buffer->is_failed = true;
        return NULL;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return data + buffer->size;
}

void buffer_commit(struct buffer *buffer, size_t size)
{
    assert(size <= buffer->capacity - buffer->size);
    buffer->size += size;
}

void buffer_put(struct buffer *buffer, struct span bytes)
{
    uint8_t *p = buffer_reserve(buffer, bytes.size);
    if (!p || bytes.size == 0)
        return;
    memcpy(p, bytes.data, bytes.size);
    buffer->size += bytes.size;
}

void buffer_put_u8(struct buffer *buffer, uint8_t value)
{
    uint8_t *p = buffer_reserve(buffer, 1);
    if (!p)
        return;
    *p = value;
    buffer->size += 1;
}

void buffer_put_u16(struct buffer *buffer, uint16_t value)
{
    uint8_t *p = buffer_reserve(buffer, 2);
    if (!p)
        return;
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    buffer->size += 2;
}

void buffer_put_u32(struct buffer *buffer, uint32_t value)
{
    uint8_t *p = buffer_reserve(buffer, 4);
    if (!p)
        return;
    store_u32(p, value);
    buffer->size += 4;
}

void buffer_put_u64(struct buffer *buffer, uint64_t value)
{
    uint8_t *p = buffer_reserve(buffer, 8);
    if (!p)
        return;
    store_u64(p, value);
    buffer->size += 8;
}

void buffer_put_be16(struct buffer *buffer, uint16_t value)
{
    uint8_t *p = buffer_reserve(buffer, 2);
    if (!p)
        return;
    store_be16(p, value);
    buffer->size += 2;
}

void buffer_put_be32(struct buffer *buffer, uint32_t value)
{
    uint8_t *p = buffer_reserve(buffer, 4);
    if (!p)
        return;
    store_be32(p, value);
    buffer->size += 4;
}

void buffer_put_be64(struct buffer *buffer, uint64_t value)
{
    uint8_t *p = buffer_reserve(buffer, 8);
    if (!p)
        return;
    store_be64(p, value);
    buffer->size += 8;
}

void buffer_put_varint(struct buffer *buffer, uint64_t value)
{
    uint8_t encoded[VARINT_SIZE_MAX];
    buffer_put(buffer, span_make(encoded, store_varint(encoded, value)));
}

void buffer_put_sized(struct buffer *buffer, struct span bytes)
{
    buffer_put_varint(buffer, bytes.size);
    buffer_put(buffer, bytes);
}

void buffer_put_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    char none[1];
    int size = vsnprintf(none, 0, format, arguments);
    /* vsnprintf also writes the NUL: it needs the room, we do not count it. */
    uint8_t *p = size < 0 ? NULL : buffer_reserve(buffer, (size_t)size);
    if (p && buffer->capacity - buffer->size > (size_t)size) {
        vsnprintf((char *)p, (size_t)size + 1, format, again);
        buffer->size += (size_t)size;
    } else if (p) {
        char *text = memory_allocate((size_t)size + 1);
        if (text) {
            vsnprintf(text, (size_t)size + 1, format, again);
            buffer_put(buffer, span_make(text, (size_t)size));
            memory_free(text);
        } else {
            buffer->is_failed = true;
        }
    } else {
        buffer->is_failed = true;
    }
    va_end(again);
    va_end(arguments);
}

void buffer_put_escaped(struct buffer *buffer, struct span bytes)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[i];
        if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
            buffer_put_u8(buffer, byte);
        } else {
            char escaped[4] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
            buffer_put(buffer, span_make(escaped, sizeof(escaped)));
        }
    }
}

struct span buffer_span(const struct buffer *buffer)
{
    return span_make(buffer->data, buffer->size);
}

enum status buffer_status(const struct buffer *buffer)
{
    if (!buffer->is_failed)
        return STATUS_OK;
    return buffer->is_over_limit ? STATUS_LIMIT : STATUS_NO_MEMORY;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool bytes_unescape(struct span text, struct buffer *out_bytes)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte == '\\' && text.size - i >= 4 && text.data[i + 1] == 'x') {
            int high = hex_digit(text.data[i + 2]);
            int low = hex_digit(text.data[i + 3]);
            if (high >= 0 && low >= 0) {
                byte = (uint8_t)(high << 4 | low);
                i += 3;
            }
        }
        buffer_put_u8(out_bytes, byte);
    }
    return !out_bytes->is_failed;
}
