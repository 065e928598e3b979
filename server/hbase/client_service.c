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

enum call_kind client_method_kind(const struct call_method *method)
{
    static const enum call_kind kinds[] = {CALL_GET, CALL_MUTATE, CALL_MULTI, CALL_SCAN};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (method == &client_methods[i])
            return kinds[i];
    return CALL_OTHER;
}
