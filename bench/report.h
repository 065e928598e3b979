/* What a load did: merged from its threads, told to people or as JSON. */
#ifndef STELE_BENCH_REPORT_H
#define STELE_BENCH_REPORT_H

#include <stdbool.h>

#include "bench/driver.h"

struct report {
    struct driver_result total; /* merged: histograms owned */
    double rate_asked;          /* 0 = closed loop */
    uint64_t client_cpu_us;
    bool has_server; /* the server runs on this host and could be read */
    uint64_t server_cpu_us;
    uint64_t server_resident_kib;
};

/* Adds one thread's result. False on no memory. */
bool report_add(struct report *report, const struct driver_result *result);
void report_deinit(struct report *report);
/* A table for people on stdout, or one JSON object a line ("schema":"stele-load-1"). */
void report_print(const struct report *report);
void report_print_json(const struct report *report, const char *name);

#endif
