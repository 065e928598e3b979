#include "storage/memtable.h"

#include <stdio.h>

#include "tests/support/random_cells.h"
#include "tests/support/support.h"

enum { SEEDS = 100 };

static void check_forward(struct cell_iterator *iterator, const struct random_cells *cells,
    size_t at, uint64_t read_point, enum status status)
{
    struct error error = {0};
    for (; at < cells->count; at++) {
        if (cells->cells[at].sequence > read_point)
            continue;
        assert_int_equal(status, STATUS_OK);
        assert_true(iterator->is_valid);
        assert_cells_equal(&iterator->cell, &cells->cells[at]);
        status = cell_iterator_next(iterator, &error);
    }
    assert_int_equal(status, STATUS_END);
    assert_false(iterator->is_valid);
}

/* Index of the first visible cell of the greatest visible row before `row`; count when there is none. */
static size_t expect_before(const struct random_cells *cells, struct span row, uint64_t read_point)
{
    size_t found = cells->count;
    for (size_t i = 0; i < cells->count; i++) {
        if (row.size > 0 && row_compare(cells->order, cells->cells[i].row, row) >= 0)
            break;
        if (cells->cells[i].sequence > read_point)
            continue;
        if (found == cells->count || !span_equal(cells->cells[found].row, cells->cells[i].row))
            found = i;
    }
    return found;
}

/* What a memtable may be told that its rows begin with: true of all, of some, or of none. */
static struct span random_shared(struct dice *dice, struct span row)
{
    static const uint8_t others[] = {0x00, 0x80, 0xff, 0xff};
    if (dice_chance(dice, 30))
        return SPAN_EMPTY;
    if (dice_chance(dice, 15))
        return span_make(others + dice_below(dice, 3), 1 + dice_below(dice, 2));
    return span_make(row.data, dice_below(dice, row.size + 1));
}

/* Puts runs of places in order, so that what comes next often lies behind what came last. */
static void sort_runs(struct dice *dice, size_t *places, size_t count)
{
    for (size_t begin = 0; begin < count;) {
        size_t end = begin + 1 + dice_below(dice, 100);
        end = end < count ? end : count;
        for (size_t i = begin + 1; i < end; i++)
            for (size_t j = i; j > begin && places[j - 1] > places[j]; j--) {
                size_t greater = places[j - 1];
                places[j - 1] = places[j];
                places[j] = greater;
            }
        begin = end;
    }
}

static void run_seed(uint64_t seed, void *context)
{
    (void)context;
    struct error error = {0};
    struct dice dice = {seed};
    struct random_cells cells;
    struct random_cells_options options = {
        .order = dice_chance(&dice, 20) ? ROW_ORDER_META : ROW_ORDER_BYTES,
        .count = 1 + dice_below(&dice, 2000)};
    random_cells_make(&cells, &dice, &options);
    struct memtable_memory *memory = memtable_memory_new(1 << 30);
    struct memtable *memtable = memtable_new(memory, SPAN_LITERAL("f"), options.order,
        random_shared(&dice, cells.cells[dice_below(&dice, cells.count)].row));
    /* Given: added in order, shuffled, or shuffled in runs that are in order. */
    size_t *order = arena_allocate(&cells.arena, cells.count * sizeof(*order));
    for (size_t i = 0; i < cells.count; i++)
        order[i] = i;
    for (size_t i = cells.count; dice_chance(&dice, 70) && i > 1; i--) {
        size_t other = dice_below(&dice, i);
        size_t swapped = order[i - 1];
        order[i - 1] = order[other];
        order[other] = swapped;
    }
    if (dice_chance(&dice, 50))
        sort_runs(&dice, order, cells.count);
    for (size_t i = 0; i < cells.count;) {
        const struct cell *next[MEMTABLE_TOGETHER];
        uint64_t sequences[MEMTABLE_TOGETHER];
        size_t count = 0, most = 1 + dice_below(&dice, MEMTABLE_TOGETHER);
        for (; count < most && i + count < cells.count; count++) {
            next[count] = &cells.cells[order[i + count]];
            sequences[count] = next[count]->sequence;
        }
        if (dice_chance(&dice, 20))
            memtable_warm(memtable, next, count);
        if (dice_chance(&dice, 50)) {
            assert_status(memtable_add_all(memtable, next, sequences, count), STATUS_OK);
            i += count;
        } else {
            assert_status(memtable_add(memtable, next[0], sequences[0]), STATUS_OK);
            i++;
        }
        struct span shared;
        if (dice_chance(&dice, 1) || memtable_should_share(memtable, SPAN_EMPTY, &shared)) {
            struct memtable *made = memtable_remake(memtable, random_shared(&dice, next[0]->row));
            memtable_unref(memtable);
            memtable = made;
        }
    }
    assert_int_equal(memtable_cell_count(memtable), cells.count);
    assert_true(memtable_memory_bytes(memory) == memtable_reserved_bytes(memtable));
    for (unsigned i = 0; i < 30; i++) {
        uint64_t read_point = dice_chance(&dice, 50)
                                  ? UINT64_MAX
                                  : cells.cells[dice_below(&dice, cells.count)].sequence;
        struct memtable_iterator iterator;
        memtable_iterator_init(&iterator, memtable, read_point);
        struct cell probe = random_probe(&cells, &dice);
        enum status status = cell_iterator_seek(&iterator.base, &probe, &error);
        check_forward(
            &iterator.base, &cells, random_cells_lower_bound(&cells, &probe), read_point, status);
        status = cell_iterator_seek_before_row(&iterator.base, probe.row, &error);
        size_t before = expect_before(&cells, probe.row, read_point);
        if (before == cells.count) {
            assert_int_equal(status, STATUS_END);
        } else {
            assert_int_equal(status, STATUS_OK);
            assert_cells_equal(&iterator.base.cell, &cells.cells[before]);
        }
    }
    struct memtable_iterator all;
    memtable_iterator_init(&all, memtable, UINT64_MAX);
    check_forward(&all.base, &cells, 0, UINT64_MAX, cell_iterator_seek_first(&all.base, &error));
    memtable_unref(memtable);
    assert_int_equal(memtable_memory_bytes(memory), 0);
    memtable_memory_free(memory);
    random_cells_deinit(&cells);
}

