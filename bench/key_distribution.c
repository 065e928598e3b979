#include "bench/key_distribution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"

#define NUMBERS_MOST 4
#define SECONDS_MOST 1e6

static const struct kind {
    const char *name;
    const char *takes;   /* for the complaint */
    unsigned least;      /* numbers that must follow */
    unsigned most;       /* and may */
    const char *between; /* what stands between them */
} kinds[KEY_KINDS] = {
    [KEYS_UNIFORM] = {"uniform", "", 0, 0, ""},
    [KEYS_SEQUENTIAL] = {"sequential", "", 0, 0, ""},
    [KEYS_ZIPF] = {"zipf", "[:THETA]", 0, 1, ""},
    [KEYS_ZIPF_SCRAMBLED] = {"zipf-scrambled", "[:THETA]", 0, 1, ""},
    [KEYS_LATEST] = {"latest", "[:THETA]", 0, 1, ""},
    [KEYS_HOTSPOT] = {"hotspot", ":OPS/KEYS in percent", 2, 2, "/"},
    [KEYS_EXPONENTIAL] = {"exponential", "[:OPS/KEYS] in percent", 0, 2, "/"},
    [KEYS_SINGLE] = {"single", ":OPS in percent", 1, 1, ""},
    [KEYS_COHORT] = {"cohort", ":OPS/FROM-TO in percent", 3, 3, "/-"},
    [KEYS_MOVING] = {"moving", ":OPS/KEYS/SECONDS", 3, 3, "//"},
    [KEYS_BURST] = {"burst", ":OPS/KEYS/EVERY/FOR", 4, 4, "///"},
    [KEYS_APPEND] = {"append", "", 0, 0, ""},
};

const char *key_kind_name(enum key_kind kind)
{
    return kinds[kind].name;
}

static bool find_kind(const char *name, size_t size, enum key_kind *out_kind)
{
    for (int i = 0; i < KEY_KINDS; i++) {
        if (strlen(kinds[i].name) == size && memcmp(kinds[i].name, name, size) == 0) {
            *out_kind = (enum key_kind)i;
            return true;
        }
    }
    if (size == 6 && memcmp(name, "random", size) == 0) {
        *out_kind = KEYS_UNIFORM;
        return true;
    }
    return false;
}

/* Numbers parted by the kind's separators, to the end of the text. */
static bool take_numbers(
    const char *text, const struct kind *kind, double numbers[NUMBERS_MOST], unsigned *out_count)
{
    unsigned count = 0;
    while (count < kind->most) {
        char *end;
        numbers[count] = strtod(text, &end);
        if (end == text || !(numbers[count] >= 0 && numbers[count] <= SECONDS_MOST))
            return false;
        count++;
        text = end;
        if (!*text)
            break;
        if (count >= kind->most || *text++ != kind->between[count - 1])
            return false;
    }
    *out_count = count;
    return !*text;
}

/* Where the numbers go; false when one is out of its bounds. */
static bool settle(struct key_distribution *keys, const double *numbers, unsigned count)
{
    switch (keys->kind) {
    case KEYS_ZIPF:
    case KEYS_ZIPF_SCRAMBLED:
    case KEYS_LATEST:
        keys->theta = count ? numbers[0] : keys->theta;
        return keys->theta > 0 && keys->theta < 1;
    case KEYS_EXPONENTIAL:
        keys->share = count ? numbers[0] / 100 : 0.95;
        keys->to = count == 2 ? numbers[1] / 100 : 0.8571;
        return count != 1 && keys->share > 0 && keys->share < 1 && keys->to > 0 && keys->to <= 1;
    case KEYS_COHORT:
        keys->share = numbers[0] / 100;
        keys->from = numbers[1] / 100;
        keys->to = numbers[2] / 100;
        return keys->share <= 1 && keys->from < keys->to && keys->to <= 1;
    case KEYS_HOTSPOT:
    case KEYS_SINGLE:
    case KEYS_MOVING:
    case KEYS_BURST:
        keys->share = numbers[0] / 100;
        keys->to = keys->kind == KEYS_SINGLE ? 0 : numbers[1] / 100;
        keys->every_s = count > 2 ? numbers[2] : 0;
        keys->for_s = count > 3 ? numbers[3] : 0;
        return keys->share <= 1 && keys->to <= 1 && (keys->kind == KEYS_SINGLE || keys->to > 0) &&
               (count < 3 || keys->every_s > 0) && keys->for_s <= keys->every_s;
    default:
        return true;
    }
}

