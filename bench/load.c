/* The command: the table, the fill, the run, the reports. */
#include "bench/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/env.h"
#include "bench/bench_table.h"
#include "bench/comparison.h"
#include "bench/engine_driver.h"
#include "bench/key_preview.h"
#include "bench/live_line.h"
#include "bench/null_driver.h"
#include "bench/output_file.h"
#include "bench/preset.h"
#include "bench/report.h"
#include "bench/sinks.h"

#define FILL_BATCH_ROWS 500
#define FILL_DEPTH      8

/* A run under way, for what looks at it each second. */
struct session {
    const struct load_settings *settings;
    struct live_line live;
    struct watch *watch; /* NULL: nothing to watch */
    struct sinks *sinks; /* NULL: none */
    uint64_t client_cpu_us;
};

static uint64_t own_cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000u +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void on_counted(void *context)
{
    struct session *session = context;
    if (session->sinks)
        sinks_begin(session->sinks, env_wall_ms(env_real()));
    if (session->watch)
        watch_begin(session->watch);
    session->client_cpu_us = own_cpu_us();
}

static void on_second(void *context, const struct second *second, const struct point *point)
{
    struct session *session = context;
    if (session->sinks)
        sinks_second(session->sinks, second, point);
    if (session->watch)
        watch_tick(session->watch, (double)point->second + point->length_s);
    live_line_show(&session->live, point,
        session->watch ? watch_get_glance(session->watch) : (struct watch_glance){0});
}

/* ---- The two phases ---- */

/* One place to work at. */
struct job {
    const struct load_settings *settings;
    struct place place;
    struct sinks *sinks;         /* NULL: none */
    struct engine_store *engine; /* NULL: a server, or nothing */
    struct load_outcome *outcome;
};

/* What the threads of a phase do; one of the plans is used. */
struct work {
    struct workload workload;
    struct driver_plan driver;
    struct null_plan null;
    struct engine_plan engine;
    run_work *run;
    void *context;
};

static void choose_work(const struct job *job, bool is_fill, struct work *out_work)
{
    const struct load_settings *settings = job->settings;
    size_t depth = is_fill ? FILL_DEPTH : settings->depth;
    struct work *work = out_work;
    *work = (struct work){.workload = settings->workload};
    work->driver = (struct driver_plan){.connect = job->place.connect,
        .zookeeper = job->place.zookeeper,
        .table = stele_text(settings->table),
        .family = stele_text(settings->family),
        .qualifier = settings->qualifier,
        .workload = &work->workload,
        .threads = settings->threads,
        .clients = is_fill ? 1 : settings->clients,
        .depth = depth,
        .cpu = settings->cpu,
        .durability = settings->durability,
        .is_scan_reversed = settings->is_scan_reversed,
        .timeout_ms = settings->timeout_ms,
        .patience_ms = settings->patience_ms};
    work->null = (struct null_plan){.workload = &work->workload, .threads = settings->threads};
    work->engine = (struct engine_plan){.engine = job->engine,
        .workload = &work->workload,
        .family = settings->family,
        .qualifier = settings->qualifier,
        .durability = (enum durability)settings->durability,
        .is_scan_reversed = settings->is_scan_reversed,
        .threads = settings->threads,
        .depth = depth};
    work->run = job->engine ? engine_driver_run : settings->is_null ? null_driver_run : driver_run;
    work->context = job->engine         ? (void *)&work->engine
                    : settings->is_null ? (void *)&work->null
                                        : (void *)&work->driver;
}

