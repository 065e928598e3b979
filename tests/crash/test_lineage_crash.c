/* Splits, merges and snapshots with the master killed at every single I/O call: afterwards the table
 * has every row once, the change is done or can be done by repeating it, and the directory keeps its
 * promises. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "tests/support/hosts_world.h"
#include "tests/support/support.h"

static const enum env_memory_power_cut hows[] = {
    ENV_CUT_LOSE_ALL, ENV_CUT_KEEP_ALL, ENV_CUT_RANDOM};

#define HOWS         3
#define LEFT         "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define RIGHT        "cccccccccccccccccccccccccccccccc"
#define WHOLE        "dddddddddddddddddddddddddddddddd"
#define OTHER_TABLE  "22222222222222222222222222222222"
#define OTHER_TABLET "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

static size_t rows;

/* ---- What is done to the table ---- */

static enum status split(struct host *host, void *context)
{
    (void)context;
    struct tablet_info daughters[2] = {{.id = LEFT, .region_id = 2, .end_row = hosts_row_name(8)},
        {.id = RIGHT, .region_id = 2, .start_row = hosts_row_name(8)}};
    return store_tablet_split(host->store, HOSTS_TABLE, HOSTS_TABLET, daughters, &host->death);
}

static enum status merge(struct host *host, void *context)
{
    (void)context;
    static const char *const parents[] = {LEFT, RIGHT};
    struct tablet_info whole = {.id = WHOLE, .region_id = 3};
    return store_tablet_merge(host->store, HOSTS_TABLE, parents, 2, &whole, &host->death);
}

static enum status take_snapshot(struct host *host, void *context)
{
    (void)context;
    struct snapshot_info info = {
        .name = SPAN_LITERAL("s"), .table_id = HOSTS_TABLE, .schema = host->world->schema};
    enum status status = store_snapshot_create(host->store, &info, &host->death);
    return status == STATUS_EXISTS ? STATUS_OK : status;
}

static enum status restore(struct host *host, void *context)
{
    (void)context;
    return store_tablet_restore(host->store, HOSTS_TABLE,
        &(struct restore_plan){.snapshot = SPAN_LITERAL("s")}, &host->death);
}

/* A table that holds what the tablet held when "s" was taken, and a snapshot of it: another's to the table. */
static enum status take_snapshot_of_clone(struct host *host, void *context)
{
    (void)context;
    struct table_descriptor descriptor = {.id = OTHER_TABLE, .schema = host->world->schema};
    struct tablet_clone clone = {
        .tablet = {.id = OTHER_TABLET, .region_id = 4}, .source_id = HOSTS_TABLET};
    struct snapshot_info info = {
        .name = SPAN_LITERAL("other"), .table_id = OTHER_TABLE, .schema = host->world->schema};
    enum status status = store_table_commit(host->store, &descriptor, &host->death);
    if (!status)
        status = store_tablet_clone(
            host->store, SPAN_LITERAL("s"), OTHER_TABLE, &clone, 1, &host->death);
    return status ? status : store_snapshot_create(host->store, &info, &host->death);
}

static enum status restore_other(struct host *host, void *context)
{
    (void)context;
    struct tablet_clone whole = {
        .tablet = {.id = WHOLE, .region_id = 5}, .source_id = OTHER_TABLET};
    return store_tablet_restore(host->store, HOSTS_TABLE,
        &(struct restore_plan){
            .snapshot = SPAN_LITERAL("other"), .clones = &whole, .clone_count = 1},
        &host->death);
}

/* ---- Looking at it ---- */

struct tiles {
    char ids[8][TABLET_ID_SIZE];
    struct span starts[8], ends[8];
    size_t count;
    bool is_merging;
};

static enum status add_tile(void *context, const struct tablet_info *tablet, struct error *error)
{
    (void)error;
    struct tiles *tiles = context;
    tiles->is_merging = tiles->is_merging || tablet->state == TABLET_MERGED;
    if (tablet->state != TABLET_OPEN && tablet->state != TABLET_CLOSED)
        return STATUS_OK;
    strcpy(tiles->ids[tiles->count], tablet->id);
    tiles->starts[tiles->count] = tablet->start_row;
    tiles->ends[tiles->count++] = tablet->end_row;
    return STATUS_OK;
}

