/* Calls to other servers of the cluster (design 6, 7.6).
 *
 *   peers_call -> [loop "peers"] link of that server: look its name up -> connect -> greet, prove (peer_secret.h)
 *                                                     -> send -> ... answer by call id -> done()
 *
 * A link is kept for each life of a server that calls go to: one connection, made by the first call, used by all. When
 * it breaks every call on it fails, and the next call makes it anew; nothing is ever sent twice. A call that is not
 * answered in time fails, and breaks the connection when it could not even be made or is silent.
 *
 * Failures that mean "it was never sent" and "nobody knows" are told apart (was_sent): who calls decides what may be
 * repeated. Nobody pauses here: the caller who tries again does.
 *
 * Threads: one loop of its own, so that calls do not wait behind clients, and an executor that looks names up;
 * peers_call from any thread. */
#ifndef STELE_SERVER_PEER_PEERS_H
#define STELE_SERVER_PEER_PEERS_H

#include "proto/server_name.h"
#include "server/net/reactor.h"
#include "server/peer/peer_secret.h"

struct peers;
struct peer_link;

#define PEER_HANDSHAKE_MS 3000 /* from the first call to a proven connection */
#define PEER_CALL_MS      10000
#define PEER_SILENT_MS    5000

struct peers_config {
    struct env *env;
    reactor_maker *make_reactor;
    const char *self; /* "host,port,startcode"; borrowed, as the secret */
    const struct peer_secret *secret;
};

enum status peers_new(
    const struct peers_config *config, struct peers **out_peers, struct error *error);
/* Every call fails with STATUS_CLOSED, those under way and those to come. stopped() (may be NULL) runs on the loop, when
 * no call is under way any more. Any thread; once. */
void peers_stop(struct peers *peers, void (*stopped)(void *context), void *context);
/* After peers_stop. Not on its loop. NULL is fine. */
void peers_free(struct peers *peers);

/* The caller's memory until done() runs. */
struct peer_call {
    const struct server_name *to;
    const char *method;    /* static */
    struct buffer request; /* the message */
    uint32_t timeout_ms;   /* 0 = PEER_CALL_MS */
    void (*done)(struct peer_call
            *call); /* on the peers' loop: reads the answer, posts a message, never blocks */

    /* Answers.
     *   STATUS_OK         answer
     *   STATUS_NOT_FOUND  that life of the server is over; was_sent is false
     *   STATUS_REMOTE     it answered with an exception: exception_class, and its text in error
     *   STATUS_TIMEOUT, STATUS_IO  could not be reached, or the connection broke
     *   STATUS_INVALID    it does not know our secret, or we not its
     *   STATUS_CLOSED     we are stopping */
    enum status status;
    struct error error;
    bool was_sent;
    struct span answer; /* valid in done() */
    char exception_class[96];

    /* The peers'. */
    struct peers *peers;
    struct task task;
    struct peer_call *next;
    uint32_t id;
    uint64_t due_ns;
};

/* Any thread. */
void peers_call(struct peers *peers, struct peer_call *call);

/* That life of a server is over, as far as we are concerned: the connection is closed, and all calls on it fail with
 * STATUS_IO (a server that hangs keeps its connections). Any thread; the name is copied. Without memory for that,
 * nothing happens, and calls fail in their time. */
void peers_forget(struct peers *peers, const struct server_name *server);

#endif
