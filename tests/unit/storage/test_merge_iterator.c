/* Merges of memtables against one sorted array. */
#include "storage/merge_iterator.h"

#include "storage/memtable.h"
#include "tests/support/random_cells.h"
#include "tests/support/support.h"

enum { SEEDS = 200, RUNS_MAX = 6 };

struct parts {
    struct memtable *memtables[RUNS_MAX];
    struct memtable_iterator iterators[RUNS_MAX];
    size_t count;
};

static struct cell_iterator *merge(struct parts *parts, enum row_order order)
{
    struct error error = {0};
    struct cell_iterator *sources[RUNS_MAX];
    struct cell_iterator *merged;
    for (size_t i = 0; i < parts->count; i++) {
        memtable_iterator_init(&parts->iterators[i], parts->memtables[i], UINT64_MAX);
        sources[i] = &parts->iterators[i].base;
    }
    assert_ok(merge_iterator_new(order, sources, parts->count, &merged, &error), &error);
    return merged;
}

/* Walks on a little, as readers do: steps and forward seeks. */
static void walk(
    struct cell_iterator *merged, struct random_cells *cells, size_t at, struct dice *dice)
{
    struct error error = {0};
    while (at < cells->count && !dice_chance(dice, 3)) {
        assert_true(merged->is_valid);
        assert_cells_equal(&merged->cell, &cells->cells[at]);
        if (dice_chance(dice, 80)) {
            cell_iterator_next(merged, &error);
            at++;
        } else {
            size_t target = at + dice_below(dice, cells->count - at);
            cell_iterator_seek(merged, &cells->cells[target], &error);
            at = target;
        }
    }
    if (at == cells->count)
        assert_false(merged->is_valid);
}

/* All rows from the end, and the cells of some of them. */
static void walk_back(
    struct cell_iterator *merged, const struct random_cells *cells, struct dice *dice)
{
    struct error error = {0};
    struct span row = SPAN_EMPTY;
    size_t end = cells->count;
    while (end > 0) {
        size_t first = end - 1;
        while (first > 0 && span_equal(cells->cells[first - 1].row, cells->cells[end - 1].row))
            first--;
        assert_status(cell_iterator_seek_before_row(merged, row, &error), STATUS_OK);
        for (size_t i = first; i < end; i++) {
            assert_true(merged->is_valid);
            assert_cells_equal(&merged->cell, &cells->cells[i]);
            if (dice_chance(dice, 20))
                break;
            cell_iterator_next(merged, &error);
        }
        row = cells->cells[first].row;
        end = first;
    }
    assert_status(cell_iterator_seek_before_row(merged, row, &error), STATUS_END);
}

static void run_seed(uint64_t seed, void *context)
{
    (void)context;
    struct error error = {0};
    struct dice dice = {seed};
    struct random_cells cells;
    struct random_cells_options options = {
        .order = dice_chance(&dice, 20) ? ROW_ORDER_META : ROW_ORDER_BYTES,
        .count = 1 + dice_below(&dice, 500)};
    random_cells_make(&cells, &dice, &options);
    struct memtable_memory *memory = memtable_memory_new(1 << 30);
    struct parts parts = {.count = dice_below(&dice, RUNS_MAX + 1)};
    for (size_t i = 0; i < parts.count; i++)
        parts.memtables[i] = memtable_new(memory, SPAN_LITERAL("f"), options.order, SPAN_EMPTY);
    if (parts.count == 0)
        cells.count = 0;
    for (size_t i = 0; i < cells.count; i++)
        assert_status(memtable_add(parts.memtables[dice_below(&dice, parts.count)], &cells.cells[i],
                          cells.cells[i].sequence),
            STATUS_OK);
    struct cell_iterator *merged = merge(&parts, options.order);
    for (unsigned i = 0; cells.count > 0 && i < 30; i++) {
        struct cell probe = random_probe(&cells, &dice);
        enum status status = cell_iterator_seek(merged, &probe, &error);
        size_t at = random_cells_lower_bound(&cells, &probe);
        assert_int_equal(status, at < cells.count ? STATUS_OK : STATUS_END);
        walk(merged, &cells, at, &dice);
        if (dice_chance(&dice, 10))
            walk_back(merged, &cells, &dice);
    }
    cell_iterator_seek_first(merged, &error);
    walk(merged, &cells, 0, &dice);
    cell_iterator_close(merged);
    for (size_t i = 0; i < parts.count; i++)
        memtable_unref(parts.memtables[i]);
    memtable_memory_free(memory);
    random_cells_deinit(&cells);
}

static void test_a_merge_is_one_sorted_array(void **state)
{
    (void)state;
    for_each_seed(SEEDS, run_seed, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_merge_is_one_sorted_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
