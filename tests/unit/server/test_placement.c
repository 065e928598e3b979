#include "server/master/placement.h"
#include "tests/support/view_world.h"

static struct view_world world;

/* Places all tablets that are nowhere. */
static enum status place(void)
{
    struct arena arena = {0};
    uint32_t tablets[VIEW_WORLD_TABLETS], servers[VIEW_WORLD_TABLETS];
    size_t count = 0;
    for (uint32_t i = 0; i < world.view.tablet_count; i++)
        if (world.tablets[i].server == VIEW_NO_SERVER)
            tablets[count++] = i;
    enum status status = placement_choose(&world.view, tablets, count, 1, &arena, servers);
    for (size_t i = 0; i < count && !status; i++)
        world.tablets[tablets[i]].server = servers[i];
    arena_deinit(&arena);
    return status;
}

static size_t moves_of_a_plan(void)
{
    struct arena arena = {0};
    struct balance_plan plan;
    struct balance_settings settings = balance_settings_default();
    assert_status(balance_plan_make(&world.view, &settings, &arena, &plan), STATUS_OK);
    arena_deinit(&arena);
    return plan.move_count;
}

static void a_new_table_is_spread_evenly(void **state)
{
    (void)state;
    view_world_init(&world, 3);
    for (uint32_t i = 0; i < 9; i++)
        view_world_add(&world, 0, VIEW_NO_SERVER, 0);
    assert_status(place(), STATUS_OK);
    for (uint32_t s = 0; s < 3; s++)
        assert_int_equal(view_world_count(&world, s), 3);
}

static void a_table_spreads_though_another_fills_a_server(void **state)
{
    (void)state;
    view_world_init(&world, 3);
    for (uint32_t i = 0; i < 4; i++)
        view_world_add(&world, 0, 0, 0);
    for (uint32_t i = 0; i < 8; i++)
        view_world_add(&world, 1, VIEW_NO_SERVER, 0);
    assert_status(place(), STATUS_OK);
    assert_true(view_world_table_count(&world, 0, 1) >= 1);
    assert_true(view_world_table_count(&world, 0, 1) <= 2);
}

static void the_load_of_a_dead_server_is_shared(void **state)
{
    (void)state;
    view_world_init(&world, 4);
    world.servers[3].state = VIEW_DEAD;
    for (uint32_t i = 0; i < 24; i++)
        view_world_add(
            &world, 0, i % 4 == 3 ? VIEW_NO_SERVER : i % 4, i % 4 == 3 ? (float)i * 100 : 500);
    assert_status(place(), STATUS_OK);
    assert_int_equal(view_world_count(&world, 3), 0);
    assert_true(view_world_max_over_mean(&world, VIEW_REQUESTS) < 1.15);
}

static void a_placed_cluster_needs_no_move(void **state)
{
    (void)state;
    for (size_t servers = 1; servers <= 200; servers += 37) {
        struct dice dice = {servers};
        view_world_init(&world, servers);
        for (uint32_t i = 0; i < 2000; i++)
            view_world_add(
                &world, i / 40, VIEW_NO_SERVER, (float)dice_below(&dice, 400) * (i % 5 == 0));
        assert_status(place(), STATUS_OK);
        assert_true(view_world_max_over_mean(&world, VIEW_REQUESTS) < 1.25);
        assert_true(moves_of_a_plan() <= servers / 20);
    }
}

static void draining_and_dead_servers_get_nothing(void **state)
{
    (void)state;
    view_world_init(&world, 3);
    world.servers[0].state = VIEW_DRAINING;
    world.servers[2].state = VIEW_DEAD;
    for (uint32_t i = 0; i < 8; i++)
        view_world_add(&world, 0, VIEW_NO_SERVER, 0);
    assert_status(place(), STATUS_OK);
    assert_int_equal(view_world_count(&world, 1), 8);
}

static void draining_and_silent_servers_serve_rather_than_nobody(void **state)
{
    (void)state;
    view_world_init(&world, 2);
    world.servers[0].state = VIEW_DRAINING;
    world.servers[1].state = VIEW_SILENT;
    view_world_add(&world, 0, VIEW_NO_SERVER, 0);
    assert_status(place(), STATUS_OK);
    assert_int_equal(world.tablets[0].server, 0);
    world.servers[0].state = VIEW_DEAD;
    world.tablets[0].server = VIEW_NO_SERVER;
    assert_status(place(), STATUS_OK);
    assert_int_equal(world.tablets[0].server, 1);
}

static void without_servers_nothing_is_placed(void **state)
{
    (void)state;
    view_world_init(&world, 1);
    world.servers[0].state = VIEW_DEAD;
    view_world_add(&world, 0, VIEW_NO_SERVER, 0);
    assert_status(place(), STATUS_NOT_FOUND);
    view_world_init(&world, 0);
    view_world_add(&world, 0, VIEW_NO_SERVER, 0);
    assert_status(place(), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_table_is_spread_evenly),
        cmocka_unit_test(a_table_spreads_though_another_fills_a_server),
        cmocka_unit_test(the_load_of_a_dead_server_is_shared),
        cmocka_unit_test(a_placed_cluster_needs_no_move),
        cmocka_unit_test(draining_and_dead_servers_get_nothing),
        cmocka_unit_test(draining_and_silent_servers_serve_rather_than_nobody),
        cmocka_unit_test(without_servers_nothing_is_placed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
