/* What the heat of a table's keys looks like, and what to do about it: a pure function from shares of load by key range
 * and time to a pattern, the reason for calling it so, and advice with its price (facts: the patterns that Google's Key
 * Visualizer teaches; CockroachDB's popular key and access direction; the HBase book's "Rowkey Design").
 *
 *   single row     one row takes a quarter of the load or more: no key and no split spreads it
 *   append         new load lies beyond the old: at the end of the keys, or moving up through them
 *   prepend        the same at the other end
 *   narrow range   half the load on a few neighbouring ranges (a twentieth of the keys or less)
 *   wide cohort    half the load on up to a third of the keys, side by side
 *   periodic       the load as a whole comes in waves
 *   burst          one wave
 *   even           none of these; busy keys, if any, are scattered
 *
 * The first that fits, in this order. Threads: any; no state. */
#ifndef STELE_MODEL_KEY_ADVICE_H
#define STELE_MODEL_KEY_ADVICE_H

#include "base/bytes.h"

#define KEY_ADVICE_BUCKETS_MOST 4096
#define KEY_ADVICE_TEXT         512

enum key_pattern {
    KEY_EVEN,
    KEY_SINGLE_ROW,
    KEY_APPEND,
    KEY_PREPEND,
    KEY_NARROW_RANGE,
    KEY_WIDE_COHORT,
    KEY_PERIODIC,
    KEY_BURST,
    KEY_PATTERNS /* how many; not a pattern */
};

/* "single row", "append" ... */
const char *key_pattern_name(enum key_pattern pattern);

/* Load (requests, bytes, CPU: any one) by ranges of keys in order, about as many rows in each, and by time. */
struct key_heat {
    const double *loads; /* loads[column * buckets + bucket]; columns are equally long */
    size_t buckets;      /* up to KEY_ADVICE_BUCKETS_MOST */
    size_t columns;      /* 1: nothing is known about time */
    double column_s;     /* seconds of a column */
    double top_share;    /* of the busiest row in all load; 0 = not known */
    struct span top_row;
    const struct span *starts; /* first keys of the ranges, for the words; NULL = not known */
    size_t servers;            /* 0 = not known */
    bool is_cut_before, is_cut_after; /* the table's keys go on there, so that end says nothing */
};

struct key_diagnosis {
    enum key_pattern pattern;
    double share;    /* of the load that the pattern is about, 0 to 1 */
    size_t from, to; /* the ranges it is about, [from, to) */
    double max_mean; /* of the ranges */
    double period_s; /* periodic: from wave to wave */
    bool
        is_cured_by_split; /* splits by load and the balancer even it out; else only other keys do */
    char reason[KEY_ADVICE_TEXT];
    char advice[KEY_ADVICE_TEXT];
    char price[KEY_ADVICE_TEXT];
};

/* False when there is no load at all, or more ranges than can be. */
bool key_advice_diagnose(const struct key_heat *heat, struct key_diagnosis *out_diagnosis);
/* How many buckets a salt should have: a power of two, at least twice the servers. */
unsigned key_advice_salt(size_t servers);

#endif
