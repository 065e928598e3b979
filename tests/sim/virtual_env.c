#include "tests/sim/virtual_env.h"

#include "base/env_internal.h"
#include "base/memory.h"

#define WALL_START_MS      INT64_C(1700000000000)
#define MONOTONIC_START_NS UINT64_C(1000000000)

struct virtual_env {
    struct env env; /* first */
    struct env_table table;
    struct seeded_scheduler scheduler;
    struct seeded_host host;
    struct dice dice;
    uint64_t task_began_ns; /* processor time; 0 = no task runs */
    uint64_t task_ns;       /* what a task takes; 0 = its processor time */
};

static struct virtual_env *virtual_of(struct env *env)
{
    return (struct virtual_env *)env;
}

static uint64_t cpu_ns(void)
{
    return env_thread_cpu_ns(env_real());
}

/* What the running task has taken so far counts. */
static uint64_t virtual_monotonic_ns(struct env *env)
{
    const struct virtual_env *world = virtual_of(env);
    bool is_measured = world->task_began_ns && !world->task_ns;
    return world->scheduler.now_ns + (is_measured ? cpu_ns() - world->task_began_ns : 0);
}

static int64_t virtual_wall_ms(struct env *env)
{
    return WALL_START_MS + (int64_t)(virtual_monotonic_ns(env) / 1000000);
}

static void virtual_random_bytes(struct env *env, void *out_bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out_bytes)[i] = (uint8_t)dice_next(&virtual_of(env)->dice);
}

static void forget_executor(struct executor *executor)
{
    struct executor **at = &virtual_of(executor->env)->scheduler.executors;
    while (*at != executor)
        at = &(*at)->next_of_env;
    *at = executor->next_of_env;
}

static enum status virtual_executor_new(struct env *env, const char *name, unsigned threads,
    struct executor **out_executor, struct error *error)
{
    struct virtual_env *world = virtual_of(env);
    struct executor *executor = seeded_executor_new(env, &world->scheduler, &world->host, threads);
    (void)name, (void)error;
    executor->on_free = forget_executor;
    executor->next_of_env = world->scheduler.executors;
    world->scheduler.executors = executor;
    *out_executor = executor;
    return STATUS_OK;
}

struct env *virtual_env_new(uint64_t seed)
{
    struct virtual_env *world = memory_allocate_zeroed(1, sizeof *world);
    CHECK(world);
    world->table = *env_real()->table;
    world->table.clock_monotonic_ns = virtual_monotonic_ns;
    world->table.clock_wall_ms = virtual_wall_ms;
    world->table.random_bytes = virtual_random_bytes;
    world->table.executor_new = virtual_executor_new;
    world->env.table = &world->table;
    world->dice.state = seed;
    world->scheduler.dice.state = seed + 1;
    world->scheduler.now_ns = MONOTONIC_START_NS;
    return &world->env;
}

void virtual_env_set_task_time(struct env *env, uint64_t task_ns)
{
    virtual_of(env)->task_ns = task_ns;
}

bool virtual_env_run(
    struct env *env, bool (*is_done)(const void *context), const void *context, uint64_t limit_ns)
{
    struct virtual_env *world = virtual_of(env);
    struct seeded_scheduler *scheduler = &world->scheduler;
    uint64_t until_ns = scheduler->now_ns + limit_ns;
    while (!is_done(context)) {
        struct seeded_choices choices = seeded_survey(scheduler);
        if (choices.count == 0) {
            if (choices.next_due_ns > until_ns) {
                scheduler->now_ns = until_ns;
                return false;
            }
            scheduler->now_ns = choices.next_due_ns;
            continue;
        }
        world->task_began_ns = cpu_ns();
        seeded_run(scheduler, choices.count);
        uint64_t taken_ns = cpu_ns() - world->task_began_ns;
        world->task_began_ns = 0;
        scheduler->now_ns += world->task_ns ? world->task_ns : taken_ns;
    }
    return true;
}
