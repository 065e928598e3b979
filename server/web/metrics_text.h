/* Prometheus' text format 0.0.4: families one after another, each with its help and type, then its samples. */
#ifndef STELE_SERVER_WEB_METRICS_TEXT_H
#define STELE_SERVER_WEB_METRICS_TEXT_H

#include "base/bytes.h"

struct metrics_text {
    struct buffer out;
    const char *name; /* of the family under way */
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_SUMMARY };

/* Begins a family. help is one sentence. */
void metrics_family(
    struct metrics_text *text, const char *name, enum metric_type type, const char *help);
struct metric_label {
    const char *name;
    struct span value; /* bytes; escaped here */
};

/* A sample of the family; `suffix` is "", or "_sum" and the like. */
void metrics_sample(struct metrics_text *text, const char *suffix,
    const struct metric_label *labels, size_t label_count, double value);
/* One sample without labels, family and all. */
void metrics_single(struct metrics_text *text, const char *name, enum metric_type type,
    const char *help, double value);

#endif
