/* Pictures and pages of a study: well formed, with everything in them, whatever names hold. */
#include "tests/support/support.h"

#include "bench/study/heat_map.h"
#include "bench/study/study_advice.h"
#include "bench/study/study_plan.h"

#define LIVE_ROWS 20000 /* of a live study, unless told */

static void make_of(struct study *study, struct arena *arena, const char *scenario,
    const char *designs, size_t rows)
{
    struct error error = {0};
    struct study_axes axes = {.presplits = {PRESPLIT_ROWS},
        .presplit_count = 1,
        .splits = {true},
        .split_count = 1,
        .balancers = {true, false},
        .balancer_count = 2};
    *study = (struct study){.settings = model_settings_default(),
        .tablets = 32,
        .requests = 20000,
        .repeats = 1,
        .command = "stele bench study x '--mappers=<&>'"};
    study->scenario = *scenario_find(scenario);
    study->scenario.population = rows;
    study->settings.rate = 2000;
    study->settings.capacity = 800;
    study->settings.split_qps = 250;
    study->settings.weight = 1;
    study->settings.seconds = 60;
    assert_ok(study_plan_make(study, designs, &axes, arena, &error), &error);
    assert_ok(study_plan_predict(study, 1, false, &error), &error);
}

static void make(
    struct study *study, struct arena *arena, const char *scenario, const char *designs)
{
    make_of(study, arena, scenario, designs, 4000);
}

static void drop(struct study *study, struct arena *arena)
{
    study_plan_deinit(study);
    arena_deinit(arena);
}

static bool holds(const struct buffer *text, const char *part)
{
    return memmem(text->data, text->size, part, strlen(part)) != NULL;
}

static void every_way_of_a_design_is_a_cell_with_a_name(void **state)
{
    (void)state;
    struct study study;
    struct arena arena = {0};
    char name[STUDY_TEXT_SIZE];
    make(&study, &arena, "national-id", "raw;md5");
    assert_int_equal(study.cell_count, 4);
    study_cell_name(&study, &study.cells[0], name);
    assert_string_equal(name, "raw, balancer on");
    study_cell_name(&study, &study.cells[3], name);
    assert_string_equal(name, "md5, balancer off");
    /* without a balancer nothing skewed recovers */
    assert_string_equal(study_run_verdict(study_cell_run(&study.cells[0])), "cured");
    assert_string_equal(study_run_verdict(study_cell_run(&study.cells[2])), "not cured");
    drop(&study, &arena);
}

static void pictures_escape_what_they_are_given(void **state)
{
    (void)state;
    struct study study;
    struct arena arena = {0};
    struct buffer svg = {0}, page = {0}, json = {0};
    make(&study, &arena, "national-id", "raw;template:{birth}<&{serial}");
    study_put_svg(&study, &svg);
    study_put_html(&study, &page);
    study_put_json(&study, &json);
    assert_int_equal(buffer_status(&svg), STATUS_OK);
    assert_true(holds(&svg, "template:{birth}&#60;&#38;{serial}"));
    assert_false(holds(&svg, "}<&{"));
    assert_false(holds(&page, "}<&{"));
    assert_true(holds(&json, "template:{birth}\\u003c&{serial}"));
    assert_true(holds(&page, "<script id=\"study\" type=\"application/json\">"));
    assert_false(holds(&page, "src=")); /* it needs nothing else */
    assert_false(holds(&page, "http://"));
    assert_true(svg.size < 200000);
    buffer_deinit(&svg);
    buffer_deinit(&page);
    buffer_deinit(&json);
    drop(&study, &arena);
}

/* A random salt cannot be read with one get, so it is asked to write: said at its name in each report, wherever others read;
 * where all append there is nothing to say. */
