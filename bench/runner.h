/* One thread of a load without its I/O: when requests start, what is recorded, when it is over.
 *
 * Closed loop: every slot keeps one request in flight. Open loop (rate > 0): request n starts at
 * n / rate whatever the server does; one that has to wait for a free slot keeps its intended start,
 * so that a stall is seen by all who would have come (no coordinated omission). Latency is recorded
 * twice then: service, from the real start; intended, from the intended one.
 *
 * The caller owns clock, loop and requests: it calls runner_go when the time that it returned has
 * come, and runner_done when a request ended; both start what is due through `start`, which must
 * not call back from inside. So a test can run it on a clock of its own.
 *
 * The load's own lateness is told apart from the server's: how long after its intended start a request began that had not
 * to wait for a slot (`late`). It is what timers and the CPU of this thread cost, and within the intended latency.
 *
 * What started in the warm-up and ended after it is not counted. One thread. */
#ifndef STELE_BENCH_RUNNER_H
#define STELE_BENCH_RUNNER_H

#include "bench/timeline.h"

struct runner_plan {
    double rate;          /* operations a second of this thread; 0 = closed loop */
    double offset;        /* 0..1: of the distance between two starts, so that threads interleave */
    uint64_t operations;  /* 0 = until the time is up */
    uint64_t duration_ns; /* after the warm-up; 0 = until the operations are done */
    uint64_t warmup_ns;
};

/* A place for one request at a time. The target embeds it first. */
struct slot {
    struct slot *next; /* idle list */
    enum operation operation;
    uint64_t start_ns;
    uint64_t intended_ns;
    uint64_t rows; /* of the running request: the target fills these in until it ends */
    uint64_t bytes;
    uint64_t missing;
};

/* Starts a request in the slot, and sets slot->operation. */
typedef void runner_start_function(void *context, struct slot *slot, uint64_t now_ns);

struct runner {
    struct runner_plan plan;
    runner_start_function *start;
    void *context;
    struct recorder recorder;
    struct histogram *late; /* borrowed; NULL: not wanted */
    struct slot *idle;
    uint64_t started_ns;
    uint64_t counted_from_ns; /* end of the warm-up */
    uint64_t ends_ns;         /* UINT64_MAX = none */
    uint64_t issued;
    uint64_t busy;
    uint64_t last_answer_ns; /* the last success, or failure that a server spoke */
    bool is_over;            /* nothing starts any more */
};

void runner_init(struct runner *runner, const struct runner_plan *plan, struct timeline *timeline,
    size_t thread, uint64_t now_ns, runner_start_function *start, void *context);
void runner_deinit(struct runner *runner);
void runner_add_slot(struct runner *runner, struct slot *slot);
/* Starts what is due. Returns when to be called again; UINT64_MAX: not before a request ends. */
uint64_t runner_go(struct runner *runner, uint64_t now_ns);
/* A request ended; as runner_go then. has_answer: a server said so, be it a failure. */
uint64_t runner_done(
    struct runner *runner, struct slot *slot, bool is_failed, bool has_answer, uint64_t now_ns);
/* Nothing starts any more. */
void runner_stop(struct runner *runner);
bool runner_is_done(const struct runner *runner); /* over, and nothing in flight */
/* The end: closes the record. Returns the starts that were due by then and never came (open loop).
 */
uint64_t runner_end(struct runner *runner, uint64_t now_ns);
/* Seconds since the start. */
double runner_seconds(const struct runner *runner, uint64_t now_ns);

#endif
