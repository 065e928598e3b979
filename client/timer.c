#include "client/timer.h"

#include <stddef.h>

static void on_time(struct transport_timer *wait)
{
    struct timer *timer = (struct timer *)(void *)((char *)wait - offsetof(struct timer, wait));
    timer_stop(timer);
    timer->run(timer);
}

bool timer_start(struct timers *timers, struct timer *timer, uint64_t pause_ns)
{
    timer_stop(timer);
    timer->wait.run = on_time;
    if (!transport_timer_start(timers->transport, &timer->wait, pause_ns))
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
    transport_timer_stop(&timer->wait);
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
