/* What a host has made and not synced: all others see it, and its crash takes it back. Whoever does something that cannot be
 * undone because of it must know that it stays (docs/decisions/0016-seen-is-not-durable.md). And what a zombie may still do after that was
 * thought impossible. Each test crashes a host in the middle of something, with the loss of all that it has not synced. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "base/pause.h"
#include "storage/dead_incarnations.h"
#include "tests/support/hosts_world.h"
#include "tests/support/support.h"

#define FIRST_NAME  "host1%2Eexample,16020,1"
#define FIRST_SEAL  HOSTS_ROOT "/sealed/" FIRST_NAME
#define FIRST_PATH  HOSTS_ROOT "/servers/" FIRST_NAME
#define OTHER_TABLE "22222222222222222222222222222222"

static enum status collect(struct host *host, void *context)
{
    (void)context;
    return store_collector_run(host->store, &host->death);
}

static enum status lead(struct host *host, void *epoch)
{
    return store_collector_take(host->store, *(uint64_t *)epoch, false, &host->death);
}

/* Who does what while `dying` stands still. */
struct scene {
    struct hosts_world world;
    struct host *server, *master, *dying, *other;
    const char *point;
    void (*meanwhile)(struct scene *scene);
    unsigned visits; /* of the point, before it happens */
    bool has_happened;
};

static void happen(void *context)
{
    struct scene *scene = context;
    if (scene->visits-- > 0)
        return;
    pause_arm(scene->point, NULL, NULL);
    scene->has_happened = true;
    scene->meanwhile(scene);
}

static void arm(struct scene *scene, const char *point, void (*meanwhile)(struct scene *scene))
{
    scene->point = point;
    scene->meanwhile = meanwhile;
    scene->has_happened = false;
    scene->visits = 0;
    pause_arm(point, happen, scene);
}

static void die(struct host *host)
{
    env_memory_host_crash(host->env, ENV_CUT_LOSE_ALL);
}

/* Opens the tablet at a new server: every row that was acknowledged is there. */
static void open_and_verify(struct scene *scene)
{
    struct host *last = hosts_start_new(&scene->world, STORE_TABLETS);
    if (host_open_wait(last, HOSTS_TABLET))
        fail_msg("open: %s", last->death.message);
    host_verify(last);
    hosts_check(&scene->world);
    hosts_deinit(&scene->world);
}

/* ---- Manifests ---- */

static void lose_dying(struct scene *scene)
{
    die(scene->dying);
}

static void collect_and_die(struct scene *scene)
{
    hosts_do(scene->master, collect, NULL);
    die(scene->dying);
}

static void collect_and_die_meanwhile(struct scene *scene)
{
    arm(scene, "chain.prune.before", lose_dying);
    hosts_do(scene->master, collect, NULL);
}

/* The manifest without a dead server's file is linked and not synced: the one before it counts when that is lost, behind the
 * pass of a collector or in the middle of it. */
static void a_file_of_a_manifest_that_may_count_again_stays(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct scene scene = {0};
        hosts_init_pair(&scene.world, &scene.server, &scene.master);
        die(scene.server);
        assert_status(host_bury_wait(scene.master, scene.server), STATUS_OK);
        scene.dying = hosts_start_new(&scene.world, STORE_TABLETS);
        assert_status(host_open_wait(scene.dying, HOSTS_TABLET), STATUS_OK);
        host_write_rows(scene.dying, 0, 4);
        assert_status(host_flush_wait(scene.dying, HOSTS_TABLET), STATUS_OK);
        arm(&scene, "chain.link.after", i ? collect_and_die_meanwhile : collect_and_die);
        (void)host_compact_wait(scene.dying, HOSTS_TABLET);
        assert_true(scene.has_happened && env_memory_host_is_dead(scene.dying->env));
        assert_status(host_bury_wait(scene.master, scene.dying), STATUS_OK);
        open_and_verify(&scene);
    }
}

