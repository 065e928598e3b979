/* What the operator says restarts a server: a shell command in which %h is the server's host, %p its port, %r its role
 * ("tabletserver", "master"), %s its name (host,port,startcode) and %% a percent sign. */
#ifndef STELE_CLI_RESTART_COMMAND_H
#define STELE_CLI_RESTART_COMMAND_H

#include "base/bytes.h"
#include "client/include/stele/stele.h"

/* Appends the command for this server, with a NUL at its end. STATUS_INVALID: an unknown % in the text (error names it), or
 * a host with a character that a shell could take for something else: a host's name comes from the network. */
enum status restart_command_put(struct buffer *out, const char *text,
    const struct stele_server *server, const char *role, struct error *error);

#endif
