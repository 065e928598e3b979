/* What the disk in memory forgets, fails and keeps. */
#include <stdlib.h>

#include "tests/support/support.h"

#include "base/env_memory.h"

static struct error error;

static struct env_file *open_file(struct env *env, const char *path, unsigned flags)
{
    struct env_file *file;
    assert_ok(env_file_open(env, path, flags, 0600, &file, &error), &error);
    return file;
}

static void write_at(struct env_file *file, uint64_t offset, const char *text)
{
    assert_ok(env_file_write(file, offset, span_string(text), &error), &error);
}

static bool exists(struct env *env, const char *path)
{
    struct env_stat stat;
    enum status status = env_path_stat(env, path, &stat, &error);
    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    return status == STATUS_OK;
}

static void assert_content(struct env *env, const char *path, const char *expected)
{
    struct buffer bytes = {0};
    assert_ok(env_read_file(env, path, 1 << 20, &bytes, &error), &error);
    assert_spans_equal(buffer_span(&bytes), span_string(expected));
    buffer_deinit(&bytes);
}

/* A world with a synced file "/f" that holds "synced". */
static struct env *world_with_file(uint64_t seed, struct env_file **out_file)
{
    struct env *env = env_memory_new(seed, ENV_MEMORY_SEEDED);
    *out_file = open_file(env, "/f", ENV_WRITE | ENV_CREATE);
    write_at(*out_file, 0, "synced");
    assert_ok(env_file_sync(*out_file, &error), &error);
    assert_ok(env_directory_sync(env, "/", &error), &error);
    return env;
}

static void lose_all_forgets_what_was_not_synced(void **state)
{
    (void)state;
    struct env_file *file;
    struct env *env = world_with_file(1, &file);
    write_at(file, 6, " and not");
    assert_ok(env_write_file(env, "/new", 0600, SPAN_LITERAL("x"), &error), &error);
    assert_ok(env_path_link(env, "/f", "/link", &error), &error);
    assert_ok(env_directory_make(env, "/d", 0700, &error), &error);
    env_memory_power_cut(env, ENV_CUT_LOSE_ALL);
    assert_content(env, "/f", "synced");
    assert_false(exists(env, "/new") || exists(env, "/link") || exists(env, "/d"));
    env_file_close(file);
    env_memory_free(env);
}

static void keep_all_is_what_kill_9_leaves(void **state)
{
    (void)state;
    struct env_file *file;
    struct env *env = world_with_file(1, &file);
    write_at(file, 6, " and not");
    assert_ok(env_path_rename(env, "/f", "/g", &error), &error);
    env_memory_power_cut(env, ENV_CUT_KEEP_ALL);
    assert_content(env, "/g", "synced and not");
    assert_false(exists(env, "/f"));
    env_file_close(file);
    env_memory_free(env);
}

static void an_unsynced_removal_comes_back(void **state)
{
    (void)state;
    struct env_file *file;
    struct env *env = world_with_file(1, &file);
    env_file_close(file);
    assert_ok(env_path_remove(env, "/f", &error), &error);
    env_memory_power_cut(env, ENV_CUT_LOSE_ALL);
    assert_content(env, "/f", "synced");
    struct env_stat stat;
    assert_ok(env_path_stat(env, "/f", &stat, &error), &error);
    assert_int_equal(stat.link_count, 1);
    env_memory_free(env);
}

static void a_synced_name_leads_to_an_empty_file_without_file_sync(void **state)
{
    (void)state;
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct env_file *file = open_file(env, "/f", ENV_WRITE | ENV_CREATE);
    write_at(file, 0, "bytes");
    assert_ok(env_directory_sync(env, "/", &error), &error);
    env_memory_power_cut(env, ENV_CUT_LOSE_ALL);
    assert_content(env, "/f", "");
    env_file_close(file);
    env_memory_free(env);
}