static void bury_and_collect(struct scene *scene)
{
    assert_status(host_bury_wait(scene->master, scene->dying), STATUS_OK);
    hosts_do(scene->master, collect, NULL);
}

/* A server has written a file and the manifest that names it, stands still before the link, and is buried. It finds its number
 * free when it goes on: nobody has opened the tablet yet. */
static void a_file_that_a_zombie_may_still_commit_stays(void **state)
{
    (void)state;
    struct scene scene = {0};
    hosts_init_pair(&scene.world, &scene.server, &scene.master);
    host_write_rows(scene.server, 0, HOSTS_ROWS);
    scene.dying = scene.server;
    arm(&scene, "chain.link.before", bury_and_collect);
    (void)host_flush_wait(scene.server, HOSTS_TABLET);
    assert_true(scene.has_happened);
    die(scene.server);
    open_and_verify(&scene);
}

static void lose_it_and_open(struct scene *scene)
{
    die(scene->dying);
    scene->other = hosts_start_new(&scene->world, STORE_TABLETS);
    assert_status(host_open_wait(scene->other, HOSTS_TABLET), STATUS_OK);
    host_write_rows(scene->other, 0, 4);
}

static void bury_and_open(struct scene *scene)
{
    assert_status(host_bury_wait(scene->master, scene->dying), STATUS_OK);
    struct host *opener = hosts_start_new(&scene->world, STORE_TABLETS);
    arm(scene, "chain.link.before", lose_it_and_open);
    assert_int_not_equal(host_open_wait(opener, HOSTS_TABLET), STATUS_OK);
}

/* tests/models/collect.pml, NOSURE. A server has linked its first manifest, not synced it, and is buried. Another is about to
 * open the tablet from that manifest; it is lost, and a third opens it from the one before. There must not be two of them. */
static void a_tablet_is_opened_from_what_stays(void **state)
{
    (void)state;
    struct scene scene = {0};
    hosts_init_pair(&scene.world, &scene.server, &scene.master);
    assert_status(host_close_wait(scene.server, HOSTS_TABLET), STATUS_OK);
    scene.dying = hosts_start_new(&scene.world, STORE_TABLETS);
    arm(&scene, "chain.link.after", bury_and_open);
    (void)host_open_wait(scene.dying, HOSTS_TABLET);
    assert_true(scene.has_happened && env_memory_host_is_dead(scene.dying->env));
    host_write_rows(scene.other, 4, 8);
    assert_false(scene.other->has_died);
    host_verify(scene.other);
    die(scene.other);
    assert_status(host_bury_wait(scene.master, scene.other), STATUS_OK);
    open_and_verify(&scene);
}

/* A server is buried, does not know it, and opens a tablet, which no manifest said when the collector read them. A flush has a
 * barrier in the log, and with it a look; a compaction has not. */
static void a_zombie_commits_no_file_in_what_it_opened(void **state)
{
    (void)state;
    struct scene scene = {0};
    hosts_init_pair(&scene.world, &scene.server, &scene.master);
    host_write_rows(scene.server, 0, HOSTS_ROWS);
    assert_status(host_close_wait(scene.server, HOSTS_TABLET), STATUS_OK);
    assert_status(host_bury_wait(scene.master, scene.server), STATUS_OK);
    assert_status(host_open_wait(scene.server, HOSTS_TABLET), STATUS_OK);
    assert_int_not_equal(host_compact_wait(scene.server, HOSTS_TABLET), STATUS_OK);
    assert_true(scene.server->has_died);
    open_and_verify(&scene);
}

/* ---- Seals and plans ---- */

