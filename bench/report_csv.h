/* The seconds of a run as CSV: a line for each second and operation, and one for all together.
 * Written as the run goes on; the warm-up has negative seconds. Latencies in microseconds, empty
 * where there are too few samples. */
#ifndef STELE_BENCH_REPORT_CSV_H
#define STELE_BENCH_REPORT_CSV_H

#include <stdio.h>

#include "bench/run.h"

/* False when the file cannot be written. */
bool report_csv_begin(FILE *file);
bool report_csv_second(FILE *file, const struct point *point);

#endif
