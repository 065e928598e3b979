/* cluster_probe: does the file system keep the promises that ownership is built on (design 7)? Tried in
 * our own folder at every start, with two handles on one file, as two servers have.
 *
 *   exclusive names     O_EXCL and link(2) onto a name that is there say so       chains, seals
 *   true attributes     links, mode and size show at once through another handle  the look
 *   true names          a link, a rename, a removal show at once in the folder    "after the link, list"
 *   true bytes          what one handle wrote, another reads                      reading a dead log
 *   sync                of files and of folders is not refused                    everything
 *
 * A disk that says "synced" and lies cannot be found out from here; checksums find what it lost. */
#include "storage/cluster.h"

struct probe {
    struct directory *directory;
    struct path folder;
    struct path first;
    struct path second;
    struct env_file *writer;
    struct env_file *reader; /* another handle on the same file */
};

static enum status refuse(const struct probe *probe, const char *what, struct error *error)
{
    return error_set(error, STATUS_UNSUPPORTED, "%s: this file system cannot be used safely: %s",
        probe->folder.text, what);
}

static enum status stat_both(
    struct probe *probe, struct env_stat *by_reader, struct env_stat *by_path, struct error *error)
{
    enum status status = env_file_stat(probe->reader, by_reader, error);
    return status ? status
                  : env_path_stat(probe->directory->env, probe->first.text, by_path, error);
}

static enum status probe_exclusive(struct probe *probe, struct error *error)
{
    struct env *env = probe->directory->env;
    struct env_file *again = NULL;
    enum status status = env_file_open(
        env, probe->first.text, ENV_WRITE | ENV_CREATE | ENV_EXCLUSIVE, 0600, &again, NULL);
    env_file_close(again);
    if (status != STATUS_EXISTS)
        return refuse(probe, "a file was made under a name that exists", error);
    status = env_path_link(env, probe->first.text, probe->second.text, error);
    if (status)
        return status;
    status = env_path_link(env, probe->first.text, probe->second.text, NULL);
    return status == STATUS_EXISTS
               ? STATUS_OK
               : refuse(probe, "link(2) onto a name that exists did not say so", error);
}

static enum status probe_attributes(struct probe *probe, struct error *error)
{
    struct env_stat by_reader;
    struct env_stat by_path;
    enum status status = stat_both(probe, &by_reader, &by_path, error);
    if (status)
        return status;
    if (by_reader.link_count != 2 || by_path.link_count != 2)
        return refuse(probe, "a second link does not show in an open file's link count", error);
    status = env_file_chmod(probe->writer, 0, error);
    if (status == STATUS_OK)
        status = stat_both(probe, &by_reader, &by_path, error);
    if (status)
        return status;
    if (by_reader.mode != 0 || by_path.mode != 0)
        return refuse(probe, "a change of mode does not show in an open file", error);
    status = env_path_remove(probe->directory->env, probe->second.text, error);
    if (status == STATUS_OK)
        status = stat_both(probe, &by_reader, &by_path, error);
    if (status == STATUS_OK && (by_reader.link_count != 1 || by_path.link_count != 1))
        return refuse(probe, "a removed link does not show in an open file's link count", error);
    return status;
}

static enum status probe_bytes(struct probe *probe, struct error *error)
{
    static const char text[] = "written by one, read by another";
    char found[sizeof(text)] = {0};
    size_t size = 0;
    struct env_stat by_reader;
    struct env_stat by_path;
    struct error why = {0};
    enum status status = env_file_write(probe->writer, 0, span_string(text), error);
    if (status)
        return status;
    if (env_file_sync(probe->writer, &why))
        return refuse(probe, why.message, error);
    status = stat_both(probe, &by_reader, &by_path, error);
    if (status == STATUS_OK)
        status = env_file_read(probe->reader, 0, found, sizeof(found), &size, error);
    if (status)
        return status;
    if (by_reader.size != strlen(text) || by_path.size != strlen(text))
        return refuse(probe, "what was written does not show in a file's size", error);
    if (size != strlen(text) || memcmp(found, text, size) != 0)
        return refuse(probe, "what was written cannot be read through another handle", error);
    return STATUS_OK;
}

struct seen {
    const char *first;
    const char *second;
    bool has_first, has_second;
};

static enum status see(void *context, const char *name, struct error *error)
{
    (void)error;
    struct seen *seen = context;
    seen->has_first = seen->has_first || strcmp(name, seen->first) == 0;
    seen->has_second = seen->has_second || strcmp(name, seen->second) == 0;
    return STATUS_OK;
}

static enum status look(struct probe *probe, struct seen *out_seen, struct error *error)
{
    *out_seen = (struct seen){.first = strrchr(probe->first.text, '/') + 1,
        .second = strrchr(probe->second.text, '/') + 1};
    return env_directory_list(probe->directory->env, probe->folder.text, see, out_seen, error);
}

static enum status probe_names(struct probe *probe, struct error *error)
{
    struct env *env = probe->directory->env;
    struct seen seen;
    struct error why = {0};
    enum status status = look(probe, &seen, error);
    if (status == STATUS_OK && (!seen.has_first || seen.has_second))
        return refuse(probe, "names that were made or removed do not show in their folder", error);
    if (status == STATUS_OK)
        status = env_path_rename(env, probe->first.text, probe->second.text, error);
    if (status)
        return status;
    if (env_directory_sync(env, probe->folder.text, &why))
        return refuse(probe, why.message, error);
    status = look(probe, &seen, error);
    if (status == STATUS_OK && (seen.has_first || !seen.has_second))
        return refuse(probe, "a rename does not show in its folder", error);
    return status;
}

enum status cluster_probe(struct directory *directory, struct error *error)
{
    struct probe probe = {.directory = directory};
    struct env *env = directory->env;
    directory_path(directory, &probe.folder, "servers/%s", directory->incarnation);
    directory_temporary_path(directory, &probe.first);
    directory_temporary_path(directory, &probe.second);
    enum status status = env_file_open(
        env, probe.first.text, ENV_WRITE | ENV_CREATE | ENV_EXCLUSIVE, 0600, &probe.writer, error);
    if (status == STATUS_OK)
        status = env_file_open(env, probe.first.text, ENV_READ, 0, &probe.reader, error);
    if (status == STATUS_OK)
        status = probe_exclusive(&probe, error);
    if (status == STATUS_OK)
        status = probe_attributes(&probe, error);
    if (status == STATUS_OK)
        status = probe_bytes(&probe, error);
    if (status == STATUS_OK)
        status = probe_names(&probe, error);
    env_file_close(probe.reader);
    env_file_close(probe.writer);
    (void)env_path_remove(env, probe.second.text, NULL);
    (void)env_path_remove(env, probe.first.text, NULL);
    return status;
}
