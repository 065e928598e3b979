#include "storage/chain.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/env_memory.h"
#include "base/pause.h"
#include "storage/seal.h"
#include "tests/support/support.h"

struct world {
    struct env *env;
    struct directory directory;
    struct env_file *alive;
    struct path folder;
};

/* The directory on the world's env as it is now, under another incarnation. */
static enum status register_as(struct world *world, const char *incarnation)
{
    env_file_close(world->alive);
    world->alive = NULL;
    enum status status = directory_init(&world->directory, world->env, "root", incarnation, NULL);
    directory_path(&world->directory, &world->folder, "namespaces");
    if (status == STATUS_OK)
        status = directory_make_folder(world->env, "root", NULL);
    if (status == STATUS_OK)
        status = directory_make(&world->directory, NULL);
    if (status == STATUS_OK)
        status = seal_register(&world->directory, &world->alive, NULL);
    return status;
}

static void open_world(struct world *world, uint64_t seed)
{
    *world = (struct world){.env = env_memory_new(seed, ENV_MEMORY_SEEDED)};
    assert_status(register_as(world, "a"), STATUS_OK);
}

static void close_world(struct world *world)
{
    env_file_close(world->alive);
    env_memory_free(world->env);
}

static struct chain_commit make_commit(const char *name, uint64_t version, const char *payload)
{
    return (struct chain_commit){.name = name,
        .document = {.kind = DOCUMENT_NAMESPACE,
            .format_version = document_kind_version(DOCUMENT_NAMESPACE),
            .comparator = DOCUMENT_UNSORTED,
            .version = version,
            .subject = span_string(name),
            .payload = span_string(payload)}};
}

static enum status commit(
    struct world *world, const char *name, uint64_t version, const char *payload)
{
    struct chain_commit one = make_commit(name, version, payload);
    return chain_commit(&world->directory, world->folder.text, &one, 1, NULL);
}

static uint64_t read_newest(
    struct world *world, const char *name, struct buffer *file, struct span *out_payload)
{
    struct document document;
    struct error error;
    assert_ok(chain_read_newest(world->env, world->folder.text, name, DOCUMENT_NAMESPACE, file,
                  &document, &error),
        &error);
    *out_payload = document.payload;
    return document.version;
}

static void a_commit_is_read_back_and_the_older_goes(void **state)
{
    (void)state;
    struct world world;
    struct buffer file = {0};
    struct span payload;
    open_world(&world, 1);
    assert_status(commit(&world, "x", 1, "one"), STATUS_OK);
    assert_status(commit(&world, "x", 2, "two"), STATUS_OK);
    assert_int_equal(read_newest(&world, "x", &file, &payload), 2);
    assert_spans_equal(payload, span_string("two"));
    struct document document;
    assert_status(chain_read_version(world.env, world.folder.text, "x", 1, DOCUMENT_NAMESPACE,
                      &file, &document, NULL),
        STATUS_NOT_FOUND);
    buffer_deinit(&file);
    close_world(&world);
}

static void a_taken_number_says_superseded(void **state)
{
    (void)state;
    struct world world;
    struct buffer file = {0};
    struct span payload;
    open_world(&world, 1);
    assert_status(commit(&world, "x", 1, "one"), STATUS_OK);
    assert_status(commit(&world, "x", 1, "other"), STATUS_SUPERSEDED);
    assert_int_equal(read_newest(&world, "x", &file, &payload), 1);
    assert_spans_equal(payload, span_string("one"));
    buffer_deinit(&file);
    close_world(&world);
}

/* A server that slept before its link finds its number free again, because others went on and the
 * number was collected: the look after the link tells it. */
static void a_number_that_is_free_again_says_superseded(void **state)
{
    (void)state;
    struct world world;
    struct buffer file = {0};
    struct span payload;
    open_world(&world, 1);
    assert_status(commit(&world, "x", 1, "one"), STATUS_OK);
    assert_status(commit(&world, "x", 2, "two"), STATUS_OK);
    assert_status(commit(&world, "x", 3, "three"), STATUS_OK);
    assert_status(commit(&world, "x", 2, "sleeper"), STATUS_SUPERSEDED);
    assert_int_equal(read_newest(&world, "x", &file, &payload), 3);
    assert_spans_equal(payload, span_string("three"));
    buffer_deinit(&file);
    close_world(&world);
}

static enum status count_name(
    void *context, const char *name, uint64_t version, struct error *error)
{
    (void)error;
    unsigned *count = context;
    char expected[16];
    snprintf(expected, sizeof(expected), "n%03u", *count);
    assert_string_equal(name, expected);
    assert_int_equal(version, 1);
    (*count)++;
    return STATUS_OK;
}

static void a_bulk_is_committed_with_one_sync_of_the_folder(void **state)
{
    (void)state;
    enum { COUNT = 600 };
    struct world world;
    static char names[COUNT][16];
    static struct chain_commit commits[COUNT];
    open_world(&world, 1);
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "n%03u", i);
        commits[i] = make_commit(names[i], 1, "payload");
    }
    assert_status(
        chain_commit(&world.directory, world.folder.text, commits, COUNT, NULL), STATUS_OK);
    env_memory_power_cut(world.env, ENV_CUT_LOSE_ALL);
    unsigned count = 0;
    assert_status(chain_list(world.env, world.folder.text, count_name, &count, NULL), STATUS_OK);
    assert_int_equal(count, COUNT);
    close_world(&world);
}

