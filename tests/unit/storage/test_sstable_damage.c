/* SSTables that were damaged: every byte flipped, every length cut, blocks misdirected, promises
 * broken under a right checksum. */
#include <stdio.h>

#include "base/env_memory.h"
#include "storage/sstable.h"
#include "storage/sstable_check.h"
#include "storage/sstable_format.h"
#include "tests/support/random_cells.h"
#include "tests/support/support.h"

struct world {
    struct env *env;
    struct block_cache *cache;
    struct random_cells cells;
    uint64_t size;
    uint64_t identity;
};

static void write_table(
    struct world *world, const char *path, const struct sstable_writer_options *options)
{
    struct error error;
    struct sstable_writer *writer;
    struct sstable_properties properties;
    assert_ok(sstable_writer_new(world->env, path, options, &writer, &error), &error);
    for (size_t i = 0; i < world->cells.count; i++)
        assert_ok(sstable_writer_add(writer, &world->cells.cells[i], &error), &error);
    assert_ok(sstable_writer_finish(writer, &properties, &error), &error);
    world->size = properties.file_bytes;
    world->identity = properties.identity;
    sstable_writer_free(writer);
}

static void world_make(struct world *world, size_t count, enum compression codec)
{
    struct error error;
    struct dice dice = {count};
    *world = (struct world){.env = env_memory_new(7, ENV_MEMORY_SEEDED)};
    assert_ok(block_cache_new(0, &world->cache, &error), &error);
    random_cells_make(&world->cells, &dice,
        &(struct random_cells_options){.count = count, .rows = count / 2, .value_size = 30});
    write_table(world, "t.sst",
        &(struct sstable_writer_options){.family = SPAN_LITERAL("f"),
            .compression = codec,
            .bloom = BLOOM_ROW,
            .block_size_bytes = 400});
}

static void world_free(struct world *world)
{
    block_cache_free(world->cache);
    random_cells_deinit(&world->cells);
    env_memory_free(world->env);
}

struct found {
    uint64_t count;
    uint64_t offset; /* of the first */
    char what[ERROR_MESSAGE_SIZE];
};

static void note_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    struct found *found = context;
    assert_non_null(path);
    if (found->count++ == 0) {
        found->offset = offset;
        snprintf(found->what, sizeof found->what, "%s", what);
    }
}

static struct found check(struct world *world, const char *path)
{
    struct error error;
    struct found found = {0};
    uint64_t problems = 0;
    assert_ok(sstable_check(world->env, path, 0, note_problem, &found, &problems, &error), &error);
    assert_true(problems == found.count);
    return found;
}

/* Reads everything there is: right cells only, until the end or an error that names the file. */
static enum status read_all(struct world *world, const char *path)
{
    struct error error = {0};
    struct sstable *table;
    struct cell_iterator *it;
    enum status status = sstable_open(world->env, path, 0, world->cache, &table, &error);
    if (status != STATUS_OK) {
        assert_non_null(strstr(error.message, path));
        return status;
    }
    struct sstable_iterator_options options = {0};
    assert_ok(sstable_iterator_new(table, &options, &it, &error), &error);
    status = cell_iterator_seek_first(it, &error);
    size_t i = 0;
    for (; status == STATUS_OK; i++) {
        assert_true(i < world->cells.count);
        assert_cells_equal(&it->cell, &world->cells.cells[i]);
        status = cell_iterator_next(it, &error);
    }
    if (status == STATUS_END)
        assert_int_equal(i, world->cells.count);
    else
        assert_non_null(strstr(error.message, path));
    cell_iterator_close(it);
    sstable_unref(table);
    return status;
}

static void a_sound_file_has_no_problems(void **state)
{
    (void)state;
    for (int codec = 0; codec <= COMPRESSION_GZIP; codec++) {
        struct world world;
        world_make(&world, 2000, (enum compression)codec);
        struct found found = check(&world, "t.sst");
        if (found.count)
            fail_msg("at %llu: %s", (unsigned long long)found.offset, found.what);
        assert_int_equal(read_all(&world, "t.sst"), STATUS_END);
        world_free(&world);
    }
}

