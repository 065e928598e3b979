/* Ruby's regular expressions in the C library's words: what the stories do not reach. */
#include "tests/support/support.h"

#include <string.h>

#include "shell/pattern.h"

static void assert_posix(const char *ruby, const char *posix)
{
    struct buffer made = {0};
    bool is_made = pattern_put_posix(&made, ruby);
    assert_int_equal(is_made, posix != NULL);
    if (posix)
        assert_string_equal((const char *)made.data, posix);
    buffer_deinit(&made);
}

static void words_of_ruby_are_told_in_those_of_the_c_library(void **state)
{
    (void)state;
    assert_posix("", "");
    assert_posix("\\Aa\\d\\z", "\\`a[0-9]\\'");
    assert_posix("\\t\\/\\-\\.\\w", "\t/-\\.\\w");
    assert_posix("[]\\]^\\^\\-\\\\a]]", "[][.].]^[.^.][.-.]\\a]]");
    assert_posix("[^]a]", "[^]a]");
    assert_posix("[[:alpha:]\\s\\h]", "[[:alpha:][:space:]0-9a-fA-F]");
    assert_posix("(?:a)+?(?<name>b)*?\\+?", "(a)+(b)*\\+?");
    assert_posix("(a)\\1", "(a)\\1");
}

static void what_the_c_library_has_not_is_refused(void **state)
{
    (void)state;
    static const char *const patterns[] = {"\\", "a\\", "[a", "[\\", "[a\\]", "[^", "\\pL", "[\\D]",
        "[a[b]]", "[a&&b]", "(?=a)", "(?<=a)", "(?<!a)", "(?i)a", "(?", "(?<a", "\\u0041",
        "(?:a)(b)\\1"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        assert_posix(patterns[i], NULL);
}

static void groups_are_nested_so_deeply_and_no_deeper(void **state)
{
    (void)state;
    char pattern[2 * PATTERN_NESTED + 4] = "()";
    memset(pattern + 2, '(', PATTERN_NESTED);
    memset(pattern + 2 + PATTERN_NESTED, ')', PATTERN_NESTED);
    assert_posix(pattern, pattern);
    memset(pattern, '(', PATTERN_NESTED + 1);
    pattern[PATTERN_NESTED + 1] = 0;
    assert_posix(pattern, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_ruby_are_told_in_those_of_the_c_library),
        cmocka_unit_test(what_the_c_library_has_not_is_refused),
        cmocka_unit_test(groups_are_nested_so_deeply_and_no_deeper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
