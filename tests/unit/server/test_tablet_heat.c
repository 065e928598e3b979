/* Heat inside a tablet: buckets, rings, hot rows. */
#include "tests/support/support.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/env.h"
#include "server/heat/heat_ring.h"
#include "server/heat/hot_rows.h"
#include "server/heat/tablet_heat.h"

#define THREADS  4
#define PER_TASK 20000
#define NOW_S    1700000000
#define MINUTE   (NOW_S / 60)

static struct span row_of(unsigned number)
{
    static _Thread_local char text[8][24];
    static _Thread_local unsigned next;
    char *row = text[next++ % 8];
    snprintf(row, sizeof text[0], "customer%08u", number);
    return span_string(row);
}

static void add(struct tablet_heat *heat, enum heat_counter kind, struct span first,
    struct span last, uint64_t operations)
{
    struct heat_use use = {.kind = kind,
        .operations = operations,
        .bytes_in = 10 * operations,
        .bytes_out = 3,
        .cpu_ns = 7};
    tablet_heat_add(heat, &use, first, last);
}

static void set_even_bounds(struct tablet_heat *heat, unsigned rows, unsigned parts)
{
    struct span bounds[TABLET_HEAT_BUCKETS];
    char text[TABLET_HEAT_BUCKETS][24];
    for (unsigned i = 0; i + 1 < parts; i++) {
        snprintf(text[i], sizeof text[i], "customer%08u", rows / parts * (i + 1));
        bounds[i] = span_string(text[i]);
    }
    tablet_heat_set_bounds(heat, bounds, parts - 1);
}

static struct heat_minute_copy read_minute(
    struct tablet_heat *heat, int64_t minute, struct arena *arena)
{
    struct heat_minute_copy copy;
    assert_status(tablet_heat_read_minute(heat, minute, arena, &copy), STATUS_OK);
    return copy;
}

static void an_idle_tablet_holds_nothing(void **state)
{
    struct tablet_heat heat;
    struct arena arena = {0};
    struct heat_minute_copy copy;
    (void)state;
    tablet_heat_init(&heat, 1);
    assert_false(tablet_heat_second(&heat, NOW_S));
    tablet_heat_minute(&heat, MINUTE);
    assert_int_equal(tablet_heat_memory(&heat), 0);
    assert_status(tablet_heat_read_minute(&heat, 0, &arena, &copy), STATUS_NOT_FOUND);
    add(&heat, HEAT_READS, row_of(1), row_of(1), 1);
    assert_true(tablet_heat_second(&heat, NOW_S));
    assert_true(tablet_heat_memory(&heat) > 0);
    assert_true(tablet_heat_second(&heat, NOW_S + 3600));
    tablet_heat_minute(&heat, MINUTE); /* the running minute is kept first */
    assert_false(tablet_heat_second(&heat, NOW_S + 3601));
    assert_int_equal(tablet_heat_memory(&heat), 0);
    arena_deinit(&arena);
    tablet_heat_deinit(&heat);
}

