/* Lower case as Java has it; what is expected, Java 17 said. */
#include "tests/support/support.h"

#include "model/filter.h"
#include "model/lower_case.h"

static void assert_lower(const char *text, const char *lowered)
{
    struct buffer out = {0};
    lower_case_put(&out, span_string(text));
    if (!span_equal(buffer_span(&out), span_string(lowered)))
        fail_msg("%s: %.*s instead of %s", text, (int)out.size, (const char *)out.data, lowered);
    buffer_deinit(&out);
}

static void letters_of_any_script_are_lowered(void **state)
{
    (void)state;
    assert_lower("", "");
    assert_lower("AbZ[`{09", "abz[`{09");
    assert_lower("ÄÖÜßẞ", "äöüßß");
    assert_lower("ÉĀĿŁ", "éāŀł");
    assert_lower("ДЁЯ", "дёя");
    assert_lower("ΑΒΩ", "αβω");
    assert_lower("Ⅷ Ⓐ K Å Ω", "ⅷ ⓐ k å ω"); /* Kelvin, Angstrom, Ohm */
    assert_lower("𐐀𞤀", "𐐨𞤢");   /* outside the first plane */
    assert_lower("ǅ", "ǆ");
    assert_lower("ſµıŉ中あ😀", "ſµıŉ中あ😀"); /* have none, or are it */
    assert_lower("İ", "i̇");
}

static void sigma_at_a_words_end_is_another(void **state)
{
    (void)state;
    assert_lower("ΟΔΟΣ ΣΟΦΟΣ, ΣΣ", "οδος σοφος, σς");
    assert_lower("Σ", "σ");
    assert_lower("1Σ", "1σ");
    assert_lower("AΣ1", "aς1");
    assert_lower("AΣ1A", "aσ1a");
    assert_lower("AΣ'A", "aσ'a");
    assert_lower("AΣ''A", "aς''a");
    assert_lower("AΣ’A", "aς’a");
    assert_lower("AΣ-A", "aσ-a");
    assert_lower("AΣ.A", "aσ.a");
    assert_lower("AΣ,A", "aς,a");
    assert_lower("AΣ_A", "aσ_a");
    assert_lower("A-Σ", "a-ς");
    assert_lower("A/Σ", "a/σ");
    assert_lower("A\xcc\x81Σ\xcc\x81", "a\xcc\x81ς\xcc\x81"); /* accents are of the word */
    assert_lower("AΣ中A", "aς中a");
    assert_lower("Aא"
                 "Σ",
        "aא"
        "ς");
    assert_lower("AΣʰ", "aσʰ");
}

static int order(const char *substring, const char *text)
{
    struct comparator comparator = {.kind = COMPARATOR_SUBSTRING, .value = span_string(substring)};
    int result = -2;
    assert_status(comparator_compare(&comparator, span_string(text), &result, NULL), STATUS_OK);
    return result;
}

static void a_substring_is_found_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(order("ÜBER", "hinüber"), 0);
    assert_int_equal(order("über", "HINÜBER"), 0);
    assert_int_equal(order("k", "300 K"), 0);
    assert_int_equal(order("ss", "ß"), 1);
    assert_int_equal(order("ß", "ẞ"), 0);
    assert_int_equal(order("i", "İ"), 0);
    assert_int_equal(order("İ", "i"), 1);
    assert_int_equal(order("σ", "ΟΔΟΣ"), 1);
    assert_int_equal(order("Σ", "ΟΔΟΣ"), 1);
    assert_int_equal(order("οσ", "ΟΣΑ"), 0);
    assert_int_equal(order("ʼ", "A"), 1);
    assert_int_equal(order("", "Ä"), 0);
    assert_int_equal(order("\xef\xbf\xbd", "a\xff"), 0); /* what is malformed is a character too */
    assert_int_equal(order("\xfe", "a\xff"), 0);
    assert_int_equal(order("A\xff", "xa\xfe"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_of_any_script_are_lowered),
        cmocka_unit_test(sigma_at_a_words_end_is_another),
        cmocka_unit_test(a_substring_is_found_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
