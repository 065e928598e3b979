#include "storage/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/env_memory.h"
#include "base/log_lines.h"
#include "storage/seal.h"
#include "tests/support/support.h"

/* A store on the memory disk; opened again and again under new incarnations. */
struct world {
    struct env *env;
    struct store *store;
    unsigned starts;
    bool has_died;
};

static void note_death(void *context, const struct error *error)
{
    (void)error;
    ((struct world *)context)->has_died = true;
}

static enum status start(struct world *world, struct error *error)
{
    char incarnation[32];
    snprintf(incarnation, sizeof(incarnation), "host,16000,%u", ++world->starts);
    struct store_config config = {
        .env = world->env,
        .root = "root",
        .incarnation = incarnation,
        .memtable_budget_bytes = 1 << 20,
        .cache_budget_bytes = 1 << 20,
        .log_segment_bytes = 64 << 10,
        .log_total_bytes = 1 << 20,
        .fatal = note_death,
        .fatal_context = world,
    };
    world->has_died = false;
    return store_open(&config, &world->store, error);
}

static void note_done(struct completion *completion)
{
    completion->status = completion->status ? completion->status : STATUS_END;
}

static void stop(struct world *world)
{
    struct completion closing = {.done = note_done};
    store_close(world->store, 5000, &closing);
    env_memory_run_until(world->env, NULL, 10000000);
    assert_int_equal(closing.status, STATUS_END);
    store_free(world->store);
    world->store = NULL;
}

/* As kill -9 (keep all) or a power cut. What is queued runs to its end, for it holds references, but
 * against a disk that answers nothing any more. */
static void kill_store(struct world *world, enum env_memory_power_cut how)
{
    env_memory_cut_at(world->env, env_memory_call_count(world->env) + 1);
    store_free(world->store);
    world->store = NULL;
    env_memory_power_cut(world->env, how);
}

static void open_world(struct world *world, uint64_t seed)
{
    struct error error;
    *world = (struct world){.env = env_memory_new(seed, ENV_MEMORY_SEEDED)};
    assert_ok(start(world, &error), &error);
}

static void close_world(struct world *world)
{
    if (world->store)
        kill_store(world, ENV_CUT_KEEP_ALL);
    env_memory_free(world->env);
}

static bool is_there(struct world *world, const char *path)
{
    bool there = false;
    assert_status(directory_exists(world->env, path, &there, NULL), STATUS_OK);
    return there;
}

static void print_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    (void)context;
    printf("%s: %llu: %s\n", path, (unsigned long long)offset, what);
}

static uint64_t count_problems(struct world *world)
{
    struct error error = {0};
    uint64_t problems = 0;
    assert_ok(storage_check(world->env, "root", print_problem, NULL, NULL, NULL, &problems, &error),
        &error);
    return problems;
}

static void check_clean(struct world *world)
{
    assert_int_equal(count_problems(world), 0);
}

/* ---- Things in the directory ---- */

static const char table_id[] = "0123456789abcdef0123456789abcdef";

static void make_descriptor(struct arena *arena, struct table_descriptor *descriptor)
{
    *descriptor = (struct table_descriptor){.state = TABLE_ENABLED};
    strcpy(descriptor->id, table_id);
    descriptor->schema.name = SPAN_LITERAL("t");
    descriptor->schema.families = arena_allocate_zeroed(arena, 1, sizeof(struct family_schema));
    descriptor->schema.family_count = 1;
    descriptor->schema.families[0].name = SPAN_LITERAL("f");
    struct error error;
    assert_ok(table_schema_check(&descriptor->schema, &error), &error);
}

static void make_tablets(struct tablet_info tablets[3])
{
    static const char *const rows[] = {"", "g", "p", ""};
    for (unsigned i = 0; i < 3; i++) {
        tablets[i] = (struct tablet_info){.region_id = 100 + i,
            .start_row = span_string(rows[i]),
            .end_row = span_string(rows[i + 1])};
        snprintf(tablets[i].id, sizeof(tablets[i].id), "%032x", i);
        strcpy(tablets[i].table_id, table_id);
    }
}

static enum status count_table(
    void *context, const struct table_descriptor *descriptor, struct error *error)
{
    (void)error;
    assert_string_equal(descriptor->id, table_id);
    assert_spans_equal(descriptor->schema.name, span_string("t"));
    assert_int_equal(descriptor->schema.family_count, 1);
    (*(unsigned *)context)++;
    return STATUS_OK;
}

