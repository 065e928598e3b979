/* The master over tablet servers in memory: masters that change, in the middle of whatever it is, and answers that come
 * late or never. What happens when they die at any I/O call is tests/crash/test_master_crash.c. */
#include "tests/support/master_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pause.h"
#include "proto/exception_class.h"
#include "server/master/master_internal.h"
#include "server/master/master_view.h"
#include "tests/support/master_world_internal.h"
#include "tests/support/support.h"

/* Simulation seed 433: the retry of a close fails for sure, but the close before it is still on its way. */
static void a_close_that_comes_late_leaves_no_tablet_unserved(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 3, 2);
    master_world_place(&world, "r20")->is_close_to_stray = true;
    struct master_request split = master_world_request(&world, MASTER_SPLIT, "r20");
    split.row = SPAN_LITERAL("r24");
    master_world_submit(&world, &split);
    master_world_settle(&world, 5000);
    assert_non_null(master_world_place(&world, "r20"));
    assert_non_null(master_world_place(&world, "r24"));
    master_world_put_all(&world);
    master_world_check(&world);
    master_world_deinit(&world);
}

struct late_request {
    struct task task; /* first */
    struct master_world *world;
    struct node *master;
    struct master_request request;
};

static void submit_late(struct task *task)
{
    struct late_request *late = (struct late_request *)task;
    struct node *leader = late->world->leader;
    late->world->leader = late->master;
    master_world_submit(late->world, &late->request);
    late->world->leader = leader;
}

/* A new master stands still before its I/O call number n, while it reads the directory; the one before it merges, and is
 * done. False: there is no such call. */
static bool merged_while_the_next_one_reads(uint64_t n)
{
    struct master_world world;
    master_world_make(&world, 400 + n, 3);
    struct node *next = master_world_master(&world);
    struct late_request late = {.task.run = submit_late, .world = &world, .master = world.leader};
    late.request = master_world_request(&world, MASTER_MERGE, "r20");
    late.request.tablets[1] = master_world_tablet(&world, "r40");
    late.request.tablet_count = 2;
    executor_submit_at(late.master->executor, &late.task,
        env_monotonic_ns(late.master->env) + UINT64_C(100000000));
    uint64_t call = env_memory_call_count(next->env) + n;
    env_memory_host_stall_at(next->env, call, UINT64_C(1000000000));
    master_world_lead(&world, next);
    bool is_there = env_memory_call_count(next->env) >= call;
    master_world_check(&world);
    master_world_deinit(&world);
    return is_there;
}

static void what_is_merged_while_the_next_master_reads_is_served(void **state)
{
    (void)state;
    uint64_t n = 1;
    while (merged_while_the_next_one_reads(n))
        n++;
    assert_true(n > 10);
}

static struct node *holder_of_meta(struct master_world *world)
{
    const struct assigned_tablet *meta = assignment_find(
        &master_catalogue(world->leader->master)->assignment, SPAN_LITERAL(META_TABLET_ID));
    struct node *node = &world->nodes[0];
    while (strcmp(node->text, meta->server->text) != 0)
        node++;
    return node;
}

/* Simulation seed 100155: it was told so by the server that was to open hbase:meta. */
static void a_master_that_is_superseded_before_meta_is_open_gives_up(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 17, 3);
    node_kill(holder_of_meta(&world));
    struct node *first = master_world_master(&world), *second = master_world_master(&world);
    world.leader = first;
    master_world_tell_servers(&world);
    world.lost_in_hundred = 100;
    master_lead(first->master, ++world.epoch);
    master_world_settle(&world, 3000);
    world.lost_in_hundred = 0;
    master_world_lead(&world, second);
    master_world_settle(&world, 20000);
    assert_false(first->is_ready);
    world.leader = first;
    struct master_request move = master_world_request(&world, MASTER_MOVE, "r20");
    assert_non_null(master_world_ask(&world, &move));
    world.leader = second;
    master_world_check(&world);
    master_world_lead(&world, first);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* A move of hbase:meta begins; its master dies after `ms`, and, when asked for, the server it goes to. */
