#include "client/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

static const char *const status_names[] = {
    [STELE_OK] = "ok",
    [STELE_END] = "end",
    [STELE_NOT_FOUND] = "not found",
    [STELE_EXISTS] = "exists",
    [STELE_WRONG_STATE] = "wrong state",
    [STELE_NO_FAMILY] = "no such column family",
    [STELE_INVALID] = "invalid",
    [STELE_UNSUPPORTED] = "unsupported",
    [STELE_ACCESS_DENIED] = "access denied",
    [STELE_BUSY] = "busy",
    [STELE_TIMEOUT] = "timeout",
    [STELE_CONNECTION] = "connection failed",
    [STELE_SCANNER_LOST] = "scanner lost",
    [STELE_CANCELLED] = "cancelled",
    [STELE_NO_MEMORY] = "no memory",
    [STELE_PROTOCOL] = "protocol error",
    [STELE_REMOTE] = "remote exception",
};

const char *stele_status_name(enum stele_status status)
{
    size_t count = sizeof(status_names) / sizeof(status_names[0]);
    return (size_t)status < count ? status_names[status] : "unknown";
}

static void set_message(struct stele_error *error, enum stele_status status, const char *format,
    va_list arguments) __attribute__((format(printf, 3, 0)));

static void set_message(
    struct stele_error *error, enum stele_status status, const char *format, va_list arguments)
{
    error->status = status;
    error->attempts = 0;
    error->exception_class[0] = '\0';
    vsnprintf(error->message, sizeof(error->message), format, arguments);
}

enum stele_status failure_set(
    struct stele_error *error, enum stele_status status, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        set_message(error, status, format, arguments);
        va_end(arguments);
    }
    return status;
}

static enum stele_status status_from_base(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return STELE_OK;
    case STATUS_NO_MEMORY:
        return STELE_NO_MEMORY;
    case STATUS_LIMIT:
    case STATUS_INVALID:
        return STELE_INVALID;
    case STATUS_UNSUPPORTED:
        return STELE_UNSUPPORTED;
    default:
        return STELE_REMOTE;
    }
}

enum stele_status failure_from_error(
    struct stele_error *error, enum status status, const struct error *cause)
{
    return failure_set(error, status_from_base(status), "%s", cause->message);
}

void failure_init(struct failure *failure, enum exception_kind kind, enum stele_status status,
    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_message(&failure->error, status, format, arguments);
    va_end(arguments);
    failure->kind = kind;
    failure->is_hang_up = false;
}

struct class_status {
    const char *class_name;
    enum stele_status status;
};

static const struct class_status class_statuses[] = {
    {EXCEPTION_TABLE_NOT_FOUND, STELE_NOT_FOUND},
    {EXCEPTION_NAMESPACE_NOT_FOUND, STELE_NOT_FOUND},
    {EXCEPTION_UNKNOWN_REGION, STELE_NOT_FOUND},
    {EXCEPTION_TABLE_EXISTS, STELE_EXISTS},
    {EXCEPTION_NAMESPACE_EXISTS, STELE_EXISTS},
    {EXCEPTION_TABLE_NOT_ENABLED, STELE_WRONG_STATE},
    {EXCEPTION_TABLE_NOT_DISABLED, STELE_WRONG_STATE},
    {EXCEPTION_NO_SUCH_FAMILY, STELE_NO_FAMILY},
    {EXCEPTION_INVALID_FAMILY_OPERATION, STELE_NO_FAMILY},
    {EXCEPTION_SNAPSHOT_DOES_NOT_EXIST, STELE_NOT_FOUND},
    {EXCEPTION_SNAPSHOT_EXISTS, STELE_EXISTS},
    {EXCEPTION_MERGE_REGION, STELE_INVALID},
    {EXCEPTION_CONSTRAINT, STELE_INVALID},
    {EXCEPTION_FAILED_SANITY_CHECK, STELE_INVALID},
    {EXCEPTION_ILLEGAL_ARGUMENT, STELE_INVALID},
    {EXCEPTION_REQUEST_TOO_BIG, STELE_INVALID},
    {EXCEPTION_UNKNOWN_PROTOCOL, STELE_UNSUPPORTED},
    {EXCEPTION_ACCESS_DENIED, STELE_ACCESS_DENIED},
};