static enum status count_tablet(
    void *context, const struct tablet_info *tablet, struct error *error)
{
    (void)error;
    assert_int_equal(tablet->state, TABLET_CLOSED);
    (*(unsigned *)context)++;
    return STATUS_OK;
}

static enum status make_table(struct world *world)
{
    struct arena arena = {0};
    struct table_descriptor descriptor;
    struct tablet_info tablets[3];
    make_descriptor(&arena, &descriptor);
    make_tablets(tablets);
    enum status status = store_table_commit(world->store, &descriptor, NULL);
    if (status == STATUS_OK)
        status = store_tablet_create(world->store, table_id, tablets, 3, NULL);
    arena_deinit(&arena);
    return status;
}

static unsigned count_tables(struct world *world)
{
    struct arena arena = {0};
    struct error error;
    unsigned count = 0;
    assert_ok(store_table_list(world->store, &arena, count_table, &count, &error), &error);
    arena_deinit(&arena);
    return count;
}

static unsigned count_tablets(struct world *world)
{
    struct arena arena = {0};
    struct error error;
    unsigned count = 0;
    enum status status = store_tablet_list(
        world->store, table_id, &arena, count_tablet, &count, &error);
    if (status != STATUS_NOT_FOUND)
        assert_ok(status, &error);
    arena_deinit(&arena);
    return count;
}

/* ---- Tests ---- */

static void an_empty_directory_becomes_a_store(void **state)
{
    (void)state;
    struct world world;
    char id[40];
    open_world(&world, 1);
    strcpy(id, store_cluster_id(world.store));
    assert_int_equal(strlen(id), 36);
    stop(&world);
    check_clean(&world);
    struct error error;
    assert_ok(start(&world, &error), &error);
    assert_string_equal(store_cluster_id(world.store), id);
    close_world(&world);
}

static void a_foreign_directory_is_refused_and_left_alone(void **state)
{
    (void)state;
    struct world world = {.env = env_memory_new(1, ENV_MEMORY_SEEDED)};
    assert_status(env_directory_make(world.env, "root", 0700, NULL), STATUS_OK);
    assert_status(
        env_write_file(world.env, "root/thesis.txt", 0600, span_string("!"), NULL), STATUS_OK);
    struct error error;
    assert_int_equal(start(&world, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "not a Stele directory"));
    assert_false(is_there(&world, "root/servers"));
    env_memory_free(world.env);
}

/* The problems when the root has one file more. */
static uint64_t problems_with(struct world *world, const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "root/%s", name);
    assert_status(env_write_file(world->env, path, 0600, span_string(text), NULL), STATUS_OK);
    uint64_t problems = count_problems(world);
    assert_status(env_path_remove(world->env, path, NULL), STATUS_OK);
    return problems;
}

static void what_is_no_file_of_the_root_is_a_problem(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 5);
    stop(&world);
    char secret[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
    char quorum[] = "zookeeper = a:2181/hbase\ninstance = 1-2\ngeneration = 1\n";
    assert_int_equal(problems_with(&world, "stranger", ""), 1);
    assert_int_equal(problems_with(&world, "tables2", ""), 1);
    assert_int_equal(problems_with(&world, "lost+found", ""), 0);
    assert_int_equal(problems_with(&world, ".nfs0001", ""), 0);
    assert_int_equal(problems_with(&world, "cluster.tmp-1", ""), 0);
    assert_int_equal(problems_with(&world, "secret.01.tmp", ""), 0);
    assert_int_equal(problems_with(&world, "secret", secret), 0);
    assert_int_equal(problems_with(&world, "quorum", quorum), 0);
    assert_int_equal(problems_with(&world, "secret", secret + 1), 1);
    secret[9] = 'A';
    assert_int_equal(problems_with(&world, "secret", secret), 1);
    assert_int_equal(problems_with(&world, "quorum", ""), 1);
    assert_int_equal(problems_with(&world, "quorum", "zookeeper = a:2181/hbase\n"), 1);
    assert_int_equal(
        problems_with(&world, "quorum", "zookeeper = a:2181/hbase\ninstance = \ngeneration = 1\n"),
        1);
    char more[sizeof quorum + 8];
    snprintf(more, sizeof more, "%smore\n", quorum);
    assert_int_equal(problems_with(&world, "quorum", more), 1);
    for (const char *at = quorum; *at; at += strcspn(at, "\n") + 1) /* names, and what follows */
        for (size_t i = 0; i < strcspn(at, " ") + 3; i++) {
            char flipped[sizeof quorum];
            memcpy(flipped, quorum, sizeof quorum);
            flipped[(size_t)(at - quorum) + i] ^= 1;
            assert_int_equal(problems_with(&world, "quorum", flipped), 1);
        }
    close_world(&world);
}

