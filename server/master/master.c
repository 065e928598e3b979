#include "server/master/master.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "base/memory.h"
#include "proto/exception_class.h"
#include "server/master/master_history.h"
#include "server/master/master_settings.h"

static void run_lead(struct task *task);
static void run_servers(struct task *task);

static void init_tenure(struct master *master)
{
    catalogue_init(&master->catalogue);
    meta_access_init(&master->meta);
    master->idle_end = &master->idle;
}

enum status master_new(
    const struct master_config *config, struct master **out_master, struct error *error)
{
    struct master *master = memory_allocate_zeroed(1, sizeof *master);
    if (!master)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the master");
    master->config = *config;
    if (!master->config.stall_ms)
        master->config.stall_ms = LIMIT_DIRECTORY_STALL_MS;
    master->env = config->env;
    master->store = config->store;
    init_tenure(master);
    mutex_init(&master->results_mutex, LOCK_RANK_MASTER);
    balance_log_init(&master->balance_log);
    load_history_init(&master->load_history);
    mutex_init(&master->servers_mutex, LOCK_RANK_MASTER);
    master->lead_task.run = run_lead;
    master->servers_task.run = run_servers;
    master->results = memory_allocate_zeroed(RESULTS_KEPT, sizeof *master->results);
    enum status status = master->results
                             ? STATUS_OK
                             : error_set(error, STATUS_NO_MEMORY, "no memory for the master");
    if (!status)
        status = env_executor_new(config->env, "master", 1, &master->executor, error);
    if (status) {
        master_free(master);
        return status;
    }
    *out_master = master;
    return STATUS_OK;
}

static void free_strangers(struct master *master)
{
    while (master->strangers) {
        struct stranger *one = master->strangers;
        master->strangers = one->next;
        memory_free(one);
    }
}

void master_free(struct master *master)
{
    if (!master)
        return;
    master_stop(master);
    if (master->executor)
        executor_free(master->executor);
    while (master->procedures) {
        struct running *running = master->procedures;
        master->procedures = running->next;
        procedure_running_free(running);
    }
    free_strangers(master);
    catalogue_deinit(&master->catalogue);
    mutex_deinit(&master->results_mutex);
    balance_log_deinit(&master->balance_log);
    load_history_deinit(&master->load_history);
    mutex_deinit(&master->servers_mutex);
    memory_free(master->live);
    memory_free(master->masters);
    memory_free(master->results);
    buffer_deinit(&master->history.bytes);
    memory_free(master);
}

bool master_is_ready(const struct master *master)
{
    return atomic_load(&master->is_ready);
}

struct catalogue *master_catalogue(struct master *master)
{
    return &master->catalogue;
}

uint64_t master_ticked_ns(const struct master *master)
{
    if (!atomic_load_explicit(&master->is_ready, memory_order_acquire))
        return 0;
    return atomic_load_explicit(&master->ticked_ns, memory_order_relaxed);
}

uint64_t master_epoch(const struct master *master)
{
    return atomic_load(&master->epoch);
}

bool master_is_at_work(const struct master *master)
{
    return atomic_load(&master->works) > 0;
}

const struct master_config *master_get_config(const struct master *master)
{
    return &master->config;
}

const char *master_exception_of(enum status status)
{
    switch (status) {
    case STATUS_INVALID:
    case STATUS_LIMIT:
    case STATUS_UNSUPPORTED:
    case STATUS_WRONG_STATE:
        return EXCEPTION_DO_NOT_RETRY_IO;
    case STATUS_EXISTS:
        return EXCEPTION_TABLE_EXISTS;
    case STATUS_NOT_FOUND:
        return EXCEPTION_TABLE_NOT_FOUND;
    default:
        return EXCEPTION_IO;
    }
}

const char *master_exception_named(struct span exception_class)
{
    static const char *const classes[] = {
        EXCEPTION_DO_NOT_RETRY_IO, EXCEPTION_TABLE_EXISTS, EXCEPTION_TABLE_NOT_FOUND};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (span_equal(exception_class, span_string(classes[i])))
            return classes[i];
    return EXCEPTION_IO;
}

/* ---- Tenures ---- */

bool master_is_over(const struct master *master)
{
    return master->tenure == TENURE_NONE || master->tenure == TENURE_ENDING;
}

