/* The master over tablet servers in memory, asked for odd things at odd moments: what cannot be done is refused, or ends,
 * and holds up nothing for ever. */
#include "tests/support/master_world.h"

#include <stdio.h>
#include <string.h>

#include "proto/exception_class.h"
#include "server/master/master_internal.h"
#include "server/master/master_settings.h"
#include "server/master/master_view.h"
#include "tests/support/master_world_internal.h"
#include "tests/support/support.h"

/* ---- A tablet that cannot be opened ---- */

struct damage {
    struct env *env;
    char folder[256];
    char path[600]; /* of the file that was damaged */
};

static void flip_end(const struct damage *damage)
{
    struct env_stat stat;
    assert_ok(env_path_stat(damage->env, damage->path, &stat, NULL), NULL);
    for (unsigned i = 1; i <= 16; i++)
        assert_ok(env_memory_flip(damage->env, damage->path, stat.size - i, 0xff), NULL);
}

static enum status damage_one(void *context, const char *name, struct error *error)
{
    struct damage *damage = context;
    struct env_stat stat;
    char path[600];
    snprintf(path, sizeof path, "%s/%s", damage->folder, name);
    if (damage->path[0] || env_path_stat(damage->env, path, &stat, error) || stat.size < 64)
        return STATUS_OK;
    snprintf(damage->path, sizeof damage->path, "%s", path);
    flip_end(damage);
    return STATUS_OK;
}

static struct catalogue_table *table_of(struct master_world *world)
{
    return catalogue_find_locked(master_catalogue(world->leader->master), SPAN_LITERAL("t"));
}

static struct assigned_tablet *failed_tablet(struct master_world *world, size_t *out_at)
{
    struct catalogue_table *table = table_of(world);
    for (size_t i = 0; i < table->tablet_count; i++) {
        *out_at = i;
        if (table->tablets[i]->state == ASSIGNMENT_FAILED_OPEN)
            return table->tablets[i];
    }
    fail_msg("no tablet failed to open");
    return NULL;
}

/* Table "t" with a tablet whose file is damaged. */
static void make_failed(struct master_world *world, uint64_t seed, struct damage *damage)
{
    master_world_make(world, seed, 2);
    master_world_table(world, MASTER_DISABLE_TABLE);
    *damage = (struct damage){.env = world->env};
    snprintf(damage->folder, sizeof damage->folder, "root/tables/%s/sst",
        table_of(world)->descriptor.id);
    assert_ok(env_directory_list(world->env, damage->folder, damage_one, damage, NULL), NULL);
    assert_true(damage->path[0] != '\0');
    master_world_table(world, MASTER_ENABLE_TABLE);
    master_world_settle(world, 100);
}

