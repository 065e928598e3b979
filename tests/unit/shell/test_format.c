/* How the shell prints values and times (facts: hbase-shell 3): what the stories do not reach. */
#include "tests/support/support.h"

#include <stdlib.h>
#include <time.h>

#include "shell/format.h"

static struct buffer text;

static int tear_down(void **state)
{
    (void)state;
    buffer_deinit(&text);
    return 0;
}

static void assert_value(struct span bytes, const char *converter, const char *expected)
{
    buffer_reset(&text);
    format_value(&text, bytes, converter);
    assert_spans_equal(buffer_span(&text), span_string(expected));
}

static void converters_take_bytes_of_their_size(void **state)
{
    (void)state;
    assert_value(SPAN_LITERAL("\xff\xff\xff\xfe"), "toInt", "-2");
    assert_value(SPAN_LITERAL("\0\0\0\0\0\0\1\0"), "toLong", "256");
    assert_value(SPAN_LITERAL("\x80\0"), "toShort", "-32768");
    assert_value(SPAN_LITERAL("\x3f\xc0\0\0"), "toFloat", "1.5");
    assert_value(SPAN_LITERAL("\xc0\x04\0\0\0\0\0\0"), "toDouble", "-2.5");
    assert_value(SPAN_LITERAL("\x3f\xf0\0\0\0\0\0\0"), "toDouble", "1.0");
    assert_value(SPAN_LITERAL("\0\0\0\0\0\0\0\0"), "toDouble", "0.0");
    assert_value(SPAN_LITERAL("\x3f\xb9\x99\x99\x99\x99\x99\x9a"), "toDouble", "0.1");
    assert_value(SPAN_LITERAL("\x43\x41\xc3\x79\x37\xe0\x80\0"), "toDouble", "1.0e+16");
    assert_value(SPAN_LITERAL("\x3f\x1a\x36\xe2\xeb\x1c\x43\x2d"), "toDouble", "0.0001");
    assert_value(SPAN_LITERAL("\x3e\xe4\xf8\xb5\x88\xe3\x68\xf1"), "toDouble", "1.0e-05");
    assert_value(SPAN_LITERAL("\x7f\xf0\0\0\0\0\0\0"), "toDouble", "Infinity");
    assert_value(SPAN_LITERAL("\x3d\xcc\xcc\xcd"), "toFloat", "0.10000000149011612");
    assert_value(SPAN_LITERAL("\0"), "toBoolean", "false");
    assert_value(SPAN_LITERAL("\1"), "toBoolean", "true");
    assert_value(SPAN_LITERAL("a\xc3\xa4"), "toString", "a\xc3\xa4");
    assert_value(SPAN_LITERAL("abc"), "len", "3");
}

static void other_bytes_are_escaped(void **state)
{
    (void)state;
    assert_value(SPAN_LITERAL("a\xc3\x01"), NULL, "a\\xC3\\x01");
    assert_value(SPAN_LITERAL("\0\0\1"), "toInt", "\\x00\\x00\\x01");
    assert_value(SPAN_LITERAL("12345678"), "toShort", "12345678");
    assert_value(SPAN_LITERAL("x"), "toNothing", "x");
    assert_value(SPAN_EMPTY, "toLong", "");
}

static void assert_time(int64_t ms, const char *expected)
{
    buffer_reset(&text);
    format_timestamp(&text, ms);
    assert_spans_equal(buffer_span(&text), span_string(expected));
}

static void times_are_as_short_as_java_has_them(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    assert_time(0, "1970-01-01T00:00");
    assert_time(7, "1970-01-01T00:00:00.007");
    assert_time(61000, "1970-01-01T00:01:01");
    assert_time(-1, "1969-12-31T23:59:59.999");
    assert_time(INT64_C(253402300800000), "+10000-01-01T00:00");
    assert_time(INT64_MAX, "+292278994-08-17T07:12:55.807");
}

static void cell_types_have_hbases_names(void **state)
{
    (void)state;
    assert_string_equal(format_cell_type(4), "Put");
    assert_string_equal(format_cell_type(8), "Delete");
    assert_string_equal(format_cell_type(10), "DeleteFamilyVersion");
    assert_string_equal(format_cell_type(12), "DeleteColumn");
    assert_string_equal(format_cell_type(14), "DeleteFamily");
    assert_string_equal(format_cell_type(0), "Unknown");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(converters_take_bytes_of_their_size),
        TEST(other_bytes_are_escaped),
        TEST(times_are_as_short_as_java_has_them),
        TEST(cell_types_have_hbases_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
