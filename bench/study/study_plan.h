/* What a study does: its designs, its cells, what the model predicts of each, and the checks that every design holds the
 * same rows and finds the same answers. */
#ifndef STELE_BENCH_STUDY_STUDY_PLAN_H
#define STELE_BENCH_STUDY_STUDY_PLAN_H

#include "bench/study/study.h"

/* The ways that cells differ in, besides the design. */
struct study_axes {
    enum presplit presplits[3];
    size_t presplit_count;
    bool splits[2], balancers[2];
    size_t split_count, balancer_count;
};

/* Reads the designs ("raw;md5:4"; NULL = the scenario's) and lays out a cell for each under each setting. Text lives in
 * the arena. STATUS_INVALID. */
enum status study_plan_make(struct study *study, const char *mappers, const struct study_axes *axes,
    struct arena *arena, struct error *error);
/* Makes the population and predicts every cell. keeps_rows: the designs' row sets stay. STATUS_CORRUPT: two designs
 * find different answers, or one gives another key back than it was given. */
enum status study_plan_predict(
    struct study *study, uint64_t seed, bool keeps_rows, struct error *error);
/* In which order a round measures the cells; the dice are those of all rounds. Room for every cell. */
void study_plan_order(const struct study *study, struct dice *dice, size_t *out_order);
/* The dice that the first round begins with. */
struct dice study_plan_dice(const struct study *study);
void study_plan_deinit(struct study *study);

#endif
