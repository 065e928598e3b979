/* An operator of the simulated cluster: a client that looks at hbase:meta now and then and has tablets moved, split and
 * merged, servers drained, a snapshot taken and cloned, and the clone disabled, truncated, put back to a snapshot of it and
 * dropped, one at a time, whatever else happens. Its
 * requests may fail; that is fine. */
#ifndef STELE_TESTS_SIM_OPERATOR_H
#define STELE_TESTS_SIM_OPERATOR_H

#include "base/dice.h"
#include "client/client.h"

enum operator_action {
    OPERATOR_MOVE,  /* to a server of the table, or wherever the master likes */
    OPERATOR_SPLIT, /* at a row in the middle of its range */
    OPERATOR_MERGE, /* two neighbours */
    OPERATOR_BALANCE,
    OPERATOR_FLUSH,
    OPERATOR_COMPACT,
    OPERATOR_DRAIN,    /* a server of the table, one at a time */
    OPERATOR_UNDRAIN,  /* that one; also at the end */
    OPERATOR_SNAPSHOT, /* take, clone, and every change of a table on the clone: in turn */
    OPERATOR_ACTIONS,
};

struct operator
{
    struct env *env;
    struct dice dice;
    struct stele_client *client;
    struct executor *executor;
    const char *table;
    struct meta_check *reading;
    struct task task; /* timer: look, and look again whether it has been read */
    bool is_busy;     /* a request is under way */
    bool is_over;     /* no new requests, but for the end of a drain */
    char drained[64]; /* the server that gets no tablets; empty: none */
    unsigned snapshot_step;
    uint64_t pause_most_ns;
    uint64_t asked[OPERATOR_ACTIONS], done[OPERATOR_ACTIONS];
};

void operator_start(struct operator* operator, struct env * world, uint64_t seed,
    const char *places, const char *table, uint64_t pause_most_ns);
/* What it has drained is given back, for as long as that takes. */
void operator_stop(struct operator* operator);
const char *operator_action_name(enum operator_action action);

#endif