static void move_meta_and_die(unsigned ms, bool destination_dies)
{
    struct master_world world;
    master_world_make(&world, 500 + ms, 3);
    struct master_request *move = arena_allocate_zeroed(&world.arena, 1, sizeof *move);
    *move = master_world_request(&world, MASTER_MOVE, "r20");
    move->tablets[0] = SPAN_LITERAL(META_TABLET_ID);
    struct node *from = holder_of_meta(&world);
    struct node *to = master_world_other_server(&world, from);
    move->server = span_string(to->text);
    master_world_submit(&world, move);
    master_world_settle(&world, ms);
    node_kill(world.leader);
    if (destination_dies)
        node_kill(to);
    master_world_lead(&world, master_world_master(&world));
    master_world_check(&world);
    master_world_deinit(&world);
}

static void a_move_of_meta_is_finished_by_the_next_master(void **state)
{
    (void)state;
    for (unsigned ms = 0; ms < 40; ms++)
        for (int dies = 0; dies < 2; dies++)
            move_meta_and_die(ms, dies);
}

static void another_master_takes_over_what_is_open(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 6, 3);
    struct node *place = master_world_place(&world, "r20"), *first = world.leader;
    struct node *second = master_world_master(&world);
    master_world_lead(&world, second);
    master_world_check(&world);
    assert_ptr_equal(master_world_place(&world, "r20"), place);
    /* the first, who does not know, is refused and gives up */
    world.leader = first;
    struct master_request move = master_world_request(&world, MASTER_MOVE, "r20");
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
    master_world_make(&world, 7, 3);
    world.lost_in_hundred = 30;
    for (unsigned i = 0; i < 6; i++) {
        char row[8];
        snprintf(row, sizeof row, "r%02u", i * 10);
        struct master_request move = master_world_request(
            &world, i % 2 ? MASTER_MOVE : MASTER_SPLIT, row);
        move.row = i % 2 ? SPAN_EMPTY : SPAN_LITERAL("");
        char at[8];
        snprintf(at, sizeof at, "r%02u", i * 10 + 3);
        if (i % 2 == 0)
            move.row = arena_copy(&world.arena, span_string(at));
        master_world_done(&world, &move);
    }
    world.lost_in_hundred = 0;
    assert_true(world.lost > 3);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void a_leader_that_is_sealed_ends_itself(void **state)
{
    struct master_world world;
    struct error error = {0};
    (void)state;
    master_world_make(&world, 13, 2);
    struct node *other = master_world_master(&world);
    assert_ok(store_bury(other->store, world.leader->text, &error), &error);
    assert_true(node_is_alive(world.leader));
    master_world_settle(&world, 2000);
    assert_false(node_is_alive(world.leader));
    master_world_lead(&world, other);
    master_world_check(&world);
    master_world_deinit(&world);
}

struct third_action {
    struct master_world *world;
    unsigned visits;
};

static void die_at_third_action(void *context)
{
    struct third_action *third = context;
    if (++third->visits == 3)
        node_kill(third->world->leader); /* does not return */
}

/* The rows of the tablets that a restore replaces are gone, and its master dies before it replaces them. The next one finds
 * rows missing, and takes up the restore; its I/O call number n finds no space, so that the restore may be tried again
 * later, behind its check of hbase:meta. False: there was no such call. */
