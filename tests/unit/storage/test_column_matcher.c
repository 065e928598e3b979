/* The cell pipeline: tables of stored cells and what a reader or a compaction makes of them. */
#include "model/filter.h"
#include "storage/column_matcher.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

/* Cells are written "QUALIFIER TYPE TIMESTAMP SEQUENCE" with a type of P, D (one version), C (column), F (family)
 * or V (family version), separated by commas, in cell order; "-" is the empty qualifier. */
struct world {
    struct family_schema family;
    struct read_request request;
    struct family_selection selection;
    struct column_matcher_config config;
    struct cell cells[32];
    char names[32][16];
    size_t count;
};

static void world_init(struct world *world, enum match_mode mode, const char *text)
{
    *world = (struct world){0};
    world->family = (struct family_schema){
        .name = SPAN_LITERAL("f"), .max_versions = 3, .ttl_ms = TTL_FOREVER_MS};
    read_request_init(&world->request);
    world->request.max_versions = 3;
    world->config = (struct column_matcher_config){.mode = mode,
        .family = &world->family,
        .request = &world->request,
        .now_ms = 1000,
        .read_point = UINT64_MAX,
        .oldest_read_point = UINT64_MAX,
        .earliest_put_ms = INT64_MIN};
    for (const char *at = text; at && *at; world->count++) {
        struct cell *cell = &world->cells[world->count];
        char *name = world->names[world->count];
        char type;
        long long timestamp;
        unsigned long long sequence;
        assert_int_equal(sscanf(at, " %15s %c %lld %llu", name, &type, &timestamp, &sequence), 4);
        *cell = (struct cell){.row = SPAN_LITERAL("r"),
            .family = SPAN_LITERAL("f"),
            .timestamp = timestamp,
            .sequence = sequence};
        cell->qualifier = strcmp(name, "-") == 0 ? SPAN_EMPTY : span_string(name);
        cell->type = type == 'P'   ? CELL_PUT
                     : type == 'D' ? CELL_DELETE
                     : type == 'C' ? CELL_DELETE_COLUMN
                     : type == 'F' ? CELL_DELETE_FAMILY
                                   : CELL_DELETE_FAMILY_VERSION;
        assert_true(world->count == 0 || cell_compare(ROW_ORDER_BYTES, cell - 1, cell) < 0);
        at = strchr(at, ',');
        at = at ? at + 1 : NULL;
    }
}

/* Plays the row as an iterator would: seeks land on the first cell at or after the probe. */
static void play(struct world *world, const char *expected)
{
    struct column_matcher matcher;
    struct buffer given = {0};
    column_matcher_init(&matcher, &world->config);
    column_matcher_row(&matcher);
    for (size_t i = 0; i < world->count;) {
        struct cell cell = world->cells[i];
        struct error error = {0};
        enum match_code code;
        assert_ok(column_matcher_match(&matcher, &cell, &code, &error), &error);
        if (match_is_include(code))
            buffer_put_format(&given, "%s%s@%lld", given.size ? " " : "", world->names[i],
                (long long)cell.timestamp);
        i++;
        if (code == MATCH_INCLUDE || code == MATCH_SKIP)
            continue;
        if (code == MATCH_DONE)
            break;
        struct cell probe = column_matcher_probe(&matcher, code, &world->cells[i - 1]);
        while (i < world->count && cell_compare(ROW_ORDER_BYTES, &world->cells[i], &probe) < 0)
            i++;
    }
    assert_spans_equal(buffer_span(&given), span_string(expected));
    buffer_deinit(&given);
    column_matcher_deinit(&matcher);
}

static void check(enum match_mode mode, const char *cells, const char *expected)
{
    struct world world;
    world_init(&world, mode, cells);
    play(&world, expected);
}

static void test_markers_mask_whatever_the_order_of_writing(void **state)
{
    (void)state;
    check(MATCH_READ, "a C 5 1, a P 5 9, a P 4 8", "");
    check(MATCH_READ, "a P 9 1, a C 5 2, a P 4 3, b P 1 4", "a@9 b@1");
    check(MATCH_READ, "a D 5 2, a P 5 1, a P 4 3", "a@4");
    check(MATCH_READ, "- F 5 2, a P 6 1, a P 5 3, b P 4 4", "a@6");
    check(MATCH_READ, "- V 5 2, a P 6 1, a P 5 3, b P 5 4, b P 4 5", "a@6 b@4");
}

