/* The load of a run: by second, server and tablet, from what was asked and what was answered. */
#include "tests/support/support.h"

#include <math.h>

#include "bench/study/live_tablets.h"
#include "bench/study/model.h"

static void assert_near(double seen, double expected, double part)
{
    if (fabs(seen - expected) > part * expected)
        fail_msg("%.4f, expected %.4f", seen, expected);
}

static struct study_row row_of(const char *text)
{
    struct study_row row;
    study_row_set(&row, span_string(text));
    return row;
}

/* ---- Sketches ---- */

static void a_sketch_is_right_within_three_percent(void **state)
{
    (void)state;
    struct latency_sketch sketch = {0};
    for (unsigned i = 1; i <= 100000; i++)
        latency_sketch_record(&sketch, i, 1);
    struct latency_summary summary = latency_sketch_summary(&sketch);
    assert_near((double)summary.p50_ms, 50, .03);
    assert_near((double)summary.p99_ms, 99, .03);
    assert_near((double)summary.max_ms, 100, 1e-6);
    assert_int_equal(summary.count, 100000);
}

static void a_percentile_of_too_few_is_not_told(void **state)
{
    (void)state;
    struct latency_sketch sketch = {0};
    latency_sketch_record(&sketch, 1000, 999);
    struct latency_summary summary = latency_sketch_summary(&sketch);
    assert_true(summary.p50_ms > 0 && summary.p99_ms < 0);
    latency_sketch_record(&sketch, 1000, 1);
    assert_true(latency_sketch_summary(&sketch).p99_ms > 0);
    sketch = (struct latency_sketch){0};
    assert_true(latency_sketch_summary(&sketch).max_ms < 0);
    latency_sketch_record(&sketch, UINT64_MAX, 40); /* longer than it has buckets for */
    assert_true(latency_sketch_summary(&sketch).p50_ms > 60000);
}

/* ---- Loads ---- */

static void end_second(struct run_load *load, unsigned second)
{
    struct skew even = {.max_mean = 1};
    run_load_end_second(load, second, &even);
}

static void answers_are_told_by_second_server_and_tablet(void **state)
{
    (void)state;
    struct error error = {0};
    struct run_load load;
    struct study_row first = row_of(""), second = row_of("m");
    assert_ok(run_load_init(&load, 40, 2, &error), &error);
    uint32_t low = run_load_open_tablet(&load, &first, 0, 0, 0);
    uint32_t high = run_load_open_tablet(&load, &second, .5F, 1, 0);
    for (unsigned at = 0; at < 40; at++) {
        run_load_ask(&load, at, 0, low, REQUEST_READ, 300);
        run_load_ask(&load, at, 1, high, REQUEST_WRITE, 100);
        end_second(&load, at);
        /* of five seconds ago: the answers of a slow server */
        if (at >= 5) {
            run_load_answer(&load, at - 5, 0, low, 5000000, 2000000, 30);
            run_load_answer(&load, at - 5, 1, high, 1000 * at, 1000, 100);
        }
    }
    run_load_conclude(&load, 40, 10);
    assert_near(load.by_server[0].asked[REQUEST_READ], 12000, 1e-9);
    assert_near(load.by_server[1].asked[REQUEST_WRITE], 4000, 1e-9);
    assert_true(load.by_server[1].asked[REQUEST_READ] == 0);
    assert_near(load.by_server[0].answered, 35 * 30, 1e-9);
    assert_near((double)load.by_second[10 * 2].intended.p50_ms, 5000, .03);
    assert_near((double)load.by_second[10 * 2].service.p50_ms, 2000, .03);
    assert_near((double)load.by_second[10 * 2 + 1].intended.max_ms, 15, 1e-6);
    assert_near((double)load.seconds[10].latency.intended.max_ms, 5000, 1e-6);
    assert_int_equal(load.seconds[39].latency.intended.count, 0);
    assert_near((double)load.tablets[high].share.latency.intended.max_ms, 39, 1e-6);
    assert_near((double)load.all.latency.service.max_ms, 2000, 1e-6);
    /* three to one: 1.5 times the mean, Gini a quarter, as if 1.6 of 2 did all */
    assert_near(load.end_tablets.max_mean, 1.5, 1e-6);
    assert_near(load.end_tablets.gini, .25, 1e-6);
    assert_near(load.end_tablets.effective, 1.6, 1e-6);
    assert_near(run_load_tablet_share(&load, &load.tablets[low]), .75, 1e-6);
    run_load_deinit(&load);
}

static void an_answer_that_comes_too_late_counts_for_its_tablet(void **state)
{
    (void)state;
    struct error error = {0};
    struct run_load load;
    struct study_row first = row_of("");
    assert_ok(run_load_init(&load, 2 * RUN_ANSWER_S, 1, &error), &error);
    uint32_t tablet = run_load_open_tablet(&load, &first, 0, 0, 0);
    for (unsigned at = 0; at < 2 * RUN_ANSWER_S; at++)
        end_second(&load, at);
    run_load_answer(&load, 0, 0, tablet, 7000, 7000, 40);
    run_load_answer(&load, 2 * RUN_ANSWER_S - 1, 0, NO_TABLET, 9000, 9000, 40);
    run_load_conclude(&load, 2 * RUN_ANSWER_S, 10);
    assert_int_equal(load.by_second[0].intended.count, 0);
    assert_int_equal(load.tablets[tablet].share.latency.intended.count, 40);
    assert_int_equal(load.by_second[2 * RUN_ANSWER_S - 1].intended.count, 40);
    assert_near(load.all.answered, 80, 1e-9);
    run_load_deinit(&load);
}

