/* The tablets of this process as a master sees them: executes its commands.
 *
 *   tablet_host_run -> lane of the tablet (one command at a time) -> open: a worker, by the engine's open rule
 *                                                                  -> close: flush while it serves, take it out, close
 *                                                                  -> set schema, flush, read, write
 *
 * A close that is prepared flushes first, while requests go on; then the tablet leaves the table of open ones, and only
 * what came in meanwhile is flushed before its manifest says closed. Later requests are told where it went, when the
 * master said where it goes (moved_tablets.h). A close that fails before that leaves the tablet served.
 *
 * Epochs: the highest seen is kept; a command with a lower one is STATUS_SUPERSEDED, when it arrives and again when its
 * turn comes.
 *
 * Threads: any; one mutex for the lanes, held for look-ups only. */
#ifndef STELE_SERVER_TABLET_TABLET_HOST_H
#define STELE_SERVER_TABLET_TABLET_HOST_H

#include "server/tablet/moved_tablets.h"
#include "server/tablet/tablet_command.h"
#include "server/tablet/tablet_service.h"

struct tablet_host;

struct tablet_host_config {
    struct env *env;
    struct store *store;
    struct tablet_service *tablets; /* borrowed, as the store */
    void (*stop)(
        void *context); /* TABLET_COMMAND_STOP: begin to close the server; NULL = refused */
    void *stop_context;
};

enum status tablet_host_new(
    const struct tablet_host_config *config, struct tablet_host **out_host, struct error *error);
/* No command is under way. NULL is fine. */
void tablet_host_free(struct tablet_host *host);

/* Any thread. command->server is not looked at: it is us. done() runs on an executor of the store, or before this
 * returns. */
void tablet_host_run(struct tablet_host *host, struct tablet_command *command);
/* From now on commands are STATUS_CLOSED. Any thread. */
void tablet_host_stop(struct tablet_host *host);

/* Begins to close the server, as SIGTERM does. STATUS_UNSUPPORTED: only signals stop it. Any thread. */
enum status tablet_host_stop_server(struct tablet_host *host, struct error *error);

/* True, and where it is now, for a tablet that was closed here not long ago for another server. Any thread. */
bool tablet_host_find_moved(
    struct tablet_host *host, struct span tablet_id, struct moved_tablet *out_moved);
/* The highest epoch seen; 0 = none yet. */
uint64_t tablet_host_epoch(const struct tablet_host *host);

#endif
