/* The SSTables of every format version that was ever released must be read for ever: tests/golden holds them,
 * and this says what is in them. Made anew (a NEW version only, under a new name) by running this test with
 * STELE_MAKE_GOLDEN=DIRECTORY. */
#include <stdio.h>
#include <stdlib.h>

#include "storage/sstable.h"
#include "storage/sstable_check.h"
#include "storage/sstable_dump.h"
#include "tests/support/random_cells.h"
#include "tests/support/support.h"

struct golden {
    const char *name;
    enum row_order order;
    enum compression compression;
};

static const struct golden files[] = {
    {"sstable-v1-none.sst", ROW_ORDER_BYTES, COMPRESSION_NONE},
    {"sstable-v1-lz4.sst", ROW_ORDER_BYTES, COMPRESSION_LZ4},
    {"sstable-v1-zstd.sst", ROW_ORDER_BYTES, COMPRESSION_ZSTD},
    {"sstable-v1-snappy.sst", ROW_ORDER_BYTES, COMPRESSION_SNAPPY},
    {"sstable-v1-gzip.sst", ROW_ORDER_BYTES, COMPRESSION_GZIP},
    {"sstable-v1-meta.sst", ROW_ORDER_META, COMPRESSION_LZ4},
};

enum { FILE_COUNT = sizeof files / sizeof files[0], CELLS = 60 };

/* The cells of every golden file, from arithmetic: never to be changed. */
static struct cell cell_of(struct arena *arena, unsigned i, enum row_order order)
{
    char text[64];
    int size = order == ROW_ORDER_META
                   ? snprintf(text, sizeof text, "t,%c,%u", 'a' + (int)(i / 20), i / 4)
                   : snprintf(text, sizeof text, "row-%03u", i / 4);
    struct cell cell = {.row = arena_copy(arena, span_make(text, (size_t)size)),
        .family = SPAN_LITERAL("family"),
        .timestamp = 1700000000000 - i,
        .sequence = 1000 + i * i,
        .type = CELL_PUT};
    size = snprintf(text, sizeof text, "qualifier-%u", i % 4);
    if (i % 4 > 0)
        cell.qualifier = arena_copy(arena, span_make(text, (size_t)size));
    else
        cell.type = i % 8 == 0 ? CELL_DELETE_FAMILY : CELL_PUT;
    if (i % 7 == 0)
        cell.tags = span_make("\x00\x09\x08\x00\x00\x00\x00\x00\x01\x51\x80", 11);
    size = snprintf(text, sizeof text, "value %u of the golden file", i * 37);
    cell.value = arena_copy(arena, span_make(text, i % 5 ? (size_t)size : 0));
    return cell;
}

static void write_golden(const char *directory, const struct golden *golden)
{
    struct error error;
    struct arena arena = {0};
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, golden->name);
    struct sstable_writer *writer;
    struct sstable_properties properties;
    struct sstable_writer_options options = {.family = SPAN_LITERAL("family"),
        .row_order = golden->order,
        .compression = golden->compression,
        .bloom = BLOOM_ROW,
        .block_size_bytes = 700,
        .identity = 0x5354454c45474f4c};
    assert_ok(sstable_writer_new(env_real(), path, &options, &writer, &error), &error);
    for (unsigned i = 0; i < CELLS; i++) {
        struct cell cell = cell_of(&arena, i, golden->order);
        assert_ok(sstable_writer_add(writer, &cell, &error), &error);
    }
    assert_ok(sstable_writer_finish(writer, &properties, &error), &error);
    sstable_writer_free(writer);
    arena_deinit(&arena);
}

static const char *golden_path(const struct golden *golden)
{
    return test_path(getenv("STELE_GOLDEN"), golden->name);
}

static void read_golden(const struct golden *golden)
{
    struct error error;
    struct arena arena = {0};
    struct block_cache *cache;
    struct sstable *table;
    struct cell_iterator *it;
    assert_ok(block_cache_new(0, &cache, &error), &error);
    assert_ok(
        sstable_open(env_real(), golden_path(golden), 0x5354454c45474f4c, cache, &table, &error),
        &error);
    assert_int_equal(sstable_get_properties(table)->cell_count, CELLS);
    assert_int_equal(sstable_get_properties(table)->row_count, CELLS / 4);
    assert_int_equal(sstable_get_properties(table)->cell_ttl_count, (CELLS + 6) / 7);
    assert_ok(
        sstable_iterator_new(table, &(struct sstable_iterator_options){0}, &it, &error), &error);
    enum status status = cell_iterator_seek_first(it, &error);
    for (unsigned i = 0; i < CELLS; i++) {
        struct cell cell = cell_of(&arena, i, golden->order);
        assert_int_equal(status, STATUS_OK);
        assert_cells_equal(&it->cell, &cell);
        status = cell_iterator_next(it, &error);
    }
    assert_int_equal(status, STATUS_END);
    cell_iterator_close(it);
    sstable_unref(table);
    block_cache_free(cache);
    arena_deinit(&arena);
}

static void every_golden_file_is_read(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FILE_COUNT; i++)
        read_golden(&files[i]);
}

static void fail_on_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    (void)context;
    fail_msg("%s at %llu: %s", path, (unsigned long long)offset, what);
}

static void every_golden_file_is_sound(void **state)
{
    (void)state;
    struct error error;
    uint64_t problems;
    for (unsigned i = 0; i < FILE_COUNT; i++)
        assert_ok(sstable_check(env_real(), golden_path(&files[i]), 0, fail_on_problem, NULL,
                      &problems, &error),
            &error);
}

static void note_line(void *context, const char *line)
{
    bool *has_cell = context;
    *has_cell |=
        strcmp(line,
            "  row-001 family:qualifier-1 timestamp 1699999999995 Put(4) sequence 1025 value ") ==
        0;
}

static void a_dump_names_the_cells(void **state)
{
    (void)state;
    struct error error;
    bool has_cell = false;
    assert_ok(
        sstable_dump(env_real(), golden_path(&files[1]), note_line, &has_cell, &error), &error);
    assert_true(has_cell);
}

/* What today's writer makes may differ from the file in created_ms only, while the version is the same. */
static void todays_writer_makes_the_same_blocks(void **state)
{
    (void)state;
    struct error error;
    char *directory = test_directory_new();
    write_golden(directory, &files[0]);
    struct buffer then = {0}, now = {0};
    assert_ok(env_read_file(env_real(), golden_path(&files[0]), 1u << 20, &then, &error), &error);
    assert_ok(
        env_read_file(env_real(), test_path(directory, files[0].name), 1u << 20, &now, &error),
        &error);
    assert_int_equal(then.size, now.size);
    size_t same = 0;
    while (same < then.size && then.data[same] == now.data[same])
        same++;
    assert_true(same > then.size * 3 / 4); /* properties stand near the end */
    buffer_deinit(&then);
    buffer_deinit(&now);
    test_directory_remove(directory);
}

int main(void)
{
    const char *directory = getenv("STELE_MAKE_GOLDEN");
    for (unsigned i = 0; directory && i < FILE_COUNT; i++)
        write_golden(directory, &files[i]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_golden_file_is_read),
        cmocka_unit_test(every_golden_file_is_sound),
        cmocka_unit_test(a_dump_names_the_cells),
        cmocka_unit_test(todays_writer_makes_the_same_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
