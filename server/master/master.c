#include "server/master/master.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "proto/exception_class.h"
#include "server/master/master_internal.h"

enum status master_new(
    const struct master_config *config, struct master **out_master, struct error *error)
{
    struct master *master = memory_allocate_zeroed(1, sizeof *master);
    if (!master)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the master");
    master->env = config->env;
    master->store = config->store;
    master->tablets = config->tablets;
    master->name = config->name;
    catalogue_init(&master->catalogue);
    mutex_init(&master->results_mutex, LOCK_RANK_MASTER);
    master->results = memory_allocate_zeroed(RESULTS_KEPT, sizeof *master->results);
    enum status status = master->results
                             ? STATUS_OK
                             : error_set(error, STATUS_NO_MEMORY, "no memory for the master");
    /* ids rise over restarts: a client that asks for an old one must not meet a new one */
    master->last_procedure_id = (uint64_t)env_wall_ms(config->env) << 10;
    if (!status)
        status = master_load(master, error);
    if (!status)
        status = env_executor_new(config->env, "master", 1, &master->executor, error);
    if (status) {
        master_free(master);
        return status;
    }
    *out_master = master;
    return STATUS_OK;
}

void master_free(struct master *master)
{
    if (!master)
        return;
    atomic_store(&master->is_stopping, true);
    if (master->executor)
        executor_free(master->executor);
    while (master->procedures) {
        struct running *running = master->procedures;
        master->procedures = running->next;
        procedure_running_free(running);
    }
    served_tablet_unref(master->meta);
    catalogue_deinit(&master->catalogue);
    mutex_deinit(&master->results_mutex);
    memory_free(master->results);
    memory_free(master);
}

void master_start(struct master *master,
    void (*ready)(void *context, enum status status, const struct error *error), void *context)
{
    master->ready = ready;
    master->ready_context = context;
    master->start_task.run = master_run_start;
    executor_submit(master->executor, &master->start_task);
}

bool master_is_ready(const struct master *master)
{
    return atomic_load(&master->is_ready);
}

void master_stop(struct master *master)
{
    atomic_store(&master->is_stopping, true);
}

struct catalogue *master_catalogue(struct master *master)
{
    return &master->catalogue;
}

const char *master_exception_of(enum status status)
{
    switch (status) {
    case STATUS_INVALID:
    case STATUS_LIMIT:
    case STATUS_UNSUPPORTED:
        return EXCEPTION_DO_NOT_RETRY_IO;
    case STATUS_EXISTS:
        return EXCEPTION_TABLE_EXISTS;
    case STATUS_NOT_FOUND:
        return EXCEPTION_TABLE_NOT_FOUND;
    default:
        return EXCEPTION_IO;
    }
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

/* The request's turn on the executor. */
static void run_request(struct task *task)
{
    struct master_request *request =
        (struct master_request *)((char *)task - offsetof(struct master_request, task));
    struct master *master = request->master;
    if (atomic_load(&master->is_stopping)) {
        master_refuse(request, EXCEPTION_PLEASE_HOLD, "Master is stopping");
        return;
    }
    uint64_t earlier = master_find_nonce(master, request->nonce_group, request->nonce);
    if (earlier) {
        master_answer(request, earlier);
        return;
    }
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

void master_keep_result(struct master *master, uint64_t id, const struct master_request *request,
    const struct procedure_result *result)
{
    mutex_lock(&master->results_mutex);
    struct kept_result *kept = NULL;
    size_t from = master->result_count > RESULTS_KEPT ? master->result_count - RESULTS_KEPT : 0;
    for (size_t i = from; i < master->result_count && !kept; i++)
        if (master->results[i % RESULTS_KEPT].id == id)
            kept = &master->results[i % RESULTS_KEPT];
    if (!kept) {
        kept = &master->results[master->result_count++ % RESULTS_KEPT];
        memset(kept, 0, sizeof *kept);
    }
    kept->id = id;
    kept->result = *result;
    if (request) {
        kept->nonce_group = request->nonce_group;
        kept->nonce = request->nonce;
    }
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
    size_t from = master->result_count > RESULTS_KEPT ? master->result_count - RESULTS_KEPT : 0;
    for (size_t i = from; i < master->result_count; i++) {
        const struct kept_result *kept = &master->results[i % RESULTS_KEPT];
        if (kept->id == procedure_id && (kept->result.state == PROCEDURE_RUNNING ||
                                            now - kept->result.updated_ms < RESULTS_KEPT_MS))
            *out_result = kept->result;
    }
    mutex_unlock(&master->results_mutex);
}
