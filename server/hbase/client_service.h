/* ClientService: the table of its calls. */
#ifndef STELE_SERVER_HBASE_CLIENT_SERVICE_H
#define STELE_SERVER_HBASE_CLIENT_SERVICE_H

#include "server/hbase/call.h"

/* Ended by an entry without a name. */
extern const struct call_method client_methods[];
/* What it is counted as; of another service's, and NULL: CALL_OTHER. */
enum call_kind client_method_kind(const struct call_method *method);

#endif
