/* Coordination: who leads, who looks alive, where hbase:meta is (design 6).
 *
 *   coordination_local       a cluster of one: it leads at once with epoch 1, it is the only server
 *   coordination_zookeeper   a real ZooKeeper, HBase's znodes in HBase's encoding
 *   (tests/sim)              a model of ZooKeeper, sessions that expire at the worst time
 *
 * What it tells is a hint: who may write is decided in the directory (design 7), whose commands count by their
 * epoch. So a view may be old (is_connected false: nothing is known since), and must never be all that stands
 * between a mistake and the data.
 *
 * The view is an immutable picture, replaced as a whole. Whoever wants to be told of changes registers a
 * listener; whoever only looks takes the view of the moment (a loop that answers ClientMetaService).
 *
 * Leading. After coordination_campaign a process leads when lead(epoch) says so. Epochs rise from one tenure
 * to the next, whoever holds it (the zxid that made /hbase/master), and two tenures never share one. It stops
 * when deposed() says so: the session has expired, or has not been heard of for as long that it may have; a
 * leader stops at once and may lead again later, with a new epoch. The servers in the view were read after the
 * election when lead() runs.
 *
 * Absence. A server that the directory knows unsealed and that is not in `servers` looks dead only from
 * absence_counts_from_ns on (the env's monotonic clock): after a connection that was lost, or a session of our
 * own that expired, the others may be on their way back, each with the incarnation it had.
 *
 * Threads: every call from any thread, unless said otherwise. Events come one at a time on the executor
 * "coordination", in an order that agrees with the views; a listener may call anything here but free. */
#ifndef STELE_SERVER_COORDINATION_COORDINATION_H
#define STELE_SERVER_COORDINATION_COORDINATION_H

#include "base/env.h"
#include "proto/server_name.h"

struct coordination;

/* A name of which the host is empty is nobody. */
static inline bool server_name_is_set(const struct server_name *name)
{
    return name->host.size > 0;
}

struct coordination_names {
    const struct server_name *names; /* by text */
    size_t count;
};

struct coordination_view {
    bool is_connected; /* else everything below is as it was last known */
    bool is_leading;   /* this process, with `epoch` */
    uint64_t epoch;
    uint64_t master_epoch;             /* of `master`; 0 = unknown */
    struct server_name master;         /* nobody: none is known */
    uint32_t master_web_port;          /* 0 = it has none, or it is not known */
    struct server_name meta;           /* the server of hbase:meta, as published; nobody: none */
    struct coordination_names servers; /* live tablet servers */
    struct coordination_names backups; /* masters that wait */
    uint64_t absence_counts_from_ns;
};

/* What differs from the view before. */
enum coordination_change {
    COORDINATION_CONNECTION = 1, /* is_connected, absence_counts_from_ns */
    COORDINATION_MASTER = 2,     /* master, backups */
    COORDINATION_META = 4,
    COORDINATION_SERVERS = 8,
    COORDINATION_LEADING = 16,
    COORDINATION_ALL = 31,
};

/* Embedded by the listener; any of the functions may be NULL. lead and deposed take turns, lead first. */
struct coordination_listener {
    void *context;
    void (*lead)(void *context, uint64_t epoch);
    void (*deposed)(void *context);
    /* `changes` of enum coordination_change; the view is borrowed for the call (coordination_view_ref keeps it).
     * The first call comes when the first view is known, with all bits set. */
    void (*changed)(void *context, const struct coordination_view *view, unsigned changes);
    /* Cannot go on, ever: another cluster's znodes, a session time that is not given. Once; nothing follows. */
    void (*failed)(void *context, const struct error *error);
    struct coordination_listener *next; /* coordination's */
};

/* Before coordination_start. The listener stays valid until closed. */
void coordination_listen(struct coordination *coordination, struct coordination_listener *listener);
/* Begins: events follow. STATUS_INVALID: what it is to connect to cannot be understood. */
enum status coordination_start(struct coordination *coordination, struct error *error);

/* Shows a tablet server as live, and again after each session that is lost. Once; the name is borrowed until
 * closed. */
void coordination_announce(struct coordination *coordination, const struct server_name *self);
/* Wants to lead, and again after being deposed. Once; the name is borrowed until closed. */
void coordination_campaign(struct coordination *coordination, const struct server_name *self);
/* By the leader: its tenure of that epoch is over, for it has found that somebody else decides too, or did until a
 * moment ago. deposed() follows; whoever is elected then, this process perhaps, begins with a new epoch and reads all
 * anew. Of a tenure that is over already: nothing happens. Nor in a cluster of one. */
void coordination_resign(struct coordination *coordination, uint64_t epoch);
/* By the leader. Tells clients where hbase:meta is (NULL: nowhere). The last word counts: what could not be
 * written is written when it can, while this process leads. STATUS_NO_MEMORY. */
enum status coordination_publish_meta(
    struct coordination *coordination, const struct server_name *server);
/* By the leader. Shows operators' tools which servers are being drained; which they are is the master's to keep
 * (/hbase/draining mirrors it). As coordination_publish_meta. */
enum status coordination_publish_draining(
    struct coordination *coordination, const struct server_name *servers, size_t count);

/* The view of the moment, referenced; never NULL (before the first one: nothing known, not connected). */
const struct coordination_view *coordination_view_get(struct coordination *coordination);
const struct coordination_view *coordination_view_ref(const struct coordination_view *view);
void coordination_view_unref(const struct coordination_view *view); /* NULL is fine */
bool coordination_names_have(
    const struct coordination_names *names, const struct server_name *name);

/* Takes back what it shows of us (a leader is no longer one, a server no longer live), so that others need not
 * wait for the session to end. No event begins after closed(), which runs on an executor. Also without start. */
void coordination_close(
    struct coordination *coordination, void (*closed)(void *context), void *context);
/* After closed, or instead of it as a crash would (events may come until it returns). Not from one of its events.
 * NULL is fine. */
void coordination_free(struct coordination *coordination);

struct quorum;

struct coordination_zookeeper_config {
    struct env *env;
    const struct quorum *quorum; /* copied */
    const char *root; /* the shared directory, which notes the quorum it belongs to; borrowed */
    const char *cluster_id; /* as the directory says; borrowed */
    uint32_t session_ms;    /* after so long without a word a server looks dead */
    uint32_t start_ms; /* no word of ZooKeeper for so long at the start: failed; 0 = the usual */
    uint16_t web_port; /* told to clients; 0 = none */
};

#define COORDINATION_SESSION_MS     6000
#define COORDINATION_SESSION_MIN_MS 1000
#define COORDINATION_SESSION_MAX_MS 600000
#define COORDINATION_START_MS       30000

/* A real ZooKeeper. It fails (the event) when ZooKeeper cannot be reached at the start, belongs to another cluster,
 * grants another session time than the one asked for, or when its clock and ours are further apart than LIMIT_CLOCK_SKEW_MS
 * (as HBase's master would refuse us). */
enum status coordination_zookeeper_new(const struct coordination_zookeeper_config *config,
    struct coordination **out_coordination, struct error *error);

/* A cluster of one. It announces and campaigns as any; is_connected from the start. */
enum status coordination_local_new(
    struct env *env, struct coordination **out_coordination, struct error *error);

#endif
