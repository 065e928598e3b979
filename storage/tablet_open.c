/* Open: the newest manifest, the SSTables it names, what the dead logs hold beyond them, and a
 * manifest in our own name (design 7.5: the open rule). */
#include "base/log_lines.h"
#include "base/memory.h"
#include "base/pause.h"
#include "storage/chain.h"
#include "storage/lineage.h"
#include "storage/tablet.h"
#include "storage/tablets.h"

#define OPEN_TRIES 16 /* each lost to a commit of somebody else */

static enum status no_memory(const char *tablet_id, struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "tablet %s: no memory to open it", tablet_id);
}

static struct tablet *tablet_allocate(struct store *store)
{
    struct tablet *tablet = memory_allocate_zeroed(1, sizeof(*tablet));
    if (!tablet)
        return NULL;
    atomic_init(&tablet->references, 1);
    tablet->store = store;
    tablet->read_points.previous = tablet->read_points.next = &tablet->read_points;
    mutex_init(&tablet->mutex, LOCK_RANK_TABLET);
    return tablet;
}

static enum status set_first_schema(
    struct tablet *tablet, const struct table_schema *schema, struct error *error)
{
    tablet->schemas = memory_allocate_zeroed(1, sizeof(*tablet->schemas));
    if (!tablet->schemas)
        return no_memory(tablet->info.id, error);
    return table_schema_copy(&tablet->schemas->arena, schema, &tablet->schemas->schema, error);
}

/* ---- The manifest ---- */

/* The newest, which has to stay there: were it lost with a host that has not synced it, another could open the tablet from
 * the one before, and our next number would be free all the same, above the other's. */
static enum status read_newest(
    struct tablet *tablet, const char *table_id, const char *tablet_id, struct error *error)
{
    struct store *store = tablet->store;
    struct manifest *manifest = &tablet->manifest;
    if (store->config.role == STORE_ALONE) /* with no other host */
        return manifest_read(
            &store->directory, table_id, tablet_id, &tablet->arena, manifest, error);
    return manifest_read_durable(
        &store->directory, table_id, tablet_id, &tablet->arena, manifest, error);
}

static enum status read_manifest(
    struct tablet *tablet, const char *table_id, const char *tablet_id, struct error *error)
{
    struct store *store = tablet->store;
    struct manifest *manifest = &tablet->manifest;
    enum status status = read_newest(tablet, table_id, tablet_id, error);
    if (status == STATUS_NOT_FOUND) { /* of a split or merge that was cut */
        status = lineage_complete(&store->directory, table_id, tablet_id, error);
        if (status == STATUS_OK)
            status = read_newest(tablet, table_id, tablet_id, error);
    }
    if (status == STATUS_NOT_FOUND)
        return error_set(error, STATUS_CORRUPT, "tablet %s has no manifest", tablet_id);
    if (status)
        return status;
    if (manifest->state != TABLET_OPEN && manifest->state != TABLET_CLOSED)
        return error_set(
            error, STATUS_WRONG_STATE, "tablet %s is split, merged or dropped", tablet_id);
    tablet->row_order = manifest->row_order;
    struct tablet_info *info = &tablet->info;
    status = tablet_info_read(manifest, &tablet->arena, info, error);
    if (status)
        return status;
    info->state = TABLET_OPEN;
    info->owner = span_string(store->config.incarnation);
    info->open_sequence = manifest->open_sequence + 1;
    return STATUS_OK;
}

static enum status open_file(struct tablet *tablet, const struct manifest_file *entry,
    struct tablet_file **out_file, struct error *error)
{
    struct store *store = tablet->store;
    char name[SSTABLE_NAME_SIZE];
    if (entry->file.size >= sizeof(name))
        return error_set(
            error, STATUS_CORRUPT, "tablet %s: a file's name is too long", tablet->info.id);
    memcpy(name, entry->file.data, entry->file.size);
    name[entry->file.size] = '\0';
    struct path path;
    directory_sstable_path(&store->directory, entry->table_id, name, &path);
    struct sstable *table;
    enum status status = sstable_open(
        store->env, path.text, entry->identity, store->cache, &table, error);
    if (status == STATUS_NOT_FOUND)
        return error_set(
            error, STATUS_CORRUPT, "%s: is missing, but the tablet's manifest names it", path.text);
    if (status)
        return status;
    *out_file = tablet_file_new(table, entry, store->collector);
    return *out_file ? STATUS_OK : no_memory(tablet->info.id, error);
}

/* The version that the manifest describes. Files of families that the schema no longer has are left
 * out, here and from the next manifest. */
static enum status make_version(struct tablet *tablet, struct error *error)
{
    const struct manifest *manifest = &tablet->manifest;
    struct version *empty = version_new(&tablet->schemas->schema);
    struct version *version = empty ? version_copy(empty, 0, manifest->file_count) : NULL;
    version_unref(empty);
    if (!version)
        return no_memory(tablet->info.id, error);
    tablet->version = version;
    for (size_t i = 0; i < manifest->family_count; i++) {
        struct version_family *family = version_find_family(version, manifest->families[i].name);
        if (!family)
            continue;
        family->flushed_sequence = manifest->families[i].flushed_sequence;
        family->major_compacted_ms = manifest->families[i].major_compacted_ms;
    }
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *entry = &manifest->files[i];
        struct version_family *family = version_find_family(
            version, manifest->families[entry->family].name);
        if (!family)
            continue;
        enum status status = open_file(tablet, entry, &family->files[family->file_count], error);
        if (status)
            return error_prefix(error, status, "tablet %s", tablet->info.id);
        family->file_count++;
    }
    return STATUS_OK;
}

