/* Frames of HBase's RPC as they come off a socket: where one ends, and what is in a request or
 * response. */
#include "tests/fuzz/fuzz.h"

#include "base/limits.h"
#include "proto/frame.h"

/* What the head of a decoded request says must come back from a head that is encoded from it. */
static void check_request(const struct request_frame *request)
{
    struct buffer again = {0};
    request_head_encode(&again, request->call_id, request->method, request->priority,
        request->timeout_ms, request->param.size, request->cell_block.size);
    buffer_put(&again, request->param);
    buffer_put(&again, request->cell_block);
    struct span body;
    struct request_frame decoded;
    size_t size;
    fuzz_check(frame_peek(buffer_span(&again), SIZE_MAX, &body, &size) == STATUS_OK);
    fuzz_check(size == again.size);
    fuzz_check(request_frame_decode(body, &decoded, NULL) == STATUS_OK);
    fuzz_check(decoded.call_id == request->call_id && decoded.priority == request->priority &&
               decoded.timeout_ms == request->timeout_ms);
    fuzz_check(span_equal(decoded.method, request->method));
    fuzz_check(span_equal(decoded.param, request->param));
    fuzz_check(span_equal(decoded.cell_block, request->cell_block));
    buffer_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_make(data, size);
    struct span body;
    struct request_frame request;
    struct response_frame response;
    struct error error;
    size_t frame_size;
    enum status status = frame_peek(in, LIMIT_FRAME_SIZE_BEFORE_HEADER, &body, &frame_size);
    fuzz_check(status == STATUS_OK || status == STATUS_WOULD_BLOCK || status == STATUS_LIMIT);
    if (status == STATUS_OK)
        fuzz_check(body.data == data + 4 && body.size + 4 == frame_size && frame_size <= size);
    else
        body = in; /* so that few inputs are wasted on the length */
    if (request_frame_decode(body, &request, &error) == STATUS_OK && request.has_param)
        check_request(&request);
    (void)response_frame_decode(body, &response, &error);
    return 0;
}
