#include "tests/support/support.h"

#include <stdio.h>

#include "server/tablet/tablet_load.h"

#define NS_PER_S 1000000000ull
#define START_NS (1000 * NS_PER_S)
#define THREADS  4
#define PER_TASK 20000

static struct span row_of(unsigned number)
{
    static char text[8][16];
    static unsigned next;
    char *row = text[next++ % 8];
    snprintf(row, sizeof text[0], "%08u", number);
    return span_string(row);
}

/* Calls of one row each, evenly over `seconds` from `from_ns` on; row(i) says which. */
static void run_calls(struct tablet_load *load, uint64_t from_ns, unsigned seconds,
    unsigned per_second, unsigned (*row)(unsigned call))
{
    for (unsigned i = 0; i < seconds * per_second; i++) {
        uint64_t now_ns = from_ns + i * NS_PER_S / per_second;
        struct load_event event = {.kind = LOAD_GET, .requests = 1};
        unsigned due = tablet_load_record(load, &event, now_ns);
        while (due-- > 0)
            tablet_load_sample(load, row_of(row(i)), row_of(row(i)), now_ns);
    }
}

static unsigned row_in_turn(unsigned call)
{
    return call;
}

static unsigned row_mostly_one(unsigned call)
{
    return call % 10 < 7 ? 7 : call;
}

static void totals_are_exact(void **state)
{
    struct tablet_load *load = tablet_load_new(1);
    struct load_totals totals;
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct load_event event = {.kind = i % LOAD_KINDS,
            .requests = i,
            .rows_returned = i % 2,
            .bytes_in = 3,
            .bytes_out = 5,
            .cpu_ns = i % 7 ? 0 : 160};
        tablet_load_record(load, &event, START_NS + i * NS_PER_S / 100);
    }
    tablet_load_totals(load, &totals);
    assert_int_equal(
        totals.calls[LOAD_GET] + totals.calls[LOAD_SCAN] + totals.calls[LOAD_WRITE], 1000);
    assert_int_equal(totals.calls[LOAD_GET], 334);
    assert_int_equal(
        totals.requests[LOAD_GET] + totals.requests[LOAD_SCAN] + totals.requests[LOAD_WRITE],
        999 * 1000 / 2);
    assert_int_equal(totals.rows_returned, 500);
    assert_int_equal(totals.bytes_in, 3000);
    assert_int_equal(totals.bytes_out, 5000);
    assert_int_equal(totals.cpu_ns, 143 * 160);
    tablet_load_free(load);
}

static void rates_are_means_over_the_window(void **state)
{
    struct tablet_load *load = tablet_load_new(1);
    struct load_rates rates;
    uint64_t now_ns = START_NS + 20 * NS_PER_S;
    (void)state;
    run_calls(load, START_NS, 20, 500, row_in_turn);
    tablet_load_rates(load, now_ns, 10, &rates);
    assert_in_range((uint64_t)rates.reads_per_s, 499, 501);
    tablet_load_rates(load, now_ns + NS_PER_S / 2, 1, &rates);
    assert_in_range(
        (uint64_t)rates.reads_per_s, 332, 334); /* a second with calls, half a second without */
    tablet_load_rates(load, now_ns, 60, &rates);
    assert_in_range((uint64_t)rates.reads_per_s, 166, 167); /* younger than the window */
    tablet_load_rates(load, now_ns + 5 * NS_PER_S, 10, &rates);
    assert_in_range((uint64_t)rates.reads_per_s, 249, 251);
    tablet_load_rates(load, now_ns + 60 * NS_PER_S, 60, &rates);
    assert_int_equal((uint64_t)rates.reads_per_s, 0);
    tablet_load_free(load);
}

static void a_pause_longer_than_the_ring_is_no_load(void **state)
{
    struct tablet_load *load = tablet_load_new(1);
    struct load_rates rates;
    (void)state;
    run_calls(load, START_NS, 70, 100, row_in_turn);
    run_calls(load, START_NS + 3600 * NS_PER_S, 1, 100, row_in_turn);
    tablet_load_rates(load, START_NS + 3601 * NS_PER_S, 10, &rates);
    assert_in_range((uint64_t)rates.reads_per_s, 9, 11);
    tablet_load_free(load);
}

