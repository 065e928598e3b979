/* How often each operation comes: "read:95,update:5", in percent, with fractions. */
#ifndef STELE_BENCH_MIX_H
#define STELE_BENCH_MIX_H

#include "base/dice.h"
#include "base/status.h"
#include "bench/operation.h"

struct mix {
    double percent[OPERATION_COUNT];
    double below[OPERATION_COUNT]; /* sum of the shares up to here, 0..1 */
    enum operation last;           /* the last that has a share */
};

/* A name without a number is all of it. STATUS_INVALID names what is wrong: an unknown operation
 * (with the nearest), a part that is no percentage, a sum that is not 100. */
enum status mix_parse(const char *text, struct mix *out_mix, struct error *error);
/* Only one operation. */
void mix_set(struct mix *mix, enum operation operation);
enum operation mix_draw(const struct mix *mix, struct dice *dice);
bool mix_has_writes(const struct mix *mix);
bool mix_reads_rows(const struct mix *mix); /* some operation expects rows to be there */

#endif
