#include "storage/cell_batch.h"

#include "base/memory.h"
#include "tests/support/random_cells.h"
#include "tests/support/support.h"

static void encode_two(struct buffer *out, const struct random_cells *cells)
{
    cell_batch_begin(out, 7, 1234567890123, 2);
    cell_batch_operation(out, 99, cells->cells[0].row, 1);
    cell_batch_cell(out, &cells->cells[0]);
    cell_batch_operation(out, 0, cells->cells[1].row, 2);
    cell_batch_cell(out, &cells->cells[1]);
    cell_batch_cell(out, &cells->cells[2]);
    assert_status(buffer_status(out), STATUS_OK);
}

static void make_cells(struct random_cells *cells)
{
    struct dice dice = {1};
    struct random_cells_options options = {.count = 50};
    random_cells_make(cells, &dice, &options);
    cells->cells[2].row = cells->cells[1].row;
}

/* A cell with its sequence gone, as a batch gives it. */
static struct cell unsequenced(struct cell cell)
{
    cell.sequence = 0;
    return cell;
}

static void test_a_batch_reads_back(void **state)
{
    (void)state;
    struct error error = {0};
    struct random_cells cells;
    make_cells(&cells);
    struct buffer bytes = {0};
    encode_two(&bytes, &cells);
    struct cell_batch batch;
    assert_ok(cell_batch_open(buffer_span(&bytes), &batch, &error), &error);
    assert_int_equal(batch.nonce_group, 7);
    assert_int_equal(batch.clock_ms, 1234567890123);
    assert_int_equal(batch.operation_count, 2);
    struct cell cell;
    struct cell expected;
    assert_ok(cell_batch_next_operation(&batch, &error), &error);
    assert_int_equal(batch.nonce, 99);
    assert_ok(cell_batch_next_cell(&batch, &cell, &error), &error);
    expected = unsequenced(cells.cells[0]);
    assert_cells_equal(&cell, &expected);
    assert_status(cell_batch_next_cell(&batch, &cell, &error), STATUS_END);
    assert_ok(cell_batch_next_operation(&batch, &error), &error);
    assert_int_equal(batch.operation, 1);
    assert_int_equal(batch.cell_count, 2);
    assert_ok(cell_batch_next_cell(&batch, &cell, &error), &error);
    expected = unsequenced(cells.cells[1]);
    assert_cells_equal(&cell, &expected);
    assert_status(cell_batch_next_operation(&batch, &error), STATUS_END); /* passes over one */
    buffer_deinit(&bytes);
    random_cells_deinit(&cells);
}

static enum status read_all(struct span bytes)
{
    struct error error;
    struct cell_batch batch;
    enum status status = cell_batch_open(bytes, &batch, &error);
    while (!status)
        status = cell_batch_next_operation(&batch, &error);
    return status;
}

static void test_what_is_cut_or_too_long_is_found(void **state)
{
    (void)state;
    struct random_cells cells;
    make_cells(&cells);
    struct buffer bytes = {0};
    encode_two(&bytes, &cells);
    assert_status(read_all(buffer_span(&bytes)), STATUS_END);
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t *exact = memory_allocate(size + 1); /* so that ASan sees a read past it */
        memcpy(exact + 1, bytes.data, size);
        assert_status(read_all(span_make(exact + 1, size)), STATUS_CORRUPT);
        memory_free(exact);
    }
    buffer_put_u8(&bytes, 0);
    assert_status(read_all(buffer_span(&bytes)), STATUS_CORRUPT);
    bytes.data[0] = CELL_BATCH_VERSION + 1;
    assert_status(read_all(buffer_span(&bytes)), STATUS_NEWER_FORMAT);
    buffer_deinit(&bytes);
    random_cells_deinit(&cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_batch_reads_back),
        cmocka_unit_test(test_what_is_cut_or_too_long_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
