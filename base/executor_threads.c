/* Executors of real threads: one queue, one lock, `threads` threads that take from its front.
 *
 * An executor of one thread may be told to poll before it sleeps (executor_poll).
 *
 * Timers wait in a second queue, ordered by due time; whichever thread looks for work first moves
 * the due ones over. Threads block all signals, so that the main thread is the one that hears them.
 */
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/env_internal.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/patience.h"

struct threads_executor {
    struct executor executor;
    struct mutex lock;
    struct wakeup work;       /* something to run, an earlier timer, or closing */
    struct task_queue ready;  /* guarded by lock */
    _Atomic bool has_ready;   /* something was put into ready since a poller looked */
    struct task_queue timers; /* guarded by lock; by due_ns */
    size_t running;           /* guarded by lock */
    bool is_closing;          /* guarded by lock */
    uint64_t poll_ns;         /* guarded by lock; 0 = never */
    struct patience patience; /* of polling: the one thread's */
    _Atomic unsigned signals; /* submits that are past the lock and not past the signal */
    char name[16];            /* as the kernel shows it */
    unsigned thread_count;
    pthread_t threads[];
};

/* Whose task this thread is running. */
static _Thread_local const struct threads_executor *current;

static uint64_t system_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void move_due_timers_locked(struct threads_executor *pool, uint64_t now_ns)
{
    mutex_assert_held(&pool->lock);
    while (pool->timers.first && pool->timers.first->due_ns <= now_ns) {
        task_queue_push(&pool->ready, task_queue_take(&pool->timers, 0));
        wakeup_signal(&pool->work);
    }
}

/* Looks for a task for a while, without the lock. False: no time was spent. */
static bool poll_locked(struct threads_executor *pool)
{
    uint64_t limit_ns = pool->poll_ns;
    if (limit_ns == 0 || pool->timers.first || !patience_may_poll(&pool->patience))
        return false;
    atomic_store_explicit(&pool->has_ready, false, memory_order_relaxed);
    mutex_unlock(&pool->lock);
    struct poll poll;
    bool has_ready;
    poll_begin(&poll, limit_ns);
    do
        has_ready = atomic_load_explicit(&pool->has_ready, memory_order_relaxed);
    while (!has_ready && poll_round(&poll));
    patience_note(&pool->patience, has_ready && !poll.is_disturbed);
    mutex_lock(&pool->lock);
    return true;
}

/* The next task, or NULL when the executor closes and nothing is left. */
static struct task *wait_for_task_locked(struct threads_executor *pool)
{
    mutex_assert_held(&pool->lock);
    bool has_polled = false;
    for (;;) {
        uint64_t now_ns = 0;
        if (pool->timers.first && !pool->is_closing) {
            now_ns = env_monotonic_ns(pool->executor.env);
            move_due_timers_locked(pool, now_ns);
        }
        struct task *task = task_queue_take(&pool->ready, 0);
        if (task)
            return task;
        if (pool->is_closing)
            return NULL;
        if (!has_polled && poll_locked(pool)) {
            has_polled = true; /* look again: what came at its end was not seen by it */
            continue;
        }
        if (pool->timers.first) {
            uint64_t left_ns = pool->timers.first->due_ns - now_ns;
            uint64_t most_ns = (uint64_t)3600 *
                               1000000000; /* look again: the sum must not overflow */
            wakeup_wait_until(&pool->work, &pool->lock,
                system_monotonic_ns() + (left_ns < most_ns ? left_ns : most_ns));
        } else {
            wakeup_wait(&pool->work, &pool->lock);
        }
    }
}

static void *thread_main(void *argument)
{
    struct threads_executor *pool = argument;
    current = pool;
    pthread_setname_np(pthread_self(), pool->name);
    mutex_lock(&pool->lock);
    struct task *task;
    while ((task = wait_for_task_locked(pool))) {
        pool->running++;
        mutex_unlock(&pool->lock);
        task->run(task); /* may free or submit itself: not to be looked at after */
        mutex_lock(&pool->lock);
        pool->running--;
    }
    mutex_unlock(&pool->lock);
    return NULL;
}

/* The signal comes after the locks, or the woken thread would wait for them at once. `signals` keeps
 * the pool alive until it is out. */
