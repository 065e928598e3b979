/* The command: options, the table to work on, the threads, the report. */
#include "bench/load.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/env.h"
#include "base/memory.h"
#include "base/options.h"
#include "bench/driver.h"
#include "bench/report.h"
#include "bench/server_cpu.h"
#include "bench/study/study.h"
#include "bench/workload.h"

#define MAX_THREADS     64
#define FILL_BATCH_ROWS 500

static const char usage[] =
    "usage: stele bench load [--connect=HOST:PORT | --zookeeper=HOST:PORT,...] [options]\n"
    "\n"
    "Drives a server (Stele, or HBase 2.x) and tells rate, latency and the server's CPU per "
    "operation.\n"
    "\n"
    "  --mix=get:90,put:10     operations in percent: get, put, scan, increment (default get:100)\n"
    "  --keys=random           or sequential, zipf\n"
    "  --rows=N                rows of the table (default 100000)\n"
    "  --value-size=BYTES      (default 100)\n"
    "  --scan-rows=N           rows of a scan; 0 = the whole table (default 100)\n"
    "  --batch=N               rows of a put (default 1, at most 1000)\n"
    "  --table=NAME --family=F --qualifier=Q   (default bench, f, q)\n"
    "  --fill                  create the table if need be and write all rows first, not counted\n"
    "  --threads=N             threads of the generator (default 1)\n"
    "  --connections=N         of each thread (default 1)\n"
    "  --depth=N               requests in flight on each connection (default 1)\n"
    "  --rate=N                operations a second in all, open loop (default: closed loop)\n"
    "  --operations=N | --duration=SECONDS     when to stop (default 10 s)\n"
    "  --warmup=SECONDS        at the start, not counted (default 1; 0 with --operations)\n"
    "  --cpu=N                 pin the threads from this core on\n"
    "  --server-pid=PID        whose CPU time to read (default: who listens on the --connect "
    "port)\n"
    "  --seed=N                (default 1)\n"
    "  --json                  one JSON object instead of the table; --name=TEXT goes into it\n"
    "\n"
    "Exit codes: 0 done, 1 it failed or requests failed, 2 wrong usage.\n";

struct load {
    struct driver_plan plan;
    struct workload workload;
    const char *name;
    double rate;
    int server_pid;
    bool is_filling;
    bool is_json;
};

struct thread {
    pthread_t handle;
    const struct driver_plan *plan;
    size_t index;
    struct driver_result result;
    enum status status;
    struct error error;
};

static int complain(const char *option, const char *value)
{
    fprintf(stderr, "stele: bench load: --%s does not take '%s'; try 'stele bench load --help'\n",
        option, value);
    return EXIT_USAGE;
}

static bool parse_number(const char *text, double least, double most, double *out_number)
{
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    if (errno || end == text || *end || !(number >= least && number <= most))
        return false;
    *out_number = number;
    return true;
}

/* "get:90,put:10". */
static bool parse_mix(const char *text, struct workload *workload)
{
    struct span rest = span_string(text);
    unsigned sum = 0;
    memset(workload->percent, 0, sizeof workload->percent);
    while (rest.size) {
        size_t end = span_find(rest, ',');
        struct span part = span_slice(rest, 0, end == SIZE_MAX ? rest.size : end);
        rest = end == SIZE_MAX ? SPAN_EMPTY : span_slice(rest, end + 1, rest.size - end - 1);
        size_t colon = span_find(part, ':');
        unsigned percent = 100;
        enum operation operation;
        if (colon != SIZE_MAX) {
            percent = 0;
            for (size_t i = colon + 1; i < part.size; i++) {
                if (part.data[i] < '0' || part.data[i] > '9' || percent > 100)
                    return false;
                percent = percent * 10 + (unsigned)(part.data[i] - '0');
            }
            part.size = colon;
        }
        if (!operation_parse(part, &operation))
            return false;
        workload->percent[operation] += percent;
        sum += percent;
    }
    return sum == 100;
}

