/* The model against the figures of an independent experiment (hotspot.md 2.2 and 2.3): the fixed cut within 5 %, the
 * runs by their verdict, and where they are cured by the time it takes. */
#include "tests/support/support.h"

#include <math.h>

#include "bench/study/model.h"

#define REQUESTS 300000

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

static void the_fixed_cut_of_national_ids(void **state)
{
    (void)state;
    static const struct {
        const char *design;
        double max_mean, gini, effective, contiguous, round_robin;
        size_t ranges, tablets;
    } cases[] = {{"raw", 6.30, .714, 6.4, 2.65, 1.12, 1, 1},
        {"template:{birth:2-8}{serial}", 6.29, .712, 6.6, 2.88, 1.19, 1, 1},
        {"salt:4", 5.10, .668, 9.0, 1.00, 2.52, 4, 4},
        {"salt:16", 1.91, .421, 19, 1.02, 1.83, 16, 16},
        {"reverse", 1.05, 0, 32, 1.02, 1.01, 1, 32}, {"md5", 1.05, 0, 32, 1.02, 1.01, 1, 32}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world;
        struct static_result result;
        struct study_key partial;
        open_world(&world, "national-id", cases[i].design);
        model_static(&world.set, 32, 4, REQUESTS, 1, &result);
        assert_near(cases[i].design, result.tablets.max_mean, cases[i].max_mean, .05);
        if (cases[i].gini > 0)
            assert_near(cases[i].design, result.tablets.gini, cases[i].gini, .05);
        assert_near(cases[i].design, result.tablets.effective, cases[i].effective, .05);
        assert_near(cases[i].design, result.contiguous.max_mean, cases[i].contiguous, .05);
        assert_near(cases[i].design, result.round_robin.max_mean, cases[i].round_robin, .05);
        scenario_query_key(
            world.population.scenario, &world.population.scenario->queries[0], &partial);
        struct query_cost cost = row_set_query(&world.set, &partial, 32);
        assert_int_equal(cost.ranges, cases[i].ranges);
        assert_int_equal(cost.tablets, cases[i].tablets);
        assert_near("rows wanted", (double)cost.rows_wanted, 213, .1);
        close_world(&world);
    }
}

static void runs_end_as_expected(void **state)
{
    (void)state;
    static const struct {
        const char *scenario, *design, *verdict;
        double start, served_start;
        int after_s; /* -1: never; 0: from the start */
    } cases[] = {{"national-id", "md5", "even", 1.05, 1, 0}, {"iot", "promote", "even", 1.05, 1, 0},
        {"national-id", "raw", "cured", 2.62, .74, 39}, {"hot-range", "raw", "cured", 3.7, .47, 39},
        {"zipf", "raw", "cured", 3.5, .53, 39}, {"single-row", "raw", "not cured", 2.5, .77, -1},
        {"iot", "raw", "not cured", 4, .4, -1}, {"iot", "latest:time", "not cured", 4, .4, -1},
        {"iot", "salt:4", "cured", 2, .9, 15}, {"moving", "raw", "comes back", 3.7, .47, 39}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model_settings settings = model_settings_default();
        struct world world;
        struct study_run result;
        struct error error = {0};
        open_world(&world, cases[i].scenario, cases[i].design);
        assert_ok(model_run(&world.set, &settings, &result, &error), &error);
        assert_string_equal(study_run_verdict(&result), cases[i].verdict);
        assert_near(cases[i].scenario, result.start_max_mean, cases[i].start, .1);
        assert_near(cases[i].scenario, result.start_served, cases[i].served_start, .1);
        if (strcmp(cases[i].verdict, "comes back") == 0)
            assert_true(result.balanced_seconds < 120);
        else if (cases[i].after_s > 0)
            assert_near(cases[i].scenario, result.balanced_after_s, cases[i].after_s, .3);
        else
            assert_int_equal(result.balanced_after_s, cases[i].after_s);
        study_run_deinit(&result);
        close_world(&world);
    }
}

/* The truth table: without either of the two nothing skewed recovers. */
static void split_and_balancer_need_each_other(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct model_settings settings = model_settings_default();
        struct world world;
        struct study_run result;
        struct error error = {0};
        settings.has_split = i == 0;
        settings.has_balancer = i == 1;
        open_world(&world, "hot-range", "raw");
        assert_ok(model_run(&world.set, &settings, &result, &error), &error);
        assert_true(result.end_max_mean > 3);
        study_run_deinit(&result);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fixed_cut_of_national_ids),
        cmocka_unit_test(runs_end_as_expected),
        cmocka_unit_test(split_and_balancer_need_each_other),
        cmocka_unit_test(the_same_seed_gives_the_same_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