static void a_tablet_that_cannot_be_opened_is_neither_split_nor_merged(void **state)
{
    struct master_world world;
    struct damage damage;
    size_t at;
    (void)state;
    make_failed(&world, 51, &damage);
    struct assigned_tablet *failed = failed_tablet(&world, &at);
    struct catalogue_table *table = table_of(&world);
    struct span ids[2] = {
        span_string(failed->info.id), span_string(table->tablets[at ? at - 1 : 1]->info.id)};
    struct master_request split = {
        .operation = MASTER_SPLIT, .tablets = ids, .tablet_count = 1, .row = SPAN_LITERAL("r20")};
    assert_string_equal(master_world_ask(&world, &split), EXCEPTION_DO_NOT_RETRY_IO);
    assert_non_null(strstr(master_world_error.message, "is not OPEN; state=FAILED_OPEN"));
    struct master_request merge = {.operation = MASTER_MERGE, .tablets = ids, .tablet_count = 2};
    assert_string_equal(master_world_ask(&world, &merge), EXCEPTION_DO_NOT_RETRY_IO);
    master_world_table(&world, MASTER_DISABLE_TABLE);
    /* mended, it is one like others */
    flip_end(&damage);
    master_world_table(&world, MASTER_ENABLE_TABLE);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* Its file was damaged between the request and its turn: the parents cannot be opened again, and the procedure ends. */
static void a_split_that_cannot_be_undone_ends_all_the_same(void **state)
{
    struct master_world world;
    struct damage damage;
    size_t at;
    (void)state;
    make_failed(&world, 52, &damage);
    struct assigned_tablet *both[2] = {failed_tablet(&world, &at), NULL};
    struct catalogue_table *table = table_of(&world);
    struct master *master = world.leader->master;
    assert_true(master_split_tablet(master, both[0], SPAN_EMPTY, SPAN_LITERAL("a test")));
    master_world_settle(&world, 5000);
    assert_null(master->procedures);
    size_t first = at ? at - 1 : at;
    both[0] = table->tablets[first];
    both[1] = table->tablets[first + 1];
    assert_true(master_merge_tablets(master, both, 2, SPAN_LITERAL("a test")));
    master_world_settle(&world, 5000);
    assert_null(master->procedures);
    assert_int_equal(table->tablet_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            table->tablets[i]->state, i == at ? ASSIGNMENT_FAILED_OPEN : ASSIGNMENT_OPEN);
    flip_end(&damage);
    master_world_settle(&world, 70000);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* One that was closed by command is not opened on the way. */
static void an_unassigned_tablet_is_neither_split_nor_merged(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 53, 2);
    struct master_request close = master_world_request(&world, MASTER_UNASSIGN, "r20");
    master_world_done(&world, &close);
    struct master_request split = master_world_request(&world, MASTER_SPLIT, "r20");
    split.row = SPAN_LITERAL("r24");
    assert_string_equal(master_world_ask(&world, &split), EXCEPTION_DO_NOT_RETRY_IO);
    master_world_settle(&world, 20000);
    assert_null(master_world_place(&world, "r20"));
    struct master_request open = master_world_request(&world, MASTER_ASSIGN, "r20");
    master_world_done(&world, &open);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* ---- Snapshots ---- */

static bool is_running(const struct master_world *world, enum procedure_kind kind)
{
    for (const struct running *one = world->leader->master->procedures; one; one = one->next)
        if (one->procedure.kind == kind)
            return true;
    return false;
}

static bool is_undoing(const struct master_world *world, enum procedure_kind kind)
{
    for (const struct running *one = world->leader->master->procedures; one; one = one->next)
        if (one->procedure.kind == kind && one->procedure.is_undoing)
            return true;
    return false;
}

static void a_snapshot_that_is_being_put_back_is_deleted_afterwards(void **state)
{
    struct master_world world;
    bool is_restored = false, is_deleted = false;
    (void)state;
    master_world_make(&world, 54, 2);
    master_world_snapshot(&world, MASTER_SNAPSHOT, "t");
    master_world_table(&world, MASTER_DISABLE_TABLE);
    struct master_request restore = {.operation = MASTER_RESTORE_SNAPSHOT,
        .table = SPAN_LITERAL("t"),
        .snapshot_name = SPAN_LITERAL("s"),
        .waits = true,
        .context = &is_restored};
    struct master_request remove = {.operation = MASTER_DELETE_SNAPSHOT,
        .snapshot_name = SPAN_LITERAL("s"),
        .waits = true,
        .context = &is_deleted};
    master_world_submit(&world, &restore);
    for (unsigned i = 0; i < 10000 && !is_running(&world, PROCEDURE_RESTORE); i++)
        assert_true(env_memory_run_one(world.env));
    master_world_submit(&world, &remove);
    master_world_settle(&world, 20000);
    assert_true(is_restored && is_deleted);
    assert_null(restore.exception_class);
    assert_null(remove.exception_class);
    assert_null(world.leader->master->procedures);
    master_world_table(&world, MASTER_ENABLE_TABLE);
    master_world_check(&world);
    struct master_request again = {.operation = MASTER_RESTORE_SNAPSHOT,
        .table = SPAN_LITERAL("v"),
        .snapshot_name = SPAN_LITERAL("s")};
    assert_string_equal(master_world_ask(&world, &again), EXCEPTION_SNAPSHOT_DOES_NOT_EXIST);
    master_world_deinit(&world);
}

static void a_snapshot_whose_time_is_over_is_not_put_back(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 55, 2);
    struct master_request off = {.operation = MASTER_SWITCH, .setting = SETTING_SNAPSHOT_CLEANUP};
    master_world_done(&world, &off);
    struct master_request take = {.operation = MASTER_SNAPSHOT,
        .table = SPAN_LITERAL("t"),
        .snapshot_name = SPAN_LITERAL("s"),
        .ttl_s = 2};
    master_world_done(&world, &take);
    struct master_request clone = {.operation = MASTER_RESTORE_SNAPSHOT,
        .table = SPAN_LITERAL("u"),
        .snapshot_name = SPAN_LITERAL("s")};
    master_world_done(&world, &clone);
    master_world_settle(&world, 5000);
    clone.table = SPAN_LITERAL("w");
    assert_string_equal(master_world_ask(&world, &clone), EXCEPTION_SNAPSHOT_TTL_EXPIRED);
    assert_false(master_world_has_table(&world, "w"));
    master_world_check(&world);
    master_world_deinit(&world);
}

/* By its name, as HBase does: the rows are those of a table that is no more, twice over. */
static void a_truncated_table_is_put_back(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 57, 2);
    master_world_snapshot(&world, MASTER_SNAPSHOT, "t");
    char before[TABLE_ID_SIZE];
    memcpy(before, table_of(&world)->descriptor.id, sizeof before);
    for (int i = 0; i < 2; i++) {
        master_world_table(&world, MASTER_DISABLE_TABLE);
        master_world_table(&world, MASTER_TRUNCATE_TABLE);
        master_world_table(&world, MASTER_DISABLE_TABLE);
        master_world_snapshot(&world, MASTER_RESTORE_SNAPSHOT, "t");
        assert_string_not_equal(table_of(&world)->descriptor.id, before);
        master_world_snapshot(&world, MASTER_RESTORE_SNAPSHOT, "t"); /* over its own clones */
        master_world_table(&world, MASTER_ENABLE_TABLE);
        master_world_check(&world);
    }
    master_world_snapshot(&world, MASTER_DELETE_SNAPSHOT, "t");
    master_world_settle(&world, 5000);
    master_world_lead(&world, master_world_master(&world));
    master_world_check(&world);
    master_world_fsck(&world);
    master_world_deinit(&world);
}

