/* Requests to do a chore now: balance, normalize, janitor, cleaner, dead servers. */
#include <string.h>

#include "proto/exception_class.h"
#include "server/master/balancer.h"

static bool is_wanted(void *context, struct span table_name)
{
    const struct master_request *request = context;
    if (request->server_count == 0)
        return true;
    for (size_t i = 0; i < request->server_count; i++)
        if (span_equal(request->servers[i], table_name))
            return true;
    return false;
}

/* The cleaner's pass is on a worker. */
struct cleaning {
    struct master_work work; /* first */
    struct master_request *request;
    enum status status;
    struct error error;
};

static void clean(struct master_work *work)
{
    struct cleaning *cleaning = (struct cleaning *)work;
    cleaning->status = store_collector_run(work->master->store, &cleaning->error);
}

static void cleaned(struct master_work *work, bool is_over)
{
    struct cleaning *cleaning = (struct cleaning *)work;
    if (is_over)
        master_refuse(cleaning->request, EXCEPTION_PLEASE_HOLD, "Master is stopping");
    else if (cleaning->status)
        master_refuse(cleaning->request, EXCEPTION_IO, "%s", cleaning->error.message);
    else
        master_answer(cleaning->request, 0);
}

static void run_cleaner(struct master *master, struct master_request *request)
{
    struct cleaning *cleaning = arena_allocate_zeroed(request->arena, 1, sizeof *cleaning);
    if (!cleaning) {
        master_refuse(request, EXCEPTION_IO, "no memory for the cleaner");
        return;
    }
    cleaning->work = (struct master_work){.run = clean, .back = cleaned};
    cleaning->request = request;
    master_work(master, &cleaning->work);
}

/* Dead servers leave the list; those that live, or are being buried, stay in request->servers. */
static void clear_dead(struct master *master, struct master_request *request)
{
    struct assignment *assignment = &master->catalogue.assignment;
    size_t left = 0;
    mutex_lock(&master->catalogue.mutex);
    for (size_t i = 0; i < request->server_count; i++) {
        struct assigned_server *server = assignment_find_server(assignment, request->servers[i]);
        if (server && server->state == ASSIGNED_SERVER_DEAD && server->tablet_count == 0)
            master_forget_dead_locked(master, server);
        else
            request->servers[left++] = request->servers[i];
    }
    mutex_unlock(&master->catalogue.mutex);
    request->server_count = left;
    master_answer(request, 0);
}

void master_run_chore(struct master *master, struct master_request *request)
{
    switch (request->operation) {
    case MASTER_BALANCE:
        if (!master_setting_is_on(master, SETTING_BALANCER) && !request->is_dry_run)
            request->is_on = false; /* as HBase: it did not run */
        else
            request->is_on = master_balance(
                master, request->is_dry_run, &request->moves_calculated, &request->moves_executed);
        master_answer(request, 0);
        break;
    case MASTER_NORMALIZE:
        request->is_on = master_setting_is_on(master, SETTING_NORMALIZER);
        request->count = request->is_on ? master_normalize(master, is_wanted, request) : 0;
        master_answer(request, 0);
        break;
    case MASTER_RUN_JANITOR:
        request->count = master_run_janitor(master);
        master_answer(request, 0);
        break;
    case MASTER_RUN_CLEANER:
        run_cleaner(master, request);
        break;
    default:
        clear_dead(master, request);
    }
}
