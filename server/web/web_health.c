/* Is it alive, may it be asked? For those who start and stop processes (docs/operations.md).
 *
 * Alive: every event loop and the master's executor have turned lately; all of it read from atomics on the web's own
 * thread, so that it answers when nothing else does. Ready: it serves what its role serves. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "server/coordination/coordination.h"
#include "server/net/loop.h"
#include "server/web/web_handlers.h"

#define STUCK_NS 5000000000ull

struct checks {
    struct buffer text;
    bool is_verbose, has_failed;
};

/* A line a check: all of them, or those that failed. */
static void note(struct checks *checks, const char *name, bool is_ok, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void note(struct checks *checks, const char *name, bool is_ok, const char *format, ...)
{
    char reason[ERROR_MESSAGE_SIZE];
    va_list arguments;
    checks->has_failed = checks->has_failed || !is_ok;
    if (is_ok && !checks->is_verbose)
        return;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    buffer_put_format(&checks->text, "[%c]%s %s\n", is_ok ? '+' : '-', name, is_ok ? "ok" : reason);
}

static void note_tick(struct checks *checks, const char *name, uint64_t ticked_ns, uint64_t now_ns)
{
    uint64_t age_ns = ticked_ns && now_ns > ticked_ns ? now_ns - ticked_ns : 0; /* 0: not begun */
    note(checks, name, age_ns < STUCK_NS, "has not turned for %" PRIu64 " s", age_ns / 1000000000);
}

static void check_alive(const struct web_call *call, struct checks *checks)
{
    const struct web_service *service = call->service;
    uint64_t now_ns = env_monotonic_ns(service->env);
    for (size_t i = 0; i < service->loop_count; i++) {
        char name[24];
        snprintf(name, sizeof name, "loop-%zu", i);
        note_tick(checks, name,
            atomic_load_explicit(&service->loops[i]->ticked_ns, memory_order_relaxed), now_ns);
    }
    if (service->hbase->master)
        note_tick(checks, "master-loop", master_ticked_ns(service->hbase->master), now_ns);
}

static void check_tablets(struct web_service *service, struct checks *checks)
{
    const struct hbase_service *hbase = service->hbase;
    if (service->role == SERVER_MASTER)
        return;
    note(checks, "log", !store_is_read_only(hbase->store),
        "no space is left for it: writes are refused");
    /* of the start: later tablets come and go while it serves the others */
    size_t opening = atomic_load(&service->has_loaded)
                         ? 0
                         : tablet_service_opening_count(hbase->tablets);
    if (opening == 0)
        atomic_store(&service->has_loaded, true);
    note(checks, "tablets", opening == 0, "%zu are being opened", opening);
}

static void check_cluster(const struct web_service *service, struct checks *checks)
{
    const struct hbase_service *hbase = service->hbase;
    const struct coordination_view *view = coordination_view_get(hbase->coordination);
    if (service->role != SERVER_STANDALONE)
        note(checks, "coordination", view->is_connected, "ZooKeeper cannot be reached");
    if (service->role == SERVER_TABLETS)
        note(checks, "registered", coordination_names_have(&view->servers, &hbase->name),
            "the cluster does not see this server");
    bool is_backup = coordination_names_have(&view->backups, &hbase->name);
    if (hbase->master && !is_backup)
        note(checks, "master", master_is_ready(hbase->master),
            view->is_leading ? "hbase:meta cannot be read yet" : "it neither leads nor waits to");
    coordination_view_unref(view);
}

static enum web_outcome answer(struct web_call *call, struct checks *checks)
{
    if (!checks->has_failed && !checks->is_verbose)
        buffer_put(&checks->text, SPAN_LITERAL("ok\n"));
    call->answer.body = checks->text;
    call->answer.status = checks->has_failed ? 503 : 200;
    call->answer.type = "text/plain; charset=utf-8";
    return WEB_DONE;
}

static bool begin(struct web_call *call, struct checks *checks)
{
    struct error error = {0};
    if (!web_request_flag(&call->request, "verbose", &checks->is_verbose, &error))
        return true;
    web_fail_error(call, &error);
    return false;
}

enum web_outcome web_get_livez(struct web_call *call)
{
    struct checks checks = {0};
    if (!begin(call, &checks))
        return WEB_DONE;
    check_alive(call, &checks);
    return answer(call, &checks);
}

enum web_outcome web_get_readyz(struct web_call *call)
{
    struct checks checks = {0};
    if (!begin(call, &checks))
        return WEB_DONE;
    check_alive(call, &checks);
    note(&checks, "stopping", !atomic_load(&call->service->hbase->is_stopping), "it stops");
    check_tablets(call->service, &checks);
    check_cluster(call->service, &checks);
    return answer(call, &checks);
}
