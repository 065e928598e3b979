#include "tests/support/support.h"

#include "base/arena.h"

static void allocations_are_aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena = {0};
    uint8_t *memory[2000];
    for (size_t i = 0; i < 2000; i++) {
        memory[i] = arena_allocate(&arena, i % 97);
        assert_non_null(memory[i]);
        assert_int_equal((uintptr_t)memory[i] % 8, 0);
        memset(memory[i], (int)(i % 251), i % 97);
    }
    for (size_t i = 0; i < 2000; i++)
        for (size_t j = 0; j < i % 97; j++)
            assert_int_equal(memory[i][j], i % 251);
    assert_true(arena.used_bytes <= arena.reserved_bytes);
    arena_deinit(&arena);
    assert_int_equal(arena.reserved_bytes, 0);
    arena_deinit(NULL);
}

static void large_allocations_leave_the_current_chunk_in_use(void **state)
{
    (void)state;
    struct arena arena = {0};
    uint8_t *small = arena_allocate(&arena, 8);
    size_t left = arena.left;
    assert_non_null(arena_allocate(&arena, 10 << 20));
    assert_int_equal(arena.left, left);
    uint8_t *next = arena_allocate(&arena, 8);
    assert_ptr_equal(next, small + 8);
    arena_deinit(&arena);
}

static void limit_is_kept(void **state)
{
    (void)state;
    struct arena arena = {.limit_bytes = 100};
    assert_non_null(arena_allocate(&arena, 64));
    assert_null(arena_allocate(&arena, 64));
    assert_null(arena_allocate(&arena, SIZE_MAX));
    assert_null(arena_allocate_zeroed(&arena, SIZE_MAX / 2, 3));
    assert_non_null(arena_allocate(&arena, 32));
    arena_deinit(&arena);
    assert_int_equal(arena.limit_bytes, 100);
}

static void chunk_size_can_be_fixed(void **state)
{
    (void)state;
    struct arena arena = {.chunk_bytes = 1 << 16};
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_allocate(&arena, 1000));
    assert_int_equal(arena.reserved_bytes, 2 << 16);
    arena_deinit(&arena);
}

static void copies_are_copies(void **state)
{
    (void)state;
    struct arena arena = {0};
    char text[] = "abc";
    struct span copy = arena_copy(&arena, span_string(text));
    char *string = arena_copy_string(&arena, span_string(text));
    text[0] = 'x';
    assert_spans_equal(copy, SPAN_LITERAL("abc"));
    assert_string_equal(string, "abc");
    assert_string_equal(arena_copy_string(&arena, SPAN_EMPTY), "");
    assert_int_equal(arena_copy(&arena, SPAN_EMPTY).size, 0);
    uint64_t *zeroes = arena_allocate_zeroed(&arena, 10, 8);
    for (int i = 0; i < 10; i++)
        assert_true(zeroes[i] == 0);
    arena_deinit(&arena);
}

static void reset_keeps_the_first_chunk_only(void **state)
{
    (void)state;
    struct arena arena = {0};
    void *first = arena_allocate(&arena, 100);
    for (int i = 0; i < 100; i++)
        arena_allocate(&arena, 1000);
    arena_allocate(&arena, 5 << 20);
    arena_reset(&arena);
    assert_int_equal(arena.used_bytes, 0);
    assert_int_equal(arena.reserved_bytes, 4096);
    assert_ptr_equal(arena_allocate(&arena, 100), first);
    arena_deinit(&arena);

    struct arena huge = {0};
    arena_allocate(&huge, 5 << 20);
    arena_reset(&huge);
    assert_int_equal(huge.reserved_bytes, 0);
    assert_non_null(arena_allocate(&huge, 1));
    arena_deinit(&huge);
}

static void a_budget_counts_what_is_held(void **state)
{
    (void)state;
    struct memory_budget budget = {.limit_bytes = 100000};
    struct arena arena = {.budget = &budget};
    assert_non_null(arena_allocate(&arena, 100));
    assert_int_equal(memory_budget_used(&budget), 4096);
    assert_non_null(arena_allocate(&arena, 50000));
    assert_int_equal(memory_budget_used(&budget), arena.reserved_bytes);
    assert_int_equal(arena.refused_bytes, 0);
    assert_null(arena_allocate(&arena, 50000)); /* and what it refuses is not counted */
    assert_true(arena.refused_bytes > 50000 && arena.refused_bytes < 50100);
    assert_null(arena_allocate(&arena, SIZE_MAX / 2));
    assert_int_equal(memory_budget_used(&budget), arena.reserved_bytes);
    assert_non_null(arena_allocate(&arena, 100)); /* there is room in the chunk */
    arena_reset(&arena);
    assert_int_equal(memory_budget_used(&budget), 0);
    assert_int_equal(arena.reserved_bytes, 0);
    assert_int_equal(arena.refused_bytes, 0);
    assert_non_null(arena_allocate(&arena, 100));
    arena_deinit(&arena);
    assert_int_equal(memory_budget_used(&budget), 0);
    assert_ptr_equal(arena.budget, &budget);
}

static void the_first_chunk_may_be_left_out_and_is_kept(void **state)
{
    (void)state;
    struct memory_budget budget = {.limit_bytes = 100000};
    struct arena arena = {.budget = &budget, .uncounted_bytes = ARENA_CHUNK_BYTES_MIN};
    for (int i = 0; i < 2; i++) {
        assert_non_null(arena_allocate(&arena, 3000));
        assert_int_equal(memory_budget_used(&budget), 0);
        assert_non_null(arena_allocate(&arena, 3000));
        assert_int_equal(memory_budget_used(&budget), arena.reserved_bytes - ARENA_CHUNK_BYTES_MIN);
        arena_reset(&arena);
        assert_int_equal(memory_budget_used(&budget), 0);
        assert_int_equal(arena.reserved_bytes, ARENA_CHUNK_BYTES_MIN);
    }
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_aligned_and_apart),
        cmocka_unit_test(large_allocations_leave_the_current_chunk_in_use),
        cmocka_unit_test(limit_is_kept),
        cmocka_unit_test(chunk_size_can_be_fixed),
        cmocka_unit_test(copies_are_copies),
        cmocka_unit_test(reset_keeps_the_first_chunk_only),
        cmocka_unit_test(a_budget_counts_what_is_held),
        cmocka_unit_test(the_first_chunk_may_be_left_out_and_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
