/* A study told to people, with heat maps, and as JSON. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/study/study.h"

#define MAP_COLUMNS 60

/* ---- Tables ---- */

static void print_fixed(const struct study *study)
{
    printf("\nFixed: %zu tablets of equal rows, %zu servers, %zu requests. max/mean is the "
           "capacity to buy beyond the "
           "average.\n\n",
        study->tablets, study->settings.servers, study->requests);
    printf("%-28s %9s %6s %10s   %s\n", "", "tablets", "", "effective", "servers: max/mean");
    printf("%-28s %9s %6s %10s   %-12s %s\n", "key", "max/mean", "Gini", "tablets", "contiguous",
        "dealt in turn  a get asks");
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_cell *cell = &study->cells[i];
        printf("%-28s %9.2f %6.3f %7.1f/%-3zu  %-12.2f %-14.2f %u row%s\n", cell->mapper.name,
            cell->fixed.tablets.max_mean, cell->fixed.tablets.gini, cell->fixed.tablets.effective,
            study->tablets, cell->fixed.contiguous.max_mean, cell->fixed.round_robin.max_mean,
            cell->get_cost, cell->get_cost == 1 ? "" : "s");
    }
}

static void print_queries(const struct study *study)
{
    for (size_t query = 0; query < SCENARIO_QUERIES && study->scenario->queries[query].name;
         query++) {
        printf("\nQuery: %s (%zu rows)\n\n", study->scenario->queries[query].name,
            study->cells[0].queries[query].rows_wanted);
        printf(
            "%-28s %7s %8s %10s %14s\n", "key", "ranges", "tablets", "rows read", "read per row");
        for (size_t i = 0; i < study->cell_count; i++) {
            const struct query_cost *cost = &study->cells[i].queries[query];
            printf("%-28s %7zu %8zu %10zu ", study->cells[i].mapper.name, cost->ranges,
                cost->tablets, cost->rows_read);
            if (cost->rows_wanted)
                printf("%14.1f\n", (double)cost->rows_read / (double)cost->rows_wanted);
            else
                printf("%14s\n", "-");
        }
    }
}

static void print_runs(const struct study *study)
{
    const struct model_settings *settings = &study->settings;
    printf("\nRunning: %zu servers of %.0f requests/s each, %.0f/s arrive for %u s, %zu tablets at "
           "the start; load split "
           "%s, balancer %s.\n\n",
        settings->servers, settings->capacity, settings->rate, settings->seconds, settings->tablets,
        settings->has_split ? "on" : "off", settings->has_balancer ? "on" : "off");
    printf("%-28s %-16s %-16s %14s %13s  %s\n", "key", "max/mean", "served", "splits/moves",
        "balanced", "verdict");
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_cell *cell = &study->cells[i];
        const struct model_result *run = &cell->run;
        char after[24] = "never", counts[24];
        if (run->balanced_after_s >= 0)
            snprintf(after, sizeof after, "after %d s", run->balanced_after_s);
        snprintf(counts, sizeof counts, "%zu / %zu", run->splits, run->moves);
        printf("%-28s %4.2f -> %-8.2f %3.0f -> %3.0f %%     %14s %13s  %s\n", cell->mapper.name,
            run->start_max_mean, run->end_max_mean, 100 * run->start_served, 100 * run->end_served,
            counts, after, model_verdict(&cell->run));
    }
}

/* ---- Heat maps ---- */

/* Black, purple, orange, yellow, white: six points, straight lines between. */
static void colour_of(double part, unsigned out_rgb[3])
{
    static const unsigned char points[][3] = {
        {8, 8, 16}, {72, 20, 104}, {170, 40, 90}, {236, 110, 40}, {250, 200, 60}, {255, 255, 230}};
    const size_t last = sizeof points / sizeof *points - 1;
    double at = (part < 0 ? 0 : part > 1 ? 1 : part) * (double)last;
    size_t from = at >= (double)last ? last - 1 : (size_t)at;
    for (size_t i = 0; i < 3; i++)
        out_rgb[i] = (unsigned)(points[from][i] +
                                (at - (double)from) * (points[from + 1][i] - points[from][i]));
}

