/* The files that are written while a run goes on, so that what is there after a crash of either
 * side is whole up to the last second: CSV and the histogram log. */
#ifndef STELE_BENCH_SINKS_H
#define STELE_BENCH_SINKS_H

#include <stdio.h>

#include "bench/load.h"

struct sinks {
    const char *command; /* for messages */
    FILE *csv, *hdr;     /* NULL: not wanted */
    bool has_failed;
};

/* Opens what the settings ask for. False after a line on stderr. */
bool sinks_open(struct sinks *sinks, const struct load_settings *settings);
/* The warm-up is over, now. */
void sinks_begin(struct sinks *sinks, int64_t now_ms);
void sinks_second(struct sinks *sinks, const struct second *second, const struct point *point);
/* False after a line on stderr: something could not be written. */
bool sinks_close(struct sinks *sinks);

#endif
