/* Filters against what HBase 2.6.4's own classes answer (filter_vectors.txt, made by FilterVectors.java), and the
 * kinds that its language cannot say. */
#include "base/arena.h"
#include "model/filter.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

#define CELLS_MOST    64
#define VECTORS_LEAST 800 /* fewer would prove little */

/* One scan over sorted cells, as a region does it: rows forward or backward, family after family. */
struct scan {
    struct filter *filter;
    const struct cell *cells;
    size_t count;
    bool is_reversed;
    struct cell out[CELLS_MOST]; /* with what the filter made of the values: */
    size_t out_count;
    uint8_t values[CELLS_MOST][16];
    size_t value_count;
};

static void give(struct scan *scan, struct cell cell, struct cell *row, size_t *row_count)
{
    filter_transform(scan->filter, &cell);
    assert_true(scan->value_count < CELLS_MOST && cell.value.size <= sizeof(scan->values[0]));
    uint8_t *value = scan->values[scan->value_count++];
    if (cell.value.size)
        memcpy(value, cell.value.data, cell.value.size);
    cell.value.data = value;
    row[(*row_count)++] = cell;
}

/* The cells of one family of a row, [at, end); false when the filter ends the scan. */
static bool scan_family(
    struct scan *scan, size_t at, size_t end, struct cell *row, size_t *row_count)
{
    while (at < end) {
        const struct cell *cell = &scan->cells[at];
        struct cell hint;
        if (filter_is_done(scan->filter))
            return false;
        enum filter_code code = filter_cell(scan->filter, cell);
        if (code == FILTER_INCLUDE || code == FILTER_INCLUDE_AND_NEXT_COLUMN ||
            code == FILTER_INCLUDE_AND_NEXT_ROW)
            give(scan, *cell, row, row_count);
        at++;
        if (code == FILTER_INCLUDE_AND_NEXT_ROW || code == FILTER_NEXT_ROW)
            return true;
        if (code == FILTER_INCLUDE_AND_NEXT_COLUMN || code == FILTER_NEXT_COLUMN) {
            while (at < end && cell_compare_column(&scan->cells[at], cell) == 0)
                at++;
        } else if (code == FILTER_SEEK_HINT && filter_hint(scan->filter, cell, &hint)) {
            if (!span_equal(hint.row, cell->row))
                return true;
            while (at < end && cell_compare(ROW_ORDER_BYTES, &scan->cells[at], &hint) < 0)
                at++;
        }
    }
    return true;
}

/* The row [from, to). */
static void scan_row(struct scan *scan, size_t from, size_t to)
{
    struct cell *row = &scan->out[scan->out_count];
    size_t row_count = 0;
    bool goes_on = !filter_skips_row_key(scan->filter, scan->cells[from].row);
    while (goes_on && from < to) {
        size_t end = from;
        while (end < to && span_equal(scan->cells[end].family, scan->cells[from].family))
            end++;
        goes_on = scan_family(scan, from, end, row, &row_count);
        from = end;
    }
    if (row_count && filter_has_row(scan->filter))
        row_count = filter_row_cells(scan->filter, row, row_count);
    if (row_count && filter_skips_row(scan->filter))
        row_count = 0;
    scan->out_count += row_count;
    filter_reset(scan->filter);
}

static void run_scan(struct scan *scan, const struct filter_node *tree)
{
    struct error error = {0};
    assert_ok(filter_new(tree, scan->is_reversed, 1, &scan->filter, &error), &error);
    scan->out_count = scan->value_count = 0;
    size_t low = 0, high = scan->count;
    while (low < high && !filter_is_done(scan->filter)) {
        size_t from = scan->is_reversed ? high - 1 : low;
        size_t to = from + 1;
        while (from > low && span_equal(scan->cells[from - 1].row, scan->cells[from].row))
            from--;
        while (to < high && span_equal(scan->cells[to].row, scan->cells[from].row))
            to++;
        scan_row(scan, from, to);
        if (scan->is_reversed)
            high = from;
        else
            low = to;
    }
    filter_free(scan->filter);
}

