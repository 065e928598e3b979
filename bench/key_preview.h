/* A look at the keys before a load uses them: no server is needed. */
#ifndef STELE_BENCH_KEY_PREVIEW_H
#define STELE_BENCH_KEY_PREVIEW_H

#include "bench/workload.h"

/* The first `count` keys that one thread would ask for, one a line. */
void key_preview_print_keys(struct workload *workload, uint64_t count);
/* How the requests fall on 32 even parts of the table's keys, in order, with bars; and how much the
 * busiest rows take. Sampled at the start of the run and, where that matters, later. */
void key_preview_print_distribution(struct workload *workload, const char *name);

#endif
