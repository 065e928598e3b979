/* storage_check: every promise of the formats under a root that no server uses (cli: stele fsck).
 *
 *   - the cluster file, every document of every chain: checksum, name, number, payload
 *   - every segment of every incarnation: frames to the end, records, index; only the newest may be
 *     open; the plan says what the segments say
 *   - every seal leads to the alive of its incarnation and has taken its mode
 *   - newest manifests: tablets that serve tile their table; each SSTable pointer leads to a file
 *     that keeps its own promises and those of the pointer; each owner and dead log is an
 *     incarnation that is there, with that plan
 *
 * Nothing is changed. What cannot be read for an I/O error is no problem of the directory: it ends
 * the check. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "storage/check.h"
#include "storage/cluster.h"
#include "storage/descriptor.h"
#include "storage/manifest.h"
#include "storage/plan.h"

void check_tell(struct check *check, const char *path, uint64_t offset, const char *what)
{
    check->problems++;
    check->problem(check->context, path, offset, what);
}

bool check_is_about_bytes(enum status status)
{
    return status == STATUS_CORRUPT || status == STATUS_NEWER_FORMAT || status == STATUS_INVALID;
}

enum status check_judge(struct check *check, const char *path, enum status status,
    const struct error *error, struct error *out_error)
{
    if (status == STATUS_OK)
        return STATUS_OK;
    if (!check_is_about_bytes(status)) {
        if (out_error)
            *out_error = *error;
        return status;
    }
    const char *at = strstr(error->message, "at offset ");
    check_tell(check, path, at ? strtoull(at + 10, NULL, 10) : 0, error->message);
    return STATUS_OK;
}

enum status check_names(
    struct env *env, const char *folder, struct name_list *out_names, struct error *error)
{
    enum status status = name_list_read(env, folder, out_names, error);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

void check_join(const char *folder, const char *name, struct path *out_path)
{
    int size = snprintf(out_path->text, sizeof(out_path->text), "%s/%s", folder, name);
    CHECK(size > 0 && (size_t)size < sizeof(out_path->text));
}

/* ---- Documents ---- */

static enum status check_documents(
    struct check *check, const char *folder_name, enum document_kind kind, struct error *error)
{
    struct path folder;
    struct name_list names;
    directory_path(&check->directory, &folder, "%s", folder_name);
    enum status status = check_names(check->env, folder.text, &names, error);
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
        struct path path;
        struct buffer file = {0};
        struct buffer name = {0};
        struct document document;
        struct error why = {0};
        check_join(folder.text, names.items[i], &path);
        status = document_read(check->env, path.text, kind, &file, &document, &why);
        bool is_read = status == STATUS_OK;
        status = check_judge(check, path.text, status, &why, error);
        const char *dot = strrchr(names.items[i], '.');
        uint64_t version;
        if (is_read && (!dot || !directory_number_parse(dot + 1, "", "", &version) ||
                           version != document.version))
            check_tell(check, path.text, 16, "version differs from the name");
        if (is_read && dot) {
            char encoded[DIRECTORY_NAME_SIZE + 1] = {0};
            size_t size = (size_t)(dot - names.items[i]);
            memcpy(encoded, names.items[i], size < sizeof(encoded) ? size : 0);
            if (directory_name_decode(encoded, &name, NULL) ||
                !span_equal(buffer_span(&name), document.subject))
                check_tell(check, path.text, 32, "subject differs from the name");
        }
        buffer_deinit(&name);
        buffer_deinit(&file);
    }
    name_list_deinit(&names);
    return status;
}

/* ---- Tables ---- */

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

/* Newest manifests of a table that serve (open or closed). */
struct serving {
    struct manifest **items;
    size_t count;
    size_t capacity;
    struct arena arena;
};

static int compare_starts(const void *a, const void *b)
{
    const struct manifest *left = *(struct manifest *const *)a;
    const struct manifest *right = *(struct manifest *const *)b;
    return row_compare(left->row_order, left->start_row, right->start_row);
}

static void check_tiling(struct check *check, const char *folder, const struct serving *serving)
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

