/* A study told to people: tables, and heat maps in letters or colours. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/study/heat_map.h"
#include "bench/study/study_advice.h"
#include "bench/study/study_report_load.h"

#define FOLD_COLUMNS 79

/* Lines of whole words; the further ones are indented. */
static void print_folded(const char *sentence, bool is_folding)
{
    size_t column = 0;
    while (*sentence) {
        size_t size = strcspn(sentence, " ");
        if (is_folding && column > 0 && column + 1 + size > FOLD_COLUMNS) {
            fputs("\n   ", stdout);
            column = 3;
        }
        printf(column ? " %.*s" : "%.*s", (int)size, sentence);
        column += (column > 0) + size;
        sentence += size;
        sentence += strspn(sentence, " ");
    }
    putchar('\n');
}

/* ---- Tables ---- */

static void print_fixed(const struct study *study)
{
    printf("\nFixed: %zu tablets of equal rows, %zu servers, %zu requests. max/mean is the\n"
           "capacity to buy beyond the average.\n\n",
        study->tablets, study->settings.servers, study->requests);
    printf("%-28s %8s %5s %10s %18s %5s\n", "", "tablets", "", "effective", "servers' max/mean",
        "a get");
    printf("%-28s %8s %5s %10s %10s %7s %5s\n", "key", "max/mean", "Gini", "tablets", "side by s.",
        "dealt", "asks");
    for (size_t i = 0; i < study->design_count; i++) {
        const struct study_design *design = &study->designs[i];
        char label[STUDY_TEXT_SIZE];
        study_design_label(study, design, label);
        printf("%-28s %8.2f %5.3f %6.1f/%-3zu %10.2f %7.2f %5u\n", label,
            design->fixed.tablets.max_mean, design->fixed.tablets.gini,
            design->fixed.tablets.effective, study->tablets, design->fixed.contiguous.max_mean,
            design->fixed.round_robin.max_mean, design->get_cost);
    }
    printf("\nServers: each with neighbouring tablets (side by side), or tablets dealt "
           "out\nin turn. A get asks for so many rows.\n");
}

const struct query_seen *study_query_seen(
    const struct study *study, const struct study_design *design, size_t query)
{
    for (size_t i = 0; i < study->cell_count; i++)
        if (study->cells[i].design == design && study->cells[i].has_seen)
            return &study->cells[i].seen[query];
    return NULL;
}

static void print_query(const struct study *study, size_t query)
{
    size_t wanted = study->designs[0].queries[query].rows_wanted;
    printf("\nQuery: %s (%zu row%s); each: read for one that is wanted\n\n",
        study->scenario.queries[query].name, wanted, wanted == 1 ? "" : "s");
    if (study->is_live)
        printf("%-28s %29s %21s\n", "", "predicted", "measured");
    printf("%-28s %6s %7s %7s %6s%s\n", "key", "ranges", "tablets", "rows", "each",
        study->is_live ? " tablets    rows    ms" : "");
    for (size_t i = 0; i < study->design_count; i++) {
        const struct query_cost *cost = &study->designs[i].queries[query];
        const struct query_seen *seen = study_query_seen(study, &study->designs[i], query);
        printf("%-28s %6zu %7zu %7zu ", study->designs[i].mapper.name, cost->ranges, cost->tablets,
            cost->rows_read);
        if (cost->rows_wanted)
            printf("%6.1f", (double)cost->rows_read / (double)cost->rows_wanted);
        else
            printf("%6s", "-");
        if (seen)
            printf(" %7zu %7zu %5.1f", seen->tablets, seen->rows_read, seen->ms);
        putchar('\n');
    }
}

static void print_run(const char *name, const struct study_run *run)
{
    char after[24] = "never", counts[24];
    if (run->balanced_after_s >= 0)
        snprintf(after, sizeof after, "%d s", run->balanced_after_s);
    snprintf(counts, sizeof counts, "%zu/%zu", run->splits, run->moves);
    printf("%-28s %5.2f -> %-5.2f %3.0f -> %3.0f %% %7s %6s %s\n", name, run->start_max_mean,
        run->end_max_mean, 100 * run->start_served, 100 * run->end_served, counts, after,
        study_run_verdict(run));
}

static double balanced_after(const struct study_run *run)
{
    return run->balanced_after_s < 0 ? (double)run->seconds : run->balanced_after_s;
}

static double end_max_mean(const struct study_run *run)
{
    return run->end_max_mean;
}

static void print_measured(const struct study_cell *cell)
{
    const struct study_run *run = study_cell_run(cell);
    print_run("  measured", run);
    if (cell->measured_count > 1) {
        struct study_range after = study_cell_range(cell, balanced_after),
                           most = study_cell_range(cell, end_max_mean);
        printf("    %zu runs: at the end %.2f (%.2f to %.2f), even after %.0f s (%.0f to %.0f)\n",
            cell->measured_count, most.middle, most.least, most.most, after.middle, after.least,
            after.most);
    }
    fputs("    p99 ", stdout);
    if (run->start_p99_ms > 0 && run->end_p99_ms > 0)
        printf("%.0f -> %.0f ms; ", run->start_p99_ms, run->end_p99_ms);
    else
        printf("of too few; ");
    printf("%llu asked, %llu answered, %llu by the counters\n", (unsigned long long)run->requests,
        (unsigned long long)run->answers, (unsigned long long)run->counted);
    if (run->counted > run->answers)
        puts("    (more than answered: servers count what they serve after its asker gave up)");
    if (run->lost > 0)
        printf("    (and about %llu from last reports to splits and moves)\n",
            (unsigned long long)run->lost);
}

