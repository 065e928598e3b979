/* Zipf's distribution: rank r of n comes in proportion to 1 / (r + 1)^theta.
 *
 * Drawn in constant time as in Gray et al., "Quickly generating billion-record synthetic databases"
 * (SIGMOD 1994); the sum of the weights is exact to a million ranks, an integral beyond. n may
 * grow: only the new ranks are summed. */
#ifndef STELE_BENCH_ZIPF_H
#define STELE_BENCH_ZIPF_H

#include "base/dice.h"

#define ZIPF_THETA 0.99

struct zipf {
    double theta; /* 0 < theta < 1 */
    uint64_t count;
    double zeta; /* sum of the weights */
    double eta;  /* of the draw */
    double half; /* 0.5^theta */
};

void zipf_init(struct zipf *zipf, double theta, uint64_t count); /* count >= 1 */
void zipf_grow(struct zipf *zipf, uint64_t count);               /* not below the old count */
uint64_t zipf_draw(const struct zipf *zipf, struct dice *dice);

/* 0 <= x < 1, 53 bits. */
static inline double zipf_unit(struct dice *dice)
{
    return (double)(dice_next(dice) >> 11) * 0x1p-53;
}

#endif
