/* Where a cluster begins: the meta region, the active master and the cluster's id, asked from
 * ZooKeeper or from any server of the cluster (HBase ZKConnectionRegistry, RpcConnectionRegistry).
 * Answers are not kept here. Loop thread only.
 *
 * By RPC a question goes first to the server that answered last, then to the hosts of the options,
 * then to every server that the client has met: hosts may be gone for good while the cluster is
 * not. So that it meets them, the client asks now and then for the cluster's servers. */
#ifndef STELE_CLIENT_REGISTRY_H
#define STELE_CLIENT_REGISTRY_H

#include "client/connection.h"
#include "client/failure.h"

struct stele_client;
struct inquiry;
struct server;

enum registry_question { REGISTRY_META, REGISTRY_MASTER, REGISTRY_CLUSTER_ID, REGISTRY_SERVERS };

struct registry {
    bool is_zookeeper;
    char *hosts;               /* "host:port,..." */
    char *znode;               /* "/hbase" */
    size_t next;               /* RPC: which host to ask first */
    struct server *answered;   /* RPC: who answered last; NULL: none yet */
    uint64_t learn_at_ns;      /* RPC: when to ask for servers again */
    struct inquiry *inquiries; /* under way */
};

/* One of failure and the rest is given: a place, or the id as `host` (REGISTRY_SERVERS: neither). Not called from inside
 * registry_ask. */
typedef void registry_function(void *context, const struct failure *failure, struct span host,
    uint32_t port, uint64_t start_code);

/* Reads the place out of the options: STELE_INVALID when there is none or it is malformed. */
enum stele_status registry_init(
    struct registry *registry, const struct stele_options *options, struct stele_error *error);
void registry_deinit(struct registry *registry);
/* Ends the questions under way with STELE_CANCELLED; those by RPC end when the connections do. */
void registry_cancel(struct stele_client *client);

/* False on no memory: `done` is not called then. */
bool registry_ask(struct stele_client *client, enum registry_question question,
    registry_function *done, void *context);

#endif
