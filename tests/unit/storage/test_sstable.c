#include "storage/sstable.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/env_memory.h"
#include "base/limits.h"
#include "base/memory.h"
#include "tests/support/random_cells.h"
#include "tests/support/support.h"

/* A table over random cells, on the memory disk. */
struct world {
    struct env *env;
    struct block_cache *cache;
    struct random_cells cells;
    struct sstable *table;
    struct sstable_properties written; /* spans are dead */
};

static void world_write(struct world *world, const struct sstable_writer_options *options)
{
    struct error error;
    struct sstable_writer *writer;
    assert_ok(sstable_writer_new(world->env, "t.sst", options, &writer, &error), &error);
    for (size_t i = 0; i < world->cells.count; i++)
        assert_ok(sstable_writer_add(writer, &world->cells.cells[i], &error), &error);
    assert_ok(sstable_writer_finish(writer, &world->written, &error), &error);
    sstable_writer_free(writer);
}

static void world_make(struct world *world, struct dice *dice,
    const struct random_cells_options *shape, size_t cache_bytes)
{
    struct error error;
    world->env = env_memory_new(dice_next(dice), ENV_MEMORY_SEEDED);
    assert_ok(block_cache_new(cache_bytes, &world->cache, &error), &error);
    random_cells_make(&world->cells, dice, shape);
    struct sstable_writer_options options = {.family = SPAN_LITERAL("f"),
        .row_order = shape->order,
        .compression = (enum compression)dice_below(dice, COMPRESSION_GZIP + 1),
        .bloom = dice_chance(dice, 80) ? BLOOM_ROW : BLOOM_NONE,
        .block_size_bytes = (uint32_t)(dice_chance(dice, 70) ? 64 + dice_below(dice, 2000)
                                                             : 16384)};
    world_write(world, &options);
    assert_ok(sstable_open(world->env, "t.sst", world->written.identity, world->cache,
                  &world->table, &error),
        &error);
}

static void world_free(struct world *world)
{
    sstable_unref(world->table);
    block_cache_free(world->cache);
    random_cells_deinit(&world->cells);
    env_memory_free(world->env);
}

/* What an iterator should show: the cells of [first, end). */
struct window {
    size_t first, end;
};

static struct cell_iterator *open_iterator(
    struct world *world, const struct sstable_iterator_options *options)
{
    struct error error;
    struct cell_iterator *it = NULL;
    assert_ok(sstable_iterator_new(world->table, options, &it, &error), &error);
    return it;
}

