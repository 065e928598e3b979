/* Snapshots, clones, restored tables, exports, and what the collector makes of the files they share:
 * a tablet server and a master over one directory. */
#include <stdio.h>

#include "base/log_lines.h"
#include "base/pause.h"
#include "tests/support/hosts_world.h"
#include "tests/support/support.h"

#define CLONE_TABLE  "22222222222222222222222222222222"
#define CLONE_TABLET "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
#define OWN_TABLET   "ffffffffffffffffffffffffffffffff"
#define MASTER       STORE_DOCUMENTS

static enum status snap(struct host *host, void *name)
{
    struct snapshot_info info = {.name = span_string(name),
        .table_id = HOSTS_TABLE,
        .schema = host->world->schema,
        .created_ms = 1234,
        .owner = SPAN_LITERAL("me")};
    return store_snapshot_create(host->store, &info, &host->death);
}

static enum status unsnap(struct host *host, void *name)
{
    return store_snapshot_delete(host->store, span_string(name), &host->death);
}

static enum status clone(struct host *host, void *name)
{
    struct table_descriptor descriptor = {.id = CLONE_TABLE, .schema = host->world->schema};
    struct tablet_clone one = {
        .tablet = {.id = CLONE_TABLET, .region_id = 9}, .source_id = HOSTS_TABLET};
    enum status status = store_table_commit(host->store, &descriptor, &host->death);
    for (int i = 0; i < 2 && status == STATUS_OK; i++) /* a procedure that repeats */
        status = store_tablet_clone(
            host->store, span_string(name), CLONE_TABLE, &one, 1, &host->death);
    return status;
}

static enum status drop(struct host *host, void *table_id)
{
    struct table_descriptor descriptor = {
        .version = 1, .state = TABLE_DROPPED, .schema = host->world->schema};
    strcpy(descriptor.id, table_id);
    enum status status = store_table_commit(host->store, &descriptor, &host->death);
    return status ? status : store_table_remove(host->store, table_id, &host->death);
}

static enum status open_clone(struct host *host, void *context)
{
    (void)context;
    return host_open_of(host, CLONE_TABLE, CLONE_TABLET, &host->death);
}

static enum status open_own(struct host *host, void *context)
{
    (void)context;
    return host_open_of(host, CLONE_TABLE, OWN_TABLET, &host->death);
}

static struct tablet *find(struct host *host, const char *tablet_id)
{
    for (size_t i = 0; i < host->tablet_count; i++)
        if (strcmp(tablet_get_info(host->tablets[i])->id, tablet_id) == 0)
            return host->tablets[i];
    fail();
    return NULL;
}

struct expected {
    const char *tablet_id;
    unsigned number;
};

static enum status all_rows_hold(struct host *host, void *context)
{
    const struct expected *expected = context;
    for (unsigned row = 0; row < HOSTS_ROWS; row++)
        assert_int_equal(host_read_now(find(host, expected->tablet_id), row), expected->number);
    return STATUS_OK;
}

static enum status collect(struct host *host, void *context)
{
    (void)context;
    return store_collector_run(host->store, &host->death);
}

static void pass_on(void *context, const char *table_id, const char *file)
{
    store_give_up(((struct host *)context)->store, table_id, file);
}

/* The report of a tablet server, and a pass at the leader. */
static size_t report_and_collect(struct host *server, struct host *master)
{
    size_t files = store_take_given_up(server->store, 100, pass_on, master);
    hosts_do(master, collect, NULL);
    return files;
}

static enum status look(struct host *host, void *name)
{
    struct snapshot_info info;
    struct tablet_info *tablets;
    enum status status = store_snapshot_read(
        host->store, span_string(name), &host->world->arena, &info, &tablets, &host->death);
    if (status)
        return status;
    assert_spans_equal(info.name, span_string(name));
    assert_spans_equal(info.owner, SPAN_LITERAL("me"));
    assert_int_equal(info.created_ms, 1234);
    assert_int_equal(info.tablet_count, 1);
    assert_string_equal(tablets[0].id, HOSTS_TABLET);
    assert_true(info.sstable_bytes > 0 && info.schema.family_count == 2);
    return STATUS_OK;
}

