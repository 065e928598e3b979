/* A run second by second: threads give what they did in each, the command takes the sums.
 *
 *   runner (a thread) -> recorder, its current second -> timeline, open seconds -> the command's thread: live
 *   line, logs, totals
 *
 * Seconds are numbered from the end of the warm-up, which has negative ones; an operation belongs to the second in
 * which it ended. A second is whole once every thread has gone past it, and is taken in order.
 *
 * Threads: a recorder is its thread's; the timeline is guarded by its mutex; what was taken is the taker's. */
#ifndef STELE_BENCH_TIMELINE_H
#define STELE_BENCH_TIMELINE_H

#include "bench/operation.h"
#include "bench/tally.h"

struct timeline;

struct second {
    int64_t number;
    uint64_t length_ns; /* shorter at the ends of a run */
    struct tally tallies[OPERATION_COUNT];
    struct second *next;
};

/* Of all operations together; service latencies (intended where there are) of the merge are the
 * caller's to free. False on no memory. */
bool second_sum(const struct second *second, struct tally *out_sum);

/* NULL on no memory. */
struct timeline *timeline_new(size_t threads);
void timeline_free(struct timeline *timeline);
/* The next whole second, or NULL when there was none within the time; give it back. */
struct second *timeline_take(struct timeline *timeline, unsigned timeout_ms);
void timeline_give_back(struct timeline *timeline, struct second *second);
/* All threads have ended and every second was taken. */
bool timeline_is_over(struct timeline *timeline);
/* Memory ran out for a histogram: what is told lacks something. */
bool timeline_is_short_of_memory(struct timeline *timeline);

struct recorder {
    struct timeline *timeline;
    size_t thread;
    uint64_t origin_ns; /* where second 0 begins */
    uint64_t from_ns;   /* the current second, cut at the run's start */
    uint64_t until_ns;
    int64_t number;
    struct tally tallies[OPERATION_COUNT]; /* of the current second */
    bool is_short_of_memory;
};

void recorder_init(struct recorder *recorder, struct timeline *timeline, size_t thread,
    uint64_t start_ns, uint64_t origin_ns);
void recorder_deinit(struct recorder *recorder);
/* Closes the seconds that are over. To be called now and then, and before what ended now is
 * recorded. */
static inline void recorder_tick(struct recorder *recorder, uint64_t now_ns);
/* One that ended now. The second's tally, for the other counts. */
struct tally *recorder_record(struct recorder *recorder, enum operation operation,
    uint64_t service_ns, const uint64_t *intended_ns);
/* The thread's end: gives what is left. */
void recorder_end(struct recorder *recorder, uint64_t now_ns);

void recorder_turn(struct recorder *recorder, uint64_t now_ns);
static inline void recorder_tick(struct recorder *recorder, uint64_t now_ns)
{
    if (now_ns >= recorder->until_ns)
        recorder_turn(recorder, now_ns);
}

#endif
