/* HBase's RPC on a connection (facts: hbase-rpc 1, 2).
 *
 *   preamble -> connection header -> request frames ... -> answers, in any order
 *      |
 *      |- "Regist": the cluster id is the answer, and the end
 *      |- "Securi": refused; the ordinary preamble follows on the same connection
 *      `- "HBas" with SASL: told to go on without; one token frame is skipped
 *
 * A peer that speaks something else, or asks for a service, codec or compression that is not there, is told by a
 * fatal exception that belongs to no call, and the connection ends. A frame over its limit is answered and ends
 * the connection too, because what follows it cannot be found. */
#ifndef STELE_SERVER_HBASE_RPC_CONNECTION_H
#define STELE_SERVER_HBASE_RPC_CONNECTION_H

#include "server/net/connection.h"
#include "server/peer/peer_service.h"

/* open() takes a struct hbase_service as its context; loop->service is the loop's struct call_pool. */
extern const struct protocol rpc_protocol;

/* What an HBase RPC connection has shown of being another server's. Loop thread; valid while it is held. */
struct peer_session *rpc_peer_session(struct connection *connection);

#endif