static void a_snapshot_keeps_what_was_flushed_until_it_is_deleted(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    hosts_init_pair(&world, &server, &master);
    unsigned files = hosts_count_names(&world, "tables/" HOSTS_TABLE "/sst");
    hosts_do(master, snap, "s.1");
    assert_status(hosts_try(master, snap, "s.1"), STATUS_EXISTS);
    hosts_do(master, look, "s.1");
    assert_status(hosts_try(master, look, "s.2"), STATUS_NOT_FOUND);

    /* Compacted away, reported, collected: the snapshot still has them. */
    host_write_rows(server, 0, HOSTS_ROWS);
    assert_status(host_flush_wait(server, HOSTS_TABLET), STATUS_OK);
    assert_status(host_compact_wait(server, HOSTS_TABLET), STATUS_OK);
    hosts_settle(&world, 1000);
    size_t given_up = report_and_collect(server, master);
    assert_true(given_up >= files);
    assert_int_equal(hosts_count_names(&world, "tables/" HOSTS_TABLE "/sst"), files * 2);
    hosts_do(master, clone, "s.1");
    hosts_do(server, open_clone, NULL);
    hosts_do(server, all_rows_hold, (&(struct expected){CLONE_TABLET, 1}));
    hosts_do(server, all_rows_hold, (&(struct expected){HOSTS_TABLET, 2}));

    /* Neither the snapshot nor, compacted, the clone needs them any more. */
    hosts_do(master, unsnap, "s.1");
    assert_status(hosts_try(master, unsnap, "s.1"), STATUS_NOT_FOUND);
    hosts_do(master, collect, NULL);
    assert_int_equal(hosts_count_names(&world, "tables/" HOSTS_TABLE "/sst"), files * 2);
    assert_status(host_compact_wait(server, CLONE_TABLET), STATUS_OK);
    hosts_do(server, all_rows_hold, (&(struct expected){CLONE_TABLET, 1}));
    hosts_settle(&world, 1000);
    report_and_collect(server, master);
    assert_int_equal(hosts_count_names(&world, "tables/" HOSTS_TABLE "/sst"), files);
    hosts_check(&world);
    hosts_deinit(&world);
}

static void a_dropped_table_stays_as_long_as_others_point_at_it(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    hosts_init_pair(&world, &server, &master);
    hosts_do(master, snap, "s");
    hosts_do(master, clone, "s");
    hosts_do(server, open_clone, NULL);
    assert_status(host_close_wait(server, HOSTS_TABLET), STATUS_OK);
    hosts_do(master, drop, HOSTS_TABLE);
    assert_int_equal(hosts_count_names(&world, "tables"), 2);
    hosts_do(master, unsnap, "s");
    hosts_do(master, collect, NULL);
    assert_int_equal(hosts_count_names(&world, "tables"), 2);
    hosts_do(server, all_rows_hold, (&(struct expected){CLONE_TABLET, 1}));
    assert_status(host_close_wait(server, CLONE_TABLET), STATUS_OK);
    hosts_do(master, drop, CLONE_TABLE);
    hosts_do(master, collect, NULL);
    assert_int_equal(hosts_count_names(&world, "tables"), 0);
    hosts_check(&world);
    hosts_deinit(&world);
}

static enum status restore(struct host *host, void *name)
{
    return store_tablet_restore(host->store, HOSTS_TABLE,
        &(struct restore_plan){.snapshot = span_string(name)}, &host->death);
}

static void a_restored_table_is_as_it_was_and_goes_on(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    hosts_init_pair(&world, &server, &master);
    hosts_do(master, snap, "s");
    host_write_rows(server, 0, HOSTS_ROWS);
    assert_status(host_flush_wait(server, HOSTS_TABLET), STATUS_OK);
    uint64_t before = tablet_get_info(server->tablets[0])->last_sequence;
    assert_status(hosts_try(master, restore, "s"), STATUS_BUSY);
    assert_status(host_close_wait(server, HOSTS_TABLET), STATUS_OK);
    hosts_do(master, restore, "s");
    hosts_do(master, restore, "s");
    assert_status(host_open_wait(server, HOSTS_TABLET), STATUS_OK);
    hosts_do(server, all_rows_hold, (&(struct expected){HOSTS_TABLET, 1}));
    assert_true(tablet_get_info(server->tablets[0])->last_sequence > before);
    host_write_rows(server, 0, HOSTS_ROWS);
    hosts_do(server, all_rows_hold, (&(struct expected){HOSTS_TABLET, 3}));
    hosts_check(&world);
    hosts_deinit(&world);
}

