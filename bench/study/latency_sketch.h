/* Latencies in 3 KB, within 3 %: what a run keeps for each server and second, and for each tablet, where a histogram
 * of base/ (58 KB, under 1 %) would be too much.
 *
 * Buckets as HdrHistogram's, 32 a power of two, of microseconds up to a minute; what is longer counts as a minute. The
 * greatest is kept exactly. */
#ifndef STELE_BENCH_STUDY_LATENCY_SKETCH_H
#define STELE_BENCH_STUDY_LATENCY_SKETCH_H

#include <stdint.h>

#define SKETCH_SUBBUCKETS 32
#define SKETCH_BUCKETS    (22 * SKETCH_SUBBUCKETS) /* up to 67 s */

struct latency_sketch {
    uint64_t count, max_us;
    uint32_t counts[SKETCH_BUCKETS];
};

/* What is told of a sketch, in milliseconds; below 0: of too few (ten must lie beyond a percentile). */
struct latency_summary {
    uint64_t count;
    float p50_ms, p99_ms, max_ms;
};

void latency_sketch_record(struct latency_sketch *sketch, uint64_t us, uint32_t count);
void latency_sketch_merge(struct latency_sketch *into, const struct latency_sketch *from);
struct latency_summary latency_sketch_summary(const struct latency_sketch *sketch);

#endif
