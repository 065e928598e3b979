/* Ranked mutexes: a thread takes them only in rising rank, asserted in debug builds. The order
 * stands in base/lock_ranks.h, with what each protects. */
#ifndef STELE_BASE_MUTEX_H
#define STELE_BASE_MUTEX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock_ranks.h"
#include "base/status.h"

struct mutex {
    pthread_mutex_t handle;
    enum lock_rank rank;
    pthread_t owner; /* while held, debug builds */
    bool is_held;
};

/* For mutexes of static storage. */
#define MUTEX_INITIALIZER(lock_rank)                                                               \
    {                                                                                              \
        .handle = PTHREAD_MUTEX_INITIALIZER, .rank = (lock_rank)                                   \
    }

void mutex_init(struct mutex *mutex, enum lock_rank rank);
void mutex_deinit(struct mutex *mutex);
#ifndef NDEBUG
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
void mutex_check_rank(const struct mutex *mutex); /* that the thread may take it now */
#else /* nothing is checked: calls of servers lock several, thousands of times a second */
static inline void mutex_lock(struct mutex *mutex)
{
    CHECK(pthread_mutex_lock(&mutex->handle) == 0);
}

static inline void mutex_unlock(struct mutex *mutex)
{
    CHECK(pthread_mutex_unlock(&mutex->handle) == 0);
}
#endif
void mutex_assert_held(const struct mutex *mutex);

/* Puts aside what the calling thread holds, for the rank check, and gives it back: a task of one
 * simulated host runs in the middle of another's (env_memory_world.c). Debug builds; else nothing. */
enum { MUTEXES_HELD_MAX = 16 };
struct mutexes_aside {
    const struct mutex *held[MUTEXES_HELD_MAX];
    unsigned count;
};
void mutex_put_aside(struct mutexes_aside *out_aside);
void mutex_take_back(const struct mutexes_aside *aside);

/* A condition; waits only in executors, never in tasks (design 8), and in client threads. The
 * waiter holds the one mutex and no other (asserted in debug builds). Wake-ups may be spurious:
 * look again. */
struct wakeup {
    pthread_cond_t handle; /* on CLOCK_MONOTONIC */
};

void wakeup_init(struct wakeup *wakeup);
void wakeup_deinit(struct wakeup *wakeup);
void wakeup_wait(struct wakeup *wakeup, struct mutex *mutex);
/* False on time-out. */
bool wakeup_wait_until(struct wakeup *wakeup, struct mutex *mutex, uint64_t monotonic_ns);
void wakeup_signal(struct wakeup *wakeup);
void wakeup_broadcast(struct wakeup *wakeup);

#endif
