/* The part of storage_check that looks at tables, their tablets, and snapshots (check.c). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/check.h"
#include "storage/descriptor.h"
#include "storage/lineage.h"
#include "storage/plan.h"
#include "storage/snapshot.h"

static enum status check_pointer(struct check *check, const char *manifest_path,
    const struct manifest_file *pointer, struct error *error)
{
    struct path path;
    char name[SSTABLE_NAME_SIZE] = {0};
    struct env_stat stat;
    memcpy(name, pointer->file.data, pointer->file.size);
    directory_sstable_path(&check->directory, pointer->table_id, name, &path);
    enum status status = env_path_stat(check->env, path.text, &stat, error);
    if (status == STATUS_NOT_FOUND) {
        char what[LIMIT_PATH_SIZE + 64];
        snprintf(what, sizeof(what), "points at %s, which is not there", path.text);
        check_tell(check, manifest_path, 32, what);
        return STATUS_OK;
    }
    if (status)
        return status;
    if (pointer->size_bytes && stat.size != pointer->size_bytes)
        check_tell(check, path.text, stat.size, "size differs from the manifest's");
    if (pointer->min_sequence > pointer->max_sequence)
        check_tell(check, manifest_path, 32, "a pointer's sequences fall");
    uint64_t problems = 0;
    status = sstable_check(
        check->env, path.text, pointer->identity, check->problem, check->context, &problems, error);
    check->problems += problems;
    return status;
}

static enum status check_incarnation_of(struct check *check, const char *manifest_path,
    struct span incarnation, uint64_t plan_checksum, bool needs_plan, struct error *error)
{
    char name[DIRECTORY_NAME_SIZE + 1] = {0};
    struct path folder;
    bool is_there = false;
    memcpy(name, incarnation.data, incarnation.size);
    directory_path(&check->directory, &folder, "servers/%s", name);
    enum status status = directory_exists(check->env, folder.text, &is_there, error);
    if (status)
        return status;
    if (!is_there) {
        check_tell(check, manifest_path, 32, "needs the log of an incarnation that is not there");
        return STATUS_OK;
    }
    if (!needs_plan)
        return STATUS_OK;
    struct plan plan;
    struct error why = {0};
    status = plan_read(&check->directory, name, &plan, &why);
    if (status == STATUS_NOT_FOUND) {
        check_tell(check, manifest_path, 32, "needs a plan that is not there");
        return STATUS_OK;
    }
    if (status) /* told where the incarnation is checked */
        return check_is_about_bytes(status) ? STATUS_OK
                                            : check_judge(check, folder.text, status, &why, error);
    if (plan_checksum && plan.checksum != plan_checksum)
        check_tell(check, manifest_path, 32, "followed another plan than the one that is there");
    /* Without a manifest that needs it, a plan whose segments are gone is being collected. */
    for (size_t i = 0; i < plan.segment_count && status == STATUS_OK; i++) {
        struct path segment;
        directory_segment_path(&check->directory, name, plan.segments[i].number, &segment);
        status = directory_exists(check->env, segment.text, &is_there, error);
        if (status == STATUS_OK && !is_there)
            check_tell(check, segment.text, 0, "is needed, and not there");
    }
    plan_deinit(&plan);
    return status;
}

static enum status check_manifest(
    struct check *check, const char *path, const struct manifest *manifest, struct error *error)
{
    enum status status = STATUS_OK;
    if (manifest->end_row.size &&
        row_compare(manifest->row_order, manifest->start_row, manifest->end_row) >= 0)
        check_tell(check, path, 32, "its range is empty");
    for (size_t i = 0; i < manifest->file_count && status == STATUS_OK; i++)
        status = check_pointer(check, path, &manifest->files[i], error);
    if (status == STATUS_OK && manifest->owner.size)
        status = check_incarnation_of(check, path, manifest->owner, 0, false, error);
    for (size_t i = 0; i < manifest->dead_log_count && status == STATUS_OK; i++)
        status = check_incarnation_of(check, path, manifest->dead_logs[i].incarnation,
            manifest->dead_logs[i].plan_checksum, true, error);
    return status;
}

static int compare_starts(const void *a, const void *b)
{
    const struct manifest *left = *(struct manifest *const *)a;
    const struct manifest *right = *(struct manifest *const *)b;
    return row_compare(left->row_order, left->start_row, right->start_row);
}

