/* Which rows a distribution asks for: shares, with bounds of many standard deviations, and what is refused. */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/workload.h"

#define ROWS  10000
#define DRAWS 200000
#define SEED  42

static struct key_distribution parse(const char *text)
{
    struct key_distribution keys;
    struct error error = {0};
    assert_ok(key_distribution_parse(text, &keys, &error), &error);
    return keys;
}

/* How often each row came at `now_s`; the caller frees it. */
static unsigned *draw_rows(const char *text, double now_s)
{
    struct key_distribution keys = parse(text);
    struct key_draw draw;
    unsigned *counts = calloc(ROWS, sizeof *counts);
    key_draw_init(&draw, &keys, ROWS, SEED, 0, 1);
    for (size_t i = 0; i < DRAWS; i++) {
        uint64_t row = key_draw_next(&draw, &keys, ROWS, now_s);
        assert_true(row < ROWS);
        counts[row]++;
    }
    return counts;
}

/* Share of the draws on rows [from, to). */
static double share(const unsigned *counts, size_t from, size_t to)
{
    double sum = 0;
    for (size_t i = from; i < to; i++)
        sum += counts[i];
    return sum / DRAWS;
}

/* Within six standard deviations of a draw that has that probability. */
static void assert_share(const char *what, double seen, double expected)
{
    double allowed = 6 * sqrt(expected * (1 - expected) / DRAWS) + 1e-9;
    if (fabs(seen - expected) > allowed)
        fail_msg("%s: %.5f of the draws, expected %.5f (seed %d)", what, seen, expected, SEED);
}

static void a_part_of_the_rows_takes_its_share(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double now_s;
        size_t from, to;
        double share;
    } cases[] = {
        {"uniform", 0, 0, 1000, .1},
        {"random", 0, 9000, 10000, .1},
        {"hotspot:90/1", 0, 0, 100, .9},
        {"hotspot:90/1", 0, 100, 10000, .1},
        {"hotspot:0/50", 0, 0, 5000, 0},
        {"cohort:85/72.5-86.1", 0, 7250, 8610, .85},
        {"single:50", 0, 5000, 5001, .5},
        {"single:50", 0, 0, 5000, .25},
        {"exponential:95/10", 0, 0, 1000, .95},
        {"exponential:0.0001/50", 0, 0, 5000, .5},
        {"burst:80/5/60/10", 5, 0, 500, .8},
        {"burst:80/5/60/10", 15, 0, 500, .05},
        {"burst:80/5/60/10", 65, 0, 500, .8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned *counts = draw_rows(cases[i].text, cases[i].now_s);
        assert_share(cases[i].text, share(counts, cases[i].from, cases[i].to), cases[i].share);
        free(counts);
    }
}

static double zeta(double theta)
{
    double sum = 0;
    for (int i = 1; i <= ROWS; i++)
        sum += pow(i, -theta);
    return sum;
}

static void zipf_falls_as_the_law_says(void **state)
{
    (void)state;
    static const double thetas[] = {.99, .5};
    static const char *const texts[] = {"zipf", "zipf:0.5"};
    for (size_t i = 0; i < 2; i++) {
        unsigned *counts = draw_rows(texts[i], 0);
        double all = zeta(thetas[i]), head = 0;
        assert_share("the first row", share(counts, 0, 1), 1 / all);
        assert_share("the second row", share(counts, 1, 2), pow(2, -thetas[i]) / all);
        for (int j = 1; j <= 1000; j++)
            head += pow(j, -thetas[i]);
        /* the method is exact for the first two ranks and a few percent off in the middle */
        double seen = share(counts, 0, 1000);
        if (fabs(seen - head / all) > .03)
            fail_msg("the first tenth took %.3f, expected %.3f", seen, head / all);
        free(counts);
    }
}

static int descending(const void *a, const void *b)
{
    return *(const unsigned *)a < *(const unsigned *)b ? 1 : -1;
}

static void scrambled_zipf_is_as_skewed_and_makes_no_hot_range(void **state)
{
    (void)state;
    unsigned *ordered = draw_rows("zipf", 0), *scrambled = draw_rows("zipf-scrambled", 0);
    for (size_t i = 0; i < ROWS; i += 1000)
        assert_true(share(scrambled, i, i + 1000) < .25);
    assert_true(share(ordered, 0, 1000) > .7);
    qsort(scrambled, ROWS, sizeof *scrambled, descending);
    if (fabs(share(scrambled, 0, 100) - share(ordered, 0, 100)) > .03)
        fail_msg("the busiest 100 rows took %.3f, ordered %.3f", share(scrambled, 0, 100),
            share(ordered, 0, 100));
    free(ordered);
    free(scrambled);
}