static void a_lost_directory_takes_its_files_along(void **state)
{
    (void)state;
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    assert_ok(env_directory_make(env, "/d", 0700, &error), &error);
    assert_ok(env_write_file(env, "/d/f", 0600, SPAN_LITERAL("x"), &error), &error);
    assert_ok(env_directory_sync(env, "/d", &error), &error);
    env_memory_power_cut(env, ENV_CUT_LOSE_ALL);
    assert_false(exists(env, "/d"));
    env_memory_free(env);
}

static void link_counts_and_modes_follow_what_survived(void **state)
{
    (void)state;
    struct env_file *file;
    struct env *env = world_with_file(1, &file);
    assert_ok(env_path_link(env, "/f", "/seal", &error), &error);
    assert_ok(env_file_chmod(file, 0, &error), &error);
    env_memory_power_cut(env, ENV_CUT_LOSE_ALL);
    env_file_close(file);
    struct env_stat stat;
    assert_ok(env_path_stat(env, "/f", &stat, &error), &error);
    assert_true(stat.link_count == 1 && stat.mode == 0600);

    file = open_file(env, "/f", ENV_WRITE);
    assert_ok(env_path_link(env, "/f", "/seal", &error), &error);
    assert_ok(env_file_chmod(file, 0, &error), &error);
    assert_ok(env_file_sync(file, &error), &error);
    assert_ok(env_directory_sync(env, "/", &error), &error);
    env_memory_power_cut(env, ENV_CUT_LOSE_ALL);
    assert_ok(env_path_stat(env, "/f", &stat, &error), &error);
    assert_true(stat.link_count == 2 && stat.mode == 0);
    env_file_close(file);
    env_memory_free(env);
}

struct outcomes {
    unsigned old, new, torn, zeroes;
};

/* Overwrites two sectors without a sync: each survives whole, not at all, or by the sector. */
static void tear(uint64_t seed, void *context)
{
    struct outcomes *outcomes = context;
    struct env *env = env_memory_new(seed, ENV_MEMORY_SEEDED);
    struct env_file *file = open_file(env, "/f", ENV_WRITE | ENV_CREATE);
    char bytes[1024];
    memset(bytes, 'o', sizeof(bytes));
    assert_ok(env_file_write(file, 0, span_make(bytes, 1024), &error), &error);
    assert_ok(env_file_sync(file, &error), &error);
    assert_ok(env_directory_sync(env, "/", &error), &error);
    memset(bytes, 'n', sizeof(bytes));
    assert_ok(env_file_write(file, 0, span_make(bytes, 1024), &error), &error);
    env_memory_power_cut(env, ENV_CUT_RANDOM);
    env_file_close(file);

    file = open_file(env, "/f", ENV_READ);
    assert_ok(env_file_read_exact(file, 0, bytes, 1024, &error), &error);
    for (int i = 0; i < 1024; i++)
        assert_int_equal(bytes[i], bytes[i / 512 * 512]);
    if (bytes[0] != bytes[512])
        outcomes->torn++;
    else if (bytes[0] == 'o')
        outcomes->old++;
    else
        outcomes->new ++;
    env_file_close(file);
    env_memory_free(env);
}

static void random_tears_at_sectors(void **state)
{
    (void)state;
    struct outcomes outcomes = {0};
    if (for_each_seed(200, tear, &outcomes))
        assert_true(outcomes.old > 20 && outcomes.new > 20 && outcomes.torn > 10);
}

/* A block in flight at a power cut, whose first part was durable already and is rewritten with equal bytes: that
 * part is there whatever was torn. */
