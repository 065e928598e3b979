/* One thread of a load: an event loop, some clients on it (one connection each), and requests in
 * flight.
 *
 * Closed loop: each client keeps `depth` requests in flight. Open loop: requests start at fixed
 * times, whatever the server does; one that has to wait for a free slot keeps its intended start,
 * so that a stall is seen by all who would have come (no coordinated omission). */
#ifndef STELE_BENCH_DRIVER_H
#define STELE_BENCH_DRIVER_H

#include <stele/stele.h>

#include "base/histogram.h"
#include "base/status.h"
#include "bench/workload.h"

struct driver_plan {
    const char *connect; /* one of the two */
    const char *zookeeper;
    struct stele_bytes table;
    struct stele_bytes family;
    struct stele_bytes qualifier;
    const struct workload *workload;
    uint64_t seed;
    size_t threads;
    size_t clients;       /* of each thread */
    size_t depth;         /* of each client */
    double rate;          /* operations a second of each thread; 0 = closed loop */
    uint64_t operations;  /* of each thread; 0 = until the time is up */
    uint64_t duration_ns; /* 0 = until the operations are done */
    uint64_t warmup_ns;   /* at the start, not counted */
    int cpu;              /* the first thread's core, the next ones follow; -1 = anywhere */
};

struct driver_result {
    uint64_t operations; /* counted: after the warm-up */
    uint64_t failed;
    uint64_t rows;  /* rows of scans and batches, else the operations */
    uint64_t bytes; /* of the values read or written */
    uint64_t elapsed_ns;
    struct histogram *service;  /* from the request's real start, in ns */
    struct histogram *intended; /* from its intended start (open loop); NULL in closed loop */
    char first_failure[1024];
};

/* Runs thread `index` of the plan to its end; *out_result is the caller's (driver_result_deinit). A
 * load in which single requests fail is STATUS_OK with their number; a failure to connect is not.
 */
enum status driver_run(const struct driver_plan *plan, size_t index,
    struct driver_result *out_result, struct error *error);
void driver_result_deinit(struct driver_result *result);

#endif
