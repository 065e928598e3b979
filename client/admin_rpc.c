#include "client/admin_rpc.h"

#include "base/memory.h"
#include "client/call.h"
#include "client/convert.h"
#include "model/schema.h"
#include "proto/master.pb-c.h"
#include "proto/unpack.h"
#include "proto/wire.h"

/* What the completion leaves for the waiter. */
struct rpc_wait {
    struct loop_wait *wait;
    struct loop *loop;
    struct admin_answer answer;
};

void admin_answer_deinit(struct admin_answer *answer)
{
    memory_free(answer->bytes);
    *answer = (struct admin_answer){0};
}

static bool answer_copy(struct admin_answer *answer, const struct response_frame *frame)
{
    size_t size = frame->result.size + frame->cell_block.size;
    answer->bytes = memory_allocate(size + 1);
    if (!answer->bytes)
        return false;
    if (frame->result.size)
        memcpy(answer->bytes, frame->result.data, frame->result.size);
    if (frame->cell_block.size)
        memcpy(answer->bytes + frame->result.size, frame->cell_block.data, frame->cell_block.size);
    answer->result = span_make(answer->bytes, frame->result.size);
    answer->cell_block = span_make(answer->bytes + frame->result.size, frame->cell_block.size);
    return true;
}

static void on_answer(struct call *call, const struct failure *failure,
    const struct response_frame *frame, struct block *block)
{
    struct rpc_wait *rpc = call->context;
    (void)block;
    if (failure)
        rpc->wait->error = failure->error;
    else if (!answer_copy(&rpc->answer, frame))
        failure_set(&rpc->wait->error, STELE_NO_MEMORY, "no memory for an answer");
    if (!loop_wait_finish(rpc->loop, rpc->wait)) {
        admin_answer_deinit(&rpc->answer);
        memory_free(rpc);
    }
}

/* Starts the call and waits. Takes the call over. */
static enum stele_status run_call(struct stele_client *client, struct call *call,
    struct rpc_wait *rpc, struct admin_answer *out_answer, struct stele_error *error)
{
    struct loop_wait *wait = rpc->wait;
    call_start(call);
    if (!loop_wait_until(&client->loop, wait, 0))
        return failure_set(error, STELE_CANCELLED, "interrupted");
    enum stele_status status = wait->error.status;
    if (error)
        *error = wait->error;
    if (status == STELE_OK && out_answer)
        *out_answer = rpc->answer;
    else
        admin_answer_deinit(&rpc->answer);
    memory_free(wait);
    memory_free(rpc);
    return status;
}

/* A call and what waits for it; NULL on no memory. */
static struct call *new_call(struct stele_client *client, enum call_target target,
    enum service service, const char *method, struct rpc_wait **out_rpc, struct stele_error *error)
{
    struct rpc_wait *rpc = memory_allocate_zeroed(1, sizeof(*rpc));
    struct loop_wait *wait = loop_wait_new();
    struct call *call = rpc && wait
                            ? client_call_new(client, target, service, method, on_answer, rpc)
                            : NULL;
    if (!call) {
        memory_free(rpc);
        memory_free(wait);
        failure_set(error, STELE_NO_MEMORY, "no memory for a call");
        return NULL;
    }
    rpc->wait = wait;
    rpc->loop = &client->loop;
    *out_rpc = rpc;
    return call;
}

enum stele_status admin_call_master_bytes(struct stele_client *client, const char *method,
    struct buffer *request, struct admin_answer *out_answer, struct stele_error *error)
{
    struct rpc_wait *rpc;
    struct call *call = new_call(client, CALL_TO_MASTER, SERVICE_MASTER, method, &rpc, error);
    if (!call)
        return STELE_NO_MEMORY;
    if (request) {
        buffer_put(&call->body, buffer_span(request));
        call->body.is_failed |= request->is_failed;
    }
    return run_call(client, call, rpc, out_answer, error);
}

enum stele_status admin_call_master(struct stele_client *client, const char *method,
    const ProtobufCMessage *request, struct admin_answer *out_answer, struct stele_error *error)
{
    struct buffer bytes = {0};
    if (request)
        message_pack(request, &bytes);
    enum stele_status status = admin_call_master_bytes(client, method, &bytes, out_answer, error);
    buffer_deinit(&bytes);
    return status;
}

enum stele_status admin_call_region(struct stele_table *table, struct span row,
    enum service service, const char *method, const struct buffer *message,
    struct admin_answer *out_answer, struct stele_error *error)
{
    struct rpc_wait *rpc;
    struct call *call = new_call(table->client, CALL_TO_ROW, service, method, &rpc, error);
    if (!call)
        return STELE_NO_MEMORY;
    call->table = table;
    call->row_size = row.size;
    buffer_put(&call->body, row);
    buffer_put(&call->body, buffer_span(message));
    call->body.is_failed |= message->is_failed;
    return run_call(table->client, call, rpc, out_answer, error);
}

ProtobufCMessage *admin_unpack(const struct admin_answer *answer,
    const ProtobufCMessageDescriptor *descriptor, struct arena *arena, struct stele_error *error)
{
    struct error cause;
    ProtobufCMessage *message = message_unpack(descriptor, answer->result, arena, &cause);
    if (!message)
        failure_set(error, STELE_PROTOCOL, "%s", cause.message);
    return message;
}

