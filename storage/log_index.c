/* The index of a segment: extents by tablet (format in log_segment.h). */
#include <inttypes.h>

#include "base/memory.h"
#include "storage/log_segment.h"

/* Least bytes of an encoded tablet and extent. */
enum { MIN_TABLET = 5, MIN_EXTENT = 2 };

void log_index_deinit(struct log_index *index)
{
    for (size_t i = 0; i < index->tablet_count; i++)
        memory_free(index->tablets[i].extents);
    memory_free(index->tablets);
    *index = (struct log_index){0};
}

const struct log_index_tablet *log_index_find(const struct log_index *index, const char *tablet_id)
{
    for (size_t i = 0; i < index->tablet_count; i++)
        if (strcmp(index->tablets[i].id, tablet_id) == 0)
            return &index->tablets[i];
    return NULL;
}

static struct log_index_tablet *add_tablet(
    struct log_index *index, const char *id, uint64_t first_sequence, uint64_t last_sequence)
{
    if (!memory_grow(&index->tablets, index->tablet_count, &index->tablet_capacity,
            sizeof(struct log_index_tablet)))
        return NULL;
    struct log_index_tablet *tablet = &index->tablets[index->tablet_count++];
    *tablet = (struct log_index_tablet){
        .first_sequence = first_sequence,
        .last_sequence = last_sequence,
    };
    CHECK(strlen(id) < sizeof(tablet->id));
    strcpy(tablet->id, id);
    return tablet;
}

enum status log_index_extend(
    struct log_index *index, size_t slot, uint64_t offset, uint64_t size, uint64_t last_sequence)
{
    struct log_index_tablet *tablet = &index->tablets[slot];
    struct log_extent *last = tablet->extent_count ? &tablet->extents[tablet->extent_count - 1]
                                                   : NULL;
    if (last && last->offset + last->size == offset) {
        last->size += size;
    } else {
        if (!memory_grow(&tablet->extents, tablet->extent_count, &tablet->extent_capacity,
                sizeof(struct log_extent)))
            return STATUS_NO_MEMORY;
        tablet->extents[tablet->extent_count++] = (struct log_extent){offset, size};
        index->extent_count++;
    }
    tablet->last_sequence = last_sequence;
    return STATUS_OK;
}

enum status log_index_add(struct log_index *index, const char *tablet_id, uint64_t offset,
    uint64_t size, uint64_t first_sequence, uint64_t last_sequence)
{
    struct log_index_tablet *tablet = (struct log_index_tablet *)log_index_find(index, tablet_id);
    if (!tablet)
        tablet = add_tablet(index, tablet_id, first_sequence, last_sequence);
    if (!tablet)
        return STATUS_NO_MEMORY;
    return log_index_extend(index, (size_t)(tablet - index->tablets), offset, size, last_sequence);
}

size_t log_index_size_bound(const struct log_index *index)
{
    return 10 + index->tablet_count * LOG_INDEX_TABLET_BOUND +
           index->extent_count * LOG_INDEX_EXTENT_BOUND;
}

void log_index_encode(const struct log_index *index, struct buffer *out)
{
    buffer_put_varint(out, index->tablet_count);
    for (size_t i = 0; i < index->tablet_count; i++) {
        const struct log_index_tablet *tablet = &index->tablets[i];
        buffer_put_sized(out, span_string(tablet->id));
        buffer_put_varint(out, tablet->first_sequence);
        buffer_put_varint(out, tablet->last_sequence);
        buffer_put_varint(out, tablet->extent_count);
        uint64_t end = 0;
        for (size_t k = 0; k < tablet->extent_count; k++) {
            buffer_put_varint(out, (tablet->extents[k].offset - end) / 8);
            buffer_put_varint(out, tablet->extents[k].size / 8);
            end = tablet->extents[k].offset + tablet->extents[k].size;
        }
    }
}

static bool take_extents(
    struct span *in, uint64_t end, struct log_index_tablet *tablet, uint64_t count)
{
    uint64_t at = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t gap, size;
        if (span_take_varint(in, &gap) || span_take_varint(in, &size) || gap > end / 8 ||
            size == 0 || size > end / 8)
            return true;
        uint64_t offset = at + gap * 8;
        if (offset < LOG_SEGMENT_START || offset > end || size * 8 > end - offset)
            return true;
        tablet->extents[tablet->extent_count++] = (struct log_extent){offset, size * 8};
        at = offset + size * 8;
    }
    return false;
}

/* True when the bytes are not right; *out_is_no_memory then tells which. */
static bool take_tablet(
    struct span *in, uint64_t end, struct log_index *index, bool *out_is_no_memory)
{
    struct span id;
    uint64_t first, last, count;
    if (span_take_sized(in, &id) || id.size == 0 || id.size >= TABLET_ID_SIZE ||
        span_take_varint(in, &first) || span_take_varint(in, &last) || last < first ||
        span_take_varint(in, &count) || count == 0 || count > in->size / MIN_EXTENT)
        return true;
    char text[TABLET_ID_SIZE] = {0};
    memcpy(text, id.data, id.size);
    if (!directory_id_is_valid(text) || strlen(text) != id.size)
        return true;
    struct log_index_tablet *tablet = add_tablet(index, text, first, last);
    if (tablet)
        tablet->extents = memory_allocate_zeroed((size_t)count, sizeof(struct log_extent));
    if (!tablet || !tablet->extents) {
        *out_is_no_memory = true;
        return true;
    }
    tablet->extent_capacity = (size_t)count;
    index->extent_count += (size_t)count;
    return take_extents(in, end, tablet, count);
}

enum status log_index_decode(
    struct span *in, uint64_t end, struct log_index *out_index, struct error *error)
{
    struct span at = *in;
    uint64_t count;
    if (span_take_varint(&at, &count) || count > at.size / MIN_TABLET)
        return error_set(error, STATUS_CORRUPT, "index has an impossible number of tablets");
    struct log_index index = {0};
    for (uint64_t i = 0; i < count; i++) {
        bool is_no_memory = false;
        if (!take_tablet(&at, end, &index, &is_no_memory))
            continue;
        log_index_deinit(&index);
        if (is_no_memory)
            return error_set(error, STATUS_NO_MEMORY, "index of %" PRIu64 " tablets", count);
        return error_set(error, STATUS_CORRUPT,
            "index is malformed at its tablet %" PRIu64 " of %" PRIu64, i, count);
    }
    *in = at;
    *out_index = index;
    return STATUS_OK;
}
