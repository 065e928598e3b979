/* What must hold of a load: "p99<5ms,rate>=1000,read.p99.9<20ms,errors<1%,tablet_max_mean<2".
 *
 *   [operation.][service. | intended.]METRIC COMPARISON NUMBER[UNIT]
 *
 *   mean max p50 p90 p99 p99.9 p99.99   latency, with a unit: us, ms, s; intended in an open loop
 *                                       unless "service." stands before it
 *   rate                                operations a second
 *   operations missing                  counts
 *   errors                              a count, or with % a share of the requests
 *   server_cpu client_cpu               CPU time per operation, with a unit
 *   tablet_max_mean server_max_mean     the busiest over the mean
 *
 * What is not known (too few samples, no server on this host) does not hold. */
#ifndef STELE_BENCH_ASSERTION_H
#define STELE_BENCH_ASSERTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct load_outcome;

#define ASSERTIONS_MOST 32

struct assertion {
    char text[80];
    int operation;           /* -1: all together */
    int source;              /* of latency: what is there, service, intended */
    unsigned metric;         /* index in the table of metrics */
    bool is_share;           /* errors in percent */
    bool is_less, is_strict; /* the comparison */
    double bound;            /* microseconds, a number, or 0..1 */
};

struct assertions {
    struct assertion list[ASSERTIONS_MOST];
    size_t count;
};

/* STATUS_INVALID names what is wrong, with the nearest metric. NULL: none. */
enum status assertions_parse(
    const char *text, struct assertions *out_assertions, struct error *error);
/* Whether it holds; *out_value is NAN when the value is not known. */
bool assertion_holds(
    const struct assertion *assertion, const struct load_outcome *outcome, double *out_value);
/* Checks all; a line on stderr for each that does not hold. True when all do. */
bool assertions_check(const struct assertions *assertions, const struct load_outcome *outcome);

#endif
