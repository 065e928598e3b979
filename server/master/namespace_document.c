#include "server/master/namespace_document.h"

#include "base/limits.h"

#define NAMESPACE_FORMAT 1

void namespace_document_encode(
    const struct attribute *configuration, size_t count, struct buffer *out_bytes)
{
    buffer_put_u8(out_bytes, NAMESPACE_FORMAT);
    buffer_put_varint(out_bytes, count);
    for (size_t i = 0; i < count; i++) {
        buffer_put_sized(out_bytes, configuration[i].key);
        buffer_put_sized(out_bytes, configuration[i].value);
    }
}

enum status namespace_document_decode(struct span bytes, struct arena *arena,
    struct attribute **out_configuration, size_t *out_count, struct error *error)
{
    uint8_t format;
    uint64_t count;
    if (span_take_u8(&bytes, &format))
        return error_set(error, STATUS_CORRUPT, "namespace document is empty");
    if (format != NAMESPACE_FORMAT)
        return error_set(error, STATUS_NEWER_FORMAT,
            "namespace document has format %u, this program knows %u", format, NAMESPACE_FORMAT);
    if (span_take_varint(&bytes, &count) || count > LIMIT_SCHEMA_ATTRIBUTES)
        return error_set(error, STATUS_CORRUPT, "namespace document has no count of properties");
    struct attribute *configuration = arena_allocate_zeroed(
        arena, count ? (size_t)count : 1, sizeof *configuration);
    if (!configuration)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a namespace");
    for (uint64_t i = 0; i < count; i++) {
        struct span key, value;
        if (span_take_sized(&bytes, &key) || span_take_sized(&bytes, &value))
            return error_set(error, STATUS_CORRUPT, "namespace document ends in property %llu",
                (unsigned long long)i);
        configuration[i] = (struct attribute){arena_copy(arena, key), arena_copy(arena, value)};
    }
    *out_configuration = configuration;
    *out_count = (size_t)count;
    return STATUS_OK;
}