/* Any rows, any bounds: a bucket counts exactly the rows between its bounds. */
static void buckets_count_the_rows_between_their_bounds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct dice dice = {seed};
        struct tablet_heat heat;
        struct arena arena = {0};
        struct span bounds[TABLET_HEAT_BUCKETS - 1], before = SPAN_EMPTY;
        uint64_t expected[TABLET_HEAT_BUCKETS] = {0};
        unsigned count = 0;
        static const char *const prefixes[] = {"", "k", "the same beginning "};
        const char *prefix = prefixes[dice_below(&dice, 3)];
        tablet_heat_init(&heat, seed);
        add(&heat, HEAT_READS, SPAN_EMPTY, SPAN_EMPTY, 0);
        for (unsigned number = 0; count < TABLET_HEAT_BUCKETS - 1;
             number += 1 + (unsigned)dice_below(&dice, 300)) {
            char text[64];
            snprintf(text, sizeof text, "%s%06u%s", prefix, number,
                dice_chance(&dice, 30) ? " and some more" : "");
            if (span_compare(before, span_string(text)) >= 0)
                continue;
            before = bounds[count++] = arena_copy(&arena, span_string(text));
            if (dice_chance(&dice, 3))
                break;
        }
        tablet_heat_set_bounds(&heat, bounds, count);
        assert_int_equal(tablet_heat_buckets(&heat), count + 1);
        for (unsigned i = 0; i < 2000; i++) {
            char text[64];
            snprintf(text, sizeof text, "%s%0*u%s", dice_chance(&dice, 90) ? prefix : "the",
                dice_chance(&dice, 90) ? 6 : 2, (unsigned)dice_below(&dice, 10000),
                dice_chance(&dice, 50) ? "x" : "");
            struct span row = dice_chance(&dice, 20) ? bounds[dice_below(&dice, count)]
                                                     : span_string(text);
            unsigned bucket = 0;
            while (bucket < count && span_compare(bounds[bucket], row) <= 0)
                bucket++;
            expected[bucket]++;
            add(&heat, HEAT_WRITES, row, row, 1);
        }
        struct heat_minute_copy copy = read_minute(&heat, 0, &arena);
        for (unsigned i = 0; i <= count; i++)
            if ((uint64_t)copy.values[i].of[HEAT_WRITES] != expected[i])
                fail_msg("seed %llu, bucket %u: %.0f, not %llu", (unsigned long long)seed, i,
                    copy.values[i].of[HEAT_WRITES], (unsigned long long)expected[i]);
        tablet_heat_deinit(&heat);
        arena_deinit(&arena);
    }
}

static void a_scan_is_divided_among_its_buckets(void **state)
{
    struct tablet_heat heat;
    struct arena arena = {0};
    (void)state;
    tablet_heat_init(&heat, 1);
    add(&heat, HEAT_READS, row_of(0), row_of(0), 0);
    set_even_bounds(&heat, 800, 8);
    add(&heat, HEAT_SCANS, row_of(150), row_of(350), 301);
    struct heat_minute_copy copy = read_minute(&heat, 0, &arena);
    double sum = 0;
    for (unsigned i = 0; i < 8; i++)
        sum += copy.values[i].of[HEAT_SCANS];
    assert_int_equal((int)sum, 301);
    assert_int_equal((int)copy.values[0].of[HEAT_SCANS], 0);
    assert_in_range((int)copy.values[1].of[HEAT_SCANS], 100, 101);
    assert_in_range((int)copy.values[2].of[HEAT_SCANS], 100, 101);
    assert_in_range((int)copy.values[3].of[HEAT_SCANS], 100, 101);
    assert_int_equal((int)copy.values[4].of[HEAT_SCANS], 0);
    arena_deinit(&arena);
    tablet_heat_deinit(&heat);
}

static void minutes_and_seconds_are_kept(void **state)
{
    struct tablet_heat heat;
    struct arena arena = {0};
    struct heat_minute_copy copy;
    (void)state;
    tablet_heat_init(&heat, 1);
    add(&heat, HEAT_READS, row_of(5), row_of(5), 1);
    set_even_bounds(&heat, 100, 4);
    tablet_heat_second(&heat, NOW_S);
    tablet_heat_minute(&heat, MINUTE);
    add(&heat, HEAT_READS, row_of(99), row_of(99), 3);
    tablet_heat_second(&heat, NOW_S + 1);
    add(&heat, HEAT_READS, row_of(98), row_of(98), 2);
    tablet_heat_second(&heat, NOW_S + 2);
    tablet_heat_second(&heat, NOW_S + 3);
    tablet_heat_minute(&heat, MINUTE + 1);
    copy = read_minute(&heat, MINUTE + 1, &arena);
    assert_int_equal(copy.value_count, 4);
    assert_int_equal((int)copy.values[3].of[HEAT_READS], 5);
    assert_int_equal((int)copy.values[3].of[HEAT_BYTES_IN], 50);
    assert_spans_equal(copy.bounds[2], row_of(75));
    assert_status(tablet_heat_read_seconds(&heat, NOW_S + 1, NOW_S + 2, &arena, &copy), STATUS_OK);
    assert_int_equal((int)copy.values[3].of[HEAT_READS], 3);
    assert_status(tablet_heat_read_seconds(&heat, NOW_S + 2, NOW_S + 3, &arena, &copy), STATUS_OK);
    assert_int_equal((int)copy.values[3].of[HEAT_READS], 2);
    assert_status(
        tablet_heat_read_seconds(&heat, NOW_S + 3, NOW_S + 4, &arena, &copy), STATUS_NOT_FOUND);
    assert_status(tablet_heat_read_minute(&heat, MINUTE + 2, &arena, &copy), STATUS_NOT_FOUND);
    assert_status(tablet_heat_read_minute(&heat, 0, &arena, &copy), STATUS_NOT_FOUND);
    arena_deinit(&arena);
    tablet_heat_deinit(&heat);
}

