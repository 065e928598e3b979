/* A thread of a load against nothing: every request ends as soon as it has started. What is left is
 * the generator's own cost: choosing operations, making keys and values, pacing, recording. */
#ifndef STELE_BENCH_NULL_DRIVER_H
#define STELE_BENCH_NULL_DRIVER_H

#include "bench/run.h"
#include "bench/workload.h"

struct null_plan {
    struct workload *workload;
    size_t threads;
};

/* A run_work; context is a struct null_plan. */
enum status null_driver_run(void *context, struct run_thread *thread, struct error *error);

#endif
