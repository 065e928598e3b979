/* The heat map of a large table: a day of a table of many tablets, put together minute by minute, then asked for.
 *
 *     heat_history [TABLETS [ROWS]]      100000 512
 *
 * Heat wanders: each minute a tenth of the tablets have calls, a cohort of neighbours most of them, and the cohort
 * moves. So each minute is divided at other keys, and the picture's union of bounds is as large as it gets. Prints the
 * memory of the history, the time to take a minute in, and the times of pictures of the day, of an hour, and of a part
 * of the keys. */
#include <stdio.h>
#include <stdlib.h>

#include "base/dice.h"
#include "base/env.h"
#include "server/heat/heat_history.h"

#define MINUTES 1440
#define FIRST   28000000 /* minutes since 1970 */
#define REPEATS 5

static void must(enum status status, const char *what)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "heat_history: %s: %s\n", what, status_name(status));
    exit(1);
}

static double now_ms(void)
{
    return (double)env_monotonic_ns(env_real()) / 1e6;
}

static void fill(struct heat_values *values, size_t tablets, int64_t minute, struct dice *dice)
{
    memset(values, 0, tablets * sizeof *values);
    size_t cohort = (size_t)minute * 37 % tablets;
    for (size_t i = 0; i < tablets / 10; i++) {
        bool is_in = dice_chance(dice, 80);
        size_t tablet = is_in ? (cohort + dice_below(dice, tablets / 20 + 1)) % tablets
                              : dice_below(dice, tablets);
        values[tablet].of[HEAT_READS] += (double)dice_below(dice, 1000);
        values[tablet].of[HEAT_WRITES] += (double)dice_below(dice, 100);
        values[tablet].of[HEAT_BYTES_OUT] += (double)dice_below(dice, 100000);
    }
}

static void ask(struct heat_history *history, const char *what, struct heat_query query)
{
    double best = 1e9, worst = 0;
    size_t rows = 0, columns = 0;
    for (int i = 0; i < REPEATS; i++) {
        struct heat_gathering *gathering;
        struct heat_matrix matrix;
        struct arena arena = {0};
        struct error error = {0};
        double before = now_ms();
        must(heat_history_gather(history, &query, &gathering, &error), error.message);
        must(heat_gathering_draw(gathering, &arena, &matrix), "draw");
        double took = now_ms() - before;
        best = took < best ? took : best;
        worst = took > worst ? took : worst;
        rows = matrix.row_count;
        columns = matrix.column_count;
        heat_gathering_free(gathering);
        arena_deinit(&arena);
    }
    printf("%-16s %4zu x %4zu   %6.1f ms best, %6.1f ms worst of %d\n", what, rows, columns, best,
        worst, REPEATS);
}

int main(int argc, char **argv)
{
    size_t tablets = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    size_t rows = argc > 2 ? strtoul(argv[2], NULL, 10) : 512;
    struct arena arena = {0};
    struct dice dice = {1};
    struct heat_history *history;
    struct span *starts = arena_allocate_zeroed(&arena, tablets, sizeof *starts);
    struct heat_values *values = arena_allocate_zeroed(&arena, tablets, sizeof *values);
    must(heat_history_new(HEAT_MEMORY_BYTES, &history), "history");
    for (size_t i = 1; i < tablets; i++) {
        char text[32];
        snprintf(text, sizeof text, "customer%012zu", i * 1000);
        starts[i] = arena_copy(&arena, span_string(text));
    }
    double adding = 0;
    for (int64_t minute = 0; minute < MINUTES; minute++) {
        fill(values, tablets, minute, &dice);
        struct heat_axis axis = {starts, values, tablets, SPAN_EMPTY};
        double before = now_ms();
        must(heat_history_add(history, SPAN_LITERAL("t"), SPAN_LITERAL("1"), FIRST + minute, &axis),
            "add");
        adding += now_ms() - before;
    }
    printf("%zu tablets, %d minutes: %.1f MB, %.1f ms to take in a minute\n", tablets, MINUTES,
        (double)heat_history_memory(history) / 1e6, adding / MINUTES);
    struct heat_query day = {.table = SPAN_LITERAL("t"),
        .from_s = (int64_t)FIRST * 60,
        .to_s = (int64_t)(FIRST + MINUTES) * 60,
        .metric = HEAT_OPS,
        .rows = rows,
        .columns = 360};
    struct heat_query hour = day, part = day;
    hour.from_s = hour.to_s - 3600;
    part.start_key = starts[tablets / 4];
    part.end_key = starts[tablets / 3];
    ask(history, "a day", day);
    ask(history, "an hour", hour);
    ask(history, "part of the keys", part);
    heat_history_free(history);
    arena_deinit(&arena);
    return 0;
}
