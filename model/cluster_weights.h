/* What a cluster weighs: the shares of its servers and the potential that placement and balance bring down.
 *
 *   potential = sum over servers s:   sum over dimensions d:  W[d] * share[s][d]^2
 *                                   + sum over tables t:      W_spread * n[s][t]^2 / (max(fair[t], 1) * fair)
 *
 * A share is a server's load over the mean of the live servers (or over the dimension's floor, when the mean is
 * below it); n[s][t] counts a table's tablets on a server, fair[t] is its mean, fair the mean count of all tablets.
 * The last term has the form of the count's own: a cluster of one table counts it twice.
 *
 * Weights: requests 1, bytes 1, CPU 2, memory 1/2, count 1, spread 1. Floors: 100 requests/s, 4 MiB/s, 0.05 cores,
 * 64 MiB. Pure; the placement's and the balancer's own, for one decision. */
#ifndef STELE_MODEL_CLUSTER_WEIGHTS_H
#define STELE_MODEL_CLUSTER_WEIGHTS_H

#include "base/arena.h"
#include "model/cluster_view.h"

enum weight_dimension {
    WEIGHT_COUNT = VIEW_RESOURCES, /* below it the resources themselves */
    WEIGHT_SPREAD,
    WEIGHT_DIMENSIONS
};

struct cluster_weights {
    const struct cluster_view *view;
    size_t live_count;                 /* servers that may be targets */
    double scale[WEIGHT_COUNT + 1];    /* share = load * scale */
    float (*shares)[WEIGHT_COUNT + 1]; /* by server */
    float *table_scale;                /* 1 / max(fair[t], 1), by table */
    /* n[s][t]: an open hash; a slot is free when its count was never set */
    uint64_t *count_keys;
    uint32_t *counts;
    size_t count_room; /* a power of two */
};

/* Counts every tablet whose `is_unplaced` bit is clear (NULL: all of them) where it is, and all of them into the
 * means. `targets`: the state of servers that may be targets. The arrays live in the arena. */
enum status cluster_weights_make(const struct cluster_view *view, const bool *is_unplaced,
    enum view_server_state targets, struct arena *arena, struct cluster_weights *out_weights);

/* By how much the potential falls for each dimension when the tablet goes from one server to another, or (from
 * VIEW_NO_SERVER) from nowhere: then it is below 0. Returns the sum. */
double cluster_weights_gain(const struct cluster_weights *weights, uint32_t tablet, uint32_t from,
    uint32_t to, double out_gains[WEIGHT_DIMENSIONS]);
/* A tablet that looks for a target, with all that does not depend on it: the gain at `to` is
 * cluster_probe_most(to) less what the table's tablets there take off. */
struct cluster_probe {
    double pull[WEIGHT_COUNT + 1]; /* twice its weighted shares */
    double base;                   /* the gain at a target without load */
    double spread;                 /* taken off for each tablet of its table there */
    uint32_t table;
};

struct cluster_probe cluster_probe_make(
    const struct cluster_weights *weights, uint32_t tablet, uint32_t from);
/* The most that the gain at `to` can be, cheaply; and the gain itself. */
double cluster_probe_most(
    const struct cluster_weights *weights, const struct cluster_probe *probe, uint32_t to);
double cluster_probe_gain(
    const struct cluster_weights *weights, const struct cluster_probe *probe, uint32_t to);

/* What the tablet weighs: twice its shares, times their weights. gain / heft is the mean difference in shares. */
double cluster_weights_heft(const struct cluster_weights *weights, uint32_t tablet);
void cluster_weights_move(
    struct cluster_weights *weights, uint32_t tablet, uint32_t from, uint32_t to);

uint32_t cluster_weights_table_count(
    const struct cluster_weights *weights, uint32_t server, uint32_t table);
/* Weighted sum of a server's shares: how loaded it is, in one number. */
double cluster_weights_total(const struct cluster_weights *weights, uint32_t server);
double cluster_weights_potential(const struct cluster_weights *weights);

#endif
