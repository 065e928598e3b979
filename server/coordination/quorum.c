#include "server/coordination/quorum.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "proto/server_name.h"

#define DEFAULT_PORT 2181
#define CLAIM_TRIES  8 /* somebody else's note appears, or goes, between two looks */

/* ---- What is asked for ---- */

static enum status put_hosts(
    struct span hosts, const char *text, struct quorum *quorum, struct error *error)
{
    size_t used = 0;
    while (hosts.size > 0) {
        size_t comma = span_find(hosts, ',');
        bool is_last = comma == SIZE_MAX;
        struct span one = is_last ? hosts : span_slice(hosts, 0, comma), host;
        uint32_t port;
        if (host_port_parse(one, DEFAULT_PORT, &host, &port, NULL) ||
            (!is_last && comma + 1 == hosts.size))
            return error_set(error, STATUS_INVALID,
                "--zookeeper: '%s' is not HOST:PORT,... with an optional /PATH at the end", text);
        int size = snprintf(quorum->hosts + used, sizeof quorum->hosts - used, "%s%.*s:%u",
            used > 0 ? "," : "", (int)host.size, (const char *)host.data, port);
        if (size < 0 || (size_t)size >= sizeof quorum->hosts - used)
            return error_set(error, STATUS_INVALID, "--zookeeper: too long a list of hosts");
        used += (size_t)size;
        hosts = is_last ? SPAN_EMPTY : span_slice(hosts, comma + 1, hosts.size - comma - 1);
    }
    return STATUS_OK;
}

enum status quorum_parse(const char *text, struct quorum *out_quorum, struct error *error)
{
    struct quorum quorum = {0};
    const char *slash = strchr(text, '/'), *base = slash ? slash : QUORUM_DEFAULT_BASE;
    struct span hosts = span_make(text, slash ? (size_t)(slash - text) : strlen(text));
    if (hosts.size == 0)
        return error_set(error, STATUS_INVALID, "--zookeeper: '%s' names no host", text);
    enum status status = put_hosts(hosts, text, &quorum, error);
    if (status)
        return status;
    size_t size = strlen(base);
    while (size > 1 && base[size - 1] == '/')
        size--;
    if (size < 2 || size >= sizeof quorum.base || strstr(base, "//"))
        return error_set(error, STATUS_INVALID,
            "--zookeeper: '%s' is no path for the cluster; " QUORUM_DEFAULT_BASE " is usual", base);
    memcpy(quorum.base, base, size);
    *out_quorum = quorum;
    return STATUS_OK;
}

/* ---- What the directory says ---- */

struct note {
    char zookeeper[2 * QUORUM_SIZE];
    char instance[QUORUM_INSTANCE];
    uint64_t generation; /* 1 to LIMIT_QUORUM_GENERATION */
};

static void note_make(struct note *note, const struct quorum *quorum, const char *instance)
{
    snprintf(note->zookeeper, sizeof note->zookeeper, "%s%s", quorum->hosts, quorum->base);
    snprintf(note->instance, sizeof note->instance, "%s", instance);
}

static bool take_line(struct span *in, const char *name, char *out, size_t out_size)
{
    size_t end = span_find(*in, '\n'), name_size = strlen(name);
    if (end == SIZE_MAX || end < name_size + 3 || memcmp(in->data, name, name_size) != 0 ||
        memcmp(in->data + name_size, " = ", 3) != 0 || end - name_size - 3 >= out_size)
        return true;
    memcpy(out, in->data + name_size + 3, end - name_size - 3);
    out[end - name_size - 3] = 0;
    *in = span_slice(*in, end + 1, in->size - end - 1);
    return false;
}