static void expect_at(const struct world *world, struct cell_iterator *it, enum status status,
    size_t index, size_t end)
{
    if (index >= end) {
        assert_int_equal(status, STATUS_END);
        assert_false(it->is_valid);
        return;
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(it->is_valid);
    assert_cells_equal(&it->cell, &world->cells.cells[index]);
}

static size_t clamp(size_t index, struct window window)
{
    return index < window.first ? window.first : index;
}

/* First cell of the greatest row below `row` (empty: of all) within the window; window.end when
 * none. */
static size_t before_row(const struct world *world, struct span row, struct window window)
{
    size_t end = window.end;
    if (row.size > 0) {
        struct cell probe = cell_probe_row(row);
        size_t at = random_cells_lower_bound(&world->cells, &probe);
        end = at < end ? at : end;
    }
    if (end <= window.first)
        return window.end;
    struct cell probe = cell_probe_row(world->cells.cells[end - 1].row);
    return random_cells_lower_bound(&world->cells, &probe);
}

/* ---- Moves that must not wait ---- */

enum move { MOVE_NEXT, MOVE_SEEK, MOVE_SEEK_FIRST, MOVE_SEEK_BEFORE_ROW };

static enum status make_move(
    struct cell_iterator *it, enum move move, const struct cell *probe, struct error *error)
{
    switch (move) {
    case MOVE_NEXT:
        return cell_iterator_next(it, error);
    case MOVE_SEEK:
        return cell_iterator_seek(it, probe, error);
    case MOVE_SEEK_FIRST:
        return cell_iterator_seek_first(it, error);
    case MOVE_SEEK_BEFORE_ROW:
        return cell_iterator_seek_before_row(it, probe->row, error);
    }
    return STATUS_INVALID;
}

static unsigned long blocked_moves;

/* Tries without waiting; what would block is made again where it may, after a look at what was promised. */
static enum status move_patiently(struct cell_iterator *it, enum move move,
    const struct cell *probe, const struct cell *current, struct error *error)
{
    struct arena arena = {0};
    struct cell kept;
    cell_iterator_set_may_block(it, false);
    if (probe) { /* its spans may be the iterator's, which a seek that blocks lets go */
        kept = *probe;
        kept.row = arena_copy(&arena, probe->row);
        kept.qualifier = arena_copy(&arena, probe->qualifier);
    }
    enum status status = make_move(it, move, probe, error);
    probe = probe ? &kept : NULL;
    while (status == STATUS_WOULD_BLOCK) {
        blocked_moves++;
        assert_true(it->is_valid == (move == MOVE_NEXT));
        if (move == MOVE_NEXT)
            assert_cells_equal(&it->cell, current);
        cell_iterator_set_may_block(it, true);
        status = make_move(it, move, probe, error);
    }
    arena_deinit(&arena);
    return status;
}

static void forget_pages(struct world *world)
{
    struct error error;
    struct env_file *file;
    assert_ok(env_file_open(world->env, "t.sst", ENV_READ, 0, &file, &error), &error);
    env_file_forget(file, 0, world->written.file_bytes);
    env_file_close(file);
}

static void random_walk(struct world *world, struct dice *dice, struct cell_iterator *it,
    struct window window, size_t steps)
{
    struct error error;
    size_t at = window.end;
    for (size_t i = 0; i < steps; i++) {
        enum status status;
        uint64_t choice = dice_below(dice, 10);
        const struct cell *current = at < window.end ? &world->cells.cells[at] : NULL;
        if (dice_chance(dice, 10))
            forget_pages(world);
        if (choice < 6 && at < window.end) {
            at++;
            status = move_patiently(it, MOVE_NEXT, NULL, current, &error);
        } else if (choice < 8) {
            struct cell probe = it->is_valid && dice_chance(dice, 20)
                                    ? it->cell /* its own spans */
                                    : random_probe(&world->cells, dice);
            if (it->is_valid && dice_chance(dice, 20))
                probe = cell_probe_after_row(it->cell.row);
            at = clamp(random_cells_lower_bound(&world->cells, &probe), window);
            status = move_patiently(it, MOVE_SEEK, &probe, current, &error);
        } else if (choice < 9) {
            struct span row = it->is_valid && dice_chance(dice, 70)
                                  ? it->cell.row
                                  : random_probe(&world->cells, dice).row;
            at = before_row(world, row, window);
            struct cell probe = cell_probe_row(row);
            status = move_patiently(it, MOVE_SEEK_BEFORE_ROW, &probe, current, &error);
        } else {
            at = window.first;
            status = move_patiently(it, MOVE_SEEK_FIRST, NULL, current, &error);
        }
        expect_at(world, it, status, at, window.end);
        at = at < window.end ? at : window.end;
    }
}

static void whole_scan(const struct world *world, struct cell_iterator *it, struct window window)
{
    struct error error;
    size_t at = window.first;
    enum status status = cell_iterator_seek_first(it, &error);
    for (; at < window.end; at++) {
        expect_at(world, it, status, at, window.end);
        status = cell_iterator_next(it, &error);
    }
    assert_int_equal(status, STATUS_END);
}

static void reversed_scan(const struct world *world, struct cell_iterator *it, struct window window)
{
    struct error error;
    struct span row = SPAN_EMPTY;
    size_t at = window.end;
    for (;;) {
        size_t expected = before_row(world, row, (struct window){window.first, at});
        enum status status = cell_iterator_seek_before_row(it, row, &error);
        expect_at(world, it, status, expected, at);
        if (status != STATUS_OK)
            return;
        row = it->cell.row;
        at = expected;
    }
}

static void check_blooms(struct world *world, struct dice *dice)
{
    struct error error;
    bool may_contain;
    for (size_t i = 0; i < world->cells.count; i++) {
        assert_ok(sstable_may_contain_row(
                      world->table, world->cells.cells[i].row, true, &may_contain, &error),
            &error);
        assert_true(may_contain);
    }
    struct span after = span_make("\xff\xff\xff\xff", 4);
    if (world->cells.order == ROW_ORDER_BYTES) {
        assert_ok(sstable_may_contain_row(world->table, after, true, &may_contain, &error), &error);
        assert_false(may_contain);
    }
    (void)dice;
}

static void check_properties(const struct world *world)
{
    const struct sstable_properties *p = sstable_get_properties(world->table);
    const struct sstable_properties *w = &world->written;
    uint64_t deletes = 0, rows = 0;
    int64_t min_timestamp = INT64_MAX, max_timestamp = INT64_MIN;
    uint64_t min_sequence = UINT64_MAX, max_sequence = 0;
    for (size_t i = 0; i < world->cells.count; i++) {
        const struct cell *cell = &world->cells.cells[i];
        deletes += cell_is_delete(cell);
        rows += i == 0 || !span_equal(cell->row, world->cells.cells[i - 1].row);
        min_timestamp = cell->timestamp < min_timestamp ? cell->timestamp : min_timestamp;
        max_timestamp = cell->timestamp > max_timestamp ? cell->timestamp : max_timestamp;
        min_sequence = cell->sequence < min_sequence ? cell->sequence : min_sequence;
        max_sequence = cell->sequence > max_sequence ? cell->sequence : max_sequence;
    }
    assert_int_equal(p->cell_count, world->cells.count);
    assert_int_equal(p->row_count, rows);
    assert_int_equal(p->delete_count, deletes);
    assert_true(p->min_timestamp == min_timestamp && p->max_timestamp == max_timestamp);
    assert_true(p->min_sequence == min_sequence && p->max_sequence == max_sequence);
    assert_spans_equal(p->first_row, world->cells.cells[0].row);
    assert_spans_equal(p->last_row, world->cells.cells[world->cells.count - 1].row);
    assert_spans_equal(p->family, SPAN_LITERAL("f"));
    assert_true(p->file_bytes == w->file_bytes && p->identity == w->identity);
    assert_int_equal(p->data_block_count, w->data_block_count);
}

static struct window random_range(
    struct world *world, struct dice *dice, struct sstable_iterator_options *options)
{
    struct window window = {0, world->cells.count};
    if (dice_chance(dice, 50)) {
        options->from_row = random_probe(&world->cells, dice).row;
        struct cell probe = cell_probe_row(options->from_row);
        window.first = random_cells_lower_bound(&world->cells, &probe);
    }
    if (dice_chance(dice, 50)) {
        options->to_row = random_probe(&world->cells, dice).row;
        struct cell probe = cell_probe_row(options->to_row);
        if (options->to_row.size > 0)
            window.end = random_cells_lower_bound(&world->cells, &probe);
    }
    if (window.end < window.first)
        window.first = window.end;
    return window;
}

/* Inside the range, and above the first row: neither half of the range is empty of rows to come. */
static void check_middle(struct world *world, struct dice *dice)
{
    struct error error;
    struct sstable_iterator_options range = {0};
    if (dice_chance(dice, 50))
        random_range(world, dice, &range);
    struct buffer row = {0};
    enum status status = sstable_middle_row(
        world->table, range.from_row, range.to_row, &row, &error);
    if (status == STATUS_OK) {
        enum row_order order = world->cells.order;
        assert_true(row_compare(order, buffer_span(&row), range.from_row) > 0);
        assert_true(row_compare(order, buffer_span(&row), world->cells.cells[0].row) > 0);
        assert_true(
            range.to_row.size == 0 || row_compare(order, buffer_span(&row), range.to_row) < 0);
    } else {
        assert_int_equal(status, STATUS_NOT_FOUND);
    }
    buffer_deinit(&row);
}

static void a_table_answers_as_a_sorted_array(uint64_t seed, void *context)
{
    (void)context;
    struct dice dice = {seed};
    struct world world = {0};
    struct random_cells_options shape = {
        .order = dice_chance(&dice, 20) ? ROW_ORDER_META : ROW_ORDER_BYTES,
        .count = 1 + (size_t)dice_below(&dice, dice_chance(&dice, 20) ? 6000 : 300),
        .rows = dice_chance(&dice, 20) ? 1 + (size_t)dice_below(&dice, 3) : 0};
    world_make(&world, &dice, &shape, dice_chance(&dice, 50) ? 4u << 20 : 200u << 10);
    check_properties(&world);
    check_blooms(&world, &dice);
    check_middle(&world, &dice);
    for (int round = 0; round < 4; round++) {
        struct sstable_iterator_options options = {.is_cache_fill = dice_chance(&dice, 70),
            .readahead_bytes = dice_chance(&dice, 25) ? 4096 : 0};
        struct window window = round == 0 ? (struct window){0, world.cells.count}
                                          : random_range(&world, &dice, &options);
        struct cell_iterator *it = open_iterator(&world, &options);
        whole_scan(&world, it, window);
        reversed_scan(&world, it, window);
        random_walk(&world, &dice, it, window, 400);
        cell_iterator_close(it);
    }
    world_free(&world);
}

static void tables_answer_as_sorted_arrays(void **state)
{
    (void)state;
    blocked_moves = 0;
    for_each_seed(300, a_table_answers_as_a_sorted_array, NULL);
    print_message("%lu moves would have blocked\n", blocked_moves);
}

/* ---- Cells of every size ---- */

static void huge_and_empty_cells_come_back(void **state)
{
    (void)state;
    struct error error;
    struct world world = {.env = env_memory_new(5, ENV_MEMORY_SEEDED)};
    assert_ok(block_cache_new(1u << 20, &world.cache, &error), &error);
    static const size_t sizes[] = {0, 1, 10u << 20, 0, 70000, 16383, 16384, 3, 10u << 20};
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    world.cells.cells = arena_allocate_zeroed(&world.cells.arena, COUNT, sizeof(struct cell));
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t *value = arena_allocate(&world.cells.arena, sizes[i] + 1);
        for (size_t at = 0; at < sizes[i]; at++)
            value[at] = (uint8_t)(at * at >> 7);
        uint8_t *row = arena_allocate(&world.cells.arena, LIMIT_ROW_SIZE);
        memset(row, 'r', LIMIT_ROW_SIZE);
        row[0] = (uint8_t)(i + 1);
        world.cells.cells[i] = (struct cell){.row = span_make(row, i % 2 ? LIMIT_ROW_SIZE : 1),
            .family = SPAN_LITERAL("f"),
            .qualifier = span_make(row, i % 3 ? 0 : 20000),
            .value = span_make(value, sizes[i]),
            .timestamp = INT64_MAX - (int64_t)i,
            .sequence = i ? UINT64_MAX : 0,
            .type = CELL_PUT};
    }
    world.cells.count = COUNT;
    world_write(&world,
        &(struct sstable_writer_options){
            .family = SPAN_LITERAL("f"), .compression = COMPRESSION_LZ4, .bloom = BLOOM_ROW});
    assert_ok(sstable_open(world.env, "t.sst", 0, world.cache, &world.table, &error), &error);
    struct cell_iterator *it = open_iterator(
        &world, &(struct sstable_iterator_options){.is_cache_fill = true});
    whole_scan(&world, it, (struct window){0, COUNT});
    reversed_scan(&world, it, (struct window){0, COUNT});
    cell_iterator_close(it);
    world_free(&world);
}