static void a_seal_that_may_be_lost_is_not_believed(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct error error = {0};
    struct env_stat stat;
    struct directory directory;
    struct dead_incarnations dead;
    hosts_init_pair(&scene.world, &scene.server, &scene.master);
    scene.other = hosts_new(&scene.world);
    assert_ok(env_path_link(scene.other->env, FIRST_PATH "/alive", FIRST_SEAL, &error), &error);
    assert_ok(directory_init(&directory, scene.master->env, HOSTS_ROOT, "nobody", &error), &error);
    assert_ok(dead_incarnations_read(&directory, &dead, &error), &error);
    die(scene.other);
    assert_true(dead_incarnations_is_sealed(&dead, FIRST_NAME));
    assert_ok(env_path_stat(scene.master->env, FIRST_SEAL, &stat, &error), &error);
    dead_incarnations_deinit(&dead);
    hosts_deinit(&scene.world);
}

static enum status look(struct host *host, void *error)
{
    return store_look(host->store, error);
}

/* Once all that can be done at once is done, or stands still. */
struct later {
    struct task task; /* first */
    struct scene *scene;
    void (*act)(struct scene *scene);
};

static void run_later(struct task *task)
{
    struct later *later = (struct later *)task;
    later->scene->has_happened = true;
    later->act(later->scene);
    free(later);
}

static void do_later(struct scene *scene, void (*act)(struct scene *scene))
{
    struct host *nobody = hosts_new(&scene->world);
    struct later *later = calloc(1, sizeof(*later));
    *later = (struct later){{.run = run_later}, scene, act};
    scene->has_happened = false;
    executor_submit_at(
        nobody->executor, &later->task, env_monotonic_ns(nobody->env) + UINT64_C(1000000000));
}

static void stall_before(struct host *host, uint64_t calls)
{
    env_memory_host_stall_at(
        host->env, env_memory_call_count(host->env) + calls, UINT64_C(1000000000000));
}

static void bury_and_collect_and_die(struct scene *scene)
{
    assert_status(host_bury_wait(scene->master, scene->server), STATUS_OK);
    hosts_do(scene->master, collect, NULL);
    assert_int_equal(hosts_count_names(&scene->world, "sealed"), 0);
    die(scene->other);
}

static void collect_and_other_dies(struct scene *scene)
{
    hosts_do(scene->master, collect, NULL);
    die(scene->other);
}

/* Goes through all calls of a burial: who buries stands still before one of them, another buries again or does not, the collector
 * takes all of the dead one away, and who stood still dies. The mode is all that tells the dead one then. */
static enum status bury_and_stand_still(bool is_buried_again, unsigned calls)
{
    struct scene scene = {0};
    struct error error;
    enum status status;
    hosts_init_pair(&scene.world, &scene.server, &scene.master);
    assert_status(host_close_wait(scene.server, HOSTS_TABLET), STATUS_OK);
    scene.other = hosts_start_new(&scene.world, STORE_DOCUMENTS);
    stall_before(scene.other, calls);
    do_later(&scene, is_buried_again ? bury_and_collect_and_die : collect_and_other_dies);
    enum status buried = host_bury_wait(scene.other, scene.server);
    hosts_settle(&scene.world, 2000);
    assert_true(scene.has_happened);
    bool is_gone = hosts_count_names(&scene.world, "servers/" FIRST_NAME) == 0;
    assert_true(is_gone || !is_buried_again);
    assert_true(host_run(scene.server, look, &error, &status));
    if (is_gone)
        assert_int_equal(status, STATUS_CLOSED);
    hosts_deinit(&scene.world);
    return buried;
}

static void a_mode_that_may_be_lost_is_taken_again(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        for (unsigned calls = 1; bury_and_stand_still(i == 0, calls) == STATUS_CANCELLED; calls++)
            ;
}

static void open_and_both_die(struct scene *scene)
{
    struct host *opener = hosts_start_new(&scene->world, STORE_TABLETS);
    (void)host_open_wait(opener, HOSTS_TABLET);
    die(scene->other);
    env_memory_host_resume(scene->server->env);
    hosts_settle(&scene->world, 1000); /* the zombie appends behind the plan */
    die(opener);
    assert_status(host_bury_wait(scene->master, opener), STATUS_OK);
}

