/* What every env promises: the same tests over the real one and the one in memory. */
#include "tests/support/support.h"

#include "base/env_memory.h"
#include "base/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct world {
    struct env *env;
    char *root; /* a directory to work in */
};

static int real_setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    *world = (struct world){env_real(), test_directory_new()};
    *state = world;
    return 0;
}

static int real_teardown(void **state)
{
    struct world *world = *state;
    test_directory_remove(world->root);
    free(world);
    return 0;
}

static int memory_setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    *world = (struct world){env_memory_new(1, ENV_MEMORY_THREADS), strdup("/work")};
    *state = world;
    return env_directory_make(world->env, world->root, 0755, NULL) != STATUS_OK;
}

static int memory_teardown(void **state)
{
    struct world *world = *state;
    env_memory_free(world->env);
    free(world->root);
    free(world);
    return 0;
}

static const char *in(const struct world *world, const char *name)
{
    return test_path(world->root, name);
}

static struct env_file *open_new(const struct world *world, const char *name)
{
    struct error error;
    struct env_file *file;
    assert_ok(env_file_open(world->env, in(world, name), ENV_WRITE | ENV_CREATE | ENV_EXCLUSIVE,
                  0600, &file, &error),
        &error);
    return file;
}

static void open_flags_mean_what_they_say(void **state)
{
    struct world *world = *state;
    struct error error;
    struct env_file *file;
    assert_status(
        env_file_open(world->env, in(world, "a"), ENV_READ, 0, &file, &error), STATUS_NOT_FOUND);
    assert_non_null(strstr(error.message, "a: No such file or directory"));
    file = open_new(world, "a");
    assert_string_equal(env_file_path(file), in(world, "a"));
    assert_ok(env_file_write(file, 0, SPAN_LITERAL("abc"), &error), &error);
    env_file_close(file);
    assert_status(env_file_open(world->env, in(world, "a"), ENV_WRITE | ENV_CREATE | ENV_EXCLUSIVE,
                      0600, &file, &error),
        STATUS_EXISTS);

    assert_ok(
        env_file_open(world->env, in(world, "a"), ENV_WRITE | ENV_CREATE, 0600, &file, &error),
        &error);
    struct env_stat stat;
    assert_ok(env_file_stat(file, &stat, &error), &error);
    assert_true(stat.size == 3 && stat.link_count == 1 && stat.mode == 0600 && !stat.is_directory);
    env_file_close(file);
    assert_ok(env_file_open(world->env, in(world, "a"), ENV_WRITE | ENV_TRUNCATE, 0, &file, &error),
        &error);
    assert_ok(env_file_stat(file, &stat, &error), &error);
    assert_true(stat.size == 0);
    env_file_close(file);
    env_file_close(NULL);

    assert_ok(env_file_open(world->env, in(world, "a"), ENV_READ, 0, &file, &error), &error);
    assert_status(env_file_write(file, 0, SPAN_LITERAL("x"), &error), STATUS_IO);
    env_file_close(file);
    assert_status(env_file_open(world->env, world->root, ENV_WRITE, 0, &file, &error), STATUS_IO);
}

static void bytes_read_back_and_end_where_the_file_ends(void **state)
{
    struct world *world = *state;
    struct error error;
    struct env_file *file = open_new(world, "a");
    assert_ok(env_file_write(file, 5000, SPAN_LITERAL("tail"), &error), &error);
    assert_ok(env_file_write(file, 0, SPAN_LITERAL("head"), &error), &error);
    char bytes[10000];
    size_t size;
    assert_ok(env_file_read(file, 0, bytes, sizeof(bytes), &size, &error), &error);
    assert_int_equal(size, 5004);
    assert_memory_equal(bytes, "head\0\0\0", 7);
    assert_memory_equal(bytes + 4999, "\0tail", 5);
    assert_ok(env_file_read(file, 6000, bytes, 10, &size, &error), &error);
    assert_int_equal(size, 0);
    assert_ok(env_file_read_exact(file, 5000, bytes, 4, &error), &error);
    assert_status(env_file_read_exact(file, 5000, bytes, 5, &error), STATUS_CORRUPT);
    assert_ok(env_file_truncate(file, 2, &error), &error);
    assert_ok(env_file_read(file, 0, bytes, 10, &size, &error), &error);
    assert_int_equal(size, 2);
    assert_ok(env_file_truncate(file, 6, &error), &error);
    assert_ok(env_file_read(file, 0, bytes, 10, &size, &error), &error);
    assert_int_equal(size, 6);
    assert_memory_equal(bytes, "he\0\0\0\0", 6);
    assert_ok(env_file_sync(file, &error), &error);
    env_file_close(file);
}

