#include "proto/wire.h"

enum status wire_take(struct span *in, struct wire_field *out_field)
{
    if (in->size == 0)
        return STATUS_END;
    struct span rest = *in;
    uint64_t key;
    if (span_take_varint(&rest, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX >> 3)
        return STATUS_INVALID;
    *out_field = (struct wire_field){
        .number = (uint32_t)(key >> 3),
        .type = (enum wire_type)(key & 7),
    };
    bool is_short;
    uint32_t low = 0;
    switch (out_field->type) {
    case WIRE_VARINT:
        is_short = span_take_varint(&rest, &out_field->value);
        break;
    case WIRE_FIXED64:
        is_short = span_take_u64(&rest, &out_field->value);
        break;
    case WIRE_FIXED32:
        is_short = span_take_u32(&rest, &low);
        out_field->value = low;
        break;
    case WIRE_BYTES:
        is_short = span_take_sized(&rest, &out_field->bytes);
        break;
    default:
        return STATUS_INVALID;
    }
    if (is_short)
        return STATUS_INVALID;
    *in = rest;
    return STATUS_OK;
}

static void put_key(struct buffer *out, uint32_t number, enum wire_type type)
{
    buffer_put_varint(out, (uint64_t)number << 3 | type);
}

void wire_put_varint(struct buffer *out, uint32_t number, uint64_t value)
{
    put_key(out, number, WIRE_VARINT);
    buffer_put_varint(out, value);
}

void wire_put_bool(struct buffer *out, uint32_t number, bool value)
{
    wire_put_varint(out, number, value);
}

void wire_put_bytes(struct buffer *out, uint32_t number, struct span bytes)
{
    put_key(out, number, WIRE_BYTES);
    buffer_put_sized(out, bytes);
}

void wire_put_fixed32(struct buffer *out, uint32_t number, uint32_t value)
{
    put_key(out, number, WIRE_FIXED32);
    buffer_put_u32(out, value);
}

size_t wire_begin_sized(struct buffer *out)
{
    buffer_put_u8(out, 0);
    return out->size;
}

size_t wire_begin(struct buffer *out, uint32_t number)
{
    put_key(out, number, WIRE_BYTES);
    return wire_begin_sized(out);
}

void wire_end(struct buffer *out, size_t mark)
{
    if (out->is_failed)
        return;
    size_t size = out->size - mark;
    size_t extra = varint_size(size) - 1;
    if (extra) {
        if (!buffer_reserve(out, extra))
            return;
        memmove(out->data + mark + extra, out->data + mark, size);
        buffer_commit(out, extra);
    }
    store_varint(out->data + mark - 1, size);
}

void wire_put_pair(struct buffer *out, uint32_t number, struct span name, struct span value)
{
    size_t size = 2 + varint_size(name.size) + name.size + varint_size(value.size) + value.size;
    put_key(out, number, WIRE_BYTES);
    buffer_put_varint(out, size);
    wire_put_bytes(out, 1, name);
    wire_put_bytes(out, 2, value);
}

enum status wire_read_pair(struct span message, struct span *out_name, struct span *out_value)
{
    struct span name = SPAN_EMPTY, value = SPAN_EMPTY;
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            name = field.bytes;
        else if (wire_is(&field, 2, WIRE_BYTES))
            value = field.bytes;
    }
    if (status != STATUS_END)
        return status;
    *out_name = name;
    *out_value = value;
    return STATUS_OK;
}