static void a_design_that_writes_what_others_read_is_marked(void **state)
{
    (void)state;
    static const struct {
        const char *scenario;
        bool is_marked;
    } cases[] = {{"national-id", true}, {"iot", false}};
    for (size_t i = 0; i < 2; i++) {
        struct study study;
        struct arena arena = {0};
        struct buffer svg = {0}, page = {0}, json = {0};
        char label[STUDY_TEXT_SIZE];
        bool is_marked = cases[i].is_marked;
        make(&study, &arena, cases[i].scenario, "raw;random-salt:4");
        study_cell_label(&study, &study.cells[0], label);
        assert_string_equal(label, "raw, balancer on");
        study_cell_label(&study, &study.cells[1], label);
        assert_string_equal(label,
            is_marked ? "random-salt:4, balancer on [writes]" : "random-salt:4, balancer on");
        study_put_svg(&study, &svg);
        study_put_html(&study, &page);
        study_put_json(&study, &json);
        assert_int_equal(study_mark_text(&study) != NULL, is_marked);
        assert_int_equal(holds(&svg, "random-salt:4, balancer on [writes]"), is_marked);
        assert_int_equal(holds(&page, "<h3>random-salt:4, balancer on [writes]</h3>"), is_marked);
        assert_int_equal(holds(&page, "[writes] is asked to write each row"), is_marked);
        assert_int_equal(holds(&page, "the same requests, those marked [writes]"), is_marked);
        /* figures of its load: as good or bad as those beside them in four columns, and not ranked among them */
        assert_int_equal(holds(&page, "<td class=\"soft\">1.0"), is_marked);
        assert_int_equal(holds(&json, "{\"key\":\"raw\",\"requests\":\"read\""), is_marked);
        assert_true(holds(&json, "{\"key\":\"random-salt:4\",\"requests\":\"write\""));
        buffer_deinit(&svg);
        buffer_deinit(&page);
        buffer_deinit(&json);
        drop(&study, &arena);
    }
}

/* What is predicted hangs on who splits and moves. */
static void reports_say_whose_policies_were_assumed(void **state)
{
    (void)state;
    struct study study;
    struct arena arena = {0};
    make(&study, &arena, "national-id", "raw");
    for (unsigned i = 0; i < 2; i++) {
        struct buffer page = {0}, json = {0};
        study.settings.is_stele = i == 1;
        study_put_html(&study, &page);
        study_put_json(&study, &json);
        assert_true(holds(&json, i ? "\"model\":\"stele\"" : "\"model\":\"experiment\""));
        assert_true(
            holds(&page, i ? "split and moved when Stele's own policies would"
                           : "split and moved by the policies of an independent experiment"));
        buffer_deinit(&page);
        buffer_deinit(&json);
    }
    drop(&study, &arena);
}

/* "even" and "cured" in the colour of what is well, all else in that of what is hot. */
static void a_picture_colours_verdicts_by_how_it_ended(void **state)
{
    (void)state;
    static const struct {
        const char *scenario, *verdict;
        bool is_good;
    } cases[] = {{"national-id", "cured", true}, {"single-row", "not cured", false}};
    for (size_t i = 0; i < 2; i++) {
        struct study study;
        struct arena arena = {0};
        struct buffer svg = {0};
        make(&study, &arena, cases[i].scenario, "raw");
        assert_string_equal(study_run_verdict(study_cell_run(&study.cells[0])), cases[i].verdict);
        size_t cells = study.cell_count;
        study.cell_count = 1; /* the other has no balancer */
        study_put_svg(&study, &svg);
        study.cell_count = cells;
        assert_int_equal(holds(&svg, "<text class=\"p-good-text\""), cases[i].is_good);
        assert_int_equal(holds(&svg, "<text class=\"p-hot-text\""), !cases[i].is_good);
        buffer_deinit(&svg);
        drop(&study, &arena);
    }
}

static void a_conclusion_names_the_pattern_and_the_price(void **state)
{
    (void)state;
    struct study study;
    struct arena arena = {0};
    struct key_diagnosis diagnosis;
    char sentences[STUDY_SENTENCES][2 * KEY_ADVICE_TEXT];
    make(&study, &arena, "national-id", "raw;salt:16;md5");
    assert_true(study_advice_diagnose(&study, &study.cells[0], &diagnosis));
    assert_int_equal(diagnosis.pattern, KEY_WIDE_COHORT);
    assert_true(study_advice_diagnose(&study, &study.cells[2], &diagnosis));
    assert_int_equal(diagnosis.pattern, KEY_EVEN);
    size_t count = study_advice_conclude(&study, sentences);
    assert_int_equal(count, 5);
    assert_non_null(strstr(sentences[1], "wide cohort"));
    assert_non_null(strstr(sentences[3], "salt:16"));
    assert_non_null(strstr(sentences[4], "md5"));
    drop(&study, &arena);
    make(&study, &arena, "single-row", "raw;md5");
    assert_true(study_advice_diagnose(&study, &study.cells[1], &diagnosis));
    assert_int_equal(diagnosis.pattern, KEY_SINGLE_ROW);
    drop(&study, &arena);
    make(&study, &arena, "iot", "raw;latest:time;promote");
    assert_true(study_advice_diagnose(&study, &study.cells[0], &diagnosis));
    assert_int_equal(diagnosis.pattern, KEY_APPEND);
    assert_true(study_advice_diagnose(&study, &study.cells[1], &diagnosis));
    assert_int_equal(diagnosis.pattern, KEY_PREPEND);
    assert_true(study_advice_diagnose(&study, &study.cells[2], &diagnosis));
    assert_int_equal(diagnosis.pattern, KEY_EVEN);
    drop(&study, &arena);
}

