/* How long the client waits before it tries again. */
#include "client/retry.h"
#include "tests/support/support.h"

static struct stele_options options;
static struct retry retry;

/* Milliseconds before the next attempt, after this failure; -1: there is none. */
static int pause_after(enum exception_kind kind)
{
    struct failure failure = {.kind = kind};
    uint64_t pause_ns = 0;
    if (!retry_again(&retry, &failure, 0, &pause_ns))
        return -1;
    return (int)(pause_ns / 1000000);
}

static int set_up(void **state)
{
    (void)state;
    stele_options_init(&options);
    retry_init(&retry, &options, 0, 0);
    return 0;
}

static void pauses_grow_as_hbases(void **state)
{
    (void)state;
    const int expected[] = {100, 200, 300, 500, 1000, 2000, 4000, 10000};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_in_range(pause_after(EXCEPTION_RETRY), expected[i], expected[i] * 101 / 100);
}

static void a_region_that_is_elsewhere_is_asked_for_at_once_and_soon(void **state)
{
    (void)state;
    const int expected[] = {0, 25, 100, 200, 300};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_in_range(pause_after(EXCEPTION_REGION_GONE), expected[i], expected[i] * 101 / 100);
}

static void quick_attempts_are_few_whatever_comes_between(void **state)
{
    (void)state;
    assert_int_equal(pause_after(EXCEPTION_REGION_MOVED), 0);
    assert_in_range(pause_after(EXCEPTION_RETRY), 200, 202);
    assert_int_equal(pause_after(EXCEPTION_REGION_GONE), 25);
    assert_in_range(pause_after(EXCEPTION_REGION_MOVED), 200, 202); /* the fourth, two were quick */
}

static void they_count_as_attempts(void **state)
{
    (void)state;
    options.retries = 3;
    retry_init(&retry, &options, 0, 0);
    assert_int_equal(pause_after(EXCEPTION_REGION_GONE), 0);
    pause_after(EXCEPTION_REGION_GONE);
    pause_after(EXCEPTION_REGION_GONE);
    assert_int_equal(pause_after(EXCEPTION_REGION_GONE), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pauses_grow_as_hbases, set_up),
        cmocka_unit_test_setup(a_region_that_is_elsewhere_is_asked_for_at_once_and_soon, set_up),
        cmocka_unit_test_setup(quick_attempts_are_few_whatever_comes_between, set_up),
        cmocka_unit_test_setup(they_count_as_attempts, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