/* Table CLONE_TABLE has the name now, and rows of its own; the snapshot is of the one before it. */
static enum status restore_anew(struct host *host, void *name)
{
    struct tablet_clone one = {
        .tablet = {.id = CLONE_TABLET, .region_id = 9}, .source_id = HOSTS_TABLET};
    return store_tablet_restore(host->store, CLONE_TABLE,
        &(struct restore_plan){.snapshot = span_string(name), .clones = &one, .clone_count = 1},
        &host->death);
}

static enum status make_anew(struct host *host, void *context)
{
    (void)context;
    struct table_descriptor descriptor = {.id = CLONE_TABLE, .schema = host->world->schema};
    struct tablet_info own = {.id = OWN_TABLET, .region_id = 8};
    enum status status = store_table_commit(host->store, &descriptor, &host->death);
    return status ? status : store_tablet_create(host->store, CLONE_TABLE, &own, 1, &host->death);
}

static enum status restore_without_clones(struct host *host, void *name)
{
    return store_tablet_restore(host->store, CLONE_TABLE,
        &(struct restore_plan){.snapshot = span_string(name)}, &host->death);
}

static void a_table_made_anew_is_put_back_to_what_the_one_before_was(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    hosts_init_pair(&world, &server, &master);
    unsigned files = hosts_count_names(&world, "tables/" HOSTS_TABLE "/sst");
    hosts_do(master, snap, "s");
    assert_status(host_close_wait(server, HOSTS_TABLET), STATUS_OK);
    hosts_do(master, drop, HOSTS_TABLE);
    hosts_do(master, make_anew, NULL);
    hosts_do(server, open_own, NULL);
    assert_status(hosts_try(master, restore_anew, "s"), STATUS_BUSY);
    assert_status(host_close_wait(server, OWN_TABLET), STATUS_OK);
    assert_status(hosts_try(master, restore_without_clones, "s"), STATUS_INVALID);
    hosts_do(master, restore_anew, "s");
    hosts_do(master, restore_anew, "s");
    assert_int_equal(hosts_count_names(&world, "tables/" CLONE_TABLE "/sst"), 0);

    /* What it points at stays, though its table was dropped and the snapshot is gone. */
    hosts_do(master, unsnap, "s");
    hosts_do(master, collect, NULL);
    assert_int_equal(hosts_count_names(&world, "tables/" HOSTS_TABLE "/sst"), files);
    assert_status(hosts_try(server, open_own, NULL), STATUS_WRONG_STATE);
    hosts_do(server, open_clone, NULL);
    hosts_do(server, all_rows_hold, (&(struct expected){CLONE_TABLET, 1}));

    /* Until it is compacted into files of its own. */
    assert_status(host_compact_wait(server, CLONE_TABLET), STATUS_OK);
    hosts_settle(&world, 1000);
    report_and_collect(server, master);
    hosts_do(server, all_rows_hold, (&(struct expected){CLONE_TABLET, 1}));
    assert_int_equal(hosts_count_names(&world, "tables"), 1);
    hosts_check(&world);
    hosts_deinit(&world);
}

static enum status snap_closed(struct host *host, void *name)
{
    struct snapshot_info info = {.name = span_string(name),
        .table_id = HOSTS_TABLE,
        .schema = host->world->schema,
        .created_ms = 1234,
        .is_of_closed = true};
    return store_snapshot_create(host->store, &info, &host->death);
}

/* What its log holds is in no file: a snapshot that is to have all does not pass over it, and who puts an old one back
 * throws it away. */