static void print_agreement(const struct study *study)
{
    size_t measured = 0, same = 0;
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_cell *cell = &study->cells[i];
        measured += cell->measured_count > 0;
        same += cell->measured_count > 0 && strcmp(study_run_verdict(study_cell_run(cell)),
                                                study_run_verdict(&cell->predicted)) == 0;
    }
    if (measured)
        printf("\nMeasured verdicts as predicted: %zu of %zu.\n", same, measured);
}

static void print_runs(const struct study *study)
{
    const struct model_settings *settings = &study->settings;
    char name[STUDY_TEXT_SIZE];
    printf("\nRunning: %zu servers of %.0f requests/s each (modelled), %.0f/s arrive,\n"
           "for at most %u s.\n",
        settings->servers, settings->capacity, settings->rate, settings->seconds);
    char policies[2 * STUDY_TEXT_SIZE];
    snprintf(policies, sizeof policies, "Predicted: tablets are split and moved %s.",
        model_text(settings));
    print_folded(policies, true);
    if (study->is_capacity_guessed)
        puts("What these servers can serve is not known: predicted is for a guess, 40 % of\n"
             "the rate (--capacity=N says it). Where a real one can do more, the measured\n"
             "served is higher.");
    if (study->is_live) {
        char place[STUDY_TEXT_SIZE + 16];
        snprintf(place, sizeof place, "Measured on %s.", study->place);
        print_folded(place, true);
    }
    printf("\n%-28s %14s %12s %7s %6s\n", "", "servers'   ", "", "splits", "even");
    printf("%-28s %14s %12s %7s %6s %s\n", "key", "max/mean   ", "served   ", "/moves", "after",
        "verdict");
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_cell *cell = &study->cells[i];
        study_cell_label(study, cell, name);
        if (study->is_live)
            puts(name);
        print_run(study->is_live ? "  predicted" : name, &cell->predicted);
        if (cell->measured_count)
            print_measured(cell);
    }
    if (study_mark_text(study)) {
        putchar('\n');
        print_folded(study_mark_text(study), true);
    }
    print_agreement(study);
}

/* ---- Heat maps ---- */

static void put_colour(double part, unsigned colours, bool is_background)
{
    unsigned rgb[3];
    heat_colour(part, rgb);
    if (colours > 256)
        printf("\x1b[%d;2;%u;%u;%um", is_background ? 48 : 38, rgb[0], rgb[1], rgb[2]);
    else
        printf("\x1b[%d;5;%um", is_background ? 48 : 38,
            16 + rgb[0] * 6 / 256 * 36 + rgb[1] * 6 / 256 * 6 + rgb[2] * 6 / 256);
}

static void print_map(const struct study *study, const struct study_cell *cell,
    const struct heat_scale *scale, unsigned colours)
{
    static const char letters[] = " .:-=+*#%@";
    const struct study_run *run = study_cell_run(cell);
    unsigned columns = scale->seconds < HEAT_COLUMNS ? scale->seconds : HEAT_COLUMNS;
    char name[STUDY_TEXT_SIZE];
    study_cell_label(study, cell, name);
    printf("\n%s: %s%s\n", name, study_run_verdict(run), cell->measured_count ? ", measured" : "");
    for (size_t bucket = 0; bucket < RUN_BUCKETS; bucket += 2) {
        fputs(bucket == 0                 ? "first keys |"
              : bucket + 2 == RUN_BUCKETS ? " last keys |"
                                          : "           |",
            stdout);
        for (unsigned column = 0; column < columns; column++) {
            double upper = heat_bucket(run, scale, column, columns, bucket);
            double lower = heat_bucket(run, scale, column, columns, bucket + 1);
            if (upper < 0) { /* it had ended */
                fputs(colours ? "\x1b[0m " : " ", stdout);
                continue;
            }
            upper = heat_part(upper, scale->bucket_most);
            lower = heat_part(lower, scale->bucket_most);
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
        putchar(heat_event(run, scale, column, columns));
    puts("|");
}

static void print_conclusion(const struct study *study)
{
    char sentences[STUDY_SENTENCES][2 * KEY_ADVICE_TEXT];
    size_t count = study_advice_conclude(study, sentences);
    bool is_terminal = isatty(STDOUT_FILENO); /* a line of its own for a program */
    puts("\nIn short:");
    for (size_t i = 0; i < count; i++)
        print_folded(sentences[i], is_terminal);
}

void study_print(const struct study *study, unsigned colours)
{
    struct heat_scale scale = heat_scale_of(study);
    char text[2 * STUDY_TEXT_SIZE];
    snprintf(text, sizeof text, "%s: %s", study->scenario.name, study->scenario.summary);
    print_folded(text, true);
    if (study->unfinished[0]) {
        snprintf(text, sizeof text, "Unfinished: %s. What follows is what there was until then.",
            study->unfinished);
        putchar('\n');
        print_folded(text, true);
    }
    print_fixed(study);
    for (size_t i = 0; i < SCENARIO_QUERIES && study->scenario.queries[i].name; i++)
        print_query(study, i);
    study_print_writes(study);
    print_runs(study);
    study_print_loads(study);
    study_print_latencies(study);
    print_conclusion(study);
    printf("\nHeat: keys downwards, %u s to the right, one scale for all: brightest %.0f/s in\n"
           "a thirty-second of the rows. ^ split, > move, * both.\n",
        scale.seconds, scale.bucket_most);
    for (size_t i = 0; i < study->cell_count; i++)
        print_map(study, &study->cells[i], &scale, colours);
}
