#include "storage/log_segment.h"

#include <inttypes.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/memory.h"

static const char header_magic[9] = "SteleLog";
static const char closing_magic[9] = "SteleEnd";

/* ---- Header and closing page ---- */

static void page_finish(uint8_t page[LOG_SEGMENT_PAGE])
{
    store_u64(page + LOG_SEGMENT_PAGE - 8, XXH3_64bits(page, LOG_SEGMENT_PAGE - 8));
}

static bool page_is_whole(const uint8_t page[LOG_SEGMENT_PAGE])
{
    return load_u64(page + LOG_SEGMENT_PAGE - 8) == XXH3_64bits(page, LOG_SEGMENT_PAGE - 8);
}

void log_segment_header_encode(
    const struct log_segment_header *header, uint8_t out_page[LOG_SEGMENT_PAGE])
{
    size_t size = strlen(header->incarnation);
    memset(out_page, 0, LOG_SEGMENT_PAGE);
    memcpy(out_page, header_magic, 8);
    out_page[8] = LOG_SEGMENT_FORMAT_VERSION;
    store_u32(out_page + 12, (uint32_t)size);
    store_u64(out_page + 16, header->number);
    store_u64(out_page + 24, header->salt);
    store_u64(out_page + 32, header->capacity);
    store_u64(out_page + 40, (uint64_t)header->made_ms);
    memcpy(out_page + 48, header->incarnation, size);
    page_finish(out_page);
}

enum status log_segment_header_decode(const uint8_t page[LOG_SEGMENT_PAGE],
    struct log_segment_header *out_header, struct error *error)
{
    if (memcmp(page, header_magic, 8) != 0)
        return error_set(error, STATUS_CORRUPT, "at offset 0: magic is not \"%s\"", header_magic);
    if (!page_is_whole(page))
        return error_set(error, STATUS_CORRUPT, "at offset 0: checksum of the header page");
    unsigned version = (unsigned)page[8] | (unsigned)page[9] << 8;
    if (version > LOG_SEGMENT_FORMAT_VERSION)
        return error_set(error, STATUS_NEWER_FORMAT,
            "log segment has format version %u, this program reads up to %u", version,
            LOG_SEGMENT_FORMAT_VERSION);
    uint32_t size = load_u32(page + 12);
    if (size == 0 || size > DIRECTORY_NAME_SIZE || memchr(page + 48, 0, size))
        return error_set(
            error, STATUS_CORRUPT, "at offset 12: incarnation of %" PRIu32 " bytes", size);
    struct log_segment_header header = {
        .number = load_u64(page + 16),
        .salt = load_u64(page + 24),
        .capacity = load_u64(page + 32),
        .made_ms = (int64_t)load_u64(page + 40),
    };
    memcpy(header.incarnation, page + 48, size);
    *out_header = header;
    return STATUS_OK;
}

void log_segment_closing_encode(
    const struct log_segment_closing *closing, uint8_t out_page[LOG_SEGMENT_PAGE])
{
    memset(out_page, 0, LOG_SEGMENT_PAGE);
    memcpy(out_page, closing_magic, 8);
    store_u64(out_page + 8, closing->salt);
    store_u64(out_page + 16, closing->index_offset);
    store_u64(out_page + 24, closing->end);
    page_finish(out_page);
}

enum status log_segment_closing_decode(const uint8_t page[LOG_SEGMENT_PAGE],
    struct log_segment_closing *out_closing, struct error *error)
{
    bool is_zero = true;
    for (size_t i = 0; i < LOG_SEGMENT_PAGE && is_zero; i++)
        is_zero = page[i] == 0;
    if (is_zero)
        return STATUS_NOT_FOUND;
    if (memcmp(page, closing_magic, 8) != 0 || !page_is_whole(page))
        return error_set(
            error, STATUS_CORRUPT, "at offset %u: checksum of the closing page", LOG_SEGMENT_PAGE);
    struct log_segment_closing closing = {
        .salt = load_u64(page + 8),
        .index_offset = load_u64(page + 16),
        .end = load_u64(page + 24),
    };
    if (closing.index_offset < LOG_SEGMENT_START || closing.end <= closing.index_offset)
        return error_set(error, STATUS_CORRUPT,
            "at offset %u: index at %" PRIu64 ", end at %" PRIu64, LOG_SEGMENT_PAGE + 16,
            closing.index_offset, closing.end);
    *out_closing = closing;
    return STATUS_OK;
}

/* ---- Frames ---- */

#define FRAME_BODY_LIMIT (2 * (uint64_t)LIMIT_LOG_RECORD_SIZE)

