#include "storage/compaction.h"

#include "base/env_memory.h"
#include "storage/merge_iterator.h"
#include "tests/support/random_cells.h"
#include "tests/support/support.h"

enum { SOURCES = 4 };

struct world {
    struct env *env;
    struct block_cache *cache;
    struct random_cells cells;
    struct sstable *tables[SOURCES];
    struct family_schema family;
    struct cell *expected;
    size_t expected_count;
};

static struct sstable *make_table(
    struct world *world, const char *path, struct dice *dice, unsigned source)
{
    struct error error;
    struct sstable_writer *writer;
    struct sstable_properties properties;
    struct sstable_writer_options options = {.family = SPAN_LITERAL("f"),
        .row_order = world->cells.order,
        .compression = COMPRESSION_LZ4,
        .block_size_bytes = 1000,
        .bloom = BLOOM_ROW};
    assert_ok(sstable_writer_new(world->env, path, &options, &writer, &error), &error);
    struct dice same = *dice; /* each cell goes to one source: all draw the same numbers */
    for (size_t i = 0; i < world->cells.count; i++) {
        if (dice_below(&same, SOURCES) == source)
            assert_ok(sstable_writer_add(writer, &world->cells.cells[i], &error), &error);
    }
    struct sstable *table = NULL;
    if (sstable_writer_cell_count(writer) > 0) {
        assert_ok(sstable_writer_finish(writer, &properties, &error), &error);
        assert_ok(sstable_open(world->env, path, 0, world->cache, &table, &error), &error);
        sstable_writer_free(writer);
    } else {
        sstable_writer_discard(writer);
    }
    return table;
}

static void world_make(struct world *world, struct dice *dice, size_t count, enum row_order order)
{
    static const char *const paths[SOURCES] = {"0.sst", "1.sst", "2.sst", "3.sst"};
    struct error error;
    *world = (struct world){.env = env_memory_new(dice_next(dice), ENV_MEMORY_SEEDED)};
    assert_ok(block_cache_new(1u << 20, &world->cache, &error), &error);
    struct random_cells_options shape = {
        .count = count, .rows = 1 + (size_t)dice_below(dice, 50), .order = order};
    random_cells_make(&world->cells, dice, &shape);
    struct dice same = *dice;
    for (unsigned i = 0; i < SOURCES; i++)
        world->tables[i] = make_table(world, paths[i], &same, i);
    world->family = (struct family_schema){.name = SPAN_LITERAL("f"),
        .max_versions = 1 + (uint32_t)dice_below(dice, 3),
        .ttl_ms = TTL_FOREVER_MS};
}

static void world_free(struct world *world)
{
    for (unsigned i = 0; i < SOURCES; i++)
        sstable_unref(world->tables[i]);
    block_cache_free(world->cache);
    random_cells_deinit(&world->cells);
    env_memory_free(world->env);
}

/* What the matcher lets through when it sees every cell: it must not need the seeks it offers. */
static void expect(struct world *world, const struct column_matcher_config *config)
{
    struct error error;
    struct column_matcher matcher;
    column_matcher_init(&matcher, config);
    world->expected = arena_allocate(
        &world->cells.arena, (world->cells.count + 1) * sizeof *world->expected);
    struct cell probe = {0};
    bool is_skipping = false;
    for (size_t i = 0; i < world->cells.count; i++) {
        struct cell cell = world->cells.cells[i];
        if (i == 0 || !span_equal(cell.row, world->cells.cells[i - 1].row))
            column_matcher_row(&matcher);
        if (is_skipping && cell_compare(world->cells.order, &cell, &probe) < 0)
            continue;
        enum match_code code;
        assert_ok(column_matcher_match(&matcher, &cell, &code, &error), &error);
        if (match_is_include(code))
            world->expected[world->expected_count++] = cell;
        is_skipping = code != MATCH_INCLUDE && code != MATCH_SKIP;
        if (is_skipping)
            probe = column_matcher_probe(&matcher, code, &world->cells.cells[i]);
    }
    column_matcher_deinit(&matcher);
}

static struct cell_iterator *merged_input(struct world *world)
{
    struct error error;
    struct cell_iterator *sources[SOURCES];
    size_t count = 0;
    for (unsigned i = 0; i < SOURCES; i++) {
        struct sstable_iterator_options options = {.readahead_bytes = 64u << 10};
        if (world->tables[i])
            assert_ok(sstable_iterator_new(world->tables[i], &options, &sources[count++], &error),
                &error);
    }
    struct cell_iterator *input;
    assert_ok(merge_iterator_new(world->cells.order, sources, count, &input, &error), &error);
    return input;
}

static void check_output(struct world *world, const struct sstable_properties *properties)
{
    struct error error;
    if (!properties) {
        assert_int_equal(world->expected_count, 0);
        struct env_stat stat;
        assert_status(env_path_stat(world->env, "out.sst", &stat, NULL), STATUS_NOT_FOUND);
        return;
    }
    assert_int_equal(properties->cell_count, world->expected_count);
    struct sstable *table;
    struct cell_iterator *it;
    struct sstable_iterator_options options = {0};
    assert_ok(
        sstable_open(world->env, "out.sst", properties->identity, world->cache, &table, &error),
        &error);
    assert_ok(sstable_iterator_new(table, &options, &it, &error), &error);
    enum status status = cell_iterator_seek_first(it, &error);
    for (size_t i = 0; i < world->expected_count; i++) {
        assert_int_equal(status, STATUS_OK);
        assert_cells_equal(&it->cell, &world->expected[i]);
        status = cell_iterator_next(it, &error);
    }
    assert_int_equal(status, STATUS_END);
    cell_iterator_close(it);
    sstable_unref(table);
}

