#include "storage/seal.h"

#include "base/pause.h"

#define ALIVE_MODE     0600u
#define REGISTER_TRIES 10

/* The folder, durable, and alive in it. STATUS_NOT_FOUND: the collector took the folder, empty as it was,
 * for one that a start left behind. */
static enum status make_alive(struct directory *directory, const struct path *folder,
    struct env_file **out_alive, struct error *error)
{
    struct path path;
    /* Made once, never again: a folder that is there belongs to an earlier life. */
    enum status status = env_directory_make(directory->env, folder->text, 0700, error);
    if (status)
        return status;
    directory_path(directory, &path, "servers");
    status = env_directory_sync(directory->env, path.text, error);
    if (status)
        return status;
    directory_server_path(directory, directory->incarnation, "alive", &path);
    return env_file_open(directory->env, path.text, ENV_WRITE | ENV_CREATE | ENV_EXCLUSIVE,
        ALIVE_MODE, out_alive, error);
}

enum status seal_register(
    struct directory *directory, struct env_file **out_alive, struct error *error)
{
    struct path folder;
    struct env_file *alive = NULL;
    directory_path(directory, &folder, "servers/%s", directory->incarnation);
    enum status status = STATUS_NOT_FOUND;
    /* It was never registered, so making it anew takes nothing back. */
    for (unsigned tries = 0; tries < REGISTER_TRIES && status == STATUS_NOT_FOUND; tries++)
        status = make_alive(directory, &folder, &alive, error);
    if (status)
        return status;
    /* The umask may have taken bits away. */
    status = env_file_chmod(alive, ALIVE_MODE, error);
    if (status == STATUS_OK)
        status = env_file_sync(alive, error);
    if (status == STATUS_OK)
        status = env_directory_sync(directory->env, folder.text, error);
    if (status)
        env_file_close(alive);
    else
        *out_alive = alive;
    return status;
}

enum status seal_look(struct env_file *alive, struct error *error)
{
    struct env_stat stat;
    enum status status = env_file_stat(alive, &stat, error);
    if (status)
        return status;
    if (stat.link_count != 1 || stat.mode != ALIVE_MODE)
        return error_set(error, STATUS_CLOSED, "%s is sealed: %u links, mode %o",
            env_file_path(alive), stat.link_count, stat.mode);
    return STATUS_OK;
}

enum status seal_exists(const struct directory *directory, const char *incarnation,
    bool *out_is_sealed, struct error *error)
{
    struct path path;
    directory_seal_path(directory, incarnation, &path);
    return directory_exists(directory->env, path.text, out_is_sealed, error);
}

/* Takes the mode of alive away, durably: also when somebody has, for that may not be synced yet, and it is all that tells
 * a zombie once the collector has taken the seal. */
static enum status take_mode(struct env *env, const char *path, struct error *error)
{
    struct env_stat stat;
    enum status status = env_path_stat(env, path, &stat, error);
    if (status)
        return status;
    struct env_file *alive = NULL;
    status = env_file_open(env, path, ENV_READ, 0, &alive, error);
    if (status && stat.mode == 0) { /* who is not root opens it no more: 0016 */
        error_clear(error);
        return STATUS_OK;
    }
    if (status == STATUS_OK)
        status = env_file_chmod(alive, 0, error);
    if (status == STATUS_OK)
        status = env_file_sync(alive, error);
    env_file_close(alive);
    return status;
}

enum status seal_make(struct directory *directory, const char *incarnation, struct error *error)
{
    struct path alive;
    struct path seal;
    directory_server_path(directory, incarnation, "alive", &alive);
    directory_seal_path(directory, incarnation, &seal);
    pause_point("seal.link.before");
    struct error link_error = {0};
    enum status status = env_path_link(directory->env, alive.text, seal.text, &link_error);
    if (status == STATUS_NOT_FOUND) {
        /* The collector may have taken alive away; then the seal must be there. */
        bool is_sealed = false;
        enum status looked = seal_exists(directory, incarnation, &is_sealed, error);
        if (looked || is_sealed)
            return looked;
    }
    if (status != STATUS_OK && status != STATUS_EXISTS) {
        if (error)
            *error = link_error;
        return status;
    }
    pause_point("seal.link.after");
    status = take_mode(directory->env, alive.text, error);
    if (status)
        return status;
    struct path folder;
    directory_path(directory, &folder, "sealed");
    status = env_directory_sync(directory->env, folder.text, error);
    if (status)
        return status;
    directory_path(directory, &folder, "servers/%s", incarnation);
    return env_directory_sync(directory->env, folder.text, error);
}