/* ---- The vectors ---- */

static struct span take_word(char **line, struct arena *arena)
{
    struct buffer bytes = {0};
    char *word = strsep(line, " ");
    if (strcmp(word, "-") != 0)
        assert_true(bytes_unescape(span_string(word), &bytes));
    struct span copy = arena_copy(arena, buffer_span(&bytes));
    buffer_deinit(&bytes);
    return copy;
}

static void describe_output(const struct scan *scan, struct buffer *out)
{
    buffer_put(out, SPAN_LITERAL("o"));
    for (size_t i = 0; i < scan->out_count; i++) {
        size_t index = 0;
        while (cell_compare(ROW_ORDER_BYTES, &scan->cells[index], &scan->out[i]) != 0)
            index++;
        buffer_put_format(out, " %zu", index);
        if (span_equal(scan->cells[index].value, scan->out[i].value))
            continue;
        buffer_put(out, scan->out[i].value.size ? SPAN_LITERAL(":") : SPAN_LITERAL(":-"));
        buffer_put_escaped(out, scan->out[i].value);
    }
    buffer_put_u8(out, 0);
}

static void check_vector(struct scan *scan, char *filter_line, const char *expected)
{
    struct arena arena = {0};
    struct buffer actual = {0};
    struct error error = {0};
    const struct filter_node *tree;
    scan->is_reversed = strncmp(filter_line, "f REVERSED ", 11) == 0;
    const char *text = strchr(filter_line + 2, ' ') + 1;
    assert_ok(filter_parse(span_string(text), &arena, &tree, &error), &error);
    run_scan(scan, tree);
    describe_output(scan, &actual);
    if (strcmp((const char *)actual.data, expected) != 0)
        fail_msg(
            "%s\n   HBase: %s\n   here:  %s", filter_line, expected, (const char *)actual.data);
    buffer_deinit(&actual);
    arena_deinit(&arena);
}

static void test_answers_are_those_of_hbase(void **state)
{
    (void)state;
    struct cell cells[CELLS_MOST];
    struct scan scan = {.cells = cells};
    struct arena arena = {0};
    FILE *file = fopen(getenv("STELE_FILTER_VECTORS"), "r");
    char *line = NULL, *filter_line = NULL;
    size_t room = 0, vectors = 0;
    assert_non_null(file);
    while (getline(&line, &room, file) > 0) {
        line[strcspn(line, "\n")] = 0;
        char *rest = line + 2;
        if (line[0] == 'd') {
            arena_reset(&arena);
            scan.count = 0;
        } else if (line[0] == 'c') {
            struct cell *cell = &cells[scan.count++];
            *cell = (struct cell){.type = CELL_PUT};
            cell->row = take_word(&rest, &arena);
            cell->family = take_word(&rest, &arena);
            cell->qualifier = take_word(&rest, &arena);
            cell->timestamp = strtoll(strsep(&rest, " "), NULL, 10);
            cell->value = take_word(&rest, &arena);
        } else if (line[0] == 'f') {
            free(filter_line);
            filter_line = strdup(line);
        } else {
            check_vector(&scan, filter_line, line);
            vectors++;
        }
    }
    free(line);
    free(filter_line);
    fclose(file);
    arena_deinit(&arena);
    print_message("%zu filters answered as HBase does\n", vectors);
    assert_true(vectors >= VECTORS_LEAST);
}

/* ---- What the language cannot say ---- */

static const struct cell rows[] = {
    {.row = {(const uint8_t *)"a1x", 3},
        .family = {(const uint8_t *)"f", 1},
        .type = CELL_PUT,
        .timestamp = 1},
    {.row = {(const uint8_t *)"a2", 2},
        .family = {(const uint8_t *)"f", 1},
        .type = CELL_PUT,
        .timestamp = 1},
    {.row = {(const uint8_t *)"b1", 2},
        .family = {(const uint8_t *)"f", 1},
        .type = CELL_PUT,
        .timestamp = 1},
    {.row = {(const uint8_t *)"c1", 2},
        .family = {(const uint8_t *)"f", 1},
        .type = CELL_PUT,
        .timestamp = 1},
};