static void test_a_memtable_is_a_sorted_array(void **state)
{
    (void)state;
    for_each_seed(SEEDS, run_seed, NULL);
}

/* Rows that part late, end inside each other, and hold bytes over 0x7f. */
static void long_beginnings_seed(uint64_t seed, void *context)
{
    (void)context;
    struct error error = {0};
    struct dice dice = {seed};
    struct memtable_memory *memory = memtable_memory_new(64 << 20);
    static const uint8_t alphabet[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    size_t common = dice_below(&dice, 24);
    struct memtable *memtable = memtable_new(memory, SPAN_LITERAL("f"), ROW_ORDER_BYTES,
        random_shared(&dice, span_make("0000000000000000000000000", common)));
    for (uint64_t i = 1; i <= 500; i++) {
        uint8_t row[40];
        memset(row, '0', common);
        size_t size = common + 1 + dice_below(&dice, 12);
        for (size_t j = common; j < size; j++)
            row[j] = alphabet[dice_below(&dice, sizeof(alphabet))];
        struct cell cell = {.row = span_make(row, size - dice_below(&dice, 2)),
            .family = SPAN_LITERAL("f"),
            .timestamp = 1,
            .type = CELL_PUT};
        if (cell.row.size > 0)
            assert_status(memtable_add(memtable, &cell, i), STATUS_OK);
    }
    struct memtable_iterator all;
    memtable_iterator_init(&all, memtable, UINT64_MAX);
    assert_true(memtable_shared_row(memtable).size >= common);
    struct span before = SPAN_EMPTY;
    size_t seen = 0;
    for (enum status status = cell_iterator_seek_first(&all.base, &error); status == STATUS_OK;
         status = cell_iterator_next(&all.base, &error), seen++) {
        assert_true(row_compare(ROW_ORDER_BYTES, before, all.base.cell.row) <= 0);
        before = all.base.cell.row;
    }
    assert_int_equal(seen, memtable_cell_count(memtable));
    memtable_unref(memtable);
    memtable_memory_free(memory);
}

static void test_rows_with_long_common_beginnings(void **state)
{
    (void)state;
    for_each_seed(SEEDS, long_beginnings_seed, NULL);
}

/* Rows "user", six digits and a tail, from `first` on, until the memtable has `count` cells. */
static void add_users(struct memtable *memtable, unsigned first, uint64_t count)
{
    while (memtable_cell_count(memtable) < count) {
        char row[32];
        snprintf(row, sizeof row, "user%06u/and-behind-it", first++);
        struct cell cell = {
            .row = span_string(row), .family = SPAN_LITERAL("f"), .timestamp = 1, .type = CELL_PUT};
        assert_status(memtable_add(memtable, &cell, first), STATUS_OK);
    }
}

static void test_what_rows_share_shows_when_some_are_there(void **state)
{
    (void)state;
    struct memtable_memory *memory = memtable_memory_new(64 << 20);
    struct memtable *memtable = memtable_new(
        memory, SPAN_LITERAL("f"), ROW_ORDER_BYTES, SPAN_EMPTY);
    struct span shared;
    add_users(memtable, 100, 63);
    assert_false(memtable_should_share(memtable, SPAN_EMPTY, &shared));
    add_users(memtable, 163, 64);
    assert_true(memtable_should_share(memtable, SPAN_EMPTY, &shared));
    assert_true(span_equal(shared, SPAN_LITERAL("user0001")));
    struct memtable *made = memtable_remake(memtable, shared);
    memtable_unref(memtable);
    assert_int_equal(memtable_cell_count(made), 64);
    /* Once a size; and at the next one, what the caller knows of the rows to come counts too. */
    assert_false(memtable_should_share(made, SPAN_EMPTY, &shared));
    add_users(made, 164, 512);
    assert_true(memtable_should_share(made, SPAN_LITERAL("use"), &shared));
    assert_true(span_equal(shared, SPAN_LITERAL("use")));
    memtable = memtable_remake(made, shared);
    memtable_unref(made);
    add_users(memtable, 676, 4096);
    assert_true(memtable_should_share(memtable, SPAN_EMPTY, &shared));
    assert_true(span_equal(shared, SPAN_LITERAL("user00")));
    add_users(memtable, 4260, 40000);
    assert_false(memtable_should_share(memtable, SPAN_EMPTY, &shared));
    /* Short rows keep eight bytes that tell them apart. */
    assert_int_equal(memtable_shared_size(8, SPAN_LITERAL("user000100")), 2);
    assert_int_equal(memtable_shared_size(8, SPAN_LITERAL("user000100/and-behind-it")), 8);
    assert_int_equal(memtable_shared_size(3, SPAN_LITERAL("user")), 0);
    memtable_unref(memtable);
    assert_int_equal(memtable_memory_bytes(memory), 0);
    memtable_memory_free(memory);
}

static void add_columns(
    struct memtable *memtable, const char *first, const char *second, const char *value)
{
    struct cell cells[2];
    const char *const names[] = {first, second};
    for (size_t i = 0; i < 2; i++)
        cells[i] = (struct cell){.row = SPAN_LITERAL("r"),
            .family = SPAN_LITERAL("f"),
            .qualifier = span_string(names[i]),
            .value = span_string(value),
            .timestamp = 1,
            .type = CELL_PUT};
    const struct cell *const places[] = {&cells[0], &cells[1]};
    assert_status(memtable_add_all(memtable, places, (uint64_t[]){7, 7}, 2), STATUS_OK);
}

/* A put that names a column twice: the later takes the earlier one's place, which is no place to link others behind. */
static void test_what_comes_behind_a_replaced_cell_is_there(void **state)
{
    static const char *const stories[][5] = {
        {"q1", "q9", "q1", "q2", "q1=new q2=new q9=old "}, /* all levels searched */
        {"q5", "q1", "q5", "q6", "q1=old q5=new q6=new "}, /* from the last added */
        {"q1", "q5", "q5", "q6", "q1=old q5=new q6=new "},
        {"q5", "q6", "q5", "q6", "q5=new q6=new "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        struct memtable_memory *memory = memtable_memory_new(64 << 20);
        struct memtable *memtable = memtable_new(
            memory, SPAN_LITERAL("f"), ROW_ORDER_BYTES, SPAN_EMPTY);
        add_columns(memtable, stories[i][0], stories[i][1], "old");
        add_columns(memtable, stories[i][2], stories[i][3], "new");
        char found[64] = "";
        struct error error;
        struct memtable_iterator all;
        memtable_iterator_init(&all, memtable, UINT64_MAX);
        for (enum status status = cell_iterator_seek_first(&all.base, &error); status == STATUS_OK;
             status = cell_iterator_next(&all.base, &error)) {
            const struct cell *cell = &all.base.cell;
            size_t size = strlen(found);
            snprintf(found + size, sizeof found - size, "%.*s=%.*s ", (int)cell->qualifier.size,
                (const char *)cell->qualifier.data, (int)cell->value.size,
                (const char *)cell->value.data);
        }
        assert_string_equal(found, stories[i][4]);
        memtable_unref(memtable);
        memtable_memory_free(memory);
    }
}

/* Many columns of one row, some twice, in batches: all that was added last is found. */
static void repeated_columns_seed(uint64_t seed, void *context)
{
    (void)context;
    enum { COLUMNS = 200 };
    struct dice dice = {seed};
    struct error error;
    struct memtable_memory *memory = memtable_memory_new(64 << 20);
    struct memtable *memtable = memtable_new(
        memory, SPAN_LITERAL("f"), ROW_ORDER_BYTES, SPAN_EMPTY);
    uint32_t last[COLUMNS] = {0};
    for (uint32_t round = 1; round < 200; round++) {
        uint8_t names[MEMTABLE_TOGETHER];
        uint32_t values[MEMTABLE_TOGETHER];
        struct cell cells[MEMTABLE_TOGETHER];
        const struct cell *places[MEMTABLE_TOGETHER];
        uint64_t sequences[MEMTABLE_TOGETHER];
        size_t count = 1 + dice_below(&dice, MEMTABLE_TOGETHER);
        size_t first = dice_below(&dice, COLUMNS);
        for (size_t i = 0; i < count; i++) {
            /* mostly onward, and near */
            first = dice_chance(&dice, 80) ? first + dice_below(&dice, 4)
                                           : dice_below(&dice, COLUMNS);
            names[i] = (uint8_t)(first % COLUMNS);
            values[i] = last[names[i]] = round * MEMTABLE_TOGETHER + (uint32_t)i;
            cells[i] = (struct cell){.row = SPAN_LITERAL("r"),
                .family = SPAN_LITERAL("f"),
                .qualifier = span_make(&names[i], 1),
                .value = span_make(&values[i], sizeof values[i]),
                .timestamp = 1,
                .type = CELL_PUT};
            places[i] = &cells[i];
            sequences[i] = 7;
        }
        assert_status(memtable_add_all(memtable, places, sequences, count), STATUS_OK);
    }
    struct memtable_iterator all;
    memtable_iterator_init(&all, memtable, UINT64_MAX);
    enum status status = cell_iterator_seek_first(&all.base, &error);
    for (unsigned name = 0; name < COLUMNS; name++) {
        if (last[name] == 0)
            continue;
        assert_status(status, STATUS_OK);
        assert_int_equal(all.base.cell.qualifier.data[0], name);
        assert_memory_equal(all.base.cell.value.data, &last[name], sizeof last[name]);
        status = cell_iterator_next(&all.base, &error);
    }
    assert_status(status, STATUS_END);
    memtable_unref(memtable);
    memtable_memory_free(memory);
}

static void test_columns_named_again_and_again(void **state)
{
    (void)state;
    for_each_seed(SEEDS, repeated_columns_seed, NULL);
}

static void test_huge_cells_and_whole_chunks(void **state)
{
    (void)state;
    struct memtable_memory *memory = memtable_memory_new(64 << 20);
    struct memtable *memtable = memtable_new(
        memory, SPAN_LITERAL("f"), ROW_ORDER_BYTES, SPAN_EMPTY);
    static uint8_t value[5 << 20];
    for (uint32_t i = 0; i < 12; i++) {
        uint8_t row[4];
        store_be32(row, i);
        struct cell cell = {.row = span_make(row, 4),
            .family = SPAN_LITERAL("f"),
            .value = span_make(value, i % 3 ? sizeof(value) >> i : 700000),
            .type = CELL_PUT};
        assert_status(memtable_add(memtable, &cell, i + 1), STATUS_OK);
    }
    struct error error;
    struct memtable_iterator iterator;
    memtable_iterator_init(&iterator, memtable, UINT64_MAX);
    unsigned count = 0;
    for (enum status status = cell_iterator_seek_first(&iterator.base, &error); status == STATUS_OK;
         status = cell_iterator_next(&iterator.base, &error))
        assert_int_equal(load_be32(iterator.base.cell.row.data), count++);
    assert_int_equal(count, 12);
    memtable_unref(memtable);
    memtable_memory_free(memory);
}

static void test_pressure_rises_with_what_is_handed_out(void **state)
{
    (void)state;
    struct memtable_memory *memory = memtable_memory_new(10 * MEMTABLE_CHUNK_BYTES);
    uint8_t *chunks[11];
    size_t size;
    for (size_t i = 0; i < 11; i++) {
        enum memtable_pressure expected = i <= 4   ? MEMTABLE_PRESSURE_NONE
                                          : i <= 8 ? MEMTABLE_PRESSURE_FLUSH
                                                   : MEMTABLE_PRESSURE_DELAY;
        assert_int_equal(memtable_memory_pressure(memory), expected);
        chunks[i] = memtable_memory_take(memory, MEMTABLE_CHUNK_BYTES, &size);
        assert_non_null(chunks[i]);
    }
    assert_int_equal(memtable_memory_pressure(memory), MEMTABLE_PRESSURE_FULL);
    assert_true(memtable_memory_ask_flush(memory));
    assert_false(memtable_memory_ask_flush(memory));
    memtable_memory_flush_ended(memory);
    assert_true(memtable_memory_ask_flush(memory));
    for (size_t i = 0; i < 11; i++)
        memtable_memory_give(memory, chunks[i], size);
    assert_int_equal(memtable_memory_pressure(memory), MEMTABLE_PRESSURE_NONE);
    memtable_memory_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_memtable_is_a_sorted_array),
        cmocka_unit_test(test_rows_with_long_common_beginnings),
        cmocka_unit_test(test_what_rows_share_shows_when_some_are_there),
        cmocka_unit_test(test_what_comes_behind_a_replaced_cell_is_there),
        cmocka_unit_test(test_columns_named_again_and_again),
        cmocka_unit_test(test_huge_cells_and_whole_chunks),
        cmocka_unit_test(test_pressure_rises_with_what_is_handed_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
