#include "storage/plan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "base/pause.h"
#include "storage/seal.h"

#define SETTLE_BYTES ((size_t)1 << 20)

enum { MIN_SEGMENT = 12, MIN_DAMAGE = 2 }; /* least bytes of one encoded */
#define FORMAT_WITH_DAMAGE 2

void plan_deinit(struct plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->segment_count; i++) {
        log_index_deinit(&plan->segments[i].index);
        memory_free(plan->segments[i].damages);
    }
    memory_free(plan->segments);
    plan->segments = NULL;
    plan->segment_count = 0;
}

uint16_t plan_format_version(const struct plan *plan)
{
    for (size_t i = 0; i < plan->segment_count; i++)
        if (plan->segments[i].damage_count)
            return FORMAT_WITH_DAMAGE;
    return 1;
}

void plan_encode(const struct plan *plan, struct buffer *out_payload)
{
    bool has_damage = plan_format_version(plan) == FORMAT_WITH_DAMAGE;
    buffer_put_varint(out_payload, plan->segment_count);
    for (size_t i = 0; i < plan->segment_count; i++) {
        const struct plan_segment *segment = &plan->segments[i];
        buffer_put_varint(out_payload, segment->number);
        buffer_put_u64(out_payload, segment->salt);
        buffer_put_varint(out_payload, segment->end);
        buffer_put_varint(out_payload, segment->index_offset);
        if (segment->index_offset == 0)
            log_index_encode(&segment->index, out_payload);
        if (!has_damage)
            continue;
        buffer_put_varint(out_payload, segment->damage_count);
        for (size_t j = 0; j < segment->damage_count; j++) {
            buffer_put_varint(out_payload, segment->damages[j].offset);
            buffer_put_varint(out_payload, segment->damages[j].size);
        }
    }
}

static enum status take_damages(struct span *in, struct plan_segment *segment, struct error *error)
{
    uint64_t count;
    uint64_t least = 0;
    if (span_take_varint(in, &count) || count > in->size / MIN_DAMAGE)
        return error_set(error, STATUS_CORRUPT,
            "plan, segment %" PRIu64 ": impossible number of damages", segment->number);
    if (count == 0)
        return STATUS_OK;
    segment->damages = memory_allocate_zeroed((size_t)count, sizeof *segment->damages);
    if (!segment->damages)
        return error_set(error, STATUS_NO_MEMORY, "plan with %" PRIu64 " damages", count);
    for (; segment->damage_count < count; segment->damage_count++) {
        struct log_extent *damage = &segment->damages[segment->damage_count];
        if (span_take_varint(in, &damage->offset) || span_take_varint(in, &damage->size) ||
            damage->size == 0 || damage->offset < least ||
            damage->size > UINT64_MAX - damage->offset)
            return error_set(error, STATUS_CORRUPT, "plan, segment %" PRIu64 ": a malformed damage",
                segment->number);
        least = damage->offset + damage->size;
    }
    if (segment->index_offset)
        return error_set(error, STATUS_CORRUPT,
            "plan, segment %" PRIu64 ": damage beside an index of its own", segment->number);
    return STATUS_OK;
}

/* What was taken lies in *segment even on failure. */
static enum status take_segment(
    struct span *in, uint16_t format_version, struct plan_segment *out_segment, struct error *error)
{
    if (span_take_varint(in, &out_segment->number) || span_take_u64(in, &out_segment->salt) ||
        span_take_varint(in, &out_segment->end) ||
        span_take_varint(in, &out_segment->index_offset) || out_segment->end < LOG_SEGMENT_START ||
        out_segment->index_offset >= out_segment->end)
        return error_set(error, STATUS_CORRUPT, "plan payload: a malformed segment");
    if (out_segment->index_offset == 0) {
        enum status status = log_index_decode(in, out_segment->end, &out_segment->index, error);
        if (status)
            return error_prefix(error, status, "plan, segment %" PRIu64, out_segment->number);
    }
    return format_version < FORMAT_WITH_DAMAGE ? STATUS_OK : take_damages(in, out_segment, error);
}

