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
    unsigned held; /* of them: they wait in a call */
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
    size_t free_threads = seeded->threads - seeded->held;
    if (seeded->host->stops)
        return 0;
    return seeded->ready.count < free_threads ? seeded->ready.count : free_threads;
}

void seeded_hold_thread(struct executor *executor)
{
    if (executor)
        seeded_of(executor)->held++;
}

void seeded_release_thread(struct executor *executor)
{
    if (executor)
        seeded_of(executor)->held--;
}

/* The world's time at which the host's clock shows host_ns. */
static uint64_t world_ns(const struct seeded_executor *seeded, uint64_t host_ns)
{
    uint64_t offset_ns = seeded->host->clock_offset_ns;
    return host_ns > offset_ns ? host_ns - offset_ns : 0;
}

struct seeded_choices seeded_survey(struct seeded_scheduler *scheduler)
{
    struct seeded_choices found = {.next_due_ns = UINT64_MAX};
    for (struct executor *executor = scheduler->executors; executor;
         executor = executor->next_of_env) {
        struct seeded_executor *seeded = seeded_of(executor);
        if (seeded->host->stops)
            continue;
        while (seeded->timers.first) {
            uint64_t due_ns = world_ns(seeded, seeded->timers.first->due_ns);
            if (due_ns > scheduler->now_ns) {
                if (due_ns < found.next_due_ns)
                    found.next_due_ns = due_ns;
                break;
            }
            task_queue_push(&seeded->ready, task_queue_take(&seeded->timers, 0));
        }
        found.count += count_choices(seeded);
    }
    return found;
}

void seeded_run(struct seeded_scheduler *scheduler, uint64_t count)
{
    uint64_t choice = dice_below(&scheduler->dice, count);
    struct executor *executor = scheduler->executors;
    for (;;) {
        uint64_t choices = count_choices(seeded_of(executor));
        if (choice < choices)
            break;
        choice -= choices;
        executor = executor->next_of_env;
    }
    struct seeded_executor *seeded = seeded_of(executor);
    scheduler->now_ns += 1 + dice_below(&scheduler->dice, TASK_NS_MAX);
    run_task(seeded, task_queue_take(&seeded->ready, (size_t)choice));
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