static void tear_block(uint64_t seed, void *context)
{
    struct outcomes *outcomes = context;
    struct env *env = env_memory_new(seed | 1, ENV_MEMORY_SEEDED);
    struct env_file *file = open_file(env, "/f", ENV_WRITE | ENV_CREATE | ENV_DIRECT);
    assert_int_equal(env_file_block_size(file), ENV_BLOCK_SIZE);
    char *block = aligned_alloc(ENV_BLOCK_SIZE, ENV_BLOCK_SIZE);
    struct span bytes = span_make(block, ENV_BLOCK_SIZE);
    assert_ok(env_file_preallocate(file, ENV_BLOCK_SIZE, &error), &error);
    assert_ok(env_directory_sync(env, "/", &error), &error);
    memset(block, 'o', ENV_BLOCK_SIZE);
    memset(block + 700, 0, ENV_BLOCK_SIZE - 700);
    assert_ok(env_file_write_start(file, 0, bytes, &error), &error);
    assert_ok(env_file_write_finish(file, 0, &error), &error);
    memset(block + 700, 'n', 2000);
    assert_ok(env_file_write_start(file, 0, bytes, &error), &error);
    env_memory_power_cut(env, ENV_CUT_RANDOM);
    assert_status(env_file_write_finish(file, 0, &error), STATUS_IO);
    env_file_close(file);

    file = open_file(env, "/f", ENV_READ);
    assert_ok(env_file_read_exact(file, 0, block, ENV_BLOCK_SIZE, &error), &error);
    size_t fresh = 0;
    for (int i = 0; i < 700; i++)
        assert_int_equal(block[i], 'o');
    for (int i = 700; i < 2700; i++) {
        assert_true(block[i] == 'n' || block[i] == 0);
        fresh += block[i] == 'n';
    }
    if (fresh == 0)
        outcomes->old++;
    else if (fresh == 2000)
        outcomes->new ++;
    else
        outcomes->torn++;
    env_file_close(file);
    free(block);
    env_memory_free(env);
}

static void a_torn_block_keeps_the_bytes_that_it_had(void **state)
{
    (void)state;
    struct outcomes outcomes = {0};
    if (for_each_seed(200, tear_block, &outcomes))
        assert_true(outcomes.old > 20 && outcomes.new > 20 && outcomes.torn > 10);
}

/* Appends two records without a sync: the second may survive the first, and a hole reads as zeroes.
 */
static void reorder(uint64_t seed, void *context)
{
    struct outcomes *outcomes = context;
    struct env *env = env_memory_new(seed, ENV_MEMORY_SEEDED);
    struct env_file *file = open_file(env, "/f", ENV_WRITE | ENV_CREATE);
    assert_ok(env_directory_sync(env, "/", &error), &error);
    write_at(file, 0, "one");
    write_at(file, 3, "two");
    env_memory_power_cut(env, ENV_CUT_RANDOM);
    env_file_close(file);
    struct buffer bytes = {0};
    assert_ok(env_read_file(env, "/f", 100, &bytes, &error), &error);
    struct span found = buffer_span(&bytes);
    if (span_equal(found, SPAN_LITERAL("\0\0\0two")))
        outcomes->torn++;
    else if (span_equal(found, SPAN_LITERAL("onetwo")))
        outcomes->new ++;
    else if (span_equal(found, SPAN_EMPTY) || span_equal(found, SPAN_LITERAL("one")))
        outcomes->old++;
    else if (span_equal(found, SPAN_LITERAL("one\0\0\0")) ||
             span_equal(found, SPAN_LITERAL("\0\0\0\0\0\0")))
        outcomes->zeroes++;
    else
        assert_spans_equal(found, SPAN_LITERAL("one of the above"));
    buffer_deinit(&bytes);
    env_memory_free(env);
}

static void random_reorders_and_grows(void **state)
{
    (void)state;
    struct outcomes outcomes = {0};
    if (for_each_seed(300, reorder, &outcomes))
        assert_true(
            outcomes.torn > 10 && outcomes.new > 10 && outcomes.old > 10 && outcomes.zeroes > 3);
}

struct names_seen {
    unsigned old, new, linked;
};

