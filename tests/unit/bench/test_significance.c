/* The test of significance against probabilities from tables, and what it says of noise and of real changes. */
#include "tests/support/support.h"

#include <math.h>

#include "base/dice.h"
#include "bench/significance.h"

static void small_samples_are_counted_exactly(void **state)
{
    (void)state;
    static const double a[] = {1, 2, 3, 4, 5}, b[] = {6, 7, 8, 9, 10}, c[] = {1.5, 2.5, 3.5, 9, 11};
    /* U = 0 of 5 and 5: 2 of 252 orders are as far out */
    assert_true(fabs(significance_of(a, 5, b, 5, false) - 2.0 / 252) < 1e-12);
    /* U = 0 of 3 and 3: 2 of 20 */
    assert_true(fabs(significance_of(a, 3, b, 3, false) - 2.0 / 20) < 1e-12);
    /* U of a over c is 9: two-sided 0.5476 by the tables */
    assert_true(fabs(significance_of(a, 5, c, 5, false) - 0.5476) < 1e-3);
}

static void large_samples_follow_the_normal_law(void **state)
{
    (void)state;
    double a[30], b[30];
    for (int i = 0; i < 30; i++) {
        a[i] = i;
        b[i] = i + 10.5;
    }
    /* R's wilcox.test(0:29, 0:29 + 10.5) gives p = 0.000114 */
    assert_true(fabs(significance_of(a, 30, b, 30, false) - 0.000114) < 0.00003);
}

static void the_same_values_do_not_differ(void **state)
{
    (void)state;
    static const double same[] = {5, 5, 5, 5, 5, 5};
    assert_true(significance_of(same, 6, same, 6, false) > .99);
    assert_true(isnan(significance_of(same, 2, same, 6, false)));
}

/* Of a thousand pairs from one distribution about one in a hundred is beyond 1 %. */
static void noise_is_rarely_taken_for_a_change(void **state)
{
    (void)state;
    struct dice dice = {11};
    unsigned alarms = 0, found = 0;
    for (int round = 0; round < 1000; round++) {
        double a[20], b[20], c[20];
        for (int i = 0; i < 20; i++) {
            a[i] = (double)(dice_next(&dice) >> 11);
            b[i] = (double)(dice_next(&dice) >> 11);
            c[i] = (double)(dice_next(&dice) >> 11) + 0x1p52; /* half the range higher */
        }
        alarms += significance_of(a, 20, b, 20, false) < .01;
        found += significance_of(a, 20, c, 20, false) < .01;
    }
    assert_in_range(alarms, 1, 25);
    assert_true(found > 900);
}

/* A series that drifts says less than its length: the same values as a series are less sure. */
static void a_series_counts_for_less(void **state)
{
    (void)state;
    double a[20], b[20];
    for (int i = 0; i < 20; i++) {
        a[i] = i < 10 ? i : 10 + .01 * i;
        b[i] = 6 + i * .7;
    }
    assert_true(significance_of(a, 20, b, 20, true) > significance_of(a, 20, b, 20, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_samples_are_counted_exactly),
        cmocka_unit_test(large_samples_follow_the_normal_law),
        cmocka_unit_test(the_same_values_do_not_differ),
        cmocka_unit_test(noise_is_rarely_taken_for_a_change),
        cmocka_unit_test(a_series_counts_for_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
