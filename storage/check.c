/* storage_check: every promise of the formats under a root that no server uses (cli: stele fsck).
 *
 *   - nothing in the root is a stranger; quorum and secret have their lines
 *   - the cluster file, every document of every chain: checksum, name, number, payload (of namespaces,
 *     procedures, settings and history by the caller's reader)
 *   - every segment of every incarnation: frames to the end, records, index; only the newest may be
 *     open; the plan says what the segments say
 *   - every seal leads to the alive of its incarnation and has taken its mode
 *   - newest manifests: tablets that serve, with the children of splits and merges that were cut,
 *     tile their table; each SSTable pointer, of snapshots too, leads to a file that keeps its own
 *     promises and those of the pointer; each owner and dead log is an incarnation that is there, with
 *     that plan
 *
 * Nothing is changed. What cannot be read for an I/O error is no problem of the directory: it ends
 * the check. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/chain.h"
#include "storage/check.h"
#include "storage/cluster.h"
#include "storage/storage.h"

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

static void drop_line(void *context, const char *line)
{
    (void)context;
    (void)line;
}

/* The name of the file leads to the same subject and version as its bytes. */
static void check_document_name(
    struct check *check, const char *path, const char *file_name, const struct document *document)
{
    const char *dot = strrchr(file_name, '.');
    uint64_t version;
    if (!dot || !directory_number_parse(dot + 1, "", "", &version) || version != document->version)
        check_tell(check, path, 16, "version differs from the name");
    if (!dot)
        return;
    struct buffer name = {0};
    char encoded[DIRECTORY_NAME_SIZE + 1] = {0};
    size_t size = (size_t)(dot - file_name);
    memcpy(encoded, file_name, size < sizeof(encoded) ? size : 0);
    if (directory_name_decode(encoded, &name, NULL) ||
        !span_equal(buffer_span(&name), document->subject))
        check_tell(check, path, 32, "subject differs from the name");
    buffer_deinit(&name);
}

/* What the document says, read by those whose it is. */
static enum status check_payload(
    struct check *check, const char *path, const struct document *document, struct error *error)
{
    enum chain_kind kind;
    if (!check->say_document || !document_chain_kind(document->kind, &kind))
        return STATUS_OK;
    struct error why = {0};
    enum status status = check->say_document(
        check->words, kind, document->subject, document->payload, drop_line, NULL, &why);
    return check_judge(check, path, status, &why, error);
}

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
        struct document document;
        struct error why = {0};
        check_join(folder.text, names.items[i], &path);
        status = document_read(check->env, path.text, kind, &file, &document, &why);
        bool is_read = status == STATUS_OK;
        status = check_judge(check, path.text, status, &why, error);
        if (is_read) {
            check_document_name(check, path.text, names.items[i], &document);
            status = check_payload(check, path.text, &document, error);
        }
        buffer_deinit(&file);
    }
    name_list_deinit(&names);
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

enum status check_lock_root(
    const struct directory *directory, struct env_file **out_lock, struct error *error)
{
    struct path path;
    directory_path(directory, &path, "lock");
    enum status status = env_file_open(directory->env, path.text, ENV_READ, 0, out_lock, error);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    int pid = 0;
    if (status == STATUS_OK)
        status = env_file_lock(*out_lock, &pid, error);
    return status == STATUS_BUSY
               ? error_set(error, status, "%s is in use by process %d", directory->root, pid)
               : status;
}

enum status storage_check(struct env *env, const char *root,
    void (*problem)(void *context, const char *path, uint64_t offset, const char *what),
    void *context, storage_words_function *say_document, void *words, uint64_t *out_problems,
    struct error *error)
{
    struct check check = {.env = env,
        .problem = problem,
        .context = context,
        .say_document = say_document,
        .words = words};
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
        status = check_lock_root(&check.directory, &lock, error);
    if (status == STATUS_OK)
        status = check_root(&check, error);
    if (status == STATUS_OK)
        status = check_each(&check, "servers", check_incarnation, error);
    if (status == STATUS_OK)
        status = check_each(&check, "sealed", check_seal, error);
    for (unsigned kind = 0; kind < CHAIN_KINDS && status == STATUS_OK; kind++)
        status = check_documents(&check, chain_kind_folder(kind), chain_kind_document(kind), error);
    if (status == STATUS_OK)
        status = check_documents(&check, "snapshots", DOCUMENT_SNAPSHOT, error);
    if (status == STATUS_OK)
        status = check_snapshots(&check, error);
    if (status == STATUS_OK)
        status = check_each(&check, "tables", check_table, error);
    env_file_close(lock);
    *out_problems = check.problems;
    return status;
}