/* ---- procedures ---- */

/* Sleeps; false when interrupted. */
static bool sleep_ms(struct stele_client *client, uint32_t pause_ms)
{
    struct loop_wait *wait = loop_wait_new();
    if (!wait)
        return true;
    uint64_t due = loop_now(&client->loop) + (uint64_t)pause_ms * 1000000;
    loop_wait_until(&client->loop, wait, due);
    memory_free(wait); /* nobody finishes it */
    return loop_now(&client->loop) >= due;
}

/* One look at a procedure: *out_is_done, or its failure. */
static enum stele_status poll_procedure(
    struct stele_client *client, uint64_t id, bool *out_is_done, struct stele_error *error)
{
    Hbase__Pb__GetProcedureResultRequest request = HBASE__PB__GET_PROCEDURE_RESULT_REQUEST__INIT;
    struct admin_answer answer;
    struct arena arena = {0};
    request.proc_id = id;
    enum stele_status status = admin_call_master(
        client, "getProcedureResult", &request.base, &answer, error);
    if (status)
        return status;
    const Hbase__Pb__GetProcedureResultResponse *response = (void *)admin_unpack(
        &answer, &hbase__pb__get_procedure_result_response__descriptor, &arena, error);
    if (!response) {
        status = STELE_PROTOCOL;
    } else {
        *out_is_done = response->state != HBASE__PB__GET_PROCEDURE_RESULT_RESPONSE__STATE__RUNNING;
        const Hbase__Pb__GenericExceptionMessage *generic =
            response->exception ? response->exception->generic_exception : NULL;
        if (generic) {
            struct failure failure;
            struct exception exception = {
                .class_name = span_string(generic->class_name ? generic->class_name : EXCEPTION_IO),
                .text = span_string(generic->message ? generic->message : "the procedure failed")};
            failure_from_exception(&failure, &exception);
            status = failure.error.status;
            if (error)
                *error = failure.error;
        }
    }
    arena_deinit(&arena);
    admin_answer_deinit(&answer);
    return status;
}

static enum stele_status wait_for_procedure(
    struct stele_client *client, uint64_t id, struct stele_error *error)
{
    uint64_t deadline = loop_now(&client->loop) +
                        (uint64_t)client->options.operation_timeout_ms * 1000000;
    bool is_done = false;
    for (uint32_t pause_ms = 2;; pause_ms = pause_ms < 250 ? pause_ms * 2 : 500) {
        enum stele_status status = poll_procedure(client, id, &is_done, error);
        if (status || is_done)
            return status;
        if (loop_now(&client->loop) > deadline)
            return failure_set(
                error, STELE_TIMEOUT, "procedure %llu is not done in time", (unsigned long long)id);
        if (!sleep_ms(client, pause_ms))
            return failure_set(error, STELE_CANCELLED, "interrupted; procedure %llu goes on",
                (unsigned long long)id);
    }
}

enum stele_status admin_run_procedure(struct stele_client *client, const char *method,
    struct buffer *request, struct stele_error *error)
{
    struct admin_answer answer;
    struct wire_field field;
    uint64_t id = 0;
    bool has_id = false;
    enum stele_status status = admin_call_master_bytes(client, method, request, &answer, error);
    if (status)
        return status;
    while (!wire_take(&answer.result, &field)) { /* proc_id = 1, in the answer of each of them */
        if (wire_is(&field, 1, WIRE_VARINT)) {
            id = field.value;
            has_id = true;
        }
    }
    admin_answer_deinit(&answer);
    return has_id ? wait_for_procedure(client, id, error) : STELE_OK;
}

/* ---- names and memory ---- */

Hbase__Pb__TableName admin_table_name(struct stele_bytes name)
{
    Hbase__Pb__TableName message = HBASE__PB__TABLE_NAME__INIT;
    struct span namespace, qualifier;
    table_name_split(span_of(name), &namespace, &qualifier);
    message.namespace_ = span_binary(namespace);
    message.qualifier = span_binary(qualifier);
    return message;
}

struct arena *admin_memory_new(void)
{
    return memory_allocate_zeroed(1, sizeof(struct arena));
}

void admin_memory_free(void *memory)
{
    if (!memory)
        return;
    arena_deinit(memory);
    memory_free(memory);
}

struct stele_bytes admin_copy_text(struct arena *arena, struct span text)
{
    char *copy = arena_copy_string(arena, text);
    return stele_bytes(copy, copy ? text.size : 0);
}

struct stele_bytes admin_copy_table_name(struct arena *arena, const Hbase__Pb__TableName *name)
{
    struct span namespace = binary_span(name->namespace_), qualifier = binary_span(name->qualifier);
    if (span_equal(namespace, SPAN_LITERAL("default")) || namespace.size == 0)
        return admin_copy_text(arena, qualifier);
    size_t size = namespace.size + 1 + qualifier.size;
    uint8_t *copy = arena_allocate(arena, size + 1);
    if (!copy)
        return STELE_NO_BYTES;
    memcpy(copy, namespace.data, namespace.size);
    copy[namespace.size] = ':';
    if (qualifier.size)
        memcpy(copy + namespace.size + 1, qualifier.data, qualifier.size);
    copy[size] = '\0';
    return stele_bytes(copy, size);
}
