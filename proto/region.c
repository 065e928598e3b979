#include "proto/region.h"

#include <inttypes.h>

#include "base/limits.h"
#include "base/md5.h"
#include "model/schema.h"
#include "proto/wire.h"

void region_name_put(
    struct buffer *out, struct span table, struct span start_key, uint64_t region_id)
{
    size_t start = out->size;
    buffer_put(out, table);
    buffer_put_u8(out, ',');
    buffer_put(out, start_key);
    buffer_put_format(out, ",%" PRIu64, region_id);
    if (out->is_failed || span_equal(table, SPAN_LITERAL(META_TABLE_NAME)))
        return;
    char hex[2 * MD5_SIZE + 1];
    md5_hex(span_make(out->data + start, out->size - start), hex);
    buffer_put_format(out, ".%s.", hex);
}

struct span region_encoded_name(struct span name, char storage[ENCODED_NAME_SIZE + 1])
{
    if (span_equal(name, SPAN_LITERAL(META_REGION_NAME)))
        return SPAN_LITERAL(META_ENCODED_NAME);
    if (name.size > ENCODED_NAME_SIZE + 2 && name.data[name.size - 1] == '.' &&
        name.data[name.size - ENCODED_NAME_SIZE - 2] == '.')
        return span_slice(name, name.size - ENCODED_NAME_SIZE - 1, ENCODED_NAME_SIZE);
    md5_hex(name, storage);
    return span_string(storage);
}

enum status region_name_split(
    struct span name, struct span *out_table, struct span *out_start_key, struct span *out_id)
{
    size_t first = span_find(name, ','), last = span_find_last(name, ',');
    if (first == SIZE_MAX || first == last)
        return STATUS_INVALID;
    *out_table = span_slice(name, 0, first);
    *out_start_key = span_slice(name, first + 1, last - first - 1);
    *out_id = span_slice(name, last + 1, name.size - last - 1);
    return STATUS_OK;
}

void table_name_encode(struct buffer *out, struct span name)
{
    struct span namespace, qualifier;
    table_name_split(name, &namespace, &qualifier);
    wire_put_bytes(out, 1, namespace);
    wire_put_bytes(out, 2, qualifier);
}

enum status table_name_decode(
    struct span message, uint8_t *storage, struct span *out_name, struct error *error)
{
    struct span namespace, qualifier;
    if (wire_read_pair(message, &namespace, &qualifier) || qualifier.size == 0)
        return error_set(error, STATUS_INVALID, "table name is malformed");
    if (namespace.size == 0 || span_equal(namespace, SPAN_LITERAL("default"))) {
        *out_name = qualifier;
        return STATUS_OK;
    }
    if (namespace.size >= LIMIT_TABLE_NAME_SIZE ||
        qualifier.size > LIMIT_TABLE_NAME_SIZE - 1 - namespace.size)
        return error_set(error, STATUS_LIMIT,
            "table name of %zu bytes exceeds the limit of %d bytes",
            namespace.size + 1 + qualifier.size, LIMIT_TABLE_NAME_SIZE);
    memcpy(storage, namespace.data, namespace.size);
    storage[namespace.size] = ':';
    memcpy(storage + namespace.size + 1, qualifier.data, qualifier.size);
    *out_name = span_make(storage, namespace.size + 1 + qualifier.size);
    return STATUS_OK;
}

void region_info_encode(struct buffer *out, const struct region_info *info)
{
    wire_put_varint(out, 1, info->region_id);
    size_t mark = wire_begin(out, 2);
    table_name_encode(out, info->table);
    wire_end(out, mark);
    wire_put_bytes(out, 3, info->start_key);
    wire_put_bytes(out, 4, info->end_key);
    wire_put_bool(out, 5, info->is_offline);
    wire_put_bool(out, 6, info->is_split);
    wire_put_varint(out, 7, (uint64_t)(int64_t)info->replica_id);
}

enum status region_info_decode(
    struct span message, uint8_t *storage, struct region_info *out_info, struct error *error)
{
    struct region_info info = {0};
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_VARINT)) {
            info.region_id = field.value;
        } else if (wire_is(&field, 2, WIRE_BYTES)) {
            enum status inner = table_name_decode(field.bytes, storage, &info.table, error);
            if (inner)
                return inner;
        } else if (wire_is(&field, 3, WIRE_BYTES)) {
            info.start_key = field.bytes;
        } else if (wire_is(&field, 4, WIRE_BYTES)) {
            info.end_key = field.bytes;
        } else if (wire_is(&field, 5, WIRE_VARINT)) {
            info.is_offline = field.value != 0;
        } else if (wire_is(&field, 6, WIRE_VARINT)) {
            info.is_split = field.value != 0;
        } else if (wire_is(&field, 7, WIRE_VARINT)) {
            info.replica_id = (int32_t)field.value;
        }
    }
    if (status != STATUS_END || info.table.size == 0)
        return error_set(error, STATUS_INVALID, "region info is malformed");
    *out_info = info;
    return STATUS_OK;
}

void region_specifier_put(struct buffer *out, uint32_t number, struct region_specifier specifier)
{
    size_t mark = wire_begin(out, number);
    wire_put_varint(out, 1, specifier.is_encoded ? 2 : 1);
    wire_put_bytes(out, 2, specifier.value);
    wire_end(out, mark);
}

enum status region_specifier_decode(
    struct span message, struct region_specifier *out_specifier, struct error *error)
{
    struct region_specifier specifier = {0};
    struct wire_field field;
    uint64_t type = 0;
    enum status status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_VARINT))
            type = field.value;
        else if (wire_is(&field, 2, WIRE_BYTES))
            specifier.value = field.bytes;
    }
    if (status != STATUS_END || (type != 1 && type != 2) || specifier.value.size == 0)
        return error_set(error, STATUS_INVALID, "region specifier is malformed");
    specifier.is_encoded = type == 2;
    *out_specifier = specifier;
    return STATUS_OK;
}
