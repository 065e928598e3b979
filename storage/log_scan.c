/* Reading a segment: its index when it was closed, its frames when not (format and rules in
 * log_segment.h). */
#include <inttypes.h>

#include "base/memory.h"
#include "storage/log_segment.h"

#define WINDOW_BYTES (1u << 20)

/* A part of a file in memory. */
struct window {
    struct env_file *file;
    uint64_t file_size;
    struct buffer bytes;
    uint64_t offset; /* of bytes in the file */
};

/* The bytes at [offset, offset + size), cut at the end of the file. Valid until the next call. */
static enum status window_get(struct window *window, uint64_t offset, size_t size,
    struct span *out_bytes, struct error *error)
{
    if (offset >= window->file_size) {
        *out_bytes = SPAN_EMPTY;
        return STATUS_OK;
    }
    if (size > window->file_size - offset)
        size = (size_t)(window->file_size - offset);
    bool is_there = offset >= window->offset && offset - window->offset <= window->bytes.size &&
                    size <= window->bytes.size - (size_t)(offset - window->offset);
    if (!is_there) {
        size_t wanted = size > WINDOW_BYTES ? size : WINDOW_BYTES;
        if (wanted > window->file_size - offset)
            wanted = (size_t)(window->file_size - offset);
        buffer_reset(&window->bytes);
        uint8_t *p = buffer_reserve(&window->bytes, wanted);
        if (!p)
            return error_set(error, STATUS_NO_MEMORY, "%s: window of %zu bytes",
                env_file_path(window->file), wanted);
        enum status status = env_file_read_exact(window->file, offset, p, wanted, error);
        if (status)
            return status;
        buffer_commit(&window->bytes, wanted);
        window->offset = offset;
    }
    *out_bytes = span_make(window->bytes.data + (offset - window->offset), size);
    return STATUS_OK;
}

/* The frame at offset. STATUS_NOT_FOUND: none that is valid. Borrowed from the window. */
static enum status window_frame(struct window *window, uint64_t salt, uint64_t offset,
    struct log_frame *out_frame, size_t *out_size, struct error *error)
{
    struct span bytes;
    enum status status = window_get(window, offset, LOG_FRAME_HEADER, &bytes, error);
    if (status)
        return status;
    size_t size = 0;
    status = log_frame_decode(bytes, salt, offset, out_frame, &size);
    if (status != STATUS_WOULD_BLOCK) /* a frame is larger than its header */
        return STATUS_NOT_FOUND;
    status = window_get(window, offset, size, &bytes, error);
    if (status)
        return status;
    if (bytes.size < size)
        return STATUS_NOT_FOUND;
    return log_frame_decode(bytes, salt, offset, out_frame, out_size);
}

struct scan {
    struct window window;
    const char *path;
    struct log_segment *segment;
    log_frame_function *each;
    void *context;
    uint64_t synced_offset; /* greatest of any valid frame */
    uint64_t number;        /* salvage: of the segment's name */
    const char *incarnation;
};

static uint64_t last_sequence_of(
    const struct log_frame *frame, enum status *status, struct error *error)
{
    struct log_record_reader reader;
    struct log_record record;
    log_record_reader_init(&reader, frame);
    while ((*status = log_record_next(&reader, &record, error)) == STATUS_OK)
        ;
    if (*status == STATUS_END)
        *status = STATUS_OK;
    return reader.next_sequence ? reader.next_sequence - 1 : 0;
}

static enum status take_frame(struct scan *scan, const struct log_frame *frame, uint64_t offset,
    size_t size, struct error *error)
{
    enum status status = STATUS_OK;
    if (frame->kind == LOG_FRAME_RECORDS) {
        uint64_t last = last_sequence_of(frame, &status, error);
        if (status)
            return error_prefix(error, status, "%s at offset %" PRIu64, scan->path, offset);
        status = log_index_add(
            &scan->segment->index, frame->tablet_id, offset, size, frame->first_sequence, last);
        if (status)
            return error_set(error, status, "%s: index of its frames", scan->path);
    }
    scan->segment->frame_count++;
    if (frame->synced_offset > scan->synced_offset)
        scan->synced_offset = frame->synced_offset;
    return scan->each ? scan->each(scan->context, frame, offset, size, error) : STATUS_OK;
}

