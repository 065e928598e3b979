#include "client/operation.h"

#include "base/memory.h"
#include "client/call.h"
#include "proto/master.pb-c.h"
#include "proto/unpack.h"
#include "proto/wire.h"

enum { FIRST_PAUSE_MS = 2, LAST_PAUSE_MS = 500 };

struct procedure {
    struct stele_client *client;
    struct loop_task task;
    struct timer timer; /* between looks */
    struct operation operation;
    stele_done_function *done;
    void *context;
    uint64_t id;
    bool has_id;
    uint64_t deadline_ns;
    uint32_t pause_ms;
};

static void look(struct procedure *procedure);

static void finish(struct procedure *procedure, const struct stele_error *error)
{
    procedure->done(procedure->context, error);
    atomic_fetch_sub(&procedure->client->in_flight, 1);
    buffer_deinit(&procedure->operation.request);
    memory_free(procedure);
}

static void finish_status(
    struct procedure *procedure, enum stele_status status, const char *message)
{
    struct stele_error error = {.status = STELE_OK};
    if (status)
        failure_set(&error, status, "%s", message);
    finish(procedure, &error);
}

/* ---- looking ---- */

static void on_pause_over(struct timer *timer)
{
    look((struct procedure *)(void *)((char *)timer - offsetof(struct procedure, timer)));
}

static void look_later(struct procedure *procedure)
{
    uint64_t now = loop_now(&procedure->client->loop);
    uint32_t pause_ms = procedure->pause_ms;
    procedure->pause_ms = pause_ms * 2 < LAST_PAUSE_MS ? pause_ms * 2 : LAST_PAUSE_MS;
    procedure->timer.run = on_pause_over;
    if (now > procedure->deadline_ns)
        finish_status(procedure, STELE_TIMEOUT, "the procedure is not done in time, and goes on");
    else if (!timer_start(
                 &procedure->client->timers, &procedure->timer, (uint64_t)pause_ms * 1000000))
        finish_status(procedure, STELE_NO_MEMORY, "no memory for a timer");
}

/* The exception a procedure ended with; false when it has none. */
static bool failed_with(
    const Hbase__Pb__GetProcedureResultResponse *response, struct failure *failure)
{
    const Hbase__Pb__GenericExceptionMessage *generic = response->exception
                                                            ? response->exception->generic_exception
                                                            : NULL;
    if (!generic)
        return false;
    struct exception exception = {
        .class_name = span_string(generic->class_name ? generic->class_name : EXCEPTION_IO),
        .text = span_string(generic->message ? generic->message : "the procedure failed")};
    failure_from_exception(failure, &exception);
    return true;
}

static void on_look(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct procedure *procedure = call->context;
    struct failure reason;
    struct error error;
    (void)block;
    if (failure) {
        finish(procedure, &failure->error);
        return;
    }
    const Hbase__Pb__GetProcedureResultResponse *response = (void *)message_unpack(
        &hbase__pb__get_procedure_result_response__descriptor, answer->result,
        &call->client->scratch, &error);
    if (!response)
        finish_status(procedure, STELE_PROTOCOL, error.message);
    else if (failed_with(response, &reason))
        finish(procedure, &reason.error);
    else if (response->state == HBASE__PB__GET_PROCEDURE_RESULT_RESPONSE__STATE__RUNNING)
        look_later(procedure);
    else /* done, or so long ago that the master forgot it */
        finish_status(procedure, STELE_OK, NULL);
}

/* {done = 1} */
static void on_poll(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct procedure *procedure = call->context;
    struct wire_field field;
    bool is_done = false;
    (void)block;
    if (failure) {
        finish(procedure, &failure->error);
        return;
    }
    for (struct span in = answer->result; !wire_take(&in, &field);)
        if (wire_is(&field, 1, WIRE_VARINT))
            is_done = field.value != 0;
    if (is_done)
        finish_status(procedure, STELE_OK, NULL);
    else
        look_later(procedure);
}

