/* What all HBase connections of a server share. Immutable while it serves, but for the counters. */
#ifndef STELE_SERVER_HBASE_SERVICE_H
#define STELE_SERVER_HBASE_SERVICE_H

#include <stdatomic.h>

#include "base/memory_budget.h"
#include "proto/server_name.h"
#include "server/hbase/sim_capacity.h"
#include "server/hbase/slow_log.h"
#include "server/master/master.h"
#include "server/tablet/tablet_service.h"

struct answer_looks;
struct heat_board;
struct coordination;
struct leader_watch;
struct peer_service;
struct scanner_table;
struct tablet_host;

struct hbase_service {
    struct env *env;
    struct store *store;
    struct tablet_service *tablets;
    struct tablet_host *host; /* NULL: no tablets are served here */
    struct master *master;    /* NULL: this process is none */
    struct heat_board *heat;  /* measured heat of the cluster; NULL: this process is no master */
    struct coordination *coordination;
    struct scanner_table *scanners;
    struct answer_looks *looks; /* NULL: alone in its directory, nobody can have declared it dead */
    struct peer_service *peers; /* NULL: alone, without peers */
    struct leader_watch *leader_watch; /* NULL: alone, or no master */
    struct server_name name;           /* what clients are told */
    char name_text[320];               /* "host,port,startcode" */
    const char *cluster_id;
    uint16_t web_port;
    int64_t started_ms;
    struct memory_budget
        requests; /* calls that have outlived their turn, and what calls hold in arenas: call.h */
    _Atomic uint64_t calls_in_flight;
    _Atomic uint64_t calls_received;
    _Atomic uint64_t damage_told_ns;           /* call_tell_damage; 0 = never */
    const struct call_metrics *const *metrics; /* of each loop */
    size_t metrics_count;
    _Atomic bool is_stopping;
    struct slow_log slow;         /* any thread's */
    struct sim_capacity capacity; /* off but for studies */
};

#endif
