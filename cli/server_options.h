/* The options of `stele standalone`, `stele master` and `stele tabletserver`: one table, of which each role has its
 * part. */
#ifndef STELE_CLI_SERVER_OPTIONS_H
#define STELE_CLI_SERVER_OPTIONS_H

#include "server/server.h"

/* Reads argv into *out_config, whose role says which options there are. Strings are argv's or live as long as the
 * process. Returns -1 to go on, or the exit code, with a line on stderr when it is a complaint. */
int server_options_parse(
    int argc, char **argv, const char *usage, struct server_config *out_config);

#endif