static bool restore_is_tried_again(uint64_t n)
{
    struct master_world world;
    struct third_action third = {.world = &world};
    master_world_make(&world, 700 + n, 3);
    master_world_snapshot(&world, MASTER_SNAPSHOT, "t");
    struct master_request split = master_world_request(&world, MASTER_SPLIT, "r20");
    split.row = SPAN_LITERAL("r24");
    master_world_done(&world, &split);
    master_world_table(&world, MASTER_DISABLE_TABLE);
    struct master_request restore = {.operation = MASTER_RESTORE_SNAPSHOT,
        .table = SPAN_LITERAL("t"),
        .snapshot_name = SPAN_LITERAL("s"),
        .snapshot_type = 1};
    struct node *first = world.leader;
    pause_arm("procedure.action.before", die_at_third_action, &third);
    master_world_submit(&world, &restore);
    master_world_settle(&world, 5000);
    pause_arm("procedure.action.before", NULL, NULL);
    assert_false(node_is_alive(first));
    struct node *next = master_world_master(&world);
    uint64_t call = env_memory_call_count(next->env) + n;
    env_memory_fail_call(next->env, call, STATUS_NO_SPACE, false);
    world.leader = next;
    master_world_tell_servers(&world);
    master_lead(next->master, ++world.epoch);
    for (int i = 0; i < 100 && !next->is_ready; i++)
        master_world_settle(&world, 1100);
    bool has_failed = env_memory_call_count(next->env) >= call;
    env_memory_fail_call(next->env, 0, STATUS_OK, false);
    if (next->ready_status)
        master_world_lead(&world, master_world_master(&world));
    master_world_check(&world);
    master_world_deinit(&world);
    return has_failed;
}

static void what_a_restore_took_away_is_not_put_back_by_the_next_master(void **state)
{
    (void)state;
    uint64_t n = 1;
    while (n < 140 && restore_is_tried_again(n))
        n++;
    assert_true(n > 20);
}

static void who_waits_is_answered_when_the_tenure_ends(void **state)
{
    struct master_world world;
    struct master_request requests[3];
    bool is_done[3] = {false};
    (void)state;
    master_world_make(&world, 12, 2);
    for (size_t i = 0; i < 3; i++) {
        requests[i] = (struct master_request){
            .operation = i ? MASTER_ENABLE_TABLE : MASTER_DISABLE_TABLE,
            .waits = true,
            .table = SPAN_LITERAL("t"),
            .context = &is_done[i]};
        master_world_submit(&world, &requests[i]);
    }
    master_depose(world.leader->master);
    master_world_settle(&world, 5000);
    for (size_t i = 0; i < 3; i++) {
        assert_true(is_done[i]);
        assert_string_equal(requests[i].exception_class, EXCEPTION_PLEASE_HOLD);
    }
    master_world_lead(&world, world.leader); /* and what had begun is finished */
    master_world_check(&world);
    master_world_deinit(&world);
}

