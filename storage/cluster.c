#include "storage/cluster.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "storage/chain.h"

static const char subject[] = "stele";

/* ---- The cluster file ---- */

static enum status count_foreign(void *context, const char *name, struct error *error)
{
    (void)error;
    size_t *foreign = context;
    /* What a first start that was cut short may leave (the server's own two files too), and what file
     * systems put into their root. */
    if (strcmp(name, "lock") != 0 && strncmp(name, "cluster.tmp-", 12) != 0 &&
        strncmp(name, "secret", 6) != 0 && strncmp(name, "quorum", 6) != 0 &&
        strcmp(name, "lost+found") != 0)
        (*foreign)++;
    return STATUS_OK;
}

static enum status decode_id(const char *path, const struct document *document,
    char out_id[CLUSTER_ID_SIZE], struct error *error)
{
    if (!span_equal(document->subject, span_string(subject)) ||
        document->payload.size != CLUSTER_ID_SIZE - 1)
        return error_set(error, STATUS_CORRUPT, "%s at offset 32: no cluster id", path);
    memcpy(out_id, document->payload.data, CLUSTER_ID_SIZE - 1);
    out_id[CLUSTER_ID_SIZE - 1] = '\0';
    return STATUS_OK;
}

/* STATUS_NOT_FOUND: there is none. */
static enum status read_file(
    const struct directory *directory, char out_id[CLUSTER_ID_SIZE], struct error *error)
{
    struct path path;
    struct buffer file = {0};
    struct document document;
    directory_path(directory, &path, "cluster");
    enum status status = document_read(
        directory->env, path.text, DOCUMENT_CLUSTER, &file, &document, error);
    if (status == STATUS_OK)
        status = decode_id(path.text, &document, out_id, error);
    buffer_deinit(&file);
    return status;
}

static void make_id(struct env *env, char out_id[CLUSTER_ID_SIZE])
{
    uint8_t b[16];
    env_random_bytes(env, b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(out_id, CLUSTER_ID_SIZE,
        "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
        b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static enum status make_file(const struct directory *directory, struct error *error)
{
    char id[CLUSTER_ID_SIZE];
    make_id(directory->env, id);
    struct document document = {.kind = DOCUMENT_CLUSTER,
        .format_version = document_kind_version(DOCUMENT_CLUSTER),
        .comparator = DOCUMENT_UNSORTED,
        .subject = span_string(subject),
        .payload = span_string(id)};
    struct buffer bytes = {0};
    struct path temporary;
    struct path path;
    document_encode(&document, &bytes);
    enum status status = buffer_status(&bytes);
    if (status) {
        buffer_deinit(&bytes);
        return error_set(error, status, "cluster file");
    }
    directory_path(
        directory, &temporary, "cluster.tmp-%016" PRIx64, env_random_u64(directory->env));
    directory_path(directory, &path, "cluster");
    status = env_write_file(directory->env, temporary.text, 0600, buffer_span(&bytes), error);
    buffer_deinit(&bytes);
    if (status)
        return status;
    struct error link_error = {0};
    status = env_path_link(directory->env, temporary.text, path.text, &link_error);
    (void)env_path_remove(directory->env, temporary.text, NULL);
    if (status != STATUS_OK && status != STATUS_EXISTS) {
        if (error)
            *error = link_error;
        return status;
    }
    return env_directory_sync(directory->env, directory->root, error);
}

static enum status refuse_foreign(const struct directory *directory, struct error *error)
{
    return error_set(error, STATUS_INVALID,
        "%s is not a Stele directory: it has no file \"cluster\" and is not empty",
        directory->root);
}

enum status cluster_read(
    const struct directory *directory, char out_id[CLUSTER_ID_SIZE], struct error *error)
{
    enum status status = read_file(directory, out_id, error);
    return status == STATUS_NOT_FOUND
               ? error_set(error, STATUS_INVALID,
                     "%s is not a Stele directory: it has no file \"cluster\"", directory->root)
               : status;
}

enum status cluster_open(
    const struct directory *directory, char out_id[CLUSTER_ID_SIZE], struct error *error)
{
    enum status status = directory_make_folder(directory->env, directory->root, error);
    if (status)
        return status;
    status = read_file(directory, out_id, error);
    if (status != STATUS_NOT_FOUND)
        return status;
    size_t foreign = 0;
    status = env_directory_list(directory->env, directory->root, count_foreign, &foreign, error);
    if (status)
        return status;
    if (foreign) { /* or another server has begun it meanwhile */
        status = read_file(directory, out_id, error);
        return status == STATUS_NOT_FOUND ? refuse_foreign(directory, error) : status;
    }
    status = make_file(directory, error);
    return status ? status : read_file(directory, out_id, error);
}

/* ---- The lock ---- */

/* Who it is that has the root, when the lock itself cannot tell. */
static int read_pid(struct env_file *lock)
{
    char text[24] = {0};
    size_t size;
    return env_file_read(lock, 0, text, sizeof(text) - 1, &size, NULL) == STATUS_OK ? atoi(text)
                                                                                    : 0;
}

static enum status refuse_busy(
    const struct directory *directory, struct env_file *lock, int pid, struct error *error)
{
    if (pid == 0)
        pid = read_pid(lock);
    if (pid == 0) /* a shared one has no pid in it */
        return error_set(
            error, STATUS_BUSY, "%s is in use by the servers of a cluster", directory->root);
    return error_set(error, STATUS_BUSY, "%s is in use by process %d", directory->root, pid);
}

enum status cluster_lock(const struct directory *directory, bool is_shared,
    struct env_file **out_lock, struct error *error)
{
    struct path path;
    struct env_file *lock = NULL;
    directory_path(directory, &path, "lock");
    enum status status = env_file_open(
        directory->env, path.text, ENV_WRITE | ENV_CREATE, 0600, &lock, error);
    if (status)
        return status;
    int pid = 0;
    status = is_shared ? env_file_lock_shared(lock, &pid, error) : env_file_lock(lock, &pid, error);
    if (status == STATUS_BUSY)
        refuse_busy(directory, lock, pid, error);
    char text[24];
    snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (status == STATUS_OK)
        status = env_file_truncate(lock, 0, error);
    if (status == STATUS_OK && !is_shared)
        status = env_file_write(lock, 0, span_string(text), error);
    if (status == STATUS_NO_SPACE) { /* it only tells others whom they meet */
        error_clear(error);
        status = STATUS_OK;
    }
    if (status)
        env_file_close(lock);
    else
        *out_lock = lock;
    return status;
}
