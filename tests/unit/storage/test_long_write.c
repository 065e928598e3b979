/* Writes that are long: they go to the log in parts, so that nobody waits for all of them (write_make.c). */
#include "tests/support/tablet_world.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "base/memory.h"
#include "storage/tablet.h"
#include "storage/write_step.h"

#define OTHER_TABLET "cccccccccccccccccccccccccccccccc"
#define ROWS         (3 * WRITE_STEP_CELLS / 2)

/* Puts of two cells a row, under way. */
struct puts {
    struct write write; /* first */
    struct tablet_world *world;
    struct arena arena;
    struct write_operation *operations;
    size_t count;
    unsigned *ended; /* how many writes have */
    unsigned place;  /* which of them it was */
    bool is_done;
};

static int set_up(void **state)
{
    log_set_level(LOG_ERROR);
    return tablet_world_set_up(state, 5, "f");
}

static void on_done(struct write *write)
{
    struct puts *puts = (struct puts *)write;
    puts->place = ++*puts->ended;
    tablet_world_signal(puts->world, &puts->is_done);
}

/* The row of the i-th put: they do not come in order. */
static size_t row_of(size_t i, size_t count)
{
    return i * 7919 % count;
}

static void puts_begin(struct puts *puts, struct tablet_world *world, struct tablet *tablet,
    size_t count, size_t value_size, unsigned *ended)
{
    *puts = (struct puts){.world = world, .count = count, .ended = ended};
    puts->operations = arena_allocate_zeroed(&puts->arena, count, sizeof *puts->operations);
    struct mutation *mutations = arena_allocate_zeroed(&puts->arena, count, sizeof *mutations);
    struct cell *cells = arena_allocate_zeroed(&puts->arena, 2 * count, sizeof *cells);
    uint8_t *value = arena_allocate_zeroed(&puts->arena, 1, value_size);
    for (size_t i = 0; i < count; i++) {
        char row[24];
        snprintf(row, sizeof row, "%08zu", row_of(i, count));
        for (size_t j = 0; j < 2; j++)
            cells[2 * i + j] = (struct cell){.row = arena_copy(&puts->arena, span_string(row)),
                .family = SPAN_LITERAL("f"),
                .qualifier = j ? SPAN_LITERAL("b") : SPAN_LITERAL("a"),
                .value = span_make(value, value_size),
                .timestamp = 1,
                .type = CELL_PUT};
        mutations[i] = (struct mutation){.kind = MUTATION_PUT,
            .row = cells[2 * i].row,
            .cells = &cells[2 * i],
            .cell_count = 2,
            .time_range = TIME_RANGE_ALL};
        puts->operations[i] = (struct write_operation){
            .row = mutations[i].row, .mutations = &mutations[i], .mutation_count = 1};
    }
    puts->write = (struct write){.operations = puts->operations,
        .operation_count = count,
        .arena = &puts->arena,
        .done = on_done};
    tablet_write(tablet, &puts->write);
}

static void puts_end(struct puts *puts)
{
    tablet_world_wait(puts->world, &puts->is_done);
    assert_ok(puts->write.status, &puts->write.error);
    for (size_t i = 0; i < puts->count; i++)
        assert_operation_ok(&puts->operations[i]);
    arena_deinit(&puts->arena);
}

static uint64_t log_records(struct tablet_world *world)
{
    struct log_statistics statistics;
    log_statistics_read(world->store->log, &statistics);
    return statistics.records;
}

/* How many cells the row has. */
static size_t row_cells(struct tablet_world *world, size_t row)
{
    char name[24];
    snprintf(name, sizeof name, "%08zu", row);
    const char *text = world_get(world, name, NULL, 1);
    return (size_t)(strstr(text, "f:a@") != NULL) + (size_t)(strstr(text, "f:b@") != NULL);
}

