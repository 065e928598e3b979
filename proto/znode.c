#include "proto/znode.h"

void znode_head_put(struct buffer *out, struct span id)
{
    buffer_put_u8(out, 0xff);
    buffer_put_be32(out, (uint32_t)id.size);
    buffer_put(out, id);
    buffer_put(out, SPAN_LITERAL(PBUF_MAGIC));
}

enum status pbuf_unwrap(struct span data, struct span *out_message, struct error *error)
{
    struct span magic = SPAN_LITERAL(PBUF_MAGIC);
    if (!span_starts_with(data, magic))
        return error_set(error, STATUS_INVALID,
            "a message of %zu bytes does not begin with " PBUF_MAGIC, data.size);
    *out_message = span_slice(data, magic.size, data.size - magic.size);
    return STATUS_OK;
}

enum status znode_unwrap(struct span data, struct span *out_message, struct error *error)
{
    uint8_t first;
    uint32_t id_size;
    struct span id;
    if (data.size > 0 && data.data[0] == 0xff)
        if (span_take_u8(&data, &first) || span_take_be32(&data, &id_size) ||
            span_take_bytes(&data, id_size, &id))
            return error_set(error, STATUS_INVALID, "znode data ends within its head");
    return pbuf_unwrap(data, out_message, error);
}
