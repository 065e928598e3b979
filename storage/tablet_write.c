/* The write path: drives a write through its steps (write_step.h is the map).
 *
 * Whoever lets a step go on runs it: the caller of tablet_write while nothing is in the way, else
 * the log thread when it releases the lock or settles the nonce that was waited for, so that a row
 * that many increment gets as many increments into one group as wait for it; or a worker when the
 * disk is needed. Steps freed by a step are kept in a list and run one after the other, never one
 * inside the other.
 *
 * A write holds a reference on its tablet until it is done. What refuses it before anything was
 * begun calls done() at once. */
#include <assert.h>

#include "base/limits.h"
#include "base/memory.h"
#include "storage/cell_batch.h"
#include "storage/write_step.h"

enum {
    DELAY_NS = 5 * 1000 * 1000, /* of a write when memory runs short */
};

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
    return (struct write_step *)(void *)((char *)waiter - offsetof(struct write_step, nonce_waiter));
}

/* ---- The end of a write ---- */

static void write_done(struct write *write)
{
    struct write_run *run = write->engine;
    struct tablet *tablet = run->tablet;
    write->done(write);
    if (atomic_fetch_sub_explicit(&tablet->writes_under_way, 1, memory_order_acq_rel) == 1)
        tablet_close_step(tablet);
    tablet_unref(tablet);
}

static void done_task_run(struct task *task)
{
    write_done((struct write *)(void *)((char *)task - offsetof(struct write, task)));
}

/* Drops a reference. The last ends the write: here, or (is_posted) as a task of its own, where done()
 * must not run inside the call that asked. */
static void run_unref(struct write_run *run, bool is_posted)
{
    if (atomic_fetch_sub_explicit(&run->references, 1, memory_order_acq_rel) != 1)
        return;
    if (!is_posted) {
        write_done(run->write);
        return;
    }
    run->write->task.run = done_task_run;
    executor_submit(run->tablet->store->workers, &run->write->task);
}

static void step_fail(struct write_step *step, enum status status, const struct error *error)
{
    for (size_t i = 0; i < step->operation_count; i++) {
        struct write_operation *operation = step->operations[i].operation;
        operation->status = status;
        operation->error = *error;
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

/* ---- Making steps ---- */

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for a write");
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
                           : arena_allocate(arena, step->operation_count * sizeof(*hashes));
    if (!hashes)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < step->operation_count; i++)
        hashes[i] = row_hash(step->operations[i].operation->row);
    row_claim_prepare(&step->claim, hashes, step->operation_count, !step->is_blind,
        step->run->deadline_ns);
    return STATUS_OK;
}

static void step_appended(struct log_entry *entry);
static void step_durable(struct log_entry *entry);

/* How many blind operations come next, one after the other. */
static size_t blind_run_length(const struct write_run *run)
{
    size_t at = run->next_operation;
    while (at < run->write->operation_count &&
           write_operation_is_blind(&run->write->operations[at]))
        at++;
    return at - run->next_operation;
}

/* A step of the next operations that are sound. *out_step NULL: there are none. */
static enum status step_make(struct write_run *run, struct write_step **out_step)
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
    cell_batch_begin(&step->body, group, step->clock_ms, step->operation_count);
    for (size_t i = 0; i < step->operation_count; i++) {
        const struct step_operation *operation = &step->operations[i];
        cell_batch_operation(
            &step->body, step->nonce, operation->operation->row, operation->cell_count);
        for (size_t j = 0; j < operation->cell_count; j++)
            cell_batch_cell(&step->body, &operation->cells[j]);
    }
    return buffer_status(&step->body);
}

