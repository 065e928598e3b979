#include "server/master/normalizer.h"

#include <stdlib.h>

#define MS_PER_DAY (24 * 3600 * 1000ll)

struct normalizer_settings normalizer_settings_default(void)
{
    return (struct normalizer_settings){.splits = true,
        .merges = true,
        .tablets_least = 3,
        .merge_age_ms = 3 * MS_PER_DAY,
        .requests_per_s_most = 250};
}

/* A positive number of the table's attribute; 0 when there is none. */
static uint64_t number_of(const struct table_schema *schema, const char *key)
{
    struct span value;
    char text[24] = {0};
    if (!schema ||
        !attributes_find(schema->attributes, schema->attribute_count, span_string(key), &value))
        return 0;
    if (value.size == 0 || value.size >= sizeof text)
        return 0;
    memcpy(text, value.data, value.size);
    long long number = strtoll(text, NULL, 10);
    return number > 0 ? (uint64_t)number : 0;
}

static uint64_t target_bytes(
    const struct normalizer_tablet *tablets, size_t count, const struct table_schema *schema)
{
    uint64_t sum = 0;
    uint64_t megabytes = number_of(schema, "NORMALIZER_TARGET_REGION_SIZE_MB");
    if (megabytes > 0 && megabytes < UINT64_MAX >> 20)
        return megabytes << 20;
    for (size_t i = 0; i < count; i++)
        sum += tablets[i].size_bytes;
    uint64_t parts = number_of(schema, "NORMALIZER_TARGET_REGION_COUNT");
    return sum / (parts > 0 ? parts : count);
}

static bool may_merge(
    const struct normalizer_tablet *tablet, const struct normalizer_settings *settings)
{
    return !tablet->is_busy && tablet->age_ms >= settings->merge_age_ms &&
           tablet->size_bytes >= settings->merge_bytes &&
           tablet->requests_per_s <= settings->requests_per_s_most;
}

static bool is_too_large(const struct normalizer_tablet *tablet, uint64_t target,
    const struct normalizer_settings *settings)
{
    return settings->splits && !tablet->is_busy && tablet->size_bytes / 2 > target;
}

/* How many tablets from `first` on make one merge: at least 1. */
static size_t merge_length(const struct normalizer_tablet *tablets, size_t count, size_t first,
    uint64_t target, const struct normalizer_settings *settings)
{
    uint64_t sum = 0;
    size_t end = first;
    while (end < count && may_merge(&tablets[end], settings) &&
           tablets[end].size_bytes <= target - sum)
        sum += tablets[end++].size_bytes;
    return end > first ? end - first : 1;
}

enum status normalizer_plan(const struct normalizer_tablet *tablets, size_t count,
    const struct table_schema *schema, const struct normalizer_settings *settings,
    struct arena *arena, struct normalizer_step **out_steps, size_t *out_count)
{
    size_t step_count = 0;
    struct normalizer_step *steps = arena_allocate_zeroed(arena, count + 1, sizeof *steps);
    if (!steps)
        return STATUS_NO_MEMORY;
    uint64_t target = count > 0 ? target_bytes(tablets, count, schema) : 0;
    bool merges = settings->merges && count >= settings->tablets_least;
    for (size_t i = 0; i < count;) {
        size_t length = 1;
        if (is_too_large(&tablets[i], target, settings))
            steps[step_count++] = (struct normalizer_step){.is_split = true, i, 1};
        else if (merges && (length = merge_length(tablets, count, i, target, settings)) > 1)
            steps[step_count++] = (struct normalizer_step){.is_split = false, i, length};
        i += length;
    }
    *out_steps = steps;
    *out_count = step_count;
    return STATUS_OK;
}
