/* The master over tablet servers in memory: where tablets go, move, split, merge, servers that die. Masters that change
 * are test_master_tenure.c; damage and loss are test_master_damage.c. What happens when they die at any I/O call is tests/crash/test_master_crash.c. */
#include "tests/support/master_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pause.h"
#include "proto/exception_class.h"
#include "server/master/master_internal.h"
#include "server/master/master_view.h"
#include "server/master/table_extents.h"
#include "tests/support/support.h"

static void a_table_spreads_over_the_servers(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 1, 2);
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

static void a_tablet_moves_with_all_its_rows(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 2, 3);
    struct node *to = master_world_other_server(&world, master_world_place(&world, "r20"));
    struct master_request move = master_world_request(&world, MASTER_MOVE, "r20");
    move.server = span_string(to->text);
    master_world_done(&world, &move);
    assert_ptr_equal(master_world_place(&world, "r20"), to);
    assert_true(master_world_put(&world, 20));
    master_world_check(&world);

    struct master_request anywhere = master_world_request(&world, MASTER_MOVE, "r20");
    master_world_done(&world, &anywhere);
    assert_ptr_not_equal(master_world_place(&world, "r20"), to);
    struct master_request nowhere = master_world_request(&world, MASTER_MOVE, "r20");
    nowhere.server = SPAN_LITERAL("no,1,1");
    assert_string_equal(master_world_ask(&world, &nowhere), EXCEPTION_DO_NOT_RETRY_IO);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void a_tablet_splits_and_merges(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 3, 2);
    struct master_request split = master_world_request(&world, MASTER_SPLIT, "r20");
    split.row = SPAN_LITERAL("r24");
    master_world_done(&world, &split);
    struct span left = master_world_tablet(&world, "r20"),
                right = master_world_tablet(&world, "r24");
    assert_false(span_equal(left, right));
    assert_true(master_world_put(&world, 24));
    assert_true(master_world_put(&world, 23));
    master_world_check(&world);

    struct master_request merge = master_world_request(&world, MASTER_MERGE, "r24");
    merge.tablets[1] = left;
    merge.tablet_count = 2;
    master_world_done(&world, &merge);
    assert_true(span_equal(master_world_tablet(&world, "r20"), master_world_tablet(&world, "r24")));
    assert_true(master_world_put(&world, 24));
    master_world_check(&world);

    struct master_request far = master_world_request(&world, MASTER_MERGE, "r00");
    far.tablets[1] = master_world_tablet(&world, "r63");
    far.tablet_count = 2;
    assert_string_equal(master_world_ask(&world, &far), EXCEPTION_MERGE_REGION);
    struct master_request gone = master_world_request(&world, MASTER_SPLIT, "r20");
    gone.tablets[0] = left;
    assert_string_equal(master_world_ask(&world, &gone), EXCEPTION_UNKNOWN_REGION);
    struct master_request outside = master_world_request(&world, MASTER_SPLIT, "r20");
    outside.row = SPAN_LITERAL("r60");
    assert_string_equal(master_world_ask(&world, &outside), EXCEPTION_DO_NOT_RETRY_IO);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* HBase's asynchronous client looks for a table's state below its own clock. */
static void a_state_that_was_told_lies_before_now(void **state)
{
    (void)state;
    static const enum master_operation operations[] = {
        MASTER_DISABLE_TABLE, MASTER_ENABLE_TABLE, MASTER_DISABLE_TABLE, MASTER_DELETE_TABLE};
    struct master_world world;
    master_world_make(&world, 21, 2);
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        struct master *master = world.leader->master;
        master->meta.last_timestamp = env_wall_ms(master->env) +
                                      50; /* as many batches at once leave it */
        master_world_table(&world, operations[i]);
        assert_true(master->meta.last_timestamp < env_wall_ms(master->env));
    }
    master_world_deinit(&world);
}

static void an_unassigned_tablet_stays_closed_until_it_is_assigned(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 4, 2);
    struct master_request unassign = master_world_request(&world, MASTER_UNASSIGN, "r00");
    master_world_done(&world, &unassign);
    master_world_settle(&world, 3000);
    assert_null(master_world_place(&world, "r00"));
    master_world_check(&world);
    /* the next master leaves it closed, also when every server has died since; and the one after it */
    master_world_lead(&world, master_world_master(&world));
    master_world_settle(&world, 10000);
    assert_null(master_world_place(&world, "r00"));
    for (size_t i = 0; i < world.node_count; i++)
        if (node_is_alive(&world.nodes[i]))
            node_kill(&world.nodes[i]);
    master_world_server(&world);
    master_world_server(&world);
    master_world_lead(&world, master_world_master(&world));
    master_world_settle(&world, 10000);
    assert_null(master_world_place(&world, "r00"));
    assert_non_null(master_world_place(&world, "r20"));
    master_world_check(&world);
    struct master_request assign = master_world_request(&world, MASTER_ASSIGN, "r00");
    master_world_done(&world, &assign);
    assert_non_null(master_world_place(&world, "r00"));
    master_world_check(&world);
    /* and once assigned it is opened by whoever leads */
    node_kill(master_world_place(&world, "r00"));
    master_world_lead(&world, master_world_master(&world));
    master_world_check(&world);
    assert_non_null(master_world_place(&world, "r00"));
    master_world_deinit(&world);
}

