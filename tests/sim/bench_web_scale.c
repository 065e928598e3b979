/* What the web port's answers cost on a very large cluster, and how long they keep the master out of its catalogue.
 *
 *   bench_web_scale [TABLETS [SERVERS]]      100000 and 1000
 *
 * The real master over a fleet of models (model_fleet.h), every tablet busy and its heat on the board. Each address is
 * asked for as the web port does it, on this thread; meanwhile another takes the catalogue's mutex every 100 us, as the
 * master and the servers' reports do, and its longest wait is told beside the time. Run by hand, release build; exit 1
 * when an answer takes over ANSWER_MOST_MS or a wait is over WAIT_MOST_MS. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/heat/heat_board.h"
#include "server/net/loop.h"
#include "server/web/web_call.h"
#include "server/web/web_server.h"
#include "tests/sim/model_heat.h"

#define ANSWER_MOST_MS 200
#define WAIT_MOST_MS   50
#define REPEATS        3
#define BEGIN_S        21 /* a board that has just begun waits so long for servers */

/* ---- Who else wants the catalogue ---- */

struct prober {
    struct task task; /* first */
    struct fleet *fleet;
    _Atomic bool is_ending;
    _Atomic uint64_t longest_ns;
};

static void probe(struct task *task)
{
    struct prober *prober = (struct prober *)task;
    struct catalogue *catalogue = master_catalogue(prober->fleet->master);
    while (!atomic_load(&prober->is_ending)) {
        uint64_t began_ns = env_monotonic_ns(prober->fleet->env);
        mutex_lock(&catalogue->mutex);
        mutex_unlock(&catalogue->mutex);
        uint64_t took_ns = env_monotonic_ns(prober->fleet->env) - began_ns;
        if (took_ns > atomic_load(&prober->longest_ns))
            atomic_store(&prober->longest_ns, took_ns);
        nanosleep(&(struct timespec){0, 100000}, NULL);
    }
}

/* ---- Asking ---- */

static bool ask(struct web_service *service, struct prober *prober, const char *target)
{
    for (size_t i = 0; i < prober->fleet->server_count; i++) /* 5 s have passed */
        model_heat_tell(prober->fleet, service->hbase->heat, &prober->fleet->servers[i]);
    double best_ms = 1e9, worst_ms = 0;
    size_t size = 0;
    atomic_store(&prober->longest_ns, 0);
    for (int i = 0; i < REPEATS; i++) {
        struct web_call call = {.service = service};
        struct error error = {0};
        call.request.host = SPAN_LITERAL("localhost");
        uint64_t began_ns = env_monotonic_ns(service->env);
        fleet_must(
            web_request_parse(span_string(target), &call.arena, &call.request, &error), &error);
        const struct web_route *route = web_call_begin(&call);
        if (!route || web_route_run(route, &call) != WEB_DONE || call.answer.status != 200) {
            struct span body = buffer_span(&call.answer.body);
            fprintf(stderr, "%s: %d %.*s\n", target, call.answer.status, (int)body.size,
                body.data ? (const char *)body.data : "");
            exit(1);
        }
        double took_ms = (double)(env_monotonic_ns(service->env) - began_ns) / 1e6;
        best_ms = took_ms < best_ms ? took_ms : best_ms;
        worst_ms = took_ms > worst_ms ? took_ms : worst_ms;
        size = buffer_span(&call.answer.body).size;
        web_call_deinit(&call);
    }
    double wait_ms = (double)atomic_load(&prober->longest_ns) / 1e6;
    bool is_over = worst_ms > ANSWER_MOST_MS || wait_ms > WAIT_MOST_MS;
    printf("  %-62s %8.1f %8.1f %8.1f %9.1f%s\n", target, best_ms, worst_ms, wait_ms,
        (double)size / 1e3, is_over ? "  !" : "");
    fflush(stdout);
    return !is_over;
}

int main(int argc, char **argv)
{
    static const char *const targets[] = {"/metrics", "/api/v1/cluster", "/api/v1/servers",
        "/api/v1/servers/server:2", "/api/v1/tables", "/api/v1/tables?sort=-size_bytes",
        "/api/v1/tables/t", "/api/v1/tables/t/tablets",
        "/api/v1/tables/t/tablets?sort=-requests_per_s&limit=1000&after=50000",
        "/api/v1/tables/t/tablets?filter=ffff", "/api/v1/hot-tablets",
        "/api/v1/hot-tablets?table=t&limit=1000", "/api/v1/hot-tablets?server=server%2C2%2C1000",
        "/api/v1/hot-rows", "/api/v1/hot-rows?table=t&limit=256", "/api/v1/keyvis?table=t",
        "/api/v1/keyvis?table=t&rows=1024&columns=1024&from=-86400",
        "/api/v1/keyvis/cell?table=t&start=000000001000&end=000000001100", "/api/v1/events",
        "/api/v1/balancer", NULL};
    static struct hbase_service hbase;
    struct fleet fleet;
    struct loop *loops[1] = {NULL};
    size_t tablets = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    size_t servers = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
    struct error error = {0};
    bool is_fine = true;
    log_set_level(LOG_ERROR);
    fleet_make(&fleet, env_real(), tablets, servers);
    fleet_show_servers(&fleet);
    master_lead(fleet.master, 1);
    fleet_wait_until(&fleet, fleet_leads);
    fleet_wait_until(&fleet, fleet_all_are_open);
    for (size_t i = 0; i < fleet.server_count; i++)
        fleet_must(fleet_report(&fleet, &fleet.servers[i], model_heat_load), NULL);
    model_heat_serve(&fleet, &hbase);
    model_heat_tell(&fleet, hbase.heat, &fleet.servers[0]);
    nanosleep(&(struct timespec){BEGIN_S, 0}, NULL);
    struct web_service service = {
        .env = fleet.env, .hbase = &hbase, .role = SERVER_MASTER, .loops = loops};
    struct prober prober = {.task.run = probe, .fleet = &fleet};
    struct executor *executor;
    fleet_must(env_executor_new(fleet.env, "prober", 1, &executor, &error), &error);
    executor_submit(executor, &prober.task);
    printf("%zu tablets on %zu servers; ms: best and worst of %d, longest wait for the catalogue "
           "meanwhile; KB\n",
        tablets, servers, REPEATS);
    for (size_t i = 0; targets[i]; i++)
        is_fine = ask(&service, &prober, targets[i]) && is_fine;
    atomic_store(&prober.is_ending, true);
    executor_free(executor);
    fflush(stdout);
    fleet_remove(&fleet);
    if (!is_fine)
        fprintf(stderr, "bench_web_scale: over a limit: %d ms an answer, %d ms a wait\n",
            ANSWER_MOST_MS, WAIT_MOST_MS);
    _Exit(!is_fine);
}
