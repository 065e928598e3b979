/* Writes while memory runs short: flushed early, slowed down, refused. */
#include "tests/support/tablet_world.h"
#include "tests/support/write_parts.h"

#include <stdio.h>

#include "base/log_lines.h"
#include "base/memory.h"

static int set_up(void **state)
{
    log_set_level(LOG_ERROR);
    return tablet_world_set_up(state, 5, "f:VERSIONS=3;g");
}

static void test_memory_that_runs_short_is_flushed(void **state)
{
    struct tablet_world *world = *state;
    struct error error = {0};
    tablet_world_stop(world);
    world->config.memtable_budget_bytes = 16 << 20;
    assert_ok(tablet_world_start(world, &error), &error);
    char *value = memory_allocate(100001);
    memset(value, 'v', 100000);
    value[100000] = '\0';
    for (int i = 0; i < 400; i++) { /* 40 MB */
        char row[16];
        snprintf(row, sizeof(row), "%05d", i);
        world_put(world, row, "f:a", 1, value);
    }
    struct store_statistics statistics;
    store_statistics_read(world->store, &statistics);
    assert_true(statistics.flushes >= 3);
    assert_true(statistics.memtable_bytes <= statistics.memtable_budget_bytes);
    memory_free(value);
    struct tablet_statistics tablet;
    tablet_statistics_read(world->tablet, &tablet);
    assert_true(tablet.cells_written == 400);
}

/* One cell of so many bytes: put, or refused. */
static enum status put_bytes(
    struct tablet_world *world, const char *row, size_t size, struct error *out_error)
{
    uint8_t *value = memory_allocate_zeroed(1, size);
    struct cell cell = make_cell(row, "f", "q", 1, CELL_PUT, "");
    cell.value = span_make(value, size);
    struct mutation mutation = make_mutation(MUTATION_PUT, &cell, 1);
    struct write_operation operation = make_operation(&mutation, 1);
    world_write(world, &operation, 1);
    memory_free(value);
    error_clear(out_error);
    if (operation.status)
        error_set(out_error, operation.status, "%s", write_operation_reason(&operation));
    return operation.status;
}

static void start_with_a_megabyte(struct tablet_world *world)
{
    struct error error = {0};
    tablet_world_stop(world);
    world->config.memtable_budget_bytes = 1 << 20;
    assert_ok(tablet_world_start(world, &error), &error);
}

static void test_a_write_waits_when_memory_is_nearly_gone(void **state)
{
    struct tablet_world *world = *state;
    struct store_statistics statistics;
    struct error error;
    start_with_a_megabyte(world);
    assert_status(put_bytes(world, "a", 900000, &error), STATUS_OK); /* over 4/5 */
    store_statistics_read(world->store, &statistics);
    assert_int_equal(statistics.writes_delayed, 0);
    uint64_t before_ns = env_monotonic_ns(world->env);
    assert_status(put_bytes(world, "b", 1, &error), STATUS_OK);
    store_statistics_read(world->store, &statistics);
    assert_int_equal(statistics.writes_delayed, 1);
    assert_int_equal(statistics.writes_refused, 0);
    assert_true(statistics.writes_delay_ns > 0);
    assert_true(env_monotonic_ns(world->env) - before_ns >= statistics.writes_delay_ns);
}

static void test_a_write_is_refused_while_memory_is_full(void **state)
{
    struct tablet_world *world = *state;
    struct store_statistics statistics;
    struct error error;
    start_with_a_megabyte(world);
    assert_status(put_bytes(world, "a", 1100000, &error), STATUS_OK); /* over the budget */
    assert_status(put_bytes(world, "b", 1, &error), STATUS_BUSY);
    assert_non_null(strstr(error.message, "Over memstore limit=1048576, regionName=0123456789"));
    store_statistics_read(world->store, &statistics);
    assert_int_equal(statistics.writes_refused, 1);
    assert_int_equal(statistics.writes_delayed, 0);
    assert_string_equal(world_get(world, "b", NULL, 1), "");
    /* The refusal has asked for the flush that ends it. */
    env_memory_run_until(world->env, NULL, UINT64_C(1000000000));
    assert_status(put_bytes(world, "b", 1, &error), STATUS_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tablet_world_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_memory_that_runs_short_is_flushed),
        TEST(test_a_write_waits_when_memory_is_nearly_gone),
        TEST(test_a_write_is_refused_while_memory_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
