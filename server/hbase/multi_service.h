/* ClientService's Multi: batches over regions (facts: hbase-rpc 4).
 *
 *   decode -> find the regions -> gets, in order -> one write for each region -> all done -> answer, in order
 *
 * Gets come first and see nothing of the batch's own writes. If one of them wants the disk, the call starts again
 * on a worker, for nothing has been written yet. A region's mutations go to the engine together, to be logged and
 * synced together, and each stands alone; an atomic or conditional region action is one operation. What fails for
 * a region as a whole is told once for it and leaves the other regions alone. */
#ifndef STELE_SERVER_HBASE_MULTI_SERVICE_H
#define STELE_SERVER_HBASE_MULTI_SERVICE_H

#include "server/hbase/call.h"

enum call_outcome multi_service_multi(struct call *call);

#endif