/* Runs commits 1, 2, ... until the world ends; how many were answered. */
static uint64_t run_commits(struct world *world)
{
    char payload[16];
    uint64_t version = 0;
    for (; version < 6; version++) {
        snprintf(payload, sizeof(payload), "v%llu", (unsigned long long)version + 1);
        if (commit(world, "x", version + 1, payload))
            break;
    }
    return version;
}

static void check_after_cut(struct world *world, uint64_t answered)
{
    struct buffer file = {0};
    struct document document;
    char payload[16];
    enum status status = chain_read_newest(
        world->env, world->folder.text, "x", DOCUMENT_NAMESPACE, &file, &document, NULL);
    if (status == STATUS_NOT_FOUND) {
        assert_int_equal(answered, 0);
    } else {
        assert_int_equal(status, STATUS_OK);
        assert_true(document.version == answered || document.version == answered + 1);
        snprintf(payload, sizeof(payload), "v%llu", (unsigned long long)document.version);
        assert_spans_equal(document.payload, span_string(payload));
        /* And the chain goes on from there. */
        assert_status(register_as(world, "b"), STATUS_OK);
        assert_status(commit(world, "x", document.version + 1, "next"), STATUS_OK);
    }
    buffer_deinit(&file);
}

static void a_power_cut_at_every_call_keeps_what_was_answered(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 3);
    uint64_t begin = env_memory_call_count(world.env);
    assert_int_equal(run_commits(&world), 6);
    uint64_t end = env_memory_call_count(world.env);
    close_world(&world);
    unsigned cuts = 0;
    for (uint64_t call = begin + 1; call <= end; call++)
        for (unsigned round = 0; round < 6; round++, cuts++) {
            open_world(&world, call * 7 + round);
            env_memory_cut_at(world.env, call);
            uint64_t answered = run_commits(&world);
            env_memory_power_cut(world.env, round == 0   ? ENV_CUT_LOSE_ALL
                                            : round == 1 ? ENV_CUT_KEEP_ALL
                                                         : ENV_CUT_RANDOM);
            check_after_cut(&world, answered);
            close_world(&world);
        }
    printf("power cuts in a chain: %u\n", cuts);
    assert_true(cuts >= 250);
}

static void a_failed_call_is_never_a_success(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 3);
    uint64_t begin = env_memory_call_count(world.env);
    assert_int_equal(run_commits(&world), 6);
    uint64_t end = env_memory_call_count(world.env);
    close_world(&world);
    for (uint64_t call = begin + 1; call <= end; call++)
        for (int kind = 0; kind < 4; kind++) {
            open_world(&world, call);
            env_memory_fail_call(world.env, call, kind & 1 ? STATUS_NO_SPACE : STATUS_IO, kind & 2);
            uint64_t answered = run_commits(&world);
            env_memory_fail_call(world.env, 0, STATUS_OK, false);
            env_memory_power_cut(world.env, ENV_CUT_LOSE_ALL);
            check_after_cut(&world, answered);
            close_world(&world);
        }
}

