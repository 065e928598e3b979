#include "bench/zipf.h"

#include <math.h>

#define EXACT_RANKS 1000000

/* Adds the weights of ranks [from, to), counted from 0. */
static double weights(double theta, uint64_t from, uint64_t to)
{
    double sum = 0;
    uint64_t exact = to < EXACT_RANKS ? to : EXACT_RANKS;
    for (uint64_t i = from; i < exact; i++)
        sum += pow((double)(i + 1), -theta);
    uint64_t start = from > exact ? from : exact;
    if (to > start)
        sum += (pow((double)to + 0.5, 1 - theta) - pow((double)start + 0.5, 1 - theta)) /
               (1 - theta);
    return sum;
}

static void settle(struct zipf *zipf)
{
    zipf->eta = (1 - pow(2.0 / (double)zipf->count, 1 - zipf->theta)) /
                (1 - (1 + zipf->half) / zipf->zeta);
}

void zipf_init(struct zipf *zipf, double theta, uint64_t count)
{
    zipf->theta = theta;
    zipf->count = count;
    zipf->half = pow(0.5, theta);
    zipf->zeta = weights(theta, 0, count);
    settle(zipf);
}

void zipf_grow(struct zipf *zipf, uint64_t count)
{
    if (count <= zipf->count)
        return;
    zipf->zeta += weights(zipf->theta, zipf->count, count);
    zipf->count = count;
    settle(zipf);
}

uint64_t zipf_draw(const struct zipf *zipf, struct dice *dice)
{
    double u = zipf_unit(dice), uz = u * zipf->zeta;
    if (uz < 1 || zipf->count < 2)
        return 0;
    if (uz < 1 + zipf->half || zipf->count < 3)
        return 1;
    uint64_t rank = (uint64_t)((double)zipf->count *
                               pow(zipf->eta * u - zipf->eta + 1, 1 / (1 - zipf->theta)));
    return rank < zipf->count ? rank : zipf->count - 1;
}
