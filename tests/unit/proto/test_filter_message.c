#include "tests/support/support.h"

#include "base/limits.h"
#include "proto/filter.pb-c.h"
#include "proto/filter_message.h"
#include "proto/unpack.h"
#include "proto/wire.h"

/* Sentences of the filter language, one or more for each filter it has. */
static const char *const sentences[] = {
    "PrefixFilter('p')",
    "KeyOnlyFilter(true)",
    "FirstKeyOnlyFilter()",
    "ColumnPrefixFilter('p')",
    "MultipleColumnPrefixFilter('b','a')",
    "ColumnCountGetFilter(3)",
    "PageFilter(10)",
    "ColumnPaginationFilter(1, 2)",
    "InclusiveStopFilter('r')",
    "TimestampsFilter(3, 1)",
    "RowFilter(=,'regexstring:a.*')",
    "FamilyFilter(<,'binary:f')",
    "QualifierFilter(>=,'binaryprefix:q')",
    "ValueFilter(!=,'substring:x')",
    "ColumnRangeFilter('a',true,'b',false)",
    "SingleColumnValueFilter('f','q',<=,'binary:v',true,false)",
    "SingleColumnValueExcludeFilter('f','q',>,'binary:v')",
    "ColumnValueFilter('f','q',=,'binary:v')",
    "DependentColumnFilter('f','q',true,=,'binary:v')",
    "SKIP (PrefixFilter('a') AND PageFilter(1)) OR WHILE RowFilter(=,'regexstringnocase:b')",
};

/* Written, read and written again: the same bytes. */
static void every_sentence_passes_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        struct arena arena = {0};
        struct buffer first = {0}, second = {0};
        struct error error;
        const struct filter_node *parsed, *decoded;
        assert_ok(filter_parse(span_string(sentences[i]), &arena, &parsed, &error), &error);
        filter_encode(&first, parsed);
        assert_non_null(
            message_unpack(&hbase__pb__filter__descriptor, buffer_span(&first), &arena, &error));
        assert_ok(filter_decode(buffer_span(&first), &arena, &decoded, &error), &error);
        assert_int_equal(decoded->kind, parsed->kind);
        filter_encode(&second, decoded);
        assert_spans_equal(buffer_span(&second), buffer_span(&first));
        buffer_deinit(&first);
        buffer_deinit(&second);
        arena_deinit(&arena);
    }
}

static void filters_without_a_sentence_pass_both_ways(void **state)
{
    (void)state;
    struct filter_range ranges[] = {{SPAN_LITERAL("a"), SPAN_LITERAL("b"), true, false},
        {SPAN_LITERAL("c"), SPAN_LITERAL("d"), false, true}};
    const struct filter_node nodes[] = {
        {.kind = FILTER_FUZZY_ROW, .ranges = ranges, .range_count = 2},
        {.kind = FILTER_MULTI_ROW_RANGE, .ranges = ranges, .range_count = 2},
        {.kind = FILTER_RANDOM_ROW, .chance = 0.25f},
        {.kind = FILTER_COLUMN_PAGINATION,
            .limit = 3,
            .bytes = SPAN_LITERAL("q"),
            .has_bytes = true},
        {.kind = FILTER_ALL},
    };
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        struct arena arena = {0};
        struct buffer out = {0};
        struct error error;
        const struct filter_node *decoded;
        filter_encode(&out, &nodes[i]);
        assert_ok(filter_decode(buffer_span(&out), &arena, &decoded, &error), &error);
        assert_true(decoded->kind == nodes[i].kind && decoded->range_count == nodes[i].range_count);
        assert_true(decoded->chance == nodes[i].chance && decoded->limit == nodes[i].limit);
        for (size_t r = 0; r < decoded->range_count; r++) {
            assert_spans_equal(decoded->ranges[r].from, ranges[r].from);
            assert_spans_equal(decoded->ranges[r].to, ranges[r].to);
        }
        buffer_deinit(&out);
        arena_deinit(&arena);
    }
}

static void an_unknown_class_is_named(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer out = {0};
    struct error error;
    const struct filter_node *decoded;
    wire_put_bytes(&out, 1, SPAN_LITERAL("com.example.MyFilter"));
    assert_status(filter_decode(buffer_span(&out), &arena, &decoded, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.message, "com.example.MyFilter"));
    buffer_deinit(&out);
    arena_deinit(&arena);
}

static void nesting_is_limited(void **state)
{
    (void)state;
    struct filter_node nodes[LIMIT_FILTER_DEPTH + 1];
    const struct filter_node *children[LIMIT_FILTER_DEPTH + 1];
    struct arena arena = {0};
    struct error error;
    const struct filter_node *decoded;
    for (size_t i = 0; i <= LIMIT_FILTER_DEPTH; i++) {
        nodes[i] = (struct filter_node){.kind = i ? FILTER_SKIP : FILTER_FIRST_KEY_ONLY};
        if (i) {
            children[i] = &nodes[i - 1];
            nodes[i].children = &children[i];
            nodes[i].child_count = 1;
        }
    }
    for (size_t depth = LIMIT_FILTER_DEPTH; depth <= LIMIT_FILTER_DEPTH + 1; depth++) {
        struct buffer out = {0};
        filter_encode(&out, &nodes[depth - 1]);
        assert_status(filter_decode(buffer_span(&out), &arena, &decoded, &error),
            depth > LIMIT_FILTER_DEPTH ? STATUS_LIMIT : STATUS_OK);
        buffer_deinit(&out);
    }
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sentence_passes_both_ways),
        cmocka_unit_test(filters_without_a_sentence_pass_both_ways),
        cmocka_unit_test(an_unknown_class_is_named),
        cmocka_unit_test(nesting_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
