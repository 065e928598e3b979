/* The calls on executors, passed on to whichever kind it is, and the task queue both kinds use. */
#include "base/env_internal.h"

enum status env_executor_new(struct env *env, const char *name, unsigned threads,
    struct executor **out_executor, struct error *error)
{
    if (threads == 0)
        return error_set(error, STATUS_INVALID, "executor %s: needs at least one thread", name);
    return env->table->executor_new(env, name, threads, out_executor, error);
}

void executor_submit(struct executor *executor, struct task *task)
{
    executor->table->submit(executor, task);
}

void executor_submit_unlock(struct executor *executor, struct task *task, struct mutex *held)
{
    if (executor->table->submit_unlock) {
        executor->table->submit_unlock(executor, task, held);
        return;
    }
    executor->table->submit(executor, task);
    mutex_unlock(held);
}

void executor_poll(struct executor *executor, uint64_t limit_ns)
{
    if (executor->table->poll)
        executor->table->poll(executor, limit_ns);
}

void executor_submit_at(struct executor *executor, struct task *task, uint64_t due_ns)
{
    executor->table->submit_at(executor, task, due_ns);
}

bool executor_cancel(struct executor *executor, struct task *task)
{
    return executor->table->cancel(executor, task);
}

size_t executor_depth(const struct executor *executor)
{
    return executor->table->depth(executor);
}

bool executor_is_current(const struct executor *executor)
{
    return executor->table->is_current(executor);
}

void executor_free(struct executor *executor)
{
    if (!executor)
        return;
    if (executor->on_free)
        executor->on_free(executor);
    executor->table->free(executor);
}

void task_queue_push(struct task_queue *queue, struct task *task)
{
    task->next = NULL;
    if (queue->last)
        queue->last->next = task;
    else
        queue->first = task;
    queue->last = task;
    queue->count++;
}

void task_queue_push_by_due(struct task_queue *queue, struct task *task)
{
    if (!queue->last || queue->last->due_ns <= task->due_ns) {
        task_queue_push(queue, task);
        return;
    }
    struct task **at = &queue->first;
    while ((*at)->due_ns <= task->due_ns)
        at = &(*at)->next;
    task->next = *at;
    *at = task;
    queue->count++;
}

/* Unlinks *at, whose predecessor is `before` (NULL: it is the first). */
static struct task *unlink_task(struct task_queue *queue, struct task **at, struct task *before)
{
    struct task *task = *at;
    *at = task->next;
    if (queue->last == task)
        queue->last = before;
    queue->count--;
    task->next = NULL;
    return task;
}

struct task *task_queue_take(struct task_queue *queue, size_t index)
{
    if (index >= queue->count)
        return NULL;
    struct task *before = NULL;
    struct task **at = &queue->first;
    for (; index > 0; index--) {
        before = *at;
        at = &before->next;
    }
    return unlink_task(queue, at, before);
}

bool task_queue_remove(struct task_queue *queue, struct task *task)
{
    struct task *before = NULL;
    for (struct task **at = &queue->first; *at; at = &before->next) {
        if (*at == task) {
            unlink_task(queue, at, before);
            return true;
        }
        before = *at;
    }
    return false;
}
