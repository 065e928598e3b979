/* The options of `bench load`: what they take, and the settings that they make. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/bench_table.h"
#include "bench/load.h"
#include "bench/output_file.h"
#include "bench/preset.h"

static const char usage[] =
    "usage: stele bench load [--connect=HOST:PORT | --zookeeper=HOST:PORT,...] [--workload=NAME] "
    "[options]\n"
    "Makes a table, fills it, drives it and tells rate, latency and CPU per operation. Stele or "
    "HBase 2.x.\n"
    "\n"
    "What     --workload=NAME  ycsb-a to ycsb-f, randomRead, scanRange100 ... (--list has all)\n"
    "         --mix=read:95,update:5   also insert, scan, read-modify-write, increment, append, "
    "delete,\n"
    "                  check-and-put, check-and-delete, locate (default read:100)\n"
    "         --batch=N  rows of a read or write request (1)    --durability=default, skip, async, "
    "sync, fsync\n"
    "         --scan-rows=SIZE (100; 0: the whole table) --scan-filter=TEXT --scan-reversed\n"
    "Keys     --rows=N (100000)  --keys=DISTRIBUTION (uniform): sequential, zipf, zipf-scrambled, "
    "latest,\n"
    "                  hotspot:OPS/KEYS, exponential, single:OPS, cohort:OPS/FROM-TO (all in "
    "percent),\n"
    "                  moving:OPS/KEYS/SECONDS, burst:OPS/KEYS/EVERY/FOR, append\n"
    "         --key-order=ordered or hashed   --key-prefix=user --key-size=20\n"
    "         --print-keys=N, --print-distribution   look before use; nothing else is done\n"
    "Values   --value-size=SIZE (100; uniform:A-B, zipf:A-B, exponential:MEAN) "
    "--compressible=PERCENT (50)\n"
    "Table    --table=NAME (bench) --family=f --qualifier=q --columns=N (1) --splits=N tablets; "
    "--drop at the end\n"
    "         --reuse a table that exists (else refused), as it is, or with --fill; --no-fill a "
    "new one\n"
    "Pace     --rate=N a second, open loop (default: closed loop)  --threads=N (1) "
    "--connections=N (1) a thread\n"
    "         --depth=N in flight on each (1; with --rate 64)  --duration=10s or --operations=N  "
    "--warmup=1s\n"
    "         --timeout=60s of an operation  --patience=10s without any answer: exit 3  --seed=N "
    "--cpu=N\n"
    "Reports  --json[=FILE] --csv=FILE --hdr=FILE --html=FILE  -q (no live line)  --name=TEXT "
    "--server-pid=PID\n"
    "         --assert='p99<5ms,rate>1000,read.p99<2ms,errors<1%,tablet_max_mean<2' "
    "--max-error-rate=PERCENT (0)\n"
    "Compare  --against=HOST:PORT or zookeeper:HOST:PORT,...: the same there, and the ratios   "
    "--null: no server\n"
    "\n"
    "Exit codes: 0 done, 1 it failed or too many requests did, 2 wrong usage, 3 no server (any "
    "more), 4 an\n"
    "assertion does not hold, 130 interrupted; what was measured is written in each of the last "
    "three.\n";

static const char engine_usage[] =
    "usage: stele bench engine [--workload=NAME] [options]\n"
    "Drives the storage library alone (no server, no network): the cost of the engine itself.\n"
    "\n"
    "What     --workload=NAME  as of 'bench load' (--list)   --mix=read:95,update:5 ... (default "
    "read:100)\n"
    "         --batch=N  rows of a read or write (1)   --scan-rows=SIZE (100; 0: all) "
    "--scan-reversed\n"
    "         --durability=sync (each group of writes by fdatasync), async, skip (no log at all)\n"
    "Keys     --rows=N (100000) --keys=DISTRIBUTION (uniform) --key-order=ordered or hashed "
    "--key-prefix --key-size\n"
    "Values   --value-size=SIZE (100) --compressible=PERCENT (50) --columns=N (1)\n"
    "Store    --directory=DIR  empty or absent, kept (default: one below TMPDIR that goes at the "
    "end)\n"
    "         --memory=SIZE  of the memtables, and as much for the block cache (256M)  --no-fill\n"
    "Pace     --threads=N (1) --depth=N writes in flight of each (1)  --rate=N a second, open "
    "loop\n"
    "         --duration=10s or --operations=N  --warmup=1s  --seed=N\n"
    "Reports  --json[=FILE] --csv=FILE --hdr=FILE --html=FILE -q --name=TEXT --assert=... "
    "--max-error-rate\n"
    "\n"
    "Reads and scans run on the generator's threads, one at a time in each. Reports and exit codes "
    "are those of\n"
    "'bench load'; 'bench diff' compares them.\n";

/* Options that make no sense without a server, and those that make none with one. */
static const char *const server_options[] = {"connect", "zookeeper", "scan-filter", "table",
    "splits", "drop", "reuse", "fill", "connections", "timeout", "patience", "cpu", "server-pid",
    "against", "null"};
