#include "bench/run.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "base/memory.h"

struct run {
    const struct run_plan *plan;
    struct runner_plan share; /* of each thread */
    struct timeline *timeline;
    pthread_barrier_t is_ready;
    pthread_barrier_t has_begun;
    uint64_t started_ns; /* set between the barriers */
    _Atomic bool has_failed;
    _Atomic bool is_stopped;
    _Atomic bool is_lost;
};

struct worker {
    pthread_t handle;
    struct run_thread thread;
    enum status status;
    struct error error;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

void run_catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    interrupted = 0;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool run_was_interrupted(void)
{
    return interrupted;
}

const char *run_end_name(enum run_end end)
{
    static const char *const names[] = {"complete", "interrupted", "server lost"};
    return names[end];
}

void run_result_deinit(struct run_result *result)
{
    tally_deinit(&result->all);
    for (int i = 0; i < OPERATION_COUNT; i++)
        tally_deinit(&result->of[i]);
    memory_free(result->points);
    histogram_free(result->late);
    result->points = NULL;
    result->late = NULL;
}

/* ---- For the threads ---- */

bool run_begin(struct run_thread *thread, bool is_ready, struct runner *runner,
    runner_start_function *start, void *context)
{
    struct run *run = thread->run;
    struct runner_plan share = run->share;
    if (!is_ready)
        atomic_store(&run->has_failed, true);
    pthread_barrier_wait(&run->is_ready);
    pthread_barrier_wait(&run->has_begun);
    if (atomic_load(&run->has_failed))
        return false;
    share.offset = (double)thread->index / (double)run->plan->threads;
    runner_init(runner, &share, run->timeline, thread->index, run->started_ns, start, context);
    runner->late = thread->late;
    return true;
}

bool run_is_stopped(const struct run_thread *thread)
{
    return atomic_load_explicit(&thread->run->is_stopped, memory_order_relaxed);
}

void run_lose_server(struct run_thread *thread)
{
    atomic_store(&thread->run->is_lost, true);
    atomic_store(&thread->run->is_stopped, true);
}

static void *work(void *context)
{
    struct worker *worker = context;
    const struct run_plan *plan = worker->thread.run->plan;
    worker->status = plan->work(plan->context, &worker->thread, &worker->error);
    return NULL;
}

/* ---- Taking the seconds ---- */

static struct latency latency_of(const struct histogram *histogram)
{
    struct latency latency = {NAN, NAN, NAN, NAN};
    if (!histogram || histogram_count(histogram) == 0)
        return latency;
    latency.mean = histogram_mean(histogram) / 1e3;
    latency.max = (double)histogram_max(histogram) / 1e3;
    if (!tally_quantile(histogram, 0.5, &latency.p50))
        latency.p50 = NAN;
    if (!tally_quantile(histogram, 0.99, &latency.p99))
        latency.p99 = NAN;
    return latency;
}

static struct point_part part_of(const struct tally *tally)
{
    return (struct point_part){tally->operations, tally->failed, tally->rows,
        latency_of(tally->service), latency_of(tally->intended)};
}

static bool add_point(struct run_result *result, const struct point *point)
{
    if (result->point_count == result->point_room) {
        size_t room = result->point_room ? 2 * result->point_room : 64;
        struct point *points = memory_reallocate(result->points, room * sizeof *points);
        if (!points)
            return false;
        result->points = points;
        result->point_room = room;
    }
    result->points[result->point_count++] = *point;
    return true;
}

/* False on no memory. */
static bool take_second(
    const struct run_plan *plan, struct run_result *result, const struct second *second)
{
    struct tally sum;
    struct point point = {.second = second->number, .length_s = (double)second->length_ns / 1e9};
    bool is_whole = second_sum(second, &sum);
    point.all = part_of(&sum);
    for (int i = 0; i < OPERATION_COUNT; i++)
        point.of[i] = part_of(&second->tallies[i]);
    if (second->number >= 0) {
        is_whole = tally_merge(&result->all, &sum) && is_whole;
        for (int i = 0; i < OPERATION_COUNT; i++)
            is_whole = tally_merge(&result->of[i], &second->tallies[i]) && is_whole;
    }
    is_whole = add_point(result, &point) && is_whole;
    if (plan->on_second)
        plan->on_second(plan->sink_context, second, &point);
    tally_deinit(&sum);
    return is_whole;
}

static bool watch(struct run *run, struct run_result *result)
{
    bool is_whole = true, is_counted = false;
    uint64_t counted_from_ns = run->started_ns + run->share.warmup_ns;
    while (!timeline_is_over(run->timeline)) {
        uint64_t now_ns = env_monotonic_ns(env_real());
        if (!is_counted && now_ns >= counted_from_ns) {
            is_counted = true;
            if (run->plan->on_counted)
                run->plan->on_counted(run->plan->sink_context);
        }
        uint64_t left_ms = is_counted ? 100 : (counted_from_ns - now_ns) / 1000000 + 1;
        struct second *second = timeline_take(
            run->timeline, left_ms < 100 ? (unsigned)left_ms : 100);
        if (second) {
            is_whole = take_second(run->plan, result, second) && is_whole;
            timeline_give_back(run->timeline, second);
        }
        if (interrupted)
            atomic_store(&run->is_stopped, true);
    }
    return is_whole && !timeline_is_short_of_memory(run->timeline);
}

/* ---- The run ---- */

static void share_out(struct run *run)
{
    size_t threads = run->plan->threads;
    run->share = run->plan->pace;
    run->share.rate /= (double)threads;
    if (run->share.operations)
        run->share.operations = (run->share.operations + threads - 1) / threads;
}

static enum status join(struct run *run, struct worker *workers, struct run_result *result,
    uint64_t counted_from_ns, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < run->plan->threads; i++) {
        struct run_thread *thread = &workers[i].thread;
        pthread_join(workers[i].handle, NULL);
        if (workers[i].status && !status) {
            status = workers[i].status;
            *error = workers[i].error;
        }
        if (thread->late && result->late)
            histogram_merge(result->late, thread->late);
        histogram_free(thread->late);
        result->unstarted += thread->unstarted;
        result->abandoned += thread->abandoned;
        if (thread->ended_ns > counted_from_ns + result->elapsed_ns)
            result->elapsed_ns = thread->ended_ns - counted_from_ns;
        if (thread->first_failure[0] && !result->first_failure[0])
            memcpy(result->first_failure, thread->first_failure, sizeof result->first_failure);
    }
    result->end = atomic_load(&run->is_lost) ? RUN_SERVER_LOST
                  : interrupted              ? RUN_INTERRUPTED
                                             : RUN_COMPLETE;
    return status;
}

