#include "storage/manifest.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"

#define MANIFEST_READ_TRIES 100

/* Least bytes that one element of each list takes: a count is believed only as far as bytes are
 * there. */
enum { MIN_ID = 1, MIN_CHILD = 1, MIN_FAMILY = 10, MIN_FILE = 36, MIN_DEAD_LOG = 10 };

static void put_id(struct buffer *out, const char *id)
{
    buffer_put_sized(out, span_string(id));
}

static void put_spans(struct buffer *out, const struct span *spans, size_t count)
{
    buffer_put_varint(out, count);
    for (size_t i = 0; i < count; i++)
        buffer_put_sized(out, spans[i]);
}

static void put_file(struct buffer *out, const struct manifest_file *file)
{
    put_id(out, file->table_id);
    buffer_put_sized(out, file->file);
    buffer_put_varint(out, file->family);
    buffer_put_sized(out, file->start_row);
    buffer_put_sized(out, file->end_row);
    buffer_put_u64(out, file->identity);
    buffer_put_varint(out, file->size_bytes);
    buffer_put_varint(out, file->raw_bytes);
    buffer_put_varint(out, file->cell_count);
    buffer_put_varint(out, file->delete_count);
    buffer_put_varint(out, file->min_sequence);
    buffer_put_varint(out, file->max_sequence);
    buffer_put_u64(out, (uint64_t)file->min_timestamp);
    buffer_put_u64(out, (uint64_t)file->max_timestamp);
    buffer_put_varint(out, file->level);
}

void manifest_encode(const struct manifest *manifest, struct buffer *out)
{
    buffer_put_u8(out, (uint8_t)manifest->state);
    put_id(out, manifest->table_id);
    put_id(out, manifest->tablet_id);
    buffer_put_u64(out, manifest->region_id);
    buffer_put_sized(out, manifest->start_row);
    buffer_put_sized(out, manifest->end_row);
    buffer_put_sized(out, manifest->owner);
    buffer_put_u64(out, manifest->open_sequence);
    buffer_put_u64(out, manifest->last_sequence);
    buffer_put_u64(out, (uint64_t)manifest->last_timestamp_ms);
    buffer_put_u64(out, (uint64_t)manifest->written_ms);
    put_spans(out, manifest->parents, manifest->parent_count);
    buffer_put_varint(out, manifest->child_count);
    for (size_t i = 0; i < manifest->child_count; i++) {
        put_id(out, manifest->children[i].id);
        buffer_put_u64(out, manifest->children[i].region_id);
        buffer_put_sized(out, manifest->children[i].start_row);
        buffer_put_sized(out, manifest->children[i].end_row);
    }

    buffer_put_varint(out, manifest->family_count);
    for (size_t i = 0; i < manifest->family_count; i++) {
        buffer_put_sized(out, manifest->families[i].name);
        buffer_put_varint(out, manifest->families[i].flushed_sequence);
        buffer_put_u64(out, (uint64_t)manifest->families[i].major_compacted_ms);
    }
    buffer_put_varint(out, manifest->file_count);
    for (size_t i = 0; i < manifest->file_count; i++)
        put_file(out, &manifest->files[i]);
    buffer_put_varint(out, manifest->dead_log_count);
    for (size_t i = 0; i < manifest->dead_log_count; i++) {
        buffer_put_sized(out, manifest->dead_logs[i].incarnation);
        buffer_put_u64(out, manifest->dead_logs[i].plan_checksum);
        buffer_put_varint(out, manifest->dead_logs[i].from_sequence);
    }
    buffer_put_sized(out, manifest->nonces);
}

/* ---- Decoding: each take_* returns true when the bytes were not there or not right. ---- */

/* `in` with where its bytes are to live and where it began, for the offset in a message. */
struct reader {
    struct span in;
    size_t size;
    uint16_t format_version;
    struct arena *arena;
    bool is_out_of_memory;
};

static bool take_i64(struct reader *reader, int64_t *out_value)
{
    uint64_t value;
    if (span_take_u64(&reader->in, &value))
        return true;
    *out_value = (int64_t)value;
    return false;
}

static bool take_copy(struct reader *reader, struct span *out_bytes)
{
    struct span bytes;
    if (span_take_sized(&reader->in, &bytes))
        return true;
    *out_bytes = arena_copy(reader->arena, bytes);
    reader->is_out_of_memory = bytes.size > 0 && !out_bytes->data;
    return reader->is_out_of_memory;
}

