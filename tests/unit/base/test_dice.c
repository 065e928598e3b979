#include "tests/support/support.h"

static void the_same_seed_gives_the_same_numbers(void **state)
{
    (void)state;
    /* The published test vector of SplitMix64: seeds in tests and golden files hang on it. */
    struct dice dice = {1234567};
    assert_true(dice_next(&dice) == 6457827717110365317u);
    assert_true(dice_next(&dice) == 3203168211198807973u);
}

static void chance_and_below_keep_their_bounds(void **state)
{
    (void)state;
    struct dice dice = {7};
    unsigned hits = 0;
    for (int i = 0; i < 10000; i++) {
        assert_true(dice_below(&dice, 7) < 7);
        assert_false(dice_chance(&dice, 0));
        assert_true(dice_chance(&dice, 100));
        hits += dice_chance(&dice, 25);
    }
    assert_in_range(hits, 2200, 2800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_numbers),
        cmocka_unit_test(chance_and_below_keep_their_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