static void threads_submit_unlock(struct executor *executor, struct task *task, struct mutex *held)
{
    struct threads_executor *pool = (struct threads_executor *)executor;
    mutex_lock(&pool->lock);
    /* While closing, only tasks still running may add to what is run to the end. */
    assert(!pool->is_closing || current == pool);
    task_queue_push(&pool->ready, task);
    atomic_store_explicit(&pool->has_ready, true, memory_order_relaxed);
    atomic_fetch_add_explicit(&pool->signals, 1, memory_order_relaxed);
    mutex_unlock(&pool->lock);
    if (held)
        mutex_unlock(held);
    wakeup_signal(&pool->work);
    atomic_fetch_sub_explicit(&pool->signals, 1, memory_order_release);
}

static void threads_submit(struct executor *executor, struct task *task)
{
    threads_submit_unlock(executor, task, NULL);
}

static void threads_poll(struct executor *executor, uint64_t limit_ns)
{
    struct threads_executor *pool = (struct threads_executor *)executor;
    mutex_lock(&pool->lock);
    pool->poll_ns = pool->thread_count == 1 ? limit_ns : 0;
    mutex_unlock(&pool->lock);
}

static void threads_submit_at(struct executor *executor, struct task *task, uint64_t due_ns)
{
    struct threads_executor *pool = (struct threads_executor *)executor;
    mutex_lock(&pool->lock);
    task->due_ns = due_ns;
    task_queue_push_by_due(&pool->timers, task);
    if (pool->timers.first == task)
        wakeup_signal(&pool->work);
    mutex_unlock(&pool->lock);
}

static bool threads_cancel(struct executor *executor, struct task *task)
{
    struct threads_executor *pool = (struct threads_executor *)executor;
    mutex_lock(&pool->lock);
    bool was_queued = task_queue_remove(&pool->timers, task) ||
                      task_queue_remove(&pool->ready, task);
    mutex_unlock(&pool->lock);
    return was_queued;
}

static size_t threads_depth(const struct executor *executor)
{
    struct threads_executor *pool = (struct threads_executor *)executor;
    mutex_lock(&pool->lock);
    size_t depth = pool->ready.count + pool->running;
    mutex_unlock(&pool->lock);
    return depth;
}

static bool threads_is_current(const struct executor *executor)
{
    return current == (const struct threads_executor *)executor;
}

static void close_and_join(struct threads_executor *pool, unsigned started)
{
    mutex_lock(&pool->lock);
    pool->is_closing = true;
    wakeup_broadcast(&pool->work);
    mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < started; i++)
        CHECK(pthread_join(pool->threads[i], NULL) == 0);
    while (atomic_load_explicit(&pool->signals, memory_order_acquire) > 0)
        sched_yield();
    wakeup_deinit(&pool->work);
    mutex_deinit(&pool->lock);
    memory_free(pool);
}

static void threads_free(struct executor *executor)
{
    struct threads_executor *pool = (struct threads_executor *)executor;
    CHECK(current != pool); /* a thread cannot join itself */
    close_and_join(pool, pool->thread_count);
}

void executor_threads_wake(struct executor *executor)
{
    struct threads_executor *pool = (struct threads_executor *)executor;
    mutex_lock(&pool->lock);
    wakeup_broadcast(&pool->work);
    mutex_unlock(&pool->lock);
}

static const struct executor_table threads_table = {
    .submit = threads_submit,
    .submit_unlock = threads_submit_unlock,
    .poll = threads_poll,
    .submit_at = threads_submit_at,
    .cancel = threads_cancel,
    .depth = threads_depth,
    .is_current = threads_is_current,
    .free = threads_free,
};

enum status executor_threads_new(struct env *env, const char *name, unsigned threads,
    struct executor **out_executor, struct error *error)
{
    struct threads_executor *pool = memory_allocate_zeroed(
        1, sizeof(*pool) + threads * sizeof(pool->threads[0]));
    if (!pool)
        return error_set(error, STATUS_NO_MEMORY, "executor %s: no memory", name);
    pool->executor = (struct executor){.table = &threads_table, .env = env};
    pool->thread_count = threads;
    snprintf(pool->name, sizeof(pool->name), "%s", name);
    mutex_init(&pool->lock, LOCK_RANK_EXECUTOR);
    wakeup_init(&pool->work);

    /* Threads inherit the mask: none of them takes a signal meant for the process. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    unsigned started = 0;
    int result = 0;
    while (started < threads && result == 0) {
        result = pthread_create(&pool->threads[started], NULL, thread_main, pool);
        if (result == 0)
            started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result) {
        close_and_join(pool, started);
        return error_set_errno(error, result, "executor %s: start thread", name);
    }
    *out_executor = &pool->executor;
    return STATUS_OK;
}