/* With the wish for a direct file and without, granted or not: what finish says is done reads back. */
static void a_started_write_is_there_when_it_is_finished(void **state)
{
    struct world *world = *state;
    struct error error;
    void *memory = malloc(4 * ENV_BLOCK_SIZE);
    uint8_t *bytes = (uint8_t *)(((uintptr_t)memory + ENV_BLOCK_SIZE - 1) &
                                 ~(uintptr_t)(ENV_BLOCK_SIZE - 1));
    env_file_close(open_new(world, "a"));
    for (unsigned flags = 0; flags <= ENV_DIRECT; flags += ENV_DIRECT) {
        struct env_file *file;
        assert_ok(
            env_file_open(world->env, in(world, "a"), ENV_WRITE | flags, 0, &file, &error), &error);
        size_t block = env_file_block_size(file);
        assert_true(block == 1 || (flags && block == ENV_BLOCK_SIZE));
        assert_ok(env_file_preallocate(file, UINT64_C(8) * ENV_BLOCK_SIZE, &error), &error);
        for (unsigned round = 0; round < 6; round++) {
            memset(bytes, (int)('a' + round), 2 * ENV_BLOCK_SIZE);
            uint64_t at = (uint64_t)round * ENV_BLOCK_SIZE;
            assert_ok(env_file_write_start(file, at, span_make(bytes, 2 * ENV_BLOCK_SIZE), &error),
                &error);
            assert_ok(env_file_write_finish(file, round % 2 ? 1000000 : 0, &error), &error);
            char found[2];
            assert_ok(env_file_read_exact(file, at + ENV_BLOCK_SIZE - 1, found, 2, &error), &error);
            assert_int_equal(found[0], 'a' + round);
            assert_int_equal(found[1], 'a' + round);
        }
        /* The two ways of one handle see each other's bytes. */
        memset(bytes, 'a', ENV_BLOCK_SIZE);
        memcpy(bytes + 10, "between", 7);
        assert_ok(env_file_write(file, 0, span_make(bytes, ENV_BLOCK_SIZE), &error), &error);
        assert_ok(env_file_sync(file, &error), &error);
        assert_ok(env_file_read_exact(file, 0, bytes, ENV_BLOCK_SIZE, &error), &error);
        assert_memory_equal(bytes + 8, "aabetweenaa", 11);
        bytes[0] = 'z';
        assert_ok(env_file_write_start(file, 0, span_make(bytes, ENV_BLOCK_SIZE), &error), &error);
        assert_ok(env_file_write_finish(file, 0, &error), &error);
        assert_ok(env_file_read_exact(file, 0, bytes, 20, &error), &error);
        assert_memory_equal(bytes, "zaaaaaaaaabetweenaaa", 20);
        env_file_close(file);
    }
    free(memory);
}

/* A handle may go while its write is on its way: the bytes are the caller's again. */
static void a_handle_closes_over_a_started_write(void **state)
{
    struct world *world = *state;
    struct error error;
    uint8_t *bytes = aligned_alloc(ENV_BLOCK_SIZE, ENV_BLOCK_SIZE);
    memset(bytes, 'x', ENV_BLOCK_SIZE);
    env_file_close(open_new(world, "a"));
    for (int i = 0; i < 20; i++) {
        struct env_file *file;
        assert_ok(
            env_file_open(world->env, in(world, "a"), ENV_WRITE | ENV_DIRECT, 0, &file, &error),
            &error);
        assert_ok(env_file_preallocate(file, ENV_BLOCK_SIZE, &error), &error);
        assert_ok(env_file_write_start(file, 0, span_make(bytes, ENV_BLOCK_SIZE), &error), &error);
        env_file_close(file);
    }
    free(bytes);
}

