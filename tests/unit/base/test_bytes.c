#include "tests/support/support.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

static void compare_is_unsigned_and_shorter_first(void **state)
{
    (void)state;
    assert_true(span_compare(SPAN_LITERAL("a"), SPAN_LITERAL("b")) < 0);
    assert_true(span_compare(SPAN_LITERAL("a"), SPAN_LITERAL("ab")) < 0);
    assert_true(span_compare(SPAN_LITERAL("\xff"), SPAN_LITERAL("a")) > 0);
    assert_int_equal(span_compare(SPAN_EMPTY, SPAN_LITERAL("")), 0);
    assert_true(span_equal(SPAN_EMPTY, SPAN_LITERAL("")));
    assert_true(span_starts_with(SPAN_LITERAL("abc"), SPAN_EMPTY));
    assert_false(span_starts_with(SPAN_LITERAL("ab"), SPAN_LITERAL("abc")));
}

static void slice_and_find(void **state)
{
    (void)state;
    struct span text = SPAN_LITERAL("f:q:r");
    assert_spans_equal(span_slice(text, 2, 1), SPAN_LITERAL("q"));
    assert_spans_equal(span_slice(text, 5, 0), SPAN_EMPTY);
    assert_int_equal(span_find(text, ':'), 1);
    assert_int_equal(span_find_last(text, ':'), 3);
    assert_true(span_find(text, 'x') == SIZE_MAX);
    assert_true(span_find_last(SPAN_EMPTY, 'x') == SIZE_MAX);
}

static void integers_read_back_as_written(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_put_u8(&buffer, 0xfe);
    buffer_put_u16(&buffer, 0xfedc);
    buffer_put_u32(&buffer, 0xfedcba98);
    buffer_put_u64(&buffer, 0xfedcba9876543210);
    buffer_put_be16(&buffer, 0xfedc);
    buffer_put_be32(&buffer, 0xfedcba98);
    buffer_put_be64(&buffer, 0xfedcba9876543210);
    assert_status(buffer_status(&buffer), STATUS_OK);
    assert_spans_equal(buffer_span(&buffer),
        SPAN_LITERAL("\xfe\xdc\xfe\x98\xba\xdc\xfe\x10\x32\x54\x76\x98\xba\xdc\xfe"
                     "\xfe\xdc\xfe\xdc\xba\x98\xfe\xdc\xba\x98\x76\x54\x32\x10"));

    struct span in = buffer_span(&buffer);
    uint8_t u8;
    uint16_t u16 = 0, be16 = 0;
    uint32_t u32 = 0, be32 = 0;
    uint64_t u64 = 0, be64 = 0;
    assert_false(span_take_u8(&in, &u8) || span_take_u16(&in, &u16) || span_take_u32(&in, &u32) ||
                 span_take_u64(&in, &u64) || span_take_be16(&in, &be16) ||
                 span_take_be32(&in, &be32) || span_take_be64(&in, &be64));
    assert_int_equal(in.size, 0);
    assert_true(u8 == 0xfe && u16 == 0xfedc && u32 == 0xfedcba98 && u64 == 0xfedcba9876543210);
    assert_true(be16 == u16 && be32 == u32 && be64 == u64);
    buffer_deinit(&buffer);
}

static void short_input_leaves_all_untouched(void **state)
{
    (void)state;
    struct span in = SPAN_LITERAL("1234567");
    struct span before = in;
    uint64_t value = 42;
    struct span bytes = SPAN_LITERAL("before");
    assert_true(span_take_u64(&in, &value));
    assert_true(span_take_be64(&in, &value));
    assert_true(span_take_bytes(&in, 8, &bytes));
    assert_true(in.data == before.data && in.size == before.size);
    assert_int_equal(value, 42);
    assert_spans_equal(bytes, SPAN_LITERAL("before"));
    struct span nothing = SPAN_EMPTY;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    assert_true(span_take_u8(&nothing, &u8) && span_take_u16(&nothing, &u16) &&
                span_take_be16(&nothing, &u16) && span_take_u32(&nothing, &u32) &&
                span_take_be32(&nothing, &u32) && span_take_varint(&nothing, &value));
    assert_false(span_take_bytes(&nothing, 0, &bytes));
}

static void varints_read_back_and_have_one_form(void **state)
{
    (void)state;
    const uint64_t values[] = {
        0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX >> 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        uint8_t encoded[10];
        size_t size = store_varint(encoded, values[i]);
        assert_int_equal(size, varint_size(values[i]));
        struct span in = span_make(encoded, size);
        uint64_t value;
        assert_false(span_take_varint(&in, &value));
        assert_true(value == values[i] && in.size == 0);
        in = span_make(encoded, size - 1);
        assert_true(span_take_varint(&in, &value));
    }
    const struct span wrong[] = {
        SPAN_LITERAL("\x80\x00"),                                     /* overlong 0 */
        SPAN_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),     /* 65 bits */
        SPAN_LITERAL("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), /* 11 bytes */
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct span in = wrong[i];
        uint64_t value;
        assert_true(span_take_varint(&in, &value));
        assert_true(in.data == wrong[i].data);
    }
}

