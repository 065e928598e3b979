#include "tests/support/support.h"

#include <stdio.h>

#include "model/split_policy.h"

#define SAMPLES 64

/* Samples whose rows are numbers of five digits: made, then judged. */
static struct split_sample samples[SAMPLES];
static char rows[SAMPLES][2][8];
static size_t sample_count;

static void sample(unsigned first, unsigned last)
{
    char(*row)[8] = rows[sample_count];
    snprintf(row[0], sizeof row[0], "%05u", first % 100000);
    snprintf(row[1], sizeof row[1], "%05u", last % 100000);
    samples[sample_count] = (struct split_sample){
        span_string(row[0]), span_string(row[1]), sample_count};
    sample_count++;
}

static struct split_candidate candidate_of(float requests_per_s)
{
    return (struct split_candidate){.load = {[VIEW_REQUESTS] = requests_per_s},
        .tablets_here = 4,
        .samples = samples,
        .sample_count = sample_count};
}

static struct split_decision decide(
    const struct split_candidate *candidate, const struct table_schema *schema)
{
    struct split_settings settings = split_settings_default();
    return split_policy_decide(candidate, schema, &settings);
}

/* ---- Load ---- */

static void a_loaded_tablet_is_split_where_its_load_halves(void **state)
{
    struct dice dice = {7};
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++) { /* nine of ten below 10000 */
        unsigned row = (unsigned)dice_below(&dice, i % 10 ? 10000 : 90000);
        sample(row, row);
    }
    struct split_candidate candidate = candidate_of(4000);
    struct split_decision decision = decide(&candidate, NULL);
    assert_int_equal(decision.reason, SPLIT_BY_LOAD);
    assert_int_equal(decision.resource, VIEW_REQUESTS);
    assert_true(span_compare(decision.row, SPAN_LITERAL("03000")) > 0);
    assert_true(span_compare(decision.row, SPAN_LITERAL("08000")) < 0);
    assert_true(decision.left > 0.35f && decision.right > 0.35f);
}

static void below_the_threshold_nothing_is_split(void **state)
{
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++)
        sample(i * 7919 % 1000, i * 7919 % 1000);
    struct split_candidate candidate = candidate_of(2500);
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_NONE);
    candidate.load[VIEW_CPU] = 0.3f;
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_BY_LOAD);
    assert_int_equal(decide(&candidate, NULL).resource, VIEW_CPU);
    candidate.load[VIEW_BYTES] = 300 << 20;
    assert_int_equal(decide(&candidate, NULL).resource, VIEW_BYTES);
}

static void a_single_hot_row_is_not_split(void **state)
{
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++)
        sample(i % 5 ? 500 : i * 15, i % 5 ? 500 : i * 15);
    struct split_candidate candidate = candidate_of(50000);
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_NONE);
}

static void keys_that_only_grow_are_not_split(void **state)
{
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++)
        sample(i, i);
    struct split_candidate candidate = candidate_of(50000);
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_NONE);
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++) /* or fall */
        sample(SAMPLES - i, SAMPLES - i);
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_NONE);
}

static void scans_over_everything_are_not_split(void **state)
{
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++)
        sample(i % 7, 99000 + i % 11);
    struct split_candidate candidate = candidate_of(50000);
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_NONE);
}

static void short_scans_are_split_between(void **state)
{
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++)
        sample(i * 7919 % 1000, i * 7919 % 1000 + 50);
    struct split_candidate candidate = candidate_of(5000);
    struct split_decision decision = decide(&candidate, NULL);
    assert_int_equal(decision.reason, SPLIT_BY_LOAD);
    assert_true(decision.across < 0.2f);
}

static void few_samples_say_nothing(void **state)
{
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < 31; i++)
        sample(i * 7919 % 1000, i * 7919 % 1000);
    struct split_candidate candidate = candidate_of(5000);
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_NONE);
    candidate.sample_count = 0;
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_NONE);
}

static void the_row_lies_inside_the_tablet(void **state)
{
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++) /* half of all at the first row: a split there is none */
        sample(i % 2 ? 100 : 101, i % 2 ? 100 : 101);
    struct split_candidate candidate = candidate_of(5000);
    candidate.start_row = SPAN_LITERAL("00100");
    assert_spans_equal(decide(&candidate, NULL).row, SPAN_LITERAL("00101"));
    candidate.end_row = SPAN_LITERAL("00101"); /* samples from before a split */
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_NONE);
}

static void shared_files_stop_no_split_by_load(void **state)
{
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++)
        sample(i * 7919 % 1000, i * 7919 % 1000);
    struct split_candidate candidate = candidate_of(5000);
    candidate.is_shared = true;
    candidate.size_bytes = 1ull << 40;
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_BY_LOAD);
    candidate.is_meta = true;
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_NONE);
}