/* A rename within a directory is seen whole or not at all; a link beside it is on its own. */
static void rename_and_link(uint64_t seed, void *context)
{
    struct names_seen *seen = context;
    struct env_file *file;
    struct env *env = world_with_file(seed, &file);
    env_file_close(file);
    assert_ok(env_path_link(env, "/f", "/link", &error), &error);
    assert_ok(env_path_rename(env, "/f", "/g", &error), &error);
    env_memory_power_cut(env, ENV_CUT_RANDOM);
    assert_true(exists(env, "/f") != exists(env, "/g"));
    assert_content(env, exists(env, "/f") ? "/f" : "/g", "synced");
    seen->old += exists(env, "/f");
    seen->new += exists(env, "/g");
    seen->linked += exists(env, "/link");
    env_memory_free(env);
}

static void random_entries_survive_each_on_its_own(void **state)
{
    (void)state;
    struct names_seen seen = {0};
    if (for_each_seed(200, rename_and_link, &seen))
        assert_true(seen.old > 50 && seen.new > 50 && seen.linked > 50 && seen.linked < 150);
}

static void a_failed_sync_may_lose_bytes_for_ever(void **state)
{
    (void)state;
    unsigned lost = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct env_file *file;
        struct env *env = world_with_file(seed, &file);
        write_at(file, 0, "SYNCED");
        env_memory_fail_call(env, env_memory_call_count(env) + 1, STATUS_IO, false);
        assert_status(env_file_sync(file, &error), STATUS_IO);
        assert_ok(env_file_sync(file, &error), &error); /* Linux: success, and no promise kept */
        assert_content(env, "/f", "SYNCED");
        env_memory_power_cut(env, ENV_CUT_LOSE_ALL);
        struct buffer bytes = {0};
        assert_ok(env_read_file(env, "/f", 100, &bytes, &error), &error);
        lost += span_equal(buffer_span(&bytes), SPAN_LITERAL("synced"));
        buffer_deinit(&bytes);
        env_file_close(file);
        env_memory_free(env);
    }
    assert_in_range(lost, 3, 17);
}

static void calls_are_counted_and_failed(void **state)
{
    (void)state;
    struct env_file *file;
    struct env *env = world_with_file(1, &file);
    uint64_t calls = env_memory_call_count(env);
    struct env_stat stat;
    assert_ok(env_file_stat(file, &stat, &error), &error);
    assert_int_equal(env_memory_call_count(env), calls + 1);

    env_memory_fail_call(env, calls + 3, STATUS_NO_SPACE, false);
    assert_ok(env_file_stat(file, &stat, &error), &error);
    assert_status(env_file_stat(file, &stat, &error), STATUS_NO_SPACE);
    assert_non_null(strstr(error.message, "/f"));
    assert_ok(env_file_stat(file, &stat, &error), &error);

    env_memory_fail_call(env, calls + 5, STATUS_IO, true);
    assert_status(env_file_sync(file, &error), STATUS_IO);
    assert_status(env_directory_make(env, "/d", 0700, &error), STATUS_IO);
    env_memory_fail_call(env, 0, STATUS_IO, false);
    assert_false(exists(env, "/d"));
    env_file_close(file);
    env_memory_free(env);
}

static void a_cut_freezes_the_disk_until_the_power_is_back(void **state)
{
    (void)state;
    struct env_file *file;
    struct env *env = world_with_file(1, &file);
    env_memory_cut_at(env, env_memory_call_count(env) + 2);
    write_at(file, 0, "SYNCED");
    assert_false(env_memory_is_cut(env));
    assert_status(env_file_sync(file, &error), STATUS_IO);
    assert_true(env_memory_is_cut(env));
    assert_status(env_path_remove(env, "/f", &error), STATUS_IO);
    env_memory_power_cut(env, ENV_CUT_LOSE_ALL);
    assert_false(env_memory_is_cut(env));
    assert_content(env, "/f", "synced");
    assert_status(env_file_sync(file, &error), STATUS_IO); /* a handle of the process that died */
    struct env_file *again = open_file(env, "/f", ENV_WRITE);
    assert_ok(env_file_lock(again, NULL, &error), &error);
    env_file_close(file);
    write_at(again, 0, "S");
    assert_content(env, "/f", "Synced");
    env_file_close(again);
    env_memory_free(env);
}