static void check_tiling(
    struct check *check, const char *folder, const struct manifest_set *serving)
{
    struct span end = SPAN_EMPTY;
    for (size_t i = 0; i < serving->count; i++) {
        const struct manifest *manifest = serving->items[i];
        int order = i ? row_compare(manifest->row_order, end, manifest->start_row) : 0;
        bool is_past_end = i > 0 && end.size == 0;
        struct path path;
        char name[TABLET_ID_SIZE + 24];
        snprintf(name, sizeof(name), "%s.%" PRIu64, manifest->tablet_id, manifest->version);
        check_join(folder, name, &path);
        if (is_past_end || order > 0)
            check_tell(check, path.text, 32, "its range overlaps the tablet's before it");
        else if (order < 0 || (i == 0 && manifest->start_row.size))
            check_tell(check, path.text, 32, "there is a hole in the table before its range");
        end = manifest->end_row;
        if (i + 1 == serving->count && end.size)
            check_tell(check, path.text, 32, "there is a hole in the table after its range");
    }
}

/* Splits "<tablet>.<n>"; false when it is none. */
static bool parse_manifest_name(
    const char *name, char out_tablet[TABLET_ID_SIZE], uint64_t *out_version)
{
    const char *dot = strrchr(name, '.');
    size_t size = dot ? (size_t)(dot - name) : 0;
    if (!dot || size >= TABLET_ID_SIZE || !directory_number_parse(dot + 1, "", "", out_version))
        return false;
    memcpy(out_tablet, name, size);
    out_tablet[size] = '\0';
    return directory_id_is_valid(out_tablet);
}

static bool is_newest(const struct name_list *names, const char *tablet, uint64_t version)
{
    for (size_t i = 0; i < names->count; i++) {
        char other[TABLET_ID_SIZE];
        uint64_t other_version;
        if (parse_manifest_name(names->items[i], other, &other_version) &&
            strcmp(other, tablet) == 0 && other_version > version)
            return false;
    }
    return true;
}

/* One file of the folder; the newest of each tablet goes into *newest. *is_whole falls when one cannot
 * be read. */
static enum status read_one(struct check *check, const char *table_id, const struct path *path,
    bool is_newest, struct manifest_set *newest, bool *is_whole, struct error *error)
{
    struct error why = {0};
    struct manifest *manifest = arena_allocate(newest->arena, sizeof(*manifest));
    if (!manifest)
        return error_set(error, STATUS_NO_MEMORY, "manifest");
    enum status status = manifest_read_file(check->env, path->text, newest->arena, manifest, &why);
    bool is_read = status == STATUS_OK;
    status = check_judge(check, path->text, status, &why, error);
    if (is_read && strcmp(manifest->table_id, table_id) != 0) {
        check_tell(check, path->text, 32, "is of another table");
        is_read = false;
    }
    *is_whole = *is_whole && is_read;
    return is_read && is_newest ? manifest_set_add(newest, manifest, error) : status;
}

static enum status read_all(struct check *check, const char *table_id, const char *folder,
    struct manifest_set *newest, bool *out_is_whole, struct error *error)
{
    struct name_list names;
    enum status status = check_names(check->env, folder, &names, error);
    *out_is_whole = true;
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
        struct path path;
        char tablet[TABLET_ID_SIZE];
        uint64_t version;
        check_join(folder, names.items[i], &path);
        if (!parse_manifest_name(names.items[i], tablet, &version))
            check_tell(check, path.text, 0, "is no manifest");
        else
            status = read_one(check, table_id, &path, is_newest(&names, tablet, version), newest,
                out_is_whole, error);
    }
    name_list_deinit(&names);
    manifest_set_sort(newest);
    return status;
}

static bool is_serving(const struct manifest *manifest)
{
    return manifest->state == TABLET_OPEN || manifest->state == TABLET_CLOSED;
}

/* What the newest say, and, when all could be read, what they say together. */
static enum status check_newest(struct check *check, const char *folder,
    const struct manifest_set *newest, bool is_tiled, struct error *error)
{
    struct manifest_set missing = {0};
    struct manifest_set serving = {.arena = newest->arena};
    enum status status = lineage_missing(newest, &missing, error);
    for (size_t i = 0; i < newest->count && status == STATUS_OK; i++) {
        struct path path;
        char name[TABLET_ID_SIZE + 24];
        struct manifest *manifest = newest->items[i];
        snprintf(name, sizeof(name), "%s.%" PRIu64, manifest->tablet_id, manifest->version);
        check_join(folder, name, &path);
        if (!lineage_is_settled(newest, manifest)) /* else what it points at may be gone */
            status = check_manifest(check, path.text, manifest, error);
        if (status == STATUS_OK && is_serving(manifest))
            status = manifest_set_add(&serving, manifest, error);
    }
    for (size_t i = 0; i < missing.count && status == STATUS_OK; i++)
        status = manifest_set_add(&serving, missing.items[i], error);
    if (status == STATUS_OK && is_tiled && serving.count) {
        qsort(serving.items, serving.count, sizeof(*serving.items), compare_starts);
        check_tiling(check, folder, &serving);
    }
    return status;
}

