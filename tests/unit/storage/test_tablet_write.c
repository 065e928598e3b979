/* The write path: conditions, read-modify-writes, groups of operations, refusals. */
#include "tests/support/tablet_world.h"
#include "tests/support/write_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "base/memory.h"
#include "base/pause.h"
#include "storage/tablet.h"

static int set_up(void **state)
{
    log_set_level(LOG_ERROR);
    return tablet_world_set_up(state, 5, "f:VERSIONS=3;g");
}

/* Puts f:out if `stored OP` holds as HBase sees it; whether it did. */
static bool check_and_put(
    struct tablet_world *world, const char *qualifier, enum compare_op op, const char *value)
{
    struct comparator comparator = {
        .kind = COMPARATOR_BINARY, .value = span_string(value ? value : "")};
    struct condition condition = {.row = SPAN_LITERAL("r"),
        .family = SPAN_LITERAL("f"),
        .qualifier = span_string(qualifier),
        .op = op,
        .comparator = value ? &comparator : NULL,
        .time_range = TIME_RANGE_ALL};
    struct cell cell = make_cell("r", "f", "out", TIMESTAMP_LATEST, CELL_PUT, "x");
    struct mutation mutation = make_mutation(MUTATION_PUT, &cell, 1);
    struct write_operation operation = make_operation(&mutation, 1);
    operation.condition = &condition;
    world_write(world, &operation, 1);
    assert_operation_ok(&operation);
    return operation.is_processed;
}

static void test_conditions_compare_the_given_value_with_the_stored(void **state)
{
    struct tablet_world *world = *state;
    world_put(world, "r", "f:five", 1, "5");
    world_put(world, "r", "f:empty", 1, "");
    assert_true(check_and_put(world, "five", COMPARE_EQUAL, "5"));
    assert_false(check_and_put(world, "five", COMPARE_EQUAL, "6"));
    assert_true(check_and_put(world, "five", COMPARE_NOT_EQUAL, "6"));
    /* Operands are reversed: the given value OP the stored one. */
    assert_true(check_and_put(world, "five", COMPARE_GREATER, "6"));
    assert_false(check_and_put(world, "five", COMPARE_GREATER, "5"));
    assert_true(check_and_put(world, "five", COMPARE_GREATER_OR_EQUAL, "5"));
    assert_true(check_and_put(world, "five", COMPARE_LESS, "4"));
    assert_true(check_and_put(world, "five", COMPARE_LESS_OR_EQUAL, "5"));
    /* The null check. */
    assert_true(check_and_put(world, "absent", COMPARE_EQUAL, NULL));
    assert_false(check_and_put(world, "absent", COMPARE_NOT_EQUAL, NULL));
    assert_false(check_and_put(world, "five", COMPARE_EQUAL, NULL));
    assert_true(check_and_put(world, "five", COMPARE_NOT_EQUAL, NULL));
    assert_true(check_and_put(world, "empty", COMPARE_EQUAL, NULL));
    assert_false(check_and_put(world, "empty", COMPARE_NOT_EQUAL, NULL));
    /* No cell and a value never match. */
    assert_false(check_and_put(world, "absent", COMPARE_EQUAL, "5"));
    assert_false(check_and_put(world, "absent", COMPARE_NOT_EQUAL, "5"));
}

static void test_a_condition_that_compares_nothing_is_refused(void **state)
{
    struct tablet_world *world = *state;
    struct comparator comparator = {.kind = COMPARATOR_BINARY, .value = SPAN_LITERAL("5")};
    struct condition condition = {.row = SPAN_LITERAL("r"),
        .family = SPAN_LITERAL("f"),
        .qualifier = SPAN_LITERAL("five"),
        .op = COMPARE_NO_OP,
        .comparator = &comparator,
        .time_range = TIME_RANGE_ALL};
    struct cell cell = make_cell("r", "f", "out", TIMESTAMP_LATEST, CELL_PUT, "x");
    struct mutation mutation = make_mutation(MUTATION_PUT, &cell, 1);
    struct write_operation operation = make_operation(&mutation, 1);
    world_put(world, "r", "f:five", 1, "5");
    operation.condition = &condition;
    world_write(world, &operation, 1);
    assert_int_equal(operation.status, STATUS_INVALID);
}

