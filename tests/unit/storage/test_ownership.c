/* Who may write: several stores over one directory (design 7). Seals, plans, the open rule, splits and
 * merges as two living hosts see them. What crashes leave: tests/crash/test_ownership_crash.c. */
#include <stdio.h>

#include "base/log_lines.h"
#include "base/pause.h"
#include "tests/support/hosts_world.h"
#include "tests/support/support.h"

/* Of the first host. */
#define FIRST_NAME  "host1%2Eexample,16020,1"
#define FIRST_SEAL  HOSTS_ROOT "/sealed/" FIRST_NAME
#define FIRST_ALIVE HOSTS_ROOT "/servers/" FIRST_NAME "/alive"

/* A tablet server with the tablet open, and another one. */
static void two_hosts(struct hosts_world *world, struct host **out_a, struct host **out_b)
{
    hosts_init(world, 1);
    *out_a = hosts_new(world);
    *out_b = hosts_new(world);
    assert_status(host_start(*out_a, STORE_TABLETS), STATUS_OK);
    assert_status(host_start(*out_b, STORE_TABLETS), STATUS_OK);
    assert_status(host_open_wait(*out_a, HOSTS_TABLET), STATUS_OK);
}

static void a_root_is_shared_by_a_cluster_or_taken_alone(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *a, *b;
    two_hosts(&world, &a, &b);
    struct host *alone = hosts_new(&world);
    assert_status(host_start(alone, STORE_ALONE), STATUS_BUSY);
    assert_non_null(strstr(alone->death.message, "in use"));
    env_memory_host_crash(a->env, ENV_CUT_KEEP_ALL);
    env_memory_host_crash(b->env, ENV_CUT_KEEP_ALL);
    alone = hosts_new(&world);
    assert_status(host_start(alone, STORE_ALONE), STATUS_OK);
    struct host *late = hosts_new(&world);
    assert_status(host_start(late, STORE_TABLETS), STATUS_BUSY);
    hosts_deinit(&world);
}

static void a_tablet_that_is_open_at_a_living_server_is_nobody_elses(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *a, *b;
    two_hosts(&world, &a, &b);
    assert_status(host_open_wait(b, HOSTS_TABLET), STATUS_BUSY);
    assert_non_null(strstr(b->death.message, "host1"));
    host_write_rows(a, 0, HOSTS_ROWS);
    assert_int_equal(world.rows[3].acknowledged, 1);
    assert_status(host_close_wait(a, HOSTS_TABLET), STATUS_OK);
    assert_status(host_open_wait(b, HOSTS_TABLET), STATUS_OK);
    host_verify(b);
    hosts_deinit(&world);
}

static void a_dead_servers_tablet_is_opened_with_all_that_was_acknowledged(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *a, *b;
    two_hosts(&world, &a, &b);
    host_write_rows(a, 0, HOSTS_ROWS);
    assert_status(host_flush_wait(a, HOSTS_TABLET), STATUS_OK);
    host_write_rows(a, 4, 9);
    host_write(a, 1); /* under way */
    env_memory_host_crash(a->env, ENV_CUT_LOSE_ALL);
    assert_status(host_open_wait(b, HOSTS_TABLET), STATUS_BUSY);
    assert_status(host_bury_wait(b, a), STATUS_OK);
    assert_status(host_bury_wait(b, a), STATUS_OK);
    assert_status(host_open_wait(b, HOSTS_TABLET), STATUS_OK);
    host_verify(b);
    assert_int_equal(world.rows[5].acknowledged, 2);
    host_write_rows(b, 0, HOSTS_ROWS);
    /* The next owner needs both logs. */
    env_memory_host_crash(b->env, ENV_CUT_LOSE_ALL);
    struct host *c = hosts_new(&world);
    assert_status(host_start(c, STORE_TABLETS), STATUS_OK);
    assert_status(host_bury_wait(c, b), STATUS_OK);
    assert_status(host_open_wait(c, HOSTS_TABLET), STATUS_OK);
    host_verify(c);
    hosts_check(&world);
    hosts_deinit(&world);
}

