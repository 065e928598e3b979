/* The master over tablet servers in memory: where tablets go, move, split, merge, servers that die, masters that
 * change, at every I/O call. */
#include "tests/support/master_world.h"

#include <stdio.h>
#include <string.h>

#include "proto/exception_class.h"
#include "tests/support/support.h"

static const char *const keys[] = {"r16", "r32", "r48", NULL};

/* A cluster with the table, its rows written. */
static void make(struct master_world *world, uint64_t seed, size_t servers)
{
    master_world_init(world, seed);
    for (size_t i = 0; i < servers; i++)
        master_world_server(world);
    master_world_lead(world, master_world_master(world));
    master_world_create_table(world, keys);
    master_world_put_all(world);
}

static struct master_request about(
    struct master_world *world, enum master_operation operation, const char *row)
{
    struct master_request request = {.operation = operation, .waits = true};
    request.tablets = arena_allocate_zeroed(&world->arena, 2, sizeof *request.tablets);
    request.tablets[0] = master_world_tablet(world, row);
    request.tablet_count = 1;
    return request;
}

static void ask(struct master_world *world, struct master_request *request)
{
    const char *refused = master_world_ask(world, request);
    if (refused)
        fail_msg("%s: %s (seed %llu)", refused, master_world_error.message,
            (unsigned long long)world->seed);
}

static void a_table_spreads_over_the_servers(void **state)
{
    struct master_world world;
    (void)state;
    make(&world, 1, 2);
    assert_ptr_not_equal(master_world_place(&world, "r00"), NULL);
    size_t first = 0;
    for (size_t i = 0; i < 4; i++) {
        static const char *const rows[] = {"r00", "r16", "r32", "r48"};
        first += master_world_place(&world, rows[i]) == &world.nodes[0];
    }
    assert_int_equal(first, 2);
    master_world_check(&world);
    master_world_deinit(&world);
}

static struct node *other_server(struct master_world *world, const struct node *than)
{
    for (size_t i = 0; i < world->node_count; i++)
        if (world->nodes[i].host && node_is_alive(&world->nodes[i]) && &world->nodes[i] != than)
            return &world->nodes[i];
    return NULL;
}

