#include "bench/study/scenario.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/options.h"

#define ZIPF_THETA   0.99
#define EPOCH_MS     1700000000000.0  /* second 0 of a study */
#define HISTORY_MS   (30.0 * 86400e3) /* how far back the population of a time series goes */
#define FIRST_YEAR   1940
#define END_YEAR     2021
#define DEFAULT_ROWS 200000
#define HASHES       "md5:4", "md5", "uuid"
#define DRAWS_MOST   64 /* of keys that were drawn twice */

static const struct scenario scenarios[] = {
    {.name = "national-id",
        .summary =
            "ids that begin with the birth date; 85 % of the reads on people born 1998 to 2008",
        .layout = {{{"birth", 8}, {"serial", 4}}, 2},
        .population = DEFAULT_ROWS,
        .access = ACCESS_RANGE,
        .share = 0.85,
        .from = "1998",
        .to = "2009",
        .time_field = -1,
        .queries = {{"born in May 2003", {"200305"}}},
        .mappers = {"raw", "template:{birth:2-8}{serial}", "salt:4", "salt:16", "reverse", HASHES}},
    {.name = "iot",
        .summary = "5,000 devices write a reading now and then; read by device or by time",
        .layout = {{{"time", 13}, {"device", 8}}, 2},
        .population = DEFAULT_ROWS,
        .access = ACCESS_APPEND,
        .time_field = 0,
        .groups = 5000,
        .queries = {{"one device, all its readings", {NULL, "00000042"}},
            {"all devices, about a day", {"16999"}}},
        .mappers = {"raw", "latest:time", "promote", "salt:4", "salt:16", "salt:16:device",
            HASHES}},
    {.name = "user-activity",
        .summary = "users' events, a few users far busier; read by user",
        .layout = {{{"user", 8}, {"time", 13}}, 2},
        .population = DEFAULT_ROWS,
        .access = ACCESS_APPEND,
        .time_field = 1,
        .groups = 20000,
        .is_grouped_by_zipf = true,
        .queries = {{"one user, all events", {"00014487"}}},
        .mappers = {"raw", "latest:time", "swap", "salt:16:user", "salt:16", HASHES}},
    {.name = "ads",
        .summary = "counters of campaigns; one campaign takes half of all clicks",
        .layout = {{{"campaign", 8}}, 1},
        .population = 20000,
        .access = ACCESS_SINGLE,
        .share = 0.5,
        .time_field = -1,
        .queries = {{"campaigns 00......", {"00"}}},
        .mappers = {"raw", "salt:16", "random-salt:16", "reverse", "md5"}},
    {.name = "market-data",
        .summary = "ticks of 400 symbols, a few far busier; read by symbol",
        .layout = {{{"time", 13}, {"symbol", 6}}, 2},
        .population = DEFAULT_ROWS,
        .access = ACCESS_APPEND,
        .time_field = 0,
        .groups = 400,
        .is_grouped_by_zipf = true,
        .queries = {{"one symbol, all ticks", {NULL, "000087"}},
            {"all symbols, about a day", {"16999"}}},
        .mappers = {"raw", "latest:time", "promote", "salt:16:symbol", "salt:16", HASHES}},
    {.name = "logs",
        .summary = "40 hosts append log lines; read by time",
        .layout = {{{"time", 13}, {"host", 4}}, 2},
        .population = DEFAULT_ROWS,
        .access = ACCESS_APPEND,
        .time_field = 0,
        .groups = 40,
        .queries = {{"all hosts, about a day", {"16999"}}, {"one host, all lines", {NULL, "0007"}}},
        .mappers = {"raw", "latest:time", "promote", "salt:4", "salt:16", HASHES}},
    {.name = "hot-range",
        .summary = "90 % of the reads on 1 % of the keys, side by side",
        .layout = {{{"id", 10}}, 1},
        .population = DEFAULT_ROWS,
        .access = ACCESS_RANGE,
        .share = 0.9,
        .from_part = 0.4,
        .to_part = 0.41,
        .time_field = -1,
        .queries = {{"ids 42........", {"42"}}},
        .mappers = {"raw", "salt:16", "reverse", HASHES}},
    {.name = "moving",
        .summary = "the hot range of 1 % of the keys jumps every minute",
        .layout = {{{"id", 10}}, 1},
        .population = DEFAULT_ROWS,
        .access = ACCESS_MOVING,
        .share = 0.9,
        .to_part = 0.01,
        .period_s = 60,
        .time_field = -1,
        .queries = {{"ids 42........", {"42"}}},
        .mappers = {"raw", "salt:16", "reverse", HASHES}},
    {.name = "zipf",
        .summary = "Zipf 0.99 in key order: the popular keys are neighbours",
        .layout = {{{"id", 10}}, 1},
        .population = DEFAULT_ROWS,
        .access = ACCESS_ZIPF,
        .time_field = -1,
        .queries = {{"ids 42........", {"42"}}},
        .mappers = {"raw", "salt:16", "reverse", HASHES}},
    {.name = "zipf-scrambled",
        .summary = "Zipf 0.99, popular keys scattered (what YCSB calls zipfian)",
        .layout = {{{"id", 10}}, 1},
        .population = DEFAULT_ROWS,
        .access = ACCESS_ZIPF_SCRAMBLED,
        .time_field = -1,
        .queries = {{"ids 42........", {"42"}}},
        .mappers = {"raw", "salt:16", "md5"}},
    {.name = "single-row",
        .summary = "one row takes half of all reads",
        .layout = {{{"id", 10}}, 1},
        .population = DEFAULT_ROWS,
        .access = ACCESS_SINGLE,
        .share = 0.5,
        .time_field = -1,
        .queries = {{"ids 42........", {"42"}}},
        .mappers = {"raw", "salt:16", "random-salt:16", "md5"}},
    {.name = "uniform",
        .summary = "every key as likely as any other",
        .layout = {{{"id", 10}}, 1},
        .population = DEFAULT_ROWS,
        .access = ACCESS_UNIFORM,
        .time_field = -1,
        .queries = {{"ids 42........", {"42"}}},
        .mappers = {"raw", "salt:16", "md5"}},
};

