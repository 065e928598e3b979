/* Scanners against a sorted array: random rows over memtables and SSTables, random requests, cut
 * anywhere by random limits, with the disk refused at random. */
#include "tests/support/tablet_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/dice.h"
#include "base/log_lines.h"
#include "base/memory.h"

enum { SEEDS = 60, CELLS_MAX = 400, SCANS = 40, VERSIONS = 3 };

/* How often it got interesting: an idle run proves nothing. */
static unsigned blocked, cut_in_row, cells_compared;

struct model {
    struct cell *cells; /* sorted: what a scan of everything with all versions gives */
    size_t count;
};

static int compare_cells(const void *a, const void *b)
{
    return cell_compare(ROW_ORDER_BYTES, a, b);
}

static struct span random_text(struct arena *arena, struct dice *dice, const char *stem, unsigned n)
{
    char text[32];
    snprintf(text, sizeof(text), "%s%02u", stem, (unsigned)dice_below(dice, n));
    return arena_copy(arena, span_string(text));
}

/* Puts random cells, flushing and compacting now and then; all stay within VERSIONS. */
static void load(struct tablet_world *world, struct dice *dice, struct model *model)
{
    size_t count = 1 + dice_below(dice, CELLS_MAX);
    model->cells = memory_allocate(count * sizeof(struct cell));
    model->count = 0;
    unsigned rows = 1 + (unsigned)dice_below(dice, 40);
    for (size_t i = 0; i < count; i++) {
        struct cell cell = {.row = random_text(&world->arena, dice, "r", rows),
            .family = span_string(dice_below(dice, 3) ? "f" : "g"),
            .qualifier = random_text(&world->arena, dice, "q", 12),
            .value = random_text(&world->arena, dice, "value", 100),
            .timestamp = 1 + (int64_t)dice_below(dice, 6),
            .type = CELL_PUT};
        char column[16];
        snprintf(column, sizeof(column), "%.1s:%.3s", (const char *)cell.family.data,
            (const char *)cell.qualifier.data);
        char row[8];
        snprintf(row, sizeof(row), "%.3s", (const char *)cell.row.data);
        char value[16];
        snprintf(value, sizeof(value), "%.7s", (const char *)cell.value.data);
        world_put(world, row, column, cell.timestamp, value);
        size_t at = 0;
        while (at < model->count && compare_cells(&model->cells[at], &cell) != 0)
            at++;
        model->cells[at] = cell; /* the later put of one version wins */
        model->count += at == model->count;
        if (dice_below(dice, 100) == 0)
            assert_status(world_flush(world), STATUS_OK);
        if (dice_below(dice, 300) == 0)
            assert_status(world_compact(world, dice_below(dice, 2) == 0), STATUS_OK);
    }
    qsort(model->cells, model->count, sizeof(struct cell), compare_cells);
}

static bool is_row_in(const struct scan_request *request, struct span row)
{
    int sign = request->is_reversed ? -1 : 1;
    if (request->start_row.size > 0) {
        int order = sign * span_compare(row, request->start_row);
        if (order < 0 || (order == 0 && !request->is_start_inclusive))
            return false;
    }
    if (request->stop_row.size > 0) {
        int order = sign * span_compare(row, request->stop_row);
        if (order > 0 || (order == 0 && !request->is_stop_inclusive))
            return false;
    }
    return true;
}

static bool is_selected(const struct read_request *request, struct span family)
{
    return request->family_count == 0 || span_equal(request->families[0].family, family);
}

/* The cells of model[first, end), one row, that the request wants. */
static void expect_row(const struct model *model, size_t first, size_t end,
    const struct read_request *request, struct cell *out, size_t *count)
{
    unsigned versions = 0;
    unsigned given = 0;
    for (size_t i = first; i < end; i++) {
        const struct cell *cell = &model->cells[i];
        if (i == first || cell_compare_column(cell, cell - 1) != 0)
            versions = 0;
        if (i == first || !span_equal(cell->family, cell[-1].family))
            given = 0;
        if (!is_selected(request, cell->family) || versions >= request->max_versions ||
            versions >= VERSIONS)
            continue;
        versions++;
        given++;
        if (given <= request->store_offset ||
            (request->store_limit && given > request->store_limit + request->store_offset))
            continue;
        out[(*count)++] = *cell;
    }
}

