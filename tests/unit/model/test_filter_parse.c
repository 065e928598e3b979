/* The filter language: what is understood, and what is said of the rest. */
#include "model/filter.h"
#include "tests/support/support.h"

static const struct filter_node *parse(struct arena *arena, const char *text)
{
    const struct filter_node *tree = NULL;
    struct error error = {0};
    assert_ok(filter_parse(span_string(text), arena, &tree, &error), &error);
    return tree;
}

static void test_operators_bind_skip_then_and_then_or(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct filter_node *tree = parse(&arena,
        "KeyOnlyFilter() OR SKIP PrefixFilter('a') AND PageFilter(1) AND FirstKeyOnlyFilter()");
    assert_int_equal(tree->kind, FILTER_LIST);
    assert_int_equal(tree->op, 2);
    assert_int_equal(tree->child_count, 2);
    const struct filter_node *all = tree->children[1];
    assert_int_equal(all->op, 1);
    assert_int_equal(all->child_count, 3); /* a run of one operator is one list */
    assert_int_equal(all->children[0]->kind, FILTER_SKIP);
    arena_deinit(&arena);
}

static void test_arguments(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_spans_equal(parse(&arena, "PrefixFilter ('it''s')")->bytes, SPAN_LITERAL("it's"));
    const struct filter_node *row = parse(&arena, "RowFilter(>=, 'binary:a:b')");
    assert_int_equal(row->op, COMPARE_GREATER_OR_EQUAL);
    assert_spans_equal(row->comparator->value, SPAN_LITERAL("a:b"));
    const struct filter_node *pages = parse(&arena, "ColumnPaginationFilter(3, 4)");
    assert_int_equal(pages->limit, 3);
    assert_int_equal(pages->offset, 4);
    const struct filter_node *range = parse(&arena, "ColumnRangeFilter('a', TRUE, 'b', false)");
    assert_true(range->ranges[0].is_from_inclusive);
    assert_false(range->ranges[0].is_to_inclusive);
    const struct filter_node *single = parse(
        &arena, "SingleColumnValueFilter('f', 'q', =, 'substring:x', true, false)");
    assert_true(single->is_filter_if_missing);
    assert_false(single->is_latest_version_only);
    assert_true(
        parse(&arena, "SingleColumnValueFilter('f', 'q', =, 'binary:x')")->is_latest_version_only);
    arena_deinit(&arena);
}

static void test_refusals_say_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } table[] = {
        {"", "Incorrect "},
        {"PrefixFilter('a'", "Mismatched parenthesis"},
        {"NoSuchFilter('a')", "Filter Name NoSuchFilter not supported"},
        {"PrefixFilter('a'))", "Mismatched parenthesis"},
        {"PrefixFilter('a', 'b')", "Incorrect "},
        {"PageFilter(x)", "Incorrect argument list"},
        {"RowFilter(=, 'nothing')", "Incorrect comparator"},
        {"ColumnRangeFilter('a', maybe, 'b', true)", "Incorrect Boolean Expression"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct arena arena = {0};
        struct error error = {0};
        const struct filter_node *tree = NULL;
        assert_int_equal(
            filter_parse(span_string(table[i].text), &arena, &tree, &error), STATUS_INVALID);
        if (!strstr(error.message, table[i].message))
            fail_msg("%s: %s", table[i].text, error.message);
        assert_null(tree);
        arena_deinit(&arena);
    }
}

static void test_any_bytes_are_answered(uint64_t seed, void *context)
{
    static const char *const words[] = {"(", ")", " AND ", " OR ", "SKIP ", "WHILE ",
        "PrefixFilter('a')", "KeyOnlyFilter()", "RowFilter(=, 'binary:x')", "'", ",", "''",
        "PageFilter(", "99999999999999999999", "\xff", " "};
    struct dice dice = {seed};
    struct buffer text = {0};
    struct arena arena = {0};
    struct error error = {0};
    struct filter *filter = NULL;
    const struct filter_node *tree;
    (void)context;
    for (uint64_t i = dice_below(&dice, 12); i > 0; i--)
        buffer_put(&text, span_string(words[dice_below(&dice, sizeof(words) / sizeof(words[0]))]));
    enum status status = filter_parse(buffer_span(&text), &arena, &tree, &error);
    if (!status)
        assert_ok(filter_new(tree, false, 1, &filter, &error), &error);
    else
        assert_true(status == STATUS_INVALID || status == STATUS_LIMIT);
    filter_free(filter);
    arena_deinit(&arena);
    buffer_deinit(&text);
}

static void test_random_words(void **state)
{
    (void)state;
    assert_true(for_each_seed(3000, test_any_bytes_are_answered, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operators_bind_skip_then_and_then_or),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_refusals_say_what_is_wrong),
        cmocka_unit_test(test_random_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