/* Names of the options, in the table that options_parse fills. */
static const struct option_value option_table[] = {{.name = "mix"}, {.name = "keys"},
    {.name = "rows"}, {.name = "value-size"}, {.name = "scan-rows"}, {.name = "batch"},
    {.name = "table"}, {.name = "family"}, {.name = "qualifier"}, {.name = "fill", .is_flag = true},
    {.name = "threads"}, {.name = "connections"}, {.name = "depth"}, {.name = "rate"},
    {.name = "operations"}, {.name = "duration"}, {.name = "warmup"}, {.name = "cpu"},
    {.name = "server-pid"}, {.name = "seed"}, {.name = "json", .is_flag = true}, {.name = "name"},
    {.name = "connect"}, {.name = "zookeeper"}};

#define OPTION_COUNT (sizeof(option_table) / sizeof(option_table[0]))
#define NUMBER_MAX   1e15

/* The options that are numbers: bounds, and where they go. -1, or the exit code after a complaint. */
static int take_numbers(struct load *load, const struct options *options)
{
    double rows = (double)load->workload.rows, value_size = load->workload.value_bytes,
           scan_rows = load->workload.scan_rows, batch = load->workload.batch_rows,
           threads = (double)load->plan.threads, connections = (double)load->plan.clients,
           depth = (double)load->plan.depth, operations = 0, duration = 0, warmup = -1,
           cpu = load->plan.cpu, pid = load->server_pid, seed = (double)load->plan.seed;
    const struct {
        const char *name;
        double least, most;
        double *number;
    } numbers[] = {{"rows", 1, NUMBER_MAX, &rows}, {"value-size", 0, 10 << 20, &value_size},
        {"scan-rows", 0, UINT32_MAX, &scan_rows}, {"batch", 1, 1000, &batch},
        {"threads", 1, MAX_THREADS, &threads}, {"connections", 1, 100000, &connections},
        {"depth", 1, 100000, &depth}, {"rate", 0.001, NUMBER_MAX, &load->rate},
        {"operations", 1, NUMBER_MAX, &operations}, {"duration", 0.001, 1e6, &duration},
        {"warmup", 0, 1e6, &warmup}, {"cpu", 0, 4096, &cpu}, {"server-pid", 1, INT32_MAX, &pid},
        {"seed", 0, NUMBER_MAX, &seed}};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const char *text = options_get(options, numbers[i].name);
        if (text && !parse_number(text, numbers[i].least, numbers[i].most, numbers[i].number))
            return complain(numbers[i].name, text);
    }
    load->workload.rows = (uint64_t)rows;
    load->workload.value_bytes = (uint32_t)value_size;
    load->workload.scan_rows = (uint32_t)scan_rows;
    load->workload.batch_rows = (uint32_t)batch;
    load->plan.threads = (size_t)threads;
    load->plan.clients = (size_t)connections;
    load->plan.depth = (size_t)depth;
    load->plan.operations = (uint64_t)operations;
    load->plan.duration_ns = (uint64_t)(duration * 1e9);
    load->plan.warmup_ns = warmup < 0 ? UINT64_MAX : (uint64_t)(warmup * 1e9);
    load->plan.cpu = (int)cpu;
    load->server_pid = (int)pid;
    load->plan.seed = (uint64_t)seed;
    return -1;
}

static void take_text(const struct options *options, const char *name, struct stele_bytes *out_text)
{
    if (options_get(options, name))
        *out_text = stele_text(options_get(options, name));
}

