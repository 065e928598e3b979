#include "tests/support/view_world.h"

static struct view_world world;

/* One plan with these settings; the arena lives until the next call. */
static struct balance_plan plan_with(const struct balance_settings *settings)
{
    static struct arena arena;
    struct balance_plan plan;
    arena_deinit(&arena);
    arena = (struct arena){0};
    assert_status(balance_plan_make(&world.view, settings, &arena, &plan), STATUS_OK);
    return plan;
}

static struct balance_plan plan_now(void)
{
    struct balance_settings settings = balance_settings_default();
    return plan_with(&settings);
}

/* Plans and does them until there is nothing to do; how many moves that took. */
static size_t settle(void)
{
    struct balance_settings settings = balance_settings_default();
    size_t moves = 0;
    for (unsigned round = 0; round < 500; round++) {
        settings.seed++;
        struct balance_plan plan = plan_with(&settings);
        if (plan.move_count == 0)
            return moves;
        assert_true(plan.potential_after < plan.potential_before);
        view_world_apply(&world, &plan);
        moves += plan.move_count;
    }
    fail_msg("the balancer does not come to an end");
    return moves;
}

/* ---- Nothing to do ---- */

static void an_even_cluster_stays(void **state)
{
    (void)state;
    view_world_init(&world, 3);
    for (uint32_t i = 0; i < 12; i++)
        view_world_add(&world, i % 2, i % 3, 500);
    assert_int_equal(plan_now().move_count, 0);
}

static void nothing_and_nobody_is_fine(void **state)
{
    (void)state;
    view_world_init(&world, 0);
    assert_int_equal(plan_now().move_count, 0);
    view_world_init(&world, 2);
    assert_int_equal(plan_now().move_count, 0);
    view_world_init(&world, 1);
    view_world_add(&world, 0, 0, 1000);
    view_world_add(&world, 0, VIEW_NO_SERVER, 1000);
    assert_int_equal(plan_now().move_count, 0);
}

static void the_noise_of_an_idle_cluster_moves_nothing(void **state)
{
    (void)state;
    view_world_init(&world, 3);
    for (uint32_t i = 0; i < 6; i++)
        view_world_add(&world, i, i % 3, i == 0 ? 5 : 0);
    assert_int_equal(plan_now().move_count, 0);
}

static void a_difference_within_the_slack_stays(void **state)
{
    (void)state;
    view_world_init(&world, 2);
    for (uint32_t i = 0; i < 40; i++)
        view_world_add(&world, i, i % 2, i % 2 ? 1000 : 1060);
    assert_int_equal(plan_now().move_count, 0);
}

static void a_single_hot_tablet_is_not_sent_around(void **state)
{
    (void)state;
    view_world_init(&world, 3);
    uint32_t hot = view_world_add(&world, 0, 0, 50000);
    view_world_add(&world, 1, 1, 100);
    view_world_add(&world, 2, 2, 100);
    struct balance_plan plan = plan_now();
    for (size_t i = 0; i < plan.move_count; i++)
        assert_int_not_equal(plan.moves[i].tablet, hot);
    settle();
    assert_int_equal(world.tablets[hot].server, 0);
}

/* ---- Load, count, spread ---- */

static void hot_tablets_of_one_server_are_shared(void **state)
{
    (void)state;
    view_world_init(&world, 4);
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t tablet = view_world_add(&world, 0, i / 8, i < 8 ? 3000 : 100);
        world.tablets[tablet].load[VIEW_CPU] = i < 8 ? 0.3f : 0.01f;
    }
    struct balance_plan plan = plan_now();
    assert_true(plan.move_count > 0);
    assert_int_equal(plan.moves[0].reason, BALANCE_LOAD);
    assert_int_equal(plan.moves[0].resource, VIEW_CPU); /* weighs more than requests */
    assert_int_equal(plan.moves[0].from, 0);
    assert_true(plan.moves[0].from_share > 3);
    assert_true(plan.worst_share > 3);
    size_t moves = settle();
    assert_true(view_world_max_over_mean(&world, VIEW_REQUESTS) < 1.2);
    assert_true(moves <= 16);
}

static void each_resource_counts(void **state)
{
    static const float loads[VIEW_RESOURCES] = {2000, 40 << 20, 0.4f, 400 << 20};
    (void)state;
    for (unsigned r = 0; r < VIEW_RESOURCES; r++) {
        view_world_init(&world, 2);
        for (uint32_t i = 0; i < 8; i++) {
            uint32_t tablet = view_world_add(&world, i, i / 4, 0);
            world.tablets[tablet].load[r] = i < 4 ? loads[r] : 0;
        }
        struct balance_plan plan = plan_now();
        assert_true(plan.move_count > 0);
        assert_int_equal(plan.moves[0].reason, BALANCE_LOAD);
        assert_int_equal(plan.moves[0].resource, r);
        settle();
        assert_true(view_world_max_over_mean(&world, r) < 1.6);
    }
}

