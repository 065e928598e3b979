/* What tests do to the world in memory: its hosts and their deaths, faults, clocks, and running it.
 *
 * A host whose I/O call is held up stands still in the middle of a task, its frames on the stack:
 * the tasks of the others run on top of them (stall), and the call goes on when they are done. A
 * host that dies meanwhile leaves its frames by a long jump to where its task began. */
#include "base/env_memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/env_memory_internal.h"

static uint64_t real_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t world_now_ns(const struct env_world *world)
{
    uint64_t now_ns = world->scheduler.now_ns;
    if (world->kind == ENV_MEMORY_THREADS)
        now_ns += real_monotonic_ns() - world->real_origin;
    return now_ns;
}

uint64_t env_memory_now_ns_locked(const struct env_memory *host)
{
    return world_now_ns(host->world) + host->place.clock_offset_ns;
}

int64_t env_memory_wall_ms_locked(const struct env_memory *host)
{
    return WALL_START_MS + (int64_t)((world_now_ns(host->world) - MONOTONIC_START_NS) / 1000000) +
           host->wall_jump_ms;
}

/* ---- Making and freeing ---- */

static struct env_memory *host_new(struct env_world *world, const char *name, uint64_t seed)
{
    struct env_memory *host = calloc(1, sizeof(*host));
    CHECK(host);
    host->env.table = &env_memory_table;
    host->world = world;
    host->number = world->host_count++;
    host->dice.state = seed;
    host->next = world->hosts;
    world->hosts = host;
    snprintf(host->name, sizeof(host->name), "%s", name);
    return host;
}

struct env *env_memory_new(uint64_t seed, enum env_memory_executors executors)
{
    struct env_world *world = calloc(1, sizeof(*world));
    CHECK(world);
    world->kind = executors;
    world->is_direct = seed % 2 == 1;
    mutex_init(&world->lock, LOCK_RANK_ENV);
    /* Separate streams, so that one more random number in the program does not change the disk's
     * luck. */
    struct dice dice = {seed};
    world->disk = disk_new(dice_next(&dice));
    struct env_memory *host = host_new(world, "world", dice_next(&dice));
    world->scheduler.dice.state = dice_next(&dice);
    world->dice.state = dice_next(&dice);
    world->scheduler.now_ns = MONOTONIC_START_NS;
    world->real_origin = real_monotonic_ns();
    return &host->env;
}

struct env *env_memory_host_new(struct env *env, const char *name)
{
    struct env_world *world = env_memory_of(env)->world;
    CHECK(world->kind == ENV_MEMORY_SEEDED);
    struct env_memory *host = host_new(world, name, dice_next(&world->dice));
    host->place.clock_offset_ns = dice_below(&world->dice, UINT64_C(1) << 50);
    return &host->env;
}

void env_memory_free(struct env *env)
{
    if (!env)
        return;
    struct env_world *world = env_memory_of(env)->world;
    struct seeded_scheduler *scheduler = &world->scheduler;
    if (world->kind == ENV_MEMORY_SEEDED)
        seeded_drop_tasks(scheduler); /* of a process that died and never freed them */
    while (scheduler->executors)
        executor_free(scheduler->executors);
    seeded_free_dead(scheduler);
    while (world->hosts) {
        struct env_memory *host = world->hosts;
        world->hosts = host->next;
        while (host->is_dead && host->files)
            memory_file_free(host->files);
        free(host);
    }
    disk_free(world->disk);
    mutex_deinit(&world->lock);
    free(world);
}

const char *env_memory_host_name(const struct env *env)
{
    return env_memory_of(env)->name;
}

const char *env_memory_running_name(const struct env *env)
{
    const struct env_world *world = env_memory_of(env)->world;
    for (const struct env_memory *host = world->hosts; host && world->scheduler.frame;
         host = host->next)
        if (&host->place == world->scheduler.frame->host)
            return host->name;
    return "";
}

uint64_t env_memory_trace_ns(const struct env *env)
{
    return env_memory_of(env)->world->scheduler.now_ns;
}

/* ---- The life and death of a host ---- */

/* Runs a task, after moving time to the next timer when there is none ready (or none that finds a thread); false when
 * there is nothing left until limit_ns. */
