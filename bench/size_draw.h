/* Sizes drawn from a distribution: bytes of a value, rows of a scan.
 *
 *   100                 always that
 *   uniform:10-1000     each as likely
 *   zipf:10-1000        small ones far more often (theta 0.99)
 *   exponential:100     that mean, cut at 20 times it */
#ifndef STELE_BENCH_SIZE_DRAW_H
#define STELE_BENCH_SIZE_DRAW_H

#include "base/dice.h"
#include "base/status.h"
#include "bench/zipf.h"

enum size_kind { SIZE_FIXED, SIZE_UNIFORM, SIZE_ZIPF, SIZE_EXPONENTIAL };

struct size_draw {
    enum size_kind kind;
    uint64_t least, most; /* bounds, inclusive */
    double mean;          /* of SIZE_EXPONENTIAL */
    struct zipf zipf;     /* of SIZE_ZIPF */
};

/* STATUS_INVALID, with what it takes, when the text is none of them or a size is above `limit`. */
enum status size_draw_parse(
    const char *text, uint64_t limit, struct size_draw *out_draw, struct error *error);
struct size_draw size_draw_fixed(uint64_t size);
uint64_t size_draw_next(const struct size_draw *draw, struct dice *dice);

#endif
