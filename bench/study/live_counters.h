/* The tablets' own counters during a run, look by look, put together: how many calls they say there were. Pure.
 *
 *   begin_look -> take: each region of each server's report -> end_look
 *
 * A tablet that moves begins anew at another server, and while it is on its way two servers' reports may have it: so one
 * is a region at a server. What it took from its last report to its end is in no report: `lost` is a guess at it. */
#ifndef STELE_BENCH_STUDY_LIVE_COUNTERS_H
#define STELE_BENCH_STUDY_LIVE_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define LIVE_COUNTED_MOST 1024 /* further ones are passed over */
#define LIVE_ENCODED_SIZE 32

struct counted_tablet {
    char encoded[LIVE_ENCODED_SIZE];
    size_t server;
    uint64_t requests;
    uint64_t grown; /* from the look before to the last */
    unsigned look;  /* the last that had it; of a tablet that is gone, forgotten */
};

struct live_counters {
    struct counted_tablet tablets[LIVE_COUNTED_MOST];
    size_t count;
    bool has_begun; /* what was there before does not count */
    unsigned look;
    size_t reported; /* regions that the last look had */
    uint64_t total, lost;
};

/* From now on what rises counts, and all of a tablet that is new. */
void live_counters_begin(struct live_counters *counters);
void live_counters_begin_look(struct live_counters *counters);
/* region: "t,start,id.ENCODED."; one of another shape, and past LIVE_COUNTED_MOST, is passed over. */
void live_counters_take(
    struct live_counters *counters, struct span region, size_t server, uint64_t requests);
void live_counters_end_look(struct live_counters *counters);

#endif
