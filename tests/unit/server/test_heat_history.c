/* The heat of tables along keys and time: unions, divisions, layers, pictures. */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/dice.h"
#include "base/limits.h"
#include "server/heat/heat_history.h"

#define KEYS_MOST 200

/* An axis with made-up keys and values, in the arena. */
static struct heat_axis make_axis(struct dice *dice, struct arena *arena, unsigned key_space)
{
    size_t want = 1 + dice_below(dice, KEYS_MOST - 1), count = 0;
    struct span *starts = arena_allocate_zeroed(arena, want, sizeof *starts);
    struct heat_values *values = arena_allocate_zeroed(arena, want, sizeof *values);
    unsigned key = dice_chance(dice, 50) ? 0 : (unsigned)dice_below(dice, key_space);
    for (; count < want; count++) {
        char text[32];
        int size = key == 0 ? 0 : snprintf(text, sizeof text, "user%08u", key);
        starts[count] = arena_copy(arena, span_make(text, (size_t)size));
        for (unsigned c = 0; c < HEAT_COUNTERS; c++)
            values[count].of[c] = dice_chance(dice, 40) ? 0 : (double)dice_below(dice, 10000);
        key += 1 + (unsigned)dice_below(dice, 20);
    }
    char text[32];
    snprintf(text, sizeof text, "user%08u", key);
    struct span end = dice_chance(dice, 50) ? SPAN_EMPTY : arena_copy(arena, span_string(text));
    return (struct heat_axis){starts, values, count, end};
}

static double sum_of(const struct heat_axis *axis, uint32_t metric)
{
    double sum = 0;
    for (size_t i = 0; i < axis->count; i++)
        sum += heat_sum(&axis->values[i], metric);
    return sum;
}

static void assert_close(double a, double b)
{
    double scale = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
    if (fabs(a - b) > 1e-6 * (scale + 1))
        fail_msg("%.9g is not %.9g", a, b);
}

static void assert_rising(const struct heat_axis *axis)
{
    for (size_t i = 1; i < axis->count; i++)
        assert_true(span_compare(axis->starts[i - 1], axis->starts[i]) < 0);
    if (axis->count > 0 && axis->end.size > 0)
        assert_true(span_compare(axis->starts[axis->count - 1], axis->end) < 0);
}

static bool has_start(const struct heat_axis *axis, struct span key)
{
    for (size_t i = 0; i < axis->count; i++)
        if (span_equal(axis->starts[i], key))
            return true;
    return span_equal(axis->end, key);
}

static void unions_keep_sums_and_bounds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct dice dice = {seed};
        struct arena arena = {0};
        struct heat_axis axes[6], sum;
        size_t count = 1 + dice_below(&dice, 6);
        double expected[HEAT_COUNTERS] = {0};
        for (size_t a = 0; a < count; a++) {
            axes[a] = make_axis(&dice, &arena, 2000);
            for (unsigned c = 0; c < HEAT_COUNTERS; c++)
                expected[c] += sum_of(&axes[a], 1u << c);
        }
        assert_status(heat_axis_union(axes, count, &arena, &sum), STATUS_OK);
        assert_rising(&sum);
        for (unsigned c = 0; c < HEAT_COUNTERS; c++)
            assert_close(sum_of(&sum, 1u << c), expected[c]);
        for (size_t a = 0; a < count; a++)
            for (size_t i = 0; i < axes[a].count; i++)
                assert_true(has_start(&sum, axes[a].starts[i]));
        arena_deinit(&arena);
    }
}

/* Those of tablets lie in a row, mostly: whatever the order they come in, the union is the same. */
static void a_row_of_axes_is_joined_as_any_others(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct dice dice = {seed};
        struct arena arena = {0};
        struct heat_axis whole = make_axis(&dice, &arena, 2000), parts[8], row, mixed;
        size_t count = 0;
        for (size_t from = 0; from < whole.count && count < 8;) {
            size_t size = 1 + dice_below(&dice, 40);
            bool is_last = from + size >= whole.count;
            size = is_last ? whole.count - from : size;
            parts[count++] = (struct heat_axis){whole.starts + from, whole.values + from, size,
                is_last ? whole.end : whole.starts[from + size]};
            from += size + (dice_chance(&dice, 30) ? 3 : 0); /* a gap now and then */
        }
        assert_status(heat_axis_union(parts, count, &arena, &row), STATUS_OK);
        struct heat_axis first = parts[0];
        parts[0] = parts[count - 1];
        parts[count - 1] = first;
        assert_status(heat_axis_union(parts, count, &arena, &mixed), STATUS_OK);
        assert_int_equal(row.count, mixed.count);
        assert_true(span_equal(row.end, mixed.end));
        for (size_t i = 0; i < row.count; i++) {
            assert_true(span_equal(row.starts[i], mixed.starts[i]));
            assert_close(heat_sum(&row.values[i], HEAT_OPS), heat_sum(&mixed.values[i], HEAT_OPS));
        }
        arena_deinit(&arena);
    }
}

