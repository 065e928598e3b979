/* Heat maps as text: levels, numbers, labels, colours, and what the environment allows. */
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/heat_picture.h"

static const struct span bounds[] = {SPAN_LITERAL(""), SPAN_LITERAL("row\xff"), SPAN_LITERAL("s")};

/* The lines of the picture, NUL-terminated. */
static char *draw(struct buffer *out, const struct heat_picture *picture, enum heat_ink ink)
{
    buffer_reset(out);
    heat_picture_draw(out, picture, ink);
    buffer_put_u8(out, 0);
    assert_status(buffer_status(out), STATUS_OK);
    return (char *)out->data;
}

static struct heat_picture make(const float *values, size_t rows, size_t columns)
{
    return (struct heat_picture){.values = values,
        .rows = rows,
        .columns = columns,
        .bounds = bounds,
        .from_s = 8 * 3600 + 20 * 60,
        .step_s = 60,
        .unit = "/s"};
}

static void brighter_is_more_and_a_little_is_not_nothing(void **state)
{
    static const float values[] = {0, 1, 1024, 0.0001f, 1, 32}; /* [column][row], three rows */
    struct heat_picture picture = make(values, 3, 2);
    struct buffer out = {0};
    (void)state;
    const char *text = draw(&out, &picture, HEAT_INK_PLAIN);
    assert_non_null(strstr(text, "(start)              | .| "));
    assert_non_null(strstr(text, "row\\xFF              |..| 1/s\n"));
    assert_non_null(strstr(text, "s                    |@+| 528/s\n"));
    assert_non_null(strstr(text, "brightest: 1,024/s in a cell of 1 min"));
    buffer_deinit(&out);
}

static void nothing_is_dark_and_has_no_infinity(void **state)
{
    static const float values[] = {0, 0};
    struct heat_picture picture = make(values, 1, 2);
    struct buffer out = {0};
    (void)state;
    assert_non_null(strstr(draw(&out, &picture, HEAT_INK_PLAIN), "|  | 0/s\n"));
    assert_non_null(strstr(draw(&out, &picture, HEAT_INK_TRUE), "brightest: 0/s"));
    picture.columns = 0;
    assert_non_null(strstr(draw(&out, &picture, HEAT_INK_256), "brightest: 0/s"));
    buffer_deinit(&out);
}

static void numbers_are_short(void **state)
{
    static const struct {
        float value;
        const char *text;
    } rows[] = {{0.5f, "0.5/s"}, {99.6f, "99.6/s"}, {812, "812/s"}, {3204, "3,204/s"},
        {70007, "70,007/s"}, {12500000, "12.5 M/s"}, {3e9f, "3.0 G/s"}};
    struct buffer out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[64];
        struct heat_picture picture = make(&rows[i].value, 1, 1);
        snprintf(line, sizeof line, "brightest: %s ", rows[i].text);
        assert_non_null(strstr(draw(&out, &picture, HEAT_INK_PLAIN), line));
    }
    buffer_deinit(&out);
}

static void long_keys_are_cut_and_marks_stand_above(void **state)
{
    static const float values[] = {1, 1, 1};
    const struct span key = SPAN_LITERAL("a-key-that-is-longer-than-its-room");
    struct heat_picture picture = make(values, 1, 3);
    struct buffer out = {0};
    (void)state;
    picture.bounds = &key;
    picture.marks = "^ >";
    const char *text = draw(&out, &picture, HEAT_INK_PLAIN);
    assert_ptr_equal(strstr(text, "                      ^ >\n"), text);
    assert_non_null(strstr(text, "a-key-that-is-long.. |@@@|"));
    buffer_deinit(&out);
}

static void times_stand_under_every_tenth_column(void **state)
{
    static const float values[25] = {1};
    struct heat_picture picture = make(values, 1, 25);
    struct buffer out = {0};
    (void)state;
    assert_non_null(strstr(draw(&out, &picture, HEAT_INK_PLAIN),
        "\n                      08:20     08:30     08:40\n"));
    buffer_deinit(&out);
}

static void with_colours_a_line_holds_two_rows(void **state)
{
    static const float values[] = {0, 1, 1};
    struct heat_picture picture = make(values, 3, 1);
    struct buffer out = {0};
    (void)state;
    const char *text = draw(&out, &picture, HEAT_INK_TRUE);
    assert_non_null(strstr(text, "(start)              |\x1b[38;2;8;6;20m\x1b[48;2;252;252;190m"
                                 "\xe2\x96\x80\x1b[0m| 1/s\n"));
    assert_null(strstr(text, "row\\xFF"));
    assert_non_null(strstr(text, "\ns  ")); /* an odd row has nothing below it */
    text = draw(&out, &picture, HEAT_INK_256);
    assert_non_null(strstr(text, "\x1b[38;5;16m\x1b[48;5;"));
    buffer_deinit(&out);
}

static void colours_need_a_terminal_that_wants_them(void **state)
{
    (void)state;
    unsetenv("LC_ALL");
    unsetenv("LC_CTYPE");
    unsetenv("NO_COLOR");
    unsetenv("COLORTERM");
    setenv("LANG", "C.UTF-8", 1);
    setenv("TERM", "xterm", 1);
    assert_int_equal(heat_ink_find(false), HEAT_INK_PLAIN);
    assert_int_equal(heat_ink_find(true), HEAT_INK_256);
    setenv("COLORTERM", "truecolor", 1);
    assert_int_equal(heat_ink_find(true), HEAT_INK_TRUE);
    setenv("LC_ALL", "C", 1);
    assert_int_equal(heat_ink_find(true), HEAT_INK_PLAIN);
    unsetenv("LC_ALL");
    setenv("NO_COLOR", "1", 1);
    assert_int_equal(heat_ink_find(true), HEAT_INK_PLAIN);
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_int_equal(heat_ink_find(true), HEAT_INK_PLAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brighter_is_more_and_a_little_is_not_nothing),
        cmocka_unit_test(nothing_is_dark_and_has_no_infinity),
        cmocka_unit_test(numbers_are_short),
        cmocka_unit_test(long_keys_are_cut_and_marks_stand_above),
        cmocka_unit_test(times_stand_under_every_tenth_column),
        cmocka_unit_test(with_colours_a_line_holds_two_rows),
        cmocka_unit_test(colours_need_a_terminal_that_wants_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