/* ---- What a writer refuses ---- */

static enum status try_two(struct world *world, struct cell first, struct cell second)
{
    struct error error;
    struct sstable_writer *writer;
    struct sstable_writer_options options = {.family = SPAN_LITERAL("f")};
    assert_ok(sstable_writer_new(world->env, "two.sst", &options, &writer, &error), &error);
    assert_ok(sstable_writer_add(writer, &first, &error), &error);
    enum status status = sstable_writer_add(writer, &second, &error);
    sstable_writer_discard(writer);
    return status;
}

static void a_writer_refuses_what_would_make_a_bad_file(void **state)
{
    (void)state;
    struct error error;
    struct world world = {.env = env_memory_new(5, ENV_MEMORY_SEEDED)};
    struct sstable_writer *writer, *other;
    struct sstable_properties properties;
    struct sstable_writer_options options = {.family = SPAN_LITERAL("f")};
    assert_ok(sstable_writer_new(world.env, "t.sst", &options, &writer, &error), &error);
    assert_status(sstable_writer_new(world.env, "t.sst", &options, &other, &error), STATUS_EXISTS);
    assert_status(sstable_writer_finish(writer, &properties, &error), STATUS_INVALID); /* empty */
    sstable_writer_discard(writer);
    struct env_stat stat;
    assert_status(env_path_stat(world.env, "t.sst", &stat, NULL), STATUS_NOT_FOUND);

    const struct cell cell = {.row = SPAN_LITERAL("row"),
        .family = SPAN_LITERAL("f"),
        .qualifier = SPAN_LITERAL("q"),
        .timestamp = 10,
        .sequence = 5,
        .type = CELL_PUT};
    struct cell next = cell;
    assert_status(try_two(&world, cell, cell), STATUS_INVALID);
    next.sequence = 4;
    assert_status(try_two(&world, cell, next), STATUS_OK);
    assert_status(try_two(&world, next, cell), STATUS_INVALID);
    next.timestamp = 11;
    assert_status(try_two(&world, cell, next), STATUS_INVALID);
    next = cell;
    next.qualifier = SPAN_LITERAL("p");
    assert_status(try_two(&world, cell, next), STATUS_INVALID);
    next.row = SPAN_LITERAL("row1");
    assert_status(try_two(&world, cell, next), STATUS_OK);
    next.row = SPAN_LITERAL("ro");
    assert_status(try_two(&world, cell, next), STATUS_INVALID);
    next.row = SPAN_LITERAL("");
    assert_status(try_two(&world, cell, next), STATUS_INVALID);
    next = cell;
    next.family = SPAN_LITERAL("g");
    assert_status(try_two(&world, cell, next), STATUS_INVALID);
    env_memory_free(world.env);
}

