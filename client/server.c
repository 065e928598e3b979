#include "client/server.h"

#include "base/memory.h"
#include "client/client.h"

struct server *server_find(
    struct stele_client *client, struct span host, uint32_t port, uint64_t start_code)
{
    struct server *server = client->servers;
    while (server && (server->port != port || !span_equal(server->host, host)))
        server = server->next;
    if (!server) {
        server = memory_allocate_zeroed(1, sizeof(*server) + host.size + 1);
        if (!server)
            return NULL;
        memcpy(server->host_text, host.data, host.size);
        server->host = span_make(server->host_text, host.size);
        server->port = port;
        server->next = client->servers;
        client->servers = server;
    }
    if (start_code > server->start_code)
        server->start_code = start_code;
    return server;
}

struct connection *server_connection(struct stele_client *client, struct server *server,
    enum service service, struct failure *failure)
{
    struct connection **slot = &server->connections[service];
    if (!*slot)
        *slot = connection_open(
            &client->connections, server->host, server->port, service, slot, failure);
    return *slot;
}

void servers_free(struct server *servers)
{
    while (servers) {
        struct server *next = servers->next;
        memory_free(servers);
        servers = next;
    }
}