static void space_runs_out_and_returns(void **state)
{
    (void)state;
    struct env_file *file;
    struct env *env = world_with_file(1, &file);
    struct env_file *other = open_file(env, "/other", ENV_WRITE | ENV_CREATE);
    write_at(other, 0, "1234567890");
    env_memory_set_space(env, 4);
    assert_status(env_file_write(file, 6, SPAN_LITERAL("789abc"), &error), STATUS_NO_SPACE);
    assert_content(env, "/f", "synced789a"); /* what fitted, as on Linux */
    write_at(file, 0, "overwrites");         /* free */
    assert_content(env, "/f", "overwrites");
    env_file_close(file);
    env_file_close(other);
    env_memory_free(env);
}

static void space_of_removed_files_is_given_back(void **state)
{
    (void)state;
    struct env_file *file;
    struct env *env = world_with_file(1, &file);
    env_memory_set_space(env, 0);
    struct env_file *none;
    assert_status(
        env_file_open(env, "/new", ENV_WRITE | ENV_CREATE, 0600, &none, &error), STATUS_NO_SPACE);
    assert_status(env_file_preallocate(file, 100, &error), STATUS_NO_SPACE);
    assert_content(env, "/f", "synced");
    assert_ok(env_path_remove(env, "/f", &error), &error);
    uint64_t space;
    assert_ok(env_space_free(env, "/", &space, &error), &error);
    assert_int_equal(space, 0); /* still open */
    env_file_close(file);
    assert_ok(env_space_free(env, "/", &space, &error), &error);
    assert_int_equal(space, 6);
    env_memory_free(env);
}

static void flips_are_on_disk(void **state)
{
    (void)state;
    struct env_file *file;
    struct env *env = world_with_file(1, &file);
    env_file_close(file);
    assert_status(env_memory_flip(env, "/f", 0, 's' ^ 'S'), STATUS_OK);
    assert_content(env, "/f", "Synced");
    env_memory_power_cut(env, ENV_CUT_LOSE_ALL);
    assert_content(env, "/f", "Synced");
    assert_status(env_memory_flip(env, "/f", 6, 1), STATUS_INVALID);
    assert_status(env_memory_flip(env, "/g", 0, 1), STATUS_NOT_FOUND);
    env_memory_free(env);
}

static void reads_after_a_restart_touch_the_disk_first(void **state)
{
    (void)state;
    struct env_file *file;
    struct env *env = world_with_file(1, &file);
    char bytes[6];
    size_t size;
    assert_ok(env_file_read_cached(file, 0, bytes, 6, &size, &error), &error);
    env_memory_power_cut(env, ENV_CUT_LOSE_ALL);
    env_file_close(file);
    file = open_file(env, "/f", ENV_READ);
    assert_status(env_file_read_cached(file, 0, bytes, 6, &size, &error), STATUS_WOULD_BLOCK);
    assert_ok(env_file_read(file, 0, bytes, 6, &size, &error), &error);
    assert_ok(env_file_read_cached(file, 0, bytes, 6, &size, &error), &error);
    env_file_forget(file, 0, 6);
    assert_status(env_file_read_cached(file, 0, bytes, 6, &size, &error), STATUS_WOULD_BLOCK);
    env_file_close(file);
    env_memory_free(env);
}

static void clocks_move_by_hand(void **state)
{
    (void)state;
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    uint64_t monotonic_ns = env_monotonic_ns(env);
    int64_t wall_ms = env_wall_ms(env);
    env_memory_advance_ns(env, 5000000);
    assert_int_equal(env_monotonic_ns(env) - monotonic_ns, 5000000);
    assert_int_equal(env_wall_ms(env) - wall_ms, 5);
    env_memory_jump_wall_ms(env, -3600000);
    assert_int_equal(env_wall_ms(env) - wall_ms, 5 - 3600000);
    assert_int_equal(env_monotonic_ns(env) - monotonic_ns, 5000000);
    env_memory_free(env);
}

