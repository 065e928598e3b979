#include "storage/directory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static bool is_plain(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == ',' || byte == '-';
}

enum status directory_name_encode(struct span name, char *out_name, struct error *error)
{
    static const char hex[] = "0123456789ABCDEF";
    char encoded[DIRECTORY_NAME_SIZE + 1];
    size_t size = 0;
    for (size_t i = 0; i < name.size; i++) {
        bool plain = is_plain(name.data[i]);
        if (size + (plain ? 1 : 3) > DIRECTORY_NAME_SIZE)
            return error_set(error, STATUS_LIMIT,
                "name of %zu bytes does not fit into %d bytes of a path", name.size,
                DIRECTORY_NAME_SIZE);
        if (plain) {
            encoded[size++] = (char)name.data[i];
        } else {
            encoded[size++] = '%';
            encoded[size++] = hex[name.data[i] >> 4];
            encoded[size++] = hex[name.data[i] & 15];
        }
    }
    memcpy(out_name, encoded, size);
    out_name[size] = '\0';
    return STATUS_OK;
}

/* Upper case only: each name has one encoding. */
static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

enum status directory_name_decode(const char *name, struct buffer *out_name, struct error *error)
{
    for (const char *at = name; *at; at++) {
        if (*at != '%') {
            if (!is_plain((uint8_t)*at))
                return error_set(error, STATUS_CORRUPT, "%s is not an encoded name", name);
            buffer_put_u8(out_name, (uint8_t)*at);
            continue;
        }
        int high = hex_value(at[1]);
        int low = high < 0 ? -1 : hex_value(at[2]);
        if (low < 0 || is_plain((uint8_t)(high << 4 | low)))
            return error_set(error, STATUS_CORRUPT, "%s is not an encoded name", name);
        buffer_put_u8(out_name, (uint8_t)(high << 4 | low));
        at += 2;
    }
    return STATUS_OK;
}

enum status directory_init(struct directory *directory, struct env *env, const char *root,
    const char *incarnation, struct error *error)
{
    size_t root_size = strlen(root);
    while (root_size > 1 && root[root_size - 1] == '/')
        root_size--;
    if (root_size == 0 || root_size >= DIRECTORY_ROOT_SIZE)
        return error_set(error, STATUS_LIMIT, "directory: a path of %zu bytes, not 1 to %d",
            root_size, DIRECTORY_ROOT_SIZE - 1);
    char encoded[DIRECTORY_NAME_SIZE + 1];
    enum status status = directory_name_encode(span_string(incarnation), encoded, error);
    if (status)
        return error_prefix(error, status, "incarnation");

    directory->env = env;
    memcpy(directory->root, root, root_size);
    directory->root[root_size] = '\0';
    memcpy(directory->incarnation, encoded, sizeof(encoded));
    atomic_init(&directory->next_temporary, 1);
    atomic_init(&directory->next_file, 1);
    return STATUS_OK;
}

enum status directory_exists(
    struct env *env, const char *path, bool *out_exists, struct error *error)
{
    struct env_stat stat;
    struct error ignored;
    enum status status = env_path_stat(env, path, &stat, error ? error : &ignored);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    *out_exists = status == STATUS_OK;
    return STATUS_OK;
}

/* Where the last component of a path begins, with the path's folder in out_parent. */
static void split_parent(const char *path, struct path *out_parent)
{
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) : 0;
    CHECK(size < sizeof(out_parent->text));
    if (!slash)
        strcpy(out_parent->text, ".");
    else if (size == 0)
        strcpy(out_parent->text, "/");
    else {
        memcpy(out_parent->text, path, size);
        out_parent->text[size] = '\0';
    }
}

enum status directory_make_folder(struct env *env, const char *path, struct error *error)
{
    struct error made_error;
    enum status status = env_directory_make(env, path, 0700, &made_error);
    if (status != STATUS_OK && status != STATUS_EXISTS) {
        if (error)
            *error = made_error;
        return status;
    }
    /* Already there does not say that it is durable: whoever made it may have died before the sync.
     */
    struct path parent;
    split_parent(path, &parent);
    return env_directory_sync(env, parent.text, error);
}

