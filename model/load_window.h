/* How a tablet's load is measured and remembered for those who decide by it (split_policy.h, balance.h). Servers do it
 * (server/tablet/tablet_load, server/heat, server/master/assignment), and studies model that they do (bench/study). */
#ifndef STELE_MODEL_LOAD_WINDOW_H
#define STELE_MODEL_LOAD_WINDOW_H

#include "base/dice.h"

#define LOAD_WINDOW_S       10 /* of the rates that balance and split decide by */
#define LOAD_STRETCHES      32 /* of a tablet's keys that are measured apart, at most */
#define LOAD_SAMPLES        128
#define LOAD_SAMPLE_AGE_S   20
#define LOAD_SAMPLES_WANTED 64 /* in LOAD_WINDOW_S */
#define LOAD_SAMPLES_PER_SECOND                                                                    \
    13 /* more of them in one second: the step was too short, and doubles */
#define LOAD_FIRST_STEP    16
#define LOAD_KNOWN_AFTER_S (LOAD_WINDOW_S + 2) /* a window, and a report */

/* The step, which is the cost that a sample stands for, after a window of this cost. */
static inline uint64_t load_step(uint64_t window_cost)
{
    return window_cost / LOAD_SAMPLES_WANTED > 1 ? window_cost / LOAD_SAMPLES_WANTED : 1;
}

/* The cost until the next sample: the step in the mean, and no rhythm of the calls. */
static inline uint64_t load_next_sample(uint64_t step, struct dice *dice)
{
    return step / 2 + dice_below(dice, step + 1) + 1;
}

/* What a tablet is taken to carry after a report. One that has just been opened (is_new, for LOAD_KNOWN_AFTER_S) was
 * measured over a window in which it was not there: what it carried before (on another server, or as a part of its
 * parent) counts, where that is more. */
static inline float load_known(float before, float measured, bool is_new)
{
    return is_new && before > measured ? before : measured;
}

#endif
