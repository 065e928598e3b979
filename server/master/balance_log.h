/* What the balancer decided, and why: the last decisions of this process's tenures and of masters before it
 * (master_history.h), for people (web port).
 *
 * Threads: any; a mutex is held for copies only. */
#ifndef STELE_SERVER_MASTER_BALANCE_LOG_H
#define STELE_SERVER_MASTER_BALANCE_LOG_H

#include "base/mutex.h"
#include "base/status.h"
#include "server/master/assignment.h"

#define BALANCE_LOG_KEPT    256
#define BALANCE_REASON_SIZE 200

/* One move of a plan. */
struct balance_record {
    int64_t time_ms;
    char tablet[TABLET_ID_SIZE];
    char table[256]; /* as users say it */
    char from[SERVER_TEXT_SIZE], to[SERVER_TEXT_SIZE];
    char reason[BALANCE_REASON_SIZE];
    double gain;   /* by how much the potential falls */
    bool is_begun; /* the move began; else something had the tablet */
};

/* One plan: the last of them. */
struct balance_run {
    int64_t time_ms;                       /* 0 = there was none */
    uint64_t runs, runs_with_moves, moves; /* in all */
    double worst_share, potential;
    char verdict[BALANCE_REASON_SIZE];
};

struct balance_log {
    struct mutex mu;                /* LOCK_RANK_MASTER */
    struct balance_record *records; /* ring; NULL before the first */
    uint64_t count;                 /* ever noted */
    struct balance_run last;
};

void balance_log_init(struct balance_log *log);
void balance_log_deinit(struct balance_log *log);
/* Copies. Best effort: without memory it is left out. */
void balance_log_note(struct balance_log *log, const struct balance_record *record);
/* time_ms, shares and verdict; it counts by itself. */
void balance_log_note_run(struct balance_log *log, const struct balance_run *run, size_t begun);
/* What another master noted, unless it is here already; its last run, when it is later than ours. */
void balance_log_take(struct balance_log *log, const struct balance_record *record);
void balance_log_take_run(struct balance_log *log, const struct balance_run *run);
void balance_log_last(struct balance_log *log, struct balance_run *out_run);
/* How many were ever noted; the newest BALANCE_LOG_KEPT of them are kept. */
uint64_t balance_log_count(struct balance_log *log);
/* Number from 0, rising. False: it is not kept (any more). */
bool balance_log_read(struct balance_log *log, uint64_t number, struct balance_record *out_record);

#endif
