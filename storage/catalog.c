/* What lies in the directory besides the data: tables and their descriptors, documents of others. The
 * calls of storage.h; files as in chain.h, docs/formats/descriptor.md. */
#include <inttypes.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "storage/descriptor.h"
#include "storage/recovery.h"
#include "storage/store.h"
#include "storage/tablets.h"

static const char descriptor_name[] = "descriptor";

static void hex_id(struct env *env, char out_id[TABLE_ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16];
    env_random_bytes(env, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        out_id[2 * i] = digits[bytes[i] >> 4];
        out_id[2 * i + 1] = digits[bytes[i] & 15];
    }
    out_id[TABLE_ID_SIZE - 1] = '\0';
}

void store_table_id_new(struct store *store, char out_id[TABLE_ID_SIZE])
{
    hex_id(store->env, out_id);
}

static enum status check_id(const char *id, struct error *error)
{
    return directory_id_is_valid(id) ? STATUS_OK
                                     : error_set(error, STATUS_INVALID, "\"%s\" is not an id", id);
}

/* ---- Descriptors ---- */

/* The newest. STATUS_NOT_FOUND. Everything lands in arena. */
static enum status read_descriptor(const struct directory *directory, const char *table_id,
    struct arena *arena, struct table_descriptor *out_descriptor, struct error *error)
{
    struct path folder;
    struct buffer file = {0};
    struct document document;
    struct table_descriptor descriptor;
    directory_table_path(directory, table_id, &folder);
    enum status status = chain_read_newest(
        directory->env, folder.text, descriptor_name, DOCUMENT_DESCRIPTOR, &file, &document, error);
    if (status)
        goto done;
    status = descriptor_decode(&document, arena, &descriptor, error);
    if (status == STATUS_OK && strcmp(descriptor.id, table_id) != 0)
        status = error_set(error, STATUS_CORRUPT, "at offset 32: is of table %s", descriptor.id);
    if (status)
        error_prefix(
            error, status, "%s/%s.%" PRIu64, folder.text, descriptor_name, document.version);
    else
        *out_descriptor = descriptor;

done:
    buffer_deinit(&file);
    return status;
}

struct table_list {
    struct store *store;
    struct arena *arena;
    enum status (*each)(
        void *context, const struct table_descriptor *descriptor, struct error *error);
    void *context;
};

static enum status list_table(void *context, const char *name, struct error *error)
{
    struct table_list *list = context;
    if (!directory_id_is_valid(name))
        return STATUS_OK;
    struct table_descriptor *descriptor = arena_allocate(list->arena, sizeof(*descriptor));
    if (!descriptor)
        return error_set(error, STATUS_NO_MEMORY, "list of tables");
    enum status status = read_descriptor(
        &list->store->directory, name, list->arena, descriptor, error);
    if (status == STATUS_NOT_FOUND) /* cut before its first descriptor */
        return STATUS_OK;
    if (status || descriptor->state == TABLE_DROPPED)
        return status;
    return list->each(list->context, descriptor, error);
}

enum status store_table_list(struct store *store, struct arena *arena,
    enum status (*each)(
        void *context, const struct table_descriptor *descriptor, struct error *error),
    void *context, struct error *error)
{
    struct path folder;
    struct table_list list = {store, arena, each, context};
    directory_path(&store->directory, &folder, "tables");
    return env_directory_list(store->env, folder.text, list_table, &list, error);
}

static enum status make_table_folders(
    const struct directory *directory, const char *table_id, struct error *error)
{
    struct path path;
    directory_table_path(directory, table_id, &path);
    enum status status = directory_make_folder(directory->env, path.text, error);
    directory_tablets_path(directory, table_id, &path);
    if (status == STATUS_OK)
        status = env_directory_make(directory->env, path.text, 0700, error);
    if (status == STATUS_EXISTS)
        status = STATUS_OK;
    directory_sstables_path(directory, table_id, &path);
    if (status == STATUS_OK)
        status = directory_make_folder(directory->env, path.text, error); /* syncs for both */
    return status;
}