static uint64_t greatest_known_sequence(const struct manifest *manifest)
{
    uint64_t greatest = manifest->last_sequence;
    for (size_t i = 0; i < manifest->family_count; i++) {
        if (manifest->families[i].flushed_sequence > greatest)
            greatest = manifest->families[i].flushed_sequence;
    }
    for (size_t i = 0; i < manifest->file_count; i++) {
        if (manifest->files[i].max_sequence > greatest)
            greatest = manifest->files[i].max_sequence;
    }
    return greatest;
}

/* ---- Taking it ---- */

struct opening_edit {
    struct tablet_edit edit; /* first */
    enum status status;
    struct error *error;
};

static void open_committed(struct tablet_edit *edit, enum status status, const struct error *error)
{
    struct opening_edit *opening = (struct opening_edit *)edit;
    opening->status = status;
    if (status && opening->error)
        *opening->error = *error;
}

/* Commits the next manifest in our name. */
static enum status take_ownership(struct tablet *tablet, struct error *error)
{
    struct manifest *manifest = &tablet->manifest;
    manifest->state = TABLET_OPEN;
    manifest->owner = span_string(tablet->store->directory.incarnation);
    manifest->open_sequence = tablet->info.open_sequence;
    struct opening_edit opening = {
        .edit = {.is_opening = true, .committed = open_committed}, .error = error};
    pause_point("open.commit.before");
    tablet_commit(tablet, &opening.edit);
    return opening.status;
}

/* What the manifest names: the files, and the records of dead logs. */
static enum status load(
    struct tablet *tablet, const struct table_schema *schema, struct error *error)
{
    if (row_locks_init(&tablet->locks))
        return no_memory(tablet->info.id, error);
    enum status status = set_first_schema(tablet, schema, error);
    if (!status)
        status = make_version(tablet, error);
    if (status)
        return status;
    uint64_t last_sequence = greatest_known_sequence(&tablet->manifest);
    tablet_note_timestamp(tablet, tablet->manifest.last_timestamp_ms);
    status = nonce_table_decode(
        &tablet->nonces, tablet->manifest.nonces, env_wall_ms(tablet->store->env), error);
    if (!status)
        status = tablet_replay(tablet, &last_sequence, error);
    if (status)
        return status;
    marker_clock_reset(&tablet->markers, atomic_load(&tablet->greatest_ms));
    log_tablet_init(&tablet->log, tablet->info.id, last_sequence);
    atomic_store(&tablet->appended_sequence, last_sequence);
    atomic_store(&tablet->read_point, last_sequence);
    tablet->scan_floor = tablet->manifest.parent_count > 0 ? last_sequence : 0;
    return STATUS_OK;
}

/* Somebody else took the tablet since we read its manifest: what that one named may be collected. */
static bool is_outdated(const struct tablet *tablet, const char *table_id, const char *tablet_id)
{
    const struct directory *directory = &tablet->store->directory;
    uint64_t newest = 0;
    struct path folder;
    directory_tablets_path(directory, table_id, &folder);
    return chain_newest(directory->env, folder.text, tablet_id, &newest, NULL) == STATUS_OK &&
           newest > tablet->manifest.version;
}

static enum status open_parts(struct tablet *tablet, const char *table_id, const char *tablet_id,
    const struct table_schema *schema, struct error *error)
{
    enum status status = read_manifest(tablet, table_id, tablet_id, error);
    if (status)
        return status;
    pause_point("open.load.before");
    status = load(tablet, schema, error);
    if (status == STATUS_CORRUPT && is_outdated(tablet, table_id, tablet_id))
        return error_prefix(error, STATUS_SUPERSEDED, "a newer manifest is there");
    return status ? status : take_ownership(tablet, error);
}

enum status store_tablet_open(struct store *store, const char *table_id, const char *tablet_id,
    const struct table_schema *schema, struct tablet **out_tablet, struct error *error)
{
    if (store->config.role == STORE_DOCUMENTS)
        return error_set(error, STATUS_INVALID, "a store of documents opens no tablet");
    if (store_is_dead(store) || atomic_load(&store->is_closing))
        return error_set(error, STATUS_CLOSED, "the store is closing");
    struct tablet *tablet = NULL;
    enum status status = STATUS_SUPERSEDED;
    for (unsigned tries = 0; tries < OPEN_TRIES && status == STATUS_SUPERSEDED; tries++) {
        tablet = tablet_allocate(store);
        if (!tablet)
            return no_memory(tablet_id, error);
        status = open_parts(tablet, table_id, tablet_id, schema, error);
        if (!status)
            status = store_add_tablet(store, &tablet->link, tablet, error);
        if (status)
            tablet_free_unopened(tablet);
    }
    if (status == STATUS_SUPERSEDED)
        return error_prefix(error, STATUS_BUSY, "open tablet %s", tablet_id);
    if (status)
        return status;
    tablet->oldest_flush_ms = env_wall_ms(store->env);
    if (version_memtable_bytes(tablet->version) > TABLET_FLUSH_BYTES / 2)
        tablet_ask_own_flush(tablet);
    tablet_consider_compaction(tablet);
    *out_tablet = tablet;
    return STATUS_OK;
}
