/* Tablets whose files are damaged, gone, or were cut in the middle of a split: what an open makes of them, and what repair
 * mends. */
#include <stdio.h>

#include "base/log_lines.h"
#include "base/pause.h"
#include "storage/chain.h"
#include "tests/support/hosts_world.h"
#include "tests/support/support.h"

#define MANIFESTS HOSTS_ROOT "/tables/" HOSTS_TABLE "/tablets/"

/* The tablet is split to bb and cc, which nobody has opened. */
static void begin_split(
    struct hosts_world *world, struct host **out_server, struct host **out_master)
{
    hosts_init_pair(world, out_server, out_master);
    assert_status(host_close_wait(*out_server, HOSTS_TABLET), STATUS_OK);
    hosts_do(*out_master, host_split, NULL);
}

static void note_act(void *context, const char *path, const char *what)
{
    (void)what;
    snprintf(context, 512, "%s", path);
}

static void repair_completes_a_split_that_was_cut(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    struct error error = {0};
    char act[512] = {0};
    uint64_t acts = 0;
    hosts_init_pair(&world, &server, &master);
    assert_status(host_close_wait(server, HOSTS_TABLET), STATUS_OK);
    assert_status(storage_repair(world.env, HOSTS_ROOT, note_act, act, &acts, &error), STATUS_BUSY);
    hosts_do(master, host_split, NULL);
    env_memory_host_crash(server->env, ENV_CUT_KEEP_ALL);
    env_memory_host_crash(master->env, ENV_CUT_KEEP_ALL);
    assert_ok(storage_repair(world.env, HOSTS_ROOT, note_act, act, &acts, &error), &error);
    assert_int_equal(acts, 2); /* both dead servers */
    assert_ok(env_path_remove(world.env, MANIFESTS "cc.1", &error), &error);
    hosts_check(&world); /* the listing and the next open complete it: nothing is broken */
    assert_ok(storage_repair(world.env, HOSTS_ROOT, note_act, act, &acts, &error), &error);
    assert_int_equal(acts, 1);
    assert_non_null(strstr(act, "/cc"));
    assert_ok(storage_repair(world.env, HOSTS_ROOT, note_act, act, &acts, &error), &error);
    assert_int_equal(acts, 0);
    hosts_check(&world);
    hosts_deinit(&world);
}

/* Of the tablets of a table one is damaged: what was cut beside it is made all the same, and it is not said to be. */
static void repair_completes_a_split_beside_a_damaged_manifest(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    struct error error = {0};
    char act[512] = {0};
    uint64_t acts = 0;
    begin_split(&world, &server, &master);
    env_memory_host_crash(server->env, ENV_CUT_KEEP_ALL);
    env_memory_host_crash(master->env, ENV_CUT_KEEP_ALL);
    assert_ok(storage_repair(world.env, HOSTS_ROOT, note_act, act, &acts, &error), &error);
    assert_ok(env_path_remove(world.env, MANIFESTS "cc.1", &error), &error);
    assert_ok(env_memory_flip(world.env, MANIFESTS "bb.1", 40, 0xff), &error);
    assert_ok(storage_repair(world.env, HOSTS_ROOT, note_act, act, &acts, &error), &error);
    assert_int_equal(acts, 1);
    assert_non_null(strstr(act, "/cc"));
    assert_ok(storage_repair(world.env, HOSTS_ROOT, note_act, act, &acts, &error), &error);
    assert_int_equal(acts, 0);
    assert_ok(env_memory_flip(world.env, MANIFESTS "bb.1", 40, 0xff), &error);
    hosts_check(&world);
    hosts_deinit(&world);
}

static enum status open_other_daughter(struct host *host, void *context)
{
    (void)context;
    return host_open(host, "cc", &host->death);
}

static void a_cut_daughter_is_opened_though_her_sister_is_damaged(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    struct error error = {0};
    begin_split(&world, &server, &master);
    assert_ok(env_path_remove(world.env, MANIFESTS "cc.1", &error), &error);
    assert_ok(env_memory_flip(world.env, MANIFESTS "bb.1", 40, 0xff), &error);
    hosts_do(server, open_other_daughter, NULL);
    assert_int_equal(host_read_now(host_find(server, 8), 8), 1);
    assert_ok(env_memory_flip(world.env, MANIFESTS "bb.1", 40, 0xff), &error);
    hosts_check(&world);
    hosts_deinit(&world);
}

/* Nobody can say whether the tablet ever was: the one damaged manifest of the table may be its parent's. */
static void a_cut_daughter_of_a_damaged_parent_is_called_damaged(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    struct error error = {0};
    char parent[256];
    uint64_t version = 0;
    begin_split(&world, &server, &master);
    assert_ok(env_path_remove(world.env, MANIFESTS "cc.1", &error), &error);
    assert_ok(chain_newest(world.env, HOSTS_ROOT "/tables/" HOSTS_TABLE "/tablets", HOSTS_TABLET,
                  &version, &error),
        &error);
    snprintf(parent, sizeof parent, MANIFESTS HOSTS_TABLET ".%u", (unsigned)version);
    assert_ok(env_memory_flip(world.env, parent, 40, 0xff), &error);
    assert_status(hosts_try(server, open_other_daughter, NULL), STATUS_CORRUPT);
    assert_non_null(strstr(server->death.message, parent));
    assert_ok(env_memory_flip(world.env, parent, 40, 0xff), &error);
    hosts_do(server, open_other_daughter, NULL);
    assert_int_equal(host_read_now(host_find(server, 8), 8), 1);
    hosts_check(&world);
    hosts_deinit(&world);
}

