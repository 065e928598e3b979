/* What runs in the master, for those who show it (web port). */
#ifndef STELE_SERVER_MASTER_MASTER_VIEW_H
#define STELE_SERVER_MASTER_MASTER_VIEW_H

#include "server/master/balance_log.h"
#include "server/master/load_history.h"
#include "server/master/master.h"

/* A procedure under way; all borrowed. */
struct procedure_view {
    uint64_t id;
    const char *kind, *step; /* "SplitTableRegionProcedure"; an action's name */
    struct span table;       /* empty: of no table */
    const struct span *tablets;
    size_t tablet_count;
    struct span server;  /* empty: of none */
    bool is_waiting;     /* it failed, and is tried again */
    const char *failure; /* why; NULL: it did not */
    int64_t submitted_ms, updated_ms;
};

/* The master's executor (MASTER_VIEW). */
void master_each_procedure(struct master *master,
    void (*each)(void *context, const struct procedure_view *procedure), void *context);
/* The same: requests that wait for locks. */
size_t master_waiting_count(const struct master *master);
/* The same: every lock that is held, and who waits for it, as GetLocksResponse says it; appended. */
void master_put_locks(const struct master *master, struct buffer *out);
/* Any thread: procedures that have ended, newest first, those of the last quarter of an hour, or, where whoever waited was
 * told, of five minutes since (as HBase); at most `limit`. */
void master_each_result(struct master *master, size_t limit,
    void (*each)(void *context, uint64_t id, const struct procedure_result *result), void *context);
struct balance_log *master_balance_log(struct master *master);   /* any thread */
struct load_history *master_load_history(struct master *master); /* the same */

#endif