static void an_untouched_tablet_has_no_load(void **state)
{
    struct tablet_load *load = tablet_load_new(1);
    float measured[VIEW_RESOURCES] = {9, 9, 9, 9};
    struct arena arena = {0};
    struct split_sample *samples;
    size_t count;
    (void)state;
    tablet_load_measure(load, 5, measured);
    assert_true(
        measured[VIEW_REQUESTS] == 0 && measured[VIEW_BYTES] == 0 && measured[VIEW_CPU] == 0);
    assert_true(measured[VIEW_MEMORY] == 9);
    assert_status(tablet_load_samples(load, 5, &arena, &samples, &count), STATUS_OK);
    assert_int_equal(count, 0);
    arena_deinit(&arena);
    tablet_load_free(load);
    tablet_load_free(NULL);
}

static size_t samples_of(struct tablet_load *load, uint64_t now_ns, struct arena *arena,
    struct split_sample **out_samples)
{
    size_t count;
    assert_status(tablet_load_samples(load, now_ns, arena, out_samples, &count), STATUS_OK);
    return count;
}

static void samples_follow_the_load_whatever_it_is(void **state)
{
    static const unsigned loads[] = {20, 300, 5000, 50000};
    (void)state;
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        struct tablet_load *load = tablet_load_new(i);
        struct arena arena = {0};
        struct split_sample *samples;
        uint64_t now_ns = START_NS + 30 * NS_PER_S;
        run_calls(load, START_NS, 30, loads[i], row_in_turn);
        size_t count = samples_of(load, now_ns, &arena, &samples);
        assert_in_range(count, 100, LOAD_SAMPLES);
        uint64_t span_s = samples[count - 1].at_s - samples[0].at_s;
        assert_in_range(span_s, 5, LOAD_SAMPLE_AGE_S);
        for (size_t j = 1; j < count; j++)
            assert_true(samples[j].at_s >= samples[j - 1].at_s);
        assert_int_equal(samples_of(load, now_ns + 21 * NS_PER_S, &arena, &samples), 0);
        arena_deinit(&arena);
        tablet_load_free(load);
    }
}

static void a_hot_row_has_its_share_of_the_samples(void **state)
{
    struct tablet_load *load = tablet_load_new(3);
    struct arena arena = {0};
    struct split_sample *samples;
    size_t hot = 0;
    (void)state;
    run_calls(load, START_NS, 30, 5000, row_mostly_one);
    size_t count = samples_of(load, START_NS + 30 * NS_PER_S, &arena, &samples);
    for (size_t i = 0; i < count; i++)
        hot += span_equal(samples[i].first_row, SPAN_LITERAL("00000007"));
    assert_in_range(hot * 100 / count, 50, 90);
    arena_deinit(&arena);
    tablet_load_free(load);
}

static void bytes_cost_too(void **state)
{
    struct tablet_load *load = tablet_load_new(3);
    struct arena arena = {0};
    struct split_sample *samples;
    size_t large = 0;
    (void)state;
    for (unsigned i = 0; i < 20000;
         i++) { /* one in ten moves 90 times as much as the others cost */
        uint64_t now_ns = START_NS + i * NS_PER_S / 1000;
        bool is_large = i % 10 == 0;
        struct load_event event = {
            .kind = LOAD_GET, .requests = 1, .bytes_out = is_large ? 90 * LOAD_BYTES_PER_UNIT : 0};
        unsigned due = tablet_load_record(load, &event, now_ns);
        while (due-- > 0)
            tablet_load_sample(load, row_of(is_large), row_of(is_large), now_ns);
    }
    size_t count = samples_of(load, START_NS + 20 * NS_PER_S, &arena, &samples);
    for (size_t i = 0; i < count; i++)
        large += span_equal(samples[i].first_row, SPAN_LITERAL("00000001"));
    assert_in_range(large * 100 / count, 80, 100);
    arena_deinit(&arena);
    tablet_load_free(load);
}

static void long_rows_are_cut(void **state)
{
    struct tablet_load *load = tablet_load_new(1);
    struct arena arena = {0};
    struct split_sample *samples;
    uint8_t row[400];
    (void)state;
    memset(row, 'r', sizeof row);
    tablet_load_sample(load, SPAN_EMPTY, span_make(row, sizeof row), START_NS);
    assert_int_equal(samples_of(load, START_NS, &arena, &samples), 1);
    assert_int_equal(samples[0].first_row.size, 0);
    assert_spans_equal(samples[0].last_row, span_make(row, LOAD_KEY_PREFIX));
    arena_deinit(&arena);
    arena = (struct arena){.limit_bytes = 16};
    size_t count;
    assert_status(tablet_load_samples(load, START_NS, &arena, &samples, &count), STATUS_NO_MEMORY);
    arena_deinit(&arena);
    tablet_load_free(load);
}

