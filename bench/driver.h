/* A thread of a load against a server: an event loop, some clients on it (one connection each),
 * and requests in flight, through libstele. The requests themselves are client_target.h's. */
#ifndef STELE_BENCH_DRIVER_H
#define STELE_BENCH_DRIVER_H

#include <stele/stele.h>

#include "bench/run.h"
#include "bench/workload.h"

struct driver_plan {
    const char *connect; /* one of the two */
    const char *zookeeper;
    struct stele_bytes table;
    struct stele_bytes family;
    const char *qualifier;
    struct workload *workload;
    size_t threads;
    size_t clients; /* of each thread */
    size_t depth;   /* of each client */
    int cpu;        /* the first thread's core, the next ones follow; -1 = anywhere */
    enum stele_durability durability;
    const struct stele_filter *scan_filter; /* or NULL */
    bool is_scan_reversed;
    uint32_t timeout_ms;  /* of an operation with its retries */
    uint32_t patience_ms; /* without any answer for so long, the server is lost */
};

/* A run_work; context is a struct driver_plan. */
enum status driver_run(void *context, struct run_thread *thread, struct error *error);

#endif
