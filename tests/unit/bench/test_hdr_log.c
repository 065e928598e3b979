/* The histogram encoding, decoded again as HdrHistogram's V2 format is described. That HdrHistogram's own Java and
 * Python programs read the log is tests/e2e/bench.sh's to show. */
#include "tests/support/support.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/dice.h"
#include "bench/hdr_log.h"

static uint64_t take_be(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | bytes[i];
    return number;
}

/* Cell i of an HdrHistogram of two digits: 256 cells of one, then 128 for each power of two. */
static uint64_t lowest_of_cell(size_t cell)
{
    if (cell < 256)
        return cell;
    size_t power = cell / 128 - 1;
    return (uint64_t)(128 + cell % 128) << power;
}

static void decode(struct span bytes, uint64_t *counts)
{
    assert_int_equal(take_be(bytes.data, 4), 0x1c849313);
    assert_int_equal(take_be(bytes.data + 4, 4), bytes.size - 40);
    assert_int_equal(take_be(bytes.data + 8, 4), 0);
    assert_int_equal(take_be(bytes.data + 12, 4), 2);
    assert_int_equal(take_be(bytes.data + 16, 8), 1);
    assert_int_equal(take_be(bytes.data + 32, 8), 0x3ff0000000000000);
    size_t at = 40, cell = 0;
    while (at < bytes.size) {
        uint64_t raw = 0;
        for (unsigned shift = 0;; shift += 7) {
            uint8_t byte = bytes.data[at++];
            raw |= (uint64_t)(byte & 0x7f) << shift;
            if (!(byte & 0x80))
                break;
        }
        int64_t count = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
        if (count < 0)
            cell += (size_t)-count;
        else
            counts[cell++] += (uint64_t)count;
    }
}

static void assert_round_trip(const uint64_t *values, const uint64_t *times, size_t count)
{
    struct histogram *histogram = histogram_new();
    struct buffer bytes = {0};
    uint64_t *counts = calloc(HISTOGRAM_BUCKETS, sizeof *counts), all = 0;
    for (size_t i = 0; i < count; i++)
        histogram_record(histogram, values[i], times[i]);
    hdr_encode(histogram, &bytes);
    assert_false(buffer_status(&bytes));
    decode(buffer_span(&bytes), counts);
    for (size_t i = 0; i < count; i++) {
        unsigned cell = histogram_bucket_of(values[i]);
        assert_true(lowest_of_cell(cell) <= values[i]);
        assert_true(cell + 1 == HISTOGRAM_BUCKETS || lowest_of_cell(cell + 1) > values[i]);
        assert_int_equal(counts[cell], histogram_bucket(histogram, cell));
    }
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        all += counts[i];
    assert_int_equal(all, histogram_count(histogram));
    buffer_deinit(&bytes);
    histogram_free(histogram);
    free(counts);
}

static void few_values(void **state)
{
    (void)state;
    static const uint64_t values[] = {
        0, 1, 127, 128, 255, 256, 257, 1000, 123456789, 1ull << 40, 3600ull * 1000000000};
    static const uint64_t times[] = {1, 2, 3, 63, 64, 65, 8191, 8192, 1000000, 1ull << 40, 5};
    for (size_t i = 1; i <= sizeof values / sizeof *values; i++)
        assert_round_trip(values, times, i);
}

static void random_values(void **state)
{
    (void)state;
    struct dice dice = {17};
    uint64_t values[500], times[500];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 500; i++) {
            values[i] = dice_next(&dice) >> (22 + dice_below(&dice, 40));
            times[i] = 1 + dice_below(&dice, 100000);
        }
        assert_round_trip(values, times, 500);
    }
}

static void an_empty_one(void **state)
{
    (void)state;
    assert_round_trip(NULL, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_values),
        cmocka_unit_test(random_values),
        cmocka_unit_test(an_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