static enum status flip_newest(void *context, const char *name, struct error *error)
{
    struct damage *damage = context;
    (void)error;
    char path[600];
    snprintf(path, sizeof path, "%s/%s", damage->folder, name);
    if (strstr(name, ".tmp") == NULL && strcmp(path, damage->path) > 0)
        snprintf(damage->path, sizeof damage->path, "%s", path);
    return STATUS_OK;
}

/* A damaged manifest is found before the schema or a row of hbase:meta has changed. */
static void a_table_that_cannot_be_put_back_is_left_as_it_is(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 56, 2);
    master_world_snapshot(&world, MASTER_SNAPSHOT, "t");
    master_world_table(&world, MASTER_DISABLE_TABLE);
    struct damage damage = {.env = world.env};
    snprintf(damage.folder, sizeof damage.folder, "root/tables/%s/tablets",
        table_of(&world)->descriptor.id);
    assert_ok(env_directory_list(world.env, damage.folder, flip_newest, &damage, NULL), NULL);
    assert_ok(env_memory_flip(world.env, damage.path, 40, 0xff), NULL);
    struct master_request restore = {.operation = MASTER_RESTORE_SNAPSHOT,
        .table = SPAN_LITERAL("t"),
        .snapshot_name = SPAN_LITERAL("s")};
    assert_non_null(master_world_ask(&world, &restore));
    assert_null(world.leader->master->procedures);
    assert_ok(env_memory_flip(world.env, damage.path, 40, 0xff), NULL);
    master_world_snapshot(&world, MASTER_RESTORE_SNAPSHOT, "t");
    master_world_table(&world, MASTER_ENABLE_TABLE);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* ---- The same again ---- */

