/* What is made of snapshots: clones, and tables put back (storage.h). Both only write manifests that
 * point at the snapshot's files, with the collector held until these count. */
#include <inttypes.h>

#include "storage/lineage.h"
#include "storage/recovery.h"
#include "storage/snapshot.h"
#include "storage/store.h"
#include "storage/tablets.h"

static const struct manifest *find_tablet(
    const struct manifest *manifests, size_t count, const char *tablet_id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(manifests[i].tablet_id, tablet_id) == 0)
            return &manifests[i];
    return NULL;
}

/* Gives `to` the contents of `from`: all of it is in files. False on no memory. */
static bool take_contents(struct manifest *to, const struct manifest *from, struct arena *arena)
{
    if (from->last_sequence > to->last_sequence)
        to->last_sequence = from->last_sequence;
    if (from->last_timestamp_ms > to->last_timestamp_ms)
        to->last_timestamp_ms = from->last_timestamp_ms;
    to->files = from->files;
    to->file_count = from->file_count;
    to->family_count = from->family_count;
    to->families = arena_allocate_zeroed(arena, from->family_count + 1, sizeof(*to->families));
    if (!to->families)
        return false;
    for (size_t i = 0; i < from->family_count; i++) {
        to->families[i] = from->families[i];
        to->families[i].flushed_sequence = to->last_sequence;
    }
    return true;
}

/* ---- Clones ---- */

static enum status make_clone(const struct snapshot *snapshot, const char *table_id,
    const struct tablet_clone *clone, struct arena *arena, struct manifest *out_manifest,
    struct error *error)
{
    const struct manifest *source = find_tablet(
        snapshot->manifests, snapshot->manifest_count, clone->source_id);
    if (!source)
        return error_set(
            error, STATUS_INVALID, "the snapshot has no tablet \"%s\"", clone->source_id);
    if (!directory_id_is_valid(clone->tablet.id) ||
        !span_equal(clone->tablet.start_row, source->start_row) ||
        !span_equal(clone->tablet.end_row, source->end_row))
        return error_set(error, STATUS_INVALID, "tablet \"%s\" has not the rows of %s",
            clone->tablet.id, clone->source_id);
    tablets_first_manifest(table_id, &clone->tablet, out_manifest);
    out_manifest->row_order = source->row_order;
    out_manifest->open_sequence = source->open_sequence;
    return take_contents(out_manifest, source, arena)
               ? STATUS_OK
               : error_set(error, STATUS_NO_MEMORY, "clone of tablet %s", clone->source_id);
}

/* The first manifests of all clones. */
static enum status make_clones(const struct snapshot *snapshot, const char *table_id,
    const struct tablet_clone *clones, size_t count, struct arena *arena,
    struct manifest **out_manifests, struct error *error)
{
    struct manifest *manifests = arena_allocate_zeroed(arena, count + 1, sizeof(*manifests));
    if (!manifests)
        return error_set(error, STATUS_NO_MEMORY, "clones of %zu tablets", count);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = make_clone(snapshot, table_id, &clones[i], arena, &manifests[i], error);
    if (status == STATUS_OK)
        *out_manifests = manifests;
    return status;
}

static enum status clone_all(struct store *store, struct span snapshot_name, const char *table_id,
    const struct tablet_clone *clones, size_t count, struct arena *arena, struct error *error)
{
    struct snapshot snapshot;
    struct manifest *manifests;
    enum status status = snapshot_read(&store->directory, snapshot_name, arena, &snapshot, error);
    if (status == STATUS_OK)
        status = make_clones(&snapshot, table_id, clones, count, arena, &manifests, error);
    return status ? status : tablets_commit_first(store, table_id, manifests, count, error);
}

enum status store_tablet_clone(struct store *store, struct span snapshot_name, const char *table_id,
    const struct tablet_clone *clones, size_t count, struct error *error)
{
    struct arena arena = {0};
    if (!directory_id_is_valid(table_id))
        return error_set(error, STATUS_INVALID, "\"%s\" is not an id", table_id);
    collector_hold(store->collector);
    enum status status = clone_all(store, snapshot_name, table_id, clones, count, &arena, error);
    collector_release(store->collector);
    arena_deinit(&arena);
    return status ? error_prefix(error, status, "clone into table %s", table_id) : STATUS_OK;
}

/* ---- Putting a table back ---- */

