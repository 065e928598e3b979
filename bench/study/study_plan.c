#include "bench/study/study_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "bench/study/study_check.h"

#define TOP_ROW_DRAWS 20000

/* ---- Designs and cells ---- */

static enum status add_design(
    struct study *study, const char *text, struct arena *arena, struct error *error)
{
    if (study->design_count == STUDY_MAPPERS_MOST)
        return error_set(
            error, STATUS_INVALID, "a study has at most %d designs", STUDY_MAPPERS_MOST);
    return key_mapper_parse(
        text, &study->scenario.layout, arena, &study->designs[study->design_count++].mapper, error);
}

static enum status parse_mappers(
    struct study *study, const char *list, struct arena *arena, struct error *error)
{
    enum status status = STATUS_OK;
    if (!list) {
        for (size_t i = 0; i < SCENARIO_MAPPERS && study->scenario.mappers[i] && !status; i++)
            status = add_design(study, study->scenario.mappers[i], arena, error);
        return status;
    }
    char *text = arena_copy_string(arena, span_string(list)), *rest = NULL;
    if (!text)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a study");
    for (char *one = strtok_r(text, ";", &rest); one && !status; one = strtok_r(NULL, ";", &rest))
        status = add_design(study, one, arena, error);
    if (!status && study->design_count == 0)
        status = error_set(error, STATUS_INVALID, "--mappers names no design");
    return status;
}

static void lay_out(struct study *study, const struct study_axes *axes)
{
    for (size_t p = 0; p < axes->presplit_count; p++)
        for (size_t s = 0; s < axes->split_count; s++)
            for (size_t b = 0; b < axes->balancer_count; b++)
                for (size_t d = 0; d < study->design_count; d++)
                    study->cells[study->cell_count++] = (struct study_cell){
                        .design = &study->designs[d],
                        .presplit = axes->presplits[p],
                        .has_split = axes->splits[s],
                        .has_balancer = axes->balancers[b]};
}

enum status study_plan_make(struct study *study, const char *mappers, const struct study_axes *axes,
    struct arena *arena, struct error *error)
{
    study->designs = memory_allocate_zeroed(STUDY_MAPPERS_MOST, sizeof *study->designs);
    if (!study->designs)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a study");
    enum status status = parse_mappers(study, mappers, arena, error);
    if (status)
        return status;
    size_t cells = study->design_count * axes->presplit_count * axes->split_count *
                   axes->balancer_count;
    if (cells > STUDY_CELLS_MOST)
        return error_set(
            error, STATUS_INVALID, "%zu cells; a study has at most %d", cells, STUDY_CELLS_MOST);
    study->cells = memory_allocate_zeroed(cells, sizeof *study->cells);
    if (!study->cells)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a study");
    lay_out(study, axes);
    return STATUS_OK;
}

void study_plan_deinit(struct study *study)
{
    for (size_t i = 0; i < study->cell_count; i++) {
        study_run_deinit(&study->cells[i].predicted);
        for (size_t j = 0; j < study->cells[i].measured_count; j++)
            study_run_deinit(&study->cells[i].measured[j]);
    }
    for (size_t i = 0; i < study->design_count; i++)
        row_set_deinit(&study->designs[i].set);
    memory_free(study->cells);
    memory_free(study->designs);
    population_deinit(&study->population);
}

/* ---- Predictions ---- */

/* The busiest row's share. New rows are each asked for once. */
static enum status find_top_row(
    const struct study *study, struct study_design *design, struct error *error)
{
    const struct row_set *set = &design->set;
    uint32_t *counts = memory_allocate_zeroed(set->count, sizeof *counts);
    struct dice dice = {study->settings.seed};
    size_t top = 0;
    if (!counts)
        return error_set(error, STATUS_NO_MEMORY, "no memory for counts");
    for (size_t i = 0; i < TOP_ROW_DRAWS; i++) {
        struct study_key key;
        size_t index = population_draw(&study->population, &dice, 0, &key);
        if (index == SIZE_MAX)
            break;
        if (++counts[index] > counts[top])
            top = index;
    }
    /* a random salt keeps a row as many times as it has buckets */
    design->top_share = (double)counts[top] / TOP_ROW_DRAWS / design->get_cost;
    design->top_row = set->rows[top];
    memory_free(counts);
    return STATUS_OK;
}

