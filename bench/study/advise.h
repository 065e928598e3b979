/* stele bench study --advise=FILE | --advise --table=NAME: what is wrong with the keys in use, and what to do. */
#ifndef STELE_BENCH_STUDY_ADVISE_H
#define STELE_BENCH_STUDY_ADVISE_H

#include <stdbool.h>

struct advice_wanted {
    const char *file, *table;        /* one of the two; "-" = standard input */
    const char *connect, *zookeeper; /* of the table; neither: STELE_CONNECT, or this machine */
    unsigned minutes;                /* of the server's history */
    bool is_json;
};

/* Returns the exit code. */
int advise(const struct advice_wanted *wanted);

#endif
