/* The engine against the naive oracle: a random schema, random writes, flushes, compactions, restarts and power cuts, and
 * random reads whose every cell is compared. A seed is a whole life; STELE_SEED=N repeats one.
 *
 * Three kinds of lives, so that answers do not depend on when files are compacted (HBase's do):
 *   RISING  timestamps of puts rise, markers delete prefixes of time; VERSIONS, MIN_VERSIONS and TTL are small
 *   FREE    any timestamps, all markers; every version is kept; major compactions are told to the oracle
 *   PAST    timestamps rise, all markers, KEEP_DELETED_CELLS; reads look into the past */
#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "storage/store.h"
#include "tests/model/oracle.h"
#include "tests/support/tablet_world.h"

enum life { LIFE_RISING, LIFE_FREE, LIFE_PAST, LIFE_COUNT };
enum { STEPS = 60, MOST_CELLS = 4096, SCANNERS = 3 };

/* A scanner that goes on while the world changes; its oracle does not. */
struct open_scan {
    struct scanner *scanner;
    struct scan_request request;
    struct oracle past;
    struct world_cells cells;
    int64_t opened_ms;
};

struct model {
    struct tablet_world world;
    struct oracle oracle;
    struct dice dice;
    enum life life;
    int64_t clock; /* the next timestamp of a rising life */
    bool has_ttl;
    int64_t major_ms[ORACLE_FAMILIES];
    struct open_scan scans[SCANNERS];
    struct span qualifiers[ORACLE_QUALIFIERS];
    struct family_selection selections[ORACLE_FAMILIES];
};

static struct {
    size_t reads, cells, writes, restarts, compactions;
} totals;

static unsigned below(struct model *model, unsigned limit)
{
    return (unsigned)dice_below(&model->dice, limit);
}

/* ---- Making ---- */

static void make_schema(struct model *model)
{
    char families[200];
    if (model->life == LIFE_RISING) {
        model->has_ttl = dice_chance(&model->dice, 40);
        unsigned versions = 1 + below(model, 3);
        snprintf(families, sizeof(families), "f:VERSIONS=%u%s%s;g:VERSIONS=1", versions,
            model->has_ttl ? ",TTL=50" : "",
            model->has_ttl && dice_chance(&model->dice, 50) ? ",MIN_VERSIONS=1" : "");
    } else if (model->life == LIFE_FREE) {
        snprintf(families, sizeof(families), "f:VERSIONS=1000;g:VERSIONS=1000,BLOOMFILTER=NONE");
    } else {
        snprintf(families, sizeof(families),
            "f:VERSIONS=1000,KEEP_DELETED_CELLS=TRUE;g:VERSIONS=1000,KEEP_DELETED_CELLS=TRUE");
    }
    tablet_world_set_families(&model->world, families);
    model->oracle.schema = &model->world.schema;
}

static struct span make_value(struct model *model, size_t size)
{
    uint8_t *bytes = arena_allocate(&model->world.arena, size + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)('a' + below(model, 26));
    return span_make(bytes, size);
}

static int64_t now_ms(struct model *model)
{
    return env_wall_ms(model->world.env);
}

static int64_t next_timestamp(struct model *model)
{
    if (model->life == LIFE_FREE)
        return 1 + below(model, 25);
    int64_t now = now_ms(model);
    model->clock = model->clock < now ? now : model->clock + 1;
    return model->clock;
}

/* ---- Writing ---- */

static void make_cell(struct model *model, unsigned row, struct cell *out_cell)
{
    unsigned family = below(model, ORACLE_FAMILIES);
    unsigned qualifier = below(model, ORACLE_QUALIFIERS);
    enum cell_type type = CELL_PUT;
    if (dice_chance(&model->dice, 25)) {
        static const enum cell_type all[] = {
            CELL_DELETE, CELL_DELETE_COLUMN, CELL_DELETE_FAMILY, CELL_DELETE_FAMILY_VERSION};
        static const enum cell_type prefixes[] = {CELL_DELETE_COLUMN, CELL_DELETE_FAMILY};
        type = model->life == LIFE_RISING ? prefixes[below(model, 2)] : all[below(model, 4)];
    }
    int64_t timestamp = next_timestamp(model);
    if (type != CELL_PUT && model->life != LIFE_FREE) /* now, or some time ago */
        timestamp -= dice_chance(&model->dice, 50) ? 0 : below(model, 40);
    bool is_family_marker = type == CELL_DELETE_FAMILY || type == CELL_DELETE_FAMILY_VERSION;
    struct span value = type == CELL_PUT ? make_value(model, 1 + below(model, 200)) : SPAN_EMPTY;
    *out_cell = (struct cell){
        .row = oracle_row_name(row),
        .family = oracle_family_name(family),
        .qualifier = is_family_marker ? SPAN_EMPTY : oracle_qualifier_name(qualifier),
        .value = value,
        .timestamp = timestamp,
        .type = (uint8_t)type,
    };
    oracle_write(&model->oracle, row, family, qualifier, type, timestamp, value);
}

