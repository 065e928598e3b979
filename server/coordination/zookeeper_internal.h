/* What the two halves of coordination over ZooKeeper share: zookeeper.c is the connection and the look,
 * zookeeper_nodes.c what stands in the nodes. All of it runs on the executor "coordination". */
#ifndef STELE_SERVER_COORDINATION_ZOOKEEPER_INTERNAL_H
#define STELE_SERVER_COORDINATION_ZOOKEEPER_INTERNAL_H

#include <stdatomic.h>

#include "base/arena.h"
#include "server/coordination/coordination_internal.h"
#include "server/coordination/quorum.h"
#include "server/coordination/zookeeper_session.h"

/* Names that we want to be seen while we lead. */
struct wanted {
    struct arena arena;
    struct coordination_names names;
    bool is_dirty; /* not written yet */
    bool is_set;
};

struct zookeeper {
    struct coordination coordination;
    struct coordination_zookeeper_config config;
    struct quorum quorum;
    struct zookeeper_session *session;
    struct coordination_view picture;
    struct arena picture_arena; /* its names, as last read */
    const struct server_name *server, *candidate;

    /* Of this session */
    bool is_prepared;  /* the cluster's nodes are there, and its id is ours */
    bool is_announced; /* our node in rs/ */
    bool is_backup;    /* our node in backup-masters/ */

    /* Of this process */
    bool was_connected;
    bool has_failed;
    bool has_checked_clock;
    bool has_removed_old; /* nodes of an earlier life at our address */
    uint64_t generation;
    bool must_renew; /* /hbase/master is of a tenure that has been ended */
    struct wanted meta, draining;

    struct task look_task, retry_task, start_task;
    bool is_retry_queued, is_start_queued;
    _Atomic bool is_look_queued;
    /* When the connection went; 0 = it is there. Any thread. */
    _Atomic uint64_t lost_ns;
};

/* Asks for a look, soon. Any thread. */
void zookeeper_ask_look(struct zookeeper *zk);
/* It is over for good: tells the listeners, once, and returns status. */
enum status zookeeper_fail(struct zookeeper *zk, enum status status, const struct error *error);

/* Once a session: makes the cluster's nodes and checks that cluster, directory and ZooKeeper belong
 * together. What does not fit at the first session is the end; later it is only said. */
enum status zookeeper_prepare(struct zookeeper *zk, struct error *error);
/* Makes our nodes what they should be, writes what the leader wants to be seen, and reads the rest into *picture,
 * whose names lie in zk->picture_arena. */
enum status zookeeper_read_all(
    struct zookeeper *zk, struct coordination_view *picture, struct error *error);

#endif
