/* Turns the pure steps into deeds: writes the state, does the action, feeds the outcome back. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "base/pause.h"
#include "proto/exception_class.h"
#include "server/heat/heat_board.h"
#include "server/master/master_document.h"
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
        .kind = procedure_kind_name(running->procedure.kind),
        .submitted_ms = running->procedure.submitted_ms,
        .updated_ms = env_wall_ms(running->master->env)};
    if (running->has_failed && state == PROCEDURE_FINISHED) {
        result.exception_class = master_exception_of(running->failure.status);
        snprintf(result.message, sizeof result.message, "%s", running->failure.message);
    }
    master_keep_result(running->master, &running->procedure, &result);
}

/* Marks what the procedure has for itself: `id`, or 0 when it lets go. */
static void set_locks(struct running *running, uint64_t id)
{
    struct master *master = running->master;
    const struct procedure *procedure = &running->procedure;
    uint64_t mine = procedure->id;
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *table = procedure->table_id[0]
                                        ? catalogue_find_id_locked(
                                              &master->catalogue, procedure->table_id)
                                        : NULL;
    /* tablets may be opened while a schema changes, or a snapshot is taken */
    if (table && procedure_scope(procedure->kind) == SCOPE_TABLE &&
        procedure->kind != PROCEDURE_MODIFY && procedure->kind != PROCEDURE_SNAPSHOT &&
        (table->lock == 0 || table->lock == mine))
        table->lock = id;
    for (size_t i = 0;
         procedure_scope(procedure->kind) == SCOPE_TABLETS && i < procedure->source_count; i++) {
        struct assigned_tablet *tablet = assignment_find(
            &master->catalogue.assignment, procedure->sources[i]);
        if (tablet && (tablet->lock == 0 || tablet->lock == mine))
            tablet->lock = id;
    }
    for (size_t i = 0;
         procedure_scope(procedure->kind) == SCOPE_TABLETS && i < procedure->tablet_count; i++) {
        struct assigned_tablet *tablet = assignment_find(
            &master->catalogue.assignment, span_string(procedure->tablets[i].id));
        if (tablet && (tablet->lock == 0 || tablet->lock == mine))
            tablet->lock = id;
    }
    mutex_unlock(&master->catalogue.mutex);
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
    running->updated_ms = env_wall_ms(master->env);
    mutex_init(&running->mutex, LOCK_RANK_MASTER);
    struct running **at = &master->procedures;
    while (*at) /* oldest first */
        at = &(*at)->next;
    *at = running;
    set_locks(running, running->procedure.id);
    note_result(running, PROCEDURE_RUNNING);
    if (request && !request->waits) {
        running->is_answer_due = true;
        master_after(master, &running->answer_task, MASTER_ANSWER_MS * 1000000ull);
    }
    master_hold(master);
    master_back(master, &running->task);
    return running;
}

/* The request is answered; a timer is taken back; what is out comes back by itself. */
void procedure_abandon_all(struct master *master)
{
    for (struct running *running = master->procedures; running; running = running->next) {
        struct master_request *request = running->request;
        running->request = NULL;
        if (running->is_answer_due && master_cancel(master, &running->answer_task))
            running->is_answer_due = false;
        if (running->is_delayed && master_cancel(master, &running->task))
            running->is_delayed = false;
        if (request)
            master_refuse(request, EXCEPTION_PLEASE_HOLD, "Master is stopping");
    }
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
    if (master_came_back(running->master) && running->procedure.version > 0)
        answer(running);
}

/* Splits, merges and moves are shown with the heat that they answer to. */
static void note_event(const struct running *running)
{
    const struct procedure *procedure = &running->procedure;
    struct heat_event event = {.table = procedure->table_name,
        .tablet_id = procedure->source_count ? procedure->sources[0] : SPAN_EMPTY,
        .reason = procedure->reason.size ? procedure->reason
                                         : SPAN_LITERAL("begun by an earlier master")};
    struct master *master = running->master;
    if (!master->config.heat || running->has_failed)
        return;
    if (procedure->kind == PROCEDURE_SPLIT && procedure->tablet_count > 1) {
        event.kind = HEAT_SPLIT;
        event.key = procedure->tablets[1].start_row;
    } else if (procedure->kind == PROCEDURE_MERGE && procedure->tablet_count > 0) {
        event.kind = HEAT_MERGE;
        event.tablet_id = span_string(procedure->tablets[0].id);
        event.key = procedure->tablets[0].start_row;
    } else if (procedure->kind == PROCEDURE_MOVE) {
        event.kind = HEAT_MOVE;
        event.from = procedure->came_from;
        const struct assigned_tablet *tablet = assignment_find(
            &master->catalogue.assignment, event.tablet_id);
        if (tablet)
            event.key = tablet->info.start_row;
        if (tablet && tablet->server)
            event.to = span_string(tablet->server->text);
    } else {
        return;
    }
    heat_board_note(master->config.heat, &event);
}

#define SPLIT_PAUSE_NS      10000000000ull /* after a split that failed, twice that after the next ... */
#define SPLIT_PAUSE_DOUBLES 6