static const char *const engine_options[] = {"directory", "memory"};

static const struct option_value option_table[] = {{.name = "connect"}, {.name = "zookeeper"},
    {.name = "workload"}, {.name = "mix"}, {.name = "batch"}, {.name = "durability"},
    {.name = "scan-rows"}, {.name = "scan-filter"}, {.name = "scan-reversed", .is_flag = true},
    {.name = "rows"}, {.name = "keys"}, {.name = "key-order"}, {.name = "key-prefix"},
    {.name = "key-size"}, {.name = "print-keys"}, {.name = "print-distribution", .is_flag = true},
    {.name = "value-size"}, {.name = "compressible"}, {.name = "table"}, {.name = "family"},
    {.name = "qualifier"}, {.name = "columns"}, {.name = "splits"},
    {.name = "drop", .is_flag = true}, {.name = "reuse", .is_flag = true},
    {.name = "fill", .is_flag = true}, {.name = "no-fill", .is_flag = true}, {.name = "rate"},
    {.name = "threads"}, {.name = "connections"}, {.name = "depth"}, {.name = "duration"},
    {.name = "operations"}, {.name = "warmup"}, {.name = "timeout"}, {.name = "patience"},
    {.name = "seed"}, {.name = "cpu"}, {.name = "json", .is_flag = true, .is_optional = true},
    {.name = "csv"}, {.name = "hdr"}, {.name = "html"},
    {.name = "quiet", .letter = 'q', .is_flag = true}, {.name = "name"}, {.name = "server-pid"},
    {.name = "assert"}, {.name = "max-error-rate"}, {.name = "against"},
    {.name = "null", .is_flag = true}, {.name = "list", .is_flag = true}, {.name = "directory"},
    {.name = "memory"}};

#define OPTION_COUNT (sizeof option_table / sizeof *option_table)
#define NUMBER_MAX   1e15
#define SPLITS_MOST  10000
#define DEPTH_OPEN   64 /* requests that may wait on a connection of an open loop */
#define FILES_ASIDE  64 /* open files beside the connections */

static const char *command = "bench load"; /* or "bench engine": for messages */

static int complain(const char *option, const char *value)
{
    fprintf(stderr, "stele: %s: --%s does not take '%s'; try 'stele %s --help'\n", command, option,
        value, command);
    return EXIT_USAGE;
}

static int complain_of_number(
    const char *option, const char *value, bool is_time, double least, double most)
{
    fprintf(stderr, "stele: %s: --%s takes a %s from %.10g to %.10g, not '%s'\n", command, option,
        is_time ? "time (250ms, 10s, 2m)" : "number", least, most, value);
    return EXIT_USAGE;
}

static int complain_of(const char *option, const struct error *error)
{
    fprintf(stderr, "stele: %s: --%s: %s\n", command, option, error->message);
    return EXIT_USAGE;
}