/* An exit code, or -1 to go on. */
static int parse_options(int argc, char **argv, struct load *load)
{
    struct option_value values[OPTION_COUNT];
    memcpy(values, option_table, sizeof values);
    struct options options = {
        .command = "bench load", .usage = usage, .values = values, .value_count = OPTION_COUNT};
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    const char *mix = options_get(&options, "mix"), *keys = options_get(&options, "keys");
    if (mix && !parse_mix(mix, &load->workload))
        return complain("mix", mix);
    if (keys && !key_order_parse(span_string(keys), &load->workload.order))
        return complain("keys", keys);
    take_text(&options, "table", &load->plan.table);
    take_text(&options, "family", &load->plan.family);
    take_text(&options, "qualifier", &load->plan.qualifier);
    if (options_get(&options, "name"))
        load->name = options_get(&options, "name");
    load->is_filling = options_get(&options, "fill") != NULL;
    load->is_json = options_get(&options, "json") != NULL;
    load->plan.connect = options_get(&options, "connect");
    load->plan.zookeeper = options_get(&options, "zookeeper");
    if (load->plan.connect && load->plan.zookeeper) {
        fputs("stele: bench load takes one of --connect and --zookeeper\n", stderr);
        return EXIT_USAGE;
    }
    return take_numbers(load, &options);
}

static void settle_defaults(struct load *load)
{
    if (!load->plan.connect && !load->plan.zookeeper)
        load->plan.connect = getenv("STELE_CONNECT") ? getenv("STELE_CONNECT") : "127.0.0.1:16000";
    if (!load->plan.operations && !load->plan.duration_ns)
        load->plan.duration_ns = 10000000000ull;
    if (load->plan.warmup_ns == UINT64_MAX)
        load->plan.warmup_ns = load->plan.operations ? 0 : 1000000000ull;
    load->plan.rate = load->rate / (double)load->plan.threads;
    if (load->plan.operations)
        load->plan.operations = (load->plan.operations + load->plan.threads - 1) /
                                load->plan.threads;
    const char *colon = load->plan.connect ? strrchr(load->plan.connect, ':') : NULL;
    if (load->server_pid <= 0 && colon)
        load->server_pid = server_cpu_find((uint32_t)strtoul(colon + 1, NULL, 10));
}

/* ---- Filling ---- */

static enum status make_table(const struct load *load, struct error *error)
{
    struct stele_options options;
    struct stele_client *client = NULL;
    struct stele_error failure = {0};
    struct stele_family family = {.name = load->plan.family};
    struct stele_schema schema = {.name = load->plan.table, .families = &family, .family_count = 1};
    stele_options_init(&options);
    options.connect = load->plan.connect;
    options.zookeeper = load->plan.zookeeper;
    options.run = STELE_RUN_INLINE;
    enum stele_status status = stele_client_open(&options, &client, &failure);
    if (!status)
        status = stele_create_table(client, &schema, NULL, 0, &failure);
    stele_client_close(client);
    if (status && status != STELE_EXISTS)
        return error_set(error, STATUS_REMOTE, "%s", failure.message);
    return STATUS_OK;
}

static enum status fill(const struct load *load, struct error *error)
{
    struct workload workload = load->workload;
    struct driver_plan plan = load->plan;
    struct driver_result result = {0};
    enum status status = make_table(load, error);
    if (status)
        return status;
    /* each row once, under the key that the measured part will ask for */
    memset(workload.percent, 0, sizeof workload.percent);
    workload.percent[OPERATION_PUT] = 100;
    workload.batch_rows = FILL_BATCH_ROWS;
    workload.fills = true;
    plan.workload = &workload;
    plan.threads = 1;
    plan.clients = 1;
    plan.depth = 8;
    plan.rate = 0;
    plan.duration_ns = plan.warmup_ns = 0;
    plan.operations = (workload.rows + FILL_BATCH_ROWS - 1) / FILL_BATCH_ROWS;
    status = driver_run(&plan, 0, &result, error);
    if (!status && result.failed)
        status = error_set(error, STATUS_REMOTE, "filling the table: %s", result.first_failure);
    driver_result_deinit(&result);
    return status;
}

/* ---- Running ---- */

