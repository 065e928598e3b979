#include "bench/assertion.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/live_line.h"
#include "bench/report.h"
#include "bench/study/skew.h"

enum unit { UNIT_NONE, UNIT_TIME, UNIT_SHARE };
enum source { SOURCE_ANY, SOURCE_SERVICE, SOURCE_INTENDED };

static const struct metric {
    const char *name;
    enum unit unit;
    bool is_of_operations; /* may follow the name of an operation */
    double quantile;       /* of a percentile */
} metrics[] = {{"mean", UNIT_TIME, true, 0}, {"max", UNIT_TIME, true, 0},
    {"p50", UNIT_TIME, true, .5}, {"p90", UNIT_TIME, true, .9}, {"p99", UNIT_TIME, true, .99},
    {"p99.9", UNIT_TIME, true, .999}, {"p99.99", UNIT_TIME, true, .9999},
    {"rate", UNIT_NONE, true, 0}, {"operations", UNIT_NONE, true, 0},
    {"missing", UNIT_NONE, true, 0}, {"errors", UNIT_SHARE, true, 0},
    {"server_cpu", UNIT_TIME, false, 0}, {"client_cpu", UNIT_TIME, false, 0},
    {"tablet_max_mean", UNIT_NONE, false, 0}, {"server_max_mean", UNIT_NONE, false, 0}};

#define METRIC_COUNT (sizeof metrics / sizeof *metrics)

static bool is_metric(unsigned metric, const char *name)
{
    return strcmp(metrics[metric].name, name) == 0;
}

static enum status take_metric(const char *name, struct assertion *assertion, struct error *error)
{
    const char *names[METRIC_COUNT];
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        names[i] = metrics[i].name;
        if (is_metric(i, name)) {
            assertion->metric = i;
            return assertion->operation >= 0 && !metrics[i].is_of_operations
                       ? error_set(error, STATUS_INVALID, "%s: %s is not an operation's",
                             assertion->text, name)
                       : STATUS_OK;
        }
    }
    const char *nearest = options_nearest(name, names, METRIC_COUNT);
    return nearest
               ? error_set(error, STATUS_INVALID, "%s: there is no metric '%s'; did you mean '%s'?",
                     assertion->text, name, nearest)
               : error_set(
                     error, STATUS_INVALID, "%s: there is no metric '%s'", assertion->text, name);
}

/* "read.intended.p99": what stands before the metric. Percentiles have dots too. */
static const char *take_prefixes(const char *name, struct assertion *assertion)
{
    const char *dot;
    while ((dot = strchr(name, '.'))) {
        enum operation operation;
        struct span word = span_make(name, (size_t)(dot - name));
        if (assertion->operation < 0 && operation_parse(word, &operation))
            assertion->operation = (int)operation;
        else if (span_equal(word, span_string("service")))
            assertion->source = SOURCE_SERVICE;
        else if (span_equal(word, span_string("intended")))
            assertion->source = SOURCE_INTENDED;
        else
            break;
        name = dot + 1;
    }
    return name;
}

static bool take_bound(const char *text, struct assertion *assertion)
{
    static const struct {
        const char *name;
        enum unit unit;
        double factor;
    } units[] = {{"us", UNIT_TIME, 1}, {"ms", UNIT_TIME, 1e3}, {"s", UNIT_TIME, 1e6},
        {"%", UNIT_SHARE, .01}, {"", UNIT_NONE, 1}, {"", UNIT_SHARE, 1}};
    char *end;
    double number = strtod(text, &end);
    if (end == text || !isfinite(number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].unit == metrics[assertion->metric].unit && strcmp(units[i].name, end) == 0) {
            assertion->bound = number * units[i].factor;
            assertion->is_share = *end == '%';
            return true;
        }
    }
    return false;
}

static enum status parse_one(struct span text, struct assertion *assertion, struct error *error)
{
    char name[sizeof assertion->text];
    static const char *const takes[] = {"a number", "a time such as 500us or 5ms", "a number or %"};
    *assertion = (struct assertion){.operation = -1};
    if (text.size >= sizeof assertion->text)
        return error_set(error, STATUS_INVALID, "an assertion is too long");
    for (size_t i = 0; i < text.size; i++)
        assertion->text[i] = (char)text.data[i];
    size_t size = strcspn(assertion->text, "<>");
    const char *rest = assertion->text + size;
    if (size == 0 || !*rest)
        return error_set(error, STATUS_INVALID,
            "'%s' is no assertion such as p99<5ms or rate>=1000", assertion->text);
    memcpy(name, assertion->text, size);
    name[size] = '\0';
    assertion->is_less = *rest++ == '<';
    assertion->is_strict = *rest != '=';
    rest += !assertion->is_strict;
    enum status status = take_metric(take_prefixes(name, assertion), assertion, error);
    if (!status && !take_bound(rest, assertion))
        return error_set(error, STATUS_INVALID, "%s: %s takes %s", assertion->text,
            metrics[assertion->metric].name, takes[metrics[assertion->metric].unit]);
    return status;
}

