#include "storage/references.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/pause.h"
#include "storage/lineage.h"
#include "storage/snapshot.h"

void references_deinit(struct references *references)
{
    arena_deinit(&references->arena);
    memory_free(references->files);
    memory_free(references->incarnations);
    *references = (struct references){0};
}

/* ---- Collecting ---- */

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "references of all manifests");
}

static enum status add_file(struct references *references, const char *by_table,
    const struct manifest_file *file, struct error *error)
{
    if (!memory_grow(&references->files, references->file_count, &references->file_capacity,
            sizeof(struct file_reference)))
        return no_memory(error);
    struct file_reference reference = {
        .table_id = arena_copy_string(&references->arena, span_string(file->table_id)),
        .file = arena_copy_string(&references->arena, file->file),
        .by_table = arena_copy_string(&references->arena, span_string(by_table)),
    };
    if (!reference.table_id || !reference.file || !reference.by_table)
        return no_memory(error);
    references->files[references->file_count++] = reference;
    return STATUS_OK;
}

static enum status add_incarnation(
    struct references *references, struct span incarnation, bool is_owner, struct error *error)
{
    if (incarnation.size == 0)
        return STATUS_OK;
    for (size_t i = references->incarnation_count; i-- > 0;) { /* nearly always the last few */
        struct incarnation_reference *known = &references->incarnations[i];
        if (span_equal(span_string(known->name), incarnation)) {
            known->is_owner = known->is_owner || is_owner;
            return STATUS_OK;
        }
    }
    char *name = arena_copy_string(&references->arena, incarnation);
    if (!name || !memory_grow(&references->incarnations, references->incarnation_count,
                     &references->incarnation_capacity, sizeof(struct incarnation_reference)))
        return no_memory(error);
    references->incarnations[references->incarnation_count++] = (struct incarnation_reference){
        name, is_owner};
    return STATUS_OK;
}

/* by_table: "" for a snapshot's. */
static enum status add_manifest(struct references *references, const char *by_table,
    const struct manifest *manifest, struct error *error)
{
    enum status status = add_incarnation(references, manifest->owner, true, error);
    for (size_t i = 0; i < manifest->dead_log_count && status == STATUS_OK; i++)
        status = add_incarnation(references, manifest->dead_logs[i].incarnation, false, error);
    for (size_t i = 0; i < manifest->file_count && status == STATUS_OK; i++)
        status = add_file(references, by_table, &manifest->files[i], error);
    return status;
}

struct reading {
    const struct directory *directory;
    struct references *references;
};

/* Of one table. */
struct older_versions {
    const struct reading *reading;
    const char *table_id;
    const struct manifest_set *newest;
    struct arena *arena;
};

static enum status add_older(void *context, const char *name, uint64_t version, struct error *error)
{
    struct older_versions *older = context;
    const struct directory *directory = older->reading->directory;
    const struct manifest *newest = manifest_set_find(older->newest, name);
    struct path path;
    struct manifest manifest;
    if (newest && newest->version == version)
        return STATUS_OK;
    directory_path(
        directory, &path, "tables/%s/tablets/%s.%" PRIu64, older->table_id, name, version);
    enum status status = manifest_read_file(
        directory->env, path.text, older->arena, &manifest, error);
    if (status == STATUS_NOT_FOUND) { /* a durable one has taken its place since */
        error_clear(error);
        return STATUS_OK;
    }
    return status ? status
                  : add_manifest(older->reading->references, older->table_id, &manifest, error);
}

/* The newest manifests, and older ones as long as they are there: who committed the newest may be a host that has not
 * synced the folder, and were it lost with that host, an older one would count again. Older ones are only removed when
 * the newest is durable (chain.h). The newest first, for an older one of this look is among all of the next. */
static enum status read_manifests(
    struct reading *reading, const char *table_id, struct arena *arena, struct error *error)
{
    struct manifest_set set;
    struct path folder;
    struct older_versions older = {reading, table_id, &set, arena};
    enum status status = manifest_set_read(reading->directory, table_id, arena, &set, error);
    for (size_t i = 0; status == STATUS_OK && i < set.count; i++)
        if (!lineage_is_settled(&set, set.items[i]))
            status = add_manifest(reading->references, table_id, set.items[i], error);
    if (status)
        return status;
    directory_tablets_path(reading->directory, table_id, &folder);
    chain_prune(reading->directory->env, folder.text, NULL);
    return chain_list_all(reading->directory->env, folder.text, add_older, &older, error);
}