/* ---- What is measured ---- */

/* Keys of five digits in ten stretches of 10,000, each with its load. */
static struct split_stretch stretches[10];
static char bounds[10][8];

static void measure(struct split_candidate *candidate, const double loads[10])
{
    for (unsigned i = 0; i < 10; i++) {
        snprintf(bounds[i], sizeof bounds[i], "%u", i);
        stretches[i] = (struct split_stretch){i ? span_string(bounds[i]) : SPAN_EMPTY, loads[i]};
    }
    candidate->stretches = stretches;
    candidate->stretch_count = 10;
}

static void what_is_measured_goes_before_what_is_sampled(void **state)
{
    static const double loads[10] = {50, 450, 0, 0, 0, 0, 0, 0, 400, 100};
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++) /* by chance most samples lie left */
        sample(i % 8 ? 10000 + i * 31 : 80000 + i * 31, i % 8 ? 10000 + i * 31 : 80000 + i * 31);
    struct split_candidate candidate = candidate_of(5000);
    struct split_decision sampled = decide(&candidate, NULL);
    assert_true(span_compare(sampled.row, SPAN_LITERAL("12000")) < 0);
    measure(&candidate, loads);
    struct split_decision decision = decide(&candidate, NULL);
    assert_int_equal(decision.reason, SPLIT_BY_LOAD);
    assert_true(span_compare(decision.row, SPAN_LITERAL("2")) >= 0); /* a bound is as good */
    assert_true(span_compare(decision.row, SPAN_LITERAL("80001")) < 0);
    assert_true(decision.left > 0.49f && decision.left < 0.51f);
}

static void samples_part_the_stretch_that_is_cut(void **state)
{
    static const double loads[10] = {0, 0, 0, 1000, 0, 0, 0, 0, 0, 0};
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++)
        sample(31000 + i * 7919 % 1000, 31000 + i * 7919 % 1000);
    struct split_candidate candidate = candidate_of(5000);
    measure(&candidate, loads);
    struct split_decision decision = decide(&candidate, NULL);
    assert_int_equal(decision.reason, SPLIT_BY_LOAD);
    assert_true(span_compare(decision.row, SPAN_LITERAL("31300")) > 0);
    assert_true(span_compare(decision.row, SPAN_LITERAL("31700")) < 0);
}

/* Three tenths of the load lie at one end, seven at the other, nothing between: no cut is good enough. How many of 1,000
 * tablets like it are cut in vain because the samples say so? */
static void chance_splits_nothing_that_was_measured(void **state)
{
    static const double loads[10] = {300, 0, 0, 0, 0, 0, 0, 0, 0, 700};
    unsigned by_samples = 0, by_measure = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct dice dice = {seed};
        sample_count = 0;
        for (unsigned i = 0; i < SAMPLES; i++) {
            unsigned row = dice_below(&dice, 10) < 3 ? 5 : 95000;
            sample(row, row);
        }
        struct split_candidate candidate = candidate_of(5000);
        by_samples += decide(&candidate, NULL).reason == SPLIT_BY_LOAD;
        measure(&candidate, loads);
        struct split_decision decision = decide(&candidate, NULL);
        by_measure += decision.reason == SPLIT_BY_LOAD;
        assert_int_equal(decision.obstacle, SPLIT_NO_KEY);
    }
    assert_true(by_samples > 50);
    assert_int_equal(by_measure, 0);
}

static void one_hot_row_is_no_reason_to_split(void **state)
{
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++) { /* half at one row, a half all over */
        unsigned row = i / 2 % 2 ? 50000 : i * 7919 % 100000;
        sample(row, row);
    }
    struct split_candidate candidate = candidate_of(4000);
    candidate.hot_row = SPAN_LITERAL("50000");
    candidate.hot_share = 0.5;
    struct split_decision decision = decide(&candidate, NULL); /* 2,000 without it */
    assert_int_equal(decision.reason, SPLIT_NONE);
    assert_int_equal(decision.obstacle, SPLIT_ONE_ROW);
    candidate.load[VIEW_REQUESTS] = 50000; /* the rest is worth it, but no key parts it */
    decision = decide(&candidate, NULL);
    assert_int_equal(decision.reason, SPLIT_NONE);
    assert_int_equal(decision.obstacle, SPLIT_ONE_ROW);
    assert_non_null(strstr(split_obstacle_text(decision.obstacle), "one row"));
}