static void a_tablet_left_open_by_the_dead_is_in_no_snapshot_and_is_put_back(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    hosts_init_pair(&world, &server, &master);
    hosts_do(master, snap, "s");
    host_write_rows(server, 0, HOSTS_ROWS);
    assert_status(hosts_try(master, snap_closed, "closed"), STATUS_BUSY);
    env_memory_host_crash(server->env, ENV_CUT_KEEP_ALL);
    assert_status(hosts_try(master, restore, "s"), STATUS_BUSY); /* it may serve on */
    assert_status(host_bury_wait(master, server), STATUS_OK);
    assert_status(hosts_try(master, snap_closed, "closed"), STATUS_BUSY);
    hosts_do(master, restore, "s");
    hosts_do(master, snap_closed, "closed");
    struct host *next = hosts_start_new(&world, STORE_TABLETS);
    assert_status(host_open_wait(next, HOSTS_TABLET), STATUS_OK);
    hosts_do(next, all_rows_hold, (&(struct expected){HOSTS_TABLET, 1}));
    host_write_rows(next, 0, HOSTS_ROWS);
    hosts_do(next, all_rows_hold, (&(struct expected){HOSTS_TABLET, 3}));
    hosts_check(&world);
    hosts_deinit(&world);
}

/* ---- Splits and the collector ---- */

static void a_parents_files_go_when_both_daughters_have_compacted(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    hosts_init_pair(&world, &server, &master);
    unsigned files = hosts_count_names(&world, "tables/" HOSTS_TABLE "/sst");
    assert_status(host_close_wait(server, HOSTS_TABLET), STATUS_OK);
    hosts_do(master, host_split, NULL);
    assert_status(host_open_wait(server, "bb"), STATUS_OK);
    assert_status(host_compact_wait(server, "bb"), STATUS_OK);
    hosts_settle(&world, 1000);
    report_and_collect(server, master);
    assert_int_equal(hosts_count_names(&world, "tables/" HOSTS_TABLE "/sst"), files * 2);
    assert_status(host_open_wait(server, "cc"), STATUS_OK);
    assert_status(host_compact_wait(server, "cc"), STATUS_OK);
    hosts_settle(&world, 1000);
    report_and_collect(server, master);
    assert_int_equal(hosts_count_names(&world, "tables/" HOSTS_TABLE "/sst"), files * 2);
    host_verify(server);
    hosts_check(&world);
    hosts_deinit(&world);
}

/* ---- Dead servers and the collector ---- */

static void a_dead_server_goes_when_its_log_is_needed_no_more(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    hosts_init_pair(&world, &server, &master);
    host_write_rows(server, 0, HOSTS_ROWS);
    env_memory_host_crash(server->env, ENV_CUT_LOSE_ALL);
    struct host *next = hosts_new(&world);
    assert_status(host_start(next, STORE_TABLETS), STATUS_OK);
    assert_status(host_bury_wait(master, server), STATUS_OK);
    hosts_do(master, collect, NULL);
    assert_int_equal(hosts_count_names(&world, "servers"), 3);
    assert_status(host_open_wait(next, HOSTS_TABLET), STATUS_OK);
    hosts_do(master, collect, NULL);
    assert_int_equal(hosts_count_names(&world, "servers"), 3);
    assert_status(host_flush_wait(next, HOSTS_TABLET), STATUS_OK);
    hosts_do(master, collect, NULL);
    assert_int_equal(hosts_count_names(&world, "servers"), 2);
    assert_int_equal(hosts_count_names(&world, "sealed"), 0);
    host_verify(next);
    hosts_check(&world);
    hosts_deinit(&world);
}

/* ---- Exports ---- */

static void note_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    (void)context;
    printf("%s: offset %llu: %s\n", path, (unsigned long long)offset, what);
}