/* A number, and for times a unit. */
static bool parse_number(
    const char *text, bool is_time, double least, double most, double *out_number)
{
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    if (errno || end == text)
        return false;
    if (is_time && strcmp(end, "ms") == 0) {
        number /= 1000;
        end += 2;
    } else if (is_time && strcmp(end, "m") == 0) {
        number *= 60;
        end += 1;
    } else if (is_time && strcmp(end, "s") == 0) {
        end += 1;
    }
    if (*end || !(number >= least && number <= most))
        return false;
    *out_number = number;
    return true;
}

struct numbers {
    double rows, columns, batch, key_size, print_keys, compressible, splits, rate, threads,
        connections, depth, duration, operations, warmup, timeout, patience, seed, cpu, server_pid,
        max_error_rate;
};

static int read_numbers(const struct options *options, struct numbers *numbers)
{
    const struct {
        const char *name;
        bool is_time;
        double least, most;
        double *number;
    } table[] = {{"rows", false, 1, NUMBER_MAX, &numbers->rows},
        {"columns", false, 1, COLUMNS_MOST, &numbers->columns},
        {"batch", false, 1, BATCH_ROWS_MOST, &numbers->batch},
        {"key-size", false, 1, KEY_SIZE_MOST, &numbers->key_size},
        {"print-keys", false, 1, NUMBER_MAX, &numbers->print_keys},
        {"compressible", false, 0, 100, &numbers->compressible},
        {"splits", false, 1, SPLITS_MOST, &numbers->splits},
        {"rate", false, 0.001, NUMBER_MAX, &numbers->rate},
        {"threads", false, 1, RUN_THREADS_MOST, &numbers->threads},
        {"connections", false, 1, 100000, &numbers->connections},
        {"depth", false, 1, 100000, &numbers->depth},
        {"duration", true, 0.001, 1e6, &numbers->duration},
        {"operations", false, 1, NUMBER_MAX, &numbers->operations},
        {"warmup", true, 0, 1e6, &numbers->warmup},
        {"timeout", true, 0.001, 1e6, &numbers->timeout},
        {"patience", true, 0, 1e6, &numbers->patience},
        {"seed", false, 0, NUMBER_MAX, &numbers->seed}, {"cpu", false, 0, 4096, &numbers->cpu},
        {"server-pid", false, 1, INT32_MAX, &numbers->server_pid},
        {"max-error-rate", false, 0, 100, &numbers->max_error_rate}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *text = options_get(options, table[i].name);
        if (text &&
            !parse_number(text, table[i].is_time, table[i].least, table[i].most, table[i].number))
            return complain_of_number(
                table[i].name, text, table[i].is_time, table[i].least, table[i].most);
    }
    return -1;
}

/* What the machine must have for it: told before the work, not in the midst of it. */
static int check_machine(const struct load_settings *settings)
{
    struct rlimit files;
    size_t connections = settings->threads * settings->clients;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (!settings->is_engine && !settings->is_null && getrlimit(RLIMIT_NOFILE, &files) == 0 &&
        connections + FILES_ASIDE > files.rlim_cur) {
        fprintf(stderr,
            "stele: %s: %zu connections are more than the %llu files that this process may open "
            "(ulimit -n)\n",
            command, connections, (unsigned long long)files.rlim_cur);
        return EXIT_USAGE;
    }
    long processors = sysconf(_SC_NPROCESSORS_CONF);
    if (settings->cpu >= 0 && settings->cpu + (long)settings->threads > processors) {
        fprintf(stderr, "stele: %s: --cpu=%d and %zu thread%s need processor %ld, there are %ld\n",
            command, settings->cpu, settings->threads, settings->threads == 1 ? "" : "s",
            settings->cpu + (long)settings->threads - 1, processors);
        return EXIT_USAGE;
    }
    if (settings->server_pid && kill(settings->server_pid, 0) && errno == ESRCH) {
        fprintf(stderr, "stele: %s: --server-pid: there is no process %d\n", command,
            settings->server_pid);
        return EXIT_USAGE;
    }
    return -1;
}

