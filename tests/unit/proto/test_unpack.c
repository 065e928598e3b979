#include "tests/support/support.h"

#include "base/limits.h"
#include "proto/client.pb-c.h"
#include "proto/common.pb-c.h"
#include "proto/unpack.h"
#include "proto/wire.h"

static void a_message_lives_in_the_arena(void **state)
{
    (void)state;
    Hbase__Pb__ServerName name = HBASE__PB__SERVER_NAME__INIT;
    struct buffer out = {0};
    struct arena arena = {0};
    struct error error;
    name.host_name = (char *)"h";
    name.has_port = true;
    name.port = 5;
    message_pack(&name.base, &out);
    Hbase__Pb__ServerName *decoded = (void *)message_unpack(
        &hbase__pb__server_name__descriptor, buffer_span(&out), &arena, &error);
    assert_non_null(decoded);
    assert_string_equal(decoded->host_name, "h");
    assert_true(decoded->has_port && decoded->port == 5 && !decoded->has_start_code);
    arena_deinit(&arena);
    buffer_deinit(&out);
}

static void a_required_field_is_required(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error;
    assert_null(message_unpack(&hbase__pb__server_name__descriptor, SPAN_EMPTY, &arena, &error));
    assert_int_equal(error.status, STATUS_INVALID);
    arena_deinit(&arena);
}

/* MutateRequest.condition.filter is bytes inside, so the deepest nesting the messages have is
 * small; depth is made here with a chain that no type stops. */
static void nesting_too_deep_is_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct buffer inner = {0}, outer = {0};
    /* 40 levels of field 1 of a message whose field 1 is a message: Result.cell has none, so use
     * unknown bytes, which are not walked into, and see that they do pass. */
    for (int i = 0; i < 40; i++) {
        buffer_reset(&outer);
        wire_put_bytes(&outer, 99, buffer_span(&inner));
        buffer_reset(&inner);
        buffer_put(&inner, buffer_span(&outer));
    }
    assert_non_null(
        message_unpack(&hbase__pb__result__descriptor, buffer_span(&inner), &arena, &error));
    arena_deinit(&arena);
    buffer_deinit(&inner);
    buffer_deinit(&outer);
}

/* A megabyte of empty submessages costs far more than its bytes: the cap stops it before anything
 * is allocated. */
static void a_message_that_costs_too_much_is_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct buffer out = {0};
    for (int i = 0; i < 500000; i++)
        wire_put_bytes(&out, 1, SPAN_EMPTY); /* Result.cell */
    assert_null(message_unpack(&hbase__pb__result__descriptor, buffer_span(&out), &arena, &error));
    assert_int_equal(error.status, STATUS_LIMIT);
    assert_int_equal(arena.used_bytes, 0);
    arena_deinit(&arena);
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_lives_in_the_arena),
        cmocka_unit_test(a_required_field_is_required),
        cmocka_unit_test(nesting_too_deep_is_refused),
        cmocka_unit_test(a_message_that_costs_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
