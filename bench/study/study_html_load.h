/* The parts of a study's page that tell how tablets and servers were loaded, how long requests took, and what writing
 * costs. */
#ifndef STELE_BENCH_STUDY_STUDY_HTML_LOAD_H
#define STELE_BENCH_STUDY_STUDY_HTML_LOAD_H

#include "bench/study/study.h"

/* A table of all cells, and for each what every server and every tablet had. */
void study_put_html_loads(const struct study *study, struct buffer *out);
void study_put_html_writes(const struct study *study, struct buffer *out);

#endif