/* Each row once, in large batches. */
static enum status fill(const struct job *job, struct error *error)
{
    struct work work;
    struct session session = {.settings = job->settings};
    choose_work(job, true, &work);
    mix_set(&work.workload.mix, OPERATION_INSERT);
    work.workload.batch_rows = FILL_BATCH_ROWS;
    work.workload.is_filling = true;
    struct run_plan plan = {.threads = job->settings->threads,
        .work = work.run,
        .context = work.context,
        .on_second = on_second,
        .sink_context = &session};
    plan.pace.operations = (work.workload.rows + FILL_BATCH_ROWS - 1) / FILL_BATCH_ROWS;
    live_line_init(&session.live, job->settings->is_quiet, true);
    enum status status = run_threads(&plan, &job->outcome->fill, error);
    live_line_end(&session.live);
    return status;
}

static enum status drive(const struct job *job, struct error *error)
{
    const struct load_settings *settings = job->settings;
    struct load_outcome *outcome = job->outcome;
    struct work work;
    struct session session = {.settings = settings, .sinks = job->sinks};
    struct stele_filter *filter = NULL;
    struct stele_error failure;
    if (settings->scan_filter &&
        stele_filter_parse(stele_text(settings->scan_filter), &filter, &failure))
        return error_set(error, STATUS_INVALID, "--scan-filter: %s", failure.message);
    choose_work(job, false, &work);
    work.driver.scan_filter = filter;
    if (work.run == driver_run)
        session.watch = watch_new(job->place.connect, job->place.zookeeper,
            stele_text(settings->table), settings->server_pid);
    struct run_plan plan = {.threads = settings->threads,
        .pace = settings->pace,
        .work = work.run,
        .context = work.context,
        .on_counted = on_counted,
        .on_second = on_second,
        .sink_context = &session};
    live_line_init(&session.live, settings->is_quiet, false);
    enum status status = run_threads(&plan, &outcome->run, error);
    outcome->client_cpu_us = own_cpu_us() - session.client_cpu_us;
    live_line_end(&session.live);
    if (session.watch && !status)
        watch_end(session.watch, outcome->run.end != RUN_SERVER_LOST, &outcome->watched);
    watch_free(session.watch);
    stele_filter_free(filter);
    return status;
}

static void sum_servers(struct load_outcome *outcome)
{
    for (size_t i = 0; i < outcome->watched.server_count; i++) {
        const struct watched_server *server = &outcome->watched.servers[i];
        if (server->pid <= 0)
            continue;
        outcome->has_server_cpu = true;
        outcome->server_cpu_us += server->cpu_us;
        outcome->server_resident_kib += server->resident_kib;
    }
}

void load_outcome_deinit(struct load_outcome *outcome)
{
    run_result_deinit(&outcome->fill);
    run_result_deinit(&outcome->run);
    watch_figures_deinit(&outcome->watched);
    json_decref(outcome->against);
}

/* ---- One place ---- */

static int fail(const struct job *job, const struct error *error)
{
    fprintf(stderr, "stele: %s: %s\n", job->settings->command, error->message);
    return run_was_interrupted() ? EXIT_INTERRUPTED : EXIT_FAILED;
}

/* The rows that are to be there. -1 to go on to the run, or the exit code after a line on stderr. */
static int prepare_rows(const struct job *job)
{
    struct load_outcome *outcome = job->outcome;
    struct error error = {0};
    if (!job->settings->is_filling)
        return -1;
    if (fill(job, &error))
        return fail(job, &error);
    outcome->has_fill = true;
    if (outcome->fill.end == RUN_COMPLETE && outcome->fill.all.failed == 0)
        return -1;
    fprintf(stderr, "stele: %s: filling the table: %s\n", job->settings->command,
        outcome->fill.end == RUN_INTERRUPTED ? "interrupted"
        : outcome->fill.first_failure[0]     ? outcome->fill.first_failure
                                             : "the server stopped answering");
    return outcome->fill.end == RUN_INTERRUPTED   ? EXIT_INTERRUPTED
           : outcome->fill.end == RUN_SERVER_LOST ? EXIT_UNREACHABLE
                                                  : EXIT_FAILED;
}

static int run_job(const struct job *job)
{
    struct error error = {0};
    int code = prepare_rows(job);
    return code < 0 && drive(job, &error) ? fail(job, &error) : code;
}

