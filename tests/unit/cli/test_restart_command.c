#include "tests/support/support.h"

#include "cli/restart_command.h"

static enum status put(struct buffer *out, const char *text, const char *host, struct error *error)
{
    struct stele_server server = {stele_text(host), 16020, 1700000000001};
    buffer_reset(out);
    return restart_command_put(out, text, &server, "tabletserver", error);
}

static void every_word_of_a_server_can_be_said(void **state)
{
    struct buffer out = {0};
    struct error error = {0};
    (void)state;
    assert_ok(
        put(&out, "ssh %h systemctl restart stele-%r@%p # 100%% of %s", "a-1.x", &error), &error);
    assert_string_equal((const char *)out.data,
        "ssh a-1.x systemctl restart stele-tabletserver@16020 # 100% of a-1.x,16020,1700000000001");
    assert_ok(put(&out, "", "h", &error), &error);
    assert_string_equal((const char *)out.data, "");
    buffer_deinit(&out);
}

static void an_unknown_word_is_named(void **state)
{
    struct buffer out = {0};
    struct error error = {0};
    (void)state;
    assert_int_equal(put(&out, "restart %x", "h", &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "'%x'"));
    error_clear(&error);
    assert_int_equal(put(&out, "restart %", "h", &error), STATUS_INVALID);
    buffer_deinit(&out);
}

static void a_host_that_a_shell_would_read_is_refused(void **state)
{
    static const char *const hosts[] = {"a;reboot", "$(reboot)", "a b", "-oProxyCommand", ""};
    struct buffer out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct error error = {0};
        assert_int_equal(put(&out, "ssh %h", hosts[i], &error), STATUS_INVALID);
        assert_non_null(strstr(error.message, "is not the name of a host"));
    }
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_of_a_server_can_be_said),
        cmocka_unit_test(an_unknown_word_is_named),
        cmocka_unit_test(a_host_that_a_shell_would_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