static void a_zombie_acknowledges_nothing_and_dies(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *a, *b;
    two_hosts(&world, &a, &b);
    host_write_rows(a, 0, HOSTS_ROWS);
    env_memory_host_pause(a->env);
    host_write(a, 2);
    assert_status(host_bury_wait(b, a), STATUS_OK);
    assert_status(host_open_wait(b, HOSTS_TABLET), STATUS_OK);
    host_write_rows(b, 0, HOSTS_ROWS);
    host_verify(b);
    unsigned acknowledged = world.rows[2].acknowledged;
    env_memory_host_resume(a->env);
    hosts_settle(&world, 100);
    assert_true(a->has_died);
    assert_int_equal(world.rows[2].acknowledged, acknowledged);
    host_verify(b);
    hosts_deinit(&world);
}

/* Takes the tablet while the owner stands still in the middle of a write. */
struct taking {
    struct task task; /* first */
    struct host *host;
    const struct host *dead;
};

static void run_taking(struct task *task)
{
    struct taking *taking = (struct taking *)task;
    struct error error = {0};
    assert_ok(host_bury(taking->host, taking->dead, &error), &error);
    assert_ok(host_open(taking->host, HOSTS_TABLET, &error), &error);
    host_verify_now(taking->host);
}

static void what_a_zombie_appends_after_the_plan_never_comes_to_life(void **state)
{
    (void)state;
    static const uint64_t second = 1000000000;
    struct hosts_world world;
    struct host *a, *b;
    two_hosts(&world, &a, &b);
    host_write_rows(a, 0, HOSTS_ROWS);
    struct taking taking = {.task = {.run = run_taking}, .host = b, .dead = a};
    executor_submit_at(b->executor, &taking.task, env_monotonic_ns(b->env) + 5 * second);
    /* Its next call is the write of the group. */
    env_memory_host_stall_at(a->env, env_memory_call_count(a->env) + 1, 10 * second);
    host_write_rows(a, 3, 4);
    hosts_settle(&world, 20000);
    assert_true(a->has_died);
    assert_int_equal(world.rows[3].attempted, 2);
    assert_int_equal(world.rows[3].acknowledged, 1); /* and that is what b has read */
    env_memory_host_crash(b->env, ENV_CUT_KEEP_ALL);
    struct host *c = hosts_new(&world);
    assert_status(host_start(c, STORE_TABLETS), STATUS_OK);
    assert_status(host_bury_wait(c, b), STATUS_OK);
    assert_status(host_open_wait(c, HOSTS_TABLET), STATUS_OK);
    host_verify(c);
    assert_int_equal(world.rows[3].acknowledged, 1); /* as c has read it */
    hosts_deinit(&world);
}

/* Between the write of a group and its sync: its bytes can be read, and are on no disk. Another store
 * of the same machine takes over, reads, and the power goes. */
static void take_over_and_cut(void *context)
{
    struct taking *taking = context;
    struct hosts_world *world = taking->host->world;
    pause_arm("log.sync.before", NULL, NULL);
    run_taking(&taking->task);
    assert_int_equal(world->rows[3].acknowledged, 2); /* as it was read */
    env_memory_power_cut(world->env, ENV_CUT_LOSE_ALL);
}

static void what_a_recoverer_read_is_there_for_the_next_one(void **state)
{
    (void)state;
    struct hosts_world world;
    hosts_init(&world, 1);
    struct host *a = hosts_new(&world);
    struct host *b = hosts_new(&world);
    b->env = a->env;
    assert_status(env_executor_new(b->env, "test", 1, &b->executor, NULL), STATUS_OK);
    assert_status(host_start(a, STORE_TABLETS), STATUS_OK);
    assert_status(host_start(b, STORE_TABLETS), STATUS_OK);
    assert_status(host_open_wait(a, HOSTS_TABLET), STATUS_OK);
    host_write_rows(a, 0, HOSTS_ROWS);
    struct taking taking = {.host = b, .dead = a};
    pause_arm("log.sync.before", take_over_and_cut, &taking);
    host_write_rows(a, 3, 4);
    assert_true(a->has_died);
    struct host *c = hosts_new(&world);
    assert_status(host_start(c, STORE_TABLETS), STATUS_OK);
    assert_status(host_bury_wait(c, a), STATUS_OK);
    assert_status(host_bury_wait(c, b), STATUS_OK);
    if (host_open_wait(c, HOSTS_TABLET))
        fail_msg("open: %s", c->death.message);
    host_verify(c);
    hosts_deinit(&world);
}

static enum status collect_body(struct host *host, void *context)
{
    (void)context;
    return store_collector_run(host->store, &host->death);
}