static bool run_one(struct seeded_scheduler *scheduler, uint64_t limit_ns)
{
    struct seeded_choices choices = seeded_survey(scheduler);
    while (choices.count == 0) {
        if (choices.next_due_ns == UINT64_MAX || choices.next_due_ns > limit_ns)
            return false;
        scheduler->now_ns = choices.next_due_ns;
        choices = seeded_survey(scheduler);
    }
    seeded_run(scheduler, choices.count);
    return true;
}

/* Leaves the frames of a dead host, when the running task is its. */
static void leave_if_inside(struct env_memory *host)
{
    struct seeded_scheduler *scheduler = &host->world->scheduler;
    if (scheduler->frame && scheduler->frame->host == &host->place)
        seeded_abandon(scheduler);
}

static void stall_until(struct env_memory *host, uint64_t until_ns)
{
    struct seeded_scheduler *scheduler = &host->world->scheduler;
    host->place.stops++;
    while (!host->is_dead && scheduler->now_ns < until_ns)
        if (!run_one(scheduler, until_ns) && scheduler->now_ns < until_ns)
            scheduler->now_ns = until_ns;
    while (!host->is_dead && host->reach == ENV_REACH_BLOCKS)
        CHECK(run_one(scheduler, UINT64_MAX)); /* else it is blocked for ever */
    host->place.stops--;
    if (host->is_dead)
        leave_if_inside(host);
}

static void hang(struct env_memory *host)
{
    struct seeded_scheduler *scheduler = &host->world->scheduler;
    struct executor *executor = scheduler->current;
    seeded_hold_thread(executor);
    while (!host->is_dead && host->reach == ENV_REACH_HANGS)
        CHECK(run_one(scheduler, UINT64_MAX)); /* else it hangs for ever */
    if (host->is_dead)
        leave_if_inside(host);
    seeded_release_thread(executor);
}

void env_memory_before_call(struct env_memory *host)
{
    if (host->world->kind != ENV_MEMORY_SEEDED)
        return; /* crashes and stalls are drawn in one thread only; others may be counting calls */
    uint64_t call = host->calls + 1;
    if (host->crash_call && call >= host->crash_call && !host->is_dead)
        env_memory_host_crash(&host->env, host->crash_how);
    uint64_t until_ns = 0;
    if (host->stall_call && call >= host->stall_call) {
        host->stall_call = 0;
        until_ns = host->world->scheduler.now_ns + host->stall_ns;
    }
    if (!host->is_dead && (until_ns || host->reach == ENV_REACH_BLOCKS))
        stall_until(host, until_ns);
    if (!host->is_dead && host->reach == ENV_REACH_HANGS)
        hang(host);
}

void env_memory_host_crash(struct env *env, enum env_memory_power_cut how)
{
    struct env_memory *host = env_memory_of(env);
    struct env_world *world = host->world;
    CHECK(world->kind == ENV_MEMORY_SEEDED);
    if (host->is_dead)
        return;
    mutex_lock(&world->lock);
    for (struct memory_file *file = host->files; file; file = file->next)
        if (!memory_file_is_dead(file))
            disk_forget_handle(file->inode, file);
    disk_host_crash(world->disk, host->number, how);
    host->is_dead = true;
    mutex_unlock(&world->lock);
    seeded_bury_host(&world->scheduler, &host->place);
    leave_if_inside(host);
}

bool env_memory_host_is_dead(const struct env *env)
{
    return env_memory_of(env)->is_dead;
}

void env_memory_host_crash_at(struct env *env, uint64_t call, enum env_memory_power_cut how)
{
    struct env_memory *host = env_memory_of(env);
    host->crash_call = call;
    host->crash_how = how;
}

void env_memory_host_stall_at(struct env *env, uint64_t call, uint64_t duration_ns)
{
    struct env_memory *host = env_memory_of(env);
    host->stall_call = call;
    host->stall_ns = duration_ns;
}

void env_memory_host_pause(struct env *env)
{
    env_memory_of(env)->place.stops++;
}

void env_memory_host_resume(struct env *env)
{
    CHECK(env_memory_of(env)->place.stops > 0);
    env_memory_of(env)->place.stops--;
}

void env_memory_host_reach(struct env *env, enum env_memory_reach reach)
{
    env_memory_of(env)->reach = reach;
}

void env_memory_set_sharing(struct env *env, unsigned visible_chance)
{
    disk_set_sharing(env_memory_of(env)->world->disk, visible_chance);
}