struct listed_results {
    size_t unassigns, assigns;
};

static void note_listed(void *context, uint64_t id, const struct procedure_result *result)
{
    struct listed_results *listed = context;
    assert_true(id > 0);
    assert_null(result->exception_class);
    listed->unassigns += strcmp(result->kind, "UnassignRegionProcedure") == 0;
    listed->assigns += strcmp(result->kind, "AssignRegionProcedure") == 0;
}

static void procedures_that_have_ended_are_listed_for_a_while(void **state)
{
    struct master_world world;
    struct listed_results listed = {0};
    (void)state;
    master_world_make(&world, 5, 2);
    struct master_request unassign = master_world_request(&world, MASTER_UNASSIGN, "r00"),
                          assign = unassign;
    bool is_done = false;
    master_world_done(&world, &unassign); /* waits, and is told */
    assign.operation = MASTER_ASSIGN;
    assign.context = &is_done;
    master_world_submit(&world, &assign); /* nobody asks for it */
    master_world_settle(&world, 1000);
    struct master *master = world.leader->master;
    master_each_result(master, 100, note_listed, &listed);
    assert_int_equal(listed.unassigns, 1);
    assert_int_equal(listed.assigns, 1);
    master_world_settle(&world, 6 * 60 * 1000);
    listed = (struct listed_results){0};
    master_each_result(master, 100, note_listed, &listed);
    assert_int_equal(listed.unassigns, 0);
    assert_int_equal(listed.assigns, 1);
    master_world_settle(&world, 10 * 60 * 1000);
    listed = (struct listed_results){0};
    master_each_result(master, 100, note_listed, &listed);
    assert_int_equal(listed.assigns, 0);
    master_world_deinit(&world);
}

static void a_dead_servers_tablets_are_served_by_the_others(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 5, 3);
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

/* Rows that the server has. */
static size_t count_at(struct master_world *world, const struct node *node)
{
    size_t count = 0;
    for (unsigned i = 0; i < MASTER_WORLD_ROWS; i++) {
        char row[8];
        snprintf(row, sizeof row, "r%02u", i);
        count += master_world_place(world, row) == node;
    }
    return count;
}

static void switches_and_draining_outlive_the_master(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 8, 3);
    struct master_request off = {.operation = MASTER_SWITCH, .setting = SETTING_SPLIT};
    master_world_done(&world, &off);
    assert_true(off.was_on);
    struct master_request split = master_world_request(&world, MASTER_SPLIT, "r20");
    split.row = SPAN_LITERAL("r24");
    assert_string_equal(master_world_ask(&world, &split), EXCEPTION_DO_NOT_RETRY_IO);
    struct node *drained = master_world_place(&world, "r20");
    struct span text = span_string(drained->text);
    struct master_request drain = {
        .operation = MASTER_DECOMMISSION, .servers = &text, .server_count = 1, .offloads = true};
    master_world_done(&world, &drain);
    master_world_lead(&world, master_world_master(&world));
    assert_false(master_setting_is_on(world.leader->master, SETTING_SPLIT));
    master_world_settle(&world, 20000);
    master_world_check(&world);
    assert_int_equal(count_at(&world, drained), 0);
    master_world_deinit(&world);
}

static void a_server_is_drained_with_the_balancer_off_too(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 10, 3);
    struct master_request off = {.operation = MASTER_SWITCH, .setting = SETTING_BALANCER};
    master_world_done(&world, &off);
    struct node *drained = master_world_place(&world, "r20");
    struct span text = span_string(drained->text);
    struct master_request drain = {
        .operation = MASTER_DECOMMISSION, .servers = &text, .server_count = 1, .offloads = true};
    master_world_done(&world, &drain);
    master_world_settle(&world, 3000);
    master_world_check(&world);
    assert_int_equal(count_at(&world, drained), 0);
    master_world_deinit(&world);
}

