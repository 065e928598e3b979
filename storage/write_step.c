/* Running a write's steps (write_step.h is the map).
 *
 * Whoever lets a step go on runs it: the caller of tablet_write while nothing is in the way, else
 * the log thread when it releases the lock or settles the nonce that was waited for, so that a row
 * that many increment gets as many increments into one group as wait for it; or a worker when the
 * disk is needed. Steps freed by a step are kept in a list and run one after the other, never one
 * inside the other. */
#include "storage/write_step.h"

#include "base/limits.h"
#include "storage/cell_batch.h"

/* Steps that may go on. */
struct ready {
    struct write_step *first;
    struct write_step **end;
    bool is_posted; /* done() must not be called from in here: inside tablet_write */
};

static void run_ready(struct ready *ready);

static void ready_add(struct ready *ready, struct write_step *step)
{
    step->ready_next = NULL;
    *ready->end = step;
    ready->end = &step->ready_next;
}

static struct write_step *step_of_claim(struct row_claim *claim)
{
    return (struct write_step *)(void *)((char *)claim - offsetof(struct write_step, claim));
}

static struct write_step *step_of_nonce(struct nonce_waiter *waiter)
{
    return (
        struct write_step *)(void *)((char *)waiter - offsetof(struct write_step, nonce_waiter));
}

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for a write");
}

static void step_fail(struct write_step *step, enum status status, const struct error *error)
{
    for (size_t i = 0; i < step->operation_count; i++) {
        struct write_operation *operation = step->operations[i].operation;
        write_operation_fail(step->run, operation, status, error);
        operation->is_processed = false;
        operation->result_count = 0;
    }
}

/* ---- Nonces ---- */

static void nonce_end(struct write_step *step, bool is_applied, struct ready *ready)
{
    if (!step->is_nonce_held)
        return;
    struct tablet *tablet = step->run->tablet;
    step->is_nonce_held = false;
    mutex_lock(&tablet->mutex);
    struct nonce_waiter *waiter = nonce_table_end(
        &tablet->nonces, step->run->write->nonce_group, step->nonce, is_applied);
    mutex_unlock(&tablet->mutex);
    while (waiter) {
        struct nonce_waiter *next = waiter->next;
        ready_add(ready, step_of_nonce(waiter));
        waiter = next;
    }
}

static enum nonce_state nonce_begin(struct write_step *step)
{
    struct tablet *tablet = step->run->tablet;
    mutex_lock(&tablet->mutex);
    enum nonce_state state = nonce_table_begin(&tablet->nonces, step->run->write->nonce_group,
        step->nonce, env_wall_ms(tablet->store->env), &step->nonce_waiter);
    mutex_unlock(&tablet->mutex);
    return state;
}

/* ---- Locks ---- */

static void ready_add_claims(struct ready *ready, struct row_claim *claim)
{
    while (claim) {
        struct row_claim *next = claim->next;
        ready_add(ready, step_of_claim(claim));
        claim = next;
    }
}

static void release_locks(struct write_step *step, struct ready *ready)
{
    ready_add_claims(ready, row_locks_release(&step->run->tablet->locks, &step->claim));
}

bool tablet_expire_waits(struct tablet *tablet, uint64_t now_ns)
{
    struct row_claim *expired;
    struct row_claim *granted;
    struct ready ready = {NULL, &ready.first, false};
    bool is_any_left = row_locks_expire(&tablet->locks, now_ns, &expired, &granted);
    for (struct row_claim *claim = expired; claim; claim = claim->next)
        step_of_claim(claim)->is_expired = true;
    ready_add_claims(&ready, expired);
    ready_add_claims(&ready, granted);
    run_ready(&ready);
    return is_any_left;
}

static void steps_upcoming(struct log_entry *first, size_t count);
static void step_appended(struct log_entry *entry);
static void step_durable(struct log_entry *entry);

/* ---- Running steps ---- */

static void run_advance(struct write_run *run, struct ready *ready);

/* The step has come to its end without a log entry: what comes after it may begin. */
static void step_finish(struct write_step *step, struct ready *ready)
{
    buffer_deinit(&step->body);
    run_advance(step->run, ready);
}

static enum status step_encode(struct write_step *step)
{
    size_t count = 0;
    for (size_t i = 0; i < step->operation_count; i++)
        count += step->operations[i].cell_count;
    step->entry.sequence_count = count > 0 ? (uint32_t)step->operation_count : 0;
    if (count == 0 || step->durability == DURABILITY_SKIP_WAL)
        return STATUS_OK;
    step->body.limit = LIMIT_LOG_RECORD_SIZE;
    uint64_t group = step->nonce ? step->run->write->nonce_group : 0;
    cell_batch_begin(&step->body, group, step->greatest_ms, step->operation_count);
    for (size_t i = 0; i < step->operation_count; i++) {
        const struct step_operation *operation = &step->operations[i];
        cell_batch_operation(
            &step->body, step->nonce, operation->operation->row, operation->cell_count);
        for (size_t j = 0; j < operation->cell_count; j++)
            cell_batch_cell(&step->body, &operation->cells[j]);
    }
    return buffer_status(&step->body);
}

