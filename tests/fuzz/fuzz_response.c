/* Answers as libstele decodes them: a frame, and in it a get's, mutate's, scan's or batch's result,
 * or rows of hbase:meta. The first byte chooses one. */
#include "tests/fuzz/fuzz.h"

#include "client/meta.h"
#include "proto/frame.h"
#include "proto/multi_message.h"
#include "proto/scan_message.h"

static enum status on_outcome(
    void *context, const struct action_outcome *outcome, struct error *error)
{
    size_t *cells = context;
    (void)error;
    *cells += outcome->result.cell_count;
    return STATUS_OK;
}

static void on_row(void *context, const struct meta_row *row)
{
    size_t *rows = context;
    (void)row;
    (*rows)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_make(data, size);
    struct meta_answer meta = {0};
    struct arena arena = {0};
    struct response_frame frame;
    struct result result;
    struct scan_response scan;
    struct error error;
    uint8_t kind;
    size_t count = 0, rows = 0;
    bool is_processed;
    if (span_take_u8(&in, &kind) || response_frame_decode(in, &frame, &error) ||
        frame.has_exception)
        return 0;
    switch (kind) {
    case 0:
        (void)mutate_response_decode(
            frame.result, frame.cell_block, &arena, &result, &is_processed, &error);
        break;
    case 1:
        (void)scan_response_decode(frame.result, &arena, &scan, &error);
        break;
    case 2:
        (void)multi_response_decode(
            frame.result, frame.cell_block, &arena, on_outcome, &count, &error);
        fuzz_check(count <= size);
        break;
    case 3:
        (void)meta_answer_decode(
            frame.result, frame.cell_block, &arena, on_row, &rows, &meta, &error);
        fuzz_check(rows <= meta.count || rows <= size);
        break;
    }
    fuzz_check(arena.used_bytes <= size * 512 + 4096);
    arena_deinit(&arena);
    return 0;
}