static void what_is_hot_beside_a_hot_row_is_split_from_it(void **state)
{
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++) {
        unsigned row = i / 2 % 2 ? 100 : 50000 + i * 7919 % 1000;
        sample(row, row);
    }
    struct split_candidate candidate = candidate_of(20000);
    candidate.hot_row = SPAN_LITERAL("00100");
    candidate.hot_share = 0.5;
    struct split_decision decision = decide(&candidate, NULL);
    assert_int_equal(decision.reason, SPLIT_BY_LOAD);
    assert_true(span_compare(decision.row, SPAN_LITERAL("00100")) > 0);
}

static void a_row_that_was_hot_a_minute_ago_is_forgotten(void **state)
{
    (void)state;
    sample_count = 0;
    for (unsigned i = 0; i < SAMPLES; i++)
        sample(i * 7919 % 100000, i * 7919 % 100000);
    struct split_candidate candidate = candidate_of(4000);
    candidate.hot_row = SPAN_LITERAL("99999x");
    candidate.hot_share = 0.9;
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_BY_LOAD);
}

/* ---- Size ---- */

static void sizes_follow_the_policy_of_the_table(void **state)
{
    static const struct {
        const char *policy;
        int64_t max_file_size, flush_size;
        uint32_t here;
        uint64_t limit;
    } rows_[] = {
        {NULL, -1, -1, 1, 256ull << 20},
        {NULL, -1, -1, 2, 10ull << 30},
        {NULL, -1, 64 << 20, 1, 128ull << 20},
        {NULL, 100 << 20, -1, 1, 100ull << 20},
        {NULL, 100 << 20, -1, 5, 100ull << 20},
        {NULL, -1, INT64_MAX, 1, 10ull << 30},
        {"org.apache.hadoop.hbase.regionserver.SteppingSplitPolicy", -1, -1, 1, 256ull << 20},
        {"org.apache.hadoop.hbase.regionserver.ConstantSizeRegionSplitPolicy", -1, -1, 1,
            10ull << 30},
        {"org.apache.hadoop.hbase.regionserver.DisabledRegionSplitPolicy", 1 << 20, -1, 1,
            UINT64_MAX},
        {"org.apache.hadoop.hbase.regionserver.IncreasingToUpperBoundRegionSplitPolicy", -1, -1, 2,
            2048ull << 20},
        {"org.apache.hadoop.hbase.regionserver.IncreasingToUpperBoundRegionSplitPolicy", -1, -1, 4,
            10ull << 30},
        {"org.apache.hadoop.hbase.regionserver.IncreasingToUpperBoundRegionSplitPolicy", -1, -1, 0,
            10ull << 30},
        {"IncreasingToUpperBoundRegionSplitPolicy", -1, -1, 4000000000u, 10ull << 30},
    };
    struct split_settings settings = split_settings_default();
    (void)state;
    for (size_t i = 0; i < sizeof rows_ / sizeof rows_[0]; i++) {
        struct attribute policy = {SPAN_LITERAL("SPLIT_POLICY"),
            rows_[i].policy ? span_string(rows_[i].policy) : SPAN_EMPTY};
        struct table_schema schema = {.attributes = &policy,
            .attribute_count = rows_[i].policy ? 1 : 0,
            .max_file_size_bytes = rows_[i].max_file_size,
            .memtable_flush_bytes = rows_[i].flush_size};
        struct split_candidate candidate = {.tablets_here = rows_[i].here};
        assert_int_equal(split_policy_size_limit(&candidate, &schema, &settings), rows_[i].limit);
    }
}

static void a_large_tablet_is_split_unless_its_files_are_shared(void **state)
{
    struct split_candidate candidate = {.size_bytes = 257ull << 20, .tablets_here = 1};
    struct attribute off = {SPAN_LITERAL("SPLIT_ENABLED"), SPAN_LITERAL("false")};
    struct table_schema schema = {.attributes = &off,
        .attribute_count = 1,
        .max_file_size_bytes = -1,
        .memtable_flush_bytes = -1};
    struct split_settings settings = split_settings_default();
    (void)state;
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_BY_SIZE);
    assert_int_equal(decide(&candidate, &schema).reason, SPLIT_NONE);
    settings.by_size = false;
    assert_int_equal(split_policy_decide(&candidate, NULL, &settings).reason, SPLIT_NONE);
    candidate.is_shared = true;
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_NONE);
    candidate.is_shared = false;
    candidate.size_bytes = 256ull << 20;
    assert_int_equal(decide(&candidate, NULL).reason, SPLIT_NONE);
}

