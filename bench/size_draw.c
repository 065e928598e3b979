#include "bench/size_draw.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXPONENTIAL_CUT 20 /* times the mean: one draw in 500 million would lie above */

static bool take_number(const char *text, uint64_t limit, char **out_end, uint64_t *out_number)
{
    errno = 0;
    if (*text < '0' || *text > '9')
        return false;
    *out_number = strtoull(text, out_end, 10);
    return !errno && *out_number <= limit;
}

static bool parse(const char *text, uint64_t limit, struct size_draw *draw)
{
    static const char *const kinds[] = {"", "uniform:", "zipf:", "exponential:"};
    char *end;
    draw->kind = SIZE_FIXED;
    for (size_t i = SIZE_UNIFORM; i <= SIZE_EXPONENTIAL; i++)
        if (strncmp(text, kinds[i], strlen(kinds[i])) == 0)
            draw->kind = (enum size_kind)i;
    if (!take_number(text + strlen(kinds[draw->kind]), limit, &end, &draw->least))
        return false;
    draw->most = draw->least;
    if (draw->kind == SIZE_FIXED)
        return *end == '\0';
    if (draw->kind == SIZE_EXPONENTIAL) {
        draw->mean = (double)draw->least;
        draw->most = draw->least > limit / EXPONENTIAL_CUT ? limit : draw->least * EXPONENTIAL_CUT;
        draw->least = 0;
        return *end == '\0' && draw->mean > 0;
    }
    if (*end != '-' || !take_number(end + 1, limit, &end, &draw->most) || *end ||
        draw->most < draw->least)
        return false;
    if (draw->kind == SIZE_ZIPF)
        zipf_init(&draw->zipf, ZIPF_THETA, draw->most - draw->least + 1);
    return true;
}

enum status size_draw_parse(
    const char *text, uint64_t limit, struct size_draw *out_draw, struct error *error)
{
    struct size_draw draw = {0};
    if (!parse(text, limit, &draw))
        return error_set(error, STATUS_INVALID,
            "takes N, uniform:A-B, zipf:A-B or exponential:MEAN, up to %llu, not '%s'",
            (unsigned long long)limit, text);
    *out_draw = draw;
    return STATUS_OK;
}

struct size_draw size_draw_fixed(uint64_t size)
{
    return (struct size_draw){.kind = SIZE_FIXED, .least = size, .most = size};
}

uint64_t size_draw_next(const struct size_draw *draw, struct dice *dice)
{
    switch (draw->kind) {
    case SIZE_UNIFORM:
        return draw->least + dice_below(dice, draw->most - draw->least + 1);
    case SIZE_ZIPF:
        return draw->least + zipf_draw(&draw->zipf, dice);
    case SIZE_EXPONENTIAL: {
        double size = -draw->mean * log(1 - zipf_unit(dice));
        return size < (double)draw->most ? (uint64_t)(size + 0.5) : draw->most;
    }
    default:
        return draw->least;
    }
}