/* To the log only: the memtable follows in appended(). */
static void step_append(struct write_step *step)
{
    struct write_run *run = step->run;
    atomic_fetch_add_explicit(&run->references, 1, memory_order_relaxed);
    step->entry.tablet = &run->tablet->log;
    step->entry.body = buffer_span(&step->body);
    step->entry.durability = step->durability;
    step->entry.upcoming = steps_upcoming;
    step->entry.appended = step_appended;
    step->entry.durable = step_durable;
    log_append(run->tablet->store->log, &step->entry);
}

/* Gives up what the step holds. */
static void step_abandon(
    struct write_step *step, enum status status, const struct error *error, struct ready *ready)
{
    step_fail(step, status, error);
    release_locks(step, ready);
    nonce_end(step, false, ready);
}

/* Whether the answer rests on cells that a crash could still take back. */
static bool is_anything_pending(struct tablet *tablet)
{
    return atomic_load_explicit(&tablet->appended_sequence, memory_order_acquire) !=
           atomic_load_explicit(&tablet->read_point, memory_order_acquire);
}

static void blocked_task_run(struct task *task);

static void step_go_to_worker(struct write_step *step)
{
    struct write *write = step->run->write;
    step->run->blocked = step;
    write->task.run = blocked_task_run;
    executor_submit(step->run->tablet->store->workers, &write->task);
}

/* The nonce was seen before: answers with what is there now, once that is durable. */
static void step_answer_repeat(struct write_step *step, bool may_block, struct ready *ready)
{
    struct error error = {0};
    step->is_repeat = true;
    enum status status = write_step_repeat(step, may_block, &error);
    if (status == STATUS_WOULD_BLOCK) {
        step_go_to_worker(step);
        return;
    }
    if (status)
        step_fail(step, status, &error);
    else if (is_anything_pending(step->run->tablet)) {
        step->claim.count = 0; /* a barrier: holds nothing */
        step_append(step);
        return;
    }
    step_finish(step, ready);
}

/* All locks are held. */
static void step_work(struct write_step *step, bool may_block, struct ready *ready)
{
    struct error error;
    error_clear(&error);
    enum status status = write_step_evaluate(step, may_block, &error);
    if (status == STATUS_WOULD_BLOCK) {
        step_go_to_worker(step);
        return;
    }
    if (!status) {
        status = step_encode(step);
        if (status)
            error_set(&error, status, "record of a write: %s", status_name(status));
    }
    if (status) {
        step_abandon(step, status, &error, ready);
        step_finish(step, ready);
        return;
    }
    if (step->entry.sequence_count > 0 || is_anything_pending(step->run->tablet)) {
        write_step_sort(step);
        step_append(step);
        return;
    }
    /* Nothing to write, and nothing unsynced was read. */
    release_locks(step, ready);
    nonce_end(step, false, ready);
    step_finish(step, ready);
}

static void step_lock(struct write_step *step, struct ready *ready)
{
    struct row_locks *locks = &step->run->tablet->locks;
    enum status status = row_locks_acquire(locks, &step->claim);
    if (status == STATUS_BUSY) {
        tablet_sweep_arm(step->run->tablet->store);
    } else if (status) {
        struct error error = {0};
        no_memory(&error);
        step_abandon(step, status, &error, ready);
        step_finish(step, ready);
    } else {
        step_work(step, false, ready);
    }
}

static void step_begin(struct write_step *step, struct ready *ready)
{
    if (step->nonce == 0) {
        step_lock(step, ready);
        return;
    }
    switch (nonce_begin(step)) {
    case NONCE_NEW:
        step->is_nonce_held = true;
        step_lock(step, ready);
        return;
    case NONCE_UNDER_WAY:
        return; /* nonce_end brings it back */
    case NONCE_SETTLED:
        step_answer_repeat(step, false, ready);
        return;
    case NONCE_NO_MEMORY:
        break;
    }
    struct error error = {0};
    step_fail(step, no_memory(&error), &error);
    step_finish(step, ready);
}

/* A step comes back from waiting: for its nonce, or for its locks. */
static void step_resume(struct write_step *step, struct ready *ready)
{
    struct error error;
    error_clear(&error);
    if (step->nonce != 0 && !step->is_nonce_held) {
        step_begin(step, ready);
    } else if (step->is_expired) {
        error_set(&error, STATUS_TIMEOUT, "Timed out waiting for lock for row");
        step_abandon(step, STATUS_TIMEOUT, &error, ready);
        step_finish(step, ready);
    } else if (step->claim.held < step->claim.count) {
        step_abandon(step, no_memory(&error), &error, ready);
        step_finish(step, ready);
    } else {
        step_work(step, false, ready);
    }
}

