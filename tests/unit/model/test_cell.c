/* The order of cells and rows, and tags. */
#include "model/cell.h"
#include "tests/support/support.h"

static struct cell cell(
    const char *row, const char *family, const char *qualifier, int64_t timestamp, uint8_t type)
{
    return (struct cell){.row = span_string(row),
        .family = span_string(family),
        .qualifier = span_string(qualifier),
        .timestamp = timestamp,
        .type = type};
}

static void test_cells_stand_in_order(void **state)
{
    (void)state;
    const struct cell ordered[] = {
        cell("a", "f", "", 9, CELL_PUT),
        cell("a", "f", "", 5, CELL_DELETE_FAMILY),
        cell("a", "f", "q", TIMESTAMP_LATEST, CELL_MAXIMUM),
        cell("a", "f", "q", 7, CELL_DELETE_COLUMN),
        cell("a", "f", "q", 7, CELL_DELETE),
        cell("a", "f", "q", 7, CELL_PUT),
        cell("a", "f", "q", -1, CELL_PUT),
        cell("a", "f", "qq", 9, CELL_PUT),
        cell("a", "fg", "", 9, CELL_PUT),
        cell("a", "", "", INT64_MIN, CELL_MINIMUM), /* last on its row */
        cell("aa", "f", "q", 9, CELL_PUT),
    };
    size_t count = sizeof(ordered) / sizeof(ordered[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            int order = cell_compare(ROW_ORDER_BYTES, &ordered[i], &ordered[j]);
            assert_int_equal(order < 0 ? -1 : order > 0, i < j ? -1 : i > j);
        }
    }
    struct cell newer = ordered[5], older = ordered[5];
    newer.sequence = 2;
    older.sequence = 1;
    assert_true(cell_compare(ROW_ORDER_BYTES, &newer, &older) < 0);
}

static void test_rows_of_meta_compare_in_three_parts(void **state)
{
    (void)state;
    static const char *const ordered[] = {
        "t", "t,,1.a.", "t,a,1.b.", "t,a,2.c.", "t,a!,1.d.", "t,a,b,1.e.", "t!,,1.f.", "u,,1.g."};
    size_t count = sizeof(ordered) / sizeof(ordered[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            int order = row_compare(
                ROW_ORDER_META, span_string(ordered[i]), span_string(ordered[j]));
            assert_int_equal(order < 0 ? -1 : order > 0, i < j ? -1 : i > j);
        }
    }
}

static void test_tags_are_found_and_checked(void **state)
{
    (void)state;
    struct cell tagged = {.tags = SPAN_LITERAL("\0\2\x02x\0\x09\x08\0\0\0\0\0\0\0\x0a")};
    int64_t ttl_ms;
    struct span payload;
    assert_true(cell_tags_are_valid(tagged.tags));
    assert_true(cell_ttl_ms(&tagged, &ttl_ms));
    assert_int_equal(ttl_ms, 10);
    assert_true(cell_find_tag(&tagged, CELL_TAG_VISIBILITY, &payload));
    assert_spans_equal(payload, SPAN_LITERAL("x"));
    assert_false(cell_find_tag(&tagged, CELL_TAG_ACL, &payload));
    for (size_t size = 1; size < tagged.tags.size; size++)
        assert_int_equal(cell_tags_are_valid(span_make(tagged.tags.data, size)), size == 4);
    assert_false(cell_tags_are_valid(SPAN_LITERAL("\0\0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_stand_in_order),
        cmocka_unit_test(test_rows_of_meta_compare_in_three_parts),
        cmocka_unit_test(test_tags_are_found_and_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
