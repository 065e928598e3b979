/* Tablets through storage.h: writes, reads, restart, flush, compaction, close. */
#include "tests/support/tablet_world.h"

#include "base/memory.h"

static int set_up(void **state)
{
    return tablet_world_set_up(state, 1, "f;g:VERSIONS=3");
}

static void restart(struct tablet_world *world, enum env_memory_power_cut how)
{
    struct error error = {0};
    tablet_world_crash(world, how);
    assert_ok(tablet_world_start(world, &error), &error);
}

static void test_put_then_get(void **state)
{
    struct tablet_world *world = *state;
    world_put(world, "r1", "f:a", 10, "x");
    world_put(world, "r1", "g:b", 11, "y");
    world_put(world, "r2", "f:a", 12, "z");
    assert_string_equal(world_get(world, "r1", NULL, 1), "r1 f:a@10=x;r1 g:b@11=y");
    assert_string_equal(world_get(world, "r1", "g:b", 1), "r1 g:b@11=y");
    assert_string_equal(world_get(world, "r1", "g:c", 1), "");
    assert_string_equal(world_get(world, "r0", NULL, 1), "");
    assert_string_equal(world_scan_all(world), "r1 f:a@10=x;r1 g:b@11=y;r2 f:a@12=z");
}

static void test_versions_and_deletes(void **state)
{
    struct tablet_world *world = *state;
    for (int i = 1; i <= 5; i++) {
        char value[2] = {(char)('0' + i), 0};
        world_put(world, "r", "g:q", i, value);
    }
    assert_string_equal(world_get(world, "r", NULL, 9), "r g:q@5=5;r g:q@4=4;r g:q@3=3");
    world_delete(world, CELL_DELETE, "r", "g:q", TIMESTAMP_LATEST);
    assert_string_equal(world_get(world, "r", NULL, 9), "r g:q@4=4;r g:q@3=3;r g:q@2=2");
    world_delete(world, CELL_DELETE_COLUMN, "r", "g:q", 3);
    assert_string_equal(world_get(world, "r", NULL, 9), "r g:q@4=4");
}

/* The clock goes back, the tablet is opened anew: what comes after a delete is seen all the same. */
static void test_a_put_after_a_delete_is_seen(void **state)
{
    struct tablet_world *world = *state;
    for (int i = 0; i < 3; i++) {
        world_put(world, "r", "f:a", TIMESTAMP_LATEST, "x");
        world_delete(world, CELL_DELETE_FAMILY, "r", "f:", TIMESTAMP_LATEST);
        assert_string_equal(world_get(world, "r", "f:a", 1), "");
        env_memory_jump_wall_ms(world->env, i == 0 ? -1 : -60000);
        if (i == 1)
            restart(world, ENV_CUT_LOSE_ALL);
        world_put(world, "r", "f:a", TIMESTAMP_LATEST, "y");
        assert_non_null(strstr(world_get(world, "r", "f:a", 1), "=y"));
        world_delete(world, CELL_DELETE_COLUMN, "r", "f:a", TIMESTAMP_LATEST);
        assert_string_equal(world_get(world, "r", "f:a", 1), "");
    }
}

/* Each increment of one millisecond is stamped with the next one. */
static void test_a_delete_after_increments_hides_them(void **state)
{
    struct tablet_world *world = *state;
    for (int i = 0; i < 5; i++)
        (void)world_increment(world, "r", "f:n", 1, 0);
    world_delete(world, CELL_DELETE_FAMILY, "r", "f:", TIMESTAMP_LATEST);
    assert_string_equal(world_get(world, "r", "f:n", 1), "");
    assert_int_equal(world_increment(world, "r", "f:n", 1, 0), 1);
    restart(world, ENV_CUT_LOSE_ALL);
    world_delete(world, CELL_DELETE_FAMILY, "r", "f:", TIMESTAMP_LATEST);
    assert_string_equal(world_get(world, "r", "f:n", 1), "");
}

static void test_what_was_acknowledged_survives_a_power_cut(void **state)
{
    struct tablet_world *world = *state;
    world_put(world, "r1", "f:a", 10, "x");
    restart(world, ENV_CUT_LOSE_ALL);
    assert_string_equal(world_scan_all(world), "r1 f:a@10=x");
    world_put(world, "r1", "f:a", 11, "y");
    restart(world, ENV_CUT_LOSE_ALL);
    restart(world, ENV_CUT_LOSE_ALL);
    assert_string_equal(world_scan_all(world), "r1 f:a@11=y");
}