enum status key_distribution_parse(
    const char *text, struct key_distribution *out_distribution, struct error *error)
{
    struct key_distribution keys = {.theta = ZIPF_THETA};
    double numbers[NUMBERS_MOST] = {0};
    unsigned count = 0;
    size_t size = strcspn(text, ":");
    if (!find_kind(text, size, &keys.kind)) {
        const char *names[KEY_KINDS];
        char name[64] = {0};
        for (int i = 0; i < KEY_KINDS; i++)
            names[i] = kinds[i].name;
        memcpy(name, text, size < sizeof name ? size : sizeof name - 1);
        const char *nearest = options_nearest(name, names, KEY_KINDS);
        return nearest ? error_set(error, STATUS_INVALID,
                             "there is no distribution '%s'; did you mean '%s'?", name, nearest)
                       : error_set(error, STATUS_INVALID, "there is no distribution '%s'", name);
    }
    const struct kind *kind = &kinds[keys.kind];
    bool is_good = text[size]
                       ? kind->most > 0 && take_numbers(text + size + 1, kind, numbers, &count)
                       : kind->least == 0;
    if (!is_good || count < kind->least || !settle(&keys, numbers, count))
        return error_set(
            error, STATUS_INVALID, "%s is written %s%s", kind->name, kind->name, kind->takes);
    *out_distribution = keys;
    return STATUS_OK;
}

/* MurmurHash3's finalizer (public domain, Appleby). */
uint64_t key_scramble(uint64_t number)
{
    number ^= number >> 33;
    number *= 0xff51afd7ed558ccdull;
    number ^= number >> 33;
    number *= 0xc4ceb9fe1a85ec53ull;
    return number ^ (number >> 33);
}

void key_draw_init(struct key_draw *draw, const struct key_distribution *distribution,
    uint64_t rows, uint64_t seed, size_t index, size_t count)
{
    draw->dice.state = key_scramble(seed * 1000003 + index + 1);
    draw->next = index;
    draw->step = count;
    draw->first_rows = rows;
    if (distribution->kind == KEYS_ZIPF || distribution->kind == KEYS_ZIPF_SCRAMBLED ||
        distribution->kind == KEYS_LATEST || distribution->kind == KEYS_APPEND)
        zipf_init(&draw->zipf, distribution->theta, rows);
}

/* `share` of the draws on [from, from + size), the rest on the other rows. */
static uint64_t draw_hot(
    struct key_draw *draw, double share, uint64_t from, uint64_t size, uint64_t rows)
{
    size = size < 1 ? 1 : size > rows ? rows : size;
    from = from > rows - size ? rows - size : from;
    if (zipf_unit(&draw->dice) < share || size == rows)
        return from + dice_below(&draw->dice, size);
    uint64_t other = dice_below(&draw->dice, rows - size);
    return other < from ? other : other + size;
}

static uint64_t draw_exponential(
    struct key_draw *draw, const struct key_distribution *keys, uint64_t rows)
{
    /* by the inverse of the distribution, cut at the last row: one draw, however flat it is */
    double fall = -log1p(-keys->share) / ((double)rows * keys->to);
    double below_last = -expm1(-fall * (double)rows);
    uint64_t row = (uint64_t)(-log1p(-zipf_unit(&draw->dice) * below_last) / fall);
    return row < rows ? row : rows - 1;
}

uint64_t key_draw_next(
    struct key_draw *draw, const struct key_distribution *keys, uint64_t rows, double now_s)
{
    uint64_t from = (uint64_t)(keys->from * (double)rows);
    uint64_t hot = (uint64_t)((keys->to - keys->from) * (double)rows + 0.5);
    switch (keys->kind) {
    case KEYS_SEQUENTIAL: {
        uint64_t row = draw->next % rows;
        draw->next += draw->step;
        return row;
    }
    case KEYS_ZIPF:
        zipf_grow(&draw->zipf, rows);
        return zipf_draw(&draw->zipf, &draw->dice);
    case KEYS_ZIPF_SCRAMBLED:
        /* folded into the rows of the start, so that what is popular stays so while rows come */
        return key_scramble(zipf_draw(&draw->zipf, &draw->dice) + 1) % draw->first_rows;
    case KEYS_LATEST:
    case KEYS_APPEND:
        zipf_grow(&draw->zipf, rows);
        return rows - 1 - zipf_draw(&draw->zipf, &draw->dice);
    case KEYS_EXPONENTIAL:
        return draw_exponential(draw, keys, rows);
    case KEYS_HOTSPOT:
    case KEYS_COHORT:
        return draw_hot(draw, keys->share, from, hot, rows);
    case KEYS_SINGLE:
        return draw_hot(draw, keys->share, rows / 2, 1, rows);
    case KEYS_MOVING:
        from = key_scramble((uint64_t)(now_s / keys->every_s) + 1) % (rows - hot + 1);
        return draw_hot(draw, keys->share, from, hot, rows);
    case KEYS_BURST:
        if (fmod(now_s, keys->every_s) >= keys->for_s)
            return dice_below(&draw->dice, rows);
        return draw_hot(draw, keys->share, from, hot, rows);
    default:
        return dice_below(&draw->dice, rows);
    }
}
