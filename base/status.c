#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const status_names[STATUS_COUNT] = {
    [STATUS_OK] = "ok",
    [STATUS_END] = "end",
    [STATUS_NOT_FOUND] = "not found",
    [STATUS_EXISTS] = "exists",
    [STATUS_INVALID] = "invalid",
    [STATUS_LIMIT] = "limit",
    [STATUS_CORRUPT] = "corrupt",
    [STATUS_NEWER_FORMAT] = "newer format",
    [STATUS_IO] = "io",
    [STATUS_NO_SPACE] = "no space",
    [STATUS_NO_MEMORY] = "no memory",
    [STATUS_BUSY] = "busy",
    [STATUS_WOULD_BLOCK] = "would block",
    [STATUS_SUPERSEDED] = "superseded",
    [STATUS_CLOSED] = "closed",
    [STATUS_TIMEOUT] = "timeout",
    [STATUS_CANCELLED] = "cancelled",
    [STATUS_UNSUPPORTED] = "unsupported",
    [STATUS_WRONG_STATE] = "wrong state",
    [STATUS_OUT_OF_RANGE] = "out of range",
    [STATUS_NO_FAMILY] = "no family",
    [STATUS_REMOTE] = "remote",
};

const char *status_name(enum status status)
{
    if ((unsigned)status >= STATUS_COUNT || !status_names[status])
        return "unknown status";
    return status_names[status];
}

/* An error message is one line whatever the bytes in the names it quotes. */
static void keep_one_line(char *message)
{
    for (char *p = message; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
}

enum status error_set_at(
    struct error *error, enum status status, const char *file, int line, const char *format, ...)
{
    if (!error)
        return status;

    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    keep_one_line(error->message);
    error->status = status;
    error->file = file;
    error->line = line;
    return status;
}

static enum status status_of_errno(int error_number)
{
    switch (error_number) {
    case ENOSPC:
    case EDQUOT:
        return STATUS_NO_SPACE;
    case ENOENT:
        return STATUS_NOT_FOUND;
    case EEXIST:
        return STATUS_EXISTS;
    case ENOMEM:
        return STATUS_NO_MEMORY;
    default:
        return STATUS_IO;
    }
}

enum status error_set_errno_at(
    struct error *error, int error_number, const char *file, int line, const char *format, ...)
{
    enum status status = status_of_errno(error_number);
    if (!error)
        return status;

    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    /* The reason matters more than the end of a very long name: keep room for it. */
    size_t at = size < 0 ? 0 : (size_t)size;
    size_t most = sizeof(error->message) - 80;
    if (at > most)
        at = most;
    char reason[72];
    snprintf(error->message + at, sizeof(error->message) - at, ": %s",
        strerror_r(error_number, reason, sizeof(reason)));
    keep_one_line(error->message);
    error->status = status;
    error->file = file;
    error->line = line;
    return status;
}

enum status error_prefix(struct error *error, enum status status, const char *format, ...)
{
    if (!error)
        return status;

    char prefix[ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(prefix, sizeof(prefix), format, arguments);
    va_end(arguments);

    /* When both do not fit, the end of the message (the cause) is what is cut. */
    char joined[2 * ERROR_MESSAGE_SIZE + 2];
    snprintf(joined, sizeof(joined), "%s: %s", prefix, error->message);
    memcpy(error->message, joined, sizeof(error->message) - 1);
    error->message[sizeof(error->message) - 1] = '\0';
    keep_one_line(error->message);
    error->status = status;
    return status;
}

void check_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "stele: CHECK failed at %s:%d: %s\n", file, line, condition);
    abort();
}
