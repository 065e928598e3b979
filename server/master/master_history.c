#include "server/master/master_history.h"

#include <stdio.h>
#include <string.h>

#include "base/log_lines.h"
#include "server/master/history_document.h"

#define WRITE_PERIOD_NS  1000000000ull
#define FAILED_PERIOD_NS 30000000000ull
#define MOVES_KEPT_MS    (24 * 60 * 60 * 1000ll)

static void copy_text(char *out, size_t size, struct span text)
{
    snprintf(out, size, "%.*s", (int)text.size, text.size ? (const char *)text.data : "");
}

/* ---- Reading ---- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* As results have it. NULL: a newer program's. */
static const char *kind_named(struct span name)
{
    for (unsigned kind = 1; kind <= PROCEDURE_LAST; kind++)
        if (span_equal(name, span_string(procedure_kind_name((enum procedure_kind)kind))))
            return procedure_kind_name((enum procedure_kind)kind);
    return master_namespace_kind_named(name);
}

static void take_procedure(struct master *master, const struct history_procedure *procedure)
{
    int64_t now_ms = env_wall_ms(master->env);
    /* what a clock that was ahead has seen end would be kept until then */
    int64_t ended_ms = earlier(procedure->ended_ms, now_ms);
    struct kept_result kept = {.id = procedure->id,
        .nonce_group = procedure->nonce_group,
        .nonce = procedure->nonce,
        .asked_ms = earlier(procedure->asked_ms, now_ms),
        .result = {.state = PROCEDURE_FINISHED,
            .kind = kind_named(procedure->kind),
            .submitted_ms = earlier(procedure->submitted_ms, ended_ms),
            .updated_ms = ended_ms}};
    if (procedure->exception_class.size) {
        kept.result.exception_class = master_exception_named(procedure->exception_class);
        copy_text(kept.result.message, sizeof kept.result.message, procedure->message);
    }
    if (kept.result.kind && now_ms - ended_ms < RESULTS_KEPT_MS)
        master_take_result(master, &kept);
    if (procedure->id > master->last_procedure_id) /* a clock may have been set back */
        master->last_procedure_id = procedure->id;
}

static void take_move(struct master *master, const struct history_move *move)
{
    struct balance_record record = {
        .time_ms = move->time_ms, .gain = move->gain, .is_begun = move->is_begun};
    copy_text(record.tablet, sizeof record.tablet, move->tablet);
    copy_text(record.table, sizeof record.table, move->table);
    copy_text(record.from, sizeof record.from, move->from);
    copy_text(record.to, sizeof record.to, move->to);
    copy_text(record.reason, sizeof record.reason, move->reason);
    if (env_wall_ms(master->env) - move->time_ms < MOVES_KEPT_MS)
        balance_log_take(&master->balance_log, &record);
}

static void take_run(struct master *master, const struct history_head *head)
{
    struct balance_run run = {.time_ms = head->run_ms,
        .runs = head->runs,
        .runs_with_moves = head->runs_with_moves,
        .moves = head->moves,
        .worst_share = head->worst_share,
        .potential = head->potential};
    copy_text(run.verdict, sizeof run.verdict, head->verdict);
    balance_log_take_run(&master->balance_log, &run);
}

static enum status take_payload(
    struct master *master, struct span bytes, uint64_t *out_epoch, struct error *error)
{
    struct history_head head;
    struct history_procedure procedure;
    struct history_move move;
    enum status status = history_take_head(&bytes, &head, error);
    if (status)
        return status;
    *out_epoch = head.epoch;
    take_run(master, &head);
    for (uint64_t i = 0; i < head.procedure_count; i++) {
        status = history_take_procedure(&bytes, &procedure, error);
        if (status)
            return status;
        take_procedure(master, &procedure);
    }
    for (uint64_t i = 0; i < head.move_count; i++) {
        status = history_take_move(&bytes, &move, error);
        if (status)
            return status;
        take_move(master, &move);
    }
    return history_take_end(bytes, error);
}

struct reading {
    struct master *master;
    uint64_t epoch;
};

static enum status see_document(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    struct reading *reading = context;
    if (!span_equal(name, SPAN_LITERAL(HISTORY_NAME)))
        return STATUS_OK;
    reading->master->history.version = version;
    return take_payload(reading->master, bytes, &reading->epoch, error);
}

/* Takes in what stands there, and returns the epoch of who wrote it; 0 = nobody, or it cannot be read. */
static uint64_t read_newest(struct master *master)
{
    struct reading reading = {.master = master};
    struct error error = {0};
    enum status status = store_chain_newest(
        master->store, CHAIN_HISTORY, SPAN_LITERAL(HISTORY_NAME), &master->history.version, &error);
    if (!status)
        status = store_chain_list(master->store, CHAIN_HISTORY, see_document, &reading, &error);
    if (status && status != STATUS_NOT_FOUND)
        log_line(LOG_WARN, "history.read", "error=\"%s\"", error.message);
    return reading.epoch;
}

void master_history_read(struct master *master)
{
    master->history.version = 0;
    master->history.next_ns = 0;
    (void)read_newest(master);
}

/* ---- Writing ---- */

