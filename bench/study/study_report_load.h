/* The tables of a study's report that tell how tablets and servers were loaded, how long requests took, and what writing
 * costs: for a terminal of 80 columns. */
#ifndef STELE_BENCH_STUDY_STUDY_REPORT_LOAD_H
#define STELE_BENCH_STUDY_STUDY_REPORT_LOAD_H

#include "bench/study/study.h"

void study_print_loads(const struct study *study);
void study_print_latencies(const struct study *study);
void study_print_writes(const struct study *study);
/* What filling a cell of the design measured; NULL: none was. */
const struct write_seen *study_written_of(
    const struct study *study, const struct study_design *design);
/* "3.2", "120", or "-" of too few. */
#define STUDY_MS_SIZE 16
const char *study_ms_text(double ms, char out_text[STUDY_MS_SIZE]);

#endif
