#include "base/radix_sort.h"

#include <stdlib.h>

#include "base/memory.h"
#include "tests/support/support.h"

enum { SEEDS = 300, MOST = 5000 };

static int compare_items(const void *a, const void *b)
{
    const struct radix_item *left = a, *right = b;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return left->payload < right->payload ? -1 : left->payload > right->payload;
}

/* Numbers of all kinds: any, small, those that differ in one byte, few different ones, rising ones. */
static uint64_t draw(struct dice *dice, unsigned kind, size_t i)
{
    switch (kind) {
    case 0:
        return dice_next(dice);
    case 1:
        return dice_below(dice, 1000000);
    case 2:
        return 0x1122330055667788u | dice_below(dice, 256) << 32;
    case 3:
        return dice_below(dice, 3) * 0x4000000000000001u;
    default:
        return i * 3;
    }
}

static void run_seed(uint64_t seed, void *context)
{
    (void)context;
    struct dice dice = {seed};
    size_t count = dice_chance(&dice, 50) ? dice_below(&dice, 100) : dice_below(&dice, MOST);
    unsigned kind = (unsigned)dice_below(&dice, 5);
    struct radix_item *items = memory_allocate((2 * count + 1) * sizeof *items);
    struct radix_item *expected = memory_allocate((count + 1) * sizeof *expected);
    uint64_t *numbers = memory_allocate((2 * count + 1) * sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = draw(&dice, kind, i);
        expected[i] = items[i] = (struct radix_item){numbers[i], i};
    }
    qsort(expected, count, sizeof *expected, compare_items);
    radix_sort_items(items, items + count, count);
    radix_sort_numbers(numbers, numbers + count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(items[i].key == expected[i].key);
        assert_true(items[i].payload == expected[i].payload); /* equal ones stay as they were */
        assert_true(numbers[i] == expected[i].key);
    }
    memory_free(items);
    memory_free(expected);
    memory_free(numbers);
}

static void test_as_qsort_does(void **state)
{
    (void)state;
    for_each_seed(SEEDS, run_seed, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_qsort_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