static int work_at_server(const struct job *job)
{
    const struct load_settings *settings = job->settings;
    bool is_made;
    int code = bench_table_prepare(settings, &job->place, &is_made);
    if (code < 0)
        code = run_job(job);
    if (code < 0)
        sum_servers(job->outcome);
    /* a run that did not come to its end leaves no table of its own behind either */
    bool is_lost = code == EXIT_UNREACHABLE || job->outcome->run.end == RUN_SERVER_LOST;
    if (settings->is_dropping && (code < 0 || is_made) && !is_lost &&
        !bench_table_drop(settings, &job->place))
        code = EXIT_FAILED;
    return code;
}

static int work_at_engine(const struct job *place)
{
    const struct load_settings *settings = place->settings;
    struct store_statistics work;
    struct engine_store engine;
    struct job job = *place;
    struct error error = {0};
    int code;
    if (engine_store_open(
            &engine, settings->directory, settings->family, settings->memory_bytes, &error)) {
        code = fail(&job, &error);
    } else {
        job.engine = &engine;
        snprintf(job.outcome->place, sizeof job.outcome->place, "engine in %s", engine.directory);
        code = run_job(&job);
        store_statistics_read(engine.store, &work);
        snprintf(job.outcome->engine_work, sizeof job.outcome->engine_work,
            "%" PRIu64 " log syncs, %" PRIu64 " flushes, %" PRIu64
            " compactions, cache hits %.1f %%",
            work.log_syncs, work.flushes, work.compactions,
            work.cache_hits + work.cache_misses
                ? 100 * (double)work.cache_hits / (double)(work.cache_hits + work.cache_misses)
                : 0);
    }
    engine_store_close(&engine);
    return code;
}

/* Works at one place. -1: there is an outcome to tell; else the exit code. */
static int work_at(const struct load_settings *settings, const struct place *place,
    struct sinks *sinks, struct load_outcome *outcome)
{
    struct job job = {.settings = settings, .place = *place, .sinks = sinks, .outcome = outcome};
    struct error error = {0};
    outcome->settings = settings;
    if (settings->is_engine)
        return work_at_engine(&job);
    if (settings->is_null) {
        snprintf(outcome->place, sizeof outcome->place, "nothing (--null)");
        return drive(&job, &error) ? fail(&job, &error) : -1;
    }
    snprintf(outcome->place, sizeof outcome->place, "%s%s", place->zookeeper ? "zookeeper:" : "",
        place->zookeeper ? place->zookeeper : place->connect);
    return work_at_server(&job);
}

/* ---- Reports ---- */

static bool is_standard_output(const char *path)
{
    return path && (!path[0] || strcmp(path, "-") == 0);
}

/* Writes to a file with one of the report_*_print. */
static bool write_report(const char *path, const char *mode,
    bool (*print)(FILE *out, const struct load_outcome *outcome),
    const struct load_outcome *outcome)
{
    FILE *file = is_standard_output(path) ? stdout : fopen(path, mode);
    bool is_written = file && print(file, outcome);
    if (file && file != stdout)
        is_written = fclose(file) == 0 && is_written;
    if (!is_written)
        fprintf(stderr, "stele: %s: %s cannot be written\n", outcome->settings->command, path);
    return is_written;
}

static bool is_compared(const struct load_settings *settings)
{
    return settings->against.connect || settings->against.zookeeper;
}

