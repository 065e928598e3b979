/* A cluster in numbers: tablets, servers with a capacity, splits by load and a balancer, on a table's rows.
 *
 *   model_static    what a fixed cut into tablets of equal rows makes of the requests (hotspot.md 2.2)
 *   model_run       second by second: requests arrive at a rate, servers serve up to their capacity, a tablet that is
 *                   hot for long enough is split where that halves its load, a balancer moves tablets (2.3)
 *
 * Splits are CockroachDB's: above split_qps in each of split_after_s seconds, at one of 20 sampled keys which each
 * counted the requests left and right of it since it was sampled; the most even one, and none when the best is too
 * uneven (one hot row) or has seen too little. The balancer is greedy: every balance_s it moves the tablet that lowers
 * the busiest server most, and again, until none does. Where both act in a second it looks first, and finds a split's
 * halves the next time.
 *
 * Stele's own policies are those of its master and servers themselves (model/balance.h, model/split_policy.h; model_stele.c
 * says what they are given), and live studies are predicted with them.
 *
 * Latency is what a request waits until its server has served those before it; one that would wait for over a second is
 * refused, as servers with a modelled capacity do (--sim-capacity).
 *
 * Each request that is drawn stands for `weight` real ones. Deterministic: seed and settings say all. */
#ifndef STELE_BENCH_STUDY_MODEL_H
#define STELE_BENCH_STUDY_MODEL_H

#include <signal.h>

#include "bench/study/row_set.h"
#include "bench/study/skew.h"
#include "bench/study/study_run.h"

struct static_result {
    struct skew tablets;
    struct skew contiguous;  /* servers, each with one range of tablets */
    struct skew round_robin; /* servers, tablets dealt in turn */
    double tablet_loads[STUDY_TABLETS_MOST];
    size_t tablet_count;
};

void model_static(const struct row_set *set, size_t tablets, size_t servers, size_t requests,
    uint64_t seed, struct static_result *out_result);

struct model_settings {
    size_t servers;
    size_t tablets; /* at the start, dealt in turn; one without a presplit */
    enum presplit presplit;
    double capacity; /* requests a second that a server serves */
    double rate;     /* requests a second that arrive */
    unsigned seconds;
    unsigned weight; /* real requests that one drawn stands for */
    bool has_split;
    bool has_balancer;
    double split_qps;
    unsigned split_after_s;
    unsigned balance_s;
    bool is_stele;       /* splits and moves when Stele would; else as the experiment above */
    size_t idle_tablets; /* Stele's: of other tables, dealt in turn: they count in a balance */
    uint64_t seed;
    const volatile sig_atomic_t *stop; /* set: STATUS_CANCELLED; may be NULL */
};

/* 4 servers of 8,000/s, 4 tablets, 20,000/s, 180 s, weight 10, split and balancer on, 2,500/s for 10 s, 10 s. */
struct model_settings model_settings_default(void);

/* Whose policies split and move, as --model says it: "experiment", "stele". */
const char *model_name(const struct model_settings *settings);
/* In words, behind "tablets are split and moved ". */
const char *model_text(const struct model_settings *settings);

enum status model_run(const struct row_set *set, const struct model_settings *settings,
    struct study_run *out_run, struct error *error);

#endif
