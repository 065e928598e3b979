/* A segment of the tablet log: pages, frames, records, batches of cells, the index.
 *
 * The first byte chooses: 0 header page, 1 closing page, 2 frames as they lie in a segment, 3 the records of a
 * frame and the batches in them, 4 an index, 5 a batch. Frames carry checksums that an input cannot guess, so
 * 3 to 5 start behind them. */
#include "tests/fuzz/fuzz.h"

#include "storage/cell_batch.h"
#include "storage/log_segment.h"

enum { SALT = 7 };

static void read_batch(struct span body)
{
    struct cell_batch batch;
    struct cell cell;
    struct error error;
    if (cell_batch_open(body, &batch, &error))
        return;
    size_t steps = 0;
    while (cell_batch_next_operation(&batch, &error) == STATUS_OK) {
        while (cell_batch_next_cell(&batch, &cell, &error) == STATUS_OK)
            fuzz_check(++steps <= body.size);
        fuzz_check(++steps <= 2 * body.size);
    }
}

static void read_records(const struct log_frame *frame)
{
    struct log_record_reader reader;
    struct log_record record;
    struct error error;
    size_t records = 0;
    log_record_reader_init(&reader, frame);
    while (log_record_next(&reader, &record, &error) == STATUS_OK) {
        fuzz_check(++records <= frame->body.size);
        read_batch(record.body);
    }
}

static void read_frames(struct span in)
{
    uint64_t offset = LOG_SEGMENT_START;
    struct log_frame frame;
    size_t size = 0;
    while (in.size && log_frame_decode(in, SALT, offset, &frame, &size) == STATUS_OK) {
        fuzz_check(size > 0 && size <= in.size);
        read_records(&frame);
        offset += size;
        in = span_slice(in, size, in.size - size);
    }
}

/* A frame made of the input decodes to it. */
static void write_frame(struct span body)
{
    struct log_frame frame = {
        .kind = LOG_FRAME_RECORDS, .synced_offset = 1, .first_sequence = 5, .tablet_id = "t1"};
    struct log_frame decoded;
    struct buffer bytes = {0};
    size_t begin, size;
    log_frame_begin(&bytes, &frame, &begin);
    buffer_put(&bytes, body);
    log_frame_end(&bytes, begin, SALT, LOG_SEGMENT_START);
    fuzz_check(log_frame_decode(buffer_span(&bytes), SALT, LOG_SEGMENT_START, &decoded, &size) ==
               STATUS_OK);
    fuzz_check(size == bytes.size && span_equal(decoded.body, body));
    read_records(&decoded);
    buffer_deinit(&bytes);
}

static void read_page(struct span in, bool is_closing)
{
    uint8_t page[LOG_SEGMENT_PAGE] = {0};
    struct log_segment_header header;
    struct log_segment_closing closing;
    struct error error;
    memcpy(page, in.data, in.size < sizeof(page) ? in.size : sizeof(page));
    if (is_closing)
        (void)log_segment_closing_decode(page, &closing, &error);
    else
        (void)log_segment_header_decode(page, &header, &error);
}

static void read_index(struct span in)
{
    struct log_index index = {0};
    struct error error;
    struct buffer again = {0};
    struct span before = in;
    if (log_index_decode(&in, 1 << 20, &index, &error) == STATUS_OK) {
        fuzz_check(in.size <= before.size);
        log_index_encode(&index, &again);
        fuzz_check(again.size <= log_index_size_bound(&index));
        log_index_deinit(&index);
    }
    buffer_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_make(data, size);
    uint8_t kind;
    if (span_take_u8(&in, &kind))
        return 0;
    switch (kind) {
    case 0:
    case 1:
        read_page(in, kind == 1);
        break;
    case 2:
        read_frames(in);
        break;
    case 3:
        write_frame(in);
        break;
    case 4:
        read_index(in);
        break;
    case 5:
        read_batch(in);
        break;
    }
    return 0;
}
