#include "storage/log_writer.h"

#include "base/pause.h"

void log_writer_init(struct log_writer *writer, struct env *env, struct log_files *files)
{
    writer->env = env;
    writer->files = files;
}

void log_writer_deinit(struct log_writer *writer)
{
    log_tail_deinit(&writer->end);
    buffer_deinit(&writer->bytes);
}

void log_writer_begin(struct log_writer *writer)
{
    writer->tail = writer->synced = LOG_SEGMENT_START;
    log_tail_begin(&writer->end, LOG_SEGMENT_START);
}

bool log_writer_has_unsynced(const struct log_writer *writer)
{
    return writer->synced < writer->tail;
}

uint64_t log_writer_room(const struct log_writer *writer)
{
    return writer->files->current->capacity - writer->tail;
}

/* ---- Encoding ---- */

/* Notes in the segment's index where a tablet's frame lies. */
static enum status note_frame(struct log_writer *writer, struct log_tablet *tablet, uint64_t offset,
    uint64_t size, uint64_t first_sequence, uint64_t last_sequence)
{
    struct log_files *files = writer->files;
    struct log_index *index = &files->current->index;
    mutex_lock(files->mutex);
    struct log_segment_tablet *records = tablet->records_last;
    if (records && records->segment != files->current)
        records = NULL; /* flushed past it meanwhile: only its slot is not known */
    mutex_unlock(files->mutex);
    if (records && records->slot != SIZE_MAX)
        return log_index_extend(index, records->slot, offset, size, last_sequence);
    enum status status = log_index_add(
        index, tablet->id, offset, size, first_sequence, last_sequence);
    if (status == STATUS_OK && records)
        records->slot = (size_t)(log_index_find(index, tablet->id) - index->tablets);
    return status;
}

/* What a tablet has in the group, as one frame. */
static enum status encode_tablet(
    struct log_writer *writer, struct log_tablet *tablet, int64_t now_ms)
{
    struct buffer *bytes = &writer->bytes;
    struct log_frame frame = {
        .kind = LOG_FRAME_RECORDS,
        .synced_offset = writer->synced,
        .first_sequence = tablet->group_first->sequence,
        .written_ms = now_ms,
    };
    memcpy(frame.tablet_id, tablet->id, sizeof(frame.tablet_id));
    size_t begin;
    log_frame_begin(bytes, &frame, &begin);
    uint64_t next = frame.first_sequence;
    for (struct log_entry *entry = tablet->group_first; entry; entry = entry->tablet_next) {
        buffer_put_varint(bytes, entry->sequence - next);
        buffer_put_varint(bytes, entry->sequence_count);
        buffer_put_sized(bytes, entry->body);
        next = entry->sequence + entry->sequence_count;
    }
    uint64_t offset = writer->tail + begin;
    log_frame_end(bytes, begin, writer->files->salt, offset);
    enum status status = buffer_status(bytes);
    if (status)
        return status;
    return note_frame(writer, tablet, offset, bytes->size - begin, frame.first_sequence, next - 1);
}

static enum status encode_group(
    struct log_writer *writer, const struct log_group *group, struct error *error)
{
    int64_t now_ms = env_wall_ms(writer->env);
    buffer_reset(&writer->bytes);
    enum status status = STATUS_OK;
    for (struct log_tablet *tablet = group->tablets; tablet && !status; tablet = tablet->group_next)
        status = encode_tablet(writer, tablet, now_ms);
    if (status)
        return error_set(error, status, "group of %zu entries", group->count);
    CHECK(writer->bytes.size <= log_writer_room(writer));
    return STATUS_OK;
}

/* ---- Writing ---- */

/* Starts a write that will be durable when it is finished: all before it is synced. */
static enum status start_write(struct log_writer *writer, struct error *error)
{
    struct env_file *file = writer->files->file;
    struct span bytes = buffer_span(&writer->bytes);
    uint64_t offset = writer->tail;
    if (env_file_block_size(file) > 1) {
        enum status status = log_tail_append(&writer->end, bytes);
        if (status)
            return error_set(error, status, "blocks of a group of %zu bytes", bytes.size);
        bytes = log_tail_blocks(&writer->end);
        offset = writer->end.offset;
    }
    uint64_t now_ns = env_monotonic_ns(writer->env);
    writer->is_in_flight = true;
    enum status status = env_file_write_start(file, offset, bytes, error);
    writer->starting_ns = env_monotonic_ns(writer->env) - now_ns;
    return status;
}

/* Writes the blocks that `bytes` touch, as the tail holds them, into the page cache. */
static enum status write_tail(struct log_writer *writer, struct span bytes, struct error *error)
{
    struct log_tail *end = &writer->end;
    if (bytes.size == 0)
        return STATUS_OK;
    enum status status = log_tail_append(end, bytes);
    if (status)
        return error_set(error, status, "blocks of %zu bytes", bytes.size);
    status = env_file_write(writer->files->file, end->offset, log_tail_blocks(end), error);
    if (status == STATUS_OK)
        log_tail_advance(end);
    return status;
}

