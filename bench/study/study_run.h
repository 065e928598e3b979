/* What a run of requests against tablets and servers looked like, second by second: predicted by the model, or measured
 * on a cluster. Both fill the same struct and are judged by the same rules, so that they can stand side by side.
 *
 * "Asked" counts requests by the server that they were for, whether it could serve them or not: a server that is
 * asked more than it can do is the hot spot, however little it gets done. */
#ifndef STELE_BENCH_STUDY_STUDY_RUN_H
#define STELE_BENCH_STUDY_STUDY_RUN_H

#include "bench/study/run_load.h"

#define RUN_EVENTS_MOST  512
#define RUN_BUCKETS      32  /* rows of the heat map: ranges of equal rows of the population */
#define RUN_BALANCED     1.3 /* max/mean of servers up to which they count as balanced ... */
#define RUN_BALANCED_FOR 15  /* ... for so many seconds */

struct run_event {
    unsigned second;
    bool is_split; /* else a move */
    uint32_t tablet, from, to;
    float at; /* where in the key space, 0 to 1 */
};

struct study_run {
    unsigned seconds; /* that it lasted; the arrays have room for `room` */
    unsigned room;
    size_t servers;
    double *max_mean; /* of what the servers were asked, by second, over the last 4 s */
    double *served;   /* part of the requests, by second */
    double *heat;     /* requests: heat[second * RUN_BUCKETS + bucket] */
    double *asked;    /* requests: asked[second * servers + server] */
    size_t splits, moves, tablets; /* tablets: at the end */
    struct run_event events[RUN_EVENTS_MOST];
    size_t event_count;
    struct run_load load; /* by second, server and tablet */
    /* study_run_conclude's */
    double start_max_mean, end_max_mean, start_served, end_served; /* means of 10 s */
    int balanced_after_s; /* max/mean <= 1.3 for 15 s from then on first; -1 = never */
    int balanced_seconds; /* how many seconds it was at most 1.3 */
    /* measured only; 0 = not known: from when a request should have begun, first and last 10 s */
    double start_p99_ms, end_p99_ms;
    uint64_t requests, answers; /* asked, and answered */
    uint64_t counted;           /* by the tablets' own counters */
    uint64_t
        lost; /* about so many no counter has: taken from a tablet's last report to its end by split or move */
};

enum status study_run_init(
    struct study_run *run, unsigned seconds, size_t servers, struct error *error);
void study_run_deinit(struct study_run *run);
void study_run_note(struct study_run *run, const struct run_event *event);
/* Sets max_mean of a second, and its skews in `load`, from what was asked until then. Once a second, in order. */
void study_run_end_second(struct study_run *run, unsigned second);
/* Whether it was balanced for RUN_BALANCED_FOR seconds by the end of `second`: what comes after is more of the same. */
bool study_run_is_settled(const struct study_run *run, unsigned second);
/* Fills in the summary; once. */
void study_run_conclude(struct study_run *run);
/* "even", "cured" (and it stays), "comes back", "better, not cured", "not cured". */
const char *study_run_verdict(const struct study_run *run);
/* The first two of them. */
bool study_run_ends_well(const struct study_run *run);

#endif
