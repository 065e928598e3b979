#include "storage/plan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "base/pause.h"
#include "storage/seal.h"

#define SETTLE_BYTES ((size_t)1 << 20)

enum { MIN_SEGMENT = 12 }; /* least bytes of an encoded segment */

void plan_deinit(struct plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->segment_count; i++)
        log_index_deinit(&plan->segments[i].index);
    memory_free(plan->segments);
    plan->segments = NULL;
    plan->segment_count = 0;
}

void plan_encode(const struct plan *plan, struct buffer *out_payload)
{
    buffer_put_varint(out_payload, plan->segment_count);
    for (size_t i = 0; i < plan->segment_count; i++) {
        const struct plan_segment *segment = &plan->segments[i];
        buffer_put_varint(out_payload, segment->number);
        buffer_put_u64(out_payload, segment->salt);
        buffer_put_varint(out_payload, segment->end);
        buffer_put_varint(out_payload, segment->index_offset);
        if (segment->index_offset == 0)
            log_index_encode(&segment->index, out_payload);
    }
}

static enum status take_segment(
    struct span *in, struct plan_segment *out_segment, struct error *error)
{
    struct plan_segment segment = {0};
    if (span_take_varint(in, &segment.number) || span_take_u64(in, &segment.salt) ||
        span_take_varint(in, &segment.end) || span_take_varint(in, &segment.index_offset) ||
        segment.end < LOG_SEGMENT_START || segment.index_offset >= segment.end)
        return error_set(error, STATUS_CORRUPT, "plan payload: a malformed segment");
    if (segment.index_offset == 0) {
        enum status status = log_index_decode(in, segment.end, &segment.index, error);
        if (status)
            return error_prefix(error, status, "plan, segment %" PRIu64, segment.number);
    }
    *out_segment = segment;
    return STATUS_OK;
}

enum status plan_decode(struct span payload, struct plan *out_plan, struct error *error)
{
    uint64_t count;
    if (span_take_varint(&payload, &count) || count > payload.size / MIN_SEGMENT)
        return error_set(error, STATUS_CORRUPT, "plan payload: impossible number of segments");
    struct plan plan = {.segments = memory_allocate_zeroed((size_t)count, sizeof(*plan.segments))};
    if (!plan.segments && count)
        return error_set(error, STATUS_NO_MEMORY, "plan of %" PRIu64 " segments", count);
    enum status status = STATUS_OK;
    while (plan.segment_count < count && status == STATUS_OK) {
        struct plan_segment *segment = &plan.segments[plan.segment_count];
        status = take_segment(&payload, segment, error);
        if (status == STATUS_OK && plan.segment_count++ > 0 &&
            segment->number <= segment[-1].number)
            status = error_set(error, STATUS_CORRUPT,
                "plan payload: segment %" PRIu64 " out of order", segment->number);
    }
    if (status == STATUS_OK && payload.size)
        status = error_set(error, STATUS_CORRUPT, "plan payload: %zu bytes too many", payload.size);
    if (status)
        plan_deinit(&plan);
    else
        *out_plan = plan;
    return status;
}

enum status plan_read(const struct directory *directory, const char *incarnation,
    struct plan *out_plan, struct error *error)
{
    struct path path;
    directory_server_path(directory, incarnation, "plan", &path);
    struct buffer file = {0};
    struct document document;
    struct plan plan;
    enum status status = document_read(
        directory->env, path.text, DOCUMENT_PLAN, &file, &document, error);
    if (status)
        goto done;
    if (!span_equal(document.subject, span_string(incarnation))) {
        status = error_set(error, STATUS_CORRUPT,
            "%s at offset 32: is the plan of another incarnation", path.text);
        goto done;
    }
    status = plan_decode(document.payload, &plan, error);
    if (status) {
        error_prefix(error, status, "%s", path.text);
        goto done;
    }
    strcpy(plan.incarnation, incarnation);
    plan.checksum = load_u64(file.data + file.size - 8);
    *out_plan = plan;

done:
    buffer_deinit(&file);
    return status;
}

/* ---- Making ---- */

struct numbers {
    uint64_t *items;
    size_t count;
    size_t capacity;
};

