/* What became of one kind of operation: counts and latencies. */
#ifndef STELE_BENCH_TALLY_H
#define STELE_BENCH_TALLY_H

#include <stdbool.h>

#include "base/histogram.h"

struct tally {
    uint64_t operations; /* that succeeded */
    uint64_t failed;
    uint64_t missing; /* reads that found no row, conditions that did not hold */
    uint64_t rows;    /* read or written */
    uint64_t bytes;   /* of their values */
    /* Nanoseconds, of those that succeeded; made at the first one. Intended: from when it should
     * have started; NULL in a closed loop. */
    struct histogram *service;
    struct histogram *intended;
};

/* False on no memory for a histogram: then the rest is counted all the same. */
bool tally_merge(struct tally *into, const struct tally *from);
/* Zeroes the counts and keeps the histograms. */
void tally_reset(struct tally *tally);
void tally_deinit(struct tally *tally);

/* A percentile is told only when at least ten samples lie beyond it: false otherwise. */
bool tally_quantile(const struct histogram *histogram, double quantile, double *out_microseconds);

/* The percentiles that reports tell, by name: p50 ... p99.99. */
#define TALLY_QUANTILES 5
extern const struct tally_quantile_name {
    const char *name;
    double quantile;
} tally_quantiles[TALLY_QUANTILES];

#endif
