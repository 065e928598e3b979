#include "storage/compress.h"

#include <stdlib.h>

#include "base/limits.h"
#include "tests/support/support.h"

static void fill(uint8_t *bytes, size_t size, struct dice *dice, unsigned noise_percent)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = dice_chance(dice, noise_percent) ? (uint8_t)dice_next(dice)
                                                    : (uint8_t) "cell "[i % 5];
}

static void every_codec_gives_back_what_it_took(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 15, 4096, 16384, 1u << 20};
    struct dice dice = {1};
    for (int codec = 0; codec <= COMPRESSION_GZIP; codec++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct error error;
            size_t size = sizes[i], packed_size = 0;
            uint8_t *raw = malloc(size + 1), *again = malloc(size + 1);
            uint8_t *packed = malloc(compress_bound((enum compression)codec, size) + 1);
            fill(raw, size, &dice, 30);
            assert_status(
                compress_block((enum compression)codec, span_make(raw, size), packed, &packed_size),
                STATUS_OK);
            assert_true(packed_size <= compress_bound((enum compression)codec, size));
            assert_true(
                size == 0 || decompress_is_plausible((enum compression)codec, packed_size, size));
            assert_ok(decompress_block((enum compression)codec, span_make(packed, packed_size),
                          again, size, &error),
                &error);
            assert_spans_equal(span_make(raw, size), span_make(again, size));
            free(raw);
            free(again);
            free(packed);
        }
    }
}

/* Whatever the bytes: exactly the size asked for is written, or it is refused. */
static void damaged_streams_are_refused_within_bounds(uint64_t seed, void *context)
{
    (void)context;
    enum { SIZE = 3000 };
    struct dice dice = {seed};
    enum compression codec = (enum compression)(1 + dice_below(&dice, COMPRESSION_GZIP));
    uint8_t raw[SIZE];
    fill(raw, SIZE, &dice, (unsigned)dice_below(&dice, 100));
    uint8_t *packed = malloc(compress_bound(codec, SIZE));
    size_t packed_size = 0;
    assert_status(compress_block(codec, span_make(raw, SIZE), packed, &packed_size), STATUS_OK);
    for (int i = 0; i < 50; i++) {
        struct error error;
        uint8_t *copy = malloc(packed_size);
        memcpy(copy, packed, packed_size);
        for (uint64_t flips = dice_below(&dice, 4); flips > 0; flips--)
            copy[dice_below(&dice, packed_size)] ^= (uint8_t)(1 + dice_below(&dice, 255));
        size_t given = dice_chance(&dice, 30) ? (size_t)dice_below(&dice, packed_size)
                                              : packed_size;
        size_t wanted = dice_chance(&dice, 30) ? (size_t)dice_below(&dice, 2 * SIZE) : SIZE;
        uint8_t *out = malloc(wanted ? wanted : 1);
        enum status status = decompress_block(codec, span_make(copy, given), out, wanted, &error);
        assert_true(status == STATUS_OK || status == STATUS_CORRUPT);
        free(copy);
        free(out);
    }
    free(packed);
}

static void damage_is_refused_within_bounds(void **state)
{
    (void)state;
    for_each_seed(100, damaged_streams_are_refused_within_bounds, NULL);
}

static void impossible_sizes_are_known_before_memory_is_taken(void **state)
{
    (void)state;
    assert_false(decompress_is_plausible(COMPRESSION_NONE, 100, 101));
    assert_false(decompress_is_plausible(COMPRESSION_LZ4, 10, LIMIT_BLOCK_SIZE));
    assert_false(decompress_is_plausible(COMPRESSION_SNAPPY, 10, 1u << 20));
    assert_false(decompress_is_plausible(COMPRESSION_GZIP, 10, 1u << 20));
    assert_false(decompress_is_plausible(COMPRESSION_ZSTD, 0, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_codec_gives_back_what_it_took),
        cmocka_unit_test(damage_is_refused_within_bounds),
        cmocka_unit_test(impossible_sizes_are_known_before_memory_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
