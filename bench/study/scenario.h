/* Scenarios of a study: who is in the table, and who is asked for (hotspot.md 2.1).
 *
 * A population is made from a seed, in natural key order, each key once; requests are drawn from it, or append to it. Two draws with
 * the same seed give the same requests, whatever the row keys look like: every design sees one logical trace.
 *
 * Threads: a population is immutable once made; a dice belongs to one thread. */
#ifndef STELE_BENCH_STUDY_SCENARIO_H
#define STELE_BENCH_STUDY_SCENARIO_H

#include "base/dice.h"
#include "base/status.h"
#include "bench/study/study_key.h"

enum access_kind {
    ACCESS_UNIFORM,
    ACCESS_RANGE,  /* `share` of the requests fall on [from, to) of the keys, in natural order */
    ACCESS_MOVING, /* the same range, which jumps elsewhere every period_s */
    ACCESS_ZIPF,   /* theta 0.99, the most popular key first in natural order */
    ACCESS_ZIPF_SCRAMBLED, /* theta 0.99, popularity scattered over the keys */
    ACCESS_SINGLE,         /* `share` of the requests on one row, the rest uniform */
    ACCESS_APPEND, /* new rows: the time field is now, the others are drawn from the population */
};

#define SCENARIO_QUERIES 2
#define SCENARIO_MAPPERS 14

struct scenario_query {
    const char *name;                /* "born in May 2003"; NULL: none */
    const char *known[STUDY_FIELDS]; /* what each field begins with; NULL: not known */
};

struct scenario {
    const char *name;
    const char *summary;
    struct study_layout layout;
    size_t population;
    enum access_kind access;
    double share;              /* RANGE, MOVING, SINGLE */
    const char *from, *to;     /* RANGE: first field's bounds, [from, to); NULL: the next two */
    double from_part, to_part; /* RANGE, MOVING: as parts of the population */
    unsigned period_s;         /* MOVING */
    int time_field;            /* APPEND, and what the population's time field is; -1 = none */
    unsigned groups; /* distinct values of the field that is not time; 0 = a fresh one each */
    bool is_grouped_by_zipf; /* some groups are far busier than others */
    struct scenario_query queries[SCENARIO_QUERIES];
    const char *mappers[SCENARIO_MAPPERS]; /* the designs of its default study */
};

/* NULL when there is none; scenario_nearest names the nearest. */
const struct scenario *scenario_find(const char *name);
const char *scenario_nearest(const char *name);
/* Calls each() for all of them. */
void scenario_each(void (*each)(void *context, const struct scenario *scenario), void *context);

struct population {
    const struct scenario *scenario;
    struct study_key *keys; /* in natural order */
    size_t count;
    size_t hot_from, hot_to; /* RANGE: indexes */
    double zipf_zeta;        /* of `count`, for theta 0.99 */
    double group_zeta;       /* of `groups` */
    uint64_t seed;           /* ZIPF_SCRAMBLED: which keys are the popular ones */
};

/* STATUS_INVALID when the fields cannot tell so many keys apart. */
enum status population_make(const struct scenario *scenario, uint64_t seed,
    struct population *out_population, struct error *error);
void population_deinit(struct population *population);

/* The next request at second `now_s`: an index of the population, or SIZE_MAX with the new key in *out_key. */
size_t population_draw(const struct population *population, struct dice *dice, double now_s,
    struct study_key *out_key);
void scenario_query_key(
    const struct scenario *scenario, const struct scenario_query *query, struct study_key *out_key);

#endif
