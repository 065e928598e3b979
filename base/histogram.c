/* Values below 128 have a bucket each. Above, the 7 bits after the leading one choose one of 128
 * buckets of their power of two, so a bucket is at most 1/128 of its values wide. */
#include "base/histogram.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"

enum {
    SUB_BITS = 7,
    SUB_BUCKETS = 1 << SUB_BITS,
    BUCKETS = (64 - SUB_BITS + 1) * SUB_BUCKETS,
};

_Static_assert(BUCKETS == HISTOGRAM_BUCKETS, "the header says how many there are");

struct histogram {
    uint64_t counts[BUCKETS];
    uint64_t count;
    uint64_t min, max; /* when count > 0 */
    double sum;        /* a double: 2^64 nanoseconds times many would overflow */
};

static unsigned bucket_of(uint64_t value)
{
    if (value < SUB_BUCKETS)
        return (unsigned)value;
    unsigned shift = 63 - (unsigned)__builtin_clzll(value) - SUB_BITS;
    return (shift << SUB_BITS) + (unsigned)(value >> shift);
}

static uint64_t bucket_greatest(unsigned bucket)
{
    if (bucket < 2 * SUB_BUCKETS)
        return bucket;
    unsigned shift = (bucket >> SUB_BITS) - 1;
    uint64_t lead = (bucket & (SUB_BUCKETS - 1)) + SUB_BUCKETS;
    return (lead << shift) + (((uint64_t)1 << shift) - 1);
}

struct histogram *histogram_new(void)
{
    return memory_allocate_zeroed(1, sizeof(struct histogram));
}

void histogram_free(struct histogram *histogram)
{
    memory_free(histogram);
}

void histogram_record(struct histogram *histogram, uint64_t value, uint64_t count)
{
    if (count == 0)
        return;
    histogram->counts[bucket_of(value)] += count;
    if (histogram->count == 0 || value < histogram->min)
        histogram->min = value;
    if (value > histogram->max)
        histogram->max = value;
    histogram->count += count;
    histogram->sum += (double)value * (double)count;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (from->count == 0)
        return;
    for (unsigned i = 0; i < BUCKETS; i++)
        into->counts[i] += from->counts[i];
    if (into->count == 0 || from->min < into->min)
        into->min = from->min;
    if (from->max > into->max)
        into->max = from->max;
    into->count += from->count;
    into->sum += from->sum;
}

void histogram_reset(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
}

uint64_t histogram_count(const struct histogram *histogram)
{
    return histogram->count;
}

uint64_t histogram_min(const struct histogram *histogram)
{
    return histogram->min;
}

uint64_t histogram_max(const struct histogram *histogram)
{
    return histogram->max;
}

double histogram_mean(const struct histogram *histogram)
{
    return histogram->count ? histogram->sum / (double)histogram->count : 0;
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile)
{
    if (histogram->count == 0)
        return 0;
    double wanted = quantile * (double)histogram->count;
    uint64_t seen = 0;
    for (unsigned i = 0; i < BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen == 0 || (double)seen < wanted)
            continue;
        uint64_t value = bucket_greatest(i);
        if (value > histogram->max)
            value = histogram->max;
        return value < histogram->min ? histogram->min : value;
    }
    return histogram->max;
}

uint64_t histogram_bucket(const struct histogram *histogram, unsigned index)
{
    return histogram->counts[index];
}

unsigned histogram_bucket_of(uint64_t value)
{
    return bucket_of(value);
}