static struct write_cost write_cost_of(const struct scenario *scenario, const struct row_set *set)
{
    struct write_cost cost = {0};
    for (size_t i = 0; i < set->count; i++)
        cost.key_bytes += set->rows[i].size;
    cost.key_bytes /= (double)set->count;
    for (size_t i = 0; i < scenario->layout.count; i++)
        cost.logical_bytes += scenario->layout.fields[i].width;
    cost.value_bytes = cost.logical_bytes; /* a row's value is its logical key */
    return cost;
}

static enum status examine(struct study *study, struct study_design *design, struct error *error)
{
    const struct population *population = &study->population;
    struct study_key partial;
    struct row_set *set = &design->set;
    enum status status = row_set_make(
        population, &design->mapper, study->settings.seed, set, error);
    if (!status)
        status = study_check_decoding(set, &design->mapper, &design->is_decodable, error);
    if (status)
        return status;
    model_static(set, study->tablets, study->settings.servers, study->requests,
        study->settings.seed, &design->fixed);
    for (size_t i = 0; i < SCENARIO_QUERIES && study->scenario.queries[i].name; i++) {
        scenario_query_key(&study->scenario, &study->scenario.queries[i], &partial);
        design->queries[i] = row_set_query(set, &partial, study->tablets);
    }
    design->get_cost = key_mapper_get_cost(&design->mapper);
    design->write = write_cost_of(&study->scenario, set);
    for (size_t i = 0; i < RUN_BUCKETS; i++)
        design->bounds[i] = set->rows[set->sorted[i * set->count / RUN_BUCKETS]];
    size_t middle = population->hot_from < population->hot_to
                        ? (population->hot_from + population->hot_to) / 2
                        : population->count / 3;
    design->example = set->rows[middle];
    return find_top_row(study, design, error);
}

struct dice study_plan_dice(const struct study *study)
{
    return (struct dice){study->settings.seed + 2};
}

void study_plan_order(const struct study *study, struct dice *dice, size_t *out_order)
{
    for (size_t i = 0; i < study->cell_count; i++)
        out_order[i] = i;
    for (size_t i = study->cell_count; i > 1; i--) {
        size_t other = (size_t)dice_below(dice, i), kept = out_order[i - 1];
        out_order[i - 1] = out_order[other];
        out_order[other] = kept;
    }
}

/* Tablets of the tables that wait for their turn while this one is measured in the first round; those that had it are
 * dropped. */
static size_t count_idle_tablets(const struct study *study, const struct study_cell *cell)
{
    size_t order[STUDY_CELLS_MOST], count = 0, at = study->cell_count;
    struct dice dice = study_plan_dice(study);
    study_plan_order(study, &dice, order);
    while (at-- > 0 && &study->cells[order[at]] != cell)
        count += study->cells[order[at]].presplit == PRESPLIT_NONE ? 1 : study->settings.tablets;
    return count;
}

/* Leaves what was predicted: designs from `designs` on, and cells that have no prediction, are not the study's any
 * more. */
static void keep_predicted(struct study *study, size_t designs)
{
    size_t kept = 0;
    for (size_t i = 0; i < study->cell_count; i++) {
        if (study->cells[i].design < study->designs + designs)
            study->cells[kept++] = study->cells[i];
        else
            study_run_deinit(&study->cells[i].predicted);
    }
    for (size_t i = designs; i < study->design_count; i++)
        row_set_deinit(&study->designs[i].set);
    study->cell_count = kept;
    study->design_count = designs;
}

enum status study_plan_predict(
    struct study *study, uint64_t seed, bool keeps_rows, struct error *error)
{
    enum status status = population_make(&study->scenario, seed, &study->population, error);
    for (size_t i = 0; i < study->design_count && !status; i++) {
        struct study_design *design = &study->designs[i];
        status = examine(study, design, error);
        for (size_t j = 0; j < study->cell_count && !status; j++) {
            struct study_cell *cell = &study->cells[j];
            struct model_settings settings = study->settings;
            if (cell->design != design)
                continue;
            settings.presplit = cell->presplit;
            settings.has_split = cell->has_split;
            settings.has_balancer = cell->has_balancer;
            settings.idle_tablets = study->is_live ? count_idle_tablets(study, cell) : 0;
            status = model_run(&design->set, &settings, &cell->predicted, error);
        }
        if (status == STATUS_CANCELLED) {
            keep_predicted(study, i);
            return status;
        }
        if (!keeps_rows)
            row_set_deinit(&design->set);
    }
    return status ? status : study_check_predicted(study, error);
}