static void cached_reads_never_invent_an_end(void **state)
{
    struct world *world = *state;
    struct error error;
    struct env_file *file = open_new(world, "a");
    assert_ok(env_file_write(file, 0, SPAN_LITERAL("0123456789"), &error), &error);
    assert_ok(env_file_sync(file, &error), &error);
    char bytes[100];
    size_t size = 77;
    /* Just written: in memory, but an env that cannot tell may say that it would block. */
    enum status status = env_file_read_cached(file, 2, bytes, sizeof(bytes), &size, &error);
    assert_true(status == STATUS_OK || status == STATUS_WOULD_BLOCK);
    if (status == STATUS_OK) {
        assert_int_equal(size, 8);
        assert_memory_equal(bytes, "23456789", 8);
    } else {
        assert_int_equal(size, 77);
    }
    env_file_forget(file, 0, 0);
    status = env_file_read_cached(file, 0, bytes, sizeof(bytes), &size, &error);
    assert_true(status == STATUS_OK ? size == 10 : status == STATUS_WOULD_BLOCK);
    assert_ok(env_file_read(file, 0, bytes, sizeof(bytes), &size, &error), &error);
    assert_int_equal(size, 10);
    env_file_close(file);
}

static void preallocate_gives_zeroes(void **state)
{
    struct world *world = *state;
    struct error error;
    struct env_file *file = open_new(world, "a");
    assert_ok(env_file_write(file, 0, SPAN_LITERAL("old"), &error), &error);
    assert_ok(env_file_preallocate(file, 3 << 20, &error), &error);
    struct env_stat stat;
    assert_ok(env_file_stat(file, &stat, &error), &error);
    assert_int_equal(stat.size, 3 << 20);
    char bytes[4] = "xxx";
    assert_ok(env_file_read_exact(file, 0, bytes, 4, &error), &error);
    assert_memory_equal(bytes, "\0\0\0\0", 4);
    assert_ok(env_file_read_exact(file, (3 << 20) - 4, bytes, 4, &error), &error);
    assert_memory_equal(bytes, "\0\0\0\0", 4);
    env_file_close(file);
}

static void links_count_and_exclude(void **state)
{
    struct world *world = *state;
    struct error error;
    struct env_file *file = open_new(world, "alive");
    assert_ok(env_path_link(world->env, in(world, "alive"), in(world, "sealed"), &error), &error);
    assert_status(
        env_path_link(world->env, in(world, "alive"), in(world, "sealed"), &error), STATUS_EXISTS);
    assert_status(
        env_path_link(world->env, in(world, "none"), in(world, "x"), &error), STATUS_NOT_FOUND);
    struct env_stat stat;
    assert_ok(env_file_stat(file, &stat, &error), &error);
    assert_int_equal(stat.link_count, 2);
    assert_ok(env_file_chmod(file, 0, &error), &error);
    assert_ok(env_path_stat(world->env, in(world, "sealed"), &stat, &error), &error);
    assert_int_equal(stat.mode, 0);
    assert_ok(env_path_remove(world->env, in(world, "alive"), &error), &error);
    assert_ok(env_path_remove(world->env, in(world, "sealed"), &error), &error);
    assert_ok(env_file_stat(file, &stat, &error), &error);
    assert_int_equal(stat.link_count, 0);
    assert_ok(env_file_write(file, 0, SPAN_LITERAL("still open"), &error), &error);
    env_file_close(file);
    assert_status(env_path_remove(world->env, in(world, "alive"), &error), STATUS_NOT_FOUND);
}