static void a_zombie_that_was_collected_is_still_sealed(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *a, *b;
    enum status status;
    two_hosts(&world, &a, &b);
    struct host *master = hosts_new(&world);
    assert_status(host_start(master, STORE_DOCUMENTS), STATUS_OK);
    store_collector_enable(master->store, true);
    host_write_rows(a, 0, HOSTS_ROWS);
    env_memory_host_pause(a->env);
    host_write(a, 2);
    assert_status(host_bury_wait(master, a), STATUS_OK);
    assert_status(host_open_wait(b, HOSTS_TABLET), STATUS_OK);
    host_write_rows(b, 0, HOSTS_ROWS);
    assert_status(host_flush_wait(b, HOSTS_TABLET), STATUS_OK);
    /* Its log is needed no more: folder, seal and, when the trash is emptied, alive itself go. */
    for (int pass = 0; pass < 2; pass++) {
        assert_true(host_run(master, collect_body, NULL, &status));
        assert_int_equal(status, STATUS_OK);
        hosts_settle(&world, 11 * 60 * 1000);
    }
    unsigned acknowledged = world.rows[2].acknowledged;
    env_memory_host_resume(a->env);
    hosts_settle(&world, 1000);
    assert_true(a->has_died);
    assert_int_equal(world.rows[2].acknowledged, acknowledged);
    host_verify(b);
    hosts_deinit(&world);
}

/* A pass of the collector has read who needs what, and stands still (its master's host sleeps, or the directory is
 * large): meanwhile others go on, and a server dies that was alive before. */
struct meanwhile {
    struct host *a, *b;
    bool is_over;
};

static void flush_and_die(void *context)
{
    struct meanwhile *meanwhile = context;
    struct host *a = meanwhile->a;
    pause_arm("collector.read.after", NULL, NULL);
    host_write_rows(a, 0, HOSTS_ROWS);
    assert_status(host_flush_wait(a, HOSTS_TABLET), STATUS_OK);
    env_memory_host_crash(a->env, ENV_CUT_LOSE_ALL);
    assert_status(host_bury_wait(meanwhile->b, a), STATUS_OK);
    meanwhile->is_over = true;
}

static void what_was_committed_since_a_pass_of_the_collector_began_stays(void **state)
{
    (void)state;
    struct hosts_world world;
    enum status status;
    struct meanwhile meanwhile = {0};
    two_hosts(&world, &meanwhile.a, &meanwhile.b);
    struct host *master = hosts_new(&world);
    assert_status(host_start(master, STORE_DOCUMENTS), STATUS_OK);
    store_collector_enable(master->store, true);
    pause_arm("collector.read.after", flush_and_die, &meanwhile);
    assert_true(host_run(master, collect_body, NULL, &status));
    assert_int_equal(status, STATUS_OK);
    assert_true(meanwhile.is_over);
    assert_status(host_open_wait(meanwhile.b, HOSTS_TABLET), STATUS_OK);
    host_verify(meanwhile.b);
    hosts_check(&world);
    hosts_deinit(&world);
}

static void open_write_and_die(void *context)
{
    struct meanwhile *meanwhile = context;
    struct host *b = meanwhile->b;
    pause_arm("collector.read.after", NULL, NULL);
    assert_status(host_close_wait(meanwhile->a, HOSTS_TABLET), STATUS_OK);
    assert_status(host_open_wait(b, HOSTS_TABLET), STATUS_OK);
    host_write_rows(b, 0, HOSTS_ROWS);
    env_memory_host_crash(b->env, ENV_CUT_LOSE_ALL);
    assert_status(host_bury_wait(meanwhile->a, b), STATUS_OK);
}

static void recover(void *context)
{
    struct meanwhile *meanwhile = context;
    pause_arm("collector.incarnation.between", NULL, NULL);
    assert_status(host_open_wait(meanwhile->a, HOSTS_TABLET), STATUS_OK);
    meanwhile->is_over = true;
}

static void a_log_that_is_needed_since_a_pass_of_the_collector_began_stays(void **state)
{
    (void)state;
    struct hosts_world world;
    enum status status;
    struct meanwhile meanwhile = {0};
    two_hosts(&world, &meanwhile.a, &meanwhile.b);
    struct host *master = hosts_new(&world);
    assert_status(host_start(master, STORE_DOCUMENTS), STATUS_OK);
    store_collector_enable(master->store, true);
    pause_arm("collector.read.after", open_write_and_die, &meanwhile);
    pause_arm("collector.incarnation.between", recover, &meanwhile);
    assert_true(host_run(master, collect_body, NULL, &status));
    assert_int_equal(status, STATUS_OK);
    if (!meanwhile.is_over)
        recover(&meanwhile);
    host_verify(meanwhile.a);
    hosts_check(&world);
    hosts_deinit(&world);
}

