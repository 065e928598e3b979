/* A study on a cluster: the cells of the plan, measured.
 *
 *   round   for each repeat: a fresh table a cell, cut as the cell says, tablets dealt over the servers in turn, all rows
 *           of the population written, the scenario's queries asked; then a rest, until the servers have forgotten that
 *           load (where no cell has splits or the balancer on, there is none); then the cells one after another, in an order drawn from the seed, each with its trace; tables dropped
 *   trace   the requests that the model draws from the same seed, in open loop (live_run.h)
 *
 * A row's value is its logical key. So what a get or a query finds is checked against what was asked, also where the
 * design does not keep the key, and what a query finds must be the same under each design, and as predicted.
 *
 * The master's switches for splits and for the balancer are set for each cell, and put back at the end. */
#ifndef STELE_BENCH_STUDY_LIVE_H
#define STELE_BENCH_STUDY_LIVE_H

#include <signal.h>

#include "bench/study/study.h"

struct local_cluster;

struct live_config {
    const char *connect, *zookeeper;   /* one of the two */
    struct local_cluster *cluster;     /* the one that was started for it, to be watched; or NULL */
    const char *table;                 /* prefix of the tables' names */
    bool is_overwriting;               /* drops tables of these names first */
    const volatile sig_atomic_t *stop; /* set by ^C: end soon */
    void (*progress)(void *context, const char *text); /* one line, now and then */
    void (*cell_done)(void *context);                  /* a cell has a new measured run */
    void *context;
};

/* STATUS_CANCELLED: stopped; STATUS_REMOTE, STATUS_IO: a server is gone or cannot be reached; STATUS_EXISTS: a table is
 * there; STATUS_CORRUPT: wrong answers. What was measured until then stays in the study. `study->settings.servers` is
 * set to what the cluster has: call before predictions. */
struct live;
enum status live_open(struct study *study, const struct live_config *config, struct live **out_live,
    struct error *error);
enum status live_measure(struct live *live, struct error *error);
/* Drops what tables are left, puts the switches back. NULL is fine. */
void live_close(struct live *live);

#endif