static void another_tablet_has_its_turn_between(void **state)
{
    struct tablet_world *world = *state;
    struct error error = {0};
    struct tablet_info info = {.id = OTHER_TABLET, .region_id = 7, .state = TABLET_CLOSED};
    struct tablet *other;
    strcpy(info.table_id, world->table_id);
    assert_ok(store_tablet_create(world->store, world->table_id, &info, 1, &error), &error);
    assert_ok(store_tablet_open(
                  world->store, world->table_id, OTHER_TABLET, &world->schema, &other, &error),
        &error);
    struct puts many, one;
    unsigned ended = 0;
    puts_begin(&many, world, world->tablet, ROWS, 1, &ended);
    puts_begin(&one, world, other, 1, 1, &ended);
    puts_end(&one);
    puts_end(&many);
    assert_int_equal(one.place, 1);
    assert_int_equal(many.place, 2);
    for (size_t i = 0; i < ROWS; i += 97)
        assert_int_equal(row_cells(world, i), 2);
    tablet_unref(other);
}

static void a_part_has_so_many_cells_or_bytes(void **state)
{
    struct tablet_world *world = *state;
    struct puts puts;
    unsigned ended = 0;
    uint64_t before = log_records(world);
    puts_begin(&puts, world, world->tablet, WRITE_STEP_CELLS / 2, 1, &ended);
    puts_end(&puts);
    assert_int_equal(log_records(world), before + 1);
    puts_begin(&puts, world, world->tablet, WRITE_STEP_CELLS / 2 + 1, 1, &ended);
    puts_end(&puts);
    assert_int_equal(log_records(world), before + 3);
    puts_begin(&puts, world, world->tablet, 4, WRITE_STEP_BYTES / 3, &ended);
    puts_end(&puts); /* a row is not cut */
    assert_int_equal(log_records(world), before + 7);
}

/* Power goes at some call while it is on its way: rows are there with both cells or not at all, and what was acknowledged is. */
static void a_crash_between_leaves_whole_rows(void **state)
{
    struct tablet_world *world = *state;
    struct error error = {0};
    size_t partly = 0;
    for (uint64_t call = 1; call < 14; call++) {
        struct puts puts;
        unsigned ended = 0;
        tablet_world_deinit(world);
        tablet_world_init(world, call, ENV_MEMORY_SEEDED);
        tablet_world_set_families(world, "f");
        assert_ok(tablet_world_start(world, &error), &error);
        env_memory_cut_at(world->env, env_memory_call_count(world->env) + call);
        puts_begin(&puts, world, world->tablet, ROWS, 1, &ended);
        tablet_world_wait(world, &puts.is_done);
        bool is_acknowledged[ROWS];
        for (size_t i = 0; i < ROWS; i++)
            is_acknowledged[row_of(i, ROWS)] = !puts.write.status && !puts.operations[i].status;
        arena_deinit(&puts.arena);
        tablet_world_crash(world, ENV_CUT_RANDOM);
        assert_ok(tablet_world_start(world, &error), &error);
        size_t whole = 0;
        for (size_t i = 0; i < ROWS; i += 31) {
            size_t cells = row_cells(world, i);
            assert_true(cells == 2 || (cells == 0 && !is_acknowledged[i]));
            whole += cells == 2;
        }
        partly += whole > 0 && whole < (ROWS + 30) / 31;
    }
    assert_true(partly > 0); /* else nothing was cut between */
}

/* On threads: the log inserts one part and ends another while a worker makes a third. */
static void several_at_once_are_all_written(void **state)
{
    enum { WRITES = 4 };
    struct tablet_world *world = *state;
    struct error error = {0};
    struct puts puts[WRITES];
    unsigned ended[WRITES] = {0};
    tablet_world_deinit(world);
    tablet_world_init(world, 7, ENV_MEMORY_THREADS);
    tablet_world_set_families(world, "f");
    assert_ok(tablet_world_start(world, &error), &error);
    for (size_t i = 0; i < WRITES; i++)
        puts_begin(&puts[i], world, world->tablet, ROWS, 1, &ended[i]);
    for (size_t i = 0; i < WRITES; i++)
        puts_end(&puts[i]);
    for (size_t i = 0; i < ROWS; i += 31)
        assert_int_equal(row_cells(world, i), 2);
    tablet_world_stop(world);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tablet_world_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(another_tablet_has_its_turn_between),
        TEST(a_part_has_so_many_cells_or_bytes),
        TEST(a_crash_between_leaves_whole_rows),
        TEST(several_at_once_are_all_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
