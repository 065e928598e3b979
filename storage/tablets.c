/* The tablets of a table, by their manifests: made, listed, read. The calls of storage.h. */
#include <inttypes.h>
#include <stdlib.h>

#include "storage/lineage.h"
#include "storage/store.h"
#include "storage/tablets.h"

static enum status check_id(const char *id, struct error *error)
{
    return directory_id_is_valid(id) ? STATUS_OK
                                     : error_set(error, STATUS_INVALID, "\"%s\" is not an id", id);
}

/* ---- What a manifest says ---- */

static enum status decode_owner(
    const struct manifest *manifest, struct arena *arena, struct span *out_owner)
{
    char encoded[DIRECTORY_NAME_SIZE + 1];
    struct buffer text = {0};
    CHECK(manifest->owner.size <= DIRECTORY_NAME_SIZE); /* manifest_decode */
    memcpy(encoded, manifest->owner.data, manifest->owner.size);
    encoded[manifest->owner.size] = '\0';
    enum status status = directory_name_decode(encoded, &text, NULL);
    if (status == STATUS_OK) {
        *out_owner = arena_copy(arena, buffer_span(&text));
        if (!out_owner->data)
            status = STATUS_NO_MEMORY;
    }
    buffer_deinit(&text);
    return status;
}

static void sum_files(const struct manifest *manifest, struct tablet_info *info)
{
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        info->sstable_bytes += file->size_bytes;
        info->has_references = info->has_references ||
                               manifest_file_is_reference(file, manifest->table_id);
    }
}

enum status tablet_info_read(const struct manifest *manifest, struct arena *arena,
    struct tablet_info *out_info, struct error *error)
{
    struct tablet_info info = {
        .region_id = manifest->region_id,
        .start_row = manifest->start_row,
        .end_row = manifest->end_row,
        .state = manifest->state,
        .version = manifest->version,
        .open_sequence = manifest->open_sequence,
        .last_sequence = manifest->last_sequence,
        .parents = manifest->parents,
        .parent_count = manifest->parent_count,
        .child_count = manifest->child_count,
    };
    memcpy(info.id, manifest->tablet_id, sizeof(info.id));
    memcpy(info.table_id, manifest->table_id, sizeof(info.table_id));
    sum_files(manifest, &info);
    struct span *children = arena_allocate_zeroed(
        arena, manifest->child_count + 1, sizeof(*children));
    enum status status = children ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; i < manifest->child_count && status == STATUS_OK; i++)
        children[i] = span_string(manifest->children[i].id);
    info.children = children;
    if (status == STATUS_OK && manifest->owner.size > 0)
        status = decode_owner(manifest, arena, &info.owner);
    if (status)
        return error_set(error, status, "tablet %s: owner \"%.*s\"", info.id,
            (int)manifest->owner.size, (const char *)manifest->owner.data);
    *out_info = info;
    return STATUS_OK;
}

static struct damaged_manifest *find_damaged(
    struct damaged_manifest *damaged, const char *tablet_id)
{
    while (damaged && strcmp(damaged->tablet_id, tablet_id) != 0)
        damaged = damaged->next;
    return damaged;
}

/* `manifest` says of it what its parents say of it; NULL = they say nothing. */
static void damaged_info(const struct damaged_manifest *damaged, const char *table_id,
    const struct manifest *manifest, struct tablet_info *out_info)
{
    *out_info = (struct tablet_info){.state = TABLET_CLOSED, .damage = damaged->why};
    memcpy(out_info->id, damaged->tablet_id, sizeof(out_info->id));
    memcpy(out_info->table_id, table_id, strlen(table_id)); /* a valid id */
    if (manifest) {
        out_info->region_id = manifest->region_id;
        out_info->start_row = manifest->start_row;
        out_info->end_row = manifest->end_row;
    }
}

enum status store_tablet_list(struct store *store, const char *table_id, struct arena *arena,
    enum status (*each)(void *context, const struct tablet_info *tablet, struct error *error),
    void *context, struct error *error)
{
    struct manifest_set set = {0};
    struct manifest_set missing = {0};
    struct damaged_manifest *damaged = NULL;
    struct tablet_info info;
    enum status status = check_id(table_id, error);
    if (status == STATUS_OK)
        status = manifest_set_read_undamaged(
            &store->directory, table_id, arena, &set, &damaged, error);
    if (status == STATUS_OK)
        status = lineage_missing(&set, &missing, error);
    for (size_t i = 0; i < set.count + missing.count && status == STATUS_OK; i++) {
        const struct manifest *one = i < set.count ? set.items[i] : missing.items[i - set.count];
        if (i >= set.count && find_damaged(damaged, one->tablet_id))
            continue; /* it is there */
        status = tablet_info_read(one, arena, &info, error);
        if (status == STATUS_OK)
            status = each(context, &info, error);
    }
    for (; damaged && status == STATUS_OK; damaged = damaged->next) {
        const struct manifest *said = NULL;
        for (size_t i = 0; i < missing.count; i++)
            if (strcmp(missing.items[i]->tablet_id, damaged->tablet_id) == 0)
                said = missing.items[i];
        damaged_info(damaged, table_id, said, &info);
        status = each(context, &info, error);
    }
    return status;
}

enum status store_tablet_read(struct store *store, const char *table_id, const char *tablet_id,
    struct arena *arena, struct tablet_info *out_tablet, struct error *error)
{
    struct manifest *manifest = arena_allocate(arena, sizeof(*manifest));
    enum status status = check_id(table_id, error);
    if (status == STATUS_OK)
        status = check_id(tablet_id, error);
    if (status)
        return status;
    if (!manifest)
        return error_set(error, STATUS_NO_MEMORY, "tablet %s", tablet_id);
    status = manifest_read(&store->directory, table_id, tablet_id, arena, manifest, error);
    if (status == STATUS_NOT_FOUND) { /* of a split or merge that was cut */
        status = lineage_complete(&store->directory, table_id, tablet_id, error);
        if (status == STATUS_OK)
            status = manifest_read(&store->directory, table_id, tablet_id, arena, manifest, error);
    }
    return status ? status : tablet_info_read(manifest, arena, out_tablet, error);
}

