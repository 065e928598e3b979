/* Table descriptors: name, schema and state of a table, chained as tables/<table>/descriptor.<n>
 * (docs/formats/descriptor.md).
 *
 * Payload of the document: u8 state (enum table_state), then the schema (table_schema_encode).
 * Subject: the table's id. Comparator: the schema's row order. */
#ifndef STELE_STORAGE_DESCRIPTOR_H
#define STELE_STORAGE_DESCRIPTOR_H

#include "storage/chain.h"
#include "storage/storage.h"

void descriptor_encode(const struct table_descriptor *descriptor, struct buffer *out_payload);
/* Everything lands in arena. STATUS_CORRUPT. */
enum status descriptor_decode(const struct document *document, struct arena *arena,
    struct table_descriptor *out_descriptor, struct error *error);

#endif
