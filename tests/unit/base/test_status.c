#include "tests/support/support.h"

#include <errno.h>
#include <stdlib.h>

static void every_status_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < STATUS_COUNT; i++)
        assert_string_not_equal(status_name((enum status)i), "unknown status");
    assert_string_equal(status_name(STATUS_WOULD_BLOCK), "would block");
    assert_string_equal(status_name(STATUS_COUNT), "unknown status");
}

static void set_keeps_message_place_and_status(void **state)
{
    (void)state;
    struct error error;
    assert_status(error_set(&error, STATUS_CORRUPT, "footer %d", 7), STATUS_CORRUPT);
    assert_int_equal(error.status, STATUS_CORRUPT);
    assert_string_equal(error.message, "footer 7");
    assert_non_null(strstr(error.file, "test_status.c"));
    assert_true(error.line > 0);
}

static void null_error_is_fine(void **state)
{
    (void)state;
    assert_status(error_set(NULL, STATUS_BUSY, "x"), STATUS_BUSY);
    assert_status(error_set_errno(NULL, ENOSPC, "x"), STATUS_NO_SPACE);
    assert_status(error_prefix(NULL, STATUS_LIMIT, "x"), STATUS_LIMIT);
    error_clear(NULL);
}

static void errno_maps_to_status(void **state)
{
    (void)state;
    struct error error;
    assert_status(error_set_errno(&error, ENOENT, "open %s", "a"), STATUS_NOT_FOUND);
    assert_string_equal(error.message, "open a: No such file or directory");
    assert_status(error_set_errno(&error, EEXIST, "x"), STATUS_EXISTS);
    assert_status(error_set_errno(&error, EDQUOT, "x"), STATUS_NO_SPACE);
    assert_status(error_set_errno(&error, ENOMEM, "x"), STATUS_NO_MEMORY);
    assert_status(error_set_errno(&error, EIO, "x"), STATUS_IO);
}

static void errno_reason_survives_a_long_name(void **state)
{
    (void)state;
    struct error error;
    char name[2000];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    error_set_errno(&error, EIO, "open %s", name);
    assert_non_null(strstr(error.message, ": Input/output error"));
}

static void prefix_goes_before(void **state)
{
    (void)state;
    struct error error;
    error_set(&error, STATUS_CORRUPT, "magic is 0");
    assert_status(error_prefix(&error, STATUS_CORRUPT, "sst %d", 3), STATUS_CORRUPT);
    assert_status(error_prefix(&error, STATUS_CORRUPT, "tablet %s", "t"), STATUS_CORRUPT);
    assert_string_equal(error.message, "tablet t: sst 3: magic is 0");
    char name[ERROR_MESSAGE_SIZE];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    error_prefix(&error, STATUS_CORRUPT, "%s", name);
    assert_int_equal(strlen(error.message), ERROR_MESSAGE_SIZE - 1);
}

static void message_is_one_line_whatever_it_quotes(void **state)
{
    (void)state;
    struct error error;
    error_set(&error, STATUS_INVALID, "table %s", "a\nERROR: b");
    assert_string_equal(error.message, "table a?ERROR: b");
}

static void clear_forgets(void **state)
{
    (void)state;
    struct error error;
    error_set(&error, STATUS_IO, "x");
    error_clear(&error);
    assert_int_equal(error.status, STATUS_OK);
    assert_string_equal(error.message, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name),
        cmocka_unit_test(set_keeps_message_place_and_status),
        cmocka_unit_test(null_error_is_fine),
        cmocka_unit_test(errno_maps_to_status),
        cmocka_unit_test(errno_reason_survives_a_long_name),
        cmocka_unit_test(prefix_goes_before),
        cmocka_unit_test(message_is_one_line_whatever_it_quotes),
        cmocka_unit_test(clear_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
