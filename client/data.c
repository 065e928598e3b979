/* Gets and mutations: one call to the region of a row each. */
#include "base/memory.h"
#include "client/call.h"
#include "client/convert.h"
#include "proto/multi_message.h"
#include "proto/mutation_message.h"
#include "proto/wire.h"

enum { ANSWER_GET, ANSWER_MUTATE, ANSWER_MULTI };

/* ---- answers ---- */

/* Of a row mutation: the one region action's outcomes, of which only the first can have cells. */
struct row_outcome {
    struct result result;
    bool is_processed;
    bool has_exception;
    struct failure failure;
};

static enum status on_row_outcome(
    void *context, const struct action_outcome *outcome, struct error *error)
{
    struct row_outcome *row = context;
    (void)error;
    if (outcome->has_exception && !row->has_exception) {
        struct exception exception = {.class_name = outcome->class_name, .text = outcome->text};
        row->has_exception = true;
        failure_from_exception(&row->failure, &exception);
    }
    if (outcome->result.cell_count)
        row->result = outcome->result;
    if (outcome->has_processed)
        row->is_processed = outcome->is_processed;
    return STATUS_OK;
}

static void on_answer(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    static const struct stele_error no_error = {.attempts = 1};
    struct stele_error malformed;
    struct error error;
    struct row_outcome row = {.is_processed = true};
    enum status status = STATUS_OK;
    (void)block;
    if (failure) {
        call->user.result(call->context, &failure->error, NULL, false);
        return;
    }
    struct arena *scratch = &call->client->scratch;
    switch (call->kind) {
    case ANSWER_GET:
        status = get_response_decode(
            answer->result, answer->cell_block, scratch, &row.result, &error);
        break;
    case ANSWER_MUTATE:
        status = mutate_response_decode(
            answer->result, answer->cell_block, scratch, &row.result, &row.is_processed, &error);
        break;
    case ANSWER_MULTI:
        status = multi_response_decode(
            answer->result, answer->cell_block, scratch, on_row_outcome, &row, &error);
        break;
    }
    if (status) {
        failure_set(&malformed, STELE_PROTOCOL, "%s", error.message);
        call->user.result(call->context, &malformed, NULL, false);
        return;
    }
    if (row.has_exception) {
        row.failure.error.attempts = call->retry.attempts + 1;
        call->user.result(call->context, &row.failure.error, NULL, false);
        return;
    }
    struct stele_result result = result_view(&row.result);
    if (call->retry.attempts) {
        struct stele_error late = {.attempts = call->retry.attempts + 1};
        call->user.result(call->context, &late, &result, row.is_processed);
        return;
    }
    call->user.result(call->context, &no_error, &result, row.is_processed);
}

/* ---- requests ---- */

static struct call *data_call_new(struct stele_table *table, const char *method, int kind,
    struct stele_bytes row, uint32_t timeout_ms, stele_result_function *done, void *context)
{
    struct call *call = client_call_new(
        table->client, CALL_TO_ROW, SERVICE_CLIENT, method, on_answer, context);
    if (!call)
        return NULL;
    call->table = table;
    call->kind = kind;
    call->timeout_ms = timeout_ms;
    call->user.result = done;
    call->row_size = row.size;
    buffer_put(&call->body, span_of(row));
    return call;
}

/* An argument that is wrong is told through the completion too, from the loop. */
struct refusal {
    struct loop_task task;
    stele_result_function *done;
    void *context;
    struct stele_client *client;
    struct stele_error error;
};

static void run_refusal(struct loop_task *task)
{
    struct refusal *refusal = (struct refusal *)task;
    refusal->done(refusal->context, &refusal->error, NULL, false);
    atomic_fetch_sub(&refusal->client->in_flight, 1);
    memory_free(refusal);
}

static void defer_refusal(struct loop_task *task)
{
    task->run = run_refusal;
    loop_defer(&((struct refusal *)task)->client->loop, task);
}

static void refuse(struct stele_client *client, const struct stele_error *error,
    stele_result_function *done, void *context)
{
    struct refusal *refusal = memory_allocate(sizeof(*refusal));
    CHECK(refusal);
    *refusal = (struct refusal){{defer_refusal, NULL}, done, context, client, *error};
    atomic_fetch_add(&client->in_flight, 1);
    client_loop_post(&client->loop, &refusal->task);
}

static enum stele_status no_memory(struct stele_error *error)
{
    return failure_set(error, STELE_NO_MEMORY, "no memory for a call");
}

