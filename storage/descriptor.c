#include "storage/descriptor.h"

void descriptor_encode(const struct table_descriptor *descriptor, struct buffer *out_payload)
{
    buffer_put_u8(out_payload, (uint8_t)descriptor->state);
    table_schema_encode(&descriptor->schema, out_payload);
}

enum status descriptor_decode(const struct document *document, struct arena *arena,
    struct table_descriptor *out_descriptor, struct error *error)
{
    struct span in = document->payload;
    struct table_descriptor descriptor = {.version = document->version};
    uint8_t state;
    if (span_take_u8(&in, &state) || state > TABLE_DROPPED)
        return error_set(error, STATUS_CORRUPT, "descriptor payload at offset 0: state");
    descriptor.state = (enum table_state)state;
    if (document->subject.size >= TABLE_ID_SIZE)
        return error_set(error, STATUS_CORRUPT, "descriptor at offset 32: no table id");
    if (document->subject.size)
        memcpy(descriptor.id, document->subject.data, document->subject.size);
    enum status status = table_schema_decode(&in, arena, &descriptor.schema, error);
    if (status)
        return error_prefix(error, status, "descriptor of table %s", descriptor.id);
    if (in.size || document->comparator != (uint16_t)descriptor.schema.row_order)
        return error_set(error, STATUS_CORRUPT,
            "descriptor of table %s: %zu bytes left, comparator %u", descriptor.id, in.size,
            document->comparator);
    *out_descriptor = descriptor;
    return STATUS_OK;
}
