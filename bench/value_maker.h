/* Values to write: sizes from a distribution, bytes that compress as much as asked.
 *
 * A value is a slice at a random place of a pool that is made once, in blocks of 32 bytes: the
 * first part of a block random, the rest text that repeats. Making one costs two random numbers. */
#ifndef STELE_BENCH_VALUE_MAKER_H
#define STELE_BENCH_VALUE_MAKER_H

#include <stdbool.h>

#include "base/bytes.h"
#include "bench/size_draw.h"

struct value_plan {
    struct size_draw size;
    unsigned compressible_percent; /* of the bytes */
};

struct value_maker {
    const struct value_plan *plan;
    uint8_t *pool; /* owned */
    size_t pool_size;
};

/* False on no memory. The plan is borrowed. */
bool value_maker_init(struct value_maker *maker, const struct value_plan *plan, struct dice *dice);
void value_maker_deinit(struct value_maker *maker);
/* Borrowed until the maker goes. */
struct span value_maker_next(const struct value_maker *maker, struct dice *dice);

#endif
