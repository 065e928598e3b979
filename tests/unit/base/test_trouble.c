#include "base/trouble.h"

#include <string.h>

#include "base/log_lines.h"
#include "tests/support/support.h"

#define SECOND_NS UINT64_C(1000000000)

static char told[512];

static void take_line(void *context, const char *line)
{
    (void)context;
    const char *text = strchr(line, ' '); /* without its time */
    assert_true(strlen(told) + strlen(text) + 2 < sizeof(told));
    strcat(told, text);
    strcat(told, "\n");
}

static void trouble_is_told_when_it_begins_each_minute_and_when_it_is_over(void **state)
{
    (void)state;
    struct trouble trouble = {0};
    log_set_sink(take_line, NULL);
    trouble_over(&trouble, 1, "report");
    assert_string_equal(told, "");
    for (uint64_t s = 0; s < 90; s++)
        assert_int_equal(
            trouble_failed(&trouble, s * SECOND_NS, "report", "no answer"), s == 0 || s == 60);
    trouble_over(&trouble, 90 * SECOND_NS, "report");
    trouble_over(&trouble, 91 * SECOND_NS, "report");
    assert_true(trouble_failed(&trouble, 92 * SECOND_NS, "report", "once more"));
    log_set_sink(NULL, NULL);
    assert_string_equal(told, " warn report error=\"no answer\" failures=1\n"
                              " warn report error=\"no answer\" failures=61\n"
                              " info report.again failures=90 s=90\n"
                              " warn report error=\"once more\" failures=1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trouble_is_told_when_it_begins_each_minute_and_when_it_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
