/* The model against the figures of an independent experiment, hotspot.md 2.2 and 2.3: the tables' own numbers. The fixed
 * cut within 5 %; the runs by verdict, by the order of their times, and by these within 30 %. What is one draw of something
 * that varies by more says so where it is tested. */
#include "tests/support/support.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "bench/study/model.h"

#define REQUESTS    300000
#define FULL_SCAN   0 /* one range that is the table */
#define SEEDS       25
#define STELE_SEEDS 12

struct world {
    struct arena arena;
    struct population population;
    struct key_mapper mapper;
    struct row_set set;
};

static void open_world(struct world *world, const char *scenario, const char *design)
{
    struct error error = {0};
    *world = (struct world){0};
    assert_ok(population_make(scenario_find(scenario), 1, &world->population, &error), &error);
    assert_ok(key_mapper_parse(design, &world->population.scenario->layout, &world->arena,
                  &world->mapper, &error),
        &error);
    assert_ok(row_set_make(&world->population, &world->mapper, 1, &world->set, &error), &error);
}

static void close_world(struct world *world)
{
    row_set_deinit(&world->set);
    population_deinit(&world->population);
    arena_deinit(&world->arena);
}

static void assert_near(const char *what, double seen, double expected, double part)
{
    if (fabs(seen - expected) > part * expected)
        fail_msg("%s: %.3f, expected %.3f", what, seen, expected);
}

/* The short way to a row's bucket finds what its place among all rows says; at the bounds of buckets too. */
static void a_bucket_is_that_of_the_place(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 3, 32, 1000};
    struct world world;
    open_world(&world, "iot", "raw");
    const struct row_set *set = &world.set;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (size_t at = 0; at < set->count; at += at % 997 ? 1 : 7) {
            struct study_row row = set->rows[set->sorted[at]], behind = row;
            behind.bytes[behind.size++] = '0';
            assert_int_equal(row_set_bucket(set, &row, counts[i]), at * counts[i] / set->count);
            size_t place = row_set_find(set, &behind);
            assert_int_equal(row_set_bucket(set, &behind, counts[i]),
                place == set->count ? counts[i] - 1 : place * counts[i] / set->count);
        }
    close_world(&world);
}

static void a_stopped_prediction_says_so(void **state)
{
    (void)state;
    volatile sig_atomic_t stop = 1;
    struct model_settings settings = model_settings_default();
    struct study_run run;
    struct error error = {0};
    struct world world;
    open_world(&world, "national-id", "raw");
    settings.stop = &stop;
    assert_status(model_run(&world.set, &settings, &run, &error), STATUS_CANCELLED);
    close_world(&world);
}

/* Table 2.2. The Gini of even keys is the table's .018 within a quarter, not within 5 %: with 85 % of the requests on 27,000
 * rows, how many of those a hash puts into each of 32 tablets differs by 3 %, so a draw's Gini is .016 +- .002. */
