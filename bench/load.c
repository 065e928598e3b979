/* The command: options, the table to work on, the threads, the report. */
#include "bench/load.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/env.h"
#include "base/memory.h"
#include "bench/driver.h"
#include "bench/report.h"
#include "bench/server_cpu.h"
#include "bench/workload.h"

#define EXIT_FAILED     1
#define EXIT_USAGE      2
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

enum {
    OPTION_MIX = 256,
    OPTION_KEYS,
    OPTION_ROWS,
    OPTION_VALUE_SIZE,
    OPTION_SCAN_ROWS,
    OPTION_BATCH,
    OPTION_TABLE,
    OPTION_FAMILY,
    OPTION_QUALIFIER,
    OPTION_FILL,
    OPTION_THREADS,
    OPTION_CONNECTIONS,
    OPTION_DEPTH,
    OPTION_RATE,
    OPTION_OPERATIONS,
    OPTION_DURATION,
    OPTION_WARMUP,
    OPTION_CPU,
    OPTION_SERVER_PID,
    OPTION_SEED,
    OPTION_JSON,
    OPTION_NAME,
    OPTION_CONNECT,
    OPTION_ZOOKEEPER
};

static const struct option option_names[] = {{"mix", required_argument, NULL, OPTION_MIX},
    {"keys", required_argument, NULL, OPTION_KEYS}, {"rows", required_argument, NULL, OPTION_ROWS},
    {"value-size", required_argument, NULL, OPTION_VALUE_SIZE},
    {"scan-rows", required_argument, NULL, OPTION_SCAN_ROWS},
    {"batch", required_argument, NULL, OPTION_BATCH},
    {"table", required_argument, NULL, OPTION_TABLE},
    {"family", required_argument, NULL, OPTION_FAMILY},
    {"qualifier", required_argument, NULL, OPTION_QUALIFIER},
    {"fill", no_argument, NULL, OPTION_FILL}, {"threads", required_argument, NULL, OPTION_THREADS},
    {"connections", required_argument, NULL, OPTION_CONNECTIONS},
    {"depth", required_argument, NULL, OPTION_DEPTH},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"operations", required_argument, NULL, OPTION_OPERATIONS},
    {"duration", required_argument, NULL, OPTION_DURATION},
    {"warmup", required_argument, NULL, OPTION_WARMUP},
    {"cpu", required_argument, NULL, OPTION_CPU},
    {"server-pid", required_argument, NULL, OPTION_SERVER_PID},
    {"seed", required_argument, NULL, OPTION_SEED}, {"json", no_argument, NULL, OPTION_JSON},
    {"name", required_argument, NULL, OPTION_NAME},
    {"connect", required_argument, NULL, OPTION_CONNECT},
    {"zookeeper", required_argument, NULL, OPTION_ZOOKEEPER}, {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

/* Options that are numbers: their bounds, and what they set. */
static bool take_number(struct load *load, int letter, const char *text)
{
    double number = 0;
    bool is_size = letter == OPTION_VALUE_SIZE || letter == OPTION_SCAN_ROWS ||
                   letter == OPTION_WARMUP || letter == OPTION_CPU || letter == OPTION_SEED;
    double most = letter == OPTION_THREADS                                 ? MAX_THREADS
                  : letter == OPTION_BATCH                                 ? 1000
                  : letter == OPTION_VALUE_SIZE                            ? 10 << 20
                  : letter == OPTION_CONNECTIONS || letter == OPTION_DEPTH ? 100000
                                                                           : 1e15;
    if (!parse_number(text,
            is_size                                              ? 0
            : letter == OPTION_RATE || letter == OPTION_DURATION ? 0.001
                                                                 : 1,
            most, &number))
        return false;
    switch (letter) {
    case OPTION_ROWS:
        load->workload.rows = (uint64_t)number;
        break;
    case OPTION_VALUE_SIZE:
        load->workload.value_bytes = (uint32_t)number;
        break;
    case OPTION_SCAN_ROWS:
        load->workload.scan_rows = (uint32_t)number;
        break;
    case OPTION_BATCH:
        load->workload.batch_rows = (uint32_t)number;
        break;
    case OPTION_THREADS:
        load->plan.threads = (size_t)number;
        break;
    case OPTION_CONNECTIONS:
        load->plan.clients = (size_t)number;
        break;
    case OPTION_DEPTH:
        load->plan.depth = (size_t)number;
        break;
    case OPTION_RATE:
        load->rate = number;
        break;
    case OPTION_OPERATIONS:
        load->plan.operations = (uint64_t)number;
        break;
    case OPTION_DURATION:
        load->plan.duration_ns = (uint64_t)(number * 1e9);
        break;
    case OPTION_WARMUP:
        load->plan.warmup_ns = (uint64_t)(number * 1e9);
        break;
    case OPTION_CPU:
        load->plan.cpu = (int)number;
        break;
    case OPTION_SERVER_PID:
        load->server_pid = (int)number;
        break;
    default:
        load->plan.seed = (uint64_t)number;
    }
    return true;
}

/* An exit code, or -1 to go on. */
static int parse_options(int argc, char **argv, struct load *load)
{
    int letter, index = 0;
    load->plan.warmup_ns = UINT64_MAX;
    optind = 1;
    while ((letter = getopt_long(argc, argv, "h", option_names, &index)) != -1) {
        bool is_good = true;
        switch (letter) {
        case 'h':
            fputs(usage, stdout);
            return 0;
        case '?':
            fputs("stele: try 'stele bench load --help'\n", stderr);
            return EXIT_USAGE;
        case OPTION_MIX:
            is_good = parse_mix(optarg, &load->workload);
            break;
        case OPTION_KEYS:
            is_good = key_order_parse(span_string(optarg), &load->workload.order);
            break;
        case OPTION_TABLE:
            load->plan.table = stele_text(optarg);
            break;
        case OPTION_FAMILY:
            load->plan.family = stele_text(optarg);
            break;
        case OPTION_QUALIFIER:
            load->plan.qualifier = stele_text(optarg);
            break;
        case OPTION_FILL:
            load->is_filling = true;
            break;
        case OPTION_JSON:
            load->is_json = true;
            break;
        case OPTION_NAME:
            load->name = optarg;
            break;
        case OPTION_CONNECT:
            load->plan.connect = optarg;
            break;
        case OPTION_ZOOKEEPER:
            load->plan.zookeeper = optarg;
            break;
        default:
            is_good = take_number(load, letter, optarg);
        }
        if (!is_good)
            return complain(option_names[index].name, optarg);
    }
    if (optind < argc) {
        fprintf(stderr, "stele: bench load takes no '%s'; try 'stele bench load --help'\n",
            argv[optind]);
        return EXIT_USAGE;
    }
    if (load->plan.connect && load->plan.zookeeper) {
        fputs("stele: bench load takes one of --connect and --zookeeper\n", stderr);
        return EXIT_USAGE;
    }
    return -1;
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
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc > 1 && (strcmp(argv[1], "study") == 0 || strcmp(argv[1], "engine") == 0 ||
                        strcmp(argv[1], "diff") == 0))
        fprintf(stderr, "stele: 'bench %s' is not built yet; there is 'bench load'\n", argv[1]);
    else
        fprintf(stderr, "stele: bench takes 'load'; try 'stele bench load --help'\n");
    return EXIT_USAGE;
}
