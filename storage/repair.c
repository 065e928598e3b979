/* storage_repair: mends without loss what can be mended (cli: stele fsck --repair).
 *
 *   - dead incarnations get their seals and plans, as the next start would do
 *   - splits and merges that a crash cut are completed
 *   - a meta table that is not whole goes to the trash: all of it can be made from the manifests
 *
 * Whatever else is damaged stays as it is, for storage_check to name. */
#include <inttypes.h>
#include <stdio.h>

#include "storage/check.h"
#include "storage/cluster.h"
#include "storage/lineage.h"
#include "storage/log_loss.h"
#include "storage/plan.h"
#include "storage/seal.h"
#include "storage/storage.h"

static const char meta_id[] = "meta";

struct repair {
    struct check check; /* the directory is ours: with an incarnation, and so a place to write */
    struct env_file *lock;
    struct env_file *alive;
    void (*act)(void *context, const char *path, const char *what);
    void *context;
    uint64_t acts;
};

static void tell(struct repair *repair, const char *path, const char *what)
{
    repair->acts++;
    repair->act(repair->context, path, what);
}

static void count_only(void *context, const char *path, uint64_t offset, const char *what)
{
    (void)context;
    (void)path;
    (void)offset;
    (void)what;
}

static enum status for_each_name(struct repair *repair, const char *folder_name,
    enum status (*one)(struct repair *repair, const char *name, struct error *error),
    struct error *error)
{
    struct path folder;
    struct name_list names;
    directory_path(&repair->check.directory, &folder, "%s", folder_name);
    enum status status = check_names(repair->check.env, folder.text, &names, error);
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++)
        status = one(repair, names.items[i], error);
    name_list_deinit(&names);
    return status;
}

static enum status bury_one(struct repair *repair, const char *incarnation, struct error *error)
{
    struct path path;
    bool is_new = false;
    if (strcmp(incarnation, repair->check.directory.incarnation) == 0)
        return STATUS_OK;
    enum status status = plan_bury(&repair->check.directory, incarnation, &is_new, error);
    if (check_is_about_bytes(status)) { /* a damaged log is for the check to tell */
        error_clear(error);
        return STATUS_OK;
    }
    directory_path(&repair->check.directory, &path, "servers/%s", incarnation);
    if (status == STATUS_OK && is_new)
        tell(repair, path.text, "sealed, and its log given an end");
    return status;
}

/* ---- Tables ---- */

/* It is there, and for the check to tell. */
static bool is_damaged(const struct damaged_manifest *damaged, const char *tablet_id)
{
    while (damaged && strcmp(damaged->tablet_id, tablet_id) != 0)
        damaged = damaged->next;
    return damaged != NULL;
}

/* What a damaged manifest of the table says is not known, and not needed for those whose parents can be read. */
static enum status complete_table(struct repair *repair, const char *table_id, struct error *error)
{
    struct arena arena = {0};
    struct manifest_set set = {0};
    struct manifest_set missing = {0};
    struct damaged_manifest *damaged = NULL;
    struct path path;
    enum status status = STATUS_OK;
    if (!directory_id_is_valid(table_id))
        return STATUS_OK;
    directory_tablets_path(&repair->check.directory, table_id, &path);
    status = manifest_set_read_undamaged(
        &repair->check.directory, table_id, &arena, &set, &damaged, error);
    if (status == STATUS_OK)
        status = lineage_missing(&set, &missing, error);
    if (status == STATUS_OK && missing.count > 0)
        status = lineage_complete(&repair->check.directory, table_id, NULL, error);
    for (size_t i = 0; i < missing.count && status == STATUS_OK; i++) {
        struct path child;
        if (is_damaged(damaged, missing.items[i]->tablet_id))
            continue;
        check_join(path.text, missing.items[i]->tablet_id, &child);
        tell(repair, child.text, "made, as the tablets it was split or merged from say");
    }
    arena_deinit(&arena);
    if (status == STATUS_NOT_FOUND || check_is_about_bytes(status)) {
        error_clear(error);
        return STATUS_OK;
    }
    return status;
}

/* ---- Meta ---- */

