/* The table for people. */
#include <inttypes.h>
#include <math.h>

#include "base/memory.h"
#include "bench/live_line.h"
#include "bench/report.h"
#include "bench/study/skew.h"

static double seconds_of(const struct run_result *run)
{
    return run->elapsed_ns ? (double)run->elapsed_ns / 1e9 : 1e-9;
}

double report_rate(const struct load_outcome *outcome)
{
    return (double)outcome->run.all.operations / seconds_of(&outcome->run);
}

double report_per_operation(uint64_t us, const struct load_outcome *outcome)
{
    uint64_t operations = outcome->run.all.operations;
    return operations ? (double)us / (double)operations : 0;
}

bool report_is_beyond_reach(const struct load_outcome *outcome)
{
    double asked = outcome->settings->pace.rate;
    uint64_t unstarted = outcome->run.unstarted;
    return asked > 0 && (100 * unstarted > outcome->run.all.operations + unstarted ||
                            report_rate(outcome) < 0.98 * asked);
}

struct skew report_tablet_skew(const struct load_outcome *outcome)
{
    const struct watch_figures *watched = &outcome->watched;
    size_t count = watched->tablet_count < SKEW_MOST ? watched->tablet_count : SKEW_MOST;
    double *loads = memory_allocate_zeroed(count + 1, sizeof *loads);
    struct skew skew = {0};
    for (size_t i = 0; loads && i < count; i++)
        loads[i] = (double)(watched->tablets[i].reads + watched->tablets[i].writes);
    if (loads && count)
        skew = skew_of(loads, count);
    memory_free(loads);
    return skew;
}

struct skew report_server_skew(const struct load_outcome *outcome)
{
    double loads[WATCH_SERVERS_MOST];
    for (size_t i = 0; i < outcome->watched.server_count; i++)
        loads[i] = (double)(outcome->watched.servers[i].reads + outcome->watched.servers[i].writes);
    return outcome->watched.server_count ? skew_of(loads, outcome->watched.server_count)
                                         : (struct skew){0};
}

static void print_latencies(FILE *out, const char *name, const struct histogram *histogram)
{
    char text[LATENCY_TEXT];
    double us;
    if (!histogram || histogram_count(histogram) == 0)
        return;
    fprintf(out, "  %-20s %8s", name, latency_text(histogram_mean(histogram) / 1e3, text));
    for (size_t i = 0; i < TALLY_QUANTILES; i++)
        fprintf(out, " %8s",
            latency_text(
                tally_quantile(histogram, tally_quantiles[i].quantile, &us) ? us : NAN, text));
    fprintf(out, " %8s\n", latency_text((double)histogram_max(histogram) / 1e3, text));
}

static void print_table(FILE *out, const struct run_result *run)
{
    bool is_open = run->all.intended != NULL;
    fprintf(out, "\n  %-20s %8s", "latency, ms", "mean");
    for (size_t i = 0; i < TALLY_QUANTILES; i++)
        fprintf(out, " %8s", tally_quantiles[i].name);
    fprintf(out, " %8s\n", "max");
    for (int i = 0; i < OPERATION_COUNT; i++) {
        const struct tally *tally = &run->of[i];
        char name[40];
        print_latencies(out, operation_name((enum operation)i), tally->service);
        snprintf(name, sizeof name, "%s, intended", operation_name((enum operation)i));
        print_latencies(out, name, tally->intended);
    }
    if (is_open)
        fputs("  intended: from when a request should have started at this rate\n", out);
}

static void print_operations(FILE *out, const struct run_result *run)
{
    double seconds = seconds_of(run);
    fprintf(out, "\n  %-20s %12s %12s %10s %10s %12s\n", "operations", "done", "a second", "failed",
        "missing", "rows/s");
    for (int i = 0; i < OPERATION_COUNT; i++) {
        const struct tally *tally = &run->of[i];
        if (tally->operations || tally->failed)
            fprintf(out, "  %-20s %12" PRIu64 " %12.0f %10" PRIu64 " %10" PRIu64 " %12.0f\n",
                operation_name((enum operation)i), tally->operations,
                (double)tally->operations / seconds, tally->failed, tally->missing,
                (double)tally->rows / seconds);
    }
    fprintf(out, "  %-20s %12" PRIu64 " %12.0f %10" PRIu64 " %10" PRIu64 " %12.0f\n", "all",
        run->all.operations, (double)run->all.operations / seconds, run->all.failed,
        run->all.missing, (double)run->all.rows / seconds);
}