static void the_middle_of_several_runs_is_shown(void **state)
{
    (void)state;
    struct study_cell cell = {.measured_count = 3};
    cell.measured[0].end_max_mean = 3;
    cell.measured[1].end_max_mean = 1;
    cell.measured[2].end_max_mean = 2;
    assert_ptr_equal(study_cell_run(&cell), &cell.measured[2]);
    cell.measured_count = 0;
    assert_ptr_equal(study_cell_run(&cell), &cell.predicted);
}

static void verdicts_are_told_apart(void **state)
{
    (void)state;
    struct error error = {0};
    static const struct {
        const char *verdict;
        double first, middle, last; /* max/mean of each third of 60 s */
        int after_s;
    } cases[] = {{"even", 1.1, 1.1, 1.1, 0}, {"cured", 3, 1.1, 1.1, 20},
        {"comes back", 3, 1.1, 3, 20}, {"not cured", 3, 3, 3, -1},
        {"better, not cured", 3, 2, 2, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct study_run run;
        assert_ok(study_run_init(&run, 60, 4, &error), &error);
        run.seconds = 60;
        for (unsigned second = 0; second < 60; second++)
            run.max_mean[second] = second < 20   ? cases[i].first
                                   : second < 40 ? cases[i].middle
                                                 : cases[i].last;
        study_run_conclude(&run);
        assert_string_equal(study_run_verdict(&run), cases[i].verdict);
        assert_int_equal(run.balanced_after_s, cases[i].after_s);
        study_run_deinit(&run);
    }
}

static void a_blind_presplit_leaves_tablets_idle(void **state)
{
    (void)state;
    struct error error = {0};
    struct study study;
    struct arena arena = {0};
    struct study_axes axes = {.presplits = {PRESPLIT_ROWS, PRESPLIT_BYTES, PRESPLIT_NONE},
        .presplit_count = 3,
        .splits = {false},
        .split_count = 1,
        .balancers = {false},
        .balancer_count = 1};
    study = (struct study){.settings = model_settings_default(), .tablets = 32, .requests = 1000};
    study.scenario = *scenario_find("uniform");
    study.scenario.population = 4000;
    assert_ok(study_plan_make(&study, "md5", &axes, &arena, &error), &error);
    assert_ok(study_plan_predict(&study, 1, false, &error), &error);
    /* the HBase book's worked example: hex digits lie in two of four equal parts of the space of bytes */
    assert_true(study.cells[0].predicted.end_max_mean < 1.2);
    assert_true(study.cells[1].predicted.end_max_mean > 2);
    assert_true(study.cells[2].predicted.end_max_mean > 3.9);
    drop(&study, &arena);
}

static void check_queries(void *context, const struct scenario *scenario)
{
    struct study study;
    struct arena arena = {0};
    (void)context;
    make_of(&study, &arena, scenario->name, "raw", LIVE_ROWS);
    for (size_t i = 0; i < SCENARIO_QUERIES && study.scenario.queries[i].name; i++)
        if (study.designs[0].queries[i].rows_wanted == 0)
            fail_msg("%s: '%s' finds nothing", scenario->name, study.scenario.queries[i].name);
    drop(&study, &arena);
}

static void every_query_finds_rows(void **state)
{
    (void)state;
    scenario_each(check_queries, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_of_a_design_is_a_cell_with_a_name),
        cmocka_unit_test(pictures_escape_what_they_are_given),
        cmocka_unit_test(a_design_that_writes_what_others_read_is_marked),
        cmocka_unit_test(reports_say_whose_policies_were_assumed),
        cmocka_unit_test(a_picture_colours_verdicts_by_how_it_ended),
        cmocka_unit_test(a_conclusion_names_the_pattern_and_the_price),
        cmocka_unit_test(the_middle_of_several_runs_is_shown),
        cmocka_unit_test(verdicts_are_told_apart),
        cmocka_unit_test(a_blind_presplit_leaves_tablets_idle),
        cmocka_unit_test(every_query_finds_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
