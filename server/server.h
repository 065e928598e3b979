/* A server in one process: a whole cluster of one, or a master or a tablet server of many (design 2, 6, 8).
 *
 *   listeners -> loops (one a core) -> protocols: HBase RPC | ZooKeeper
 *                                          |
 *               master -- tablet service --'-- store
 *
 * Start: bind, open the store in the name that the ports give it, read the catalogue, open hbase:meta; then
 * the loops begin to turn. Connections that come earlier wait in the backlog of the kernel.
 * Stop: no new connections; those that are idle close, those with calls under way get a grace; the store
 * closes, which ends every call; then the memory goes.
 *
 * Threads: open and free from the one that owns the server and is no executor's; close from any. */
#ifndef STELE_SERVER_SERVER_H
#define STELE_SERVER_SERVER_H

#include "base/env.h"
#include "server/net/reactor.h"
#include "server/role.h"

struct coordination;
struct quorum;
struct server;
struct web_config;

#define SERVER_PORT_OFF (-1) /* else 0 = any free one */

struct server_config {
    struct env *env;
    enum server_role role;
    const char *root; /* the shared directory */
    /* Of a cluster: its ZooKeeper and how long a session lasts (COORDINATION_SESSION_MS). */
    const struct quorum *quorum;
    uint32_t session_ms;
    uint32_t stall_ms; /* LIMIT_DIRECTORY_STALL_MS; 0 = that */
    const char *host;  /* where to listen */
    int port;
    int zookeeper_port;
    bool is_zookeeper_optional;   /* its port may be taken: it is then off */
    const struct web_config *web; /* pages, metrics, health; NULL = off */
    const char *advertise_host;   /* what clients are told; NULL = host */
    int advertise_port;           /* 0 = the port */
    uint32_t sim_capacity;        /* calls a second, modelled (hbase/sim_capacity.h); 0 = off */
    uint64_t memory_bytes;        /* of memtables, block cache and requests in all */
    unsigned loops;               /* 0 = one for each core it may use */
    /* On an executor: somebody asked that the server be closed, or it cannot go on. The owner calls server_close. */
    void (*stop_wanted)(void *context);
    /* For tests: another coordination than the role's; takes cluster_id borrowed for the server's life. */
    enum status (*make_coordination)(void *context, const char *cluster_id,
        struct coordination **out_coordination, struct error *error);
    /* For tests, who put a network in memory and survive what must not be survived; NULL = libevent, and the end
     * of the process (store_config). */
    reactor_maker *make_reactor;
    void (*fatal)(void *context, const struct error *error);
    /* Runs once on an executor: STATUS_OK when the server serves, else why it never will. */
    void (*ready)(void *context, enum status status, const struct error *error);
    void *context;
};

/* Config is copied, its strings borrowed for the server's life. Blocks on the disk. STATUS_EXISTS: a port is in
 * use; else as store_open. On failure ready does not run. */
enum status server_open(
    const struct server_config *config, struct server **out_server, struct error *error);
/* After ready. Flushes what fits into flush_ms. closed() runs on an executor; then the owner frees. */
void server_close(struct server *server, uint64_t flush_ms, void (*closed)(void *context));
/* After closed, or after a start that failed. NULL is fine. */
void server_free(struct server *server);

/* From server_open on. 0 = off. */
uint16_t server_port(const struct server *server);
uint16_t server_zookeeper_port(const struct server *server);
uint16_t server_web_port(const struct server *server);
/* Of a master, from ready on. Any thread. */
bool server_is_leading(struct server *server);
/* Any. It wants to stop since it cannot go on (the log says why), not because somebody asked. */
bool server_has_failed(const struct server *server);

#endif