static enum status open_whole(struct host *host, void *context)
{
    (void)context;
    return host_open(host, HOSTS_TABLET, &host->death);
}

/* Somebody else takes the tablet, and a file of it that the manifest of before names goes. */
struct overtaking {
    struct host *winner;
    char file[256];
};

static enum status note_file(void *context, const char *name, struct error *error)
{
    (void)error;
    snprintf(context, 256, HOSTS_ROOT "/tables/" HOSTS_TABLE "/sst/%s", name);
    return STATUS_OK;
}

/* What the newest manifest names is there. */
static void put_back(void *context)
{
    const struct overtaking *overtaking = context;
    struct error error = {0};
    pause_arm("open.load.before", NULL, NULL);
    assert_ok(
        env_path_rename(overtaking->winner->world->env, "aside", overtaking->file, &error), &error);
}

static void overtake(void *context)
{
    struct overtaking *overtaking = context;
    struct env *env = overtaking->winner->world->env;
    struct error error = {0};
    pause_arm("open.load.before", NULL, NULL);
    hosts_do(overtaking->winner, open_whole, NULL);
    assert_ok(env_directory_list(env, HOSTS_ROOT "/tables/" HOSTS_TABLE "/sst", note_file,
                  overtaking->file, &error),
        &error);
    assert_true(overtaking->file[0]);
    assert_ok(env_path_rename(env, overtaking->file, "aside", &error), &error);
    pause_arm("open.load.before", put_back, overtaking);
}

static void a_file_that_went_with_an_older_manifest_is_no_damage(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    struct overtaking overtaking = {0};
    hosts_init_pair(&world, &server, &master);
    assert_status(host_close_wait(server, HOSTS_TABLET), STATUS_OK);
    overtaking.winner = server;
    struct host *late = hosts_start_new(&world, STORE_TABLETS);
    pause_arm("open.load.before", overtake, &overtaking);
    assert_status(
        hosts_try(late, open_whole, NULL), STATUS_BUSY); /* not CORRUPT: it looked again */
    hosts_check(&world);
    hosts_deinit(&world);
}

static enum status make_meta(struct host *host, void *context)
{
    struct table_descriptor descriptor = {.id = "meta", .schema = host->world->schema};
    struct tablet_info tablet = {.id = "1588230740", .region_id = 1};
    (void)context;
    descriptor.schema.name = SPAN_LITERAL("hbase:meta");
    descriptor.schema.row_order = ROW_ORDER_META;
    enum status status = store_table_commit(host->store, &descriptor, &host->death);
    return status ? status : store_tablet_create(host->store, "meta", &tablet, 1, &host->death);
}

static void repair_moves_a_damaged_meta_table_away_and_no_other(void **state)
{
    (void)state;
    struct hosts_world world;
    struct host *server, *master;
    struct error error = {0};
    char act[512] = {0};
    uint64_t acts = 0;
    hosts_init_pair(&world, &server, &master);
    hosts_do(master, make_meta, NULL);
    env_memory_host_crash(server->env, ENV_CUT_KEEP_ALL);
    env_memory_host_crash(master->env, ENV_CUT_KEEP_ALL);
    assert_ok(storage_repair(world.env, HOSTS_ROOT, note_act, act, &acts, &error), &error);
    assert_int_equal(hosts_count_names(&world, "tables"), 2);
    assert_ok(env_memory_flip(world.env, HOSTS_ROOT "/tables/meta/tablets/1588230740.1", 40, 0x40),
        &error);
    assert_ok(storage_repair(world.env, HOSTS_ROOT, note_act, act, &acts, &error), &error);
    assert_int_equal(acts, 1);
    assert_string_equal(act, HOSTS_ROOT "/tables/meta");
    assert_int_equal(hosts_count_names(&world, "tables"), 1);
    assert_int_equal(hosts_count_names(&world, "trash"), 1);
    hosts_check(&world);
    hosts_deinit(&world);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repair_completes_a_split_that_was_cut),
        cmocka_unit_test(repair_completes_a_split_beside_a_damaged_manifest),
        cmocka_unit_test(a_cut_daughter_is_opened_though_her_sister_is_damaged),
        cmocka_unit_test(a_cut_daughter_of_a_damaged_parent_is_called_damaged),
        cmocka_unit_test(a_file_that_went_with_an_older_manifest_is_no_damage),
        cmocka_unit_test(repair_moves_a_damaged_meta_table_away_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
