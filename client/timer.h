/* Timers of a loop that end with the client: closing runs all that are set, and what they belong to
 * sees that the client is closing and ends. Loop thread only. */
#ifndef STELE_CLIENT_TIMER_H
#define STELE_CLIENT_TIMER_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

/* Embedded in what waits; zero-initialised is a timer that is not set. */
struct timer {
    struct event event;
    struct timer *next, **link; /* of the set ones; link NULL: not set */
    void (*run)(struct timer *timer);
};

struct timers {
    struct event_base *base;
    struct timer *set;
};

/* Runs timer->run once, pause_ns from now; a timer that is set already is set anew. False on no
 * memory. */
bool timer_start(struct timers *timers, struct timer *timer, uint64_t pause_ns);
void timer_stop(struct timer *timer);
/* Runs every timer that is set, now. */
void timers_expire(struct timers *timers);

#endif