static void sized_bytes_beyond_the_end_are_refused(void **state)
{
    (void)state;
    struct span in = SPAN_LITERAL("\x03"
                                  "abcd");
    struct span bytes;
    assert_false(span_take_sized(&in, &bytes));
    assert_spans_equal(bytes, SPAN_LITERAL("abc"));
    assert_spans_equal(in, SPAN_LITERAL("d"));
    in = SPAN_LITERAL("\x05"
                      "abcd");
    assert_true(span_take_sized(&in, &bytes));
    assert_int_equal(in.size, 5);
    /* A size near 2^64 must not wrap. */
    in = SPAN_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                      "abcd");
    assert_true(span_take_sized(&in, &bytes));
}

static void buffer_stops_at_its_limit_and_says_so(void **state)
{
    (void)state;
    struct buffer buffer = {.limit = 4};
    buffer_put(&buffer, SPAN_LITERAL("abcd"));
    assert_status(buffer_status(&buffer), STATUS_OK);
    buffer_put_u8(&buffer, 'e');
    buffer_put(&buffer, SPAN_EMPTY);
    assert_status(buffer_status(&buffer), STATUS_LIMIT);
    assert_spans_equal(buffer_span(&buffer), SPAN_LITERAL("abcd"));
    buffer_reset(&buffer);
    buffer_put_u8(&buffer, 'x');
    assert_status(buffer_status(&buffer), STATUS_OK);
    assert_null(buffer_reserve(&buffer, SIZE_MAX));
    buffer_deinit(&buffer);
    buffer_deinit(NULL);
}

static void *no_reallocate(void *memory, size_t size)
{
    (void)memory;
    (void)size;
    return NULL;
}

static void buffer_survives_no_memory(void **state)
{
    (void)state;
    const struct memory_table none = {malloc, no_reallocate, free};
    struct buffer buffer = {0};
    memory_install(&none);
    buffer_put_u64(&buffer, 1);
    memory_install(NULL);
    assert_status(buffer_status(&buffer), STATUS_NO_MEMORY);
    buffer_put_u64(&buffer, 1);
    assert_int_equal(buffer.size, 0);
    buffer_deinit(&buffer);
}

static void format_appends_text_of_any_size(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    struct buffer expected = {0};
    for (int i = 0; i < 300; i++) {
        buffer_put_format(&buffer, "%d,", i);
        char text[16];
        snprintf(text, sizeof(text), "%d,", i);
        buffer_put(&expected, span_string(text));
    }
    assert_spans_equal(buffer_span(&buffer), buffer_span(&expected));
    buffer_deinit(&buffer);
    buffer_deinit(&expected);

    struct buffer exact = {.limit = 3};
    buffer_put_format(&exact, "%s", "abc");
    assert_status(buffer_status(&exact), STATUS_OK);
    assert_spans_equal(buffer_span(&exact), SPAN_LITERAL("abc"));
    buffer_put_format(&exact, "%s", "d");
    assert_status(buffer_status(&exact), STATUS_LIMIT);
    buffer_deinit(&exact);
}

static void escape_is_hbase_and_unescape_undoes_it(void **state)
{
    (void)state;
    struct buffer text = {0};
    buffer_put_escaped(&text, SPAN_LITERAL("row 1~\\\x00\x7f\xff\n"));
    assert_spans_equal(buffer_span(&text), SPAN_LITERAL("row 1~\\x5C\\x00\\x7F\\xFF\\x0A"));
    struct buffer bytes = {0};
    assert_true(bytes_unescape(buffer_span(&text), &bytes));
    assert_spans_equal(buffer_span(&bytes), SPAN_LITERAL("row 1~\\\x00\x7f\xff\n"));

    buffer_reset(&bytes);
    assert_true(bytes_unescape(SPAN_LITERAL("\\x4 \\xZZ \\n \\x"), &bytes));
    assert_spans_equal(buffer_span(&bytes), SPAN_LITERAL("\\x4 \\xZZ \\n \\x"));

    for (unsigned i = 0; i < 256; i++) {
        uint8_t byte = (uint8_t)i;
        buffer_reset(&text);
        buffer_reset(&bytes);
        buffer_put_escaped(&text, span_make(&byte, 1));
        assert_true(bytes_unescape(buffer_span(&text), &bytes));
        assert_spans_equal(buffer_span(&bytes), span_make(&byte, 1));
    }
    buffer_deinit(&text);
    buffer_deinit(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compare_is_unsigned_and_shorter_first),
        cmocka_unit_test(slice_and_find),
        cmocka_unit_test(integers_read_back_as_written),
        cmocka_unit_test(short_input_leaves_all_untouched),
        cmocka_unit_test(varints_read_back_and_have_one_form),
        cmocka_unit_test(sized_bytes_beyond_the_end_are_refused),
        cmocka_unit_test(buffer_stops_at_its_limit_and_says_so),
        cmocka_unit_test(buffer_survives_no_memory),
        cmocka_unit_test(format_appends_text_of_any_size),
        cmocka_unit_test(escape_is_hbase_and_unescape_undoes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
