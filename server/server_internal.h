/* What the parts of a server share: server.c makes and frees it, server_connections.c gives connections to loops,
 * server_stop.c ends it. */
#ifndef STELE_SERVER_SERVER_INTERNAL_H
#define STELE_SERVER_SERVER_INTERNAL_H

#include "server/hbase/call.h"
#include "server/hbase/service.h"
#include "server/membership.h"
#include "server/net/loop.h"
#include "server/server.h"
#include "server/zk/facade.h"

#define LOOPS_MAX        16
#define INCARNATION_SIZE 320

struct heat_reporter;
struct reporter;
struct web_server;

struct server_loop;

/* loop->service: the calls come first, and their pool is what is freed. */
struct loop_service {
    struct call_pool calls;
    struct server_loop *owner;
};

/* One loop as the server sees it. */
struct server_loop {
    struct loop *loop;
    struct server *server;
    struct task task;           /* drain, then close_connections */
    _Atomic size_t connections; /* as of its last turn */
};

struct server {
    struct server_config config;
    char incarnation[INCARNATION_SIZE];
    struct hbase_service service;
    struct znode_tree *znodes;
    struct zk_facade zookeeper;
    struct server_loop loops[LOOPS_MAX];
    unsigned loop_count;
    struct output_budget output; /* of all loops */
    unsigned next_loop;          /* loop 0: who gets the next connection */
    struct listener *listener;   /* loop 0's, as the next */
    struct listener *zookeeper_listener;
    bool has_started; /* the loops turn */
    struct membership *membership;
    struct coordination_listener events;
    struct reporter *reporter;
    struct heat_reporter *heat_reporter;
    struct web_server *web;
    struct loop *web_loops[LOOPS_MAX]; /* what the web port shows of the loops, as the next two */
    const struct call_metrics *metrics[LOOPS_MAX]; /* of each loop */
    const _Atomic size_t *web_connections[LOOPS_MAX];
    _Atomic bool is_told;    /* ready has run */
    _Atomic bool has_failed; /* after that */

    /* Closing */
    void (*closed)(void *context);
    uint64_t flush_ms;
    uint64_t grace_until_ns;
    struct task drain_task; /* on the store's workers */
    _Atomic unsigned loops_to_clear;
    struct completion store_closing;
};

/* ---- server_connections.c: on loop 0, of the main port and of ZooKeeper's ---- */

void server_accept_main(void *context, struct stream *stream);
void server_accept_zookeeper(void *context, struct stream *stream);

/* ---- server_stop.c ---- */

/* Loop 0, or before the loops turn. */
void server_close_listeners(struct server *server);

#endif
