#include "proto/result_message.h"

#include "proto/cell_block.h"
#include "proto/wire.h"

/* Without its tags, which may be nobody's business: as HBase's (HBASE-25246), which gives them to codecs that want them. */
static void cell_put(struct buffer *out, uint32_t number, const struct cell *cell)
{
    size_t mark = wire_begin(out, number);
    wire_put_bytes(out, 1, cell->row);
    wire_put_bytes(out, 2, cell->family);
    wire_put_bytes(out, 3, cell->qualifier);
    wire_put_varint(out, 4, (uint64_t)cell->timestamp);
    wire_put_varint(out, 5, cell->type);
    wire_put_bytes(out, 6, cell->value);
    wire_end(out, mark);
}

static enum status cell_decode(struct span message, struct cell *out_cell)
{
    struct cell cell = {.type = CELL_PUT};
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            cell.row = field.bytes;
        else if (wire_is(&field, 2, WIRE_BYTES))
            cell.family = field.bytes;
        else if (wire_is(&field, 3, WIRE_BYTES))
            cell.qualifier = field.bytes;
        else if (wire_is(&field, 4, WIRE_VARINT))
            cell.timestamp = (int64_t)field.value;
        else if (wire_is(&field, 5, WIRE_VARINT))
            cell.type = (uint8_t)field.value;
        else if (wire_is(&field, 6, WIRE_BYTES))
            cell.value = field.bytes;
        else if (wire_is(&field, 7, WIRE_BYTES))
            cell.tags = field.bytes;
    }
    if (status != STATUS_END)
        return status;
    *out_cell = cell;
    return STATUS_OK;
}

void result_encode(struct buffer *out, const struct result *result, bool is_inline)
{
    if (is_inline)
        for (size_t i = 0; i < result->cell_count; i++)
            cell_put(out, 1, &result->cells[i]);
    else if (result->cell_count)
        wire_put_varint(out, 2, result->cell_count);
    if (result->has_exists)
        wire_put_bool(out, 3, result->exists);
    if (result->is_stale)
        wire_put_bool(out, 4, true);
    if (result->is_partial)
        wire_put_bool(out, 5, true);
}

enum status result_decode(struct span message, struct span *cell_block, struct arena *arena,
    struct result *out_result, struct error *error)
{
    struct result result = {0};
    struct wire_field field;
    enum status status;
    uint64_t inline_count = 0, associated = 0;
    for (struct span in = message; !wire_take(&in, &field);) {
        inline_count += wire_is(&field, 1, WIRE_BYTES);
        if (wire_is(&field, 2, WIRE_VARINT))
            associated = field.value;
    }
    if (associated > cell_block->size)
        return error_set(error, STATUS_INVALID, "result tells of more cells than its block holds");
    size_t count = (size_t)(inline_count + associated);
    struct cell *cells = count ? arena_allocate(arena, count * sizeof(*cells)) : NULL;
    if (count && !cells)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a result of %zu cells", count);
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES)) {
            if (cell_decode(field.bytes, &cells[result.cell_count++]))
                return error_set(error, STATUS_INVALID, "result has a malformed cell");
        } else if (wire_is(&field, 3, WIRE_VARINT)) {
            result.has_exists = true;
            result.exists = field.value != 0;
        } else if (wire_is(&field, 4, WIRE_VARINT)) {
            result.is_stale = field.value != 0;
        } else if (wire_is(&field, 5, WIRE_VARINT)) {
            result.is_partial = field.value != 0;
        }
    }
    if (status != STATUS_END)
        return error_set(error, STATUS_INVALID, "result is malformed");
    for (; associated; associated--) {
        status = cell_block_take(cell_block, &cells[result.cell_count++], error);
        if (status)
            return status == STATUS_END ? error_set(error, STATUS_INVALID,
                                              "result tells of more cells than its block holds")
                                        : status;
    }
    result.cells = cells;
    *out_result = result;
    return STATUS_OK;
}

static void result_put(
    struct buffer *out, uint32_t number, const struct result *result, bool is_inline)
{
    size_t mark = wire_begin(out, number);
    result_encode(out, result, is_inline);
    wire_end(out, mark);
}

void get_response_encode(struct buffer *out, const struct result *result, bool is_inline)
{
    result_put(out, 1, result, is_inline);
}

void mutate_response_encode(struct buffer *out, const struct result *result, bool is_inline,
    bool has_processed, bool is_processed)
{
    if (result)
        result_put(out, 1, result, is_inline);
    if (has_processed)
        wire_put_bool(out, 2, is_processed);
}

enum status mutate_response_decode(struct span message, struct span cell_block, struct arena *arena,
    struct result *out_result, bool *out_is_processed, struct error *error)
{
    struct span inner = SPAN_EMPTY;
    struct result result = {0};
    bool is_processed = false;
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            inner = field.bytes;
        else if (wire_is(&field, 2, WIRE_VARINT))
            is_processed = field.value != 0;
    }
    if (status != STATUS_END)
        return error_set(error, STATUS_INVALID, "response is malformed");
    if (inner.size && (status = result_decode(inner, &cell_block, arena, &result, error)))
        return status;
    *out_result = result;
    *out_is_processed = is_processed;
    return STATUS_OK;
}

enum status get_response_decode(struct span message, struct span cell_block, struct arena *arena,
    struct result *out_result, struct error *error)
{
    bool unused;
    return mutate_response_decode(message, cell_block, arena, out_result, &unused, error);
}
