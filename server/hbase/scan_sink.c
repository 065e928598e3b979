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

static enum status take_cell(struct read_sink *base, const struct cell *cell)
{
    struct scan_sink *sink = (struct scan_sink *)base;
    struct call *call = sink->call;
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
    return STATUS_OK;
}

void scan_sink_init(struct scan_sink *sink, struct call *call)
{
    *sink = (struct scan_sink){.sink = {.cell = take_cell, .result = take_result},
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
