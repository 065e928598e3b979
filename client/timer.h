/* Timers of a loop that end with the client: closing runs all that are set, and what they belong to
 * sees that the client is closing and ends. Loop thread only. */
#ifndef STELE_CLIENT_TIMER_H
#define STELE_CLIENT_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "client/transport.h"

/* Embedded in what waits; zero-initialised is a timer that is not set. */
struct timer {
    struct transport_timer wait;
    struct timer *next, **link; /* of the set ones; link NULL: not set */
    void (*run)(struct timer *timer);
};

struct timers {
    struct transport *transport;
    struct timer *set;
};

/* Runs timer->run once, pause_ns from now; a timer that is set already is set anew. False on no
 * memory. */
bool timer_start(struct timers *timers, struct timer *timer, uint64_t pause_ns);
void timer_stop(struct timer *timer);
/* Runs every timer that is set, now. */
void timers_expire(struct timers *timers);

#endif
