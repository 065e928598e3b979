#include "base/brief_mutex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

void brief_mutex_init(struct brief_mutex *mutex, enum lock_rank rank)
{
    atomic_init(&mutex->state, 0);
#ifndef NDEBUG
    mutex_init(&mutex->checked, rank);
#else
    (void)rank;
#endif
}

void brief_mutex_deinit(struct brief_mutex *mutex)
{
#ifndef NDEBUG
    mutex_deinit(&mutex->checked);
#else
    (void)mutex;
#endif
}

/* Whoever comes through here takes it as waited for, as others may sleep: that costs one wake-up too many at most. */
void brief_mutex_wait(struct brief_mutex *mutex)
{
    while (atomic_exchange_explicit(&mutex->state, 2, memory_order_acquire) != 0)
        syscall(SYS_futex, &mutex->state, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}

void brief_mutex_wake(struct brief_mutex *mutex)
{
    syscall(SYS_futex, &mutex->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
