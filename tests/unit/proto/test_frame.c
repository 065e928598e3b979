#include "tests/support/support.h"

#include "base/limits.h"
#include "proto/frame.h"
#include "proto/rpc.pb-c.h"
#include "proto/unpack.h"

static void requests_read_back_as_written(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct request_frame request;
    struct error error;
    struct span body;
    size_t size;
    request_head_encode(&out, 77, SPAN_LITERAL("Multi"), 200, 60000, 5, 3);
    buffer_put(&out, SPAN_LITERAL("paramabc"));
    assert_status(frame_peek(buffer_span(&out), LIMIT_FRAME_SIZE, &body, &size), STATUS_OK);
    assert_int_equal(size, out.size);
    assert_ok(request_frame_decode(body, &request, &error), &error);
    assert_int_equal(request.call_id, 77);
    assert_int_equal(request.priority, 200);
    assert_int_equal(request.timeout_ms, 60000);
    assert_true(request.has_param);
    assert_spans_equal(request.method, SPAN_LITERAL("Multi"));
    assert_spans_equal(request.param, SPAN_LITERAL("param"));
    assert_spans_equal(request.cell_block, SPAN_LITERAL("abc"));
    buffer_deinit(&out);
}

static void protobuf_c_reads_the_header_we_write(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct arena arena = {0};
    struct error error;
    request_head_encode(&out, 77, SPAN_LITERAL("Get"), 0, 20, 0, 0);
    struct span in = buffer_span(&out), header = SPAN_EMPTY;
    uint32_t total;
    assert_false(span_take_be32(&in, &total) || span_take_sized(&in, &header));
    Hbase__Pb__RequestHeader *decoded = (void *)message_unpack(
        &hbase__pb__request_header__descriptor, header, &arena, &error);
    assert_non_null(decoded);
    assert_int_equal(decoded->call_id, 77);
    assert_string_equal(decoded->method_name, "Get");
    assert_true(decoded->request_param);
    assert_int_equal(decoded->timeout, 20);
    assert_null(decoded->cell_block_meta);
    arena_deinit(&arena);
    buffer_deinit(&out);
}

static void responses_read_back_as_written(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct response_frame response;
    struct error error;
    response_head_encode(&out, CALL_ID_NONE, 2, 4);
    buffer_put(&out, SPAN_LITERAL("okcell"));
    assert_ok(
        response_frame_decode(span_slice(buffer_span(&out), 4, out.size - 4), &response, &error),
        &error);
    assert_true(response.call_id == CALL_ID_NONE);
    assert_false(response.has_exception);
    assert_spans_equal(response.result, SPAN_LITERAL("ok"));
    assert_spans_equal(response.cell_block, SPAN_LITERAL("cell"));
    buffer_reset(&out);
    response_encode(&out, 5, SPAN_EMPTY); /* an empty result still has its size */
    assert_ok(
        response_frame_decode(span_slice(buffer_span(&out), 4, out.size - 4), &response, &error),
        &error);
    assert_int_equal(response.result.size, 0);
    buffer_deinit(&out);
}

static void exceptions_read_back_as_written(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct response_frame response;
    struct error error;
    struct exception exception = {.class_name = SPAN_LITERAL("java.io.IOException"),
        .text = SPAN_LITERAL("why"),
        .hostname = SPAN_LITERAL("h"),
        .port = 16020,
        .has_do_not_retry = true,
        .is_do_not_retry = true,
        .is_server_overloaded = true};
    exception_encode(&out, 9, &exception);
    assert_int_equal(load_be32(out.data), out.size - 4);
    assert_ok(
        response_frame_decode(span_slice(buffer_span(&out), 4, out.size - 4), &response, &error),
        &error);
    assert_true(response.has_exception && response.exception.is_do_not_retry);
    assert_true(response.exception.is_server_overloaded);
    assert_int_equal(response.exception.port, 16020);
    assert_spans_equal(response.exception.text, SPAN_LITERAL("why"));
    buffer_deinit(&out);
}

static void a_frame_is_waited_for_and_limited(void **state)
{
    (void)state;
    struct span body;
    size_t size = 99;
    assert_status(frame_peek(SPAN_LITERAL("\0\0\0"), 100, &body, &size), STATUS_WOULD_BLOCK);
    assert_int_equal(size, 0);
    assert_status(frame_peek(SPAN_LITERAL("\0\0\0\x05"
                                          "abcd"),
                      100, &body, &size),
        STATUS_WOULD_BLOCK);
    assert_int_equal(size, 9);
    assert_status(frame_peek(SPAN_LITERAL("\0\0\0\x65"), 100, &body, &size), STATUS_LIMIT);
    assert_status(
        frame_peek(SPAN_LITERAL("\xff\xff\xff\xff"), LIMIT_FRAME_SIZE, &body, &size), STATUS_LIMIT);
}

static void a_cell_block_that_disagrees_is_refused(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct request_frame request;
    struct error error;
    request_head_encode(&out, 1, SPAN_LITERAL("Multi"), 0, 0, 1, 10);
    buffer_put(&out, SPAN_LITERAL("p123456789")); /* nine bytes of ten */
    assert_status(
        request_frame_decode(span_slice(buffer_span(&out), 4, out.size - 4), &request, &error),
        STATUS_INVALID);
    buffer_deinit(&out);
}

static void a_parameter_ends_with_its_frame(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct request_frame request;
    struct error error;
    request_head_encode(&out, 1, SPAN_LITERAL("Get"), 0, 0, 19266, 0);
    buffer_put(&out, SPAN_LITERAL("param"));
    assert_ok(
        request_frame_decode(span_slice(buffer_span(&out), 4, out.size - 4), &request, &error),
        &error);
    assert_spans_equal(request.param, SPAN_LITERAL("param"));
    assert_int_equal(request.cell_block.size, 0);
    buffer_deinit(&out);
}

/* Every cut of a frame with a cell block is refused, never read beyond. */
static void cut_frames_are_refused(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct request_frame request;
    request_head_encode(&out, 77, SPAN_LITERAL("Multi"), 200, 60000, 5, 3);
    buffer_put(&out, SPAN_LITERAL("paramabc"));
    for (size_t size = 0; size < out.size - 4; size++) {
        struct buffer cut = {0};
        buffer_put(&cut, span_make(out.data + 4, size));
        assert_status(request_frame_decode(buffer_span(&cut), &request, NULL), STATUS_INVALID);
        buffer_deinit(&cut);
    }
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_read_back_as_written),
        cmocka_unit_test(protobuf_c_reads_the_header_we_write),
        cmocka_unit_test(responses_read_back_as_written),
        cmocka_unit_test(exceptions_read_back_as_written),
        cmocka_unit_test(a_frame_is_waited_for_and_limited),
        cmocka_unit_test(a_cell_block_that_disagrees_is_refused),
        cmocka_unit_test(a_parameter_ends_with_its_frame),
        cmocka_unit_test(cut_frames_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