/* ---- Failures of the disk and of the heap ---- */

/* Writes and reads a table; the first failure, or STATUS_END when all went well. */
static enum status write_and_read(struct world *world, struct error *error)
{
    struct sstable_writer *writer = NULL;
    struct sstable_properties properties;
    struct sstable *table = NULL;
    struct cell_iterator *it = NULL;
    struct sstable_writer_options options = {.family = SPAN_LITERAL("f"),
        .compression = COMPRESSION_LZ4,
        .bloom = BLOOM_ROW,
        .block_size_bytes = 500,
        .identity = 77};
    enum status status = sstable_writer_new(world->env, "w.sst", &options, &writer, error);
    for (size_t i = 0; status == STATUS_OK && i < world->cells.count; i++)
        status = sstable_writer_add(writer, &world->cells.cells[i], error);
    if (status == STATUS_OK)
        status = sstable_writer_finish(writer, &properties, error);
    if (status != STATUS_OK) {
        sstable_writer_discard(writer);
        return status;
    }
    sstable_writer_free(writer);
    status = sstable_open(world->env, "w.sst", 77, world->cache, &table, error);
    if (status == STATUS_OK)
        status = sstable_iterator_new(table, &(struct sstable_iterator_options){0}, &it, error);
    if (status == STATUS_OK)
        status = cell_iterator_seek_first(it, error);
    size_t count = 0;
    for (; status == STATUS_OK; count++) {
        assert_cells_equal(&it->cell, &world->cells.cells[count]);
        status = cell_iterator_next(it, error);
    }
    if (status == STATUS_END)
        assert_int_equal(count, world->cells.count);
    cell_iterator_close(it);
    sstable_unref(table);
    return status;
}

