/* A session with a real ZooKeeper, through its C client (libzookeeper-mt).
 *
 * Calls block until ZooKeeper has answered or the connection is lost, so they are made on an executor that has
 * nothing else to do. Anything that happens (a watch fires, the connection comes or goes, the session ends) is one
 * event: "look again"; what there is to see is read with the calls below. So nothing is missed by being
 * late.
 *
 * Statuses: STATUS_NOT_FOUND and STATUS_EXISTS as the names say; STATUS_CLOSED, the connection is lost, and what was
 * asked for may have happened or not; STATUS_IO, ZooKeeper's own word is in the message. */
#ifndef STELE_SERVER_COORDINATION_ZOOKEEPER_SESSION_H
#define STELE_SERVER_COORDINATION_ZOOKEEPER_SESSION_H

#include "base/arena.h"
#include "base/env.h"

struct zookeeper_session;

enum zookeeper_state {
    ZOOKEEPER_CONNECTING, /* the session may be alive */
    ZOOKEEPER_CONNECTED,
    ZOOKEEPER_OVER, /* expired: open another */
};

struct zookeeper_stat {
    uint64_t created_zxid;
    int64_t created_ms; /* by ZooKeeper's clock */
    int64_t owner;      /* session of an ephemeral node, else 0 */
    int32_t version;
};

/* event() runs on a thread of the client: it only posts. hosts: "host:port,...". STATUS_INVALID: none of the hosts
 * can be resolved. */
enum status zookeeper_session_open(const char *hosts, int timeout_ms, void (*event)(void *context),
    void *context, struct zookeeper_session **out_session, struct error *error);
/* Ends the session when there is a connection, and with it what is ephemeral. No event after it. NULL is fine. */
void zookeeper_session_close(struct zookeeper_session *session);

enum zookeeper_state zookeeper_session_state(const struct zookeeper_session *session);
/* As granted; while connected. */
int zookeeper_session_timeout_ms(const struct zookeeper_session *session);
int64_t zookeeper_session_id(const struct zookeeper_session *session);

/* Watched reads. STATUS_NOT_FOUND watches too: for the node to appear. Appends to *out_data. */
enum status zookeeper_session_read(struct zookeeper_session *session, const char *path,
    struct buffer *out_data, struct zookeeper_stat *out_stat, struct error *error);
/* Names, in the arena. */
enum status zookeeper_session_children(struct zookeeper_session *session, const char *path,
    struct arena *arena, char ***out_names, size_t *out_count, struct error *error);
/* out_stat may be NULL. */
enum status zookeeper_session_create(struct zookeeper_session *session, const char *path,
    struct span data, bool is_ephemeral, struct zookeeper_stat *out_stat, struct error *error);
enum status zookeeper_session_set(
    struct zookeeper_session *session, const char *path, struct span data, struct error *error);
enum status zookeeper_session_delete(
    struct zookeeper_session *session, const char *path, struct error *error);

#endif
