#include "proto/frame.h"

#include "proto/wire.h"

enum status frame_peek(struct span in, size_t limit, struct span *out_body, size_t *out_size)
{
    if (in.size < 4) {
        *out_size = 0;
        return STATUS_WOULD_BLOCK;
    }
    size_t total = load_be32(in.data);
    if (total > limit)
        return STATUS_LIMIT;
    *out_size = total + 4;
    if (in.size - 4 < total)
        return STATUS_WOULD_BLOCK;
    *out_body = span_make(in.data + 4, total);
    return STATUS_OK;
}

/* CellBlockMeta{length = 1}. */
static enum status block_meta_decode(struct span message, uint64_t *out_length)
{
    struct wire_field field;
    enum status status;
    *out_length = 0;
    while (!(status = wire_take(&message, &field)))
        if (wire_is(&field, 1, WIRE_VARINT))
            *out_length = field.value;
    return status == STATUS_END ? STATUS_OK : status;
}

/* After its message, a frame holds exactly the cell block its header told of. */
static bool cell_block_fits(struct span rest, uint64_t block_size)
{
    return rest.size == block_size;
}

/* True = not there. Who says it is longer than the frame means all the rest of it, as for HBase: hbase-driver (PyPI)
 * writes the length of what has over 127 bytes as UTF-8. A cell block behind it would have no place, and is refused. */
static bool take_param(struct span *body, struct span *out_param)
{
    uint64_t size;
    if (span_take_varint(body, &size))
        return true;
    return span_take_bytes(body, size < body->size ? (size_t)size : body->size, out_param);
}

enum status request_frame_decode(
    struct span body, struct request_frame *out_request, struct error *error)
{
    struct request_frame request = {0};
    struct span header;
    struct wire_field field;
    uint64_t block_size = 0;
    if (span_take_sized(&body, &header))
        return error_set(error, STATUS_INVALID, "request frame ends within its header");
    enum status status;
    while (!(status = wire_take(&header, &field))) {
        if (wire_is(&field, 1, WIRE_VARINT))
            request.call_id = (uint32_t)field.value;
        else if (wire_is(&field, 3, WIRE_BYTES))
            request.method = field.bytes;
        else if (wire_is(&field, 4, WIRE_VARINT))
            request.has_param = field.value != 0;
        else if (wire_is(&field, 5, WIRE_BYTES) && block_meta_decode(field.bytes, &block_size))
            return error_set(
                error, STATUS_INVALID, "request header has a malformed cell block meta");
        else if (wire_is(&field, 6, WIRE_VARINT))
            request.priority = (uint32_t)field.value;
        else if (wire_is(&field, 7, WIRE_VARINT))
            request.timeout_ms = (uint32_t)field.value;
    }
    if (status != STATUS_END)
        return error_set(error, STATUS_INVALID, "request header is malformed");
    if (request.has_param && take_param(&body, &request.param))
        return error_set(error, STATUS_INVALID, "request frame ends before its parameter");
    if (!cell_block_fits(body, block_size))
        return error_set(error, STATUS_INVALID,
            "request frame has %zu bytes of cell block, its header says %llu", body.size,
            (unsigned long long)block_size);
    request.cell_block = body;
    *out_request = request;
    return STATUS_OK;
}

static enum status exception_decode(struct span message, struct exception *out_exception)
{
    struct exception exception = {0};
    struct wire_field field;
    enum status status;
    while (!(status = wire_take(&message, &field))) {
        if (wire_is(&field, 1, WIRE_BYTES))
            exception.class_name = field.bytes;
        else if (wire_is(&field, 2, WIRE_BYTES))
            exception.text = field.bytes;
        else if (wire_is(&field, 3, WIRE_BYTES))
            exception.hostname = field.bytes;
        else if (wire_is(&field, 4, WIRE_VARINT))
            exception.port = (int32_t)field.value;
        else if (wire_is(&field, 5, WIRE_VARINT)) {
            exception.has_do_not_retry = true;
            exception.is_do_not_retry = field.value != 0;
        } else if (wire_is(&field, 6, WIRE_VARINT))
            exception.is_server_overloaded = field.value != 0;
    }
    if (status != STATUS_END)
        return status;
    *out_exception = exception;
    return STATUS_OK;
}

