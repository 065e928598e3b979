/* The loop that a client runs on, in one of three ways (stele_run): on a thread of the library,
 * inside the caller's synchronous calls, or on the caller's own event_base. It stands on a transport,
 * libevent's or a simulation's.
 *
 * Everything behind it is written for one thread, the loop's. Other threads (STELE_RUN_THREAD)
 * reach it only by client_loop_post. Work that is to happen once before the loop waits again
 * (flushing connections, completions that must not run inside the call that caused them) goes
 * through struct loop_task. */
#ifndef STELE_CLIENT_LOOP_H
#define STELE_CLIENT_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/env.h"
#include "base/mutex.h"
#include "client/include/stele/stele.h"
#include "client/transport.h"

/* Embedded in what is to run. Not queued twice. */
struct loop_task {
    void (*run)(struct loop_task *task);
    struct loop_task *next;
};

struct loop_queue {
    struct loop_task *first;
    struct loop_task *last;
};

/* What a synchronous call waits for. On the heap, held by the waiter and by the completion: an
 * interrupted waiter leaves it to the completion. */
struct loop_wait {
    bool is_done;      /* guarded by loop.mutex in STELE_RUN_THREAD */
    bool is_abandoned; /* the same */
    struct stele_error error;
    void *answer; /* the completion's */
};

struct loop {
    enum stele_run run;
    struct transport *transport; /* owned */
    struct executor *executor;   /* STELE_RUN_THREAD: its one thread */
    struct task thread_task;
    struct mutex mutex;         /* STELE_RUN_THREAD */
    struct wakeup done;         /* the same: some wait is done */
    struct loop_queue messages; /* guarded by mutex */
    struct loop_queue ready;    /* loop thread */
    bool is_turn_active;        /* loop thread: a turn has been asked for */
    atomic_bool is_interrupted;
    atomic_bool is_stopping;
    uint64_t now_ns; /* loop thread: the last time that loop_now told */
};

/* Takes the transport, also on failure; NULL is no memory. */
enum stele_status loop_init(
    struct loop *loop, enum stele_run run, struct transport *transport, struct stele_error *error);
/* Stops and joins the thread; `last` runs on the loop before it ends, after all messages. */
void loop_deinit(struct loop *loop, struct loop_task *last);

/* From any thread: runs the task on the loop's thread; at once when this is that thread already and
 * the mode is not
 * STELE_RUN_THREAD. */
void client_loop_post(struct loop *loop, struct loop_task *task);
/* Loop thread: runs the task in this turn, after what is running now. */
void loop_defer(struct loop *loop, struct loop_task *task);
/* Loop thread: runs messages and deferred tasks now; false when there were none. For closing. */
bool loop_run_ready(struct loop *loop);

/* Monotonic nanoseconds, for any thread. */
uint64_t loop_now(const struct loop *loop);
/* Loop thread: the same, and what loop_recent then tells without asking the clock again. */
uint64_t loop_refresh(struct loop *loop);
static inline uint64_t loop_recent(const struct loop *loop)
{
    return loop->now_ns;
}

/* NULL on no memory. */
struct loop_wait *loop_wait_new(void);
/* Runs or sleeps until the wait is done: true, and the caller frees it. False when interrupted or,
 * with a deadline (0 = none), too late: the completion frees it then (loop_wait_finish tells it
 * to). */
bool loop_wait_until(struct loop *loop, struct loop_wait *wait, uint64_t deadline_ns);
/* Completion's side. Returns false when the waiter has gone: free what you hold, and the wait is
 * freed here. */
bool loop_wait_finish(struct loop *loop, struct loop_wait *wait);

/* STELE_RUN_INLINE: runs turns until `is_idle(context)` or the time is over. */
void loop_run(
    struct loop *loop, bool (*is_idle)(void *context), void *context, uint64_t deadline_ns);
void loop_interrupt(struct loop *loop);

#endif