/* Its client asks again after a minute; the first is still at hbase:meta, which does not answer. */
static void a_repeated_create_of_a_namespace_finds_the_first(void **state)
{
    struct master_world world;
    struct master_request requests[3];
    struct procedure_result result;
    bool is_done[3] = {false};
    (void)state;
    master_world_make(&world, 15, 2);
    struct master *master = world.leader->master;
    world.lost_in_hundred = 100;
    for (size_t i = 0; i < 3; i++) {
        requests[i] = (struct master_request){.operation = MASTER_CREATE_NAMESPACE,
            .namespace_name = SPAN_LITERAL("n"),
            .nonce_group = 1,
            .nonce = i < 2 ? 2 : 3,
            .context = &is_done[i]};
        master_world_submit(&world, &requests[i]);
        master_world_settle(&world, 100);
    }
    assert_false(is_done[0]);
    assert_true(is_done[1] && !requests[1].exception_class);
    assert_int_equal(requests[1].procedure_id, requests[0].procedure_id);
    assert_true(is_done[2]); /* another one's */
    assert_string_equal(requests[2].exception_class, EXCEPTION_NAMESPACE_EXISTS);
    master_procedure_result(master, requests[1].procedure_id, &result);
    assert_int_equal(result.state, PROCEDURE_RUNNING);
    world.lost_in_hundred = 0;
    master_world_settle(&world, 10000);
    assert_true(is_done[0] && !requests[0].exception_class);
    master_procedure_result(master, requests[1].procedure_id, &result);
    assert_int_equal(result.state, PROCEDURE_FINISHED);
    assert_null(result.exception_class);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* What began under it was finished by another: whoever asks must not hear for ever that it runs. */
static void a_master_that_leads_again_knows_what_has_ended_meanwhile(void **state)
{
    struct master_world world;
    struct procedure_result result;
    (void)state;
    master_world_make(&world, 16, 2);
    struct node *first = world.leader, *second = master_world_master(&world);
    struct master_request disable = {.operation = MASTER_DISABLE_TABLE, .table = SPAN_LITERAL("t")};
    world.lost_in_hundred = 100;
    master_world_submit(&world, &disable);
    master_world_settle(&world, 3000);
    master_procedure_result(first->master, disable.procedure_id, &result);
    assert_int_equal(result.state, PROCEDURE_RUNNING);
    world.lost_in_hundred = 0;
    master_depose(first->master);
    master_world_lead(&world, second);
    master_world_settle(&world, 10000);
    master_procedure_result(second->master, disable.procedure_id, &result);
    assert_int_equal(result.state, PROCEDURE_FINISHED);
    master_depose(second->master);
    master_world_lead(&world, first);
    master_procedure_result(first->master, disable.procedure_id, &result);
    assert_int_equal(result.state, PROCEDURE_FINISHED);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void what_a_deposed_master_still_writes_is_dropped(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 14, 2);
    struct node *first = world.leader, *second = master_world_master(&world);
    master_world_lead(&world, second);
    master_world_check(&world);
    /* the first does not know, and takes an order */
    world.leader = first;
    world.lost_in_hundred = 100; /* nor does it hear of it */
    struct master_request disable = {.operation = MASTER_DISABLE_TABLE, .table = SPAN_LITERAL("t")};
    master_world_submit(&world, &disable);
    master_world_settle(&world, 3000);
    node_kill(first);
    world.lost_in_hundred = 0;
    world.leader = second;
    master_world_check(&world);
    master_world_lead(&world, master_world_master(&world));
    struct catalogue *catalogue = master_catalogue(world.leader->master);
    struct catalogue_table *table = catalogue_find_locked(catalogue, SPAN_LITERAL("t"));
    assert_int_equal(table->lock, 0);
    master_world_settle(&world, 3000);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* Simulation seed 403226: hbase:meta went on naming a dead server. The first master moved a tablet to a server that had
 * not heard of the second yet, and was refused when it wrote the row. */
static void what_a_deposed_master_moved_is_told_by_the_next(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 15, 3);
    const struct assigned_tablet *meta = assignment_find(
        &world.leader->master->catalogue.assignment, SPAN_LITERAL(META_TABLET_ID));
    struct node *holder = master_world_node_of(&world, meta->server), *lost = NULL, *other = NULL;
    for (size_t i = 0; i < world.node_count; i++) {
        struct node *node = &world.nodes[i];
        if (node->host && node != holder)
            *(lost ? &other : &lost) = node;
    }
    struct node *first = world.leader, *second = master_world_master(&world);
    other->is_unreachable = true; /* so it hears nothing of the second */
    master_world_lead(&world, second);
    master_world_settle(&world, 2000); /* it is asked more and more seldom */
    other->is_unreachable = false;
    node_kill(lost);
    struct server_name living[] = {holder->name, other->name};
    master_set_servers(first->master, living, 2, 0);
    master_world_settle(&world, 15000); /* until it is asked */
    master_world_tell_servers(&world);
    master_world_settle(&world, 20000);
    master_world_check(&world);
    master_world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_close_that_comes_late_leaves_no_tablet_unserved),
        cmocka_unit_test(what_is_merged_while_the_next_master_reads_is_served),
        cmocka_unit_test(a_master_that_is_superseded_before_meta_is_open_gives_up),
        cmocka_unit_test(a_move_of_meta_is_finished_by_the_next_master),
        cmocka_unit_test(another_master_takes_over_what_is_open),
        cmocka_unit_test(lost_answers_change_nothing),
        cmocka_unit_test(a_leader_that_is_sealed_ends_itself),
        cmocka_unit_test(what_a_restore_took_away_is_not_put_back_by_the_next_master),
        cmocka_unit_test(who_waits_is_answered_when_the_tenure_ends),
        cmocka_unit_test(a_repeated_create_of_a_namespace_finds_the_first),
        cmocka_unit_test(a_master_that_leads_again_knows_what_has_ended_meanwhile),
        cmocka_unit_test(what_a_deposed_master_still_writes_is_dropped),
        cmocka_unit_test(what_a_deposed_master_moved_is_told_by_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
