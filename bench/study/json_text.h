/* Small pieces of a study's JSON. */
#ifndef STELE_BENCH_STUDY_JSON_TEXT_H
#define STELE_BENCH_STUDY_JSON_TEXT_H

#include "bench/study/latency_sketch.h"
#include "bench/study/row_set.h"
#include "bench/study/skew.h"

/* A string, safe inside a page too. */
void json_put_text(struct buffer *out, const char *text);
/* A row: text where it is printable ASCII, \xNN else. */
void json_put_row(struct buffer *out, const struct study_row *row);
/* "name":{"max_mean":...,"gini":...,"effective":...,"top_share":...} */
void json_put_skew(struct buffer *out, const char *name, const struct skew *skew);
/* "name":[...] */
void json_put_series(
    struct buffer *out, const char *name, const double *numbers, unsigned count, int digits);
/* A number of milliseconds; below 0 is null. */
void json_put_ms(struct buffer *out, double ms);
/* "name":{"p50":...,"p99":...,"max":...} */
void json_put_latency(struct buffer *out, const char *name, const struct latency_summary *summary);

#endif