static void test_flush_keeps_answers(void **state)
{
    struct tablet_world *world = *state;
    struct error error = {0};
    world_put(world, "r1", "f:a", 10, "x");
    world_put(world, "r2", "g:a", 10, "y");
    assert_status(world_flush(world), STATUS_OK);
    struct tablet_statistics statistics;
    tablet_statistics_read(world->tablet, &statistics);
    assert_int_equal(statistics.sstable_count, 2);
    assert_int_equal(statistics.memtable_bytes, 0);
    assert_string_equal(world_scan_all(world), "r1 f:a@10=x;r2 g:a@10=y");
    world_put(world, "r1", "f:a", 11, "z");
    assert_string_equal(world_scan_all(world), "r1 f:a@11=z;r2 g:a@10=y");
    assert_string_equal(world_get(world, "r1", NULL, 1), "r1 f:a@11=z");
    restart(world, ENV_CUT_LOSE_ALL);
    assert_string_equal(world_scan_all(world), "r1 f:a@11=z;r2 g:a@10=y");
    tablet_world_stop(world);
    assert_ok(tablet_world_start(world, &error), &error);
    tablet_statistics_read(world->tablet, &statistics);
    assert_int_equal(statistics.memtable_bytes, 0);
    assert_string_equal(world_scan_all(world), "r1 f:a@11=z;r2 g:a@10=y");
}

static void test_compaction_keeps_answers_and_makes_one_file(void **state)
{
    struct tablet_world *world = *state;
    struct error error = {0};
    for (int i = 0; i < 6; i++) {
        char row[3] = {'r', (char)('0' + i), 0};
        world_put(world, row, "f:a", 10 + i, "x");
        world_put(world, "all", "f:a", 10 + i, "x");
        assert_status(world_flush(world), STATUS_OK);
    }
    world_delete(world, CELL_DELETE_COLUMN, "r3", "f:a", 100);
    assert_status(world_flush(world), STATUS_OK);
    const char *before = world_scan_all(world);
    assert_status(world_compact(world, true), STATUS_OK);
    struct tablet_statistics statistics;
    tablet_statistics_read(world->tablet, &statistics);
    assert_int_equal(statistics.sstable_count, 1);
    assert_string_equal(world_scan_all(world), before);
    restart(world, ENV_CUT_LOSE_ALL);
    assert_string_equal(world_scan_all(world), before);
    tablet_world_stop(world);
    assert_ok(tablet_world_start(world, &error), &error);
    assert_string_equal(world_scan_all(world), before);
}

/* A compaction needs room for what it writes before what it read can go. */
static void test_a_compaction_without_room_is_refused_and_leaves_nothing(void **state)
{
    struct tablet_world *world = *state;
    for (int i = 0; i < 2; i++) {
        world_put(world, "r", i ? "f:b" : "f:a", 10, "x");
        assert_status(world_flush(world), STATUS_OK);
    }
    env_memory_set_space(world->env, world->config.log_segment_bytes);
    assert_status(world_compact(world, true), STATUS_NO_SPACE);
    struct tablet_statistics statistics;
    tablet_statistics_read(world->tablet, &statistics);
    assert_int_equal(statistics.sstable_count, 2);
    assert_string_equal(world_scan_all(world), "r f:a@10=x;r f:b@10=x");
    env_memory_set_space(world->env, UINT64_MAX);
    assert_status(world_compact(world, true), STATUS_OK);
    tablet_statistics_read(world->tablet, &statistics);
    assert_int_equal(statistics.sstable_count, 1);
    assert_string_equal(world_scan_all(world), "r f:a@10=x;r f:b@10=x");
}

static void test_increments_add_up_over_restarts_and_flushes(void **state)
{
    struct tablet_world *world = *state;
    assert_int_equal(world_increment(world, "c", "f:n", 5, 0), 5);
    assert_int_equal(world_increment(world, "c", "f:n", 7, 0), 12);
    restart(world, ENV_CUT_LOSE_ALL);
    assert_int_equal(world_increment(world, "c", "f:n", 1, 0), 13);
    assert_status(world_flush(world), STATUS_OK);
    assert_int_equal(world_increment(world, "c", "f:n", -3, 0), 10);
}

static void test_a_repeated_nonce_counts_once(void **state)
{
    struct tablet_world *world = *state;
    assert_int_equal(world_increment(world, "c", "f:n", 5, 99), 5);
    assert_int_equal(world_increment(world, "c", "f:n", 5, 99), 5);
    restart(world, ENV_CUT_LOSE_ALL);
    assert_int_equal(world_increment(world, "c", "f:n", 5, 99), 5);
    assert_status(world_flush(world), STATUS_OK);
    restart(world, ENV_CUT_LOSE_ALL);
    assert_int_equal(world_increment(world, "c", "f:n", 5, 99), 5);
    assert_int_equal(world_increment(world, "c", "f:n", 5, 100), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put_then_get, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(test_versions_and_deletes, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_put_after_a_delete_is_seen, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_delete_after_increments_hides_them, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(
            test_what_was_acknowledged_survives_a_power_cut, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(test_flush_keeps_answers, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(
            test_compaction_keeps_answers_and_makes_one_file, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(
            test_increments_add_up_over_restarts_and_flushes, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_repeated_nonce_counts_once, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_compaction_without_room_is_refused_and_leaves_nothing, set_up,
            tablet_world_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
