#include "server/hbase/exception.h"

const char *exception_of_status(enum status status)
{
    switch (status) {
    case STATUS_NO_FAMILY:
        return EXCEPTION_NO_SUCH_FAMILY;
    case STATUS_OUT_OF_RANGE:
        return EXCEPTION_WRONG_REGION;
    case STATUS_CLOSED:
        return EXCEPTION_NOT_SERVING_REGION;
    case STATUS_BUSY:
    case STATUS_NO_SPACE:
    case STATUS_NO_MEMORY:
        return EXCEPTION_REGION_TOO_BUSY;
    case STATUS_INVALID:
    case STATUS_LIMIT:
    case STATUS_CORRUPT:
    case STATUS_UNSUPPORTED:
    case STATUS_WRONG_STATE:
    case STATUS_NOT_FOUND:
    case STATUS_EXISTS:
    case STATUS_NEWER_FORMAT:
        return EXCEPTION_DO_NOT_RETRY_IO;
    default:
        return EXCEPTION_IO;
    }
}