static void an_export_is_served_by_itself(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    struct error error = {0};
    uint64_t problems = 0;
    hosts_init_pair(&world, &server, &master);
    assert_status(host_close_wait(server, HOSTS_TABLET), STATUS_OK);
    hosts_do(master, host_split, NULL); /* so that files are shared */
    hosts_do(master, snap, "s");
    assert_ok(
        store_export_snapshot(world.env, HOSTS_ROOT, SPAN_LITERAL("s"), "copy", &error), &error);
    assert_status(store_export_snapshot(world.env, HOSTS_ROOT, SPAN_LITERAL("s"), "copy", &error),
        STATUS_EXISTS);
    assert_status(
        store_export_snapshot(world.env, HOSTS_ROOT, SPAN_LITERAL("none"), "other", &error),
        STATUS_NOT_FOUND);
    assert_ok(storage_check(world.env, "copy", note_problem, NULL, NULL, NULL, &problems, &error),
        &error);
    assert_int_equal(problems, 0);

    struct store_config config = {.env = world.env, .root = "copy", .incarnation = "copy,1,1"};
    struct store *store;
    struct tablet *halves[2];
    static const char *const ids[] = {"bb", "cc"};
    assert_ok(store_open(&config, &store, &error), &error);
    for (unsigned i = 0; i < 2; i++) {
        assert_ok(store_tablet_open(store, HOSTS_TABLE, ids[i], &world.schema, &halves[i], &error),
            &error);
        assert_int_equal(host_read_now(halves[i], i * 8), 1);
        assert_int_equal(host_read_now(halves[i], i * 8 + 7), 1);
    }
    hosts_check(&world);
    for (unsigned i = 0; i < 2; i++)
        tablet_unref(halves[i]);
    store_free(store);
    hosts_deinit(&world);
}

static void clone_and_forget(void *context)
{
    struct host *next = context;
    pause_arm("references.tables.after", NULL, NULL);
    hosts_do(next, clone, "s.1");
    hosts_do(next, unsnap, "s.1");
}

/* A leader stands still in a pass, after it has read the tables; the next one clones a snapshot and deletes it. */
static void what_the_next_master_clones_during_a_pass_stays(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    struct expected expected = {CLONE_TABLET, 1};
    hosts_init_pair(&world, &server, &master);
    hosts_do(master, snap, "s.1");
    host_write_rows(server, 0, HOSTS_ROWS);
    assert_status(host_flush_wait(server, HOSTS_TABLET), STATUS_OK);
    assert_status(
        host_compact_wait(server, HOSTS_TABLET), STATUS_OK); /* only the snapshot has them */
    env_memory_host_crash(server->env, ENV_CUT_LOSE_ALL);
    struct host *other = hosts_start_new(&world, STORE_TABLETS);
    assert_status(host_bury_wait(master, server), STATUS_OK);
    /* As long as a manifest has the dead one for its owner, none of its files goes. */
    assert_status(host_open_wait(other, HOSTS_TABLET), STATUS_OK);
    pause_arm("references.tables.after", clone_and_forget, hosts_start_new(&world, MASTER));
    hosts_do(master, collect, NULL);
    hosts_do(other, open_clone, NULL);
    hosts_do(other, all_rows_hold, &expected);
    hosts_check(&world);
    hosts_deinit(&world);
}

/* ---- Two leaders ---- */

static enum status lead(struct host *host, void *epoch)
{
    return store_collector_take(host->store, *(uint64_t *)epoch, false, &host->death);
}

struct gap {
    struct host *next, *server;
    uint64_t epoch;
};

static void clone_and_forget_in_gap(void *context)
{
    struct gap *gap = context;
    pause_arm("references.tables.after", NULL, NULL);
    hosts_do(gap->next, clone, "s.1");
    hosts_do(gap->next, unsnap, "s.1");
}

static void snap_and_compact_in_gap(void *context)
{
    struct gap *gap = context;
    pause_arm("references.tables.before", NULL, NULL);
    hosts_do(gap->next, lead, &gap->epoch);
    hosts_do(gap->next, snap, "s.1");
    host_write_rows(gap->server, 0, HOSTS_ROWS);
    assert_status(host_flush_wait(gap->server, HOSTS_TABLET), STATUS_OK);
    assert_status(host_compact_wait(gap->server, HOSTS_TABLET), STATUS_OK);
    pause_arm("references.tables.after", clone_and_forget_in_gap, gap);
}

/* The leader has read the snapshots, and stands still; the next takes one, the files of which are compacted away; the leader
 * reads the tables, and stands still; the next clones the snapshot and forgets it: to the leader nothing names the files. */