static void a_busy_tablet_stays_below_its_bytes(void **state)
{
    struct tablet_heat heat;
    struct dice dice = {3};
    struct arena arena = {0};
    struct heat_minute_copy copy;
    (void)state;
    tablet_heat_init(&heat, 1);
    add(&heat, HEAT_READS, row_of(1), row_of(1), 1);
    set_even_bounds(&heat, 32000, TABLET_HEAT_BUCKETS);
    for (int64_t second = NOW_S; second < NOW_S + 3700; second++) {
        for (unsigned i = 0; i < 200; i++) {
            struct span row = row_of((unsigned)dice_below(&dice, 32000));
            add(&heat, (enum heat_counter)dice_below(&dice, 3), row, row,
                1 + dice_below(&dice, 300));
        }
        tablet_heat_second(&heat, second);
        if (second % 60 == 0)
            tablet_heat_minute(&heat, second / 60);
    }
    assert_in_range(tablet_heat_memory(&heat), 20000, TABLET_HEAT_BYTES);
    assert_status(
        tablet_heat_read_seconds(&heat, NOW_S + 3690, NOW_S + 3691, &arena, &copy), STATUS_OK);
    int64_t newest = (NOW_S + 3699) / 60;
    assert_status(tablet_heat_read_minute(&heat, newest, &arena, &copy), STATUS_OK);
    assert_status(tablet_heat_read_minute(&heat, newest - 5, &arena, &copy), STATUS_OK);
    assert_int_equal(copy.value_count, TABLET_HEAT_BUCKETS);
    arena_deinit(&arena);
    tablet_heat_deinit(&heat);
}

/* Space-Saving's promise, against exact counts. */
static void hot_rows_are_within_their_error(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct dice dice = {seed};
        struct arena arena = {0};
        struct hot_rows *rows = hot_rows_new();
        struct hot_row *list;
        static uint64_t exact[1000];
        size_t count;
        uint64_t all = 0;
        memset(exact, 0, sizeof exact);
        for (unsigned i = 0; i < 20000; i++) {
            uint64_t spread = 1 + dice_below(&dice, 1000);
            unsigned row = (unsigned)dice_below(&dice, spread);
            hot_rows_count(rows, row_of(row), 1);
            exact[row]++;
            all++;
            if (i == 9000)
                hot_rows_turn(rows);
        }
        assert_true(hot_rows_all(rows) == (double)all);
        assert_status(
            hot_rows_list(rows, HEAT_ROW_READ, 1, 1000, &arena, &list, &count), STATUS_OK);
        bool is_listed[1000] = {false};
        for (size_t i = 0; i < count; i++) {
            char text[32] = "";
            memcpy(text, list[i].row.data, list[i].row.size);
            unsigned row = (unsigned)atoi(text + 8);
            is_listed[row] = true;
            assert_true((double)exact[row] <= list[i].count);
            assert_true((double)exact[row] >= list[i].count - list[i].error);
            assert_true(i == 0 || list[i].count <= list[i - 1].count);
        }
        for (unsigned row = 0; row < 1000; row++)
            if (exact[row] > all / HOT_ROW_SLOTS * 2 && !is_listed[row])
                fail_msg("seed %llu: row %u took %llu of %llu and is not there",
                    (unsigned long long)seed, row, (unsigned long long)exact[row],
                    (unsigned long long)all);
        hot_rows_free(rows);
        arena_deinit(&arena);
    }
}

