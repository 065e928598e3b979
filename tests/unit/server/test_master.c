/* The master over tablet servers in memory: where tablets go, move, split, merge, servers that die, masters that
 * change. What happens when they die at any I/O call is tests/crash/test_master_crash.c. */
#include "tests/support/master_world.h"

#include <stdio.h>
#include <string.h>

#include "proto/exception_class.h"
#include "server/master/balance_log.h"
#include "server/master/master_internal.h"
#include "server/master/master_view.h"
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
    master_world_make(&world, 2, 3);
    struct node *to = other_server(&world, master_world_place(&world, "r20"));
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

/* A move of hbase:meta begins; its master dies after `ms`, and, when asked for, the server it goes to. */
static void move_meta_and_die(unsigned ms, bool destination_dies)
{
    struct master_world world;
    master_world_make(&world, 500 + ms, 3);
    struct master_request *move = arena_allocate_zeroed(&world.arena, 1, sizeof *move);
    *move = master_world_request(&world, MASTER_MOVE, "r20");
    move->tablets[0] = SPAN_LITERAL(META_TABLET_ID);
    const struct assigned_tablet *meta = assignment_find(
        &master_catalogue(world.leader->master)->assignment, move->tablets[0]);
    struct node *from = &world.nodes[0];
    while (strcmp(from->text, meta->server->text) != 0)
        from++;
    struct node *to = other_server(&world, from);
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
    struct master_request assign = master_world_request(&world, MASTER_ASSIGN, "r00");
    master_world_done(&world, &assign);
    assert_non_null(master_world_place(&world, "r00"));
    master_world_check(&world);
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

/* ---- Bad days ---- */

struct damage {
    struct env *env;
    char folder[256];
    unsigned count;
};

static enum status damage_file(void *context, const char *name, struct error *error)
{
    struct damage *damage = context;
    struct env_stat stat;
    char path[600];
    snprintf(path, sizeof path, "%s/%s", damage->folder, name);
    if (damage->count > 0 || env_path_stat(damage->env, path, &stat, error) || stat.size < 64)
        return STATUS_OK;
    damage->count++;
    for (unsigned i = 1; i <= 16; i++)
        (void)env_memory_flip(damage->env, path, stat.size - i, 0xff);
    return STATUS_OK;
}

static void a_tablet_that_cannot_be_opened_holds_up_no_other(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 11, 2);
    master_world_table(&world, MASTER_DISABLE_TABLE);
    struct catalogue *catalogue = master_catalogue(world.leader->master);
    struct catalogue_table *table = catalogue_find_locked(catalogue, SPAN_LITERAL("t"));
    struct damage damage = {.env = world.env};
    snprintf(damage.folder, sizeof damage.folder, "root/tables/%s/sst", table->descriptor.id);
    assert_ok(env_directory_list(world.env, damage.folder, damage_file, &damage, NULL), NULL);
    assert_int_equal(damage.count, 1);
    master_world_table(&world, MASTER_ENABLE_TABLE);
    size_t failed = 0;
    for (size_t i = 0; i < table->tablet_count; i++) {
        const struct assigned_tablet *one = table->tablets[i];
        failed += one->state == ASSIGNMENT_FAILED_OPEN;
        if (one->state == ASSIGNMENT_FAILED_OPEN) {
            assert_non_null(one->failure);
            assert_non_null(strstr(one->failure, ".sst"));
        } else {
            assert_int_equal(one->state, ASSIGNMENT_OPEN);
        }
    }
    assert_int_equal(failed, 1);
    /* it is tried again, ever more seldom: a minute has few tries */
    uint64_t before = world.commands;
    struct balance_run balanced, balances;
    balance_log_last(master_balance_log(world.leader->master), &balanced);
    master_world_settle(&world, 60000);
    assert_true(world.commands - before < 60);
    /* the balancer goes on meanwhile */
    balance_log_last(master_balance_log(world.leader->master), &balances);
    assert_true(balances.runs >= balanced.runs + 10);
    /* and the table can be taken out of service */
    master_world_table(&world, MASTER_DISABLE_TABLE);
    master_world_deinit(&world);
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

static void remove_all(struct env *env, const char *path);

struct removal {
    struct env *env;
    const char *path;
    char names[64][128];
    size_t count;
};

static enum status note_name(void *context, const char *name, struct error *error)
{
    struct removal *removal = context;
    (void)error;
    if (removal->count < 64)
        snprintf(removal->names[removal->count++], 128, "%s", name);
    return STATUS_OK;
}

static void remove_all(struct env *env, const char *path)
{
    struct removal removal = {.env = env, .path = path};
    char child[512];
    if (env_directory_list(env, path, note_name, &removal, NULL)) {
        (void)env_path_remove(env, path, NULL);
        return;
    }
    for (size_t i = 0; i < removal.count; i++) {
        snprintf(child, sizeof child, "%s/%s", path, removal.names[i]);
        remove_all(env, child);
    }
    (void)env->table->directory_remove(env, path, NULL);
}

static void a_lost_meta_table_is_made_anew_from_the_manifests(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 13, 2);
    master_world_settle(&world, 1000);
    for (size_t i = 0; i < world.node_count; i++)
        if (node_is_alive(&world.nodes[i]))
            node_kill(&world.nodes[i]);
    remove_all(world.env, "root/tables/meta");
    master_world_server(&world);
    master_world_server(&world);
    master_world_lead(&world, master_world_master(&world));
    master_world_check(&world);
    master_world_put_all(&world);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_spreads_over_the_servers),
        cmocka_unit_test(a_tablet_moves_with_all_its_rows),
        cmocka_unit_test(a_tablet_splits_and_merges),
        cmocka_unit_test(a_close_that_comes_late_leaves_no_tablet_unserved),
        cmocka_unit_test(what_is_merged_while_the_next_master_reads_is_served),
        cmocka_unit_test(a_move_of_meta_is_finished_by_the_next_master),
        cmocka_unit_test(an_unassigned_tablet_stays_closed_until_it_is_assigned),
        cmocka_unit_test(a_dead_servers_tablets_are_served_by_the_others),
        cmocka_unit_test(another_master_takes_over_what_is_open),
        cmocka_unit_test(lost_answers_change_nothing),
        cmocka_unit_test(switches_and_draining_outlive_the_master),
        cmocka_unit_test(a_leader_that_is_sealed_ends_itself),
        cmocka_unit_test(a_server_is_drained_with_the_balancer_off_too),
        cmocka_unit_test(a_server_that_only_gets_no_more_keeps_what_it_has),
        cmocka_unit_test(a_snapshot_is_cloned_and_put_back),
        cmocka_unit_test(a_tablet_that_cannot_be_opened_holds_up_no_other),
        cmocka_unit_test(who_waits_is_answered_when_the_tenure_ends),
        cmocka_unit_test(a_state_that_cannot_be_written_is_written_later),
        cmocka_unit_test(a_lost_meta_table_is_made_anew_from_the_manifests),
        cmocka_unit_test(what_a_deposed_master_still_writes_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