static void test_append_and_increment_go_on_from_what_is_stored(void **state)
{
    struct tablet_world *world = *state;
    struct cell tail = make_cell("r", "f", "a", TIMESTAMP_LATEST, CELL_PUT, "cd");
    struct mutation mutation = make_mutation(MUTATION_APPEND, &tail, 1);
    struct write_operation operation = make_operation(&mutation, 1);
    world_put(world, "r", "f:a", 5, "ab");
    world_write(world, &operation, 1);
    assert_operation_ok(&operation);
    assert_spans_equal(operation.result_cells[0].value, SPAN_LITERAL("abcd"));
    /* Never at or below what it follows, even in the future. */
    int64_t future = env_wall_ms(world->env) + 1000000;
    world_put(world, "r", "f:a", future, "z");
    operation = make_operation(&mutation, 1);
    world_write(world, &operation, 1);
    assert_int_equal(operation.result_cells[0].timestamp, future + 1);
    assert_spans_equal(operation.result_cells[0].value, SPAN_LITERAL("zcd"));
    /* A counter must be eight bytes. */
    uint8_t one[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    tail.value = span_make(one, 8);
    mutation.kind = MUTATION_INCREMENT;
    operation = make_operation(&mutation, 1);
    world_write(world, &operation, 1);
    assert_int_equal(operation.status, STATUS_INVALID);
    assert_string_equal(operation.message, "Field is not a long, it's 3 bytes wide");
}

static void test_the_kth_delete_of_the_newest_takes_the_kth_newest(void **state)
{
    struct tablet_world *world = *state;
    for (int i = 1; i <= 3; i++)
        world_put(world, "r", "f:a", i * 10, "v");
    struct cell cells[2] = {make_cell("r", "f", "a", TIMESTAMP_LATEST, CELL_DELETE, ""),
        make_cell("r", "f", "a", TIMESTAMP_LATEST, CELL_DELETE, "")};
    struct mutation mutation = make_mutation(MUTATION_DELETE, cells, 2);
    struct write_operation operation = make_operation(&mutation, 1);
    world_write(world, &operation, 1);
    assert_string_equal(world_get(world, "r", NULL, 9), "r f:a@10=v");
}

static void test_row_mutations_are_one(void **state)
{
    struct tablet_world *world = *state;
    world_put(world, "r", "f:old", 5, "x");
    struct cell put = make_cell("r", "f", "new", 7, CELL_PUT, "y");
    struct cell marker = make_cell("r", "f", "old", 9, CELL_DELETE_COLUMN, "");
    struct cell tail = make_cell("r", "g", "log", TIMESTAMP_LATEST, CELL_PUT, "+");
    struct mutation mutations[3] = {make_mutation(MUTATION_PUT, &put, 1),
        make_mutation(MUTATION_DELETE, &marker, 1), make_mutation(MUTATION_APPEND, &tail, 1)};
    struct write_operation operation = make_operation(mutations, 3);
    world_write(world, &operation, 1);
    assert_operation_ok(&operation);
    assert_int_equal(operation.result_count, 1);
    assert_string_equal(world_get(world, "r", "f:", 1), "r f:new@7=y");
    /* One that cannot be done leaves nothing of the others. */
    put.value = SPAN_LITERAL("z");
    tail.family = SPAN_LITERAL("none");
    operation = make_operation(mutations, 3);
    world_write(world, &operation, 1);
    assert_int_equal(operation.status, STATUS_NO_FAMILY);
    assert_string_equal(world_get(world, "r", "f:", 1), "r f:new@7=y");
}

static void test_a_time_to_live_of_nothing_is_over_at_once(void **state)
{
    struct tablet_world *world = *state;
    static const int64_t ttls_ms[] = {0, -1, 1000};
    for (size_t i = 0; i < sizeof ttls_ms / sizeof ttls_ms[0]; i++) {
        struct cell cell = make_cell("r", "f", "q", 5, CELL_PUT, "x");
        struct mutation mutation = make_mutation(MUTATION_PUT, &cell, 1);
        mutation.has_ttl = true;
        mutation.ttl_ms = ttls_ms[i];
        struct write_operation operation = make_operation(&mutation, 1);
        world_write(world, &operation, 1);
        assert_operation_ok(&operation);
        assert_string_equal(world_get(world, "r", NULL, 9), "");
    }
    assert_status(world_flush(world), STATUS_OK);
    assert_string_equal(world_get(world, "r", NULL, 9), "");
}

static void test_the_last_of_two_alike_in_one_mutation_wins(void **state)
{
    struct tablet_world *world = *state;
    struct cell cells[2] = {
        make_cell("r", "f", "a", 5, CELL_PUT, "1"), make_cell("r", "f", "a", 5, CELL_PUT, "2")};
    struct mutation mutation = make_mutation(MUTATION_PUT, cells, 2);
    struct write_operation operation = make_operation(&mutation, 1);
    world_write(world, &operation, 1);
    assert_string_equal(world_get(world, "r", NULL, 9), "r f:a@5=2");
    assert_status(world_flush(world), STATUS_OK);
    assert_string_equal(world_get(world, "r", NULL, 9), "r f:a@5=2");
}

/* What clients check themselves, and some do not. */
static void test_rows_too_long_and_times_before_all_time_are_refused(void **state)
{
    struct tablet_world *world = *state;
    char *row = memory_allocate(LIMIT_ROW_SIZE + 2);
    memset(row, 'r', LIMIT_ROW_SIZE + 1);
    row[LIMIT_ROW_SIZE + 1] = '\0';
    struct cell cells[4] = {make_cell(row, "f", "q", 1, CELL_PUT, "1"),
        make_cell(row + 1, "f", "q", 1, CELL_PUT, "1"), make_cell("", "f", "q", 1, CELL_PUT, "1"),
        make_cell("c", "f", "q", -5, CELL_PUT, "1")};
    struct mutation mutations[5];
    struct write_operation operations[5];
    for (size_t i = 0; i < 5; i++) {
        mutations[i] = make_mutation(
            i < 4 ? MUTATION_PUT : MUTATION_DELETE, &cells[i < 4 ? i : 3], i < 4);
        mutations[i].timestamp = -7; /* counts for the delete without cells only */
        operations[i] = make_operation(&mutations[i], 1);
    }
    world_write(world, operations, 5);
    static const char *const messages[5] = {"row has 32768 bytes, but must have 1 to 32767", "",
        "row has 0 bytes, but must have 1 to 32767", "Timestamp cannot be negative. ts=-5",
        "Timestamp cannot be negative. ts=-7"};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(operations[i].status, i == 1 ? STATUS_OK : STATUS_INVALID);
        assert_string_equal(operations[i].message ? operations[i].message : "", messages[i]);
    }
    memory_free(row);
}

