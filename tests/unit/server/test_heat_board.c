/* The board: what servers report is what pages and shell read. */
#include "tests/support/support.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/dice.h"
#include "base/env_memory.h"
#include "server/heat/heat_board_internal.h"

#define REPORTS 300

static const char table_id[] = "11111111111111111111111111111111";

/* A tablet of table "t" with one hot stretch, as a column. */
struct column_memory {
    struct span starts[3];
    struct heat_values values[3];
    struct heat_column column;
};

static const struct heat_column *make_column(struct column_memory *memory, const char *id,
    const char *start, const char *middle, const char *end, double cold, double hot)
{
    memory->starts[0] = span_string(start);
    memory->starts[1] = span_string(middle);
    memory->values[0].of[HEAT_READS] = cold;
    memory->values[1].of[HEAT_READS] = hot;
    memory->column = (struct heat_column){
        .table = SPAN_LITERAL("t"), .axis = {memory->starts, memory->values, 2, span_string(end)}};
    snprintf(memory->column.table_id, sizeof memory->column.table_id, "%s", table_id);
    snprintf(memory->column.tablet_id, sizeof memory->column.tablet_id, "%s", id);
    return &memory->column;
}

static struct server_name server_of(unsigned number)
{
    return (struct server_name){.host = SPAN_LITERAL("h"), .port = number, .start_code = 1};
}

static int64_t minute_now(void)
{
    return env_wall_ms(env_real()) / 60000;
}

/* The minute before is over, the one that runs is 30 s old. */
static void report(struct heat_board *board, unsigned server, int64_t minute,
    const struct heat_column *ended, const struct heat_column *running,
    const struct heat_tablet_rows *hot)
{
    struct heat_minute minutes[] = {
        {minute - 1, 60, ended, ended ? 1 : 0}, {minute, 30, running, running ? 1 : 0}};
    struct heat_report message = {.server = server_of(server),
        .minutes = minutes,
        .minute_count = 2,
        .hot = hot,
        .hot_count = hot ? 1 : 0};
    struct heat_report_answer answer = {0};
    heat_board_take(board, &message, &answer);
    assert_true(answer.minutes_from == minute);
}

static struct heat_matrix draw(
    struct heat_board *board, int64_t minute, struct arena *arena, enum status expected)
{
    struct heat_matrix matrix = {0};
    struct error error = {0};
    struct heat_query query = {.table = SPAN_LITERAL("t"),
        .from_s = (minute - 1) * 60,
        .to_s = (minute + 1) * 60,
        .metric = HEAT_OPS,
        .rows = 16,
        .columns = 2};
    assert_status(heat_board_matrix(board, &query, arena, &matrix, &error), expected);
    return matrix;
}

static void two_servers_make_one_picture(void **state)
{
    (void)state;
    struct heat_board *board;
    struct arena arena = {0};
    struct column_memory memory[2] = {0};
    int64_t minute = minute_now();
    assert_status(heat_board_new(env_real(), false, &board), STATUS_OK);
    (void)draw(board, minute, &arena, STATUS_NOT_FOUND);
    const struct heat_column *low = make_column(&memory[0], "low", "", "c", "m", 60, 600);
    report(board, 1, minute, low, low, NULL);
    const struct heat_column *high = make_column(&memory[1], "high", "m", "t", "", 120, 6000);
    report(board, 2, minute, high, NULL, NULL);
    struct heat_matrix matrix = draw(board, minute, &arena, STATUS_OK);
    assert_int_equal(matrix.row_count, 4);
    assert_int_equal(matrix.column_count, 2);
    assert_spans_equal(matrix.bounds[1], SPAN_LITERAL("c"));
    assert_spans_equal(matrix.bounds[3], SPAN_LITERAL("t"));
    assert_true(fabs(matrix.values[1] - 10) < 1e-6);     /* the minute that ended */
    assert_true(fabs(matrix.values[4 + 1] - 20) < 1e-6); /* 30 s of the one that runs */
    assert_true(fabs(matrix.values[3] - 100) < 1e-6);
    heat_board_free(board);
    arena_deinit(&arena);
}