static enum status check_tablets(
    struct check *check, const char *table_id, bool is_tiled, struct error *error)
{
    struct path folder;
    struct arena arena = {0};
    struct manifest_set newest = {.arena = &arena};
    bool is_whole;
    directory_tablets_path(&check->directory, table_id, &folder);
    enum status status = read_all(check, table_id, folder.text, &newest, &is_whole, error);
    if (status == STATUS_OK)
        status = check_newest(check, folder.text, &newest, is_tiled && is_whole, error);
    arena_deinit(&arena);
    return status;
}

/* *out_state: of the newest; TABLE_DROPPED when there is none. */
static enum status check_descriptors(
    struct check *check, const char *table_id, enum table_state *out_state, struct error *error)
{
    struct path folder;
    struct name_list names;
    uint64_t newest = 0;
    *out_state = TABLE_DROPPED;
    directory_table_path(&check->directory, table_id, &folder);
    enum status status = check_names(check->env, folder.text, &names, error);
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
        struct path path;
        struct buffer file = {0};
        struct arena arena = {0};
        struct document document;
        struct table_descriptor descriptor;
        struct error why = {0};
        uint64_t version;
        if (!directory_number_parse(names.items[i], "descriptor.", "", &version))
            continue;
        check_join(folder.text, names.items[i], &path);
        status = document_read(check->env, path.text, DOCUMENT_DESCRIPTOR, &file, &document, &why);
        if (status == STATUS_OK)
            status = descriptor_decode(&document, &arena, &descriptor, &why);
        bool is_read = status == STATUS_OK;
        status = check_judge(check, path.text, status, &why, error);
        if (is_read && (document.version != version || strcmp(descriptor.id, table_id) != 0))
            check_tell(check, path.text, 16, "is of another table or version");
        if (is_read && version > newest) {
            newest = version;
            *out_state = descriptor.state;
        }
        arena_deinit(&arena);
        buffer_deinit(&file);
    }
    name_list_deinit(&names);
    return status;
}

enum status check_table(struct check *check, const char *table_id, struct error *error)
{
    enum table_state state;
    if (!directory_id_is_valid(table_id)) {
        struct path path;
        directory_table_path(&check->directory, table_id, &path);
        check_tell(check, path.text, 0, "is no table");
        return STATUS_OK;
    }
    enum status status = check_descriptors(check, table_id, &state, error);
    /* One on its way to be enabled may be new: its tablets are made one by one, and none is served yet. */
    bool is_tiled = state != TABLE_DROPPED && state != TABLE_ENABLING;
    if (status == STATUS_OK)
        status = check_tablets(check, table_id, is_tiled, error);
    return status;
}

/* ---- Snapshots ---- */

/* The newest version; one whose document cannot be read was told of already, by its checksum. */
static enum status check_snapshot(
    void *context, const char *name, uint64_t version, struct error *error)
{
    struct check *check = context;
    struct arena arena = {0};
    struct buffer file = {0};
    struct document document;
    struct snapshot snapshot = {0};
    struct error why = {0};
    struct path path;
    directory_path(&check->directory, &path, "snapshots/%s.%" PRIu64, name, version);
    enum status status = document_read(
        check->env, path.text, DOCUMENT_SNAPSHOT, &file, &document, &why);
    if (status) {
        status = check_is_about_bytes(status) ? STATUS_OK
                                              : check_judge(check, path.text, status, &why, error);
        goto done;
    }
    status = snapshot_decode(&document, &arena, &snapshot, &why);
    status = check_judge(check, path.text, status, &why, error);
    for (size_t i = 0; i < snapshot.manifest_count && status == STATUS_OK; i++)
        status = check_manifest(check, path.text, &snapshot.manifests[i], error);

done:
    arena_deinit(&arena);
    buffer_deinit(&file);
    return status;
}

enum status check_snapshots(struct check *check, struct error *error)
{
    struct path folder;
    directory_path(&check->directory, &folder, "snapshots");
    enum status status = chain_list(check->env, folder.text, check_snapshot, check, error);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
