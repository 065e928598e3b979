/* What is measured of heat: counters that add up over keys, tablets and time.
 *
 * A metric that people ask for is a set of counters (a mask of 1 << counter), whose values are added: "ops" is gets,
 * scanned rows and writes together. */
#ifndef STELE_SERVER_HEAT_HEAT_METRIC_H
#define STELE_SERVER_HEAT_HEAT_METRIC_H

#include "base/bytes.h"

enum heat_counter {
    HEAT_READS,     /* gets */
    HEAT_SCANS,     /* rows that scans looked at */
    HEAT_WRITES,    /* mutations */
    HEAT_BYTES_IN,  /* of requests */
    HEAT_BYTES_OUT, /* of answers */
    HEAT_CPU_NS,    /* of the threads that run handlers */
    HEAT_COUNTERS
};

/* What a stretch of keys took, each by enum heat_counter. */
struct heat_values {
    double of[HEAT_COUNTERS];
};

#define HEAT_OPS   (1u << HEAT_READS | 1u << HEAT_SCANS | 1u << HEAT_WRITES)
#define HEAT_BYTES (1u << HEAT_BYTES_IN | 1u << HEAT_BYTES_OUT)

static inline double heat_sum(const struct heat_values *values, uint32_t metric)
{
    double sum = 0;
    for (unsigned i = 0; i < HEAT_COUNTERS; i++)
        if (metric & 1u << i)
            sum += values->of[i];
    return sum;
}

static inline void heat_add(struct heat_values *to, const struct heat_values *values, double factor)
{
    for (unsigned i = 0; i < HEAT_COUNTERS; i++)
        to->of[i] += values->of[i] * factor;
}

/* "ops", "reads" (gets and scanned rows), "gets", "scans", "writes", "bytes", "bytes_in", "bytes_out", "cpu". Empty is "ops". 0: there is no such
 * metric. */
uint32_t heat_metric_find(struct span name);
/* Its name; NULL for a set that has none. */
const char *heat_metric_name(uint32_t metric);
/* What it is counted in, for one second: "/s", "B/s", "ns/s". */
const char *heat_metric_unit(uint32_t metric);
/* The names one after another, from 0 on; NULL at the end. */
const char *heat_metric_at(unsigned index);

#endif