#define SCENARIO_COUNT (sizeof scenarios / sizeof *scenarios)

const struct scenario *scenario_find(const char *name)
{
    for (size_t i = 0; i < SCENARIO_COUNT; i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    return NULL;
}

const char *scenario_nearest(const char *name)
{
    const char *names[SCENARIO_COUNT];
    for (size_t i = 0; i < SCENARIO_COUNT; i++)
        names[i] = scenarios[i].name;
    return options_nearest(name, names, SCENARIO_COUNT);
}

void scenario_each(void (*each)(void *context, const struct scenario *scenario), void *context)
{
    for (size_t i = 0; i < SCENARIO_COUNT; i++)
        each(context, &scenarios[i]);
}

/* ---- Zipf (Gray et al., "Quickly generating billion-record synthetic databases", 1994; as YCSB) ---- */

static double zeta(size_t count)
{
    double sum = 0;
    for (size_t i = 1; i <= count; i++)
        sum += pow((double)i, -ZIPF_THETA);
    return sum;
}

static double dice_part(struct dice *dice)
{
    return (double)(dice_next(dice) >> 11) * 0x1p-53;
}

/* 0 .. count-1, 0 the most popular. */
static size_t draw_zipf(struct dice *dice, size_t count, double zetan)
{
    double part = dice_part(dice), scaled = part * zetan;
    if (scaled < 1)
        return 0;
    if (scaled < 1 + pow(0.5, ZIPF_THETA))
        return 1 % count;
    double zeta2 = 1 + pow(0.5, ZIPF_THETA);
    double eta = (1 - pow(2.0 / (double)count, 1 - ZIPF_THETA)) / (1 - zeta2 / zetan);
    size_t drawn = (size_t)((double)count * pow(eta * part - eta + 1, 1 / (1 - ZIPF_THETA)));
    return drawn < count ? drawn : count - 1;
}

/* A fixed shuffle of 0 .. count-1 would need memory; a hash of the rank scatters as well. */
static size_t scatter(uint64_t rank, size_t count)
{
    struct dice dice = {rank};
    return (size_t)dice_below(&dice, count);
}

/* ---- The population ---- */

static void set_number(
    struct study_key *key, const struct study_layout *layout, size_t field, uint64_t number)
{
    char text[STUDY_FIELD_SIZE + 1];
    size_t width = layout->fields[field].width;
    text[width] = '\0';
    for (size_t at = width; at > 0; number /= 10)
        text[--at] = (char)('0' + number % 10);
    study_key_set(key, layout, field, text);
}

static unsigned is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_of_month(unsigned year, unsigned month)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month] + (month == 1 && is_leap(year));
}