/* out_id holds 33 bytes, as table and tablet ids do. */
static bool take_id(struct reader *reader, char *out_id)
{
    struct span bytes;
    struct span at = reader->in;
    if (span_take_sized(&at, &bytes) || bytes.size >= TABLE_ID_SIZE)
        return true;
    char id[TABLE_ID_SIZE] = {0};
    if (bytes.size)
        memcpy(id, bytes.data, bytes.size);
    if (strlen(id) != bytes.size || !directory_id_is_valid(id))
        return true;
    memcpy(out_id, id, sizeof(id));
    reader->in = at;
    return false;
}

/* A file name that cannot lead out of its folder. */
static bool take_file_name(struct reader *reader, struct span *out_name)
{
    struct span bytes;
    struct span at = reader->in;
    if (span_take_sized(&at, &bytes) || bytes.size == 0 || bytes.size >= SSTABLE_NAME_SIZE)
        return true;
    char name[SSTABLE_NAME_SIZE] = {0};
    memcpy(name, bytes.data, bytes.size);
    char incarnation[DIRECTORY_NAME_SIZE + 1];
    uint64_t number;
    if (strlen(name) != bytes.size || !directory_sstable_name_parse(name, incarnation, &number))
        return true;
    return take_copy(reader, out_name);
}

/* A list's count, and zeroed room for it. */
static bool take_list(struct reader *reader, size_t least_bytes, size_t element_size,
    void *out_array, size_t *out_count)
{
    uint64_t count;
    struct span at = reader->in;
    if (span_take_varint(&at, &count) || count > at.size / least_bytes)
        return true;
    void *array = arena_allocate_zeroed(reader->arena, (size_t)count, element_size);
    if (!array) {
        reader->is_out_of_memory = true;
        return true;
    }
    memcpy(out_array, &array, sizeof(array));
    *out_count = (size_t)count;
    reader->in = at;
    return false;
}

static bool take_spans(struct reader *reader, struct span **out_spans, size_t *out_count)
{
    struct span *spans;
    size_t count;
    if (take_list(reader, MIN_ID, sizeof(*spans), &spans, &count))
        return true;
    for (size_t i = 0; i < count; i++) {
        char id[TABLET_ID_SIZE];
        if (take_id(reader, id))
            return true;
        spans[i] = arena_copy(reader->arena, span_string(id));
        if (!spans[i].data) {
            reader->is_out_of_memory = true;
            return true;
        }
    }
    *out_spans = spans;
    *out_count = count;
    return false;
}

static bool take_children(
    struct reader *reader, struct manifest_child **out_children, size_t *out_count)
{
    struct manifest_child *children;
    size_t count;
    if (take_list(reader, MIN_CHILD, sizeof(*children), &children, &count))
        return true;
    for (size_t i = 0; i < count; i++) {
        struct manifest_child *child = &children[i];
        if (take_id(reader, child->id))
            return true;
        if (reader->format_version > 1 &&
            (span_take_u64(&reader->in, &child->region_id) ||
                take_copy(reader, &child->start_row) || take_copy(reader, &child->end_row)))
            return true;
    }
    *out_children = children;
    *out_count = count;
    return false;
}

static bool take_family(struct reader *reader, struct manifest_family *family)
{
    return take_copy(reader, &family->name) || family->name.size > LIMIT_FAMILY_SIZE ||
           span_take_varint(&reader->in, &family->flushed_sequence) ||
           take_i64(reader, &family->major_compacted_ms);
}

static bool take_file(struct reader *reader, size_t family_count, struct manifest_file *file)
{
    uint64_t family;
    if (take_id(reader, file->table_id) || take_file_name(reader, &file->file) ||
        span_take_varint(&reader->in, &family) || family >= family_count ||
        take_copy(reader, &file->start_row) || take_copy(reader, &file->end_row) ||
        span_take_u64(&reader->in, &file->identity) ||
        span_take_varint(&reader->in, &file->size_bytes) ||
        span_take_varint(&reader->in, &file->raw_bytes) ||
        span_take_varint(&reader->in, &file->cell_count) ||
        span_take_varint(&reader->in, &file->delete_count) ||
        span_take_varint(&reader->in, &file->min_sequence) ||
        span_take_varint(&reader->in, &file->max_sequence) ||
        take_i64(reader, &file->min_timestamp) || take_i64(reader, &file->max_timestamp) ||
        span_take_varint(&reader->in, &file->level))
        return true;
    file->family = (uint32_t)family;
    return false;
}

