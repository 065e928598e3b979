/* Row bounds of filters: a scan that goes where filter_row_bound sends it sees the rows that one sees which looks at
 * every row. Random trees over all rows of a small alphabet. */
#include "base/arena.h"
#include "base/dice.h"
#include "model/filter.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ROW_BYTES = 3,
    LETTERS = 4,
    ROWS = LETTERS + LETTERS * LETTERS + LETTERS * LETTERS * LETTERS
};

static const uint8_t letters[LETTERS] = {0x00, 'a', 'b', 0xFF};
static uint8_t bytes[ROWS][ROW_BYTES];
static struct span rows[ROWS];

static int by_bytes(const void *left, const void *right)
{
    return span_compare(*(const struct span *)left, *(const struct span *)right);
}

static void make_rows(void)
{
    size_t count = 0;
    for (size_t size = 1, combinations = LETTERS; size <= ROW_BYTES;
         size++, combinations *= LETTERS)
        for (size_t i = 0; i < combinations; i++, count++) {
            size_t rest = i;
            for (size_t at = 0; at < size; at++, rest /= LETTERS)
                bytes[count][at] = letters[rest % LETTERS];
            rows[count] = span_make(bytes[count], size);
        }
    assert_int_equal(count, ROWS);
    qsort(rows, ROWS, sizeof rows[0], by_bytes);
}

/* ---- Random trees ---- */

static struct span any_row(struct dice *dice)
{
    return rows[dice_below(dice, ROWS)];
}

static void fill_comparing(struct dice *dice, struct arena *arena, struct filter_node *node)
{
    static const enum comparator_kind kinds[] = {
        COMPARATOR_BINARY, COMPARATOR_BINARY_PREFIX, COMPARATOR_SUBSTRING};
    struct comparator *comparator = arena_allocate_zeroed(arena, 1, sizeof *comparator);
    comparator->kind = kinds[dice_below(dice, 3)];
    comparator->value = comparator->kind == COMPARATOR_SUBSTRING ? SPAN_LITERAL("a")
                                                                 : any_row(dice);
    node->comparator = comparator;
    node->op = (int)dice_below(dice, 6);
}

static void fill_ranges(struct dice *dice, struct arena *arena, struct filter_node *node)
{
    node->range_count = 1 + dice_below(dice, 3);
    node->ranges = arena_allocate_zeroed(arena, node->range_count, sizeof *node->ranges);
    for (size_t i = 0; i < node->range_count; i++) {
        struct span one = any_row(dice), other = any_row(dice);
        bool is_ordered = span_compare(one, other) <= 0;
        node->ranges[i] = (struct filter_range){.from = is_ordered ? one : other,
            .to = dice_below(dice, 8) == 0 ? SPAN_EMPTY : (is_ordered ? other : one),
            .is_from_inclusive = dice_below(dice, 2),
            .is_to_inclusive = dice_below(dice, 2)};
    }
}

static void fill_patterns(struct dice *dice, struct arena *arena, struct filter_node *node)
{
    static const uint8_t masks[][ROW_BYTES] = {
        {0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {1, 1, 0}, {0, 0, 1}, {1, 0, 1}, {0, 1, 1}};
    node->range_count = 1 + dice_below(dice, 3);
    node->ranges = arena_allocate_zeroed(arena, node->range_count, sizeof *node->ranges);
    for (size_t i = 0; i < node->range_count; i++) {
        struct span key = any_row(dice);
        node->ranges[i] = (struct filter_range){
            .from = key, .to = span_make(masks[dice_below(dice, 7)], key.size)};
    }
}

static const struct filter_node *make_tree(struct dice *dice, struct arena *arena, unsigned depth)
{
    struct filter_node *node = arena_allocate_zeroed(arena, 1, sizeof *node);
    switch (dice_below(dice, depth > 0 ? 6 : 4)) {
    case 0:
        node->kind = FILTER_PREFIX;
        node->bytes = any_row(dice);
        break;
    case 1:
        node->kind = FILTER_ROW;
        fill_comparing(dice, arena, node);
        break;
    case 2:
        node->kind = FILTER_MULTI_ROW_RANGE;
        fill_ranges(dice, arena, node);
        break;
    case 3:
        node->kind = FILTER_FUZZY_ROW;
        fill_patterns(dice, arena, node);
        break;
    default:
        node->kind = FILTER_LIST;
        node->op = 1 + (int)dice_below(dice, 2);
        node->child_count = 1 + dice_below(dice, 3);
        node->children = arena_allocate_zeroed(arena, node->child_count, sizeof *node->children);
        for (size_t i = 0; i < node->child_count; i++)
            node->children[i] = make_tree(dice, arena, depth - 1);
    }
    return node;
}

/* ---- Scans ---- */

struct seen {
    bool is_in[ROWS]; /* by number of row: the filter let it in */
    size_t looked_at;
};

static void scan(
    const struct filter_node *tree, bool is_reversed, bool is_skipping, struct seen *out_seen)
{
    struct filter *filter;
    struct error error = {0};
    assert_ok(filter_new(tree, is_reversed, 1, &filter, &error), &error);
    size_t at = is_reversed ? ROWS : 0; /* forward: the next row; reversed: one above it */
    *out_seen = (struct seen){0};
    while (is_reversed ? at > 0 : at < ROWS) {
        struct span row = rows[is_reversed ? at - 1 : at], bound;
        if (filter_is_done(filter))
            break;
        out_seen->looked_at++;
        if (!filter_skips_row_key(filter, row)) {
            out_seen->is_in[is_reversed ? at - 1 : at] = true;
        } else if (is_skipping && filter_row_bound(filter, row, &bound)) {
            if (is_reversed)
                while (at > 1 && span_compare(rows[at - 2], bound) >= 0)
                    at--;
            else
                while (at + 1 < ROWS && span_compare(rows[at + 1], bound) < 0)
                    at++;
        }
        filter_reset(filter);
        at = is_reversed ? at - 1 : at + 1;
    }
    filter_free(filter);
}

struct sums {
    uint64_t walked, skipped;
};

static void compare_walk_and_skip(uint64_t seed, void *context)
{
    struct sums *sums = context;
    struct dice dice = {seed};
    struct arena arena = {0};
    struct seen walk, skip;
    const struct filter_node *tree = make_tree(&dice, &arena, 2);
    for (int is_reversed = 0; is_reversed < 2; is_reversed++) {
        scan(tree, is_reversed, false, &walk);
        scan(tree, is_reversed, true, &skip);
        assert_memory_equal(walk.is_in, skip.is_in, sizeof walk.is_in);
        sums->walked += walk.looked_at;
        sums->skipped += skip.looked_at;
    }
    arena_deinit(&arena);
}

static void bounds_pass_over_nothing_that_would_pass(void **state)
{
    struct sums sums = {0};
    (void)state;
    make_rows();
    bool is_whole = for_each_seed(4000, compare_walk_and_skip, &sums);
    printf("%llu rows looked at without bounds, %llu with them\n", (unsigned long long)sums.walked,
        (unsigned long long)sums.skipped);
    assert_true(sums.skipped < sums.walked * 2 / 3 || !is_whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_pass_over_nothing_that_would_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