static void the_fixed_cut_of_national_ids(void **state)
{
    (void)state;
    static const struct {
        const char *design;
        double max_mean, gini, effective, contiguous, round_robin;
        size_t ranges, tablets;
        double read_per_row;
    } cases[] = {{"raw", 6.30, .714, 6.4, 2.65, 1.12, 1, 1, 1},
        {"template:{birth:2-8}{serial}", 6.29, .712, 6.6, 2.88, 1.19, 1, 1, 1},
        {"salt:4", 5.10, .668, 9.0, 1.00, 2.52, 4, 4, 1},
        {"salt:16", 1.91, .421, 19, 1.02, 1.83, 16, 16, 1},
        {"reverse", 1.05, .018, 32, 1.02, 1.01, FULL_SCAN, 32, 939},
        {"md5:4", 1.05, .018, 32, 1.02, 1.01, FULL_SCAN, 32, 939},
        {"md5", 1.05, .018, 32, 1.02, 1.01, FULL_SCAN, 32, 939},
        {"uuid", 1.05, .018, 32, 1.02, 1.01, FULL_SCAN, 32, 939}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world;
        struct static_result result;
        struct study_key partial;
        bool is_even = cases[i].ranges == FULL_SCAN;
        open_world(&world, "national-id", cases[i].design);
        model_static(&world.set, 32, 4, REQUESTS, 1, &result);
        assert_near(cases[i].design, result.tablets.max_mean, cases[i].max_mean, .05);
        assert_near(cases[i].design, result.tablets.gini, cases[i].gini, is_even ? .25 : .05);
        assert_near(cases[i].design, result.tablets.effective, cases[i].effective, .05);
        assert_near(cases[i].design, result.contiguous.max_mean, cases[i].contiguous, .05);
        assert_near(cases[i].design, result.round_robin.max_mean, cases[i].round_robin, .05);
        scenario_query_key(
            world.population.scenario, &world.population.scenario->queries[0], &partial);
        struct query_cost cost = row_set_query(&world.set, &partial, 32);
        assert_int_equal(cost.ranges, is_even ? 1 : cases[i].ranges);
        assert_int_equal(cost.tablets, cases[i].tablets);
        assert_near("rows wanted", (double)cost.rows_wanted, 213, .05);
        assert_near("rows read per row", (double)cost.rows_read / (double)cost.rows_wanted,
            cases[i].read_per_row, .05);
        if (is_even)
            assert_int_equal(cost.rows_read, world.set.count);
        close_world(&world);
    }
}

/* ---- Runs ---- */

static void run(
    const struct world *world, const struct model_settings *settings, struct study_run *out_run)
{
    struct error error = {0};
    assert_ok(model_run(&world->set, settings, out_run, &error), &error);
}

/* As the experiment measured: each second by itself, where study_run takes the last four. */
static double max_mean_of(const struct study_run *result, unsigned second)
{
    return skew_of(&result->asked[second * result->servers], result->servers).max_mean;
}

/* ... at most 1.3 for 15 s from then on; -1: never. */
static int balanced_after(const struct study_run *result)
{
    unsigned balanced = 0;
    for (unsigned second = 0; second < result->seconds; second++) {
        balanced = max_mean_of(result, second) <= RUN_BALANCED ? balanced + 1 : 0;
        if (balanced == RUN_BALANCED_FOR)
            return (int)(second + 1 - RUN_BALANCED_FOR);
    }
    return -1;
}

static double mean_of(const struct study_run *result, unsigned from, unsigned to, bool is_served)
{
    double sum = 0;
    for (unsigned second = from; second < to; second++)
        sum += is_served ? result->served[second] : max_mean_of(result, second);
    return sum / (to - from);
}

/* Counts of splits and moves, which hang on the choice among equals: within two, or 40 % of many. */
static void assert_about(const char *what, size_t seen, size_t expected)
{
    double room = fmax(2, .4 * (double)expected);
    if (fabs((double)seen - (double)expected) > room)
        fail_msg("%s: %zu, expected about %zu", what, seen, expected);
}

/* Table 2.3, in the order of its times. Starts and ends within 5 % (10 % where they are 1.05 to 1.1, most of which is the
 * noise of 2,000 draws a second), times within 30 %, measured as the experiment did and as reports tell them. The end of
 * the moving range is the mean over its last minute: the table's 2.12 and 80 % are of no ten seconds in it. */
