/* How many requests each tablet and each server took, put together from readings of the servers' own
 * counters.
 *
 * A reading adds what a counter has grown by since the reading before; one that is smaller than it
 * was began anew (the tablet was opened again) and counts from 0. While a tablet moves, the reports of two servers may
 * have it, with the counters of each: they are kept by tablet and server. A tablet that is gone
 * (split, merged) keeps its share in its server's sum: what is lost is what it took between the
 * last reading and its end. One thread at a time. */
#ifndef STELE_BENCH_LOAD_COUNTERS_H
#define STELE_BENCH_LOAD_COUNTERS_H

#include <stele/stele.h>

#include "bench/watch.h"

struct counted_tablet {
    char *name; /* owned */
    uint64_t last_reads, last_writes;
    uint64_t reads, writes; /* since the first reading, on this server */
    size_t server;          /* index in servers */
    bool is_there;          /* in the last reading */
};

struct load_counters {
    struct counted_tablet *tablets; /* owned */
    size_t tablet_count, tablet_room;
    struct watched_server servers[WATCH_SERVERS_MOST]; /* cpu_us: at the first sight */
    size_t server_count;
    char version[64];
    bool has_begun; /* there was a reading: the next ones count */
    bool has_ended; /* CPU times are those used: servers seen later have none */
};

void load_counters_deinit(struct load_counters *counters);
/* Takes a reading of one table. server_pid: whose CPU time is read when > 0. What finds no memory
 * is left out. */
void load_counters_read(struct load_counters *counters, const struct stele_cluster *cluster,
    struct stele_bytes table, int server_pid);
/* CPU times from the first sight to now. To be called once, at the end. */
void load_counters_end_cpu(struct load_counters *counters);
/* Tablets that are there, by start key, and all servers. */
void load_counters_take(const struct load_counters *counters, struct watch_figures *figures);

#endif