static void latest_follows_the_rows_that_come(void **state)
{
    (void)state;
    struct key_distribution keys = parse("latest");
    struct key_draw draw;
    size_t newest = 0;
    key_draw_init(&draw, &keys, ROWS, SEED, 0, 1);
    for (uint64_t rows = ROWS; rows < 2 * ROWS; rows++) {
        uint64_t row = key_draw_next(&draw, &keys, rows, 0);
        assert_true(row < rows);
        newest += row >= rows - 10;
    }
    /* ten newest of 10,000 to 20,000: 27 to 29 % */
    assert_in_range(newest, 2400, 3200);
}

static void a_moving_spot_is_elsewhere_in_each_period(void **state)
{
    (void)state;
    size_t spots[6];
    for (size_t i = 0; i < 6; i++) {
        unsigned *counts = draw_rows("moving:90/1/60", 60 * (double)i + 30);
        size_t at = 0;
        for (size_t j = 0; j < ROWS; j++)
            at = counts[j] > counts[at] ? j : at;
        size_t from = at < 100 ? 0 : at - 100, to = at + 100 < ROWS ? at + 100 : ROWS;
        assert_true(share(counts, from, to) > .9);
        spots[i] = at;
        free(counts);
    }
    for (size_t i = 1; i < 6; i++)
        assert_true(labs((long)spots[i] - (long)spots[i - 1]) > 100);
}

static void threads_share_a_sequence(void **state)
{
    (void)state;
    struct key_distribution keys = parse("sequential");
    struct key_draw draws[3];
    for (size_t i = 0; i < 3; i++)
        key_draw_init(&draws[i], &keys, 12, SEED, i, 3);
    for (uint64_t i = 0; i < 24; i++)
        assert_int_equal(key_draw_next(&draws[i % 3], &keys, 12, 0), i % 12);
}

static void appended_rows_are_each_the_next(void **state)
{
    (void)state;
    static struct workload workload = {.rows = 100, .columns = 1, .batch_rows = 1};
    struct workload_stream stream;
    struct error error = {0};
    uint8_t key[KEY_SIZE_MOST];
    workload.keys = parse("append");
    workload.value.size = size_draw_fixed(10);
    assert_ok(mix_parse("update", &workload.mix, &error), &error);
    assert_true(key_format_init(&workload.format, "k", 4, false, 100));
    assert_true(workload_stream_init(&stream, &workload, 0, 1));
    for (unsigned i = 100; i < 200; i++) {
        char expected[8];
        snprintf(expected, sizeof expected, "k%03u", i);
        assert_int_equal(workload_next_key(&stream, OPERATION_UPDATE, 0, key), 4);
        assert_memory_equal(key, expected, 4);
    }
    workload_acknowledge(&workload, OPERATION_UPDATE, 100);
    for (unsigned i = 0; i < 100; i++) { /* reads see them from now on */
        workload_next_key(&stream, OPERATION_READ, 0, key);
        assert_true(memcmp(key, "k200", 4) < 0);
    }
    workload_stream_deinit(&stream);
}

static void the_same_seed_draws_the_same(void **state)
{
    (void)state;
    struct key_distribution keys = parse("zipf");
    struct key_draw a, b;
    key_draw_init(&a, &keys, ROWS, 7, 1, 2);
    key_draw_init(&b, &keys, ROWS, 7, 1, 2);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(key_draw_next(&a, &keys, ROWS, 0), key_draw_next(&b, &keys, ROWS, 0));
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {{"hotspt:90/1", "did you mean 'hotspot'"}, {"hotspot", "hotspot:OPS/KEYS"},
        {"hotspot:90", "hotspot:OPS/KEYS"}, {"hotspot:90/0", "hotspot:OPS/KEYS"},
        {"hotspot:101/1", "OPS/KEYS"}, {"zipf:1", "THETA"}, {"zipf:x", "THETA"},
        {"uniform:3", "uniform"}, {"cohort:85/90-20", "FROM-TO"}, {"cohort:85/20/90", "FROM-TO"},
        {"moving:90/1/0", "SECONDS"}, {"burst:90/1/10/20", "EVERY/FOR"},
        {"single:50/1", "single:OPS"}, {"exponential:95", "exponential[:OPS/KEYS]"},
        {"", "no distribution"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct key_distribution keys;
        struct error error = {0};
        assert_int_equal(key_distribution_parse(cases[i].text, &keys, &error), STATUS_INVALID);
        if (!strstr(error.message, cases[i].says))
            fail_msg("'%s' answers: %s", cases[i].text, error.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_of_the_rows_takes_its_share),
        cmocka_unit_test(zipf_falls_as_the_law_says),
        cmocka_unit_test(scrambled_zipf_is_as_skewed_and_makes_no_hot_range),
        cmocka_unit_test(latest_follows_the_rows_that_come),
        cmocka_unit_test(a_moving_spot_is_elsewhere_in_each_period),
        cmocka_unit_test(threads_share_a_sequence),
        cmocka_unit_test(appended_rows_are_each_the_next),
        cmocka_unit_test(the_same_seed_draws_the_same),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
