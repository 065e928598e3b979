#include "tests/support/support.h"

#include "base/patience.h"

static unsigned waits_without_a_poll(struct patience *patience)
{
    unsigned passed = 0;
    while (!patience_may_poll(patience))
        passed++;
    return passed;
}

static void a_poll_in_vain_is_dearer_each_time(void **state)
{
    (void)state;
    struct patience patience = {0};
    assert_int_equal(waits_without_a_poll(&patience), 0);
    for (unsigned penalty = 1; penalty <= PATIENCE_SKIP_MAX; penalty *= 2) {
        patience_note(&patience, false);
        assert_int_equal(waits_without_a_poll(&patience), penalty);
    }
    patience_note(&patience, false);
    assert_int_equal(waits_without_a_poll(&patience), PATIENCE_SKIP_MAX);
}

static void a_paid_poll_forgives(void **state)
{
    (void)state;
    struct patience patience = {0};
    for (unsigned i = 0; i < 5; i++) {
        patience_note(&patience, false);
        waits_without_a_poll(&patience);
    }
    patience_note(&patience, true);
    assert_true(patience_may_poll(&patience));
    patience_note(&patience, false);
    assert_int_equal(waits_without_a_poll(&patience), 1);
}

static void a_poll_ends_by_its_limit_or_when_disturbed(void **state)
{
    (void)state;
    struct poll poll;
    poll_begin(&poll, 1000000);
    while (poll_round(&poll))
        continue;
    assert_true(poll.is_disturbed || poll.round_ns >= poll.deadline_ns);
    poll_begin(&poll, 0);
    assert_false(poll_round(&poll));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_poll_in_vain_is_dearer_each_time),
        cmocka_unit_test(a_paid_poll_forgives),
        cmocka_unit_test(a_poll_ends_by_its_limit_or_when_disturbed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
