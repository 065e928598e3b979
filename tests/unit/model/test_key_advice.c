#include "tests/support/support.h"

#include "model/key_advice.h"

#define BUCKETS 64
#define COLUMNS 20

static double loads[COLUMNS * BUCKETS];

static struct key_heat fill(double load)
{
    for (size_t i = 0; i < COLUMNS * BUCKETS; i++)
        loads[i] = load;
    return (struct key_heat){
        .loads = loads, .buckets = BUCKETS, .columns = COLUMNS, .column_s = 1, .servers = 4};
}

static void add_range(size_t from, size_t to, double load)
{
    for (size_t column = 0; column < COLUMNS; column++)
        for (size_t bucket = from; bucket < to; bucket++)
            loads[column * BUCKETS + bucket] += load;
}

static struct key_diagnosis diagnose(const struct key_heat *heat)
{
    struct key_diagnosis diagnosis;
    assert_true(key_advice_diagnose(heat, &diagnosis));
    assert_true(diagnosis.reason[0] && diagnosis.advice[0] && diagnosis.price[0]);
    return diagnosis;
}

static void an_even_load_needs_nothing(void **state)
{
    (void)state;
    struct key_heat heat = fill(10);
    assert_int_equal(diagnose(&heat).pattern, KEY_EVEN);
    heat.columns = 1;
    assert_int_equal(diagnose(&heat).pattern, KEY_EVEN);
}

static void scattered_busy_keys_are_even_enough(void **state)
{
    (void)state;
    struct key_heat heat = fill(1);
    for (size_t bucket = 1; bucket < BUCKETS; bucket += 8)
        add_range(bucket, bucket + 1, 20);
    struct key_diagnosis diagnosis = diagnose(&heat);
    assert_int_equal(diagnosis.pattern, KEY_EVEN);
    assert_true(diagnosis.max_mean > 2);
}

static void a_quarter_of_the_load_on_one_row_is_named(void **state)
{
    (void)state;
    struct key_heat heat = fill(10);
    heat.top_share = 0.25;
    heat.top_row = SPAN_LITERAL("user\x01");
    struct key_diagnosis diagnosis = diagnose(&heat);
    assert_int_equal(diagnosis.pattern, KEY_SINGLE_ROW);
    assert_false(diagnosis.is_cured_by_split);
    assert_non_null(strstr(diagnosis.reason, "user\\x01"));
    assert_non_null(strstr(diagnosis.price, "8 rows"));
    heat.top_share = 0.24;
    assert_int_equal(diagnose(&heat).pattern, KEY_EVEN);
}

static void new_keys_at_an_end_are_an_append(void **state)
{
    (void)state;
    struct key_heat heat = fill(1);
    add_range(BUCKETS - 1, BUCKETS, 1000);
    assert_int_equal(diagnose(&heat).pattern, KEY_APPEND);
    assert_non_null(strstr(diagnose(&heat).advice, "salt:8"));
    heat.is_cut_after = true; /* ... unless the keys go on there */
    assert_int_equal(diagnose(&heat).pattern, KEY_NARROW_RANGE);
    heat = fill(1);
    add_range(0, 1, 1000);
    assert_int_equal(diagnose(&heat).pattern, KEY_PREPEND);
    heat.is_cut_before = true;
    assert_int_equal(diagnose(&heat).pattern, KEY_NARROW_RANGE);
    /* the popular end of a Zipf distribution is no prepend */
    heat = fill(1);
    add_range(0, 1, 100);
    assert_int_equal(diagnose(&heat).pattern, KEY_NARROW_RANGE);
}

static void a_diagonal_is_an_append_or_a_prepend(void **state)
{
    (void)state;
    struct key_heat heat = fill(1);
    for (size_t column = 0; column < COLUMNS; column++)
        loads[column * BUCKETS + 10 + 2 * column] = 500;
    struct key_diagnosis diagnosis = diagnose(&heat);
    assert_int_equal(diagnosis.pattern, KEY_APPEND);
    assert_false(diagnosis.is_cured_by_split);
    heat = fill(1);
    for (size_t column = 0; column < COLUMNS; column++)
        loads[column * BUCKETS + 60 - 2 * column] = 500;
    assert_int_equal(diagnose(&heat).pattern, KEY_PREPEND);
    heat.columns = 3; /* says nothing about direction yet */
    assert_int_not_equal(diagnose(&heat).pattern, KEY_PREPEND);
}

static void a_range_is_narrow_or_a_cohort(void **state)
{
    (void)state;
    struct key_heat heat = fill(1);
    add_range(30, 32, 100);
    struct key_diagnosis diagnosis = diagnose(&heat);
    assert_int_equal(diagnosis.pattern, KEY_NARROW_RANGE);
    assert_true(diagnosis.from >= 30 && diagnosis.to <= 32);
    heat = fill(1);
    add_range(40, 52, 20);
    diagnosis = diagnose(&heat);
    assert_int_equal(diagnosis.pattern, KEY_WIDE_COHORT);
    assert_true(diagnosis.from >= 40 && diagnosis.to <= 52);
    assert_true(diagnosis.is_cured_by_split);
    assert_true(diagnosis.share > 0.5 && diagnosis.share < 0.9);
    assert_non_null(strstr(diagnosis.price, "whole table"));
}

