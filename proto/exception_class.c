#include "proto/exception_class.h"

struct class_entry {
    const char *name;
    enum exception_kind kind;
    bool is_do_not_retry; /* derives from DoNotRetryIOException */
};

static const struct class_entry classes[] = {
    {EXCEPTION_NOT_SERVING_REGION, EXCEPTION_REGION_GONE, false},
    {EXCEPTION_REGION_MOVED_CLASS, EXCEPTION_REGION_MOVED, false},
    {EXCEPTION_REGION_OPENING, EXCEPTION_REGION_BUSY, false},
    {EXCEPTION_REGION_TOO_BUSY, EXCEPTION_REGION_BUSY, false},
    {EXCEPTION_WRONG_REGION, EXCEPTION_REGION_GONE, false},
    {EXCEPTION_CALL_QUEUE_TOO_BIG, EXCEPTION_OVERLOADED, false},
    {EXCEPTION_CALL_DROPPED, EXCEPTION_OVERLOADED, false},
    {EXCEPTION_RPC_THROTTLING, EXCEPTION_THROTTLED, false},
    {EXCEPTION_RETRY_IMMEDIATELY, EXCEPTION_RETRY_NOW, false},
    {EXCEPTION_MULTI_RESULT_TOO_LARGE, EXCEPTION_RETRY_NOW, false},
    {EXCEPTION_SERVER_STOPPED, EXCEPTION_SERVER_GONE, false},
    {EXCEPTION_SERVER_ABORTED, EXCEPTION_SERVER_GONE, false},
    {EXCEPTION_SERVER_NOT_RUNNING_YET, EXCEPTION_RETRY, false},
    {EXCEPTION_PLEASE_HOLD, EXCEPTION_RETRY, false},
    {EXCEPTION_MASTER_NOT_RUNNING, EXCEPTION_MASTER_GONE, false},
    {EXCEPTION_MASTER_STOPPED, EXCEPTION_MASTER_GONE, false},
    {EXCEPTION_UNKNOWN_SCANNER, EXCEPTION_SCANNER_LOST, true},
    {EXCEPTION_OUT_OF_ORDER_SCANNER, EXCEPTION_SCANNER_LOST, true},
    {EXCEPTION_SCANNER_RESET, EXCEPTION_SCANNER_LOST, true},
    {EXCEPTION_LEASE, EXCEPTION_SCANNER_LOST, true},
    {EXCEPTION_DO_NOT_RETRY_IO, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_NO_SUCH_FAMILY, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_TABLE_NOT_FOUND, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_TABLE_EXISTS, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_TABLE_NOT_ENABLED, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_TABLE_NOT_DISABLED, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_NAMESPACE_NOT_FOUND, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_NAMESPACE_EXISTS, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_INVALID_FAMILY_OPERATION, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_CONSTRAINT, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_CONCURRENT_MODIFICATION, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_FAILED_SANITY_CHECK, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_REQUEST_TOO_BIG, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_UNKNOWN_PROTOCOL, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_UNKNOWN_REGION, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_MERGE_REGION, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_ROW_TOO_BIG, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_ACCESS_DENIED, EXCEPTION_DO_NOT_RETRY, true},
    {EXCEPTION_FATAL_CONNECTION, EXCEPTION_FATAL, false},
    {EXCEPTION_WRONG_VERSION, EXCEPTION_FATAL, false},
    {EXCEPTION_BAD_AUTH, EXCEPTION_FATAL, false},
    {EXCEPTION_UNKNOWN_SERVICE, EXCEPTION_FATAL, false},
    {EXCEPTION_UNSUPPORTED_CODEC, EXCEPTION_FATAL, false},
    {EXCEPTION_UNSUPPORTED_COMPRESSION, EXCEPTION_FATAL, false},
    {EXCEPTION_IO, EXCEPTION_RETRY, false},
};

static const struct class_entry *class_find(struct span class_name)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (span_equal(class_name, span_string(classes[i].name)))
            return &classes[i];
    return NULL;
}

enum exception_kind exception_classify(struct span class_name, bool is_do_not_retry)
{
    const struct class_entry *entry = class_find(class_name);
    if (entry)
        return entry->kind;
    if (is_do_not_retry)
        return EXCEPTION_DO_NOT_RETRY;
    if (span_starts_with(class_name, SPAN_LITERAL(HBASE_PACKAGE)) ||
        span_starts_with(class_name, SPAN_LITERAL("java.io.")) ||
        span_starts_with(class_name, SPAN_LITERAL("java.net.")))
        return EXCEPTION_RETRY;
    return EXCEPTION_DO_NOT_RETRY;
}

bool exception_is_do_not_retry(struct span class_name)
{
    const struct class_entry *entry = class_find(class_name);
    return entry && entry->is_do_not_retry;
}