static void a_newer_format_is_refused(void **state)
{
    (void)state;
    struct world world = {.env = env_memory_new(1, ENV_MEMORY_SEEDED)};
    struct document document = {.kind = DOCUMENT_CLUSTER,
        .format_version = 9,
        .comparator = DOCUMENT_UNSORTED,
        .subject = span_string("stele"),
        .payload = span_string("00000000-0000-0000-0000-000000000000")};
    struct buffer file = {0};
    document_encode(&document, &file);
    assert_status(env_directory_make(world.env, "root", 0700, NULL), STATUS_OK);
    assert_status(
        env_write_file(world.env, "root/cluster", 0600, buffer_span(&file), NULL), STATUS_OK);
    struct error error;
    assert_int_equal(start(&world, &error), STATUS_NEWER_FORMAT);
    buffer_deinit(&file);
    env_memory_free(world.env);
}

static void a_directory_in_use_is_refused(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 1);
    struct world second = {.env = world.env, .starts = 100};
    struct error error;
    assert_int_equal(start(&second, &error), STATUS_BUSY);
    assert_non_null(strstr(error.message, "in use by process"));
    close_world(&world);
}

static void an_incarnation_is_used_once(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 1);
    stop(&world);
    world.starts--;
    struct error error;
    assert_int_equal(start(&world, &error), STATUS_INVALID);
    assert_ok(start(&world, &error), &error);
    close_world(&world);
}

static void the_dead_are_sealed_at_the_next_start_and_then_collected(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    open_world(&world, 1);
    kill_store(&world, ENV_CUT_KEEP_ALL);
    assert_ok(start(&world, &error), &error);
    assert_true(is_there(&world, "root/sealed/host,16000,1"));
    assert_true(is_there(&world, "root/servers/host,16000,1/plan"));
    assert_ok(collector_run(world.store->collector, &error), &error);
    assert_false(is_there(&world, "root/sealed/host,16000,1"));
    assert_false(is_there(&world, "root/servers/host,16000,1"));
    assert_true(is_there(&world, "root/servers/host,16000,2"));
    close_world(&world);
}

static void tables_and_tablets_are_there_after_a_restart(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    open_world(&world, 1);
    assert_int_equal(make_table(&world), STATUS_OK);
    struct tablet_info tablets[3];
    make_tablets(tablets);
    assert_ok(store_tablet_create(world.store, table_id, tablets, 3, &error), &error); /* repeats */
    tablets[1].region_id++;
    assert_status(store_tablet_create(world.store, table_id, tablets, 3, NULL), STATUS_EXISTS);
    kill_store(&world, ENV_CUT_LOSE_ALL);
    check_clean(&world);
    assert_ok(start(&world, &error), &error);
    assert_int_equal(count_tables(&world), 1);
    assert_int_equal(count_tablets(&world), 3);
    close_world(&world);
}

struct seen_damage {
    unsigned whole, damaged;
    char start[8]; /* of the damaged one; "" = not known */
    char why[512];
};

static enum status see_damage(void *context, const struct tablet_info *tablet, struct error *error)
{
    struct seen_damage *seen = context;
    (void)error;
    seen->whole += tablet->damage == NULL;
    seen->damaged += tablet->damage != NULL;
    if (tablet->damage) {
        snprintf(seen->why, sizeof seen->why, "%s", tablet->damage);
        snprintf(seen->start, sizeof seen->start, "%.*s",
            tablet->region_id ? (int)tablet->start_row.size : 0,
            tablet->region_id ? (const char *)tablet->start_row.data : "");
    }
    return STATUS_OK;
}

static struct seen_damage list_damaged(struct world *world)
{
    struct arena arena = {0};
    struct error error;
    struct seen_damage seen = {0};
    assert_ok(store_tablet_list(world->store, table_id, &arena, see_damage, &seen, &error), &error);
    arena_deinit(&arena);
    return seen;
}

