/* Ruby's regular expressions: what the stories do not reach. */
#include "tests/support/support.h"

#include <stdio.h>
#include <string.h>

#include "shell/pattern.h"

/* Where it matches: "1-3 1-2 -" is the whole and two groups. */
static const char *search(const char *source, unsigned options, struct span text, size_t from)
{
    static char said[256];
    struct pattern *pattern = NULL;
    struct error error;
    const size_t *places;
    size_t count, size = 0;
    enum status status = pattern_new(span_string(source), options, &pattern, &error);
    if (status == STATUS_OK)
        status = pattern_search(pattern, text, from, &places, &count, &error);
    snprintf(said, sizeof said, "%s", status ? status_name(status) : "");
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        size += (size_t)(places[2 * i] == SIZE_MAX
                             ? snprintf(said + size, sizeof said - size, "%s-", i ? " " : "")
                             : snprintf(said + size, sizeof said - size, "%s%zu-%zu", i ? " " : "",
                                   places[2 * i], places[2 * i + 1]));
    pattern_free(pattern);
    return said;
}

#define ASSERT_FOUND(source, options, text, places)                                                \
    assert_string_equal(search(source, options, SPAN_LITERAL(text), 0), places)

static void groups_are_told(void **state)
{
    (void)state;
    ASSERT_FOUND("(b)(x)?c*", 0, "abcc", "1-4 1-2 -");
    ASSERT_FOUND("", 0, "", "0-0");
    assert_string_equal(search("a", 0, SPAN_LITERAL("aba"), 1), "2-3");
    assert_string_equal(search("a", 0, SPAN_LITERAL("a"), 2), status_name(STATUS_NOT_FOUND));
    ASSERT_FOUND("x", 0, "aba", status_name(STATUS_NOT_FOUND));
}

static void words_of_ruby_mean_what_they_mean_there(void **state)
{
    (void)state;
    ASSERT_FOUND("\\h+", 0, "xyz09afAFg", "3-9");
    ASSERT_FOUND("\\H+", 0, "09xyz", "2-5");
    ASSERT_FOUND("[\\h_]+", 0, "-f_0-", "1-4");
    ASSERT_FOUND("[]x]+", 0, "a]x]", "1-4");
    ASSERT_FOUND("[^]a]+", 0, "a]bc", "2-4");
    ASSERT_FOUND("[[:alpha:]\\d]+", 0, "-a1-", "1-3");
    ASSERT_FOUND("^b$", 0, "a\nb\nc", "2-3");
    ASSERT_FOUND("\\Ab", 0, "a\nb", status_name(STATUS_NOT_FOUND));
    ASSERT_FOUND("a.b", 0, "a\nb", status_name(STATUS_NOT_FOUND));
    ASSERT_FOUND("a.b", PATTERN_MULTILINE, "a\nb", "0-3");
    ASSERT_FOUND("A b", PATTERN_IGNORECASE | PATTERN_EXTENDED, "xab", "1-3");
    ASSERT_FOUND("a+?(?=b)(?!c)", 0, "aab", "0-2");
}

static void text_is_utf_8_as_far_as_it_is(void **state)
{
    (void)state;
    ASSERT_FOUND("^.$", 0, "\xc3\xa9", "0-2");
    ASSERT_FOUND("\xc3\x89", PATTERN_IGNORECASE, "x\xc3\xa9", "1-3");
    ASSERT_FOUND("b", 0,
        "\xff\x00\xfe"
        "b",
        "3-4");
    ASSERT_FOUND("\xff", 0, "a\xff", "1-2");
}

static void what_is_no_pattern_is_refused(void **state)
{
    (void)state;
    static const char *const patterns[] = {"(", "a\\", "[a", "[\\", "[a\\]", "[^", "*", "[a[b]]",
        "[a&&b]", "(?", "(?<a", "[[:alpha:", "(?<n>a)(?<n>b)"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        ASSERT_FOUND(patterns[i], 0, "a", status_name(STATUS_INVALID));
}

static void what_takes_for_ever_ends(void **state)
{
    (void)state;
    ASSERT_FOUND(
        "(a+)+$", 0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", status_name(STATUS_LIMIT));
}

static void put_name(void *context, const char *name, unsigned number)
{
    buffer_put_format(context, "%s=%u ", name, number);
}

static void names_of_groups_are_told(void **state)
{
    (void)state;
    struct pattern *pattern = NULL;
    struct buffer names = {0};
    assert_status(pattern_new(SPAN_LITERAL("(?<y>a)(?<x>b)"), 0, &pattern, NULL), STATUS_OK);
    pattern_names(pattern, put_name, &names);
    assert_true(span_equal(buffer_span(&names), SPAN_LITERAL("x=2 y=1 ")));
    buffer_deinit(&names);
    pattern_free(pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_told),
        cmocka_unit_test(words_of_ruby_mean_what_they_mean_there),
        cmocka_unit_test(text_is_utf_8_as_far_as_it_is),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(what_takes_for_ever_ends),
        cmocka_unit_test(names_of_groups_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
