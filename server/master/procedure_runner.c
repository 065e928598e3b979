/* Turns the pure steps into deeds: writes the state, does the action, feeds the outcome back. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "base/pause.h"
#include "proto/exception_class.h"
#include "server/master/master_internal.h"

static void turn(struct task *task);
static void answer_early(struct task *task);

static struct running *running_of(struct task *task)
{
    return (struct running *)((char *)task - offsetof(struct running, task));
}

static void note_result(struct running *running, enum procedure_state state)
{
    struct procedure_result result = {.state = state,
        .submitted_ms = running->procedure.submitted_ms,
        .updated_ms = env_wall_ms(running->master->env)};
    if (running->has_failed && state == PROCEDURE_FINISHED) {
        result.exception_class = master_exception_of(running->failure.status);
        snprintf(result.message, sizeof result.message, "%s", running->failure.message);
    }
    master_keep_result(running->master, running->procedure.id, running->request, &result);
}

struct running *procedure_run(struct master *master, const struct procedure *procedure,
    struct arena *arena, struct master_request *request)
{
    struct running *running = memory_allocate_zeroed(1, sizeof *running);
    if (!running)
        return NULL;
    running->master = master;
    running->procedure = *procedure;
    running->arena = *arena;
    running->request = request;
    running->event = procedure->version ? PROCEDURE_RESUMED : PROCEDURE_BEGIN;
    running->task.run = turn;
    running->answer_task.run = answer_early;
    mutex_init(&running->mutex, LOCK_RANK_MASTER);
    running->next = master->procedures;
    master->procedures = running;
    note_result(running, PROCEDURE_RUNNING);
    if (request) {
        running->is_answer_due = true;
        executor_submit_at(master->executor, &running->answer_task,
            env_monotonic_ns(master->env) + MASTER_ANSWER_MS * 1000000ull);
    }
    executor_submit(master->executor, &running->task);
    return running;
}

void procedure_running_free(struct running *running)
{
    arena_deinit(&running->arena);
    mutex_deinit(&running->mutex);
    memory_free(running);
}

static void answer(struct running *running)
{
    struct master_request *request = running->request;
    running->request = NULL;
    if (!request)
        return;
    if (running->has_failed)
        master_refuse(
            request, master_exception_of(running->failure.status), "%s", running->failure.message);
    else
        master_answer(request, running->procedure.id);
}

/* It takes long: the requester gets the id, and asks for the result. */
static void answer_early(struct task *task)
{
    struct running *running = (struct running *)((char *)task -
                                                 offsetof(struct running, answer_task));
    running->is_answer_due = false;
    if (running->procedure.version > 0)
        answer(running);
}

static void finish(struct running *running)
{
    struct master *master = running->master;
    struct error error = {0};
    char name[32];
    snprintf(name, sizeof name, "%020" PRIu64, running->procedure.id);
    enum status status = store_chain_remove(
        master->store, CHAIN_PROCEDURE, span_string(name), &error);
    if (status && status != STATUS_NOT_FOUND)
        log_line(LOG_WARN, "procedure.forget", "id=%" PRIu64 " error=\"%s\"", running->procedure.id,
            error.message);
    log_line(LOG_INFO, "procedure.finish",
        "id=%" PRIu64 " kind=%s table=%.*s ms=%" PRId64 " undone=%d", running->procedure.id,
        procedure_kind_name(running->procedure.kind), (int)running->procedure.table_name.size,
        (const char *)running->procedure.table_name.data,
        env_wall_ms(master->env) - running->procedure.submitted_ms, running->has_failed);
    note_result(running, PROCEDURE_FINISHED);
    if (running->is_answer_due)
        executor_cancel(master->executor, &running->answer_task);
    answer(running);
    struct running **at = &master->procedures;
    while (*at != running)
        at = &(*at)->next;
    *at = running->next;
    procedure_running_free(running);
    master_wake(master);
}

/* The state, on disk before its action. */
static enum status write_state(struct running *running, struct error *error)
{
    struct buffer bytes = {0};
    char name[32];
    snprintf(name, sizeof name, "%020" PRIu64, running->procedure.id);
    procedure_encode(&running->procedure, &bytes);
    enum status status = buffer_status(&bytes);
    if (!status)
        status = store_chain_commit(running->master->store, CHAIN_PROCEDURE, span_string(name),
            running->procedure.version + 1, buffer_span(&bytes), error);
    if (!status)
        running->procedure.version++;
    buffer_deinit(&bytes);
    return status;
}

static void again_later(struct running *running)
{
    uint64_t delay = RETRY_DELAY_NS << (running->retries < 5 ? running->retries : 5);
    if (delay > RETRY_DELAY_MAX_NS)
        delay = RETRY_DELAY_MAX_NS;
    running->retries++;
    executor_submit_at(
        running->master->executor, &running->task, env_monotonic_ns(running->master->env) + delay);
}

/* The state could not be written. Nothing has been done yet: a new procedure is given up, another waits. */
static void state_not_written(struct running *running, const struct error *error)
{
    log_line(LOG_WARN, "procedure.state", "id=%" PRIu64 " error=\"%s\"", running->procedure.id,
        error->message);
    if (running->procedure.version == 0) {
        running->has_failed = true;
        running->failure = *error;
        finish(running);
    } else {
        running->event = PROCEDURE_BEGIN;
        again_later(running);
    }
}

static void turn(struct task *task)
{
    struct running *running = running_of(task);
    struct master *master = running->master;
    struct error error = {0};
    if (atomic_load(&master->is_stopping)) {
        struct master_request *request = running->request;
        running->request = NULL;
        if (request)
            master_refuse(request, EXCEPTION_PLEASE_HOLD, "Master is stopping");
        return; /* its state is on disk; freed with the master */
    }
    struct procedure_decision decision = procedure_step(&running->procedure, running->event);
    if (running->event == PROCEDURE_FAILED) {
        log_line(LOG_WARN, "procedure.failed",
            "id=%" PRIu64 " kind=%s step=%u undoing=%d error=\"%s\"", running->procedure.id,
            procedure_kind_name(running->procedure.kind), running->procedure.step,
            decision.is_undoing, running->part_error.message);
        if (decision.is_undoing && !running->procedure.is_undoing) {
            running->has_failed = true;
            running->failure = running->part_error;
        }
    } else {
        running->retries = 0;
    }
    if (running->procedure.version == 0 || decision.step != running->procedure.step ||
        decision.is_undoing != running->procedure.is_undoing)
        running->is_state_due = true;
    running->procedure.step = decision.step;
    running->procedure.is_undoing = decision.is_undoing;
    if (decision.is_delayed) {
        running->event = PROCEDURE_BEGIN;
        again_later(running);
        return;
    }
    if (decision.action == ACTION_FINISH) {
        finish(running);
        return;
    }
    if (running->is_state_due && write_state(running, &error)) {
        state_not_written(running, &error);
        return;
    }
    running->is_state_due = false;
    pause_point("procedure.action.before");
    running->part_status = STATUS_OK;
    error_clear(&running->part_error);
    procedure_do(running, decision.action);
}

void procedure_part_done(struct running *running, enum status status, const struct error *error)
{
    if (status) {
        mutex_lock(&running->mutex);
        if (!running->part_status) {
            running->part_status = status;
            if (error)
                running->part_error = *error;
            running->part_error.status = status;
        }
        mutex_unlock(&running->mutex);
    }
    if (atomic_fetch_sub(&running->pending, 1) != 1)
        return;
    running->event = running->part_status ? PROCEDURE_FAILED : PROCEDURE_DONE;
    executor_submit(running->master->executor, &running->task);
}
