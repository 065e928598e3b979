/* stele bench load: settings, and what came of them.
 *
 *   options -> settings -> [table, fill] -> run -> outcome -> reports */
#ifndef STELE_BENCH_LOAD_H
#define STELE_BENCH_LOAD_H

#include <jansson.h>

#include "base/options.h"
#include "bench/assertion.h"
#include "bench/driver.h"
#include "bench/watch.h"

/* Exit codes beside those of every command (hotspot.md 3). */
#define EXIT_UNREACHABLE 3   /* cannot connect, or the server went away during the run */
#define EXIT_ASSERTION   4   /* an --assert does not hold */
#define EXIT_INTERRUPTED 130 /* after what was there by then was written */

struct place {
    const char *connect; /* one of the two */
    const char *zookeeper;
};

struct load_settings {
    const char *command; /* "bench load", "bench engine": for messages */
    const char *name;    /* of the run, in reports */
    const char *preset;  /* NULL: none */
    struct place place;
    struct place against; /* both NULL: none */
    struct workload workload;
    const char *mix_text, *keys_text, *value_text, *scan_text; /* as given, for reports */
    const char *table, *family, *qualifier;
    size_t splits; /* tablets of a table that is made */
    bool is_reusing, is_filling, is_dropping;
    struct runner_plan pace; /* of all threads */
    size_t threads, clients, depth;
    int cpu;
    int server_pid; /* 0: find it */
    enum stele_durability durability;
    const char *scan_filter; /* HBase's filter language, or NULL */
    bool is_scan_reversed;
    uint32_t timeout_ms, patience_ms;
    bool is_null;
    bool is_engine;        /* the storage library alone */
    const char *directory; /* of the engine; NULL: one that goes at the end */
    uint64_t memory_bytes; /* of the engine */
    bool is_quiet;
    double max_error_rate; /* 0..1: of the requests, above which the exit code is 1 */
    const char *json, *csv, *hdr,
        *html; /* files; NULL: not wanted; json and html: "-" or "" stdout */
    struct assertions assertions;
    uint64_t print_keys; /* 0: none */
    bool is_printing_distribution, is_listing;
};

/* Fills in the settings from argv (argv[0] is "load" or "engine": each has its options). -1 to go
 * on, or the exit code. */
int load_options_parse(int argc, char **argv, bool is_engine, struct load_settings *out_settings);

/* What a load did at one place. */
struct load_outcome {
    const struct load_settings *settings;
    char place[300];
    bool has_fill;
    struct run_result fill;
    struct run_result run;
    uint64_t client_cpu_us; /* of the run, after the warm-up */
    bool has_server_cpu;    /* servers run on this host and could be read */
    uint64_t server_cpu_us; /* of all of them */
    uint64_t server_resident_kib;
    struct watch_figures watched; /* tablets, servers, events */
    char engine_work[160];        /* what the engine did beside, for people; empty: a server */
    json_t *against; /* --against: the first place (a) and the other (b), comparison.h; or NULL */
};
void load_outcome_deinit(struct load_outcome *outcome);

/* The subcommands; argv[0] is "load" or "engine". They return the exit code. */
int command_bench_load(int argc, char **argv);
int command_bench_engine(int argc, char **argv);

#endif