/* Some operations in one write, of one row each; puts and deletes of a row in one mutation. */
static void write_cells(struct model *model)
{
    enum { MOST = 5, CELLS = 4 };
    struct write_operation operations[MOST] = {0};
    struct mutation mutations[MOST] = {0};
    struct cell cells[MOST][CELLS];
    unsigned count = 1 + below(model, MOST);
    for (unsigned i = 0; i < count; i++) {
        unsigned row = below(model, ORACLE_ROWS);
        size_t cell_count = 1 + below(model, CELLS);
        for (size_t k = 0; k < cell_count; k++)
            make_cell(model, row, &cells[i][k]);
        mutations[i] = (struct mutation){.kind = MUTATION_PUT,
            .row = oracle_row_name(row),
            .cells = cells[i],
            .cell_count = cell_count,
            .durability = DURABILITY_SYNC_WAL};
        operations[i] = (struct write_operation){
            .row = oracle_row_name(row), .mutations = &mutations[i], .mutation_count = 1};
    }
    world_write(&model->world, operations, count);
    for (unsigned i = 0; i < count; i++)
        assert_operation_ok(&operations[i]);
    totals.writes += count;
}

/* An increment or an append; its timestamp is the server's, so it is read back. */
static void read_modify_write(struct model *model)
{
    unsigned row = below(model, ORACLE_ROWS);
    unsigned family = below(model, ORACLE_FAMILIES);
    unsigned qualifier = below(model, ORACLE_QUALIFIERS);
    if (model->life != LIFE_FREE && model->clock >= now_ms(model)) /* its now must rise too */
        env_memory_advance_ns(
            model->world.env, (uint64_t)(model->clock + 1 - now_ms(model)) * 1000000);
    const struct oracle_cell *old = oracle_newest(
        &model->oracle, row, family, qualifier, now_ms(model));
    struct cell cell = {.row = oracle_row_name(row),
        .family = oracle_family_name(family),
        .qualifier = oracle_qualifier_name(qualifier),
        .value = make_value(model, 3),
        .timestamp = TIMESTAMP_LATEST,
        .type = CELL_PUT};
    struct mutation mutation = {.kind = MUTATION_APPEND,
        .row = cell.row,
        .cells = &cell,
        .cell_count = 1,
        .time_range = TIME_RANGE_ALL,
        .is_result_wanted = true};
    struct write_operation operation = {
        .row = cell.row, .mutations = &mutation, .mutation_count = 1};
    struct buffer expected = {0};
    if (old)
        buffer_put(&expected, old->value);
    buffer_put(&expected, cell.value);
    world_write(&model->world, &operation, 1);
    assert_operation_ok(&operation);
    assert_int_equal(operation.result_count, 1);
    assert_spans_equal(operation.result_cells[0].value, buffer_span(&expected));
    int64_t timestamp = operation.result_cells[0].timestamp;
    oracle_write(&model->oracle, row, family, qualifier, CELL_PUT, timestamp,
        arena_copy(&model->world.arena, buffer_span(&expected)));
    if (model->clock < timestamp)
        model->clock = timestamp;
    buffer_deinit(&expected);
    totals.writes++;
}