static void a_union_divides_evenly(void **state)
{
    struct arena arena = {0};
    struct span whole[] = {SPAN_EMPTY}, halves[] = {SPAN_EMPTY, SPAN_LITERAL("m")};
    struct heat_values one[] = {{{10}}}, two[] = {{{1}}, {{2}}};
    struct heat_axis axes[] = {{whole, one, 1, SPAN_EMPTY}, {halves, two, 2, SPAN_EMPTY}}, sum;
    (void)state;
    assert_status(heat_axis_union(axes, 2, &arena, &sum), STATUS_OK);
    assert_int_equal(sum.count, 2);
    assert_close(sum.values[0].of[HEAT_READS], 6);
    assert_close(sum.values[1].of[HEAT_READS], 7);
    arena_deinit(&arena);
}

static void what_lies_between_axes_took_nothing(void **state)
{
    struct arena arena = {0};
    struct span first[] = {SPAN_LITERAL("b")}, second[] = {SPAN_LITERAL("x")};
    struct heat_values value[] = {{{10}}};
    struct heat_axis axes[] = {
        {second, value, 1, SPAN_EMPTY}, {first, value, 1, SPAN_LITERAL("c")}};
    struct heat_axis sum, covering;
    (void)state;
    assert_status(heat_axis_union(axes, 2, &arena, &sum), STATUS_OK);
    assert_int_equal(sum.count, 3);
    assert_close(sum.values[1].of[HEAT_READS], 0);
    assert_status(heat_axis_cover(&sum, &arena, &covering), STATUS_OK);
    assert_int_equal(covering.count, 4);
    assert_int_equal(covering.starts[0].size, 0);
    assert_close(sum_of(&covering, HEAT_OPS), 20);
    arena_deinit(&arena);
}

static void divisions_keep_sums_and_their_bound(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct dice dice = {seed};
        struct arena arena = {0};
        struct heat_axis axis = make_axis(&dice, &arena, 5), divided;
        size_t target = 1 + dice_below(&dice, 100);
        assert_status(heat_axis_divide(&axis, target, HEAT_OPS, &arena, &divided), STATUS_OK);
        assert_in_range(divided.count, 1, target > axis.count ? axis.count : target);
        assert_rising(&divided);
        assert_true(span_equal(divided.starts[0], axis.starts[0]));
        assert_close(sum_of(&divided, HEAT_OPS), sum_of(&axis, HEAT_OPS));
        assert_close(sum_of(&divided, HEAT_BYTES), sum_of(&axis, HEAT_BYTES));
        arena_deinit(&arena);
    }
}

static void a_division_leaves_hot_stretches_alone(void **state)
{
    double weights[10000] = {0};
    size_t firsts[64];
    (void)state;
    for (size_t i = 0; i < 10000; i++)
        weights[i] = 1;
    weights[1234] = weights[7777] = 50000;
    size_t count = heat_divide(weights, 10000, 64, firsts);
    bool has_first = false, has_second = false;
    assert_in_range(count, 20, 64);
    for (size_t i = 0; i + 1 < count; i++) {
        has_first = has_first || (firsts[i] == 1234 && firsts[i + 1] == 1235);
        has_second = has_second || (firsts[i] == 7777 && firsts[i + 1] == 7778);
    }
    assert_true(has_first && has_second);
}

/* A whole table in one picture: what came in must come out, per second. */
static double picture_sum(const struct heat_matrix *matrix)
{
    double sum = 0;
    for (size_t i = 0; i < matrix->row_count * matrix->column_count; i++)
        sum += matrix->values[i];
    return sum * matrix->step_s;
}

static struct heat_matrix draw(
    struct heat_history *history, struct heat_query query, struct arena *arena)
{
    struct heat_gathering *gathering;
    struct heat_matrix matrix = {0};
    struct error error = {0};
    query.table = SPAN_LITERAL("t");
    query.metric = query.metric ? query.metric : HEAT_OPS;
    assert_status(heat_history_gather(history, &query, &gathering, &error), STATUS_OK);
    assert_status(heat_gathering_draw(gathering, arena, &matrix), STATUS_OK);
    heat_gathering_free(gathering);
    for (size_t r = 0; r < matrix.row_count; r++)
        assert_true(matrix.bounds[r + 1].size == 0
                        ? r + 1 == matrix.row_count
                        : span_compare(matrix.bounds[r], matrix.bounds[r + 1]) < 0);
    return matrix;
}