static void a_new_server_gets_its_part_in_few_moves(void **state)
{
    (void)state;
    view_world_init(&world, 4);
    for (uint32_t i = 0; i < 36; i++)
        view_world_add(&world, 0, i % 3, 1000);
    struct balance_settings settings = balance_settings_default();
    settings.moves_per_server = 16;
    struct balance_plan plan = plan_with(&settings);
    assert_in_range(plan.move_count, 7, 9);
    for (size_t i = 0; i < plan.move_count; i++)
        assert_int_equal(plan.moves[i].to, 3);
    view_world_apply(&world, &plan);
    assert_int_equal(plan_now().move_count, 0);
    assert_true(view_world_load(&world, 3, VIEW_REQUESTS) >= 7000);
}

static void counts_even_out_without_load(void **state)
{
    (void)state;
    view_world_init(&world, 3);
    for (uint32_t i = 0; i < 12; i++)
        view_world_add(&world, i, 0, 0);
    struct balance_plan plan = plan_now();
    assert_int_equal(plan.moves[0].reason, BALANCE_COUNT);
    assert_int_equal(settle(), 8);
    for (uint32_t s = 0; s < 3; s++)
        assert_int_equal(view_world_count(&world, s), 4);
}

static void the_tablets_of_a_table_are_spread(void **state)
{
    (void)state;
    view_world_init(&world, 4);
    for (uint32_t i = 0; i < 16; i++)
        view_world_add(&world, i / 4, i / 4, 0);
    struct balance_plan plan = plan_now();
    assert_true(plan.move_count > 0);
    assert_int_equal(plan.moves[0].reason, BALANCE_SPREAD);
    settle();
    for (uint32_t s = 0; s < 4; s++) {
        assert_in_range(view_world_count(&world, s), 3, 5);
        for (uint32_t t = 0; t < 4; t++)
            assert_true(view_world_table_count(&world, s, t) <= 2);
    }
}

/* ---- Who gives and who takes ---- */

static void a_draining_server_is_emptied_and_gets_nothing(void **state)
{
    (void)state;
    view_world_init(&world, 3);
    for (uint32_t i = 0; i < 15; i++)
        view_world_add(&world, i % 5, i % 3, 700);
    world.servers[1].state = VIEW_DRAINING;
    world.tablets[1].is_pinned = true; /* on server 1 */
    world.tablets[4].settled_s = 0;    /* and this one */
    struct balance_plan plan = plan_now();
    assert_int_equal(plan.draining_left, 0);
    for (size_t i = 0; i < plan.move_count; i++) {
        assert_int_not_equal(plan.moves[i].to, 1);
        if (plan.moves[i].from == 1)
            assert_int_equal(plan.moves[i].reason, BALANCE_DRAIN);
    }
    view_world_apply(&world, &plan);
    settle();
    assert_int_equal(view_world_count(&world, 1), 0);
    assert_in_range(view_world_count(&world, 0), 7, 8);
}

static void who_only_drains_evens_nothing_out(void **state)
{
    (void)state;
    view_world_init(&world, 3);
    for (uint32_t i = 0; i < 40; i++)
        view_world_add(&world, i % 5, i < 20 ? 0 : 1, 700);
    world.servers[1].state = VIEW_DRAINING;
    struct balance_settings settings = balance_settings_default();
    settings.drains_only = true;
    settings.moves_per_server = 32;
    struct balance_plan plan = plan_with(&settings);
    assert_int_equal(plan.move_count, 20);
    for (size_t i = 0; i < plan.move_count; i++)
        assert_int_equal(plan.moves[i].reason, BALANCE_DRAIN);
}

static void draining_into_nobody_says_what_is_left(void **state)
{
    (void)state;
    view_world_init(&world, 2);
    view_world_add(&world, 0, 0, 0);
    view_world_add(&world, 0, 1, 0);
    world.servers[0].state = world.servers[1].state = VIEW_DRAINING;
    struct balance_plan plan = plan_now();
    assert_int_equal(plan.move_count, 0);
    assert_int_equal(plan.draining_left, 2);
}

static void dead_servers_neither_give_nor_take(void **state)
{
    (void)state;
    view_world_init(&world, 3);
    for (uint32_t i = 0; i < 9; i++)
        view_world_add(&world, i, i < 8 ? 0 : 2, 2000);
    world.servers[2].state = VIEW_DEAD;
    settle();
    assert_int_equal(view_world_count(&world, 0), 4);
    assert_int_equal(view_world_count(&world, 1), 4);
    assert_int_equal(world.tablets[8].server, 2);
}

