#include "cli/place.h"

#include <stdio.h>
#include <stdlib.h>

bool place_from_options(const struct options *options, struct stele_options *out_options)
{
    const char *connect = options_get(options, "connect");
    const char *zookeeper = options_get(options, "zookeeper");
    if (connect && zookeeper) {
        fprintf(stderr, "stele: %s: give --connect or --zookeeper, not both\n", options->command);
        return false;
    }
    if (!connect && !zookeeper)
        connect = getenv("STELE_CONNECT");
    if (!connect && !zookeeper)
        connect = "127.0.0.1:16000";
    out_options->connect = zookeeper ? NULL : connect;
    out_options->zookeeper = zookeeper;
    return true;
}

void place_greet(const struct options *options, struct stele_client *client)
{
    const char *id;
    struct stele_error error;
    if (stele_cluster_id(client, &id, &error))
        fprintf(stderr, "stele: %s: %s; trying again for some minutes\n", options->command,
            error.message);
}
