/* Snapshots: the manifests of a table at a moment, kept as one document snapshots/<name>.<n>
 * (docs/formats/snapshot.md). What they point at is not collected while the document is there.
 *
 * Payload (integers little-endian, `v` varint, `s` varint size and bytes):
 *   s table id; u64 created (ms); u64 time to live (s; 0 = for ever); u32 type; s owner;
 *   s schema (table_schema_encode)
 *   u16 format of the manifests; v manifests { s payload (manifest.h) }, in order of start rows
 *
 * The document's subject is the snapshot's name, its comparator the table's row order. The manifests
 * say closed: an owner of that moment means nothing later.
 *
 * Threads: any that may block. */
#ifndef STELE_STORAGE_SNAPSHOT_H
#define STELE_STORAGE_SNAPSHOT_H

#include "storage/manifest.h"

struct snapshot {
    struct snapshot_info info;
    struct manifest *manifests;
    size_t manifest_count;
};

/* STATUS_NO_MEMORY. */
enum status snapshot_encode(const struct snapshot *snapshot, struct buffer *out_payload);
/* Everything lands in arena; nothing borrows from the document. STATUS_CORRUPT. */
enum status snapshot_decode(const struct document *document, struct arena *arena,
    struct snapshot *out_snapshot, struct error *error);

/* STATUS_NOT_FOUND. */
enum status snapshot_read(const struct directory *directory, struct span name, struct arena *arena,
    struct snapshot *out_snapshot, struct error *error);
/* In order of encoded names. */
enum status snapshot_list(const struct directory *directory, struct arena *arena,
    enum status (*each)(void *context, const struct snapshot *snapshot, struct error *error),
    void *context, struct error *error);

#endif
