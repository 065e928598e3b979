#include "tests/support/support.h"

#include "proto/wire.h"

static void fields_read_back_as_written(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct wire_field field;
    wire_put_varint(&out, 1, 300);
    wire_put_bool(&out, 2, true);
    wire_put_bytes(&out, 16, SPAN_LITERAL("abc"));
    wire_put_fixed32(&out, 3, 0x3f800000);
    struct span in = buffer_span(&out);
    assert_status(wire_take(&in, &field), STATUS_OK);
    assert_true(wire_is(&field, 1, WIRE_VARINT) && field.value == 300);
    assert_status(wire_take(&in, &field), STATUS_OK);
    assert_true(wire_is(&field, 2, WIRE_VARINT) && field.value == 1);
    assert_status(wire_take(&in, &field), STATUS_OK);
    assert_true(wire_is(&field, 16, WIRE_BYTES));
    assert_spans_equal(field.bytes, SPAN_LITERAL("abc"));
    assert_status(wire_take(&in, &field), STATUS_OK);
    assert_true(wire_is(&field, 3, WIRE_FIXED32) && field.value == 0x3f800000);
    assert_status(wire_take(&in, &field), STATUS_END);
    buffer_deinit(&out);
}

/* The size of a submessage is known only after it: every width of its varint must come out right.
 */
static void submessages_of_all_sizes_are_framed(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 120, 125, 126, 127, 128, 130, 16380, 16384, 70000};
    static const uint8_t zeroes[70000];
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buffer out = {0};
        struct wire_field outer, inner;
        size_t mark = wire_begin(&out, 7), deeper = wire_begin(&out, 1);
        wire_put_bytes(&out, 5, span_make(zeroes, sizes[i]));
        wire_end(&out, deeper);
        wire_end(&out, mark);
        wire_put_varint(&out, 9, 1);
        struct span in = buffer_span(&out);
        assert_status(wire_take(&in, &outer), STATUS_OK);
        assert_true(wire_is(&outer, 7, WIRE_BYTES));
        assert_status(wire_take(&outer.bytes, &inner), STATUS_OK);
        assert_status(wire_take(&inner.bytes, &outer), STATUS_OK);
        assert_true(outer.number == 5 && outer.bytes.size == sizes[i]);
        assert_status(wire_take(&in, &outer), STATUS_OK);
        assert_true(wire_is(&outer, 9, WIRE_VARINT));
        assert_status(wire_take(&in, &outer), STATUS_END);
        buffer_deinit(&out);
    }
}

static void malformed_fields_are_refused(void **state)
{
    (void)state;
    static const struct span wrong[] = {
        {(const uint8_t *)"\x08", 1}, /* a varint that is not there */
        {(const uint8_t *)"\x0a\x05"
                          "ab",
            4},                               /* bytes beyond the end */
        {(const uint8_t *)"\x00\x01", 2},     /* field number 0 */
        {(const uint8_t *)"\x0b", 1},         /* a group */
        {(const uint8_t *)"\x0d\x01\x02", 3}, /* half a fixed32 */
        {(const uint8_t *)"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
        {(const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct span in = wrong[i];
        struct wire_field field;
        assert_status(wire_take(&in, &field), STATUS_INVALID);
        assert_int_equal(in.size, wrong[i].size);
    }
}

static void pairs_read_back_as_written(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct wire_field field;
    struct span name, value;
    wire_put_pair(&out, 3, SPAN_LITERAL("name"), SPAN_EMPTY);
    struct span in = buffer_span(&out);
    assert_status(wire_take(&in, &field), STATUS_OK);
    assert_status(wire_read_pair(field.bytes, &name, &value), STATUS_OK);
    assert_spans_equal(name, SPAN_LITERAL("name"));
    assert_int_equal(value.size, 0);
    assert_non_null(value.data); /* there, and empty */
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_read_back_as_written),
        cmocka_unit_test(submessages_of_all_sizes_are_framed),
        cmocka_unit_test(malformed_fields_are_refused),
        cmocka_unit_test(pairs_read_back_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