static void submit_lead(struct master *master)
{
    if (!atomic_exchange(&master->is_lead_queued, true))
        executor_submit(master->executor, &master->lead_task);
}

void master_hold(struct master *master)
{
    atomic_fetch_add(&master->out, 1);
}

void master_back(struct master *master, struct task *task)
{
    executor_submit(master->executor, task);
}

bool master_came_back(struct master *master)
{
    size_t left = atomic_fetch_sub(&master->out, 1) - 1;
    if (master->tenure == TENURE_ENDING && left == 0)
        submit_lead(master); /* which clears the tenure after this task */
    return !master_is_over(master);
}

void master_after(struct master *master, struct task *task, uint64_t delay_ns)
{
    master_hold(master);
    executor_submit_at(master->executor, task, env_monotonic_ns(master->env) + delay_ns);
}

bool master_cancel(struct master *master, struct task *task)
{
    if (!executor_cancel(master->executor, task))
        return false;
    master_came_back(master);
    return true;
}

static void work_back(struct task *task)
{
    struct master_work *work = (struct master_work *)task;
    work->back(work, !master_came_back(work->master));
}

static void work_run(struct task *task)
{
    struct master_work *work = (struct master_work *)task;
    struct master *master = work->master;
    work->run(work);
    work->task.run = work_back;
    master_back(master, &work->task);
    atomic_fetch_sub(&master->works, 1); /* the last look at it from here */
}

void master_work(struct master *master, struct master_work *work)
{
    work->master = master;
    work->task.run = work_run;
    master_hold(master);
    atomic_fetch_add(&master->works, 1);
    executor_submit(store_workers(master->store), &work->task);
}

static void end_tenure(struct master *master)
{
    log_line(LOG_INFO, "master.end", "epoch=%llu", (unsigned long long)atomic_load(&master->epoch));
    atomic_store(&master->is_ready, false);
    master_go_on(master);
    master->tenure = TENURE_ENDING;
    store_collector_enable(master->store, false);
    master_history_end(master);
    master_refuse_waiting(master);
    procedure_abandon_all(master);
    transitions_cancel_all(master);
    meta_access_cancel(master);
    if (master->is_tick_out && master_cancel(master, &master->tick_task))
        master->is_tick_out = false;
}

/* Another master goes on with them: when this one leads again, it must not say for ever that they run, as it last knew. */
static void forget_unfinished(struct master *master)
{
    mutex_lock(&master->results_mutex);
    for (size_t i = 0; i < master->result_count && i < RESULTS_KEPT; i++)
        if (master->results[i].result.state == PROCEDURE_RUNNING)
            memset(&master->results[i], 0, sizeof master->results[i]);
    mutex_unlock(&master->results_mutex);
}

/* Nothing is out any more. */
static void clear_tenure(struct master *master)
{
    forget_unfinished(master);
    free_strangers(master);
    while (master->procedures) {
        struct running *running = master->procedures;
        master->procedures = running->next;
        procedure_running_free(running);
    }
    mutex_lock(&master->catalogue.mutex);
    catalogue_clear_locked(&master->catalogue);
    mutex_unlock(&master->catalogue.mutex);
    meta_access_init(&master->meta);
    master->idle = NULL;
    master->idle_end = &master->idle;
    master->has_more_idle = false;
    master->lists_pending = 0;
    master->is_starting_done = master->has_meta_rows = false;
    master->last_balance_ns = master->last_drain_ns = 0;
    master->last_janitor_ns = master->last_normalize_ns = 0;
    master->proof = (struct stall_proof){0};
    master->tenure = TENURE_NONE;
    atomic_store(&master->epoch, 0);
}

