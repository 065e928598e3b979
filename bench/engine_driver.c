#include "bench/engine_driver.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "base/env.h"
#include "base/memory.h"
#include "bench/engine_request.h"

struct engine_driver {
    const struct engine_plan *plan;
    struct run_thread *thread;
    struct runner runner;
    struct workload_stream stream;
    struct engine_request *requests; /* owned */
    struct engine_request *reads;    /* started, to be run by this thread, in order */
    struct engine_request **reads_end;
    pthread_mutex_t mutex;
    pthread_cond_t has_ended;
    struct engine_request *ended; /* guarded: writes that are done */
};

static uint64_t now_ns(void)
{
    return env_monotonic_ns(env_real());
}

/* On a thread of the engine. */
static void on_written(void *context, struct engine_request *request)
{
    struct engine_driver *driver = context;
    pthread_mutex_lock(&driver->mutex);
    request->next = driver->ended;
    driver->ended = request;
    pthread_cond_signal(&driver->has_ended);
    pthread_mutex_unlock(&driver->mutex);
}

static void start(void *context, struct slot *slot, uint64_t at_ns)
{
    struct engine_driver *driver = context;
    struct engine_request *request = (struct engine_request *)slot;
    if (!engine_request_draw(request, runner_seconds(&driver->runner, at_ns))) {
        engine_request_write(request);
        return;
    }
    request->next = NULL;
    *driver->reads_end = request;
    driver->reads_end = &request->next;
}

static uint64_t finish(
    struct engine_driver *driver, struct engine_request *request, const char *failure)
{
    uint64_t at_ns = now_ns();
    if (failure && !driver->thread->first_failure[0])
        snprintf(
            driver->thread->first_failure, sizeof driver->thread->first_failure, "%s", failure);
    if (!failure)
        workload_acknowledge(driver->plan->workload, request->slot.operation, request->slot.rows);
    return runner_done(&driver->runner, &request->slot, failure != NULL, true, at_ns);
}

/* Runs one read. A read-modify-write goes on with its write. */
static void run_read(struct engine_driver *driver)
{
    struct engine_request *request = driver->reads;
    driver->reads = request->next;
    if (!driver->reads)
        driver->reads_end = &driver->reads;
    request->slot.start_ns = now_ns();
    if (!engine_request_read(request))
        finish(driver, request, request->failure.message);
    else if (request->slot.operation == OPERATION_READ_MODIFY_WRITE)
        engine_request_write(request);
    else
        finish(driver, request, NULL);
}

/* The writes that have ended; waits for one until `until_ns` when there is none and may_wait. */
static struct engine_request *take_ended(
    struct engine_driver *driver, bool may_wait, uint64_t until_ns)
{
    pthread_mutex_lock(&driver->mutex);
    if (!driver->ended && may_wait) {
        uint64_t at_ns = now_ns(), wait_ns = until_ns > at_ns ? until_ns - at_ns : 0;
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (long)(wait_ns % 1000000000);
        until.tv_sec += (time_t)(wait_ns / 1000000000) + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        while (!driver->ended &&
               pthread_cond_timedwait(&driver->has_ended, &driver->mutex, &until) != ETIMEDOUT)
            ;
    }
    struct engine_request *ended = driver->ended;
    driver->ended = NULL;
    pthread_mutex_unlock(&driver->mutex);
    return ended;
}

static void work(struct engine_driver *driver)
{
    for (size_t i = driver->plan->depth; i-- > 0;)
        runner_add_slot(&driver->runner, &driver->requests[i].slot);
    for (;;) {
        uint64_t at_ns = now_ns(), tick_ns = at_ns + RUN_TICK_MS * 1000000ull;
        uint64_t next_ns = runner_go(&driver->runner, at_ns);
        if (run_is_stopped(driver->thread))
            runner_stop(&driver->runner);
        if (runner_is_done(&driver->runner))
            break;
        struct engine_request *ended = take_ended(
            driver, !driver->reads, next_ns < tick_ns ? next_ns : tick_ns);
        while (ended) {
            struct engine_request *next = ended->next;
            finish(driver, ended, engine_request_failure(ended));
            ended = next;
        }
        if (driver->reads)
            run_read(driver);
    }
    driver->thread->ended_ns = now_ns();
    driver->thread->unstarted = runner_end(&driver->runner, driver->thread->ended_ns);
}

static bool make_requests(struct engine_driver *driver)
{
    bool is_made = true;
    size_t depth = driver->plan->depth;
    driver->requests = memory_allocate_zeroed(depth, sizeof *driver->requests);
    for (size_t i = 0; driver->requests && i < depth; i++)
        is_made = engine_request_init(
                      &driver->requests[i], driver->plan, &driver->stream, on_written, driver) &&
                  is_made;
    return driver->requests && is_made;
}

enum status engine_driver_run(void *context, struct run_thread *thread, struct error *error)
{
    struct engine_driver driver = {.plan = context, .thread = thread};
    pthread_condattr_t attributes;
    driver.reads_end = &driver.reads;
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_mutex_init(&driver.mutex, NULL) == 0);
    CHECK(pthread_cond_init(&driver.has_ended, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    bool is_ready = workload_stream_init(&driver.stream, driver.plan->workload, thread->index,
                        driver.plan->threads) &&
                    make_requests(&driver);
    if (run_begin(thread, is_ready, &driver.runner, start, &driver)) {
        work(&driver);
        runner_deinit(&driver.runner);
    }
    for (size_t i = 0; driver.requests && i < driver.plan->depth; i++)
        engine_request_deinit(&driver.requests[i]);
    memory_free(driver.requests);
    workload_stream_deinit(&driver.stream);
    pthread_cond_destroy(&driver.has_ended);
    pthread_mutex_destroy(&driver.mutex);
    return is_ready ? STATUS_OK
                    : error_set(error, STATUS_NO_MEMORY, "no memory for a thread of the load");
}