/* One that is refused is no measure for the run of blind ones behind it. */
static void test_puts_behind_a_refused_increment_are_all_written(void **state)
{
    enum { PUTS = 40 };
    struct tablet_world *world = *state;
    char rows[PUTS][8];
    struct cell cells[PUTS + 1];
    struct mutation mutations[PUTS + 1];
    struct write_operation operations[PUTS + 1];
    cells[PUTS] = make_cell("r", "none", "n", TIMESTAMP_LATEST, CELL_PUT, "12345678");
    mutations[0] = make_mutation(MUTATION_INCREMENT, &cells[PUTS], 1);
    operations[0] = make_operation(&mutations[0], 1);
    for (size_t i = 0; i < PUTS; i++) {
        snprintf(rows[i], sizeof rows[i], "r%02zu", i);
        cells[i] = make_cell(rows[i], "f", "q", 1, CELL_PUT, "v");
        mutations[i + 1] = make_mutation(MUTATION_PUT, &cells[i], 1);
        operations[i + 1] = make_operation(&mutations[i + 1], 1);
    }
    world_write(world, operations, PUTS + 1);
    assert_int_equal(operations[0].status, STATUS_NO_FAMILY);
    for (size_t i = 0; i < PUTS; i++) {
        assert_operation_ok(&operations[i + 1]);
        assert_string_not_equal(world_get(world, rows[i], NULL, 1), "");
    }
}