/* A day of [FIRST_YEAR, END_YEAR) as YYYYMMDD. */
static uint64_t draw_birth(struct dice *dice)
{
    unsigned year = FIRST_YEAR, month = 0;
    unsigned day = (unsigned)dice_below(
        dice, (END_YEAR - FIRST_YEAR) * 365 + (END_YEAR - FIRST_YEAR) / 4);
    for (; day >= 365 + is_leap(year); year++)
        day -= 365 + is_leap(year);
    for (; day >= days_of_month(year, month); month++)
        day -= days_of_month(year, month);
    return year * 10000ull + (month + 1) * 100 + day + 1;
}

static uint64_t width_limit(unsigned width)
{
    uint64_t limit = 1;
    for (unsigned i = 0; i < width && i < 18; i++)
        limit *= 10;
    return limit;
}

static uint64_t draw_group(const struct population *population, struct dice *dice)
{
    const struct scenario *scenario = population->scenario;
    if (!scenario->is_grouped_by_zipf)
        return dice_below(dice, scenario->groups);
    return scatter(draw_zipf(dice, scenario->groups, population->group_zeta), scenario->groups);
}

static void draw_key(const struct population *population, struct dice *dice, double time_ms,
    struct study_key *out_key)
{
    const struct scenario *scenario = population->scenario;
    const struct study_layout *layout = &scenario->layout;
    *out_key = (struct study_key){0};
    for (size_t i = 0; i < layout->count; i++) {
        if ((int)i == scenario->time_field)
            set_number(out_key, layout, i, (uint64_t)time_ms);
        else if (scenario->groups)
            set_number(out_key, layout, i, draw_group(population, dice));
        else if (strcmp(layout->fields[i].name, "birth") == 0)
            set_number(out_key, layout, i, draw_birth(dice));
        else
            set_number(out_key, layout, i, dice_below(dice, width_limit(layout->fields[i].width)));
    }
}

static int compare_keys(const void *a, const void *b)
{
    const struct study_key *first = a, *second = b;
    for (size_t i = 0; i < STUDY_FIELDS; i++) {
        int order = memcmp(first->text[i], second->text[i], STUDY_FIELD_SIZE);
        if (order)
            return order;
    }
    return 0;
}

static double draw_past_ms(struct dice *dice)
{
    return EPOCH_MS - HISTORY_MS * dice_part(dice);
}

/* Sorts; then draws anew what was drawn twice, until each key is there once: a table has a row once, and so predictions
 * count what a table holds. */
static enum status make_distinct(
    struct population *population, struct dice *dice, struct error *error)
{
    size_t kept = 0;
    for (unsigned draws = 0; draws < DRAWS_MOST; draws++) {
        qsort(population->keys, population->count, sizeof *population->keys, compare_keys);
        kept = 1;
        for (size_t i = 1; i < population->count; i++)
            if (compare_keys(&population->keys[i], &population->keys[kept - 1]) != 0)
                population->keys[kept++] = population->keys[i];
        if (kept == population->count)
            return STATUS_OK;
        for (size_t i = kept; i < population->count; i++)
            draw_key(population, dice, draw_past_ms(dice), &population->keys[i]);
    }
    return error_set(error, STATUS_INVALID, "'%s' has no %zu different keys (%zu were drawn)",
        population->scenario->name, population->count, kept);
}

