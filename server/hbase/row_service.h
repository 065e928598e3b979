/* ClientService's calls on one row: Get and Mutate (facts: hbase-rpc 4). */
#ifndef STELE_SERVER_HBASE_ROW_SERVICE_H
#define STELE_SERVER_HBASE_ROW_SERVICE_H

#include "server/hbase/call.h"

enum call_outcome row_service_get(struct call *call);
enum call_outcome row_service_mutate(struct call *call);

#endif
