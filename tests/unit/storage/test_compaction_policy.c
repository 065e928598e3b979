#include "storage/compaction_policy.h"

#include "tests/support/support.h"

#define MIB  (1u << 20)
#define HOUR ((int64_t)3600 * 1000)
#define WEEK (7 * 24 * HOUR)
#define NOW  (INT64_C(1700000000000))

struct policy_case {
    const char *name;
    uint64_t sizes_mib[24]; /* 0 ends */
    unsigned part;          /* file number + 1 that is a part */
    unsigned delete_percent;
    int64_t ttl_ms;        /* 0 = none */
    int64_t ages_ms[24];   /* of all timestamps */
    int64_t major_age_ms;  /* 0 = never compacted */
    int64_t oldest_age_ms; /* of the oldest file; 0 = an hour */
    bool is_never;         /* no period */
    bool is_newest_fresh;  /* each file's newest cell is of now */
    bool is_major_asked;
    struct compaction_choice expected;
};

static const struct policy_case cases[] = {
    {.name = "no files, no work", .expected = {0}},
    {.name = "two files wait for a third", .sizes_mib = {50, 50}},
    {.name = "three equal files make a run, which is all: major",
        .sizes_mib = {50, 50, 50},
        .expected = {0, 3, true, COMPACTION_RATIO}},
    {.name = "a large old file is left out",
        .sizes_mib = {500, 50, 50, 50},
        .expected = {1, 3, false, COMPACTION_RATIO}},
    {.name = "it comes along once the others weigh enough",
        .sizes_mib = {180, 60, 60, 60},
        .expected = {0, 4, true, COMPACTION_RATIO}},
    {.name = "nothing is in ratio", .sizes_mib = {1000, 300, 90, 30}},
    {.name = "small files need no ratio",
        .sizes_mib = {1000, 15, 1, 2},
        .expected = {1, 3, false, COMPACTION_RATIO}},
    {.name = "the run with the most files wins, then the lightest",
        .sizes_mib = {90, 90, 90, 1000, 30, 30, 30},
        .expected = {4, 3, false, COMPACTION_RATIO}},
    {.name = "never more than ten at once",
        .sizes_mib = {20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20},
        .expected = {0, 10, false, COMPACTION_RATIO}},
    {.name = "too many files: the cheapest run though out of ratio",
        .sizes_mib = {65536, 32768, 16384, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 3000, 900,
            250, 70},
        .expected = {9, 3, false, COMPACTION_STUCK}},
    {.name = "a half of a split parent is rewritten",
        .sizes_mib = {800, 50},
        .part = 1,
        .expected = {0, 1, false, COMPACTION_PARTS}},
    {.name = "alone, the rewrite is major",
        .sizes_mib = {800},
        .part = 1,
        .expected = {0, 1, true, COMPACTION_PARTS}},
    {.name = "many delete markers: major",
        .sizes_mib = {800, 50},
        .delete_percent = 50,
        .expected = {0, 2, true, COMPACTION_DELETES}},
    {.name = "few delete markers: nothing", .sizes_mib = {800, 50}, .delete_percent = 30},
    {.name = "markers that the last major compaction kept do not ask again",
        .sizes_mib = {800},
        .delete_percent = 50,
        .major_age_ms = HOUR},
    {.name = "expired files vanish first",
        .sizes_mib = {50, 50, 50, 50, 50},
        .ttl_ms = HOUR,
        .ages_ms = {3 * HOUR, 2 * HOUR, 0, 0, 0},
        .expected = {0, 2, false, COMPACTION_EXPIRED}},
    {.name = "not yet expired at exactly the TTL",
        .sizes_mib = {50, 50},
        .ttl_ms = HOUR,
        .ages_ms = {HOUR, 0}},
    {.name = "after a week: major",
        .sizes_mib = {800, 50},
        .oldest_age_ms = WEEK,
        .expected = {0, 2, true, COMPACTION_PERIOD}},
    {.name = "within the week: nothing", .sizes_mib = {800, 50}, .oldest_age_ms = WEEK - 1},
    {.name = "no period: never",
        .sizes_mib = {800, 50},
        .oldest_age_ms = 100 * WEEK,
        .is_never = true},
    {.name = "after a week one clean file has nothing to do",
        .sizes_mib = {800},
        .oldest_age_ms = 2 * WEEK},
    {.name = "but to drop its markers",
        .sizes_mib = {800},
        .delete_percent = 10,
        .major_age_ms = 2 * WEEK,
        .oldest_age_ms = 2 * WEEK,
        .expected = {0, 1, true, COMPACTION_PERIOD}},
    {.name = "or the part of its cells that has expired",
        .sizes_mib = {800},
        .ttl_ms = HOUR,
        .ages_ms = {2 * HOUR},
        .is_newest_fresh = true,
        .oldest_age_ms = 2 * WEEK,
        .expected = {0, 1, true, COMPACTION_PERIOD}},
    {.name = "of which there is none yet",
        .sizes_mib = {800},
        .ttl_ms = 3 * HOUR,
        .ages_ms = {2 * HOUR},
        .is_newest_fresh = true,
        .oldest_age_ms = 2 * WEEK},
    {.name = "asked for: major, though it is one file",
        .sizes_mib = {800},
        .is_major_asked = true,
        .major_age_ms = HOUR,
        .expected = {0, 1, true, COMPACTION_ASKED}},
};

