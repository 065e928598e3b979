#include "storage/trash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/pause.h"
#include "storage/name_list.h"

#define TRASH_DEPTH       8 /* <table>/sst/<file>, and folders of epochs that a cut left in one another */
#define TRASH_FENCE_TRIES 100 /* each takes what is listed; more come only from other leaders */
#define TRASH_SHORT_BYTES (256u << 20) /* less free space than this empties the trash at once */
#define EPOCH_PREFIX      "epoch-"

static void folder_path(const struct trash *trash, struct path *out_path)
{
    if (trash->epoch)
        directory_path(trash->directory, out_path, "trash/" EPOCH_PREFIX "%" PRIu64, trash->epoch);
    else
        directory_path(trash->directory, out_path, "trash");
}

static void join(const struct path *folder, const char *name, struct path *out_path)
{
    int size = snprintf(out_path->text, sizeof(out_path->text), "%s/%s", folder->text, name);
    CHECK(size > 0 && (size_t)size < sizeof(out_path->text));
}

void trash_path(const struct trash *trash, const char *what, struct path *out_path)
{
    struct path folder;
    char name[DIRECTORY_NAME_SIZE + 128];
    snprintf(name, sizeof(name), "%" PRId64 "-%s", env_wall_ms(trash->directory->env), what);
    folder_path(trash, &folder);
    join(&folder, name, out_path);
}

static enum status check_ours(const struct trash *trash, struct error *error)
{
    struct path folder;
    bool is_there = true;
    folder_path(trash, &folder);
    enum status status = directory_exists(trash->directory->env, folder.text, &is_there, error);
    if (status == STATUS_OK && !is_there)
        return error_set(
            error, STATUS_SUPERSEDED, "%s is not there: a later master has taken it", folder.text);
    return status;
}

enum status trash_move(
    const struct trash *trash, const struct path *from, const struct path *to, struct error *error)
{
    struct error why = {0};
    enum status status = env_path_rename(trash->directory->env, from->text, to->text, &why);
    enum status ours = status == STATUS_NOT_FOUND ? check_ours(trash, error) : STATUS_OK;
    if (ours)
        return ours;
    if (status && error)
        *error = why;
    return status;
}

enum status trash_sync(const struct trash *trash, struct error *error)
{
    struct path folder;
    folder_path(trash, &folder);
    enum status status = env_directory_sync(trash->directory->env, folder.text, error);
    return status == STATUS_NOT_FOUND ? check_ours(trash, error) : status;
}

/* ---- The fence ---- */

static bool parse_epoch(const char *name, uint64_t *out_epoch)
{
    return directory_number_parse(name, EPOCH_PREFIX, "", out_epoch);
}

/* STATUS_SUPERSEDED when there is a later one. */
static enum status look_for_later(
    const struct trash *trash, const struct name_list *names, struct error *error)
{
    uint64_t epoch;
    for (size_t i = 0; i < names->count; i++)
        if (parse_epoch(names->items[i], &epoch) && epoch > trash->epoch)
            return error_set(error, STATUS_SUPERSEDED,
                "trash/%s is there: a later master has led, not only epoch %" PRIu64,
                names->items[i], trash->epoch);
    return STATUS_OK;
}

/* *out_is_ours: there was nothing but what is ours. */
static enum status take_over(const struct trash *trash, const struct name_list *names,
    bool *out_is_ours, struct error *error)
{
    struct path root, ours;
    enum status status = STATUS_OK;
    *out_is_ours = true;
    directory_path(trash->directory, &root, "trash");
    folder_path(trash, &ours);
    for (size_t i = 0; i < names->count && status == STATUS_OK; i++) {
        struct path from, to;
        uint64_t epoch;
        if (parse_epoch(names->items[i], &epoch) && epoch == trash->epoch)
            continue;
        *out_is_ours = false;
        join(&root, names->items[i], &from);
        join(&ours, names->items[i], &to);
        status = trash_move(trash, &from, &to, error);
        if (status == STATUS_NOT_FOUND) /* whoever led before us was about to remove it */
            status = STATUS_OK;
    }
    return status;
}

/* What earlier leaders' folders hold comes up into ours, folder by folder. Best effort: what stays where it is goes with
 * its folder, only sooner. */
