/* The load of a run, and what came of it: by second, by server, by tablet. How many requests were asked, reads and
 * writes apart, how many were answered, how long that took: from when a request should have begun (intended) and from
 * when it did (service). Filled by the model and by a live run alike.
 *
 *   tablets come and go: a split ends one and begins two, a move keeps it; each is told from its first second to its last
 *   asked -> answered, up to RUN_ANSWER_S seconds later -> end_second, in order -> conclude
 *
 * Answers are kept by server for the last RUN_ANSWER_S seconds only, and then become a summary; one that comes later
 * still counts for its tablet. Scans are not among a run's requests: the scenario's queries are asked before it, and told
 * apart (study.h). */
#ifndef STELE_BENCH_STUDY_RUN_LOAD_H
#define STELE_BENCH_STUDY_RUN_LOAD_H

#include "bench/study/latency_sketch.h"
#include "bench/study/row_set.h"
#include "bench/study/skew.h"

#define RUN_TABLETS_MOST 4096 /* that a run has in all; further ones are passed over */
#define RUN_ANSWER_S     16   /* longer than a request may take */
#define NO_TABLET        UINT32_MAX

enum request_kind { REQUEST_READ, REQUEST_WRITE, REQUEST_KINDS };

struct run_latency {
    struct latency_summary intended, service;
};

struct run_share {
    double asked[REQUEST_KINDS], answered; /* requests */
    struct run_latency latency;
};

struct run_second {
    struct skew servers; /* of what they were asked in the last seconds, as study_run's max_mean */
    struct skew tablets; /* of what they were asked in this one */
    uint32_t tablet_count;
    double asked[REQUEST_KINDS];
    struct run_latency latency;
};

struct sketch_pair {
    struct latency_sketch intended, service;
};

struct run_tablet {
    struct study_row start;
    float at; /* its place among the rows, 0 to 1 */
    uint32_t server;
    unsigned from_s, to_s; /* [from, to) */
    bool is_open;          /* not split or merged away yet */
    struct run_share share;
    float *asked; /* by second, from from_s on */
    struct sketch_pair *sketches;
};

struct run_load {
    unsigned room; /* seconds */
    size_t servers;
    struct run_second *seconds;
    struct run_share *by_server;
    struct run_latency *by_second; /* [second * servers + server] */
    struct run_tablet *tablets;
    size_t tablet_count;
    struct run_share all;
    /* while it is filled */
    struct sketch_pair *recent;  /* [second % RUN_ANSWER_S * servers + server] */
    struct sketch_pair *overall; /* by server */
    struct sketch_pair *scratch;
    double *asked_now; /* by tablet, for end_second */
    unsigned summed;   /* seconds before it are summaries */
    /* run_load_conclude's: means of the first and the last seconds */
    struct skew start_servers, end_servers, start_tablets, end_tablets;
};

enum status run_load_init(
    struct run_load *load, unsigned seconds, size_t servers, struct error *error);
void run_load_deinit(struct run_load *load);

/* A tablet from `second` on; NO_TABLET when there are too many, or no memory. */
uint32_t run_load_open_tablet(struct run_load *load, const struct study_row *start, float at,
    uint32_t server, unsigned second);
void run_load_move_tablet(struct run_load *load, uint32_t tablet, uint32_t server);
void run_load_close_tablet(struct run_load *load, uint32_t tablet, unsigned second);

/* `count` requests. tablet may be NO_TABLET. */
void run_load_ask(struct run_load *load, unsigned second, size_t server, uint32_t tablet,
    enum request_kind kind, double count);
/* ... of `second` were answered; server and tablet are those that were asked. service_us AS_INTENDED: the same, in all of
 * the run. */
#define AS_INTENDED UINT64_MAX
void run_load_answer(struct run_load *load, unsigned second, size_t server, uint32_t tablet,
    uint64_t intended_us, uint64_t service_us, uint32_t count);
/* All of a second is asked: `servers` is how unevenly. */
void run_load_end_second(struct run_load *load, unsigned second, const struct skew *servers);
/* No more comes: the summaries, over `seconds`. Frees what only filling needs. */
void run_load_conclude(struct run_load *load, unsigned seconds, unsigned ends);
/* The part of what was asked while it lived that was the tablet's, 0 to 1. */
double run_load_tablet_share(const struct run_load *load, const struct run_tablet *tablet);

#endif
