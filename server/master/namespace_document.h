/* The document of a namespace, chained under namespaces/ (docs/formats/namespace.md):
 *   u8 format (1), varint count, then count times: sized key, sized value. */
#ifndef STELE_SERVER_MASTER_NAMESPACE_DOCUMENT_H
#define STELE_SERVER_MASTER_NAMESPACE_DOCUMENT_H

#include "base/arena.h"
#include "model/schema.h"

void namespace_document_encode(
    const struct attribute *configuration, size_t count, struct buffer *out_bytes);
/* Copies into the arena. STATUS_CORRUPT, STATUS_NEWER_FORMAT, STATUS_NO_MEMORY. */
enum status namespace_document_decode(struct span bytes, struct arena *arena,
    struct attribute **out_configuration, size_t *out_count, struct error *error);

#endif