static enum stele_status status_of_exception(
    struct span class_name, struct span text, enum exception_kind kind)
{
    for (size_t i = 0; i < sizeof(class_statuses) / sizeof(class_statuses[0]); i++)
        if (span_equal(class_name, span_string(class_statuses[i].class_name)))
            return class_statuses[i].status;
    switch (kind) {
    case EXCEPTION_REGION_BUSY:
    case EXCEPTION_OVERLOADED:
    case EXCEPTION_THROTTLED:
        return STELE_BUSY;
    case EXCEPTION_SCANNER_LOST:
        return STELE_SCANNER_LOST;
    case EXCEPTION_FATAL:
        return STELE_CONNECTION;
    default:
        return memmem(text.data, text.size, "UnsupportedOperationException", 29) ? STELE_UNSUPPORTED
                                                                                 : STELE_REMOTE;
    }
}

/* stack_trace is a message and mostly a Java stack trace after it: "<class>: <message>\n\tat ...".
 * The message of some exceptions has several lines, so it ends at the first line that begins a
 * trace. */
static struct span message_of_trace(struct span class_name, struct span text)
{
    const uint8_t *trace = text.size ? memmem(text.data, text.size, "\n\tat ", 5) : NULL;
    if (trace)
        text.size = (size_t)(trace - text.data);
    if (span_starts_with(text, class_name) && text.size > class_name.size + 2 &&
        memcmp(text.data + class_name.size, ": ", 2) == 0)
        text = span_slice(text, class_name.size + 2, text.size - class_name.size - 2);
    while (text.size && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == ' '))
        text.size--;
    return text;
}

void failure_from_exception(struct failure *failure, const struct exception *exception)
{
    struct span text = message_of_trace(exception->class_name, exception->text);
    failure->is_hang_up = false;
    failure->kind = exception_classify(exception->class_name, exception->is_do_not_retry);
    if (exception->is_server_overloaded && failure->kind != EXCEPTION_DO_NOT_RETRY)
        failure->kind = EXCEPTION_OVERLOADED;
    failure->error.attempts = 0;
    failure->error.status = status_of_exception(
        exception->class_name, exception->text, failure->kind);
    snprintf(failure->error.exception_class, sizeof(failure->error.exception_class), "%.*s",
        (int)exception->class_name.size, (const char *)exception->class_name.data);
    snprintf(failure->error.message, sizeof(failure->error.message), "%.*s", (int)text.size,
        (const char *)text.data);
}

uint32_t failure_throttle_ms(const struct stele_error *error)
{
    static const struct {
        const char *unit;
        uint32_t ms;
    } units[] = {{"hrs", 3600000}, {"hr", 3600000}, {"mins", 60000}, {"min", 60000}, {"sec", 1000},
        {"ms", 1}};
    const char *at = strstr(error->message, "- wait ");
    uint64_t total = 0;
    if (!at)
        return 0;
    at += strlen("- wait ");
    for (;;) {
        char *end;
        unsigned long number = strtoul(at, &end, 10);
        size_t i = 0, count = sizeof(units) / sizeof(units[0]);
        while (i < count && strncmp(end, units[i].unit, strlen(units[i].unit)) != 0)
            i++;
        if (end == at || i == count)
            break;
        total += (uint64_t)number * units[i].ms;
        at = end + strlen(units[i].unit);
        at += strspn(at, ", ");
    }
    return total > 3600000 ? 3600000 : (uint32_t)total;
}

bool failure_moved_to(const struct stele_error *error, struct span *out_host, uint32_t *out_port,
    uint64_t *out_start_code, int64_t *out_sequence)
{
    const char *host = strstr(error->message, "hostname=");
    const char *port = host ? strstr(host, " port=") : NULL;
    const char *start_code = port ? strstr(port, " startCode=") : NULL;
    const char *sequence = start_code ? strstr(start_code, " locationSeqNum=") : NULL;
    if (!sequence)
        return false;
    host += strlen("hostname=");
    unsigned long number = strtoul(port + strlen(" port="), NULL, 10);
    if (host == port || number == 0 || number > UINT16_MAX)
        return false;
    *out_host = span_make(host, (size_t)(port - host));
    *out_port = (uint32_t)number;
    *out_start_code = strtoull(start_code + strlen(" startCode="), NULL, 10);
    *out_sequence = strtoll(sequence + strlen(" locationSeqNum="), NULL, 10);
    return true;
}