/* Goes through all calls of a burial: who buries stands still before one of them; another opens the tablet by its plan. When
 * both are gone, the plan that the tablet's manifest followed is still the one that counts. */
static void a_plan_that_was_followed_stays(void **state)
{
    (void)state;
    enum status buried = STATUS_CANCELLED;
    for (unsigned calls = 1; buried == STATUS_CANCELLED; calls++) {
        struct scene scene = {0};
        hosts_init_pair(&scene.world, &scene.server, &scene.master);
        host_write_rows(scene.server, 0, HOSTS_ROWS);
        env_memory_host_pause(scene.server->env);
        host_write(scene.server, 2);
        scene.other = hosts_start_new(&scene.world, STORE_DOCUMENTS);
        stall_before(scene.other, calls);
        do_later(&scene, open_and_both_die);
        buried = host_bury_wait(scene.other, scene.server);
        hosts_settle(&scene.world, 3000);
        assert_true(scene.has_happened);
        assert_status(host_bury_wait(scene.master, scene.server), STATUS_OK);
        open_and_verify(&scene);
    }
}

/* ---- The trash ---- */

static void rename_as(struct host *host, const char *from, const char *to)
{
    struct error error = {0};
    assert_ok(env_path_rename(host->env, from, to, &error), &error);
}

/* The collector called a dead server's folder back, and has not synced that; a manifest lists its log again. */
static void a_folder_that_is_read_stays(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct error error = {0};
    hosts_init_pair(&scene.world, &scene.server, &scene.master);
    host_write_rows(scene.server, 0, HOSTS_ROWS);
    die(scene.server);
    assert_status(host_bury_wait(scene.master, scene.server), STATUS_OK);
    rename_as(scene.master, FIRST_PATH, HOSTS_ROOT "/trash/1-x");
    assert_ok(env_directory_sync(scene.master->env, HOSTS_ROOT "/trash", &error), &error);
    assert_ok(env_directory_sync(scene.master->env, HOSTS_ROOT "/servers", &error), &error);
    scene.other = hosts_new(&scene.world);
    struct host *opener = hosts_start_new(&scene.world, STORE_TABLETS);
    rename_as(scene.other, HOSTS_ROOT "/trash/1-x", FIRST_PATH);
    assert_status(host_open_wait(opener, HOSTS_TABLET), STATUS_OK);
    die(scene.other);
    die(opener);
    assert_status(host_bury_wait(scene.master, opener), STATUS_OK);
    open_and_verify(&scene);
}

static enum status make_epoch_6(struct host *host, void *context)
{
    (void)context;
    enum status status = env_directory_make(
        host->env, HOSTS_ROOT "/trash/epoch-6", 0700, &host->death);
    return status ? status
                  : env_path_rename(host->env, HOSTS_ROOT "/trash/epoch-4",
                        HOSTS_ROOT "/trash/epoch-6/epoch-4", &host->death);
}

static void lead_between(struct scene *scene)
{
    hosts_do(scene->other, make_epoch_6, NULL);
}

static void lose_other(struct scene *scene)
{
    die(scene->other);
}

/* A leader has taken the trash of the one before, and not synced that; the next one takes it from both. */
static void an_epoch_that_may_come_back_is_taken_too(void **state)
{
    (void)state;
    struct scene scene = {0};
    uint64_t first = 4, last = 9;
    hosts_init_pair(&scene.world, &scene.server, &scene.master);
    hosts_do(scene.master, lead, &first);
    scene.other = hosts_new(&scene.world);
    struct host *next = hosts_start_new(&scene.world, STORE_DOCUMENTS);
    env_memory_host_stall_at(next->env, env_memory_call_count(next->env) + 3,
        UINT64_C(2000000000)); /* make, sync, list */
    do_later(&scene, lead_between);
    arm(&scene, "trash.taken", lose_other);
    hosts_do(next, lead, &last);
    assert_true(scene.has_happened && env_memory_host_is_dead(scene.other->env));
    assert_int_equal(hosts_count_names(&scene.world, "trash"), 1);
    assert_status(hosts_try(scene.master, collect, NULL), STATUS_SUPERSEDED);
    hosts_check(&scene.world);
    hosts_deinit(&scene.world);
}