enum status plan_decode(
    struct span payload, uint16_t format_version, struct plan *out_plan, struct error *error)
{
    uint64_t count;
    if (span_take_varint(&payload, &count) || count > payload.size / MIN_SEGMENT)
        return error_set(error, STATUS_CORRUPT, "plan payload: impossible number of segments");
    struct plan plan = {.segments = memory_allocate_zeroed((size_t)count, sizeof(*plan.segments))};
    if (!plan.segments && count)
        return error_set(error, STATUS_NO_MEMORY, "plan of %" PRIu64 " segments", count);
    enum status status = STATUS_OK;
    while (plan.segment_count < count && status == STATUS_OK) {
        struct plan_segment *segment = &plan.segments[plan.segment_count++];
        status = take_segment(&payload, format_version, segment, error);
        if (status == STATUS_OK && plan.segment_count > 1 && segment->number <= segment[-1].number)
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
    status = plan_decode(document.payload, document.format_version, &plan, error);
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

/* Reads a segment, where it is damaged what is left of it. A segment with a successor was closed and
 * synced before that had a name; its index is in it. Of the newest the frames are read, whether or not
 * it was being closed. *out_is_whole: not damaged. */
static enum status read_segment(const struct directory *directory, const char *incarnation,
    uint64_t number, bool has_successor, struct log_segment *out_segment, bool *out_is_whole,
    struct error *error)
{
    struct path path;
    struct error why = {0};
    directory_segment_path(directory, incarnation, number, &path);
    enum status status = log_segment_read(directory->env, path.text, has_successor,
        has_successor ? NULL : ignore_frame, NULL, out_segment, &why);
    if (status == STATUS_OK && (out_segment->header.number != number ||
                                   strcmp(out_segment->header.incarnation, incarnation) != 0)) {
        status = error_set(&why, STATUS_CORRUPT,
            "%s at offset 16: says that it is segment %" PRIu64 " of %s", path.text,
            out_segment->header.number, out_segment->header.incarnation);
        log_segment_deinit(out_segment);
    }
    *out_is_whole = status == STATUS_OK;
    if (status != STATUS_CORRUPT) {
        if (status && error)
            *error = why;
        return status;
    }
    log_line(LOG_ERROR, "log.damaged", "error=\"%s\"", why.message);
    return log_segment_salvage(
        directory->env, path.text, incarnation, number, has_successor, out_segment, error);
}

/* Gives the segment's index and damages away. */
static void take_over(struct log_segment *segment, struct plan_segment *out_segment)
{
    log_index_deinit(&out_segment->index);
    memory_free(out_segment->damages);
    out_segment->index = segment->index;
    out_segment->damages = segment->damages;
    out_segment->damage_count = segment->damage_count;
    segment->index = (struct log_index){0};
    segment->damages = NULL;
}

/* The plan has the index itself of the newest segment and of damaged ones. */
static enum status scan_one(const struct directory *directory, const char *incarnation,
    uint64_t number, bool has_successor, struct plan_segment *out_segment, struct error *error)
{
    struct path path;
    struct log_segment segment;
    bool is_whole = false;
    enum status status = read_segment(
        directory, incarnation, number, has_successor, &segment, &is_whole, error);
    if (status)
        return status;
    directory_segment_path(directory, incarnation, number, &path);
    if (!has_successor)
        status = settle_end(directory, path.text, &segment, error);
    if (status == STATUS_OK) {
        *out_segment = (struct plan_segment){
            .number = number,
            .salt = segment.header.salt,
            .end = segment.end,
            .index_offset = has_successor && is_whole ? segment.index_offset : 0,
        };
        if (out_segment->index_offset == 0)
            take_over(&segment, out_segment);
    }
    log_segment_deinit(&segment);
    return status;
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

/* Writes a plan and links it, unless somebody's is there. The name is not synced. */
static enum status publish(struct directory *directory, const char *incarnation,
    const struct plan *plan, struct error *error)
{
    struct buffer payload = {0};
    struct buffer file = {.limit = LIMIT_PLAN_SIZE};
    struct path temporary;
    struct path target;
    plan_encode(plan, &payload);
    struct document document = {.kind = DOCUMENT_PLAN,
        .format_version = plan_format_version(plan),
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

done:
    buffer_deinit(&payload);
    buffer_deinit(&file);
    return status;
}

/* The plan, and that it will be there. Who linked it may not have synced the folder: were it lost with that host, the
 * next recoverer would make another. STATUS_NOT_FOUND: there is none. */
static enum status read_durable(struct directory *directory, const char *incarnation,
    struct plan *out_plan, struct error *error)
{
    struct path folder;
    struct plan before;
    enum status status = plan_read(directory, incarnation, &before, error);
    if (status)
        return status;
    uint64_t checksum = before.checksum;
    plan_deinit(&before);
    directory_path(directory, &folder, "servers/%s", incarnation);
    pause_point("plan.read.between");
    status = env_directory_sync(directory->env, folder.text, error);
    if (status == STATUS_OK)
        status = plan_read(directory, incarnation, out_plan, error);
    if (status == STATUS_OK && out_plan->checksum != checksum) {
        plan_deinit(out_plan);
        status = error_set(error, STATUS_BUSY, "the plan of %s is being made anew", incarnation);
    }
    return status;
}

enum status plan_make(struct directory *directory, const char *incarnation, struct plan *out_plan,
    struct error *error)
{
    struct error ignored;
    error = error ? error : &ignored;
    enum status status = read_durable(directory, incarnation, out_plan, error);
    if (status != STATUS_NOT_FOUND)
        return status;
    struct plan scanned = {0};
    status = scan_all(directory, incarnation, &scanned, error);
    if (status == STATUS_OK)
        status = publish(directory, incarnation, &scanned, error);
    plan_deinit(&scanned);
    return status ? status : read_durable(directory, incarnation, out_plan, error);
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

/* All of it is damage: it is gone, or another's now. */
static enum status lose_segment(struct plan_segment *segment, struct error *error)
{
    struct log_extent *all = memory_allocate_zeroed(1, sizeof *all);
    if (!all)
        return error_set(error, STATUS_NO_MEMORY, "damage of segment %" PRIu64, segment->number);
    *all = (struct log_extent){.size = segment->end};
    log_index_deinit(&segment->index);
    memory_free(segment->damages);
    segment->damages = all;
    segment->damage_count = 1;
    return STATUS_OK;
}

enum status plan_load_index(const struct directory *directory, const struct plan *plan,
    struct plan_segment *segment, struct error *error)
{
    if (segment->index_offset == 0 || segment->index.tablet_count)
        return STATUS_OK;
    struct log_segment found;
    bool is_whole = false;
    struct error why = {0};
    enum status status = read_segment(
        directory, plan->incarnation, segment->number, true, &found, &is_whole, &why);
    if (status == STATUS_NOT_FOUND) {
        log_line(LOG_ERROR, "log.damaged", "error=\"%s\"", why.message);
        return lose_segment(segment, error);
    }
    if (status) {
        if (error)
            *error = why;
        return status;
    }
    if (!is_whole && found.header.salt != segment->salt) {
        status = lose_segment(segment, error);
    } else if (is_whole && (found.header.salt != segment->salt ||
                               found.index_offset != segment->index_offset)) {
        struct path path;
        directory_segment_path(directory, plan->incarnation, segment->number, &path);
        status = error_set(error, STATUS_CORRUPT,
            "%s at offset 24: is not the segment that the plan of %s was made of", path.text,
            plan->incarnation);
    } else {
        take_over(&found, segment);
    }
    log_segment_deinit(&found);
    return status;
}
