#include "storage/log_tail.h"

#include <stdlib.h>

#include "base/env.h"
#include "tests/support/support.h"

/* Appends pieces of all sizes as a log does, writes the blocks into a file in memory, and finds there what was appended,
 * with zeros behind it. */
static void blocks_written_again_and_again_make_the_file(void **state)
{
    (void)state;
    enum { FILE_BYTES = 8 << 20 };
    uint8_t *expected = calloc(1, FILE_BYTES);
    uint8_t *file = malloc(FILE_BYTES);
    memset(file, 0xee, FILE_BYTES); /* frames of an earlier life */
    struct dice dice = {7};
    struct log_tail tail = {0};
    size_t size = 2 * ENV_BLOCK_SIZE;
    log_tail_begin(&tail, size);
    while (size < FILE_BYTES - (3 << 20)) {
        size_t piece = dice_chance(&dice, 1)    ? dice_below(&dice, 2 << 20)
                       : dice_chance(&dice, 10) ? ENV_BLOCK_SIZE - size % ENV_BLOCK_SIZE
                                                : dice_below(&dice, 6000);
        for (size_t i = 0; i < piece; i++)
            expected[size + i] = (uint8_t)(1 + dice_below(&dice, 255));
        size_t gap = log_tail_gap(&tail);
        assert_int_equal(gap, (ENV_BLOCK_SIZE - size % ENV_BLOCK_SIZE) % ENV_BLOCK_SIZE);
        if (gap == 0 && dice_chance(&dice, 50)) { /* whole blocks, written from where they are */
            piece -= piece % ENV_BLOCK_SIZE;
            memcpy(file + size, expected + size, piece);
            log_tail_skip(&tail, piece);
            size += piece;
            continue;
        }
        assert_int_equal(log_tail_append(&tail, span_make(expected + size, piece)), STATUS_OK);
        size += piece;
        struct span blocks = log_tail_blocks(&tail);
        assert_true(tail.offset % ENV_BLOCK_SIZE == 0 && blocks.size % ENV_BLOCK_SIZE == 0);
        assert_true((uintptr_t)blocks.data % ENV_BLOCK_SIZE == 0);
        assert_true(
            tail.offset + blocks.size >= size && tail.offset + blocks.size < size + ENV_BLOCK_SIZE);
        if (blocks.size)
            memcpy(file + tail.offset, blocks.data, blocks.size);
        log_tail_advance(&tail);
    }
    assert_memory_equal(
        file + 2 * ENV_BLOCK_SIZE, expected + 2 * ENV_BLOCK_SIZE, size - 2 * ENV_BLOCK_SIZE);
    assert_int_equal(log_tail_append(&tail, SPAN_LITERAL("x")), STATUS_OK);
    struct span last = log_tail_blocks(&tail);
    for (size_t at = size - tail.offset + 1; at < last.size; at++)
        assert_int_equal(last.data[at], 0);
    log_tail_deinit(&tail);
    free(expected);
    free(file);
}

static void a_new_segment_begins_with_nothing(void **state)
{
    (void)state;
    struct log_tail tail = {0};
    log_tail_begin(&tail, ENV_BLOCK_SIZE);
    assert_int_equal(log_tail_append(&tail, SPAN_LITERAL("first ")), STATUS_OK);
    assert_int_equal(log_tail_append(&tail, SPAN_LITERAL("second")), STATUS_OK);
    struct span blocks = log_tail_blocks(&tail);
    assert_int_equal(blocks.size, ENV_BLOCK_SIZE);
    assert_memory_equal(blocks.data, "first second\0", 13);
    assert_int_equal(log_tail_gap(&tail), ENV_BLOCK_SIZE - 12);
    log_tail_begin(&tail, UINT64_C(3) * ENV_BLOCK_SIZE);
    assert_int_equal(log_tail_blocks(&tail).size, 0);
    assert_int_equal(log_tail_gap(&tail), 0);
    log_tail_deinit(&tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_written_again_and_again_make_the_file),
        cmocka_unit_test(a_new_segment_begins_with_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
