/* Patience: whether a thread with nothing to do looks again and again for a while (polls) before it
 * sleeps.
 *
 * Waking a thread that sleeps costs microseconds on the waker and on the woken, more where an idle
 * core has to be started for it; polling costs a core for as long as it lasts. So a thread polls only
 * while polling pays: when work came in time the last time. Each poll in vain doubles the number of
 * waits that pass without one (to PATIENCE_SKIP_MAX), a paid one sets it back to none.
 *
 * A poll that finds its work has not thereby paid: where a core's time is scarce, the poller may take it from
 * the very work it waits for (another thread's, the kernel's, the host's that runs this virtual machine).
 * So somebody who sees the work done, the log thread, holds a trial: turns with polling against turns
 * without, by the clock; nobody in the process polls unless the trial shows that it is faster.
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

/* Before a wait: true when it is worth a poll. False throughout the process while patience_allow forbids it. */
bool patience_may_poll(struct patience *patience);
/* After a poll. */
void patience_note(struct patience *patience, bool has_paid);

/* Whether anybody of this process may poll; at first everybody may. Any thread. */
void patience_allow(bool is_allowed);

#define POLL_TRIAL_SPAN_MAX_NS  5000000 /* longer is a pause of the load, not its pace */
#define POLL_TRIAL_SETTLE       4       /* spans of a turn that still belong to the turn before */
#define POLL_TRIAL_SPANS        32      /* spans of a turn that count */
#define POLL_TRIAL_TURNS        16      /* of a trial, half of them with polling */
#define POLL_TRIAL_HOLD         8192    /* spans for which its result holds */
#define POLL_TRIAL_GAIN_PERCENT 3       /* what polling has to gain: it costs a core's time */

/* A trial of polling: begins as {0}. One owner thread. */
struct poll_trial {
    uint64_t last_ns; /* when the work before was done; 0: that was no such work */
    uint32_t spans;   /* of this turn, or of the hold */
    uint32_t turns;   /* that are over */
    /* Of the spans that counted, without and with polling. */
    uint64_t sum_ns[2], sum_work[2];
    bool is_better; /* what the last trial showed */
};

/* So much work (in whatever unit) was done at now_ns. True: poll until the next is done. */
bool poll_trial_note(struct poll_trial *trial, uint64_t now_ns, uint64_t work);
/* Work was done that has nothing to do with polling: the next span says nothing. */
void poll_trial_pause(struct poll_trial *trial);

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