static void a_damaged_manifest_is_told_of_and_the_others_are_listed(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    struct tablet_info tablets[3], halves[2] = {0};
    char path[256];
    open_world(&world, 1);
    assert_int_equal(make_table(&world), STATUS_OK);
    make_tablets(tablets);
    snprintf(path, sizeof path, "root/tables/%s/tablets/%s.1", table_id, tablets[2].id);
    assert_ok(env_memory_flip(world.env, path, 40, 0xff), NULL);
    struct seen_damage seen = list_damaged(&world);
    assert_int_equal(seen.whole, 2);
    assert_int_equal(seen.damaged, 1);
    assert_string_equal(seen.start, "");
    assert_non_null(strstr(seen.why, path));
    assert_ok(env_memory_flip(world.env, path, 40, 0xff), NULL);
    /* of a half, its parent says the rows */
    for (size_t i = 0; i < 2; i++) {
        snprintf(halves[i].id, sizeof halves[i].id, "%s", i ? "bb02" : "bb01");
        halves[i].region_id = tablets[0].region_id + 1;
    }
    halves[0].start_row = tablets[0].start_row;
    halves[0].end_row = halves[1].start_row = SPAN_LITERAL("b");
    halves[1].end_row = tablets[0].end_row;
    assert_ok(store_tablet_split(world.store, table_id, tablets[0].id, halves, &error), &error);
    snprintf(path, sizeof path, "root/tables/%s/tablets/bb02.1", table_id);
    assert_ok(env_memory_flip(world.env, path, 40, 0xff), NULL);
    seen = list_damaged(&world);
    assert_int_equal(seen.whole, 4);
    assert_int_equal(seen.damaged, 1);
    assert_string_equal(seen.start, "b");
    assert_ok(env_memory_flip(world.env, path, 40, 0xff), NULL);
    close_world(&world);
}

static void a_new_table_may_lack_tablets_until_it_is_enabled(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    struct arena arena = {0};
    struct table_descriptor descriptor;
    struct tablet_info tablets[3];
    open_world(&world, 1);
    make_descriptor(&arena, &descriptor);
    make_tablets(tablets);
    descriptor.version = 0;
    descriptor.state = TABLE_ENABLING;
    assert_ok(store_table_commit(world.store, &descriptor, &error), &error);
    assert_ok(store_tablet_create(world.store, table_id, &tablets[1], 1, &error), &error);
    kill_store(&world, ENV_CUT_KEEP_ALL);
    assert_int_equal(count_problems(&world), 0); /* its procedure goes on */
    assert_ok(start(&world, &error), &error);
    descriptor.version = 1;
    descriptor.state = TABLE_ENABLED;
    assert_ok(store_table_commit(world.store, &descriptor, &error), &error);
    kill_store(&world, ENV_CUT_KEEP_ALL);
    assert_int_equal(count_problems(&world), 2); /* a hole before it, and one after it */
    arena_deinit(&arena);
    close_world(&world);
}

static void a_dropped_table_goes_to_the_trash_and_then_away(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    struct arena arena = {0};
    struct table_descriptor descriptor;
    open_world(&world, 1);
    assert_int_equal(make_table(&world), STATUS_OK);
    assert_status(store_table_remove(world.store, table_id, NULL), STATUS_WRONG_STATE);
    make_descriptor(&arena, &descriptor);
    descriptor.version = 1;
    descriptor.state = TABLE_DROPPED;
    assert_ok(store_table_commit(world.store, &descriptor, &error), &error);
    assert_int_equal(count_tables(&world), 0);
    assert_ok(store_table_remove(world.store, table_id, &error), &error);
    assert_ok(store_table_remove(world.store, table_id, &error), &error); /* repeats */
    assert_int_equal(count_tablets(&world), 0);
    arena_deinit(&arena);
    close_world(&world);
}

static void a_dropped_table_that_a_crash_left_open_goes_too(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    struct arena arena = {0};
    struct table_descriptor descriptor;
    struct tablet_info tablets[3];
    struct tablet *tablet;
    open_world(&world, 1);
    assert_int_equal(make_table(&world), STATUS_OK);
    make_descriptor(&arena, &descriptor);
    make_tablets(tablets);
    assert_ok(store_tablet_open(
                  world.store, table_id, tablets[0].id, &descriptor.schema, &tablet, &error),
        &error);
    descriptor.version = 1;
    descriptor.state = TABLE_DROPPED;
    assert_ok(store_table_commit(world.store, &descriptor, &error), &error);
    assert_status(store_table_remove(world.store, table_id, NULL), STATUS_WRONG_STATE);
    tablet_unref(tablet);
    kill_store(&world, ENV_CUT_LOSE_ALL);
    assert_ok(start(&world, &error), &error); /* seals the one before */
    assert_ok(store_table_remove(world.store, table_id, &error), &error);
    assert_int_equal(count_tablets(&world), 0);
    arena_deinit(&arena);
    stop(&world);
    check_clean(&world);
    close_world(&world);
}

