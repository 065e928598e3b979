#include "base/patience.h"

#include <sched.h>
#include <stdatomic.h>
#include <time.h>

static _Atomic bool is_forbidden;

void patience_allow(bool is_allowed)
{
    atomic_store_explicit(&is_forbidden, !is_allowed, memory_order_relaxed);
}

bool patience_may_poll(struct patience *patience)
{
    if (patience->skip > 0) { /* a wait passes, also while nobody may poll */
        patience->skip--;
        return false;
    }
    return !atomic_load_explicit(&is_forbidden, memory_order_relaxed);
}

void patience_note(struct patience *patience, bool has_paid)
{
    if (has_paid) {
        *patience = (struct patience){0};
        return;
    }
    patience->penalty = patience->penalty ? patience->penalty * 2 : 1;
    if (patience->penalty > PATIENCE_SKIP_MAX)
        patience->penalty = PATIENCE_SKIP_MAX;
    patience->skip = patience->penalty;
}

/* ---- Trials ---- */

/* Turns are by turns, so that what else changes on the machine meanwhile meets both alike. */
static bool is_turn_with_polling(const struct poll_trial *trial)
{
    return trial->turns % 2 == 1;
}

static void end_trial(struct poll_trial *trial)
{
    trial->is_better = trial->sum_ns[true] * trial->sum_work[false] * 100 <
                       trial->sum_ns[false] * trial->sum_work[true] *
                           (100 - POLL_TRIAL_GAIN_PERCENT);
    for (int i = 0; i < 2; i++)
        trial->sum_ns[i] = trial->sum_work[i] = 0;
}

/* The span before this one ended here. */
static void count_span(struct poll_trial *trial, uint64_t span_ns, uint64_t work)
{
    bool is_holding = trial->turns == POLL_TRIAL_TURNS;
    trial->spans++;
    if (!is_holding && trial->spans > POLL_TRIAL_SETTLE) {
        trial->sum_ns[is_turn_with_polling(trial)] += span_ns;
        trial->sum_work[is_turn_with_polling(trial)] += work;
    }
    if (trial->spans < (is_holding ? POLL_TRIAL_HOLD : POLL_TRIAL_SETTLE + POLL_TRIAL_SPANS))
        return;
    trial->spans = 0;
    trial->turns = is_holding ? 0 : trial->turns + 1;
    if (trial->turns == POLL_TRIAL_TURNS)
        end_trial(trial);
}

bool poll_trial_note(struct poll_trial *trial, uint64_t now_ns, uint64_t work)
{
    uint64_t span_ns = now_ns - trial->last_ns;
    if (trial->last_ns != 0 && now_ns >= trial->last_ns && span_ns <= POLL_TRIAL_SPAN_MAX_NS)
        count_span(trial, span_ns, work);
    trial->last_ns = now_ns;
    return trial->turns == POLL_TRIAL_TURNS ? trial->is_better : is_turn_with_polling(trial);
}

void poll_trial_pause(struct poll_trial *trial)
{
    trial->last_ns = 0;
}

/* ---- Polls ---- */

/* The machine's, whatever an env says: it bounds what a core is spent on. */
static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void poll_begin(struct poll *poll, uint64_t limit_ns)
{
    poll->round_ns = now_ns();
    poll->deadline_ns = poll->round_ns + limit_ns;
    poll->is_disturbed = false;
}

bool poll_round(struct poll *poll)
{
    sched_yield();
    uint64_t now = now_ns();
    poll->is_disturbed = now - poll->round_ns > PATIENCE_ROUND_NS;
    poll->round_ns = now;
    return !poll->is_disturbed && now < poll->deadline_ns;
}