static void run_case(const struct policy_case *row)
{
    struct compaction_file files[24] = {0};
    struct compaction_policy policy;
    compaction_policy_init(&policy);
    policy.major_jitter = 0;
    if (row->is_never)
        policy.major_period_ms = 0;
    if (row->ttl_ms)
        policy.ttl_ms = row->ttl_ms;
    size_t count = 0;
    for (; count < 24 && row->sizes_mib[count]; count++)
        files[count] = (struct compaction_file){.size_bytes = row->sizes_mib[count] * MIB,
            .cell_count = 10000,
            .delete_count = row->delete_percent * 100,
            .min_timestamp = NOW - row->ages_ms[count],
            .max_timestamp = row->is_newest_fresh ? NOW : NOW - row->ages_ms[count],
            .is_part = row->part == count + 1};
    struct compaction_state state = {.files = files,
        .count = count,
        .now_ms = NOW,
        .oldest_file_ms = NOW - (row->oldest_age_ms ? row->oldest_age_ms : HOUR),
        .major_compacted_ms = row->major_age_ms ? NOW - row->major_age_ms : 0,
        .is_major_asked = row->is_major_asked};
    struct compaction_choice choice = compaction_pick(&policy, &state);
    if (choice.first != row->expected.first || choice.count != row->expected.count ||
        choice.is_major != row->expected.is_major || choice.reason != row->expected.reason)
        fail_msg("%s: first %zu count %zu major %d %s", row->name, choice.first, choice.count,
            choice.is_major, compaction_reason_name(choice.reason));
}

static void the_table_of_choices_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        run_case(&cases[i]);
}

/* Half a week sooner or later, each file by its own name and for good. */
static void the_period_is_spread(void **state)
{
    (void)state;
    struct compaction_policy policy;
    compaction_policy_init(&policy);
    unsigned quarters[4] = {0};
    for (uint64_t identity = 1; identity <= 4000; identity++) {
        int64_t period = compaction_period_ms(&policy, identity);
        assert_int_equal(period, compaction_period_ms(&policy, identity));
        assert_in_range(period, WEEK / 2, WEEK / 2 * 3);
        unsigned quarter = (unsigned)((period - WEEK / 2) * 4 / WEEK);
        quarters[quarter < 4 ? quarter : 3]++;
    }
    for (size_t i = 0; i < 4; i++)
        assert_in_range(quarters[i], 900, 1100);
    policy.major_jitter = 0;
    assert_int_equal(compaction_period_ms(&policy, 1), WEEK);
}

/* Flushes of equal size for a long time: how much is written again, and how many files there are.
 */
static void write_amplification_stays_low(void **state)
{
    (void)state;
    struct compaction_policy policy;
    compaction_policy_init(&policy);
    struct compaction_file files[64];
    size_t count = 0, most = 0;
    uint64_t written = 0, flushed = 0;
    for (int flush = 0; flush < 1000; flush++) {
        files[count++] = (struct compaction_file){.size_bytes = 64 * MIB, .cell_count = 1};
        flushed += 64 * MIB;
        struct compaction_choice choice;
        for (;;) {
            struct compaction_state now = {
                .files = files, .count = count, .now_ms = NOW, .oldest_file_ms = NOW};
            choice = compaction_pick(&policy, &now);
            if (choice.count == 0)
                break;
            uint64_t sum = 0;
            for (size_t i = 0; i < choice.count; i++)
                sum += files[choice.first + i].size_bytes;
            written += sum;
            files[choice.first].size_bytes = sum;
            memmove(&files[choice.first + 1], &files[choice.first + choice.count],
                (count - choice.first - choice.count) * sizeof files[0]);
            count -= choice.count - 1;
        }
        most = count > most ? count : most;
    }
    print_message("1000 flushes: rewritten %.2f times, at most %zu files\n",
        (double)written / (double)flushed, most);
    assert_true((double)written / (double)flushed < 7.0);
    assert_true(most <= 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_choices_holds),
        cmocka_unit_test(the_period_is_spread),
        cmocka_unit_test(write_amplification_stays_low),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
