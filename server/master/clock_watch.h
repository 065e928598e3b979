/* A server's clock against the master's, by its reports. Pure.
 *
 * A start refuses a clock that is too far from ZooKeeper's (zookeeper_nodes.c); one that goes off later is seen here. The
 * cluster goes on with it, for no clock is trusted for safety; timestamps of cells are its users' to judge. */
#ifndef STELE_SERVER_MASTER_CLOCK_WATCH_H
#define STELE_SERVER_MASTER_CLOCK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed memory: nothing is known. */
struct clock_watch {
    int64_t
        ahead_ms; /* of the master's, by the last report; what that was under way makes it less */
    bool is_off;  /* by more than LIMIT_CLOCK_SKEW_MS */
    bool is_doubted; /* the last report said otherwise */
};

/* A report has come: its clock when it was made (0 = it does not say), and ours. A report that says otherwise than those
 * before is believed once the next says so too: it may have been on its way for long. True: is_off has changed. */
bool clock_watch_take(struct clock_watch *watch, int64_t its_ms, int64_t our_ms);

#endif