/* Large batches go into the memtable by row, not as they came: of two puts of one cell the later one counts all the same. */
static void test_the_last_of_two_alike_in_a_large_batch_wins(void **state)
{
    enum { PUTS = 300, ROWS = 70 };
    static char rows[ROWS][24], values[PUTS][8];
    static struct cell cells[PUTS];
    static struct mutation mutations[PUTS];
    static struct write_operation operations[PUTS];
    struct tablet_world *world = *state;
    for (unsigned round = 0; round < 2;
         round++) { /* the second into the memtable that the first made */
        unsigned last[ROWS] = {0};
        for (unsigned i = 0; i < PUTS; i++) {
            unsigned row = i * 37 % ROWS;
            last[row] = i;
            snprintf(rows[row], sizeof rows[row], "%020u", row);
            snprintf(values[i], sizeof values[i], "%u.%u", round, i);
            cells[i] = make_cell(rows[row], "f", "q", 5, CELL_PUT, values[i]);
            mutations[i] = make_mutation(MUTATION_PUT, &cells[i], 1);
            operations[i] = make_operation(&mutations[i], 1);
        }
        world_write(world, operations, PUTS);
        for (unsigned row = 0; row < ROWS; row++) {
            char expected[64];
            snprintf(expected, sizeof expected, "%s f:q@5=%s", rows[row], values[last[row]]);
            assert_string_equal(world_get(world, rows[row], NULL, 9), expected);
        }
    }
    assert_status(world_flush(world), STATUS_OK);
    assert_string_equal(world_get(world, rows[0], NULL, 9), "00000000000000000000 f:q@5=1.280");
}

static void test_operations_of_a_write_fail_on_their_own(void **state)
{
    struct tablet_world *world = *state;
    struct cell cells[4] = {make_cell("a", "f", "q", 1, CELL_PUT, "1"),
        make_cell("b", "none", "q", 1, CELL_PUT, "1"), make_cell("c", "f", "q", -5, CELL_PUT, "1"),
        make_cell("a", "f", "q", 1, CELL_PUT, "2")};
    uint8_t *huge = memory_allocate_zeroed(1, LIMIT_CELL_SIZE);
    struct cell large = make_cell("d", "f", "q", 1, CELL_PUT, "");
    large.value = span_make(huge, LIMIT_CELL_SIZE);
    struct mutation mutations[5];
    struct write_operation operations[5];
    for (size_t i = 0; i < 5; i++) {
        mutations[i] = make_mutation(MUTATION_PUT, i < 4 ? &cells[i] : &large, 1);
        operations[i] = make_operation(&mutations[i], 1);
    }
    world_write(world, operations, 5);
    assert_int_equal(operations[0].status, STATUS_OK);
    assert_int_equal(operations[1].status, STATUS_NO_FAMILY);
    assert_int_equal(operations[2].status, STATUS_INVALID);
    assert_int_equal(operations[3].status, STATUS_OK);
    assert_int_equal(operations[4].status, STATUS_LIMIT);
    assert_string_equal(world_scan_all(world), "a f:q@1=2");
    memory_free(huge);
}

struct many {
    struct write write; /* first */
    struct write_operation operation;
    struct mutation mutation;
    struct cell cell;
    uint8_t one[8];
    struct arena arena;
    unsigned *left;
    bool *is_done;
};

static void one_of_many_done(struct write *write)
{
    struct many *many = (struct many *)write;
    *many->is_done = --*many->left == 0;
}