/* A put that happens only if the column holds what the condition says. */
static void check_and_put(struct model *model)
{
    unsigned row = below(model, ORACLE_ROWS);
    unsigned family = below(model, ORACLE_FAMILIES);
    unsigned qualifier = below(model, ORACLE_QUALIFIERS);
    const struct oracle_cell *old = oracle_newest(
        &model->oracle, row, family, qualifier, now_ms(model));
    bool is_right = dice_chance(&model->dice, 60);
    struct comparator comparator = {.kind = COMPARATOR_BINARY,
        .value = old && is_right ? old->value : span_string("no such value")};
    struct condition condition = {.row = oracle_row_name(row),
        .family = oracle_family_name(family),
        .qualifier = oracle_qualifier_name(qualifier),
        .op = COMPARE_EQUAL,
        .comparator = &comparator,
        .time_range = TIME_RANGE_ALL};
    struct cell cell = {.row = condition.row,
        .family = condition.family,
        .qualifier = condition.qualifier,
        .value = make_value(model, 5),
        .timestamp = next_timestamp(model),
        .type = CELL_PUT};
    struct mutation mutation = {
        .kind = MUTATION_PUT, .row = cell.row, .cells = &cell, .cell_count = 1};
    struct write_operation operation = {
        .row = cell.row, .condition = &condition, .mutations = &mutation, .mutation_count = 1};
    bool expected = old && is_right;
    world_write(&model->world, &operation, 1);
    assert_operation_ok(&operation);
    assert_int_equal(operation.is_processed, expected);
    if (expected)
        oracle_write(&model->oracle, row, family, qualifier, CELL_PUT, cell.timestamp, cell.value);
    totals.writes++;
}

/* ---- Reading ---- */

static void make_request(struct model *model, struct read_request *out_request)
{
    read_request_init(out_request);
    out_request->max_versions = dice_chance(&model->dice, 40) ? 1 : 1 + below(model, 6);
    if (dice_chance(&model->dice, 40)) {
        unsigned first = below(model, 3); /* the first, the second, or both */
        out_request->families = model->selections;
        for (unsigned family = 0; family < ORACLE_FAMILIES; family++) {
            if (first < 2 && family != first)
                continue;
            struct family_selection *selection = &model->selections[out_request->family_count++];
            *selection = (struct family_selection){.family = oracle_family_name(family)};
            if (dice_chance(&model->dice, 60)) {
                selection->qualifiers = model->qualifiers;
                selection->qualifier_count = 0;
                unsigned step = 1 + below(model, 2);
                for (unsigned i = below(model, 2); i < ORACLE_QUALIFIERS; i += step)
                    model->qualifiers[i] = oracle_qualifier_name(i);
                /* One sorted list serves both families. */
                for (unsigned i = 1; i < ORACLE_QUALIFIERS; i++)
                    model->qualifiers[i - 1] = oracle_qualifier_name(i);
                selection->qualifier_count = 1 + below(model, ORACLE_QUALIFIERS - 1);
            }
        }
    }
    if (model->life != LIFE_RISING && dice_chance(&model->dice, 40)) {
        int64_t base = model->life == LIFE_FREE ? 0 : model->clock - 60;
        out_request->time_range.from = base + below(model, 30);
        out_request->time_range.to = out_request->time_range.from + 1 + below(model, 40);
    }
    if (dice_chance(&model->dice, 15))
        out_request->store_limit = 1 + below(model, 4);
    if (dice_chance(&model->dice, 10))
        out_request->store_offset = 1 + below(model, 3);
}

static void compare_cells(const struct world_cells *cells, const struct oracle_cell *expected,
    size_t count, const char *what)
{
    for (size_t i = 0; i < count && i < cells->count; i++) {
        const struct cell *cell = &cells->cells[i];
        const struct oracle_cell *wanted = &expected[i];
        if (span_equal(cell->row, oracle_row_name(wanted->row)) &&
            span_equal(cell->family, oracle_family_name(wanted->family)) &&
            span_equal(cell->qualifier, oracle_qualifier_name(wanted->qualifier)) &&
            cell->timestamp == wanted->timestamp && span_equal(cell->value, wanted->value))
            continue;
        fail_msg("%s: cell %zu is %.*s %.*s:%.*s@%lld, not %c %u:%u@%lld", what, i,
            (int)cell->row.size, (const char *)cell->row.data, (int)cell->family.size,
            (const char *)cell->family.data, (int)cell->qualifier.size,
            (const char *)cell->qualifier.data, (long long)cell->timestamp, 'a' + wanted->row,
            wanted->family, wanted->qualifier, (long long)wanted->timestamp);
    }
    if (cells->count != count)
        fail_msg("%s: %zu cells instead of %zu; got %s", what, cells->count, count,
            world_cells_text(cells));
    totals.reads++;
    totals.cells += count;
}

