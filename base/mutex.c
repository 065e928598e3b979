#include "base/mutex.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/status.h"

/* The mutexes this thread holds, in the order taken: what the rank check looks at. */
#ifndef NDEBUG
static _Thread_local const struct mutex *held[MUTEXES_HELD_MAX];
static _Thread_local unsigned held_count;

static void note_locking(const struct mutex *mutex)
{
    CHECK(held_count < MUTEXES_HELD_MAX);
    /* A deadlock in waiting: see base/lock_ranks.h for the order. */
    CHECK(held_count == 0 || held[held_count - 1]->rank < mutex->rank);
}

static void note_locked(struct mutex *mutex)
{
    held[held_count++] = mutex;
    mutex->owner = pthread_self();
    mutex->is_held = true;
}

static void note_unlocking(struct mutex *mutex)
{
    mutex_assert_held(mutex);
    unsigned at = held_count;
    while (at > 0 && held[at - 1] != mutex)
        at--;
    CHECK(at > 0);
    for (; at < held_count; at++)
        held[at - 1] = held[at];
    held_count--;
    mutex->is_held = false;
}

/* A wait lets only its own mutex go: with another one held the waker might never come. */
static void note_waiting(struct mutex *mutex)
{
    CHECK(held_count == 1 && held[0] == mutex);
    note_unlocking(mutex);
}
#else
#define note_locked(mutex)  ((void)0)
#define note_waiting(mutex) ((void)0)
#endif

void mutex_put_aside(struct mutexes_aside *out_aside)
{
#ifndef NDEBUG
    out_aside->count = held_count;
    memcpy(out_aside->held, held, held_count * sizeof(held[0]));
    held_count = 0;
#else
    out_aside->count = 0;
#endif
}

void mutex_take_back(const struct mutexes_aside *aside)
{
#ifndef NDEBUG
    held_count = aside->count;
    memcpy(held, aside->held, held_count * sizeof(held[0]));
#else
    (void)aside;
#endif
}

void mutex_init(struct mutex *mutex, enum lock_rank rank)
{
    *mutex = (struct mutex){.rank = rank};
    CHECK(pthread_mutex_init(&mutex->handle, NULL) == 0);
}

void mutex_deinit(struct mutex *mutex)
{
    assert(!mutex->is_held);
    pthread_mutex_destroy(&mutex->handle);
}

#ifndef NDEBUG
void mutex_check_rank(const struct mutex *mutex)
{
    note_locking(mutex);
}

void mutex_lock(struct mutex *mutex)
{
    note_locking(mutex);
    CHECK(pthread_mutex_lock(&mutex->handle) == 0);
    note_locked(mutex);
}

void mutex_unlock(struct mutex *mutex)
{
    note_unlocking(mutex);
    CHECK(pthread_mutex_unlock(&mutex->handle) == 0);
}
#endif

void mutex_assert_held(const struct mutex *mutex)
{
    (void)mutex;
    assert(mutex->is_held && pthread_equal(mutex->owner, pthread_self()));
}

void wakeup_init(struct wakeup *wakeup)
{
    pthread_condattr_t attributes;
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&wakeup->handle, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
}

void wakeup_deinit(struct wakeup *wakeup)
{
    pthread_cond_destroy(&wakeup->handle);
}

void wakeup_wait(struct wakeup *wakeup, struct mutex *mutex)
{
    note_waiting(mutex);
    CHECK(pthread_cond_wait(&wakeup->handle, &mutex->handle) == 0);
    note_locked(mutex);
}

bool wakeup_wait_until(struct wakeup *wakeup, struct mutex *mutex, uint64_t monotonic_ns)
{
    struct timespec until = {
        .tv_sec = (time_t)(monotonic_ns / 1000000000),
        .tv_nsec = (long)(monotonic_ns % 1000000000),
    };
    note_waiting(mutex);
    int result = pthread_cond_timedwait(&wakeup->handle, &mutex->handle, &until);
    note_locked(mutex);
    return result == 0;
}

void wakeup_signal(struct wakeup *wakeup)
{
    pthread_cond_signal(&wakeup->handle);
}

void wakeup_broadcast(struct wakeup *wakeup)
{
    pthread_cond_broadcast(&wakeup->handle);
}
