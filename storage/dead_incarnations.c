#include "storage/dead_incarnations.h"

#include "storage/seal.h"

static bool has(const struct name_list *names, const char *incarnation)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], incarnation) == 0)
            return true;
    return false;
}

enum status dead_incarnations_read(
    const struct directory *directory, struct dead_incarnations *out_dead, struct error *error)
{
    struct path folder;
    struct name_list seen;
    *out_dead = (struct dead_incarnations){0};
    directory_path(directory, &folder, "sealed");
    /* A seal whose maker has not synced the folder would be lost with it, and the sealed one would live on. */
    enum status status = name_list_read(directory->env, folder.text, &seen, error);
    if (status == STATUS_OK && seen.count)
        status = env_directory_sync(directory->env, folder.text, error);
    for (size_t i = 0; i < seen.count && status == STATUS_OK; i++) {
        bool is_sealed = false;
        status = seal_exists(directory, seen.items[i], &is_sealed, error);
        if (status == STATUS_OK && is_sealed)
            status = name_list_add(&out_dead->sealed, seen.items[i], error);
    }
    name_list_deinit(&seen);
    if (status)
        dead_incarnations_deinit(out_dead);
    return status;
}

void dead_incarnations_deinit(struct dead_incarnations *dead)
{
    name_list_deinit(&dead->sealed);
    name_list_deinit(&dead->gone);
}

enum status dead_incarnations_note(
    struct dead_incarnations *dead, const char *incarnation, struct error *error)
{
    return has(&dead->gone, incarnation) ? STATUS_OK
                                         : name_list_add(&dead->gone, incarnation, error);
}

bool dead_incarnations_is_sealed(const struct dead_incarnations *dead, const char *incarnation)
{
    return has(&dead->sealed, incarnation);
}

bool dead_incarnations_is_gone(const struct dead_incarnations *dead, const char *incarnation)
{
    return has(&dead->gone, incarnation);
}
