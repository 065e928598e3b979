/* store_export_snapshot: a root of its own out of a snapshot, for a second copy of the data.
 *
 *   target is made and taken -> files copied, synced and checked -> manifests, all at once -> the
 *   descriptor, which is what makes the table be there
 *
 * The source may be in use: the snapshot's files are not collected while it is there, and when it is
 * deleted meanwhile, the export fails. */
#include <inttypes.h>
#include <stdio.h>

#include "storage/cluster.h"
#include "storage/descriptor.h"
#include "storage/seal.h"
#include "storage/snapshot.h"
#include "storage/sstable_check.h"
#include "storage/storage.h"

#define COPY_BYTES ((size_t)1 << 20)

struct export
{
    struct env *env;
    struct directory from;
    struct directory to;
    struct env_file *lock; /* of the target */
    struct env_file
        *alive; /* ours in the target: temporaries have a place, and the next start a dead
                               one to bury */
    struct snapshot snapshot;
    struct arena arena;
};

/* ---- The target ---- */

static enum status refuse_any(void *context, const char *name, struct error *error)
{
    if (strcmp(name, "lost+found") == 0)
        return STATUS_OK;
    return error_set(error, STATUS_EXISTS, "%s is not empty", (const char *)context);
}

static enum status take_target(struct export *export, const char *target, struct error *error)
{
    char incarnation[64];
    char id[CLUSTER_ID_SIZE];
    snprintf(incarnation, sizeof(incarnation), "export,0,%" PRId64, env_wall_ms(export->env));
    enum status status = directory_init(&export->to, export->env, target, incarnation, error);
    if (status)
        return status;
    status = env_directory_list(export->env, export->to.root, refuse_any, export->to.root, error);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    error_clear(error);
    status = cluster_open(&export->to, id, error);
    if (status == STATUS_OK)
        status = cluster_lock(&export->to, false, &export->lock, error);
    if (status == STATUS_OK)
        status = directory_make(&export->to, error);
    if (status == STATUS_OK)
        status = seal_register(&export->to, &export->alive, error);
    return status;
}

static enum status make_folder(struct export *export, const char *name, struct error *error)
{
    struct path path;
    directory_path(&export->to, &path, "tables/%s%s", export->snapshot.info.table_id, name);
    return directory_make_folder(export->env, path.text, error);
}

/* ---- Files ---- */

static enum status copy_bytes(
    struct env_file *from, struct env_file *to, struct buffer *bytes, struct error *error)
{
    uint64_t offset = 0;
    size_t size;
    do {
        buffer_reset(bytes);
        uint8_t *place = buffer_reserve(bytes, COPY_BYTES);
        if (!place)
            return error_set(error, STATUS_NO_MEMORY, "copy of %s", env_file_path(from));
        enum status status = env_file_read(from, offset, place, COPY_BYTES, &size, error);
        if (status)
            return status;
        buffer_commit(bytes, size);
        if (size > 0)
            status = env_file_write(to, offset, buffer_span(bytes), error);
        if (status)
            return status;
        offset += size;
    } while (size == COPY_BYTES);
    return env_file_sync(to, error);
}

static void note_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    (void)path;
    struct error *error = context;
    if (error->status == STATUS_OK)
        error_set(error, STATUS_CORRUPT, "at offset %" PRIu64 ": %s", offset, what);
}

static enum status copy_file(
    struct export *export, const struct manifest_file *file, struct error *error)
{
    struct path source;
    struct path target;
    struct env_file *from = NULL;
    struct env_file *to = NULL;
    struct buffer bytes = {0};
    char name[SSTABLE_NAME_SIZE] = {0};
    CHECK(file->file.size < sizeof(name)); /* manifest_decode */
    memcpy(name, file->file.data, file->file.size);
    directory_sstable_path(&export->from, file->table_id, name, &source);
    directory_sstable_path(&export->to, export->snapshot.info.table_id, name, &target);
    enum status status = env_file_open(export->env, source.text, ENV_READ, 0, &from, error);
    if (status == STATUS_OK)
        status = env_file_open(
            export->env, target.text, ENV_WRITE | ENV_CREATE | ENV_EXCLUSIVE, 0600, &to, error);
    if (status == STATUS_EXISTS) { /* another tablet has a part of the same file */
        error_clear(error);
        status = STATUS_OK;
        goto done;
    }
    if (status == STATUS_OK)
        status = copy_bytes(from, to, &bytes, error);
    struct error found = {0};
    uint64_t problems = 0;
    if (status == STATUS_OK)
        status = sstable_check(
            export->env, target.text, file->identity, note_problem, &found, &problems, error);
    if (status == STATUS_OK && problems) {
        if (error)
            *error = found;
        status = error_prefix(error, STATUS_CORRUPT, "%s", source.text);
    }

done:
    env_file_close(from);
    env_file_close(to);
    buffer_deinit(&bytes);
    return status;
}