static void a_tablet_moves_with_all_its_rows(void **state)
{
    struct master_world world;
    (void)state;
    make(&world, 2, 3);
    struct node *to = other_server(&world, master_world_place(&world, "r20"));
    struct master_request move = about(&world, MASTER_MOVE, "r20");
    move.server = span_string(to->text);
    ask(&world, &move);
    assert_ptr_equal(master_world_place(&world, "r20"), to);
    assert_true(master_world_put(&world, 20));
    master_world_check(&world);

    struct master_request anywhere = about(&world, MASTER_MOVE, "r20");
    ask(&world, &anywhere);
    assert_ptr_not_equal(master_world_place(&world, "r20"), to);
    struct master_request nowhere = about(&world, MASTER_MOVE, "r20");
    nowhere.server = SPAN_LITERAL("no,1,1");
    assert_string_equal(master_world_ask(&world, &nowhere), EXCEPTION_DO_NOT_RETRY_IO);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void a_tablet_splits_and_merges(void **state)
{
    struct master_world world;
    (void)state;
    make(&world, 3, 2);
    struct master_request split = about(&world, MASTER_SPLIT, "r20");
    split.row = SPAN_LITERAL("r24");
    ask(&world, &split);
    struct span left = master_world_tablet(&world, "r20"),
                right = master_world_tablet(&world, "r24");
    assert_false(span_equal(left, right));
    assert_true(master_world_put(&world, 24));
    assert_true(master_world_put(&world, 23));
    master_world_check(&world);

    struct master_request merge = about(&world, MASTER_MERGE, "r24");
    merge.tablets[1] = left;
    merge.tablet_count = 2;
    ask(&world, &merge);
    assert_true(span_equal(master_world_tablet(&world, "r20"), master_world_tablet(&world, "r24")));
    assert_true(master_world_put(&world, 24));
    master_world_check(&world);

    struct master_request far = about(&world, MASTER_MERGE, "r00");
    far.tablets[1] = master_world_tablet(&world, "r63");
    far.tablet_count = 2;
    assert_string_equal(master_world_ask(&world, &far), EXCEPTION_MERGE_REGION);
    struct master_request gone = about(&world, MASTER_SPLIT, "r20");
    gone.tablets[0] = left;
    assert_string_equal(master_world_ask(&world, &gone), EXCEPTION_UNKNOWN_REGION);
    struct master_request outside = about(&world, MASTER_SPLIT, "r20");
    outside.row = SPAN_LITERAL("r60");
    assert_string_equal(master_world_ask(&world, &outside), EXCEPTION_DO_NOT_RETRY_IO);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void an_unassigned_tablet_stays_closed_until_it_is_assigned(void **state)
{
    struct master_world world;
    (void)state;
    make(&world, 4, 2);
    struct master_request unassign = about(&world, MASTER_UNASSIGN, "r00");
    ask(&world, &unassign);
    master_world_settle(&world, 3000);
    assert_null(master_world_place(&world, "r00"));
    master_world_check(&world);
    struct master_request assign = about(&world, MASTER_ASSIGN, "r00");
    ask(&world, &assign);
    assert_non_null(master_world_place(&world, "r00"));
    master_world_check(&world);
    master_world_deinit(&world);
}

static void a_dead_servers_tablets_are_served_by_the_others(void **state)
{
    struct master_world world;
    (void)state;
    make(&world, 5, 3);
    struct node *dead = master_world_place(&world, "r00");
    node_kill(dead);
    master_world_tell_servers(&world);
    master_world_settle(&world, 2000);
    master_world_check(&world);
    assert_ptr_not_equal(master_world_place(&world, "r00"), dead);
    master_world_put_all(&world);
    /* all of them, hbase:meta's too, and new ones come */
    for (size_t i = 0; i < world.node_count; i++)
        if (world.nodes[i].host && node_is_alive(&world.nodes[i]))
            node_kill(&world.nodes[i]);
    master_world_tell_servers(&world);
    master_world_settle(&world, 1000);
    master_world_server(&world);
    master_world_server(&world);
    master_world_tell_servers(&world);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void another_master_takes_over_what_is_open(void **state)
{
    struct master_world world;
    (void)state;
    make(&world, 6, 3);
    struct node *place = master_world_place(&world, "r20"), *first = world.leader;
    struct node *second = master_world_master(&world);
    master_world_lead(&world, second);
    master_world_check(&world);
    assert_ptr_equal(master_world_place(&world, "r20"), place);
    /* the first, who does not know, is refused and gives up */
    world.leader = first;
    struct master_request move = about(&world, MASTER_MOVE, "r20");
    assert_non_null(master_world_ask(&world, &move));
    assert_false(master_is_ready(first->master));
    /* and may lead again */
    master_world_lead(&world, first);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void lost_answers_change_nothing(void **state)
{
    struct master_world world;
    (void)state;
    make(&world, 7, 3);
    world.lost_in_hundred = 30;
    for (unsigned i = 0; i < 6; i++) {
        char row[8];
        snprintf(row, sizeof row, "r%02u", i * 10);
        struct master_request move = about(&world, i % 2 ? MASTER_MOVE : MASTER_SPLIT, row);
        move.row = i % 2 ? SPAN_EMPTY : SPAN_LITERAL("");
        char at[8];
        snprintf(at, sizeof at, "r%02u", i * 10 + 3);
        if (i % 2 == 0)
            move.row = arena_copy(&world.arena, span_string(at));
        ask(&world, &move);
    }
    world.lost_in_hundred = 0;
    assert_true(world.lost > 3);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void switches_and_draining_outlive_the_master(void **state)
{
    struct master_world world;
    (void)state;
    make(&world, 8, 3);
    struct master_request off = {.operation = MASTER_SWITCH, .setting = SETTING_SPLIT};
    ask(&world, &off);
    assert_true(off.was_on);
    struct master_request split = about(&world, MASTER_SPLIT, "r20");
    split.row = SPAN_LITERAL("r24");
    assert_string_equal(master_world_ask(&world, &split), EXCEPTION_DO_NOT_RETRY_IO);
    struct node *drained = master_world_place(&world, "r20");
    struct span text = span_string(drained->text);
    struct master_request drain = {
        .operation = MASTER_DECOMMISSION, .servers = &text, .server_count = 1};
    ask(&world, &drain);
    master_world_lead(&world, master_world_master(&world));
    assert_false(master_setting_is_on(world.leader->master, SETTING_SPLIT));
    master_world_settle(&world, 20000);
    master_world_check(&world);
    for (unsigned i = 0; i < MASTER_WORLD_ROWS; i++) {
        char row[8];
        snprintf(row, sizeof row, "r%02u", i);
        assert_ptr_not_equal(master_world_place(&world, row), drained);
    }
    master_world_deinit(&world);
}

/* ---- Dead at every step ---- */

/* What is under way when the master or a server dies. */
static void begin(struct master_world *world, enum master_operation operation)
{
    struct master_request *request = arena_allocate_zeroed(&world->arena, 1, sizeof *request);
    *request = about(world, operation, "r20");
    if (operation == MASTER_SPLIT)
        request->row = SPAN_LITERAL("r24");
    if (operation == MASTER_MERGE) {
        request->tablets[1] = master_world_tablet(world, "r40");
        request->tablet_count = 2;
    }
    request->table = SPAN_LITERAL("t");
    master_world_submit(world, request);
}

static const enum master_operation operations[] = {
    MASTER_MOVE, MASTER_SPLIT, MASTER_MERGE, MASTER_DISABLE_TABLE, MASTER_UNASSIGN};

static size_t killed;

/* The master dies before its I/O call number n from the request on; another one finishes. False: it did not die. */
static bool master_dies_at(uint64_t seed, enum master_operation operation, uint64_t n)
{
    struct master_world world;
    make(&world, seed, 2);
    struct node *first = world.leader;
    env_memory_host_crash_at(first->env, env_memory_call_count(first->env) + n, ENV_CUT_LOSE_ALL);
    begin(&world, operation);
    master_world_settle(&world, 5000);
    bool is_dead = env_memory_host_is_dead(first->env);
    killed += is_dead;
    master_world_lead(&world, master_world_master(&world));
    master_world_check(&world);
    master_world_deinit(&world);
    return is_dead;
}

static void a_master_that_dies_at_any_call_leaves_all_or_nothing(void **state)
{
    (void)state;
    killed = 0;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        for (uint64_t n = 1; master_dies_at(100 + n, operations[i], n); n++)
            ;
    printf("%zu masters killed\n", killed);
    assert_true(killed >= 60);
}

/* A server dies at its call n while something is under way. */
static bool server_dies_at(uint64_t seed, enum master_operation operation, uint64_t n)
{
    struct master_world world;
    make(&world, seed, 3);
    struct node *server = master_world_place(&world, "r20");
    env_memory_host_crash_at(server->env, env_memory_call_count(server->env) + n, ENV_CUT_LOSE_ALL);
    begin(&world, operation);
    for (int i = 0; i < 50 && node_is_alive(server); i++)
        master_world_settle(&world, 100);
    bool is_dead = !node_is_alive(server);
    if (!is_dead)
        env_memory_host_crash_at(server->env, 0, ENV_CUT_LOSE_ALL);
    killed += is_dead;
    master_world_tell_servers(&world);
    master_world_settle(&world, 3000);
    master_world_check(&world);
    master_world_deinit(&world);
    return is_dead;
}

static void a_server_that_dies_at_any_call_loses_nothing(void **state)
{
    (void)state;
    killed = 0;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        for (uint64_t n = 1; n < 60 && server_dies_at(200 + n, operations[i], n); n++)
            ;
    printf("%zu servers killed\n", killed);
    assert_true(killed >= 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_spreads_over_the_servers),
        cmocka_unit_test(a_tablet_moves_with_all_its_rows),
        cmocka_unit_test(a_tablet_splits_and_merges),
        cmocka_unit_test(an_unassigned_tablet_stays_closed_until_it_is_assigned),
        cmocka_unit_test(a_dead_servers_tablets_are_served_by_the_others),
        cmocka_unit_test(another_master_takes_over_what_is_open),
        cmocka_unit_test(lost_answers_change_nothing),
        cmocka_unit_test(switches_and_draining_outlive_the_master),
        cmocka_unit_test(a_master_that_dies_at_any_call_leaves_all_or_nothing),
        cmocka_unit_test(a_server_that_dies_at_any_call_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
