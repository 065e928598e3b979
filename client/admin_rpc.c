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
