#include "tests/support/support.h"

#include "client/connection.h"
#include "client/slots.h"

static void a_call_is_found_by_its_id_until_it_is_released(void **state)
{
    (void)state;
    struct slots slots = {0};
    static struct request requests[1000];
    uint32_t ids[1000];
    for (size_t i = 0; i < 1000; i++) {
        assert_true(slots_take(&slots, &requests[i], &ids[i]));
        assert_true(ids[i] <= INT32_MAX);
    }
    assert_int_equal(slots.in_use, 1000);
    for (size_t i = 0; i < 1000; i += 2)
        slots_release(&slots, ids[i]);
    for (size_t i = 0; i < 1000; i++)
        assert_ptr_equal(slots_find(&slots, ids[i]), i % 2 ? &requests[i] : NULL);
    assert_null(slots_find(&slots, UINT32_MAX));
    slots_deinit(&slots);
}

/* The same slot again, another id: an answer to the first call finds nobody. */
static void a_late_answer_finds_nobody(void **state)
{
    (void)state;
    struct slots slots = {0};
    struct request first, second;
    uint32_t id, next;
    assert_true(slots_take(&slots, &first, &id));
    for (int i = 0; i < 5000; i++) { /* the generation wraps on the way */
        slots_release(&slots, id);
        assert_true(slots_take(&slots, &second, &next));
        assert_null(slots_find(&slots, id));
        assert_ptr_equal(slots_find(&slots, next), &second);
        id = next;
    }
    assert_int_equal(slots.count, 1);
    slots_deinit(&slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_found_by_its_id_until_it_is_released),
        cmocka_unit_test(a_late_answer_finds_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
