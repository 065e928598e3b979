/* Comparators: what compareTo of HBase's ByteArrayComparables answers. */
#include "base/limits.h"
#include "model/big_decimal.h"
#include "model/filter.h"
#include "tests/support/support.h"

static int order(const struct comparator *comparator, struct span bytes)
{
    int result = 99;
    struct error error = {0};
    assert_ok(comparator_compare(comparator, bytes, &result, &error), &error);
    return result < 0 ? -1 : result > 0;
}

static void test_bytes_compare_against_bytes(void **state)
{
    (void)state;
    struct comparator binary = {.kind = COMPARATOR_BINARY, .value = SPAN_LITERAL("b")};
    assert_int_equal(order(&binary, SPAN_LITERAL("a")), 1);
    assert_int_equal(order(&binary, SPAN_LITERAL("b")), 0);
    assert_int_equal(order(&binary, SPAN_LITERAL("ba")), -1);
    struct comparator prefix = {.kind = COMPARATOR_BINARY_PREFIX, .value = SPAN_LITERAL("ab")};
    assert_int_equal(order(&prefix, SPAN_LITERAL("abz")), 0);
    assert_int_equal(order(&prefix, SPAN_LITERAL("a")), 1);
    struct comparator component = {
        .kind = COMPARATOR_BINARY_COMPONENT, .value = SPAN_LITERAL("b"), .offset = 1};
    assert_int_equal(order(&component, SPAN_LITERAL("xbz")), 0);
    assert_int_equal(order(&component, SPAN_LITERAL("xc")), -1);
}

