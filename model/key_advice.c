#include "model/key_advice.h"

#include <stdio.h>
#include <string.h>

#define SINGLE_ROW_SHARE 0.25
#define EDGE_SHARE                                                                                 \
    0.8 /* of the load on the first or last range: appended there (a popular end is less) */
#define EDGE_BUCKETS     8    /* with fewer ranges an end says nothing */
#define MOVING_COLUMNS   4    /* fewer say nothing about direction */
#define MOVING_STEPS     0.85 /* of the steps of the busiest range go one way ... */
#define MOVING_DISTANCE  0.25 /* ... over so much of the keys */
#define MOVING_SHARE     0.3  /* and the busiest range is that busy, in the mean */
#define WAVE_COLUMNS     8
#define WAVE_HEIGHT      4.0 /* times the middle column */
#define WAVES_PERIODIC   3
#define PERIOD_TOLERANCE 0.25
#define EVEN_MAX_MEAN    2.0
#define HALF             0.5
#define NARROW_WIDTH     0.05
#define COHORT_WIDTH     0.35
#define COHORT_BUSY                                                                                \
    0.5 /* of its ranges carry their share: else they are stripes, with cold keys between */
#define SALT_LEAST       4
#define SALT_MOST        256
#define SERVERS_SUPPOSED 4
#define SHOWN_KEY        40
#define COLUMNS_EXAMINED 4096

static const char *const pattern_names[KEY_PATTERNS] = {
    [KEY_EVEN] = "even",
    [KEY_SINGLE_ROW] = "single row",
    [KEY_APPEND] = "append",
    [KEY_PREPEND] = "prepend",
    [KEY_NARROW_RANGE] = "narrow range",
    [KEY_WIDE_COHORT] = "wide cohort",
    [KEY_PERIODIC] = "periodic",
    [KEY_BURST] = "burst",
};

const char *key_pattern_name(enum key_pattern pattern)
{
    return pattern_names[pattern];
}

unsigned key_advice_salt(size_t servers)
{
    unsigned salt = SALT_LEAST;
    while (salt < SALT_MOST && salt < 2 * (servers ? servers : SERVERS_SUPPOSED))
        salt *= 2;
    return salt;
}

/* ---- Sums ---- */

static double bucket_load(const struct key_heat *heat, size_t bucket)
{
    double sum = 0;
    for (size_t column = 0; column < heat->columns; column++)
        sum += heat->loads[column * heat->buckets + bucket];
    return sum;
}

static double column_load(const struct key_heat *heat, size_t column)
{
    double sum = 0;
    for (size_t bucket = 0; bucket < heat->buckets; bucket++)
        sum += heat->loads[column * heat->buckets + bucket];
    return sum;
}

static double all_load(const struct key_heat *heat)
{
    double sum = 0;
    for (size_t column = 0; column < heat->columns; column++)
        sum += column_load(heat, column);
    return sum;
}

/* ---- Words ---- */

static void show_key(struct span key, char out_text[4 * SHOWN_KEY + 4])
{
    size_t size = 0;
    for (size_t i = 0; i < key.size && i < SHOWN_KEY; i++) {
        uint8_t byte = key.data[i];
        bool is_plain = byte >= ' ' && byte < 127 && byte != '\\';
        if (is_plain)
            out_text[size++] = (char)byte;
        else
            size += (size_t)snprintf(out_text + size, 5, "\\x%02X", byte);
    }
    snprintf(out_text + size, 4, "%s", key.size > SHOWN_KEY ? "..." : "");
}

/* " (from 1998 to 2008)" */
static void show_range(
    const struct key_heat *heat, size_t from, size_t to, char *out_text, size_t room)
{
    char first[4 * SHOWN_KEY + 4], end[4 * SHOWN_KEY + 4] = "the end";
    out_text[0] = '\0';
    if (!heat->starts)
        return;
    show_key(heat->starts[from], first);
    /* ranges that begin in one row of a coarse picture share its first key: the end is that of the row */
    while (to < heat->buckets && span_equal(heat->starts[to], heat->starts[to - 1]))
        to++;
    if (to < heat->buckets)
        show_key(heat->starts[to], end);
    snprintf(out_text, room, " (from %s to %s)", !*first ? "the beginning" : first, end);
}

/* ---- Patterns; each true when it fits ---- */

static bool find_single_row(const struct key_heat *heat, struct key_diagnosis *out)
{
    char row[4 * SHOWN_KEY + 4];
    unsigned shards = key_advice_salt(heat->servers);
    if (heat->top_share < SINGLE_ROW_SHARE)
        return false;
    show_key(heat->top_row, row);
    out->share = heat->top_share;
    snprintf(out->reason, sizeof out->reason, "row %s takes %.0f %% of the load by itself", row,
        100 * heat->top_share);
    snprintf(out->advice, sizeof out->advice,
        "No key design and no split spreads one row. Keep %u rows for it (a number 0 to %u in the "
        "key, drawn for each write), or hold it in the clients, or add up there before writing.",
        shards, shards - 1);
    snprintf(
        out->price, sizeof out->price, "A read of it asks %u rows and puts them together.", shards);
    return true;
}