/* A server comes that has nothing: there is something to move. */
static void a_dry_run_moves_nothing_and_a_move_is_recorded_with_its_reason(void **state)
{
    struct master_world world;
    struct balance_record record;
    (void)state;
    master_world_make(&world, 61, 1);
    struct node *first = master_world_place(&world, "r00");
    struct master_request off = {.operation = MASTER_SWITCH, .setting = SETTING_BALANCER};
    master_world_done(&world, &off);
    struct node *second = master_world_server(&world);
    master_world_tell_servers(&world);
    master_world_settle(&world, 60000);
    struct balance_log *log = master_balance_log(world.leader->master);
    uint64_t noted = balance_log_count(log);
    struct master_request dry = {.operation = MASTER_BALANCE, .is_dry_run = true};
    master_world_done(&world, &dry);
    assert_true(dry.is_on);
    assert_true(dry.moves_calculated > 0);
    assert_int_equal(dry.moves_executed, 0);
    master_world_settle(&world, 5000);
    assert_int_equal(count_at(&world, first), MASTER_WORLD_ROWS);
    assert_int_equal(balance_log_count(log), noted);
    struct master_request on = {
        .operation = MASTER_SWITCH, .setting = SETTING_BALANCER, .is_on = true};
    master_world_done(&world, &on);
    struct master_request run = {.operation = MASTER_BALANCE};
    master_world_done(&world, &run);
    assert_int_equal(run.moves_calculated, dry.moves_calculated);
    assert_true(run.moves_executed > 0);
    assert_int_equal(balance_log_count(log), noted + run.moves_executed);
    assert_true(balance_log_read(log, noted, &record));
    assert_string_equal(record.from, first->text);
    assert_string_equal(record.to, second->text);
    assert_true(record.is_begun && record.gain > 0);
    assert_non_null(strstr(record.reason, "at the source"));
    master_world_check(&world);
    assert_true(count_at(&world, second) > 0);
    master_world_deinit(&world);
}

static void a_server_that_only_gets_no_more_keeps_what_it_has(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 9, 3);
    struct node *closed = master_world_place(&world, "r20");
    size_t rows = count_at(&world, closed);
    struct span text = span_string(closed->text), region = master_world_tablet(&world, "r20");
    struct master_request out = {
        .operation = MASTER_DECOMMISSION, .servers = &text, .server_count = 1};
    master_world_done(&world, &out);
    for (size_t i = 0; i < world.node_count; i++)
        if (world.nodes[i].host && &world.nodes[i] != closed)
            node_kill(&world.nodes[i]);
    master_world_server(&world);
    master_world_tell_servers(&world);
    master_world_settle(&world, 20000);
    master_world_check(&world);
    assert_int_equal(count_at(&world, closed), rows);
    struct master_request away = master_world_request(&world, MASTER_MOVE, "r20");
    master_world_done(&world, &away);
    assert_ptr_not_equal(master_world_place(&world, "r20"), closed);
    /* back in, with a region that it is to get */
    struct master_request in = {.operation = MASTER_RECOMMISSION,
        .servers = &text,
        .server_count = 1,
        .tablets = &region,
        .tablet_count = 1};
    master_world_done(&world, &in);
    master_world_settle(&world, 2000);
    assert_ptr_equal(master_world_place(&world, "r20"), closed);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* ---- Snapshots ---- */

