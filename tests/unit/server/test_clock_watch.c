/* A server's clock against the master's: reports, and what is made of them. */
#include "tests/support/support.h"

#include "base/limits.h"
#include "server/master/clock_watch.h"

#define NOW 1764315042000

static void a_clock_is_off_when_two_reports_in_a_row_say_so(void **state)
{
    static const struct {
        const char *what;
        int64_t ahead_ms[8]; /* report by report; INT64_MIN = it does not say, 0 ends */
        const char *changes; /* '.' nothing, '!' off from now on, '+' right again */
    } rows[] = {
        {"well", {5, -20, 400}, "..."},
        {"at the limit", {LIMIT_CLOCK_SKEW_MS, -LIMIT_CLOCK_SKEW_MS, LIMIT_CLOCK_SKEW_MS}, "..."},
        {"ahead", {30001, 30001, 30001, 90000}, ".!.."},
        {"behind", {-30001, -30001, -90000}, ".!."},
        {"from one side to the other", {-40000, 40000, 40000}, ".!."},
        {"a report that was late", {5, -60000, 5, -60000, 5}, "....."},
        {"set right", {-60000, -60000, 10, 10, 10}, ".!.+."},
        {"as good as right", {-60000, -60000, 10, -60000, 10, 10}, ".!...+"},
        {"an older server", {INT64_MIN, INT64_MIN, INT64_MIN}, "..."},
        {"one that comes and goes", {-60000, INT64_MIN, -60000, INT64_MIN}, "..!."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct clock_watch watch = {0};
        char changes[9] = {0};
        for (size_t k = 0; rows[i].ahead_ms[k]; k++) {
            int64_t ahead_ms = rows[i].ahead_ms[k];
            int64_t its_ms = ahead_ms == INT64_MIN ? 0 : NOW + ahead_ms;
            bool has_changed = clock_watch_take(&watch, its_ms, NOW);
            changes[k] = !has_changed ? '.' : watch.is_off ? '!' : '+';
        }
        if (strcmp(changes, rows[i].changes) != 0)
            fail_msg("%s: %s, not %s", rows[i].what, changes, rows[i].changes);
    }
}

static void how_far_is_told_with_its_sign(void **state)
{
    struct clock_watch watch = {0};
    (void)state;
    (void)clock_watch_take(&watch, NOW - 45000, NOW);
    assert_int_equal(watch.ahead_ms, -45000);
    (void)clock_watch_take(&watch, 0, NOW);
    assert_int_equal(watch.ahead_ms, -45000);
    (void)clock_watch_take(&watch, INT64_MAX, NOW); /* whatever comes over the wire */
    assert_true(watch.ahead_ms > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_is_off_when_two_reports_in_a_row_say_so),
        cmocka_unit_test(how_far_is_told_with_its_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
