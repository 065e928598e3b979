#include "bench/study/study_advice.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define SENTENCE (2 * KEY_ADVICE_TEXT)

bool study_advice_diagnose(
    const struct study *study, const struct study_cell *cell, struct key_diagnosis *out_diagnosis)
{
    const struct study_run *run = study_cell_run(cell);
    struct span starts[RUN_BUCKETS];
    for (size_t i = 0; i < RUN_BUCKETS; i++)
        starts[i] = span_make(cell->design->bounds[i].bytes, cell->design->bounds[i].size);
    struct key_heat heat = {.loads = run->heat,
        .buckets = RUN_BUCKETS,
        .columns = run->seconds,
        .column_s = 1,
        .top_share = cell->design->top_share,
        .top_row = span_make(cell->design->top_row.bytes, cell->design->top_row.size),
        .starts = starts,
        .servers = study->settings.servers};
    return key_advice_diagnose(&heat, out_diagnosis);
}

double study_advice_amplification(const struct study *study, const struct study_design *design)
{
    double worst = 1;
    for (size_t i = 0; i < SCENARIO_QUERIES && study->scenario.queries[i].name; i++) {
        const struct query_cost *cost = &design->queries[i];
        /* a query that finds nothing has read all the same */
        double rows = (double)cost->rows_read / (double)(cost->rows_wanted ? cost->rows_wanted : 1);
        worst = rows > worst ? rows : worst;
    }
    return worst;
}

size_t study_advice_ranges(const struct study *study, const struct study_design *design)
{
    size_t most = 1;
    for (size_t i = 0; i < SCENARIO_QUERIES && study->scenario.queries[i].name; i++)
        most = design->queries[i].ranges > most ? design->queries[i].ranges : most;
    return most;
}

/* Of those that are even from the start, the one that is cheapest to ask. */
static const struct study_cell *best_even(const struct study *study)
{
    const struct study_cell *best = NULL;
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_cell *cell = &study->cells[i];
        if (strcmp(study_run_verdict(study_cell_run(cell)), "even") != 0)
            continue;
        double rows = study_advice_amplification(study, cell->design);
        double best_rows = best ? study_advice_amplification(study, best->design) : 0;
        bool is_cheaper = !best || rows < best_rows * 0.99 ||
                          (rows < best_rows * 1.01 &&
                              study_advice_ranges(study, cell->design) * cell->design->get_cost <
                                  study_advice_ranges(study, best->design) *
                                      best->design->get_cost);
        if (is_cheaper)
            best = cell;
    }
    return best;
}

static const struct study_cell *costliest_even(const struct study *study)
{
    const struct study_cell *worst = NULL;
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_cell *cell = &study->cells[i];
        if (strcmp(study_run_verdict(study_cell_run(cell)), "even") == 0 &&
            (!worst || study_advice_amplification(study, cell->design) >
                           study_advice_amplification(study, worst->design)))
            worst = cell;
    }
    return worst;
}

static void say_start(const struct study *study, const struct study_cell *cell, char *out)
{
    const struct study_run *run = study_cell_run(cell);
    char name[STUDY_TEXT_SIZE], end[160];
    const char *verdict = study_run_verdict(run);
    study_cell_name(study, cell, name);
    if (strcmp(verdict, "even") == 0) {
        snprintf(out, SENTENCE,
            "'%s' loads the servers evenly from the start (busiest %.2f times the mean).", name,
            run->start_max_mean);
        return;
    }
    if (strcmp(verdict, "cured") == 0)
        snprintf(end, sizeof end, "splits and moves even it out after %d s", run->balanced_after_s);
    else if (strcmp(verdict, "comes back") == 0)
        snprintf(end, sizeof end, "splits and moves even it out, and then it comes back");
    else
        snprintf(end, sizeof end, "after %u s it is %.1f times: splits and moves do not cure it",
            run->seconds, run->end_max_mean);
    snprintf(out, SENTENCE,
        "With '%s' one server is asked for %.1f times its share, and %.0f %% of the requests are "
        "served; %s.",
        name, run->start_max_mean, 100 * run->start_served, end);
}

size_t study_advice_conclude(
    const struct study *study, char out_sentences[STUDY_SENTENCES][2 * KEY_ADVICE_TEXT])
{
    struct key_diagnosis diagnosis;
    char name[STUDY_TEXT_SIZE];
    size_t count = 0;
    const struct study_cell *first = &study->cells[0], *best = best_even(study),
                            *costliest = costliest_even(study);
    say_start(study, first, out_sentences[count++]);
    if (study_advice_diagnose(study, first, &diagnosis) && diagnosis.pattern != KEY_EVEN) {
        snprintf(out_sentences[count++], SENTENCE, "Why: %s (%s).", diagnosis.reason,
            key_pattern_name(diagnosis.pattern));
        snprintf(
            out_sentences[count++], SENTENCE, "%s Price: %s", diagnosis.advice, diagnosis.price);
    }
    if (best && best != first) {
        double rows = study_advice_amplification(study, best->design);
        study_cell_name(study, best, name);
        snprintf(out_sentences[count++], SENTENCE,
            "Even from the start and cheapest to ask: '%s' (%zu range%s a query, %.1f row%s read "
            "for "
            "each returned%s).",
            name, study_advice_ranges(study, best->design),
            study_advice_ranges(study, best->design) == 1 ? "" : "s", rows, rows < 1.05 ? "" : "s",
            best->design->get_cost > 1 ? "; a get asks several rows" : "");
    }
    if (costliest && study_advice_amplification(study, costliest->design) > 2) {
        study_cell_name(study, costliest, name);
        snprintf(out_sentences[count++], SENTENCE,
            "'%s' is even%s, but its queries read %.0f rows for each they return: fit for single "
            "rows only.",
            name, costliest == first ? "" : " too",
            study_advice_amplification(study, costliest->design));
    }
    return count;
}