static void the_hottest_come_first(void **state)
{
    struct heat_board *board;
    struct arena arena = {0};
    struct column_memory memory[2] = {0};
    struct heat_tablets hot;
    struct heat_rows rows;
    int64_t minute = minute_now();
    (void)state;
    assert_status(heat_board_new(env_real(), false, &board), STATUS_OK);
    const struct heat_column *low = make_column(&memory[0], "low", "", "c", "m", 60, 30);
    report(board, 1, minute, low, low, NULL);
    struct hot_row list[] = {
        {SPAN_LITERAL("t1"), HEAT_ROW_READ, 500, 20}, {SPAN_LITERAL("t2"), HEAT_ROW_WRITE, 50, 0}};
    struct heat_tablet_rows tablet = {.table = SPAN_LITERAL("t"),
        .tablet_id = "high",
        .window_s = 90,
        .all = {1000, 100},
        .rows = list,
        .row_count = 2};
    const struct heat_column *high = make_column(&memory[1], "high", "m", "t", "", 100, 800);
    report(board, 2, minute, high, high, &tablet);
    assert_status(heat_board_tablets(board, SPAN_EMPTY, HEAT_OPS, 10, &arena, &hot), STATUS_OK);
    assert_int_equal(hot.count, 2);
    assert_int_equal(hot.active, 2);
    assert_spans_equal(hot.tablets[0].tablet_id, SPAN_LITERAL("high"));
    assert_spans_equal(hot.tablets[0].server, SPAN_LITERAL("h,2,1"));
    assert_spans_equal(hot.tablets[0].hottest_start, SPAN_LITERAL("t"));
    assert_true(fabs(hot.tablets[0].per_s.of[HEAT_READS] - 20) < 1e-6);
    assert_true(fabs(hot.tablets[0].hottest_share - 8.0 / 9) < 1e-6);
    assert_true(fabs(hot.tablets[0].share + hot.tablets[1].share - 1) < 1e-6);
    /* the minute that runs: 100 of 900 before "t", and half a stretch */
    struct span high_id = SPAN_LITERAL("high");
    assert_true(fabs(heat_board_share_before(board, high_id, SPAN_LITERAL("t")) - 1.0 / 9) < 1e-6);
    assert_true(fabs(heat_board_share_before(board, high_id, SPAN_LITERAL("x")) - 5.0 / 9) < 1e-6);
    assert_true(heat_board_share_before(board, high_id, SPAN_LITERAL("m")) < 1e-6);
    assert_true(
        fabs(heat_board_share_before(board, SPAN_LITERAL("no"), SPAN_LITERAL("t")) - 0.5) < 1e-6);
    assert_status(
        heat_board_tablets(board, SPAN_LITERAL("other"), HEAT_OPS, 10, &arena, &hot), STATUS_OK);
    assert_int_equal(hot.count, 0);
    assert_status(heat_board_rows(board, SPAN_LITERAL("t"), 10, &arena, &rows), STATUS_OK);
    assert_int_equal(rows.count, 2);
    assert_spans_equal(rows.rows[0].row, SPAN_LITERAL("t1"));
    assert_true(fabs(rows.rows[0].share - 0.5) < 1e-6);
    heat_board_free(board);
    arena_deinit(&arena);
}

static void the_greatest_are_found(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct dice dice = {seed};
        struct heat_ranked all[100];
        size_t count = dice_below(&dice, 100), limit = dice_below(&dice, count + 1), above = 0;
        uint64_t values = 1 + dice_below(&dice, 60); /* equals too */
        for (size_t i = 0; i < count; i++)
            all[i] = (struct heat_ranked){(double)dice_below(&dice, values), NULL};
        heat_ranked_select(all, count, limit);
        double least = 1e9;
        for (size_t i = 0; i < limit; i++)
            least = all[i].value < least ? all[i].value : least;
        for (size_t i = limit; i < count; i++)
            above += all[i].value > least;
        if (above)
            fail_msg("seed %llu: %zu of %zu are greater than one of the %zu",
                (unsigned long long)seed, above, count, limit);
    }
}

/* A page asks for several pictures of one moment; the minutes that run are put together once for them. */
static void a_picture_follows_the_reports(void **state)
{
    (void)state;
    struct heat_board *board;
    struct arena arena = {0};
    struct column_memory memory = {0};
    int64_t minute = minute_now();
    assert_status(heat_board_new(env_real(), true, &board), STATUS_OK);
    for (unsigned round = 1; round <= 20; round++) {
        double hot = 1000.0 * round;
        report(board, 1, minute, NULL, make_column(&memory, "a", "", "m", "", 0, hot), NULL);
        /* an older picture lives for ten times what it took, which is next to nothing here */
        uint64_t until_ns = env_monotonic_ns(env_real()) + UINT64_C(60000000000);
        while (fabs(draw(board, minute, &arena, STATUS_OK).most - hot / 30) > 1e-6)
            assert_true(env_monotonic_ns(env_real()) < until_ns);
    }
    arena_deinit(&arena);
    heat_board_free(board);
}

/* A tablet that is closed, moved or split, in the middle of a minute: what it took until then stays in the picture, and it
 * is no hot tablet of that server any more. */
