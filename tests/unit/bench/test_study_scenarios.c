/* Every built-in scenario with the designs of its default study: what the model says of each. A verdict that changes here
 * changes what `stele bench study NAME` tells everybody.
 *
 * 20,000 rows, 500 requests a second drawn for 2,000, a minute: a tenth of the default's work and the same verdicts, but
 * for salt:4 of logs, of which two stripes may or may not lie on one server. */
#include "tests/support/support.h"

#include "tests/unit/bench/study_axes.h"

struct expected {
    const char *scenario;
    struct {
        const char *design, *verdict;
    } designs[SCENARIO_MAPPERS];
};

static const struct expected cases[] = {
    {"national-id", {{"raw", "cured"}, {"template:{birth:2-8}{serial}", "cured"},
                        {"salt:4", "even"}, {"salt:16", "even"}, {"reverse", "even"},
                        {"md5:4", "even"}, {"md5", "even"}, {"uuid", "even"}}},
    {"iot", {{"raw", "not cured"}, {"latest:time", "not cured"}, {"promote", "even"},
                {"salt:4", "cured"}, {"salt:16", "even"}, {"salt:16:device", "even"},
                {"md5:4", "even"}, {"md5", "even"}, {"uuid", "even"}}},
    {"user-activity",
        {{"raw", "even"}, {"latest:time", "even"}, {"swap", "not cured"}, {"salt:16:user", "even"},
            {"salt:16", "even"}, {"md5:4", "even"}, {"md5", "even"}, {"uuid", "even"}}},
    {"ads", {{"raw", "not cured"}, {"salt:16", "not cured"}, {"random-salt:16", "even"},
                {"reverse", "not cured"}, {"md5", "not cured"}}},
    {"market-data", {{"raw", "not cured"}, {"latest:time", "not cured"}, {"promote", "even"},
                        {"salt:16:symbol", "even"}, {"salt:16", "even"}, {"md5:4", "even"},
                        {"md5", "even"}, {"uuid", "even"}}},
    {"logs", {{"raw", "not cured"}, {"latest:time", "not cured"}, {"promote", "even"},
                 {"salt:4", "even"}, {"salt:16", "even"}, {"md5:4", "even"}, {"md5", "even"},
                 {"uuid", "even"}}},
};

static void check(const struct expected *expected)
{
    struct error error = {0};
    struct arena arena = {0};
    struct study study = {.settings = model_settings_default(), .tablets = 32, .requests = 5000};
    study.scenario = *scenario_find(expected->scenario);
    study.scenario.population = 20000;
    study.settings.rate = 2000;
    study.settings.capacity = 800;
    study.settings.split_qps = 250;
    study.settings.weight = 4;
    study.settings.seconds = 60;
    assert_ok(study_plan_make(&study, NULL, &study_axes_plain, &arena, &error), &error);
    assert_ok(study_plan_predict(&study, 1, false, &error), &error);
    for (size_t i = 0; i < study.cell_count; i++) {
        const struct study_run *run = &study.cells[i].predicted;
        const char *name = study.cells[i].design->mapper.name, *verdict = study_run_verdict(run);
        assert_non_null(expected->designs[i].design);
        assert_string_equal(name, expected->designs[i].design);
        if (strcmp(verdict, expected->designs[i].verdict) != 0)
            fail_msg("%s, %s: %s (%.2f -> %.2f)", expected->scenario, name, verdict,
                run->start_max_mean, run->end_max_mean);
    }
    assert_true(
        study.cell_count == SCENARIO_MAPPERS || !expected->designs[study.cell_count].design);
    study_plan_deinit(&study);
    arena_deinit(&arena);
}

static void check_keys_differ(void *context, const struct scenario *scenario)
{
    struct scenario small = *scenario;
    struct population population;
    struct error error = {0};
    (void)context;
    small.population = 20000;
    assert_ok(population_make(&small, 1, &population, &error), &error);
    assert_int_equal(population.count, small.population);
    for (size_t i = 1; i < population.count; i++)
        assert_memory_not_equal(
            population.keys[i - 1].text, population.keys[i].text, sizeof population.keys[i].text);
    population_deinit(&population);
}

/* A table has a row once: of 20,000 random ids of eight digits two or three were drawn twice, and a full scan found so many
 * rows less than was predicted. */
static void every_key_is_there_once(void **state)
{
    (void)state;
    scenario_each(check_keys_differ, NULL);
}

static void more_keys_than_there_are_is_an_error(void **state)
{
    (void)state;
    struct scenario tiny = *scenario_find("uniform");
    struct population population;
    struct error error = {0};
    tiny.layout.fields[0].width = 2;
    tiny.population = 101;
    assert_int_equal(population_make(&tiny, 1, &population, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "no 101 different keys (100 were drawn)"));
    tiny.population = 90;
    error_clear(&error);
    assert_ok(population_make(&tiny, 1, &population, &error), &error);
    population_deinit(&population);
}

static void a_design_that_loses_rows_is_refused(void **state)
{
    (void)state;
    struct error error = {0};
    struct arena arena = {0};
    struct study study = {.settings = model_settings_default(), .tablets = 32, .requests = 5000};
    study.scenario = *scenario_find("national-id");
    study.scenario.population = 20000;
    assert_ok(study_plan_make(&study, "raw;template:{serial}", &study_axes_plain, &arena, &error),
        &error);
    assert_int_equal(study_plan_predict(&study, 1, false, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "'template:{serial}' puts"));
    study_plan_deinit(&study);
    arena_deinit(&arena);
}

static void default_designs_have_the_verdicts_that_they_had(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_there_once),
        cmocka_unit_test(more_keys_than_there_are_is_an_error),
        cmocka_unit_test(a_design_that_loses_rows_is_refused),
        cmocka_unit_test(default_designs_have_the_verdicts_that_they_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