/* Tells of one place. The exit code. `is_second`: the report of another place is there already. */
static int report(const struct load_outcome *outcome, bool is_second)
{
    const struct load_settings *settings = outcome->settings;
    const struct run_result *run = &outcome->run;
    bool is_written = true;
    if (!is_standard_output(settings->json))
        report_text_print(stdout, outcome);
    if (settings->json)
        is_written = write_report(
            settings->json, is_second ? "ae" : "we", report_json_print, outcome);
    if (settings->html && !is_compared(settings))
        is_written = write_report(settings->html, "we", report_html_print, outcome) && is_written;
    is_written = output_flush(settings->command) && is_written;
    bool all_hold = is_second || assertions_check(&settings->assertions, outcome);
    if (run->end == RUN_INTERRUPTED)
        return EXIT_INTERRUPTED;
    if (run->end == RUN_SERVER_LOST) {
        fprintf(stderr, "stele: %s: the server stopped answering; the results are partial\n",
            settings->command);
        return EXIT_UNREACHABLE;
    }
    double requests = (double)(run->all.operations + run->all.failed);
    if (!is_written || (double)run->all.failed > settings->max_error_rate * requests)
        return EXIT_FAILED;
    return all_hold ? EXIT_DONE : EXIT_ASSERTION;
}

static json_t *compare(const struct load_outcome *first, const struct load_outcome *second)
{
    static const struct comparison_plan plan = {.least_percent = 3, .probability = .01};
    json_t *a = json_pack("[o]", report_json_make(first)),
           *b = json_pack("[o]", report_json_make(second));
    json_t *comparison = a && b ? comparison_make(&plan, a, b) : NULL;
    json_decref(a);
    json_decref(b);
    return comparison;
}

/* The other place after the first, and both side by side: beside the second in JSON, in the page of the first. */
static int work_against(const struct load_settings *settings, struct load_outcome *first)
{
    struct load_outcome second = {0};
    int code = work_at(settings, &settings->against, NULL, &second);
    if (code < 0) {
        second.against = compare(first, &second);
        first->against = json_incref(second.against);
        code = report(&second, true);
    }
    if (code == EXIT_DONE && !is_standard_output(settings->json) && second.against) {
        fputc('\n', stdout);
        comparison_print(stdout, second.against);
    }
    load_outcome_deinit(&second);
    return code;
}

static void print_preset(void *context, const struct preset *preset)
{
    (void)context;
    printf("  %-22s %s\n", preset->name, preset->summary);
}

static void print_refusal(void *context, const struct preset_refusal *refusal)
{
    (void)context;
    printf("  %-22s not done: %s\n", refusal->name, refusal->why);
}

static int run_command(int argc, char **argv, bool is_engine)
{
    struct load_settings settings;
    struct load_outcome outcome = {0};
    int code = load_options_parse(argc, argv, is_engine, &settings);
    if (code >= 0)
        return code;
    if (settings.is_listing) {
        preset_each(print_preset, NULL);
        preset_each_refused(print_refusal, NULL);
    }
    if (settings.print_keys)
        key_preview_print_keys(&settings.workload, settings.print_keys);
    if (settings.is_printing_distribution)
        key_preview_print_distribution(&settings.workload, settings.keys_text);
    if (settings.is_listing || settings.print_keys || settings.is_printing_distribution)
        return EXIT_DONE;
    struct sinks sinks;
    if (!sinks_open(&sinks, &settings))
        return EXIT_FAILED;
    run_catch_interrupts();
    code = is_compared(&settings) ? bench_table_check(&settings, &settings.against) : -1;
    if (code < 0)
        code = work_at(&settings, &settings.place, &sinks, &outcome);
    bool is_written = sinks_close(&sinks), has_outcome = code < 0;
    if (has_outcome)
        code = report(&outcome, false);
    if (code == EXIT_DONE && is_compared(&settings))
        code = work_against(&settings, &outcome);
    if (has_outcome && is_compared(&settings) && settings.html) /* the page has both */
        is_written = write_report(settings.html, "we", report_html_print, &outcome) && is_written;
    load_outcome_deinit(&outcome);
    return code == EXIT_DONE && !is_written ? EXIT_FAILED : code;
}

int command_bench_load(int argc, char **argv)
{
    return run_command(argc, argv, false);
}

int command_bench_engine(int argc, char **argv)
{
    return run_command(argc, argv, true);
}
