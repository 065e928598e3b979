/* The secret that servers of a cluster share, and how two of them prove to each other that they know it.
 *
 * The secret is a file of the root, `secret`: 64 hex digits and a newline, mode 0600. The first server makes it; it is
 * read once, when a server starts. Who can read the directory can be a server, who cannot is refused.
 *
 *   caller                                   callee
 *   Greet{caller, callee, nonce a}   ---->
 *                                    <----   {callee, nonce b, proof of the callee}
 *   Prove{proof of the caller}       ---->   from here on the connection is a peer's
 *
 * A proof is HMAC-SHA256 under the secret over who proves (so that no proof can be sent back to who made it), both
 * names and both nonces (so that none is good twice, or for another server). What follows on the connection is not
 * signed: whoever can change bytes on the network between the servers is not kept out until there is TLS. */
#ifndef STELE_SERVER_PEER_PEER_SECRET_H
#define STELE_SERVER_PEER_PEER_SECRET_H

#include "base/env.h"

#define PEER_SECRET_FILE "secret"
#define PEER_SECRET_SIZE 32
#define PEER_NONCE_SIZE  32
#define PEER_PROOF_SIZE  32

struct peer_secret {
    uint8_t bytes[PEER_SECRET_SIZE];
};

/* Worker. Reads <root>/secret; makes it when there is none (of several that make it at once one wins, and all read that
 * one). STATUS_INVALID: others than the owner may read it; STATUS_CORRUPT: it is something else. */
enum status peer_secret_load(
    struct env *env, const char *root, struct peer_secret *out_secret, struct error *error);
/* Wipes it. */
void peer_secret_forget(struct peer_secret *secret);

enum peer_side { PEER_CALLER, PEER_CALLEE };

struct peer_greeting {
    struct span caller, callee; /* "host,port,startcode" */
    uint8_t caller_nonce[PEER_NONCE_SIZE];
    uint8_t callee_nonce[PEER_NONCE_SIZE];
};

/* False when the library fails, which it does for want of memory. */
bool peer_prove(const struct peer_secret *secret, enum peer_side side,
    const struct peer_greeting *greeting, uint8_t out_proof[PEER_PROOF_SIZE]);
/* True when `proof` is that side's. Takes as long for a wrong one as for a right one. */
bool peer_check_proof(const struct peer_secret *secret, enum peer_side side,
    const struct peer_greeting *greeting, struct span proof);

#endif