/* ---- Tablets that come and go ---- */

struct reading {
    const char *start;
    size_t server;
};

static void read_tablets(struct live_tablets *tablets, const struct row_set *set, unsigned second,
    struct study_run *run, const struct reading *readings, size_t count)
{
    live_tablets_begin(tablets);
    for (size_t i = 0; i < count; i++)
        live_tablets_add(tablets, span_string(readings[i].start), readings[i].server);
    live_tablets_end(tablets, set, second, run);
}

static void a_split_ends_a_tablet_and_a_move_does_not(void **state)
{
    (void)state;
    struct error error = {0};
    struct population population;
    struct arena arena = {0};
    struct key_mapper mapper;
    struct row_set set;
    struct scenario scenario = *scenario_find("uniform");
    struct study_run run;
    struct live_tablets tablets;
    struct study_row row = row_of("7");
    scenario.population = 1000;
    assert_ok(population_make(&scenario, 1, &population, &error), &error);
    assert_ok(key_mapper_parse("raw", &scenario.layout, &arena, &mapper, &error), &error);
    assert_ok(row_set_make(&population, &mapper, 1, &set, &error), &error);
    assert_ok(study_run_init(&run, 30, 2, &error), &error);
    assert_true(live_tablets_init(&tablets));
    read_tablets(&tablets, &set, 0, &run, (struct reading[]){{"", 0}, {"5", 1}}, 2);
    uint32_t upper = live_tablets_of(&tablets, &row)->told;
    read_tablets(&tablets, &set, 3, &run, (struct reading[]){{"", 0}, {"5", 0}}, 2);
    assert_int_equal(live_tablets_of(&tablets, &row)->told, upper);
    assert_int_equal(run.load.tablets[upper].server, 0);
    assert_int_equal(run.moves, 1);
    read_tablets(&tablets, &set, 9, &run, (struct reading[]){{"", 0}, {"5", 0}, {"6", 1}}, 3);
    assert_int_equal(run.splits, 1);
    assert_int_equal(run.load.tablet_count, 4); /* the first, the split one, its halves */
    assert_false(run.load.tablets[upper].is_open);
    assert_int_equal(run.load.tablets[upper].to_s, 9);
    const struct run_tablet *half = &run.load.tablets[live_tablets_of(&tablets, &row)->told];
    assert_int_equal(half->from_s, 9);
    assert_near((double)half->at, .6, .1);
    read_tablets(&tablets, &set, 12, &run, (struct reading[]){{"", 1}}, 1); /* merged */
    assert_int_equal(run.load.tablet_count, 5);
    for (size_t i = 0; i < 4; i++)
        assert_false(run.load.tablets[i].is_open);
    live_tablets_deinit(&tablets);
    study_run_deinit(&run);
    row_set_deinit(&set);
    population_deinit(&population);
    arena_deinit(&arena);
}

/* ---- Of the model ---- */

static void a_models_requests_are_all_told_and_wait_at_a_busy_server(void **state)
{
    (void)state;
    struct error error = {0};
    struct model_settings settings = model_settings_default();
    struct population population;
    struct arena arena = {0};
    struct key_mapper mapper;
    struct row_set set;
    struct study_run run;
    double tablets = 0, servers = 0;
    settings.seconds = 60;
    assert_ok(population_make(scenario_find("national-id"), 1, &population, &error), &error);
    assert_ok(
        key_mapper_parse("raw", &population.scenario->layout, &arena, &mapper, &error), &error);
    assert_ok(row_set_make(&population, &mapper, 1, &set, &error), &error);
    assert_ok(model_run(&set, &settings, &run, &error), &error);
    for (size_t i = 0; i < run.load.tablet_count; i++)
        tablets += run.load.tablets[i].share.asked[REQUEST_READ];
    for (size_t i = 0; i < run.load.servers; i++)
        servers += run.load.by_server[i].asked[REQUEST_READ];
    assert_near(tablets, 60 * settings.rate, 1e-9);
    assert_near(servers, 60 * settings.rate, 1e-9);
    assert_int_equal(run.load.tablet_count, 4 + 2 * run.splits);
    assert_true(run.load.all.asked[REQUEST_WRITE] == 0);
    /* the busy one is the last: its queue is full within two seconds, and empty in the end; others never wait for long */
    assert_near((double)run.load.by_second[5 * 4 + 3].intended.p50_ms, 1000, .03);
    assert_true(run.load.by_second[5 * 4 + 0].intended.max_ms < 20);
    assert_true(run.load.by_second[59 * 4 + 3].intended.max_ms < 100);
    assert_near(run.load.start_servers.max_mean, run.start_max_mean, 1e-6);
    study_run_deinit(&run);
    row_set_deinit(&set);
    population_deinit(&population);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sketch_is_right_within_three_percent),
        cmocka_unit_test(a_percentile_of_too_few_is_not_told),
        cmocka_unit_test(answers_are_told_by_second_server_and_tablet),
        cmocka_unit_test(an_answer_that_comes_too_late_counts_for_its_tablet),
        cmocka_unit_test(a_split_ends_a_tablet_and_a_move_does_not),
        cmocka_unit_test(a_models_requests_are_all_told_and_wait_at_a_busy_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
