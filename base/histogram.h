/* A histogram of 64-bit values with a relative error under 1 % (log-linear buckets, as
 * HdrHistogram's: 128 sub-buckets a power of two). About 58 KB; recording is a few instructions;
 * not thread-safe: one per thread, merged at the end. */
#ifndef STELE_BASE_HISTOGRAM_H
#define STELE_BASE_HISTOGRAM_H

#include <stdint.h>

struct histogram;

struct histogram *histogram_new(void); /* NULL on no memory */
void histogram_free(struct histogram *histogram);
void histogram_record(struct histogram *histogram, uint64_t value, uint64_t count);
void histogram_merge(struct histogram *into, const struct histogram *from);
void histogram_reset(struct histogram *histogram);
uint64_t histogram_count(const struct histogram *histogram);
uint64_t histogram_min(const struct histogram *histogram);
uint64_t histogram_max(const struct histogram *histogram);
double histogram_mean(const struct histogram *histogram);
/* Least value with at least `quantile` (0..1) of the counts at or below it; 0 when empty. */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);

/* The buckets themselves, for encoders. Bucket i is cell i of an HdrHistogram with these digits and
 * a lowest value of 1. */
#define HISTOGRAM_DIGITS  2
#define HISTOGRAM_BUCKETS 7424
uint64_t histogram_bucket(const struct histogram *histogram, unsigned index);
/* The bucket of a value. */
unsigned histogram_bucket_of(uint64_t value);

#endif
