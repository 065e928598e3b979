/* Protobuf fields by hand: for the messages of the data path (reads, writes, batches, scans,
 * results), which go straight between bytes and the model with no message object in between. All
 * other messages pass through protobuf-c (proto/unpack.h). Field numbers are those of the .proto
 * files here.
 *
 * Reading is bounds-checked and never recurses by itself; spans point into the input. Writing
 * appends to a buffer and fails as buffers do. */
#ifndef STELE_PROTO_WIRE_H
#define STELE_PROTO_WIRE_H

#include "base/bytes.h"
#include "base/status.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t value;    /* WIRE_VARINT, WIRE_FIXED64, WIRE_FIXED32 */
    struct span bytes; /* WIRE_BYTES */
};

/* Takes the next field off `in`. STATUS_END at the end, STATUS_INVALID on malformed bytes (groups
 * too: proto2 groups do not occur): then *out_field says nothing. The members of other types are empty. */
enum status wire_take(struct span *in, struct wire_field *out_field);

/* True when the field is number `number` with that type. A known number of another type is skipped,
 * as protobuf does. */
static inline bool wire_is(const struct wire_field *field, uint32_t number, enum wire_type type)
{
    return field->number == number && field->type == type;
}

void wire_put_varint(struct buffer *out, uint32_t number, uint64_t value);
void wire_put_bool(struct buffer *out, uint32_t number, bool value);
void wire_put_bytes(struct buffer *out, uint32_t number, struct span bytes);
void wire_put_fixed32(struct buffer *out, uint32_t number, uint32_t value);
/* A submessage: begin, put its fields, end with what begin gave. Costs one move of the submessage
 * when it is over 127 bytes. */
size_t wire_begin(struct buffer *out, uint32_t number);
void wire_end(struct buffer *out, size_t mark);
/* The same without a field number: for a message that follows its own length, as on the RPC stream.
 */
size_t wire_begin_sized(struct buffer *out);

/* {name, value} pairs: NameBytesPair and BytesBytesPair have this shape. */
void wire_put_pair(struct buffer *out, uint32_t number, struct span name, struct span value);
enum status wire_read_pair(struct span message, struct span *out_name, struct span *out_value);

#endif
