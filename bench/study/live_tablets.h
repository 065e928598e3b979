/* Where the tablets of a run are, as hbase:meta said last. Pure; what has changed since the reading before is what happened. */
#ifndef STELE_BENCH_STUDY_LIVE_TABLETS_H
#define STELE_BENCH_STUDY_LIVE_TABLETS_H

#include "bench/study/row_set.h"
#include "bench/study/study_run.h"

#define LIVE_TABLETS_SEEN 1024 /* further ones are passed over */

struct seen_tablet {
    struct study_row start;
    uint32_t server;
    uint32_t told; /* its number in the run's load */
};

struct live_tablets {
    struct seen_tablet *now, *next; /* by start; as they are, and being read */
    size_t count, next_count;
};

/* False: no memory. */
bool live_tablets_init(struct live_tablets *tablets);
void live_tablets_deinit(struct live_tablets *tablets);

/* A reading: begin, add each in order of starts, end. `server` SIZE_MAX: nowhere now. */
void live_tablets_begin(struct live_tablets *tablets);
void live_tablets_add(struct live_tablets *tablets, struct span start, size_t server);
/* Notes splits and moves since the reading before, if there was one, and in the run's load which tablets there are now.
 * A reading of nothing is none. */
void live_tablets_end(struct live_tablets *tablets, const struct row_set *set, unsigned second,
    struct study_run *run);

/* The tablet that has the row; there was a reading. */
const struct seen_tablet *live_tablets_of(
    const struct live_tablets *tablets, const struct study_row *row);

#endif
