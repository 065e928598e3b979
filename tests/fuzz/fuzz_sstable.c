/* The parts of an SSTable behind their checksums: what a bug or a deliberate file could put there.
 *
 * The first byte chooses: 0 footer, 1 properties, 2 a handle in an index, 3 and 4 a block of cells (bytes or
 * hbase:meta row order; the second byte is its number of restart points), 5 a stored block, 6 packed bytes for
 * the codec that the second byte names. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "storage/sorted_block.h"
#include "storage/sstable_format.h"

static void walk(struct cell_cursor *cursor, const struct cell *cell, enum row_order order)
{
    size_t cells = 0;
    enum cursor_answer answer = cell_cursor_first(cursor);
    while (answer == CURSOR_CELL && cells++ < 10000) {
        fuzz_check(cell->row.size == 0 || cell->row.data);
        answer = cell_cursor_next(cursor);
    }
    cells = 0;
    answer = cell_cursor_last(cursor);
    while (answer == CURSOR_CELL && cells++ < 100)
        answer = cell_cursor_previous(cursor);
    struct cell_probe probe = {.order = order, .row = SPAN_LITERAL("row1"), .type = 255};
    (void)cell_cursor_seek(cursor, &probe);
    probe.is_row_end = true;
    (void)cell_cursor_seek_last(cursor, &probe, true);
    (void)cell_cursor_seek_inside(cursor, &probe);
}

static void read_cells(struct span raw, uint32_t restart_count, enum row_order order)
{
    if (restart_count > raw.size / sizeof(uint32_t))
        return; /* as block_load refuses before it allocates */
    size_t front = sorted_block_front_size(restart_count);
    uint8_t *memory = malloc(front + raw.size);
    if (!memory)
        return;
    if (raw.size)
        memcpy(memory + front, raw.data, raw.size);
    if (sorted_block_prepare(memory, (uint32_t)raw.size, restart_count, order, NULL) == STATUS_OK) {
        struct cell cell = {0};
        struct cell_cursor cursor;
        cell_cursor_init(&cursor, &cell);
        cell_cursor_set(&cursor, memory);
        walk(&cursor, &cell, order);
        cell_cursor_deinit(&cursor);
    }
    free(memory);
}

static void read_footer(struct span in)
{
    /* As it would be with a right checksum: its fields are what is tried here. */
    struct sstable_footer footer;
    struct error error;
    uint8_t again[SSTABLE_FOOTER_SIZE];
    if (sstable_footer_decode(in, 1 << 20, &footer, &error))
        return;
    sstable_footer_encode(&footer, 1 << 20, again);
    fuzz_check(span_equal(in, span_make(again, sizeof(again))));
}

static void read_stored_block(struct span in)
{
    struct block_trailer trailer;
    struct error error;
    if (block_check(in, BLOCK_DATA, 1, 0, &trailer, &error) == STATUS_OK &&
        trailer.raw_size < 1 << 20) {
        uint8_t *raw = malloc(trailer.raw_size ? trailer.raw_size : 1);
        if (raw)
            (void)block_unpack(in, &trailer, raw, &error);
        free(raw);
    }
}

/* A packed block whose trailer holds, whatever its bytes: decompression itself is tried. */
static void unpack_anything(struct span in, uint8_t codec)
{
    struct block_trailer trailer = {
        .raw_size = 4096, .kind = BLOCK_DATA, .codec = (enum compression)(codec % 5)};
    struct buffer stored = {0};
    struct error error;
    uint8_t raw[4096];
    buffer_put(&stored, in);
    uint8_t *end = buffer_reserve(&stored, BLOCK_TRAILER_SIZE);
    if (end) {
        memset(end, 0, BLOCK_TRAILER_SIZE);
        buffer_commit(&stored, BLOCK_TRAILER_SIZE);
        if (trailer.codec != COMPRESSION_NONE || in.size == sizeof(raw))
            (void)block_unpack(buffer_span(&stored), &trailer, raw, &error);
    }
    buffer_deinit(&stored);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_make(data, size);
    struct sstable_properties properties = {0};
    struct block_handle handle;
    struct error error;
    uint8_t kind, detail;
    if (span_take_u8(&in, &kind))
        return 0;
    switch (kind) {
    case 0:
        read_footer(in);
        break;
    case 1:
        (void)sstable_properties_decode(in, &properties, &error);
        break;
    case 2:
        if (block_handle_decode(in, 1 << 20, &handle, &error) == STATUS_OK)
            fuzz_check(handle.offset + handle.size <= 1 << 20);
        break;
    case 3:
    case 4:
        if (!span_take_u8(&in, &detail) && in.size < 1 << 20)
            read_cells(in, detail, kind == 3 ? ROW_ORDER_BYTES : ROW_ORDER_META);
        break;
    case 5:
        read_stored_block(in);
        break;
    case 6:
        if (!span_take_u8(&in, &detail))
            unpack_anything(in, detail);
        break;
    }
    return 0;
}
