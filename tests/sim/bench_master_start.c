/* The real master with very many tablets on very many servers: how long until it leads, what it costs.
 *
 *   bench_master_start [TABLETS [SERVERS]]      100000 and 1000
 *
 * On a fleet of models (model_fleet.h), which say yes at once, in real time. Told: the first start, in which every
 * tablet is placed and opened and hbase:meta is written; the start of a master that takes over while all are open,
 * which is the figure; a step of the balancer; the reports of all servers, due each second; memory, by phase. Run by
 * hand, release build; exit 1 over the limits below. */
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "tests/sim/model_fleet.h"

#define LOAD_COUNTS_S  13 /* so long after a tablet opened its load is a mean (balancer.c) */
#define TAKE_OVER_MOST 5.0
#define STEP_MOST_S    1.0
#define MEMORY_MOST_MB 500.0

static bool rows_are_written(struct fleet *fleet)
{
    static uint64_t before, since_ns; /* nothing is sent any more, for a while */
    uint64_t now_ns = env_monotonic_ns(fleet->env), commands = atomic_load(&fleet->commands);
    if (commands != before) {
        before = commands;
        since_ns = now_ns;
    }
    return now_ns - since_ns > 500000000;
}

static double lead(struct fleet *fleet, uint64_t epoch, bool is_first)
{
    uint64_t began_ns = env_monotonic_ns(fleet->env);
    atomic_store(&fleet->is_ready, false);
    fleet_show_servers(fleet);
    master_lead(fleet->master, epoch);
    fleet_wait_until(fleet, fleet_leads);
    if (is_first)
        fleet_wait_until(fleet, fleet_all_are_open);
    return (double)(env_monotonic_ns(fleet->env) - began_ns) / 1e9;
}

static _Atomic bool is_done;

static void on_request_done(struct master_request *request)
{
    (void)request;
    atomic_store(&is_done, true);
}

static bool is_answered(struct fleet *fleet)
{
    (void)fleet;
    return atomic_load(&is_done);
}

static double balance(struct fleet *fleet, size_t *out_moves)
{
    struct master_request request = {
        .operation = MASTER_BALANCE, .is_dry_run = true, .done = on_request_done};
    atomic_store(&is_done, false);
    uint64_t began_ns = env_monotonic_ns(fleet->env);
    master_submit(fleet->master, &request);
    fleet_wait_until(fleet, is_answered);
    *out_moves = request.moves_calculated;
    return (double)(env_monotonic_ns(fleet->env) - began_ns) / 1e9;
}

/* Uneven: by server. */
static void load_of(
    const struct fleet *fleet, const struct fleet_tablet *tablet, struct tablet_report *out_report)
{
    size_t server = (size_t)(tablet->server - fleet->servers);
    out_report->load[VIEW_REQUESTS] = (float)(tablet->number % 97 * (server % 3 + 1));
    out_report->size_bytes = tablet->number % 1000 << 20;
}

/* What all servers say in a second. */
static double report_all(struct fleet *fleet)
{
    uint64_t began_ns = env_monotonic_ns(fleet->env);
    for (size_t i = 0; i < fleet->server_count; i++)
        fleet_must(fleet_report(fleet, &fleet->servers[i], load_of), NULL);
    return (double)(env_monotonic_ns(fleet->env) - began_ns) / 1e9;
}

int main(int argc, char **argv)
{
    struct fleet fleet;
    size_t tablets = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    size_t servers = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
    size_t moves, moves_again;
    log_set_level(LOG_ERROR);
    fleet_make(&fleet, env_real(), tablets, servers);
    malloc_trim(0);
    double without = fleet_resident_mb();
    double first = lead(&fleet, 1, true);
    fleet_wait_until(&fleet, rows_are_written);
    double most_first = fleet_most_mb();
    nanosleep(&(struct timespec){LOAD_COUNTS_S, 0}, NULL);
    double settled = balance(&fleet, &moves);
    double reports = report_all(&fleet);
    double step = balance(&fleet, &moves_again);
    struct store_statistics statistics;
    store_statistics_read(fleet.store, &statistics);
    double steady = fleet_resident_mb();
    master_depose(fleet.master);
    double again = lead(&fleet, 2, false);
    double most = fleet_most_mb();
    malloc_trim(0);
    printf("%zu tablets on %zu servers\n"
           "  placed, opened and written to hbase:meta in %.2f s\n"
           "  taken over by the next master in %.2f s\n"
           "  a step of the balancer %.3f s (%zu moves planned), under load %.3f s (%zu)\n"
           "  reports of all servers: %.3f s of each second\n"
           "  memory: %.0f MB before; at most %.0f MB in the first start, %.0f MB in all; steady "
           "%.0f MB, after the take-over %.0f MB\n"
           "  (of these the real tablet server's memtables, with hbase:meta: %.0f MB)\n",
        tablets, servers, first, again, settled, moves, step, moves_again, reports, without,
        most_first, most, steady, fleet_resident_mb(), (double)statistics.memtable_bytes / 1e6);
    fflush(stdout);
    fleet_remove(&fleet);
    bool is_over = again > TAKE_OVER_MOST || step > STEP_MOST_S || most > MEMORY_MOST_MB;
    if (is_over)
        fprintf(stderr, "bench_master_start: over a limit: %.0f s, %.0f s a step, %.0f MB\n",
            TAKE_OVER_MOST, STEP_MOST_S, MEMORY_MOST_MB);
    _Exit(is_over);
}
