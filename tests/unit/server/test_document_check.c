/* fsck of what a master and its quorum leave in a root: every flipped byte of settings, a procedure, a namespace and the history is a
 * problem that names the file, and so is a document with a right checksum that says nothing. A flipped quorum is named, or
 * has another value that nobody can tell from a right one: then claiming the root finds another quorum, or its generation. */
#include <stdio.h>
#include <stdlib.h>

#include "base/env_memory.h"
#include "base/log_lines.h"
#include "server/coordination/quorum.h"
#include "server/master/document_words.h"
#include "server/master/history_document.h"
#include "server/master/master.h"
#include "server/master/namespace_document.h"
#include "server/master/procedure.h"
#include "server/master/settings_document.h"
#include "storage/storage.h"
#include "tests/support/support.h"

static const char instance[] = "9-1795894884891";

static void note_death(void *context, const struct error *error)
{
    (void)context;
    (void)error;
}

struct finding {
    const char *file; /* whose problems are expected */
    unsigned others;
};

static void note_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    struct finding *finding = context;
    const char *slash = strrchr(path, '/');
    (void)offset;
    (void)what;
    finding->others += strcmp(slash + 1, finding->file) != 0;
}

/* The problems of the root, all of them of that file. */
static uint64_t count_problems(struct env *env, const char *file)
{
    struct error error = {0};
    struct finding finding = {.file = file};
    uint64_t problems = 0;
    assert_ok(storage_check(env, "root", note_problem, &finding, master_document_words, NULL,
                  &problems, &error),
        &error);
    assert_int_equal(finding.others, 0);
    return problems;
}

static void commit(struct store *store, enum chain_kind kind, const char *name, uint64_t version,
    struct span bytes)
{
    struct error error = {0};
    assert_ok(store_chain_commit(store, kind, span_string(name), version, bytes, &error), &error);
}

static void commit_documents(struct store *store)
{
    struct attribute property = {SPAN_LITERAL("owner"), SPAN_LITERAL("ann")};
    struct procedure procedure = {.id = 7, .kind = PROCEDURE_MOVE, .server = SPAN_LITERAL("h,1,2")};
    struct buffer bytes = {0};
    namespace_document_encode(&property, 1, &bytes);
    commit(store, CHAIN_NAMESPACE, "shop", 1, buffer_span(&bytes));
    buffer_deinit(&bytes);
    procedure_encode(&procedure, &bytes);
    commit(store, CHAIN_PROCEDURE, "7", 1, buffer_span(&bytes));
    buffer_deinit(&bytes);
    settings_document_put(&bytes, 4, 1u << SETTING_SPLIT, 1, 1);
    settings_document_put_draining(&bytes, SPAN_LITERAL("host,16020,9"), true);
    settings_document_put_unassigned(&bytes, SPAN_LITERAL("00ff"));
    commit(store, CHAIN_PROCEDURE, SETTINGS_NAME, 1, buffer_span(&bytes));
    buffer_deinit(&bytes);
    struct history_head head = {.epoch = 4, .procedure_count = 1, .move_count = 1};
    struct history_procedure ended = {.id = 7, .kind = SPAN_LITERAL("MoveRegionProcedure")};
    struct history_move move = {.time_ms = 1, .tablet = SPAN_LITERAL("00ff")};
    history_put_head(&bytes, &head);
    history_put_procedure(&bytes, &ended);
    history_put_move(&bytes, &move);
    commit(store, CHAIN_HISTORY, HISTORY_NAME, 1, buffer_span(&bytes));
    buffer_deinit(&bytes);
}

static void commit_nonsense(struct store *store)
{
    commit(store, CHAIN_NAMESPACE, "shop", 2, SPAN_LITERAL("\x01"));
    commit(store, CHAIN_PROCEDURE, "7", 2, SPAN_LITERAL("\x01"));
    commit(store, CHAIN_PROCEDURE, SETTINGS_NAME, 2, SPAN_LITERAL("\x01"));
    commit(store, CHAIN_HISTORY, HISTORY_NAME, 2, SPAN_LITERAL("\x01"));
}

/* A root that a server made, wrote to, and left by a crash. */
static struct env *make_root(void (*write)(struct store *store))
{
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct error error = {0};
    struct store *store;
    struct quorum quorum;
    uint64_t generation;
    struct store_config config = {.env = env,
        .root = "root",
        .incarnation = "host,16000,1",
        .memtable_budget_bytes = 1 << 20,
        .cache_budget_bytes = 1 << 20,
        .log_segment_bytes = 64 << 10,
        .log_total_bytes = 1 << 20,
        .fatal = note_death};
    assert_ok(store_open(&config, &store, &error), &error);
    write(store);
    assert_ok(quorum_parse("a:1", &quorum, &error), &error);
    assert_ok(quorum_claim(env, "root", &quorum, instance, &generation, &error), &error);
    env_memory_cut_at(env, env_memory_call_count(env) + 1);
    store_free(store);
    env_memory_power_cut(env, ENV_CUT_KEEP_ALL);
    return env;
}

