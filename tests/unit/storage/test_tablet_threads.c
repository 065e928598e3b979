/* Tablets under threads (run under ThreadSanitizer too): writers, readers, flushes and compactions at
 * once. What is asserted holds at every moment: rows are seen whole, counters never fall, what was
 * acknowledged is there. */
#include "tests/support/tablet_world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

enum { WRITERS = 3, READERS = 2, ROUNDS = 300, ROWS = 17, COLUMNS = 4 };

struct shared {
    struct tablet_world *world;
    _Atomic bool is_over;
    _Atomic unsigned writers_left;
    _Atomic unsigned reads;
};

struct thread {
    struct shared *shared;
    unsigned number;
    pthread_t handle;
};

struct thread_write {
    struct write write; /* first */
    struct mutex mutex;
    struct wakeup wakeup;
    bool is_done;
};

static void thread_write_done(struct write *write)
{
    struct thread_write *own = (struct thread_write *)write;
    mutex_lock(&own->mutex);
    own->is_done = true;
    wakeup_signal(&own->wakeup);
    mutex_unlock(&own->mutex);
}

/* A write from this thread, waited for. */
static void write_and_wait(struct tablet *tablet, struct write_operation *operation)
{
    struct arena arena = {0};
    struct thread_write own = {.write = {.operations = operation,
                                   .operation_count = 1,
                                   .arena = &arena,
                                   .done = thread_write_done}};
    mutex_init(&own.mutex, LOCK_RANK_LOOP);
    wakeup_init(&own.wakeup);
    tablet_write(tablet, &own.write);
    mutex_lock(&own.mutex);
    while (!own.is_done)
        wakeup_wait(&own.wakeup, &own.mutex);
    mutex_unlock(&own.mutex);
    wakeup_deinit(&own.wakeup);
    mutex_deinit(&own.mutex);
    CHECK(own.write.status == STATUS_OK);
    CHECK(operation->status == STATUS_OK);
    arena_deinit(&arena);
}

/* All columns of a row get one value, in both families: a reader never sees two. */
static void put_row(struct tablet *tablet, const char *row, const char *value)
{
    static const char *const names[COLUMNS] = {"a", "b", "c", "d"};
    struct cell cells[COLUMNS];
    for (unsigned i = 0; i < COLUMNS; i++)
        cells[i] = (struct cell){.row = span_string(row),
            .family = span_string(i % 2 ? "g" : "f"),
            .qualifier = span_string(names[i]),
            .value = span_string(value),
            .timestamp = TIMESTAMP_LATEST,
            .type = CELL_PUT};
    struct mutation mutation = {
        .kind = MUTATION_PUT, .row = cells[0].row, .cells = cells, .cell_count = COLUMNS};
    struct write_operation operation = {
        .row = cells[0].row, .mutations = &mutation, .mutation_count = 1};
    write_and_wait(tablet, &operation);
}

static void increment(struct tablet *tablet)
{
    uint8_t one[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    struct cell cell = {.row = SPAN_LITERAL("counter"),
        .family = SPAN_LITERAL("f"),
        .qualifier = SPAN_LITERAL("n"),
        .value = span_make(one, 8),
        .timestamp = TIMESTAMP_LATEST,
        .type = CELL_PUT};
    struct mutation mutation = {.kind = MUTATION_INCREMENT,
        .row = cell.row,
        .cells = &cell,
        .cell_count = 1,
        .time_range = TIME_RANGE_ALL};
    struct write_operation operation = {
        .row = cell.row, .mutations = &mutation, .mutation_count = 1};
    write_and_wait(tablet, &operation);
}

static void *run_writer(void *context)
{
    struct thread *thread = context;
    struct tablet *tablet = thread->shared->world->tablet;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char row[32];
        char value[32];
        snprintf(row, sizeof(row), "row%02u", (i * 7 + thread->number) % ROWS);
        snprintf(value, sizeof(value), "%u-%u", thread->number, i);
        put_row(tablet, row, value);
        increment(tablet);
    }
    thread->shared->writers_left--;
    return NULL;
}

/* Checks that all cells of a row have one value. */
struct whole_rows {
    struct read_sink sink; /* first */
    uint8_t value[32];
    size_t value_size;
    unsigned cells;
    unsigned rows;
    uint64_t counter;
};

