/* The ZooKeeper facade: enough of ZooKeeper's protocol, read-only, for stock clients to find the server
 * (Java ReadOnlyZKClient and ZKConnectionRegistry, gohbase).
 *
 * Sessions need no memory here: any session id with the password that belongs to it is welcome. A restart
 * draws a new secret, so sessions from before it have expired, and their clients begin new ones. Watches are
 * accepted and never fire, because nothing changes while the process lives; a client that sets its watches
 * again is told what changed since it saw them (setWatches). Writes answer NoAuth, multi and what is not
 * built answer Unimplemented.
 *
 * zk_session_handle is pure: bytes of one request in, bytes of its answer out. */
#ifndef STELE_SERVER_ZK_FACADE_H
#define STELE_SERVER_ZK_FACADE_H

#include "server/net/connection.h"
#include "server/zk/znode_tree.h"

#define ZK_PASSWORD_SIZE       16
#define ZK_SESSION_MIN_MS      4000
#define ZK_SESSION_MAX_MS      90000
#define ZK_WATCHES_PER_REQUEST 10000

/* What all connections of the facade share; immutable. Set `tree` before the first connection. */
struct zk_facade {
    const struct znode_tree *tree;
    uint64_t secret; /* from which passwords are derived */
};

struct zk_session {
    bool is_connected;
    bool is_over; /* the client closed it, or sent nonsense: send what is there and close */
    uint64_t id;
    int32_t timeout_ms;
};

/* One message without its size: the connect request first, then requests. Appends the answer, with its size,
 * and notifications if any. */
void zk_session_handle(struct zk_session *session, const struct zk_facade *facade,
    uint64_t fresh_session_id, struct span message, struct buffer *out);

/* open() takes a struct zk_facade as its context. */
extern const struct protocol zk_protocol;

#endif
