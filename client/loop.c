#include "client/loop.h"

#include <event2/event_struct.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/failure.h"

static void queue_push(struct loop_queue *queue, struct loop_task *task)
{
    task->next = NULL;
    if (queue->last)
        queue->last->next = task;
    else
        queue->first = task;
    queue->last = task;
}

static struct loop_task *queue_take(struct loop_queue *queue)
{
    struct loop_task *task = queue->first;
    if (task) {
        queue->first = task->next;
        if (!queue->first)
            queue->last = NULL;
    }
    return task;
}

static void run_messages(struct loop *loop)
{
    mutex_lock(&loop->mutex);
    struct loop_queue messages = loop->messages;
    loop->messages = (struct loop_queue){NULL, NULL};
    mutex_unlock(&loop->mutex);
    for (struct loop_task *task; (task = queue_take(&messages));)
        task->run(task);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    struct loop *loop = context;
    uint64_t count;
    (void)what;
    if (read((int)fd, &count, sizeof(count)) < 0)
        return;
    run_messages(loop);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    struct loop *loop = context;
    (void)fd;
    (void)what;
    loop->is_turn_active = false;
    for (struct loop_task *task; (task = queue_take(&loop->ready));)
        task->run(task);
}

bool loop_run_ready(struct loop *loop)
{
    mutex_lock(&loop->mutex);
    bool is_any = loop->messages.first || loop->ready.first;
    mutex_unlock(&loop->mutex);
    run_messages(loop);
    on_turn(-1, 0, loop);
    return is_any;
}

static void wake(struct loop *loop)
{
    uint64_t one = 1;
    if (write(loop->wake_fd, &one, sizeof(one)) < 0)
        return; /* the counter is full: the loop is awake */
}

/* The library's thread. */
static void run_thread(struct task *task)
{
    struct loop *loop = (struct loop *)(void *)((char *)task - offsetof(struct loop, thread_task));
    while (!atomic_load(&loop->is_stopping))
        event_base_loop(loop->base, EVLOOP_ONCE);
    run_messages(loop);
    on_turn(-1, 0, loop);
}

enum stele_status loop_init(
    struct loop *loop, enum stele_run run, struct event_base *base, struct stele_error *error)
{
    *loop = (struct loop){.run = run, .base = base, .wake_fd = -1};
    mutex_init(&loop->mutex, LOCK_RANK_CLIENT_LOOP);
    wakeup_init(&loop->done);
    loop->thread_task.run = run_thread;
    loop->now_ns = env_monotonic_ns(env_real());
    if (!base) {
        struct event_config *config = event_config_new();
        if (config) {
            event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
            event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
            loop->base = event_base_new_with_config(config);
            event_config_free(config);
        }
        loop->owns_base = true;
    }
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!loop->base || loop->wake_fd < 0)
        return failure_set(error, STELE_NO_MEMORY, "cannot make an event loop");
    loop->wake_event = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    loop->turn_event = event_new(loop->base, -1, 0, on_turn, loop);
    if (!loop->wake_event || !loop->turn_event || event_add(loop->wake_event, NULL))
        return failure_set(error, STELE_NO_MEMORY, "cannot make an event loop");
    if (run == STELE_RUN_THREAD) {
        struct error cause;
        if (env_executor_new(env_real(), "stele-client", 1, &loop->executor, &cause))
            return failure_set(
                error, STELE_NO_MEMORY, "cannot start the client's thread: %s", cause.message);
        executor_submit(loop->executor, &loop->thread_task);
    }
    return STELE_OK;
}

void loop_deinit(struct loop *loop, struct loop_task *last)
{
    if (loop->executor) {
        client_loop_post(loop, last);
        atomic_store(&loop->is_stopping, true);
        wake(loop);
        executor_free(loop->executor);
    } else {
        last->run(last);
    }
    while (loop->turn_event && loop_run_ready(loop))
        continue;
    if (loop->wake_event)
        event_free(loop->wake_event);
    if (loop->turn_event)
        event_free(loop->turn_event);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    if (loop->owns_base && loop->base)
        event_base_free(loop->base);
    wakeup_deinit(&loop->done);
    mutex_deinit(&loop->mutex);
}

