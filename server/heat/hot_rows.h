/* The rows that take most, found in little memory: Space-Saving (Metwally, Agrawal, El Abbadi: "Efficient Computation
 * of Frequent and Top-k Elements in Data Streams", 2005).
 *
 * HOT_ROW_SLOTS rows are counted. A row that is not among them takes the place of the one with the least count, and
 * goes on from there: its count may be too high by what it took over, which is kept as its error. So a row with more
 * than 1 / HOT_ROW_SLOTS of all operations is surely there, and count - error <= true count <= count.
 *
 * Windows. Counts are of the window that runs and the one before it (hot_rows_turn begins the next), so that old heat
 * is forgotten.
 *
 * Sampling. A call that comes is counted for sure while there are few: the first HOT_ROW_BURST or so of a window (fewer than
 * HOT_ROW_AT_ONCE in one second), and HOT_ROW_EXACT a second. Where there are more only every so many is, for that many ("stride"): every fourth one up to
 * 4 * HOT_ROW_SAMPLES a second, then every eighth, and so on, so that there are never more than HOT_ROW_SAMPLES samples a
 * second for long.
 * The answer's error then has twice the standard deviation of that in it: it is a bound for 19 in 20. What it costs a
 * call at any rate: bench/heat_cost.py.
 *
 * Threads: one at a time. 10 KiB a sketch. */
#ifndef STELE_SERVER_HEAT_HOT_ROWS_H
#define STELE_SERVER_HEAT_HOT_ROWS_H

#include "base/arena.h"
#include "base/dice.h"
#include "server/heat/heat_report.h"

#define HOT_ROW_SLOTS 64
#define HOT_ROW_PREFIX                                                                             \
    64 /* bytes of a row that are kept: longer ones with the same beginning count as one */
#define HOT_ROW_EXACT   64  /* calls a second up to which each is a sample */
#define HOT_ROW_STRIDE  4   /* the least above 1 */
#define HOT_ROW_SAMPLES 192 /* samples a second, at most about, when there are more */
#define HOT_ROW_BURST   512 /* samples of a window that may come faster than HOT_ROW_EXACT a second */
#define HOT_ROW_AT_ONCE                                                                            \
    256 /* ... of which as many may be of one second: what people try by hand is exact */

struct hot_rows;

struct hot_rows *hot_rows_new(void);       /* NULL on no memory */
void hot_rows_free(struct hot_rows *rows); /* NULL is fine */
size_t hot_rows_memory(void);              /* bytes of one */

/* A call on a row that stands for `weight` of them. */
void hot_rows_count(struct hot_rows *rows, struct span row, uint64_t weight);

/* Says which calls are samples. */
struct hot_sampler {
    uint32_t left;                    /* calls until the next */
    uint32_t stride;                  /* 1 = each */
    uint32_t taken;                   /* samples of this second, as many as with this stride */
    uint32_t most;                    /* ... at which the stride is made longer */
    uint32_t window;                  /* samples of this window, before this second */
    uint32_t highest, highest_before; /* strides of this window and the one before: for the error */
    struct dice dice;
};

uint64_t hot_sampler_take(struct hot_sampler *sampler);

/* What the next call weighs; 0: it is none. */
static inline uint64_t hot_sampler_next(struct hot_sampler *sampler)
{
    if (sampler->left > 1) {
        sampler->left--;
        return 0;
    }
    if (sampler->stride > 1 || sampler->taken + 1 >= sampler->most)
        return hot_sampler_take(sampler);
    sampler->taken++;
    return 1;
}

void hot_sampler_init(struct hot_sampler *sampler, uint64_t seed);
/* Once a second: the stride follows the calls. */
void hot_sampler_second(struct hot_sampler *sampler);
/* With hot_rows_turn. */
void hot_sampler_turn(struct hot_sampler *sampler);
/* The greatest stride of both windows. */
uint32_t hot_sampler_stride(const struct hot_sampler *sampler);

/* The window that runs becomes the one before. */
void hot_rows_turn(struct hot_rows *rows);
/* All operations counted in both windows. */
double hot_rows_all(const struct hot_rows *rows);
/* The rows of both windows, most first, at most `most`; copied into the arena. `stride`: the greatest that was used. */
enum status hot_rows_list(const struct hot_rows *rows, enum heat_row_kind kind, uint32_t stride,
    size_t most, struct arena *arena, struct hot_row **out_rows, size_t *out_count);

#endif
