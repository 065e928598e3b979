#include "tests/support/support.h"

#include "base/histogram.h"

static void an_empty_one_answers_zero(void **state)
{
    (void)state;
    struct histogram *histogram = histogram_new();
    assert_true(histogram_count(histogram) == 0 && histogram_quantile(histogram, 0.5) == 0);
    assert_true(histogram_mean(histogram) == 0);
    histogram_free(histogram);
    histogram_free(NULL);
}

static void small_values_are_exact(void **state)
{
    (void)state;
    struct histogram *histogram = histogram_new();
    for (uint64_t i = 1; i <= 100; i++)
        histogram_record(histogram, i, 1);
    assert_true(histogram_quantile(histogram, 0) == 1);
    assert_true(histogram_quantile(histogram, 0.5) == 50);
    assert_true(histogram_quantile(histogram, 0.99) == 99);
    assert_true(histogram_quantile(histogram, 1) == 100);
    assert_true(histogram_min(histogram) == 1 && histogram_max(histogram) == 100);
    assert_true(histogram_mean(histogram) == 50.5);
    histogram_free(histogram);
}

static void any_value_is_found_within_one_percent(void **state)
{
    (void)state;
    struct histogram *histogram = histogram_new();
    struct dice dice = {1};
    for (int i = 0; i < 20000; i++) {
        uint64_t value = dice_next(&dice) >> dice_below(&dice, 64);
        histogram_reset(histogram);
        histogram_record(histogram, value, 1);
        histogram_record(histogram, UINT64_MAX, 1);
        uint64_t found = histogram_quantile(histogram, 0.5);
        assert_true(found >= value);
        assert_true((double)(found - value) <= (double)value * 0.01);
    }
    assert_true(histogram_quantile(histogram, 1) == UINT64_MAX);
    histogram_free(histogram);
}

static void merge_is_recording_both(void **state)
{
    (void)state;
    struct histogram *a = histogram_new();
    struct histogram *b = histogram_new();
    struct histogram *both = histogram_new();
    struct dice dice = {2};
    for (int i = 0; i < 1000; i++) {
        uint64_t value = dice_below(&dice, 1000000);
        histogram_record(i % 3 ? a : b, value, 2);
        histogram_record(both, value, 2);
    }
    struct histogram *empty = histogram_new();
    histogram_merge(a, b);
    histogram_merge(a, empty);
    assert_true(histogram_count(a) == 2000 && histogram_mean(a) == histogram_mean(both));
    assert_true(histogram_min(a) == histogram_min(both) && histogram_max(a) == histogram_max(both));
    for (int percent = 0; percent <= 100; percent++)
        assert_true(
            histogram_quantile(a, percent / 100.0) == histogram_quantile(both, percent / 100.0));
    histogram_free(a);
    histogram_free(b);
    histogram_free(both);
    histogram_free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_answers_zero),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(any_value_is_found_within_one_percent),
        cmocka_unit_test(merge_is_recording_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