static void old_heat_is_forgotten(void **state)
{
    struct arena arena = {0};
    struct hot_rows *rows = hot_rows_new();
    struct hot_row *list;
    size_t count;
    (void)state;
    hot_rows_count(rows, SPAN_LITERAL("old"), 100);
    hot_rows_turn(rows);
    hot_rows_count(rows, SPAN_LITERAL("new"), 1);
    assert_status(hot_rows_list(rows, HEAT_ROW_WRITE, 1, 5, &arena, &list, &count), STATUS_OK);
    assert_int_equal(count, 2);
    assert_spans_equal(list[0].row, SPAN_LITERAL("old"));
    hot_rows_turn(rows);
    assert_status(hot_rows_list(rows, HEAT_ROW_WRITE, 1, 5, &arena, &list, &count), STATUS_OK);
    assert_int_equal(count, 1);
    assert_spans_equal(list[0].row, SPAN_LITERAL("new"));
    hot_rows_free(rows);
    arena_deinit(&arena);
}

/* A row that takes 30 of 100, at rates that are sampled: found, with a share near it. */
static void samples_find_the_hot_row(void **state)
{
    struct tablet_heat heat;
    struct arena arena = {0};
    struct heat_tablet_rows hot;
    struct dice dice = {9};
    unsigned exact = 0;
    (void)state;
    tablet_heat_init(&heat, 9);
    for (int64_t second = NOW_S; second < NOW_S + 20; second++) {
        for (unsigned i = 0; i < 20000; i++) {
            bool is_hot = dice_chance(&dice, 30);
            struct span row = row_of(is_hot ? 77 : (unsigned)dice_below(&dice, 100000));
            exact += is_hot;
            add(&heat, HEAT_READS, row, row, 1);
        }
        tablet_heat_second(&heat, second);
    }
    assert_status(tablet_heat_read_rows(&heat, NOW_S + 20, 3, &arena, &hot), STATUS_OK);
    assert_int_equal(hot.row_count, 3);
    assert_spans_equal(hot.rows[0].row, row_of(77));
    assert_in_range((int)hot.window_s, 19, 21);
    assert_true(hot.rows[0].count / hot.all[HEAT_ROW_READ] > 0.26);
    assert_true(hot.rows[0].count / hot.all[HEAT_ROW_READ] < 0.34);
    assert_true(hot.rows[0].count + hot.rows[0].error > exact);
    assert_true(hot.rows[0].count - hot.rows[0].error < exact);
    arena_deinit(&arena);
    tablet_heat_deinit(&heat);
}

/* How many of `calls` a second are samples, once the stride has settled; what they weigh must be near all calls. */
static unsigned samples_of_second(unsigned calls)
{
    struct hot_sampler sampler;
    uint64_t weights = 0;
    unsigned samples = 0;
    hot_sampler_init(&sampler, 5);
    for (unsigned second = 0; second < 30; second++) {
        for (unsigned i = 0; i < calls; i++) {
            uint64_t weight = hot_sampler_next(&sampler);
            samples += second >= 20 && weight > 0;
            weights += second >= 20 ? weight : 0;
        }
        hot_sampler_second(&sampler);
    }
    assert_true(fabs((double)weights / (10.0 * calls) - 1) < 0.1);
    return samples / 10;
}

static void few_calls_are_all_samples_and_many_are_not(void **state)
{
    (void)state;
    assert_int_equal(samples_of_second(HOT_ROW_EXACT - 1), HOT_ROW_EXACT - 1);
    assert_in_range(samples_of_second(100), 20, 30);
    assert_in_range(samples_of_second(400), 90, 110);
    assert_in_range(samples_of_second(1000), HOT_ROW_SAMPLES / 2 - 20, HOT_ROW_SAMPLES);
    assert_in_range(samples_of_second(50000), HOT_ROW_SAMPLES / 2 - 20, HOT_ROW_SAMPLES);
}