static enum status look_body(struct host *host, void *context)
{
    return store_look(host->store, context);
}

static void a_look_tells_whether_one_was_buried(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *a, *b;
    struct error error;
    enum status status;
    two_hosts(&world, &a, &b);
    assert_true(host_run(a, look_body, &error, &status));
    assert_int_equal(status, STATUS_OK);
    assert_status(host_bury_wait(b, a), STATUS_OK);
    assert_true(host_run(a, look_body, &error, &status));
    assert_int_equal(status, STATUS_CLOSED);
    assert_true(a->has_died);
    hosts_deinit(&world);
}

/* The collector takes alive and its seal away one after the other: in between it has one name, as a living one has. */
static void a_look_tells_it_with_one_name_left(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct hosts_world world;
        struct host *a, *b;
        struct error error;
        enum status status;
        two_hosts(&world, &a, &b);
        assert_status(host_bury_wait(b, a), STATUS_OK);
        assert_ok(env_path_remove(world.env, i ? FIRST_SEAL : FIRST_ALIVE, &error), &error);
        assert_true(host_run(a, look_body, &error, &status));
        assert_int_equal(status, STATUS_CLOSED);
        hosts_deinit(&world);
    }
}

struct looking {
    struct host *host;
    enum status status;
};

static void look_now(void *context)
{
    struct looking *looking = context;
    pause_arm("seal.link.after", NULL, NULL);
    looking->status = store_look(looking->host->store, NULL);
}

/* The link is what seals: who buries it may stand still, or die, before the mode is taken away. */
static void a_look_tells_it_from_the_link_on(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *a, *b;
    two_hosts(&world, &a, &b);
    struct looking looking = {.host = a};
    pause_arm("seal.link.after", look_now, &looking);
    assert_status(host_bury_wait(b, a), STATUS_OK);
    assert_int_equal(looking.status, STATUS_CLOSED);
    hosts_deinit(&world);
}

static void a_seal_outlives_the_power(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *a, *b;
    struct env_stat stat;
    struct error error = {0};
    two_hosts(&world, &a, &b);
    assert_status(host_bury_wait(b, a), STATUS_OK);
    env_memory_power_cut(world.env, ENV_CUT_LOSE_ALL);
    assert_ok(env_path_stat(world.env, FIRST_SEAL, &stat, &error), &error);
    assert_int_equal(stat.mode, 0);
    hosts_deinit(&world);
}

/* ---- Who is there ---- */

struct seen {
    unsigned all, selves, sealed, planned;
};

static enum status see(void *context, const struct store_server *server, struct error *error)
{
    (void)error;
    struct seen *seen = context;
    seen->all++;
    seen->selves += server->is_self;
    seen->sealed += server->is_sealed;
    seen->planned += server->has_plan;
    assert_true(server->is_registered);
    assert_true(span_starts_with(server->incarnation, span_string("host")));
    assert_non_null(memchr(server->incarnation.data, '.', server->incarnation.size));
    return STATUS_OK;
}

static enum status list_body(struct host *host, void *context)
{
    struct error error;
    assert_ok(store_server_list(host->store, &host->world->arena, see, context, &error), &error);
    return STATUS_OK;
}

static void servers_are_listed_with_what_is_known_of_them(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *a, *b;
    struct seen seen = {0};
    enum status status;
    two_hosts(&world, &a, &b);
    assert_status(host_bury_wait(b, a), STATUS_OK);
    assert_true(host_run(b, list_body, &seen, &status));
    assert_int_equal(seen.all, 2);
    assert_int_equal(seen.selves, 1);
    assert_int_equal(seen.sealed, 1);
    assert_int_equal(seen.planned, 1);
    assert_status(host_bury_wait(b, b), STATUS_INVALID);
    hosts_deinit(&world);
}

/* ---- Splits and merges ---- */

#define LEFT  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define RIGHT "cccccccccccccccccccccccccccccccc"
#define WHOLE "dddddddddddddddddddddddddddddddd"