static void get_row(struct model *model)
{
    struct read_request request;
    struct world_cells cells;
    struct error error;
    struct oracle_cell expected[MOST_CELLS];
    unsigned row = below(model, ORACLE_ROWS);
    make_request(model, &request);
    world_cells_init(&cells, &model->world);
    assert_ok(
        tablet_get(model->world.tablet, oracle_row_name(row), &request, true, &cells.sink, &error),
        &error);
    size_t count = oracle_read(&model->oracle, row, &request, now_ms(model), expected, MOST_CELLS);
    compare_cells(&cells, expected, count, "get");
    world_cells_deinit(&cells);
}

static void begin_scan(struct model *model, struct open_scan *scan)
{
    scan_request_init(&scan->request);
    make_request(model, &scan->request.read);
    /* The request is copied by scanner_open, but compared with for the scan's whole life. */
    scan->request.read.families = NULL;
    scan->request.read.family_count = 0;
    scan->request.is_reversed = dice_chance(&model->dice, 30);
    unsigned low = below(model, ORACLE_ROWS);
    unsigned high = low + below(model, ORACLE_ROWS - low);
    if (dice_chance(&model->dice, 50)) {
        scan->request.start_row = oracle_row_name(scan->request.is_reversed ? high : low);
        scan->request.stop_row = oracle_row_name(scan->request.is_reversed ? low : high);
        scan->request.is_start_inclusive = dice_chance(&model->dice, 70);
        scan->request.is_stop_inclusive = dice_chance(&model->dice, 50);
    }
    if (dice_chance(&model->dice, 20))
        scan->request.batch = 1 + below(model, 4);
    struct error error;
    assert_ok(scanner_open(model->world.tablet, &scan->request, &scan->scanner, &error), &error);
    world_cells_init(&scan->cells, &model->world);
    oracle_copy(&model->oracle, &scan->past);
    scan->opened_ms = now_ms(model);
}

static bool is_in_range(const struct scan_request *request, unsigned row)
{
    struct span name = oracle_row_name(row);
    struct span low = request->is_reversed ? request->stop_row : request->start_row;
    struct span high = request->is_reversed ? request->start_row : request->stop_row;
    bool is_low_in = request->is_reversed ? request->is_stop_inclusive
                                          : request->is_start_inclusive;
    bool is_high_in = request->is_reversed ? request->is_start_inclusive
                                           : request->is_stop_inclusive;
    int to_low = low.size ? span_compare(name, low) : 1;
    int to_high = high.size ? span_compare(name, high) : -1;
    return (to_low > 0 || (to_low == 0 && is_low_in)) &&
           (to_high < 0 || (to_high == 0 && is_high_in));
}

static void end_scan(struct open_scan *scan)
{
    struct oracle_cell expected[MOST_CELLS];
    size_t count = 0;
    for (unsigned i = 0; i < ORACLE_ROWS; i++) {
        unsigned row = scan->request.is_reversed ? ORACLE_ROWS - 1 - i : i;
        if (is_in_range(&scan->request, row))
            count += oracle_read(&scan->past, row, &scan->request.read, scan->opened_ms,
                expected + count, MOST_CELLS - count);
    }
    compare_cells(&scan->cells, expected, count, "scan");
    scanner_close(scan->scanner);
    world_cells_deinit(&scan->cells);
    oracle_deinit(&scan->past);
    scan->scanner = NULL;
}

/* Goes on with a scan, a few results or to its end. */
static void continue_scan(struct model *model, struct open_scan *scan, bool is_to_end)
{
    struct scan_progress progress = {0};
    do {
        struct error error;
        struct scan_limits limits = {
            .results = UINT64_MAX, .rows = UINT64_MAX, .bytes = UINT64_MAX, .may_block = true};
        if (!is_to_end || dice_chance(&model->dice, 50))
            limits.results = 1 + below(model, 2);
        if (dice_chance(&model->dice, 20)) {
            limits.bytes = 1 + below(model, 300);
            limits.is_partial_allowed = dice_chance(&model->dice, 50);
        }
        assert_ok(
            scanner_next(scan->scanner, &limits, &scan->cells.sink, &progress, &error), &error);
    } while (is_to_end && progress.stop != SCAN_STOP_END);
    if (progress.stop == SCAN_STOP_END)
        end_scan(scan);
}

static void end_scans(struct model *model)
{
    for (unsigned i = 0; i < SCANNERS; i++)
        if (model->scans[i].scanner)
            continue_scan(model, &model->scans[i], true);
}