/* Runs forward and reversed over `rows`; `expected` is the text of the rows given, forward. */
static void check_rows(const struct filter_node *tree, const char *expected)
{
    for (int direction = 0; direction < 2; direction++) {
        struct scan scan = {.cells = rows, .count = 4, .is_reversed = direction == 1};
        struct buffer text = {0};
        run_scan(&scan, tree);
        for (size_t i = 0; i < scan.out_count; i++) {
            buffer_put(&text, scan.out[scan.is_reversed ? scan.out_count - 1 - i : i].row);
            buffer_put_u8(&text, ' ');
        }
        assert_spans_equal(buffer_span(&text), span_string(expected));
        buffer_deinit(&text);
    }
}

static void test_fuzzy_rows_match_by_mask(void **state)
{
    (void)state;
    static const struct {
        const char *key, *mask, *expected;
    } table[] = {
        {"?1", "\x01\x00", "a1x b1 c1 "}, /* as users write it; longer rows match by their front */
        {"?1", "\x02\xff", "a1x b1 c1 "}, /* as HBase's client may send it */
        {"a?", "\x00\x01", "a1x a2 "},
        {"a2", "\x00\x00", "a2 "},
        {"z?", "\x00\x01", ""},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct filter_range pair = {
            .from = span_string(table[i].key), .to = span_make(table[i].mask, 2)};
        struct filter_node node = {.kind = FILTER_FUZZY_ROW, .ranges = &pair, .range_count = 1};
        check_rows(&node, table[i].expected);
    }
}

static void test_row_ranges_are_a_union(void **state)
{
    (void)state;
    struct filter_range ranges[] = {
        {.from = SPAN_LITERAL("b1"),
            .to = SPAN_LITERAL("c1"),
            .is_from_inclusive = true,
            .is_to_inclusive = false},
        {.from = SPAN_LITERAL("a1x"),
            .to = SPAN_LITERAL("a2"),
            .is_from_inclusive = false,
            .is_to_inclusive = true},
    };
    struct filter_node node = {.kind = FILTER_MULTI_ROW_RANGE, .ranges = ranges, .range_count = 2};
    check_rows(&node, "a2 b1 ");
    ranges[0].to = SPAN_EMPTY; /* to the end */
    check_rows(&node, "a2 b1 c1 ");
}

static void test_chance_of_none_and_all(void **state)
{
    (void)state;
    check_rows(&(struct filter_node){.kind = FILTER_RANDOM_ROW, .chance = -1.0f}, "");
    check_rows(&(struct filter_node){.kind = FILTER_RANDOM_ROW, .chance = 1.5f}, "a1x a2 b1 c1 ");
}

static void test_trees_have_limits(void **state)
{
    (void)state;
    struct filter *filter;
    struct error error;
    struct filter_node nodes[40] = {{.kind = FILTER_ALL}};
    const struct filter_node *children[40];
    for (size_t i = 1; i < 40; i++) {
        children[i] = &nodes[i - 1];
        nodes[i] = (struct filter_node){
            .kind = FILTER_SKIP, .children = &children[i], .child_count = 1};
    }
    assert_int_equal(filter_new(&nodes[39], false, 1, &filter, &error), STATUS_LIMIT);
    assert_ok(filter_new(&nodes[10], false, 1, &filter, &error), &error);
    filter_free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_are_those_of_hbase),
        cmocka_unit_test(test_fuzzy_rows_match_by_mask),
        cmocka_unit_test(test_row_ranges_are_a_union),
        cmocka_unit_test(test_chance_of_none_and_all),
        cmocka_unit_test(test_trees_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
