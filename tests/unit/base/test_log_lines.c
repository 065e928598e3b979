#include "tests/support/support.h"

#include "base/log_lines.h"

#include <stdio.h>

static char last[20000];
static unsigned count;

static void keep(void *context, const char *line)
{
    (void)context;
    snprintf(last, sizeof(last), "%s", line);
    count++;
}

static void a_line_has_time_level_event_and_fields(void **state)
{
    (void)state;
    log_set_sink(keep, NULL);
    log_line(LOG_WARN, "tablet.open", "table=%s ms=%d", "t1", 3);
    assert_int_equal(strlen("2026-11-23T03:16:39.120Z"), strcspn(last, " "));
    assert_string_equal(strchr(last, ' '), " warn tablet.open table=t1 ms=3");
    assert_int_equal(last[10], 'T');
    assert_int_equal(last[23], 'Z');
    log_line(LOG_ERROR, "server.stop", "%s", "");
    assert_string_equal(strchr(last, ' '), " error server.stop");
    log_set_sink(NULL, NULL);
}

static void the_level_holds_lines_back(void **state)
{
    (void)state;
    log_set_sink(keep, NULL);
    count = 0;
    log_line(LOG_DEBUG, "a.b", "x=%d", 1);
    assert_int_equal(count, 0);
    log_set_level(LOG_DEBUG);
    log_line(LOG_DEBUG, "a.b", "x=%d", 1);
    assert_int_equal(count, 1);
    log_set_level(LOG_OFF);
    log_line(LOG_ERROR, "a.b", "x=%d", 1);
    assert_int_equal(count, 1);
    log_set_level(LOG_INFO);
    log_set_sink(NULL, NULL);
}

static void a_name_cannot_forge_a_line(void **state)
{
    (void)state;
    log_set_sink(keep, NULL);
    log_line(LOG_INFO, "table.create", "name=\"%s\"", "a\n2026 error x");
    assert_null(strchr(last, '\n'));
    assert_non_null(strstr(last, "name=\"a\\x0A2026 error x\""));
    log_set_sink(NULL, NULL);
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    log_set_sink(keep, NULL);
    char text[10000];
    memset(text, 1, sizeof(text) - 1); /* the worst: four characters each */
    text[sizeof(text) - 1] = '\0';
    log_line(LOG_INFO, "a.b", "x=%s", text);
    assert_true(strlen(last) > 4096 && strlen(last) < 4 * 4096 + 256);
    log_set_sink(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_event_and_fields),
        cmocka_unit_test(the_level_holds_lines_back),
        cmocka_unit_test(a_name_cannot_forge_a_line),
        cmocka_unit_test(a_long_line_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