static enum status list(struct host *host, void *context)
{
    struct tiles *tiles = context;
    *tiles = (struct tiles){0};
    enum status status = store_tablet_list(
        host->store, HOSTS_TABLE, &host->world->arena, add_tile, tiles, &host->death);
    if (status)
        fail_msg("list: %s", host->death.message);
    return status;
}

/* One with all rows, or two halves; else a merge that waits. */
static bool is_whole(const struct tiles *tiles)
{
    size_t first = tiles->count == 2 && tiles->starts[0].size > 0;
    if (tiles->count == 1)
        return tiles->starts[0].size == 0 && tiles->ends[0].size == 0;
    return tiles->count == 2 && tiles->starts[first].size == 0 && tiles->ends[!first].size == 0 &&
           span_equal(tiles->ends[first], tiles->starts[!first]) && tiles->ends[first].size > 0;
}

static void open_and_verify(struct hosts_world *world, const struct tiles *tiles)
{
    struct host *host = hosts_start_new(world, STORE_TABLETS);
    for (size_t i = 0; i < tiles->count; i++)
        if (host_open_wait(host, tiles->ids[i]))
            fail_msg("open %s: %s", tiles->ids[i], host->death.message);
    size_t before = world->rows_checked;
    host_verify(host);
    assert_int_equal(world->rows_checked - before, HOSTS_ROWS);
    host_write_rows(host, 0, HOSTS_ROWS);
    host_verify(host);
    rows += world->rows_checked;
}

/* ---- The cases ---- */

static void close_all(struct host *host)
{
    while (host->tablet_count)
        assert_status(host_close_wait(host, tablet_get_info(host->tablets[0])->id), STATUS_OK);
}

/* A table of one closed tablet with flushed rows. */
static struct host *make_closed(struct hosts_world *world, uint64_t seed)
{
    hosts_init(world, seed);
    struct host *host = hosts_start_new(world, STORE_TABLETS);
    assert_status(host_open_wait(host, HOSTS_TABLET), STATUS_OK);
    host_write_rows(host, 0, HOSTS_ROWS);
    close_all(host);
    return host;
}

static void make_split(struct hosts_world *world, uint64_t seed)
{
    struct host *host = make_closed(world, seed);
    struct host *master = hosts_start_new(world, STORE_DOCUMENTS);
    assert_status(hosts_try(master, split, NULL), STATUS_OK);
    assert_status(host_open_wait(host, LEFT), STATUS_OK);
    assert_status(host_open_wait(host, RIGHT), STATUS_OK);
    host_write_rows(host, 2, 14);
    close_all(host);
}

static void make_for_split(struct hosts_world *world, uint64_t seed)
{
    make_closed(world, seed);
}

/* A split table, and a snapshot of it from before the split, of before half of its writes. */
static void make_for_restore(struct hosts_world *world, uint64_t seed)
{
    struct host *host = make_closed(world, seed);
    struct host *master = hosts_start_new(world, STORE_DOCUMENTS);
    assert_status(hosts_try(master, take_snapshot, NULL), STATUS_OK);
    assert_status(hosts_try(master, split, NULL), STATUS_OK);
    assert_status(host_open_wait(host, LEFT), STATUS_OK);
    host_write_rows(host, 0, 8);
    close_all(host);
}

static void make_for_restore_of_other(struct hosts_world *world, uint64_t seed)
{
    make_for_restore(world, seed);
    struct host *master = hosts_start_new(world, STORE_DOCUMENTS);
    assert_status(hosts_try(master, take_snapshot_of_clone, NULL), STATUS_OK);
}

struct kind {
    const char *name;
    void (*make)(struct hosts_world *world, uint64_t seed);
    enum status (*change)(struct host *host, void *context);
    bool is_rewinding; /* what was written after the snapshot goes */
};