static void every_flipped_byte_of_a_document_is_named(void **state)
{
    static const char *const files[] = {
        "namespaces/shop.1", "procedures/7.1", "procedures/settings.1", "history/master.1"};
    struct env *env = make_root(commit_documents);
    (void)state;
    assert_int_equal(count_problems(env, ""), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct env_stat stat;
        struct error error = {0};
        char path[64];
        snprintf(path, sizeof path, "root/%s", files[i]);
        assert_ok(env_path_stat(env, path, &stat, &error), &error);
        for (uint64_t offset = 0; offset < stat.size; offset++) {
            uint8_t mask = (uint8_t)(1u << offset % 8);
            assert_status(env_memory_flip(env, path, offset, mask), STATUS_OK);
            assert_true(count_problems(env, strrchr(path, '/') + 1) > 0);
            assert_status(env_memory_flip(env, path, offset, mask), STATUS_OK);
        }
    }
    env_memory_free(env);
}

static void a_document_that_says_nothing_is_named(void **state)
{
    static const char *const files[] = {
        "namespaces/shop.2", "procedures/7.2", "procedures/settings.2", "history/master.2"};
    struct env *env = make_root(commit_nonsense);
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[64];
        snprintf(path, sizeof path, "root/%s", files[i]);
        struct finding finding = {.file = strrchr(path, '/') + 1};
        struct error error = {0};
        uint64_t problems = 0;
        assert_ok(storage_check(env, "root", note_problem, &finding, master_document_words, NULL,
                      &problems, &error),
            &error);
        assert_int_equal(problems, 4);
        assert_int_equal(finding.others, 3); /* one each */
    }
    env_memory_free(env);
}

/* Whether claiming the root for the quorum it had finds all as it was; a copy of the file is put back. */
static bool is_claimed_as_before(struct env *env, struct span before)
{
    struct quorum quorum;
    struct buffer after = {0};
    uint64_t generation = 0;
    assert_status(quorum_parse("a:1", &quorum, NULL), STATUS_OK);
    enum status status = quorum_claim(env, "root", &quorum, instance, &generation, NULL);
    assert_status(env_read_file(env, "root/quorum", 4096, &after, NULL), STATUS_OK);
    bool is_same = status == STATUS_OK && generation == 1 &&
                   span_equal(buffer_span(&after), before);
    buffer_deinit(&after);
    assert_status(env_path_remove(env, "root/quorum", NULL), STATUS_OK);
    assert_status(env_write_file(env, "root/quorum", 0644, before, NULL), STATUS_OK);
    return is_same;
}

static void a_flipped_quorum_is_named_or_another(void **state)
{
    struct env *env = make_root(commit_documents);
    struct buffer before = {0};
    unsigned named = 0, addresses = 0, others = 0;
    (void)state;
    assert_status(env_read_file(env, "root/quorum", 4096, &before, NULL), STATUS_OK);
    for (uint64_t offset = 0; offset < before.size; offset++)
        for (unsigned bit = 0; bit < 8; bit++) {
            assert_status(
                env_memory_flip(env, "root/quorum", offset, (uint8_t)(1u << bit)), STATUS_OK);
            if (count_problems(env, "quorum") > 0)
                named++;
            else if (is_claimed_as_before(env, buffer_span(&before)))
                addresses++; /* the address is for people, and was mended */
            else
                others++;
            assert_status(env_path_remove(env, "root/quorum", NULL), STATUS_OK);
            assert_status(
                env_write_file(env, "root/quorum", 0644, buffer_span(&before), NULL), STATUS_OK);
        }
    printf(
        "named %u, address mended %u, another quorum or generation %u\n", named, addresses, others);
    /* Each bit of the names, of what stands between them and of line ends. */
    assert_true(named >= 8 * (strlen("zookeeper = instance = generation = ") + 2));
    assert_true(addresses <= 8 * strlen("a:2181/hbase"));
    assert_int_equal(named + addresses + others, 8 * before.size);
    buffer_deinit(&before);
    env_memory_free(env);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_byte_of_a_document_is_named),
        cmocka_unit_test(a_document_that_says_nothing_is_named),
        cmocka_unit_test(a_flipped_quorum_is_named_or_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
