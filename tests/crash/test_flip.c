/* Every file of a root, its bytes flipped one at a time: found and named, or proven harmless by equal answers. The one
 * exception is named in docs/formats/log.md: the last group of a segment that was never closed. Never a crash, never a
 * wrong row. (The log and SSTables alone: test_log_crash.c, test_sstable_damage.c, every byte.) */
#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "storage/name_list.h"
#include "tests/support/sample_root.h"
#include "tests/support/support.h"

struct counts {
    size_t files, flips, named, harmless, torn;
};

static bool is_empty_of_meaning(const char *name)
{
    return strcmp(name, "alive") == 0 || strcmp(name, "lock") == 0 ||
           strcmp(name, "reserve") == 0 || strncmp(name, "spare-", 6) == 0 ||
           strncmp(name, "tmp-", 4) == 0;
}

static void flip_file(const char *path, uint64_t size, struct counts *counts)
{
    /* Whole where a file is short; large ones have tests of their own. */
    uint64_t step = size <= 1024 ? 1 : size <= 4096 ? 3 : 17;
    bool is_open_log = strstr(path, "servers/host,16000,2/") != NULL;
    counts->files++;
    for (uint64_t offset = 0; offset < size; offset += step) {
        struct error error = {0};
        unsigned rows = 0;
        struct env *env = sample_root_make();
        assert_int_equal(
            env_memory_flip(env, path, offset, (uint8_t)(1u << offset % 8)), STATUS_OK);
        enum status status = sample_root_read(env, &rows, &error);
        counts->flips++;
        if (status == STATUS_OK && rows == SAMPLE_ROWS) {
            counts->harmless++;
        } else if (status == STATUS_OK && is_open_log) {
            counts->torn++;
        } else if (status == STATUS_OK || status == STATUS_OUT_OF_RANGE) {
            fail_msg("%s at %llu: wrong answers (%u rows): %s", path, (unsigned long long)offset,
                rows, error.message);
        } else {
            const char *slash = strrchr(path, '/');
            if (!strstr(error.message, slash + 1))
                fail_msg(
                    "%s at %llu: not named: %s", path, (unsigned long long)offset, error.message);
            counts->named++;
        }
        env_memory_free(env);
    }
}

/* Files below a folder; `env` is one sample among equals, only looked at. */
static void flip_folder(struct env *env, const char *folder, struct counts *counts)
{
    struct name_list names;
    struct error error;
    assert_ok(name_list_read(env, folder, &names, &error), &error);
    for (size_t i = 0; i < names.count; i++) {
        char path[512];
        struct env_stat stat;
        snprintf(path, sizeof(path), "%s/%s", folder, names.items[i]);
        assert_ok(env_path_stat(env, path, &stat, &error), &error);
        if (stat.is_directory)
            flip_folder(env, path, counts);
        else if (!is_empty_of_meaning(names.items[i]) && !strstr(path, "/sealed/"))
            flip_file(path, stat.size, counts);
    }
    name_list_deinit(&names);
}

static void every_flipped_byte_is_named_or_harmless(void **state)
{
    (void)state;
    struct counts counts = {0};
    struct env *env = sample_root_make();
    flip_folder(env, SAMPLE_ROOT, &counts);
    env_memory_free(env);
    printf("files: %zu, bytes flipped: %zu, named: %zu, harmless: %zu, last group of an open "
           "segment: %zu\n",
        counts.files, counts.flips, counts.named, counts.harmless, counts.torn);
    assert_true(counts.files >= 9);
    assert_true(counts.flips >= 3000);
    assert_true(counts.named >= 2000);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_byte_is_named_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
