/* The heat reporter: drives this server's heat collector once a second, and tells the leading master what it measured
 * every HEAT_REPORT_MS and at the end of each minute (server/heat/heat_report.h).
 *
 * A report that did not arrive is made again: the master says which minute it wants next, and a new master is told the
 * last hour. One at a time: while a report is under way none is made.
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
/* Makes no further report. Any thread. NULL is fine. */
void heat_reporter_stop(struct heat_reporter *reporter);
/* After the store's workers and the peers have ended. NULL is fine. */
void heat_reporter_free(struct heat_reporter *reporter);

#endif