/* ---- Cells ---- */

/* Whether the cells of a study differ in this. */
static bool varies(const struct study *study, int (*setting)(const struct study_cell *cell))
{
    for (size_t i = 1; i < study->cell_count; i++)
        if (setting(&study->cells[i]) != setting(&study->cells[0]))
            return true;
    return false;
}

static int presplit_of(const struct study_cell *cell)
{
    return (int)cell->presplit;
}

static int split_of(const struct study_cell *cell)
{
    return cell->has_split;
}

static int balancer_of(const struct study_cell *cell)
{
    return cell->has_balancer;
}

void study_cell_name(
    const struct study *study, const struct study_cell *cell, char out_name[STUDY_TEXT_SIZE])
{
    char presplit[32] = "";
    if (varies(study, presplit_of))
        snprintf(presplit, sizeof presplit, ", presplit %s", presplit_name(cell->presplit));
    snprintf(out_name, STUDY_TEXT_SIZE, "%.150s%s%s%s", cell->design->mapper.name, presplit,
        !varies(study, split_of) ? ""
        : cell->has_split        ? ", split on"
                                 : ", split off",
        !varies(study, balancer_of) ? ""
        : cell->has_balancer        ? ", balancer on"
                                    : ", balancer off");
}

bool study_design_writes(const struct study *study, const struct study_design *design)
{
    return study->scenario.access != ACCESS_APPEND &&
           requests_are_writes(&study->scenario, &design->mapper);
}

void study_cell_label(
    const struct study *study, const struct study_cell *cell, char out_label[STUDY_TEXT_SIZE])
{
    char name[STUDY_TEXT_SIZE];
    study_cell_name(study, cell, name);
    snprintf(out_label, STUDY_TEXT_SIZE, "%.240s%s", name,
        study_design_writes(study, cell->design) ? " " STUDY_MARK : "");
}

void study_design_label(
    const struct study *study, const struct study_design *design, char out_label[STUDY_TEXT_SIZE])
{
    snprintf(out_label, STUDY_TEXT_SIZE, "%.240s%s", design->mapper.name,
        study_design_writes(study, design) ? " " STUDY_MARK : "");
}

const char *study_mark_text(const struct study *study)
{
    for (size_t i = 0; i < study->design_count; i++)
        if (study_design_writes(study, &study->designs[i]))
            return STUDY_MARK
                " is asked to write each row that the other designs are asked to read, at any of "
                "its salts: its loads and latencies are of writes, no comparison with reads, and "
                "not ranked among them. A get would have to ask all salts, so reading it takes as "
                "many times the load; there is no get to check.";
    return NULL;
}

static int compare_numbers(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

struct study_range study_cell_range(
    const struct study_cell *cell, double (*figure)(const struct study_run *run))
{
    double figures[STUDY_REPEATS_MOST];
    size_t count = cell->measured_count;
    for (size_t i = 0; i < count; i++)
        figures[i] = figure(&cell->measured[i]);
    qsort(figures, count, sizeof *figures, compare_numbers);
    return (struct study_range){
        figures[0], (figures[(count - 1) / 2] + figures[count / 2]) / 2, figures[count - 1]};
}

const struct study_run *study_cell_run(const struct study_cell *cell)
{
    const struct study_run *best = NULL;
    for (size_t i = 0; i < cell->measured_count; i++) { /* as many below it as above */
        const struct study_run *run = &cell->measured[i];
        size_t below = 0;
        for (size_t j = 0; j < cell->measured_count; j++)
            below += cell->measured[j].end_max_mean < run->end_max_mean ||
                     (j < i && cell->measured[j].end_max_mean == run->end_max_mean);
        if (below == (cell->measured_count - 1) / 2)
            best = run;
    }
    return best ? best : &cell->predicted;
}
