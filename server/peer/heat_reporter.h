/* The heat reporter: drives this server's heat collector once a second, and tells the leading master what it measured
 * every HEAT_REPORT_MS and at the end of each minute (server/heat/heat_report.h).
 *
 * A report that did not arrive is made again: the master says which minute it wants next, and a new master is told the
 * last hour. One at a time: while a report is under way none is made. A server that stops says at last what it took since
 * the last report; alone it does not, for the board goes with it.
 *
 * Threads: its task runs on the store's workers, the answers come on the peers' loop. */
#ifndef STELE_SERVER_PEER_HEAT_REPORTER_H
#define STELE_SERVER_PEER_HEAT_REPORTER_H

#include "server/heat/heat_report.h"

struct coordination;
struct hbase_service;
struct heat_reporter;
struct peers;

struct heat_reporter_config {
    const struct hbase_service *service; /* borrowed, as all below */
    struct coordination *coordination;   /* says who the master is */
    struct peers *peers;                 /* NULL: the board is in this process (service->heat) */
};

enum status heat_reporter_new(const struct heat_reporter_config *config,
    struct heat_reporter **out_reporter, struct error *error);
/* When the last call has ended: tells the master what the minute took so far, once, and makes no further report. done()
 * within HEAT_FINISH_MS or so, on a worker or the peers' loop, or at once. Any thread; once. NULL is fine. */
#define HEAT_FINISH_MS 500
void heat_reporter_finish(
    struct heat_reporter *reporter, void (*done)(void *context), void *context);
/* After the store's workers and the peers have ended. NULL is fine. */
void heat_reporter_free(struct heat_reporter *reporter);

#endif