static enum status note_document(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    (void)error;
    assert_spans_equal(name, span_string("n/s.\xff"));
    assert_spans_equal(bytes, span_string("two"));
    *(uint64_t *)context = version;
    return STATUS_OK;
}

static void documents_of_others_are_chained(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    struct span name = span_string("n/s.\xff");
    uint64_t version = 0;
    open_world(&world, 1);
    assert_ok(store_chain_commit(world.store, CHAIN_NAMESPACE, name, 1, span_string("one"), &error),
        &error);
    assert_ok(store_chain_commit(world.store, CHAIN_NAMESPACE, name, 2, span_string("two"), &error),
        &error);
    assert_status(store_chain_commit(world.store, CHAIN_NAMESPACE, name, 2, span_string("x"), NULL),
        STATUS_SUPERSEDED);
    assert_ok(
        store_chain_list(world.store, CHAIN_NAMESPACE, note_document, &version, &error), &error);
    assert_int_equal(version, 2);
    assert_ok(store_chain_remove(world.store, CHAIN_NAMESPACE, name, &error), &error);
    version = 0;
    assert_ok(
        store_chain_list(world.store, CHAIN_NAMESPACE, note_document, &version, &error), &error);
    assert_int_equal(version, 0);
    close_world(&world);
}

static void sstables_go_only_with_proof(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    struct path path;
    char committed[SSTABLE_NAME_SIZE];
    char dropped[SSTABLE_NAME_SIZE];
    open_world(&world, 1);
    assert_int_equal(make_table(&world), STATUS_OK);
    struct directory *directory = &world.store->directory;
    directory_sstable_name(directory, committed);
    directory_sstable_name(directory, dropped);
    directory_sstable_path(directory, table_id, committed, &path);
    assert_ok(env_write_file(world.env, path.text, 0600, span_string("sst"), &error), &error);
    directory_sstable_path(directory, table_id, dropped, &path);
    assert_ok(env_write_file(world.env, path.text, 0600, span_string("sst"), &error), &error);

    struct arena arena = {0};
    struct manifest manifest;
    char tablet_id[TABLET_ID_SIZE];
    snprintf(tablet_id, sizeof(tablet_id), "%032x", 1);
    assert_ok(manifest_read(directory, table_id, tablet_id, &arena, &manifest, &error), &error);
    struct manifest_family family = {.name = SPAN_LITERAL("f")};
    struct manifest_file file = {.file = span_string(committed)};
    strcpy(file.table_id, table_id);
    manifest.families = &family;
    manifest.family_count = 1;
    manifest.files = &file;
    manifest.file_count = 1;
    assert_ok(manifest_commit(directory, &manifest, 1, &error), &error);

    /* Held, named, or of a living incarnation and not given up: nothing goes. */
    collector_give_up(world.store->collector, table_id, committed);
    collector_hold(world.store->collector);
    collector_give_up(world.store->collector, table_id, dropped);
    assert_ok(collector_run(world.store->collector, &error), &error);
    assert_true(is_there(&world, path.text));
    collector_release(world.store->collector);
    assert_ok(collector_run(world.store->collector, &error), &error);
    assert_false(is_there(&world, path.text));
    directory_sstable_path(directory, table_id, committed, &path);
    assert_true(is_there(&world, path.text));

    /* An orphan goes once its maker is dead. */
    directory_sstable_name(directory, dropped);
    directory_sstable_path(directory, table_id, dropped, &path);
    assert_ok(env_write_file(world.env, path.text, 0600, span_string("sst"), &error), &error);
    assert_ok(collector_run(world.store->collector, &error), &error);
    assert_true(is_there(&world, path.text));
    kill_store(&world, ENV_CUT_KEEP_ALL);
    assert_ok(start(&world, &error), &error);
    assert_ok(collector_run(world.store->collector, &error), &error);
    assert_false(is_there(&world, path.text));
    directory_sstable_path(&world.store->directory, table_id, committed, &path);
    assert_true(is_there(&world, path.text));
    arena_deinit(&arena);
    close_world(&world);
}