/* Its server asks for it in every report, each second, and may go on asking for ever: all of it may be one row. */
static void note_failed_split(const struct running *running)
{
    struct master *master = running->master;
    const struct procedure *procedure = &running->procedure;
    if (procedure->kind != PROCEDURE_SPLIT || !running->has_failed || procedure->source_count == 0)
        return;
    struct assigned_tablet *tablet = assignment_find(
        &master->catalogue.assignment, procedure->sources[0]);
    if (!tablet)
        return;
    tablet->split_after_ns = env_monotonic_ns(master->env) +
                             (SPLIT_PAUSE_NS << tablet->split_failures);
    if (tablet->split_failures < SPLIT_PAUSE_DOUBLES)
        tablet->split_failures++;
}

static void finish(struct running *running)
{
    struct master *master = running->master;
    struct error error = {0};
    char name[32];
    if (running->is_answer_due)
        master_cancel(master, &running->answer_task);
    note_event(running);
    note_failed_split(running);
    note_result(running, PROCEDURE_FINISHED);
    answer(running); /* all that counts is on disk: taken up once more, it would find itself done */
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
    set_locks(running, 0);
    struct running **at = &master->procedures;
    while (*at != running)
        at = &(*at)->next;
    *at = running->next;
    procedure_running_free(running);
    master_start_go_on(master);
    if (master->has_unsettled && master->tenure == TENURE_SERVING)
        master_settle_tables(master);
    master_wake(master);
    master_assign_idle(master);
}

/* The state, on disk before its action. */
static enum status write_state(struct running *running, struct error *error)
{
    struct buffer bytes = {0};
    char name[32];
    uint64_t version = running->procedure.version;
    snprintf(name, sizeof name, "%020" PRIu64, running->procedure.id);
    running->procedure.epoch = atomic_load(&running->master->epoch);
    procedure_encode(&running->procedure, &bytes);
    enum status status = buffer_status(&bytes);
    if (!status)
        status = master_document_commit(running->master->store, CHAIN_PROCEDURE, span_string(name),
            &version, buffer_span(&bytes), error);
    if (!status)
        running->procedure.version = (uint32_t)version;
    buffer_deinit(&bytes);
    return status;
}

static void again_later(struct running *running)
{
    uint64_t delay = RETRY_DELAY_NS << (running->retries < 5 ? running->retries : 5);
    if (delay > RETRY_DELAY_MAX_NS)
        delay = RETRY_DELAY_MAX_NS;
    running->retries++;
    running->is_delayed = true;
    master_after(running->master, &running->task, delay);
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

/* Takes the decision over; true when its action is to be done. */
static bool decide(struct running *running)
{
    struct procedure *procedure = &running->procedure;
    struct procedure_decision decision = procedure_step(procedure, running->event);
    if (running->event == PROCEDURE_FAILED || running->event == PROCEDURE_GONE ||
        running->event == PROCEDURE_PASSED) {
        log_line(LOG_WARN, "procedure.failed",
            "id=%" PRIu64 " kind=%s action=\"%s\" undoing=%d error=\"%s\"", procedure->id,
            procedure_kind_name(procedure->kind), procedure_action_name(running->action),
            decision.is_undoing, running->part_error.message);
        if (decision.has_failed && !running->has_failed) {
            running->has_failed = true;
            running->failure = running->part_error;
        }
    } else {
        running->retries = 0;
    }
    if (procedure->version == 0 ||
        (decision.is_state_due &&
            (decision.step != procedure->step || decision.is_undoing != procedure->is_undoing)))
        running->is_state_due = true;
    procedure->step = decision.step;
    procedure->is_undoing = decision.is_undoing;
    running->action = decision.action;
    running->updated_ms = env_wall_ms(running->master->env);
    if (decision.is_delayed) {
        running->event = PROCEDURE_BEGIN;
        again_later(running);
    } else if (decision.action == ACTION_FINISH) {
        finish(running);
    } else {
        return true;
    }
    return false;
}

static void turn(struct task *task)
{
    struct running *running = running_of(task);
    struct error error = {0};
    running->is_delayed = false;
    if (!master_came_back(running->master))
        return; /* its state is on disk; freed at the end of the tenure */
    if (!decide(running))
        return;
    enum status status = running->is_state_due ? write_state(running, &error) : STATUS_OK;
    if (status) {
        if (status == STATUS_SUPERSEDED)
            master_lost(running->master, &error);
        else
            state_not_written(running, &error);
        return;
    }
    running->is_state_due = false;
    pause_point("procedure.action.before");
    running->part_status = STATUS_OK;
    error_clear(&running->part_error);
    master_hold(running->master);
    procedure_do(running, running->action);
}

/* What an action's outcome is to the procedure. */
static enum procedure_event event_of(const struct running *running)
{
    if (!running->part_status)
        return PROCEDURE_DONE;
    if (running->part_status == STATUS_NOT_FOUND && running->procedure.table_id[0] &&
        !catalogue_find_id_locked(&running->master->catalogue, running->procedure.table_id))
        return PROCEDURE_GONE;
    bool is_passed = running->action == ACTION_OPEN_SOURCES && running->procedure.is_undoing &&
                     running->part_status == STATUS_WRONG_STATE;
    return is_passed ? PROCEDURE_PASSED : PROCEDURE_FAILED;
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
    running->event = event_of(running);
    master_back(running->master, &running->task);
}
