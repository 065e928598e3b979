#include "bench/timeline.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/memory.h"
#include "base/status.h"

#define SECOND_NS 1000000000ull

struct timeline {
    pthread_mutex_t mutex;
    pthread_cond_t is_whole;
    size_t thread_count;
    int64_t *passed;     /* guarded: the greatest second that each thread has given */
    struct second *open; /* guarded: not taken yet, in order */
    struct second *spare;
    bool is_short_of_memory; /* guarded */
};

bool second_sum(const struct second *second, struct tally *out_sum)
{
    bool is_merged = true;
    *out_sum = (struct tally){0};
    for (int i = 0; i < OPERATION_COUNT; i++)
        is_merged = tally_merge(out_sum, &second->tallies[i]) && is_merged;
    return is_merged;
}

struct timeline *timeline_new(size_t threads)
{
    struct timeline *timeline = memory_allocate_zeroed(1, sizeof *timeline);
    if (!timeline)
        return NULL;
    timeline->passed = memory_allocate_zeroed(threads, sizeof *timeline->passed);
    if (!timeline->passed) {
        memory_free(timeline);
        return NULL;
    }
    timeline->thread_count = threads;
    for (size_t i = 0; i < threads; i++)
        timeline->passed[i] = INT64_MIN;
    pthread_condattr_t attributes;
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_mutex_init(&timeline->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&timeline->is_whole, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    return timeline;
}

static void free_list(struct second *second)
{
    while (second) {
        struct second *next = second->next;
        for (int i = 0; i < OPERATION_COUNT; i++)
            tally_deinit(&second->tallies[i]);
        memory_free(second);
        second = next;
    }
}

void timeline_free(struct timeline *timeline)
{
    if (!timeline)
        return;
    free_list(timeline->open);
    free_list(timeline->spare);
    pthread_cond_destroy(&timeline->is_whole);
    pthread_mutex_destroy(&timeline->mutex);
    memory_free(timeline->passed);
    memory_free(timeline);
}

static int64_t passed_by_all_locked(const struct timeline *timeline)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < timeline->thread_count; i++)
        least = timeline->passed[i] < least ? timeline->passed[i] : least;
    return least;
}

struct second *timeline_take(struct timeline *timeline, unsigned timeout_ms)
{
    struct second *second = NULL;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    until.tv_sec += timeout_ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&timeline->mutex);
    for (;;) {
        if (timeline->open && timeline->open->number <= passed_by_all_locked(timeline)) {
            second = timeline->open;
            timeline->open = second->next;
            break;
        }
        if ((!timeline->open && passed_by_all_locked(timeline) == INT64_MAX) ||
            pthread_cond_timedwait(&timeline->is_whole, &timeline->mutex, &until) == ETIMEDOUT)
            break;
    }
    pthread_mutex_unlock(&timeline->mutex);
    return second;
}

void timeline_give_back(struct timeline *timeline, struct second *second)
{
    for (int i = 0; i < OPERATION_COUNT; i++)
        tally_reset(&second->tallies[i]);
    pthread_mutex_lock(&timeline->mutex);
    second->next = timeline->spare;
    timeline->spare = second;
    pthread_mutex_unlock(&timeline->mutex);
}

bool timeline_is_over(struct timeline *timeline)
{
    pthread_mutex_lock(&timeline->mutex);
    bool is_over = !timeline->open && passed_by_all_locked(timeline) == INT64_MAX;
    pthread_mutex_unlock(&timeline->mutex);
    return is_over;
}

bool timeline_is_short_of_memory(struct timeline *timeline)
{
    pthread_mutex_lock(&timeline->mutex);
    bool is_short = timeline->is_short_of_memory;
    pthread_mutex_unlock(&timeline->mutex);
    return is_short;
}

/* The open second of that number, made where it belongs; NULL on no memory. */
static struct second *open_second_locked(struct timeline *timeline, int64_t number)
{
    struct second **at = &timeline->open;
    while (*at && (*at)->number < number)
        at = &(*at)->next;
    struct second *found = *at;
    if (found && found->number == number)
        return found;
    struct second *second = timeline->spare;
    if (second)
        timeline->spare = second->next;
    else
        second = memory_allocate_zeroed(1, sizeof *second);
    if (!second)
        return NULL;
    second->number = number;
    second->length_ns = 0;
    second->next = *at;
    *at = second;
    return second;
}

/* ---- The recorder ---- */

static int64_t second_of(const struct recorder *recorder, uint64_t at_ns)
{
    if (at_ns >= recorder->origin_ns)
        return (int64_t)((at_ns - recorder->origin_ns) / SECOND_NS);
    return -(int64_t)((recorder->origin_ns - at_ns - 1) / SECOND_NS) - 1;
}

static void begin_second(struct recorder *recorder, uint64_t at_ns)
{
    recorder->number = second_of(recorder, at_ns);
    recorder->from_ns = at_ns;
    recorder->until_ns = recorder->origin_ns + (uint64_t)(recorder->number + 1) * SECOND_NS;
}

void recorder_init(struct recorder *recorder, struct timeline *timeline, size_t thread,
    uint64_t start_ns, uint64_t origin_ns)
{
    *recorder = (struct recorder){.timeline = timeline, .thread = thread, .origin_ns = origin_ns};
    begin_second(recorder, start_ns);
}

void recorder_deinit(struct recorder *recorder)
{
    for (int i = 0; i < OPERATION_COUNT; i++)
        tally_deinit(&recorder->tallies[i]);
}

static void give(struct recorder *recorder, uint64_t until_ns, bool is_last)
{
    struct timeline *timeline = recorder->timeline;
    uint64_t length_ns = until_ns - recorder->from_ns;
    pthread_mutex_lock(&timeline->mutex);
    struct second *second = open_second_locked(timeline, recorder->number);
    bool is_merged = second && !recorder->is_short_of_memory;
    if (second && second->length_ns < length_ns)
        second->length_ns = length_ns;
    for (int i = 0; second && i < OPERATION_COUNT; i++)
        is_merged = tally_merge(&second->tallies[i], &recorder->tallies[i]) && is_merged;
    timeline->is_short_of_memory = timeline->is_short_of_memory || !is_merged;
    timeline->passed[recorder->thread] = is_last ? INT64_MAX : recorder->number;
    pthread_cond_signal(&timeline->is_whole);
    pthread_mutex_unlock(&timeline->mutex);
    for (int i = 0; i < OPERATION_COUNT; i++)
        if (recorder->tallies[i].operations || recorder->tallies[i].failed)
            tally_reset(&recorder->tallies[i]);
}

void recorder_turn(struct recorder *recorder, uint64_t now_ns)
{
    while (now_ns >= recorder->until_ns) {
        give(recorder, recorder->until_ns, false);
        begin_second(recorder, recorder->until_ns);
    }
}

static void record_latency(struct recorder *recorder, struct histogram **histogram, uint64_t ns)
{
    if (!*histogram && !(*histogram = histogram_new()))
        recorder->is_short_of_memory = true;
    else
        histogram_record(*histogram, ns, 1);
}

struct tally *recorder_record(struct recorder *recorder, enum operation operation,
    uint64_t service_ns, const uint64_t *intended_ns)
{
    struct tally *tally = &recorder->tallies[operation];
    tally->operations++;
    record_latency(recorder, &tally->service, service_ns);
    if (intended_ns)
        record_latency(recorder, &tally->intended, *intended_ns);
    return tally;
}

void recorder_end(struct recorder *recorder, uint64_t now_ns)
{
    recorder_tick(recorder, now_ns);
    give(recorder, now_ns, true);
}
