/* What a study comes to, in sentences: what is wrong with each design's keys (model/key_advice.h), which design is even
 * and what it costs. */
#ifndef STELE_BENCH_STUDY_STUDY_ADVICE_H
#define STELE_BENCH_STUDY_STUDY_ADVICE_H

#include "bench/study/study.h"
#include "model/key_advice.h"

/* The pattern of a cell's run. False when it was asked for nothing. */
bool study_advice_diagnose(
    const struct study *study, const struct study_cell *cell, struct key_diagnosis *out_diagnosis);
/* Rows read for each row that a query returns. */
double study_advice_read_per_row(const struct study_design *design, size_t query);
/* The same: the worst of the scenario's; 1 when it has none. */
double study_advice_amplification(const struct study *study, const struct study_design *design);
size_t study_advice_ranges(const struct study *study, const struct study_design *design);

#define STUDY_SENTENCES 6
/* The conclusion; how many sentences. */
size_t study_advice_conclude(
    const struct study *study, char out_sentences[STUDY_SENTENCES][2 * KEY_ADVICE_TEXT]);

#endif