static enum status check_logs_of(
    struct check *check, const struct manifest *manifest, struct error *error)
{
    enum status status = STATUS_OK;
    char name[DIRECTORY_NAME_SIZE + 1] = {0};
    if (manifest->owner.size) {
        memcpy(name, manifest->owner.data, manifest->owner.size);
        status = check_incarnation(check, name, error);
    }
    for (size_t i = 0; i < manifest->dead_log_count && status == STATUS_OK; i++) {
        memset(name, 0, sizeof(name));
        memcpy(
            name, manifest->dead_logs[i].incarnation.data, manifest->dead_logs[i].incarnation.size);
        status = check_incarnation(check, name, error);
    }
    return status;
}

/* Whether anything of what a start needs of it is not there or damaged. */
static enum status is_meta_damaged(struct repair *repair, bool *out_is, struct error *error)
{
    struct check *check = &repair->check;
    struct arena arena = {0};
    struct manifest_set set = {0};
    struct path folder;
    uint64_t version;
    struct error why = {0};
    check->problems = 0;
    directory_table_path(&check->directory, meta_id, &folder);
    enum status status = check_table(check, meta_id, error);
    if (status == STATUS_OK)
        status = chain_newest(check->env, folder.text, "descriptor", &version, &why);
    if (status == STATUS_OK && check->problems == 0)
        status = manifest_set_read(&check->directory, meta_id, &arena, &set, &why);
    bool has_any = false;
    for (size_t i = 0; i < set.count && status == STATUS_OK; i++) {
        has_any = has_any || set.items[i]->state == TABLET_OPEN ||
                  set.items[i]->state == TABLET_CLOSED;
        status = check_logs_of(check, set.items[i], error);
    }
    *out_is = check->problems > 0 || status == STATUS_NOT_FOUND || check_is_about_bytes(status) ||
              !has_any;
    arena_deinit(&arena);
    if (*out_is || status == STATUS_OK)
        return STATUS_OK;
    if (error && why.status)
        *error = why;
    return status;
}

static enum status mend_meta(struct repair *repair, struct error *error)
{
    struct directory *directory = &repair->check.directory;
    struct path from;
    struct path to;
    struct path folder;
    bool is_there = false;
    bool is_damaged = false;
    directory_table_path(directory, meta_id, &from);
    enum status status = directory_exists(directory->env, from.text, &is_there, error);
    if (status || !is_there)
        return status;
    status = is_meta_damaged(repair, &is_damaged, error);
    if (status || !is_damaged)
        return status;
    error_clear(error);
    directory_path(directory, &to, "trash/%" PRId64 "-%s", env_wall_ms(directory->env), meta_id);
    status = env_path_rename(directory->env, from.text, to.text, error);
    directory_path(directory, &folder, "trash");
    if (status == STATUS_OK)
        status = env_directory_sync(directory->env, folder.text, error);
    directory_path(directory, &folder, "tables");
    if (status == STATUS_OK)
        status = env_directory_sync(directory->env, folder.text, error);
    if (status == STATUS_OK)
        tell(repair, from.text, "moved to the trash: the next start makes it from the manifests");
    return status;
}

/* ---- All ---- */

/* is_alone: no server uses it. */
static enum status take_root(
    struct repair *repair, const char *root, bool is_alone, struct error *error)
{
    struct directory *directory = &repair->check.directory;
    char incarnation[64];
    char id[CLUSTER_ID_SIZE];
    snprintf(incarnation, sizeof(incarnation), "fsck,0,%" PRId64, env_wall_ms(repair->check.env));
    enum status status = directory_init(directory, repair->check.env, root, incarnation, error);
    if (status == STATUS_OK)
        status = cluster_read(directory, id, error);
    if (status == STATUS_OK && is_alone)
        status = cluster_lock(directory, false, &repair->lock, error);
    if (status == STATUS_OK)
        status = directory_make(directory, error);
    return status ? status : seal_register(directory, &repair->alive, error);
}

/* The incarnation of ours was for temporaries only: it goes at once, as a dead one does. */
static void leave_root(struct repair *repair)
{
    struct directory *directory = &repair->check.directory;
    struct path path;
    if (!repair->alive)
        return;
    env_file_close(repair->alive);
    directory_server_path(directory, directory->incarnation, "alive", &path);
    (void)env_path_remove(directory->env, path.text, NULL);
    directory_path(directory, &path, "servers/%s", directory->incarnation);
    (void)env_directory_remove(directory->env, path.text, NULL);
}

