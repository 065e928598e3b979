/* What lies inside a tablet, by its stretches and hot rows. */
#include "tests/support/support.h"

#include <stdio.h>

#include "server/heat/heat_diagnosis.h"

#define STRETCHES 32

static char names[STRETCHES][8];
static struct span starts[STRETCHES];
static struct heat_values values[STRETCHES];

/* A tablet in the middle of its table, 100 operations a second, even. */
static struct heat_tablet make_tablet(void)
{
    for (unsigned i = 0; i < STRETCHES; i++) {
        snprintf(names[i], sizeof names[i], "k%02u", i);
        starts[i] = span_string(names[i]);
        values[i] = (struct heat_values){.of[HEAT_READS] = 100};
    }
    return (struct heat_tablet){.tablet_id = SPAN_LITERAL("t1"),
        .start_key = starts[0],
        .end_key = SPAN_LITERAL("l"),
        .per_s = {.of[HEAT_READS] = 100},
        .stretches = {starts, values, STRETCHES, SPAN_LITERAL("l")}};
}

static struct key_diagnosis diagnose(const struct heat_tablet *tablet, const struct heat_rows *rows)
{
    struct key_diagnosis diagnosis;
    assert_true(heat_diagnose_tablet(tablet, rows, HEAT_OPS, 3, &diagnosis));
    assert_true(diagnosis.reason[0] && diagnosis.advice[0]);
    return diagnosis;
}

static const struct heat_rows no_rows;

static void an_even_tablet_is_even(void **state)
{
    (void)state;
    struct heat_tablet tablet = make_tablet();
    assert_int_equal(diagnose(&tablet, &no_rows).pattern, KEY_EVEN);
}

static void a_hot_stretch_is_a_narrow_range(void **state)
{
    (void)state;
    struct heat_tablet tablet = make_tablet();
    values[7].of[HEAT_READS] = 9000;
    struct key_diagnosis diagnosis = diagnose(&tablet, &no_rows);
    assert_int_equal(diagnosis.pattern, KEY_NARROW_RANGE);
    assert_non_null(strstr(diagnosis.reason, "k07"));
    for (unsigned i = 8; i < 14; i++)
        values[i].of[HEAT_READS] = 9000;
    assert_int_equal(diagnose(&tablet, &no_rows).pattern, KEY_WIDE_COHORT);
}

static void an_end_of_a_tablet_is_an_append_only_where_the_table_ends(void **state)
{
    (void)state;
    struct heat_tablet tablet = make_tablet();
    values[STRETCHES - 1].of[HEAT_READS] = 90000;
    assert_int_equal(diagnose(&tablet, &no_rows).pattern, KEY_NARROW_RANGE);
    tablet.end_key = SPAN_EMPTY;
    assert_int_equal(diagnose(&tablet, &no_rows).pattern, KEY_APPEND);
    tablet = make_tablet();
    values[0].of[HEAT_READS] = 90000;
    assert_int_equal(diagnose(&tablet, &no_rows).pattern, KEY_NARROW_RANGE);
    tablet.start_key = SPAN_EMPTY;
    assert_int_equal(diagnose(&tablet, &no_rows).pattern, KEY_PREPEND);
}

static void a_row_counts_for_its_own_tablet_and_without_its_error(void **state)
{
    (void)state;
    struct heat_tablet tablet = make_tablet();
    struct heat_row row = {.tablet_id = SPAN_LITERAL("t1"),
        .row = SPAN_LITERAL("k07x"),
        .window_s = 60,
        .count = 4000,
        .error = 1000};
    struct heat_rows rows = {&row, 1};
    struct key_diagnosis diagnosis = diagnose(&tablet, &rows); /* 50 of 100 a second for sure */
    assert_int_equal(diagnosis.pattern, KEY_SINGLE_ROW);
    assert_true(diagnosis.share > 0.49 && diagnosis.share < 0.51);
    row.error = 3000;
    assert_int_equal(diagnose(&tablet, &rows).pattern, KEY_EVEN);
    row.error = 0;
    row.tablet_id = SPAN_LITERAL("t2");
    assert_int_equal(diagnose(&tablet, &rows).pattern, KEY_EVEN);
}

static void of_little_nothing_is_said(void **state)
{
    (void)state;
    struct heat_tablet tablet = make_tablet();
    struct key_diagnosis diagnosis;
    tablet.per_s.of[HEAT_READS] = 4;
    assert_false(heat_diagnose_tablet(&tablet, &no_rows, HEAT_OPS, 3, &diagnosis));
    tablet = make_tablet();
    tablet.stretches.count = 1; /* not cut yet */
    assert_false(heat_diagnose_tablet(&tablet, &no_rows, HEAT_OPS, 3, &diagnosis));
    tablet.stretches.count = 0;
    assert_false(heat_diagnose_tablet(&tablet, &no_rows, HEAT_OPS, 3, &diagnosis));
    tablet = make_tablet();
    assert_false(heat_diagnose_tablet(&tablet, &no_rows, HEAT_BYTES, 3, &diagnosis));
}

static void rows_tell_of_what_reaches_to_now(void **state)
{
    (void)state;
    assert_true(heat_rows_tell_of(1000, 1000));
    assert_true(heat_rows_tell_of(1000 + 3600, 1000));
    assert_true(heat_rows_tell_of(880, 1000));
    assert_false(heat_rows_tell_of(879, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_even_tablet_is_even),
        cmocka_unit_test(a_hot_stretch_is_a_narrow_range),
        cmocka_unit_test(an_end_of_a_tablet_is_an_append_only_where_the_table_ends),
        cmocka_unit_test(a_row_counts_for_its_own_tablet_and_without_its_error),
        cmocka_unit_test(of_little_nothing_is_said),
        cmocka_unit_test(rows_tell_of_what_reaches_to_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