/* The same for many bytes: only the first and the last block go through the tail. */
static enum status write_long(struct log_writer *writer, struct span bytes, struct error *error)
{
    struct log_tail *end = &writer->end;
    size_t gap = log_tail_gap(end);
    size_t whole = (bytes.size - gap) / ENV_BLOCK_SIZE * ENV_BLOCK_SIZE;
    enum status status = write_tail(writer, span_slice(bytes, 0, gap), error);
    if (status == STATUS_OK)
        status = env_file_write(
            writer->files->file, end->offset, span_slice(bytes, gap, whole), error);
    if (status)
        return status;
    log_tail_skip(end, whole);
    return write_tail(writer, span_slice(bytes, gap + whole, bytes.size - gap - whole), error);
}

/* Writes what was encoded into the page cache; a sync must follow. */
static enum status write_cached(struct log_writer *writer, struct error *error)
{
    struct env_file *file = writer->files->file;
    struct span bytes = buffer_span(&writer->bytes);
    if (env_file_block_size(file) == 1)
        return env_file_write(file, writer->tail, bytes, error);
    if (bytes.size <= LOG_DIRECT_BYTES)
        return write_tail(writer, bytes, error);
    return write_long(writer, bytes, error);
}

enum status log_writer_send(
    struct log_writer *writer, const struct log_group *group, struct error *error)
{
    enum status status = encode_group(writer, group, error);
    if (status)
        return status;
    bool is_direct = group->needs_sync && !log_writer_has_unsynced(writer) &&
                     writer->bytes.size <= LOG_DIRECT_BYTES;
    pause_point("log.write.before");
    status = is_direct ? start_write(writer, error) : write_cached(writer, error);
    pause_point("log.write.after");
    if (status)
        return status;
    writer->tail += writer->bytes.size;
    atomic_fetch_add_explicit(&writer->records, group->logged, memory_order_relaxed);
    return STATUS_OK;
}

/* The end of the write that was started. */
static enum status finish_write(struct log_writer *writer, uint64_t poll_ns, struct error *error)
{
    writer->is_in_flight = false;
    enum status status = env_file_write_finish(writer->files->file, poll_ns, error);
    if (status)
        return status; /* the disk may still read the blocks */
    log_tail_advance(&writer->end);
    return STATUS_OK;
}

enum status log_writer_sync(struct log_writer *writer, uint64_t poll_ns, struct error *error)
{
    pause_point("log.sync.before");
    uint64_t now_ns = env_monotonic_ns(writer->env);
    uint64_t spent_ns = writer->is_in_flight ? writer->starting_ns : 0;
    enum status status = writer->is_in_flight ? finish_write(writer, poll_ns, error)
                                              : env_file_sync(writer->files->file, error);
    if (status)
        return status;
    spent_ns += env_monotonic_ns(writer->env) - now_ns;
    atomic_fetch_add_explicit(&writer->sync_ns, spent_ns, memory_order_relaxed);
    pause_point("log.sync.after");
    writer->synced = writer->tail;
    atomic_fetch_add_explicit(&writer->syncs, 1, memory_order_relaxed);
    return STATUS_OK;
}

/* ---- The end of a segment ---- */

/* The frame that says what lies where. */
static enum status encode_index(struct log_writer *writer)
{
    struct log_frame frame = {
        .kind = LOG_FRAME_INDEX,
        .synced_offset = writer->synced,
        .written_ms = env_wall_ms(writer->env),
    };
    size_t begin;
    buffer_reset(&writer->bytes);
    log_frame_begin(&writer->bytes, &frame, &begin);
    log_index_encode(&writer->files->current->index, &writer->bytes);
    log_frame_end(&writer->bytes, begin, writer->files->salt, writer->tail);
    return buffer_status(&writer->bytes);
}

enum status log_writer_close(struct log_writer *writer, struct error *error)
{
    CHECK(!writer->is_in_flight);
    enum status status = encode_index(writer);
    if (status)
        return error_set(error, status, "index of a segment");
    struct log_segment_closing closing = {
        .salt = writer->files->salt,
        .index_offset = writer->tail,
        .end = writer->tail + writer->bytes.size,
    };
    uint8_t page[LOG_SEGMENT_PAGE];
    log_segment_closing_encode(&closing, page);

    struct env_file *file = writer->files->file;
    if (log_writer_has_unsynced(writer))
        status = env_file_sync(file, error); /* the index says "all before me was synced" */
    if (status == STATUS_OK)
        status = write_cached(writer, error);
    if (status == STATUS_OK)
        status = env_file_write(file, LOG_SEGMENT_PAGE, span_make(page, sizeof(page)), error);
    if (status == STATUS_OK)
        status = env_file_sync(file, error);
    if (status)
        return status;
    writer->tail = writer->synced =
        0; /* nothing is left to sync, whether a next one comes or not */
    return STATUS_OK;
}
