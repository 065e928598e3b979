/* Where a study is told: the terminal, and the files that the command line names. */
#ifndef STELE_BENCH_STUDY_STUDY_OUTPUT_H
#define STELE_BENCH_STUDY_STUDY_OUTPUT_H

#include "bench/study/study_options.h"

/* The page and the picture, where they are asked for; false: one cannot be written, and stderr says why. */
bool study_write_reports(const struct study *study, const struct study_options *own);
/* ... and the text or the JSON on stdout. */
bool study_tell(const struct study *study, const struct study_options *own);

#endif