static void flatten(const struct trash *trash)
{
    struct env *env = trash->directory->env;
    struct path ours;
    bool has_moved = true;
    folder_path(trash, &ours);
    for (unsigned depth = 0; depth < TRASH_DEPTH && has_moved; depth++) {
        struct name_list folders;
        has_moved = false;
        (void)name_list_read(env, ours.text, &folders, NULL);
        for (size_t i = 0; i < folders.count; i++) {
            struct path folder, from, to;
            struct name_list names;
            uint64_t epoch;
            if (!parse_epoch(folders.items[i], &epoch))
                continue;
            join(&ours, folders.items[i], &folder);
            (void)name_list_read(env, folder.text, &names, NULL);
            for (size_t k = 0; k < names.count; k++) {
                join(&folder, names.items[k], &from);
                join(&ours, names.items[k], &to);
                has_moved = env_path_rename(env, from.text, to.text, NULL) == STATUS_OK ||
                            has_moved;
            }
            name_list_deinit(&names);
            (void)env_directory_remove(env, folder.text, NULL);
        }
        name_list_deinit(&folders);
    }
}

enum status trash_fence(
    const struct directory *directory, uint64_t epoch, bool is_alone, struct error *error)
{
    struct trash trash = {directory, epoch};
    struct path root, ours;
    struct name_list names = {0};
    directory_path(directory, &root, "trash");
    folder_path(&trash, &ours);
    enum status status = env_directory_make(directory->env, ours.text, 0700, error);
    if (status == STATUS_OK || status == STATUS_EXISTS) /* before the list: see above */
        status = env_directory_sync(directory->env, root.text, error);
    /* Until a look after a sync finds nobody else's: what another leader took and did not sync may come back. */
    bool is_ours = false;
    for (unsigned tries = 0; status == STATUS_OK && !is_ours; tries++) {
        if (tries == TRASH_FENCE_TRIES) {
            status = error_set(
                error, STATUS_IO, "%s: what is listed there cannot be moved", root.text);
            break;
        }
        status = name_list_read(directory->env, root.text, &names, error);
        if (status == STATUS_OK && !is_alone)
            status = look_for_later(&trash, &names, error);
        if (status == STATUS_SUPERSEDED)
            (void)env_directory_remove(directory->env, ours.text, NULL);
        if (status == STATUS_OK)
            status = take_over(&trash, &names, &is_ours, error);
        name_list_deinit(&names);
        pause_point("trash.taken");
        if (status == STATUS_OK && !is_ours)
            status = env_directory_sync(directory->env, root.text, error);
    }
    if (status == STATUS_OK)
        flatten(&trash);
    return status ? error_prefix(error, status, "take the trash") : STATUS_OK;
}

/* ---- Emptying ---- */

static enum status remove_tree(
    struct env *env, const char *path, unsigned depth, struct error *error)
{
    struct env_stat stat;
    enum status status = env_path_stat(env, path, &stat, error);
    if (status)
        return status;
    if (!stat.is_directory)
        return env_path_remove(env, path, error);
    if (depth == 0)
        return error_set(error, STATUS_LIMIT, "%s: folders too deep for the trash", path);
    struct name_list names;
    status = name_list_read(env, path, &names, error);
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
        struct path inner;
        int size = snprintf(inner.text, sizeof(inner.text), "%s/%s", path, names.items[i]);
        CHECK(size > 0 && (size_t)size < sizeof(inner.text));
        status = remove_tree(env, inner.text, depth - 1, error);
    }
    name_list_deinit(&names);
    return status ? status : env_directory_remove(env, path, error);
}

enum status trash_empty(const struct trash *trash, struct error *error)
{
    struct env *env = trash->directory->env;
    struct name_list names;
    struct path folder;
    uint64_t epoch, free_bytes = UINT64_MAX;
    folder_path(trash, &folder);
    (void)env_space_free(env, folder.text, &free_bytes, NULL);
    int64_t now_ms = env_wall_ms(env);
    enum status status = name_list_read(env, folder.text, &names, error);
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
        char *end;
        int64_t since_ms = strtoll(names.items[i], &end, 10);
        bool is_due = *end != '-' || since_ms + TRASH_KEPT_MS <= now_ms;
        bool is_others = trash->epoch == 0 && parse_epoch(names.items[i], &epoch);
        if (is_others || (!is_due && free_bytes >= TRASH_SHORT_BYTES))
            continue;
        struct path path;
        join(&folder, names.items[i], &path);
        status = remove_tree(env, path.text, TRASH_DEPTH, error);
    }
    name_list_deinit(&names);
    return status == STATUS_NOT_FOUND ? check_ours(trash, error) : status;
}
