/* The reporter: about every second it tells the master what this server serves, and under which load
 * (server/master/server_report.h).
 *
 *   [executor "report"] measure every open tablet, ask the split policy, take the files that were given up
 *      -> the master of coordination's view: a direct call when that is us, else a peer's
 *      -> its answer: its epoch, whether splits by policy are welcome, whether we are sealed
 *
 * In a cluster a look (design 7) begins with each report: a server that was declared dead ends itself within a second,
 * idle or not. The report does not wait for it, nor for anything else of the directory's: where that does not answer, the
 * report says so, and since when, and the answer tells what the look would have found. The executor has two threads, of
 * which a look may hold one.
 *
 * A report that did not arrive is not repeated: the next one says more. Files that it named are given up again.
 * One at a time: while a report is under way none is made. */
#ifndef STELE_SERVER_PEER_REPORTER_H
#define STELE_SERVER_PEER_REPORTER_H

#include "server/master/server_report.h"

struct coordination;
struct hbase_service;
struct peers;
struct reporter;

#define REPORT_PERIOD_MS  1000
#define REPORT_TIMEOUT_MS 5000
#define REPORT_FILES      1000 /* most that one report names */

struct reporter_config {
    const struct hbase_service *service; /* what there is to report; borrowed, as all below */
    struct coordination *coordination;   /* says who the master is */
    struct peers *peers;                 /* NULL: the master is in this process */
    /* Our own master's; NULL: this process has none. */
    void (*take_report)(
        void *context, const struct server_report *report, struct server_report_answer *out_answer);
    void *context;
};

/* Begins to report. */
enum status reporter_new(
    const struct reporter_config *config, struct reporter **out_reporter, struct error *error);
/* Makes no further report. Any thread. NULL is fine. */
void reporter_stop(struct reporter *reporter);
/* The same, and waits for the look and the report that are being made. Before coordination and the store are freed. NULL is fine. */
void reporter_end(struct reporter *reporter);
/* After reporter_end, and after the peers have ended. NULL is fine. */
void reporter_free(struct reporter *reporter);

#endif