static size_t round_up(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

size_t log_frame_size(size_t tablet_id_size, size_t body_size)
{
    return round_up(LOG_FRAME_HEADER + tablet_id_size + body_size + LOG_FRAME_CHECKSUM);
}

uint64_t log_frame_mark(uint64_t salt, uint64_t offset)
{
    uint8_t place[16];
    store_u64(place, salt);
    store_u64(place + 8, offset);
    uint64_t mark = XXH3_64bits(place, sizeof(place));
    return mark ? mark : 1;
}

void log_frame_begin(struct buffer *out_bytes, const struct log_frame *frame, size_t *out_begin)
{
    *out_begin = out_bytes->size;
    size_t id_size = strlen(frame->tablet_id);
    buffer_put_u64(out_bytes, 0);
    buffer_put_u8(out_bytes, (uint8_t)frame->kind);
    buffer_put_u8(out_bytes, (uint8_t)id_size);
    buffer_put_u16(out_bytes, 0);
    buffer_put_u32(out_bytes, 0);
    buffer_put_u64(out_bytes, frame->synced_offset);
    buffer_put_u64(out_bytes, frame->first_sequence);
    buffer_put_u64(out_bytes, (uint64_t)frame->written_ms);
    buffer_put(out_bytes, span_make(frame->tablet_id, id_size));
}

void log_frame_end(struct buffer *out_bytes, size_t begin, uint64_t salt, uint64_t offset)
{
    if (buffer_status(out_bytes))
        return;
    uint8_t *header = out_bytes->data + begin;
    size_t covered = out_bytes->size - begin;
    uint64_t mark = log_frame_mark(salt, offset);
    store_u64(header, mark);
    store_u32(header + 12, (uint32_t)(covered - LOG_FRAME_HEADER - header[9]));
    uint64_t checksum = XXH3_64bits_withSeed(header, covered, mark);
    buffer_put_u64(out_bytes, checksum);
    while ((out_bytes->size - begin) % 8 && !buffer_status(out_bytes))
        buffer_put_u8(out_bytes, 0);
}

/* Size of the whole frame by its header; 0 when the header cannot be one. */
static uint64_t header_frame_size(const uint8_t *header, uint64_t salt, uint64_t offset)
{
    uint8_t kind = header[8];
    uint8_t id_size = header[9];
    uint64_t body_size = load_u32(header + 12);
    if (load_u64(header) != log_frame_mark(salt, offset))
        return 0;
    if ((kind != LOG_FRAME_RECORDS && kind != LOG_FRAME_INDEX) || header[10] || header[11] ||
        id_size >= TABLET_ID_SIZE || (id_size == 0) != (kind == LOG_FRAME_INDEX) ||
        body_size > FRAME_BODY_LIMIT || load_u64(header + 16) > offset)
        return 0;
    return log_frame_size(id_size, (size_t)body_size);
}

enum status log_frame_decode(
    struct span in, uint64_t salt, uint64_t offset, struct log_frame *out_frame, size_t *out_size)
{
    if (in.size < LOG_FRAME_HEADER)
        return STATUS_NOT_FOUND;
    uint64_t size = header_frame_size(in.data, salt, offset);
    if (size == 0)
        return STATUS_NOT_FOUND;
    if (in.size < size) {
        *out_size = (size_t)size;
        return STATUS_WOULD_BLOCK;
    }
    uint8_t id_size = in.data[9];
    size_t body_size = load_u32(in.data + 12);
    size_t covered = LOG_FRAME_HEADER + id_size + body_size;
    if (load_u64(in.data + covered) != XXH3_64bits_withSeed(in.data, covered, load_u64(in.data)))
        return STATUS_NOT_FOUND;
    for (size_t i = covered + LOG_FRAME_CHECKSUM; i < size; i++)
        if (in.data[i])
            return STATUS_NOT_FOUND;
    struct log_frame frame = {
        .kind = (enum log_frame_kind)in.data[8],
        .synced_offset = load_u64(in.data + 16),
        .first_sequence = load_u64(in.data + 24),
        .written_ms = (int64_t)load_u64(in.data + 32),
        .body = span_slice(in, LOG_FRAME_HEADER + id_size, body_size),
    };
    memcpy(frame.tablet_id, in.data + LOG_FRAME_HEADER, id_size);
    *out_frame = frame;
    *out_size = (size_t)size;
    return STATUS_OK;
}

void log_record_reader_init(struct log_record_reader *reader, const struct log_frame *frame)
{
    *reader = (struct log_record_reader){
        .left = frame->body,
        .next_sequence = frame->first_sequence,
        .written_ms = frame->written_ms,
    };
}

enum status log_record_next(
    struct log_record_reader *reader, struct log_record *out_record, struct error *error)
{
    if (reader->left.size == 0)
        return STATUS_END;
    struct log_record record = {.written_ms = reader->written_ms};
    uint64_t skipped;
    struct span in = reader->left;
    if (span_take_varint(&in, &skipped) || span_take_varint(&in, &record.sequence_count) ||
        span_take_sized(&in, &record.body))
        return error_set(error, STATUS_CORRUPT, "record is cut short");
    record.sequence = reader->next_sequence + skipped;
    reader->next_sequence = record.sequence + record.sequence_count;
    if (record.sequence < skipped || reader->next_sequence < record.sequence)
        return error_set(error, STATUS_CORRUPT, "sequence of a record overflows");
    reader->left = in;
    *out_record = record;
    return STATUS_OK;
}