/* Brings what is in line with what was asked. */
static void run_lead(struct task *task)
{
    struct master *master = (struct master *)((char *)task - offsetof(struct master, lead_task));
    atomic_store(&master->is_lead_queued, false);
    uint64_t asked = atomic_load(&master->epoch_asked);
    if (asked == atomic_load(&master->epoch) && master->tenure != TENURE_ENDING)
        return;
    if (master->tenure == TENURE_STARTING || master->tenure == TENURE_SERVING)
        end_tenure(master);
    if (master->tenure == TENURE_ENDING) {
        if (atomic_load(&master->out) > 0)
            return; /* the last one that comes back brings us here again */
        clear_tenure(master);
    }
    if (asked == 0)
        return;
    atomic_store(&master->epoch, asked);
    master->tenure = TENURE_STARTING;
    master->lead_since_ns = env_monotonic_ns(master->env);
    master->settings_version = master->epoch_before = 0;
    atomic_store(&master->switches, master_default_switches());
    /* ids rise over tenures: a client that asks for an old one must not meet a new one */
    uint64_t first = (uint64_t)env_wall_ms(master->env) << 10;
    if (first > master->last_procedure_id)
        master->last_procedure_id = first;
    log_line(LOG_INFO, "master.lead", "epoch=%llu", (unsigned long long)asked);
    master_begin_tenure(master);
}

void master_lead(struct master *master, uint64_t epoch)
{
    if (atomic_load(&master->is_stopping))
        return;
    atomic_store(&master->epoch_asked, epoch);
    submit_lead(master);
}

void master_depose(struct master *master)
{
    atomic_store(&master->is_ready, false);
    master_go_on(master);
    atomic_store(&master->epoch_asked, 0);
    submit_lead(master);
}

void master_lost(struct master *master, const struct error *error)
{
    if (master_is_over(master))
        return;
    log_line(LOG_WARN, "master.superseded", "error=\"%s\"", error->message);
    uint64_t mine = atomic_load(&master->epoch);
    atomic_store(&master->is_ready, false);
    master_go_on(master);
    if (atomic_compare_exchange_strong(&master->epoch_asked, &mine, 0) && master->config.superseded)
        master->config.superseded(master->config.context, mine, error);
    submit_lead(master);
}

void master_stop(struct master *master)
{
    if (!atomic_exchange(&master->is_stopping, true) && master->executor)
        master_depose(master);
}

/* Texts of names; NULL on no memory. */
static char (*texts_of(const struct server_name *names, size_t count))[SERVER_TEXT_SIZE]
{
    char(*texts)[SERVER_TEXT_SIZE] = memory_allocate_zeroed(count ? count : 1, sizeof *texts);
    for (size_t i = 0; texts && i < count; i++)
        snprintf(texts[i], sizeof texts[i], "%.*s,%u,%llu", (int)names[i].host.size,
            (const char *)names[i].host.data, names[i].port,
            (unsigned long long)names[i].start_code);
    return texts;
}

void master_set_servers(struct master *master, const struct server_name *names, size_t count,
    uint64_t absence_counts_from_ns)
{
    char(*live)[SERVER_TEXT_SIZE] = texts_of(names, count);
    if (!live)
        return; /* the view before stands until the next one */
    mutex_lock(&master->servers_mutex);
    memory_free(master->live);
    master->live = live;
    master->live_count = count;
    master->absence_counts_from_ns = absence_counts_from_ns;
    mutex_unlock(&master->servers_mutex);
    if (!atomic_exchange(&master->is_servers_queued, true))
        executor_submit(master->executor, &master->servers_task);
}

void master_set_masters(struct master *master, const struct server_name *names, size_t count)
{
    char(*masters)[SERVER_TEXT_SIZE] = texts_of(names, count);
    if (!masters)
        return;
    mutex_lock(&master->servers_mutex);
    memory_free(master->masters);
    master->masters = masters;
    master->master_count = count;
    mutex_unlock(&master->servers_mutex);
}

static void run_servers(struct task *task)
{
    struct master *master = (struct master *)((char *)task - offsetof(struct master, servers_task));
    atomic_store(&master->is_servers_queued, false);
    if (!master_is_over(master))
        master_servers_changed(master);
}

/* ---- Requests ---- */

void master_answer(struct master_request *request, uint64_t procedure_id)
{
    request->procedure_id = procedure_id;
    request->done(request);
}

void master_refuse(
    struct master_request *request, const char *exception_class, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(request->error.message, sizeof request->error.message, format, arguments);
    va_end(arguments);
    request->exception_class = exception_class;
    request->done(request);
}

/* Whether it makes something new. What ends something may free space, and is tried. */
static bool is_adding(const struct master_request *request)
{
    switch (request->operation) {
    case MASTER_CREATE_TABLE:
    case MASTER_CREATE_NAMESPACE:
    case MASTER_MODIFY_NAMESPACE:
    case MASTER_MODIFY_TABLE:
    case MASTER_ADD_FAMILY:
    case MASTER_MODIFY_FAMILY:
    case MASTER_SNAPSHOT:
    case MASTER_RESTORE_SNAPSHOT:
        return true;
    default:
        return false;
    }
}

