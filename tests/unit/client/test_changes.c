/* A client whose table splits, merges and moves under it: no error reaches the program, scans see
 * every row once and in order, and batches reach every row once. */
#include "tests/support/support.h"

#include <event2/event.h>
#include <stdio.h>

#include "client/include/stele/stele.h"
#include "tests/unit/client/moving_table.h"

static struct moving_table model;
static struct stele_client *client;
static struct stele_table *table;
static struct stele_error error;

/* Over all seeds: an idle run proves nothing. */
static unsigned splits, merges, moves, refusals, other_failures, rows_scanned;

static void check_ok(enum stele_status status)
{
    if (status != STELE_OK)
        fail_msg("%s: %s %s", stele_status_name(status), error.exception_class, error.message);
}

static struct stele_bytes row_name(int index, char storage[8])
{
    snprintf(storage, 8, "r%03d", index);
    return stele_text(storage);
}

/* Rows from `from` to below `to`, up or down. */
static void scan_range(int from, int to, bool is_reversed)
{
    char start[8], stop[8], name[8];
    struct stele_scan scan;
    const struct stele_result *result;
    enum stele_status status;
    int next = is_reversed ? to - 1 : from;
    stele_scan_init(&scan);
    scan.is_reversed = is_reversed;
    scan.caching = (uint32_t)dice_below(&model.dice, 20);
    scan.prefetches = dice_chance(&model.dice, 50);
    if (from > 0 || to < MOVING_ROWS) {
        scan.start_row = row_name(is_reversed ? to : from, start);
        scan.stop_row = row_name(is_reversed ? from : to, stop);
        scan.is_start_inclusive = !is_reversed;
        scan.is_stop_inclusive = is_reversed;
    }
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    while ((status = stele_scanner_next(scanner, &result, &error)) == STELE_OK) {
        assert_int_equal(result->cell_count, 1);
        assert_spans_equal(span_make(result->cells[0].row.data, result->cells[0].row.size),
            span_string((const char *)row_name(next, name).data));
        next += is_reversed ? -1 : 1;
        rows_scanned++;
    }
    stele_scanner_close(scanner);
    if (status != STELE_END)
        check_ok(status);
    assert_int_equal(next, is_reversed ? from - 1 : to);
}

static const struct stele_cell cell = {.family = {(const uint8_t *)"f", 1},
    .qualifier = {(const uint8_t *)"q", 1},
    .value = {(const uint8_t *)"v", 1},
    .timestamp = STELE_LATEST,
    .type = STELE_CELL_PUT};

/* Puts every row, in one batch, and finds that each was put once. */
static void put_all(void)
{
    static struct stele_mutation puts[MOVING_ROWS];
    static struct stele_action actions[MOVING_ROWS];
    static char names[MOVING_ROWS][8];
    struct stele_batch batch;
    memset(model.puts, 0, sizeof(model.puts));
    for (int i = 0; i < MOVING_ROWS; i++) {
        stele_mutation_init(&puts[i], STELE_PUT, row_name(i, names[i]));
        puts[i].cells = &cell;
        puts[i].cell_count = 1;
        actions[i] = (struct stele_action){.mutation = &puts[i]};
    }
    check_ok(stele_batch(table, actions, MOVING_ROWS, &batch, &error));
    assert_int_equal(batch.failed_count, 0);
    stele_batch_free(&batch);
    for (int i = 0; i < MOVING_ROWS; i++)
        assert_int_equal(model.puts[i], 1);
}

static void read_and_write_rows(void)
{
    memset(model.puts, 0, sizeof(model.puts));
    for (int i = 0; i < 40; i++) {
        char name[8];
        int row = (int)dice_below(&model.dice, MOVING_ROWS);
        unsigned before = model.puts[row];
        struct stele_result result = {0};
        struct stele_get get;
        stele_get_init(&get, row_name(row, name));
        check_ok(stele_get(table, &get, &result, &error));
        assert_int_equal(result.cell_count, 1);
        stele_result_free(&result);
        check_ok(stele_put_column(
            table, stele_text(name), cell.family, cell.qualifier, cell.value, &error));
        assert_int_equal(model.puts[row], before + 1);
    }
}

static void live_through_changes(uint64_t seed, void *context)
{
    struct event_base *loop = event_base_new();
    struct stele_options options;
    char place[32];
    (void)context;
    moving_table_init(&model, loop, seed);
    stele_options_init(&options);
    snprintf(place, sizeof(place), "127.0.0.1:%u", model.cluster.ports[0]);
    options.connect = place;
    options.run = STELE_RUN_ON_LOOP;
    options.loop = loop;
    options.pause_ms = options.pause_overloaded_ms = 1;
    check_ok(stele_client_open(&options, &client, &error));
    table = stele_table_open(client, STELE_TEXT("t"));
    for (int round = 0; round < 3; round++) {
        int from = (int)dice_below(&model.dice, 200),
            to = from + 1 + (int)dice_below(&model.dice, 99);
        scan_range(0, MOVING_ROWS, false);
        put_all();
        scan_range(0, MOVING_ROWS, true);
        read_and_write_rows();
        scan_range(from, to, false);
        scan_range(from, to, true);
    }
    stele_client_close(client);
    splits += model.splits;
    merges += model.merges;
    moves += model.moves;
    refusals += model.refusals;
    other_failures += model.other_failures;
    moving_table_deinit(&model);
    event_base_free(loop);
}

static void nothing_is_lost_or_doubled_while_regions_change(void **state)
{
    (void)state;
    bool is_whole = for_each_seed(8, live_through_changes, NULL);
    printf(
        "%u splits, %u merges, %u moves; %u calls refused, %u failed otherwise; %u rows scanned\n",
        splits, merges, moves, refusals, other_failures, rows_scanned);
    if (is_whole)
        assert_true(splits > 300 && merges > 250 && moves > 150 && refusals > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_or_doubled_while_regions_change)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