static void runs_end_as_expected(void **state)
{
    (void)state;
    static const struct {
        const char *scenario, *design, *verdict;
        double start, end, served_start, served_end;
        size_t splits, moves;
        int after_s; /* -1: never; 0: from the start */
        unsigned end_s;
    } cases[] = {{"national-id", "md5", "even", 1.05, 1.06, 1, 1, 7, 0, 0, 10},
        {"iot", "promote", "even", 1.05, 1.06, 1, 1, 7, 0, 0, 10},
        {"iot", "salt:4", "cured", 2, 1.05, .9, 1, 1, 1, 20, 10},
        {"hot-range", "raw", "cured", 3.7, 1.1, .47, 1, 10, 3, 30, 10},
        {"moving", "raw", "comes back", 3.7, 2.12, .47, .8, 37, 18, 30, 60},
        {"zipf", "raw", "cured", 3.5, 1.1, .53, 1, 7, 3, 30, 10},
        {"national-id", "raw", "cured", 2.62, 1.1, .74, 1, 9, 3, 39, 10},
        {"single-row", "raw", "not cured", 2.5, 2.5, .77, .77, 0, 0, -1, 10},
        {"iot", "raw", "not cured", 4, 4, .4, .4, 0, 0, -1, 10},
        {"iot", "latest:time", "not cured", 4, 4, .4, .4, 0, 0, -1, 10}};
    int before = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model_settings settings = model_settings_default();
        struct world world;
        struct study_run result;
        const char *name = cases[i].scenario;
        unsigned last = settings.seconds - cases[i].end_s;
        open_world(&world, name, cases[i].design);
        run(&world, &settings, &result);
        int after = balanced_after(&result);
        print_message("%s, %s: %s after %d s (%d), expected %d; %zu splits, %zu moves\n", name,
            cases[i].design, study_run_verdict(&result), after, result.balanced_after_s,
            cases[i].after_s, result.splits, result.moves);
        assert_string_equal(study_run_verdict(&result), cases[i].verdict);
        assert_near(name, mean_of(&result, 0, 10, false), cases[i].start, .05);
        assert_near(name, mean_of(&result, 0, 10, true), cases[i].served_start, .05);
        assert_near(name, mean_of(&result, last, settings.seconds, false), cases[i].end,
            cases[i].end < 1.2 ? .1 : .05);
        assert_near(name, mean_of(&result, last, settings.seconds, true), cases[i].served_end, .05);
        assert_about(name, result.splits, cases[i].splits);
        assert_about(name, result.moves, cases[i].moves);
        if (cases[i].after_s > 0) {
            assert_near(name, after, cases[i].after_s, .3);
            assert_near(name, result.balanced_after_s, cases[i].after_s, .3);
        } else {
            assert_int_equal(after, cases[i].after_s);
            assert_int_equal(result.balanced_after_s, cases[i].after_s);
        }
        assert_true(after < 0 || after >= before);
        before = after < 0 ? INT_MAX : after;
        study_run_deinit(&result);
        close_world(&world);
    }
}

/* The table has it cured after 109 s. With 16 stripes on 4 servers one server has five, which is 1.25 times the mean:
 * under the limit of 1.3, and by the noise of a single second above it time and again. So when 15 such seconds follow each
 * other is a throw of dice: 109 s is one, and lies between ours. Over four seconds (study_run) it is even at once. */
static void sixteen_stripes_are_even_but_for_noise(void **state)
{
    (void)state;
    struct world world;
    int least = INT_MAX, most = 0;
    open_world(&world, "iot", "salt:16");
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct model_settings settings = model_settings_default();
        struct study_run result;
        settings.seed = seed;
        run(&world, &settings, &result);
        int after = balanced_after(&result);
        assert_true(after >= 0);
        least = after < least ? after : least;
        most = after > most ? after : most;
        assert_near("start", mean_of(&result, 0, 10, false), 1.24, .05);
        assert_near("served", mean_of(&result, 0, 10, true), 1, .001);
        assert_string_equal(study_run_verdict(&result), "even");
        assert_true(result.splits >= 4); /* each tablet has four stripes or more */
        study_run_deinit(&result);
    }
    if (least > 109 || most < 109)
        fail_msg("%d to %d s", least, most);
    close_world(&world);
}

