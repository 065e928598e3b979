/* Cutting a write into steps (write_step.h): which operations go to the log together, and which rows
 * they lock. */
#include "storage/write_step.h"

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
                           : arena_allocate(arena, step->operation_count * sizeof(*hashes));
    if (!hashes)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < step->operation_count; i++)
        hashes[i] = row_hash(step->operations[i].operation->row);
    row_claim_prepare(
        &step->claim, hashes, step->operation_count, !step->is_blind, step->run->deadline_ns);
    return STATUS_OK;
}

/* How many blind operations come next, one after the other. */
static size_t blind_run_length(const struct write_run *run)
{
    size_t at = run->next_operation;
    while (
        at < run->write->operation_count && write_operation_is_blind(&run->write->operations[at]))
        at++;
    return at - run->next_operation;
}

/* A step of the next operations that are sound. *out_step NULL: there are none. */
enum status write_step_make(struct write_run *run, struct write_step **out_step)
{
    struct write *write = run->write;
    *out_step = NULL;
    struct write_step *step = NULL;
    size_t most = blind_run_length(run);
    for (; run->next_operation < write->operation_count; run->next_operation++) {
        struct write_operation *operation = &write->operations[run->next_operation];
        if (step && !step_takes(step, operation))
            break;
        if (write_operation_check(run->tablet, run->schema, operation))
            continue;
        if (!step) {
            step = arena_allocate_zeroed(write->arena, 1, sizeof(*step));
            if (!step)
                return STATUS_NO_MEMORY;
            step->run = run;
            step->is_blind = write_operation_is_blind(operation);
            step->durability = write_operation_durability(run->schema, operation);
            step->nonce = write_operation_nonce(operation);
            step->operations = arena_allocate_zeroed(
                write->arena, most > 0 ? most : 1, sizeof(*step->operations));
            if (!step->operations)
                return STATUS_NO_MEMORY;
        }
        step->operations[step->operation_count++].operation = operation;
        if (!step->is_blind) {
            run->next_operation++;
            break;
        }
    }
    *out_step = step;
    return step ? step_claim(step) : STATUS_OK;
}
