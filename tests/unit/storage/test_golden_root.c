/* A root of every format version that was ever released must be read for ever: tests/golden/root-v1 holds one file of each
 * kind (cluster, descriptor, manifest, plan, log segments, namespace, procedure, SSTables), root-v2 also manifests of format
 * 2 with children, and a snapshot; sample_root.c says what is in them. Made anew (a NEW version only, under a new name) by running this test with STELE_MAKE_GOLDEN=DIRECTORY. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "storage/log_loss.h"
#include "storage/name_list.h"
#include "storage/plan.h"
#include "tests/support/sample_root.h"
#include "tests/support/support.h"

static bool is_kept(const char *name)
{
    return strcmp(name, "lock") != 0 && strcmp(name, "reserve") != 0 &&
           strncmp(name, "spare-", 6) != 0 && strncmp(name, "tmp-", 4) != 0;
}

/* Files and folders from one env to another; links and modes are restored after. */
static void copy_folder(
    struct env *from, const char *from_path, struct env *to, const char *to_path)
{
    struct name_list names;
    struct error error;
    enum status status = env_directory_make(to, to_path, 0700, &error);
    assert_true(status == STATUS_OK || status == STATUS_EXISTS);
    assert_ok(name_list_read(from, from_path, &names, &error), &error);
    for (size_t i = 0; i < names.count; i++) {
        char source[4096];
        char target[4096];
        struct env_stat stat;
        struct buffer bytes = {0};
        snprintf(source, sizeof(source), "%s/%s", from_path, names.items[i]);
        snprintf(target, sizeof(target), "%s/%s", to_path, names.items[i]);
        assert_ok(env_path_stat(from, source, &stat, &error), &error);
        if (stat.is_directory) {
            copy_folder(from, source, to, target);
        } else if (is_kept(names.items[i])) {
            assert_ok(env_read_file(from, source, 1 << 20, &bytes, &error), &error);
            assert_ok(env_write_file(to, target, 0600, buffer_span(&bytes), &error), &error);
        }
        buffer_deinit(&bytes);
    }
    name_list_deinit(&names);
}

/* What git does not keep: empty folders, the seal's link, its mode. */
static void restore(struct env *env)
{
    static const char *const folders[] = {"sealed", "snapshots", "trash"};
    static const char alive[] = SAMPLE_ROOT "/servers/host,16000,1/alive";
    struct error error;
    for (size_t i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof(path), "%s/%s", SAMPLE_ROOT, folders[i]);
        enum status status = env_directory_make(env, path, 0700, &error);
        assert_true(status == STATUS_OK || status == STATUS_EXISTS);
    }
    (void)env_path_remove(env, SAMPLE_ROOT "/sealed/host,16000,1", NULL);
    assert_ok(env_path_link(env, alive, SAMPLE_ROOT "/sealed/host,16000,1", &error), &error);
    struct env_file *file;
    assert_ok(env_file_open(env, alive, ENV_READ, 0, &file, &error), &error);
    assert_ok(env_file_chmod(file, 0, &error), &error);
    env_file_close(file);
}

static void print_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    (void)context;
    printf("%s: offset %llu: %s\n", path, (unsigned long long)offset, what);
}

static void count_line(void *context, const char *line)
{
    assert_null(strstr(line, "damaged"));
    (*(unsigned *)context)++;
}

static void read_root(const char *folder)
{
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    copy_folder(env_real(), folder, env, SAMPLE_ROOT);
    restore(env);
    struct error error;
    uint64_t problems = 0;
    unsigned lines = 0;
    unsigned rows = 0;
    assert_ok(storage_check(env, SAMPLE_ROOT, print_problem, NULL, NULL, NULL, &problems, &error),
        &error);
    assert_int_equal(problems, 0);
    assert_ok(storage_dump(env, SAMPLE_ROOT, count_line, &lines, NULL, NULL, &error), &error);
    assert_true(lines > 200);
    assert_ok(sample_root_read(env, &rows, &error), &error);
    assert_int_equal(rows, SAMPLE_ROWS);
    env_memory_free(env);
}

static void roots_of_every_version_are_read(void **state)
{
    (void)state;
    static const char *const versions[] = {"root-v1", "root-v2"};
    const char *golden = getenv("STELE_GOLDEN");
    const char *make = getenv("STELE_MAKE_GOLDEN");
    char path[2048];
    if (make) {
        struct env *sample = sample_root_make();
        snprintf(path, sizeof(path), "%s/root-v2", make);
        copy_folder(sample, SAMPLE_ROOT, env_real(), path);
        env_memory_free(sample);
        read_root(path);
        return;
    }
    assert_non_null(golden);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", golden, versions[i]);
        read_root(path);
    }
}

/* Of a log that was damaged in the middle: format 2 says where, and a person has accepted it. */
static void plans_with_damage_are_read(void **state)
{
    (void)state;
    char path[2048];
    struct buffer file = {0};
    struct document document;
    struct plan plan;
    uint64_t accepted_ms;
    struct error error;
    const char *golden = getenv("STELE_GOLDEN");
    assert_non_null(golden);
    snprintf(path, sizeof path, "%s/plan-v2", golden);
    assert_ok(document_read(env_real(), path, DOCUMENT_PLAN, &file, &document, &error), &error);
    assert_ok(plan_decode(document.payload, document.format_version, &plan, &error), &error);
    assert_int_equal(plan.segment_count, 1);
    assert_int_equal(plan.segments[0].end, 11464);
    assert_int_equal(plan.segments[0].index.tablet_count, 4);
    assert_int_equal(plan.segments[0].damage_count, 1);
    assert_int_equal(plan.segments[0].damages[0].offset, 10984);
    assert_int_equal(plan.segments[0].damages[0].size, 120);
    plan_deinit(&plan);
    buffer_reset(&file);
    snprintf(path, sizeof path, "%s/loss-v1", golden);
    assert_ok(document_read(env_real(), path, DOCUMENT_LOSS, &file, &document, &error), &error);
    assert_ok(log_loss_decode(document.payload, &accepted_ms, &error), &error);
    assert_int_equal(accepted_ms, 1795962064320);
    buffer_deinit(&file);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_of_every_version_are_read),
        cmocka_unit_test(plans_with_damage_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