static void settle_numbers(struct load_settings *settings, const struct numbers *numbers)
{
    struct runner_plan *pace = &settings->pace;
    settings->workload.rows = (uint64_t)numbers->rows;
    settings->workload.columns = (uint32_t)numbers->columns;
    settings->workload.batch_rows = (uint32_t)numbers->batch;
    settings->workload.value.compressible_percent = (unsigned)numbers->compressible;
    settings->workload.seed = (uint64_t)numbers->seed;
    settings->print_keys = (uint64_t)numbers->print_keys;
    settings->splits = (size_t)numbers->splits;
    settings->threads = (size_t)numbers->threads;
    settings->clients = (size_t)numbers->connections;
    pace->rate = numbers->rate;
    pace->operations = (uint64_t)numbers->operations;
    pace->duration_ns = (uint64_t)(numbers->duration * 1e9);
    if (!pace->operations && !pace->duration_ns)
        pace->duration_ns = 10000000000ull;
    double warmup = numbers->warmup < 0 ? (pace->operations ? 0 : 1) : numbers->warmup;
    pace->warmup_ns = (uint64_t)(warmup * 1e9);
    settings->depth = numbers->depth > 0 ? (size_t)numbers->depth : pace->rate > 0 ? DEPTH_OPEN : 1;
    settings->timeout_ms = (uint32_t)(numbers->timeout * 1000);
    settings->patience_ms = (uint32_t)(numbers->patience * 1000);
    settings->cpu = (int)numbers->cpu;
    settings->server_pid = (int)numbers->server_pid;
    settings->max_error_rate = numbers->max_error_rate / 100;
}

static int take_numbers(const struct options *options, struct load_settings *settings)
{
    struct numbers numbers = {.rows = 100000,
        .columns = 1,
        .batch = 1,
        .key_size = 20,
        .compressible = 50,
        .splits = 1,
        .threads = 1,
        .connections = 1,
        .warmup = -1,
        .timeout = 60,
        .patience = 10,
        .seed = 1,
        .cpu = -1};
    int code = read_numbers(options, &numbers);
    if (code >= 0)
        return code;
    settle_numbers(settings, &numbers);
    const char *prefix = options_get(options, "key-prefix"),
               *order = options_get(options, "key-order");
    if (order && strcmp(order, "ordered") != 0 && strcmp(order, "hashed") != 0)
        return complain("key-order", order);
    if (!key_format_init(&settings->workload.format, prefix ? prefix : "user",
            (size_t)numbers.key_size, order && order[0] == 'h', settings->workload.rows)) {
        fprintf(stderr,
            "stele: %s: keys of %.0f bytes have no room for the prefix '%s' and %.0f "
            "rows\n",
            command, numbers.key_size, prefix ? prefix : "user", numbers.rows);
        return EXIT_USAGE;
    }
    return -1;
}