static enum status note_read(
    struct env *env, const char *path, struct note *out_note, struct error *error)
{
    struct buffer bytes = {0};
    char generation[24] = "";
    enum status status = env_read_file(env, path, LIMIT_TEXT_FILE_SIZE, &bytes, error);
    struct span in = buffer_span(&bytes);
    if (!status && (take_line(&in, "zookeeper", out_note->zookeeper, sizeof out_note->zookeeper) ||
                       take_line(&in, "instance", out_note->instance, sizeof out_note->instance) ||
                       take_line(&in, "generation", generation, sizeof generation) ||
                       (out_note->generation = strtoull(generation, NULL, 10)) == 0 ||
                       out_note->generation > LIMIT_QUORUM_GENERATION))
        status = error_set(error, STATUS_CORRUPT, "%s is not a note of a quorum", path);
    buffer_deinit(&bytes);
    return status;
}

/* is_first: STATUS_EXISTS when there is one already. Else takes its place. */
static enum status note_write(struct env *env, const char *root, const char *path,
    const struct note *note, bool is_first, struct error *error)
{
    char temporary[4096];
    struct buffer text = {0};
    buffer_put_format(&text, "zookeeper = %s\ninstance = %s\ngeneration = %llu\n", note->zookeeper,
        note->instance, (unsigned long long)note->generation);
    snprintf(
        temporary, sizeof temporary, "%s.%016llx", path, (unsigned long long)env_random_u64(env));
    enum status status = buffer_status(&text);
    if (!status)
        status = env_write_file(env, temporary, 0644, buffer_span(&text), error);
    buffer_deinit(&text);
    if (status)
        return status;
    if (is_first) {
        status = env_path_link(env, temporary, path, error);
        env_path_remove(env, temporary, NULL);
    } else {
        status = env_path_rename(env, temporary, path, error);
    }
    return status ? status : env_directory_sync(env, root, error);
}

/* STATUS_BUSY: somebody was faster, look again. */
static enum status claim_once(
    struct env *env, const char *root, const char *path, struct note *ours, struct error *error)
{
    struct note theirs;
    enum status status = note_read(env, path, &theirs, error);
    if (status == STATUS_NOT_FOUND) {
        error_clear(error);
        ours->generation = 1;
        status = note_write(env, root, path, ours, true, error);
        return status == STATUS_EXISTS ? STATUS_BUSY : status;
    }
    if (status)
        return status;
    bool is_same_place = strcmp(theirs.zookeeper, ours->zookeeper) == 0;
    bool is_same_instance = strcmp(theirs.instance, ours->instance) == 0;
    ours->generation = theirs.generation;
    if (is_same_place && is_same_instance)
        return STATUS_OK;
    if (!is_same_place && !is_same_instance)
        return error_set(error, STATUS_INVALID,
            "%s belongs to the cluster at ZooKeeper %s, of which %s knows nothing; when that one "
            "is gone for good, "
            "remove %s",
            root, theirs.zookeeper, ours->zookeeper, path);
    if (!is_same_instance && ours->generation++ == LIMIT_QUORUM_GENERATION)
        return error_set(error, STATUS_LIMIT, "%s: its ZooKeeper was wiped too often", path);
    log_line(is_same_instance ? LOG_INFO : LOG_WARN, "quorum.changed", "reason=\"%s\" was=%s is=%s",
        is_same_instance ? "another address" : "ZooKeeper was wiped", theirs.zookeeper,
        ours->zookeeper);
    return note_write(env, root, path, ours, false, error);
}

enum status quorum_claim(struct env *env, const char *root, const struct quorum *quorum,
    const char *instance, uint64_t *out_generation, struct error *error)
{
    char path[4096];
    struct note ours;
    note_make(&ours, quorum, instance);
    snprintf(path, sizeof path, "%s/quorum", root);
    enum status status = STATUS_BUSY;
    for (int i = 0; i < CLAIM_TRIES && status == STATUS_BUSY; i++) {
        error_clear(error);
        status = claim_once(env, root, path, &ours, error);
    }
    if (!status)
        *out_generation = ours.generation;
    return status;
}
