/* How uneven a load is over tablets or servers. */
#ifndef STELE_BENCH_STUDY_SKEW_H
#define STELE_BENCH_STUDY_SKEW_H

#include <stddef.h>

struct skew {
    double
        max_mean; /* the busiest over the mean: the capacity that must be bought beyond the average */
    double gini; /* 0 even, towards 1 all on one; depends on the count: compare equal counts only */
    double effective; /* 1 / sum of squared shares: as many evenly loaded ones would do */
    double top_share; /* of the busiest */
};

/* All 0 when there is no load at all. count <= SKEW_MOST. */
#define SKEW_MOST 4096
struct skew skew_of(const double *loads, size_t count);

#endif
