#include "bench/driver.h"

#include <event2/event.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "base/env.h"
#include "base/memory.h"
#include "bench/client_target.h"

#define ASLEEP_NS 1000000000ull /* ticks so far apart: this process did not run */

struct driver {
    const struct driver_plan *plan;
    struct run_thread *thread;
    struct runner runner;
    struct target target;
    struct event_base *loop;
    struct event *pace; /* open loop: the next start */
    struct event *tick;
    struct stele_client **clients;
    struct stele_table **tables;
    struct target_slot *slots;
    size_t slot_count;
    uint64_t ticked_ns;  /* the last tick */
    uint64_t stopped_ns; /* 0 = not stopped early */
    bool is_closing;     /* what ends now is not recorded */
};

static uint64_t now_ns(void)
{
    return env_monotonic_ns(env_real());
}

static void start(void *context, struct slot *slot, uint64_t at_ns)
{
    struct driver *driver = context;
    target_start(
        &driver->target, (struct target_slot *)slot, runner_seconds(&driver->runner, at_ns));
}

/* Comes back when the runner wants to, or leaves when it is done. */
static void go_on(struct driver *driver, uint64_t at_ns, uint64_t next_ns)
{
    if (runner_is_done(&driver->runner)) {
        event_base_loopbreak(driver->loop);
        return;
    }
    if (next_ns == UINT64_MAX || evtimer_pending(driver->pace, NULL))
        return;
    uint64_t wait_us = next_ns > at_ns ? (next_ns - at_ns) / 1000 : 0;
    struct timeval delay = {(time_t)(wait_us / 1000000), (suseconds_t)(wait_us % 1000000)};
    event_add(driver->pace, &delay);
}

static void on_done(void *context, struct slot *slot, const struct stele_error *error)
{
    struct driver *driver = context;
    bool is_failed = error->status != STELE_OK && error->status != STELE_END;
    bool has_answer = error->status != STELE_CONNECTION && error->status != STELE_TIMEOUT &&
                      error->status != STELE_CANCELLED;
    if (driver->is_closing)
        return;
    if (is_failed && !driver->thread->first_failure[0])
        snprintf(driver->thread->first_failure, sizeof driver->thread->first_failure, "%s",
            error->message);
    uint64_t at_ns = now_ns();
    go_on(driver, at_ns, runner_done(&driver->runner, slot, is_failed, has_answer, at_ns));
}

static void on_pace(evutil_socket_t fd, short what, void *context)
{
    struct driver *driver = context;
    (void)fd;
    (void)what;
    uint64_t at_ns = now_ns();
    go_on(driver, at_ns, runner_go(&driver->runner, at_ns));
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct driver *driver = context;
    uint64_t at_ns = now_ns(), patience_ns = (uint64_t)driver->plan->patience_ms * 1000000;
    (void)fd;
    (void)what;
    recorder_tick(&driver->runner.recorder, at_ns);
    /* a load that was itself asleep heard nothing, and that is not the server's fault */
    if (driver->ticked_ns && at_ns > driver->ticked_ns + ASLEEP_NS)
        driver->runner.last_answer_ns += at_ns - driver->ticked_ns;
    driver->ticked_ns = at_ns;
    if (patience_ns && driver->runner.busy && at_ns > driver->runner.last_answer_ns + patience_ns)
        run_lose_server(driver->thread);
    if (run_is_stopped(driver->thread) && !driver->stopped_ns) {
        driver->stopped_ns = at_ns;
        runner_stop(&driver->runner);
    }
    if (at_ns >= driver->runner.ends_ns)
        runner_stop(&driver->runner);
    if (runner_is_done(&driver->runner) ||
        (driver->stopped_ns && at_ns > driver->stopped_ns + RUN_GRACE_MS * 1000000ull))
        event_base_loopbreak(driver->loop);
}