static enum status check_cell(struct read_sink *sink, const struct cell *cell)
{
    struct whole_rows *rows = (struct whole_rows *)sink;
    if (cell->row.data[0] == 'c') {
        rows->counter = load_be64(cell->value.data);
        rows->cells = COLUMNS;
        return STATUS_OK;
    }
    CHECK(cell->value.size <= sizeof(rows->value));
    if (rows->cells > 0)
        CHECK(span_equal(cell->value, span_make(rows->value, rows->value_size)));
    memcpy(rows->value, cell->value.data, cell->value.size);
    rows->value_size = cell->value.size;
    rows->cells++;
    return STATUS_OK;
}

static enum status check_result(struct read_sink *sink, bool is_partial)
{
    struct whole_rows *rows = (struct whole_rows *)sink;
    CHECK(!is_partial);
    CHECK(rows->cells == COLUMNS);
    rows->cells = 0;
    rows->rows++;
    return STATUS_OK;
}

static void scan_once(struct tablet *tablet, struct whole_rows *rows, bool is_reversed)
{
    struct scan_request request;
    scan_request_init(&request);
    request.is_reversed = is_reversed;
    struct scanner *scanner;
    struct error error;
    CHECK(scanner_open(tablet, &request, &scanner, &error) == STATUS_OK);
    struct scan_limits limits = {.results = 5, .rows = UINT64_MAX, .bytes = UINT64_MAX};
    struct scan_progress progress;
    do {
        enum status status = scanner_next(scanner, &limits, &rows->sink, &progress, &error);
        limits.may_block = status == STATUS_WOULD_BLOCK;
        CHECK(status == STATUS_OK || status == STATUS_WOULD_BLOCK);
    } while (progress.stop != SCAN_STOP_END);
    scanner_close(scanner);
}

static void *run_reader(void *context)
{
    struct thread *thread = context;
    struct tablet *tablet = thread->shared->world->tablet;
    uint64_t counter = 0;
    while (!thread->shared->is_over) {
        struct whole_rows rows = {.sink = {.cell = check_cell, .result = check_result}};
        scan_once(tablet, &rows, thread->number % 2 == 1);
        CHECK(rows.rows <= ROWS + 1);
        CHECK(rows.counter >= counter);
        counter = rows.counter;
        struct read_request request;
        struct error error;
        read_request_init(&request);
        CHECK(tablet_get(tablet, SPAN_LITERAL("row03"), &request, true, &rows.sink, &error) ==
              STATUS_OK);
        thread->shared->reads++;
    }
    return NULL;
}

static void test_rows_are_whole_and_counters_exact(void **state)
{
    (void)state;
    struct error error = {0};
    struct tablet_world world;
    tablet_world_init(&world, 3, ENV_MEMORY_THREADS);
    tablet_world_set_families(&world, "f;g");
    assert_ok(tablet_world_start(&world, &error), &error);
    struct shared shared = {.world = &world, .writers_left = WRITERS};
    struct thread threads[WRITERS + READERS];
    for (unsigned i = 0; i < WRITERS + READERS; i++) {
        threads[i] = (struct thread){.shared = &shared, .number = i};
        pthread_create(
            &threads[i].handle, NULL, i < WRITERS ? run_writer : run_reader, &threads[i]);
    }
    unsigned flushes = 0;
    while (shared.writers_left > 0) {
        assert_status(world_flush(&world), STATUS_OK);
        if (++flushes % 4 == 0)
            assert_status(world_compact(&world, flushes % 8 == 0), STATUS_OK);
    }
    shared.is_over = true;
    for (unsigned i = 0; i < WRITERS + READERS; i++)
        pthread_join(threads[i].handle, NULL);
    assert_int_equal(world_increment(&world, "counter", "f:n", 0, 0), WRITERS * ROUNDS);
    print_message(
        "%u flushes, %u reads beside %u writes\n", flushes, shared.reads, 2 * WRITERS * ROUNDS);
    assert_true(flushes > 3 && shared.reads > 10);
    tablet_world_stop(&world);
    assert_ok(tablet_world_start(&world, &error), &error);
    assert_int_equal(world_increment(&world, "counter", "f:n", 0, 0), WRITERS * ROUNDS);
    tablet_world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_whole_and_counters_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
