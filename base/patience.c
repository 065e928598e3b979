#include "base/patience.h"

#include <sched.h>
#include <time.h>

bool patience_may_poll(struct patience *patience)
{
    if (patience->skip == 0)
        return true;
    patience->skip--;
    return false;
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
