#include "bench/significance.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

#define EXACT_MOST    20 /* values of both sides, for counting */
#define STUDENT_STEPS 400
#define FREE_LEAST    2.0
#define FOLLOW_MOST   .95
#define STEADY        .01 /* no second is known better than so, by the part of it */

struct value {
    double value;
    bool is_of_a;
};

static int compare_values(const void *left, const void *right)
{
    double a = ((const struct value *)left)->value, b = ((const struct value *)right)->value;
    return a < b ? -1 : a > b;
}

/* Sum of a's ranks; *out_ties: sum of t^3 - t over groups of equal values. */
static double rank_sum(const struct value *sorted, size_t count, double *out_ties)
{
    double sum = 0, ties = 0;
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && sorted[end].value == sorted[i].value)
            end++;
        double size = (double)(end - i), rank = ((double)i + 1 + (double)end) / 2;
        for (size_t j = i; j < end; j++)
            sum += sorted[j].is_of_a ? rank : 0;
        ties += size * size * size - size;
        i = end;
    }
    *out_ties = ties;
    return sum;
}

/* How many of the ways to choose a's places give each U: ways[u], by the usual recurrence. */
static double exact_probability(size_t a_count, size_t b_count, double u)
{
    enum { MOST = EXACT_MOST * EXACT_MOST / 4 + 1 };
    double ways[EXACT_MOST + 1][MOST] = {{0}}; /* of i values of a among those seen */
    double all = 0, tail = 0;
    size_t most = a_count * b_count;
    double smaller = fmin(u, (double)most - u);
    ways[0][0] = 1;
    for (size_t place = 1; place <= a_count + b_count; place++) {
        for (size_t i = place < a_count ? place : a_count; i >= 1; i--) {
            size_t before = place - i; /* values of b before this one */
            if (before > b_count)
                continue;
            for (size_t sum = most + 1; sum-- > before;)
                ways[i][sum] += ways[i - 1][sum - before];
        }
    }
    for (size_t sum = 0; sum <= most; sum++) {
        all += ways[a_count][sum];
        if ((double)sum <= smaller + 1e-9)
            tail += ways[a_count][sum];
    }
    return fmin(1, 2 * tail / all);
}

/* Lag-1 correlation of a series, not below 0. A short series shows less of it than there is (Kendall, 1954): that is
 * put back. */
static double follow(const double *values, size_t count)
{
    double mean = 0, variance = 0, product = 0;
    for (size_t i = 0; i < count; i++)
        mean += values[i] / (double)count;
    for (size_t i = 0; i < count; i++) {
        variance += (values[i] - mean) * (values[i] - mean);
        if (i > 0)
            product += (values[i] - mean) * (values[i - 1] - mean);
    }
    double n = (double)count, seen = variance > 0 ? fmax(product / variance, 0) : 0;
    return n > 4 ? fmin((seen + 1 / n) / (1 - 3 / n), FOLLOW_MOST) : FOLLOW_MOST;
}

static double normal_probability(const double *a, size_t a_count, const double *b, size_t b_count,
    double u, double ties, bool is_series)
{
    double n = (double)a_count, m = (double)b_count, all = n + m;
    double variance = n * m / 12 * (all + 1 - ties / (all * (all - 1)));
    double away = fmax(fabs(u - n * m / 2) - .5, 0);
    if (variance <= 0)
        return 1;
    double z = away / sqrt(variance);
    if (is_series) {
        double r = (follow(a, a_count) * n + follow(b, b_count) * m) / all;
        z /= sqrt((1 + r) / (1 - r));
    }
    return erfc(z / sqrt(2));
}

/* ---- Seconds of a run ---- */

/* Two-sided tail of Student's t: over the angle of which t / sqrt(df) is the tangent, by Simpson's rule. */
static double student_probability(double t, double freedom)
{
    double from = atan(fabs(t) / sqrt(freedom)), step = (acos(0) - from) / STUDENT_STEPS, sum = 0;
    for (int i = 0; i <= STUDENT_STEPS; i++) {
        double weight = i == 0 || i == STUDENT_STEPS ? 1 : i % 2 ? 4 : 2;
        sum += weight * pow(fmax(cos(from + i * step), 0), freedom - 1);
    }
    double scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(2 * acos(0));
    return fmin(1, 2 * scale * sum * step / 3);
}

/* Mean of the logarithms, how far it may be off (squared), and how many free values say so. */
struct level {
    double mean, variance, freedom;
};

static struct level level_of(const double *values, size_t count, double *logs)
{
    double n = (double)count;
    struct level level = {0};
    for (size_t i = 0; i < count; i++) {
        logs[i] = log1p(fmax(values[i], 0));
        level.mean += logs[i] / n;
    }
    for (size_t i = 0; i < count; i++)
        level.variance += (logs[i] - level.mean) * (logs[i] - level.mean) / (n - 1);
    double r = follow(logs, count), free = fmax(n * (1 - r) / (1 + r), FREE_LEAST);
    /* the mean suffers from the correlation more than the variance does */
    level.freedom = fmax(free, n / 2) - 1;
    level.variance = (level.variance + STEADY * STEADY) / free;
    return level;
}

static double level_probability(
    const double *a, size_t a_count, const double *b, size_t b_count, double *logs)
{
    struct level left = level_of(a, a_count, logs), right = level_of(b, b_count, logs);
    double both = left.variance + right.variance;
    double freedom = both * both /
                     (left.variance * left.variance / left.freedom +
                         right.variance * right.variance / right.freedom);
    return student_probability((left.mean - right.mean) / sqrt(both), freedom);
}

double significance_of(
    const double *a, size_t a_count, const double *b, size_t b_count, bool is_series)
{
    double ties;
    if (a_count < SIGNIFICANCE_LEAST || b_count < SIGNIFICANCE_LEAST)
        return NAN;
    struct value *values = memory_allocate((a_count + b_count) * sizeof *values);
    if (!values)
        return NAN;
    for (size_t i = 0; i < a_count; i++)
        values[i] = (struct value){a[i], true};
    for (size_t i = 0; i < b_count; i++)
        values[a_count + i] = (struct value){b[i], false};
    qsort(values, a_count + b_count, sizeof *values, compare_values);
    double n = (double)a_count, u = rank_sum(values, a_count + b_count, &ties) - n * (n + 1) / 2;
    memory_free(values);
    if (is_series) {
        double *logs = memory_allocate((a_count > b_count ? a_count : b_count) * sizeof *logs);
        double by_level = logs ? level_probability(a, a_count, b, b_count, logs) : 1;
        double by_rank = normal_probability(a, a_count, b, b_count, u, ties, true);
        memory_free(logs);
        return fmin(1, 2 * fmin(by_rank, by_level));
    }
    if (ties == 0 && a_count + b_count <= EXACT_MOST)
        return exact_probability(a_count, b_count, u);
    return normal_probability(a, a_count, b, b_count, u, ties, false);
}