static enum status split_body(struct host *host, void *context)
{
    (void)context;
    struct tablet_info daughters[2] = {{.id = LEFT, .region_id = 2, .end_row = hosts_row_name(8)},
        {.id = RIGHT, .region_id = 2, .start_row = hosts_row_name(8)}};
    return store_tablet_split(host->store, HOSTS_TABLE, HOSTS_TABLET, daughters, &host->death);
}

static enum status merge_body(struct host *host, void *context)
{
    (void)context;
    static const char *const parents[] = {LEFT, RIGHT};
    struct tablet_info whole = {.id = WHOLE, .region_id = 3};
    return store_tablet_merge(host->store, HOSTS_TABLE, parents, 2, &whole, &host->death);
}

static enum status run(
    struct host *host, enum status (*body)(struct host *host, void *context), void *context)
{
    enum status status;
    return host_run(host, body, context, &status) ? status : STATUS_CANCELLED;
}

static enum status read_body(struct host *host, void *context)
{
    struct tablet_info *info = context;
    char id[TABLET_ID_SIZE];
    strcpy(id, info->id);
    return store_tablet_read(host->store, HOSTS_TABLE, id, &host->world->arena, info, &host->death);
}

static uint64_t sstable_bytes_written(struct host *host)
{
    struct store_statistics statistics;
    store_statistics_read(host->store, &statistics);
    return statistics.flushed_bytes + statistics.compacted_bytes;
}

static uint64_t read_point_given(struct tablet *tablet, uint64_t asked)
{
    struct scan_request request;
    struct scanner *scanner;
    struct error error = {0};
    scan_request_init(&request);
    request.read_point = asked;
    assert_ok(scanner_open(tablet, &request, &scanner, &error), &error);
    uint64_t given = scanner_read_point(scanner);
    scanner_close(scanner);
    return given;
}

/* HBase's clients go on scanning with the read point of the tablet they began in. */
static void a_read_point_of_one_parent_hides_no_row_of_the_other(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *a, *b;
    two_hosts(&world, &a, &b);
    struct host *master = hosts_new(&world);
    assert_status(host_start(master, STORE_DOCUMENTS), STATUS_OK);
    host_write_rows(a, 0, HOSTS_ROWS);
    assert_int_equal(read_point_given(a->tablets[0], 1), 1); /* of its own */
    assert_status(host_close_wait(a, HOSTS_TABLET), STATUS_OK);
    assert_status(run(master, split_body, NULL), STATUS_OK);
    assert_status(host_open_wait(a, LEFT), STATUS_OK);
    assert_status(host_open_wait(b, RIGHT), STATUS_OK);
    host_write_rows(a, 0, 1);
    uint64_t left = read_point_given(a->tablets[0], 0);
    for (unsigned i = 0; i < 3; i++)
        host_write_rows(b, 8, HOSTS_ROWS);
    uint64_t right = read_point_given(b->tablets[0], 0);
    assert_true(left < right);
    assert_status(host_close_wait(a, LEFT), STATUS_OK);
    assert_status(host_close_wait(b, RIGHT), STATUS_OK);
    assert_status(run(master, merge_body, NULL), STATUS_OK);
    assert_status(host_open_wait(a, WHOLE), STATUS_OK);
    assert_true(read_point_given(a->tablets[0], left) >= right);
    /* and after it moved */
    host_write_rows(a, 0, HOSTS_ROWS);
    assert_status(host_close_wait(a, WHOLE), STATUS_OK);
    assert_status(host_open_wait(b, WHOLE), STATUS_OK);
    assert_true(read_point_given(b->tablets[0], left) >= right);
    hosts_check(&world);
    hosts_deinit(&world);
}

