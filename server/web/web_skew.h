/* How unevenly something is spread: the figures of hotspot.md section 4, of what is measured now. */
#ifndef STELE_SERVER_WEB_WEB_SKEW_H
#define STELE_SERVER_WEB_WEB_SKEW_H

#include <stdbool.h>
#include <stddef.h>

struct web_skew {
    double
        max_mean; /* the largest over the mean: the capacity that must be bought, over what is used */
    double gini;      /* 0 even .. 1 all in one place */
    double effective; /* 1 / sum of squared shares: as many as would do the same evenly */
};

/* Sorts the values. False: there is nothing to share. */
bool web_skew_of(double *values, size_t count, struct web_skew *out_skew);

#endif
