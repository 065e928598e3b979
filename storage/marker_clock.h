/* The least timestamp that a row's next write may have, where that is ahead of the clock.
 *
 * A marker hides what has its own timestamp too, whatever came first (HBase's rule). Writes that leave
 * the timestamp to the server therefore must not share it with a marker that came before them: in one
 * millisecond, or while the clock of a tablet's new server is behind. An increment or append of a cell of
 * this millisecond is stamped with the next one, and a marker after it must not be earlier. Rows are kept
 * by a few bits of their hash: two rows in one place cost a millisecond, nothing else.
 *
 * Threads: any; the row's lock orders note and after of one row. */
#ifndef STELE_STORAGE_MARKER_CLOCK_H
#define STELE_STORAGE_MARKER_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#define MARKER_CLOCK_PLACES 64 /* a power of two */

struct marker_clock {
    _Atomic int64_t newest_ms[MARKER_CLOCK_PLACES];
};

/* At open: nothing is known but the greatest timestamp that was given out, by owners whose clocks were
 * others. */
static inline void marker_clock_reset(struct marker_clock *clock, int64_t greatest_ms)
{
    for (int i = 0; i < MARKER_CLOCK_PLACES; i++)
        atomic_store_explicit(&clock->newest_ms[i], greatest_ms, memory_order_relaxed);
}

static inline void marker_clock_note(
    struct marker_clock *clock, uint64_t row_hash, int64_t marker_ms)
{
    _Atomic int64_t *place = &clock->newest_ms[row_hash % MARKER_CLOCK_PLACES];
    int64_t before = atomic_load_explicit(place, memory_order_relaxed);
    while (before < marker_ms && !atomic_compare_exchange_weak_explicit(place, &before, marker_ms,
                                     memory_order_relaxed, memory_order_relaxed))
        continue;
}

/* The least timestamp for the row. */
static inline int64_t marker_clock_after(struct marker_clock *clock, uint64_t row_hash)
{
    return 1 + atomic_load_explicit(
                   &clock->newest_ms[row_hash % MARKER_CLOCK_PLACES], memory_order_relaxed);
}

#endif
