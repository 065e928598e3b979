/* HBase's services: which methods a connection may call, by the service that its header names.
 *
 *   ClientService      client_methods
 *   AdminService       admin_methods
 *   MasterService      master_methods
 *   ClientMetaService  registry_methods
 *   StelePeerService   peer_methods: our own, between servers
 *   SteleService       stele_methods: our own, for our own clients (proto/heat.proto)
 *
 * Each table ends with a method without a name. Any other method, and any other service of HBase's, answers
 * with the exception that a client takes for "not supported". */
#ifndef STELE_SERVER_HBASE_SERVICES_H
#define STELE_SERVER_HBASE_SERVICES_H

#include "server/hbase/call.h"

extern const struct call_method client_methods[];
extern const struct call_method admin_methods[];
extern const struct call_method master_methods[];
extern const struct call_method registry_methods[];
extern const struct call_method stele_methods[]; /* heat_service.c */
extern const struct call_method peer_methods[];  /* server/peer/peer_service.h */

struct rpc_service {
    const char *name;
    const struct call_method *methods;
    bool
        is_looked; /* what it says is true only of a server that may still speak (answer_looks.h) */
};

/* By the name in a connection header; NULL when HBase has no such service. */
const struct rpc_service *rpc_service_find(struct span name);
/* NULL when it is not built. */
const struct call_method *rpc_service_method(const struct rpc_service *service, struct span name);

#endif