/* To the log, and no further for now. */
static void step_append(struct write_step *step)
{
    struct write_run *run = step->run;
    atomic_fetch_add_explicit(&run->references, 1, memory_order_relaxed);
    step->entry.tablet = &run->tablet->log;
    step->entry.body = buffer_span(&step->body);
    step->entry.durability = step->durability;
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
static void step_answer_repeat(
    struct write_step *step, bool may_block, struct ready *ready)
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
    struct error error = {0};
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
    struct error error = {0};
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

/* Begins the next step, or lets go of the write after the last. */
static void run_advance(struct write_run *run, struct ready *ready)
{
    struct write_step *step;
    enum status status = step_make(run, &step);
    if (status) {
        struct write *write = run->write;
        write->status = no_memory(&write->error);
        step = NULL;
    }
    if (step)
        step_begin(step, ready);
    else
        run_unref(run, ready->is_posted);
}

/* ---- On the log thread ---- */

/* The active memtable of the family, made when there is none. The log thread is the only writer. */
static enum status make_active(struct tablet *tablet, struct span family)
{
    struct version *old = NULL;
    enum status status = STATUS_NO_MEMORY;
    mutex_lock(&tablet->mutex);
    struct version *version = version_copy(tablet->version, 0, 0);
    struct version_family *place = version ? version_find_family(version, family) : NULL;
    if (place) {
        place->active = memtable_new(
            tablet->store->memtable_memory, place->schema->name, tablet->row_order);
        if (place->active) {
            old = tablet_publish_locked(tablet, version);
            status = STATUS_OK;
        }
    } else if (version) {
        status = STATUS_NO_FAMILY;
    }
    mutex_unlock(&tablet->mutex);
    version_unref(status ? version : old);
    return status;
}

enum status tablet_insert(
    struct tablet *tablet, struct version **version, const struct cell *cell, uint64_t sequence)
{
    struct version_family *family = version_find_family(*version, cell->family);
    if (!family)
        return STATUS_NO_FAMILY;
    if (!family->active) {
        enum status status = make_active(tablet, cell->family);
        if (status)
            return status;
        uint64_t ignored;
        version_unref(*version);
        *version = tablet_snapshot(tablet, &ignored);
        family = version_find_family(*version, cell->family);
        if (!family)
            return STATUS_NO_FAMILY;
    }
    return memtable_add(family->active, cell, sequence);
}

static uint64_t active_bytes(const struct version *version)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < version->family_count; i++) {
        if (version->families[i].active)
            bytes += memtable_used_bytes(version->families[i].active);
    }
    return bytes;
}

static uint64_t flush_bytes(const struct version *version)
{
    return version->schema->memtable_flush_bytes > 0
               ? (uint64_t)version->schema->memtable_flush_bytes
               : TABLET_FLUSH_BYTES;
}

static void insert_cells(struct write_step *step)
{
    struct tablet *tablet = step->run->tablet;
    uint64_t ignored;
    uint64_t cells = 0;
    struct version *version = tablet_snapshot(tablet, &ignored);
    for (size_t i = 0; i < step->operation_count; i++) {
        const struct step_operation *operation = &step->operations[i];
        for (size_t j = 0; j < operation->cell_count; j++) {
            enum status status = tablet_insert(
                tablet, &version, &operation->cells[j], step->entry.sequence + i);
            if (status == STATUS_NO_MEMORY) {
                /* It has its place in the log; there is no way back. */
                struct error error;
                error_set(&error, status, "no memory for a cell that is in the log");
                store_fatal(tablet->store, &error);
            }
        }
        cells += operation->cell_count;
    }
    atomic_store_explicit(&tablet->appended_sequence,
        step->entry.sequence + step->entry.sequence_count - 1, memory_order_release);
    atomic_fetch_add_explicit(&tablet->counters.cells_written, cells, memory_order_relaxed);
    if (active_bytes(version) >= flush_bytes(version))
        tablet_ask_own_flush(tablet);
    version_unref(version);
}

/* The log took no more: what comes after the step is refused with it; the whole, when nothing came
 * before it. */
static void refuse_rest(struct write_run *run, const struct write_step *step, enum status status,
    const struct error *error)
{
    struct write *write = run->write;
    if (step->operations[0].operation == write->operations) {
        write->status = status;
        write->error = *error;
    }
    for (; run->next_operation < write->operation_count; run->next_operation++) {
        write->operations[run->next_operation].status = status;
        write->operations[run->next_operation].error = *error;
    }
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
        refuse_rest(run, step, entry->status, &error);
        step_abandon(step, entry->status, &error, &ready);
        buffer_deinit(&step->body);
        run_unref(run, false); /* the entry's; the driver's goes below */
        run_unref(run, false);
        run_ready(&ready);
        return;
    }
    if (entry->sequence_count > 0)
        insert_cells(step);
    if (!step->is_repeat)
        release_locks(step, &ready);
    run_advance(run, &ready);
    run_ready(&ready);
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
        error_set(&run->write->error, STATUS_CLOSED, "the store is closed");
        run->write->status = STATUS_CLOSED;
        step_fail(step, STATUS_CLOSED, &run->write->error);
    }
    nonce_end(step, is_durable && entry->sequence_count > 0, &ready);
    buffer_deinit(&step->body);
    run_unref(run, false);
    run_ready(&ready);
}