static bool take_dead_log(struct reader *reader, struct manifest_dead_log *log)
{
    return take_copy(reader, &log->incarnation) || log->incarnation.size == 0 ||
           log->incarnation.size > DIRECTORY_NAME_SIZE ||
           span_take_u64(&reader->in, &log->plan_checksum) ||
           span_take_varint(&reader->in, &log->from_sequence);
}

static bool take_head(struct reader *reader, struct manifest *manifest)
{
    uint8_t state;
    if (span_take_u8(&reader->in, &state) || state > TABLET_DROPPED)
        return true;
    manifest->state = (enum tablet_state)state;
    return take_id(reader, manifest->table_id) || take_id(reader, manifest->tablet_id) ||
           span_take_u64(&reader->in, &manifest->region_id) ||
           take_copy(reader, &manifest->start_row) || take_copy(reader, &manifest->end_row) ||
           take_copy(reader, &manifest->owner) || manifest->owner.size > DIRECTORY_NAME_SIZE ||
           span_take_u64(&reader->in, &manifest->open_sequence) ||
           span_take_u64(&reader->in, &manifest->last_sequence) ||
           take_i64(reader, &manifest->last_timestamp_ms) ||
           take_i64(reader, &manifest->written_ms) ||
           take_spans(reader, &manifest->parents, &manifest->parent_count) ||
           take_children(reader, &manifest->children, &manifest->child_count);
}

static bool take_lists(struct reader *reader, struct manifest *manifest)
{
    if (take_list(reader, MIN_FAMILY, sizeof(struct manifest_family), &manifest->families,
            &manifest->family_count))
        return true;
    for (size_t i = 0; i < manifest->family_count; i++)
        if (take_family(reader, &manifest->families[i]))
            return true;
    if (take_list(reader, MIN_FILE, sizeof(struct manifest_file), &manifest->files,
            &manifest->file_count))
        return true;
    for (size_t i = 0; i < manifest->file_count; i++)
        if (take_file(reader, manifest->family_count, &manifest->files[i]))
            return true;
    if (take_list(reader, MIN_DEAD_LOG, sizeof(struct manifest_dead_log), &manifest->dead_logs,
            &manifest->dead_log_count))
        return true;
    for (size_t i = 0; i < manifest->dead_log_count; i++)
        if (take_dead_log(reader, &manifest->dead_logs[i]))
            return true;
    return take_copy(reader, &manifest->nonces) || reader->in.size > 0;
}

bool manifest_file_is_reference(const struct manifest_file *file, const char *table_id)
{
    return file->start_row.size > 0 || file->end_row.size > 0 ||
           strcmp(file->table_id, table_id) != 0;
}

enum status manifest_decode(struct span payload, uint16_t format_version, struct arena *arena,
    struct manifest *out_manifest, struct error *error)
{
    struct reader reader = {
        .in = payload, .size = payload.size, .format_version = format_version, .arena = arena};
    struct manifest manifest = {0};
    if (take_head(&reader, &manifest) || take_lists(&reader, &manifest)) {
        if (reader.is_out_of_memory)
            return error_set(error, STATUS_NO_MEMORY, "manifest of %zu bytes", payload.size);
        return error_set(error, STATUS_CORRUPT, "manifest payload at offset %zu is malformed",
            reader.size - reader.in.size);
    }
    bool has_owner = manifest.owner.size > 0;
    if (has_owner != (manifest.state == TABLET_OPEN))
        return error_set(error, STATUS_CORRUPT, "manifest in state %d %s an owner",
            (int)manifest.state, has_owner ? "has" : "has not");
    *out_manifest = manifest;
    return STATUS_OK;
}

/* ---- Files ---- */

static void subject_of(const struct manifest *manifest, char *out_subject, size_t size)
{
    int length = snprintf(out_subject, size, "%s/%s", manifest->table_id, manifest->tablet_id);
    CHECK(length > 0 && (size_t)length < size);
}

