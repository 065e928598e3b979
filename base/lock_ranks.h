/* The lock order of the whole program, lowest rank taken first. Gaps leave room; a new mutex gets
 * its own line with what it protects. */
#ifndef STELE_BASE_LOCK_RANKS_H
#define STELE_BASE_LOCK_RANKS_H

enum lock_rank {
    LOCK_RANK_CLIENT = 10,          /* client: connection table, region cache, calls in flight */
    LOCK_RANK_CLIENT_LOOP = 12,     /* client: queue of messages to a loop */
    LOCK_RANK_MASTER = 20,          /* server/master: catalogue of tables, procedures */
    LOCK_RANK_SERVICE = 30,         /* server/tablet: open tablets by name, scanners */
    LOCK_RANK_CLOSED_HEAT = 34,     /* server/heat: what tablets took that were closed */
    LOCK_RANK_TABLET_LOAD = 35,     /* server/tablet: seconds and sampled keys of one tablet */
    LOCK_RANK_HEAT = 36,            /* server/heat: one tablet's buckets and hot rows */
    LOCK_RANK_HEAT_BOARD = 37,      /* server/heat: what tablet servers reported, events */
    LOCK_RANK_TABLE_TRAFFIC = 36,   /* server/tablet: what each table's tablets did here */
    LOCK_RANK_STORE = 40,           /* storage: tablets of the store, budgets */
    LOCK_RANK_TABLET = 50,          /* storage: one tablet's lists of memtables and SSTables */
    LOCK_RANK_COMPACTIONS = 53,     /* storage: compactions under way, and those that wait */
    LOCK_RANK_ROW_LOCKS = 55,       /* storage: row lock table of a tablet */
    LOCK_RANK_LOG = 60,             /* storage: queue of the log executor, segment list */
    LOCK_RANK_COLLECTOR = 65,       /* storage: files given up, waiting for proof */
    LOCK_RANK_COORDINATION = 68,    /* server/coordination: the view of the moment */
    LOCK_RANK_CACHE = 70,           /* storage: a shard of the block cache */
    LOCK_RANK_FILES = 72,           /* storage: table of open SSTables */
    LOCK_RANK_MEMTABLE_MEMORY = 74, /* storage: free chunks of memtables */
    LOCK_RANK_LOOP = 80,            /* server/net: queue of messages to a loop */
    LOCK_RANK_EXECUTOR = 90,        /* base: an executor's queue */
    LOCK_RANK_ENV = 95,             /* base: the memory disk */
    LOCK_RANK_PAUSE = 98,           /* base: armed pause points */
    LOCK_RANK_LOG_LINES = 99,       /* base: stderr */
};

#endif
