/* protobuf-c messages in an arena, with caps.
 *
 * protobuf-c itself trusts its input: it has no depth limit and no cap on what a message may cost
 * in memory. So the bytes are walked once by descriptor before they are unpacked, without recursion
 * on the input beyond LIMIT_PROTOBUF_DEPTH: malformed fields, nesting too deep or a cost over the
 * cap are STATUS_INVALID or STATUS_LIMIT there, and the unpacking itself allocates from the arena
 * only, nothing to free after it. */
#ifndef STELE_PROTO_UNPACK_H
#define STELE_PROTO_UNPACK_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"

/* Decodes `bytes` as a message of that type. The message lives in the arena and, unlike the rest of
 * proto/, holds copies of its bytes. At most LIMIT_PROTOBUF_MEMORY_FACTOR * size + 1 MiB are
 * allocated. Errors name the message type. A missing required field is STATUS_INVALID.
 *   Hbase__Pb__Master *master =
 *       (void *)message_unpack(&hbase__pb__master__descriptor, bytes, &arena, error); */
ProtobufCMessage *message_unpack(const ProtobufCMessageDescriptor *descriptor, struct span bytes,
    struct arena *arena, struct error *error);

/* Appends the packed message. */
void message_pack(const ProtobufCMessage *message, struct buffer *out);

/* Bytes of a protobuf-c message as a span, and back. */
static inline struct span binary_span(ProtobufCBinaryData bytes)
{
    return span_make(bytes.data, bytes.len);
}

static inline ProtobufCBinaryData span_binary(struct span bytes)
{
    return (ProtobufCBinaryData){bytes.size, (uint8_t *)(uintptr_t)bytes.data};
}

#endif