static void run_ready(struct ready *ready)
{
    while (ready->first) {
        struct write_step *step = ready->first;
        ready->first = step->ready_next;
        if (!ready->first)
            ready->end = &ready->first;
        step_resume(step, ready);
    }
}

static void blocked_task_run(struct task *task)
{
    struct write *write = (struct write *)(void *)((char *)task - offsetof(struct write, task));
    struct write_run *run = write->engine;
    struct write_step *step = run->blocked;
    struct ready ready = {NULL, &ready.first, false};
    if (step->is_repeat)
        step_answer_repeat(step, true, &ready);
    else
        step_work(step, true, &ready);
    run_ready(&ready);
}

/* The operations that are left are refused; as a whole, when nothing came before them. */
static void refuse_rest(
    struct write_run *run, bool is_all, enum status status, const struct error *error)
{
    struct write *write = run->write;
    if (is_all) {
        write->status = status;
        write->error = *error;
    }
    for (; run->next_operation < write->operation_count; run->next_operation++)
        write_operation_fail(run, &write->operations[run->next_operation], status, error);
}

/* Begins the next step, or lets go of the write after the last. */
static void run_advance(struct write_run *run, struct ready *ready)
{
    struct write_step *step;
    if (write_step_make(run, &step)) {
        struct error error;
        enum status status = no_memory(&error);
        refuse_rest(run, run->next_operation == 0, status, &error);
        step = NULL;
    }
    if (step)
        step_begin(step, ready);
    else
        write_run_unref(run, ready->is_posted);
}

/* ---- On the log thread ---- */

static void steps_upcoming(struct log_entry *first, size_t count)
{
    const struct write_step *steps[LOG_UPCOMING_ENTRIES];
    for (size_t i = 0; i < count; i++, first = first->next)
        steps[i] = (const struct write_step *)(const void *)first;
    write_steps_warm(steps, count);
}

static void advance_task_run(struct task *task)
{
    struct write *write = (struct write *)(void *)((char *)task - offsetof(struct write, task));
    struct ready ready = {NULL, &ready.first, false};
    run_advance(write->engine, &ready);
    run_ready(&ready);
}

static void step_appended(struct log_entry *entry)
{
    struct write_step *step = (struct write_step *)(void *)entry;
    struct write_run *run = step->run;
    struct ready ready = {NULL, &ready.first, false};
    if (entry->status) {
        struct error error;
        error_set(&error, entry->status,
            entry->status == STATUS_NO_SPACE ? "no space left for the log" : "the store is closed");
        /* The log took no more: what comes after the step is refused with it. */
        refuse_rest(
            run, step->operations[0].operation == run->write->operations, entry->status, &error);
        step_abandon(step, entry->status, &error, &ready);
        buffer_deinit(&step->body);
        write_run_unref(run, false); /* the entry's; the driver's goes below */
        write_run_unref(run, false);
        run_ready(&ready);
        return;
    }
    if (entry->sequence_count > 0)
        write_step_insert(step);
    if (!step->is_repeat)
        release_locks(step, &ready);
    if (step->goes_on) { /* making a step takes as long as inserting it: not here */
        run->write->task.run = advance_task_run;
        executor_submit(run->tablet->store->workers, &run->write->task);
    } else {
        run_advance(run, &ready);
    }
    run_ready(&ready);
}

/* What was appended did not become durable, while a worker may be making the next step. */
static void step_lose(struct write_step *step)
{
    struct write *write = step->run->write;
    write->status = error_set(&write->error, STATUS_CLOSED, "the store is closed");
    for (size_t i = 0; i < step->operation_count; i++) {
        struct write_operation *operation = step->operations[i].operation;
        operation->status = STATUS_CLOSED;
        operation->is_processed = false;
        operation->result_count = 0;
    }
}

static void step_durable(struct log_entry *entry)
{
    struct write_step *step = (struct write_step *)(void *)entry;
    struct write_run *run = step->run;
    struct tablet *tablet = run->tablet;
    struct ready ready = {NULL, &ready.first, false};
    bool is_durable = entry->status == STATUS_OK;
    if (is_durable && entry->sequence_count > 0) {
        atomic_store_explicit(
            &tablet->read_point, entry->sequence + entry->sequence_count - 1, memory_order_release);
        atomic_fetch_add_explicit(
            &tablet->counters.write_requests, step->operation_count, memory_order_relaxed);
    } else if (!is_durable) {
        step_lose(step);
    }
    nonce_end(step, is_durable && entry->sequence_count > 0, &ready);
    buffer_deinit(&step->body);
    write_run_unref(run, false);
    run_ready(&ready);
}

void write_run_start(struct write_run *run)
{
    struct ready ready = {NULL, &ready.first, true};
    run_advance(run, &ready);
    run_ready(&ready);
}
