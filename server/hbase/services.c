#include "server/hbase/services.h"

#include "server/peer/peer_service.h"

static const struct call_method no_methods[] = {{NULL, NULL}};

static const struct rpc_service services[] = {
    {"ClientService", client_methods, true},
    {"AdminService", admin_methods, true},
    {"MasterService", master_methods, false},
    {"ClientMetaService", registry_methods, false},
    {PEER_SERVICE_NAME, peer_methods, true},
    {"SteleService", stele_methods, false},
    /* HBase has these; nothing of them is built. */
    {"HbckService", no_methods, false},
    {"LockService", no_methods, false},
    {"BootstrapNodeService", no_methods, false},
    {"RegionServerStatusService", no_methods, false},
};

const struct rpc_service *rpc_service_find(struct span name)
{
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        if (span_equal(name, span_string(services[i].name)))
            return &services[i];
    return NULL;
}

const struct call_method *rpc_service_method(const struct rpc_service *service, struct span name)
{
    for (const struct call_method *method = service->methods; method->name; method++)
        if (span_equal(name, span_string(method->name)))
            return method;
    return NULL;
}
