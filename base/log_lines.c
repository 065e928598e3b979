#include "base/log_lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/mutex.h"

enum { LINE_SIZE_MAX = 4096 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* One line, one write: guarded so that lines of several threads do not mix when stderr is a pipe.
 */
static struct mutex output_lock = MUTEX_INITIALIZER(LOCK_RANK_LOG_LINES);
static void (*output_sink)(void *context, const char *line);
static void *output_context;
static int output_level = LOG_INFO;

void log_set_level(enum log_level level)
{
    __atomic_store_n(&output_level, (int)level, __ATOMIC_RELAXED);
}

void log_set_sink(void (*sink)(void *context, const char *line), void *context)
{
    mutex_lock(&output_lock);
    output_sink = sink;
    output_context = context;
    mutex_unlock(&output_lock);
}

/* Copies, with every control character as \xHH: what a peer sends as a name cannot forge a line.
 * `out` has room for 4 bytes a character. */
static size_t copy_clean(char *out, const char *text)
{
    size_t size = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c != 0x7f)
            out[size++] = (char)c;
        else
            size += (size_t)sprintf(out + size, "\\x%02X", c);
    }
    return size;
}

static size_t put_timestamp(char *out, size_t size)
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t at = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &parts);
    return at + (size_t)snprintf(out + at, size - at, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    if ((int)level < __atomic_load_n(&output_level, __ATOMIC_RELAXED) || level >= LOG_OFF)
        return;

    char fields[LINE_SIZE_MAX];
    va_list arguments;
    va_start(arguments, format);
    int formatted = vsnprintf(fields, sizeof(fields), format, arguments);
    va_end(arguments);
    if (formatted < 0)
        fields[0] = '\0';

    char line[4 * LINE_SIZE_MAX + 256];
    size_t at = put_timestamp(line, 64);
    at += (size_t)snprintf(line + at, 128, " %s %.80s", level_names[level], event);
    if (fields[0]) {
        line[at++] = ' ';
        at += copy_clean(line + at, fields);
    }

    mutex_lock(&output_lock);
    if (output_sink) {
        line[at] = '\0';
        output_sink(output_context, line);
    } else {
        line[at++] = '\n';
        /* Nobody to tell when stderr itself fails. */
        ssize_t written = write(STDERR_FILENO, line, at);
        (void)written;
    }
    mutex_unlock(&output_lock);
}