static void pictures_keep_sums_over_all_layers(void **state)
{
    struct heat_history *history;
    struct arena arena = {0};
    struct dice dice = {7};
    double expected = 0;
    const int64_t first = 10000, minutes = 3000; /* into the layer of half hours */
    (void)state;
    assert_status(heat_history_new(64 << 20, &history), STATUS_OK);
    for (int64_t minute = first; minute < first + minutes; minute++) {
        struct arena scratch = {0};
        struct heat_axis axis = make_axis(&dice, &scratch, 100);
        if (dice_chance(&dice, 80)) { /* else an idle minute */
            expected += sum_of(&axis, HEAT_OPS);
            assert_status(
                heat_history_add(history, SPAN_LITERAL("t"), SPAN_LITERAL("1"), minute, &axis),
                STATUS_OK);
        }
        arena_deinit(&scratch);
    }
    struct heat_matrix matrix = draw(history,
        (struct heat_query){.from_s = (first - 1000) * 60,
            .to_s = (first + minutes + 1000) * 60,
            .rows = 64,
            .columns = 100},
        &arena);
    assert_in_range(matrix.row_count, 1, 64);
    assert_in_range(matrix.column_count, 50, 100);
    if (fabs(picture_sum(&matrix) - expected) > expected * 1e-4)
        fail_msg("%.3f came in, %.3f came out", expected, picture_sum(&matrix));
    arena_deinit(&arena);
    heat_history_free(history);
}

static void add_stripe(struct heat_history *history, int64_t minute, const char *hot, double ops)
{
    struct span starts[] = {SPAN_EMPTY, SPAN_LITERAL("b"), SPAN_LITERAL("c"), SPAN_LITERAL("d")};
    struct heat_values values[4] = {{{1}}, {{1}}, {{1}}, {{1}}};
    for (unsigned i = 0; i < 4; i++)
        if (span_equal(starts[i], span_string(hot)))
            values[i].of[HEAT_READS] = ops;
    struct heat_axis axis = {starts, values, 4, SPAN_EMPTY};
    assert_status(
        heat_history_add(history, SPAN_LITERAL("t"), SPAN_LITERAL("1"), minute, &axis), STATUS_OK);
}

static void a_picture_shows_where_and_when(void **state)
{
    struct heat_history *history;
    struct arena arena = {0};
    (void)state;
    assert_status(heat_history_new(1 << 20, &history), STATUS_OK);
    add_stripe(history, 100, "c", 6000);
    add_stripe(history, 101, "b", 1200);
    struct heat_matrix matrix = draw(history,
        (struct heat_query){.from_s = 99 * 60, .to_s = 102 * 60, .rows = 10, .columns = 10},
        &arena);
    assert_int_equal(matrix.step_s, 60);
    assert_int_equal(matrix.from_s, 99 * 60);
    assert_int_equal(matrix.column_count, 3);
    assert_int_equal(matrix.row_count, 4);
    assert_close(matrix.values[2], 0);
    assert_close(matrix.values[4 + 2], 100);
    assert_close(matrix.values[8 + 1], 20);
    assert_close(matrix.most, 100);
    /* a part of it */
    matrix = draw(history,
        (struct heat_query){.from_s = 99 * 60,
            .to_s = 102 * 60,
            .rows = 10,
            .columns = 10,
            .start_key = SPAN_LITERAL("bb"),
            .end_key = SPAN_LITERAL("d")},
        &arena);
    assert_int_equal(matrix.row_count, 2);
    assert_spans_equal(matrix.bounds[0], SPAN_LITERAL("bb"));
    assert_spans_equal(matrix.bounds[2], SPAN_LITERAL("d"));
    assert_close(matrix.values[4 + 0], 10); /* half of what "b" to "c" took */
    assert_close(matrix.values[2 + 1], 100);
    arena_deinit(&arena);
    heat_history_free(history);
}

static void nothing_known_is_a_picture_of_nothing(void **state)
{
    struct heat_history *history;
    struct arena arena = {0};
    (void)state;
    assert_status(heat_history_new(1 << 20, &history), STATUS_OK);
    struct heat_matrix matrix = draw(
        history, (struct heat_query){.from_s = 0, .to_s = 3600, .rows = 3, .columns = 6}, &arena);
    assert_int_equal(matrix.row_count, 1);
    assert_int_equal(matrix.column_count, 6);
    assert_close(matrix.most, 0);
    arena_deinit(&arena);
    heat_history_free(history);
}

