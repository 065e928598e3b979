/* Serving: the main thread of `stele standalone`, `stele master` and `stele tabletserver`.
 *
 * It only waits: for a signal, for the server to be ready, for it to be closed. Each of them writes one byte into a
 * pipe, which is what it reads. */
#ifndef STELE_CLI_SERVE_H
#define STELE_CLI_SERVE_H

#include "server/server.h"

/* Opens the server, prints the ready line once it serves, closes it on SIGTERM and SIGINT, and returns the exit code.
 * Sets config's ready and stop_wanted. */
int serve(struct server_config *config);

#endif