static int take_workload(const struct options *options, struct load_settings *settings)
{
    struct workload *workload = &settings->workload;
    struct error error = {0};
    static const char *const durabilities[] = {"default", "skip", "async", "sync", "fsync"};
    const char *durability = options_get(options, "durability");
    if (options_get(options, "mix"))
        settings->mix_text = options_get(options, "mix");
    if (options_get(options, "keys"))
        settings->keys_text = options_get(options, "keys");
    if (options_get(options, "value-size"))
        settings->value_text = options_get(options, "value-size");
    if (options_get(options, "scan-rows"))
        settings->scan_text = options_get(options, "scan-rows");
    if (mix_parse(settings->mix_text, &workload->mix, &error))
        return complain_of("mix", &error);
    if (key_distribution_parse(settings->keys_text, &workload->keys, &error))
        return complain_of("keys", &error);
    if (size_draw_parse(settings->value_text, 10 << 20, &workload->value.size, &error))
        return complain_of("value-size", &error);
    if (size_draw_parse(settings->scan_text, UINT32_MAX, &workload->scan_rows, &error))
        return complain_of("scan-rows", &error);
    if (settings->is_engine && workload->mix.percent[OPERATION_LOCATE] > 0) {
        fputs(
            "stele: bench engine has no locate: there is no hbase:meta without a server\n", stderr);
        return EXIT_USAGE;
    }
    settings->scan_filter = options_get(options, "scan-filter");
    settings->is_scan_reversed = options_get(options, "scan-reversed") != NULL;
    struct stele_filter *filter = NULL;
    struct stele_error failure;
    if (settings->scan_filter &&
        stele_filter_parse(stele_text(settings->scan_filter), &filter, &failure)) {
        error_set(&error, STATUS_INVALID, "%s", failure.message);
        return complain_of("scan-filter", &error);
    }
    stele_filter_free(filter);
    for (size_t i = 0; durability && i < sizeof durabilities / sizeof *durabilities; i++) {
        if (strcmp(durability, durabilities[i]) == 0) {
            settings->durability = (enum stele_durability)i;
            durability = NULL;
        }
    }
    return durability ? complain("durability", durability) : -1;
}

static void take_text(const struct options *options, const char *name, const char **out_text)
{
    if (options_get(options, name))
        *out_text = options_get(options, name);
}

static int take_place(const struct options *options, struct load_settings *settings)
{
    static const char zookeeper[] = "zookeeper:";
    const char *against = options_get(options, "against");
    settings->place.connect = options_get(options, "connect");
    settings->place.zookeeper = options_get(options, "zookeeper");
    if (settings->place.connect && settings->place.zookeeper) {
        fputs("stele: bench load takes one of --connect and --zookeeper\n", stderr);
        return EXIT_USAGE;
    }
    if (!settings->place.connect && !settings->place.zookeeper)
        settings->place.connect = getenv("STELE_CONNECT") ? getenv("STELE_CONNECT")
                                                          : "127.0.0.1:16000";
    if (against && strncmp(against, zookeeper, sizeof zookeeper - 1) == 0)
        settings->against.zookeeper = against + sizeof zookeeper - 1;
    else
        settings->against.connect = against;
    int code = bench_place_check(command, settings->place.connect, settings->place.zookeeper);
    return code < 0
               ? bench_place_check(command, settings->against.connect, settings->against.zookeeper)
               : code;
}

/* What a preset says counts where the command line says nothing. */
static int take_preset(struct options *options, struct load_settings *settings)
{
    const char *name = options_get(options, "workload");
    if (!name)
        return -1;
    const struct preset *preset = preset_find(name);
    if (!preset && preset_why_refused(name)) {
        fprintf(stderr, "stele: %s does not do %s: %s\n", command, name, preset_why_refused(name));
        return EXIT_USAGE;
    }
    if (!preset) {
        const char *nearest = preset_nearest(name);
        fprintf(stderr, "stele: %s has no workload '%s'; ", command, name);
        if (nearest)
            fprintf(stderr, "did you mean '%s'?\n", nearest);
        else
            fputs("'stele bench load --list' has all\n", stderr);
        return EXIT_USAGE;
    }
    settings->preset = preset->name;
    for (size_t i = 0; i < PRESET_OPTIONS && preset->options[i].name; i++)
        for (size_t j = 0; j < options->value_count; j++)
            if (!options->values[j].value &&
                strcmp(options->values[j].name, preset->options[i].name) == 0)
                options->values[j].value = preset->options[i].value;
    return -1;
}