static void look(struct procedure *procedure)
{
    const struct operation *operation = &procedure->operation;
    struct call *call = client_call_new(procedure->client, CALL_TO_MASTER, SERVICE_MASTER,
        procedure->has_id ? "getProcedureResult" : operation->poll_method,
        procedure->has_id ? on_look : on_poll, procedure);
    if (!call) {
        finish_status(procedure, STELE_NO_MEMORY, "no memory for a call");
        return;
    }
    if (procedure->has_id) {
        wire_put_varint(&call->body, 1, procedure->id);
    } else {
        buffer_put(&call->body, buffer_span(&operation->request));
        call->body.is_failed |= operation->request.is_failed;
    }
    call_start(call);
}

/* ---- asking ---- */

static void on_asked(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct procedure *procedure = call->context;
    uint32_t id_field = procedure->operation.id_field ? procedure->operation.id_field : 1;
    struct wire_field field;
    (void)block;
    if (failure) {
        finish(procedure, &failure->error);
        return;
    }
    /* no number: it is done already, or is polled */
    for (struct span in = answer->result; !wire_take(&in, &field);) {
        if (wire_is(&field, id_field, WIRE_VARINT)) {
            procedure->id = field.value;
            procedure->has_id = true;
        }
    }
    if (procedure->has_id || procedure->operation.poll_method)
        look(procedure);
    else
        finish_status(procedure, STELE_OK, NULL);
}

static void ask(struct loop_task *task)
{
    struct procedure *procedure = (struct procedure *)(void *)((char *)task -
                                                               offsetof(struct procedure, task));
    struct operation *operation = &procedure->operation;
    if (operation->error.status) {
        finish(procedure, &operation->error);
        return;
    }
    struct call *call = client_call_new(
        procedure->client, CALL_TO_MASTER, SERVICE_MASTER, operation->method, on_asked, procedure);
    if (!call) {
        finish_status(procedure, STELE_NO_MEMORY, "no memory for a call");
        return;
    }
    buffer_put(&call->body, buffer_span(&operation->request));
    call->body.is_failed |= operation->request.is_failed;
    call_start(call);
}

static void defer_ask(struct loop_task *task)
{
    struct procedure *procedure = (struct procedure *)(void *)((char *)task -
                                                               offsetof(struct procedure, task));
    task->run = ask;
    loop_defer(&procedure->client->loop, task);
}

void operation_start(struct stele_client *client, struct operation *operation,
    stele_done_function *done, void *context)
{
    struct procedure *procedure = memory_allocate_zeroed(1, sizeof(*procedure));
    CHECK(procedure);
    procedure->client = client;
    procedure->operation = *operation;
    procedure->done = done;
    procedure->context = context;
    procedure->pause_ms = FIRST_PAUSE_MS;
    procedure->deadline_ns = loop_now(&client->loop) +
                             (uint64_t)client->options.operation_timeout_ms * 1000000;
    procedure->task.run = defer_ask;
    atomic_fetch_add(&client->in_flight, 1);
    client_loop_post(&client->loop, &procedure->task);
}

/* ---- synchronous ---- */

/* What the completion is for. */
struct operation_wait {
    struct loop *loop;
    struct loop_wait *wait;
};

static void on_done(void *context, const struct stele_error *error)
{
    struct operation_wait *waiter = context;
    waiter->wait->error = *error;
    if (!loop_wait_finish(waiter->loop, waiter->wait))
        memory_free(waiter);
}

enum stele_status operation_run(
    struct stele_client *client, struct operation *operation, struct stele_error *error)
{
    struct operation_wait *waiter = memory_allocate(sizeof(*waiter));
    struct loop_wait *wait = loop_wait_new();
    if (!waiter || !wait) {
        memory_free(waiter);
        memory_free(wait);
        buffer_deinit(&operation->request);
        return failure_set(error, STELE_NO_MEMORY, "no memory for a call");
    }
    *waiter = (struct operation_wait){&client->loop, wait};
    operation_start(client, operation, on_done, waiter);
    if (!loop_wait_until(&client->loop, wait, 0))
        return failure_set(error, STELE_CANCELLED, "interrupted; what was asked for goes on");
    enum stele_status status = wait->error.status;
    if (error)
        *error = wait->error;
    memory_free(wait);
    memory_free(waiter);
    return status;
}