/* hbase:meta takes no rows for want of space: what needs one would wait for as long as that lasts. */
static bool is_meta_full(struct master *master)
{
    const struct assigned_tablet *meta = master_meta_tablet(master);
    return meta && meta->server && meta->server->load.full_since_ms != 0;
}

/* The request's turn on the executor. */
static void run_request(struct task *task)
{
    struct master_request *request =
        (struct master_request *)((char *)task - offsetof(struct master_request, task));
    struct master *master = request->master;
    if (master->tenure != TENURE_SERVING || !master_is_ready(master)) {
        master_refuse(request, EXCEPTION_PLEASE_HOLD,
            atomic_load(&master->is_stopping) ? "Master is stopping" : "Master is initializing");
        return;
    }
    uint64_t earlier = master_find_nonce(master, request->nonce_group, request->nonce);
    if (earlier) {
        master_answer(request, earlier);
        return;
    }
    if (is_adding(request) && is_meta_full(master))
        master_refuse(request, EXCEPTION_DO_NOT_RETRY_IO,
            "no space left for the log of hbase:meta: nothing new is made");
    else
        master_begin(master, request);
}

void master_submit(struct master *master, struct master_request *request)
{
    request->master = master;
    request->exception_class = NULL;
    request->procedure_id = 0;
    request->task.run = run_request;
    executor_submit(master->executor, &request->task);
}

/* ---- Results ---- */

static struct kept_result *find_result_locked(struct master *master, uint64_t id)
{
    size_t from = master->result_count > RESULTS_KEPT ? master->result_count - RESULTS_KEPT : 0;
    for (size_t i = from; i < master->result_count; i++)
        if (master->results[i % RESULTS_KEPT].id == id)
            return &master->results[i % RESULTS_KEPT];
    return NULL;
}

void master_keep_result(
    struct master *master, const struct procedure *procedure, const struct procedure_result *result)
{
    mutex_lock(&master->results_mutex);
    struct kept_result *kept = find_result_locked(master, procedure->id);
    if (!kept) {
        kept = &master->results[master->result_count++ % RESULTS_KEPT];
        memset(kept, 0, sizeof *kept);
    }
    kept->id = procedure->id;
    kept->nonce_group = procedure->nonce_group;
    kept->nonce = procedure->nonce;
    kept->result = *result;
    mutex_unlock(&master->results_mutex);
    if (result->state == PROCEDURE_FINISHED)
        master_history_note(master);
}

void master_take_result(struct master *master, const struct kept_result *kept)
{
    mutex_lock(&master->results_mutex);
    if (!find_result_locked(master, kept->id))
        master->results[master->result_count++ % RESULTS_KEPT] = *kept;
    mutex_unlock(&master->results_mutex);
}

uint64_t master_find_nonce(struct master *master, uint64_t nonce_group, uint64_t nonce)
{
    uint64_t found = 0;
    if (nonce == 0)
        return 0;
    mutex_lock(&master->results_mutex);
    size_t from = master->result_count > RESULTS_KEPT ? master->result_count - RESULTS_KEPT : 0;
    for (size_t i = from; i < master->result_count && !found; i++) {
        const struct kept_result *kept = &master->results[i % RESULTS_KEPT];
        if (kept->nonce == nonce && kept->nonce_group == nonce_group)
            found = kept->id;
    }
    mutex_unlock(&master->results_mutex);
    return found;
}

void master_procedure_result(
    struct master *master, uint64_t procedure_id, struct procedure_result *out_result)
{
    int64_t now = env_wall_ms(master->env);
    memset(out_result, 0, sizeof *out_result);
    mutex_lock(&master->results_mutex);
    struct kept_result *kept = find_result_locked(master, procedure_id);
    bool has_ended = kept && kept->result.state == PROCEDURE_FINISHED;
    if (kept && !(has_ended && now - kept->result.updated_ms >= RESULTS_KEPT_MS)) {
        *out_result = kept->result;
        if (has_ended && kept->asked_ms == 0)
            kept->asked_ms = now;
    }
    mutex_unlock(&master->results_mutex);
}