static size_t expect(
    const struct model *model, const struct scan_request *request, struct cell *out)
{
    size_t count = 0;
    size_t at = request->is_reversed ? model->count : 0;
    while (request->is_reversed ? at > 0 : at < model->count) {
        size_t first = at;
        size_t end = at;
        if (request->is_reversed) {
            first--;
            while (first > 0 && span_equal(model->cells[first - 1].row, model->cells[end - 1].row))
                first--;
            at = first;
        } else {
            while (end < model->count && span_equal(model->cells[end].row, model->cells[at].row))
                end++;
            at = end;
        }
        if (is_row_in(request, model->cells[first].row))
            expect_row(model, first, end, &request->read, out, &count);
    }
    return count;
}

static void random_request(struct tablet_world *world, struct dice *dice,
    struct scan_request *request, struct family_selection *selection)
{
    scan_request_init(request);
    request->is_reversed = dice_below(dice, 3) == 0;
    request->is_start_inclusive = dice_below(dice, 2);
    request->is_stop_inclusive = dice_below(dice, 2);
    if (dice_below(dice, 2))
        request->start_row = random_text(&world->arena, dice, "r", 45);
    if (dice_below(dice, 2))
        request->stop_row = random_text(&world->arena, dice, "r", 45);
    request->batch = dice_below(dice, 3) ? 0 : 1 + (uint32_t)dice_below(dice, 5);
    request->read.max_versions = 1 + (uint32_t)dice_below(dice, 4);
    if (dice_below(dice, 4) == 0)
        request->read.store_limit = 1 + (uint32_t)dice_below(dice, 4);
    if (dice_below(dice, 4) == 0)
        request->read.store_offset = (uint32_t)dice_below(dice, 3);
    if (dice_below(dice, 3) == 0) {
        *selection = (struct family_selection){
            .family = span_string(dice_below(dice, 2) ? "f" : "g")};
        request->read.families = selection;
        request->read.family_count = 1;
    }
    request->read.is_cache_fill = dice_below(dice, 2);
}

/* What must hold of how cells are grouped, whatever the limits were. */
static void check_results(
    const struct world_cells *cells, const struct scan_request *request, bool is_partial_allowed)
{
    size_t first = 0;
    for (size_t i = 0; i < cells->result_count; i++) {
        size_t end = cells->result_ends[i];
        for (size_t j = first + 1; j < end; j++)
            assert_spans_equal(cells->cells[j].row, cells->cells[first].row);
        if (request->batch > 0)
            assert_true(end - first <= request->batch);
        bool is_same_row = i + 1 < cells->result_count &&
                           span_equal(cells->cells[end].row, cells->cells[first].row);
        if (is_same_row)
            assert_true(cells->result_is_partial[i]);
        if (!is_partial_allowed && request->batch == 0)
            assert_false(cells->result_is_partial[i]);
        first = end;
    }
    assert_int_equal(first, cells->count);
}

static void run_scan(struct tablet_world *world, struct dice *dice, const struct model *model)
{
    struct error error = {0};
    struct scan_request request;
    struct family_selection selection;
    random_request(world, dice, &request, &selection);
    struct cell *expected = memory_allocate((model->count + 1) * sizeof(struct cell));
    size_t count = expect(model, &request, expected);
    struct scanner *scanner;
    assert_ok(scanner_open(world->tablet, &request, &scanner, &error), &error);
    bool is_partial_allowed = dice_below(dice, 2);
    struct world_cells cells;
    world_cells_init(&cells, world);
    bool may_block = false;
    struct scan_progress progress;
    do {
        struct scan_limits limits = {
            .results = dice_below(dice, 3) ? UINT64_MAX : 1 + dice_below(dice, 3),
            .rows = dice_below(dice, 3) ? UINT64_MAX : 1 + dice_below(dice, 3),
            .bytes = dice_below(dice, 3) ? UINT64_MAX : 1 + dice_below(dice, 300),
            .is_partial_allowed = is_partial_allowed,
            .may_block = may_block};
        size_t before = cells.result_count;
        if (dice_below(dice, 2))
            tablet_world_forget_pages(world);
        enum status status = scanner_next(scanner, &limits, &cells.sink, &progress, &error);
        may_block = status == STATUS_WOULD_BLOCK || dice_below(dice, 4) == 0;
        blocked += status == STATUS_WOULD_BLOCK;
        if (status == STATUS_WOULD_BLOCK)
            continue;
        cut_in_row += progress.is_mid_row;
        assert_ok(status, &error);
        assert_true(progress.stop != SCAN_STOP_NONE);
        assert_true(cells.result_count - before <= limits.results);
        /* A write between two calls is not seen, but changes what the scanner reads from. */
        if (dice_below(dice, 30) == 0)
            assert_status(world_flush(world), STATUS_OK);
    } while (progress.stop != SCAN_STOP_END);
    scanner_close(scanner);
    assert_int_equal(cells.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(compare_cells(&(struct cell){.row = cells.cells[i].row,
                                           .family = cells.cells[i].family,
                                           .qualifier = cells.cells[i].qualifier,
                                           .timestamp = cells.cells[i].timestamp,
                                           .type = cells.cells[i].type},
                             &expected[i]),
            0);
        assert_spans_equal(cells.cells[i].value, expected[i].value);
    }
    cells_compared += (unsigned)count;
    check_results(&cells, &request, is_partial_allowed);
    world_cells_deinit(&cells);
    memory_free(expected);
}

