/* The line that tells each second how a load goes, on stderr: rewritten in place on a terminal,
 * one line after the other elsewhere. */
#ifndef STELE_BENCH_LIVE_LINE_H
#define STELE_BENCH_LIVE_LINE_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/run.h"
#include "bench/watch.h"

struct live_line {
    FILE *out; /* NULL: silent */
    bool is_terminal;
    bool is_filling; /* requests are batches: rows are told */
    bool is_open;    /* a line stands that will be rewritten */
};

/* Silent when is_quiet. */
void live_line_init(struct live_line *line, bool is_quiet, bool is_filling);
/* What is not known of the table is left out; intended latencies where there are. On a terminal the line is cut to its
 * width: what is wider could not be rewritten. */
void live_line_show(struct live_line *line, const struct point *point, struct watch_glance glance);
/* Ends a line that stands. */
void live_line_end(struct live_line *line);

/* Latencies for people: milliseconds, three digits; "-" when there are too few samples. */
#define LATENCY_TEXT 24
const char *latency_text(double microseconds, char out_text[LATENCY_TEXT]);

#endif
