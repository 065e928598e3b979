#include "storage/nonce_table.h"

#include "tests/support/support.h"

static void test_a_repeat_waits_then_finds_it_settled(void **state)
{
    (void)state;
    struct nonce_table table = {0};
    struct nonce_waiter waiter = {0};
    assert_int_equal(nonce_table_begin(&table, 1, 5, 0, &waiter), NONCE_NEW);
    assert_int_equal(nonce_table_begin(&table, 2, 5, 0, &waiter), NONCE_NEW); /* another group */
    assert_int_equal(nonce_table_begin(&table, 1, 5, 0, &waiter), NONCE_UNDER_WAY);
    assert_ptr_equal(nonce_table_end(&table, 1, 5, true), &waiter);
    assert_int_equal(nonce_table_begin(&table, 1, 5, 0, &waiter), NONCE_SETTLED);
    nonce_table_deinit(&table);
}

static void test_what_failed_may_be_tried_again(void **state)
{
    (void)state;
    struct nonce_table table = {0};
    struct nonce_waiter waiter = {0};
    assert_int_equal(nonce_table_begin(&table, 1, 5, 0, &waiter), NONCE_NEW);
    assert_null(nonce_table_end(&table, 1, 5, false));
    assert_int_equal(nonce_table_begin(&table, 1, 5, 0, &waiter), NONCE_NEW);
    nonce_table_deinit(&table);
}

static void test_nonces_are_kept_at_least_their_time(void **state)
{
    (void)state;
    struct nonce_table table = {0};
    struct nonce_waiter waiter = {0};
    int64_t kept = NONCE_KEEP_MS;
    for (uint64_t i = 1; i <= 1000; i++)
        assert_true(nonce_table_add(&table, 1, i, kept - 1));
    assert_int_equal(nonce_table_begin(&table, 1, 7, 2 * kept - 2, &waiter), NONCE_SETTLED);
    assert_true(nonce_table_add(&table, 1, 5000, 2 * kept));
    assert_int_equal(nonce_table_begin(&table, 1, 7, 2 * kept, &waiter), NONCE_SETTLED);
    assert_int_equal(nonce_table_begin(&table, 1, 7, 3 * kept, &waiter), NONCE_NEW);
    nonce_table_deinit(&table);
}

static void test_one_under_way_is_never_dropped(void **state)
{
    (void)state;
    struct nonce_table table = {0};
    struct nonce_waiter waiter = {0};
    int64_t kept = NONCE_KEEP_MS;
    assert_int_equal(nonce_table_begin(&table, 1, 5, 0, &waiter), NONCE_NEW);
    for (int64_t i = 1; i < 9; i++)
        assert_true(nonce_table_add(&table, 1, 100 + (uint64_t)i, i * kept));
    assert_int_equal(nonce_table_begin(&table, 1, 5, 9 * kept, &waiter), NONCE_UNDER_WAY);
    assert_ptr_equal(nonce_table_end(&table, 1, 5, true), &waiter);
    nonce_table_deinit(&table);
}

static void test_settled_ones_travel(void **state)
{
    (void)state;
    struct nonce_table table = {0};
    struct nonce_table other = {0};
    struct nonce_waiter waiter = {0};
    struct error error = {0};
    assert_true(nonce_table_add(&table, 1, 5, 0));
    assert_int_equal(nonce_table_begin(&table, 1, 6, 0, &waiter), NONCE_NEW);
    struct buffer bytes = {0};
    nonce_table_encode(&table, &bytes);
    assert_int_equal(bytes.size, 16);
    assert_ok(nonce_table_decode(&other, buffer_span(&bytes), 0, &error), &error);
    assert_int_equal(nonce_table_begin(&other, 1, 5, 0, &waiter), NONCE_SETTLED);
    assert_int_equal(nonce_table_begin(&other, 1, 6, 0, &waiter), NONCE_NEW);
    assert_status(nonce_table_decode(&other, span_make(bytes.data, 15), 0, &error), STATUS_CORRUPT);
    buffer_deinit(&bytes);
    nonce_table_deinit(&table);
    nonce_table_deinit(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_repeat_waits_then_finds_it_settled),
        cmocka_unit_test(test_what_failed_may_be_tried_again),
        cmocka_unit_test(test_nonces_are_kept_at_least_their_time),
        cmocka_unit_test(test_one_under_way_is_never_dropped),
        cmocka_unit_test(test_settled_ones_travel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
