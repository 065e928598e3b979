/* What a master leaves to the next: the procedures that have ended and the moves that the balancer decided, so that
 * list_procedures, a client that asks how its procedure ended, and the balancer's page do not begin anew with each master.
 *
 * history/master.<n> (docs/formats/procedure.md) holds the newest HISTORY_WRITTEN procedures of the last quarter of an
 * hour and the moves of the last day that the balance log keeps. It is written by a worker when something has ended, at
 * once, but at most once in a second, so a master that is killed takes with it what ended less than a second ago; a
 * master that is stopped writes what is left.
 *
 * Nothing depends on it. It is read when a tenure begins; one that cannot be read is told in the log and written anew; a
 * version that an earlier master committed meanwhile is taken in, and ours written above it.
 *
 * Threads: the master's executor; while a write is out, its bytes and outcome are the worker's. */
#ifndef STELE_SERVER_MASTER_MASTER_HISTORY_H
#define STELE_SERVER_MASTER_MASTER_HISTORY_H

#include "server/master/master_internal.h"

#define HISTORY_WRITTEN 1024

/* A tenure begins: reads what others left. */
void master_history_read(struct master *master);
/* Something is to be kept. */
void master_history_note(struct master *master);
/* From time to time: writes what could not be written at once. */
void master_history_turn(struct master *master);
/* The tenure ends: writes what is left, here and now. */
void master_history_end(struct master *master);

#endif
