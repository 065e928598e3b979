#include "bench/study/skew.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

static int compare_loads(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

struct skew skew_of(const double *loads, size_t count)
{
    double sorted[SKEW_MOST], sum = 0, squares = 0, weighted = 0;
    struct skew skew = {0};
    CHECK(count <= SKEW_MOST);
    if (count == 0)
        return skew;
    memcpy(sorted, loads, count * sizeof *loads);
    qsort(sorted, count, sizeof *sorted, compare_loads);
    for (size_t i = 0; i < count; i++) {
        sum += sorted[i];
        squares += sorted[i] * sorted[i];
        weighted += (double)(i + 1) * sorted[i];
    }
    if (sum <= 0)
        return skew;
    skew.max_mean = sorted[count - 1] * (double)count / sum;
    skew.gini = 2 * weighted / ((double)count * sum) - (double)(count + 1) / (double)count;
    skew.effective = sum * sum / squares;
    skew.top_share = sorted[count - 1] / sum;
    return skew;
}
