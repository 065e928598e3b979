#include "tests/support/support.h"

#include "server/master/name_pattern.h"

static bool matches(const char *pattern, const char *name)
{
    struct name_pattern *made = NULL;
    struct error error = {0};
    assert_ok(name_pattern_new(span_string(pattern), &made, &error), &error);
    bool answer = name_pattern_matches(made, span_string(name));
    name_pattern_free(made);
    return answer;
}

static void the_whole_name_must_match(void **state)
{
    (void)state;
    assert_true(matches("t1", "t1"));
    assert_false(matches("t", "t1"));
    assert_false(matches("1", "t1"));
    assert_true(matches("t.*", "t1"));
    assert_true(matches("a|t1", "t1"));
    assert_true(matches(".*", "t1"));
}

static void the_default_namespace_may_be_named(void **state)
{
    (void)state;
    assert_true(matches("default:t.*", "t1"));
    assert_true(matches("ns:.*", "ns:t1"));
    assert_false(matches("default:.*", "ns:t1"));
    assert_false(matches("ns:.*", "t1"));
}

static void no_pattern_matches_all(void **state)
{
    (void)state;
    assert_true(name_pattern_matches(NULL, SPAN_LITERAL("anything")));
}

static void a_bad_pattern_is_named(void **state)
{
    struct name_pattern *made = NULL;
    struct error error = {0};
    (void)state;
    assert_int_equal(name_pattern_new(SPAN_LITERAL("t("), &made, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "t("));
}

static void a_pattern_that_runs_away_does_not_match(void **state)
{
    (void)state;
    assert_false(matches("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_name_must_match),
        cmocka_unit_test(the_default_namespace_may_be_named),
        cmocka_unit_test(no_pattern_matches_all),
        cmocka_unit_test(a_bad_pattern_is_named),
        cmocka_unit_test(a_pattern_that_runs_away_does_not_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
