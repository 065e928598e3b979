#include "server/web/web_skew.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

bool web_skew_of(double *values, size_t count, struct web_skew *out_skew)
{
    double sum = 0, squares = 0, ranked = 0;
    if (count == 0)
        return false;
    qsort(values, count, sizeof *values, compare);
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
        squares += values[i] * values[i];
        ranked += ((double)i + 1) * values[i];
    }
    if (!(sum > 0))
        return false;
    double n = (double)count;
    out_skew->max_mean = values[count - 1] / (sum / n);
    out_skew->gini = 2 * ranked / (n * sum) - (n + 1) / n;
    out_skew->effective = sum * sum / squares;
    return true;
}