/* The disk against an oracle: after syncing everything, every kind of cut keeps exactly what there
 * was. */
static void everything_synced_survives(uint64_t seed, void *context)
{
    (void)context;
    struct env *env = env_memory_new(seed, ENV_MEMORY_SEEDED);
    struct dice dice = {seed};
    char oracle[4][64] = {{0}};
    bool is_there[4] = {false};
    const char *const names[4] = {"/a", "/b", "/c", "/d"};
    for (int i = 0; i < 200; i++) {
        unsigned a = (unsigned)dice_below(&dice, 4), b = (unsigned)dice_below(&dice, 4);
        switch (dice_below(&dice, 5)) {
        case 0:
        case 1: {
            struct env_file *file = open_file(env, names[a], ENV_WRITE | ENV_CREATE);
            char text[2] = {(char)('a' + dice_below(&dice, 26)), 0};
            uint64_t at = is_there[a] ? dice_below(&dice, strlen(oracle[a]) + 1) : 0;
            if (at < 60) {
                write_at(file, at, text);
                oracle[a][at] = text[0];
            }
            is_there[a] = true;
            env_file_close(file);
            break;
        }
        case 2:
            assert_status(
                env_path_remove(env, names[a], &error), is_there[a] ? STATUS_OK : STATUS_NOT_FOUND);
            memset(oracle[a], 0, sizeof(oracle[a]));
            is_there[a] = false;
            break;
        case 3:
            assert_status(env_path_rename(env, names[a], names[b], &error),
                is_there[a] ? STATUS_OK : STATUS_NOT_FOUND);
            if (is_there[a] && a != b) {
                memcpy(oracle[b], oracle[a], sizeof(oracle[a]));
                memset(oracle[a], 0, sizeof(oracle[a]));
                is_there[b] = true;
                is_there[a] = false;
            }
            break;
        default:
            for (int j = 0; j < 4; j++) {
                if (!is_there[j])
                    continue;
                struct env_file *file = open_file(env, names[j], ENV_WRITE);
                assert_ok(env_file_sync(file, &error), &error);
                env_file_close(file);
            }
            assert_ok(env_directory_sync(env, "/", &error), &error);
            env_memory_power_cut(env, (enum env_memory_power_cut)dice_below(&dice, 3));
        }
        for (int j = 0; j < 4; j++) {
            assert_int_equal(exists(env, names[j]), is_there[j]);
            if (is_there[j])
                assert_content(env, names[j], oracle[j]);
        }
    }
    env_memory_free(env);
}

static void what_is_synced_survives_every_cut(void **state)
{
    (void)state;
    for_each_seed(50, everything_synced_survives, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lose_all_forgets_what_was_not_synced),
        cmocka_unit_test(keep_all_is_what_kill_9_leaves),
        cmocka_unit_test(an_unsynced_removal_comes_back),
        cmocka_unit_test(a_synced_name_leads_to_an_empty_file_without_file_sync),
        cmocka_unit_test(a_lost_directory_takes_its_files_along),
        cmocka_unit_test(link_counts_and_modes_follow_what_survived),
        cmocka_unit_test(random_tears_at_sectors),
        cmocka_unit_test(a_torn_block_keeps_the_bytes_that_it_had),
        cmocka_unit_test(random_reorders_and_grows),
        cmocka_unit_test(random_entries_survive_each_on_its_own),
        cmocka_unit_test(a_failed_sync_may_lose_bytes_for_ever),
        cmocka_unit_test(calls_are_counted_and_failed),
        cmocka_unit_test(a_cut_freezes_the_disk_until_the_power_is_back),
        cmocka_unit_test(space_runs_out_and_returns),
        cmocka_unit_test(space_of_removed_files_is_given_back),
        cmocka_unit_test(flips_are_on_disk),
        cmocka_unit_test(reads_after_a_restart_touch_the_disk_first),
        cmocka_unit_test(clocks_move_by_hand),
        cmocka_unit_test(what_is_synced_survives_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