static size_t busiest_bucket(const struct key_heat *heat, size_t column)
{
    const double *loads = &heat->loads[column * heat->buckets];
    size_t busiest = 0;
    for (size_t bucket = 1; bucket < heat->buckets; bucket++)
        if (loads[bucket] > loads[busiest])
            busiest = bucket;
    return busiest;
}

/* 1: the busiest range goes up through the keys as time goes by; -1: down; 0: neither. */
static int direction(const struct key_heat *heat)
{
    size_t up = 0, down = 0, first = 0, last = 0, seen = 0;
    double share = 0;
    for (size_t column = 0; column < heat->columns; column++) {
        double all = column_load(heat, column);
        if (all <= 0)
            continue;
        size_t busiest = busiest_bucket(heat, column);
        share += heat->loads[column * heat->buckets + busiest] / all;
        if (seen++ == 0)
            first = busiest;
        else if (busiest > last)
            up++;
        else if (busiest < last)
            down++;
        last = busiest;
    }
    double distance = ((double)last - (double)first) / (double)heat->buckets;
    if (seen < MOVING_COLUMNS || share / (double)seen < MOVING_SHARE)
        return 0;
    if (distance >= MOVING_DISTANCE && (double)up >= MOVING_STEPS * (double)(up + down))
        return 1;
    return -distance >= MOVING_DISTANCE && (double)down >= MOVING_STEPS * (double)(up + down) ? -1
                                                                                              : 0;
}

static bool find_append(const struct key_heat *heat, double all, struct key_diagnosis *out)
{
    double first = bucket_load(heat, 0) / all, last = bucket_load(heat, heat->buckets - 1) / all;
    int moves = direction(heat);
    bool has_ends = heat->buckets >= EDGE_BUCKETS;
    bool is_at_end = has_ends && !heat->is_cut_after && last >= EDGE_SHARE;
    bool is_at_start = has_ends && !heat->is_cut_before && first >= EDGE_SHARE;
    bool is_append = moves > 0 || (moves == 0 && is_at_end);
    bool is_prepend = !is_append && (moves < 0 || is_at_start);
    unsigned salt = key_advice_salt(heat->servers);
    if (!is_append && !is_prepend)
        return false;
    out->pattern = is_append ? KEY_APPEND : KEY_PREPEND;
    out->from = is_append ? heat->buckets - 1 : 0;
    out->to = out->from + 1;
    out->share = moves ? 1 : is_append ? last : first;
    if (moves)
        snprintf(out->reason, sizeof out->reason,
            "the busiest range moves %s through the keys as time goes by",
            moves > 0 ? "up" : "down");
    else
        snprintf(out->reason, sizeof out->reason,
            "%.0f %% of the load lies on the %s range of keys", 100 * out->share,
            is_append ? "last" : "first");
    snprintf(out->advice, sizeof out->advice,
        "Put something that does not grow before the time or counter: the entity itself, or "
        "hash(entity) %% %u and the entity (salt:%u:FIELD). Splits cannot help: the half that new "
        "keys fall into is always one.",
        salt, salt);
    snprintf(out->price, sizeof out->price,
        "With the salt, reading all entities by time takes %u ranges, put together by the client; "
        "one entity stays one range. %u is fixed for the table's life.",
        salt, salt);
    return true;
}

/* The narrowest neighbouring ranges that carry half the load. */
static void find_window(
    const double *loads, size_t buckets, double all, size_t *out_from, size_t *out_to)
{
    size_t from = 0, best = buckets + 1;
    double sum = 0;
    for (size_t to = 0; to < buckets; to++) {
        sum += loads[to];
        while (from < to && sum - loads[from] >= HALF * all)
            sum -= loads[from++];
        if (sum >= HALF * all && to + 1 - from < best) {
            best = to + 1 - from;
            *out_from = from;
            *out_to = to + 1;
        }
    }
}

static bool find_range(
    const struct key_heat *heat, const double *loads, double all, struct key_diagnosis *out)
{
    char range[8 * SHOWN_KEY + 64];
    size_t from = 0, to = heat->buckets;
    if (out->max_mean < EVEN_MAX_MEAN)
        return false;
    find_window(loads, heat->buckets, all, &from, &to);
    double width = (double)(to - from) / (double)heat->buckets, share = 0;
    if (width > COHORT_WIDTH)
        return false;
    size_t busy = 0;
    for (size_t i = from; i < to; i++) {
        share += loads[i] / all;
        busy += loads[i] * (double)heat->buckets >= all;
    }
    if ((double)busy < COHORT_BUSY * (double)(to - from))
        return false;
    /* as few ranges as there are cannot tell a twentieth */
    bool is_narrow = width <= NARROW_WIDTH || (to - from == 1 && heat->buckets >= EDGE_BUCKETS);
    out->pattern = is_narrow ? KEY_NARROW_RANGE : KEY_WIDE_COHORT;
    out->from = from;
    out->to = to;
    out->share = share;
    out->is_cured_by_split = true;
    show_range(heat, from, to, range, sizeof range);
    snprintf(out->reason, sizeof out->reason,
        "%.0f %% of the load lies on %.1f %% of the keys, side by side%.300s%s", 100 * share,
        100 * width, range,
        to - from == 1 && heat->top_share == 0 ? "; whether on one row is not known" : "");
    snprintf(out->advice, sizeof out->advice, "%s",
        is_narrow ? "Leave splits by load and the balancer on: they cut the range until its parts "
                    "lie on several servers. If the range moves on within minutes, or if only "
                    "single rows are read, put a hash before the key (md5:4)."
                  : "If ranges of keys are scanned, keep the key: cut the table where the data is "
                    "(presplit by its quantiles, more tablets than servers) and leave splits by "
                    "load and the balancer on. If only single rows are read, put a hash before the "
                    "key (md5:4), or turn it around (reverse).");
    snprintf(out->price, sizeof out->price,
        "Kept: uneven until splits and moves are done, half a minute to a minute. Hashed: even at "
        "once, but a scan of a range of keys reads the whole table.");
    return true;
}

