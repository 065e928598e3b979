/* Patience: whether a thread with nothing to do looks again and again for a while (polls) before it
 * sleeps.
 *
 * Waking a thread that sleeps costs microseconds on the waker and on the woken, more where an idle
 * core has to be started for it; polling costs a core for as long as it lasts. So a thread polls only
 * while polling pays: when work came in time the last time. Each poll in vain doubles the number of
 * waits that pass without one (to PATIENCE_SKIP_MAX), a paid one sets it back to none.
 *
 * The poller gives its core away in every round (sched_yield), so whoever else could run does; a
 * round that took longer than PATIENCE_ROUND_NS says that somebody did, that the machine is busy,
 * and counts as a poll in vain. One owner thread each; no locks. */
#ifndef STELE_BASE_PATIENCE_H
#define STELE_BASE_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#define PATIENCE_SKIP_MAX 4096
#define PATIENCE_ROUND_NS 100000

struct patience {
    uint32_t skip;    /* waits to pass before the next poll */
    uint32_t penalty; /* what the next poll in vain sets skip to */
};

/* Before a wait: true when it is worth a poll. */
bool patience_may_poll(struct patience *patience);
/* After a poll. */
void patience_note(struct patience *patience, bool has_paid);

/* A poll under way. */
struct poll {
    uint64_t deadline_ns;
    uint64_t round_ns; /* when the last round began */
    bool is_disturbed; /* a round took too long */
};

void poll_begin(struct poll *poll, uint64_t limit_ns);
/* Gives the core away; false when the poll is over without success. */
bool poll_round(struct poll *poll);

#endif
