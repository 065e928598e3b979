/* Whether two samples differ by more than chance: the Mann-Whitney U test, two-sided.
 *
 * It asks only for ranks, so outliers and odd shapes of latency do no harm. Small samples without
 * ties are counted exactly; others by the normal approximation with corrections for ties and
 * continuity. Seconds of one run follow each other and are less than independent: for them the
 * deviation is widened by sqrt((1 + r) / (1 - r)), r being their lag-1 correlation when positive.
 *
 * Ranks alone cannot tell much of a few seconds, however far apart the two runs are. So seconds are
 * tested a second way: by Welch's t of their logarithms, with as many free values as their
 * correlation leaves. The smaller of the two probabilities counts, twice.
 *
 * Both know only what varies within a run. What differs from one run to the next, three runs of each side tell.
 *
 * Sources: Welch, "The generalization of Student's problem when several different population
 * variances are involved" (Biometrika, 1947); Kendall, "Note on bias in the estimation of
 * autocorrelation" (Biometrika, 1954); Mann and Whitney, "On a Test of Whether one of Two Random Variables is Stochastically
 * Larger than the Other" (Annals of Mathematical Statistics, 1947). */
#ifndef STELE_BENCH_SIGNIFICANCE_H
#define STELE_BENCH_SIGNIFICANCE_H

#include <stdbool.h>
#include <stddef.h>

#define SIGNIFICANCE_LEAST 3 /* values a side; fewer tell nothing */

/* The probability of a difference at least as large if both came from one distribution; NAN when a
 * side has too few values or memory is short. is_series: values follow each other in time. */
double significance_of(
    const double *a, size_t a_count, const double *b, size_t b_count, bool is_series);

#endif
