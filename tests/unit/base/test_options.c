#include "tests/support/support.h"

#include "base/options.h"

#include <stdio.h>
#include <unistd.h>

static const char *rest[2];

static struct options make(struct option_value *values, size_t count)
{
    return (struct options){.command = "test",
        .usage = "usage\n",
        .values = values,
        .value_count = count,
        .arguments = rest,
        .argument_limit = 2};
}

#define MEMORY_AND_FLAG                                                                            \
    {                                                                                              \
        {.name = "memory", .letter = 'm', .is_from_file = true},                                   \
        {                                                                                          \
            .name = "insecure", .is_flag = true, .is_from_file = true                              \
        }                                                                                          \
    }

static void values_stand_after_an_equals_sign_or_a_space(void **state)
{
    struct option_value values[] = MEMORY_AND_FLAG;
    struct options options = make(values, 2);
    char *argv[] = {"test", "--memory=1G", "dir", "--insecure"};
    (void)state;
    assert_int_equal(options_parse(&options, 4, argv), -1);
    assert_string_equal(options_get(&options, "memory"), "1G");
    assert_non_null(options_get(&options, "insecure"));
    assert_int_equal(options.argument_count, 1);
    assert_string_equal(rest[0], "dir");

    struct option_value again[] = MEMORY_AND_FLAG;
    struct options spaced = make(again, 2);
    char *words[] = {"test", "--memory", "2G", "-m", "3G"};
    assert_int_equal(options_parse(&spaced, 5, words), -1);
    assert_string_equal(options_get(&spaced, "memory"), "3G");
    assert_null(options_get(&spaced, "insecure"));
}

static void wrong_usage_is_exit_code_2(void **state)
{
    static char *const bad[][3] = {{"test", "--memroy=1", NULL}, {"test", "--memory", NULL},
        {"test", "--insecure=yes", NULL}, {"test", "-x", NULL}};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct option_value values[] = MEMORY_AND_FLAG;
        struct options options = make(values, 2);
        assert_int_equal(options_parse(&options, 2, (char **)(uintptr_t)bad[i]), 2);
    }
    struct option_value values[] = MEMORY_AND_FLAG;
    struct options options = make(values, 2);
    char *many[] = {"test", "a", "b", "c"};
    assert_int_equal(options_parse(&options, 4, many), 2);
}

static void after_two_dashes_all_are_arguments(void **state)
{
    struct option_value values[] = MEMORY_AND_FLAG;
    struct options options = make(values, 2);
    char *argv[] = {"test", "--", "--memory=1G", "-"};
    (void)state;
    assert_int_equal(options_parse(&options, 4, argv), -1);
    assert_int_equal(options.argument_count, 2);
    assert_null(options_get(&options, "memory"));
}

static void the_nearest_name_is_found(void **state)
{
    static const char *const names[] = {"standalone", "shell", "export", "import"};
    (void)state;
    assert_string_equal(options_nearest("standalon", names, 4), "standalone");
    assert_string_equal(options_nearest("shel", names, 4), "shell");
    assert_string_equal(options_nearest("exprot", names, 4), "export");
    const char *swapped[] = {
        "swap", "salt", "reverse"}; /* two letters that changed places are nearer than two others */
    assert_string_equal(options_nearest("slat", swapped, 3), "salt");
    assert_null(options_nearest("zzzzzzzz", names, 4));
}

static void sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"1", 1}, {"64K", 64 << 10}, {"512M", 512 << 20}, {"1G", 1ull << 30},
        {"2g", 2ull << 30}, {"1GB", 1ull << 30}, {"1GiB", 1ull << 30}, {"3T", 3ull << 40}};
    static const char *const bad[] = {
        "", "0", "-1", "G", "1X", "1GX", "1.5G", "99999999999999999999", "99999999999T"};
    uint64_t bytes;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(options_parse_size("memory", good[i].text, &bytes, NULL), NULL);
        assert_true(bytes == good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct error error = {0};
        assert_int_equal(options_parse_size("memory", bad[i], &bytes, &error), STATUS_INVALID);
        assert_non_null(strstr(error.message, "--memory"));
    }
}