static void a_split_and_a_merge_keep_every_row_and_write_no_sstable(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *a, *b;
    two_hosts(&world, &a, &b);
    struct host *master = hosts_new(&world);
    assert_status(host_start(master, STORE_DOCUMENTS), STATUS_OK);
    host_write_rows(a, 0, HOSTS_ROWS);
    assert_status(run(master, split_body, NULL), STATUS_BUSY);
    assert_status(host_close_wait(a, HOSTS_TABLET), STATUS_OK);
    uint64_t written = sstable_bytes_written(a) + sstable_bytes_written(b);
    assert_status(run(master, split_body, NULL), STATUS_OK);
    assert_status(run(master, split_body, NULL), STATUS_OK); /* a procedure that repeats */
    struct tablet_info left = {.id = LEFT};
    assert_status(run(master, read_body, &left), STATUS_OK);
    assert_true(left.has_references);
    assert_int_equal(left.parent_count, 1);
    assert_spans_equal(left.parents[0], span_string(HOSTS_TABLET));
    assert_status(host_open_wait(a, HOSTS_TABLET), STATUS_WRONG_STATE);
    assert_status(host_open_wait(a, LEFT), STATUS_OK);
    assert_status(host_open_wait(b, RIGHT), STATUS_OK);
    assert_int_equal(sstable_bytes_written(a) + sstable_bytes_written(b), written);
    host_verify(a);
    host_verify(b);
    assert_int_equal(world.rows_checked, HOSTS_ROWS);
    assert_true(
        tablet_get_info(a->tablets[0])->last_sequence >= (unsigned)HOSTS_ROWS); /* the parent's */
    host_write_rows(a, 0, 8);
    host_write_rows(b, 8, HOSTS_ROWS);
    assert_status(host_compact_wait(a, LEFT), STATUS_OK);

    assert_status(run(master, merge_body, NULL), STATUS_BUSY);
    assert_status(host_close_wait(a, LEFT), STATUS_OK);
    assert_status(host_close_wait(b, RIGHT), STATUS_OK);
    assert_status(run(master, merge_body, NULL), STATUS_OK);
    assert_status(run(master, merge_body, NULL), STATUS_OK);
    assert_status(host_open_wait(b, LEFT), STATUS_WRONG_STATE);
    assert_status(host_open_wait(b, WHOLE), STATUS_OK);
    host_verify(b);
    host_write_rows(b, 0, HOSTS_ROWS);
    host_verify(b);
    hosts_check(&world);
    hosts_deinit(&world);
}

static enum status bad_split_body(struct host *host, void *context)
{
    struct tablet_info daughters[2] = {{.id = LEFT, .region_id = 2, .end_row = hosts_row_name(8)},
        {.id = RIGHT, .region_id = 2, .start_row = hosts_row_name(8)}};
    switch (*(const int *)context) {
    case 0: /* a hole */
        daughters[1].start_row = hosts_row_name(9);
        break;
    case 1: /* not all of it */
        daughters[1].end_row = hosts_row_name(12);
        break;
    case 2: /* older than its parent */
        daughters[0].region_id = 1;
        break;
    case 3: /* nothing left for the first */
        daughters[0].end_row = daughters[1].start_row = SPAN_EMPTY;
        break;
    }
    return store_tablet_split(host->store, HOSTS_TABLE, HOSTS_TABLET, daughters, &host->death);
}

static void a_split_that_would_lose_rows_is_refused(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *a, *b;
    two_hosts(&world, &a, &b);
    assert_status(host_close_wait(a, HOSTS_TABLET), STATUS_OK);
    for (int kind = 0; kind < 4; kind++)
        assert_status(run(a, bad_split_body, &kind), STATUS_INVALID);
    assert_status(host_open_wait(a, HOSTS_TABLET), STATUS_OK);
    hosts_deinit(&world);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_is_shared_by_a_cluster_or_taken_alone),
        cmocka_unit_test(a_tablet_that_is_open_at_a_living_server_is_nobody_elses),
        cmocka_unit_test(a_dead_servers_tablet_is_opened_with_all_that_was_acknowledged),
        cmocka_unit_test(a_zombie_acknowledges_nothing_and_dies),
        cmocka_unit_test(what_a_zombie_appends_after_the_plan_never_comes_to_life),
        cmocka_unit_test(what_a_recoverer_read_is_there_for_the_next_one),
        cmocka_unit_test(a_zombie_that_was_collected_is_still_sealed),
        cmocka_unit_test(what_was_committed_since_a_pass_of_the_collector_began_stays),
        cmocka_unit_test(a_log_that_is_needed_since_a_pass_of_the_collector_began_stays),
        cmocka_unit_test(a_look_tells_whether_one_was_buried),
        cmocka_unit_test(a_look_tells_it_with_one_name_left),
        cmocka_unit_test(a_look_tells_it_from_the_link_on),
        cmocka_unit_test(a_seal_outlives_the_power),
        cmocka_unit_test(servers_are_listed_with_what_is_known_of_them),
        cmocka_unit_test(a_read_point_of_one_parent_hides_no_row_of_the_other),
        cmocka_unit_test(a_split_and_a_merge_keep_every_row_and_write_no_sstable),
        cmocka_unit_test(a_split_that_would_lose_rows_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