static void every_flipped_byte_of_a_document_is_found(void **state)
{
    (void)state;
    struct buffer file = {0};
    struct chain_commit one = make_commit("subject", 7, "some payload of a namespace");
    document_encode(&one.document, &file);
    struct document document;
    assert_status(
        document_decode(buffer_span(&file), DOCUMENT_NAMESPACE, &document, NULL), STATUS_OK);
    assert_int_equal(document.version, 7);
    for (size_t i = 0; i < file.size * 8; i++) {
        file.data[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_status(document_decode(buffer_span(&file), DOCUMENT_NAMESPACE, &document, NULL),
            STATUS_CORRUPT);
        file.data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t size = 0; size < file.size; size++)
        assert_status(
            document_decode(span_make(file.data, size), DOCUMENT_NAMESPACE, &document, NULL),
            STATUS_CORRUPT);
    assert_status(
        document_decode(buffer_span(&file), DOCUMENT_PROCEDURE, &document, NULL), STATUS_CORRUPT);
    buffer_deinit(&file);
}

static void a_newer_format_is_named(void **state)
{
    (void)state;
    struct buffer file = {0};
    struct chain_commit one = make_commit("subject", 7, "payload");
    one.document.format_version = 99;
    document_encode(&one.document, &file);
    struct document document;
    assert_status(document_decode(buffer_span(&file), DOCUMENT_NAMESPACE, &document, NULL),
        STATUS_NEWER_FORMAT);
    buffer_deinit(&file);
}

/* Simulation seed 500083: a host links the next version, and dies before it syncs the folder; what another took away
 * meanwhile was all there was. */
static void what_another_host_has_not_synced_is_made_durable_before_the_older_goes(void **state)
{
    (void)state;
    struct world world = {.env = NULL};
    struct env *disk = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct env *other = env_memory_host_new(disk, "other");
    struct path first, second;
    world.env = env_memory_host_new(disk, "one");
    assert_status(register_as(&world, "a"), STATUS_OK);
    assert_status(commit(&world, "n", 1, "x"), STATUS_OK);
    directory_path(&world.directory, &first, "namespaces/n.1");
    directory_path(&world.directory, &second, "namespaces/n.2");
    assert_status(env_path_link(world.env, first.text, second.text, NULL), STATUS_OK);
    chain_prune(other, world.folder.text, NULL);
    env_memory_host_crash(world.env, ENV_CUT_LOSE_ALL);
    env_memory_host_crash(other, ENV_CUT_KEEP_ALL);
    struct env *later = env_memory_host_new(disk, "later");
    struct env_stat stat;
    assert_status(env_path_stat(later, second.text, &stat, NULL), STATUS_OK);
    env_memory_free(disk);
}

static void exists(struct env *env, const struct path *path, bool expected)
{
    struct env_stat stat;
    assert_status(
        env_path_stat(env, path->text, &stat, NULL), expected ? STATUS_OK : STATUS_NOT_FOUND);
}

static void crash_one(void *env)
{
    env_memory_host_crash(env, ENV_CUT_LOSE_ALL);
}

static void the_older_stays_when_the_newest_goes_with_its_host_meanwhile(void **state)
{
    (void)state;
    struct world world = {.env = NULL};
    struct env *disk = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct env *other = env_memory_host_new(disk, "other");
    struct path first, second;
    world.env = env_memory_host_new(disk, "one");
    assert_status(register_as(&world, "a"), STATUS_OK);
    assert_status(commit(&world, "n", 1, "x"), STATUS_OK);
    directory_path(&world.directory, &first, "namespaces/n.1");
    directory_path(&world.directory, &second, "namespaces/n.2");
    assert_status(env_path_link(world.env, first.text, second.text, NULL), STATUS_OK);
    pause_arm("chain.prune.before", crash_one, world.env);
    chain_prune(other, world.folder.text, NULL);
    pause_arm("chain.prune.before", NULL, NULL);
    exists(other, &first, true);
    exists(other, &second, false);
    env_memory_free(disk);
}

static void a_removal_that_fails_anywhere_leaves_the_newest_or_nothing(void **state)
{
    (void)state;
    enum status removed = STATUS_IO;
    unsigned failed = 0;
    for (uint64_t call = 1; removed; call++) {
        struct world world;
        struct path first, second;
        struct env_stat stat;
        open_world(&world, 1);
        assert_status(commit(&world, "n", 1, "x"), STATUS_OK);
        directory_path(&world.directory, &first, "namespaces/n.1");
        directory_path(&world.directory, &second, "namespaces/n.2");
        assert_status(env_path_link(world.env, first.text, second.text, NULL), STATUS_OK);
        env_memory_fail_call(world.env, env_memory_call_count(world.env) + call, STATUS_IO, false);
        removed = chain_remove(world.env, world.folder.text, "n", NULL);
        env_memory_fail_call(world.env, 0, STATUS_OK, false);
        if (env_path_stat(world.env, first.text, &stat, NULL) == STATUS_OK)
            exists(world.env, &second, true);
        failed += removed != STATUS_OK;
        close_world(&world);
    }
    assert_true(failed >= 6);
}

static void what_another_host_removed_is_gone_for_good(void **state)
{
    (void)state;
    struct world world = {.env = NULL};
    struct env *disk = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct env *other = env_memory_host_new(disk, "other");
    struct path first;
    world.env = env_memory_host_new(disk, "one");
    assert_status(register_as(&world, "a"), STATUS_OK);
    assert_status(commit(&world, "n", 1, "x"), STATUS_OK);
    directory_path(&world.directory, &first, "namespaces/n.1");
    assert_status(env_path_remove(world.env, first.text, NULL), STATUS_OK);
    assert_status(chain_remove(other, world.folder.text, "n", NULL), STATUS_OK);
    env_memory_host_crash(world.env, ENV_CUT_LOSE_ALL);
    exists(other, &first, false);
    env_memory_free(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_is_read_back_and_the_older_goes),
        cmocka_unit_test(a_taken_number_says_superseded),
        cmocka_unit_test(a_number_that_is_free_again_says_superseded),
        cmocka_unit_test(a_bulk_is_committed_with_one_sync_of_the_folder),
        cmocka_unit_test(a_power_cut_at_every_call_keeps_what_was_answered),
        cmocka_unit_test(a_failed_call_is_never_a_success),
        cmocka_unit_test(every_flipped_byte_of_a_document_is_found),
        cmocka_unit_test(a_newer_format_is_named),
        cmocka_unit_test(what_another_host_has_not_synced_is_made_durable_before_the_older_goes),
        cmocka_unit_test(the_older_stays_when_the_newest_goes_with_its_host_meanwhile),
        cmocka_unit_test(a_removal_that_fails_anywhere_leaves_the_newest_or_nothing),
        cmocka_unit_test(what_another_host_removed_is_gone_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
