/* Manifests: what a tablet is, as a chain of files tables/<table>/tablets/<tablet>.<n>
 * (design 4, 7; docs/formats/manifest.md).
 *
 * The newest manifest is the whole truth about a tablet: its range, who owns it, which SSTables
 * count and for which part of it, up to which sequence each family is in them, and which dead logs
 * still hold records that are in no SSTable. Replay into memory is not durability: a dead log stays
 * on the list until a flush has covered it, and its segments stay while a newest manifest lists
 * them.
 *
 * Payload of the document (integers little-endian, `v` varint, `s` varint size and bytes):
 *   u8 state; s table id; s tablet id; u64 region id; s start row; s end row;
 *   s owner ("" unless open); u64 open sequence; u64 last sequence; u64 last timestamp (ms);
 *   u64 written at (ms)
 *   v parents { s tablet id }
 *   v children { s tablet id; u64 region id; s start row; s end row }  (format 1: the id alone)
 *   v families { s name; v flushed sequence; u64 major compacted at (ms) }
 *   v files { s table id; s file; v family (index); s start row; s end row; u64 identity;
 *             v size; v raw bytes; v cells; v deletes; v min sequence; v max sequence;
 *             u64 min timestamp; u64 max timestamp; v level }
 *   v dead logs { s incarnation; u64 plan checksum; v from sequence }
 *   s nonces (the tablet's own: what a retry must still find after a flush or a move)
 *
 * The document's comparator is the table's row order, its subject "<table>/<tablet>", its version
 * the number. */
#ifndef STELE_STORAGE_MANIFEST_H
#define STELE_STORAGE_MANIFEST_H

#include "base/arena.h"
#include "model/cell.h"
#include "storage/chain.h"
#include "storage/storage.h"

struct manifest_family {
    struct span name;
    uint64_t flushed_sequence;  /* every record at or below it is in `files`, as far as this family
                                   goes */
    int64_t major_compacted_ms; /* 0 = never */
};

/* A pointer to an SSTable: the cells of it with rows in [start_row, end_row). */
struct manifest_file {
    char table_id[TABLE_ID_SIZE]; /* whose sst/ folder holds it: another's after a clone */
    struct span file;             /* "<incarnation>-<n>.sst" */
    uint32_t family;              /* index into families */
    struct span start_row;        /* both empty = all of it */
    struct span end_row;
    uint64_t identity; /* as in its properties: a file under a wrong name is found */
    uint64_t size_bytes;
    uint64_t raw_bytes;
    uint64_t cell_count;
    uint64_t delete_count;
    uint64_t min_sequence;
    uint64_t max_sequence;
    int64_t min_timestamp;
    int64_t max_timestamp;
    uint64_t level; /* the compaction policy's own; 0 = from a flush */
};

/* True when only a part of the file counts, or it is another table's: a tablet that owns its data alone has none. */
bool manifest_file_is_reference(const struct manifest_file *file, const char *table_id);

/* A tablet that this one has become, as it is to be made: so that a crash before its first manifest
 * leaves all that is needed to make it. */
struct manifest_child {
    char id[TABLET_ID_SIZE];
    uint64_t region_id; /* 0 in format 1 */
    struct span start_row;
    struct span end_row;
};

struct manifest_dead_log {
    struct span incarnation; /* encoded, as in paths */
    uint64_t plan_checksum;  /* of the plan that was followed; 0 in tests only */
    uint64_t from_sequence;  /* records at or above it are needed */
};

struct manifest {
    uint64_t version; /* in the chain; 0 = none committed yet */
    enum row_order row_order;
    enum tablet_state state;
    char table_id[TABLE_ID_SIZE];
    char tablet_id[TABLET_ID_SIZE];
    uint64_t region_id;
    struct span start_row;
    struct span end_row;
    struct span owner; /* incarnation, encoded; empty unless open */
    uint64_t open_sequence;
    uint64_t last_sequence;    /* greatest given when it was written (exact when closed) */
    int64_t last_timestamp_ms; /* greatest assigned when it was written (exact when closed) */
    int64_t written_ms;        /* wall clock, for people; set by manifest_commit */
    struct span *parents;      /* tablet ids */
    size_t parent_count;
    struct manifest_child *children; /* of state split: A, B; merged: M */
    size_t child_count;
    struct manifest_family *families;
    size_t family_count;
    struct manifest_file *files; /* in the order the owner keeps them */
    size_t file_count;
    struct manifest_dead_log *dead_logs;
    size_t dead_log_count;
    struct span nonces; /* opaque here */
};

void manifest_encode(const struct manifest *manifest, struct buffer *out_payload);
/* Everything lands in arena; nothing borrows from payload. format_version: the document's. */
enum status manifest_decode(struct span payload, uint16_t format_version, struct arena *arena,
    struct manifest *out_manifest, struct error *error);

/* The newest. STATUS_NOT_FOUND when the tablet has none. Everything lands in arena. */
enum status manifest_read(const struct directory *directory, const char *table_id,
    const char *tablet_id, struct arena *arena, struct manifest *out_manifest, struct error *error);
/* The same, and it will be there: no host's crash takes it back (chain_make_sure). */
enum status manifest_read_durable(const struct directory *directory, const char *table_id,
    const char *tablet_id, struct arena *arena, struct manifest *out_manifest, struct error *error);
/* Reads one file, for tools; checks that it lies under the name it says. */
enum status manifest_read_file(struct env *env, const char *path, struct arena *arena,
    struct manifest *out_manifest, struct error *error);

/* Commits `count` manifests of one table, each as number version + 1; on success their versions
 * have risen and they are durable. STATUS_SUPERSEDED: somebody else owns the tablet now; the caller
 * must end the process (store_fatal) if it believed to be the owner. The older numbers are removed
 * after. Blocks. */
enum status manifest_commit(
    struct directory *directory, struct manifest *manifests, size_t count, struct error *error);

/* Newest manifest of every tablet of a table, in order of tablet ids. STATUS_NOT_FOUND from the
 * folder's absence means no tablets. *manifest lives in arena. */
enum status manifest_list(const struct directory *directory, const char *table_id,
    struct arena *arena,
    enum status (*each)(void *context, const struct manifest *manifest, struct error *error),
    void *context, struct error *error);
/* The same, but a tablet whose newest manifest is damaged (STATUS_CORRUPT) ends nothing: damaged() is told of it,
 * with the reason, which names the file. For those who serve the others; who deletes, or copies pointers, must
 * not go on without it. */
enum status manifest_list_undamaged(const struct directory *directory, const char *table_id,
    struct arena *arena,
    enum status (*each)(void *context, const struct manifest *manifest, struct error *error),
    enum status (*damaged)(
        void *context, const char *tablet_id, const struct error *why, struct error *error),
    void *context, struct error *error);

#endif
