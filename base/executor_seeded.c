/* Executors of the simulated world: no threads, tasks run to completion one at a time in an order
 * drawn from the seed, on virtual time.
 *
 * What is kept of real executors: one with one thread runs its tasks in submission order; a pool of
 * n may start any of the first n; different executors interleave at will. Each task takes a little
 * virtual time, so that a task that submits itself again cannot hold back the timers for ever. */
#include "base/env_internal.h"

#include <setjmp.h>
#include <stdlib.h>

#include "base/mutex.h"

enum { TASK_NS_MAX = 20000 };

struct seeded_executor {
    struct executor executor;
    struct seeded_scheduler *scheduler;
    const struct seeded_host *host;
    unsigned threads;
    struct task_queue ready;
    struct task_queue timers; /* by due_ns */
};

static struct seeded_executor *seeded_of(const struct executor *executor)
{
    return (struct seeded_executor *)executor;
}

static void seeded_submit(struct executor *executor, struct task *task)
{
    task_queue_push(&seeded_of(executor)->ready, task);
}

static void seeded_submit_at(struct executor *executor, struct task *task, uint64_t due_ns)
{
    task->due_ns = due_ns;
    task_queue_push_by_due(&seeded_of(executor)->timers, task);
}

static bool seeded_cancel(struct executor *executor, struct task *task)
{
    struct seeded_executor *seeded = seeded_of(executor);
    return task_queue_remove(&seeded->timers, task) || task_queue_remove(&seeded->ready, task);
}

static size_t seeded_depth(const struct executor *executor)
{
    const struct seeded_executor *seeded = seeded_of(executor);
    return seeded->ready.count + (seeded->scheduler->current == executor);
}

static bool seeded_is_current(const struct executor *executor)
{
    return seeded_of(executor)->scheduler->current == executor;
}

/* Runs it in a frame of its own, to which seeded_abandon comes back. */
static void run_task(struct seeded_executor *seeded, struct task *task)
{
    struct seeded_scheduler *scheduler = seeded->scheduler;
    struct seeded_frame frame = {
        .up = scheduler->frame, .host = seeded->host, .current = scheduler->current};
    mutex_put_aside(&frame.held);
    scheduler->frame = &frame;
    scheduler->current = &seeded->executor;
    /* The task may free itself and, from another executor, this one's neighbours. */
    if (!setjmp(frame.here))
        task->run(task);
    scheduler->frame = frame.up;
    scheduler->current = frame.current;
    mutex_take_back(&frame.held);
}

void seeded_abandon(struct seeded_scheduler *scheduler)
{
    struct seeded_frame *frame = scheduler->frame;
    while (frame->up && frame->up->host == frame->host)
        frame = frame->up;
    longjmp(frame->here, 1);
}

static void seeded_free(struct executor *executor)
{
    struct seeded_executor *seeded = seeded_of(executor);
    CHECK(seeded->scheduler->current != executor);
    struct task *task;
    while ((task = task_queue_take(&seeded->ready, 0)))
        run_task(seeded, task);
    free(seeded);
}

static const struct executor_table seeded_table = {
    .submit = seeded_submit,
    .submit_at = seeded_submit_at,
    .cancel = seeded_cancel,
    .depth = seeded_depth,
    .is_current = seeded_is_current,
    .free = seeded_free,
};

struct executor *seeded_executor_new(struct env *env, struct seeded_scheduler *scheduler,
    const struct seeded_host *host, unsigned threads)
{
    /* From malloc, as all of the simulated world: memory_disk.h says why. */
    struct seeded_executor *seeded = calloc(1, sizeof(*seeded));
    CHECK(seeded);
    seeded->executor = (struct executor){.table = &seeded_table, .env = env};
    seeded->scheduler = scheduler;
    seeded->host = host;
    seeded->threads = threads;
    return &seeded->executor;
}

static size_t count_choices(const struct seeded_executor *seeded)
{
    if (seeded->host->stops)
        return 0;
    return seeded->ready.count < seeded->threads ? seeded->ready.count : seeded->threads;
}

bool seeded_has_ready(const struct seeded_scheduler *scheduler)
{
    for (struct executor *executor = scheduler->executors; executor;
         executor = executor->next_of_env)
        if (count_choices(seeded_of(executor)))
            return true;
    return false;
}

/* The world's time at which the host's clock shows host_ns. */
static uint64_t world_ns(const struct seeded_executor *seeded, uint64_t host_ns)
{
    uint64_t offset_ns = seeded->host->clock_offset_ns;
    return host_ns > offset_ns ? host_ns - offset_ns : 0;
}

uint64_t seeded_next_due(const struct seeded_scheduler *scheduler)
{
    uint64_t due_ns = UINT64_MAX;
    for (struct executor *executor = scheduler->executors; executor;
         executor = executor->next_of_env) {
        const struct seeded_executor *seeded = seeded_of(executor);
        const struct task *first = seeded->timers.first;
        if (first && !seeded->host->stops && world_ns(seeded, first->due_ns) < due_ns)
            due_ns = world_ns(seeded, first->due_ns);
    }
    return due_ns;
}

void seeded_fire_timers(struct seeded_scheduler *scheduler)
{
    for (struct executor *executor = scheduler->executors; executor;
         executor = executor->next_of_env) {
        struct seeded_executor *seeded = seeded_of(executor);
        while (!seeded->host->stops && seeded->timers.first &&
               world_ns(seeded, seeded->timers.first->due_ns) <= scheduler->now_ns)
            task_queue_push(&seeded->ready, task_queue_take(&seeded->timers, 0));
    }
}

bool seeded_run_ready(struct seeded_scheduler *scheduler)
{
    uint64_t choices = 0;
    for (struct executor *executor = scheduler->executors; executor;
         executor = executor->next_of_env)
        choices += count_choices(seeded_of(executor));
    if (choices == 0)
        return false;

    uint64_t choice = dice_below(&scheduler->dice, choices);
    struct executor *executor = scheduler->executors;
    while (choice >= count_choices(seeded_of(executor))) {
        choice -= count_choices(seeded_of(executor));
        executor = executor->next_of_env;
    }
    struct seeded_executor *seeded = seeded_of(executor);
    scheduler->now_ns += 1 + dice_below(&scheduler->dice, TASK_NS_MAX);
    run_task(seeded, task_queue_take(&seeded->ready, (size_t)choice));
    return true;
}

void seeded_drop_tasks(struct seeded_scheduler *scheduler)
{
    for (struct executor *executor = scheduler->executors; executor;
         executor = executor->next_of_env) {
        seeded_of(executor)->ready = (struct task_queue){0};
        seeded_of(executor)->timers = (struct task_queue){0};
    }
}

void seeded_bury_host(struct seeded_scheduler *scheduler, const struct seeded_host *host)
{
    struct executor **at = &scheduler->executors;
    while (*at) {
        struct executor *executor = *at;
        if (seeded_of(executor)->host != host) {
            at = &executor->next_of_env;
            continue;
        }
        *at = executor->next_of_env;
        executor->on_free = NULL;
        executor->next_of_env = scheduler->dead;
        scheduler->dead = executor;
        seeded_of(executor)->ready = (struct task_queue){0};
        seeded_of(executor)->timers = (struct task_queue){0};
    }
}

void seeded_free_dead(struct seeded_scheduler *scheduler)
{
    while (scheduler->dead) {
        struct executor *executor = scheduler->dead;
        scheduler->dead = executor->next_of_env;
        free(seeded_of(executor));
    }
}
