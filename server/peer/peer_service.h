/* StelePeerService: what other servers of the cluster may ask of this one.
 *
 * A connection must prove that it is a peer's first (peer_secret.h); until then only Greet and Prove are answered. A
 * proof that is wrong ends the connection. A process answers what it is: one that serves tablets, a master's commands;
 * one that leads, reports; one that waits to lead, whether the directory answers it (leader_watch.h). */
#ifndef STELE_SERVER_PEER_PEER_SERVICE_H
#define STELE_SERVER_PEER_PEER_SERVICE_H

#include "server/heat/heat_report.h"
#include "server/master/server_report.h"
#include "server/peer/peer_secret.h"

#define PEER_SERVICE_NAME "StelePeerService"

struct tablet_host;

/* Borrowed by every connection; immutable while it serves. */
struct peer_service {
    struct env *env;
    const struct peer_secret *secret;
    const char *self;         /* "host,port,startcode" */
    struct tablet_host *host; /* NULL: commands are refused */
    /* Takes a report and fills the answer; NULL: reports are refused. The report is the caller's. Any thread. */
    void (*take_report)(
        void *context, const struct server_report *report, struct server_report_answer *out_answer);
    /* The same of measured heat; on a worker. */
    void (*take_heat)(
        void *context, const struct heat_report *report, struct heat_report_answer *out_answer);
    /* Looks at the directory, for a leader that it does not answer; NULL: refused. On a worker. */
    enum status (*look)(void *context, struct error *error);
    void *context;
};

/* What a connection has shown so far. Its loop's. */
struct peer_session {
    struct peer_greeting greeting; /* spans in the two below */
    char caller[320];
    bool is_greeted;
    bool is_proven;
};

#endif
