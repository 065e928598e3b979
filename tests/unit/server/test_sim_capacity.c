#include "tests/support/support.h"

#include "server/hbase/sim_capacity.h"

#define MS 1000000ull

static void calls_over_the_capacity_wait_their_turn(void **state)
{
    (void)state;
    struct sim_capacity capacity;
    uint64_t start_ns;
    sim_capacity_init(&capacity, 100); /* 10 ms a call */
    for (uint64_t i = 0; i < 5; i++) {
        assert_true(sim_capacity_take(&capacity, 1000 * MS, &start_ns));
        assert_int_equal(start_ns, (1000 + 10 * i) * MS);
    }
    /* once they are served the next one begins at once, without credit for the idle time */
    assert_true(sim_capacity_take(&capacity, 9000 * MS, &start_ns));
    assert_int_equal(start_ns, 9000 * MS);
    assert_true(sim_capacity_take(&capacity, 9000 * MS, &start_ns));
    assert_int_equal(start_ns, 9010 * MS);
}

static void a_second_of_calls_waits_and_the_next_is_refused(void **state)
{
    (void)state;
    struct sim_capacity capacity;
    uint64_t start_ns = 7;
    unsigned taken = 0;
    sim_capacity_init(&capacity, 100);
    while (taken < 1000 && sim_capacity_take(&capacity, 1000 * MS, &start_ns))
        taken++;
    assert_int_equal(taken, 101);
    assert_int_equal(start_ns, 2000 * MS);
    /* half a second later there is room for half as many */
    taken = 0;
    while (taken < 1000 && sim_capacity_take(&capacity, 1500 * MS, &start_ns))
        taken++;
    assert_int_equal(taken, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_over_the_capacity_wait_their_turn),
        cmocka_unit_test(a_second_of_calls_waits_and_the_next_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