/* How well the load kept its own schedule: part of the intended latency that is no server's. */
static void print_pacing(FILE *out, const struct run_result *run)
{
    double middle, p99;
    if (!run->late || !tally_quantile(run->late, 0.5, &middle))
        return;
    fprintf(out, "pacing       this load began its requests %.0f us late (p50)", middle);
    if (tally_quantile(run->late, 0.99, &p99))
        fprintf(out, ", %.0f us (p99)", p99);
    fprintf(out, ", %.0f us at most: its own timers and CPU, not the server\n",
        (double)histogram_max(run->late) / 1e3);
}

static void print_servers(FILE *out, const struct load_outcome *outcome)
{
    const struct watch_figures *watched = &outcome->watched;
    struct skew tablets = report_tablet_skew(outcome), servers = report_server_skew(outcome);
    if (outcome->has_server_cpu)
        fprintf(out, "server CPU   %.2f us an operation, %.2f us a row; resident %.1f MB\n",
            report_per_operation(outcome->server_cpu_us, outcome),
            outcome->run.all.rows ? (double)outcome->server_cpu_us / (double)outcome->run.all.rows
                                  : 0,
            (double)outcome->server_resident_kib / 1024);
    if (watched->tablet_count > 1)
        fprintf(out, "tablets      %zu: the busiest took %.2f times the mean (%.1f %%)\n",
            watched->tablet_count, tablets.max_mean, 100 * tablets.top_share);
    if (watched->server_count > 1)
        fprintf(out, "servers      %zu: the busiest took %.2f times the mean\n",
            watched->server_count, servers.max_mean);
    for (size_t i = 0; i < watched->event_count; i++)
        fprintf(
            out, "event        %6.0f s  %s\n", watched->events[i].at_s, watched->events[i].text);
}

static void print_limits(FILE *out, const struct load_outcome *outcome)
{
    const struct run_result *run = &outcome->run;
    if (report_is_beyond_reach(outcome))
        fprintf(out,
            "beyond reach %.0f operations/s were asked for, %.0f/s were done; %" PRIu64
            " that were due never started\n",
            outcome->settings->pace.rate, report_rate(outcome), run->unstarted);
    else if (run->unstarted)
        fprintf(
            out, "not begun    %" PRIu64 " that were due just before the end\n", run->unstarted);
    if (run->abandoned)
        fprintf(out, "unanswered   %" PRIu64 " requests were in flight when the run was stopped\n",
            run->abandoned);
    if (run->all.failed)
        fprintf(
            out, "failed       %" PRIu64 ", the first: %s\n", run->all.failed, run->first_failure);
    if (run->end != RUN_COMPLETE)
        fprintf(out, "partial      %s\n",
            run->end == RUN_INTERRUPTED ? "the run was interrupted"
                                        : "the server stopped answering");
}

void report_text_print(FILE *out, const struct load_outcome *outcome)
{
    const struct load_settings *settings = outcome->settings;
    const struct run_result *run = &outcome->run;
    double seconds = seconds_of(run);
    fprintf(out, "%s: %s, keys %s (%s), %" PRIu64 " rows%s%s\n", outcome->place,
        settings->preset ? settings->preset : settings->mix_text, settings->keys_text,
        settings->workload.format.is_hashed ? "hashed" : "ordered", settings->workload.rows,
        outcome->watched.version[0] ? "; server version " : "", outcome->watched.version);
    if (outcome->has_fill)
        fprintf(out, "fill         %" PRIu64 " rows in %.2f s: %.0f rows/s\n",
            outcome->fill.all.rows, seconds_of(&outcome->fill),
            (double)outcome->fill.all.rows / seconds_of(&outcome->fill));
    fprintf(out, "run          %.2f s, %zu thread%s x ", seconds, settings->threads,
        settings->threads == 1 ? "" : "s");
    if (!settings->is_engine)
        fprintf(out, "%zu connection%s x ", settings->clients, settings->clients == 1 ? "" : "s");
    fprintf(out, "%zu in flight, ", settings->depth);
    if (settings->pace.rate > 0)
        fprintf(out, "open loop at %.0f/s\n", settings->pace.rate);
    else
        fputs("closed loop\n", out);
    print_operations(out, run);
    print_table(out, run);
    fprintf(out, "\nvalues       %.1f MB/s\n", (double)run->all.bytes / seconds / 1e6);
    fprintf(out, "%s   %.2f us an operation\n", settings->is_engine ? "CPU       " : "client CPU",
        report_per_operation(outcome->client_cpu_us, outcome));
    print_pacing(out, run);
    if (outcome->engine_work[0])
        fprintf(out, "engine       %s\n", outcome->engine_work);
    print_servers(out, outcome);
    print_limits(out, outcome);
}