static void a_manifest_that_cannot_be_read_stops_the_collector(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    struct path path;
    char name[SSTABLE_NAME_SIZE];
    open_world(&world, 1);
    assert_int_equal(make_table(&world), STATUS_OK);
    directory_sstable_name(&world.store->directory, name);
    directory_sstable_path(&world.store->directory, table_id, name, &path);
    assert_ok(env_write_file(world.env, path.text, 0600, span_string("sst"), &error), &error);
    collector_give_up(world.store->collector, table_id, name);
    struct path manifest;
    directory_path(&world.store->directory, &manifest, "tables/%s/tablets/%032x.1", table_id, 2u);
    assert_int_equal(env_memory_flip(world.env, manifest.text, 40, 1), STATUS_OK);
    assert_int_equal(collector_run(world.store->collector, &error), STATUS_CORRUPT);
    assert_non_null(strstr(error.message, manifest.text));
    assert_true(is_there(&world, path.text));
    close_world(&world);
}

/* ---- Power cuts in start, create, stop ---- */

/* True when make_table was answered. */
static bool run_start_and_create(struct world *world)
{
    bool is_made = false;
    if (start(world, NULL))
        return false;
    is_made = make_table(world) == STATUS_OK;
    struct completion closing = {.done = note_done};
    store_close(world->store, 5000, &closing);
    env_memory_run_until(world->env, NULL, 10000000);
    return is_made;
}

static void a_power_cut_at_every_call_of_start_and_create_is_clean(void **state)
{
    (void)state;
    struct world world = {.env = env_memory_new(5, ENV_MEMORY_SEEDED)};
    assert_true(run_start_and_create(&world));
    uint64_t calls = env_memory_call_count(world.env);
    close_world(&world);
    unsigned cuts = 0;
    for (uint64_t call = 1; call <= calls; call++)
        for (unsigned how = 0; how < 4; how++, cuts++) {
            struct error error;
            world = (struct world){.env = env_memory_new(call * 4 + how, ENV_MEMORY_SEEDED)};
            env_memory_cut_at(world.env, call);
            bool is_made = run_start_and_create(&world);
            env_memory_drop_tasks(world.env);
            store_free(world.store);
            world.store = NULL;
            env_memory_power_cut(world.env, how == 0   ? ENV_CUT_LOSE_ALL
                                            : how == 1 ? ENV_CUT_KEEP_ALL
                                                       : ENV_CUT_RANDOM);
            assert_ok(start(&world, &error), &error);
            unsigned tables = count_tables(&world);
            unsigned tablets = count_tablets(&world);
            assert_true(!is_made || (tables == 1 && tablets == 3));
            if (!is_made && tables == 1) { /* the procedure that repeats finishes it */
                struct tablet_info wanted[3];
                make_tablets(wanted);
                assert_ok(store_tablet_create(world.store, table_id, wanted, 3, &error), &error);
                assert_int_equal(count_tablets(&world), 3);
            }
            assert_ok(collector_run(world.store->collector, &error), &error);
            stop(&world);
            check_clean(&world);
            close_world(&world);
        }
    printf("power cuts in start and create: %u\n", cuts);
    assert_true(cuts >= 300);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_directory_becomes_a_store),
        cmocka_unit_test(a_foreign_directory_is_refused_and_left_alone),
        cmocka_unit_test(what_is_no_file_of_the_root_is_a_problem),
        cmocka_unit_test(a_newer_format_is_refused),
        cmocka_unit_test(a_directory_in_use_is_refused),
        cmocka_unit_test(an_incarnation_is_used_once),
        cmocka_unit_test(the_dead_are_sealed_at_the_next_start_and_then_collected),
        cmocka_unit_test(tables_and_tablets_are_there_after_a_restart),
        cmocka_unit_test(a_new_table_may_lack_tablets_until_it_is_enabled),
        cmocka_unit_test(a_dropped_table_goes_to_the_trash_and_then_away),
        cmocka_unit_test(a_dropped_table_that_a_crash_left_open_goes_too),
        cmocka_unit_test(documents_of_others_are_chained),
        cmocka_unit_test(sstables_go_only_with_proof),
        cmocka_unit_test(a_manifest_that_cannot_be_read_stops_the_collector),
        cmocka_unit_test(a_damaged_manifest_is_told_of_and_the_others_are_listed),
        cmocka_unit_test(a_power_cut_at_every_call_of_start_and_create_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