static enum status note_serving(
    struct serving *serving, struct manifest *manifest, struct error *error)
{
    if (serving->count == serving->capacity) {
        size_t capacity = serving->capacity ? serving->capacity * 2 : 32;
        struct manifest **items = memory_reallocate(serving->items, capacity * sizeof(*items));
        if (!items)
            return error_set(error, STATUS_NO_MEMORY, "list of %zu tablets", capacity);
        serving->items = items;
        serving->capacity = capacity;
    }
    serving->items[serving->count++] = manifest;
    return STATUS_OK;
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

static enum status check_tablets(
    struct check *check, const char *table_id, bool is_tiled, struct error *error)
{
    struct path folder;
    struct name_list names;
    struct serving serving = {0};
    directory_tablets_path(&check->directory, table_id, &folder);
    enum status status = check_names(check->env, folder.text, &names, error);
    bool is_whole = true;
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
        struct path path;
        struct error why = {0};
        char tablet[TABLET_ID_SIZE];
        uint64_t version;
        check_join(folder.text, names.items[i], &path);
        if (!parse_manifest_name(names.items[i], tablet, &version)) {
            check_tell(check, path.text, 0, "is no manifest");
            continue;
        }
        struct manifest *manifest = arena_allocate(&serving.arena, sizeof(*manifest));
        if (!manifest) {
            status = error_set(error, STATUS_NO_MEMORY, "manifest");
            break;
        }
        status = manifest_read_file(check->env, path.text, &serving.arena, manifest, &why);
        bool is_read = status == STATUS_OK;
        status = check_judge(check, path.text, status, &why, error);
        if (is_read && strcmp(manifest->table_id, table_id) != 0) {
            check_tell(check, path.text, 32, "is of another table");
            is_read = false;
        }
        is_whole = is_whole && is_read;
        if (!is_read || !is_newest(&names, tablet, version))
            continue;
        status = check_manifest(check, path.text, manifest, error);
        if (status == STATUS_OK &&
            (manifest->state == TABLET_OPEN || manifest->state == TABLET_CLOSED))
            status = note_serving(&serving, manifest, error);
    }
    if (status == STATUS_OK && is_tiled && is_whole && serving.count) {
        qsort(serving.items, serving.count, sizeof(*serving.items), compare_starts);
        check_tiling(check, folder.text, &serving);
    }
    memory_free(serving.items);
    arena_deinit(&serving.arena);
    name_list_deinit(&names);
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

static enum status check_table(struct check *check, const char *table_id, struct error *error)
{
    enum table_state state;
    if (!directory_id_is_valid(table_id)) {
        struct path path;
        directory_table_path(&check->directory, table_id, &path);
        check_tell(check, path.text, 0, "is no table");
        return STATUS_OK;
    }
    enum status status = check_descriptors(check, table_id, &state, error);
    if (status == STATUS_OK)
        status = check_tablets(check, table_id, state != TABLE_DROPPED, error);
    return status;
}

/* ---- The root ---- */

static enum status check_each(struct check *check, const char *folder_name,
    enum status (*one)(struct check *check, const char *name, struct error *error),
    struct error *error)
{
    struct path folder;
    struct name_list names;
    directory_path(&check->directory, &folder, "%s", folder_name);
    enum status status = check_names(check->env, folder.text, &names, error);
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++)
        status = one(check, names.items[i], error);
    name_list_deinit(&names);
    return status;
}

/* Holds the root's lock for the time of the check; a root without a lock file was never in use. */
static enum status lock_root(
    const struct check *check, struct env_file **out_lock, struct error *error)
{
    struct path path;
    directory_path(&check->directory, &path, "lock");
    enum status status = env_file_open(check->env, path.text, ENV_READ, 0, out_lock, error);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    int pid = 0;
    if (status == STATUS_OK)
        status = env_file_lock(*out_lock, &pid, error);
    return status == STATUS_BUSY
               ? error_set(error, status, "%s is in use by process %d", check->directory.root, pid)
               : status;
}

enum status storage_check(struct env *env, const char *root,
    void (*problem)(void *context, const char *path, uint64_t offset, const char *what),
    void *context, uint64_t *out_problems, struct error *error)
{
    struct check check = {.env = env, .problem = problem, .context = context};
    struct env_file *lock = NULL;
    struct path path;
    char id[CLUSTER_ID_SIZE];
    struct error why = {0};
    enum status status = directory_init(&check.directory, env, root, "", error);
    if (status)
        return status;
    directory_path(&check.directory, &path, "cluster");
    status = cluster_read(&check.directory, id, &why);
    if (status == STATUS_INVALID || status == STATUS_NEWER_FORMAT) { /* not ours to judge */
        if (error)
            *error = why;
        return status;
    }
    status = check_judge(&check, path.text, status, &why, error);
    if (status == STATUS_OK)
        status = lock_root(&check, &lock, error);
    if (status == STATUS_OK)
        status = check_each(&check, "servers", check_incarnation, error);
    if (status == STATUS_OK)
        status = check_each(&check, "sealed", check_seal, error);
    if (status == STATUS_OK)
        status = check_documents(&check, "namespaces", DOCUMENT_NAMESPACE, error);
    if (status == STATUS_OK)
        status = check_documents(&check, "procedures", DOCUMENT_PROCEDURE, error);
    if (status == STATUS_OK)
        status = check_each(&check, "tables", check_table, error);
    env_file_close(lock);
    *out_problems = check.problems;
    return status;
}
