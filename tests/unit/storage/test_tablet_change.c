/* What changes below writes and reads: a family goes, the tablet closes. */
#include "tests/support/tablet_world.h"
#include "tests/support/write_parts.h"

#include "base/log_lines.h"
#include "base/pause.h"
#include "storage/tablet.h"

static int set_up(void **state)
{
    log_set_level(LOG_ERROR);
    return tablet_world_set_up(state, 5, "f:VERSIONS=3;g");
}

static void test_a_family_that_went_does_not_come_back_with_its_cells(void **state)
{
    struct tablet_world *world = *state;
    struct error error = {0};
    world_put(world, "r", "f:a", 1, "x");
    world_put(world, "r", "g:a", 1, "flushed");
    assert_status(world_flush(world), STATUS_OK);
    world_put(world, "r", "g:b", 1, "in memory");
    tablet_world_set_families(world, "f");
    assert_ok(tablet_set_schema(world->tablet, &world->schema, &error), &error);
    assert_string_equal(world_scan_all(world), "r f:a@1=x");
    tablet_world_set_families(world, "f;g");
    assert_ok(tablet_set_schema(world->tablet, &world->schema, &error), &error);
    assert_string_equal(world_scan_all(world), "r f:a@1=x");
    world_put(world, "r", "g:c", 1, "new");
    tablet_world_crash(world, ENV_CUT_LOSE_ALL);
    assert_ok(tablet_world_start(world, &error), &error);
    assert_string_equal(world_scan_all(world), "r f:a@1=x;r g:c@1=new");
}

/* While a step's cells of it are gathered: between f, the first family that the step comes to, and g. */
static void drop_first_family(void *context)
{
    struct tablet_world *world = context;
    struct error error = {0};
    tablet_world_set_families(world, "g");
    assert_ok(tablet_set_schema(world->tablet, &world->schema, &error), &error);
    /* What the change has begun holds the old version too, until it is done. */
    (void)env_memory_run_until(world->env, NULL, UINT64_C(1000000000));
}

static void reach_first_family(void *context)
{
    pause_arm("insert.family.before", drop_first_family, context);
}

static void test_a_family_may_go_while_a_step_is_inserted(void **state)
{
    struct tablet_world *world = *state;
    struct cell cells[2] = {
        make_cell("r", "f", "a", 5, CELL_PUT, "1"), make_cell("r", "g", "a", 5, CELL_PUT, "2")};
    struct mutation mutation = make_mutation(MUTATION_PUT, cells, 2);
    struct write_operation operation = make_operation(&mutation, 1);
    world_put(world, "r", "f:a", 1, "x"); /* g has no memtable yet: one is made behind the pause */
    pause_arm("insert.family.before", reach_first_family, world);
    world_write(world, &operation, 1);
    pause_arm("insert.family.before", NULL, NULL);
    assert_operation_ok(&operation);
    assert_string_equal(world_scan_all(world), "r g:a@5=2");
}

struct closing {
    struct completion completion; /* first */
    bool is_done;
};

static void closing_done(struct completion *completion)
{
    ((struct closing *)completion)->is_done = true;
}

static bool is_close_stepped;

/* As a flush that ends in another thread at that moment. */
static void step_the_close(void *context)
{
    tablet_close_step(context);
    is_close_stepped = true;
}

static void test_a_close_flushes_though_another_flush_ends_meanwhile(void **state)
{
    struct tablet_world *world = *state;
    world_put(world, "r", "f:a", 1, "x");
    struct closing closing = {.completion = {.done = closing_done}};
    pause_arm("close.flush.before", step_the_close, world->tablet);
    tablet_close(world->tablet, false, &closing.completion);
    tablet_world_wait(world, &closing.is_done);
    pause_arm("close.flush.before", NULL, NULL);
    assert_true(is_close_stepped);
    assert_ok(closing.completion.status, &closing.completion.error);
}

static void test_a_closed_tablet_refuses_and_opens_again(void **state)
{
    struct tablet_world *world = *state;
    struct error error = {0};
    world_put(world, "r", "f:a", 1, "x");
    struct closing closing = {.completion = {.done = closing_done}};
    tablet_close(world->tablet, false, &closing.completion);
    tablet_world_wait(world, &closing.is_done);
    assert_ok(closing.completion.status, &closing.completion.error);
    struct cell cell = make_cell("r", "f", "n", 1, CELL_PUT, "");
    struct mutation mutation = make_mutation(MUTATION_PUT, &cell, 1);
    struct write_operation operation = make_operation(&mutation, 1);
    world_write(world, &operation, 1);
    assert_int_equal(operation.status, STATUS_CLOSED);
    struct read_request request;
    read_request_init(&request);
    struct world_cells cells;
    world_cells_init(&cells, world);
    assert_status(tablet_get(world->tablet, SPAN_LITERAL("r"), &request, true, &cells.sink, &error),
        STATUS_CLOSED);
    tablet_unref(world->tablet);
    assert_ok(store_tablet_open(world->store, world->table_id, world->tablet_id, &world->schema,
                  &world->tablet, &error),
        &error);
    assert_string_equal(world_scan_all(world), "r f:a@1=x");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tablet_world_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_family_that_went_does_not_come_back_with_its_cells),
        TEST(test_a_family_may_go_while_a_step_is_inserted),
        TEST(test_a_close_flushes_though_another_flush_ends_meanwhile),
        TEST(test_a_closed_tablet_refuses_and_opens_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
