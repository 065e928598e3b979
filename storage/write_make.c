/* Cutting a write into steps (write_step.h): which operations go to the log together, and which rows
 * they lock. */
#include "storage/write_step.h"

void write_operation_fail(struct write_run *run, struct write_operation *operation,
    enum status status, const struct error *error)
{
    operation->status = status;
    operation->message = NULL;
    if (!error->message[0])
        return;
    if (!run->last_message || strcmp(run->last_message, error->message) != 0)
        run->last_message = arena_copy_string(run->write->arena, span_string(error->message));
    operation->message = run->last_message;
}

/* Whether the operation may join the step: blind ones of one durability do. */
static bool step_takes(const struct write_step *step, const struct write_operation *operation)
{
    return step->is_blind && write_operation_is_blind(operation) &&
           write_operation_durability(step->run->schema, operation) == step->durability;
}

static enum status step_claim(struct write_step *step)
{
    struct arena *arena = step->run->write->arena;
    uint64_t *hashes = step->operation_count == 1
                           ? &step->one_hash
                           : arena_allocate(arena, 2 * step->operation_count * sizeof(*hashes));
    if (!hashes)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < step->operation_count; i++)
        hashes[i] = row_hash(step->operations[i].operation->row);
    row_claim_prepare(
        &step->claim, hashes, step->operation_count, !step->is_blind, step->run->deadline_ns);
    return STATUS_OK;
}

/* Adds what the operation will bring into memtables and the log. */
static void add_size(const struct write_operation *operation, size_t *cells, size_t *bytes)
{
    for (size_t i = 0; i < operation->mutation_count; i++) {
        const struct mutation *mutation = &operation->mutations[i];
        *cells += mutation->cell_count;
        for (size_t j = 0; j < mutation->cell_count; j++)
            *bytes += mutation->cells[j].qualifier.size + mutation->cells[j].value.size;
    }
    *bytes += operation->row.size;
}

/* Where a step ends that begins with the next operation: after blind ones, one behind the other, as many as are not too
 * much for one turn of the log thread; or after one. */
static size_t step_end(const struct write_run *run)
{
    const struct write *write = run->write;
    size_t at = run->next_operation, cells = 0, bytes = 0;
    while (at < write->operation_count && write_operation_is_blind(&write->operations[at])) {
        add_size(&write->operations[at], &cells, &bytes);
        if (at > run->next_operation && (cells > WRITE_STEP_CELLS || bytes > WRITE_STEP_BYTES))
            break;
        at++;
    }
    return at > run->next_operation ? at : at + 1;
}

/* A step that begins with the next operation, still without it, for `most`. NULL on no memory. */
static struct write_step *step_new(struct write_run *run, size_t most)
{
    const struct write_operation *operation = &run->write->operations[run->next_operation];
    struct arena *arena = run->write->arena;
    struct write_step *step = arena_allocate_zeroed(arena, 1, sizeof(*step));
    if (!step)
        return NULL;
    step->run = run;
    step->is_blind = write_operation_is_blind(operation);
    step->durability = write_operation_durability(run->schema, operation);
    step->nonce = write_operation_nonce(operation);
    step->operations = arena_allocate_zeroed(arena, most, sizeof(*step->operations));
    return step->operations ? step : NULL;
}

/* As write_step_make, but next_operation has moved when there is no memory. */
static enum status make(struct write_run *run, struct write_step **out_step)
{
    struct write *write = run->write;
    struct write_step *step = NULL;
    size_t end = write->operation_count; /* of the step, when there is one */
    for (; run->next_operation < end; run->next_operation++) {
        struct write_operation *operation = &write->operations[run->next_operation];
        struct error error;
        if (step && !step_takes(step, operation))
            break;
        enum status status = write_operation_check(run->tablet, run->schema, operation, &error);
        if (status) {
            write_operation_fail(run, operation, status, &error);
            continue;
        }
        operation->status = STATUS_OK;
        operation->message = NULL;
        if (!step) {
            end = step_end(run);
            step = step_new(run, end - run->next_operation);
            if (!step)
                return STATUS_NO_MEMORY;
        }
        step->operations[step->operation_count++].operation = operation;
        if (!step->is_blind) {
            run->next_operation++;
            break;
        }
    }
    if (step && step_claim(step))
        return STATUS_NO_MEMORY;
    if (step)
        step->goes_on = run->next_operation == end && end < write->operation_count &&
                        step->is_blind && write_operation_is_blind(&write->operations[end]);
    *out_step = step;
    return STATUS_OK;
}

enum status write_step_make(struct write_run *run, struct write_step **out_step)
{
    size_t first = run->next_operation;
    *out_step = NULL;
    enum status status = make(run, out_step);
    if (status)
        run->next_operation = first;
    return status;
}