enum status assertions_parse(
    const char *text, struct assertions *out_assertions, struct error *error)
{
    out_assertions->count = 0;
    struct span rest = span_string(text ? text : "");
    while (rest.size) {
        size_t end = span_find(rest, ',');
        struct span part = span_slice(rest, 0, end == SIZE_MAX ? rest.size : end);
        rest = end == SIZE_MAX ? SPAN_EMPTY : span_slice(rest, end + 1, rest.size - end - 1);
        if (out_assertions->count == ASSERTIONS_MOST)
            return error_set(error, STATUS_INVALID, "there may be %d assertions", ASSERTIONS_MOST);
        enum status status = parse_one(part, &out_assertions->list[out_assertions->count], error);
        if (status)
            return status;
        out_assertions->count++;
    }
    return STATUS_OK;
}

/* ---- Values ---- */

static double latency_of(const struct assertion *assertion, const struct tally *tally)
{
    const struct histogram *histogram =
        assertion->source == SOURCE_SERVICE || (assertion->source == SOURCE_ANY && !tally->intended)
            ? tally->service
            : tally->intended;
    double us;
    if (!histogram || histogram_count(histogram) == 0)
        return NAN;
    if (is_metric(assertion->metric, "mean"))
        return histogram_mean(histogram) / 1e3;
    if (is_metric(assertion->metric, "max"))
        return (double)histogram_max(histogram) / 1e3;
    return tally_quantile(histogram, metrics[assertion->metric].quantile, &us) ? us : NAN;
}

static double value_of(const struct assertion *assertion, const struct load_outcome *outcome)
{
    const struct run_result *run = &outcome->run;
    const struct tally *tally = assertion->operation < 0 ? &run->all
                                                         : &run->of[assertion->operation];
    double requests = (double)(tally->operations + tally->failed);
    unsigned metric = assertion->metric;
    if (is_metric(metric, "rate"))
        return (double)tally->operations / ((double)(run->elapsed_ns ? run->elapsed_ns : 1) / 1e9);
    if (is_metric(metric, "operations"))
        return (double)tally->operations;
    if (is_metric(metric, "missing"))
        return (double)tally->missing;
    if (is_metric(metric, "errors"))
        return !assertion->is_share ? (double)tally->failed
               : requests > 0       ? (double)tally->failed / requests
                                    : NAN;
    if (is_metric(metric, "client_cpu"))
        return report_per_operation(outcome->client_cpu_us, outcome);
    if (is_metric(metric, "server_cpu"))
        return outcome->has_server_cpu ? report_per_operation(outcome->server_cpu_us, outcome)
                                       : NAN;
    if (is_metric(metric, "tablet_max_mean"))
        return outcome->watched.tablet_count ? report_tablet_skew(outcome).max_mean : NAN;
    if (is_metric(metric, "server_max_mean"))
        return outcome->watched.server_count ? report_server_skew(outcome).max_mean : NAN;
    return latency_of(assertion, tally);
}

bool assertion_holds(
    const struct assertion *assertion, const struct load_outcome *outcome, double *out_value)
{
    double value = value_of(assertion, outcome), bound = assertion->bound;
    *out_value = value;
    if (isnan(value))
        return false;
    if (!assertion->is_strict && value == bound)
        return true;
    return assertion->is_less ? value < bound : value > bound;
}

bool assertions_check(const struct assertions *assertions, const struct load_outcome *outcome)
{
    bool all_hold = true;
    for (size_t i = 0; i < assertions->count; i++) {
        const struct assertion *assertion = &assertions->list[i];
        char text[LATENCY_TEXT];
        double value;
        if (assertion_holds(assertion, outcome, &value))
            continue;
        all_hold = false;
        fprintf(stderr, "stele: bench load: %s does not hold: ", assertion->text);
        if (isnan(value))
            fputs("not known (too few samples, or not told)\n", stderr);
        else if (metrics[assertion->metric].unit == UNIT_TIME)
            fprintf(stderr, "%s ms\n", latency_text(value, text));
        else if (assertion->is_share)
            fprintf(stderr, "%.3g %%\n", 100 * value);
        else
            fprintf(stderr, "%.6g\n", value);
    }
    return all_hold;
}