static void run_seed(uint64_t seed, void *context)
{
    (void)context;
    struct error error = {0};
    struct dice dice = {seed};
    struct tablet_world world;
    tablet_world_init(&world, seed, ENV_MEMORY_SEEDED);
    tablet_world_set_families(&world, "f:VERSIONS=3,BLOCKSIZE=1024;g:VERSIONS=3,BLOCKSIZE=1024");
    world.config.cache_budget_bytes = 1;
    assert_ok(tablet_world_start(&world, &error), &error);
    struct model model;
    load(&world, &dice, &model);
    if (dice_below(&dice, 3) == 0) {
        tablet_world_stop(&world);
        assert_ok(tablet_world_start(&world, &error), &error);
    }
    for (unsigned i = 0; i < SCANS; i++)
        run_scan(&world, &dice, &model);
    memory_free(model.cells);
    tablet_world_deinit(&world);
}

static void test_scans_give_what_a_sorted_array_gives(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    bool is_full_run = for_each_seed(SEEDS, run_seed, NULL);
    print_message("%d scans, %u cells compared; %u times the disk was refused, %u cuts in a row\n",
        SEEDS * SCANS, cells_compared, blocked, cut_in_row);
    if (is_full_run)
        assert_true(cells_compared > 10000 && blocked > 1000 && cut_in_row > 500);
}

/* One scan of everything, in one step. */
static struct read_places places_of_a_scan(struct tablet_world *world)
{
    struct error error = {0};
    struct scan_request request;
    scan_request_init(&request);
    struct scanner *scanner;
    assert_ok(scanner_open(world->tablet, &request, &scanner, &error), &error);
    struct world_cells cells;
    world_cells_init(&cells, world);
    struct scan_limits limits = {
        .results = UINT64_MAX, .rows = UINT64_MAX, .bytes = UINT64_MAX, .may_block = true};
    struct scan_progress progress;
    assert_ok(scanner_next(scanner, &limits, &cells.sink, &progress, &error), &error);
    scanner_close(scanner);
    world_cells_deinit(&cells);
    return progress.places;
}

/* A client's scan metrics: from the memtable, the bytes of its cells; from SSTables the unpacked blocks, cached or not,
 * and where each of them was. */
static void the_places_of_a_scans_bytes_are_told(void **state)
{
    (void)state;
    struct error error = {0};
    struct tablet_world world;
    tablet_world_init(&world, 3, ENV_MEMORY_SEEDED);
    tablet_world_set_families(&world, "f:BLOCKSIZE=1024");
    assert_ok(tablet_world_start(&world, &error), &error);
    for (int i = 0; i < 400; i++) {
        char row[16];
        snprintf(row, sizeof(row), "row%04d", i);
        world_put(&world, row, "f:q", 1, "the same value each time");
    }
    struct read_places places = places_of_a_scan(&world);
    assert_int_equal(places.memtable_bytes, 400 * (7 + 1 + 24));
    assert_int_equal(places.block_bytes + places.cache_bytes + places.file_bytes, 0);
    assert_int_equal(places.file_reads, 0);

    assert_status(world_flush(&world), STATUS_OK);
    tablet_world_crash(&world, ENV_CUT_KEEP_ALL); /* and its block cache with it */
    assert_ok(tablet_world_start(&world, &error), &error);
    struct read_places cold = places_of_a_scan(&world);
    assert_true(cold.block_bytes > 400 * 24 && cold.block_bytes < 400 * 100);
    assert_int_equal(cold.memtable_bytes, 0);
    assert_true(cold.file_reads >= 10 && cold.file_bytes > 0);

    struct read_places warm = places_of_a_scan(&world);
    assert_int_equal(warm.block_bytes, cold.block_bytes);
    assert_int_equal(warm.file_reads + warm.file_bytes, 0);
    assert_true(warm.cache_bytes >= warm.block_bytes); /* index blocks too */
    tablet_world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scans_give_what_a_sorted_array_gives),
        cmocka_unit_test(the_places_of_a_scans_bytes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
