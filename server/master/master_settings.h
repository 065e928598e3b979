/* What a cluster remembers besides its tables: the switches, which servers drain, and the highest epoch that led. One chained document,
 * procedures/settings.<n>, written by the leading master (docs/formats/procedure.md). */
#ifndef STELE_SERVER_MASTER_MASTER_SETTINGS_H
#define STELE_SERVER_MASTER_MASTER_SETTINGS_H

#include "server/master/master_internal.h"
#include "server/master/settings_document.h"

/* Takes what the document says over. STATUS_CORRUPT, STATUS_NEWER_FORMAT. */
enum status master_take_settings(
    struct master *master, uint64_t version, struct span bytes, struct error *error);
/* With the epoch of this tenure. STATUS_SUPERSEDED: somebody else leads. */
enum status master_write_settings(struct master *master, struct error *error);
/* MASTER_SWITCH, MASTER_DECOMMISSION, MASTER_RECOMMISSION: answers when it is on disk. */
/* Closed by command, or to be open again: in memory, and on disk for the masters after this one, when that is a change.
 * Before the tablets are closed or opened. NULL among them is fine. */
void master_set_unassigned(struct master *master, struct assigned_tablet *const *tablets,
    size_t count, bool is_unassigned);
void master_change_settings(struct master *master, struct master_request *request);
/* Before a document says otherwise. */
unsigned master_default_switches(void);

#endif
