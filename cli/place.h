/* Where the cluster is, as the options of client commands say it: --connect or --zookeeper, else
 * $STELE_CONNECT, else 127.0.0.1:16000. */
#ifndef STELE_CLI_PLACE_H
#define STELE_CLI_PLACE_H

#include "base/options.h"
#include "client/include/stele/stele.h"

/* Sets connect or zookeeper of the client's options. False with a line on stderr when both were
 * given. */
bool place_from_options(const struct options *options, struct stele_options *out_options);

/* Asks the cluster once before the work that will try for minutes, and says on stderr when nobody answers: whoever mistyped the
 * address need not wait to learn it. */
void place_greet(const struct options *options, struct stele_client *client);

#endif
