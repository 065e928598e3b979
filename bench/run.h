/* One run of a load: threads, their seconds, their sums.
 *
 * run_threads starts the threads, which begin together once all are ready, and takes the whole
 * seconds while they work: each becomes a point of the timeline, is shown to the sinks, and, past
 * the warm-up, is added to the sums. What threads do is theirs: a client's loop (driver.h), nothing
 * (null_driver.h), the engine (engine_driver.h).
 *
 * Stopping: run_interrupt (a signal handler) or a thread that lost its server ends the run early;
 * what was recorded until then stands. */
#ifndef STELE_BENCH_RUN_H
#define STELE_BENCH_RUN_H

#include <stdatomic.h>

#include "base/status.h"
#include "bench/runner.h"

#define RUN_THREADS_MOST 64
#define RUN_TICK_MS      50   /* how often a thread looks whether it shall stop */
#define RUN_GRACE_MS     2000 /* what is in flight at a stop may still end within it */

/* In microseconds; NAN where there are too few samples. */
struct latency {
    double mean, p50, p99, max;
};

struct point_part {
    uint64_t operations;
    uint64_t failed;
    uint64_t rows;
    struct latency service;
    struct latency intended; /* all NAN in a closed loop */
};

/* A second. */
struct point {
    int64_t second; /* negative: the warm-up's */
    double length_s;
    struct point_part all;
    struct point_part of[OPERATION_COUNT];
};

enum run_end { RUN_COMPLETE, RUN_INTERRUPTED, RUN_SERVER_LOST };
const char *run_end_name(enum run_end end);

struct run_result {
    struct tally all; /* owned, as are the parts */
    struct tally of[OPERATION_COUNT];
    struct point *points; /* owned; the warm-up's too */
    size_t point_count, point_room;
    uint64_t elapsed_ns;    /* after the warm-up */
    uint64_t unstarted;     /* open loop: due by the end and never started */
    uint64_t abandoned;     /* in flight when the run was stopped */
    struct histogram *late; /* open loop: runner.h; owned */
    int64_t started_ms;     /* wall clock, of second 0 */
    enum run_end end;
    char first_failure[1024];
};

void run_result_deinit(struct run_result *result);

struct run;

/* What a thread does, and gives back. */
struct run_thread {
    struct run *run;
    size_t index;
    uint64_t unstarted, abandoned;
    uint64_t ended_ns;
    struct histogram *late; /* open loop; run.c's */
    char first_failure[1024];
};
/* Makes ready, calls run_begin, works until the plan or run_is_stopped says so, calls runner_end.
 * A failure before run_begin fails the run. */
typedef enum status run_work(void *context, struct run_thread *thread, struct error *error);

struct run_plan {
    size_t threads;
    struct runner_plan pace; /* rate and operations are of all threads together */
    run_work *work;
    void *context;
    /* Called on the command's thread; each may be NULL. */
    void (*on_counted)(void *context); /* the warm-up is over */
    void (*on_second)(void *context, const struct second *second, const struct point *point);
    void *sink_context;
};

/* Runs the plan to its end; *out_result is the caller's. Requests that fail are STATUS_OK with
 * their number. */
enum status run_threads(
    const struct run_plan *plan, struct run_result *out_result, struct error *error);

/* ---- For the threads ---- */

/* Waits until all threads are ready, then fills in the runner. False: another thread failed, leave
 * at once without a runner. `is_ready` false: this one did. */
bool run_begin(struct run_thread *thread, bool is_ready, struct runner *runner,
    runner_start_function *start, void *context);
bool run_is_stopped(const struct run_thread *thread);
/* The server answers no more: every thread is to stop. */
void run_lose_server(struct run_thread *thread);

/* ---- Interrupts ---- */

/* Installs handlers of SIGINT and SIGTERM that stop the run; a second one ends the process. */
void run_catch_interrupts(void);
bool run_was_interrupted(void);

#endif
