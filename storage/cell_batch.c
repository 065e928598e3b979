#include "storage/cell_batch.h"

#include "base/limits.h"

/* type, timestamp, and at least a byte of each of four sizes: bounds a count before it is believed */
enum { CELL_SIZE_MIN = 1 + 8 + 4, OPERATION_SIZE_MIN = 3 };

void cell_batch_begin(
    struct buffer *out, uint64_t nonce_group, int64_t clock_ms, uint64_t operation_count)
{
    buffer_put_u8(out, CELL_BATCH_VERSION);
    buffer_put_varint(out, nonce_group);
    buffer_put_varint(out, (uint64_t)clock_ms);
    buffer_put_varint(out, operation_count);
}

void cell_batch_operation(struct buffer *out, uint64_t nonce, struct span row, uint64_t cell_count)
{
    buffer_put_varint(out, nonce);
    buffer_put_sized(out, row);
    buffer_put_varint(out, cell_count);
}

static uint8_t *put_sized(uint8_t *to, struct span bytes)
{
    to += store_varint(to, bytes.size);
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
    return to + bytes.size;
}

void cell_batch_cell(struct buffer *out, const struct cell *cell)
{
    size_t most = 1 + 8 + 4 * 10 + cell->family.size + cell->qualifier.size + cell->value.size +
                  cell->tags.size;
    uint8_t *start = buffer_reserve(out, most);
    if (!start)
        return;
    uint8_t *to = start;
    *to++ = cell->type;
    to = put_sized(to, cell->family);
    to = put_sized(to, cell->qualifier);
    store_u64(to, (uint64_t)cell->timestamp);
    to = put_sized(to + 8, cell->value);
    to = put_sized(to, cell->tags);
    buffer_commit(out, (size_t)(to - start));
}

enum status cell_batch_open(struct span body, struct cell_batch *out_batch, struct error *error)
{
    struct cell_batch batch = {.rest = body};
    uint8_t version;
    uint64_t clock_ms;
    if (span_take_u8(&batch.rest, &version))
        return error_set(error, STATUS_CORRUPT, "cell batch is empty");
    if (version != CELL_BATCH_VERSION)
        return error_set(error, version > CELL_BATCH_VERSION ? STATUS_NEWER_FORMAT : STATUS_CORRUPT,
            "cell batch has version %u", version);
    if (span_take_varint(&batch.rest, &batch.nonce_group) ||
        span_take_varint(&batch.rest, &clock_ms) ||
        span_take_varint(&batch.rest, &batch.operation_count))
        return error_set(error, STATUS_CORRUPT, "cell batch ends in its head");
    if (batch.operation_count > batch.rest.size / OPERATION_SIZE_MIN)
        return error_set(error, STATUS_CORRUPT, "cell batch is too short for its operations");
    batch.clock_ms = (int64_t)clock_ms;
    batch.operations_left = batch.operation_count;
    *out_batch = batch;
    return STATUS_OK;
}

enum status cell_batch_next_operation(struct cell_batch *batch, struct error *error)
{
    struct cell skipped;
    while (batch->cells_left > 0) {
        enum status status = cell_batch_next_cell(batch, &skipped, error);
        if (status)
            return status;
    }
    if (batch->operations_left == 0) {
        if (batch->rest.size > 0)
            return error_set(
                error, STATUS_CORRUPT, "cell batch has %zu bytes too many", batch->rest.size);
        return STATUS_END;
    }
    if (span_take_varint(&batch->rest, &batch->nonce) ||
        span_take_sized(&batch->rest, &batch->row) ||
        span_take_varint(&batch->rest, &batch->cell_count))
        return error_set(error, STATUS_CORRUPT, "cell batch ends in an operation");
    if (batch->row.size == 0 || batch->row.size > LIMIT_ROW_SIZE)
        return error_set(
            error, STATUS_CORRUPT, "cell batch has a row of %zu bytes", batch->row.size);
    if (batch->cell_count > batch->rest.size / CELL_SIZE_MIN)
        return error_set(error, STATUS_CORRUPT, "cell batch is too short for its cells");
    batch->operation = batch->operation_count - batch->operations_left;
    batch->operations_left--;
    batch->cells_left = batch->cell_count;
    return STATUS_OK;
}

enum status cell_batch_next_cell(
    struct cell_batch *batch, struct cell *out_cell, struct error *error)
{
    if (batch->cells_left == 0)
        return STATUS_END;
    struct cell cell = {.row = batch->row};
    uint64_t timestamp;
    if (span_take_u8(&batch->rest, &cell.type) || span_take_sized(&batch->rest, &cell.family) ||
        span_take_sized(&batch->rest, &cell.qualifier) || span_take_u64(&batch->rest, &timestamp) ||
        span_take_sized(&batch->rest, &cell.value) || span_take_sized(&batch->rest, &cell.tags))
        return error_set(error, STATUS_CORRUPT, "cell batch ends in a cell");
    if (cell.family.size == 0 || cell.family.size > LIMIT_FAMILY_SIZE ||
        cell.tags.size > LIMIT_TAGS_SIZE || (cell.type != CELL_PUT && !cell_is_delete(&cell)))
        return error_set(error, STATUS_CORRUPT, "cell batch has a cell that cannot be");
    cell.timestamp = (int64_t)timestamp;
    batch->cells_left--;
    *out_cell = cell;
    return STATUS_OK;
}
