/* Cell blocks: lengths within lengths, from strangers. */
#include "tests/fuzz/fuzz.h"

#include "base/limits.h"
#include "proto/cell_block.h"

/* Takes all cells and writes those that were taken. */
static enum status read_all(struct span in, struct buffer *out_again)
{
    struct error error;
    struct cell cell;
    enum status status;
    struct span before = in;
    while (!(status = cell_block_take(&in, &cell, &error))) {
        fuzz_check(in.size < before.size); /* no endless loop */
        before = in;
        fuzz_check(cell.row.size <= LIMIT_ROW_SIZE && cell.family.size <= LIMIT_FAMILY_SIZE);
        size_t size = out_again->size;
        cell_block_put(out_again, &cell, CELL_CODEC_KEY_VALUE_WITH_TAGS);
        fuzz_check(
            out_again->size - size == cell_block_cell_size(&cell, CELL_CODEC_KEY_VALUE_WITH_TAGS));
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer again = {0};
    struct buffer third = {0};
    (void)read_all(span_make(data, size), &again);
    fuzz_check(again.size <= size);
    fuzz_check(read_all(buffer_span(&again), &third) == STATUS_END);
    fuzz_check(span_equal(buffer_span(&again), buffer_span(&third)));
    buffer_deinit(&again);
    buffer_deinit(&third);
    return 0;
}