static void rename_replaces(void **state)
{
    struct world *world = *state;
    struct error error;
    assert_ok(env_write_file(world->env, in(world, "a"), 0644, SPAN_LITERAL("A"), &error), &error);
    assert_ok(env_write_file(world->env, in(world, "b"), 0644, SPAN_LITERAL("B"), &error), &error);
    assert_ok(env_path_rename(world->env, in(world, "a"), in(world, "b"), &error), &error);
    struct buffer bytes = {0};
    assert_ok(env_read_file(world->env, in(world, "b"), 100, &bytes, &error), &error);
    assert_spans_equal(buffer_span(&bytes), SPAN_LITERAL("A"));
    assert_status(
        env_path_rename(world->env, in(world, "a"), in(world, "b"), &error), STATUS_NOT_FOUND);
    buffer_deinit(&bytes);
}

static void whole_files_respect_the_limit(void **state)
{
    struct world *world = *state;
    struct error error;
    assert_ok(
        env_write_file(world->env, in(world, "a"), 0644, SPAN_LITERAL("12345"), &error), &error);
    assert_status(
        env_write_file(world->env, in(world, "a"), 0644, SPAN_EMPTY, &error), STATUS_EXISTS);
    struct buffer bytes = {0};
    buffer_put(&bytes, SPAN_LITERAL(">"));
    assert_status(env_read_file(world->env, in(world, "a"), 4, &bytes, &error), STATUS_LIMIT);
    assert_ok(env_read_file(world->env, in(world, "a"), 5, &bytes, &error), &error);
    assert_spans_equal(buffer_span(&bytes), SPAN_LITERAL(">12345"));
    buffer_deinit(&bytes);
}

struct names {
    struct buffer text;
    unsigned count;
    unsigned stop_at;
};

static enum status note_name(void *context, const char *name, struct error *error)
{
    struct names *names = context;
    buffer_put_format(&names->text, "%s,", name);
    if (++names->count == names->stop_at)
        return error_set(error, STATUS_CANCELLED, "enough");
    return STATUS_OK;
}

static void directories_list_and_remove(void **state)
{
    struct world *world = *state;
    struct error error;
    assert_ok(env_directory_make(world->env, in(world, "d"), 0700, &error), &error);
    assert_status(env_directory_make(world->env, in(world, "d"), 0700, &error), STATUS_EXISTS);
    assert_status(env_directory_make(world->env, in(world, "x/y"), 0700, &error), STATUS_NOT_FOUND);
    struct names names = {0};
    assert_ok(env_directory_list(world->env, in(world, "d"), note_name, &names, &error), &error);
    assert_int_equal(names.count, 0);
    assert_ok(env_write_file(world->env, in(world, "d/a"), 0644, SPAN_EMPTY, &error), &error);
    assert_ok(env_write_file(world->env, in(world, "d/b"), 0644, SPAN_EMPTY, &error), &error);
    assert_ok(env_directory_sync(world->env, in(world, "d"), &error), &error);
    assert_ok(env_directory_list(world->env, in(world, "d"), note_name, &names, &error), &error);
    assert_int_equal(names.count, 2);
    assert_true(span_equal(buffer_span(&names.text), SPAN_LITERAL("a,b,")) ||
                span_equal(buffer_span(&names.text), SPAN_LITERAL("b,a,")));
    names.stop_at = names.count + 1;
    assert_status(env_directory_list(world->env, in(world, "d"), note_name, &names, &error),
        STATUS_CANCELLED);
    assert_int_equal(names.count, 3);

    struct env_stat stat;
    assert_ok(env_path_stat(world->env, in(world, "d"), &stat, &error), &error);
    assert_true(stat.is_directory && stat.mode == 0700);
    assert_status(env_directory_remove(world->env, in(world, "d"), &error), STATUS_BUSY);
    assert_ok(env_path_remove(world->env, in(world, "d/a"), &error), &error);
    assert_ok(env_path_remove(world->env, in(world, "d/b"), &error), &error);
    assert_ok(env_directory_remove(world->env, in(world, "d"), &error), &error);
    assert_status(env_directory_list(world->env, in(world, "d"), note_name, &names, &error),
        STATUS_NOT_FOUND);
    assert_status(env_directory_sync(world->env, in(world, "d"), &error), STATUS_NOT_FOUND);
    buffer_deinit(&names.text);
}

