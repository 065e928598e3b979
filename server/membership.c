#include "server/membership.h"

#include "base/memory.h"
#include "server/peer/peer_secret.h"
#include "server/peer/peer_tablet_link.h"
#include "server/peer/peers.h"

struct membership {
    struct membership_config config;
    struct coordination *coordination;
    struct tablet_link *link;
    /* Of a cluster of several */
    struct peer_secret secret;
    struct peers *peers;
    struct peer_service peer_service;
    bool has_stopped_calls;
};

static bool is_alone(const struct membership *membership)
{
    return membership->config.server->role == SERVER_STANDALONE;
}

static enum status make_coordination(struct membership *membership, struct error *error)
{
    const struct membership_config *config = &membership->config;
    const struct server_config *server = config->server;
    if (server->make_coordination)
        return server->make_coordination(
            server->context, config->cluster_id, &membership->coordination, error);
    if (is_alone(membership))
        return coordination_local_new(server->env, &membership->coordination, error);
    struct coordination_zookeeper_config zookeeper = {
        .env = server->env,
        .quorum = server->quorum,
        .root = server->root,
        .cluster_id = config->cluster_id,
        .session_ms = server->session_ms,
        .web_port = config->web_port,
    };
    return coordination_zookeeper_new(&zookeeper, &membership->coordination, error);
}

static enum status make_peers(struct membership *membership, struct error *error)
{
    const struct membership_config *config = &membership->config;
    const struct server_config *server = config->server;
    enum status status = peer_secret_load(server->env, server->root, &membership->secret, error);
    if (status)
        return status;
    membership->peer_service = (struct peer_service){
        .env = server->env,
        .secret = &membership->secret,
        .self = config->self_text,
        .host = config->host,
    };
    struct peers_config peers = {
        .env = server->env,
        .make_reactor = server->make_reactor ? server->make_reactor : reactor_libevent_new,
        .self = config->self_text,
        .secret = &membership->secret,
    };
    status = peers_new(&peers, &membership->peers, error);
    return status ? status
                  : peer_tablet_link_new(
                        membership->peers, config->host, config->self, &membership->link, error);
}

enum status membership_new(
    const struct membership_config *config, struct membership **out_membership, struct error *error)
{
    struct membership *membership = memory_allocate_zeroed(1, sizeof *membership);
    if (!membership)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the server");
    membership->config = *config;
    enum status status = make_coordination(membership, error);
    if (!status)
        status = is_alone(membership)
                     ? tablet_link_local_new(config->host, &membership->link, error)
                     : make_peers(membership, error);
    if (status) {
        membership_free(membership);
        return status;
    }
    *out_membership = membership;
    return STATUS_OK;
}

enum status membership_start(
    struct membership *membership, struct coordination_listener *listener, struct error *error)
{
    enum server_role role = membership->config.server->role;
    coordination_listen(membership->coordination, listener);
    enum status status = coordination_start(membership->coordination, error);
    if (status)
        return status;
    if (role != SERVER_MASTER)
        coordination_announce(membership->coordination, membership->config.self);
    if (role != SERVER_TABLETS)
        coordination_campaign(membership->coordination, membership->config.self);
    return STATUS_OK;
}

struct coordination *membership_coordination(struct membership *membership)
{
    return membership->coordination;
}

struct tablet_link *membership_link(struct membership *membership)
{
    return membership->link;
}

struct peers *membership_peers(struct membership *membership)
{
    return membership->peers;
}

struct peer_service *membership_peer_service(struct membership *membership)
{
    return membership->peers ? &membership->peer_service : NULL;
}

void membership_withdraw(struct membership *membership, void (*done)(void *context), void *context)
{
    coordination_close(membership->coordination, done, context);
}

void membership_stop_calls(
    struct membership *membership, void (*done)(void *context), void *context)
{
    membership->has_stopped_calls = true;
    if (membership->peers)
        peers_stop(membership->peers, done, context);
    else
        done(context);
}

void membership_end_events(struct membership *membership)
{
    if (!membership)
        return;
    coordination_free(membership->coordination);
    membership->coordination = NULL;
}

void membership_free(struct membership *membership)
{
    if (!membership)
        return;
    membership_end_events(membership);
    if (membership->peers && !membership->has_stopped_calls)
        peers_stop(membership->peers, NULL, NULL);
    tablet_link_free(membership->link);
    peers_free(membership->peers);
    peer_secret_forget(&membership->secret);
    memory_free(membership);
}