enum status response_frame_decode(
    struct span body, struct response_frame *out_response, struct error *error)
{
    struct response_frame response = {.call_id = CALL_ID_NONE};
    struct span header;
    struct wire_field field;
    uint64_t block_size = 0;
    if (span_take_sized(&body, &header))
        return error_set(error, STATUS_INVALID, "response frame ends within its header");
    enum status status;
    while (!(status = wire_take(&header, &field))) {
        if (wire_is(&field, 1, WIRE_VARINT))
            response.call_id = (uint32_t)field.value;
        else if (wire_is(&field, 2, WIRE_BYTES)) {
            if (exception_decode(field.bytes, &response.exception))
                return error_set(
                    error, STATUS_INVALID, "response header has a malformed exception");
            response.has_exception = true;
        } else if (wire_is(&field, 3, WIRE_BYTES) && block_meta_decode(field.bytes, &block_size))
            return error_set(
                error, STATUS_INVALID, "response header has a malformed cell block meta");
    }
    if (status != STATUS_END)
        return error_set(error, STATUS_INVALID, "response header is malformed");
    if (!response.has_exception) {
        if (span_take_sized(&body, &response.result))
            return error_set(error, STATUS_INVALID, "response frame ends within its result");
        if (!cell_block_fits(body, block_size))
            return error_set(error, STATUS_INVALID,
                "response frame has %zu bytes of cell block, its header says %llu", body.size,
                (unsigned long long)block_size);
        response.cell_block = body;
    }
    *out_response = response;
    return STATUS_OK;
}

/* The head's header is at `start + 4`; closes it and writes the total before it. */
static void head_finish(
    struct buffer *out, size_t start, size_t mark, size_t message_size, size_t cell_block_size)
{
    wire_end(out, mark);
    buffer_put_varint(out, message_size);
    if (out->is_failed)
        return;
    store_be32(
        out->data + start, (uint32_t)(out->size - start - 4 + message_size + cell_block_size));
}

static void put_block_meta(struct buffer *out, uint32_t number, size_t cell_block_size)
{
    if (cell_block_size == 0)
        return;
    size_t mark = wire_begin(out, number);
    wire_put_varint(out, 1, cell_block_size);
    wire_end(out, mark);
}

void request_head_encode(struct buffer *out, uint32_t call_id, struct span method,
    uint32_t priority, uint32_t timeout_ms, size_t param_size, size_t cell_block_size)
{
    size_t start = out->size;
    buffer_put_be32(out, 0);
    size_t mark = wire_begin_sized(out);
    wire_put_varint(out, 1, call_id);
    wire_put_bytes(out, 3, method);
    wire_put_bool(out, 4, true);
    put_block_meta(out, 5, cell_block_size);
    if (priority)
        wire_put_varint(out, 6, priority);
    if (timeout_ms)
        wire_put_varint(out, 7, timeout_ms);
    head_finish(out, start, mark, param_size, cell_block_size);
}

void response_head_encode(
    struct buffer *out, uint32_t call_id, size_t result_size, size_t cell_block_size)
{
    size_t start = out->size;
    buffer_put_be32(out, 0);
    size_t mark = wire_begin_sized(out);
    wire_put_varint(out, 1, call_id);
    put_block_meta(out, 3, cell_block_size);
    head_finish(out, start, mark, result_size, cell_block_size);
}

void response_encode(struct buffer *out, uint32_t call_id, struct span result)
{
    response_head_encode(out, call_id, result.size, 0);
    buffer_put(out, result);
}

void exception_encode(struct buffer *out, uint32_t call_id, const struct exception *exception)
{
    size_t start = out->size;
    buffer_put_be32(out, 0);
    size_t header = wire_begin_sized(out);
    wire_put_varint(out, 1, call_id);
    size_t mark = wire_begin(out, 2);
    wire_put_bytes(out, 1, exception->class_name);
    wire_put_bytes(out, 2, exception->text);
    if (exception->hostname.size) {
        wire_put_bytes(out, 3, exception->hostname);
        wire_put_varint(out, 4, (uint64_t)exception->port);
    }
    if (exception->has_do_not_retry)
        wire_put_bool(out, 5, exception->is_do_not_retry);
    if (exception->is_server_overloaded)
        wire_put_bool(out, 6, true);
    wire_end(out, mark);
    wire_end(out, header);
    if (!out->is_failed)
        store_be32(out->data + start, (uint32_t)(out->size - start - 4));
}
