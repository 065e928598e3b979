/* Log lines: one line an event on stderr, logfmt, with level:
 *   2026-11-23T03:16:39.120Z info tablet.open table=t1 tablet=9f.. ms=3
 * Values with spaces, quotes or '=' are quoted. From any thread. Not for the write path of every
 * request. */
#ifndef STELE_BASE_LOG_LINES_H
#define STELE_BASE_LOG_LINES_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };

void log_set_level(enum log_level level); /* starts at LOG_INFO */
/* Tests: lines go to this function instead (NULL: stderr). */
void log_set_sink(void (*sink)(void *context, const char *line), void *context);

/* event is "noun.verb"; format gives the fields: log_line(LOG_INFO, "tablet.open", "table=%s
 * ms=%d", ...). A value that may hold spaces goes through %s between double quotes in the format:
 * path=\"%s\". */
void log_line(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