static void test_numbers_and_bits(void **state)
{
    (void)state;
    struct comparator number = {.kind = COMPARATOR_LONG, .long_value = -1};
    assert_int_equal(order(&number, SPAN_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff")), 0);
    assert_int_equal(order(&number, SPAN_LITERAL("\0\0\0\0\0\0\0\1")), -1);
    struct comparator bits = {
        .kind = COMPARATOR_BIT, .value = SPAN_LITERAL("\x0f"), .bit_op = BIT_AND};
    assert_int_equal(order(&bits, SPAN_LITERAL("\x01")), 0);
    assert_int_equal(order(&bits, SPAN_LITERAL("\xf0")), 1);
    assert_int_equal(order(&bits, SPAN_LITERAL("\x01\x01")), 1);
    bits.bit_op = BIT_XOR;
    assert_int_equal(order(&bits, SPAN_LITERAL("\x0f")), 1);
}

static void test_text_is_found_anywhere(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        int32_t flags; /* Java's */
        const char *text;
        int order;
    } table[] = {
        {"b.c", 32, "ab\ncd", 0}, {"b.c", 0, "ab\ncd", 1}, {"^b", 8, "a\nb", 0},
        {"^b", 32, "a\nb", 1}, {"b.c", 0, "b\rc", 1}, {"b.c", 1, "b\rc", 0}, {"b$", 0, "b\r\n", 0},
        {"ABC", 2, "xabcx", 0}, {"a.c", 16, "abc", 1}, {"a.c", 16, "xa.cx", 0},
        {"a b # c", 4, "ab", 0},
        {"(a+)+$", 32, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
            1}, /* stopped by its limit */
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct comparator regex = {.kind = COMPARATOR_REGEX,
            .value = span_string(table[i].pattern),
            .regex_flags = table[i].flags};
        assert_int_equal(order(&regex, span_string(table[i].text)), table[i].order);
    }
    struct comparator substring = {.kind = COMPARATOR_SUBSTRING, .value = SPAN_LITERAL("BC")};
    assert_int_equal(order(&substring, SPAN_LITERAL("aBcd")), 0);
    assert_int_equal(order(&substring, SPAN_LITERAL("acb")), 1);
    struct comparator broken = {.kind = COMPARATOR_REGEX, .value = SPAN_LITERAL("a(")};
    int result;
    assert_int_equal(comparator_compare(&broken, SPAN_EMPTY, &result, NULL), STATUS_INVALID);
}

/* As Java: bytes are text of a charset, and what is malformed in it is one character or several, never none. */
static void test_text_of_bytes_has_a_charset(void **state)
{
    (void)state;
    static const struct {
        enum charset charset;
        const char *pattern; /* UTF-8 */
        struct span bytes;
        int order;
    } table[] = {
        /* OpenTSDB's keys: four bytes of a time, tags of six */
        {CHARSET_LATIN_1, "^.{7}(?:.{6})*\\Qxy\\E.{3}$",
            SPAN_LITERAL("abceS\xed\xe0xy\x80\x81\xff"), 0},
        {CHARSET_LATIN_1, "\xc3\xa9", SPAN_LITERAL("\xe9"), 0},
        {CHARSET_LATIN_1, "\xc3\xa9", SPAN_LITERAL("\xc3\xa9"), 1},
        {CHARSET_LATIN_1, "^..$", SPAN_LITERAL("\xc3\xa9"), 0},
        {CHARSET_UTF_8, "\xc3\xa9", SPAN_LITERAL("\xe9"), 1},
        {CHARSET_UTF_8, "^.$", SPAN_LITERAL("\xc3\xa9"), 0},
        {CHARSET_UTF_8, "^.{4}$", SPAN_LITERAL("a\xed\xe0z"), 0},
        {CHARSET_UTF_8,
            "^\xef\xbf\xbd"
            "a$",
            SPAN_LITERAL("\xff"
                         "a"),
            0},
        {CHARSET_UTF_8, "^.a$",
            SPAN_LITERAL("\xe2\x82"
                         "a"),
            0},                                                         /* cut: one */
        {CHARSET_UTF_8, "^.$", SPAN_LITERAL("\xed\xa0\x80"), 0},        /* a surrogate: one */
        {CHARSET_UTF_8, "^.{4}$", SPAN_LITERAL("\xf8\x88\x80\x80"), 0}, /* each by itself */
        {CHARSET_UTF_8, "^..$", SPAN_LITERAL("\xf0\x9f\x98\x80\xf0\x9f\x98"), 0},
        {CHARSET_ASCII, "^.\xef\xbf\xbd$", SPAN_LITERAL("a\x80"), 0},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct comparator regex = {.kind = COMPARATOR_REGEX,
            .value = span_string(table[i].pattern),
            .charset = table[i].charset};
        if (order(&regex, table[i].bytes) != table[i].order)
            fail_msg("row %zu of the table", i);
    }
    enum charset charset;
    assert_true(charset_find(SPAN_LITERAL("Latin1"), &charset) && charset == CHARSET_LATIN_1);
    assert_false(charset_find(SPAN_LITERAL("UTF-16"), &charset));
}

static void test_decimals_compare_by_value(void **state)
{
    (void)state;
    static const struct {
        struct span a, b;
        int order;
    } table[] = {
        {SPAN_LITERAL("\0\0\0\1\x0f"), SPAN_LITERAL("\0\0\0\2\0\x96"), 0}, /* 1.5, 1.50 */
        {SPAN_LITERAL("\0\0\0\1\x0f"), SPAN_LITERAL("\0\0\0\0\2"), -1},    /* 1.5, 2 */
        {SPAN_LITERAL("\0\0\0\0\xff"), SPAN_LITERAL("\0\0\0\0\1"), -1},    /* -1, 1 */
        {SPAN_LITERAL("\0\0\0\0\x80"), SPAN_LITERAL("\0\0\0\1\xfb\0"), 0}, /* -128, -128.0 */
        {SPAN_LITERAL("\0\0\0\0\x80"), SPAN_LITERAL("\0\0\0\0\xff"), -1},  /* -128, -1 */
        {SPAN_LITERAL("\0\0\0\5\0"), SPAN_LITERAL("\xff\xff\xff\0\0"), 0}, /* 0 is 0 at any scale */
        {SPAN_LITERAL("\x80\0\0\0\1"), SPAN_LITERAL("\x7f\xff\xff\xff\1"), 1}, /* 10^2147483648 */
        {SPAN_LITERAL("\xff\xff\xff\xf6\1"), SPAN_LITERAL("\0\0\0\0\2\x54\x0b\xe4\0"),
            0},                                                    /* 10^10 */
        {SPAN_LITERAL("\0\0\0\0"), SPAN_LITERAL("\0\0\0\0\1"), 1}, /* no number */
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(big_decimal_compare(table[i].a, table[i].b), table[i].order);
        if (table[i].order < 0)
            assert_int_equal(big_decimal_compare(table[i].b, table[i].a), 1);
    }
    uint8_t wide[4 + LIMIT_BIG_DECIMAL_SIZE] = {[4] = 0x80};
    assert_int_equal(
        big_decimal_compare(span_make(wide, sizeof(wide)), span_make(wide, sizeof(wide))), 0);
    assert_int_equal(
        big_decimal_compare(span_make(wide, sizeof(wide)), SPAN_LITERAL("\0\0\0\5\xff")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_compare_against_bytes),
        cmocka_unit_test(test_numbers_and_bits),
        cmocka_unit_test(test_text_is_found_anywhere),
        cmocka_unit_test(test_text_of_bytes_has_a_charset),
        cmocka_unit_test(test_decimals_compare_by_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
