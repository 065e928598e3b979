/* Where a tablet's data is: the row to split it at, and bounds of even parts. */
#include "tests/support/tablet_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "storage/tablet.h"

static int set_up(void **state)
{
    log_set_level(LOG_ERROR);
    return tablet_world_set_up(state, 5, "f:VERSIONS=3;g");
}

static void test_a_tablet_is_split_in_the_middle_of_its_data(void **state)
{
    struct tablet_world *world = *state;
    struct error error = {0};
    struct span row;
    assert_status(tablet_split_row(world->tablet, &world->arena, &row, &error), STATUS_NOT_FOUND);
    char value[1001];
    memset(value, 'v', 1000);
    value[1000] = '\0';
    for (int i = 0; i < 200; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%05d", i);
        world_put(world, key, "f:a", 1, value);
    }
    assert_status(world_flush(world), STATUS_OK);
    assert_ok(tablet_split_row(world->tablet, &world->arena, &row, &error), &error);
    assert_true(span_compare(row, SPAN_LITERAL("00040")) > 0);
    assert_true(span_compare(row, SPAN_LITERAL("00160")) < 0);
}

static void assert_even_bounds(struct tablet_world *world, int rows)
{
    struct error error = {0};
    struct span *bounds;
    size_t count;
    assert_ok(tablet_data_bounds(world->tablet, 8, &world->arena, &bounds, &count, &error), &error);
    assert_int_equal(count, 7);
    for (int i = 0; i < 7; i++) {
        char digits[] = "00000"; /* of which an index keeps as many as it needs */
        memcpy(digits, bounds[i].data, bounds[i].size);
        int row = atoi(digits);
        assert_in_range(row, rows * (i + 1) / 8 - rows / 10, rows * (i + 1) / 8 + rows / 10);
    }
}

static void test_bounds_follow_the_data_in_memory_and_in_files(void **state)
{
    struct tablet_world *world = *state;
    struct error error = {0};
    struct span *bounds;
    size_t count;
    assert_ok(tablet_data_bounds(world->tablet, 8, &world->arena, &bounds, &count, &error), &error);
    assert_int_equal(count, 0);
    char value[301], key[16];
    memset(value, 'v', 300);
    value[300] = '\0';
    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof(key), "%05d", i);
        world_put(world, key, "f:a", 1, value);
    }
    assert_even_bounds(world, 2000);
    assert_status(world_flush(world), STATUS_OK);
    assert_even_bounds(world, 2000);
    for (int i = 2000; i < 4000; i++) {
        snprintf(key, sizeof(key), "%05d", i);
        world_put(world, key, "f:a", 1, value);
    }
    assert_ok(tablet_data_bounds(world->tablet, 2, &world->arena, &bounds, &count, &error), &error);
    assert_int_equal(count, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tablet_world_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_tablet_is_split_in_the_middle_of_its_data),
        TEST(test_bounds_follow_the_data_in_memory_and_in_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
