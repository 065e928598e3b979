/* Which rows a load asks for, as numbers 0 .. rows-1 (hotspot.md 2.1).
 *
 *   uniform                     every row as often
 *   sequential                  each row once, in order, the threads interleaved
 *   zipf[:THETA]                a few rows take most; the busiest are the first keys: a hot range
 *   zipf-scrambled[:THETA]      the same, the busy rows scattered over the keys
 *   latest[:THETA]              zipf from the newest row backwards
 *   hotspot:OPS/KEYS            OPS % of the operations on the first KEYS % of the rows
 *   exponential[:OPS/KEYS]      falls off from the first key; OPS % of them on the first KEYS %
 *   single:OPS                  OPS % on one row in the middle, the others uniform
 *   cohort:OPS/FROM-TO          OPS % on the rows between FROM % and TO % of the keys
 *   moving:OPS/KEYS/SECONDS     a hot spot that jumps elsewhere every so many seconds
 *   burst:OPS/KEYS/EVERY/FOR    a hot spot for FOR seconds out of EVERY, uniform in between
 *   append                      writes go one past the last row; reads are `latest`
 *
 * A number is not yet a key: whether neighbours in number are neighbours in the table is the key
 * format's to say (key_format.h). With hashed keys no distribution but `single` makes a hot range.
 *
 * A distribution is immutable once parsed and may be shared; a key_draw belongs to one thread. */
#ifndef STELE_BENCH_KEY_DISTRIBUTION_H
#define STELE_BENCH_KEY_DISTRIBUTION_H

#include "base/status.h"
#include "bench/zipf.h"

enum key_kind {
    KEYS_UNIFORM,
    KEYS_SEQUENTIAL,
    KEYS_ZIPF,
    KEYS_ZIPF_SCRAMBLED,
    KEYS_LATEST,
    KEYS_HOTSPOT,
    KEYS_EXPONENTIAL,
    KEYS_SINGLE,
    KEYS_COHORT,
    KEYS_MOVING,
    KEYS_BURST,
    KEYS_APPEND,
    KEY_KINDS
};

struct key_distribution {
    enum key_kind kind;
    double theta;    /* zipf, latest, append */
    double share;    /* 0..1: of the operations */
    double from, to; /* 0..1: the hot part of the rows; HOTSPOT, MOVING, BURST: from is 0 */
    double every_s, for_s;
};

/* STATUS_INVALID names what is wrong: an unknown name with the nearest, or what the name takes. */
enum status key_distribution_parse(
    const char *text, struct key_distribution *out_distribution, struct error *error);
const char *key_kind_name(enum key_kind kind);

struct key_draw {
    struct dice dice;
    struct zipf zipf;    /* of as many rows as there were at the last draw */
    uint64_t next, step; /* KEYS_SEQUENTIAL */
    uint64_t first_rows; /* rows at the start: what a scrambled rank is folded into */
};

/* Thread `index` of `count`. rows >= 1. */
void key_draw_init(struct key_draw *draw, const struct key_distribution *distribution,
    uint64_t rows, uint64_t seed, size_t index, size_t count);
/* The next row number, of `rows` that there are now (never fewer than before), `now_s` after the
 * start. */
uint64_t key_draw_next(struct key_draw *draw, const struct key_distribution *distribution,
    uint64_t rows, double now_s);
/* Spreads numbers: a bijection of 64 bits. */
uint64_t key_scramble(uint64_t number);

#endif
