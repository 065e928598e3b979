/* What the cluster was asked for lately: requests, bytes, CPU and latency over time, for the overview of the pages.
 *
 *   each 5 s what the servers reported -> [720 points of 5 s: an hour] -> [1,440 points of 60 s: a day] -> gone
 *
 * In the memory of the leading master only: another leader begins anew. 340 KiB, taken with the first point.
 *
 * Threads: any; a mutex is held for copies only. */
#ifndef STELE_SERVER_MASTER_LOAD_HISTORY_H
#define STELE_SERVER_MASTER_LOAD_HISTORY_H

#include "base/arena.h"
#include "base/mutex.h"
#include "server/hbase/call_metrics.h"

#define LOAD_STEP_S      5
#define LOAD_FINE_KEPT   720
#define LOAD_COARSE_S    60
#define LOAD_COARSE_KEPT 1440

enum load_calls { LOAD_CALLS_READ, LOAD_CALLS_WRITE, LOAD_CALLS }; /* get, scan; mutate, multi */

/* One step of time. */
struct load_sample {
    int64_t time_s; /* its end, since 1970 */
    double requests_per_s, bytes_per_s, cpu;
    uint32_t servers;                          /* live */
    uint64_t counts[LOAD_CALLS][CALL_BUCKETS]; /* calls that ended in it, by duration */
};

struct load_point {
    int64_t time_s; /* of its end */
    uint32_t step_s, servers;
    float requests_per_s, bytes_per_s, cpu;
    float p50_s[LOAD_CALLS], p99_s[LOAD_CALLS]; /* 0: no calls */
};

struct load_ring {
    struct load_point *points;
    size_t room, count; /* count: ever */
};

struct load_history {
    struct mutex mu; /* LOCK_RANK_MASTER: guards all below */
    struct load_ring fine, coarse;
    struct load_sample sum; /* of the coarse point under way: sums of its steps */
    unsigned steps;
};

void load_history_init(struct load_history *history);
void load_history_deinit(struct load_history *history);
/* A step; samples come in order of time. On no memory it is lost. */
void load_history_add(struct load_history *history, const struct load_sample *sample);
/* A new tenure: nothing is known. */
void load_history_clear(struct load_history *history);
/* The points that end after `from_s`, oldest first, copied into the arena: fine ones when the hour of those reaches back
 * so far from `now_s`, else coarse ones. STATUS_NO_MEMORY. */
enum status load_history_read(struct load_history *history, int64_t from_s, int64_t now_s,
    struct arena *arena, struct load_point **out_points, size_t *out_count);

#endif