static enum status copy_files(struct export *export, struct error *error)
{
    struct path folder;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < export->snapshot.manifest_count && status == STATUS_OK; i++) {
        const struct manifest *manifest = &export->snapshot.manifests[i];
        for (size_t k = 0; k < manifest->file_count && status == STATUS_OK; k++)
            status = copy_file(export, &manifest->files[k], error);
    }
    directory_sstables_path(&export->to, export->snapshot.info.table_id, &folder);
    return status ? status : env_directory_sync(export->env, folder.text, error);
}

/* ---- Documents ---- */

static enum status write_manifests(struct export *export, struct error *error)
{
    struct snapshot *snapshot = &export->snapshot;
    for (size_t i = 0; i < snapshot->manifest_count; i++) {
        struct manifest *manifest = &snapshot->manifests[i];
        manifest->version = 0;
        manifest->parent_count = 0; /* they are not there */
        for (size_t k = 0; k < manifest->file_count; k++)
            memcpy(manifest->files[k].table_id, snapshot->info.table_id, TABLE_ID_SIZE);
    }
    return manifest_commit(&export->to, snapshot->manifests, snapshot->manifest_count, error);
}

static enum status write_descriptor(struct export *export, struct error *error)
{
    struct path folder;
    struct buffer payload = {0};
    struct table_descriptor descriptor = {
        .state = TABLE_ENABLED, .schema = export->snapshot.info.schema};
    memcpy(descriptor.id, export->snapshot.info.table_id, sizeof(descriptor.id));
    descriptor_encode(&descriptor, &payload);
    struct chain_commit commit = {.name = "descriptor",
        .document = {.kind = DOCUMENT_DESCRIPTOR,
            .format_version = document_kind_version(DOCUMENT_DESCRIPTOR),
            .comparator = (uint16_t)descriptor.schema.row_order,
            .version = 1,
            .subject = span_string(descriptor.id),
            .payload = buffer_span(&payload)}};
    directory_table_path(&export->to, descriptor.id, &folder);
    enum status status = buffer_status(&payload);
    if (status)
        error_set(error, status, "descriptor");
    else
        status = chain_commit(&export->to, folder.text, &commit, 1, error);
    buffer_deinit(&payload);
    return status;
}

/* The namespace that the table's name says, as the source has it; "default" every root makes itself. */
static enum status copy_namespace(struct export *export, struct error *error)
{
    struct span table = export->snapshot.info.schema.name;
    const uint8_t *colon = table.size ? memchr(table.data, ':', table.size) : NULL;
    char encoded[DIRECTORY_NAME_SIZE + 1];
    struct path folder;
    struct buffer file = {0};
    struct chain_commit commit = {.name = encoded};
    if (!colon)
        return STATUS_OK;
    enum status status = directory_name_encode(
        span_make(table.data, (size_t)(colon - table.data)), encoded, error);
    if (status)
        return status;
    directory_path(&export->from, &folder, "namespaces");
    status = chain_read_newest(
        export->env, folder.text, encoded, DOCUMENT_NAMESPACE, &file, &commit.document, error);
    if (status == STATUS_NOT_FOUND) { /* the system's, which every root makes itself */
        error_clear(error);
        status = STATUS_OK;
    } else if (status == STATUS_OK) {
        commit.document.version = 1;
        directory_path(&export->to, &folder, "namespaces");
        status = chain_commit(&export->to, folder.text, &commit, 1, error);
    }
    buffer_deinit(&file);
    return status;
}

static enum status export_all(struct export *export, const char *root, struct span name,
    const char *target, struct error *error)
{
    char id[CLUSTER_ID_SIZE];
    enum status status = directory_init(&export->from, export->env, root, "", error);
    if (status == STATUS_OK)
        status = cluster_read(&export->from, id, error);
    if (status == STATUS_OK)
        status = snapshot_read(&export->from, name, &export->arena, &export->snapshot, error);
    if (status == STATUS_OK)
        status = take_target(export, target, error);
    if (status == STATUS_OK)
        status = make_folder(export, "", error);
    if (status == STATUS_OK)
        status = make_folder(export, "/tablets", error);
    if (status == STATUS_OK)
        status = make_folder(export, "/sst", error);
    if (status == STATUS_OK)
        status = copy_files(export, error);
    if (status == STATUS_OK)
        status = write_manifests(export, error);
    if (status == STATUS_OK)
        status = copy_namespace(export, error);
    return status ? status : write_descriptor(export, error);
}

enum status store_export_snapshot(struct env *env, const char *root, struct span snapshot_name,
    const char *target, struct error *error)
{
    struct error own = {0};
    struct export export = {.env = env};
    enum status status = export_all(&export, root, snapshot_name, target, error ? error : &own);
    env_file_close(export.alive);
    env_file_close(export.lock);
    arena_deinit(&export.arena);
    return status ? error_prefix(error, status, "export to %s", target) : STATUS_OK;
}