static void a_job_writes_what_the_matcher_keeps(uint64_t seed, void *context)
{
    (void)context;
    struct error error;
    struct dice dice = {seed};
    struct world world;
    world_make(&world, &dice, 1 + (size_t)dice_below(&dice, 2000),
        dice_chance(&dice, 20) ? ROW_ORDER_META : ROW_ORDER_BYTES);
    struct column_matcher_config config = {
        .mode = dice_chance(&dice, 50) ? MATCH_MAJOR : MATCH_MERGE,
        .family = &world.family,
        .row_order = world.cells.order,
        .now_ms = 1700000000010,
        .read_point = UINT64_MAX,
        .oldest_read_point = dice_chance(&dice, 50) ? UINT64_MAX : dice_below(&dice, 100000),
        .earliest_put_ms = INT64_MIN};
    expect(&world, &config);
    struct sstable_writer_options writer = {.family = SPAN_LITERAL("f"),
        .row_order = world.cells.order,
        .compression = COMPRESSION_ZSTD,
        .bloom = BLOOM_ROW};
    struct compaction_progress progress = {0};
    struct compaction_options options = {.env = world.env,
        .path = "out.sst",
        .writer = &writer,
        .matcher = &config,
        .input = merged_input(&world),
        .progress = &progress};
    struct compaction_job *job;
    assert_ok(compaction_new(&options, &job, &error), &error);
    uint64_t due_ns = 0;
    enum status status;
    do
        status = compaction_step(job, false, &due_ns, &error);
    while (status == STATUS_OK);
    assert_int_equal(status, STATUS_END);
    assert_int_equal(progress.cells_read, world.cells.count);
    assert_int_equal(progress.cells_written, world.expected_count);
    check_output(&world, compaction_result(job));
    compaction_free(job);
    world_free(&world);
}

static void jobs_write_what_the_matcher_keeps(void **state)
{
    (void)state;
    for_each_seed(100, a_job_writes_what_the_matcher_keeps, NULL);
}

static struct compaction_job *start_job(struct world *world,
    const struct column_matcher_config *config, struct compaction_budget *budget,
    struct compaction_progress *progress)
{
    struct error error;
    struct compaction_job *job;
    static const struct sstable_writer_options writer = {
        .family = {(const uint8_t *)"f", 1}, .compression = COMPRESSION_NONE};
    struct compaction_options options = {.env = world->env,
        .path = "out.sst",
        .writer = &writer,
        .matcher = config,
        .input = merged_input(world),
        .budget = budget,
        .progress = progress};
    assert_ok(compaction_new(&options, &job, &error), &error);
    return job;
}

static void a_cancelled_job_leaves_no_file(void **state)
{
    (void)state;
    struct error error;
    struct dice dice = {3};
    struct world world;
    world_make(&world, &dice, 3000, ROW_ORDER_BYTES);
    struct column_matcher_config config = {.mode = MATCH_MERGE,
        .family = &world.family,
        .read_point = UINT64_MAX,
        .oldest_read_point = 0}; /* keeps all */
    struct compaction_progress progress = {0};
    struct compaction_job *job = start_job(&world, &config, NULL, &progress);
    atomic_store(&progress.is_cancelled, true);
    uint64_t due_ns;
    assert_status(compaction_step(job, true, &due_ns, &error), STATUS_CANCELLED);
    compaction_free(job);
    struct env_stat stat;
    assert_status(env_path_stat(world.env, "out.sst", &stat, NULL), STATUS_NOT_FOUND);
    world_free(&world);
}

static void a_full_disk_fails_the_job_and_leaves_no_file(void **state)
{
    (void)state;
    struct error error;
    struct dice dice = {4};
    struct world world;
    world_make(&world, &dice, 3000, ROW_ORDER_BYTES);
    struct column_matcher_config config = {.mode = MATCH_MERGE,
        .family = &world.family,
        .read_point = UINT64_MAX,
        .oldest_read_point = 0};
    env_memory_set_space(world.env, 5000);
    struct compaction_job *job = start_job(&world, &config, NULL, NULL);
    uint64_t due_ns;
    assert_status(compaction_step(job, true, &due_ns, &error), STATUS_NO_SPACE);
    compaction_free(job);
    struct env_stat stat;
    assert_status(env_path_stat(world.env, "out.sst", &stat, NULL), STATUS_NOT_FOUND);
    world_free(&world);
}

static void the_budget_spreads_takers_evenly(void **state)
{
    (void)state;
    struct compaction_budget budget = {0};
    assert_int_equal(compaction_budget_take(&budget, 1000000, 5), 0);
    atomic_store(&budget.bytes_per_s, 1000000);
    assert_int_equal(compaction_budget_take(&budget, 500000, 1000), 500001000);
    assert_int_equal(compaction_budget_take(&budget, 500000, 2000), 1000001000);
    /* Time not used is not saved up. */
    assert_int_equal(compaction_budget_take(&budget, 1000, 5000000000), 5001000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_write_what_the_matcher_keeps),
        cmocka_unit_test(a_cancelled_job_leaves_no_file),
        cmocka_unit_test(a_full_disk_fails_the_job_and_leaves_no_file),
        cmocka_unit_test(the_budget_spreads_takers_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
