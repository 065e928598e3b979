#include "tests/support/support.h"

#include <stdio.h>

#include "server/master/normalizer.h"

#define MB 1048576ull

/* The plan for sizes in MB of old, quiet tablets, as text: "s0 m2+3 ". */
static const char *plan_of(const struct normalizer_tablet *tablets, size_t count,
    const struct table_schema *schema, const struct normalizer_settings *settings)
{
    static char text[512];
    struct arena arena = {0};
    struct normalizer_step *steps;
    size_t step_count, size = 0;
    text[0] = 0;
    assert_status(
        normalizer_plan(tablets, count, schema, settings, &arena, &steps, &step_count), STATUS_OK);
    for (size_t i = 0; i < step_count; i++)
        size += (size_t)snprintf(text + size, sizeof text - size,
            steps[i].is_split ? "s%zu " : "m%zu+%zu ", steps[i].first, steps[i].count);
    arena_deinit(&arena);
    return text;
}

static void tablets_of(struct normalizer_tablet *tablets, const unsigned *sizes_mb, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tablets[i] = (struct normalizer_tablet){
            .size_bytes = sizes_mb[i] * MB, .age_ms = INT64_MAX};
}

static void large_ones_are_split_and_small_neighbours_merged(void **state)
{
    static const struct {
        unsigned sizes_mb[8];
        size_t count;
        const char *plan;
    } rows[] = {
        {{10, 10, 10}, 3, ""},
        {{10, 10, 100, 10}, 4, "m0+2 s2 "},
        {{1, 1, 1, 1, 100}, 5, "m0+4 s4 "},
        {{5, 5, 20, 5, 5}, 5, "s2 "},
        {{5, 5, 12, 5, 5}, 5, ""},
        {{4, 4, 22, 4, 4}, 5, "s2 "},
        {{3, 3, 30, 3, 3}, 5, "m0+2 s2 m3+2 "},
        {{0, 0, 0, 0}, 4, "m0+4 "},
        {{100}, 1, ""},
        {{1, 100}, 2, ""},
        {{0}, 0, ""},
    };
    struct normalizer_settings settings = normalizer_settings_default();
    struct normalizer_tablet tablets[8];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tablets_of(tablets, rows[i].sizes_mb, rows[i].count);
        assert_string_equal(plan_of(tablets, rows[i].count, NULL, &settings), rows[i].plan);
    }
}

static void the_table_may_name_the_target(void **state)
{
    static const unsigned sizes_mb[] = {10, 10, 10, 10};
    struct normalizer_settings settings = normalizer_settings_default();
    struct normalizer_tablet tablets[4];
    struct attribute attribute = {
        SPAN_LITERAL("NORMALIZER_TARGET_REGION_SIZE_MB"), SPAN_LITERAL("20")};
    struct table_schema schema = {.attributes = &attribute, .attribute_count = 1};
    (void)state;
    tablets_of(tablets, sizes_mb, 4);
    assert_string_equal(plan_of(tablets, 4, &schema, &settings), "m0+2 m2+2 ");
    attribute.value = SPAN_LITERAL("4");
    assert_string_equal(plan_of(tablets, 4, &schema, &settings), "s0 s1 s2 s3 ");
    attribute = (struct attribute){
        SPAN_LITERAL("NORMALIZER_TARGET_REGION_COUNT"), SPAN_LITERAL("1")};
    assert_string_equal(plan_of(tablets, 4, &schema, &settings), "m0+4 ");
    attribute.value = SPAN_LITERAL("-1");
    assert_string_equal(plan_of(tablets, 4, &schema, &settings), "");
}

static void what_is_busy_young_hot_or_too_small_is_not_merged(void **state)
{
    static const unsigned sizes_mb[] = {2, 2, 2, 2, 50};
    struct normalizer_settings settings = normalizer_settings_default();
    struct normalizer_tablet tablets[5];
    (void)state;
    tablets_of(tablets, sizes_mb, 5);
    tablets[1].is_busy = true;
    tablets[4].is_busy = true;
    assert_string_equal(plan_of(tablets, 5, NULL, &settings), "m2+2 ");
    tablets[2].requests_per_s = 1000;
    assert_string_equal(plan_of(tablets, 5, NULL, &settings), "");
    tablets_of(tablets, sizes_mb, 5);
    tablets[0].age_ms = 1000;
    assert_string_equal(plan_of(tablets, 5, NULL, &settings), "m1+3 s4 ");
    settings.merge_bytes = 3 * MB;
    assert_string_equal(plan_of(tablets, 5, NULL, &settings), "s4 ");
    settings.splits = false;
    settings.merge_bytes = 0;
    assert_string_equal(plan_of(tablets, 5, NULL, &settings), "m1+3 ");
    settings.merges = false;
    assert_string_equal(plan_of(tablets, 5, NULL, &settings), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_ones_are_split_and_small_neighbours_merged),
        cmocka_unit_test(the_table_may_name_the_target),
        cmocka_unit_test(what_is_busy_young_hot_or_too_small_is_not_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