static void *run_thread(void *context)
{
    struct thread *thread = context;
    thread->status = driver_run(thread->plan, thread->index, &thread->result, &thread->error);
    return NULL;
}

static uint64_t own_cpu_us(void)
{
    struct rusage usage_now;
    getrusage(RUSAGE_SELF, &usage_now);
    return (uint64_t)(usage_now.ru_utime.tv_sec + usage_now.ru_stime.tv_sec) * 1000000u +
           (uint64_t)(usage_now.ru_utime.tv_usec + usage_now.ru_stime.tv_usec);
}

static enum status run_threads(struct load *load, struct report *report, struct error *error)
{
    enum status status = STATUS_OK;
    uint64_t server_before = 0, server_after = 0, own_before = own_cpu_us();
    struct thread *threads = memory_allocate_zeroed(load->plan.threads, sizeof *threads);
    if (!threads)
        return error_set(error, STATUS_NO_MEMORY, "no memory for threads");
    report->has_server = load->server_pid > 0 && server_cpu_read(load->server_pid, &server_before);
    for (size_t i = 0; i < load->plan.threads; i++) {
        threads[i].plan = &load->plan;
        threads[i].index = i;
        CHECK(pthread_create(&threads[i].handle, NULL, run_thread, &threads[i]) == 0);
    }
    for (size_t i = 0; i < load->plan.threads; i++) {
        pthread_join(threads[i].handle, NULL);
        if (threads[i].status && !status) {
            status = threads[i].status;
            *error = threads[i].error;
        }
    }
    report->has_server = report->has_server && server_cpu_read(load->server_pid, &server_after);
    report->server_cpu_us = server_after - server_before;
    report->server_resident_kib = report->has_server ? server_cpu_resident_kib(load->server_pid)
                                                     : 0;
    report->client_cpu_us = own_cpu_us() - own_before;
    report->rate_asked = load->rate;
    for (size_t i = 0; i < load->plan.threads && !status; i++)
        if (!report_add(report, &threads[i].result))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for the report");
    for (size_t i = 0; i < load->plan.threads; i++)
        driver_result_deinit(&threads[i].result);
    memory_free(threads);
    return status;
}

static int bench_load(int argc, char **argv)
{
    struct load load = {.name = "load",
        .plan = {.table = STELE_TEXT("bench"),
            .family = STELE_TEXT("f"),
            .qualifier = STELE_TEXT("q"),
            .seed = 1,
            .threads = 1,
            .clients = 1,
            .depth = 1,
            .cpu = -1},
        .workload = {.percent = {[OPERATION_GET] = 100},
            .rows = 100000,
            .value_bytes = 100,
            .scan_rows = 100,
            .batch_rows = 1}};
    struct report report = {0};
    struct error error = {0};
    int code = parse_options(argc, argv, &load);
    if (code >= 0)
        return code;
    settle_defaults(&load);
    load.plan.workload = &load.workload;
    workload_prepare(&load.workload);
    enum status status = load.is_filling ? fill(&load, &error) : STATUS_OK;
    if (!status)
        status = run_threads(&load, &report, &error);
    if (status) {
        fprintf(stderr, "stele: bench load: %s\n", error.message);
        code = EXIT_FAILED;
    } else {
        if (load.is_json)
            report_print_json(&report, load.name);
        else
            report_print(&report);
        code = report.total.failed ? EXIT_FAILED : 0;
    }
    report_deinit(&report);
    return code;
}

int command_bench(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "load") == 0)
        return bench_load(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "study") == 0)
        return command_bench_study(argc - 1, argv + 1);
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc > 1 && (strcmp(argv[1], "engine") == 0 || strcmp(argv[1], "diff") == 0))
        fprintf(
            stderr, "stele: 'bench %s' is not built yet; there are 'load' and 'study'\n", argv[1]);
    else
        fprintf(stderr, "stele: bench takes 'load' or 'study'; try 'stele bench study --help'\n");
    return EXIT_USAGE;
}