static void prefix_policies_cut_the_row(void **state)
{
    struct attribute attributes[] = {
        {SPAN_LITERAL("SPLIT_POLICY"), SPAN_LITERAL("a.b.KeyPrefixRegionSplitPolicy")},
        {SPAN_LITERAL("KeyPrefixRegionSplitPolicy.prefix_length"), SPAN_LITERAL("3")},
    };
    struct table_schema schema = {.attributes = attributes, .attribute_count = 2};
    (void)state;
    assert_spans_equal(split_policy_cut_row(&schema, SPAN_LITERAL("abcdef")), SPAN_LITERAL("abc"));
    assert_spans_equal(split_policy_cut_row(&schema, SPAN_LITERAL("ab")), SPAN_LITERAL("ab"));
    attributes[1].value = SPAN_LITERAL("none");
    assert_spans_equal(
        split_policy_cut_row(&schema, SPAN_LITERAL("abcdef")), SPAN_LITERAL("abcdef"));
    attributes[0].value = SPAN_LITERAL("DelimitedKeyPrefixRegionSplitPolicy");
    attributes[1] = (struct attribute){
        SPAN_LITERAL("DelimitedKeyPrefixRegionSplitPolicy.delimiter"), SPAN_LITERAL("::")};
    assert_spans_equal(
        split_policy_cut_row(&schema, SPAN_LITERAL("ab::cd::e")), SPAN_LITERAL("ab"));
    assert_spans_equal(split_policy_cut_row(&schema, SPAN_LITERAL("abc:")), SPAN_LITERAL("abc:"));
    assert_spans_equal(split_policy_cut_row(NULL, SPAN_LITERAL("abc")), SPAN_LITERAL("abc"));
}

static void a_table_may_set_its_own_threshold(void **state)
{
    (void)state;
    struct attribute words[] = {{SPAN_LITERAL(SPLIT_REQUESTS_WORD), SPAN_LITERAL("250")}};
    struct table_schema schema = {.configuration = words, .configuration_count = 1};
    struct split_settings settings = split_settings_default();
    assert_true(split_policy_requests(&schema, &settings) == 250);
    assert_true(split_policy_requests(NULL, &settings) == 2500);
    static const char *const wrong[] = {"", "-1", "0", "many", "12x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        words[0].value = span_string(wrong[i]);
        assert_true(split_policy_requests(&schema, &settings) == 2500);
    }
}

static void a_split_by_load_must_pay(void **state)
{
    (void)state;
    const double total[VIEW_RESOURCES] = {
        [VIEW_REQUESTS] = 40000, [VIEW_BYTES] = 4e6, [VIEW_CPU] = 2, [VIEW_MEMORY] = 1e9};
    const float hot[VIEW_RESOURCES] = {[VIEW_REQUESTS] = 10000};
    const float small[VIEW_RESOURCES] = {[VIEW_REQUESTS] = 2600, [VIEW_MEMORY] = 1e9f};
    const float costly[VIEW_RESOURCES] = {[VIEW_REQUESTS] = 10, [VIEW_CPU] = 0.5f};
    assert_false(split_policy_pays(hot, total, 1)); /* nobody to take a half */
    assert_true(split_policy_pays(hot, total, 2));
    assert_false(
        split_policy_pays(small, total, 2)); /* a server carries 20,000/s: an eighth of it */
    assert_true(split_policy_pays(small, total, 4)); /* 10,000/s: a quarter */
    assert_true(split_policy_pays(costly, total, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_measured_goes_before_what_is_sampled),
        cmocka_unit_test(samples_part_the_stretch_that_is_cut),
        cmocka_unit_test(chance_splits_nothing_that_was_measured),
        cmocka_unit_test(one_hot_row_is_no_reason_to_split),
        cmocka_unit_test(what_is_hot_beside_a_hot_row_is_split_from_it),
        cmocka_unit_test(a_row_that_was_hot_a_minute_ago_is_forgotten),
        cmocka_unit_test(a_table_may_set_its_own_threshold),
        cmocka_unit_test(a_split_by_load_must_pay),
        cmocka_unit_test(a_loaded_tablet_is_split_where_its_load_halves),
        cmocka_unit_test(below_the_threshold_nothing_is_split),
        cmocka_unit_test(a_single_hot_row_is_not_split),
        cmocka_unit_test(keys_that_only_grow_are_not_split),
        cmocka_unit_test(scans_over_everything_are_not_split),
        cmocka_unit_test(short_scans_are_split_between),
        cmocka_unit_test(few_samples_say_nothing),
        cmocka_unit_test(the_row_lies_inside_the_tablet),
        cmocka_unit_test(shared_files_stop_no_split_by_load),
        cmocka_unit_test(sizes_follow_the_policy_of_the_table),
        cmocka_unit_test(a_large_tablet_is_split_unless_its_files_are_shared),
        cmocka_unit_test(prefix_policies_cut_the_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
