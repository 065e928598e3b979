/* The synchronous calls on rows: each starts the asynchronous one and waits for it. */
#include "base/memory.h"
#include "client/convert.h"
#include "client/failure.h"
#include "client/table.h"

/* What the completion leaves for the waiter. */
struct answer {
    struct loop_wait *wait;
    struct loop *loop;
    struct stele_result result;
    bool is_processed;
};

static struct answer *answer_new(struct stele_table *table)
{
    struct answer *answer = memory_allocate_zeroed(1, sizeof(*answer));
    struct loop_wait *wait = loop_wait_new();
    if (!answer || !wait) {
        memory_free(answer);
        memory_free(wait);
        return NULL;
    }
    answer->wait = wait;
    answer->loop = &table->client->loop;
    return answer;
}

static void on_result(void *context, const struct stele_error *error,
    const struct stele_result *result, bool is_processed)
{
    struct answer *answer = context;
    answer->wait->error = *error;
    answer->is_processed = is_processed;
    if (result && !result_copy(result, &answer->result))
        failure_set(&answer->wait->error, STELE_NO_MEMORY, "no memory for a result");
    if (!loop_wait_finish(answer->loop, answer->wait)) {
        stele_result_free(&answer->result);
        memory_free(answer);
    }
}

static enum stele_status wait_for(struct answer *answer, struct stele_result *out_result,
    bool *out_is_processed, struct stele_error *error)
{
    struct loop_wait *wait = answer->wait;
    if (!loop_wait_until(answer->loop, wait, 0))
        return failure_set(error, STELE_CANCELLED, "interrupted");
    enum stele_status status = wait->error.status;
    if (error)
        *error = wait->error;
    if (status == STELE_OK && out_result)
        *out_result = answer->result;
    else
        stele_result_free(&answer->result);
    if (status == STELE_OK && out_is_processed)
        *out_is_processed = answer->is_processed;
    memory_free(wait);
    memory_free(answer);
    return status;
}

static enum stele_status no_memory(struct stele_error *error)
{
    return failure_set(error, STELE_NO_MEMORY, "no memory for a call");
}

enum stele_status stele_get(struct stele_table *table, const struct stele_get *get,
    struct stele_result *out_result, struct stele_error *error)
{
    struct answer *answer = answer_new(table);
    if (!answer)
        return no_memory(error);
    stele_get_async(table, get, on_result, answer);
    return wait_for(answer, out_result, NULL, error);
}

enum stele_status stele_mutate(struct stele_table *table, const struct stele_mutation *mutation,
    struct stele_result *out_result, struct stele_error *error)
{
    struct answer *answer = answer_new(table);
    if (!answer)
        return no_memory(error);
    stele_mutate_async(table, mutation, on_result, answer);
    return wait_for(answer, out_result, NULL, error);
}

enum stele_status stele_check_and_mutate(struct stele_table *table,
    const struct stele_condition *condition, const struct stele_mutation *mutation,
    struct stele_result *out_result, bool *out_is_processed, struct stele_error *error)
{
    struct answer *answer = answer_new(table);
    if (!answer)
        return no_memory(error);
    stele_check_and_mutate_async(table, condition, mutation, on_result, answer);
    return wait_for(answer, out_result, out_is_processed, error);
}

enum stele_status stele_mutate_row(struct stele_table *table,
    const struct stele_condition *condition, const struct stele_mutation *mutations, size_t count,
    struct stele_result *out_result, bool *out_is_processed, struct stele_error *error)
{
    struct answer *answer = answer_new(table);
    if (!answer)
        return no_memory(error);
    stele_mutate_row_async(table, condition, mutations, count, on_result, answer);
    return wait_for(answer, out_result, out_is_processed, error);
}

/* ---- one column ---- */

enum stele_status stele_put_column(struct stele_table *table, struct stele_bytes row,
    struct stele_bytes family, struct stele_bytes qualifier, struct stele_bytes value,
    struct stele_error *error)
{
    struct stele_cell cell = {.family = family,
        .qualifier = qualifier,
        .value = value,
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    struct stele_mutation put;
    stele_mutation_init(&put, STELE_PUT, row);
    put.cells = &cell;
    put.cell_count = 1;
    return stele_mutate(table, &put, NULL, error);
}

enum stele_status stele_delete_column(struct stele_table *table, struct stele_bytes row,
    struct stele_bytes family, struct stele_bytes qualifier, struct stele_error *error)
{
    struct stele_cell cell = {.family = family,
        .qualifier = qualifier,
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_DELETE_COLUMN};
    struct stele_mutation deletion;
    stele_mutation_init(&deletion, STELE_DELETE, row);
    if (family.size) {
        deletion.cells = &cell;
        deletion.cell_count = 1;
    }
    return stele_mutate(table, &deletion, NULL, error);
}

enum stele_status stele_increment_column(struct stele_table *table, struct stele_bytes row,
    struct stele_bytes family, struct stele_bytes qualifier, int64_t amount, int64_t *out_value,
    struct stele_error *error)
{
    uint8_t bytes[8];
    struct stele_cell cell = {.family = family,
        .qualifier = qualifier,
        .value = stele_bytes(bytes, sizeof(bytes)),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    struct stele_mutation increment;
    struct stele_result result = {0};
    stele_store_i64(bytes, amount);
    stele_mutation_init(&increment, STELE_INCREMENT, row);
    increment.cells = &cell;
    increment.cell_count = 1;
    increment.is_result_wanted = out_value != NULL;
    enum stele_status status = stele_mutate(table, &increment, &result, error);
    if (!status && out_value) {
        if (result.cell_count == 1 && result.cells[0].value.size == 8)
            *out_value = stele_load_i64(result.cells[0].value.data);
        else
            status = failure_set(
                error, STELE_PROTOCOL, "the answer to an increment has no counter");
    }
    stele_result_free(&result);
    return status;
}
