/* The table seen from its servers while a load runs: which tablet and server took how many
 * requests, and what happened to the tablets meanwhile.
 *
 * Requests are the servers' own counters (HBase's ClusterMetrics; load_counters.h).
 * HBase tells them with its reports, every 3 s: the reading after waits for one. Counters are read,
 * and events (splits, merges, moves) found in the list of regions, every other second. */
#ifndef STELE_BENCH_WATCH_H
#define STELE_BENCH_WATCH_H

#include <stele/stele.h>

#include "base/status.h"

#define WATCH_SERVERS_MOST 64
#define WATCH_EVENTS_MOST  1000

struct watched_tablet {
    char *name;       /* "table,start,id.md5."; owned */
    char server[280]; /* host:port */
    uint64_t reads, writes;
};

struct watched_server {
    char address[280]; /* host:port */
    int pid;           /* on this host, or -1 */
    uint64_t cpu_us;   /* when pid > 0 */
    uint64_t resident_kib;
    uint64_t reads, writes;
    size_t tablets; /* of the table */
};

struct watched_event {
    double at_s; /* since the end of the warm-up */
    char text[200];
};

struct watch_figures {
    struct watched_tablet *tablets; /* owned */
    size_t tablet_count;
    struct watched_server servers[WATCH_SERVERS_MOST];
    size_t server_count;
    struct watched_event *events; /* owned */
    size_t event_count;
    char version[64]; /* of the servers */
};
void watch_figures_deinit(struct watch_figures *figures);

struct watch;

/* Watches a table through a client of its own; one of connect and zookeeper is given. NULL when that
 * cannot be made. server_pid: whose CPU time to read when > 0, instead of those that are found. */
struct watch *watch_new(
    const char *connect, const char *zookeeper, struct stele_bytes table, int server_pid);
void watch_free(struct watch *watch);
/* Reads counters and CPU times: what comes after counts. */
void watch_begin(struct watch *watch);
/* Once a second: looks at the regions now and then. Never blocks. */
void watch_tick(struct watch *watch, double at_s);

/* What is known of the table while a load runs, for its live line. */
struct watch_glance {
    size_t tablets; /* at the last look; 0 = not known yet */
    size_t splits, moves;
    double
        max_mean; /* tablets, between the last two looks: the busiest over the mean; 0 = not known */
};
struct watch_glance watch_get_glance(struct watch *watch);
/* Reads them again, CPU times first. is_reachable false: only the events. An unreachable server
 * leaves the figures empty. */
void watch_end(struct watch *watch, bool is_reachable, struct watch_figures *out_figures);

#endif
