/* What manifests say, in the words of storage.h. Private to storage/. */
#ifndef STELE_STORAGE_TABLETS_H
#define STELE_STORAGE_TABLETS_H

#include "storage/manifest.h"

struct store;

/* Spans borrow from the manifest, or live in arena. */
enum status tablet_info_read(const struct manifest *manifest, struct arena *arena,
    struct tablet_info *out_info, struct error *error);

/* Number 1 of a tablet: closed and empty. Spans are borrowed. */
void tablets_first_manifest(
    const char *table_id, const struct tablet_info *info, struct manifest *out_manifest);
/* Commits the first manifests of many tablets of one table; those that are there with that range and
 * region id are left. STATUS_EXISTS: there with another. Blocks. */
enum status tablets_commit_first(struct store *store, const char *table_id,
    const struct manifest *manifests, size_t count, struct error *error);

/* Gives the collector every file that the manifest names; those that something else names stay. Any. */
void tablets_give_up_files(struct store *store, const struct manifest *manifest);

#endif
