/* Table and family schemas between the wire and the model (facts: hbase-rpc 8). Attributes travel
 * verbatim, in their order. Decoding fills names and attributes only; table_schema_check parses and
 * judges them. Decoded schemas borrow from the message; arrays, and a table's "ns:name", are in the
 * arena. */
#ifndef STELE_PROTO_SCHEMA_MESSAGE_H
#define STELE_PROTO_SCHEMA_MESSAGE_H

#include "base/arena.h"
#include "model/schema.h"

/* The fields of a TableSchema. */
void table_schema_message_encode(struct buffer *out, const struct table_schema *schema);
enum status table_schema_message_decode(
    struct span message, struct arena *arena, struct table_schema *out_schema, struct error *error);

/* The fields of a ColumnFamilySchema. */
void family_schema_message_encode(struct buffer *out, const struct family_schema *family);
enum status family_schema_message_decode(struct span message, struct arena *arena,
    struct family_schema *out_family, struct error *error);

/* The fields of a NamespaceDescriptor{name, configuration}. */
struct namespace_schema {
    struct span name;
    struct attribute *configuration;
    size_t configuration_count;
};
void namespace_message_encode(struct buffer *out, const struct namespace_schema *schema);
enum status namespace_message_decode(struct span message, struct arena *arena,
    struct namespace_schema *out_schema, struct error *error);

#endif
