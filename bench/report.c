#include "bench/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool report_add(struct report *report, const struct driver_result *result)
{
    struct driver_result *total = &report->total;
    if (!total->service && !(total->service = histogram_new()))
        return false;
    if (result->intended && !total->intended && !(total->intended = histogram_new()))
        return false;
    histogram_merge(total->service, result->service);
    if (result->intended)
        histogram_merge(total->intended, result->intended);
    total->operations += result->operations;
    total->rows += result->rows;
    total->bytes += result->bytes;
    if (result->failed && !total->failed)
        memcpy(total->first_failure, result->first_failure, sizeof total->first_failure);
    total->failed += result->failed;
    if (result->elapsed_ns > total->elapsed_ns)
        total->elapsed_ns = result->elapsed_ns;
    return true;
}

void report_deinit(struct report *report)
{
    driver_result_deinit(&report->total);
}

/* A percentile is told only when at least ten samples lie beyond it. */
static const double quantiles[] = {0.5, 0.9, 0.99, 0.999, 0.9999};
static const char *const quantile_names[] = {"p50", "p90", "p99", "p99.9", "p99.99"};

static bool is_told(const struct histogram *histogram, double quantile)
{
    return (double)histogram_count(histogram) * (1 - quantile) >= 10;
}

static void print_latency(const char *name, const struct histogram *histogram)
{
    printf("%-12s mean %.1f us", name, histogram_mean(histogram) / 1e3);
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++)
        if (is_told(histogram, quantiles[i]))
            printf("  %s %.1f", quantile_names[i],
                (double)histogram_quantile(histogram, quantiles[i]) / 1e3);
    printf("  max %.1f\n", (double)histogram_max(histogram) / 1e3);
}

static double per_operation(uint64_t us, uint64_t operations)
{
    return operations ? (double)us / (double)operations : 0;
}

void report_print(const struct report *report)
{
    const struct driver_result *total = &report->total;
    double seconds = (double)total->elapsed_ns / 1e9;
    printf("operations   %" PRIu64 " in %.2f s: %.0f/s", total->operations, seconds,
        (double)total->operations / seconds);
    if (report->rate_asked > 0)
        printf(" (asked: %.0f/s)", report->rate_asked);
    printf("\n");
    if (total->rows != total->operations)
        printf("rows         %" PRIu64 ": %.0f/s\n", total->rows, (double)total->rows / seconds);
    printf("values       %.1f MB/s\n", (double)total->bytes / seconds / 1e6);
    print_latency("service", total->service);
    if (total->intended)
        print_latency("intended", total->intended);
    printf("client CPU   %.2f us an operation\n",
        per_operation(report->client_cpu_us, total->operations));
    if (report->has_server)
        printf("server CPU   %.2f us an operation (%.2f us a row); resident %.1f MB\n",
            per_operation(report->server_cpu_us, total->operations),
            per_operation(report->server_cpu_us, total->rows),
            (double)report->server_resident_kib / 1024);
    if (total->failed)
        printf("failed       %" PRIu64 ", the first: %s\n", total->failed, total->first_failure);
}

static void print_latency_json(const char *name, const struct histogram *histogram)
{
    printf(",\"%s_us\":{\"mean\":%.2f,\"max\":%.2f", name, histogram_mean(histogram) / 1e3,
        (double)histogram_max(histogram) / 1e3);
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++)
        if (is_told(histogram, quantiles[i]))
            printf(",\"%s\":%.2f", quantile_names[i],
                (double)histogram_quantile(histogram, quantiles[i]) / 1e3);
    printf("}");
}

void report_print_json(const struct report *report, const char *name)
{
    const struct driver_result *total = &report->total;
    double seconds = (double)total->elapsed_ns / 1e9;
    printf("{\"schema\":\"stele-load-1\",\"name\":\"%s\",\"operations\":%" PRIu64
           ",\"failed\":%" PRIu64 ",\"rows\":%" PRIu64
           ",\"seconds\":%.4f,\"rate\":%.2f,\"rate_asked\":%.2f,\"value_bytes\":%" PRIu64,
        name, total->operations, total->failed, total->rows, seconds,
        (double)total->operations / seconds, report->rate_asked, total->bytes);
    print_latency_json("service", total->service);
    if (total->intended)
        print_latency_json("intended", total->intended);
    printf(",\"client_cpu_us\":%.3f", per_operation(report->client_cpu_us, total->operations));
    if (report->has_server)
        printf(",\"server_cpu_us\":%.3f,\"server_resident_kib\":%" PRIu64,
            per_operation(report->server_cpu_us, total->operations), report->server_resident_kib);
    printf("}\n");
}