static void a_lock_excludes_for_the_life_of_its_handle(void **state)
{
    struct world *world = *state;
    struct error error;
    struct env_file *first = open_new(world, "lock");
    struct env_file *second;
    assert_ok(env_file_open(world->env, in(world, "lock"), ENV_WRITE, 0, &second, &error), &error);
    int pid = -1;
    assert_ok(env_file_lock(first, &pid, &error), &error);
    assert_status(env_file_lock(second, &pid, &error), STATUS_BUSY);
    /* Who holds it is best effort: a container may hide the list of locks. */
    assert_true(pid == 0 || pid == (int)getpid());
    env_file_close(first);
    assert_ok(env_file_lock(second, NULL, &error), &error);
    env_file_close(second);
}

static void clocks_and_random_numbers_move(void **state)
{
    struct world *world = *state;
    uint64_t before_ns = env_monotonic_ns(world->env);
    assert_true(env_monotonic_ns(world->env) >= before_ns);
    assert_true(env_wall_ms(world->env) > INT64_C(1600000000000));
    assert_true(env_random_u64(world->env) != env_random_u64(world->env));
    struct error error;
    uint64_t space = 0;
    assert_ok(env_space_free(world->env, world->root, &space, &error), &error);
    assert_true(space > 0);
}

static void the_memory_held_is_told_and_none_in_a_simulation(void **state)
{
    const struct world *world = *state;
    uint64_t bytes = env_resident_bytes(world->env);
    if (world->env == env_real())
        assert_true(bytes > 100000);
    else /* or a seed would not replay */
        assert_true(bytes == 0);
}

static void allocation_failures_leave_nothing_open(void **state)
{
    struct world *world = *state;
    struct error error;
    struct buffer tiny = {.limit = 2};
    assert_ok(
        env_write_file(world->env, in(world, "a"), 0644, SPAN_LITERAL("12345"), &error), &error);
    assert_status(env_read_file(world->env, in(world, "a"), 10, &tiny, &error), STATUS_LIMIT);
    buffer_deinit(&tiny);
}

/* Only the real env: another process' lock names its pid. */
static void a_lock_of_another_process_names_it(void **state)
{
    struct world *world = *state;
    struct error error;
    struct env_file *file = open_new(world, "lock");
    int to_child[2], from_child[2];
    assert_int_equal(pipe(to_child), 0);
    assert_int_equal(pipe(from_child), 0);
    pid_t child = fork();
    if (child == 0) {
        struct env_file *mine;
        char byte = 'y';
        close(to_child[1]);
        if (env_file_open(world->env, in(world, "lock"), ENV_WRITE, 0, &mine, NULL) ||
            env_file_lock(mine, NULL, NULL) || write(from_child[1], &byte, 1) != 1)
            _exit(1);
        _exit(read(to_child[0], &byte, 1) == 0 ? 0 : 1); /* until the parent closes */
    }
    char byte;
    assert_int_equal(read(from_child[0], &byte, 1), 1);
    int pid = -1;
    assert_status(env_file_lock(file, &pid, &error), STATUS_BUSY);
    assert_true(pid == 0 || pid == (int)child);
    close(to_child[1]);
    close(to_child[0]);
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    close(from_child[0]);
    close(from_child[1]);
    env_file_close(file);
}

#define for_world(kind, test)                                                                      \
    {                                                                                              \
#test " (" #kind ")", test, kind##_setup, kind##_teardown, NULL                            \
    }
#define for_both(test) for_world(real, test), for_world(memory, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        for_both(open_flags_mean_what_they_say),
        for_both(bytes_read_back_and_end_where_the_file_ends),
        for_both(a_started_write_is_there_when_it_is_finished),
        for_both(a_handle_closes_over_a_started_write),
        for_both(cached_reads_never_invent_an_end),
        for_both(preallocate_gives_zeroes),
        for_both(links_count_and_exclude),
        for_both(rename_replaces),
        for_both(whole_files_respect_the_limit),
        for_both(directories_list_and_remove),
        for_both(a_lock_excludes_for_the_life_of_its_handle),
        for_both(clocks_and_random_numbers_move),
        for_both(the_memory_held_is_told_and_none_in_a_simulation),
        for_both(allocation_failures_leave_nothing_open),
        for_world(real, a_lock_of_another_process_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