/* A tablet of the table as it is, and as it is to be (NULL: not any more). */
static enum status put_back(const struct manifest *now, const struct manifest *wanted,
    struct arena *arena, struct manifest *out_next, struct error *error)
{
    *out_next = *now;
    out_next->owner = SPAN_EMPTY;
    out_next->child_count = 0;
    out_next->dead_log_count = 0;
    if (!wanted) {
        out_next->state = TABLET_DROPPED;
        out_next->file_count = 0;
        return STATUS_OK;
    }
    if (now->region_id != wanted->region_id || !span_equal(now->start_row, wanted->start_row) ||
        !span_equal(now->end_row, wanted->end_row))
        return error_set(error, STATUS_CORRUPT,
            "tablet %s has other rows than in the snapshot: ids are never used again",
            now->tablet_id);
    out_next->state = TABLET_CLOSED;
    return take_contents(out_next, wanted, arena)
               ? STATUS_OK
               : error_set(error, STATUS_NO_MEMORY, "tablet %s", now->tablet_id);
}

/* What the table's tablets are to be: the snapshot's, or clones of them where it is of another table. */
static enum status make_wanted(struct store *store, const char *table_id,
    const struct restore_plan *plan, struct arena *arena, struct manifest **out_wanted,
    size_t *out_count, struct error *error)
{
    struct snapshot snapshot;
    enum status status = snapshot_read(&store->directory, plan->snapshot, arena, &snapshot, error);
    if (status)
        return status;
    *out_count = snapshot.manifest_count;
    if (strcmp(snapshot.info.table_id, table_id) == 0) {
        *out_wanted = snapshot.manifests;
        return STATUS_OK;
    }
    if (plan->clone_count != snapshot.manifest_count)
        return error_set(error, STATUS_INVALID, "the snapshot is of another table, of %zu tablets",
            snapshot.manifest_count);
    return make_clones(
        &snapshot, table_id, plan->clones, plan->clone_count, arena, out_wanted, error);
}

static enum status restore_all(struct store *store, const char *table_id,
    const struct restore_plan *plan, struct arena *arena, struct manifest_set *old,
    struct error *error)
{
    struct manifest *wanted;
    size_t wanted_count;
    enum status status = make_wanted(store, table_id, plan, arena, &wanted, &wanted_count, error);
    if (status == STATUS_OK)
        status = manifest_set_read_durable(&store->directory, table_id, arena, old, error);
    if (status)
        return status;
    struct manifest *next = arena_allocate_zeroed(
        arena, old->count + wanted_count + 1, sizeof(*next));
    if (!next)
        return error_set(error, STATUS_NO_MEMORY, "restore of %zu tablets", old->count);
    size_t count = 0;
    for (size_t i = 0; i < old->count && status == STATUS_OK; i++) {
        const struct manifest *now = old->items[i];
        const struct manifest *then = find_tablet(wanted, wanted_count, now->tablet_id);
        bool is_served = false;
        /* open at a dead server: what its log has is thrown away with all else that the snapshot lacks */
        status = recovery_is_served(store, now, &is_served, error);
        if (status)
            break;
        if (is_served)
            status = error_set(error, STATUS_BUSY, "tablet %s is open on %.*s", now->tablet_id,
                (int)now->owner.size, (const char *)now->owner.data);
        else if (then || now->state != TABLET_DROPPED)
            status = put_back(now, then, arena, &next[count++], error);
    }
    for (size_t i = 0; i < wanted_count && status == STATUS_OK; i++) {
        if (manifest_set_find(old, wanted[i].tablet_id))
            continue;
        next[count] = wanted[i]; /* new, or its manifests went with a table that was removed */
        next[count++].version = 0;
    }
    return status || plan->is_dry_run ? status
                                      : manifest_commit(&store->directory, next, count, error);
}

enum status store_tablet_restore(
    struct store *store, const char *table_id, const struct restore_plan *plan, struct error *error)
{
    struct arena arena = {0};
    struct manifest_set old = {0};
    if (!directory_id_is_valid(table_id))
        return error_set(error, STATUS_INVALID, "\"%s\" is not an id", table_id);
    collector_hold(store->collector);
    enum status status = restore_all(store, table_id, plan, &arena, &old, error);
    for (size_t i = 0; i < old.count && status == STATUS_OK && !plan->is_dry_run; i++)
        tablets_give_up_files(store, old.items[i]);
    collector_release(store->collector);
    arena_deinit(&arena);
    return status ? error_prefix(error, status, "restore table %s", table_id) : STATUS_OK;
}