static double middle_column(const struct key_heat *heat)
{
    double sorted[COLUMNS_EXAMINED];
    size_t count = heat->columns < COLUMNS_EXAMINED ? heat->columns : COLUMNS_EXAMINED;
    for (size_t i = 0; i < count; i++) { /* insertion: once a diagnosis */
        double load = column_load(heat, i);
        size_t at = i;
        for (; at > 0 && sorted[at - 1] > load; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = load;
    }
    return sorted[count / 2];
}

static bool find_waves(const struct key_heat *heat, double all, struct key_diagnosis *out)
{
    double high = WAVE_HEIGHT * middle_column(heat), gaps = 0, least = 0, most = 0;
    double floor = all / (double)heat->columns; /* a middle of 0 makes no wave of all */
    size_t waves = 0, start = 0;
    bool is_in = false;
    if (high < floor)
        high = floor;
    for (size_t column = 0; column < heat->columns; column++) {
        bool is_high = column_load(heat, column) > high;
        if (is_high && !is_in) {
            double gap = (double)(column - start);
            if (waves > 0) {
                gaps += gap;
                least = waves == 1 || gap < least ? gap : least;
                most = waves == 1 || gap > most ? gap : most;
            }
            waves++;
            start = column;
        }
        if (is_high)
            out->share += column_load(heat, column) / all;
        is_in = is_high;
    }
    double gap = waves > 1 ? gaps / (double)(waves - 1) : 0;
    bool is_periodic = waves >= WAVES_PERIODIC && most - least <= 2 * PERIOD_TOLERANCE * gap + 1;
    if (heat->columns < WAVE_COLUMNS || waves == 0 || (waves > 1 && !is_periodic))
        return false;
    out->pattern = is_periodic ? KEY_PERIODIC : KEY_BURST;
    out->period_s = gap * heat->column_s;
    if (is_periodic) {
        snprintf(out->reason, sizeof out->reason,
            "the load comes in %zu waves, one each %.0f s, with %.0f %% of it", waves,
            out->period_s, 100 * out->share);
        snprintf(out->advice, sizeof out->advice,
            "Spread the batch over time, or over the keys (begin at a random one). Tablets are "
            "split for the waves once and stay split.");
    } else {
        snprintf(out->reason, sizeof out->reason, "one wave carries %.0f %% of the load",
            100 * out->share);
        snprintf(out->advice, sizeof out->advice,
            "Splits and moves take half a minute to a minute: too late for it. Limit the rate "
            "where "
            "it comes from; cut the table beforehand if it comes again.");
    }
    snprintf(out->price, sizeof out->price, "The batch takes longer.");
    return true;
}

static void say_even(struct key_diagnosis *out)
{
    out->pattern = KEY_EVEN;
    out->is_cured_by_split = true;
    snprintf(out->reason, sizeof out->reason, "%sthe busiest range carries %.1f times the mean",
        out->max_mean < EVEN_MAX_MEAN ? "" : "busy keys are scattered: ", out->max_mean);
    snprintf(out->advice, sizeof out->advice, "Nothing to do about the keys.");
    snprintf(out->price, sizeof out->price, "None.");
}

bool key_advice_diagnose(const struct key_heat *heat, struct key_diagnosis *out_diagnosis)
{
    double loads[KEY_ADVICE_BUCKETS_MOST], most = 0;
    struct key_diagnosis found = {.to = heat->buckets};
    if (heat->buckets == 0 || heat->buckets > KEY_ADVICE_BUCKETS_MOST || heat->columns == 0)
        return false;
    double all = all_load(heat);
    if (all <= 0)
        return false;
    for (size_t i = 0; i < heat->buckets; i++) {
        loads[i] = bucket_load(heat, i);
        most = loads[i] > most ? loads[i] : most;
    }
    found.max_mean = most * (double)heat->buckets / all;
    if (find_single_row(heat, &found))
        found.pattern = KEY_SINGLE_ROW;
    else if (!find_append(heat, all, &found) && !find_range(heat, loads, all, &found) &&
             !find_waves(heat, all, &found)) {
        found.share = 0;
        say_even(&found);
    }
    *out_diagnosis = found;
    return true;
}
