#include "tests/support/support.h"

#include "client/failure.h"

static struct failure from(const char *class_name, const char *text)
{
    struct failure failure;
    struct exception exception = {.class_name = span_string(class_name), .text = span_string(text)};
    failure_from_exception(&failure, &exception);
    return failure;
}

static void the_message_is_cut_out_of_the_trace(void **state)
{
    (void)state;
    struct failure failure = from(
        EXCEPTION_TABLE_EXISTS, EXCEPTION_TABLE_EXISTS ": t1\n\tat a.b(C.java:1)\n\tat d");
    assert_string_equal(failure.error.message, "t1");
    assert_int_equal(failure.error.status, STELE_EXISTS);
    assert_string_equal(failure.error.exception_class, EXCEPTION_TABLE_EXISTS);
    failure = from(EXCEPTION_IO, "two\nlines");
    assert_string_equal(failure.error.message, "two\nlines");
    failure = from(
        EXCEPTION_DO_NOT_RETRY_IO, "java.lang.UnsupportedOperationException: FlushTable");
    assert_int_equal(failure.error.status, STELE_UNSUPPORTED);
}

static void throttle_pauses_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t pause_ms;
    } cases[] = {{"too many - wait 1sec, 5ms", 1005}, {"- wait 250ms", 250},
        {"- wait 2mins, 1sec", 121000}, {"- wait 1hr", 3600000}, {"no pause in it", 0},
        {"- wait forever", 0}, {"- wait 99999999hrs", 3600000}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure failure = from(EXCEPTION_RPC_THROTTLING, cases[i].text);
        assert_int_equal(failure_throttle_ms(&failure.error), cases[i].pause_ms);
    }
}

static void the_new_place_of_a_region_is_read(void **state)
{
    (void)state;
    struct span host;
    uint32_t port;
    uint64_t start_code;
    int64_t sequence;
    struct failure failure = from(EXCEPTION_REGION_MOVED_CLASS,
        "Region moved to: hostname=h.example port=16020 startCode=17. As of locationSeqNum=5.");
    assert_true(failure_moved_to(&failure.error, &host, &port, &start_code, &sequence));
    assert_spans_equal(host, SPAN_LITERAL("h.example"));
    assert_true(port == 16020 && start_code == 17 && sequence == 5);
    failure = from(EXCEPTION_REGION_MOVED_CLASS, "hostname= port=99999999 startCode=");
    assert_false(failure_moved_to(&failure.error, &host, &port, &start_code, &sequence));
    failure = from(EXCEPTION_REGION_MOVED_CLASS, "moved");
    assert_false(failure_moved_to(&failure.error, &host, &port, &start_code, &sequence));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_message_is_cut_out_of_the_trace),
        cmocka_unit_test(throttle_pauses_are_read),
        cmocka_unit_test(the_new_place_of_a_region_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
