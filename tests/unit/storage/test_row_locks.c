#include "storage/row_locks.h"

#include "base/memory.h"
#include "tests/support/support.h"

struct claimant {
    struct row_claim claim; /* first */
    uint64_t hashes[8];     /* of four rows at most */
};

static struct row_locks locks;

static int set_up(void **state)
{
    (void)state;
    assert_status(row_locks_init(&locks), STATUS_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    row_locks_deinit(&locks);
    return 0;
}

static void claim(struct claimant *claimant, bool is_exclusive, const char *rows)
{
    size_t count = strlen(rows);
    for (size_t i = 0; i < count; i++)
        claimant->hashes[i] = row_hash(span_make(rows + i, 1));
    row_claim_prepare(&claimant->claim, claimant->hashes, count, is_exclusive, 1000);
}

static void test_sharers_share_and_one_alone_waits_for_all(void **state)
{
    (void)state;
    struct claimant a, b, alone, later;
    claim(&a, false, "x");
    claim(&b, false, "x");
    claim(&alone, true, "x");
    claim(&later, false, "x");
    assert_status(row_locks_acquire(&locks, &a.claim), STATUS_OK);
    assert_status(row_locks_acquire(&locks, &b.claim), STATUS_OK);
    assert_status(row_locks_acquire(&locks, &alone.claim), STATUS_BUSY);
    assert_status(row_locks_acquire(&locks, &later.claim), STATUS_BUSY); /* in turn */
    assert_null(row_locks_release(&locks, &a.claim));
    assert_ptr_equal(row_locks_release(&locks, &b.claim), &alone.claim);
    assert_ptr_equal(row_locks_release(&locks, &alone.claim), &later.claim);
    assert_null(row_locks_release(&locks, &later.claim));
}

static void test_a_row_named_twice_is_locked_once(void **state)
{
    (void)state;
    struct claimant a;
    claim(&a, true, "xyx");
    assert_int_equal(a.claim.count, 2);
    assert_status(row_locks_acquire(&locks, &a.claim), STATUS_OK);
    assert_null(row_locks_release(&locks, &a.claim));
}

static void test_crossing_claims_do_not_deadlock(void **state)
{
    (void)state;
    struct claimant a, b, c;
    claim(&a, true, "xy");
    claim(&b, true, "yz");
    claim(&c, true, "zx");
    assert_status(row_locks_acquire(&locks, &a.claim), STATUS_OK);
    assert_status(row_locks_acquire(&locks, &b.claim), STATUS_BUSY);
    assert_status(row_locks_acquire(&locks, &c.claim), STATUS_BUSY);
    struct row_claim *first = row_locks_release(&locks, &a.claim);
    assert_non_null(first);
    struct row_claim *second = first->next;
    if (!second)
        second = row_locks_release(&locks, first);
    else
        assert_null(row_locks_release(&locks, first));
    assert_non_null(second);
    assert_null(row_locks_release(&locks, second));
}

static void test_a_wait_past_its_deadline_ends_and_lets_others_on(void **state)
{
    (void)state;
    struct claimant holder, late, patient;
    claim(&holder, true, "y");
    claim(&late, true, "xy");
    claim(&patient, true, "x");
    assert_status(row_locks_acquire(&locks, &holder.claim), STATUS_OK);
    assert_status(row_locks_acquire(&locks, &late.claim), STATUS_BUSY);
    enum status status = row_locks_acquire(&locks, &patient.claim);
    patient.claim.deadline_ns = 5000;
    struct row_claim *expired;
    struct row_claim *granted;
    assert_true(row_locks_expire(&locks, 999, &expired, &granted));
    assert_null(expired);
    assert_false(row_locks_expire(&locks, 1000, &expired, &granted));
    assert_ptr_equal(expired, &late.claim);
    /* Which lock comes first depends on the hashes: the late one held x, or did not. */
    assert_ptr_equal(granted, status == STATUS_BUSY ? &patient.claim : NULL);
    assert_null(row_locks_release(&locks, &holder.claim));
    assert_null(row_locks_release(&locks, &patient.claim));
}

static void test_thousands_of_rows(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct claimant *claimants = memory_allocate_zeroed(COUNT, sizeof(*claimants));
    for (uint64_t i = 0; i < COUNT; i++) {
        claimants[i].hashes[0] = row_hash(span_make(&i, sizeof(i)));
        row_claim_prepare(&claimants[i].claim, claimants[i].hashes, 1, true, 0);
        assert_status(row_locks_acquire(&locks, &claimants[i].claim), STATUS_OK);
    }
    for (size_t i = 0; i < COUNT; i++)
        assert_null(row_locks_release(&locks, &claimants[i].claim));
    memory_free(claimants);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_sharers_share_and_one_alone_waits_for_all),
        TEST(test_a_row_named_twice_is_locked_once),
        TEST(test_crossing_claims_do_not_deadlock),
        TEST(test_a_wait_past_its_deadline_ends_and_lets_others_on),
        TEST(test_thousands_of_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