void stele_get_async(struct stele_table *table, const struct stele_get *get,
    stele_result_function *done, void *context)
{
    struct get_message message;
    struct arena arena = {0};
    struct stele_error error;
    struct call *call = NULL;
    enum stele_status status = get_convert(get, &arena, &message, &error);
    if (!status &&
        !(call = data_call_new(table, "Get", ANSWER_GET, get->row, get->timeout_ms, done, context)))
        no_memory(&error);
    if (call) {
        size_t mark = wire_begin(&call->body, 2);
        get_encode(&call->body, &message);
        wire_end(&call->body, mark);
        call_start(call);
    } else {
        refuse(table->client, &error, done, context);
    }
    arena_deinit(&arena);
}

static void mutate(struct stele_table *table, const struct stele_condition *condition,
    const struct stele_mutation *mutation, stele_result_function *done, void *context)
{
    struct mutation model;
    struct condition check;
    struct comparator comparator;
    struct arena arena = {0};
    struct stele_error error;
    struct call *call = NULL;
    enum stele_status status = mutation_convert(mutation, &arena, &model, &error);
    if (!status && condition)
        status = condition_convert(condition, model.row, &comparator, &check, &error);
    if (!status && !(call = data_call_new(table, "Mutate", ANSWER_MUTATE, mutation->row,
                         mutation->timeout_ms, done, context)))
        no_memory(&error);
    if (!call) {
        refuse(table->client, &error, done, context);
        arena_deinit(&arena);
        return;
    }
    bool has_nonce = mutation->kind == STELE_INCREMENT || mutation->kind == STELE_APPEND;
    if (has_nonce)
        model.nonce = client_next_nonce(table->client);
    size_t mark = wire_begin(&call->body, 2);
    mutation_encode(&call->body, &model, true);
    wire_end(&call->body, mark);
    if (condition) {
        mark = wire_begin(&call->body, 3);
        condition_encode(&call->body, &check);
        wire_end(&call->body, mark);
    }
    if (has_nonce)
        wire_put_varint(&call->body, 4, table->client->nonce_group);
    call_start(call);
    arena_deinit(&arena);
}

void stele_mutate_async(struct stele_table *table, const struct stele_mutation *mutation,
    stele_result_function *done, void *context)
{
    mutate(table, NULL, mutation, done, context);
}

void stele_check_and_mutate_async(struct stele_table *table,
    const struct stele_condition *condition, const struct stele_mutation *mutation,
    stele_result_function *done, void *context)
{
    mutate(table, condition, mutation, done, context);
}

/* ---- several mutations of one row ---- */

static enum stele_status put_row_actions(struct stele_client *client, struct call *call,
    const struct stele_mutation *mutations, size_t count, struct arena *arena,
    struct stele_error *error)
{
    wire_put_bool(&call->body, 2, true); /* RegionAction.atomic */
    for (size_t i = 0; i < count; i++) {
        struct mutation model;
        enum stele_status status = mutation_convert(&mutations[i], arena, &model, error);
        if (status)
            return status;
        if (!span_equal(model.row, call_row(call)))
            return failure_set(error, STELE_INVALID, "the mutations are not of one row");
        if (mutations[i].kind == STELE_INCREMENT || mutations[i].kind == STELE_APPEND)
            model.nonce = client_next_nonce(client);
        multi_put_mutation(
            &call->body, &call->cell_block, (uint32_t)i, &model, CELL_CODEC_KEY_VALUE);
    }
    return STELE_OK;
}

void stele_mutate_row_async(struct stele_table *table, const struct stele_condition *condition,
    const struct stele_mutation *mutations, size_t count, stele_result_function *done,
    void *context)
{
    struct arena arena = {0};
    struct stele_error error;
    struct condition check;
    struct comparator comparator;
    struct call *call = NULL;
    enum stele_status status = count ? row_check(mutations[0].row, &error)
                                     : failure_set(&error, STELE_INVALID, "there is no mutation");
    if (!status && !(call = data_call_new(table, "Multi", ANSWER_MULTI, mutations[0].row,
                         mutations[0].timeout_ms, done, context)))
        status = no_memory(&error);
    if (!status)
        status = put_row_actions(table->client, call, mutations, count, &arena, &error);
    if (!status && condition)
        status = condition_convert(
            condition, span_of(mutations[0].row), &comparator, &check, &error);
    if (status) {
        call_free(call);
        refuse(table->client, &error, done, context);
    } else {
        if (condition)
            multi_put_condition(&call->body, &check);
        call->is_region_action = true;
        call_start(call);
    }
    arena_deinit(&arena);
}
