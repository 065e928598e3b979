/* A link: the connection to one life of another server, and the calls on it. All on the peers' loop (peers.h).
 *
 *   IDLE -> RESOLVING -> GREETING -> PROVING -> READY
 *     ^---------------- any failure: the calls fail -'
 */
#ifndef STELE_SERVER_PEER_PEER_LINK_H
#define STELE_SERVER_PEER_PEER_LINK_H

#include "server/net/loop.h"
#include "server/peer/peer_service.h"
#include "server/peer/peers.h"

#define PEER_NAME_SIZE 320

enum peer_link_state { LINK_IDLE, LINK_RESOLVING, LINK_GREETING, LINK_PROVING, LINK_READY };

struct peer_link {
    struct peer_link *next; /* the peers' list */
    struct peers *peers;
    char name[PEER_NAME_SIZE]; /* "host,port,startcode" */
    struct server_name server; /* host in `name` */
    enum peer_link_state state;
    uint64_t since_ns; /* when it left IDLE */
    uint64_t heard_ns; /* when its last answer came */
    struct connection *connection;
    struct peer_greeting greeting;
    uint32_t last_id;
    struct peer_call *waiting, *waiting_last; /* until READY */
    struct peer_call *sent;
    bool is_resolving; /* the task below is out */
    bool is_removed;   /* and then: free it when it comes back */
    struct task task;
    struct endpoint endpoint;
    enum status resolve_status;
    struct error resolve_error;
};

struct peers {
    struct peers_config config;
    struct loop *loop;
    struct executor *resolver;
    struct peer_link *links;
    bool is_stopped; /* loop thread */
    struct task stop_task;
    void (*stopped)(void *context);
    void *stopped_context;
};

/* NULL on no memory, or when the name does not fit. */
struct peer_link *peer_link_new(struct peers *peers, const struct server_name *server);
/* Takes the call, begins what is to be begun. */
void peer_link_add(struct peer_link *link, struct peer_call *call);
/* Fails calls that are late, and a handshake that is. */
void peer_link_expire(struct peer_link *link, uint64_t now_ns);
/* Fails everything, and goes back to IDLE. */
void peer_link_fail(struct peer_link *link, enum status status, const struct error *error);
/* Nothing is under way: it need not be kept. */
bool peer_link_is_unused(const struct peer_link *link);
/* Frees it, now or when its look-up comes back. It is in no list any more. */
void peer_link_remove(struct peer_link *link);

#endif