static enum status from_document(const struct document *document, struct arena *arena,
    struct manifest *out_manifest, struct error *error)
{
    struct manifest manifest;
    enum status status = manifest_decode(
        document->payload, document->format_version, arena, &manifest, error);
    if (status)
        return status;
    if (document->comparator > ROW_ORDER_META)
        return error_set(error, STATUS_CORRUPT, "manifest at offset 10: unknown comparator %u",
            document->comparator);
    char subject[TABLE_ID_SIZE + TABLET_ID_SIZE + 1];
    subject_of(&manifest, subject, sizeof(subject));
    if (!span_equal(document->subject, span_string(subject)))
        return error_set(
            error, STATUS_CORRUPT, "manifest at offset 32: subject is not %s", subject);
    manifest.version = document->version;
    manifest.row_order = (enum row_order)document->comparator;
    *out_manifest = manifest;
    return STATUS_OK;
}

/* version 0: the newest. */
static enum status read_version(const struct directory *directory, const char *table_id,
    const char *tablet_id, uint64_t version, struct arena *arena, struct manifest *out_manifest,
    struct error *error)
{
    struct path folder;
    directory_tablets_path(directory, table_id, &folder);
    struct buffer file = {0};
    struct document document;
    struct manifest manifest;
    enum status status = version ? chain_read_version(directory->env, folder.text, tablet_id,
                                       version, DOCUMENT_MANIFEST, &file, &document, error)
                                 : chain_read_newest(directory->env, folder.text, tablet_id,
                                       DOCUMENT_MANIFEST, &file, &document, error);
    if (status)
        goto done;
    status = from_document(&document, arena, &manifest, error);
    if (status == STATUS_OK &&
        (strcmp(manifest.table_id, table_id) != 0 || strcmp(manifest.tablet_id, tablet_id) != 0))
        status = error_set(error, STATUS_CORRUPT, "at offset 32: says that it is of %s/%s",
            manifest.table_id, manifest.tablet_id);
    if (status)
        error_prefix(error, status, "%s/%s.%" PRIu64, folder.text, tablet_id, document.version);
    else
        *out_manifest = manifest;

done:
    buffer_deinit(&file);
    return status;
}

enum status manifest_read(const struct directory *directory, const char *table_id,
    const char *tablet_id, struct arena *arena, struct manifest *out_manifest, struct error *error)
{
    return read_version(directory, table_id, tablet_id, 0, arena, out_manifest, error);
}

enum status manifest_read_durable(const struct directory *directory, const char *table_id,
    const char *tablet_id, struct arena *arena, struct manifest *out_manifest, struct error *error)
{
    struct path folder;
    enum status status = STATUS_SUPERSEDED;
    directory_tablets_path(directory, table_id, &folder);
    for (unsigned tries = 0; tries < MANIFEST_READ_TRIES && status == STATUS_SUPERSEDED; tries++) {
        uint64_t version;
        status = chain_newest(directory->env, folder.text, tablet_id, &version, error);
        if (status)
            return status;
        const struct chain_version newest = {tablet_id, version};
        status = chain_make_sure(directory->env, folder.text, &newest, 1, error);
        if (status == STATUS_OK)
            status = read_version(
                directory, table_id, tablet_id, version, arena, out_manifest, error);
        if (status == STATUS_NOT_FOUND) /* collected: there is a newer one */
            status = STATUS_SUPERSEDED;
    }
    return status == STATUS_SUPERSEDED ? error_prefix(error, STATUS_BUSY, "tablet %s", tablet_id)
                                       : status;
}

enum status manifest_read_file(struct env *env, const char *path, struct arena *arena,
    struct manifest *out_manifest, struct error *error)
{
    struct buffer file = {0};
    struct document document;
    struct manifest manifest;
    enum status status = document_read(env, path, DOCUMENT_MANIFEST, &file, &document, error);
    if (status)
        goto done;
    status = from_document(&document, arena, &manifest, error);
    if (status) {
        error_prefix(error, status, "%s", path);
        goto done;
    }
    char name[TABLET_ID_SIZE + 24];
    snprintf(name, sizeof(name), "%s.%" PRIu64, manifest.tablet_id, manifest.version);
    const char *slash = strrchr(path, '/');
    if (strcmp(slash ? slash + 1 : path, name) != 0) {
        status = error_set(
            error, STATUS_CORRUPT, "%s at offset 16: says that it is %s", path, name);
        goto done;
    }
    *out_manifest = manifest;

done:
    buffer_deinit(&file);
    return status;
}