static int take_table(const struct options *options, struct load_settings *settings)
{
    bool is_fill = options_get(options, "fill") != NULL;
    bool is_no_fill = options_get(options, "no-fill") != NULL;
    take_text(options, "table", &settings->table);
    take_text(options, "family", &settings->family);
    take_text(options, "qualifier", &settings->qualifier);
    settings->is_reusing = options_get(options, "reuse") != NULL;
    settings->is_dropping = options_get(options, "drop") != NULL;
    /* what is said aloud wins over a preset's no-fill */
    settings->is_filling = is_fill || (!settings->is_reusing && !is_no_fill);
    if (strlen(settings->qualifier) > 20)
        return complain("qualifier", settings->qualifier);
    if (!settings->table[0] || !settings->family[0]) {
        fprintf(stderr, "stele: %s: --%s takes a name, not ''\n", command,
            settings->table[0] ? "family" : "table");
        return EXIT_USAGE;
    }
    if (strncmp(settings->table, "hbase:", 6) == 0 &&
        (settings->is_filling || settings->is_dropping ||
            mix_has_writes(&settings->workload.mix))) {
        fprintf(stderr, "stele: %s: %s is the system's: it can be read (--reuse), no more\n",
            command, settings->table);
        return EXIT_USAGE;
    }
    return -1;
}

static int take_reports(const struct options *options, struct load_settings *settings)
{
    struct error error = {0};
    take_text(options, "name", &settings->name);
    settings->json = options_get(options, "json");
    settings->csv = options_get(options, "csv");
    settings->hdr = options_get(options, "hdr");
    settings->html = options_get(options, "html");
    settings->is_quiet = options_get(options, "quiet") != NULL;
    settings->is_null = options_get(options, "null") != NULL;
    settings->is_listing = options_get(options, "list") != NULL;
    settings->is_printing_distribution = options_get(options, "print-distribution") != NULL;
    if (assertions_parse(options_get(options, "assert"), &settings->assertions, &error))
        return complain_of("assert", &error);
    const struct output_file files[] = {{"json", settings->json}, {"csv", settings->csv},
        {"hdr", settings->hdr}, {"html", settings->html}};
    return output_files_check(settings->command, files, sizeof files / sizeof *files);
}

static bool is_named(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The options of the command; returns how many. */
static size_t choose_options(bool is_engine, struct option_value *out_values)
{
    size_t count = 0;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *name = option_table[i].name;
        if (is_engine
                ? !is_named(name, server_options, sizeof server_options / sizeof *server_options)
                : !is_named(name, engine_options, sizeof engine_options / sizeof *engine_options))
            out_values[count++] = option_table[i];
    }
    return count;
}

static int take_engine(const struct options *options, struct load_settings *settings)
{
    const char *memory = options_get(options, "memory");
    struct error error = {0};
    settings->directory = options_get(options, "directory");
    if (memory && options_parse_size("memory", memory, &settings->memory_bytes, &error)) {
        fprintf(stderr, "stele: %s: %s\n", command, error.message);
        return EXIT_USAGE;
    }
    return -1;
}

int load_options_parse(int argc, char **argv, bool is_engine, struct load_settings *out_settings)
{
    struct load_settings settings = {.command = is_engine ? "bench engine" : "bench load",
        .name = is_engine ? "engine" : "load",
        .is_engine = is_engine,
        .mix_text = "read:100",
        .keys_text = "uniform",
        .value_text = "100",
        .scan_text = "100",
        .table = "bench",
        .family = "f",
        .qualifier = "q"};
    struct option_value values[OPTION_COUNT];
    struct options options = {.command = settings.command,
        .usage = is_engine ? engine_usage : usage,
        .values = values,
        .value_count = choose_options(is_engine, values)};
    command = settings.command;
    int code = options_parse(&options, argc, argv);
    if (code < 0)
        code = take_preset(&options, &settings);
    if (code < 0)
        code = take_place(&options, &settings);
    if (code < 0)
        code = take_workload(&options, &settings);
    if (code < 0)
        code = take_numbers(&options, &settings);
    if (code < 0)
        code = take_table(&options, &settings);
    if (code < 0)
        code = take_engine(&options, &settings);
    if (code < 0)
        code = take_reports(&options, &settings);
    if (code < 0)
        code = check_machine(&settings);
    *out_settings = settings;
    return code;
}