/* ---- Snapshots ---- */

static enum status snap(struct host *host, void *context)
{
    (void)context;
    struct snapshot_info info = {.name = SPAN_LITERAL("s"),
        .schema = host->world->schema,
        .table_id = HOSTS_TABLE,
        .created_ms = 1};
    return store_snapshot_create(host->store, &info, &host->death);
}

/* A host deleted it and has not synced that. */
static void a_snapshot_that_may_come_back_keeps_its_files(void **state)
{
    (void)state;
    struct scene scene = {0};
    struct error error = {0};
    hosts_init_pair(&scene.world, &scene.server, &scene.master);
    hosts_do(scene.master, snap, NULL);
    die(scene.server);
    assert_status(host_bury_wait(scene.master, scene.server), STATUS_OK);
    struct host *server = hosts_start_new(&scene.world, STORE_TABLETS);
    assert_status(host_open_wait(server, HOSTS_TABLET), STATUS_OK);
    host_write_rows(server, 0, HOSTS_ROWS);
    assert_status(host_flush_wait(server, HOSTS_TABLET), STATUS_OK);
    assert_status(host_compact_wait(server, HOSTS_TABLET), STATUS_OK);
    scene.other = hosts_new(&scene.world);
    assert_ok(env_path_remove(scene.other->env, HOSTS_ROOT "/snapshots/s.1", &error), &error);
    hosts_do(scene.master, collect, NULL);
    die(scene.other);
    host_verify(server);
    hosts_check(&scene.world);
    hosts_deinit(&scene.world);
}

/* ---- What is there already ---- */

static enum status split_again(struct host *host, void *context)
{
    return host_split(host, context);
}

static void split_and_die(struct scene *scene)
{
    arm(scene, "lineage.children.before", lose_other);
    hosts_do(scene->master, split_again, NULL);
}

/* Another has said it in the parent's manifest, and not synced that. */
static void a_split_that_somebody_began_is_made_sure_of(void **state)
{
    (void)state;
    struct scene scene = {0};
    hosts_init_pair(&scene.world, &scene.server, &scene.master);
    assert_status(host_close_wait(scene.server, HOSTS_TABLET), STATUS_OK);
    scene.other = hosts_start_new(&scene.world, STORE_DOCUMENTS);
    arm(&scene, "chain.link.after", split_and_die);
    (void)hosts_try(scene.other, split_again, NULL);
    assert_true(scene.has_happened && env_memory_host_is_dead(scene.other->env));
    assert_status(host_open_wait(scene.server, "bb"), STATUS_OK);
    assert_status(host_open_wait(scene.server, "cc"), STATUS_OK);
    assert_int_not_equal(host_open_wait(scene.server, HOSTS_TABLET), STATUS_OK);
    host_verify(scene.server);
    hosts_check(&scene.world);
    hosts_deinit(&scene.world);
}

static void die_and_serve_elsewhere(struct scene *scene)
{
    die(scene->server);
    assert_status(host_bury_wait(scene->master, scene->server), STATUS_OK);
    scene->other = hosts_start_new(&scene->world, STORE_TABLETS);
    assert_status(host_open_wait(scene->other, HOSTS_TABLET), STATUS_OK);
    host_write_rows(scene->other, 4, 8);
}

static void split_and_stand_still(struct scene *scene)
{
    arm(scene, "chain.link.before", die_and_serve_elsewhere);
    (void)hosts_try(scene->dying, split_again, NULL);
}