static void put_colour(double part, unsigned colours, bool is_background)
{
    unsigned rgb[3];
    colour_of(part, rgb);
    if (colours > 256)
        printf("\x1b[%d;2;%u;%u;%um", is_background ? 48 : 38, rgb[0], rgb[1], rgb[2]);
    else
        printf("\x1b[%d;5;%um", is_background ? 48 : 38,
            16 + rgb[0] * 6 / 256 * 36 + rgb[1] * 6 / 256 * 6 + rgb[2] * 6 / 256);
}

static double heat_at(
    const struct model_result *run, unsigned column, unsigned columns, size_t bucket)
{
    unsigned from = column * run->seconds / columns, to = (column + 1) * run->seconds / columns;
    double sum = 0;
    for (unsigned second = from; second < to; second++)
        sum += run->heat[second * MODEL_BUCKETS + bucket];
    return to > from ? sum / (to - from) : 0;
}

static double hottest(const struct study *study)
{
    double most = 1;
    for (size_t i = 0; i < study->cell_count; i++)
        for (size_t j = 0; j < study->cells[i].run.seconds * (size_t)MODEL_BUCKETS; j++)
            most = fmax(most, study->cells[i].run.heat[j]);
    return most;
}

/* What happened in a column: '^' splits, '>' moves, '*' both. */
static char event_mark(const struct model_result *run, unsigned column, unsigned columns)
{
    bool is_split = false, is_move = false;
    for (size_t i = 0; i < run->event_count; i++) {
        if (run->events[i].second * columns / run->seconds != column)
            continue;
        is_split = is_split || run->events[i].is_split;
        is_move = is_move || !run->events[i].is_split;
    }
    return is_split && is_move ? '*' : is_split ? '^' : is_move ? '>' : ' ';
}

static void print_map(const struct study_cell *cell, double most, unsigned colours)
{
    static const char letters[] = " .:-=+*#%@";
    const struct model_result *run = &cell->run;
    unsigned columns = run->seconds < MAP_COLUMNS ? run->seconds : MAP_COLUMNS;
    printf("\n%s\n", cell->mapper.name);
    for (size_t bucket = 0; bucket < MODEL_BUCKETS; bucket += 2) {
        fputs(bucket == 0                   ? "first keys |"
              : bucket + 2 == MODEL_BUCKETS ? " last keys |"
                                            : "           |",
            stdout);
        for (unsigned column = 0; column < columns; column++) {
            double upper = log1p(heat_at(run, column, columns, bucket)) / log1p(most);
            double lower = log1p(heat_at(run, column, columns, bucket + 1)) / log1p(most);
            if (colours) {
                put_colour(upper, colours, false);
                put_colour(lower, colours, true);
                fputs("\xe2\x96\x80", stdout); /* the upper half block */
            } else {
                putchar(letters[(
                    size_t)((upper > lower ? upper : lower) * (sizeof letters - 2) + 0.5)]);
            }
        }
        puts(colours ? "\x1b[0m|" : "|");
    }
    fputs("           |", stdout);
    for (unsigned column = 0; column < columns; column++)
        putchar(event_mark(run, column, columns));
    puts("|");
}

void study_print(const struct study *study, unsigned colours)
{
    double most = hottest(study);
    printf("%s: %s\n", study->scenario->name, study->scenario->summary);
    print_fixed(study);
    print_queries(study);
    print_runs(study);
    printf("\nHeat: keys downwards, %u s to the right, one scale for all (brightest %.0f "
           "requests/s in a thirty-second of "
           "the rows); ^ split, > move, * both.\n",
        study->settings.seconds, most);
    for (size_t i = 0; i < study->cell_count; i++)
        print_map(&study->cells[i], most, colours);
}

/* ---- JSON ---- */

static void print_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            printf("\\%c", byte);
        else if (byte < 0x20)
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

static void print_skew(const char *name, const struct skew *skew)
{
    printf("\"%s\":{\"max_mean\":%.4f,\"gini\":%.4f,\"effective\":%.2f,\"top_share\":%.4f}", name,
        skew->max_mean, skew->gini, skew->effective, skew->top_share);
}

