#include "bench/study/study_report_load.h"

#include <stdio.h>

const char *study_ms_text(double ms, char out_text[STUDY_MS_SIZE])
{
    if (ms < 0)
        snprintf(out_text, STUDY_MS_SIZE, "-");
    else
        snprintf(out_text, STUDY_MS_SIZE, "%.*f", ms < 10 ? 2 : ms < 100 ? 1 : 0, ms);
    return out_text;
}

/* Calls print() for what was predicted of each cell, and for what was measured. */
static void print_each(
    const struct study *study, void (*print)(const char *name, const struct study_run *run))
{
    char name[STUDY_TEXT_SIZE];
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_cell *cell = &study->cells[i];
        study_cell_label(study, cell, name);
        if (study->is_live)
            puts(name);
        print(study->is_live ? "  predicted" : name, &cell->predicted);
        if (cell->measured_count)
            print("  measured", study_cell_run(cell));
    }
}

/* ---- Loads ---- */

static void print_load(const char *name, const struct study_run *run)
{
    const struct skew *start = &run->load.start_tablets, *end = &run->load.end_tablets;
    printf("%-28s %5.2f -> %-5.2f %.3f -> %.3f %5.1f -> %-5.1f %4zu\n", name, start->max_mean,
        end->max_mean, start->gini, end->gini, start->effective, end->effective, run->tablets);
}

void study_print_loads(const struct study *study)
{
    printf("\nTablets, first 10 s -> last 10 s, each second by itself: effective is how many\n"
           "evenly loaded ones would do. More tablets: higher max/mean and Gini.\n\n");
    printf("%-28s %14s %14s %14s %4s\n", "key", "max/mean   ", "Gini     ", "effective  ", "of");
    print_each(study, print_load);
}

/* ---- Latencies ---- */

static void print_summary(const struct latency_summary *summary)
{
    char p50[STUDY_MS_SIZE], p99[STUDY_MS_SIZE], most[STUDY_MS_SIZE];
    printf(" %7s %7s %7s", study_ms_text(summary->p50_ms, p50), study_ms_text(summary->p99_ms, p99),
        study_ms_text(summary->max_ms, most));
}

static void print_latency(const char *name, const struct study_run *run)
{
    printf("%-28s", name);
    print_summary(&run->load.all.latency.intended);
    if (run->requests) /* the model begins each when it should */
        print_summary(&run->load.all.latency.service);
    putchar('\n');
}

void study_print_latencies(const struct study *study)
{
    printf("\nLatency in ms of the %s answered, from when one\nshould have begun%s.\n\n",
        study->scenario.access == ACCESS_APPEND ? "writes"
        : study_mark_text(study)                ? "reads (" STUDY_MARK ": writes)"
                                                : "reads",
        study->is_live ? ";\nservice: from when it did" : "");
    printf("%-28s %7s %7s %7s%s\n", "key", "p50", "p99", "most",
        study->is_live ? " srv.p50     p99    most" : "");
    print_each(study, print_latency);
}

/* ---- Writes ---- */

const struct write_seen *study_written_of(
    const struct study *study, const struct study_design *design)
{
    for (size_t i = 0; i < study->cell_count; i++)
        if (study->cells[i].design == design && study->cells[i].has_seen)
            return &study->cells[i].written;
    return NULL;
}

void study_print_writes(const struct study *study)
{
    printf("\nWriting a row: bytes of its key, of them beyond the fields that it is made of,\n"
           "and of key and value%s.\n\n",
        study->is_live ? "; measured: all rows, and single puts in ms" : "");
    printf("%-28s %6s %6s %6s", "key", "key", "beyond", "row");
    puts(study->is_live ? "    rows    bytes  p50  p99" : "");
    for (size_t i = 0; i < study->design_count; i++) {
        const struct study_design *design = &study->designs[i];
        const struct write_cost *cost = &design->write;
        const struct write_seen *written = study_written_of(study, design);
        char p50[STUDY_MS_SIZE], p99[STUDY_MS_SIZE];
        printf("%-28s %6.1f %6.1f %6.1f", design->mapper.name, cost->key_bytes,
            cost->key_bytes - cost->logical_bytes, cost->key_bytes + cost->value_bytes);
        if (written)
            printf(" %7zu %8llu %4s %4s", written->rows, (unsigned long long)written->bytes,
                study_ms_text(written->puts.p50_ms, p50), study_ms_text(written->puts.p99_ms, p99));
        putchar('\n');
    }
}