static void test_family_markers_behind_puts_of_the_empty_qualifier_count(void **state)
{
    (void)state;
    struct world world;
    check(MATCH_READ, "- P 9 1, - P 8 2, - P 7 3, - P 6 4, - F 5 5, a P 9 7, a P 5 6",
        "-@9 -@8 -@7 a@9");
    world_init(&world, MATCH_READ, "- P 9 1, - F 5 5, - P 4 6, a P 5 7, b P 6 8");
    struct span wanted[] = {SPAN_LITERAL("a"), SPAN_LITERAL("b")};
    world.selection = (struct family_selection){
        .family = SPAN_LITERAL("f"), .qualifiers = wanted, .qualifier_count = 2};
    world.config.selection = &world.selection;
    play(&world, "b@6");
}

static void test_versions_duplicates_and_columns(void **state)
{
    (void)state;
    struct world world;
    check(MATCH_READ, "a P 9 9, a P 9 1, a P 8 2, a P 7 3, a P 6 4, b P 1 5", "a@9 a@8 a@7 b@1");
    world_init(&world, MATCH_READ, "a P 9 1, a P 8 2, b P 9 3, c P 9 4, d P 9 5");
    struct span wanted[] = {SPAN_LITERAL("a"), SPAN_LITERAL("c")};
    world.selection = (struct family_selection){
        .family = SPAN_LITERAL("f"), .qualifiers = wanted, .qualifier_count = 2};
    world.config.selection = &world.selection;
    world.request.max_versions = 1;
    play(&world, "a@9 c@9");
}

static void test_time_ranges_and_keeping_deleted_cells(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, MATCH_READ, "a C 9 2, a P 5 1, b P 9 3, b P 5 4, b P 2 5");
    world.request.time_range = (struct time_range){3, 6};
    play(&world, "b@5"); /* a later marker masks */
    world_init(&world, MATCH_READ, "a C 9 2, a P 5 1");
    world.request.time_range = (struct time_range){3, 6};
    world.family.keep_deleted = KEEP_DELETED_TRUE;
    play(&world, "a@5"); /* but not where the past is kept */
}

static void test_expiry(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, MATCH_READ, "a P 950 1, a P 900 2, a P 899 3, b P 10 4");
    world.family.ttl_ms = 100;
    play(&world, "a@950 a@900");
    world.family.min_versions = 1;
    play(&world, "a@950 a@900 b@10");
    world_init(&world, MATCH_READ, "a P 950 1, a P 940 2");
    world.cells[0].tags = span_make("\0\x09\x08\0\0\0\0\0\0\0\x0a", 11); /* 10 ms */
    play(&world, "a@940");
}

static void test_read_point_and_raw(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, MATCH_READ, "a C 9 7, a P 9 3, a P 8 6, a P 7 2");
    world.config.read_point = 5;
    play(&world, "a@9 a@7");
    check(MATCH_READ_RAW, "- F 9 9, a C 9 7, a P 9 3, a P 8 6, a P 7 2, a P 6 1",
        "-@9 a@9 a@9 a@8 a@7");
    world_init(&world, MATCH_READ_RAW, "a P 950 1, a P 940 2");
    world.family.ttl_ms = 1;
    world.cells[0].tags = span_make("\0\x09\x08\0\0\0\0\0\0\0\x0a", 11); /* 10 ms */
    play(&world, "a@940");
}

static void test_paging_in_the_family(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, MATCH_READ, "a P 9 1, a P 8 2, b P 9 3, c P 9 4, d P 9 5");
    world.request.store_offset = 1;
    world.request.store_limit = 2;
    play(&world, "a@8 b@9");
}

static void test_a_filter_may_choose_an_older_version(void **state)
{
    (void)state;
    struct world world;
    int64_t timestamps[] = {8};
    struct filter_node node = {
        .kind = FILTER_TIMESTAMPS, .timestamps = timestamps, .timestamp_count = 1};
    struct error error = {0};
    world_init(&world, MATCH_READ, "a P 9 1, a P 8 2, a P 7 3, b P 9 4, b P 8 5");
    world.request.max_versions = 1;
    assert_ok(filter_new(&node, false, 1, &world.config.filter, &error), &error);
    play(&world, "a@8 b@8");
    filter_free(world.config.filter);
}