/* As of a time before rows were counted (top_share 0). */
static void one_busy_range_may_be_one_row_when_rows_are_not_known(void **state)
{
    (void)state;
    struct key_heat heat = fill(1);
    add_range(30, 31, 100);
    struct key_diagnosis diagnosis = diagnose(&heat);
    assert_int_equal(diagnosis.pattern, KEY_NARROW_RANGE);
    assert_non_null(strstr(diagnosis.reason, "whether on one row is not known"));
    heat.top_share = 0.1;
    assert_null(strstr(diagnose(&heat).reason, "not known"));
    heat.top_share = 0;
    add_range(31, 32, 100); /* one row has no neighbours */
    assert_null(strstr(diagnose(&heat).reason, "not known"));
}

static void waves_are_told_from_one_wave(void **state)
{
    (void)state;
    struct key_heat heat = fill(1);
    for (size_t column = 3; column < COLUMNS; column += 5)
        for (size_t bucket = 0; bucket < BUCKETS; bucket++)
            loads[column * BUCKETS + bucket] = 50;
    struct key_diagnosis diagnosis = diagnose(&heat);
    assert_int_equal(diagnosis.pattern, KEY_PERIODIC);
    assert_true(diagnosis.period_s == 5);
    heat = fill(1);
    for (size_t bucket = 0; bucket < BUCKETS; bucket++)
        loads[7 * BUCKETS + bucket] = loads[8 * BUCKETS + bucket] = 50;
    assert_int_equal(diagnose(&heat).pattern, KEY_BURST);
}

static void what_cannot_be_judged_is_said_so(void **state)
{
    (void)state;
    struct key_heat heat = fill(0);
    struct key_diagnosis diagnosis;
    assert_false(key_advice_diagnose(&heat, &diagnosis));
    heat = fill(1);
    heat.buckets = 0;
    assert_false(key_advice_diagnose(&heat, &diagnosis));
    heat = fill(1);
    heat.buckets = KEY_ADVICE_BUCKETS_MOST + 1;
    assert_false(key_advice_diagnose(&heat, &diagnosis));
    heat = fill(1);
    heat.buckets = heat.columns = 1;
    assert_true(key_advice_diagnose(&heat, &diagnosis));
    assert_int_equal(diagnosis.pattern, KEY_EVEN);
}

static void a_salt_is_a_power_of_two_and_twice_the_servers(void **state)
{
    (void)state;
    assert_int_equal(key_advice_salt(0), 8);
    assert_int_equal(key_advice_salt(1), 4);
    assert_int_equal(key_advice_salt(5), 16);
    assert_int_equal(key_advice_salt(10000), 256);
}

/* Stripes of a salt: half the load lies within few neighbours, with cold keys between. */
static void stripes_are_no_range(void **state)
{
    (void)state;
    double striped[32] = {0};
    struct key_diagnosis diagnosis;
    struct key_heat heat = {.loads = striped, .buckets = 32, .columns = 1, .column_s = 1};
    for (size_t i = 3; i < 32; i += 8)
        striped[i] = 100;
    assert_true(key_advice_diagnose(&heat, &diagnosis));
    assert_int_equal(diagnosis.pattern, KEY_EVEN);
    assert_non_null(strstr(diagnosis.reason, "scattered"));
}

/* Ranges of even size that begin in one row of a coarse picture have its first key: the end told is the row's. */
static void a_range_ends_where_its_last_row_does(void **state)
{
    struct span starts[BUCKETS];
    (void)state;
    struct key_heat heat = fill(1);
    add_range(0, 4, 100);
    for (size_t i = 0; i < BUCKETS; i++)
        starts[i] = i < 16 ? SPAN_EMPTY : i < 32 ? SPAN_LITERAL("m") : SPAN_LITERAL("t");
    heat.starts = starts;
    struct key_diagnosis diagnosis = diagnose(&heat);
    assert_non_null(strstr(diagnosis.reason, "(from the beginning to m)"));
    heat = fill(1);
    add_range(60, 63, 100);
    heat.starts = starts;
    diagnosis = diagnose(&heat);
    assert_non_null(strstr(diagnosis.reason, "(from t to the end)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_even_load_needs_nothing),
        cmocka_unit_test(scattered_busy_keys_are_even_enough),
        cmocka_unit_test(a_quarter_of_the_load_on_one_row_is_named),
        cmocka_unit_test(new_keys_at_an_end_are_an_append),
        cmocka_unit_test(a_diagonal_is_an_append_or_a_prepend),
        cmocka_unit_test(a_range_is_narrow_or_a_cohort),
        cmocka_unit_test(one_busy_range_may_be_one_row_when_rows_are_not_known),
        cmocka_unit_test(a_range_ends_where_its_last_row_does),
        cmocka_unit_test(waves_are_told_from_one_wave),
        cmocka_unit_test(what_cannot_be_judged_is_said_so),
        cmocka_unit_test(stripes_are_no_range),
        cmocka_unit_test(a_salt_is_a_power_of_two_and_twice_the_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