void client_loop_post(struct loop *loop, struct loop_task *task)
{
    if (loop->run != STELE_RUN_THREAD) {
        task->run(task);
        return;
    }
    mutex_lock(&loop->mutex);
    bool was_empty = !loop->messages.first;
    queue_push(&loop->messages, task);
    mutex_unlock(&loop->mutex);
    if (was_empty)
        wake(loop);
}

void loop_defer(struct loop *loop, struct loop_task *task)
{
    queue_push(&loop->ready, task);
    if (!loop->is_turn_active) {
        loop->is_turn_active = true;
        event_active(loop->turn_event, EV_TIMEOUT, 0);
    }
}

uint64_t loop_now(const struct loop *loop)
{
    (void)loop;
    return env_monotonic_ns(env_real());
}

uint64_t loop_refresh(struct loop *loop)
{
    return loop->now_ns = env_monotonic_ns(env_real());
}

struct loop_wait *loop_wait_new(void)
{
    return memory_allocate_zeroed(1, sizeof(struct loop_wait));
}

static void on_nothing(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
}

/* One turn; returns by deadline_ns (0 = none). */
static void run_turn(struct loop *loop, uint64_t deadline_ns)
{
    if (deadline_ns == 0) {
        event_base_loop(loop->base, EVLOOP_ONCE);
        return;
    }
    uint64_t now = loop_now(loop), left = deadline_ns > now ? deadline_ns - now : 0;
    struct timeval timeout = {
        (time_t)(left / 1000000000), (suseconds_t)(left % 1000000000 / 1000 + 1)};
    struct event timer;
    event_assign(&timer, loop->base, -1, 0, on_nothing, NULL);
    event_add(&timer, &timeout);
    event_base_loop(loop->base, EVLOOP_ONCE);
    event_del(&timer);
}

bool loop_wait_until(struct loop *loop, struct loop_wait *wait, uint64_t deadline_ns)
{
    if (loop->run != STELE_RUN_THREAD) {
        while (!wait->is_done && !atomic_exchange(&loop->is_interrupted, false) &&
               (deadline_ns == 0 || loop_now(loop) < deadline_ns))
            run_turn(loop, deadline_ns);
        wait->is_abandoned = !wait->is_done;
        return wait->is_done;
    }
    mutex_lock(&loop->mutex);
    bool is_in_time = true;
    while (!wait->is_done && is_in_time && !atomic_exchange(&loop->is_interrupted, false)) {
        if (deadline_ns)
            is_in_time = wakeup_wait_until(&loop->done, &loop->mutex, deadline_ns);
        else
            wakeup_wait(&loop->done, &loop->mutex);
    }
    bool is_done = wait->is_done;
    wait->is_abandoned = !is_done;
    mutex_unlock(&loop->mutex);
    return is_done;
}

bool loop_wait_finish(struct loop *loop, struct loop_wait *wait)
{
    bool is_thread = loop->run == STELE_RUN_THREAD;
    if (is_thread)
        mutex_lock(&loop->mutex);
    bool is_abandoned = wait->is_abandoned;
    wait->is_done = true;
    if (is_thread) {
        wakeup_broadcast(&loop->done);
        mutex_unlock(&loop->mutex);
    }
    if (is_abandoned)
        memory_free(wait);
    return !is_abandoned;
}

void loop_run(
    struct loop *loop, bool (*is_idle)(void *context), void *context, uint64_t deadline_ns)
{
    while (!is_idle(context) && loop_now(loop) < deadline_ns &&
           !atomic_exchange(&loop->is_interrupted, false))
        run_turn(loop, deadline_ns);
}

void loop_interrupt(struct loop *loop)
{
    atomic_store(&loop->is_interrupted, true);
    wake(loop);
}