static void every_flipped_byte_is_found_and_named(void **state)
{
    (void)state;
    struct error error;
    struct dice dice = {11};
    unsigned long flips = 0, harmless = 0;
    for (int codec = 0; codec <= COMPRESSION_ZSTD; codec++) {
        struct world world;
        world_make(&world, 60, (enum compression)codec);
        for (uint64_t offset = 0; offset < world.size; offset++) {
            uint8_t mask = (uint8_t)(1u << dice_below(&dice, 8));
            assert_ok(env_memory_flip(world.env, "t.sst", offset, mask), &error);
            struct found found = check(&world, "t.sst");
            if (found.count == 0 || found.offset > offset)
                fail_msg("byte %llu flipped with %02x: %llu problems, at %llu: %s",
                    (unsigned long long)offset, mask, (unsigned long long)found.count,
                    (unsigned long long)found.offset, found.what);
            /* A scan reads no filter: there, and only there, a flip may pass unseen, and harmless.
             */
            harmless += read_all(&world, "t.sst") == STATUS_END;
            flips++;
            assert_ok(env_memory_flip(world.env, "t.sst", offset, mask), &error);
        }
        world_free(&world);
    }
    print_message(
        "%lu bytes flipped, all found; %lu of them a scan never reads\n", flips, harmless);
    assert_true(flips > 8000 && harmless < flips / 4);
}

static void every_shorter_length_is_found(void **state)
{
    (void)state;
    struct error error;
    struct world world;
    world_make(&world, 60, COMPRESSION_LZ4);
    struct buffer bytes = {0};
    assert_ok(env_read_file(world.env, "t.sst", 1u << 20, &bytes, &error), &error);
    for (size_t size = 0; size < bytes.size; size++) {
        assert_ok(env_write_file(world.env, "cut.sst", 0644, span_make(bytes.data, size), &error),
            &error);
        assert_status(read_all(&world, "cut.sst"), STATUS_CORRUPT);
        assert_true(check(&world, "cut.sst").count > 0);
        assert_ok(env_path_remove(world.env, "cut.sst", &error), &error);
    }
    buffer_deinit(&bytes);
    world_free(&world);
}

static void a_file_under_anothers_name_is_found(void **state)
{
    (void)state;
    struct error error;
    struct world world;
    struct sstable *table;
    world_make(&world, 60, COMPRESSION_LZ4);
    assert_status(sstable_open(world.env, "t.sst", world.identity + 1, world.cache, &table, &error),
        STATUS_CORRUPT);
    world_free(&world);
}

/* The same cells and sizes, another identity: block for block, one file's bytes in the other. */
static void a_block_of_another_file_is_found(void **state)
{
    (void)state;
    struct error error;
    struct world world;
    world_make(&world, 60, COMPRESSION_NONE);
    struct sstable_writer_options options = {.family = SPAN_LITERAL("f"),
        .bloom = BLOOM_ROW,
        .block_size_bytes = 400,
        .identity = world.identity ^ 1};
    write_table(&world, "u.sst", &options);
    struct buffer t = {0}, u = {0};
    assert_ok(env_read_file(world.env, "t.sst", 1u << 20, &t, &error), &error);
    assert_ok(env_read_file(world.env, "u.sst", 1u << 20, &u, &error), &error);
    assert_int_equal(t.size, u.size);
    size_t half = t.size / 2;
    memcpy(t.data, u.data, half);
    assert_ok(env_write_file(world.env, "mixed.sst", 0644, buffer_span(&t), &error), &error);
    assert_status(read_all(&world, "mixed.sst"), STATUS_CORRUPT);
    assert_int_equal(check(&world, "mixed.sst").offset, 0);
    buffer_deinit(&t);
    buffer_deinit(&u);
    world_free(&world);
}

static void a_later_format_is_refused_by_its_number(void **state)
{
    (void)state;
    struct error error;
    struct world world;
    world_make(&world, 60, COMPRESSION_NONE);
    struct buffer bytes = {0};
    assert_ok(env_read_file(world.env, "t.sst", 1u << 20, &bytes, &error), &error);
    uint64_t offset = bytes.size - SSTABLE_FOOTER_SIZE;
    struct sstable_footer footer;
    assert_ok(sstable_footer_decode(
                  span_make(bytes.data + offset, SSTABLE_FOOTER_SIZE), offset, &footer, &error),
        &error);
    footer.version = 2;
    sstable_footer_encode(&footer, offset, bytes.data + offset);
    assert_ok(env_write_file(world.env, "v2.sst", 0644, buffer_span(&bytes), &error), &error);
    struct sstable *table;
    assert_status(
        sstable_open(world.env, "v2.sst", 0, world.cache, &table, &error), STATUS_NEWER_FORMAT);
    assert_non_null(strstr(error.message, "version is 2"));
    buffer_deinit(&bytes);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_file_has_no_problems),
        cmocka_unit_test(every_flipped_byte_is_found_and_named),
        cmocka_unit_test(every_shorter_length_is_found),
        cmocka_unit_test(a_file_under_anothers_name_is_found),
        cmocka_unit_test(a_block_of_another_file_is_found),
        cmocka_unit_test(a_later_format_is_refused_by_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