static void scan_some(struct model *model)
{
    struct open_scan *scan = &model->scans[below(model, SCANNERS)];
    if (!scan->scanner)
        begin_scan(model, scan);
    /* Time moves what has expired: such a scan is read at once. */
    continue_scan(model, scan, model->has_ttl || dice_chance(&model->dice, 50));
}

/* ---- Files ---- */

/* Tells the oracle of major compactions since the last look. All cells were in files then. */
static void look_for_majors(struct model *model)
{
    struct arena arena = {0};
    struct manifest manifest;
    struct error error;
    assert_ok(manifest_read(&model->world.store->directory, model->world.table_id,
                  model->world.tablet_id, &arena, &manifest, &error),
        &error);
    for (size_t i = 0; i < manifest.family_count; i++) {
        unsigned family = span_equal(manifest.families[i].name, oracle_family_name(0)) ? 0 : 1;
        if (manifest.families[i].major_compacted_ms == model->major_ms[family])
            continue;
        model->major_ms[family] = manifest.families[i].major_compacted_ms;
        oracle_purge(&model->oracle, family);
        totals.compactions++;
    }
    arena_deinit(&arena);
}

/* Nothing is written until the files have settled, so that a compaction has seen every cell. */
static void settle(struct model *model)
{
    env_memory_run_until(model->world.env, NULL, 20 * 1000000);
    look_for_majors(model);
}

static void flush_or_compact(struct model *model)
{
    if (model->life == LIFE_FREE) /* a scan would keep markers that the oracle cannot know of */
        end_scans(model);
    assert_int_equal(world_flush(&model->world), STATUS_OK);
    settle(model);
    if (dice_chance(&model->dice, 30)) {
        env_memory_advance_ns(model->world.env, 5000000); /* a major of its own millisecond */
        assert_int_equal(world_compact(&model->world, dice_chance(&model->dice, 60)), STATUS_OK);
        settle(model);
    }
}

static void restart(struct model *model)
{
    struct error error;
    end_scans(model);
    unsigned how = below(model, 3);
    if (how == 0)
        tablet_world_stop(&model->world);
    else
        tablet_world_crash(&model->world, how == 1 ? ENV_CUT_KEEP_ALL : ENV_CUT_LOSE_ALL);
    assert_ok(tablet_world_start(&model->world, &error), &error);
    settle(model);
    totals.restarts++;
}

/* ---- A life ---- */

static void step(struct model *model)
{
    unsigned choice = below(model, 100);
    if (choice < 35)
        write_cells(model);
    else if (choice < 40)
        read_modify_write(model);
    else if (choice < 45)
        check_and_put(model);
    else if (choice < 65)
        get_row(model);
    else if (choice < 85)
        scan_some(model);
    else if (choice < 94)
        flush_or_compact(model);
    else if (choice < 97)
        restart(model);
    else if (!model->has_ttl)
        env_memory_advance_ns(model->world.env, (uint64_t)below(model, 30) * 1000000000);
    else {
        end_scans(model);
        env_memory_advance_ns(model->world.env, (uint64_t)below(model, 60) * 1000000000);
    }
    env_memory_advance_ns(model->world.env, 1000000);
}

static void live(uint64_t seed, void *context)
{
    (void)context;
    struct model *model = calloc(1, sizeof(*model));
    struct error error;
    assert_non_null(model);
    tablet_world_init(&model->world, seed, ENV_MEMORY_SEEDED);
    model->dice = (struct dice){seed};
    model->life = (enum life)(seed % LIFE_COUNT);
    make_schema(model);
    assert_ok(tablet_world_start(&model->world, &error), &error);
    for (int i = 0; i < STEPS; i++)
        step(model);
    end_scans(model);
    for (unsigned row = 0; row < ORACLE_ROWS; row++)
        get_row(model);
    assert_int_equal(model->world.fatals, 0);
    tablet_world_deinit(&model->world);
    oracle_deinit(&model->oracle);
    free(model);
}

static void the_engine_answers_as_the_oracle(void **state)
{
    (void)state;
    for_each_seed(2000, live, NULL);
    printf("writes: %zu, reads: %zu, cells compared: %zu, restarts: %zu, major compactions: %zu\n",
        totals.writes, totals.reads, totals.cells, totals.restarts, totals.compactions);
    if (!getenv("STELE_SEED")) {
        assert_true(totals.reads >= 5000);
        assert_true(totals.cells >= 50000);
        assert_true(totals.restarts >= 500);
        assert_true(totals.compactions >= 500);
    }
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_engine_answers_as_the_oracle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
