#include "server/heat/heat_metric.h"

static const struct {
    const char *name;
    uint32_t metric;
    const char *unit;
} metrics[] = {
    {"ops", HEAT_OPS, "/s"},
    {"reads", 1u << HEAT_READS | 1u << HEAT_SCANS, "/s"},
    {"gets", 1u << HEAT_READS, "/s"},
    {"scans", 1u << HEAT_SCANS, "/s"},
    {"writes", 1u << HEAT_WRITES, "/s"},
    {"bytes", HEAT_BYTES, "B/s"},
    {"bytes_in", 1u << HEAT_BYTES_IN, "B/s"},
    {"bytes_out", 1u << HEAT_BYTES_OUT, "B/s"},
    {"cpu", 1u << HEAT_CPU_NS, "ns/s"},
};

#define METRIC_COUNT (sizeof metrics / sizeof metrics[0])

uint32_t heat_metric_find(struct span name)
{
    if (name.size == 0)
        return HEAT_OPS;
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (span_equal(name, span_string(metrics[i].name)))
            return metrics[i].metric;
    return 0;
}

const char *heat_metric_name(uint32_t metric)
{
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (metrics[i].metric == metric)
            return metrics[i].name;
    return NULL;
}

const char *heat_metric_unit(uint32_t metric)
{
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (metrics[i].metric == metric)
            return metrics[i].unit;
    return "/s";
}

const char *heat_metric_at(unsigned index)
{
    return index < METRIC_COUNT ? metrics[index].name : NULL;
}
