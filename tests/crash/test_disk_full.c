/* A full disk: writes are refused with STATUS_NO_SPACE, reads go on, nothing acknowledged is lost, and it recovers by itself
 * when there is space again, wherever it ran out. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "tests/support/tablet_world.h"

enum { VALUE = 400, ROWS = 400 };

struct life {
    struct tablet_world world;
    bool is_acknowledged[ROWS];
    unsigned acknowledged, refused;
};

/* One row; what became of it is noted. */
static enum status put(struct life *life, unsigned row)
{
    static char value[VALUE + 1];
    char name[16];
    memset(value, 'v', VALUE);
    snprintf(name, sizeof(name), "row-%03u", row);
    struct cell cell = {.row = span_string(name),
        .family = SPAN_LITERAL("f"),
        .qualifier = SPAN_LITERAL("q"),
        .value = span_make(value, VALUE),
        .timestamp = TIMESTAMP_LATEST,
        .type = CELL_PUT};
    struct mutation mutation = {
        .kind = MUTATION_PUT, .row = cell.row, .cells = &cell, .cell_count = 1};
    struct write_operation operation = {
        .row = cell.row, .mutations = &mutation, .mutation_count = 1};
    world_write(&life->world, &operation, 1);
    if (operation.status == STATUS_OK) {
        life->is_acknowledged[row] = true;
        life->acknowledged++;
    } else {
        assert_int_equal(operation.status, STATUS_NO_SPACE);
        life->refused++;
    }
    return operation.status;
}

static void begin(struct life *life, uint64_t seed, uint64_t segment_bytes)
{
    struct error error;
    memset(life, 0, sizeof(*life));
    tablet_world_init(&life->world, seed, ENV_MEMORY_SEEDED);
    life->world.config.log_segment_bytes = segment_bytes;
    assert_ok(tablet_world_start(&life->world, &error), &error);
}

static void check_rows(struct life *life)
{
    for (unsigned row = 0; row < ROWS; row++) {
        char name[16];
        snprintf(name, sizeof(name), "row-%03u", row);
        if (life->is_acknowledged[row] && !*world_get(&life->world, name, NULL, 1))
            fail_msg("acknowledged %s is lost", name);
    }
}

static void ignore_done(struct completion *completion)
{
    (void)completion;
}

/* `is_flushed`: a flush is asked for while the disk is full; it must end, well or not. */
static void fill_and_free(uint64_t space, bool is_flushed, size_t *out_refused)
{
    static struct life life;
    struct error error;
    begin(&life, space + 1, 64 << 10);
    env_memory_set_space(life.world.env, space);
    for (unsigned row = 0; row < ROWS - 1; row++)
        (void)put(&life, row);
    assert_int_equal(life.world.fatals, 0);
    check_rows(&life);
    struct completion flush = {.done = ignore_done};
    if (is_flushed) {
        tablet_flush(life.world.tablet, NULL, &flush);
        env_memory_run_until(life.world.env, NULL, (uint64_t)2 * 1000000000);
        check_rows(&life);
    }
    *out_refused += life.refused;
    int64_t since_ms = store_read_only_since_ms(life.world.store);
    if (life.refused)
        assert_true(store_is_read_only(life.world.store) && since_ms > 0);
    env_memory_run_until(
        life.world.env, NULL, (uint64_t)3 * 1000000000); /* tried again meanwhile */
    assert_int_equal(store_read_only_since_ms(life.world.store), since_ms);

    env_memory_set_space(life.world.env, UINT64_MAX);
    env_memory_run_until(life.world.env, NULL, (uint64_t)15 * 1000000000);
    assert_int_equal(put(&life, ROWS - 1), STATUS_OK);
    assert_false(store_is_read_only(life.world.store));
    assert_int_equal(store_read_only_since_ms(life.world.store), 0);
    assert_int_equal(world_flush(&life.world), STATUS_OK);
    check_rows(&life);
    tablet_world_crash(&life.world, ENV_CUT_LOSE_ALL);
    assert_ok(tablet_world_start(&life.world, &error), &error);
    check_rows(&life);
    tablet_world_deinit(&life.world);
}

static void a_full_disk_refuses_and_recovers(void **state)
{
    (void)state;
    size_t refused = 0;
    unsigned lives = 0;
    for (uint64_t space = 0; space < 400 << 10; space += 7777, lives++)
        fill_and_free(space, lives % 2, &refused);
    printf("full disks: %u, writes refused: %zu\n", lives, refused);
    assert_true(lives >= 50);
    assert_true(refused >= 3000);
}

/* With the segments that servers have: they do not wait until two of these fit. */
static void ten_megabytes_are_enough_to_go_on(void **state)
{
    (void)state;
    static struct life life;
    struct error error;
    begin(&life, 1, 64 << 20);
    env_memory_set_space(life.world.env, 0);
    for (unsigned i = 0; i < 100 * ROWS && life.refused == 0; i++)
        (void)put(&life, i % (ROWS - 1));
    assert_true(store_is_read_only(life.world.store));
    env_memory_set_space(life.world.env, 10 << 20);
    env_memory_run_until(life.world.env, NULL, (uint64_t)15 * 1000000000);
    assert_int_equal(put(&life, ROWS - 1), STATUS_OK);
    assert_false(store_is_read_only(life.world.store));
    check_rows(&life);
    tablet_world_crash(&life.world, ENV_CUT_LOSE_ALL);
    assert_ok(tablet_world_start(&life.world, &error), &error);
    check_rows(&life);
    tablet_world_deinit(&life.world);
}

/* What the dead one kept back is there for the next. */
static void a_start_in_a_full_directory_takes_the_reserve(void **state)
{
    (void)state;
    static struct life life;
    struct error error;
    begin(&life, 1, 16 << 20);
    env_memory_run_until(life.world.env, NULL, (uint64_t)2 * 1000000000); /* it is made */
    for (unsigned row = 0; row < 20; row++)
        assert_int_equal(put(&life, row), STATUS_OK);
    tablet_world_crash(&life.world, ENV_CUT_KEEP_ALL);
    struct env_file *lock = NULL; /* a start that was cut before it wrote its pid */
    assert_ok(env_file_open(life.world.env, "/root/lock", ENV_WRITE, 0, &lock, &error), &error);
    assert_ok(env_file_truncate(lock, 0, &error), &error);
    env_file_close(lock);
    env_memory_set_space(life.world.env, 0);
    assert_ok(tablet_world_start(&life.world, &error), &error);
    check_rows(&life);
    assert_int_equal(put(&life, ROWS - 1), STATUS_OK);
    assert_int_equal(world_flush(&life.world), STATUS_OK);
    check_rows(&life);
    tablet_world_deinit(&life.world);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_refuses_and_recovers),
        cmocka_unit_test(ten_megabytes_are_enough_to_go_on),
        cmocka_unit_test(a_start_in_a_full_directory_takes_the_reserve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