static uint64_t put_procedures(struct master *master, struct buffer *out)
{
    int64_t now_ms = env_wall_ms(master->env);
    uint64_t put = 0;
    mutex_lock(&master->results_mutex);
    size_t count = master->result_count;
    for (size_t i = count > HISTORY_WRITTEN ? count - HISTORY_WRITTEN : 0; i < count; i++) {
        const struct kept_result *kept = &master->results[i % RESULTS_KEPT];
        const struct procedure_result *result = &kept->result;
        if (result->state != PROCEDURE_FINISHED || now_ms - result->updated_ms >= RESULTS_KEPT_MS)
            continue;
        struct history_procedure procedure = {.id = kept->id,
            .kind = span_string(result->kind),
            .submitted_ms = result->submitted_ms,
            .ended_ms = result->updated_ms,
            .asked_ms = kept->asked_ms,
            .nonce_group = kept->nonce_group,
            .nonce = kept->nonce};
        if (result->exception_class) {
            procedure.exception_class = span_string(result->exception_class);
            procedure.message = span_string(result->message);
        }
        history_put_procedure(out, &procedure);
        put++;
    }
    mutex_unlock(&master->results_mutex);
    return put;
}

static uint64_t put_moves(struct master *master, struct buffer *out)
{
    struct balance_log *log = &master->balance_log;
    int64_t now_ms = env_wall_ms(master->env);
    uint64_t put = 0, count = balance_log_count(log);
    for (uint64_t i = count > BALANCE_LOG_KEPT ? count - BALANCE_LOG_KEPT : 0; i < count; i++) {
        struct balance_record record;
        if (!balance_log_read(log, i, &record) || now_ms - record.time_ms >= MOVES_KEPT_MS)
            continue;
        struct history_move move = {.time_ms = record.time_ms,
            .tablet = span_string(record.tablet),
            .table = span_string(record.table),
            .from = span_string(record.from),
            .to = span_string(record.to),
            .reason = span_string(record.reason),
            .gain = record.gain,
            .is_begun = record.is_begun};
        history_put_move(out, &move);
        put++;
    }
    return put;
}

/* Into history->bytes. */
static enum status put_all(struct master *master)
{
    struct buffer procedures = {0}, moves = {0}, *out = &master->history.bytes;
    struct balance_run run;
    balance_log_last(&master->balance_log, &run);
    struct history_head head = {.epoch = atomic_load(&master->epoch),
        .run_ms = run.time_ms,
        .worst_share = run.worst_share,
        .potential = run.potential,
        .verdict = span_string(run.verdict),
        .runs = run.runs,
        .runs_with_moves = run.runs_with_moves,
        .moves = run.moves};
    head.procedure_count = put_procedures(master, &procedures);
    head.move_count = put_moves(master, &moves);
    buffer_reset(out);
    history_put_head(out, &head);
    buffer_put(out, buffer_span(&procedures));
    buffer_put(out, buffer_span(&moves));
    enum status status = buffer_status(&procedures);
    status = status ? status : buffer_status(&moves);
    buffer_deinit(&procedures);
    buffer_deinit(&moves);
    return status ? status : buffer_status(out);
}

static void commit(struct master_history *history, struct master *master)
{
    error_clear(&history->error);
    history->status = store_chain_commit(master->store, CHAIN_HISTORY, SPAN_LITERAL(HISTORY_NAME),
        history->version + 1, buffer_span(&history->bytes), &history->error);
}

/* What came of it. */
static void committed(struct master *master)
{
    struct master_history *history = &master->history;
    buffer_deinit(&history->bytes);
    if (!history->status) {
        history->version++;
        return;
    }
    if (history->status == STATUS_SUPERSEDED) { /* or it was ours, and its answer got lost */
        history->is_due = read_newest(master) <= atomic_load(&master->epoch);
        return;
    }
    history->is_due = true;
    history->next_ns = env_monotonic_ns(master->env) + FAILED_PERIOD_NS;
    log_line(LOG_WARN, "history.write", "error=\"%s\"", history->error.message);
}

static void run_write(struct master_work *work)
{
    commit((struct master_history *)work, work->master);
}

static void write_done(struct master_work *work, bool is_over)
{
    struct master *master = work->master;
    master->history.is_writing = false;
    committed(master);
    if (is_over)
        master_history_end(master);
}

void master_history_turn(struct master *master)
{
    struct master_history *history = &master->history;
    uint64_t now_ns = env_monotonic_ns(master->env);
    if (!history->is_due || history->is_writing || now_ns < history->next_ns)
        return;
    history->next_ns = now_ns + WRITE_PERIOD_NS;
    if (put_all(master))
        return; /* no memory: later */
    history->is_due = false;
    history->is_writing = true;
    history->work.run = run_write;
    history->work.back = write_done;
    master_work(master, &history->work);
}

void master_history_note(struct master *master)
{
    master->history.is_due = true;
    master_history_turn(master);
}

void master_history_end(struct master *master)
{
    struct master_history *history = &master->history;
    if (!history->is_due || history->is_writing)
        return;
    history->is_due = false; /* once: whoever leads next may be there already */
    if (put_all(master))
        return;
    commit(history, master);
    committed(master);
}