enum status run_threads(
    const struct run_plan *plan, struct run_result *out_result, struct error *error)
{
    struct run run = {.plan = plan, .timeline = timeline_new(plan->threads)};
    struct worker *workers = memory_allocate_zeroed(plan->threads, sizeof *workers);
    struct run_result result = {.late = plan->pace.rate > 0 ? histogram_new() : NULL};
    enum status status = STATUS_OK;
    if (!run.timeline || !workers) {
        timeline_free(run.timeline);
        memory_free(workers);
        run_result_deinit(&result);
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu threads", plan->threads);
    }
    share_out(&run);
    CHECK(pthread_barrier_init(&run.is_ready, NULL, (unsigned)plan->threads + 1) == 0);
    CHECK(pthread_barrier_init(&run.has_begun, NULL, (unsigned)plan->threads + 1) == 0);
    for (size_t i = 0; i < plan->threads; i++) {
        workers[i].thread = (struct run_thread){
            .run = &run, .index = i, .late = plan->pace.rate > 0 ? histogram_new() : NULL};
        CHECK(pthread_create(&workers[i].handle, NULL, work, &workers[i]) == 0);
    }
    pthread_barrier_wait(&run.is_ready);
    run.started_ns = env_monotonic_ns(env_real());
    uint64_t counted_from_ns = run.started_ns + run.share.warmup_ns;
    result.started_ms = env_wall_ms(env_real()) + (int64_t)(run.share.warmup_ns / 1000000);
    pthread_barrier_wait(&run.has_begun);
    bool is_whole = atomic_load(&run.has_failed) || watch(&run, &result);
    status = join(&run, workers, &result, counted_from_ns, error);
    if (!status && !is_whole)
        status = error_set(error, STATUS_NO_MEMORY, "no memory for the figures");
    pthread_barrier_destroy(&run.is_ready);
    pthread_barrier_destroy(&run.has_begun);
    timeline_free(run.timeline);
    memory_free(workers);
    if (status)
        run_result_deinit(&result);
    else
        *out_result = result;
    return status;
}