/* A client that hears nothing sends its call again, with its nonce; both have waited for the table. */
static void a_request_that_waited_twice_is_done_once(void **state)
{
    struct master_world world;
    bool is_disabled = false, is_done[2] = {false, false};
    (void)state;
    master_world_make(&world, 57, 2);
    struct master_request disable = {.operation = MASTER_DISABLE_TABLE,
        .table = SPAN_LITERAL("t"),
        .waits = true,
        .context = &is_disabled};
    struct master_request enable[2];
    master_world_submit(&world, &disable);
    for (size_t i = 0; i < 2; i++) {
        enable[i] = (struct master_request){.operation = MASTER_ENABLE_TABLE,
            .table = SPAN_LITERAL("t"),
            .nonce_group = 5,
            .nonce = 7,
            .waits = true,
            .context = &is_done[i]};
        master_world_submit(&world, &enable[i]);
    }
    master_world_settle(&world, 20000);
    assert_true(is_disabled && is_done[0] && is_done[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_null(enable[i].exception_class);
        assert_int_equal(enable[i].procedure_id, enable[0].procedure_id);
    }
    master_world_check(&world);
    master_world_deinit(&world);
}

/* The master that began it is gone, and so the client sends its call to the next one. */
static void a_request_sent_again_to_the_next_master_is_done_once(void **state)
{
    struct master_world world;
    bool is_done = false;
    (void)state;
    master_world_make(&world, 60, 2);
    struct master_request disable = {.operation = MASTER_DISABLE_TABLE,
        .table = SPAN_LITERAL("t"),
        .nonce_group = 5,
        .nonce = 9,
        .context = &is_done};
    struct master_request again = disable;
    master_world_submit(&world, &disable);
    const struct running *running = NULL;
    for (unsigned i = 0; i < 10000 && !(running && running->action == ACTION_CLOSE); i++) {
        assert_true(env_memory_run_one(world.env));
        running = world.leader->master->procedures;
    }
    uint64_t id = running->procedure.id;
    node_kill(world.leader);
    master_world_lead(&world, master_world_master(&world));
    assert_null(master_world_ask(&world, &again));
    assert_int_equal(again.procedure_id, id);
    master_world_table(&world, MASTER_ENABLE_TABLE);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* ---- Servers ---- */

static void a_server_that_is_stopping_is_not_asked_again_and_again(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 58, 1);
    struct node *only = master_world_place(&world, "r00");
    master_world_table(&world, MASTER_DISABLE_TABLE);
    bool is_done = false;
    struct master_request enable = {.operation = MASTER_ENABLE_TABLE,
        .table = SPAN_LITERAL("t"),
        .waits = true,
        .context = &is_done};
    uint64_t before = world.commands;
    master_world_submit(&world, &enable);
    const struct running *running = NULL;
    for (unsigned i = 0; i < 10000 && !(running && running->action == ACTION_OPEN); i++) {
        assert_true(env_memory_run_one(world.env));
        running = world.leader->master->procedures;
    }
    tablet_host_stop(only->host); /* a clean stop takes some seconds: it looks alive until then */
    master_world_settle(&world, 5000);
    assert_true(world.commands - before < 100);
    node_kill(only);
    master_world_server(&world);
    master_world_tell_servers(&world);
    master_world_settle(&world, 20000);
    assert_true(is_done);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* The table that a clone is undone of may be open: where the answers to that were lost. Found by the simulation (seed
 * 401481): its files could not be removed, for ever. */
static void a_table_that_nobody_said_was_opened_is_closed_when_it_is_undone(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 62, 3);
    const struct assigned_tablet *meta = assignment_find(
        &world.leader->master->catalogue.assignment, SPAN_LITERAL(META_TABLET_ID));
    struct node *others[2] = {0};
    for (size_t i = 0, found = 0; i < world.node_count; i++)
        if (world.nodes[i].host && &world.nodes[i] != master_world_node_of(&world, meta->server))
            others[found++] = &world.nodes[i];
    master_world_snapshot(&world, MASTER_SNAPSHOT, "t");
    bool is_done = false;
    struct master_request clone = {.operation = MASTER_RESTORE_SNAPSHOT,
        .table = SPAN_LITERAL("u"),
        .snapshot_name = SPAN_LITERAL("s"),
        .waits = true,
        .context = &is_done};
    others[0]->is_dropping_answers = others[1]->is_unreachable = true;
    master_world_submit(&world, &clone);
    master_world_settle(&world, 1500);
    others[0]->is_unreachable = true;
    master_world_settle(&world, 5000);
    assert_true(is_undoing(&world, PROCEDURE_CLONE));
    others[0]->is_dropping_answers = others[0]->is_unreachable = others[1]->is_unreachable = false;
    master_world_settle(&world, 20000);
    assert_true(is_done);
    assert_non_null(clone.exception_class);
    assert_false(master_world_has_table(&world, "u"));
    master_world_check(&world);
    master_world_fsck(&world);
    master_world_deinit(&world);
}

/* Nothing points at a server that was cleared from the list of the dead, though a move to it is under way. */
static void a_dead_server_is_cleared_in_the_middle_of_a_move_to_it(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 59, 3);
    struct node *from = master_world_place(&world, "r20");
    struct node *to = master_world_other_server(&world, from);
    bool is_done = false;
    struct master_request move = master_world_request(&world, MASTER_MOVE, "r20");
    move.server = span_string(to->text);
    move.waits = true;
    move.context = &is_done;
    from->is_close_to_stray = true; /* so the close is sent again and again */
    master_world_submit(&world, &move);
    master_world_settle(&world, 50);
    node_kill(to);
    master_world_tell_servers(&world);
    master_world_settle(&world, 200);
    assert_false(is_done);
    struct span text = span_string(to->text);
    struct master_request clear = {
        .operation = MASTER_CLEAR_DEAD, .servers = &text, .server_count = 1};
    master_world_done(&world, &clear);
    assert_int_equal(clear.server_count, 0);
    master_world_settle(&world, 120000);
    assert_true(is_done);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* ---- Splits that nothing comes of ---- */

static void count_splits(void *context, uint64_t id, const struct procedure_result *result)
{
    (void)id;
    *(unsigned *)context += strcmp(result->kind, "SplitTableRegionProcedure") == 0;
}

/* A tablet that is too large and cannot be split: its server asks each second, and is heard ever more seldom. */
static void a_split_that_fails_is_not_begun_each_second(void **state)
{
    struct master_world world;
    unsigned count = 0;
    (void)state;
    master_world_make(&world, 61, 2);
    struct node *at = master_world_place(&world, "r20");
    struct tablet_report tablet = {.split_reason = SPLIT_BY_SIZE, .split_row = SPAN_LITERAL("r60")};
    struct span id = master_world_tablet(&world, "r20");
    memcpy(tablet.id, id.data, id.size);
    struct server_report report = {.server = at->name, .tablets = &tablet, .tablet_count = 1};
    for (unsigned second = 0; second < 120; second++) {
        struct server_report_answer answer;
        assert_ok(master_take_report(world.leader->master, &report, &answer, NULL), NULL);
        master_world_settle(&world, 1000);
    }
    master_each_result(world.leader->master, RESULTS_KEPT, count_splits, &count);
    printf("%u splits begun in 120 s\n", count);
    assert_in_range(count, 2, 5);
    master_world_check(&world);
    master_world_deinit(&world);
}

static size_t count_text(const struct buffer *bytes, const char *text)
{
    size_t count = 0;
    const uint8_t *at = bytes->data, *end = bytes->data + bytes->size;
    while ((at = memmem(at, (size_t)(end - at), text, strlen(text)))) {
        count++;
        at++;
    }
    return count;
}

/* A tablet whose server died is on its way, by no procedure: whoever waits for it, or for its table, is shown with what it
 * waits for. */
static void who_waits_for_the_assigner_is_shown_with_the_locks(void **state)
{
    struct master_world world;
    struct buffer locks = {0};
    bool is_moved = false, is_disabled = false;
    char id[TABLET_ID_SIZE];
    (void)state;
    master_world_make(&world, 45, 3);
    node_kill(master_world_place(&world, "r20"));
    struct master_request move = master_world_request(&world, MASTER_MOVE, "r20");
    struct master_request disable = {
        .operation = MASTER_DISABLE_TABLE, .table = SPAN_LITERAL("t"), .waits = true};
    snprintf(id, sizeof id, "%.*s", (int)move.tablets[0].size, (const char *)move.tablets[0].data);
    move.context = &is_moved;
    disable.context = &is_disabled;
    for (size_t i = 0; i < world.node_count; i++)
        world.nodes[i].is_dropping_answers = true;
    master_world_tell_servers(&world);
    master_world_settle(&world, 2000);
    master_put_locks(world.leader->master, &locks);
    assert_int_equal(locks.size, 0); /* nobody waits */
    master_world_submit(&world, &move);
    master_world_submit(&world, &disable);
    master_world_settle(&world, 500);
    assert_false(is_moved || is_disabled);
    master_put_locks(world.leader->master, &locks);
    assert_int_equal(count_text(&locks, "MoveRegionProcedure"), 1);
    assert_int_equal(count_text(&locks, "DisableTableProcedure"), 1);
    assert_int_equal(count_text(&locks, id), 1);
    for (size_t i = 0; i < world.node_count; i++)
        world.nodes[i].is_dropping_answers = false;
    master_world_settle(&world, 20000);
    assert_true(is_moved && is_disabled);
    buffer_reset(&locks);
    master_put_locks(world.leader->master, &locks);
    assert_int_equal(locks.size, 0);
    buffer_deinit(&locks);
    master_world_table(&world, MASTER_ENABLE_TABLE);
    master_world_check(&world);
    master_world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_for_the_assigner_is_shown_with_the_locks),
        cmocka_unit_test(a_tablet_that_cannot_be_opened_is_neither_split_nor_merged),
        cmocka_unit_test(a_split_that_cannot_be_undone_ends_all_the_same),
        cmocka_unit_test(an_unassigned_tablet_is_neither_split_nor_merged),
        cmocka_unit_test(a_snapshot_that_is_being_put_back_is_deleted_afterwards),
        cmocka_unit_test(a_snapshot_whose_time_is_over_is_not_put_back),
        cmocka_unit_test(a_truncated_table_is_put_back),
        cmocka_unit_test(a_table_that_cannot_be_put_back_is_left_as_it_is),
        cmocka_unit_test(a_request_that_waited_twice_is_done_once),
        cmocka_unit_test(a_request_sent_again_to_the_next_master_is_done_once),
        cmocka_unit_test(a_server_that_is_stopping_is_not_asked_again_and_again),
        cmocka_unit_test(a_split_that_fails_is_not_begun_each_second),
        cmocka_unit_test(a_table_that_nobody_said_was_opened_is_closed_when_it_is_undone),
        cmocka_unit_test(a_dead_server_is_cleared_in_the_middle_of_a_move_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
