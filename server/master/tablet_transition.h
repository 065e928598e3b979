/* A tablet on its way: opened at some server, or closed wherever it is.
 *
 *   open:   [place] -> OPEN command -> its row in hbase:meta -> done
 *   close:  CLOSE command -> done          (a tablet whose manifest is not closed, and that is nowhere, is opened
 *                                           first: what a dead log holds for it must be flushed)
 *
 * A command is sent again, to the same server, while its fate is unknown; another server is tried only when the first
 * has refused, or is buried. A server that answers "its owner is not sealed" (STATUS_BUSY) is believed: the manifest is
 * read, and the owner asked, who answers that it is open there, or is buried. So whatever a lost answer, a dead server
 * or a master before us left behind, the transition ends with the tablet open at one place, or closed, or with the
 * reason why it cannot be opened (FAILED_OPEN).
 *
 * Nothing of a transition is durable: what is wished is the procedure's to know, or follows from the table's state.
 * One transition a tablet at a time. Threads: the master's executor. */
#ifndef STELE_SERVER_MASTER_TABLET_TRANSITION_H
#define STELE_SERVER_MASTER_TABLET_TRANSITION_H

#include "base/env.h"
#include "server/master/assignment.h"
#include "server/tablet/tablet_command.h"

struct master;

enum transition_kind { TRANSITION_OPEN, TRANSITION_CLOSE };

struct transition_wish {
    enum transition_kind kind;
    struct assigned_server
        *server;     /* open: where; NULL = anywhere. close: where it goes next; NULL = not known */
    bool is_silent;  /* open: hbase:meta is not told */
    bool is_dropped; /* close: no flush, the manifest says dropped */
    bool is_prepared;  /* close: flush while it serves */
    bool may_need_log; /* close: nowhere is enough, for it is opened right after */
};

/* On the master's executor, once, maybe before transition_start returns. STATUS_CANCELLED: the tenure is over, or about to be, as another
 * master leads. `error` is NULL then. */
typedef void transition_done(void *context, enum status status, const struct error *error);

/* The tablet has none under way. */
void transition_start(struct master *master, struct assigned_tablet *tablet,
    const struct transition_wish *wish, transition_done *done, void *context);
/* The server is sealed: its tablets are nowhere; transitions that wait for it go on. */
void transitions_server_buried(struct master *master, struct assigned_server *server);
/* A dead server without tablets is about to be freed. */
void transitions_forget_server(struct master *master, const struct assigned_server *server);
/* Servers have come: transitions that wait for one go on. */
void transitions_server_came(struct master *master);
/* At the end of a tenure: all end with STATUS_CANCELLED. */
void transitions_cancel_all(struct master *master);

#endif
