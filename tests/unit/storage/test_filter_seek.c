/* Filters on row keys go to the rows they want instead of walking there: the same rows as a walk gives, and few
 * looked at, over files and memtables, forward and back, with the disk refused on the way. */
#include "tests/support/tablet_world.h"

#include <stdio.h>

#include "base/log_lines.h"
#include "model/filter.h"

enum { ROWS = 3000 };

/* r0000 ... r2999, every third in two families; most in a file, the last ones put in memory. */
static void load(struct tablet_world *world)
{
    for (int i = 0; i < ROWS; i++) {
        int number = i * 7 % ROWS; /* 7 and ROWS have no common divisor */
        char row[16];
        snprintf(row, sizeof row, "r%04d", number);
        world_put(world, row, "f:q", 1, "v");
        if (number % 3 == 0)
            world_put(world, row, "g:q", 1, "v");
        if (i == ROWS / 2 || i == ROWS * 3 / 4)
            assert_status(world_flush(world), STATUS_OK);
    }
}

static int made(void **state)
{
    static struct tablet_world world;
    struct error error = {0};
    log_set_level(LOG_ERROR);
    tablet_world_init(&world, 1, ENV_MEMORY_SEEDED);
    tablet_world_set_families(&world, "f;g");
    assert_ok(tablet_world_start(&world, &error), &error);
    load(&world);
    *state = &world;
    return 0;
}

static int freed(void **state)
{
    tablet_world_deinit(*state);
    return 0;
}

/* Scans in small steps, each of which may first be refused the disk; returns the rows looked at. */
static uint64_t scan(struct tablet_world *world, const struct filter_node *filter, bool is_reversed,
    struct world_cells *cells)
{
    struct scan_request request;
    struct scan_progress progress = {0};
    struct scanner *scanner;
    struct error error = {0};
    uint64_t rows_scanned = 0;
    bool may_block = false;
    scan_request_init(&request);
    request.is_reversed = is_reversed;
    request.read.filter = filter;
    world_cells_init(cells, world);
    assert_ok(scanner_open(world->tablet, &request, &scanner, &error), &error);
    while (progress.stop != SCAN_STOP_END && progress.stop != SCAN_STOP_FILTER) {
        struct scan_limits limits = {
            .results = 7, .rows = UINT64_MAX, .bytes = UINT64_MAX, .may_block = may_block};
        if (!may_block)
            tablet_world_forget_pages(world);
        enum status status = scanner_next(scanner, &limits, &cells->sink, &progress, &error);
        rows_scanned += progress.rows_scanned;
        may_block = status == STATUS_WOULD_BLOCK;
        if (!may_block)
            assert_ok(status, &error);
    }
    scanner_close(scanner);
    return rows_scanned;
}

/* The rows, in the scan's order, as the numbers that `wants` names; and how many were looked at. */
static void check(struct tablet_world *world, const struct filter_node *filter,
    bool (*wants)(int number), uint64_t looks_most)
{
    for (int is_reversed = 0; is_reversed < 2; is_reversed++) {
        struct world_cells cells;
        uint64_t looks = scan(world, filter, is_reversed, &cells);
        size_t at = 0;
        for (int i = 0; i < ROWS; i++) {
            int number = is_reversed ? ROWS - 1 - i : i;
            char row[16];
            snprintf(row, sizeof row, "r%04d", number);
            for (int family = 0; wants(number) && family < (number % 3 == 0 ? 2 : 1); family++) {
                assert_true(at < cells.count);
                assert_spans_equal(cells.cells[at++].row, span_string(row));
            }
        }
        assert_int_equal(at, cells.count);
        print_message("%d results, %d rows looked at\n", (int)cells.result_count, (int)looks);
        assert_true(looks <= looks_most);
        world_cells_deinit(&cells);
    }
}

static bool is_in_the_1500s(int number)
{
    return number / 100 == 15;
}

static void a_prefix_is_gone_to(void **state)
{
    struct filter_node node = {.kind = FILTER_PREFIX, .bytes = SPAN_LITERAL("r15")};
    check(*state, &node, is_in_the_1500s, 102);
}

static void a_row_comparison_is_gone_to(void **state)
{
    struct comparator comparator = {.kind = COMPARATOR_BINARY_PREFIX, .value = SPAN_LITERAL("r15")};
    struct filter_node node = {.kind = FILTER_ROW, .op = COMPARE_EQUAL, .comparator = &comparator};
    struct filter_node stop = {.kind = FILTER_PREFIX, .bytes = SPAN_LITERAL("r15")};
    const struct filter_node *both[] = {&node, &stop};
    struct filter_node list = {.kind = FILTER_LIST, .op = 1, .children = both, .child_count = 2};
    check(*state, &list, is_in_the_1500s, 102);
}

static bool is_in_a_range(int number)
{
    return (number >= 100 && number < 110) || (number > 2000 && number <= 2010) || number == 2900;
}

static void ranges_are_gone_to(void **state)
{
    struct filter_range ranges[] = {
        {SPAN_LITERAL("r0100"), SPAN_LITERAL("r0110"), true, false},
        {SPAN_LITERAL("r2000"), SPAN_LITERAL("r2010"), false, true},
        {SPAN_LITERAL("r2900"), SPAN_LITERAL("r2900"), true, true},
    };
    struct filter_node node = {.kind = FILTER_MULTI_ROW_RANGE, .ranges = ranges, .range_count = 3};
    check(*state, &node, is_in_a_range, 21 + 8);
}

static bool ends_in_77(int number)
{
    return number % 100 == 77;
}

static void patterns_are_gone_to(void **state)
{
    struct filter_range pattern = {
        SPAN_LITERAL("r0077"), span_make((const uint8_t *)"\0\1\1\0\0", 5), false, false};
    struct filter_node node = {.kind = FILTER_FUZZY_ROW, .ranges = &pattern, .range_count = 1};
    /* After r0077 it looks at r0078, r0100 and r0170 before r0177: rows "r01" and "r017" would match too. Back, one more. */
    check(*state, &node, ends_in_77, 5 * 30 + 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_is_gone_to),
        cmocka_unit_test(a_row_comparison_is_gone_to),
        cmocka_unit_test(ranges_are_gone_to),
        cmocka_unit_test(patterns_are_gone_to),
    };
    return cmocka_run_group_tests(tests, made, freed);
}
