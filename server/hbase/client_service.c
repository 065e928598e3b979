#include "server/hbase/client_service.h"

#include "server/hbase/multi_service.h"
#include "server/hbase/row_service.h"
#include "server/hbase/scan_service.h"

const struct call_method client_methods[] = {
    {"Get", row_service_get},
    {"Mutate", row_service_mutate},
    {"Multi", multi_service_multi},
    {"Scan", scan_service_scan},
    {NULL, NULL},
};
