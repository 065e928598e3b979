/* What an operator should know of, as HBase's ServerTask in GetClusterStatus: the shell shows it with status 'tasks'.
 *
 *   master:  hbase:meta keeps it from serving; a tablet that cannot be opened, with the reason and when it is tried again;
 *            a server that was given up, and has not ended
 *   server:  it refuses writes, for the directory is full; the directory does not answer it; its clock is off; it is
 *            silent, though it lives
 *
 * Nothing to tell: no task. */
#ifndef STELE_SERVER_MASTER_MASTER_TASKS_H
#define STELE_SERVER_MASTER_MASTER_TASKS_H

#include "server/hbase/call.h"
#include "server/master/assignment.h"

/* ClusterStatus.master_tasks. */
void master_put_tasks(struct call *call);
/* ServerLoad.tasks of a live server; the catalogue's mutex is held. */
void master_put_server_tasks(struct call *call, const struct assigned_server *server);
/* ServerLoad.tasks of this process. */
void master_put_own_tasks(struct call *call);

#endif