static void what_a_moved_tablet_took_stays_in_the_minute(void **state)
{
    (void)state;
    struct heat_board *board;
    struct arena arena = {0};
    struct column_memory here = {0}, there = {0};
    struct heat_tablets hot;
    int64_t minute = minute_now();
    assert_status(heat_board_new(env_real(), true, &board), STATUS_OK);
    report(board, 1, minute, NULL, make_column(&here, "a", "", "m", "", 0, 6000), NULL);
    report(board, 1, minute, NULL, NULL, NULL); /* gone ... */
    report(board, 1, minute, NULL, NULL, NULL);
    report(board, 2, minute, NULL, make_column(&there, "a", "", "m", "", 0, 3000),
        NULL); /* ... there */
    uint64_t until_ns = env_monotonic_ns(env_real()) + UINT64_C(60000000000);
    while (fabs(draw(board, minute, &arena, STATUS_OK).most - 9000.0 / 30) > 1e-6)
        assert_true(env_monotonic_ns(env_real()) < until_ns);
    assert_status(
        heat_board_tablets(board, SPAN_LITERAL("t"), HEAT_OPS, 5, &arena, &hot), STATUS_OK);
    assert_int_equal(hot.count, 1);
    assert_true(span_equal(hot.tablets[0].server, SPAN_LITERAL("h,2,1")));
    /* the minute ends: the server tells of it once more, without the tablet */
    struct heat_minute ended[] = {{minute, 60, NULL, 0}, {minute + 1, 5, NULL, 0}};
    struct heat_report message = {.server = server_of(1), .minutes = ended, .minute_count = 2};
    struct heat_report_answer answer = {0};
    heat_board_take(board, &message, &answer);
    double most = 0;
    while (most < 1) {
        most = draw(board, minute, &arena, STATUS_OK).most;
        assert_true(env_monotonic_ns(env_real()) < until_ns);
    }
    assert_true(most > 100);
    arena_deinit(&arena);
    heat_board_free(board);
}

/* The server tells itself what a closed tablet took to the end, and has it open again. */
static void a_closed_tablet_is_told_once(void **state)
{
    (void)state;
    struct heat_board *board;
    struct arena arena = {0};
    struct column_memory open = {0}, closed = {0};
    struct heat_tablets hot;
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    int64_t minute = env_wall_ms(env) / 60000;
    assert_status(heat_board_new(env, true, &board), STATUS_OK);
    struct heat_column columns[] = {*make_column(&closed, "a", "", "m", "", 0, 6000),
        *make_column(&open, "a", "", "m", "", 0, 300)};
    columns[0].is_closed = true;
    for (unsigned round = 0; round < 3; round++) {
        struct heat_minute minutes[] = {{minute, 30, columns, 2}};
        struct heat_report message = {
            .server = server_of(1), .minutes = minutes, .minute_count = 1};
        struct heat_report_answer answer = {0};
        heat_board_take(board, &message, &answer);
    }
    env_memory_advance_ns(env, UINT64_C(60000000000)); /* no picture of before will do */
    assert_true(fabs(draw(board, minute, &arena, STATUS_OK).most - 6300.0 / 30) < 1e-6);
    env_memory_jump_wall_ms(env, -60000);
    assert_status(
        heat_board_tablets(board, SPAN_LITERAL("t"), HEAT_OPS, 5, &arena, &hot), STATUS_OK);
    assert_int_equal(hot.count, 1);
    assert_true(fabs(hot.tablets[0].per_s.of[HEAT_READS] - 10) < 1e-6);
    arena_deinit(&arena);
    heat_board_free(board);
    env_memory_free(env);
}

/* A server stops, or dies, in the middle of a minute: what it told of it is in the picture when all others have ended it. */
static void the_last_minute_of_a_silent_server_is_kept(void **state)
{
    (void)state;
    struct heat_board *board;
    struct arena arena = {0};
    struct column_memory low = {0}, high = {0};
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    assert_status(heat_board_new(env, false, &board), STATUS_OK);
    int64_t minute = env_wall_ms(env) / 60000;
    env_memory_jump_wall_ms(env, (minute + 1) * 60000 - env_wall_ms(env));
    minute++;
    report(board, 2, minute, NULL, make_column(&high, "high", "m", "t", "", 0, 6000), NULL);
    for (unsigned later = 1; later <= HEAT_REPLAY_MINUTES + 2; later++) {
        env_memory_advance_ns(env, UINT64_C(60000000000));
        const struct heat_column *column = make_column(&low, "low", "", "c", "m", 0, 600);
        report(board, 1, minute + later, column, column, NULL);
    }
    /* it is forgotten as another comes */
    report(board, 3, minute + HEAT_REPLAY_MINUTES + 2, NULL, NULL, NULL);
    assert_int_equal(board->server_count, 2);
    double most = draw(board, minute, &arena, STATUS_OK).most;
    assert_true(most >= 50 - 1e-6 && most <= 100 + 1e-6); /* columns of two minutes by now */
    arena_deinit(&arena);
    heat_board_free(board);
    env_memory_free(env);
}

