/* What live_run.c and its parts share: one cell's trace while it runs. Threads: one, the loop's. */
#ifndef STELE_BENCH_STUDY_LIVE_RUN_INTERNAL_H
#define STELE_BENCH_STUDY_LIVE_RUN_INTERNAL_H

#include "base/histogram.h"
#include "bench/study/live_counters.h"
#include "bench/study/live_internal.h"
#include "bench/study/live_tablets.h"

#define LIVE_ENDS_S     10 /* the first and last seconds that start and end are means of */
#define LIVE_VALUE_SIZE (STUDY_FIELDS * STUDY_FIELD_SIZE)

struct live_slot;

struct live_cell_run {
    struct live *live;
    const struct row_set *set;
    enum request_kind kind; /* of all requests */
    struct study_run *run;
    struct stele_bytes name;
    struct stele_table *table;
    struct live_slot *slots, *idle;
    size_t busy;
    struct event *pace;
    struct dice dice;
    uint64_t started_ns;
    uint64_t begun; /* requests, served or not */
    unsigned second;
    struct live_tablets tablets;
    struct live_counters counters;
    int64_t reported_ms; /* the oldest of the servers' reports, at the last look */
    bool is_listing, is_counting;
    double *answered;                             /* by second */
    struct histogram *first, *last, *before_last; /* of the first 10 s, and of the last 10 to 20 */
    uint64_t answered_ns;                         /* the last answer */
    uint64_t paced_ns;                            /* the last look at the clock */
    bool is_over;
    enum status status; /* why it ended early */
    struct error error;
    uint64_t wrong;
    char wrong_row[STUDY_TEXT_SIZE];
    char last_failure[STUDY_TEXT_SIZE];
};

uint64_t live_now_ns(void);
/* The first reason stays. */
void live_run_end(struct live_cell_run *run, enum status status);

/* ---- live_requests.c ---- */

bool live_requests_init(struct live_cell_run *run);
void live_requests_deinit(struct live_cell_run *run);
/* Begins the next request of the trace. */
void live_requests_begin(struct live_cell_run *run);

/* ---- live_looks.c ---- */

/* Asks where the tablets are and what they count, unless the last such look is still under way. */
void live_looks_begin(struct live_cell_run *run);

#endif
