/* ClientService.Scan (facts: hbase-rpc 4a; HBase RSRpcServices.scan).
 *
 *   request ---- opens ----> region, engine's scanner, entry of the scanner table ----.
 *      |                                                                              v
 *      `-- goes on / renews / closes --> entry by id, its sequence number ---------> rows
 *                                                                                     |
 *        answer <---- entry back under a lease, or closed at the end <---- results ---'
 *
 * A scan begins on the loop with what is in memory; when the engine would block, or the loop's share of time
 * is used up, the same run goes on on a worker with all that it has gathered. */
#ifndef STELE_SERVER_HBASE_SCAN_SERVICE_H
#define STELE_SERVER_HBASE_SCAN_SERVICE_H

#include "server/hbase/call.h"

enum call_outcome scan_service_scan(struct call *call);

#endif
