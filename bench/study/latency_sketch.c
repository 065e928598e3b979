#include "bench/study/latency_sketch.h"

#define BEYOND      10 /* samples that must lie beyond a percentile */
#define SUBBUCKET_2 5  /* log2(SKETCH_SUBBUCKETS) */

/* Below 32 each microsecond has its own; then each power of two has 32. */
static unsigned bucket_of(uint64_t us)
{
    if (us < SKETCH_SUBBUCKETS)
        return (unsigned)us;
    unsigned shift = 63 - (unsigned)__builtin_clzll(us) - SUBBUCKET_2;
    uint64_t bucket = (uint64_t)shift * SKETCH_SUBBUCKETS + (us >> shift);
    return bucket < SKETCH_BUCKETS ? (unsigned)bucket : SKETCH_BUCKETS - 1;
}

/* The middle of a bucket. */
static double middle_us(unsigned bucket)
{
    if (bucket < 2 * SKETCH_SUBBUCKETS)
        return bucket;
    unsigned shift = bucket / SKETCH_SUBBUCKETS - 1;
    uint64_t from = (uint64_t)(bucket % SKETCH_SUBBUCKETS + SKETCH_SUBBUCKETS) << shift;
    return (double)from + (double)(1ull << shift) / 2;
}

void latency_sketch_record(struct latency_sketch *sketch, uint64_t us, uint32_t count)
{
    sketch->counts[bucket_of(us)] += count;
    sketch->count += count;
    sketch->max_us = us > sketch->max_us ? us : sketch->max_us;
}

void latency_sketch_merge(struct latency_sketch *into, const struct latency_sketch *from)
{
    if (from->count == 0)
        return;
    for (unsigned i = 0; i < SKETCH_BUCKETS; i++)
        into->counts[i] += from->counts[i];
    into->count += from->count;
    into->max_us = from->max_us > into->max_us ? from->max_us : into->max_us;
}

static float quantile_ms(const struct latency_sketch *sketch, unsigned percent)
{
    uint64_t rank = (sketch->count * percent + 99) / 100, seen = 0;
    if (sketch->count - rank < BEYOND)
        return -1;
    for (unsigned i = 0; i < SKETCH_BUCKETS; i++) {
        seen += sketch->counts[i];
        if (seen >= rank) {
            double us = middle_us(i);
            return (float)((us < (double)sketch->max_us ? us : (double)sketch->max_us) / 1000);
        }
    }
    return (float)sketch->max_us / 1000;
}

struct latency_summary latency_sketch_summary(const struct latency_sketch *sketch)
{
    return (struct latency_summary){.count = sketch->count,
        .p50_ms = quantile_ms(sketch, 50),
        .p99_ms = quantile_ms(sketch, 99),
        .max_ms = sketch->count ? (float)sketch->max_us / 1000 : -1};
}