static void what_a_later_leader_works_with_stays(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    struct expected expected = {CLONE_TABLET, 1};
    struct gap gap = {.epoch = 9};
    uint64_t epoch = 4;
    hosts_init_pair(&world, &server, &master);
    hosts_do(master, lead, &epoch);
    env_memory_host_crash(server->env, ENV_CUT_LOSE_ALL);
    assert_status(host_bury_wait(master, server),
        STATUS_OK); /* its file is an orphan as soon as nothing names it */
    gap.server = hosts_start_new(&world, STORE_TABLETS);
    gap.next = hosts_start_new(&world, MASTER);
    assert_status(host_open_wait(gap.server, HOSTS_TABLET), STATUS_OK);
    pause_arm("references.tables.before", snap_and_compact_in_gap, &gap);
    assert_status(hosts_try(master, collect, NULL), STATUS_SUPERSEDED);
    hosts_do(gap.server, open_clone, NULL);
    hosts_do(gap.server, all_rows_hold, &expected);
    /* and it takes nothing away any more, nor does it come back */
    assert_status(hosts_try(master, collect, NULL), STATUS_SUPERSEDED);
    assert_status(hosts_try(master, lead, &epoch), STATUS_SUPERSEDED);
    hosts_do(gap.next, lead, &gap.epoch);
    hosts_check(&world);
    hosts_deinit(&world);
}

static void next_leads(void *context)
{
    struct gap *gap = context;
    pause_arm("collector.incarnation.between", NULL, NULL);
    hosts_do(gap->next, lead, &gap->epoch);
}

/* A leader has sent a dead server's folder away, and stands still; the next leader begins: the folder stays in the trash, which
 * is now the next one's. */
static void what_an_earlier_leader_sent_away_is_the_next_ones(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    struct gap gap = {.epoch = 9};
    uint64_t epoch = 4;
    char folder[64];
    hosts_init_pair(&world, &server, &master);
    hosts_do(master, lead, &epoch);
    env_memory_host_crash(server->env, ENV_CUT_LOSE_ALL);
    assert_status(host_bury_wait(master, server), STATUS_OK);
    gap.server = hosts_start_new(&world, STORE_TABLETS);
    gap.next = hosts_start_new(&world, MASTER);
    assert_status(host_open_wait(gap.server, HOSTS_TABLET), STATUS_OK);
    assert_status(host_flush_wait(gap.server, HOSTS_TABLET), STATUS_OK);
    unsigned servers = hosts_count_names(&world, "servers");
    pause_arm("collector.incarnation.between", next_leads, &gap);
    assert_status(hosts_try(master, collect, NULL), STATUS_SUPERSEDED);
    assert_int_equal(hosts_count_names(&world, "servers"), servers - 1);
    assert_int_equal(hosts_count_names(&world, "trash"), 1);
    snprintf(folder, sizeof folder, "trash/epoch-%u", 9u);
    assert_int_equal(hosts_count_names(&world, folder), 1);
    store_collector_enable(gap.next->store, true);
    hosts_do(gap.next, collect, NULL);
    assert_int_equal(hosts_count_names(&world, "sealed"), 0);
    hosts_check(&world);
    hosts_deinit(&world);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_keeps_what_was_flushed_until_it_is_deleted),
        cmocka_unit_test(a_dropped_table_stays_as_long_as_others_point_at_it),
        cmocka_unit_test(a_restored_table_is_as_it_was_and_goes_on),
        cmocka_unit_test(a_table_made_anew_is_put_back_to_what_the_one_before_was),
        cmocka_unit_test(a_tablet_left_open_by_the_dead_is_in_no_snapshot_and_is_put_back),
        cmocka_unit_test(a_parents_files_go_when_both_daughters_have_compacted),
        cmocka_unit_test(what_the_next_master_clones_during_a_pass_stays),
        cmocka_unit_test(what_a_later_leader_works_with_stays),
        cmocka_unit_test(what_an_earlier_leader_sent_away_is_the_next_ones),
        cmocka_unit_test(a_dead_server_goes_when_its_log_is_needed_no_more),
        cmocka_unit_test(an_export_is_served_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
