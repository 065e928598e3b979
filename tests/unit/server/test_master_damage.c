/* The master over tablet servers in memory whose files are damaged or lost: who cannot be opened holds up no other, is
 * shown, and is opened once its file is mended. hbase:meta's own files too. */
#include "tests/support/master_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/exception_class.h"
#include "proto/region.h"
#include "server/master/balance_log.h"
#include "server/master/master_internal.h"
#include "server/master/master_view.h"
#include "tests/support/master_world_internal.h"
#include "tests/support/support.h"

/* ---- A damaged file ---- */

struct damage {
    struct env *env;
    char folder[256];
    bool is_missing;
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
    if (damage->is_missing)
        return env_path_remove(damage->env, path, error);
    for (unsigned i = 1; i <= 16; i++)
        (void)env_memory_flip(damage->env, path, stat.size - i, 0xff);
    return STATUS_OK;
}

/* Whether hbase:meta says where the tablet is. */
static bool is_placed(struct master_world *world, const struct assigned_tablet *tablet)
{
    struct catalogue *catalogue = master_catalogue(world->leader->master);
    const struct assigned_tablet *meta = assignment_find(
        &catalogue->assignment, SPAN_LITERAL(META_TABLET_ID));
    struct waited *waited = arena_allocate_zeroed(&world->arena, 1, sizeof *waited);
    bool is_placed = false;
    assert_true(master_world_run_at(world, master_world_node_of(world, meta->server), waited,
        TABLET_COMMAND_READ, META_TABLET_ID));
    for (size_t i = 0; i < waited->command.cell_count; i++) {
        const struct cell *cell = &waited->command.cells[i];
        char storage[ENCODED_NAME_SIZE + 1];
        bool is_its = span_equal(
            region_encoded_name(cell->row, storage), span_string(tablet->info.id));
        is_placed = is_placed ||
                    (is_its && (span_equal(cell->qualifier, SPAN_LITERAL("sn")) ||
                                   span_equal(cell->qualifier, SPAN_LITERAL("server"))));
    }
    return is_placed;
}