static void events_are_kept_in_order_and_bounded(void **state)
{
    struct heat_board *board;
    struct arena arena = {0};
    struct heat_events events;
    (void)state;
    assert_status(heat_board_new(env_real(), true, &board), STATUS_OK);
    for (unsigned i = 0; i < HEAT_EVENTS_KEPT + 10; i++)
        heat_board_note(board, &(struct heat_event){.kind = i % 2 ? HEAT_MOVE : HEAT_SPLIT,
                                   .table = i % 2 ? SPAN_LITERAL("a") : SPAN_LITERAL("b"),
                                   .key = SPAN_LITERAL("k"),
                                   .reason = SPAN_LITERAL("why")});
    assert_status(heat_board_events(board, SPAN_EMPTY, 0, 100000, &arena, &events), STATUS_OK);
    assert_int_equal(events.count, HEAT_EVENTS_KEPT);
    assert_int_equal(events.events[0].number, 11);
    assert_status(heat_board_events(board, SPAN_LITERAL("a"), 0, 3, &arena, &events), STATUS_OK);
    assert_int_equal(events.count, 3);
    assert_int_equal(events.events[2].number, HEAT_EVENTS_KEPT + 10);
    assert_true(events.events[0].number < events.events[1].number);
    assert_spans_equal(events.events[0].reason, SPAN_LITERAL("why"));
    assert_status(
        heat_board_events(board, SPAN_EMPTY, HEAT_EVENTS_KEPT + 8, 10, &arena, &events), STATUS_OK);
    assert_int_equal(events.count, 2);
    heat_board_free(board);
    arena_deinit(&arena);
}

struct reporting {
    struct task task;
    struct heat_board *board;
    unsigned server;
    _Atomic unsigned *left;
};

static void report_often(struct task *task)
{
    struct reporting *self = (struct reporting *)task;
    struct column_memory memory = {0};
    int64_t minute = minute_now();
    const struct heat_column *column = make_column(&memory, "x", "", "c", "", 60, 30);
    for (unsigned i = 0; i < REPORTS; i++) {
        struct heat_minute minutes[] = {
            {minute - REPORTS + i, 60, column, 1}, {minute - REPORTS + i + 1, 30, column, 1}};
        struct heat_report message = {
            .server = server_of(self->server), .minutes = minutes, .minute_count = 2};
        struct heat_report_answer answer;
        heat_board_take(self->board, &message, &answer);
        heat_board_note(self->board, &(struct heat_event){.kind = HEAT_SPLIT});
    }
    atomic_fetch_sub(self->left, 1);
}

/* Reports and readers at once, for TSan. */
static void threads_report_and_read_at_once(void **state)
{
    struct heat_board *board;
    struct executor *executor;
    struct reporting reporting[2];
    _Atomic unsigned left = 2;
    (void)state;
    assert_status(heat_board_new(env_real(), true, &board), STATUS_OK);
    assert_status(env_executor_new(env_real(), "board", 2, &executor, NULL), STATUS_OK);
    for (unsigned i = 0; i < 2; i++) {
        reporting[i] = (struct reporting){{.run = report_often}, board, i, &left};
        executor_submit(executor, &reporting[i].task);
    }
    while (atomic_load(&left) > 0) {
        struct arena arena = {0};
        struct heat_tablets tablets;
        struct heat_rows rows;
        struct heat_events events;
        struct heat_tables tables;
        struct heat_matrix matrix;
        struct heat_query query = {.table = SPAN_LITERAL("t"),
            .from_s = (minute_now() - REPORTS) * 60,
            .to_s = (minute_now() + 1) * 60,
            .metric = HEAT_OPS,
            .rows = 16,
            .columns = 20};
        (void)heat_board_tablets(board, SPAN_EMPTY, HEAT_OPS, 5, &arena, &tablets);
        (void)heat_board_rows(board, SPAN_EMPTY, 5, &arena, &rows);
        (void)heat_board_events(board, SPAN_EMPTY, 0, 5, &arena, &events);
        (void)heat_board_tables(board, &arena, &tables);
        (void)heat_board_matrix(board, &query, &arena, &matrix, NULL);
        arena_deinit(&arena);
    }
    executor_free(executor);
    heat_board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_servers_make_one_picture),
        cmocka_unit_test(the_hottest_come_first),
        cmocka_unit_test(the_greatest_are_found),
        cmocka_unit_test(a_picture_follows_the_reports),
        cmocka_unit_test(what_a_moved_tablet_took_stays_in_the_minute),
        cmocka_unit_test(a_closed_tablet_is_told_once),
        cmocka_unit_test(the_last_minute_of_a_silent_server_is_kept),
        cmocka_unit_test(events_are_kept_in_order_and_bounded),
        cmocka_unit_test(threads_report_and_read_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