static enum status note_number(void *context, const char *name, struct error *error)
{
    struct numbers *numbers = context;
    uint64_t number;
    if (!directory_number_parse(name, "", ".log", &number))
        return STATUS_OK;
    if (!memory_grow(&numbers->items, numbers->count, &numbers->capacity, sizeof *numbers->items))
        return error_set(error, STATUS_NO_MEMORY, "list of %zu segments", numbers->count);
    numbers->items[numbers->count++] = number;
    return STATUS_OK;
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* What was read may be in nobody's disk yet: the dead one's last group, in this host's page cache or in
 * a file server's memory. A plan must not outlive what it lists, so it is written again, the same
 * bytes to the same place, and synced. (A zombie writes behind them,
 * or once more what they are: docs/formats/log.md, blocks that are written again.) */
static enum status settle_bytes(
    struct env_file *file, uint64_t from, uint64_t to, struct buffer *bytes, struct error *error)
{
    enum status status = STATUS_OK;
    while (from < to && status == STATUS_OK) {
        size_t size = to - from < SETTLE_BYTES ? (size_t)(to - from) : SETTLE_BYTES;
        buffer_reset(bytes);
        uint8_t *place = buffer_reserve(bytes, size);
        if (!place)
            return error_set(error, STATUS_NO_MEMORY, "end of %s", env_file_path(file));
        status = env_file_read_exact(file, from, place, size, error);
        buffer_commit(bytes, size);
        if (status == STATUS_OK)
            status = env_file_write(file, from, buffer_span(bytes), error);
        from += size;
    }
    return status;
}

static enum status settle_end(const struct directory *directory, const char *path,
    const struct log_segment *segment, struct error *error)
{
    struct env_file *file;
    struct buffer bytes = {0};
    uint64_t from = segment->synced_offset > LOG_SEGMENT_START ? segment->synced_offset
                                                               : LOG_SEGMENT_START;
    enum status status = env_file_open(directory->env, path, ENV_WRITE, 0, &file, error);
    if (status)
        return status;
    status = settle_bytes(file, from, segment->end, &bytes, error);
    if (status == STATUS_OK)
        status = env_file_sync(file, error);
    env_file_close(file);
    buffer_deinit(&bytes);
    return status;
}

static enum status ignore_frame(void *context, const struct log_frame *frame, uint64_t offset,
    uint64_t size, struct error *error)
{
    (void)context;
    (void)frame;
    (void)offset;
    (void)size;
    (void)error;
    return STATUS_OK;
}

/* A segment with a successor was closed and synced before that had a name; its index is in it. Of the
 * newest the plan has the index itself, whether or not it was being closed. */
static enum status scan_one(const struct directory *directory, const char *incarnation,
    uint64_t number, bool has_successor, struct plan_segment *out_segment, struct error *error)
{
    struct path path;
    directory_segment_path(directory, incarnation, number, &path);
    struct log_segment segment;
    enum status status = log_segment_read(directory->env, path.text, has_successor,
        has_successor ? NULL : ignore_frame, NULL, &segment, error);
    if (status)
        return status;
    if (segment.header.number != number || strcmp(segment.header.incarnation, incarnation) != 0)
        status = error_set(error, STATUS_CORRUPT,
            "%s at offset 16: says that it is segment %" PRIu64 " of %s", path.text,
            segment.header.number, segment.header.incarnation);
    if (status == STATUS_OK && !has_successor)
        status = settle_end(directory, path.text, &segment, error);
    if (status) {
        log_segment_deinit(&segment);
        return status;
    }
    *out_segment = (struct plan_segment){
        .number = number,
        .salt = segment.header.salt,
        .end = segment.end,
        .index_offset = has_successor ? segment.index_offset : 0,
    };
    if (has_successor)
        log_segment_deinit(&segment);
    else
        out_segment->index = segment.index;
    return STATUS_OK;
}

/* Where every segment ends, by reading them. */
static enum status scan_all(const struct directory *directory, const char *incarnation,
    struct plan *out_plan, struct error *error)
{
    struct path folder;
    struct numbers numbers = {0};
    struct plan plan = {0};
    directory_path(directory, &folder, "servers/%s", incarnation);
    enum status status = env_directory_list(
        directory->env, folder.text, note_number, &numbers, error);
    if (status)
        goto done;
    if (numbers.count)
        qsort(numbers.items, numbers.count, sizeof(*numbers.items), compare_numbers);
    plan.segments = memory_allocate_zeroed(numbers.count, sizeof(*plan.segments));
    if (!plan.segments && numbers.count) {
        status = error_set(error, STATUS_NO_MEMORY, "plan of %zu segments", numbers.count);
        goto done;
    }
    for (size_t i = 0; i < numbers.count && status == STATUS_OK; i++) {
        status = scan_one(directory, incarnation, numbers.items[i], i + 1 < numbers.count,
            &plan.segments[i], error);
        if (status == STATUS_OK)
            plan.segment_count++;
    }
    if (status == STATUS_OK) /* the names, too */
        status = env_directory_sync(directory->env, folder.text, error);

done:
    memory_free(numbers.items);
    if (status)
        plan_deinit(&plan);
    else
        *out_plan = plan;
    return status;
}

/* Writes a plan and links it, unless somebody's is there. */
static enum status publish(struct directory *directory, const char *incarnation,
    const struct plan *plan, struct error *error)
{
    struct buffer payload = {0};
    struct buffer file = {.limit = LIMIT_PLAN_SIZE};
    struct path temporary;
    struct path target;
    struct path folder;
    plan_encode(plan, &payload);
    struct document document = {.kind = DOCUMENT_PLAN,
        .format_version = document_kind_version(DOCUMENT_PLAN),
        .comparator = DOCUMENT_UNSORTED,
        .subject = span_string(incarnation),
        .payload = buffer_span(&payload)};
    document_encode(&document, &file);
    enum status status = buffer_status(&payload);
    if (status == STATUS_OK)
        status = buffer_status(&file);
    if (status) {
        error_set(error, status, "plan of %s: %zu bytes", incarnation, payload.size);
        goto done;
    }

    directory_temporary_path(directory, &temporary);
    directory_server_path(directory, incarnation, "plan", &target);
    directory_path(directory, &folder, "servers/%s", incarnation);
    status = env_write_file(directory->env, temporary.text, 0600, buffer_span(&file), error);
    if (status)
        goto done;
    pause_point("plan.link.before");
    struct error link_error = {0};
    status = env_path_link(directory->env, temporary.text, target.text, &link_error);
    (void)env_path_remove(directory->env, temporary.text, NULL);
    if (status == STATUS_EXISTS)
        status = STATUS_OK; /* the first wins */
    if (status) {
        if (error)
            *error = link_error;
        goto done;
    }
    pause_point("plan.link.after");
    status = env_directory_sync(directory->env, folder.text, error);

done:
    buffer_deinit(&payload);
    buffer_deinit(&file);
    return status;
}

enum status plan_make(struct directory *directory, const char *incarnation, struct plan *out_plan,
    struct error *error)
{
    struct error ignored;
    enum status status = plan_read(directory, incarnation, out_plan, error ? error : &ignored);
    if (status != STATUS_NOT_FOUND)
        return status;
    struct plan scanned = {0};
    status = scan_all(directory, incarnation, &scanned, error);
    if (status == STATUS_OK)
        status = publish(directory, incarnation, &scanned, error);
    plan_deinit(&scanned);
    return status ? status : plan_read(directory, incarnation, out_plan, error);
}

enum status plan_bury(
    struct directory *directory, const char *incarnation, bool *out_is_new, struct error *error)
{
    struct path path;
    bool is_registered = false;
    bool has_plan = false;
    directory_server_path(directory, incarnation, "alive", &path);
    enum status status = directory_exists(directory->env, path.text, &is_registered, error);
    directory_server_path(directory, incarnation, "plan", &path);
    if (status == STATUS_OK && is_registered)
        status = directory_exists(directory->env, path.text, &has_plan, error);
    if (status)
        return status;
    if (out_is_new)
        *out_is_new = is_registered && !has_plan;
    if (!is_registered) /* cut before it could acknowledge, or half collected: the collector's */
        return STATUS_OK;
    status = seal_make(directory, incarnation, error);
    if (status)
        return error_prefix(error, status, "seal %s", incarnation);
    /* Space that it kept back, and that what follows may need. */
    struct path reserve;
    directory_server_path(directory, incarnation, "reserve", &reserve);
    (void)env_path_remove(directory->env, reserve.text, NULL);

    struct plan plan;
    status = plan_make(directory, incarnation, &plan, error);
    if (status)
        return error_prefix(error, status, "plan of %s", incarnation);
    if (!has_plan)
        log_line(LOG_INFO, "incarnation.sealed", "incarnation=%s segments=%zu", incarnation,
            plan.segment_count);
    plan_deinit(&plan);
    return STATUS_OK;
}

enum status plan_load_index(const struct directory *directory, const struct plan *plan,
    struct plan_segment *segment, struct error *error)
{
    if (segment->index_offset == 0 || segment->index.tablet_count)
        return STATUS_OK;
    struct path path;
    directory_segment_path(directory, plan->incarnation, segment->number, &path);
    struct log_segment found;
    enum status status = log_segment_read(
        directory->env, path.text, true, NULL, NULL, &found, error);
    if (status)
        return status;
    if (found.header.salt != segment->salt || found.index_offset != segment->index_offset) {
        log_segment_deinit(&found);
        return error_set(error, STATUS_CORRUPT,
            "%s at offset 24: is not the segment that the plan of %s was made of", path.text,
            plan->incarnation);
    }
    segment->index = found.index;
    return STATUS_OK;
}
