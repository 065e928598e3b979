/* Heat over ranges of one size: loads are kept, rows and tablets of any size find their place. */
#include <math.h>

#include "model/heat_even.h"
#include "tests/support/support.h"

static struct span key(const char *text)
{
    return span_string(text);
}

static double sum_of(const struct heat_even *even)
{
    double sum = 0;
    for (size_t i = 0; i < even->ranges * even->columns; i++)
        sum += even->loads[i];
    return sum;
}

static enum status make(const struct heat_grid *grid, const struct heat_extent *tablets,
    size_t tablet_count, size_t ranges, struct arena *arena, struct heat_even *out_even)
{
    double bytes[8] = {0};
    heat_even_weigh(grid, tablets, tablet_count, bytes);
    return heat_even_make(grid, bytes, ranges, arena, out_even);
}

/* One busy tablet of four equal ones, cut in four rows; the others are one cold row. */
static void a_cold_row_over_many_tablets_is_as_wide_as_they_are(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct heat_even even;
    struct span bounds[] = {key(""), key("c"), key("f"), key("i"), key("m"), key("")};
    double values[] = {10, 20, 30, 40, 0};
    struct heat_grid grid = {.bounds = bounds, .row_count = 5, .values = values, .column_count = 1};
    struct heat_extent tablets[] = {{key(""), key("m"), 100}, {key("m"), key("p"), 100},
        {key("p"), key("t"), 100}, {key("t"), key(""), 100}};
    assert_int_equal(make(&grid, tablets, 4, 16, &arena, &even), STATUS_OK);
    for (size_t i = 0; i < 16; i++)
        assert_true(fabs(even.loads[i] - (i < 4 ? values[i] : 0)) < 1e-6);
    assert_int_equal(even.rows[0], 0);
    assert_int_equal(even.rows[3], 3);
    assert_int_equal(even.rows[4], 4);
    assert_int_equal(even.rows[15], 4);
    arena_deinit(&arena);
}

static void a_small_tablets_rows_share_a_range(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct heat_even even;
    struct span bounds[] = {key(""), key("b"), key("c"), key("")};
    double values[] = {1, 2, 5, 10, 20, 50}; /* two columns */
    struct heat_grid grid = {.bounds = bounds, .row_count = 3, .values = values, .column_count = 2};
    struct heat_extent tablets[] = {{key(""), key("c"), 100}, {key("c"), key(""), 300}};
    assert_int_equal(make(&grid, tablets, 2, 4, &arena, &even), STATUS_OK);
    assert_true(fabs(even.loads[0] - 3) < 1e-6);
    assert_true(fabs(even.loads[1] - 5.0 / 3) < 1e-6);
    assert_true(fabs(even.loads[4] - 30) < 1e-6);
    assert_true(fabs(sum_of(&even) - 88) < 1e-6);
    arena_deinit(&arena);
}

/* After a split the rows do not end where the tablets do. */
static void rows_and_tablets_that_overlap_keep_the_load(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct heat_even even;
    struct span bounds[] = {key(""), key("d"), key("h"), key("")};
    double values[] = {1, 100, 1};
    struct heat_grid grid = {.bounds = bounds, .row_count = 3, .values = values, .column_count = 1};
    struct heat_extent tablets[] = {
        {key(""), key("b"), 50}, {key("b"), key("f"), 70}, {key("f"), key(""), 30}};
    assert_int_equal(make(&grid, tablets, 3, 100, &arena, &even), STATUS_OK);
    assert_true(fabs(sum_of(&even) - 102) < 1e-6);
    /* no tablet is known: nothing can be said */
    assert_int_equal(make(&grid, tablets, 0, 100, &arena, &even), STATUS_OK);
    assert_true(sum_of(&even) == 0);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cold_row_over_many_tablets_is_as_wide_as_they_are),
        cmocka_unit_test(a_small_tablets_rows_share_a_range),
        cmocka_unit_test(rows_and_tablets_that_overlap_keep_the_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