static void another_table_of_the_name_begins_anew(void **state)
{
    struct heat_history *history;
    struct arena arena = {0};
    struct span starts[] = {SPAN_EMPTY};
    struct heat_values values[] = {{{60}}};
    struct heat_axis axis = {starts, values, 1, SPAN_EMPTY};
    (void)state;
    assert_status(heat_history_new(1 << 20, &history), STATUS_OK);
    for (int64_t minute = 1; minute < 50; minute++)
        heat_history_add(history, SPAN_LITERAL("t"), SPAN_LITERAL("1"), minute, &axis);
    heat_history_add(history, SPAN_LITERAL("t"), SPAN_LITERAL("2"), 50, &axis);
    struct heat_matrix matrix = draw(
        history, (struct heat_query){.from_s = 0, .to_s = 3600, .rows = 3, .columns = 60}, &arena);
    assert_close(picture_sum(&matrix), 60);
    heat_history_forget(history, SPAN_LITERAL("t"));
    assert_int_equal(heat_history_memory(history), 0);
    arena_deinit(&arena);
    heat_history_free(history);
}

static void memory_is_bounded(void **state)
{
    struct heat_history *history;
    struct dice dice = {11};
    (void)state;
    assert_status(heat_history_new(256 << 10, &history), STATUS_OK);
    for (int64_t minute = 1; minute < 400; minute++) {
        struct arena scratch = {0};
        char table[8];
        snprintf(table, sizeof table, "t%d", (int)(minute % 7));
        struct heat_axis axis = make_axis(&dice, &scratch, 100);
        heat_history_add(history, span_string(table), SPAN_LITERAL("1"), minute, &axis);
        assert_in_range(heat_history_memory(history), 1, 256 << 10);
        arena_deinit(&scratch);
    }
    heat_history_free(history);
}

static void queries_that_make_no_sense_are_refused(void **state)
{
    struct heat_history *history;
    struct heat_gathering *gathering;
    struct error error = {0};
    const struct heat_query bad[] = {
        {.from_s = 5, .to_s = 5, .rows = 1, .columns = 1, .metric = HEAT_OPS},
        {.from_s = -60, .to_s = 5, .rows = 1, .columns = 1, .metric = HEAT_OPS},
        {.from_s = 0, .to_s = 5, .rows = 0, .columns = 1, .metric = HEAT_OPS},
        {.from_s = 0, .to_s = 5, .rows = 1, .columns = LIMIT_HEAT_COLUMNS + 1, .metric = HEAT_OPS},
        {.from_s = 0, .to_s = 5, .rows = 1, .columns = 1},
        /* a step of 71,582,789 minutes is 44 seconds in 32 bits */
        {.from_s = 0, .to_s = 4294967340, .rows = 1, .columns = 1, .metric = HEAT_OPS},
        {.from_s = 0, .to_s = 68719477440, .rows = 1, .columns = 16, .metric = HEAT_OPS},
        {.from_s = 0,
            .to_s = 5,
            .rows = 1,
            .columns = 1,
            .metric = HEAT_OPS,
            .start_key = SPAN_LITERAL("b"),
            .end_key = SPAN_LITERAL("a")},
    };
    (void)state;
    assert_status(heat_history_new(1 << 20, &history), STATUS_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(heat_history_gather(history, &bad[i], &gathering, &error), STATUS_INVALID);
    struct heat_query longest = {
        .to_s = HEAT_SPAN_MOST_S, .rows = 1, .columns = 1, .metric = HEAT_OPS};
    struct arena arena = {0};
    struct heat_matrix matrix;
    assert_status(heat_history_gather(history, &longest, &gathering, &error), STATUS_OK);
    assert_status(heat_gathering_draw(gathering, &arena, &matrix), STATUS_OK);
    assert_int_equal(matrix.column_count, 1);
    assert_true(matrix.step_s >= longest.to_s);
    heat_gathering_free(gathering);
    arena_deinit(&arena);
    heat_history_free(history);
}

static void metrics_have_names(void **state)
{
    (void)state;
    assert_int_equal(heat_metric_find(SPAN_EMPTY), HEAT_OPS);
    assert_int_equal(heat_metric_find(SPAN_LITERAL("heat")), 0);
    for (unsigned i = 0; heat_metric_at(i); i++)
        assert_string_equal(
            heat_metric_name(heat_metric_find(span_string(heat_metric_at(i)))), heat_metric_at(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unions_keep_sums_and_bounds),
        cmocka_unit_test(a_row_of_axes_is_joined_as_any_others),
        cmocka_unit_test(a_union_divides_evenly),
        cmocka_unit_test(what_lies_between_axes_took_nothing),
        cmocka_unit_test(divisions_keep_sums_and_their_bound),
        cmocka_unit_test(a_division_leaves_hot_stretches_alone),
        cmocka_unit_test(pictures_keep_sums_over_all_layers),
        cmocka_unit_test(a_picture_shows_where_and_when),
        cmocka_unit_test(nothing_known_is_a_picture_of_nothing),
        cmocka_unit_test(another_table_of_the_name_begins_anew),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(queries_that_make_no_sense_are_refused),
        cmocka_unit_test(metrics_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