static void small_world(struct world *world)
{
    struct error error;
    struct dice dice = {9};
    *world = (struct world){.env = env_memory_new(3, ENV_MEMORY_SEEDED)};
    assert_ok(block_cache_new(0, &world->cache, &error), &error);
    random_cells_make(&world->cells, &dice,
        &(struct random_cells_options){.count = 400, .rows = 100, .value_size = 50});
}

static void every_failed_call_of_the_disk_is_told(void **state)
{
    (void)state;
    struct world world;
    small_world(&world);
    struct error error;
    unsigned failures = 0;
    for (uint64_t n = 1;; n++) {
        env_memory_fail_call(world.env, env_memory_call_count(world.env) + n, STATUS_IO, false);
        error_clear(&error);
        enum status status = write_and_read(&world, &error);
        env_memory_fail_call(world.env, 0, STATUS_OK, false);
        env_path_remove(world.env, "w.sst", NULL);
        if (status == STATUS_END)
            break;
        assert_int_equal(status, STATUS_IO);
        assert_non_null(strstr(error.message, "w.sst"));
        failures++;
    }
    print_message("%u calls failed in turn\n", failures);
    assert_true(failures >= 30);
    block_cache_free(world.cache);
    random_cells_deinit(&world.cells);
    env_memory_free(world.env);
}

