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

/* What a rate of a second looks like: around a level, each second like the one before it by `follows`. */
static void make_series(
    struct dice *dice, double level, double spread, double follows, double *out, int count)
{
    double deviation = 0;
    for (int i = -20; i < count; i++) { /* the first are let go, so that it has settled */
        double normal = 0;
        for (int j = 0; j < 12; j++)
            normal += (double)(dice_next(dice) >> 11) * 0x1p-53 - .5;
        deviation = follows * deviation + sqrt(1 - follows * follows) * normal;
        if (i >= 0)
            out[i] = level * exp(spread * deviation);
    }
}

static void equal_runs_are_rarely_called_different(void **state)
{
    (void)state;
    static const int lengths[] = {5, 8, 20, 60};
    static const double follows[] = {0, .3, .6};
    struct dice dice = {3};
    for (int l = 0; l < 4; l++)
        for (int f = 0; f < 3; f++) {
            unsigned alarms = 0;
            for (int round = 0; round < 2000; round++) {
                double a[60], b[60];
                make_series(&dice, 10000, .1, follows[f], a, lengths[l]);
                make_series(&dice, 10000, .1, follows[f], b, lengths[l]);
                alarms += significance_of(a, (size_t)lengths[l], b, (size_t)lengths[l], true) < .01;
            }
            if (alarms > (follows[f] > .5 ? 60 : 25)) /* 3 %, 1.25 % */
                fail_msg("%d s, %.1f: %u of 2,000", lengths[l], follows[f], alarms);
        }
}

/* Runs of a few seconds: what everybody sees is said, also when the seconds follow each other. */
static void what_is_plain_is_called_after_a_few_seconds(void **state)
{
    (void)state;
    static const double follows[] = {0, .3, .6};
    struct dice dice = {5};
    for (int f = 0; f < 3; f++) {
        unsigned found = 0;
        for (int round = 0; round < 1000; round++) {
            double a[8], b[8];
            make_series(&dice, 10000, .1, follows[f], a, 8);
            make_series(&dice, 27000, .1, follows[f], b, 8);
            found += significance_of(a, 8, b, 8, true) < .01;
        }
        if (found < 990)
            fail_msg("%.1f: %u of 1,000", follows[f], found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_samples_are_counted_exactly),
        cmocka_unit_test(large_samples_follow_the_normal_law),
        cmocka_unit_test(the_same_values_do_not_differ),
        cmocka_unit_test(noise_is_rarely_taken_for_a_change),
        cmocka_unit_test(a_series_counts_for_less),
        cmocka_unit_test(equal_runs_are_rarely_called_different),
        cmocka_unit_test(what_is_plain_is_called_after_a_few_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
