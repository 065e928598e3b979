/* Splits and merges: how tablets become others by pointer (design 4, 7).
 *
 *     split:  parent.n closed -> parent.n+1 split(A, B)  ->  A.1, B.1 closed
 *     merge:  P.n, Q.m closed -> P.n+1, Q.m+1 merged(M)  ->  M.1 closed
 *
 * The parents' manifests are the commit: from then on nobody opens a parent (the open rule), and
 * what they hold is fixed. They keep their files, and say of each child all that is needed to make
 * its first manifest, so that whoever comes by completes what a crash cut: repeating the call,
 * opening the child, `fsck --repair`; listing shows it meanwhile. A merge has happened once all
 * parents say so; a parent that says so while its neighbour is not closed yet waits for it.
 *
 * A zombie of a master that wakes in the middle finds every number taken: a parent's next, or a
 * child's first, or (when the first was collected) a higher one beside it (chain.h).
 *
 * Pointers to a parent's files count as references until its children have manifests of their own.
 *
 * Threads: any that may block; results live in the caller's arena. */
#ifndef STELE_STORAGE_LINEAGE_H
#define STELE_STORAGE_LINEAGE_H

#include "storage/manifest.h"

struct store;

/* The newest manifests of a table, in order of tablet ids. */
struct manifest_set {
    struct arena *arena; /* holds all of it */
    struct manifest **items;
    size_t count;
    size_t capacity;
};

/* A tablet whose newest manifest is damaged: all that is known of it. In the set's arena. */
struct damaged_manifest {
    struct damaged_manifest *next;
    char tablet_id[TABLET_ID_SIZE];
    const char *why; /* names the file */
};

enum status manifest_set_read(const struct directory *directory, const char *table_id,
    struct arena *arena, struct manifest_set *out_set, struct error *error);
/* The same, and they will be there: no host's crash takes them back (chain_make_sure). STATUS_SUPERSEDED: look again. */
enum status manifest_set_read_durable(const struct directory *directory, const char *table_id,
    struct arena *arena, struct manifest_set *out_set, struct error *error);
/* The same as the first, but tablets whose newest manifest is damaged are left out, and named (manifest_list_undamaged). */
enum status manifest_set_read_undamaged(const struct directory *directory, const char *table_id,
    struct arena *arena, struct manifest_set *out_set, struct damaged_manifest **out_damaged,
    struct error *error);
/* Adds one that is in the arena; keeps no order. STATUS_NO_MEMORY. */
enum status manifest_set_add(
    struct manifest_set *set, struct manifest *manifest, struct error *error);
void manifest_set_sort(struct manifest_set *set); /* by tablet ids */
/* Of a sorted set; NULL when there is none. */
const struct manifest *manifest_set_find(const struct manifest_set *set, const char *tablet_id);

/* Whether all its children have manifests: then its own files and dead logs count no more. False for
 * one that is neither split nor merged. */
bool lineage_is_settled(const struct manifest_set *set, const struct manifest *manifest);
/* The first manifests (version 0) of children that have none though their parents say all: appended
 * to *out_missing, an empty set. */
enum status lineage_missing(
    const struct manifest_set *set, struct manifest_set *out_missing, struct error *error);
/* Commits the first manifest of one such child, or of all (tablet_id NULL). STATUS_NOT_FOUND: it is
 * no such child. STATUS_CORRUPT: or nobody can say, for a manifest of the table is damaged (named). */
enum status lineage_complete(
    struct directory *directory, const char *table_id, const char *tablet_id, struct error *error);

#endif
