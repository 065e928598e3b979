#include "server/hbase/result_sink.h"

static bool copy_span(struct arena *arena, struct span from, struct span *out_to)
{
    *out_to = arena_copy(arena, from);
    return from.size == 0 || out_to->data != NULL;
}

bool cell_copy(struct arena *arena, const struct cell *cell, struct cell *out_cell)
{
    *out_cell = *cell;
    return copy_span(arena, cell->row, &out_cell->row) &&
           copy_span(arena, cell->family, &out_cell->family) &&
           copy_span(arena, cell->qualifier, &out_cell->qualifier) &&
           copy_span(arena, cell->value, &out_cell->value) &&
           copy_span(arena, cell->tags, &out_cell->tags);
}

static enum status keep(struct result_sink *sink, const struct cell *cell)
{
    struct arena *arena = &sink->call->arena;
    if (sink->cell_count == sink->cell_room) {
        size_t room = sink->cell_room ? sink->cell_room * 2 : 8;
        struct cell *grown = arena_allocate_zeroed(arena, room, sizeof *grown);
        if (!grown)
            return STATUS_NO_MEMORY;
        if (sink->cell_count)
            memcpy(grown, sink->cells, sink->cell_count * sizeof *grown);
        sink->cells = grown;
        sink->cell_room = room;
    }
    return cell_copy(arena, cell, &sink->cells[sink->cell_count]) ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status take_cell(struct read_sink *base, const struct cell *cell)
{
    struct result_sink *sink = (struct result_sink *)base;
    enum status status = STATUS_OK;
    if (!sink->is_counting_only) {
        size_t size = cell_encoded_size(cell);
        sink->bytes += size;
        if (sink->bytes > sink->limit_bytes)
            return STATUS_LIMIT;
        /* Inline cells are kept, and then there once more in the message. */
        if (!call_answer_grow(sink->call, sink->is_inline ? 2 * size : size))
            return STATUS_BUSY;
        if (sink->is_inline)
            status = keep(sink, cell);
        else
            cell_block_put(&sink->call->cells, cell, sink->call->codec);
    }
    if (!status)
        sink->cell_count++;
    return status;
}

static enum status take_gathered(struct read_sink *base, size_t bytes)
{
    struct result_sink *sink = (struct result_sink *)base;
    if (bytes > sink->limit_bytes)
        return STATUS_LIMIT;
    return call_answer_has_room(sink->call, bytes) ? STATUS_OK : STATUS_BUSY;
}

static enum status take_result(struct read_sink *base, bool is_partial)
{
    (void)base;
    (void)is_partial;
    return STATUS_OK;
}

void result_sink_init(struct result_sink *sink, struct call *call, bool is_inline)
{
    *sink = (struct result_sink){.sink = {take_cell, take_result, take_gathered},
        .call = call,
        .is_inline = is_inline,
        .limit_bytes = call_row_limit(call)};
}

struct result result_sink_result(const struct result_sink *sink)
{
    return (struct result){.cells = sink->cells, .cell_count = sink->cell_count};
}
