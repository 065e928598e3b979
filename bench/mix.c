#include "bench/mix.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_LIMIT 64

static void sum_up(struct mix *mix)
{
    double sum = 0;
    for (int i = 0; i < OPERATION_COUNT; i++) {
        sum += mix->percent[i] / 100;
        mix->below[i] = sum;
        if (mix->percent[i] > 0)
            mix->last = (enum operation)i;
    }
}

void mix_set(struct mix *mix, enum operation operation)
{
    memset(mix, 0, sizeof *mix);
    mix->percent[operation] = 100;
    sum_up(mix);
}

/* "update:5" */
static enum status take_part(struct span part, struct mix *mix, struct error *error)
{
    char text[TEXT_LIMIT];
    enum operation operation;
    double percent = 100;
    if (part.size >= sizeof text)
        return error_set(error, STATUS_INVALID, "a part is too long");
    for (size_t i = 0; i < part.size; i++)
        text[i] = (char)part.data[i];
    text[part.size] = '\0';
    char *colon = strchr(text, ':');
    if (colon) {
        char *end;
        *colon = '\0';
        percent = strtod(colon + 1, &end);
        if (end == colon + 1 || *end || !(percent >= 0 && percent <= 100))
            return error_set(error, STATUS_INVALID, "'%s' is no percentage", colon + 1);
    }
    if (!operation_parse(span_string(text), &operation)) {
        const char *nearest = operation_nearest(text);
        return nearest ? error_set(error, STATUS_INVALID,
                             "there is no operation '%s'; did you mean '%s'?", text, nearest)
                       : error_set(error, STATUS_INVALID, "there is no operation '%s'", text);
    }
    mix->percent[operation] += percent;
    return STATUS_OK;
}

enum status mix_parse(const char *text, struct mix *out_mix, struct error *error)
{
    struct mix mix = {0};
    struct span rest = span_string(text);
    double sum = 0;
    while (rest.size) {
        size_t end = span_find(rest, ',');
        struct span part = span_slice(rest, 0, end == SIZE_MAX ? rest.size : end);
        rest = end == SIZE_MAX ? SPAN_EMPTY : span_slice(rest, end + 1, rest.size - end - 1);
        enum status status = take_part(part, &mix, error);
        if (status)
            return status;
    }
    for (int i = 0; i < OPERATION_COUNT; i++)
        sum += mix.percent[i];
    if (fabs(sum - 100) > 1e-6)
        return error_set(error, STATUS_INVALID, "its parts sum to %g %%, not 100", sum);
    sum_up(&mix);
    *out_mix = mix;
    return STATUS_OK;
}

enum operation mix_draw(const struct mix *mix, struct dice *dice)
{
    if (mix->percent[mix->last] >= 100)
        return mix->last;
    double at = (double)(dice_next(dice) >> 11) * 0x1p-53;
    for (int i = 0; i < OPERATION_COUNT; i++)
        if (at < mix->below[i])
            return (enum operation)i;
    return mix->last;
}

bool mix_has_writes(const struct mix *mix)
{
    for (int i = 0; i < OPERATION_COUNT; i++)
        if (mix->percent[i] > 0 && operation_is_write((enum operation)i))
            return true;
    return false;
}

bool mix_reads_rows(const struct mix *mix)
{
    for (int i = 0; i < OPERATION_COUNT; i++)
        if (mix->percent[i] > 0 && i != OPERATION_UPDATE && i != OPERATION_INSERT &&
            i != OPERATION_LOCATE)
            return true;
    return false;
}
