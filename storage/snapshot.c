#include "storage/snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/lineage.h"
#include "storage/store.h"
#include "storage/tablets.h"

enum { MIN_MANIFEST = 32 }; /* least bytes of an encoded manifest */

static void folder_of(const struct directory *directory, struct path *out_folder)
{
    directory_path(directory, out_folder, "snapshots");
}

/* ---- The document ---- */

enum status snapshot_encode(const struct snapshot *snapshot, struct buffer *out)
{
    const struct snapshot_info *info = &snapshot->info;
    struct buffer part = {0};
    buffer_put_sized(out, span_string(info->table_id));
    buffer_put_u64(out, (uint64_t)info->created_ms);
    buffer_put_u64(out, (uint64_t)info->ttl_s);
    buffer_put_u32(out, info->type);
    buffer_put_sized(out, info->owner);
    table_schema_encode(&info->schema, &part);
    buffer_put_sized(out, buffer_span(&part));
    buffer_put_u16(out, document_kind_version(DOCUMENT_MANIFEST));
    buffer_put_varint(out, snapshot->manifest_count);
    enum status status = buffer_status(&part);
    for (size_t i = 0; i < snapshot->manifest_count && status == STATUS_OK; i++) {
        buffer_reset(&part);
        manifest_encode(&snapshot->manifests[i], &part);
        buffer_put_sized(out, buffer_span(&part));
        status = buffer_status(&part);
    }
    buffer_deinit(&part);
    return status ? status : buffer_status(out);
}

/* True when the bytes are not right. */
static bool take_head(struct span *in, struct snapshot_info *info, struct span *out_schema,
    uint16_t *out_format, uint64_t *out_count)
{
    struct span table_id;
    uint64_t created_ms;
    uint64_t ttl_s;
    if (span_take_sized(in, &table_id) || table_id.size >= TABLE_ID_SIZE ||
        span_take_u64(in, &created_ms) || span_take_u64(in, &ttl_s) ||
        span_take_u32(in, &info->type) || span_take_sized(in, &info->owner) ||
        span_take_sized(in, out_schema) || span_take_u16(in, out_format) ||
        span_take_varint(in, out_count) || *out_count > in->size / MIN_MANIFEST)
        return true;
    memcpy(info->table_id, table_id.data, table_id.size);
    info->table_id[table_id.size] = '\0';
    info->created_ms = (int64_t)created_ms;
    info->ttl_s = (int64_t)ttl_s;
    return !directory_id_is_valid(info->table_id);
}

static enum status take_manifests(struct span *in, uint16_t format, struct arena *arena,
    struct snapshot *snapshot, struct error *error)
{
    for (size_t i = 0; i < snapshot->manifest_count; i++) {
        struct manifest *manifest = &snapshot->manifests[i];
        struct span payload;
        if (span_take_sized(in, &payload))
            return error_set(error, STATUS_CORRUPT, "snapshot payload: manifest %zu is cut", i);
        enum status status = manifest_decode(payload, format, arena, manifest, error);
        if (status)
            return status;
        if (strcmp(manifest->table_id, snapshot->info.table_id) != 0 ||
            manifest->state != TABLET_CLOSED)
            return error_set(error, STATUS_CORRUPT,
                "snapshot payload: manifest %zu is of another table or not closed", i);
        manifest->row_order = snapshot->info.schema.row_order;
        for (size_t k = 0; k < manifest->file_count; k++)
            snapshot->info.sstable_bytes += manifest->files[k].size_bytes;
    }
    return in->size == 0
               ? STATUS_OK
               : error_set(error, STATUS_CORRUPT, "snapshot payload: %zu bytes too many", in->size);
}

enum status snapshot_decode(const struct document *document, struct arena *arena,
    struct snapshot *out_snapshot, struct error *error)
{
    struct snapshot snapshot = {0};
    struct span in = document->payload;
    struct span schema;
    uint16_t format;
    uint64_t count;
    if (take_head(&in, &snapshot.info, &schema, &format, &count))
        return error_set(error, STATUS_CORRUPT, "snapshot payload at offset 0: malformed");
    if (format > document_kind_version(DOCUMENT_MANIFEST))
        return error_set(error, STATUS_NEWER_FORMAT, "snapshot of manifests of format %u", format);
    enum status status = table_schema_decode(&schema, arena, &snapshot.info.schema, error);
    if (status)
        return error_prefix(error, status, "snapshot payload");
    if (schema.size > 0 || document->comparator != (uint16_t)snapshot.info.schema.row_order)
        return error_set(error, STATUS_CORRUPT, "snapshot payload: schema or comparator");
    snapshot.info.name = arena_copy(arena, document->subject);
    snapshot.info.owner = arena_copy(arena, snapshot.info.owner);
    snapshot.manifests = arena_allocate_zeroed(arena, count + 1, sizeof(*snapshot.manifests));
    if ((document->subject.size && !snapshot.info.name.data) ||
        (snapshot.info.owner.size && !snapshot.info.owner.data) || !snapshot.manifests)
        return error_set(error, STATUS_NO_MEMORY, "snapshot of %" PRIu64 " tablets", count);
    snapshot.manifest_count = snapshot.info.tablet_count = (size_t)count;
    status = take_manifests(&in, format, arena, &snapshot, error);
    if (status == STATUS_OK)
        *out_snapshot = snapshot;
    return status;
}

