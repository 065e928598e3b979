/* A design that loses or changes what it is given is found, before it is compared with others. */
#include "tests/support/support.h"

#include "bench/study/study_check.h"
#include "tests/unit/bench/study_axes.h"

static void make(struct study *study, struct arena *arena, const char *designs)
{
    struct error error = {0};
    *study = (struct study){.settings = model_settings_default(), .tablets = 8, .requests = 1000};
    study->scenario = *scenario_find("national-id");
    study->scenario.population = 500;
    study->settings.seconds = 2;
    assert_ok(study_plan_make(study, designs, &study_axes_plain, arena, &error), &error);
    assert_ok(study_plan_predict(study, 1, true, &error), &error);
}

static void drop(struct study *study, struct arena *arena)
{
    study_plan_deinit(study);
    arena_deinit(arena);
}

/* Rows of one design, taken apart by another of the same length: the keys come out wrong. */
static void a_mapper_that_decodes_wrongly_is_named(void **state)
{
    (void)state;
    struct study study;
    struct arena arena = {0};
    struct error error = {0};
    bool is_decodable = true;
    make(&study, &arena, "raw;order:serial,birth;reverse;md5");
    const struct row_set *raw = &study.designs[0].set;
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(study_check_decoding(raw, &study.designs[i].mapper, &is_decodable, &error),
            STATUS_CORRUPT);
        assert_non_null(strstr(error.message, study.designs[i].mapper.name));
        assert_non_null(strstr(error.message, "gives another key back"));
        assert_false(is_decodable);
    }
    assert_ok(study_check_decoding(raw, &study.designs[0].mapper, &is_decodable, &error), &error);
    assert_true(is_decodable && study.designs[2].is_decodable);
    assert_false(study.designs[3].is_decodable);
    /* one byte of one row is enough */
    raw->rows[321].bytes[11] ^= 1;
    assert_int_equal(
        study_check_decoding(raw, &study.designs[0].mapper, &is_decodable, &error), STATUS_CORRUPT);
    drop(&study, &arena);
}

static void a_design_that_finds_fewer_rows_is_named(void **state)
{
    (void)state;
    struct study study;
    struct arena arena = {0};
    struct error error = {0};
    make(&study, &arena, "raw;salt:4");
    assert_ok(study_check_predicted(&study, &error), &error);
    study.designs[1].queries[0].rows_wanted--;
    assert_int_equal(study_check_predicted(&study, &error), STATUS_CORRUPT);
    assert_non_null(strstr(error.message, "'salt:4'"));
    drop(&study, &arena);
}

static void answers_of_a_cluster_that_differ_are_named(void **state)
{
    (void)state;
    struct study study;
    struct arena arena = {0};
    struct error error = {0};
    make(&study, &arena, "raw;salt:4");
    for (size_t i = 0; i < study.cell_count; i++) {
        study.cells[i].has_seen = true;
        study.cells[i].seen[0] = (struct query_seen){
            .rows_wanted = study.designs[i].queries[0].rows_wanted, .digest = 77};
    }
    assert_ok(study_check_seen(&study, 1, &error), &error);
    study.cells[1].seen[0].digest++; /* as many rows, but others */
    assert_int_equal(study_check_seen(&study, 1, &error), STATUS_CORRUPT);
    assert_non_null(strstr(error.message, "other rows with 'salt:4' than with 'raw'"));
    study.cells[1].seen[0].digest--;
    study.cells[1].seen[0].rows_wanted++;
    assert_int_equal(study_check_seen(&study, 1, &error), STATUS_CORRUPT);
    drop(&study, &arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mapper_that_decodes_wrongly_is_named),
        cmocka_unit_test(a_design_that_finds_fewer_rows_is_named),
        cmocka_unit_test(answers_of_a_cluster_that_differ_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