static enum status restore(struct host *host, void *context)
{
    (void)context;
    return store_tablet_restore(host->store, HOSTS_TABLE,
        &(struct restore_plan){.snapshot = SPAN_LITERAL("s")}, &host->death);
}

static void restore_and_stand_still(struct scene *scene)
{
    arm(scene, "chain.link.before", die_and_serve_elsewhere);
    (void)hosts_try(scene->dying, restore, NULL);
}

/* A server has closed the tablet and not synced that; whoever splits or restores it stands still before it says so. Were the
 * close lost, who opens the tablet from what is left would have the number that the split or the restore takes afterwards. */
static void what_is_split_or_restored_stays(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct scene scene = {0};
        hosts_init_pair(&scene.world, &scene.server, &scene.master);
        hosts_do(scene.master, snap, NULL);
        scene.dying = hosts_start_new(&scene.world, STORE_DOCUMENTS); /* a master of before */
        arm(&scene, "chain.link.after", i ? restore_and_stand_still : split_and_stand_still);
        (void)host_close_wait(scene.server, HOSTS_TABLET);
        assert_true(scene.has_happened && env_memory_host_is_dead(scene.server->env));
        host_write_rows(scene.other, 8, 12);
        assert_false(scene.other->has_died);
        host_verify(scene.other);
        die(scene.other);
        assert_status(host_bury_wait(scene.master, scene.other), STATUS_OK);
        open_and_verify(&scene);
    }
}

static enum status make_table(struct host *host, void *context)
{
    (void)context;
    struct table_descriptor descriptor = {.id = OTHER_TABLE, .schema = host->world->schema};
    return store_table_commit(host->store, &descriptor, &host->death);
}

static enum status make_tablet(struct host *host, void *context)
{
    (void)context;
    struct tablet_info tablet = {.id = "dd", .table_id = OTHER_TABLE, .region_id = 7};
    return store_tablet_create(host->store, OTHER_TABLE, &tablet, 1, &host->death);
}

static void make_tablet_and_die(struct scene *scene)
{
    hosts_do(scene->master, make_tablet, NULL);
    die(scene->other);
}

static void a_tablet_that_somebody_made_is_made_sure_of(void **state)
{
    (void)state;
    struct scene scene = {0};
    hosts_init_pair(&scene.world, &scene.server, &scene.master);
    hosts_do(scene.master, make_table, NULL);
    scene.other = hosts_start_new(&scene.world, STORE_DOCUMENTS);
    arm(&scene, "chain.link.after", make_tablet_and_die);
    (void)hosts_try(scene.other, make_tablet, NULL);
    assert_true(scene.has_happened);
    assert_int_equal(hosts_count_names(&scene.world, "tables/" OTHER_TABLE "/tablets"), 1);
    hosts_check(&scene.world);
    hosts_deinit(&scene.world);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_a_manifest_that_may_count_again_stays),
        cmocka_unit_test(a_file_that_a_zombie_may_still_commit_stays),
        cmocka_unit_test(a_tablet_is_opened_from_what_stays),
        cmocka_unit_test(a_zombie_commits_no_file_in_what_it_opened),
        cmocka_unit_test(a_seal_that_may_be_lost_is_not_believed),
        cmocka_unit_test(a_mode_that_may_be_lost_is_taken_again),
        cmocka_unit_test(a_plan_that_was_followed_stays),
        cmocka_unit_test(a_folder_that_is_read_stays),
        cmocka_unit_test(an_epoch_that_may_come_back_is_taken_too),
        cmocka_unit_test(a_snapshot_that_may_come_back_keeps_its_files),
        cmocka_unit_test(a_split_that_somebody_began_is_made_sure_of),
        cmocka_unit_test(what_is_split_or_restored_stays),
        cmocka_unit_test(a_tablet_that_somebody_made_is_made_sure_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