static enum status read_encoded(const struct directory *directory, const char *encoded,
    struct arena *arena, struct snapshot *out_snapshot, struct error *error)
{
    struct path folder;
    struct buffer file = {0};
    struct buffer name = {0};
    struct document document;
    folder_of(directory, &folder);
    enum status status = chain_read_newest(
        directory->env, folder.text, encoded, DOCUMENT_SNAPSHOT, &file, &document, error);
    if (status)
        goto done;
    status = directory_name_decode(encoded, &name, error);
    if (status == STATUS_OK && !span_equal(document.subject, buffer_span(&name)))
        status = error_set(error, STATUS_CORRUPT, "at offset 32: is of another name");
    if (status == STATUS_OK)
        status = snapshot_decode(&document, arena, out_snapshot, error);
    if (status)
        error_prefix(error, status, "%s/%s.%" PRIu64, folder.text, encoded, document.version);

done:
    buffer_deinit(&name);
    buffer_deinit(&file);
    return status;
}

enum status snapshot_read(const struct directory *directory, struct span name, struct arena *arena,
    struct snapshot *out_snapshot, struct error *error)
{
    char encoded[DIRECTORY_NAME_SIZE + 1];
    enum status status = directory_name_encode(name, encoded, error);
    if (status == STATUS_OK)
        status = read_encoded(directory, encoded, arena, out_snapshot, error);
    return status == STATUS_NOT_FOUND ? error_set(error, status, "there is no snapshot %s", encoded)
                                      : status;
}

struct listing {
    const struct directory *directory;
    struct arena *arena;
    enum status (*each)(void *context, const struct snapshot *snapshot, struct error *error);
    void *context;
};

static enum status list_one(
    void *context, const char *encoded, uint64_t version, struct error *error)
{
    (void)version;
    struct listing *listing = context;
    struct snapshot snapshot;
    enum status status = read_encoded(
        listing->directory, encoded, listing->arena, &snapshot, error);
    if (status == STATUS_NOT_FOUND) /* deleted since the list was made */
        return STATUS_OK;
    return status ? status : listing->each(listing->context, &snapshot, error);
}

enum status snapshot_list(const struct directory *directory, struct arena *arena,
    enum status (*each)(void *context, const struct snapshot *snapshot, struct error *error),
    void *context, struct error *error)
{
    struct path folder;
    struct listing listing = {directory, arena, each, context};
    folder_of(directory, &folder);
    return chain_list(directory->env, folder.text, list_one, &listing, error);
}

/* ---- Making ---- */

static int compare_starts(const void *a, const void *b)
{
    const struct manifest *left = a;
    const struct manifest *right = b;
    return row_compare(left->row_order, left->start_row, right->start_row);
}

/* The tablets of the table that serve, as closed ones. */
static enum status take_tablets(
    struct store *store, struct arena *arena, struct snapshot *snapshot, struct error *error)
{
    struct manifest_set set;
    struct manifest_set missing;
    const char *table_id = snapshot->info.table_id;
    enum status status = manifest_set_read(&store->directory, table_id, arena, &set, error);
    if (status == STATUS_OK)
        status = lineage_missing(&set, &missing, error);
    if (status)
        return status;
    snapshot->manifests = arena_allocate_zeroed(
        arena, set.count + missing.count + 1, sizeof(*snapshot->manifests));
    if (!snapshot->manifests)
        return error_set(error, STATUS_NO_MEMORY, "snapshot of table %s", table_id);
    for (size_t i = 0; i < set.count + missing.count; i++) {
        const struct manifest *from = i < set.count ? set.items[i] : missing.items[i - set.count];
        if (from->state != TABLET_OPEN && from->state != TABLET_CLOSED)
            continue;
        if (from->dead_log_count > 0)
            return error_set(error, STATUS_BUSY, "tablet %s has not been flushed since a crash",
                from->tablet_id);
        if (from->state == TABLET_OPEN && snapshot->info.is_of_closed)
            return error_set(error, STATUS_BUSY,
                "tablet %s was open on %.*s: its log may hold what no file has", from->tablet_id,
                (int)from->owner.size, (const char *)from->owner.data);
        struct manifest *to = &snapshot->manifests[snapshot->manifest_count++];
        *to = *from;
        to->state = TABLET_CLOSED;
        to->owner = SPAN_EMPTY;
        to->nonces = SPAN_EMPTY;
        to->child_count = 0;
    }
    qsort(snapshot->manifests, snapshot->manifest_count, sizeof(*snapshot->manifests),
        compare_starts);
    return STATUS_OK;
}