enum status directory_make(const struct directory *directory, struct error *error)
{
    static const char *const folders[] = {
        "servers", "sealed", "namespaces", "procedures", "history", "tables", "snapshots", "trash"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        struct path path;
        directory_path(directory, &path, "%s", folders[i]);
        enum status status = env_directory_make(directory->env, path.text, 0700, error);
        if (status != STATUS_OK && status != STATUS_EXISTS)
            return status;
    }
    error_clear(error);
    return env_directory_sync(directory->env, directory->root, error);
}

void directory_path(
    const struct directory *directory, struct path *out_path, const char *format, ...)
{
    int size = snprintf(out_path->text, sizeof(out_path->text), "%s/", directory->root);
    CHECK(size > 0 && (size_t)size < sizeof(out_path->text));
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(
        out_path->text + size, sizeof(out_path->text) - (size_t)size, format, arguments);
    va_end(arguments);
    CHECK(more >= 0 && (size_t)size + (size_t)more < sizeof(out_path->text));
}

void directory_server_path(const struct directory *directory, const char *incarnation,
    const char *name, struct path *out_path)
{
    directory_path(directory, out_path, "servers/%s/%s", incarnation, name);
}

void directory_segment_path(const struct directory *directory, const char *incarnation,
    uint64_t number, struct path *out_path)
{
    directory_path(directory, out_path, "servers/%s/%" PRIu64 ".log", incarnation, number);
}

void directory_seal_path(
    const struct directory *directory, const char *incarnation, struct path *out_path)
{
    directory_path(directory, out_path, "sealed/%s", incarnation);
}

void directory_table_path(
    const struct directory *directory, const char *table_id, struct path *out_path)
{
    directory_path(directory, out_path, "tables/%s", table_id);
}

void directory_tablets_path(
    const struct directory *directory, const char *table_id, struct path *out_path)
{
    directory_path(directory, out_path, "tables/%s/tablets", table_id);
}

void directory_sstables_path(
    const struct directory *directory, const char *table_id, struct path *out_path)
{
    directory_path(directory, out_path, "tables/%s/sst", table_id);
}

void directory_sstable_path(const struct directory *directory, const char *table_id,
    const char *file, struct path *out_path)
{
    directory_path(directory, out_path, "tables/%s/sst/%s", table_id, file);
}

void directory_temporary_path(struct directory *directory, struct path *out_path)
{
    uint64_t number = atomic_fetch_add(&directory->next_temporary, 1);
    directory_path(directory, out_path, "servers/%s/tmp-%" PRIu64, directory->incarnation, number);
}

void directory_sstable_name(struct directory *directory, char out_name[SSTABLE_NAME_SIZE])
{
    uint64_t number = atomic_fetch_add(&directory->next_file, 1);
    int size = snprintf(
        out_name, SSTABLE_NAME_SIZE, "%s-%" PRIu64 ".sst", directory->incarnation, number);
    CHECK(size > 0 && size < SSTABLE_NAME_SIZE);
}

bool directory_number_parse(
    const char *name, const char *stem, const char *suffix, uint64_t *out_number)
{
    size_t stem_size = strlen(stem);
    if (strncmp(name, stem, stem_size) != 0)
        return false;
    const char *digits = name + stem_size;
    uint64_t number = 0;
    size_t count = 0;
    for (; digits[count] >= '0' && digits[count] <= '9'; count++) {
        if (count == 19 || (count > 0 && digits[0] == '0'))
            return false; /* 19 digits always fit; one spelling a number */
        number = number * 10 + (uint64_t)(digits[count] - '0');
    }
    if (count == 0 || strcmp(digits + count, suffix) != 0)
        return false;
    *out_number = number;
    return true;
}

bool directory_sstable_name_parse(const char *name, char *out_incarnation, uint64_t *out_number)
{
    const char *dash = strrchr(name, '-');
    if (!dash || dash == name || (size_t)(dash - name) > DIRECTORY_NAME_SIZE)
        return false;
    for (const char *at = name; at < dash; at++)
        if (!is_plain((uint8_t)*at) && *at != '%')
            return false;
    if (!directory_number_parse(dash + 1, "", ".sst", out_number))
        return false;
    memcpy(out_incarnation, name, (size_t)(dash - name));
    out_incarnation[dash - name] = '\0';
    return true;
}

bool directory_id_is_valid(const char *id)
{
    size_t size = 0;
    for (; id[size]; size++) {
        char c = id[size];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-') || size == 32)
            return false;
    }
    return size > 0;
}