/* What people try by hand is exact: some hundred calls, as fast as they come. */
static void the_first_calls_of_a_window_are_all_samples(void **state)
{
    struct hot_sampler sampler;
    unsigned samples = 0;
    (void)state;
    hot_sampler_init(&sampler, 5);
    for (unsigned i = 0; i < 2 * (HOT_ROW_AT_ONCE - 1); i++) {
        samples += hot_sampler_next(&sampler) == 1;
        if (i % 120 == 119)
            hot_sampler_second(&sampler);
    }
    assert_int_equal(samples, 2 * (HOT_ROW_AT_ONCE - 1));
}

/* After a busy time each call is a sample again, at once. */
static void a_sampler_follows_calls_that_become_few(void **state)
{
    struct hot_sampler sampler;
    (void)state;
    hot_sampler_init(&sampler, 5);
    for (unsigned i = 0; i < 100000; i++)
        hot_sampler_next(&sampler);
    assert_true(sampler.stride > 16);
    for (unsigned second = 0; second < 3; second++)
        hot_sampler_second(&sampler);
    assert_int_equal(sampler.stride, 1);
    hot_sampler_next(&sampler);
    assert_int_equal(hot_sampler_next(&sampler), 1);
}

/* What is put into the ring comes out of it. */
static void a_ring_gives_what_was_put_in(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct dice dice = {seed};
        struct heat_ring ring;
        struct arena arena = {0};
        uint64_t counters[4][HEAT_COUNTERS];
        struct span bounds[] = {SPAN_LITERAL("aa"), SPAN_LITERAL("aab"), SPAN_LITERAL("c")};
        heat_ring_init(&ring, 1 + dice_below(&dice, 4000), 10);
        for (int64_t time = 1; time <= 30; time++) {
            for (unsigned i = 0; i < 4; i++)
                for (unsigned c = 0; c < HEAT_COUNTERS; c++)
                    counters[i][c] = dice_chance(&dice, 50) ? 0 : (uint64_t)time << (6 * c + i);
            heat_ring_add(&ring, time, bounds, 4, counters);
            assert_true(ring.size <= ring.most);
            struct span *out_bounds;
            struct heat_values *values;
            size_t count;
            if (heat_ring_read(&ring, time, &arena, &out_bounds, &values, &count))
                continue; /* it is too large for this ring */
            assert_int_equal(count, 4);
            for (unsigned i = 0; i < 3; i++)
                assert_spans_equal(out_bounds[i], bounds[i]);
            for (unsigned i = 0; i < 4; i++)
                for (unsigned c = 0; c < HEAT_COUNTERS; c++)
                    assert_true(values[i].of[c] == (double)counters[i][c]);
            assert_status(heat_ring_read(&ring, time - 10, &arena, &out_bounds, &values, &count),
                STATUS_NOT_FOUND);
        }
        heat_ring_deinit(&ring);
        arena_deinit(&arena);
    }
}

/* A second's column is what counters have risen by; where none has there is no column. Other counters are not looked at. */
static void a_ring_takes_what_has_risen(void **state)
{
    (void)state;
    struct dice dice = {7};
    struct heat_ring ring;
    struct arena arena = {0};
    uint64_t counters[HEAT_RING_BUCKETS][HEAT_COUNTERS] = {{0}};
    uint64_t before[HEAT_RING_BUCKETS][HEAT_RING_KINDS] = {{0}};
    heat_ring_init(&ring, 100000, 100);
    for (int64_t time = 1; time <= 60; time++) {
        uint64_t rises[HEAT_RING_BUCKETS][HEAT_COUNTERS] = {{0}};
        bool is_idle = time % 10 == 0;
        for (unsigned i = 0; i < HEAT_RING_BUCKETS; i++)
            for (unsigned c = 0; c < HEAT_COUNTERS; c++)
                if (c >= HEAT_RING_KINDS || (!is_idle && dice_chance(&dice, 50)))
                    counters[i][c] += rises[i][c] = dice_next(&dice) >> (3 + time);
        bool has_risen = heat_ring_add_risen(&ring, time, HEAT_RING_BUCKETS, counters, before);
        assert_int_equal(has_risen, !is_idle);
        struct span *bounds;
        struct heat_values *values;
        size_t count;
        enum status status = heat_ring_read(&ring, time, &arena, &bounds, &values, &count);
        assert_status(status, is_idle ? STATUS_NOT_FOUND : STATUS_OK);
        for (unsigned i = 0; i < HEAT_RING_BUCKETS && !status; i++)
            for (unsigned c = 0; c < HEAT_COUNTERS; c++)
                assert_true(values[i].of[c] == (c < HEAT_RING_KINDS ? (double)rises[i][c] : 0.0));
    }
    heat_ring_deinit(&ring);
    arena_deinit(&arena);
}