static enum status open_clients(struct driver *driver, struct error *error)
{
    const struct driver_plan *plan = driver->plan;
    driver->clients = memory_allocate_zeroed(plan->clients, sizeof(struct stele_client *));
    driver->tables = memory_allocate_zeroed(plan->clients, sizeof(struct stele_table *));
    driver->slots = memory_allocate_zeroed(plan->clients * plan->depth, sizeof *driver->slots);
    if (!driver->clients || !driver->tables || !driver->slots)
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu clients", plan->clients);
    for (size_t i = 0; i < plan->clients; i++) {
        if (run_was_interrupted())
            return error_set(error, STATUS_REMOTE, "interrupted");
        struct stele_options options;
        struct stele_error failure;
        bool exists = false;
        stele_options_init(&options);
        options.connect = plan->connect;
        options.zookeeper = plan->zookeeper;
        options.run = STELE_RUN_ON_LOOP;
        options.loop = driver->loop;
        options.operation_timeout_ms = plan->timeout_ms;
        if (stele_client_open(&options, &driver->clients[i], &failure) ||
            stele_table_exists(driver->clients[i], plan->table, &exists, &failure))
            return error_set(error, STATUS_REMOTE, "%s", failure.message);
        if (!exists)
            return error_set(error, STATUS_NOT_FOUND, "table %.*s does not exist",
                (int)plan->table.size, (const char *)plan->table.data);
        driver->tables[i] = stele_table_open(driver->clients[i], plan->table);
        if (!driver->tables[i])
            return error_set(error, STATUS_NO_MEMORY, "no memory for a table handle");
        for (size_t j = 0; j < plan->depth; j++) {
            struct target_slot *slot = &driver->slots[driver->slot_count++];
            slot->target = &driver->target;
            slot->client = driver->clients[i];
            slot->table = driver->tables[i];
        }
    }
    return STATUS_OK;
}

static void close_all(struct driver *driver)
{
    driver->is_closing = true;
    for (size_t i = 0; i < driver->plan->clients; i++) {
        if (driver->tables)
            stele_table_close(driver->tables[i]);
        if (driver->clients)
            stele_client_close(driver->clients[i]);
    }
    for (size_t i = 0; i < driver->slot_count; i++)
        stele_scanner_close(driver->slots[i].scanner);
    if (driver->pace)
        event_free(driver->pace);
    if (driver->tick)
        event_free(driver->tick);
    if (driver->loop)
        event_base_free(driver->loop);
    memory_free(driver->clients);
    memory_free(driver->tables);
    memory_free(driver->slots);
    target_deinit(&driver->target);
}

static void pin(const struct driver_plan *plan, size_t index)
{
    cpu_set_t set;
    if (plan->cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)plan->cpu + index, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static void work(struct driver *driver)
{
    struct timeval every = {0, RUN_TICK_MS * 1000};
    /* the last of a client first: the idle list is a stack, and connections shall take turns */
    for (size_t j = driver->plan->depth; j-- > 0;)
        for (size_t i = driver->plan->clients; i-- > 0;)
            runner_add_slot(&driver->runner, &driver->slots[i * driver->plan->depth + j].slot);
    event_add(driver->tick, &every);
    on_pace(-1, 0, driver);
    event_base_loop(driver->loop, EVLOOP_NO_EXIT_ON_EMPTY);
    uint64_t at_ns = now_ns();
    driver->thread->ended_ns = at_ns;
    driver->thread->abandoned = driver->runner.busy;
    driver->thread->unstarted = runner_end(&driver->runner, at_ns);
}

static enum status open_loop(struct driver *driver, struct error *error)
{
    struct event_config *config = event_config_new();
    if (config)
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    driver->loop = config ? event_base_new_with_config(config) : NULL;
    if (config)
        event_config_free(config);
    driver->pace = driver->loop ? evtimer_new(driver->loop, on_pace, driver) : NULL;
    driver->tick = driver->loop ? event_new(driver->loop, -1, EV_PERSIST, on_tick, driver) : NULL;
    if (!driver->pace || !driver->tick ||
        !target_init(&driver->target, driver->plan, driver->thread->index, on_done, driver))
        return error_set(error, STATUS_NO_MEMORY, "no memory for a thread of the load");
    return STATUS_OK;
}

enum status driver_run(void *context, struct run_thread *thread, struct error *error)
{
    struct driver driver = {.plan = context, .thread = thread};
    pin(driver.plan, thread->index);
    enum status status = open_loop(&driver, error);
    if (!status)
        status = open_clients(&driver, error);
    if (run_begin(thread, status == STATUS_OK, &driver.runner, start, &driver)) {
        work(&driver);
        close_all(&driver);
        runner_deinit(&driver.runner);
    } else {
        close_all(&driver);
    }
    return status;
}