static void a_snapshot_is_cloned_and_put_back(void **state)
{
    struct master_world world;
    char before[MASTER_WORLD_ROWS][16];
    (void)state;
    master_world_make(&world, 10, 3);
    master_world_snapshot(&world, MASTER_SNAPSHOT, "t");
    memcpy(before, world.values, sizeof before);
    struct master_request again = {.operation = MASTER_SNAPSHOT,
        .table = SPAN_LITERAL("t"),
        .snapshot_name = SPAN_LITERAL("s")};
    assert_string_equal(master_world_ask(&world, &again), EXCEPTION_SNAPSHOT_EXISTS);
    master_world_snapshot(
        &world, MASTER_RESTORE_SNAPSHOT, "u"); /* a clone: its rows are checked as those of t */
    master_world_check(&world);
    /* the table goes on, and is split, before it is put back */
    struct master_request split = master_world_request(&world, MASTER_SPLIT, "r20");
    split.row = SPAN_LITERAL("r24");
    master_world_done(&world, &split);
    struct master_request drop = {.operation = MASTER_DISABLE_TABLE, .table = SPAN_LITERAL("u")};
    master_world_done(&world, &drop);
    master_world_put_all(&world);
    struct master_request enabled = {.operation = MASTER_RESTORE_SNAPSHOT,
        .table = SPAN_LITERAL("t"),
        .snapshot_name = SPAN_LITERAL("s")};
    assert_string_equal(master_world_ask(&world, &enabled), EXCEPTION_TABLE_NOT_DISABLED);
    master_world_table(&world, MASTER_DISABLE_TABLE);
    master_world_snapshot(&world, MASTER_RESTORE_SNAPSHOT, "t");
    master_world_table(&world, MASTER_ENABLE_TABLE);
    memcpy(world.values, before, sizeof before);
    memcpy(world.tried, before, sizeof before);
    master_world_check(&world);
    assert_true(span_equal(master_world_tablet(&world, "r20"), master_world_tablet(&world, "r24")));
    master_world_snapshot(&world, MASTER_DELETE_SNAPSHOT, "t");
    struct master_request gone = {.operation = MASTER_RESTORE_SNAPSHOT,
        .table = SPAN_LITERAL("v"),
        .snapshot_name = SPAN_LITERAL("s")};
    assert_string_equal(master_world_ask(&world, &gone), EXCEPTION_SNAPSHOT_DOES_NOT_EXIST);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void a_state_that_cannot_be_written_is_written_later(void **state)
{
    (void)state;
    size_t refused = 0, done = 0;
    for (uint64_t n = 1; n < 14; n++) {
        struct master_world world;
        bool is_done = false;
        master_world_make(&world, 300 + n, 2);
        struct env *env = world.leader->env;
        struct master_request disable = {.operation = MASTER_DISABLE_TABLE,
            .table = SPAN_LITERAL("t"),
            .waits = true,
            .context = &is_done};
        uint64_t calls = env_memory_call_count(env);
        if (n == 1)
            env_memory_set_space(env, 0);
        master_world_submit(&world, &disable);
        for (unsigned ms = 0; ms < 100 && env_memory_call_count(env) < calls + n; ms++)
            master_world_settle(&world, 1);
        env_memory_set_space(env, 0);
        master_world_settle(&world, 3000);
        env_memory_set_space(env, UINT64_MAX);
        master_world_settle(&world, 60000);
        assert_true(is_done);
        refused += disable.exception_class != NULL;
        done += disable.exception_class == NULL;
        master_world_check(&world);
        master_world_deinit(&world);
    }
    printf("%zu refused, %zu done later\n", refused, done);
    assert_true(refused > 0 && done > 0);
}

/* A diagnosis says which part of the keys is hot: by what the tablets hold now, not when the tenure began. */
static void tablets_weigh_what_was_last_reported(void **state)
{
    struct master_world world;
    struct heat_extent *extents;
    (void)state;
    master_world_make(&world, 21, 2);
    struct catalogue *catalogue = master_catalogue(world.leader->master);
    struct catalogue_table *table = catalogue_find_locked(catalogue, SPAN_LITERAL("t"));
    for (size_t i = 0; i < table->tablet_count; i++) {
        assert_int_equal(table->tablets[i]->info.sstable_bytes, 0); /* the table is new */
        table->tablets[i]->size_bytes = 1000 * (i + 1);
    }
    assert_int_equal(table_extents_list(catalogue, SPAN_LITERAL("t"), &world.arena, &extents), 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(extents[i].bytes == 1 + 1000.0 * (double)(i + 1));
    assert_spans_equal(extents[2].start, SPAN_LITERAL("r32"));
    assert_spans_equal(extents[2].end, SPAN_LITERAL("r48"));
    master_world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_spreads_over_the_servers),
        cmocka_unit_test(a_tablet_moves_with_all_its_rows),
        cmocka_unit_test(a_tablet_splits_and_merges),
        cmocka_unit_test(a_state_that_was_told_lies_before_now),
        cmocka_unit_test(an_unassigned_tablet_stays_closed_until_it_is_assigned),
        cmocka_unit_test(procedures_that_have_ended_are_listed_for_a_while),
        cmocka_unit_test(a_dead_servers_tablets_are_served_by_the_others),
        cmocka_unit_test(switches_and_draining_outlive_the_master),
        cmocka_unit_test(a_dry_run_moves_nothing_and_a_move_is_recorded_with_its_reason),
        cmocka_unit_test(a_server_is_drained_with_the_balancer_off_too),
        cmocka_unit_test(a_server_that_only_gets_no_more_keeps_what_it_has),
        cmocka_unit_test(a_snapshot_is_cloned_and_put_back),
        cmocka_unit_test(a_state_that_cannot_be_written_is_written_later),
        cmocka_unit_test(tablets_weigh_what_was_last_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