/* ---- Faults of calls, the disk and the power ---- */

uint64_t env_memory_call_count(const struct env *env)
{
    struct env_memory *host = env_memory_of(env);
    mutex_lock(&host->world->lock);
    uint64_t calls = host->calls;
    mutex_unlock(&host->world->lock);
    return calls;
}

void env_memory_fail_call(struct env *env, uint64_t call, enum status status, bool is_sticky)
{
    struct env_memory *host = env_memory_of(env);
    mutex_lock(&host->world->lock);
    host->fail_call = call;
    host->fail_status = status;
    host->is_fail_sticky = is_sticky;
    mutex_unlock(&host->world->lock);
}

void env_memory_cut_at(struct env *env, uint64_t call)
{
    struct env_memory *host = env_memory_of(env);
    mutex_lock(&host->world->lock);
    host->cut_call = call;
    mutex_unlock(&host->world->lock);
}

bool env_memory_is_cut(const struct env *env)
{
    struct env_memory *host = env_memory_of(env);
    mutex_lock(&host->world->lock);
    bool is_cut = host->is_cut;
    mutex_unlock(&host->world->lock);
    return is_cut;
}

void env_memory_power_cut(struct env *env, enum env_memory_power_cut how)
{
    struct env_world *world = env_memory_of(env)->world;
    mutex_lock(&world->lock);
    disk_power_cut(world->disk, how);
    world->generation++;
    for (struct env_memory *host = world->hosts; host; host = host->next) {
        host->is_cut = false;
        host->cut_call = 0;
        host->fail_call = 0;
    }
    mutex_unlock(&world->lock);
}

void env_memory_set_space(struct env *env, uint64_t free_bytes)
{
    struct env_world *world = env_memory_of(env)->world;
    mutex_lock(&world->lock);
    disk_set_space(world->disk, free_bytes);
    mutex_unlock(&world->lock);
}

enum status env_memory_flip(struct env *env, const char *path, uint64_t offset, uint8_t mask)
{
    struct env_world *world = env_memory_of(env)->world;
    mutex_lock(&world->lock);
    int result = disk_flip(world->disk, path, offset, mask);
    mutex_unlock(&world->lock);
    if (result == ENOENT)
        return STATUS_NOT_FOUND;
    return result ? STATUS_INVALID : STATUS_OK;
}

/* ---- Clocks, and running ---- */

void env_memory_advance_ns(struct env *env, uint64_t ns)
{
    struct env_world *world = env_memory_of(env)->world;
    mutex_lock(&world->lock);
    world->scheduler.now_ns += ns;
    /* Real threads sleep by the real clock: have them look at ours. Executors come and go only in
     * the test's own thread, which is here. */
    struct executor *first = world->kind == ENV_MEMORY_THREADS ? world->scheduler.executors : NULL;
    mutex_unlock(&world->lock);
    for (struct executor *executor = first; executor; executor = executor->next_of_env)
        executor_threads_wake(executor);
}

void env_memory_jump_wall_ms(struct env *env, int64_t ms)
{
    struct env_memory *host = env_memory_of(env);
    mutex_lock(&host->world->lock);
    host->wall_jump_ms += ms;
    mutex_unlock(&host->world->lock);
}

bool env_memory_run_one(struct env *env)
{
    struct env_world *world = env_memory_of(env)->world;
    CHECK(world->kind == ENV_MEMORY_SEEDED);
    return run_one(&world->scheduler, UINT64_MAX);
}

bool env_memory_run_until(struct env *env, const bool *is_done, uint64_t limit_ns)
{
    struct seeded_scheduler *scheduler = &env_memory_of(env)->world->scheduler;
    uint64_t end_ns;
    if (__builtin_add_overflow(scheduler->now_ns, limit_ns, &end_ns))
        end_ns = UINT64_MAX - 1;
    for (;;) {
        if (is_done && *is_done)
            return true;
        if (scheduler->now_ns > end_ns)
            return false;
        if (!run_one(scheduler, end_ns))
            return !is_done;
    }
}

void env_memory_drop_tasks(struct env *env)
{
    struct env_world *world = env_memory_of(env)->world;
    CHECK(world->kind == ENV_MEMORY_SEEDED);
    seeded_drop_tasks(&world->scheduler);
}
