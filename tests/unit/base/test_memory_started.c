/* The disk in memory ends a program that breaks the rules of a started write (env.h), with a sentence that says which. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/support.h"

#include "base/env_memory.h"

enum { BLOCK = ENV_BLOCK_SIZE, BLOCKS = 4 };

struct bench {
    struct env *env;
    struct env_file *file;
    uint8_t *bytes; /* aligned, BLOCKS blocks */
};

static struct bench bench_new(void)
{
    struct bench bench = {.env = env_memory_new(1, ENV_MEMORY_SEEDED),
        .bytes = aligned_alloc(BLOCK, (size_t)BLOCK * BLOCKS)};
    memset(bench.bytes, 'b', (size_t)BLOCK * BLOCKS);
    assert_status(env_file_open(bench.env, "/f", ENV_WRITE | ENV_CREATE | ENV_DIRECT, 0600,
                      &bench.file, NULL),
        STATUS_OK);
    assert_int_equal(env_file_block_size(bench.file), BLOCK);
    assert_status(env_file_preallocate(bench.file, (uint64_t)BLOCK * BLOCKS, NULL), STATUS_OK);
    return bench;
}

static void bench_free(struct bench *bench)
{
    env_file_close(bench->file);
    env_memory_free(bench->env);
    free(bench->bytes);
}

static void start(struct bench *bench, uint64_t block)
{
    assert_status(
        env_file_write_start(bench->file, block * BLOCK, span_make(bench->bytes, BLOCK), NULL),
        STATUS_OK);
}

static void finish(struct bench *bench)
{
    assert_status(env_file_write_finish(bench->file, 0, NULL), STATUS_OK);
}

/* ---- What is not allowed ---- */

static void write_over_unsynced_bytes(struct bench *bench)
{
    (void)env_file_write(bench->file, 0, span_make(bench->bytes, BLOCK), NULL);
    start(bench, 0);
}

/* Even beside them: its end says that all is durable. */
static void write_beside_unsynced_bytes(struct bench *bench)
{
    (void)env_file_write(bench->file, 0, span_make(bench->bytes, BLOCK), NULL);
    start(bench, 2);
}

static void change_the_bytes(struct bench *bench)
{
    start(bench, 0);
    bench->bytes[700]++;
    finish(bench);
}

static void change_the_bytes_and_close(struct bench *bench)
{
    start(bench, 0);
    bench->bytes[0]++;
    env_file_close(bench->file);
}

/* A tail that slid along within its memory before the write was over. */
static void move_the_bytes(struct bench *bench)
{
    for (int i = 0; i < BLOCKS * BLOCK; i++)
        bench->bytes[i] = (uint8_t)(i % 251);
    start(bench, 0);
    memmove(bench->bytes, bench->bytes + BLOCK, BLOCK);
    finish(bench);
}

static void start_twice(struct bench *bench)
{
    start(bench, 0);
    start(bench, 1);
}

static void read_meanwhile(struct bench *bench)
{
    uint8_t byte;
    size_t size;
    start(bench, 0);
    (void)env_file_read(bench->file, 0, &byte, 1, &size, NULL);
}

static void sync_meanwhile(struct bench *bench)
{
    start(bench, 0);
    (void)env_file_sync(bench->file, NULL);
}

static void start_a_part_of_a_block(struct bench *bench)
{
    (void)env_file_write_start(bench->file, 0, span_make(bench->bytes, 100), NULL);
}

static void start_from_any_address(struct bench *bench)
{
    (void)env_file_write_start(bench->file, 0, span_make(bench->bytes + 8, BLOCK), NULL);
}

static void start_past_the_end(struct bench *bench)
{
    start(bench, BLOCKS);
}

static void write_a_part_of_a_block(struct bench *bench)
{
    (void)env_file_write(bench->file, BLOCK, SPAN_LITERAL("part"), NULL);
}

static void every_broken_rule_is_named(void **state)
{
    (void)state;
    static const struct {
        void (*body)(struct bench *bench);
        const char *words;
    } rules[] = {
        {write_over_unsynced_bytes, "what was written at 0 through the cache is not synced"},
        {write_beside_unsynced_bytes, "a write is started at 8192, and what was written at 0"},
        {change_the_bytes, "byte 700 of a started write of 4096 bytes at 0 was changed or moved"},
        {change_the_bytes_and_close, "byte 0 of a started write"},
        {move_the_bytes, "was changed or moved before its end"},
        {start_twice, "write while a write of 4096 bytes at 0 has been started and not finished"},
        {read_meanwhile, "read while a write"},
        {sync_meanwhile, "sync while a write"},
        {start_a_part_of_a_block, "is_whole(file, bytes.size)"},
        {start_from_any_address, "is_whole(file, (uintptr_t)bytes.data)"},
        {start_past_the_end, "past the end of the file"},
        {write_a_part_of_a_block, "is_whole(file, offset)"},
    };
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            dup2(ends[1], STDERR_FILENO);
            struct bench bench = bench_new();
            rules[i].body(&bench);
            _exit(0);
        }
        close(ends[1]);
        char said[4096];
        size_t size = 0;
        ssize_t got;
        while (size < sizeof(said) - 1 &&
               (got = read(ends[0], said + size, sizeof(said) - 1 - size)) > 0)
            size += (size_t)got;
        said[size] = '\0';
        close(ends[0]);
        int result;
        assert_int_equal(waitpid(child, &result, 0), child);
        if (!strstr(said, rules[i].words))
            fail_msg("rule %zu, \"%s\", ended with %d and: %s", i, rules[i].words, result, said);
        assert_false(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    }
}

static void a_program_that_keeps_the_rules_is_left_alone(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    (void)env_file_write(bench.file, 0, span_make(bench.bytes, BLOCK), NULL);
    assert_status(env_file_sync(bench.file, NULL), STATUS_OK);
    start(&bench, 0);
    finish(&bench);
    bench.bytes[5]++; /* the caller's again */
    start(&bench, 0);
    env_memory_power_cut(bench.env, ENV_CUT_LOSE_ALL);
    assert_status(env_file_write_finish(bench.file, 0, NULL), STATUS_IO);
    bench_free(&bench);
    bench = bench_new();
    start(&bench, 3);
    bench_free(&bench); /* closed over it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_broken_rule_is_named),
        cmocka_unit_test(a_program_that_keeps_the_rules_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