static void open_a_table_with_a_damaged_file(uint64_t seed, bool is_missing)
{
    struct master_world world;
    master_world_make(&world, seed, 2);
    master_world_table(&world, MASTER_DISABLE_TABLE);
    struct catalogue *catalogue = master_catalogue(world.leader->master);
    struct catalogue_table *table = catalogue_find_locked(catalogue, SPAN_LITERAL("t"));
    struct damage damage = {.env = world.env, .is_missing = is_missing};
    snprintf(damage.folder, sizeof damage.folder, "root/tables/%s/sst", table->descriptor.id);
    assert_ok(env_directory_list(world.env, damage.folder, damage_file, &damage, NULL), NULL);
    assert_int_equal(damage.count, 1);
    master_world_table(&world, MASTER_ENABLE_TABLE);
    master_world_settle(&world, 100); /* hbase:meta hears of it */
    size_t failed = 0;
    for (size_t i = 0; i < table->tablet_count; i++) {
        const struct assigned_tablet *one = table->tablets[i];
        failed += one->state == ASSIGNMENT_FAILED_OPEN;
        if (one->state == ASSIGNMENT_FAILED_OPEN) {
            assert_non_null(one->failure);
            assert_non_null(strstr(one->failure, ".sst"));
            assert_true((strstr(one->failure, "is missing") != NULL) == is_missing);
            assert_false(is_placed(&world, one));
        } else {
            assert_int_equal(one->state, ASSIGNMENT_OPEN);
            assert_true(is_placed(&world, one));
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

static void a_tablet_that_cannot_be_opened_holds_up_no_other(void **state)
{
    (void)state;
    open_a_table_with_a_damaged_file(11, false);
}

static void a_tablet_that_misses_a_file_holds_up_no_other(void **state)
{
    (void)state;
    open_a_table_with_a_damaged_file(12, true);
}

/* ---- A damaged manifest ---- */

struct newest {
    const char *tablet;
    unsigned long version;
};

static enum status note_version(void *context, const char *name, struct error *error)
{
    struct newest *newest = context;
    size_t size = strlen(newest->tablet);
    (void)error;
    if (strncmp(name, newest->tablet, size) == 0 && name[size] == '.' &&
        strtoul(name + size + 1, NULL, 10) > newest->version)
        newest->version = strtoul(name + size + 1, NULL, 10);
    return STATUS_OK;
}

/* Damages, or mends again, the newest manifest of the tablet; its path goes to out_path. */
static void flip_manifest(struct master_world *world, const char *tablet, char out_path[600])
{
    struct catalogue *catalogue = master_catalogue(world->leader->master);
    struct catalogue_table *table = catalogue_find_locked(catalogue, SPAN_LITERAL("t"));
    struct newest newest = {.tablet = tablet};
    char folder[512];
    snprintf(folder, sizeof folder, "root/tables/%s/tablets", table->descriptor.id);
    assert_ok(env_directory_list(world->env, folder, note_version, &newest, NULL), NULL);
    assert_true(newest.version > 0);
    snprintf(out_path, 600, "%s/%s.%lu", folder, tablet, newest.version);
    assert_ok(env_memory_flip(world->env, out_path, 40, 0xff), NULL);
}

/* Of the tablet that holds the row now, whatever becomes of it. */
static void copy_id(struct master_world *world, const char *row, char out_id[TABLET_ID_SIZE])
{
    struct span found = master_world_tablet(world, row);
    memcpy(out_id, found.data, found.size);
}

static const struct assigned_tablet *assigned(struct master_world *world, const char *id)
{
    return assignment_find(&master_catalogue(world->leader->master)->assignment, span_string(id));
}

/* All are served but the one; false when another is not. */
static void others_are_open(struct master_world *world, const char *id)
{
    struct catalogue *catalogue = master_catalogue(world->leader->master);
    struct catalogue_table *table = catalogue_find_locked(catalogue, SPAN_LITERAL("t"));
    assert_int_equal(table->tablet_count, 4);
    for (size_t i = 0; i < table->tablet_count; i++)
        if (strcmp(table->tablets[i]->info.id, id) != 0)
            assert_int_equal(table->tablets[i]->state, ASSIGNMENT_OPEN);
}

static void a_damaged_manifest_keeps_no_master_from_leading(void **state)
{
    struct master_world world;
    char id[TABLET_ID_SIZE] = {0}, path[600];
    (void)state;
    master_world_make(&world, 21, 2);
    master_world_settle(&world, 1000);
    copy_id(&world, "r20", id);
    flip_manifest(&world, id, path);
    /* its server has it open, and goes on */
    master_world_lead(&world, master_world_master(&world));
    master_world_check(&world);
    master_world_put_all(&world);
    node_kill(master_world_place(&world, "r20"));
    master_world_server(&world);
    master_world_tell_servers(&world);
    master_world_settle(&world, 10000);
    assert_int_equal(assigned(&world, id)->state, ASSIGNMENT_FAILED_OPEN);
    others_are_open(&world, id);
    /* the next master finds it nowhere */
    master_world_lead(&world, master_world_master(&world));
    uint64_t before = world.commands;
    master_world_settle(&world, 60000);
    assert_true(world.commands - before < 60);
    const struct assigned_tablet *tablet = assigned(&world, id);
    assert_non_null(tablet);
    assert_int_equal(tablet->state, ASSIGNMENT_FAILED_OPEN);
    assert_non_null(strstr(tablet->failure, path + strlen("root/")));
    assert_memory_equal(tablet->info.start_row.data, "r16", 3);
    assert_memory_equal(tablet->info.end_row.data, "r32", 3);
    others_are_open(&world, id);
    /* mended, it is opened */
    assert_ok(env_memory_flip(world.env, path, 40, 0xff), NULL);
    master_world_settle(&world, 70000);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void split_at(struct master_world *world, const char *row)
{
    struct master_request split = master_world_request(world, MASTER_SPLIT, row);
    split.row = span_string(row);
    master_world_done(world, &split);
}

static void a_damaged_manifest_of_one_split_long_ago_harms_nobody(void **state)
{
    struct master_world world;
    char id[TABLET_ID_SIZE] = {0}, path[600];
    (void)state;
    master_world_make(&world, 22, 2);
    split_at(&world, "r24");
    copy_id(&world, "r24", id);
    split_at(&world, "r28");
    master_world_put_all(&world);
    flip_manifest(&world, id, path);
    for (int i = 0; i < 2; i++) {
        master_world_lead(&world, master_world_master(&world));
        master_world_settle(&world, 10000);
        master_world_check(&world);
        assert_null(assigned(&world, id));
        assert_non_null(master_world_place(&world, "r24"));
        assert_non_null(master_world_place(&world, "r28"));
    }
    master_world_deinit(&world);
}

/* Before there is no way back: removing it asks each manifest for its files. */
static void a_table_with_a_damaged_manifest_is_not_removed(void **state)
{
    static const enum master_operation removals[] = {MASTER_DELETE_TABLE, MASTER_TRUNCATE_TABLE};
    struct master_world world;
    char id[TABLET_ID_SIZE] = {0}, path[600];
    (void)state;
    master_world_make(&world, 24, 2);
    copy_id(&world, "r20", id);
    master_world_table(&world, MASTER_DISABLE_TABLE);
    flip_manifest(&world, id, path);
    for (size_t i = 0; i < 2; i++) {
        struct master_request removal = {
            .operation = removals[i], .waits = true, .table = SPAN_LITERAL("t")};
        assert_string_equal(master_world_ask(&world, &removal), EXCEPTION_DO_NOT_RETRY_IO);
        assert_non_null(strstr(master_world_error.message, path + strlen("root/")));
    }
    assert_ok(env_memory_flip(world.env, path, 40, 0xff), NULL);
    master_world_table(&world, MASTER_ENABLE_TABLE);
    master_world_check(&world);
    master_world_table(&world, MASTER_DISABLE_TABLE);
    master_world_table(&world, MASTER_DELETE_TABLE);
    master_world_deinit(&world);
}

/* It is not served, so there is nothing to take out of service: it comes back when it can. */
static void an_unassign_that_is_refused_leaves_the_tablet_assigned(void **state)
{
    struct master_world world;
    char id[TABLET_ID_SIZE] = {0}, path[600];
    (void)state;
    master_world_make(&world, 23, 2);
    copy_id(&world, "r20", id);
    flip_manifest(&world, id, path);
    node_kill(master_world_place(&world, "r20"));
    master_world_server(&world);
    master_world_tell_servers(&world);
    master_world_settle(&world, 10000);
    assert_int_equal(assigned(&world, id)->state, ASSIGNMENT_FAILED_OPEN);
    struct master_request unassign = master_world_request(&world, MASTER_UNASSIGN, "r20");
    unassign.tablets[0] = span_string(id);
    assert_non_null(master_world_ask(&world, &unassign));
    assert_false(assigned(&world, id)->is_unassigned);
    assert_ok(env_memory_flip(world.env, path, 40, 0xff), NULL);
    master_world_settle(&world, 70000);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* More tablets than are opened at a time, all opened and waiting to write their rows, when hbase:meta is lost. */
static void a_lost_meta_is_opened_though_all_opens_wait_for_it(void **state)
{
    static char keys[1800][8];
    static const char *list[1801];
    struct master_world world;
    (void)state;
    master_world_init(&world, 31);
    for (size_t i = 0; i < 3; i++)
        (void)master_world_server(&world);
    master_world_lead(&world, master_world_master(&world));
    for (size_t i = 0; i < 1800; i++) {
        snprintf(keys[i], sizeof keys[i], "s%04zu", i);
        list[i] = keys[i];
    }
    master_world_create_table(&world, list);
    const struct assigned_tablet *meta = assigned(&world, META_TABLET_ID);
    struct node *with_meta = &world.nodes[0];
    while (strcmp(with_meta->text, meta->server->text) != 0)
        with_meta++;
    node_kill(master_world_other_server(&world, with_meta));
    master_world_tell_servers(&world);
    for (unsigned ms = 0; ms < 2000 && world.leader->master->assigning < 512; ms++)
        master_world_settle(&world, 1);
    assert_true(world.leader->master->assigning >= 512);
    node_kill(with_meta);
    master_world_settle(&world, 1500); /* the other's are opened, and wait */
    assert_true(world.leader->master->assigning >= 512);
    (void)master_world_server(&world);
    master_world_tell_servers(&world);
    master_world_settle(&world, 60000);
    assert_int_equal(assigned(&world, META_TABLET_ID)->state, ASSIGNMENT_OPEN);
    assert_int_equal(
        master_catalogue(world.leader->master)->assignment.state_counts[ASSIGNMENT_OPEN], 1802);
    master_world_deinit(&world);
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

/* ---- A file of hbase:meta that is damaged or missing ---- */

enum meta_harm {
    META_INDEX,   /* the end of each file, which is read when it is opened */
    META_BLOCK,   /* its first block */
    META_MISSING, /* each file */
};

struct meta_harming {
    struct master_world *world;
    enum meta_harm harm;
    bool is_mending;
    unsigned count;
};

static enum status harm_meta_file(void *context, const char *name, struct error *error)
{
    struct meta_harming *harming = context;
    struct env *env = harming->world->env;
    struct env_stat stat;
    char path[600], aside[600];
    snprintf(path, sizeof path, "root/tables/meta/sst/%s", name);
    snprintf(aside, sizeof aside, "aside/%s", name);
    harming->count++;
    if (harming->harm == META_MISSING)
        return env_path_rename(
            env, harming->is_mending ? aside : path, harming->is_mending ? path : aside, error);
    assert_ok(env_path_stat(env, path, &stat, error), error);
    for (unsigned i = 1; i <= 8; i++)
        assert_ok(
            env_memory_flip(env, path, harming->harm == META_INDEX ? stat.size - i : 16 + i, 0xff),
            NULL);
    return STATUS_OK;
}

static void harm_meta(struct meta_harming *harming)
{
    struct master_world *world = harming->world;
    bool is_missing = harming->harm == META_MISSING;
    struct error error = {0};
    if (is_missing && !harming->is_mending)
        assert_ok(env_directory_make(world->env, "aside", 0755, &error), &error);
    assert_ok(env_directory_list(world->env,
                  is_missing && harming->is_mending ? "aside" : "root/tables/meta/sst",
                  harm_meta_file, harming, &error),
        &error);
    assert_true(harming->count > 0);
}

/* hbase:meta has a file, its servers are gone, and it is harmed: a master that would lead waits, and says why. */
static void hold_up_by_meta(uint64_t seed, enum meta_harm harm)
{
    struct master_world world;
    struct error why = {0};
    struct meta_harming harming = {.world = &world, .harm = harm};
    master_world_make(&world, seed, 2);
    struct master_request move = master_world_request(&world, MASTER_MOVE, "r20");
    move.tablets[0] = SPAN_LITERAL(META_TABLET_ID);
    master_world_done(&world, &move); /* it is flushed where it was */
    for (size_t i = 0; i < world.node_count; i++)
        node_kill(&world.nodes[i]);
    master_world_server(&world);
    master_world_server(&world);
    harm_meta(&harming);
    struct node *node = master_world_master(&world);
    world.leader = node;
    master_world_tell_servers(&world);
    master_lead(node->master, ++world.epoch);
    for (int i = 0; i < 300 && !master_is_held_up(node->master, &why); i++)
        master_world_settle(&world, 100);
    assert_true(master_is_held_up(node->master, &why));
    assert_non_null(strstr(why.message, "tables/meta/sst/"));
    assert_non_null(strstr(why.message, "stele fsck --repair"));
    assert_true((strstr(why.message, "is missing") != NULL) == (harm == META_MISSING));
    uint64_t before = world.commands;
    int64_t since_ms = master_held_up_since_ms(node->master);
    master_world_settle(&world, 60000);
    assert_true(world.commands - before < 100);
    assert_true(since_ms > 0 && since_ms == master_held_up_since_ms(node->master));
    assert_true(master_is_held_up(node->master, &why));
    assert_false(node->is_ready || master_is_ready(node->master));
    /* mended, it serves */
    harming.is_mending = true;
    harm_meta(&harming);
    master_world_settle(&world, 70000);
    assert_true(node->is_ready && master_is_ready(node->master));
    assert_false(master_is_held_up(node->master, &why));
    master_world_check(&world);
    master_world_put_all(&world);
    master_world_deinit(&world);
}

static void a_meta_that_cannot_be_opened_holds_the_master_up(void **state)
{
    (void)state;
    hold_up_by_meta(41, META_INDEX);
}

static void a_meta_that_cannot_be_read_holds_the_master_up(void **state)
{
    (void)state;
    hold_up_by_meta(42, META_BLOCK);
}

static void a_meta_that_misses_a_file_holds_the_master_up(void **state)
{
    (void)state;
    hold_up_by_meta(43, META_MISSING);
}

static void what_may_pass_asks_for_no_repair_and_passes(void **state)
{
    struct master_world world;
    struct error full = {0}, why = {0};
    (void)state;
    master_world_make(&world, 44, 2);
    struct master *master = world.leader->master;
    (void)error_set(&full, STATUS_NO_SPACE, "link of its manifest: No space left on device");
    master_hold_up(master, "opened", &full);
    assert_true(master_is_held_up(master, &why));
    assert_string_equal(
        why.message, "hbase:meta cannot be opened: link of its manifest: No space left on device");
    /* it is over as soon as the tablet has opened somewhere, whatever else the master still waits for */
    for (size_t i = 0; i < world.node_count; i++)
        if (!world.nodes[i].master)
            node_kill(&world.nodes[i]);
    master_world_server(&world);
    master_world_tell_servers(&world);
    master_world_settle(&world, 70000);
    assert_int_equal(master_held_up_since_ms(master), 0);
    assert_false(master_is_held_up(master, &why));
    master_world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tablet_that_cannot_be_opened_holds_up_no_other),
        cmocka_unit_test(a_tablet_that_misses_a_file_holds_up_no_other),
        cmocka_unit_test(a_damaged_manifest_keeps_no_master_from_leading),
        cmocka_unit_test(a_damaged_manifest_of_one_split_long_ago_harms_nobody),
        cmocka_unit_test(a_table_with_a_damaged_manifest_is_not_removed),
        cmocka_unit_test(an_unassign_that_is_refused_leaves_the_tablet_assigned),
        cmocka_unit_test(a_lost_meta_is_opened_though_all_opens_wait_for_it),
        cmocka_unit_test(a_lost_meta_table_is_made_anew_from_the_manifests),
        cmocka_unit_test(a_meta_that_cannot_be_opened_holds_the_master_up),
        cmocka_unit_test(a_meta_that_cannot_be_read_holds_the_master_up),
        cmocka_unit_test(a_meta_that_misses_a_file_holds_the_master_up),
        cmocka_unit_test(what_may_pass_asks_for_no_repair_and_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