/* From the counters to a decision: a hot range is split in its middle, an append is not. */
static void what_is_sampled_can_be_split(void **state)
{
    (void)state;
    for (unsigned is_append = 0; is_append < 2; is_append++) {
        struct tablet_load *load = tablet_load_new(1);
        struct arena arena = {0};
        struct split_sample *samples;
        struct split_settings settings = split_settings_default();
        struct split_candidate candidate = {.tablets_here = 2};
        struct dice dice = {5};
        uint64_t now_ns = START_NS;
        for (unsigned i = 0; i < 60000; i++, now_ns += NS_PER_S / 4000) {
            unsigned row = is_append ? i : 3000 + (unsigned)dice_below(&dice, 2000);
            struct load_event event = {.kind = LOAD_WRITE, .requests = 1};
            unsigned due = tablet_load_record(load, &event, now_ns);
            while (due-- > 0)
                tablet_load_sample(load, row_of(row), row_of(row), now_ns);
        }
        candidate.sample_count = samples_of(load, now_ns, &arena, &samples);
        candidate.samples = samples;
        tablet_load_measure(load, now_ns, candidate.load);
        struct split_decision decision = split_policy_decide(&candidate, NULL, &settings);
        assert_int_equal(decision.reason, is_append ? SPLIT_NONE : SPLIT_BY_LOAD);
        if (!is_append) {
            assert_true(span_compare(decision.row, SPAN_LITERAL("00003500")) > 0);
            assert_true(span_compare(decision.row, SPAN_LITERAL("00004500")) < 0);
        }
        arena_deinit(&arena);
        tablet_load_free(load);
    }
}

/* ---- Threads ---- */

struct recorder {
    struct task task;
    struct tablet_load *load;
    unsigned *done;
};

static void record_many(struct task *task)
{
    struct recorder *recorder = (struct recorder *)task;
    for (unsigned i = 0; i < PER_TASK; i++) {
        struct load_event event = {.kind = LOAD_WRITE, .requests = 1, .bytes_in = 10};
        uint64_t now_ns = START_NS + i * (NS_PER_S / 1000);
        unsigned due = tablet_load_record(recorder->load, &event, now_ns);
        while (due-- > 0)
            tablet_load_sample(recorder->load, SPAN_LITERAL("row"), SPAN_LITERAL("row"), now_ns);
    }
    __atomic_add_fetch(recorder->done, 1, __ATOMIC_SEQ_CST);
}

static void threads_lose_no_count(void **state)
{
    struct tablet_load *load = tablet_load_new(1);
    struct recorder recorders[THREADS];
    struct executor *executor;
    struct load_totals totals;
    struct load_rates rates;
    unsigned done = 0;
    (void)state;
    assert_status(env_executor_new(env_real(), "load", THREADS, &executor, NULL), STATUS_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        recorders[i] = (struct recorder){{.run = record_many}, load, &done};
        executor_submit(executor, &recorders[i].task);
    }
    while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < THREADS)
        tablet_load_rates(load, START_NS + 10 * NS_PER_S, 10, &rates);
    executor_free(executor);
    tablet_load_totals(load, &totals);
    assert_int_equal(totals.requests[LOAD_WRITE], THREADS * PER_TASK);
    assert_int_equal(totals.bytes_in, THREADS * PER_TASK * 10);
    tablet_load_free(load);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_are_exact),
        cmocka_unit_test(rates_are_means_over_the_window),
        cmocka_unit_test(a_pause_longer_than_the_ring_is_no_load),
        cmocka_unit_test(an_untouched_tablet_has_no_load),
        cmocka_unit_test(samples_follow_the_load_whatever_it_is),
        cmocka_unit_test(a_hot_row_has_its_share_of_the_samples),
        cmocka_unit_test(bytes_cost_too),
        cmocka_unit_test(long_rows_are_cut),
        cmocka_unit_test(what_is_sampled_can_be_split),
        cmocka_unit_test(threads_lose_no_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
