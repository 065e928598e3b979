/* What a load did, told in several ways. Each file is one way. */
#ifndef STELE_BENCH_REPORT_H
#define STELE_BENCH_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "bench/load.h"

/* A table for people. */
void report_text_print(FILE *out, const struct load_outcome *outcome);
/* Figures that several ways tell. */
double report_rate(const struct load_outcome *outcome); /* operations a second */
double report_per_operation(uint64_t us, const struct load_outcome *outcome);
struct skew report_tablet_skew(const struct load_outcome *outcome);
struct skew report_server_skew(const struct load_outcome *outcome);
/* A rate beyond reach: less than 98 % of what was asked was done, or a hundredth of what was due never began. */
bool report_is_beyond_reach(const struct load_outcome *outcome);

/* A JSON object, schema "stele.load/1"; the caller's. NULL on no memory. */
json_t *report_json_make(const struct load_outcome *outcome);
/* The same in one line. False when it could not be made or written. */
bool report_json_print(FILE *out, const struct load_outcome *outcome);

/* One self-contained page. False when it could not be written. */
bool report_html_print(FILE *out, const struct load_outcome *outcome);

#endif
