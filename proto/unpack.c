#include "proto/unpack.h"

#include "base/limits.h"
#include "proto/wire.h"

/* What protobuf-c allocates for one message: the struct, and for each field its strings, bytes,
 * array slots and submessages. Counted here from above. */
static enum status message_check(const ProtobufCMessageDescriptor *descriptor, struct span bytes,
    unsigned depth, uint64_t *cost, uint64_t cap)
{
    if (depth > LIMIT_PROTOBUF_DEPTH)
        return STATUS_LIMIT;
    *cost += descriptor->sizeof_message + 16;
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&bytes, &field))) {
        *cost += 32; /* an array slot, or an unknown field's entry, with the array's doubling */
        if (field.type == WIRE_BYTES) {
            *cost += field.bytes.size + 16;
            const ProtobufCFieldDescriptor *known = protobuf_c_message_descriptor_get_field(
                descriptor, field.number);
            if (known && known->label == PROTOBUF_C_LABEL_REPEATED &&
                known->type != PROTOBUF_C_TYPE_STRING && known->type != PROTOBUF_C_TYPE_BYTES &&
                known->type != PROTOBUF_C_TYPE_MESSAGE)
                *cost += field.bytes.size * 8; /* packed */
            if (known && known->type == PROTOBUF_C_TYPE_MESSAGE) {
                enum status inner = message_check(
                    known->descriptor, field.bytes, depth + 1, cost, cap);
                if (inner)
                    return inner;
            }
        }
        if (*cost > cap)
            return STATUS_LIMIT;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

/* Where protobuf-c takes memory from. It does not tell whether there was none. */
struct source {
    struct arena *arena;
    bool is_exhausted;
};

static void *source_allocate(void *context, size_t size)
{
    struct source *source = context;
    void *memory = arena_allocate(source->arena, size);
    source->is_exhausted |= !memory;
    return memory;
}

static void source_ignore_free(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

ProtobufCMessage *message_unpack(const ProtobufCMessageDescriptor *descriptor, struct span bytes,
    struct arena *arena, struct error *error)
{
    uint64_t cap = (uint64_t)bytes.size * LIMIT_PROTOBUF_MEMORY_FACTOR + (1u << 20);
    uint64_t cost = 0;
    enum status status = message_check(descriptor, bytes, 1, &cost, cap);
    if (status) {
        error_set(error, status,
            status == STATUS_LIMIT ? "%s is nested too deep or too costly to decode"
                                   : "%s is malformed",
            descriptor->name);
        return NULL;
    }
    struct source source = {.arena = arena};
    ProtobufCAllocator allocator = {source_allocate, source_ignore_free, &source};
    ProtobufCMessage *message = protobuf_c_message_unpack(
        descriptor, &allocator, bytes.size, bytes.data);
    if (!message && source.is_exhausted)
        error_set(error, STATUS_NO_MEMORY, "no memory for %s", descriptor->name);
    else if (!message)
        error_set(
            error, STATUS_INVALID, "%s is malformed or misses a required field", descriptor->name);
    return message;
}

void message_pack(const ProtobufCMessage *message, struct buffer *out)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *at = buffer_reserve(out, size);
    if (at)
        buffer_commit(out, protobuf_c_message_pack(message, at));
}