enum status store_table_commit(
    struct store *store, struct table_descriptor *descriptor, struct error *error)
{
    enum status status = check_id(descriptor->id, error);
    if (status)
        return status;
    if (descriptor->version == 0) {
        status = make_table_folders(&store->directory, descriptor->id, error);
        if (status)
            return status;
    }
    struct path folder;
    struct buffer payload = {0};
    directory_table_path(&store->directory, descriptor->id, &folder);
    descriptor_encode(descriptor, &payload);
    status = buffer_status(&payload);
    if (status) {
        buffer_deinit(&payload);
        return error_set(error, status, "descriptor of table %s", descriptor->id);
    }
    struct chain_commit commit = {.name = descriptor_name,
        .document = {.kind = DOCUMENT_DESCRIPTOR,
            .format_version = document_kind_version(DOCUMENT_DESCRIPTOR),
            .comparator = (uint16_t)descriptor->schema.row_order,
            .version = descriptor->version + 1,
            .subject = span_string(descriptor->id),
            .payload = buffer_span(&payload)}};
    status = chain_commit(&store->directory, folder.text, &commit, 1, error);
    buffer_deinit(&payload);
    if (status == STATUS_OK)
        descriptor->version++;
    return status;
}

/* ---- Dropping ---- */

/* Open at a server that is sealed is what a crash before the close leaves: of a dropped table nobody
 * opens it again. */
static enum status refuse_open(void *context, const struct manifest *manifest, struct error *error)
{
    bool is_served = false;
    enum status status = recovery_is_served(context, manifest, &is_served, error);
    if (status || !is_served)
        return status;
    return error_set(error, STATUS_WRONG_STATE, "tablet %s is open on %.*s", manifest->tablet_id,
        (int)manifest->owner.size, (const char *)manifest->owner.data);
}

/* STATUS_WRONG_STATE: it may not be removed. */
static enum status check_removable(struct store *store, const char *table_id, struct error *error)
{
    struct arena arena = {0};
    struct table_descriptor descriptor;
    enum status status = read_descriptor(&store->directory, table_id, &arena, &descriptor, error);
    if (status == STATUS_OK && descriptor.state != TABLE_DROPPED)
        status = error_set(error, STATUS_WRONG_STATE, "table %s is not dropped", table_id);
    if (status == STATUS_OK)
        status = manifest_list(&store->directory, table_id, &arena, refuse_open, store, error);
    arena_deinit(&arena);
    return status;
}

