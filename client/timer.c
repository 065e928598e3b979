#include "client/timer.h"

#include <stddef.h>
#include <time.h>

static void on_time(evutil_socket_t fd, short what, void *context)
{
    struct timer *timer = context;
    (void)fd;
    (void)what;
    timer_stop(timer);
    timer->run(timer);
}

bool timer_start(struct timers *timers, struct timer *timer, uint64_t pause_ns)
{
    struct timeval timeout = {
        (time_t)(pause_ns / 1000000000), (suseconds_t)(pause_ns % 1000000000 / 1000)};
    timer_stop(timer);
    if (event_assign(&timer->event, timers->base, -1, 0, on_time, timer) ||
        event_add(&timer->event, &timeout))
        return false;
    timer->next = timers->set;
    timer->link = &timers->set;
    if (timer->next)
        timer->next->link = &timer->next;
    timers->set = timer;
    return true;
}

void timer_stop(struct timer *timer)
{
    if (!timer->link)
        return;
    event_del(&timer->event);
    *timer->link = timer->next;
    if (timer->next)
        timer->next->link = timer->link;
    timer->link = NULL;
}

void timers_expire(struct timers *timers)
{
    while (timers->set) {
        struct timer *timer = timers->set;
        timer_stop(timer);
        timer->run(timer);
    }
}