/* Where the keys of which the first field is at or above `text` begin. */
static size_t find_first(const struct population *population, const char *text)
{
    size_t from = 0, to = population->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (memcmp(population->keys[middle].text[0], text, strlen(text)) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

enum status population_make(const struct scenario *scenario, uint64_t seed,
    struct population *out_population, struct error *error)
{
    struct population made = {.scenario = scenario, .count = scenario->population, .seed = seed};
    struct dice dice = {seed};
    made.keys = memory_allocate_zeroed(made.count, sizeof *made.keys);
    if (!made.keys)
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu keys", made.count);
    if (scenario->is_grouped_by_zipf)
        made.group_zeta = zeta(scenario->groups);
    if (scenario->access == ACCESS_ZIPF || scenario->access == ACCESS_ZIPF_SCRAMBLED)
        made.zipf_zeta = zeta(made.count);
    for (size_t i = 0; i < made.count; i++)
        draw_key(&made, &dice, draw_past_ms(&dice), &made.keys[i]);
    enum status status = make_distinct(&made, &dice, error);
    if (status) {
        population_deinit(&made);
        return status;
    }
    if (scenario->from) {
        made.hot_from = find_first(&made, scenario->from);
        made.hot_to = find_first(&made, scenario->to);
    } else {
        made.hot_from = (size_t)(scenario->from_part * (double)made.count);
        made.hot_to = (size_t)(scenario->to_part * (double)made.count);
    }
    *out_population = made;
    return STATUS_OK;
}

void population_deinit(struct population *population)
{
    memory_free(population->keys);
    *population = (struct population){0};
}

/* ---- Requests ---- */

/* The other requests fall on the other keys. */
static size_t draw_range(const struct population *population, struct dice *dice, size_t shift)
{
    size_t size = population->hot_to - population->hot_from, first = population->hot_from + shift;
    if (size == 0 || size == population->count)
        return (size_t)dice_below(dice, population->count);
    size_t from_first = dice_part(dice) < population->scenario->share
                            ? (size_t)dice_below(dice, size)
                            : size + (size_t)dice_below(dice, population->count - size);
    return (first + from_first) % population->count;
}

size_t population_draw(
    const struct population *population, struct dice *dice, double now_s, struct study_key *out_key)
{
    const struct scenario *scenario = population->scenario;
    switch (scenario->access) {
    case ACCESS_UNIFORM:
        break;
    case ACCESS_RANGE:
        return draw_range(population, dice, 0);
    case ACCESS_MOVING:
        return draw_range(
            population, dice, scatter((size_t)now_s / scenario->period_s, population->count));
    case ACCESS_ZIPF:
        return draw_zipf(dice, population->count, population->zipf_zeta);
    case ACCESS_ZIPF_SCRAMBLED:
        return scatter(
            (population->seed << 32) + draw_zipf(dice, population->count, population->zipf_zeta),
            population->count);
    case ACCESS_SINGLE:
        if (dice_part(dice) < scenario->share)
            return population->count / 3;
        break;
    case ACCESS_APPEND:
        draw_key(population, dice, EPOCH_MS + now_s * 1000, out_key);
        return SIZE_MAX;
    }
    return (size_t)dice_below(dice, population->count);
}

void scenario_query_key(
    const struct scenario *scenario, const struct scenario_query *query, struct study_key *out_key)
{
    *out_key = (struct study_key){0};
    for (size_t i = 0; i < scenario->layout.count && i < STUDY_FIELDS; i++) {
        if (!query->known[i])
            continue;
        size_t size = strlen(query->known[i]);
        memcpy(out_key->text[i], query->known[i], size);
        out_key->known[i] = (uint8_t)size;
    }
}