static void silent_servers_neither_give_nor_take(void **state)
{
    (void)state;
    view_world_init(&world, 3);
    for (uint32_t i = 0; i < 9; i++)
        view_world_add(&world, i, i < 8 ? 0 : 1, 2000);
    world.servers[0].state = VIEW_SILENT;
    assert_int_equal(plan_now().move_count, 0);
    world.servers[0].state = VIEW_ALIVE;
    world.servers[2].state = VIEW_SILENT;
    settle();
    assert_int_equal(view_world_count(&world, 2), 0);
    assert_in_range(view_world_count(&world, 1), 4, 5);
}

static void what_moves_what_is_pinned_and_what_is_fresh_stays(void **state)
{
    (void)state;
    view_world_init(&world, 2);
    for (uint32_t i = 0; i < 3; i++)
        view_world_add(&world, i, 0, 3000);
    world.tablets[0].is_moving = true;
    world.tablets[1].is_pinned = true;
    world.tablets[2].settled_s = 59;
    assert_int_equal(plan_now().move_count, 0);
    world.tablets[2].settled_s = 60;
    world.tablets[2].is_new = true;
    assert_int_equal(plan_now().move_count, 0);
    world.tablets[2].is_new = false;
    struct balance_plan plan = plan_now();
    assert_int_equal(plan.move_count, 1);
    assert_int_equal(plan.moves[0].tablet, 2);
}

static void a_plan_is_bounded(void **state)
{
    (void)state;
    view_world_init(&world, 4);
    for (uint32_t i = 0; i < 200; i++)
        view_world_add(&world, i, i % 2, 1000);
    struct balance_settings settings = balance_settings_default();
    settings.moves = 10;
    settings.moves_per_server = 3;
    struct balance_plan plan = plan_with(&settings);
    size_t given[4] = {0}, taken[4] = {0};
    assert_int_equal(plan.move_count, 6);
    for (size_t i = 0; i < plan.move_count; i++) {
        given[plan.moves[i].from]++;
        taken[plan.moves[i].to]++;
    }
    for (size_t s = 0; s < 4; s++)
        assert_true(given[s] <= 3 && taken[s] <= 3);
    settings.moves = 4;
    assert_int_equal(plan_with(&settings).move_count, 4);
}

static void a_move_says_why(void **state)
{
    struct balance_move move = {.reason = BALANCE_LOAD,
        .resource = VIEW_CPU,
        .from_share = 2.5f,
        .to_share = 0.5f,
        .tablet_share = 1};
    struct buffer text = {0};
    (void)state;
    balance_move_put_reason(&move, &text);
    assert_spans_equal(buffer_span(&text),
        SPAN_LITERAL("CPU: 2.50 times the mean at the source, 0.50 at the target; the tablet is "
                     "1.00 of it"));
    buffer_reset(&text);
    move = (struct balance_move){.reason = BALANCE_SPREAD, .from_share = 3};
    balance_move_put_reason(&move, &text);
    assert_spans_equal(buffer_span(&text),
        SPAN_LITERAL("spread: 3 tablets of the table at the source, 0 at the target"));
    buffer_deinit(&text);
}

static void no_memory_is_told(void **state)
{
    (void)state;
    struct balance_settings settings = balance_settings_default();
    view_world_init(&world, 3);
    for (uint32_t i = 0; i < 100; i++)
        view_world_add(&world, i, 0, 10);
    for (size_t limit = 1; limit < 4096; limit *= 2) {
        struct arena arena = {.limit_bytes = limit};
        struct balance_plan plan;
        assert_status(balance_plan_make(&world.view, &settings, &arena, &plan), STATUS_NO_MEMORY);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_even_cluster_stays),
        cmocka_unit_test(nothing_and_nobody_is_fine),
        cmocka_unit_test(the_noise_of_an_idle_cluster_moves_nothing),
        cmocka_unit_test(a_difference_within_the_slack_stays),
        cmocka_unit_test(a_single_hot_tablet_is_not_sent_around),
        cmocka_unit_test(hot_tablets_of_one_server_are_shared),
        cmocka_unit_test(each_resource_counts),
        cmocka_unit_test(a_new_server_gets_its_part_in_few_moves),
        cmocka_unit_test(counts_even_out_without_load),
        cmocka_unit_test(the_tablets_of_a_table_are_spread),
        cmocka_unit_test(a_draining_server_is_emptied_and_gets_nothing),
        cmocka_unit_test(who_only_drains_evens_nothing_out),
        cmocka_unit_test(draining_into_nobody_says_what_is_left),
        cmocka_unit_test(dead_servers_neither_give_nor_take),
        cmocka_unit_test(silent_servers_neither_give_nor_take),
        cmocka_unit_test(what_moves_what_is_pinned_and_what_is_fresh_stays),
        cmocka_unit_test(a_plan_is_bounded),
        cmocka_unit_test(a_move_says_why),
        cmocka_unit_test(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