struct recorder {
    struct task task;
    struct tablet_heat *heat;
    _Atomic unsigned *left;
    unsigned number;
};

static void record(struct task *task)
{
    struct recorder *recorder = (struct recorder *)task;
    for (unsigned i = 0; i < PER_TASK; i++)
        add(recorder->heat, HEAT_READS, row_of(i % 100), row_of(i % 100), 1);
    atomic_fetch_sub(recorder->left, 1);
}

/* Calls, the collector and readers at once; for TSan, and for the sum. */
static void threads_count_and_read_at_once(void **state)
{
    struct executor *executor;
    struct tablet_heat heat;
    _Atomic unsigned left = THREADS;
    struct recorder recorders[THREADS];
    double sum = 0;
    (void)state;
    tablet_heat_init(&heat, 1);
    assert_status(env_executor_new(env_real(), "heat", THREADS, &executor, NULL), STATUS_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        recorders[i] = (struct recorder){{.run = record}, &heat, &left, i};
        executor_submit(executor, &recorders[i].task);
    }
    int64_t minute = MINUTE;
    while (atomic_load(&left) > 0) {
        struct arena arena = {0};
        struct heat_tablet_rows hot;
        tablet_heat_second(&heat, minute * 60);
        tablet_heat_read_rows(&heat, minute * 60, 5, &arena, &hot);
        tablet_heat_minute(&heat, minute);
        struct heat_minute_copy copy;
        if (!tablet_heat_read_minute(&heat, minute, &arena, &copy))
            for (size_t i = 0; i < copy.value_count; i++)
                sum += copy.values[i].of[HEAT_READS];
        set_even_bounds(&heat, 100, 2 + (unsigned)(minute % 20));
        minute++;
        arena_deinit(&arena);
    }
    executor_free(executor);
    struct arena arena = {0};
    struct heat_minute_copy copy;
    if (!tablet_heat_read_minute(&heat, 0, &arena, &copy))
        for (size_t i = 0; i < copy.value_count; i++)
            sum += copy.values[i].of[HEAT_READS];
    assert_true(sum == THREADS * PER_TASK);
    arena_deinit(&arena);
    tablet_heat_deinit(&heat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_tablet_holds_nothing),
        cmocka_unit_test(buckets_count_the_rows_between_their_bounds),
        cmocka_unit_test(a_scan_is_divided_among_its_buckets),
        cmocka_unit_test(minutes_and_seconds_are_kept),
        cmocka_unit_test(a_busy_tablet_stays_below_its_bytes),
        cmocka_unit_test(hot_rows_are_within_their_error),
        cmocka_unit_test(old_heat_is_forgotten),
        cmocka_unit_test(samples_find_the_hot_row),
        cmocka_unit_test(few_calls_are_all_samples_and_many_are_not),
        cmocka_unit_test(the_first_calls_of_a_window_are_all_samples),
        cmocka_unit_test(a_sampler_follows_calls_that_become_few),
        cmocka_unit_test(a_ring_gives_what_was_put_in),
        cmocka_unit_test(a_ring_takes_what_has_risen),
        cmocka_unit_test(threads_count_and_read_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