static void addresses(void **state)
{
    char host[64];
    uint16_t port;
    static const char *const bad[] = {"", ":", "host:", ":1x", "host:65536", "host:-1", "host"};
    (void)state;
    assert_ok(
        options_parse_address("listen", "0.0.0.0:16000", host, sizeof host, &port, NULL), NULL);
    assert_string_equal(host, "0.0.0.0");
    assert_int_equal(port, 16000);
    assert_ok(options_parse_address("listen", "[::1]:0", host, sizeof host, &port, NULL), NULL);
    assert_string_equal(host, "::1");
    assert_int_equal(port, 0);
    assert_ok(options_parse_address("listen", "2181", host, sizeof host, &port, NULL), NULL);
    assert_string_equal(host, "127.0.0.1");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(options_parse_address("listen", bad[i], host, sizeof host, &port, NULL),
            STATUS_INVALID);
}

static enum status read_config(const char *text, struct options *options, struct error *error)
{
    char *folder = test_directory_new();
    const char *path = test_path(folder, "config");
    assert_ok(env_write_file(env_real(), path, 0600, span_string(text), error), error);
    enum status status = options_read_file(options, path, error);
    test_directory_remove(folder);
    return status;
}

static void a_file_gives_what_the_command_line_does_not(void **state)
{
    struct option_value values[] = MEMORY_AND_FLAG;
    struct options options = make(values, 2);
    struct error error = {0};
    char *argv[] = {"test", "--memory=1G"};
    (void)state;
    assert_int_equal(options_parse(&options, 2, argv), -1);
    assert_ok(read_config("# a comment\n\n memory = 2G # no\ninsecure = true\n", &options, &error),
        &error);
    assert_string_equal(options_get(&options, "memory"), "1G");
    assert_non_null(options_get(&options, "insecure"));
}

static void a_file_may_be_a_pipe(void **state)
{
    struct option_value values[] = MEMORY_AND_FLAG;
    struct options options = make(values, 2);
    struct error error = {0};
    char path[64];
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "memory = 2G\n", 12), 12);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    assert_ok(options_read_file(&options, path, &error), &error);
    close(ends[0]);
    assert_non_null(options_get(&options, "memory"));
    assert_string_equal(options_get(&options, "memory"), "2G");
}

static void an_unknown_name_in_a_file_is_told_with_the_nearest(void **state)
{
    struct option_value values[] = MEMORY_AND_FLAG;
    struct options options = make(values, 2);
    struct error error = {0};
    (void)state;
    assert_int_equal(read_config("memroy = 2G\n", &options, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "did you mean 'memory'?"));
}

static void a_bad_line_is_named_by_number(void **state)
{
    static const char *const bad[] = {"\nnope = 1\n", "\nmemory =\n", "\ninsecure = maybe\n"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct option_value values[] = MEMORY_AND_FLAG;
        struct options options = make(values, 2);
        struct error error = {0};
        assert_int_equal(read_config(bad[i], &options, &error), STATUS_INVALID);
        assert_non_null(strstr(error.message, "line 2"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_after_an_equals_sign_or_a_space),
        cmocka_unit_test(wrong_usage_is_exit_code_2),
        cmocka_unit_test(after_two_dashes_all_are_arguments),
        cmocka_unit_test(the_nearest_name_is_found),
        cmocka_unit_test(sizes),
        cmocka_unit_test(addresses),
        cmocka_unit_test(a_file_gives_what_the_command_line_does_not),
        cmocka_unit_test(a_file_may_be_a_pipe),
        cmocka_unit_test(an_unknown_name_in_a_file_is_told_with_the_nearest),
        cmocka_unit_test(a_bad_line_is_named_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
