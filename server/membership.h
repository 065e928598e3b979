/* A server's part in its cluster: coordination, and the way to the other servers.
 *
 *   alone:  local coordination, commands to tablets are direct calls
 *   else:   ZooKeeper; calls to peers, who prove themselves by the cluster's secret
 *
 * Life: new, start, (master_stop and the like of the owner), withdraw and stop_calls in any order, free. */
#ifndef STELE_SERVER_MEMBERSHIP_H
#define STELE_SERVER_MEMBERSHIP_H

#include "server/coordination/coordination.h"
#include "server/coordination/quorum.h"
#include "server/master/tablet_link.h"
#include "server/peer/peer_service.h"
#include "server/server.h"

struct membership;
struct peers;

struct membership_config {
    const struct server_config *server; /* borrowed, as all of it */
    const struct server_name *self;
    const char *self_text; /* "host,port,startcode" */
    const char *cluster_id;
    uint16_t web_port;        /* told to clients; 0 = none */
    struct tablet_host *host; /* NULL: serves no tablets */
};

/* Worker or main. Reads the secret, which the first server of a cluster makes. */
enum status membership_new(const struct membership_config *config,
    struct membership **out_membership, struct error *error);
/* Any. Announces and campaigns as the role wants, and events begin. The listener is borrowed. */
enum status membership_start(
    struct membership *membership, struct coordination_listener *listener, struct error *error);

struct coordination *membership_coordination(struct membership *membership);
/* The master's way to tablets on every server. */
struct tablet_link *membership_link(struct membership *membership);
/* How this process calls others; NULL when it is alone. */
struct peers *membership_peers(struct membership *membership);
/* What answers others; NULL when it is alone. take_report is the owner's to set before it serves. */
struct peer_service *membership_peer_service(struct membership *membership);

/* Each once, from any thread; done() runs on an executor or a loop. No longer a leader, no longer shown as alive. */
void membership_withdraw(struct membership *membership, void (*done)(void *context), void *context);
/* Calls to peers fail from now on; done() when none is under way. */
void membership_stop_calls(
    struct membership *membership, void (*done)(void *context), void *context);
/* Not from an executor. No event comes from now on. NULL is fine. */
void membership_end_events(struct membership *membership);
/* The same, and frees; after the store. NULL is fine. */
void membership_free(struct membership *membership);

#endif
