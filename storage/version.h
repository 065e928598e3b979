/* Versions: what a tablet consists of at a moment, as readers see it.
 *
 * A version is an immutable list, per family, of memtables and SSTables that together hold every
 * cell. Whatever changes the list (a memtable is made at a first write, frozen, flushed; files are
 * compacted; the schema is altered) builds another version and puts it in the place of the old one;
 * readers keep the one they began with, and with it all it points to, by a reference. Inside a
 * version only the active memtables grow, and what they gain is above a reader's read point.
 *
 * `tablet_file` is an SSTable as one tablet uses it: with the manifest's entry for it. When it has
 * been dropped from the manifest and the last version with it goes, it is given to the collector.
 *
 * Threads: versions and files are immutable but for their atomic reference counts. */
#ifndef STELE_STORAGE_VERSION_H
#define STELE_STORAGE_VERSION_H

#include <stdatomic.h>

#include "model/schema.h"
#include "storage/collector.h"
#include "storage/directory.h"
#include "storage/manifest.h"
#include "storage/memtable.h"
#include "storage/sstable.h"

/* A schema in force, now or earlier; kept by the tablet until it is freed. */
struct tablet_schema {
    struct tablet_schema *older;
    struct arena arena;
    struct table_schema schema;
};

struct tablet_file {
    _Atomic uint32_t references;
    _Atomic bool is_dropped; /* no manifest names it any more */
    struct sstable *table;
    struct manifest_file entry;  /* spans lie behind the struct; entry.family is not kept up */
    struct collector *collector; /* NULL: the file is nobody's to collect (tests) */
};

/* The manifest's entry for a whole new file; `name` is borrowed. */
void tablet_file_describe(struct manifest_file *out_entry, const char *table_id, const char *name,
    const struct sstable_properties *properties);
/* Takes the SSTable over, copies the entry. NULL on no memory: the SSTable is unreferenced. */
struct tablet_file *tablet_file_new(
    struct sstable *table, const struct manifest_file *entry, struct collector *collector);
struct tablet_file *tablet_file_ref(struct tablet_file *file);
void tablet_file_unref(struct tablet_file *file); /* NULL is fine */

struct version_family {
    const struct family_schema *schema;
    struct memtable *active;  /* NULL until the next write */
    uint64_t active_since_ns; /* monotonic: when `active` was made, for the oldest cell in it */
    struct memtable **frozen; /* on their way into SSTables, newest first */
    size_t frozen_count;
    struct tablet_file **files; /* in the manifest's order: oldest data first */
    size_t file_count;
    uint64_t flushed_sequence;
    int64_t major_compacted_ms;
};

struct version {
    _Atomic uint32_t references;
    const struct table_schema *schema;
    size_t family_count;
    struct version_family families[]; /* sorted by name, as the schema's */
};

/* Without cells. NULL on no memory. The schema must live as long as the version. */
struct version *version_new(const struct table_schema *schema);
/* A copy with one reference, sharing all it points to; its lists have room for `frozen_room` and
 * `file_room` more entries a family, which the builder may append (taking references over). NULL on
 * no memory. */
struct version *version_copy(const struct version *from, size_t frozen_room, size_t file_room);
/* As version_copy, under another schema: families by name; those gone are left out, those new begin
 * behind last_sequence: nothing older can be theirs. */
struct version *version_copy_altered(
    const struct version *from, const struct table_schema *schema, uint64_t last_sequence);
void version_ref(struct version *version);
void version_unref(struct version *version); /* NULL is fine */

/* NULL when absent. */
struct version_family *version_find_family(struct version *version, struct span name);

#endif