static void print_run_json(const struct model_result *run)
{
    printf("\"run\":{\"max_mean\":[%.3f,%.3f],\"served\":[%.4f,%.4f],\"splits\":%zu,\"moves\":%zu,"
           "\"tablets\":%zu,"
           "\"balanced_after_s\":",
        run->start_max_mean, run->end_max_mean, run->start_served, run->end_served, run->splits,
        run->moves, run->tablets);
    printf(run->balanced_after_s < 0 ? "null" : "%d",
        run->balanced_after_s); /* NOLINT: both formats are ours */
    fputs(",\"timeline\":{\"max_mean\":[", stdout);
    for (unsigned i = 0; i < run->seconds; i++)
        printf("%s%.3f", i ? "," : "", run->max_mean[i]);
    fputs("],\"served\":[", stdout);
    for (unsigned i = 0; i < run->seconds; i++)
        printf("%s%.4f", i ? "," : "", run->served[i]);
    fputs("]},\"heat\":[", stdout);
    for (unsigned i = 0; i < run->seconds; i++) {
        fputs(i ? ",[" : "[", stdout);
        for (size_t j = 0; j < MODEL_BUCKETS; j++)
            printf("%s%.0f", j ? "," : "", run->heat[i * MODEL_BUCKETS + j]);
        putchar(']');
    }
    fputs("],\"events\":[", stdout);
    for (size_t i = 0; i < run->event_count; i++) {
        const struct model_event *event = &run->events[i];
        printf("%s{\"second\":%u,\"kind\":\"%s\",\"tablet\":%" PRIu32 ",\"from\":%" PRIu32
               ",\"to\":%" PRIu32 ",\"at\":%.5f}",
            i ? "," : "", event->second, event->is_split ? "split" : "move", event->tablet,
            event->from, event->to, (double)event->at);
    }
    fputs("]}", stdout);
}

static void print_cell_json(const struct study *study, const struct study_cell *cell)
{
    fputs("{\"key\":", stdout);
    print_text(cell->mapper.name);
    printf(",\"get_cost\":%u,\"keeps_key\":%s,\"fixed\":{", cell->get_cost,
        cell->is_decodable ? "true" : "false");
    print_skew("tablets", &cell->fixed.tablets);
    putchar(',');
    print_skew("contiguous", &cell->fixed.contiguous);
    putchar(',');
    print_skew("round_robin", &cell->fixed.round_robin);
    fputs(",\"loads\":[", stdout);
    for (size_t i = 0; i < cell->fixed.tablet_count; i++)
        printf("%s%.0f", i ? "," : "", cell->fixed.tablet_loads[i]);
    fputs("]},\"queries\":[", stdout);
    for (size_t i = 0; i < SCENARIO_QUERIES && study->scenario->queries[i].name; i++) {
        const struct query_cost *cost = &cell->queries[i];
        fputs(i ? ",{\"name\":" : "{\"name\":", stdout);
        print_text(study->scenario->queries[i].name);
        printf(",\"ranges\":%zu,\"tablets\":%zu,\"rows_read\":%zu,\"rows_wanted\":%zu}",
            cost->ranges, cost->tablets, cost->rows_read, cost->rows_wanted);
    }
    printf("],\"verdict\":\"%s\",", model_verdict(&cell->run));
    print_run_json(&cell->run);
    putchar('}');
}

void study_print_json(const struct study *study)
{
    const struct model_settings *settings = &study->settings;
    fputs("{\"schema\":\"stele-study-1\",\"scenario\":", stdout);
    print_text(study->scenario->name);
    fputs(",\"summary\":", stdout);
    print_text(study->scenario->summary);
    printf(",\"mode\":\"simulate\",\"settings\":{\"servers\":%zu,\"tablets_at_start\":%zu,"
           "\"tablets_fixed\":%zu,"
           "\"requests_fixed\":%zu,\"capacity\":%.0f,\"rate\":%.0f,\"seconds\":%u,\"split\":%s,"
           "\"balancer\":%s,"
           "\"seed\":%" PRIu64 ",\"buckets\":%d},\"designs\":[",
        settings->servers, settings->tablets, study->tablets, study->requests, settings->capacity,
        settings->rate, settings->seconds, settings->has_split ? "true" : "false",
        settings->has_balancer ? "true" : "false", settings->seed, MODEL_BUCKETS);
    for (size_t i = 0; i < study->cell_count; i++) {
        if (i)
            putchar(',');
        print_cell_json(study, &study->cells[i]);
    }
    puts("]}");
}
