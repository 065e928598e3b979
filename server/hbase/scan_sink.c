#include "server/hbase/scan_sink.h"

#include "proto/wire.h"
#include "server/hbase/result_sink.h"

#define FIELD_RESULTS 5

static void *grow(struct arena *arena, void *old, size_t count, size_t *room, size_t item_size)
{
    size_t wanted = *room ? *room * 2 : 64;
    uint8_t *grown = arena_allocate(arena, wanted * item_size);
    if (!grown)
        return NULL;
    if (count > 0)
        memcpy(grown, old, count * item_size);
    *room = wanted;
    return grown;
}

static enum status keep_cell(struct scan_sink *sink, const struct cell *cell)
{
    struct arena *arena = &sink->call->arena;
    if (sink->total_count == sink->cell_room) {
        struct cell *cells = grow(
            arena, sink->cells, sink->total_count, &sink->cell_room, sizeof *cells);
        if (!cells)
            return STATUS_NO_MEMORY;
        sink->cells = cells;
    }
    return cell_copy(arena, cell, &sink->cells[sink->total_count++]) ? STATUS_OK : STATUS_NO_MEMORY;
}

/* There is no room for more. */
static enum status stop_here(struct scan_sink *sink)
{
    if (!sink->limit_bytes)
        return STATUS_BUSY;
    *sink->limit_bytes = 0;
    return STATUS_OK;
}

static enum status take_gathered(struct read_sink *base, size_t bytes)
{
    struct scan_sink *sink = (struct scan_sink *)base;
    if (!sink->limit_bytes && bytes > call_row_limit(sink->call))
        return STATUS_LIMIT;
    return call_answer_has_room(sink->call, bytes) ? STATUS_OK : stop_here(sink);
}

static enum status count_bytes(struct scan_sink *sink, const struct cell *cell)
{
    size_t size = cell_encoded_size(cell);
    sink->result_bytes += size;
    if (!sink->limit_bytes && sink->result_bytes > call_row_limit(sink->call))
        return STATUS_LIMIT;
    /* Inline cells are kept, and then there once more in the message. */
    return call_answer_grow(sink->call, sink->is_inline ? 2 * size : size) ? STATUS_OK
                                                                           : stop_here(sink);
}

static enum status take_cell(struct read_sink *base, const struct cell *cell)
{
    struct scan_sink *sink = (struct scan_sink *)base;
    struct call *call = sink->call;
    enum status status = count_bytes(sink, cell);
    if (status)
        return status;
    sink->cell_count++;
    if (sink->is_inline)
        return keep_cell(sink, cell);
    cell_block_put(&call->cells, cell, call->codec);
    return buffer_status(&call->cells);
}

static enum status take_result(struct read_sink *base, bool is_partial)
{
    struct scan_sink *sink = (struct scan_sink *)base;
    struct arena *arena = &sink->call->arena;
    if (sink->result_count == sink->result_room) {
        size_t room = sink->result_room;
        uint32_t *counts = grow(
            arena, sink->cell_counts, sink->result_count, &room, sizeof *counts);
        bool *flags = grow(
            arena, sink->partial_flags, sink->result_count, &sink->result_room, sizeof *flags);
        if (!counts || !flags)
            return STATUS_NO_MEMORY;
        sink->cell_counts = counts;
        sink->partial_flags = flags;
    }
    sink->cell_counts[sink->result_count] = sink->cell_count;
    sink->partial_flags[sink->result_count] = is_partial;
    sink->result_count++;
    sink->cell_count = 0;
    sink->result_bytes = 0;
    return STATUS_OK;
}

void scan_sink_init(struct scan_sink *sink, struct call *call)
{
    *sink = (struct scan_sink){.sink = {take_cell, take_result, take_gathered},
        .call = call,
        .is_inline = call->codec == CELL_CODEC_NONE};
}

void scan_sink_complete_last(struct scan_sink *sink)
{
    if (sink->result_count > 0)
        sink->partial_flags[sink->result_count - 1] = false;
}

void scan_sink_put_messages(const struct scan_sink *sink, struct buffer *out)
{
    const struct cell *cells = sink->cells;
    for (size_t i = 0; i < sink->result_count; i++) {
        struct result result = {.cells = cells,
            .cell_count = sink->cell_counts[i],
            .is_partial = sink->partial_flags[i]};
        size_t mark = wire_begin(out, FIELD_RESULTS);
        result_encode(out, &result, true);
        wire_end(out, mark);
        cells += sink->cell_counts[i];
    }
}
