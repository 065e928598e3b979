/* The shared directory: where everything lies (design 4), and the names in it.
 *
 *   cluster                             id and format version                        cluster.h
 *   lock                                held by a standalone store (its pid as text), or shared by
 *                                       a cluster's
 *   servers/<incarnation>/alive         its link count and mode say "may acknowledge"    seal.h
 *   servers/<incarnation>/<n>.log       segments of the tablet log               log_segment.h
 *   servers/<incarnation>/spare-<n>     a segment to be: never read
 *   servers/<incarnation>/reserve       space kept back for flush and manifest
 *   servers/<incarnation>/tmp-<n>       what is about to be linked somewhere else
 *   servers/<incarnation>/plan          after death: where each segment ends            plan.h
 *   sealed/<incarnation>                link to a dead incarnation's alive: the seal    seal.h
 *   namespaces/<name>.<n>               chained documents of others                    chain.h
 *   procedures/<id>.<n>
 *   history/master.<n>
 *   tables/<table>/descriptor.<n>       name, schema, state                       descriptor.h
 *   tables/<table>/tablets/<tablet>.<n> manifests                                   manifest.h
 *   tables/<table>/sst/<incarnation>-<n>.sst                                         sstable.h
 *   snapshots/
 *   trash/epoch-<n>/<ms>-<what>         unreferenced files and dropped tables, kept for a while  trash.h
 *
 * Every temporary lies in its own incarnation's folder, so other folders hold committed names only,
 * and what a crash leaves behind goes when the incarnation is collected.
 *
 * Names that come from users are encoded: bytes outside [A-Za-z0-9_,-] become %XX. Table, tablet
 * and file names are made by us and need none. */
#ifndef STELE_STORAGE_DIRECTORY_H
#define STELE_STORAGE_DIRECTORY_H

#include <stdatomic.h>

#include "base/env.h"
#include "base/limits.h"

/* A path in place, NUL-terminated. Builders CHECK that it fits: directory_init bounds what they are
 * made of. */
struct path {
    char text[LIMIT_PATH_SIZE];
};

#define DIRECTORY_ROOT_SIZE 2048 /* most bytes of a root's path */
#define DIRECTORY_NAME_SIZE                                                                        \
    240 /* most bytes of one encoded name, so that suffixes fit NAME_MAX                           \
         */

/* One incarnation's view of a root. Immutable after init but for the counters; any thread. */
struct directory {
    struct env *env;
    char root[DIRECTORY_ROOT_SIZE];
    char incarnation[DIRECTORY_NAME_SIZE + 1]; /* encoded; empty for tools, which write nothing */
    _Atomic uint64_t next_temporary;
    _Atomic uint64_t next_file; /* of SSTables */
};

/* Copies root and encodes the incarnation ("" for tools). STATUS_LIMIT when either is too long. */
enum status directory_init(struct directory *directory, struct env *env, const char *root,
    const char *incarnation, struct error *error);
/* Makes the folders of an empty root; those already there are fine. Syncs. */
enum status directory_make(const struct directory *directory, struct error *error);

/* "<root>/<format...>" */
void directory_path(const struct directory *directory, struct path *out_path, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
void directory_server_path(const struct directory *directory, const char *incarnation,
    const char *name, struct path *out_path); /* servers/<incarnation>/<name> */
void directory_segment_path(const struct directory *directory, const char *incarnation,
    uint64_t number, struct path *out_path);
void directory_seal_path(
    const struct directory *directory, const char *incarnation, struct path *out_path);
void directory_table_path(
    const struct directory *directory, const char *table_id, struct path *out_path);
void directory_tablets_path(
    const struct directory *directory, const char *table_id, struct path *out_path);
void directory_sstables_path(
    const struct directory *directory, const char *table_id, struct path *out_path);
/* file: the name a manifest holds, "<incarnation>-<n>.sst". */
void directory_sstable_path(const struct directory *directory, const char *table_id,
    const char *file, struct path *out_path);
void directory_temporary_path(struct directory *directory, struct path *out_path); /* a fresh one */

/* Size of a name that directory_sstable_name makes, NUL included. */
#define SSTABLE_NAME_SIZE (DIRECTORY_NAME_SIZE + 32)
/* A fresh SSTable name of this incarnation: never used before nor again. */
void directory_sstable_name(struct directory *directory, char out_name[SSTABLE_NAME_SIZE]);
/* Splits "<incarnation>-<n>.sst"; false when it is not one. out_incarnation holds
 * DIRECTORY_NAME_SIZE + 1. */
bool directory_sstable_name_parse(const char *name, char *out_incarnation, uint64_t *out_number);

/* Encodes a user's name into out_name[DIRECTORY_NAME_SIZE + 1]. STATUS_LIMIT when it does not fit.
 */
enum status directory_name_encode(struct span name, char *out_name, struct error *error);
/* The reverse, appended; STATUS_CORRUPT on a malformed name. */
enum status directory_name_decode(const char *name, struct buffer *out_name, struct error *error);
/* 1 to 32 of [0-9a-z-], as table and tablet ids are. */
bool directory_id_is_valid(const char *id);
/* "<stem><number><suffix>" with a plain decimal number and nothing else, e.g. ("12.log", "",
 * ".log"). */
bool directory_number_parse(
    const char *name, const char *stem, const char *suffix, uint64_t *out_number);

/* Whether a path is there; only a sure "no" answers false with STATUS_OK. */
enum status directory_exists(
    struct env *env, const char *path, bool *out_exists, struct error *error);
/* Makes a folder, its parent synced; already there is fine. */
enum status directory_make_folder(struct env *env, const char *path, struct error *error);

#endif