static enum status read_table(void *context, const char *name, struct error *error)
{
    struct reading *reading = context;
    const struct directory *directory = reading->directory;
    struct arena manifests = {0};
    struct path folder;
    bool is_there = false;
    directory_tablets_path(directory, name, &folder);
    enum status status = directory_exists(directory->env, folder.text, &is_there, error);
    if (status || !is_there) /* cut before it had tablets, or moved to the trash just now */
        return status;
    status = read_manifests(reading, name, &manifests, error);
    arena_deinit(&manifests);
    return status ? error_prefix(
                        error, status == STATUS_NOT_FOUND ? STATUS_IO : status, "table %s", name)
                  : STATUS_OK;
}

static enum status add_snapshot(void *context, const struct snapshot *snapshot, struct error *error)
{
    struct references *references = context;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < snapshot->manifest_count && status == STATUS_OK; i++)
        status = add_manifest(references, "", &snapshot->manifests[i], error);
    return status;
}

static enum status read_snapshots(
    const struct directory *directory, struct references *references, struct error *error)
{
    struct arena arena = {0};
    enum status status = snapshot_list(directory, &arena, add_snapshot, references, error);
    arena_deinit(&arena);
    return status;
}

/* ---- Asking ---- */

static int compare_files(const void *a, const void *b)
{
    const struct file_reference *left = a;
    const struct file_reference *right = b;
    int order = strcmp(left->table_id, right->table_id);
    return order ? order : strcmp(left->file, right->file);
}

static int compare_incarnations(const void *a, const void *b)
{
    const struct incarnation_reference *left = a;
    const struct incarnation_reference *right = b;
    return strcmp(left->name, right->name);
}

enum status references_read(
    const struct directory *directory, struct references *out_references, struct error *error)
{
    struct references references = {0};
    struct reading reading = {directory, &references};
    struct path folder;
    struct path snapshots;
    directory_path(directory, &folder, "tables");
    /* Snapshots before the tables and after them: what a table dropped meanwhile, a snapshot may have been made of; what
     * a snapshot held that is deleted meanwhile, a clone may have that was made after its folder was looked for. In one
     * process a hold keeps such copies apart (collector.h); the next master, before it is known here, holds nothing. */
    enum status status = read_snapshots(directory, &references, error);
    pause_point("references.tables.before");
    /* One that was deleted by a host that has not synced the folder could be back when that host is gone. */
    directory_path(directory, &snapshots, "snapshots");
    if (status == STATUS_OK)
        status = env_directory_sync(directory->env, snapshots.text, error);
    if (status == STATUS_OK)
        status = env_directory_list(directory->env, folder.text, read_table, &reading, error);
    pause_point("references.tables.after");
    if (status == STATUS_OK)
        status = read_snapshots(directory, &references, error);
    if (status) {
        references_deinit(&references);
        return status;
    }
    if (references.file_count)
        qsort(
            references.files, references.file_count, sizeof(struct file_reference), compare_files);
    if (references.incarnation_count)
        qsort(references.incarnations, references.incarnation_count,
            sizeof(struct incarnation_reference), compare_incarnations);
    *out_references = references;
    return STATUS_OK;
}

bool references_have_file(
    const struct references *references, const char *table_id, const char *file)
{
    struct file_reference wanted = {.table_id = table_id, .file = file};
    return references->file_count && bsearch(&wanted, references->files, references->file_count,
                                         sizeof(struct file_reference), compare_files) != NULL;
}

static const struct incarnation_reference *find_incarnation(
    const struct references *references, const char *incarnation)
{
    struct incarnation_reference wanted = {.name = incarnation};
    return references->incarnation_count
               ? bsearch(&wanted, references->incarnations, references->incarnation_count,
                     sizeof(struct incarnation_reference), compare_incarnations)
               : NULL;
}

bool references_have_incarnation(const struct references *references, const char *incarnation)
{
    return find_incarnation(references, incarnation) != NULL;
}

bool references_have_owner(const struct references *references, const char *incarnation)
{
    const struct incarnation_reference *found = find_incarnation(references, incarnation);
    return found && found->is_owner;
}

bool references_have_table(const struct references *references, const char *table_id)
{
    for (size_t i = 0; i < references->file_count; i++)
        if (strcmp(references->files[i].table_id, table_id) == 0 &&
            strcmp(references->files[i].by_table, table_id) != 0)
            return true;
    return false;
}
