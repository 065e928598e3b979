#include "server/master/master_view.h"

#include "server/master/master_internal.h"

void master_each_procedure(struct master *master,
    void (*each)(void *context, const struct procedure_view *procedure), void *context)
{
    for (const struct running *one = master->procedures; one; one = one->next) {
        const struct procedure *procedure = &one->procedure;
        struct procedure_view view = {
            .id = procedure->id,
            .kind = procedure_kind_name(procedure->kind),
            .step = procedure_action_name(one->action),
            .table = procedure->table_name,
            .tablets = procedure->sources,
            .tablet_count = procedure->source_count,
            .server = procedure->server,
            .is_waiting = one->is_delayed,
            .failure = one->is_delayed && one->part_error.message[0] ? one->part_error.message
                                                                     : NULL,
            .submitted_ms = procedure->submitted_ms,
            .updated_ms = one->updated_ms,
        };
        each(context, &view);
    }
}

size_t master_waiting_count(const struct master *master)
{
    size_t count = 0;
    for (const struct master_request *one = master->waiting; one; one = one->next)
        count++;
    return count;
}

void master_each_result(struct master *master, size_t limit,
    void (*each)(void *context, uint64_t id, const struct procedure_result *result), void *context)
{
    int64_t now_ms = env_wall_ms(master->env);
    mutex_lock(&master->results_mutex);
    size_t least = master->result_count > RESULTS_KEPT ? master->result_count - RESULTS_KEPT : 0;
    for (size_t i = master->result_count; i-- > least && limit > 0;) {
        const struct kept_result *kept = &master->results[i % RESULTS_KEPT];
        if (kept->result.state != PROCEDURE_FINISHED ||
            now_ms - kept->result.updated_ms >= RESULTS_KEPT_MS ||
            (kept->asked_ms && now_ms - kept->asked_ms >= RESULTS_ASKED_MS))
            continue;
        each(context, kept->id, &kept->result);
        limit--;
    }
    mutex_unlock(&master->results_mutex);
}

struct balance_log *master_balance_log(struct master *master)
{
    return &master->balance_log;
}

struct load_history *master_load_history(struct master *master)
{
    return &master->load_history;
}
