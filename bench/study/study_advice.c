#include "bench/study/study_advice.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define SENTENCE   (2 * KEY_ADVICE_TEXT)
#define NAME_SHOWN 60
#define DEAR       2 /* rows read for each returned: more is no query to speak of */

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

double study_advice_read_per_row(const struct study_design *design, size_t query)
{
    const struct query_cost *cost = &design->queries[query];
    /* a query that finds nothing has read all the same */
    return (double)cost->rows_read / (double)(cost->rows_wanted ? cost->rows_wanted : 1);
}

static size_t query_count(const struct study *study)
{
    size_t count = 0;
    while (count < SCENARIO_QUERIES && study->scenario.queries[count].name)
        count++;
    return count;
}

double study_advice_amplification(const struct study *study, const struct study_design *design)
{
    double worst = 1;
    for (size_t i = 0; i < query_count(study); i++) {
        double rows = study_advice_read_per_row(design, i);
        worst = rows > worst ? rows : worst;
    }
    return worst;
}

/* Of the query that it is best at. */
static double least_amplification(const struct study *study, const struct study_design *design)
{
    double best = study_advice_amplification(study, design);
    for (size_t i = 0; i < query_count(study); i++) {
        double rows = study_advice_read_per_row(design, i);
        best = rows < best ? rows : best;
    }
    return best;
}

size_t study_advice_ranges(const struct study *study, const struct study_design *design)
{
    size_t most = 1;
    for (size_t i = 0; i < query_count(study); i++)
        most = design->queries[i].ranges > most ? design->queries[i].ranges : most;
    return most;
}

static bool is_even(const struct study_cell *cell)
{
    return strcmp(study_run_verdict(study_cell_run(cell)), "even") == 0;
}

/* Of those that are even from the start, the one that a query costs least. */
static const struct study_cell *best_even(const struct study *study, size_t query)
{
    const struct study_cell *best = NULL;
    for (size_t i = 0; i < study->cell_count; i++) {
        const struct study_cell *cell = &study->cells[i];
        if (!is_even(cell))
            continue;
        double rows = study_advice_read_per_row(cell->design, query);
        double best_rows = best ? study_advice_read_per_row(best->design, query) : 0;
        size_t ranges = cell->design->queries[query].ranges * cell->design->get_cost;
        bool is_cheaper = !best || rows < best_rows * 0.99 ||
                          (rows < best_rows * 1.01 && ranges < best->design->queries[query].ranges *
                                                                   best->design->get_cost);
        if (is_cheaper)
            best = cell;
    }
    return best;
}

/* "'salt:16' (16 ranges, 1.0 row read for each returned)" */
static void say_cost(
    const struct study *study, const struct study_cell *cell, size_t query, char *out, size_t room)
{
    char name[STUDY_TEXT_SIZE];
    size_t ranges = cell->design->queries[query].ranges;
    double rows = study_advice_read_per_row(cell->design, query);
    study_cell_label(study, cell, name);
    snprintf(out, room, "'%s' (%zu range%s, %.1f row%s read for each returned%s)", name, ranges,
        ranges == 1 ? "" : "s", rows, rows < 1.05 ? "" : "s",
        cell->design->get_cost > 1 ? "; a get asks several rows" : "");
}

/* Which of the even ones costs least: one sentence, or one a query where they differ. */
static size_t say_best(const struct study *study, char sentences[][SENTENCE])
{
    const struct study_cell *best[SCENARIO_QUERIES] = {NULL};
    size_t queries = query_count(study), count = 0;
    bool is_one = true;
    char cost[SENTENCE / 2];
    for (size_t i = 0; i < queries; i++) {
        best[i] = best_even(study, i);
        is_one = is_one && best[i] == best[0];
    }
    for (size_t i = 0; i < (is_one ? queries > 0 : queries); i++) {
        if (!best[i] || best[i] == &study->cells[0] ||
            study_advice_read_per_row(best[i]->design, i) > DEAR)
            continue;
        say_cost(study, best[i], i, cost, sizeof cost);
        if (is_one)
            snprintf(
                sentences[count++], SENTENCE, "Even from the start and cheapest to ask: %s.", cost);
        else
            snprintf(sentences[count++], SENTENCE, "Even from the start and cheapest for '%s': %s.",
                study->scenario.queries[i].name, cost);
    }
    return count;
}

/* Those that are even at the price of every query. False: there are none. */
static bool say_costly(const struct study *study, char *out)
{
    size_t size = 0, count = 0;
    double least = 0;
    char name[STUDY_TEXT_SIZE];
    for (size_t i = 0; i < study->cell_count && size + 2 * STUDY_TEXT_SIZE < SENTENCE; i++) {
        const struct study_cell *cell = &study->cells[i];
        double rows = least_amplification(study, cell->design);
        if (!is_even(cell) || rows <= DEAR)
            continue;
        study_cell_label(study, cell, name);
        size += (size_t)snprintf(
            out + size, SENTENCE - size, "%s'%.*s'", count ? ", " : "", NAME_SHOWN, name);
        least = count == 0 || rows < least ? rows : least;
        count++;
    }
    if (count > 0)
        snprintf(out + size, SENTENCE - size,
            ": even, but every query reads at least %.0f rows for each it returns; fit for single "
            "rows only.",
            least);
    return count > 0;
}

static void say_start(const struct study *study, const struct study_cell *cell, char *out)
{
    const struct study_run *run = study_cell_run(cell);
    char name[STUDY_TEXT_SIZE], end[160];
    const char *verdict = study_run_verdict(run);
    study_cell_label(study, cell, name);
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
    size_t count = 0;
    const struct study_cell *first = &study->cells[0];
    if (study->settings.servers == 1)
        snprintf(out_sentences[count++], SENTENCE,
            "There is one server, so all load is its own: how a design spreads load over servers "
            "takes two or more.");
    else
        say_start(study, first, out_sentences[count++]);
    if (study_advice_diagnose(study, first, &diagnosis) && diagnosis.pattern != KEY_EVEN) {
        snprintf(out_sentences[count++], SENTENCE, "Why: %s (%s).", diagnosis.reason,
            key_pattern_name(diagnosis.pattern));
        snprintf(
            out_sentences[count++], SENTENCE, "%s Price: %s", diagnosis.advice, diagnosis.price);
    }
    count += say_best(study, &out_sentences[count]);
    count += say_costly(study, out_sentences[count]);
    return count;
}