/* The first valid frame at or behind *at, which is moved to it. STATUS_NOT_FOUND: there is none. */
static enum status next_frame(struct scan *scan, uint64_t *at, struct log_frame *out_frame,
    size_t *out_size, struct error *error)
{
    uint64_t salt = scan->segment->header.salt;
    while (*at + LOG_FRAME_HEADER <= scan->window.file_size) {
        struct span bytes;
        enum status status = window_get(&scan->window, *at, LOG_FRAME_HEADER, &bytes, error);
        if (status)
            return status;
        bytes.size = scan->window.bytes.size -
                     (size_t)(*at - scan->window.offset); /* all there is */
        size_t step = 0;
        uint64_t mark = 0;
        for (; step + 8 <= bytes.size; step += 8) {
            mark = load_u64(bytes.data + step);
            if (mark && mark == log_frame_mark(salt, *at + step))
                break;
            mark = 0;
        }
        *at += step;
        if (mark == 0)
            continue;
        status = window_frame(&scan->window, salt, *at, out_frame, out_size, error);
        if (status != STATUS_NOT_FOUND)
            return status;
        *at += 8;
    }
    return STATUS_NOT_FOUND;
}

/* Looks for valid frames behind an invalid one: what they say was synced. */
static enum status search_behind(struct scan *scan, uint64_t offset, struct error *error)
{
    struct log_frame frame;
    size_t size;
    uint64_t at = offset + 8;
    enum status status;
    while ((status = next_frame(scan, &at, &frame, &size, error)) == STATUS_OK) {
        if (frame.synced_offset > scan->synced_offset)
            scan->synced_offset = frame.synced_offset;
        at += size;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* A file that is shorter than it was made has lost its end: what frames were there, nothing tells. */
static void note_cut(struct scan *scan)
{
    uint64_t capacity = scan->segment->header.capacity;
    if (scan->window.file_size < capacity && scan->synced_offset < capacity)
        scan->synced_offset = capacity;
}

/* Frames from the start to the first that is not valid, or to the index. */
static enum status scan_frames(struct scan *scan, struct error *error)
{
    struct log_segment *segment = scan->segment;
    uint64_t offset = LOG_SEGMENT_START;
    bool has_index = false;
    while (!has_index) { /* nothing is written after it */
        struct log_frame frame;
        size_t size;
        enum status status = window_frame(
            &scan->window, segment->header.salt, offset, &frame, &size, error);
        if (status == STATUS_NOT_FOUND)
            break;
        if (status == STATUS_OK)
            status = take_frame(scan, &frame, offset, size, error);
        if (status)
            return status;
        offset += size;
        has_index = frame.kind == LOG_FRAME_INDEX;
    }
    segment->end = offset;
    segment->synced_offset = scan->synced_offset;
    enum status status = search_behind(scan, offset, error);
    if (status)
        return status;
    if (!has_index)
        note_cut(scan);
    if (scan->synced_offset > offset)
        return error_set(error, STATUS_CORRUPT,
            "%s at offset %" PRIu64 ": no valid frame, though all below %" PRIu64 " was synced",
            scan->path, offset, scan->synced_offset);
    return STATUS_OK;
}

/* The index a closing page points at. STATUS_NOT_FOUND: it is not valid. */
static enum status read_index(
    struct scan *scan, const struct log_segment_closing *closing, struct error *error)
{
    struct log_frame frame;
    size_t size;
    struct log_segment *segment = scan->segment;
    enum status status = window_frame(
        &scan->window, segment->header.salt, closing->index_offset, &frame, &size, error);
    if (status)
        return status;
    if (frame.kind != LOG_FRAME_INDEX || closing->index_offset + size != closing->end)
        return STATUS_NOT_FOUND;
    struct log_index index;
    status = log_index_decode(&frame.body, closing->index_offset, &index, error);
    if (status)
        return error_prefix(
            error, status, "%s at offset %" PRIu64, scan->path, closing->index_offset);
    log_index_deinit(&segment->index);
    segment->index = index;
    segment->end = closing->end;
    segment->index_offset = closing->index_offset;
    segment->is_closed = true;
    return STATUS_OK;
}

static enum status read_pages(struct scan *scan, struct log_segment_closing *out_closing,
    bool *out_is_closed, bool has_successor, struct error *error)
{
    struct span pages;
    struct error why = {0};
    enum status status = window_get(&scan->window, 0, LOG_SEGMENT_START, &pages, error);
    if (status)
        return status;
    if (pages.size < LOG_SEGMENT_START)
        return error_set(error, STATUS_CORRUPT, "%s at offset %zu: too short for a log segment",
            scan->path, pages.size);
    status = log_segment_header_decode(pages.data, &scan->segment->header, error);
    if (status)
        return error_prefix(error, status, "%s", scan->path);

    status = log_segment_closing_decode(pages.data + LOG_SEGMENT_PAGE, out_closing, &why);
    *out_is_closed = status == STATUS_OK && out_closing->salt == scan->segment->header.salt;
    if (!*out_is_closed && has_successor)
        return error_set(error, STATUS_CORRUPT,
            "%s at offset %u: the closing page is not valid, though a later segment exists",
            scan->path, LOG_SEGMENT_PAGE);
    return STATUS_OK;
}

/* The whole segment; what it found lies in *scan->segment even on failure. */
static enum status scan_segment(struct scan *scan, bool has_successor, struct error *error)
{
    struct log_segment_closing closing;
    bool is_closed = false;
    enum status status = read_pages(scan, &closing, &is_closed, has_successor, error);
    if (status)
        return status;
    if (is_closed && !scan->each) {
        status = read_index(scan, &closing, error);
        if (status != STATUS_NOT_FOUND)
            return status;
        is_closed = false; /* cut while it was being closed */
        scan->synced_offset = closing.index_offset;
        if (has_successor)
            return error_set(error, STATUS_CORRUPT,
                "%s at offset %" PRIu64 ": the index is not valid, though a later segment exists",
                scan->path, closing.index_offset);
    }
    if (is_closed) /* all before the index was synced before the page was written */
        scan->synced_offset = closing.index_offset;
    status = scan_frames(scan, error);
    if (status || !is_closed)
        return status;
    if (scan->segment->end == closing.end)
        return read_index(scan, &closing, error);
    if (has_successor)
        return error_set(error, STATUS_CORRUPT,
            "%s at offset %" PRIu64 ": no valid frame, though the segment was closed at %" PRIu64,
            scan->path, scan->segment->end, closing.end);
    return STATUS_OK;
}

/* Runs one of the ways to read on a file; what it read lies in *scan->segment, nothing on failure. */
static enum status with_file(struct env *env, struct scan *scan,
    enum status (*way)(struct scan *scan, bool has_successor, struct error *error),
    bool has_successor, struct error *error)
{
    struct env_stat stat;
    enum status status = env_file_open(env, scan->path, ENV_READ, 0, &scan->window.file, error);
    if (status)
        return status;
    status = env_file_stat(scan->window.file, &stat, error);
    if (status == STATUS_OK) {
        scan->window.file_size = stat.size;
        status = way(scan, has_successor, error);
    }
    env_file_close(scan->window.file);
    buffer_deinit(&scan->window.bytes);
    if (status)
        log_segment_deinit(scan->segment);
    return status;
}

enum status log_segment_read(struct env *env, const char *path, bool has_successor,
    log_frame_function *each, void *context, struct log_segment *out_segment, struct error *error)
{
    struct log_segment segment = {0};
    struct scan scan = {.path = path, .segment = &segment, .each = each, .context = context};
    enum status status = with_file(env, &scan, scan_segment, has_successor, error);
    if (status == STATUS_OK)
        *out_segment = segment;
    return status;
}

/* ---- Salvage ---- */

static enum status add_damage(struct scan *scan, uint64_t offset, uint64_t end, struct error *error)
{
    struct log_segment *segment = scan->segment;
    if (!memory_grow(&segment->damages, segment->damage_count, &segment->damage_capacity,
            sizeof *segment->damages))
        return error_set(error, STATUS_NO_MEMORY, "%s: list of its damage", scan->path);
    segment->damages[segment->damage_count++] = (struct log_extent){offset, end - offset};
    return STATUS_OK;
}

/* Frames, and behind each place that has none the next. frames_end: where they end; 0: not known. */
static enum status salvage_frames(
    struct scan *scan, uint64_t frames_end, bool has_successor, struct error *error)
{
    uint64_t offset = LOG_SEGMENT_START;
    bool has_searched = false;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (frames_end == 0 || offset < frames_end)) {
        struct log_frame frame;
        size_t size = 0;
        status = window_frame(
            &scan->window, scan->segment->header.salt, offset, &frame, &size, error);
        if (status == STATUS_OK) {
            status = take_frame(scan, &frame, offset, size, error);
            offset += size;
            if (frame.kind == LOG_FRAME_INDEX)
                break;
            continue;
        }
        if (status != STATUS_NOT_FOUND)
            break;
        status = STATUS_OK;
        if (!has_successor && !has_searched) {
            has_searched = true;
            status = search_behind(scan, offset, error);
            scan->segment->synced_offset = scan->synced_offset;
            note_cut(scan);
        }
        if (status || (!has_successor && scan->synced_offset <= offset))
            break; /* a torn tail */
        uint64_t next = offset + 8;
        status = next_frame(scan, &next, &frame, &size, error);
        if (status == STATUS_NOT_FOUND) {
            uint64_t end = frames_end ? frames_end : scan->window.file_size;
            status = add_damage(scan, offset, end > offset ? end : offset + 8, error);
            break;
        }
        if (status == STATUS_OK)
            status = add_damage(scan, offset, next, error);
        offset = next;
    }
    scan->segment->end = offset;
    if (!has_searched)
        scan->segment->synced_offset = scan->synced_offset;
    return status;
}

/* Reads both pages. The salt is 0 when neither tells it: then no frame can be told from others. *out_has_header: the
 * header told it. */
static enum status salvage_pages(struct scan *scan, struct log_segment_closing *out_closing,
    bool *out_has_header, struct error *error)
{
    struct log_segment_header *header = &scan->segment->header;
    struct span pages;
    struct error why = {0};
    *out_closing = (struct log_segment_closing){0};
    enum status status = window_get(&scan->window, 0, LOG_SEGMENT_START, &pages, error);
    if (status)
        return status;
    if (pages.size == LOG_SEGMENT_START) {
        status = log_segment_header_decode(pages.data, header, &why);
        if (status == STATUS_NEWER_FORMAT)
            return error_set(error, status, "%s: %s", scan->path, why.message);
        bool is_ours = status == STATUS_OK && header->number == scan->number &&
                       strcmp(header->incarnation, scan->incarnation) == 0;
        bool is_closed = log_segment_closing_decode(
                             pages.data + LOG_SEGMENT_PAGE, out_closing, NULL) == STATUS_OK;
        if (status == STATUS_OK && (!is_ours || out_closing->salt != header->salt))
            is_closed = false;
        *out_has_header = is_ours;
        if (!is_ours)
            header->salt = is_closed ? out_closing->salt : 0;
        if (!is_closed)
            *out_closing = (struct log_segment_closing){0};
    }
    header->number = scan->number;
    strcpy(header->incarnation, scan->incarnation);
    return STATUS_OK;
}

static enum status salvage_segment(struct scan *scan, bool has_successor, struct error *error)
{
    struct log_segment_closing closing;
    bool has_header = false;
    enum status status = salvage_pages(scan, &closing, &has_header, error);
    if (status)
        return status;
    scan->segment->end = LOG_SEGMENT_START;
    if (scan->segment->header.salt == 0)
        return add_damage(scan, 0, scan->window.file_size > 0 ? scan->window.file_size : 1, error);
    if (has_successor && closing.salt && read_index(scan, &closing, NULL) == STATUS_OK)
        return STATUS_OK; /* it says of each frame whose it was */
    scan->synced_offset = closing.index_offset;
    status = salvage_frames(scan, closing.index_offset, has_successor, error);
    if (status || has_header || scan->segment->frame_count)
        return status;
    /* Nothing bears the closing page out: it may be another's. */
    scan->segment->damage_count = 0;
    return add_damage(scan, 0, scan->window.file_size, error);
}

enum status log_segment_salvage(struct env *env, const char *path, const char *incarnation,
    uint64_t number, bool has_successor, struct log_segment *out_segment, struct error *error)
{
    struct log_segment segment = {0};
    struct scan scan = {
        .path = path, .segment = &segment, .number = number, .incarnation = incarnation};
    enum status status = with_file(env, &scan, salvage_segment, has_successor, error);
    if (status == STATUS_OK)
        *out_segment = segment;
    return status;
}

void log_segment_deinit(struct log_segment *segment)
{
    log_index_deinit(&segment->index);
    memory_free(segment->damages);
    segment->damages = NULL;
    segment->damage_count = segment->damage_capacity = 0;
}

/* ---- One tablet's frames ---- */

static bool is_of_tablet(const struct log_frame *frame, const char *tablet_id)
{
    return frame->kind == LOG_FRAME_RECORDS && strcmp(frame->tablet_id, tablet_id) == 0;
}

enum status log_extent_read(struct env_file *file, uint64_t file_size, uint64_t salt,
    const struct log_extent *extent, const char *tablet_id, log_frame_function *each, void *context,
    uint64_t *out_damage, struct error *error)
{
    uint64_t end = extent->offset + extent->size;
    struct window window = {.file = file, .file_size = file_size < end ? file_size : end};
    enum status status = STATUS_OK;
    *out_damage = 0;
    for (uint64_t offset = extent->offset; offset < end && status == STATUS_OK;) {
        struct log_frame frame;
        size_t size = 0;
        status = window_frame(&window, salt, offset, &frame, &size, error);
        if (status == STATUS_NOT_FOUND ||
            (status == STATUS_OK && !is_of_tablet(&frame, tablet_id))) {
            *out_damage = offset;
            status = error_set(error, STATUS_CORRUPT,
                "%s at offset %" PRIu64 ": no valid frame of tablet %s, though the index has one",
                env_file_path(file), offset, tablet_id);
        }
        if (status == STATUS_OK)
            status = each(context, &frame, offset, size, error);
        offset += size;
    }
    buffer_deinit(&window.bytes);
    return status;
}

enum status log_extent_skip(struct env_file *file, uint64_t file_size, uint64_t salt,
    const char *tablet_id, uint64_t damage, struct log_extent *extent, struct error *error)
{
    uint64_t end = extent->offset + extent->size;
    struct log_segment segment = {.header.salt = salt};
    struct scan scan = {.window = {.file = file, .file_size = file_size < end ? file_size : end},
        .segment = &segment};
    struct log_frame frame;
    size_t size = 0;
    uint64_t at = damage + 8;
    enum status status;
    while ((status = next_frame(&scan, &at, &frame, &size, error)) == STATUS_OK &&
           !is_of_tablet(&frame, tablet_id))
        at += 8;
    buffer_deinit(&scan.window.bytes);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    *extent = (struct log_extent){.offset = at, .size = status == STATUS_OK ? end - at : 0};
    return STATUS_OK;
}