static void test_a_hot_counter_is_not_bound_to_one_sync_each(void **state)
{
    struct tablet_world *world = *state;
    enum { COUNT = 200 };
    struct many *writes = memory_allocate_zeroed(COUNT, sizeof(*writes));
    unsigned left = COUNT;
    bool is_done = false;
    struct store_statistics before;
    struct store_statistics after;
    store_statistics_read(world->store, &before);
    for (size_t i = 0; i < COUNT; i++) {
        struct many *many = &writes[i];
        store_be64(many->one, 1);
        many->cell = make_cell("r", "f", "n", TIMESTAMP_LATEST, CELL_PUT, "");
        many->cell.value = span_make(many->one, 8);
        many->mutation = make_mutation(MUTATION_INCREMENT, &many->cell, 1);
        many->operation = make_operation(&many->mutation, 1);
        many->left = &left;
        many->is_done = &is_done;
        many->write = (struct write){.operations = &many->operation,
            .operation_count = 1,
            .arena = &many->arena,
            .done = one_of_many_done};
        tablet_write(world->tablet, &many->write);
    }
    tablet_world_wait(world, &is_done);
    store_statistics_read(world->store, &after);
    assert_true(after.log_syncs - before.log_syncs < COUNT / 10);
    uint64_t sum = 0;
    for (size_t i = 0; i < COUNT; i++) {
        assert_operation_ok(&writes[i].operation);
        sum += load_be64(writes[i].operation.result_cells[0].value.data);
        arena_deinit(&writes[i].arena);
    }
    assert_int_equal(sum, COUNT * (COUNT + 1) / 2); /* each saw another value */
    memory_free(writes);
}

static void test_an_increment_waits_for_the_disk(void **state)
{
    struct tablet_world *world = *state;
    struct error error = {0};
    assert_int_equal(world_increment(world, "c", "f:n", 5, 0), 5);
    tablet_world_stop(world);
    assert_ok(tablet_world_start(world, &error), &error); /* with an empty cache */
    tablet_world_forget_pages(world);
    assert_int_equal(world_increment(world, "c", "f:n", 1, 77), 6);
    tablet_world_stop(world);
    assert_ok(tablet_world_start(world, &error), &error);
    tablet_world_forget_pages(world);
    assert_int_equal(world_increment(world, "c", "f:n", 1, 77), 6); /* the same nonce */
}

/* The second sixteen cells of a put replace some of the first, and bring others right behind those. */
static void test_a_put_of_many_columns_some_twice_keeps_them_all(void **state)
{
    enum { TOGETHER = 16 };
    struct tablet_world *world = *state;
    char names[2 * TOGETHER][8], expected[1024] = "";
    struct cell cells[2 * TOGETHER];
    for (unsigned i = 0; i < TOGETHER; i++) {
        snprintf(names[i], sizeof names[i], "k%02u", i);
        snprintf(names[TOGETHER + i], sizeof names[i], i % 2 ? "k%02ux" : "k%02u", i / 2);
        cells[i] = make_cell("r", "f", names[i], 5, CELL_PUT, "old");
        cells[TOGETHER + i] = make_cell("r", "f", names[TOGETHER + i], 5, CELL_PUT, "new");
    }
    for (unsigned i = 0; i < TOGETHER; i++) {
        size_t size = strlen(expected);
        snprintf(expected + size, sizeof expected - size,
            i < TOGETHER / 2 ? "%sr f:k%02u@5=new;r f:k%02ux@5=new" : "%sr f:k%02u@5=old",
            i ? ";" : "", i, i);
    }
    struct mutation mutation = make_mutation(MUTATION_PUT, cells, 2 * TOGETHER);
    struct write_operation operation = make_operation(&mutation, 1);
    world_write(world, &operation, 1);
    assert_operation_ok(&operation);
    assert_string_equal(world_scan_all(world), expected);
    assert_status(world_flush(world), STATUS_OK);
    assert_string_equal(world_scan_all(world), expected);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tablet_world_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_conditions_compare_the_given_value_with_the_stored),
        TEST(test_a_condition_that_compares_nothing_is_refused),
        TEST(test_append_and_increment_go_on_from_what_is_stored),
        TEST(test_the_kth_delete_of_the_newest_takes_the_kth_newest),
        TEST(test_row_mutations_are_one),
        TEST(test_a_time_to_live_of_nothing_is_over_at_once),
        TEST(test_the_last_of_two_alike_in_one_mutation_wins),
        TEST(test_rows_too_long_and_times_before_all_time_are_refused),
        TEST(test_puts_behind_a_refused_increment_are_all_written),
        TEST(test_the_last_of_two_alike_in_a_large_batch_wins),
        TEST(test_operations_of_a_write_fail_on_their_own),
        TEST(test_a_hot_counter_is_not_bound_to_one_sync_each),
        TEST(test_an_increment_waits_for_the_disk),
        TEST(test_a_put_of_many_columns_some_twice_keeps_them_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