static long allocations_left; /* the one that brings it to 0 fails */

static void *allocate_or_fail(size_t size)
{
    return --allocations_left == 0 ? NULL : malloc(size);
}

static void *reallocate_or_fail(void *memory, size_t size)
{
    return --allocations_left == 0 ? NULL : realloc(memory, size);
}

static void every_failed_allocation_is_told(void **state)
{
    (void)state;
    static const struct memory_table failing = {allocate_or_fail, reallocate_or_fail, free};
    struct world world;
    small_world(&world);
    struct error error;
    unsigned failures = 0;
    memory_install(&failing);
    for (long n = 1;; n++) {
        allocations_left = n;
        enum status status = write_and_read(&world, &error);
        bool has_failed = allocations_left <= 0;
        allocations_left = 0;
        env_path_remove(world.env, "w.sst", NULL);
        if (!has_failed) {
            assert_int_equal(status, STATUS_END);
            break;
        }
        if (status != STATUS_END) /* a zstd or zlib fallback may do without */
            assert_int_equal(status, STATUS_NO_MEMORY);
        failures++;
    }
    memory_install(NULL);
    print_message("%u allocations failed in turn\n", failures);
    assert_true(failures >= 30);
    block_cache_free(world.cache);
    random_cells_deinit(&world.cells);
    env_memory_free(world.env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_answer_as_sorted_arrays),
        cmocka_unit_test(huge_and_empty_cells_come_back),
        cmocka_unit_test(a_writer_refuses_what_would_make_a_bad_file),
        cmocka_unit_test(every_failed_call_of_the_disk_is_told),
        cmocka_unit_test(every_failed_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
