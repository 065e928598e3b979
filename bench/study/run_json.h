/* A run as JSON: study_json.c tells what it holds. */
#ifndef STELE_BENCH_STUDY_RUN_JSON_H
#define STELE_BENCH_STUDY_RUN_JSON_H

#include "bench/study/study_run.h"

void run_put_json(const struct study_run *run, struct buffer *out);

#endif
