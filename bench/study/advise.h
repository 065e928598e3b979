/* stele bench study --advise=FILE | --table=NAME: what is wrong with the keys in use, and what to do. */
#ifndef STELE_BENCH_STUDY_ADVISE_H
#define STELE_BENCH_STUDY_ADVISE_H

#include <stdbool.h>

/* One of file ("-" = standard input) and table. Returns the exit code. */
int advise(
    const char *file, const char *table, const char *connect, const char *zookeeper, bool is_json);

#endif
