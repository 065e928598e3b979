/* A mutex for what is guarded for some dozens of instructions on every call of a server: taking and giving back one that
 * nobody else wants is a handful of instructions, where pthread's are sixty. For the rest use mutex.h: nobody can wait
 * for a condition with this one.
 *
 * The state is that of Drepper's "Futexes Are Tricky", 2011, section 6: 0 is free, 1 is held, 2 is held and maybe waited
 * for; who waits sleeps in the kernel, and who gives back a 2 wakes one.
 *
 * Ranks are checked as those of mutex.h, in debug builds. */
#ifndef STELE_BASE_BRIEF_MUTEX_H
#define STELE_BASE_BRIEF_MUTEX_H

#include <stdatomic.h>

#include "base/mutex.h"

struct brief_mutex {
    _Atomic uint32_t state;
#ifndef NDEBUG
    struct mutex checked; /* taken with it: for the ranks */
#endif
};

void brief_mutex_init(struct brief_mutex *mutex, enum lock_rank rank);
void brief_mutex_deinit(struct brief_mutex *mutex);
void brief_mutex_wait(struct brief_mutex *mutex); /* takes it when it becomes free */
void brief_mutex_wake(struct brief_mutex *mutex); /* one that waits */

static inline void brief_mutex_lock(struct brief_mutex *mutex)
{
#ifndef NDEBUG
    mutex_check_rank(&mutex->checked);
#endif
    uint32_t expected = 0;
    if (!atomic_compare_exchange_strong_explicit(
            &mutex->state, &expected, 1, memory_order_acquire, memory_order_relaxed))
        brief_mutex_wait(mutex);
#ifndef NDEBUG
    mutex_lock(&mutex->checked);
#endif
}

static inline void brief_mutex_unlock(struct brief_mutex *mutex)
{
#ifndef NDEBUG
    mutex_unlock(&mutex->checked);
#endif
    if (atomic_exchange_explicit(&mutex->state, 0, memory_order_release) == 2)
        brief_mutex_wake(mutex);
}

#endif