static int compare_numbers(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

/* It starts at 1.24 and needs nothing, says the table: that hangs on where the few most popular keys fall, so the seeds'
 * median is held against it; and what starts below 1.3 needs nothing. */
static void scattered_popular_keys_need_nothing(void **state)
{
    (void)state;
    double starts[SEEDS];
    struct world world;
    open_world(&world, "zipf-scrambled", "raw");
    for (size_t i = 0; i < SEEDS; i++) {
        struct model_settings settings = model_settings_default();
        struct study_run result;
        settings.seconds = 20;
        world.population.seed = i + 1; /* the same keys, others of them popular */
        run(&world, &settings, &result);
        starts[i] = mean_of(&result, 0, 10, false);
        if (starts[i] < 1.24)
            assert_string_equal(study_run_verdict(&result), "even");
        study_run_deinit(&result);
    }
    close_world(&world);
    qsort(starts, SEEDS, sizeof *starts, compare_numbers);
    print_message("starts %.2f to %.2f\n", starts[0], starts[SEEDS - 1]);
    assert_near("start", starts[SEEDS / 2], 1.24, .05);
}

/* The truth table: without either of the two nothing skewed recovers. */
static void split_and_balancer_need_each_other(void **state)
{
    (void)state;
    static const struct {
        const char *scenario, *design;
    } cases[] = {{"hot-range", "raw"}, {"zipf", "raw"}, {"national-id", "raw"}, {"iot", "salt:4"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world;
        open_world(&world, cases[i].scenario, cases[i].design);
        for (unsigned without = 0; without < 2; without++) {
            struct model_settings settings = model_settings_default();
            struct study_run result;
            settings.seconds = 60;
            settings.has_split = without == 0;
            settings.has_balancer = without == 1;
            run(&world, &settings, &result);
            assert_near(cases[i].scenario, result.end_max_mean, result.start_max_mean, .05);
            assert_int_equal(result.balanced_after_s, -1);
            study_run_deinit(&result);
        }
        close_world(&world);
    }
}

static void the_same_seed_gives_the_same_run(void **state)
{
    (void)state;
    struct model_settings settings = model_settings_default();
    struct world world;
    struct study_run first, second;
    struct error error = {0};
    settings.seconds = 60;
    open_world(&world, "national-id", "raw");
    assert_ok(model_run(&world.set, &settings, &first, &error), &error);
    assert_ok(model_run(&world.set, &settings, &second, &error), &error);
    assert_memory_equal(
        first.heat, second.heat, settings.seconds * RUN_BUCKETS * sizeof *first.heat);
    assert_memory_equal(first.events, second.events, sizeof first.events);
    study_run_deinit(&first);
    study_run_deinit(&second);
    close_world(&world);
}

static void run_as_stele(const char *scenario_name, const char *design, size_t idle_tablets,
    uint64_t seed, struct study_run *out_run)
{
    struct scenario scenario = *scenario_find(scenario_name);
    struct world world = {0};
    struct error error = {0};
    struct model_settings settings = model_settings_default();
    scenario.population = 20000;
    settings.is_stele = true;
    settings.idle_tablets = idle_tablets;
    settings.rate = 2000;
    settings.capacity = 800;
    settings.split_qps = 250;
    settings.weight = 1;
    settings.balance_s = 5;
    settings.seconds = 75;
    settings.seed = seed;
    assert_ok(population_make(&scenario, 1, &world.population, &error), &error);
    assert_ok(
        key_mapper_parse(design, &scenario.layout, &world.arena, &world.mapper, &error), &error);
    assert_ok(row_set_make(&world.population, &world.mapper, 1, &world.set, &error), &error);
    run(&world, &settings, out_run);
    close_world(&world);
}

/* The second of the n-th split or move, from 0. */
static unsigned when(const struct study_run *result, bool is_split, size_t n)
{
    for (size_t i = 0; i < result->event_count; i++)
        if (result->events[i].is_split == is_split && n-- == 0)
            return result->events[i].second;
    fail_msg("too few %s", is_split ? "splits" : "moves");
    return 0;
}

/* With Stele's own policies: what live studies of these commands were seen to do, however many tables wait beside. With
 * raw keys a fifth split may come ten seconds sooner by chance, with one seed in five or so: then the load is not even for 15 s
 * before the run is over. raw: splits at 4, 7, 13, 13 s and five more from 32 s on, moves at 20 to 29 and at 49, even after 49 s;
 * the other: splits at 5, 8, 14, 15 s, moves at 24 to 29 and at 50, even after 51 s. */
static void stele_splits_and_moves_when_it_does(void **state)
{
    (void)state;
    static const struct {
        const char *design;
        size_t idle;
        int after_s;
        unsigned splits[4];
    } cases[] = {{"raw", 24, 49, {4, 7, 13, 13}}, {"raw", 0, 49, {4, 7, 13, 13}},
        {"template:{birth:2-8}{serial}", 20, 51, {5, 8, 14, 15}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned cured = 0;
        for (uint64_t seed = 1; seed <= STELE_SEEDS; seed++) {
            struct study_run result;
            run_as_stele("national-id", cases[i].design, cases[i].idle, seed, &result);
            print_message("%s: after %d s; %zu splits, %zu moves\n", cases[i].design,
                result.balanced_after_s, result.splits, result.moves);
            for (size_t k = 0; k < 4; k++)
                assert_in_range(
                    when(&result, true, k), cases[i].splits[k] - 2, cases[i].splits[k] + 2);
            assert_in_range(when(&result, false, 0), 17, 29);
            assert_about("splits", result.splits, 9);
            assert_about("moves", result.moves, 5);
            if (result.balanced_after_s < 0) {
                assert_string_equal(study_run_verdict(&result), "better, not cured");
            } else {
                assert_string_equal(study_run_verdict(&result), "cured");
                assert_near("even after", result.balanced_after_s, cases[i].after_s, .1);
                assert_in_range(when(&result, true, 4), 28, 36);
                assert_in_range(when(&result, false, result.moves - 1), 41, 53);
                cured++;
            }
            study_run_deinit(&result);
        }
        assert_in_range(cured, STELE_SEEDS * 2 / 3, STELE_SEEDS);
    }
}

/* One row cannot be parted, and where rows only grow a split comes too late: the policies see it, and what is
 * even needs no move. */
static void stele_does_nothing_where_nothing_helps(void **state)
{
    (void)state;
    struct study_run result;
    run_as_stele("single-row", "raw", 0, 1, &result);
    assert_string_equal(study_run_verdict(&result), "not cured");
    assert_about("splits", result.splits, 3); /* the other tablets, as measured; the row's is not */
    assert_int_equal(result.moves, 0);
    study_run_deinit(&result);
    run_as_stele("iot", "raw", 0, 1, &result);
    assert_string_equal(study_run_verdict(&result), "not cured");
    assert_int_equal(result.splits, 0);
    study_run_deinit(&result);
    run_as_stele("national-id", "md5", 0, 1, &result);
    assert_string_equal(study_run_verdict(&result), "even");
    assert_int_equal(result.moves, 0);
    study_run_deinit(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_is_that_of_the_place),
        cmocka_unit_test(a_stopped_prediction_says_so),
        cmocka_unit_test(the_fixed_cut_of_national_ids),
        cmocka_unit_test(runs_end_as_expected),
        cmocka_unit_test(sixteen_stripes_are_even_but_for_noise),
        cmocka_unit_test(scattered_popular_keys_need_nothing),
        cmocka_unit_test(split_and_balancer_need_each_other),
        cmocka_unit_test(stele_splits_and_moves_when_it_does),
        cmocka_unit_test(stele_does_nothing_where_nothing_helps),
        cmocka_unit_test(the_same_seed_gives_the_same_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
