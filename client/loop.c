#include "client/loop.h"

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

static void on_woken(void *context)
{
    run_messages(context);
}

static void on_turn(void *context)
{
    struct loop *loop = context;
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
    on_turn(loop);
    return is_any;
}

/* The library's thread. */
static void run_thread(struct task *task)
{
    struct loop *loop = (struct loop *)(void *)((char *)task - offsetof(struct loop, thread_task));
    while (!atomic_load(&loop->is_stopping))
        loop->transport->table->run_once(loop->transport, 0);
    run_messages(loop);
    on_turn(loop);
}

enum stele_status loop_init(
    struct loop *loop, enum stele_run run, struct transport *transport, struct stele_error *error)
{
    *loop = (struct loop){.run = run, .transport = transport};
    mutex_init(&loop->mutex, LOCK_RANK_CLIENT_LOOP);
    wakeup_init(&loop->done);
    loop->thread_task.run = run_thread;
    if (!transport)
        return failure_set(error, STELE_NO_MEMORY, "cannot make an event loop");
    transport->hooks = (struct transport_hooks){on_woken, on_turn, loop};
    loop_refresh(loop);
    if (run == STELE_RUN_THREAD) {
        struct error cause;
        if (env_executor_new(transport->env, "stele-client", 1, &loop->executor, &cause))
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
        loop->transport->table->wake(loop->transport);
        executor_free(loop->executor);
    } else {
        last->run(last);
    }
    while (loop->transport && loop_run_ready(loop))
        continue;
    if (loop->transport)
        loop->transport->table->free(loop->transport);
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
        loop->transport->table->wake(loop->transport);
}

void loop_defer(struct loop *loop, struct loop_task *task)
{
    queue_push(&loop->ready, task);
    if (!loop->is_turn_active) {
        loop->is_turn_active = true;
        loop->transport->table->defer(loop->transport);
    }
}

uint64_t loop_now(const struct loop *loop)
{
    return env_monotonic_ns(loop->transport->env);
}

uint64_t loop_refresh(struct loop *loop)
{
    return loop->now_ns = env_monotonic_ns(loop->transport->env);
}

struct loop_wait *loop_wait_new(void)
{
    return memory_allocate_zeroed(1, sizeof(struct loop_wait));
}

bool loop_wait_until(struct loop *loop, struct loop_wait *wait, uint64_t deadline_ns)
{
    if (loop->run != STELE_RUN_THREAD) {
        while (!wait->is_done && !atomic_exchange(&loop->is_interrupted, false) &&
               (deadline_ns == 0 || loop_now(loop) < deadline_ns))
            loop->transport->table->run_once(loop->transport, deadline_ns);
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
    while (!atomic_exchange(&loop->is_interrupted, false) && !is_idle(context) &&
           loop_now(loop) < deadline_ns)
        loop->transport->table->run_once(loop->transport, deadline_ns);
}

void loop_interrupt(struct loop *loop)
{
    atomic_store(&loop->is_interrupted, true);
    loop->transport->table->wake(loop->transport);
}