static enum status commit(
    struct store *store, const char *encoded, const struct snapshot *snapshot, struct error *error)
{
    struct path folder;
    struct buffer payload = {0};
    folder_of(&store->directory, &folder);
    enum status status = snapshot_encode(snapshot, &payload);
    struct chain_commit commit = {.name = encoded,
        .document = {.kind = DOCUMENT_SNAPSHOT,
            .format_version = document_kind_version(DOCUMENT_SNAPSHOT),
            .comparator = (uint16_t)snapshot->info.schema.row_order,
            .version = 1,
            .subject = snapshot->info.name,
            .payload = buffer_span(&payload)}};
    if (status)
        error_set(error, status, "snapshot of %zu tablets", snapshot->manifest_count);
    else
        status = chain_commit(&store->directory, folder.text, &commit, 1, error);
    buffer_deinit(&payload);
    return status == STATUS_SUPERSEDED
               ? error_set(error, STATUS_EXISTS, "there is a snapshot %s", encoded)
               : status;
}

enum status store_snapshot_create(
    struct store *store, const struct snapshot_info *info, struct error *error)
{
    struct arena arena = {0};
    struct snapshot snapshot = {.info = *info};
    char encoded[DIRECTORY_NAME_SIZE + 1];
    if (!directory_id_is_valid(info->table_id) || info->name.size == 0)
        return error_set(error, STATUS_INVALID, "snapshot of table \"%s\"", info->table_id);
    enum status status = directory_name_encode(info->name, encoded, error);
    if (status)
        return status;
    /* From before the pointers are read until they count. */
    collector_hold(store->collector);
    status = take_tablets(store, &arena, &snapshot, error);
    if (status == STATUS_OK)
        status = commit(store, encoded, &snapshot, error);
    collector_release(store->collector);
    arena_deinit(&arena);
    return status ? error_prefix(error, status, "snapshot %s", encoded) : STATUS_OK;
}

/* ---- Looking, deleting ---- */

struct info_listing {
    enum status (*each)(void *context, const struct snapshot_info *snapshot, struct error *error);
    void *context;
};

static enum status give_info(void *context, const struct snapshot *snapshot, struct error *error)
{
    struct info_listing *listing = context;
    return listing->each(listing->context, &snapshot->info, error);
}

enum status store_snapshot_list(struct store *store, struct arena *arena,
    enum status (*each)(void *context, const struct snapshot_info *snapshot, struct error *error),
    void *context, struct error *error)
{
    struct info_listing listing = {each, context};
    return snapshot_list(&store->directory, arena, give_info, &listing, error);
}

enum status store_snapshot_read(struct store *store, struct span name, struct arena *arena,
    struct snapshot_info *out_snapshot, struct tablet_info **out_tablets, struct error *error)
{
    struct snapshot snapshot;
    enum status status = snapshot_read(&store->directory, name, arena, &snapshot, error);
    if (status)
        return status;
    if (out_tablets) {
        struct tablet_info *tablets = arena_allocate_zeroed(
            arena, snapshot.manifest_count + 1, sizeof(*tablets));
        if (!tablets)
            return error_set(error, STATUS_NO_MEMORY, "tablets of a snapshot");
        for (size_t i = 0; i < snapshot.manifest_count && status == STATUS_OK; i++)
            status = tablet_info_read(&snapshot.manifests[i], arena, &tablets[i], error);
        if (status)
            return status;
        *out_tablets = tablets;
    }
    *out_snapshot = snapshot.info;
    return STATUS_OK;
}

enum status store_snapshot_delete(struct store *store, struct span name, struct error *error)
{
    struct arena arena = {0};
    struct path folder;
    struct snapshot snapshot;
    char encoded[DIRECTORY_NAME_SIZE + 1];
    enum status status = snapshot_read(&store->directory, name, &arena, &snapshot, error);
    if (status == STATUS_OK)
        status = directory_name_encode(name, encoded, error);
    if (status)
        goto done;
    folder_of(&store->directory, &folder);
    status = chain_remove(store->env, folder.text, encoded, error);
    /* What nothing else names may go; who dropped it before has reported that already. */
    for (size_t i = 0; i < snapshot.manifest_count && status == STATUS_OK; i++)
        tablets_give_up_files(store, &snapshot.manifests[i]);

done:
    arena_deinit(&arena);
    return status;
}