enum status catalog_is_removable(
    struct store *store, const char *table_id, bool *out_is, struct error *error)
{
    enum status status = check_removable(store, table_id, error);
    *out_is = status == STATUS_OK;
    return status == STATUS_WRONG_STATE || status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status give_up_foreign(
    void *context, const struct manifest *manifest, struct error *error)
{
    (void)error;
    tablets_give_up_files(context, manifest);
    return STATUS_OK;
}

enum status store_table_remove(struct store *store, const char *table_id, struct error *error)
{
    struct path path;
    bool is_there = false;
    bool is_named = false;
    struct trash trash = collector_trash(store->collector);
    enum status status = check_id(table_id, error);
    directory_table_path(&store->directory, table_id, &path);
    if (status == STATUS_OK)
        status = directory_exists(store->env, path.text, &is_there, error);
    if (status || !is_there) /* gone already: a procedure that repeats */
        return status;
    status = check_removable(store, table_id, error);
    if (status)
        return error_prefix(error, status, "remove table %s", table_id);
    status = collector_names_table(store->collector, table_id, &is_named, error);
    if (status)
        return status;
    if (!is_named) {
        struct arena arena = {0};
        /* A clone's go with nobody else to drop them. */
        status = manifest_list(&store->directory, table_id, &arena, give_up_foreign, store, error);
        arena_deinit(&arena);
        if (status == STATUS_OK)
            status = collector_trash_table(&trash, table_id, error);
    }
    collector_wake(store->collector);
    return status;
}

/* ---- Documents of others ---- */

static void chain_folder(const struct store *store, enum chain_kind kind, struct path *out_path)
{
    directory_path(&store->directory, out_path, "%s", chain_kind_folder(kind));
}

struct document_list {
    struct store *store;
    enum chain_kind kind;
    enum status (*each)(
        void *context, struct span name, uint64_t version, struct span bytes, struct error *error);
    void *context;
};

static enum status list_document(
    void *context, const char *encoded, uint64_t version, struct error *error)
{
    (void)version;
    struct document_list *list = context;
    struct path folder;
    struct buffer file = {0};
    struct buffer name = {0};
    struct document document;
    chain_folder(list->store, list->kind, &folder);
    enum status status = directory_name_decode(encoded, &name, error);
    if (status == STATUS_OK)
        status = chain_read_newest(list->store->env, folder.text, encoded,
            chain_kind_document(list->kind), &file, &document, error);
    if (status == STATUS_NOT_FOUND) { /* removed since the list was made */
        status = STATUS_OK;
        goto done;
    }
    if (status == STATUS_OK && !span_equal(document.subject, buffer_span(&name)))
        status = error_set(error, STATUS_CORRUPT,
            "%s/%s.%" PRIu64 " at offset 32: is of another name", folder.text, encoded,
            document.version);
    if (status == STATUS_OK)
        status = list->each(
            list->context, buffer_span(&name), document.version, document.payload, error);

done:
    buffer_deinit(&name);
    buffer_deinit(&file);
    return status;
}

enum status store_chain_list(struct store *store, enum chain_kind kind,
    enum status (*each)(
        void *context, struct span name, uint64_t version, struct span bytes, struct error *error),
    void *context, struct error *error)
{
    struct path folder;
    struct document_list list = {store, kind, each, context};
    chain_folder(store, kind, &folder);
    return chain_list(store->env, folder.text, list_document, &list, error);
}

enum status store_chain_newest(struct store *store, enum chain_kind kind, struct span name,
    uint64_t *out_version, struct error *error)
{
    char encoded[DIRECTORY_NAME_SIZE + 1];
    struct path folder;
    enum status status = directory_name_encode(name, encoded, error);
    if (status)
        return status;
    chain_folder(store, kind, &folder);
    return chain_newest(store->env, folder.text, encoded, out_version, error);
}

enum status store_chain_commit(struct store *store, enum chain_kind kind, struct span name,
    uint64_t version, struct span bytes, struct error *error)
{
    char encoded[DIRECTORY_NAME_SIZE + 1];
    struct path folder;
    enum status status = directory_name_encode(name, encoded, error);
    if (status)
        return status;
    if (name.size == 0 || version == 0)
        return error_set(
            error, STATUS_INVALID, "commit of \"%s\" as version %" PRIu64, encoded, version);
    chain_folder(store, kind, &folder);
    enum document_kind document_kind = chain_kind_document(kind);
    struct chain_commit commit = {.name = encoded,
        .document = {.kind = document_kind,
            .format_version = document_kind_version(document_kind),
            .comparator = DOCUMENT_UNSORTED,
            .version = version,
            .subject = name,
            .payload = bytes}};
    return chain_commit(&store->directory, folder.text, &commit, 1, error);
}

enum status store_chain_remove(
    struct store *store, enum chain_kind kind, struct span name, struct error *error)
{
    char encoded[DIRECTORY_NAME_SIZE + 1];
    struct path folder;
    enum status status = directory_name_encode(name, encoded, error);
    if (status)
        return status;
    chain_folder(store, kind, &folder);
    return chain_remove(store->env, folder.text, encoded, error);
}