enum status storage_repair(struct env *env, const char *root,
    void (*act)(void *context, const char *path, const char *what), void *context,
    uint64_t *out_acts, struct error *error)
{
    struct error own = {0};
    error = error ? error : &own;
    struct repair repair = {
        .check = {.env = env, .problem = count_only}, .act = act, .context = context};
    enum status status = take_root(&repair, root, true, error);
    if (status == STATUS_OK)
        status = for_each_name(&repair, "servers", bury_one, error);
    if (status == STATUS_OK)
        status = for_each_name(&repair, "tables", complete_table, error);
    if (status == STATUS_OK)
        status = mend_meta(&repair, error);
    leave_root(&repair);
    env_file_close(repair.lock);
    *out_acts = repair.acts;
    return status ? error_prefix(error, status, "repair %s", root) : STATUS_OK;
}

/* ---- Accepted loss ---- */

/* What the plan passed over, though it may be read now, and its segments that are gone. */
static enum status tell_planned_loss(
    struct check *check, const struct plan *plan, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < plan->segment_count && status == STATUS_OK; i++) {
        const struct plan_segment *segment = &plan->segments[i];
        struct path path;
        bool is_there = true;
        directory_segment_path(&check->directory, plan->incarnation, segment->number, &path);
        status = directory_exists(check->env, path.text, &is_there, error);
        if (status == STATUS_OK && !is_there)
            check_tell(check, path.text, 0, "is not there");
        for (size_t j = 0; j < segment->damage_count && status == STATUS_OK; j++)
            check_tell(
                check, path.text, segment->damages[j].offset, "was damaged when the plan was made");
    }
    return status;
}

/* Of an incarnation whose log has an end that all agree on: nothing is written to it any more. */
static enum status tell_loss(struct check *check, const char *incarnation, struct error *error)
{
    bool is_sealed = false;
    bool is_there = false;
    struct plan plan = {0};
    struct path folder;
    directory_path(&check->directory, &folder, "servers/%s", incarnation);
    enum status status = directory_exists(check->env, folder.text, &is_there, error);
    if (status)
        return status;
    if (!is_there)
        return error_set(error, STATUS_NOT_FOUND, "%s is not there", folder.text);
    status = seal_exists(&check->directory, incarnation, &is_sealed, error);
    if (status == STATUS_OK)
        status = plan_read(&check->directory, incarnation, &plan, error);
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && !is_sealed))
        status = error_set(
            error, STATUS_BUSY, "%s is not recovered yet: what it lost is not known", folder.text);
    if (status == STATUS_OK)
        status = tell_planned_loss(check, &plan, error);
    if (status == STATUS_OK)
        status = check_incarnation(check, incarnation, error);
    plan_deinit(&plan);
    return status;
}

enum status storage_accept_loss(struct env *env, const char *root, const char *incarnation,
    void (*damage)(void *context, const char *path, uint64_t offset, const char *what),
    void *context, struct error *error)
{
    struct error own = {0};
    error = error ? error : &own;
    struct repair repair = {.check = {.env = env, .problem = damage, .context = context}};
    struct directory *directory = &repair.check.directory;
    if (strlen(incarnation) > DIRECTORY_NAME_SIZE || strchr(incarnation, '/') ||
        incarnation[0] == '.' || incarnation[0] == '\0')
        return error_set(error, STATUS_INVALID,
            "'%.100s' is no incarnation: a name of a folder in %s/servers is", incarnation, root);
    enum status status = take_root(&repair, root, false, error);
    if (status == STATUS_OK)
        status = tell_loss(&repair.check, incarnation, error);
    if (status == STATUS_OK && repair.check.problems == 0)
        status = error_set(error, STATUS_INVALID,
            "servers/%s: nothing of its log is damaged, so nothing is lost", incarnation);
    if (status == STATUS_OK)
        status = log_loss_accept(directory, incarnation, error);
    leave_root(&repair);
    return status ? error_prefix(error, status, "loss in %s", root) : STATUS_OK;
}
