/* The settings of a study that varies none but its designs. */
#ifndef STELE_TESTS_UNIT_BENCH_STUDY_AXES_H
#define STELE_TESTS_UNIT_BENCH_STUDY_AXES_H

#include "bench/study/study_plan.h"

static const struct study_axes study_axes_plain = {.presplits = {PRESPLIT_ROWS},
    .presplit_count = 1,
    .splits = {true},
    .split_count = 1,
    .balancers = {true},
    .balancer_count = 1};

#endif