/* ---- Making them ---- */

/* A tablet to be made, by its id. */
struct wanted_tablet {
    const struct manifest *manifest;
    bool is_there;
};

struct wanted_tablets {
    struct wanted_tablet *items; /* sorted */
    size_t count;
};

static int compare_wanted(const void *a, const void *b)
{
    return strcmp(((const struct wanted_tablet *)a)->manifest->tablet_id,
        ((const struct wanted_tablet *)b)->manifest->tablet_id);
}

static enum status note_existing(
    void *context, const struct manifest *manifest, struct error *error)
{
    struct wanted_tablets *wanted = context;
    struct wanted_tablet key = {.manifest = manifest};
    struct wanted_tablet *found = bsearch(
        &key, wanted->items, wanted->count, sizeof(key), compare_wanted);
    if (!found)
        return STATUS_OK;
    if (found->manifest->region_id != manifest->region_id ||
        !span_equal(found->manifest->start_row, manifest->start_row) ||
        !span_equal(found->manifest->end_row, manifest->end_row))
        return error_set(error, STATUS_EXISTS, "tablet %s exists with another range or region id",
            manifest->tablet_id);
    found->is_there = true;
    return STATUS_OK;
}

/* Those that have no manifest. */
static enum status find_missing(struct store *store, const char *table_id, struct arena *arena,
    struct wanted_tablets *wanted, struct manifest *missing, size_t *out_count, struct error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < wanted->count; i++)
        wanted->items[i].is_there = false;
    enum status status = manifest_list(
        &store->directory, table_id, arena, note_existing, wanted, error);
    for (size_t i = 0; i < wanted->count && status == STATUS_OK; i++)
        if (!wanted->items[i].is_there)
            missing[count++] = *wanted->items[i].manifest;
    *out_count = count;
    return status;
}

/* Until nothing is missing in a look after a sync of the folder: what is there may be of a host that did not sync it, and
 * go with that host. */
static enum status commit_missing(struct store *store, const char *table_id, struct arena *arena,
    struct wanted_tablets *wanted, struct manifest *missing, struct error *error)
{
    struct path folder;
    directory_tablets_path(&store->directory, table_id, &folder);
    for (bool is_synced = false;; is_synced = true) {
        size_t count;
        enum status status = find_missing(store, table_id, arena, wanted, missing, &count, error);
        if (status || (count == 0 && is_synced))
            return status;
        status = count > 0 ? manifest_commit(&store->directory, missing, count, error)
                           : env_directory_sync(store->env, folder.text, error);
        if (status || count == wanted->count)
            return status;
    }
}

enum status tablets_commit_first(struct store *store, const char *table_id,
    const struct manifest *manifests, size_t count, struct error *error)
{
    if (count == 0)
        return STATUS_OK;
    struct arena arena = {0};
    struct wanted_tablets wanted = {
        .items = arena_allocate_zeroed(&arena, count, sizeof(struct wanted_tablet)),
        .count = count,
    };
    struct manifest *missing = arena_allocate_zeroed(&arena, count, sizeof(*missing));
    enum status status = STATUS_NO_MEMORY;
    if (!wanted.items || !missing) {
        error_set(error, status, "create %zu tablets", count);
        goto done;
    }
    for (size_t i = 0; i < count; i++)
        wanted.items[i].manifest = &manifests[i];
    qsort(wanted.items, count, sizeof(*wanted.items), compare_wanted);
    status = commit_missing(store, table_id, &arena, &wanted, missing, error);

done:
    arena_deinit(&arena);
    return status;
}

void tablets_first_manifest(
    const char *table_id, const struct tablet_info *info, struct manifest *out_manifest)
{
    *out_manifest = (struct manifest){
        .state = TABLET_CLOSED,
        .row_order = strcmp(table_id, "meta") == 0 ? ROW_ORDER_META : ROW_ORDER_BYTES,
        .region_id = info->region_id,
        .start_row = info->start_row,
        .end_row = info->end_row,
        .open_sequence = info->open_sequence,
    };
    strcpy(out_manifest->table_id, table_id);
    strcpy(out_manifest->tablet_id, info->id);
}

enum status store_tablet_create(struct store *store, const char *table_id,
    const struct tablet_info *tablets, size_t count, struct error *error)
{
    enum status status = check_id(table_id, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = check_id(tablets[i].id, error);
    if (status || count == 0)
        return status;
    struct arena arena = {0};
    struct manifest *manifests = arena_allocate_zeroed(&arena, count, sizeof(*manifests));
    if (!manifests)
        return error_set(error, STATUS_NO_MEMORY, "create %zu tablets", count);
    for (size_t i = 0; i < count; i++)
        tablets_first_manifest(table_id, &tablets[i], &manifests[i]);
    status = tablets_commit_first(store, table_id, manifests, count, error);
    arena_deinit(&arena);
    return status;
}

void tablets_give_up_files(struct store *store, const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->file_count; i++) {
        char name[SSTABLE_NAME_SIZE] = {0};
        CHECK(manifest->files[i].file.size < sizeof(name)); /* manifest_decode */
        memcpy(name, manifest->files[i].file.data, manifest->files[i].file.size);
        collector_give_up(store->collector, manifest->files[i].table_id, name);
    }
}
