/* A thread of a load against the storage engine: no network, no messages, no server.
 *
 * Writes are asked for and end on the engine's threads, `depth` of them in flight; the thread is
 * woken for them. Reads and scans run on the thread itself, one at a time, and wait for the disk
 * there: their service time begins when they really run. */
#ifndef STELE_BENCH_ENGINE_DRIVER_H
#define STELE_BENCH_ENGINE_DRIVER_H

#include "bench/engine_store.h"
#include "bench/run.h"
#include "bench/workload.h"

struct engine_plan {
    struct engine_store *engine;
    struct workload *workload;
    const char *family, *qualifier;
    enum durability durability;
    bool is_scan_reversed;
    size_t threads, depth;
};

/* A run_work; context is a struct engine_plan. */
enum status engine_driver_run(void *context, struct run_thread *thread, struct error *error);

#endif
