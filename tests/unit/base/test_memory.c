#include "tests/support/support.h"

#include "base/memory.h"

#include <stdlib.h>

static size_t live;

static void *counted_allocate(size_t size)
{
    live++;
    return malloc(size);
}

static void *counted_reallocate(void *memory, size_t size)
{
    if (!memory)
        live++;
    return realloc(memory, size);
}

static void counted_release(void *memory)
{
    live--;
    free(memory);
}

static void zero_sizes_and_overflow(void **state)
{
    (void)state;
    void *nothing = memory_allocate(0);
    assert_non_null(nothing);
    nothing = memory_reallocate(nothing, 0);
    assert_non_null(nothing);
    memory_free(nothing);
    memory_free(NULL);
    assert_null(memory_allocate_zeroed(SIZE_MAX, 2));
    uint8_t *zeroes = memory_allocate_zeroed(100, 3);
    for (int i = 0; i < 300; i++)
        assert_int_equal(zeroes[i], 0);
    memory_free(zeroes);
}

static void a_replaced_table_sees_every_call(void **state)
{
    (void)state;
    const struct memory_table counted = {counted_allocate, counted_reallocate, counted_release};
    memory_install(&counted);
    void *a = memory_allocate(10);
    uint8_t *b = memory_allocate_zeroed(10, 10);
    void *c = memory_reallocate(NULL, 10);
    char *d = memory_duplicate_string("text");
    size_t most = live;
    assert_int_equal(b[99], 0);
    assert_string_equal(d, "text");
    memory_free(a);
    memory_free(b);
    memory_free(c);
    memory_free(d);
    memory_install(NULL);
    assert_int_equal(most, 4);
    assert_int_equal(live, 0);
}

static void *no_reallocate(void *memory, size_t size)
{
    (void)memory, (void)size;
    return NULL;
}

static void an_array_grows_or_stays_as_it_is(void **state)
{
    static const struct memory_table full = {malloc, no_reallocate, free};
    (void)state;
    uint32_t *items = NULL;
    size_t capacity = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(memory_grow(&items, i, &capacity, sizeof *items));
        assert_true(capacity > i);
        items[i] = i;
    }
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    uint32_t *before = items;
    size_t most = capacity;
    memory_install(&full);
    assert_true(memory_grow(&items, most - 1, &capacity, sizeof *items));
    assert_false(memory_grow(&items, most, &capacity, sizeof *items));
    memory_install(NULL);
    assert_false(memory_grow(&items, most, &capacity, SIZE_MAX / most));
    assert_ptr_equal(items, before);
    assert_int_equal(capacity, most);
    memory_free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_sizes_and_overflow),
        cmocka_unit_test(a_replaced_table_sees_every_call),
        cmocka_unit_test(an_array_grows_or_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
