#include "server/master/load_history.h"

#include <string.h>

#include "base/memory.h"

void load_history_init(struct load_history *history)
{
    memset(history, 0, sizeof *history);
    mutex_init(&history->mu, LOCK_RANK_MASTER);
    history->fine.room = LOAD_FINE_KEPT;
    history->coarse.room = LOAD_COARSE_KEPT;
}

void load_history_deinit(struct load_history *history)
{
    mutex_deinit(&history->mu);
    memory_free(history->fine.points);
    memory_free(history->coarse.points);
}

void load_history_clear(struct load_history *history)
{
    mutex_lock(&history->mu);
    history->fine.count = history->coarse.count = 0;
    history->steps = 0;
    memset(&history->sum, 0, sizeof history->sum);
    mutex_unlock(&history->mu);
}

/* A point of `steps` steps whose sums are given. */
static struct load_point point_of(const struct load_sample *sum, unsigned steps)
{
    struct load_point point = {.time_s = sum->time_s,
        .step_s = steps * LOAD_STEP_S,
        .servers = sum->servers,
        .requests_per_s = (float)(sum->requests_per_s / steps),
        .bytes_per_s = (float)(sum->bytes_per_s / steps),
        .cpu = (float)(sum->cpu / steps)};
    for (unsigned kind = 0; kind < LOAD_CALLS; kind++) {
        point.p50_s[kind] = (float)call_buckets_quantile(sum->counts[kind], 0.5);
        point.p99_s[kind] = (float)call_buckets_quantile(sum->counts[kind], 0.99);
    }
    return point;
}

static void ring_add(struct load_ring *ring, const struct load_point *point)
{
    if (!ring->points)
        ring->points = memory_allocate_zeroed(ring->room, sizeof *ring->points);
    if (ring->points)
        ring->points[ring->count++ % ring->room] = *point;
}

static void sum_add(struct load_sample *sum, const struct load_sample *sample)
{
    sum->time_s = sample->time_s;
    sum->servers = sample->servers;
    sum->requests_per_s += sample->requests_per_s;
    sum->bytes_per_s += sample->bytes_per_s;
    sum->cpu += sample->cpu;
    for (unsigned kind = 0; kind < LOAD_CALLS; kind++)
        for (unsigned bucket = 0; bucket < CALL_BUCKETS; bucket++)
            sum->counts[kind][bucket] += sample->counts[kind][bucket];
}

void load_history_add(struct load_history *history, const struct load_sample *sample)
{
    struct load_point point = point_of(sample, 1);
    mutex_lock(&history->mu);
    ring_add(&history->fine, &point);
    sum_add(&history->sum, sample);
    if (++history->steps == LOAD_COARSE_S / LOAD_STEP_S) {
        point = point_of(&history->sum, history->steps);
        ring_add(&history->coarse, &point);
        memset(&history->sum, 0, sizeof history->sum);
        history->steps = 0;
    }
    mutex_unlock(&history->mu);
}

enum status load_history_read(struct load_history *history, int64_t from_s, int64_t now_s,
    struct arena *arena, struct load_point **out_points, size_t *out_count)
{
    bool is_fine = now_s - from_s <= LOAD_FINE_KEPT * LOAD_STEP_S;
    struct load_ring *ring = is_fine ? &history->fine : &history->coarse;
    struct load_point *points = arena_allocate_zeroed(arena, ring->room + 1, sizeof *points);
    size_t count = 0;
    if (!points)
        return STATUS_NO_MEMORY;
    mutex_lock(&history->mu);
    for (size_t i = ring->count > ring->room ? ring->count - ring->room : 0; i < ring->count; i++)
        if (ring->points[i % ring->room].time_s > from_s)
            points[count++] = ring->points[i % ring->room];
    mutex_unlock(&history->mu);
    *out_points = points;
    *out_count = count;
    return STATUS_OK;
}