/* ---- Beginning ---- */

static void write_refuse(struct tablet *tablet, struct write *write, enum status status)
{
    write->status = status;
    if (atomic_fetch_sub_explicit(&tablet->writes_under_way, 1, memory_order_acq_rel) == 1)
        tablet_close_step(tablet);
    write->done(write);
}

static void write_begin(struct tablet *tablet, struct write *write, bool is_delayed);

static void delayed_task_run(struct task *task)
{
    struct write *write = (struct write *)(void *)((char *)task - offsetof(struct write, task));
    struct tablet *tablet = write->engine;
    write_begin(tablet, write, true);
    tablet_unref(tablet);
}

/* True: the write goes on now. False: it was refused, or waits. */
static bool pass_pressure(struct tablet *tablet, struct write *write, bool is_delayed)
{
    struct store *store = tablet->store;
    enum memtable_pressure pressure = memtable_memory_pressure(store->memtable_memory);
    if (pressure == MEMTABLE_PRESSURE_NONE)
        return true;
    tablet_flush_largest(store);
    if (pressure == MEMTABLE_PRESSURE_FULL) {
        error_set(&write->error, STATUS_BUSY, "Over memstore limit=%llu, regionName=%s",
            (unsigned long long)memtable_memory_budget(store->memtable_memory), tablet->info.id);
        write_refuse(tablet, write, STATUS_BUSY);
        return false;
    }
    if (pressure == MEMTABLE_PRESSURE_FLUSH || is_delayed)
        return true;
    tablet_ref(tablet);
    write->engine = tablet;
    write->task.run = delayed_task_run;
    executor_submit_at(store->workers, &write->task, env_monotonic_ns(store->env) + DELAY_NS);
    return false;
}

static enum status check_tablet(
    struct tablet *tablet, const struct table_schema *schema, struct error *error)
{
    if (atomic_load_explicit(&tablet->is_closed, memory_order_seq_cst) ||
        store_is_dead(tablet->store))
        return error_set(error, STATUS_CLOSED, "tablet %s is closed", tablet->info.id);
    if (log_is_read_only(tablet->store->log))
        return error_set(error, STATUS_NO_SPACE, "no space left for the log: writes are refused");
    if (schema->is_read_only)
        return error_set(error, STATUS_WRONG_STATE, "region is read only");
    return STATUS_OK;
}

static void write_begin(struct tablet *tablet, struct write *write, bool is_delayed)
{
    const struct table_schema *schema = tablet_get_schema(tablet);
    enum status status = check_tablet(tablet, schema, &write->error);
    if (status) {
        write_refuse(tablet, write, status);
        return;
    }
    if (!pass_pressure(tablet, write, is_delayed))
        return;
    struct write_run *run = arena_allocate_zeroed(write->arena, 1, sizeof(*run));
    if (!run) {
        write_refuse(tablet, write, no_memory(&write->error));
        return;
    }
    tablet_ref(tablet);
    run->write = write;
    run->tablet = tablet;
    run->schema = schema;
    run->deadline_ns = write->deadline_ns
                           ? write->deadline_ns
                           : env_monotonic_ns(tablet->store->env) +
                                 (uint64_t)LIMIT_ROW_LOCK_WAIT_MS * 1000 * 1000;
    atomic_init(&run->references, 1);
    write->engine = run;
    struct ready ready = {NULL, &ready.first, true};
    run_advance(run, &ready);
    run_ready(&ready);
}

void tablet_write(struct tablet *tablet, struct write *write)
{
    write->status = STATUS_OK;
    /* Counted before the look at is_closed: a close that does not see us, we see. */
    atomic_fetch_add_explicit(&tablet->writes_under_way, 1, memory_order_seq_cst);
    write_begin(tablet, write, false);
}
