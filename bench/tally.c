#include "bench/tally.h"

#define SAMPLES_BEYOND 10

const struct tally_quantile_name tally_quantiles[TALLY_QUANTILES] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

static bool merge_histogram(struct histogram **into, const struct histogram *from)
{
    if (!from || histogram_count(from) == 0)
        return true;
    if (!*into && !(*into = histogram_new()))
        return false;
    histogram_merge(*into, from);
    return true;
}

bool tally_merge(struct tally *into, const struct tally *from)
{
    into->operations += from->operations;
    into->failed += from->failed;
    into->missing += from->missing;
    into->rows += from->rows;
    into->bytes += from->bytes;
    bool is_service_merged = merge_histogram(&into->service, from->service);
    return merge_histogram(&into->intended, from->intended) && is_service_merged;
}

void tally_reset(struct tally *tally)
{
    if (tally->service)
        histogram_reset(tally->service);
    if (tally->intended)
        histogram_reset(tally->intended);
    *tally = (struct tally){.service = tally->service, .intended = tally->intended};
}

void tally_deinit(struct tally *tally)
{
    histogram_free(tally->service);
    histogram_free(tally->intended);
    *tally = (struct tally){0};
}

bool tally_quantile(const struct histogram *histogram, double quantile, double *out_microseconds)
{
    if (!histogram || (double)histogram_count(histogram) * (1 - quantile) < SAMPLES_BEYOND - 1e-9)
        return false;
    *out_microseconds = (double)histogram_quantile(histogram, quantile) / 1e3;
    return true;
}
