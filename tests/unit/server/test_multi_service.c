/* Which batches a loop leaves to a worker: those that would hold up everybody else's calls. */
#include "tests/support/support.h"

#include "base/memory.h"
#include "proto/multi_message.h"
#include "server/hbase/multi_service.h"

static const struct call_method multi = {"Multi", multi_service_multi};
static struct hbase_service service;
static struct call call;

/* A call whose bytes are as said; it fails when somebody reads them, for they make no batch. */
static enum call_outcome run(size_t param_size, size_t cell_block_size, bool may_block)
{
    uint8_t *bytes = memory_allocate(param_size + cell_block_size);
    memset(bytes, 0xFF, param_size + cell_block_size);
    call.param = span_make(bytes, param_size);
    call.cell_block = span_make(bytes + param_size, cell_block_size);
    call.may_block = may_block;
    enum call_outcome outcome = multi.handler(&call);
    memory_free(bytes);
    return outcome;
}

static int set_up(void **state)
{
    (void)state;
    service = (struct hbase_service){.name_text = "here,1,2", .requests.limit_bytes = 1 << 20};
    call = (struct call){.service = &service, .method = &multi};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&call.arena);
    buffer_deinit(&call.own);
    buffer_deinit(&call.exception_text);
    return 0;
}

static void a_short_one_is_begun_at_once(void **state)
{
    (void)state;
    assert_int_equal(run(1000, 1000, false), CALL_DONE);
    assert_true(call.is_failed);
}

static void a_long_message_is_left_to_a_worker(void **state)
{
    (void)state;
    assert_int_equal(run(20000, 0, false), CALL_TO_WORKER);
    assert_false(call.is_own || call.is_failed); /* unread */
    assert_int_equal(run(20000, 0, true), CALL_DONE);
}

static void many_bytes_of_cells_are_left_to_a_worker(void **state)
{
    (void)state;
    assert_int_equal(run(100, 200000, false), CALL_TO_WORKER);
    assert_false(call.is_own || call.is_failed);
}

static void many_actions_are_left_to_a_worker(void **state)
{
    (void)state;
    struct buffer message = {0};
    size_t mark = multi_region_begin(
        &message, (struct region_specifier){SPAN_LITERAL("t,,1.x."), false}, false);
    for (int i = 0; i < 600; i++)
        buffer_put(&message, SPAN_LITERAL("\x1a\0"));
    multi_region_end(&message, mark);
    call.param = buffer_span(&message);
    assert_int_equal(multi.handler(&call), CALL_TO_WORKER);
    buffer_deinit(&message);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_short_one_is_begun_at_once),
        TEST(a_long_message_is_left_to_a_worker),
        TEST(many_bytes_of_cells_are_left_to_a_worker),
        TEST(many_actions_are_left_to_a_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