enum status manifest_commit(
    struct directory *directory, struct manifest *manifests, size_t count, struct error *error)
{
    if (count == 0)
        return STATUS_OK;
    struct buffer payloads = {0};
    struct chain_commit *commits = memory_allocate_zeroed(count, sizeof(*commits));
    size_t *ends = memory_allocate_zeroed(count, sizeof(*ends));
    char(*subjects)[TABLE_ID_SIZE + TABLET_ID_SIZE + 1] = memory_allocate_zeroed(
        count, sizeof(*subjects));
    enum status status = STATUS_NO_MEMORY;
    if (!commits || !ends || !subjects)
        goto done;

    for (size_t i = 0; i < count; i++) {
        assert(strcmp(manifests[i].table_id, manifests[0].table_id) == 0);
        manifests[i].written_ms = env_wall_ms(directory->env);
        manifest_encode(&manifests[i], &payloads);
        ends[i] = payloads.size;
        subject_of(&manifests[i], subjects[i], sizeof(subjects[i]));
    }
    status = buffer_status(&payloads);
    if (status)
        goto done;
    for (size_t i = 0; i < count; i++) {
        size_t begin = i ? ends[i - 1] : 0;
        commits[i] = (struct chain_commit){
            .name = manifests[i].tablet_id,
            .document = {.kind = DOCUMENT_MANIFEST,
                .format_version = document_kind_version(DOCUMENT_MANIFEST),
                .comparator = (uint16_t)manifests[i].row_order,
                .version = manifests[i].version + 1,
                .subject = span_string(subjects[i]),
                .payload = span_make(payloads.data + begin, ends[i] - begin)},
        };
    }
    struct path folder;
    directory_tablets_path(directory, manifests[0].table_id, &folder);
    status = chain_commit(directory, folder.text, commits, count, error);
    if (status == STATUS_OK)
        for (size_t i = 0; i < count; i++)
            manifests[i].version++;

done:
    if (status == STATUS_NO_MEMORY)
        error_set(error, status, "commit of %zu manifests of table %s: no memory", count,
            manifests[0].table_id);
    memory_free(commits);
    memory_free(ends);
    memory_free(subjects);
    buffer_deinit(&payloads);
    return status;
}

struct list_context {
    const struct directory *directory;
    const char *table_id;
    struct arena *arena;
    enum status (*each)(void *context, const struct manifest *manifest, struct error *error);
    enum status (*damaged)(
        void *context, const char *tablet_id, const struct error *why, struct error *error);
    void *context;
};

static enum status list_one(void *context, const char *name, uint64_t version, struct error *error)
{
    struct list_context *list = context;
    struct error why = {0};
    struct manifest *manifest = arena_allocate(list->arena, sizeof(*manifest));
    if (!manifest)
        return error_set(error, STATUS_NO_MEMORY, "manifest of %s", name);
    enum status status = read_version(
        list->directory, list->table_id, name, version, list->arena, manifest, &why);
    if (status == STATUS_NOT_FOUND) /* collected since the list was made */
        status = manifest_read(list->directory, list->table_id, name, list->arena, manifest, &why);
    if (status == STATUS_OK)
        return list->each(list->context, manifest, error);
    if (status == STATUS_CORRUPT && list->damaged && directory_id_is_valid(name))
        return list->damaged(list->context, name, &why, error);
    if (error)
        *error = why;
    return status;
}

enum status manifest_list_undamaged(const struct directory *directory, const char *table_id,
    struct arena *arena,
    enum status (*each)(void *context, const struct manifest *manifest, struct error *error),
    enum status (*damaged)(
        void *context, const char *tablet_id, const struct error *why, struct error *error),
    void *context, struct error *error)
{
    struct path folder;
    directory_tablets_path(directory, table_id, &folder);
    struct list_context list = {directory, table_id, arena, each, damaged, context};
    return chain_list(directory->env, folder.text, list_one, &list, error);
}

enum status manifest_list(const struct directory *directory, const char *table_id,
    struct arena *arena,
    enum status (*each)(void *context, const struct manifest *manifest, struct error *error),
    void *context, struct error *error)
{
    return manifest_list_undamaged(directory, table_id, arena, each, NULL, context, error);
}
