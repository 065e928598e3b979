/* A server of the cluster, by host and port, and the client's connections to it. Lives as long as
 * the client. */
#ifndef STELE_CLIENT_SERVER_H
#define STELE_CLIENT_SERVER_H

#include "client/connection.h"

struct stele_client;

struct server {
    struct server *next;
    struct span host; /* followed by a NUL */
    uint32_t port;
    uint64_t start_code;                           /* the newest seen; 0: not known */
    struct connection *connections[SERVICE_COUNT]; /* NULL: none now */
    char host_text[];
};

/* Finds or makes it. NULL on no memory. */
struct server *server_find(
    struct stele_client *client, struct span host, uint32_t port, uint64_t start_code);
/* The connection, opened when there is none. NULL with *failure set. */
struct connection *server_connection(struct stele_client *client, struct server *server,
    enum service service, struct failure *failure);
void servers_free(struct server *servers);

#endif
