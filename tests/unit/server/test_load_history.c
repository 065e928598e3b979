/* What the cluster was asked for, over an hour and over a day. */
#include "tests/support/support.h"

#include "server/master/load_history.h"

#define BEGIN_S 1000000

/* `count` steps from BEGIN_S on; step i has i requests a second. */
static void add_steps(struct load_history *history, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct load_sample sample = {
            .time_s = BEGIN_S + (i + 1) * LOAD_STEP_S, .requests_per_s = i, .servers = 3};
        sample.counts[LOAD_CALLS_READ][2] = 10; /* 64 to 128 us */
        load_history_add(history, &sample);
    }
}

static size_t read_points(struct load_history *history, int64_t from_s, int64_t now_s,
    struct arena *arena, struct load_point **out_points)
{
    size_t count;
    assert_status(load_history_read(history, from_s, now_s, arena, out_points, &count), STATUS_OK);
    return count;
}

static void the_last_hour_is_fine(void **state)
{
    struct load_history history;
    struct load_point *points;
    struct arena arena = {0};
    (void)state;
    load_history_init(&history);
    assert_int_equal(read_points(&history, 0, BEGIN_S, &arena, &points), 0);
    add_steps(&history, LOAD_FINE_KEPT + 100);
    int64_t now_s = BEGIN_S + (LOAD_FINE_KEPT + 100) * LOAD_STEP_S;
    assert_int_equal(
        read_points(&history, now_s - LOAD_FINE_KEPT * LOAD_STEP_S, now_s, &arena, &points),
        LOAD_FINE_KEPT);
    assert_int_equal(points[0].time_s, now_s - (LOAD_FINE_KEPT - 1) * LOAD_STEP_S);
    assert_true(points[0].requests_per_s == 100);
    assert_int_equal(points[LOAD_FINE_KEPT - 1].time_s, now_s);
    assert_true(points[0].p50_s[LOAD_CALLS_READ] > 64e-6f &&
                points[0].p99_s[LOAD_CALLS_READ] <= 128.001e-6f);
    assert_true(points[0].p50_s[LOAD_CALLS_WRITE] == 0); /* none */
    assert_int_equal(read_points(&history, now_s - 10, now_s, &arena, &points), 2);
    load_history_deinit(&history);
    arena_deinit(&arena);
}

static void a_day_is_kept_by_minutes(void **state)
{
    struct load_history history;
    struct load_point *points;
    struct arena arena = {0};
    unsigned steps = LOAD_COARSE_S / LOAD_STEP_S, count = (LOAD_COARSE_KEPT + 3) * steps + 1;
    (void)state;
    load_history_init(&history);
    add_steps(&history, count);
    int64_t now_s = BEGIN_S + (int64_t)count * LOAD_STEP_S;
    size_t kept = read_points(&history, now_s - 100 * 3600, now_s, &arena, &points);
    assert_int_equal(kept, LOAD_COARSE_KEPT);
    assert_int_equal(points[0].step_s, LOAD_COARSE_S);
    assert_int_equal(points[0].time_s, BEGIN_S + 4 * LOAD_COARSE_S); /* three have gone */
    assert_true(points[0].requests_per_s == 41.5f);                  /* steps 36 to 47 */
    assert_int_equal(points[0].servers, 3);
    load_history_clear(&history);
    assert_int_equal(read_points(&history, 0, now_s, &arena, &points), 0);
    assert_int_equal(read_points(&history, now_s - 10, now_s, &arena, &points), 0);
    load_history_deinit(&history);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_hour_is_fine),
        cmocka_unit_test(a_day_is_kept_by_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
