/* Where a ZooKeeper is, and which one a directory belongs to. */
#include "server/coordination/quorum.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/env_memory.h"
#include "tests/support/support.h"

static void a_quorum_is_hosts_and_a_base(void **state)
{
    (void)state;
    struct quorum quorum;
    struct error error = {0};
    assert_ok(quorum_parse("a,b:21810", &quorum, &error), &error);
    assert_string_equal(quorum.hosts, "a:2181,b:21810");
    assert_string_equal(quorum.base, "/hbase");
    assert_ok(quorum_parse("127.0.0.1:1/prod/stele/", &quorum, &error), &error);
    assert_string_equal(quorum.hosts, "127.0.0.1:1");
    assert_string_equal(quorum.base, "/prod/stele");
    const char *const wrong[] = {"", "/hbase", "a:x", "a,", ",a", "a:0", "a/", "a//b", "a:99999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_status(quorum_parse(wrong[i], &quorum, NULL), STATUS_INVALID);
}

static enum status claim(
    struct env *env, const char *place, const char *instance, uint64_t *out_generation)
{
    struct quorum quorum;
    assert_status(quorum_parse(place, &quorum, NULL), STATUS_OK);
    return quorum_claim(env, "root", &quorum, instance, out_generation, NULL);
}

static void a_directory_belongs_to_one_zookeeper(void **state)
{
    (void)state;
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct error error = {0};
    uint64_t generation = 0;
    assert_ok(env_directory_make(env, "root", 0700, &error), &error);

    /* The first one has it; it may be found again, and move. */
    assert_status(claim(env, "a:1", "1-100", &generation), STATUS_OK);
    assert_status(claim(env, "a:1", "1-100", &generation), STATUS_OK);
    assert_status(claim(env, "b:2", "1-100", &generation), STATUS_OK);
    assert_int_equal(generation, 1);

    /* Another one elsewhere does not get it; a wiped one in its place does. */
    assert_status(claim(env, "a:1", "2-200", &generation), STATUS_INVALID);
    assert_status(claim(env, "b:2", "2-200", &generation), STATUS_OK);
    assert_int_equal(generation, 2);
    assert_status(claim(env, "b:2", "1-100", &generation), STATUS_OK);
    assert_int_equal(generation, 3);
    env_memory_free(env);
}

/* A file that a cluster wrote is read for ever. */
static void a_note_of_old_is_read(void **state)
{
    (void)state;
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct buffer file = {0};
    struct error error = {0};
    uint64_t generation = 0;
    char path[512];
    assert_non_null(getenv("STELE_GOLDEN"));
    snprintf(path, sizeof path, "%s/quorum-v1", getenv("STELE_GOLDEN"));
    assert_ok(env_read_file(env_real(), path, 4096, &file, &error), &error);
    assert_ok(env_directory_make(env, "root", 0700, &error), &error);
    assert_ok(env_write_file(env, "root/quorum", 0600, buffer_span(&file), &error), &error);
    assert_status(claim(env, "elsewhere:1", "9-1", &generation), STATUS_INVALID);
    assert_status(claim(env, "elsewhere:1", "9-1795894884891", &generation), STATUS_OK);
    assert_int_equal(generation, 1);
    buffer_deinit(&file);
    env_memory_free(env);
}

static void a_note_that_cannot_be_read_is_never_taken_for_none(void **state)
{
    (void)state;
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct error error = {0};
    uint64_t generation = 7;
    const char *const odd[] = {"", "zookeeper = a", "zookeeper = a\ninstance = b\ngeneration = 0\n",
        "zookeeper = a\ninstance = b\ngeneration = 99999999999999999999999\n"};
    assert_ok(env_directory_make(env, "root", 0700, &error), &error);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_ok(env_write_file(env, "root/quorum", 0644, span_string(odd[i]), &error), &error);
        assert_status(claim(env, "a:1", "1-100", &generation), STATUS_CORRUPT);
        assert_ok(env_path_remove(env, "root/quorum", &error), &error);
    }
    assert_int_equal(generation, 7);
    assert_status(claim(env, "a:1", "1-100", &generation), STATUS_OK);
    env_memory_fail_call(env, env_memory_call_count(env) + 1, STATUS_IO, false);
    assert_status(claim(env, "a:1", "1-100", &generation), STATUS_IO);
    env_memory_free(env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quorum_is_hosts_and_a_base),
        cmocka_unit_test(a_directory_belongs_to_one_zookeeper),
        cmocka_unit_test(a_note_of_old_is_read),
        cmocka_unit_test(a_note_that_cannot_be_read_is_never_taken_for_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