static void test_hints_do_not_skip_family_markers(void **state)
{
    (void)state;
    struct world world;
    struct filter_node node = {.kind = FILTER_COLUMN_PREFIX, .bytes = SPAN_LITERAL("b")};
    struct error error = {0};
    world_init(&world, MATCH_READ, "- P 9 1, - F 5 2, a P 9 3, b P 4 4, bc P 6 5, c P 9 6");
    assert_ok(filter_new(&node, false, 1, &world.config.filter, &error), &error);
    play(&world, "bc@6");
    filter_free(world.config.filter);
}

static void test_a_merge_drops_what_nobody_sees_and_keeps_markers(void **state)
{
    (void)state;
    struct world world;
    check(MATCH_MERGE, "a P 9 9, a P 8 8, a P 7 7, a P 6 6, a C 5 5, a P 4 4, b D 3 3, b P 3 2",
        "a@9 a@8 a@7 a@5 b@3");
    world_init(&world, MATCH_MERGE, "a C 9 9, a P 8 8, a P 7 2");
    world.config.oldest_read_point = 8;
    play(&world, "a@9 a@8 a@7"); /* a reader at 8 sees them */
    world_init(&world, MATCH_MERGE, "a C 9 5, a P 8 8");
    world.config.oldest_read_point = 6;
    play(&world, "a@9"); /* who sees the put sees the marker */
}

static void test_a_major_compaction_drops_markers_as_the_family_allows(void **state)
{
    (void)state;
    struct world world;
    check(MATCH_MAJOR, "- F 3 9, a C 9 8, a P 8 7, b P 9 6, b P 2 5", "b@9");
    world_init(&world, MATCH_MAJOR, "a C 9 8, a P 8 7");
    world.family.keep_deleted = KEEP_DELETED_TRUE;
    play(&world, "a@9 a@8");
    world.config.earliest_put_ms = 10;
    play(&world, "a@8"); /* nothing is left that the marker could mask */
    world_init(&world, MATCH_MAJOR, "a C 990 8, a P 8 7, b C 500 6");
    world.config.purge_deletes_after_ms = 100;
    play(&world, "a@990");
    world_init(&world, MATCH_MAJOR, "a C 990 8, a P 980 7, b C 500 6, b P 400 5");
    world.family.keep_deleted = KEEP_DELETED_TTL;
    world.family.ttl_ms = 100;
    play(&world, "a@990 a@980");
}

static void test_new_version_behaviour_follows_the_order_of_writing(void **state)
{
    (void)state;
    static const struct {
        uint32_t max_versions;
        const char *cells, *expected;
    } table[] = {
        {3, "a C 9 2, a P 8 1, a P 7 3", "a@7"}, /* written after the marker */
        {3, "- F 9 2, a P 8 1, b P 7 3", "b@7"},
        {3, "a D 9 2, a P 9 3, a P 9 1, a P 8 1", "a@9 a@8"}, /* the older of two is replaced */
        {1, "a D 9 3, a P 9 2, a P 8 1", ""}, /* fell off before the newer one was deleted */
        {1, "a D 9 2, a P 9 1, a P 8 3", "a@8"},
        {2, "a P 9 5, a P 8 4, a P 7 3", "a@9 a@8"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct world world;
        world_init(&world, MATCH_READ, table[i].cells);
        world.family.max_versions = table[i].max_versions;
        world.family.is_new_version_behavior = true;
        play(&world, table[i].expected);
    }
    struct world world;
    world_init(&world, MATCH_MERGE, "a D 9 3, a P 9 2, a P 8 1");
    world.family.is_new_version_behavior = true;
    play(&world, "a@9 a@9 a@8"); /* a merge has not all of the history */
    world.config.mode = MATCH_MAJOR;
    play(&world, "a@8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markers_mask_whatever_the_order_of_writing),
        cmocka_unit_test(test_family_markers_behind_puts_of_the_empty_qualifier_count),
        cmocka_unit_test(test_versions_duplicates_and_columns),
        cmocka_unit_test(test_time_ranges_and_keeping_deleted_cells),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_read_point_and_raw),
        cmocka_unit_test(test_paging_in_the_family),
        cmocka_unit_test(test_a_filter_may_choose_an_older_version),
        cmocka_unit_test(test_hints_do_not_skip_family_markers),
        cmocka_unit_test(test_a_merge_drops_what_nobody_sees_and_keeps_markers),
        cmocka_unit_test(test_a_major_compaction_drops_markers_as_the_family_allows),
        cmocka_unit_test(test_new_version_behaviour_follows_the_order_of_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