static uint64_t count_calls(const struct kind *kind)
{
    struct hosts_world world;
    kind->make(&world, 1);
    struct host *master = hosts_start_new(&world, STORE_DOCUMENTS);
    uint64_t before = env_memory_call_count(master->env);
    assert_status(hosts_try(master, kind->change, NULL), STATUS_OK);
    uint64_t calls = env_memory_call_count(master->env) - before;
    hosts_check(&world);
    hosts_deinit(&world);
    return calls;
}

static void kill_once(const struct kind *kind, uint64_t call, int how)
{
    struct hosts_world world;
    struct tiles tiles;
    kind->make(&world, call * 8 + (unsigned)how);
    struct host *master = hosts_start_new(&world, STORE_DOCUMENTS);
    env_memory_host_crash_at(
        master->env, env_memory_call_count(master->env) + call, hows[how % HOWS]);
    (void)hosts_try(master, kind->change, NULL);
    if (!env_memory_host_is_dead(master->env))
        env_memory_host_crash(master->env, hows[how % HOWS]);
    if (how >= HOWS) /* and the directory's own machine */
        env_memory_power_cut(world.env, ENV_CUT_LOSE_ALL);
    struct host *next = hosts_start_new(&world, STORE_DOCUMENTS);
    assert_status(hosts_try(next, list, &tiles), STATUS_OK);
    bool is_repeated = call % 2 == 0 || !is_whole(&tiles);
    if (!is_whole(&tiles) && !tiles.is_merging && !kind->is_rewinding)
        fail_msg("a hole or an overlap in the table: %zu tablets", tiles.count);
    if (is_repeated || kind->is_rewinding) {
        if (hosts_try(next, kind->change, NULL))
            fail_msg("repeated: %s", next->death.message);
        assert_status(hosts_try(next, list, &tiles), STATUS_OK);
        assert_true(is_whole(&tiles));
    }
    for (unsigned row = 0; kind->is_rewinding && row < HOSTS_ROWS; row++)
        world.rows[row].acknowledged = 1;
    open_and_verify(&world, &tiles);
    hosts_check(&world);
    hosts_deinit(&world);
}

static void kill_at_every_call(const struct kind *kind)
{
    uint64_t calls = count_calls(kind);
    size_t cases = 0;
    for (uint64_t call = 1; call <= calls; call++)
        for (int how = 0; how < 2 * HOWS; how++, cases++) {
            if (getenv("STELE_CRASH_TRACE"))
                fprintf(
                    stderr, "%s: call %llu how %d\n", kind->name, (unsigned long long)call, how);
            kill_once(kind, call, how);
        }
    printf("%s: masters killed: %zu at %llu calls, rows compared so far: %zu\n", kind->name, cases,
        (unsigned long long)calls, rows);
    assert_true(cases >= 60);
}

static void a_split_that_is_cut_loses_nothing(void **state)
{
    (void)state;
    kill_at_every_call(&(struct kind){"split", make_for_split, split, false});
}

static void a_merge_that_is_cut_loses_nothing(void **state)
{
    (void)state;
    kill_at_every_call(&(struct kind){"merge", make_split, merge, false});
}

static void a_snapshot_that_is_cut_is_there_whole_or_not_at_all(void **state)
{
    (void)state;
    kill_at_every_call(&(struct kind){"snapshot", make_split, take_snapshot, false});
}

static void a_restore_that_is_cut_can_be_repeated(void **state)
{
    (void)state;
    kill_at_every_call(&(struct kind){"restore", make_for_restore, restore, true});
}

static void a_restore_of_what_was_anothers_that_is_cut_can_be_repeated(void **state)
{
    (void)state;
    kill_at_every_call(
        &(struct kind){"restore of another's", make_for_restore_of_other, restore_other, true});
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_split_that_is_cut_loses_nothing),
        cmocka_unit_test(a_merge_that_is_cut_loses_nothing),
        cmocka_unit_test(a_snapshot_that_is_cut_is_there_whole_or_not_at_all),
        cmocka_unit_test(a_restore_that_is_cut_can_be_repeated),
        cmocka_unit_test(a_restore_of_what_was_anothers_that_is_cut_can_be_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
