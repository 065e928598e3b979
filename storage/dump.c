/* storage_dump: every file kind in words, for people and tests. What kind a file is, its first bytes
 * say (of an SSTable its name, or its last bytes). A directory is walked in order of names. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/limits.h"
#include "storage/cell_batch.h"
#include "storage/descriptor.h"
#include "storage/log_loss.h"
#include "storage/log_segment.h"
#include "storage/manifest.h"
#include "storage/name_list.h"
#include "storage/plan.h"
#include "storage/snapshot.h"
#include "storage/sstable_dump.h"
#include "storage/sstable_format.h"

#define DUMP_DEPTH       8
#define DUMP_VALUE_BYTES 256 /* of a cell's value or a document's payload; the rest is counted */

struct printer {
    void (*print)(void *context, const char *line);
    void *context;
    storage_words_function *say_document; /* or NULL */
    void *words;
    struct buffer line;
};

static void print_line(struct printer *printer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends the line begun in printer->line. */
static void finish_line(struct printer *printer)
{
    buffer_put_u8(&printer->line, 0);
    printer->print(printer->context,
        buffer_status(&printer->line) ? "(no memory)" : (const char *)printer->line.data);
    buffer_reset(&printer->line);
}

static void print_line(struct printer *printer, const char *format, ...)
{
    char text[LIMIT_PATH_SIZE + 512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    buffer_put(&printer->line, span_string(text));
    finish_line(printer);
}

static void put_time(struct buffer *line, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    char text[40] = "?";
    if (gmtime_r(&seconds, &parts))
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    buffer_put_format(line, "%s.%03dZ", text, (int)(ms % 1000 < 0 ? 0 : ms % 1000));
}

static void put_bytes(struct buffer *line, struct span bytes)
{
    size_t shown = bytes.size < DUMP_VALUE_BYTES ? bytes.size : DUMP_VALUE_BYTES;
    buffer_put_u8(line, '"');
    if (shown)
        buffer_put_escaped(line, span_slice(bytes, 0, shown));
    buffer_put_u8(line, '"');
    if (shown < bytes.size)
        buffer_put_format(line, " (%zu bytes)", bytes.size);
}

/* ---- Log segments ---- */

static enum status dump_operation(
    struct printer *printer, struct cell_batch *batch, struct error *error)
{
    struct buffer *line = &printer->line;
    buffer_put_format(line, "    operation %" PRIu64 " row ", batch->operation);
    put_bytes(line, batch->row);
    if (batch->nonce)
        buffer_put_format(line, " nonce %016" PRIx64, batch->nonce);
    finish_line(printer);
    struct cell cell;
    enum status status;
    while ((status = cell_batch_next_cell(batch, &cell, error)) == STATUS_OK) {
        buffer_put_format(line, "      %s ", cell_type_name(cell.type));
        buffer_put_escaped(line, cell.family);
        buffer_put_u8(line, ':');
        buffer_put_escaped(line, cell.qualifier);
        buffer_put_format(line, " @%" PRId64 " = ", cell.timestamp);
        put_bytes(line, cell.value);
        if (cell.tags.size)
            buffer_put_format(line, " tags %zu bytes", cell.tags.size);
        finish_line(printer);
    }
    return status;
}

static enum status dump_record(
    struct printer *printer, const struct log_record *record, struct error *error)
{
    print_line(printer, "  record sequence %" PRIu64 "..%" PRIu64 ", %zu bytes", record->sequence,
        record->sequence + record->sequence_count - 1, record->body.size);
    struct cell_batch batch;
    enum status status = cell_batch_open(record->body, &batch, error);
    if (status)
        return status;
    while ((status = cell_batch_next_operation(&batch, error)) == STATUS_OK) {
        status = dump_operation(printer, &batch, error);
        if (status != STATUS_END)
            return status;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static void dump_index(struct printer *printer, const struct log_index *index, const char *indent)
{
    for (size_t i = 0; i < index->tablet_count; i++) {
        const struct log_index_tablet *tablet = &index->tablets[i];
        uint64_t bytes = 0;
        for (size_t k = 0; k < tablet->extent_count; k++)
            bytes += tablet->extents[k].size;
        print_line(printer,
            "%stablet %s sequences %" PRIu64 "..%" PRIu64 ", %" PRIu64 " bytes in %zu extents",
            indent, tablet->id, tablet->first_sequence, tablet->last_sequence, bytes,
            tablet->extent_count);
    }
}

static enum status dump_frame(void *context, const struct log_frame *frame, uint64_t offset,
    uint64_t size, struct error *error)
{
    struct printer *printer = context;
    struct buffer *line = &printer->line;
    buffer_put_format(line, "frame at %" PRIu64 ", %" PRIu64 " bytes, synced up to %" PRIu64 ", ",
        offset, size, frame->synced_offset);
    put_time(line, frame->written_ms);
    if (frame->kind == LOG_FRAME_INDEX) {
        buffer_put_format(line, ", index");
        finish_line(printer);
        return STATUS_OK;
    }
    buffer_put_format(line, ", tablet %s", frame->tablet_id);
    finish_line(printer);
    struct log_record_reader reader;
    struct log_record record;
    enum status status;
    log_record_reader_init(&reader, frame);
    while ((status = log_record_next(&reader, &record, error)) == STATUS_OK) {
        /* A body that cannot be read is a line: the frame itself is whole. */
        struct error why = {0};
        if (dump_record(printer, &record, &why)) {
            buffer_reset(line);
            print_line(printer, "    damaged: %s", why.message);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status dump_log(
    struct printer *printer, struct env *env, const char *path, struct error *error)
{
    struct log_segment segment;
    uint8_t page[LOG_SEGMENT_PAGE];
    struct log_segment_header header;
    struct env_file *file;
    enum status status = env_file_open(env, path, ENV_READ, 0, &file, error);
    if (status)
        return status;
    status = env_file_read_exact(file, 0, page, sizeof(page), error);
    env_file_close(file);
    if (status == STATUS_OK)
        status = log_segment_header_decode(page, &header, error);
    if (status)
        return error_prefix(error, status, "%s", path);
    buffer_put_format(&printer->line,
        "log segment %" PRIu64 " of %s, capacity %" PRIu64 ", salt %016" PRIx64 ", made ",
        header.number, header.incarnation, header.capacity, header.salt);
    put_time(&printer->line, header.made_ms);
    finish_line(printer);
    status = log_segment_read(env, path, false, dump_frame, printer, &segment, error);
    if (status)
        return status;
    print_line(printer, "%s at %" PRIu64 ", %" PRIu64 " frames",
        segment.is_closed ? "closed" : "open, ends", segment.end, segment.frame_count);
    dump_index(printer, &segment.index, "  ");
    log_segment_deinit(&segment);
    return STATUS_OK;
}

/* ---- Documents ---- */

static const char *tablet_state_name(enum tablet_state state)
{
    static const char *const names[] = {"open", "closed", "split", "merged", "dropped"};
    return names[state];
}

static void put_ids(struct buffer *line, const char *what, const struct span *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_put_format(line, "%s", i ? " " : what);
        buffer_put(line, ids[i]);
    }
}

static void dump_manifest_file(
    struct printer *printer, const struct manifest *manifest, const struct manifest_file *file)
{
    struct buffer *line = &printer->line;
    buffer_put_format(line, "  sstable %s/", file->table_id);
    buffer_put(line, file->file);
    buffer_put_format(line, " family ");
    buffer_put_escaped(line, manifest->families[file->family].name);
    buffer_put_format(line,
        ", level %" PRIu64 ", %" PRIu64 " bytes (%" PRIu64 " raw), %" PRIu64 " cells, %" PRIu64
        " deletes, sequences %" PRIu64 "..%" PRIu64 ", timestamps %" PRId64 "..%" PRId64
        ", identity %016" PRIx64,
        file->level, file->size_bytes, file->raw_bytes, file->cell_count, file->delete_count,
        file->min_sequence, file->max_sequence, file->min_timestamp, file->max_timestamp,
        file->identity);
    if (file->start_row.size || file->end_row.size) {
        buffer_put_format(line, ", rows from ");
        put_bytes(line, file->start_row);
        buffer_put_format(line, " to ");
        put_bytes(line, file->end_row);
    }
    finish_line(printer);
}

static void dump_manifest_lists(struct printer *printer, const struct manifest *manifest)
{
    struct buffer *line = &printer->line;
    for (size_t i = 0; i < manifest->family_count; i++) {
        buffer_put_format(line, "  family ");
        buffer_put_escaped(line, manifest->families[i].name);
        buffer_put_format(line, " flushed up to %" PRIu64, manifest->families[i].flushed_sequence);
        if (manifest->families[i].major_compacted_ms) {
            buffer_put_format(line, ", compacted in whole ");
            put_time(line, manifest->families[i].major_compacted_ms);
        }
        finish_line(printer);
    }
    for (size_t i = 0; i < manifest->file_count; i++)
        dump_manifest_file(printer, manifest, &manifest->files[i]);
    for (size_t i = 0; i < manifest->dead_log_count; i++) {
        const struct manifest_dead_log *log = &manifest->dead_logs[i];
        buffer_put_format(line, "  needs the log of ");
        buffer_put(line, log->incarnation);
        buffer_put_format(line, " from sequence %" PRIu64 ", plan %016" PRIx64, log->from_sequence,
            log->plan_checksum);
        finish_line(printer);
    }
    if (manifest->nonces.size)
        print_line(printer, "  nonces: %zu bytes", manifest->nonces.size);
}

static enum status dump_manifest(
    struct printer *printer, struct env *env, const char *path, struct error *error)
{
    struct arena arena = {0};
    struct manifest manifest;
    struct buffer *line = &printer->line;
    enum status status = manifest_read_file(env, path, &arena, &manifest, error);
    if (status)
        goto done;
    buffer_put_format(line, "manifest %" PRIu64 " of tablet %s of table %s, written ",
        manifest.version, manifest.tablet_id, manifest.table_id);
    put_time(line, manifest.written_ms);
    finish_line(printer);
    buffer_put_format(line, "  state %s", tablet_state_name(manifest.state));
    if (manifest.owner.size) {
        buffer_put_format(line, " by ");
        buffer_put(line, manifest.owner);
    }
    put_ids(line, ", parents ", manifest.parents, manifest.parent_count);
    for (size_t i = 0; i < manifest.child_count; i++)
        buffer_put_format(line, "%s%s", i ? " " : ", into ", manifest.children[i].id);
    finish_line(printer);
    buffer_put_format(line, "  rows from ");
    put_bytes(line, manifest.start_row);
    buffer_put_format(line, " to ");
    put_bytes(line, manifest.end_row);
    finish_line(printer);
    print_line(printer,
        "  region id %" PRIu64 ", open sequence %" PRIu64 ", last sequence %" PRIu64
        ", last timestamp %" PRId64,
        manifest.region_id, manifest.open_sequence, manifest.last_sequence,
        manifest.last_timestamp_ms);
    dump_manifest_lists(printer, &manifest);

done:
    arena_deinit(&arena);
    return status;
}

static void dump_attributes(
    struct printer *printer, const char *indent, const struct attribute *attributes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_put_format(&printer->line, "%s", indent);
        put_bytes(&printer->line, attributes[i].key);
        buffer_put_format(&printer->line, " = ");
        put_bytes(&printer->line, attributes[i].value);
        finish_line(printer);
    }
}

static enum status dump_descriptor(
    struct printer *printer, const struct document *document, struct error *error)
{
    static const char *const states[] = {"enabled", "disabled", "disabling", "enabling", "dropped"};
    struct arena arena = {0};
    struct table_descriptor descriptor;
    enum status status = descriptor_decode(document, &arena, &descriptor, error);
    if (status == STATUS_OK) {
        buffer_put_format(&printer->line, "descriptor %" PRIu64 " of table %s, ",
            descriptor.version, descriptor.id);
        put_bytes(&printer->line, descriptor.schema.name);
        buffer_put_format(&printer->line, ", %s", states[descriptor.state]);
        finish_line(printer);
        dump_attributes(printer, "  attribute ", descriptor.schema.attributes,
            descriptor.schema.attribute_count);
        dump_attributes(printer, "  configuration ", descriptor.schema.configuration,
            descriptor.schema.configuration_count);
        for (size_t i = 0; i < descriptor.schema.family_count; i++) {
            const struct family_schema *family = &descriptor.schema.families[i];
            buffer_put_format(&printer->line, "  family ");
            buffer_put_escaped(&printer->line, family->name);
            finish_line(printer);
            dump_attributes(printer, "    attribute ", family->attributes, family->attribute_count);
            dump_attributes(
                printer, "    configuration ", family->configuration, family->configuration_count);
        }
    }
    arena_deinit(&arena);
    return status;
}

static enum status dump_plan(
    struct printer *printer, const struct document *document, struct error *error)
{
    struct plan plan;
    enum status status = plan_decode(document->payload, document->format_version, &plan, error);
    if (status)
        return status;
    buffer_put_format(&printer->line, "plan of ");
    buffer_put(&printer->line, document->subject);
    buffer_put_format(&printer->line, ", %zu segments", plan.segment_count);
    finish_line(printer);
    for (size_t i = 0; i < plan.segment_count; i++) {
        const struct plan_segment *segment = &plan.segments[i];
        if (segment->index_offset)
            print_line(printer,
                "  segment %" PRIu64 " ends at %" PRIu64 ", index at %" PRIu64 ", salt %016" PRIx64,
                segment->number, segment->end, segment->index_offset, segment->salt);
        else
            print_line(printer,
                "  segment %" PRIu64 " ends at %" PRIu64 ", not closed, salt %016" PRIx64,
                segment->number, segment->end, segment->salt);
        dump_index(printer, &segment->index, "    ");
        for (size_t j = 0; j < segment->damage_count; j++)
            print_line(printer, "    damaged at %" PRIu64 ", %" PRIu64 " bytes",
                segment->damages[j].offset, segment->damages[j].size);
    }
    plan_deinit(&plan);
    return STATUS_OK;
}

static enum status dump_loss(
    struct printer *printer, const struct document *document, struct error *error)
{
    uint64_t accepted_ms;
    enum status status = log_loss_decode(document->payload, &accepted_ms, error);
    if (status)
        return status;
    buffer_put_format(&printer->line, "loss of damaged records in the log of ");
    buffer_put(&printer->line, document->subject);
    buffer_put_format(&printer->line, ", accepted at %" PRIu64, accepted_ms);
    finish_line(printer);
    return STATUS_OK;
}

static enum status dump_snapshot(
    struct printer *printer, const struct document *document, struct error *error)
{
    struct arena arena = {0};
    struct snapshot snapshot;
    struct buffer *line = &printer->line;
    enum status status = snapshot_decode(document, &arena, &snapshot, error);
    if (status)
        goto done;
    buffer_put_format(line, "snapshot ");
    put_bytes(line, document->subject);
    buffer_put_format(line, " of table %s, ", snapshot.info.table_id);
    put_bytes(line, snapshot.info.schema.name);
    buffer_put_format(line, ", made ");
    put_time(line, snapshot.info.created_ms);
    buffer_put_format(line, ", %zu tablets, %" PRIu64 " bytes", snapshot.manifest_count,
        snapshot.info.sstable_bytes);
    finish_line(printer);
    for (size_t i = 0; i < snapshot.manifest_count; i++) {
        buffer_put_format(line, "  tablet %s, rows from ", snapshot.manifests[i].tablet_id);
        put_bytes(line, snapshot.manifests[i].start_row);
        buffer_put_format(line, " to ");
        put_bytes(line, snapshot.manifests[i].end_row);
        finish_line(printer);
        dump_manifest_lists(printer, &snapshot.manifests[i]);
    }

done:
    arena_deinit(&arena);
    return status;
}

static void dump_cluster(struct printer *printer, const struct document *document)
{
    buffer_put_format(&printer->line, "cluster ");
    put_bytes(&printer->line, document->payload);
    buffer_put_format(
        &printer->line, ", format of the directory %u", (unsigned)document->format_version);
    finish_line(printer);
}

/* A procedure, a namespace, a history. */
static enum status dump_others(
    struct printer *printer, const struct document *document, struct error *error)
{
    struct buffer *line = &printer->line;
    buffer_put_format(line, "%s ", document_kind_name(document->kind));
    put_bytes(line, document->subject);
    buffer_put_format(
        line, " version %" PRIu64 ", %zu bytes", document->version, document->payload.size);
    if (!printer->say_document) {
        buffer_put_format(line, ": ");
        put_bytes(line, document->payload);
    }
    finish_line(printer);
    if (!printer->say_document)
        return STATUS_OK;
    enum chain_kind kind = CHAIN_PROCEDURE;
    CHECK(document_chain_kind(document->kind, &kind));
    return printer->say_document(printer->words, kind, document->subject, document->payload,
        printer->print, printer->context, error);
}

static enum status dump_document(struct printer *printer, struct env *env, const char *path,
    enum document_kind kind, struct error *error)
{
    struct buffer file = {0};
    struct document document;
    if (kind == DOCUMENT_MANIFEST)
        return dump_manifest(printer, env, path, error);
    enum status status = document_read(env, path, kind, &file, &document, error);
    if (status) {
        buffer_deinit(&file);
        return status;
    }
    if (kind == DOCUMENT_DESCRIPTOR)
        status = dump_descriptor(printer, &document, error);
    else if (kind == DOCUMENT_PLAN)
        status = dump_plan(printer, &document, error);
    else if (kind == DOCUMENT_LOSS)
        status = dump_loss(printer, &document, error);
    else if (kind == DOCUMENT_SNAPSHOT)
        status = dump_snapshot(printer, &document, error);
    else if (kind == DOCUMENT_CLUSTER)
        dump_cluster(printer, &document);
    else
        status = dump_others(printer, &document, error);
    buffer_deinit(&file);
    return status ? error_prefix(error, status, "%s", path) : STATUS_OK;
}

/* ---- Files and directories ---- */

static bool has_suffix(const char *path, const char *suffix)
{
    size_t size = strlen(path);
    size_t suffix_size = strlen(suffix);
    return size >= suffix_size && strcmp(path + size - suffix_size, suffix) == 0;
}

static bool ends_as_sstable(struct env_file *file, uint64_t file_size)
{
    uint8_t magic[sizeof SSTABLE_MAGIC - 1];
    size_t size = 0;
    return file_size >= SSTABLE_FOOTER_SIZE &&
           env_file_read(file, file_size - sizeof magic, magic, sizeof magic, &size, NULL) ==
               STATUS_OK &&
           size == sizeof magic && memcmp(magic, SSTABLE_MAGIC, size) == 0;
}

/* What a file is that only its name, mode and links speak of; NULL: another kind. */
static const char *bare_purpose(const char *name)
{
    static const struct {
        const char *name;
        bool is_prefix;
        const char *purpose;
    } kinds[] = {
        {"alive", false, "says that its server may write, while it has one link and mode 0600"},
        {"lock", false, "held by whoever serves this directory"},
        {"reserve", false, "space for flushes and manifests when there is no other"},
        {"secret", true, "what the servers of the cluster know of each other; not shown"},
        {"spare-", true, "a log segment to be"},
        {"tmp-", true, "a document that was not committed yet"},
        {"cluster.tmp-", true, "a cluster file that was not committed yet"},
        {"quorum.", true, "a quorum file that was not committed yet"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].is_prefix ? strncmp(name, kinds[i].name, strlen(kinds[i].name)) == 0
                               : strcmp(name, kinds[i].name) == 0)
            return kinds[i].purpose;
    return NULL;
}

/* Lines of text. */
static enum status dump_quorum(
    struct printer *printer, struct env *env, const char *path, struct error *error)
{
    struct buffer text = {0};
    enum status status = env_read_file(env, path, LIMIT_TEXT_FILE_SIZE, &text, error);
    if (status == STATUS_OK)
        print_line(printer, "the ZooKeeper that this directory belongs to:");
    for (size_t from = 0, i = 0; status == STATUS_OK && i <= text.size; i++) {
        if (i < text.size && text.data[i] != '\n')
            continue;
        if (i > from) {
            buffer_put_format(&printer->line, "  ");
            buffer_put_escaped(&printer->line, span_make(text.data + from, i - from));
            finish_line(printer);
        }
        from = i + 1;
    }
    buffer_deinit(&text);
    return status;
}

static enum status dump_file(struct printer *printer, struct env *env, const char *path,
    const struct env_stat *stat, struct error *error)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    struct env_file *file;
    uint8_t magic[8];
    size_t size = 0;
    bool is_seal = strstr(path, "sealed/") != NULL;
    const char *purpose = is_seal ? "says that its server may write no more" : bare_purpose(name);
    if (purpose) {
        print_line(printer, "%s: %s; %" PRIu64 " bytes, mode %04o, %u links",
            is_seal ? "seal" : name, purpose, stat->size, stat->mode, stat->link_count);
        return STATUS_OK;
    }
    if (strcmp(name, "quorum") == 0)
        return dump_quorum(printer, env, path, error);
    enum status status = env_file_open(env, path, ENV_READ, 0, &file, error);
    if (status)
        return status;
    status = env_file_read(file, 0, magic, sizeof(magic), &size, error);
    bool is_sstable = has_suffix(name, ".sst") || ends_as_sstable(file, stat->size);
    env_file_close(file);
    if (status)
        return status;
    enum document_kind kind;
    if (document_kind_of(span_make(magic, size), &kind))
        return dump_document(printer, env, path, kind, error);
    if (size == 8 && memcmp(magic, "SteleLog", 8) == 0)
        return dump_log(printer, env, path, error);
    if (is_sstable)
        return sstable_dump(env, path, printer->print, printer->context, error);
    return error_set(error, STATUS_INVALID, "%s is no file of Stele", path);
}

/* A damaged file is a line, and the first is what is returned at the end. */
static enum status dump_path(
    struct printer *printer, struct env *env, const char *path, unsigned depth, struct error *error)
{
    struct env_stat stat;
    enum status status = env_path_stat(env, path, &stat, error);
    if (status)
        return status;
    if (!stat.is_directory)
        return dump_file(printer, env, path, &stat, error);
    if (depth == 0)
        return error_set(error, STATUS_LIMIT, "%s: folders too deep", path);
    struct name_list names;
    status = name_list_read(env, path, &names, error);
    enum status first = status;
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
        struct path inner;
        struct error why = {0};
        int size = snprintf(inner.text, sizeof(inner.text), "%s/%s", path, names.items[i]);
        if (size < 0 || (size_t)size >= sizeof(inner.text))
            continue;
        print_line(printer, "%s:", inner.text);
        enum status one = dump_path(printer, env, inner.text, depth - 1, &why);
        if (one) {
            buffer_reset(&printer->line);
            print_line(printer, "damaged: %s", why.message);
        }
        if (one && first == STATUS_OK) {
            first = one;
            if (error)
                *error = why;
        }
    }
    name_list_deinit(&names);
    return first;
}

enum status storage_dump(struct env *env, const char *path,
    void (*print)(void *context, const char *line), void *context,
    storage_words_function *say_document, void *words, struct error *error)
{
    struct printer printer = {
        .print = print, .context = context, .say_document = say_document, .words = words};
    struct path trimmed;
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    if (size >= sizeof(trimmed.text))
        return error_set(error, STATUS_LIMIT, "path of %zu bytes", size);
    memcpy(trimmed.text, path, size);
    trimmed.text[size] = '\0';
    enum status status = dump_path(&printer, env, trimmed.text, DUMP_DEPTH, error);
    buffer_deinit(&printer.line);
    return status;
}
