/* Seeded random numbers: the same seed gives the same numbers on every machine. For tests, the
 * simulated world and skip lists; never for secrets (env_random_bytes). One thread at a time.
 *
 * SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). */
#ifndef STELE_BASE_DICE_H
#define STELE_BASE_DICE_H

#include <stdbool.h>
#include <stdint.h>

/* Any value is a valid state: {seed}. */
struct dice {
    uint64_t state;
};

static inline uint64_t dice_next(struct dice *dice)
{
    uint64_t z = dice->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 .. limit-1, for limit >= 1; evenly enough for limits far below 2^64. */
static inline uint64_t dice_below(struct dice *dice, uint64_t limit)
{
    return dice_next(dice) % limit;
}

/* True `percent` times in a hundred. */
static inline bool dice_chance(struct dice *dice, unsigned percent)
{
    return dice_below(dice, 100) < percent;
}

#endif
