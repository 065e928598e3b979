#include "server/heat/tablet_heat.h"

#include <string.h>

#include "base/memory.h"
#include "server/heat/counted_by_name.h"
#include "server/heat/heat_ring.h"
#include "server/heat/hot_rows.h"

#define BOUNDS_MOST  (TABLET_HEAT_BUCKETS - 1)
#define SECOND_BYTES (18u << 10)
#define MINUTE_BYTES (12u << 10)
#define IDLE_S       3600
#define MINUTE_S     60

struct bound {
    uint8_t size;
    uint8_t key[TABLET_HEAT_KEY];
};

struct heat_body {
    unsigned bound_count;
    size_t prefix_size;                  /* that all bounds share */
    uint64_t heads[TABLET_HEAT_BUCKETS]; /* the 8 bytes behind it; UINT64_MAX past the last */
    struct bound bounds[BOUNDS_MOST];
    uint64_t counters[TABLET_HEAT_BUCKETS][HEAT_COUNTERS]; /* of the minute that runs */
    /* As they were when this second began. */
    uint64_t at_second[TABLET_HEAT_BUCKETS][HEAT_RING_KINDS];
    struct hot_sampler samplers[HEAT_ROW_KINDS];
    struct hot_rows *rows[HEAT_ROW_KINDS]; /* NULL until the first */
    struct heat_ring seconds, minutes;
    int64_t began_s; /* 0 until the first tablet_heat_second */
    int64_t used_s;  /* the last second in which there was a call */
    int64_t last_s;  /* the last tablet_heat_second */
};

/* ---- Life ---- */

void tablet_heat_init(struct tablet_heat *heat, uint64_t seed)
{
    *heat = (struct tablet_heat){.seed = seed};
    brief_mutex_init(&heat->mu, LOCK_RANK_HEAT);
}

static __attribute__((noinline)) struct heat_body *body_new(uint64_t seed)
{
    struct heat_body *body = memory_allocate_zeroed(1, sizeof *body);
    if (!body)
        return NULL;
    memset(body->heads, 0xff, sizeof body->heads);
    heat_ring_init(&body->seconds, SECOND_BYTES, TABLET_HEAT_SECONDS);
    heat_ring_init(&body->minutes, MINUTE_BYTES, TABLET_HEAT_MINUTES);
    for (unsigned kind = 0; kind < HEAT_ROW_KINDS; kind++)
        hot_sampler_init(&body->samplers[kind], seed + kind);
    return body;
}

static void body_free(struct heat_body *body)
{
    if (!body)
        return;
    for (unsigned kind = 0; kind < HEAT_ROW_KINDS; kind++)
        hot_rows_free(body->rows[kind]);
    heat_ring_deinit(&body->seconds);
    heat_ring_deinit(&body->minutes);
    memory_free(body);
}

void tablet_heat_deinit(struct tablet_heat *heat)
{
    body_free(heat->body);
    brief_mutex_deinit(&heat->mu);
}

/* ---- Counting ---- */

static struct span bound_key(const struct heat_body *body, unsigned i)
{
    return span_make(body->bounds[i].key, body->bounds[i].size);
}

/* What follows is done for each call, so rows of 8 bytes and more, which are nearly all, are looked at by words. */

static __attribute__((noinline)) uint64_t head_of_short(struct span row, size_t skip)
{
    uint64_t head = 0;
    for (size_t i = 0; skip + i < row.size; i++)
        head |= (uint64_t)row.data[skip + i] << (56 - 8 * i);
    return head;
}

/* The 8 bytes behind `skip`, zeros where there are none. */
static inline uint64_t head_of(struct span row, size_t skip)
{
    if (row.size >= skip + 8)
        return load_be64(row.data + skip);
    if (row.size < 8 || row.size <= skip)
        return head_of_short(row, skip);
    return load_be64(row.data + row.size - 8) << 8 * (skip + 8 - row.size);
}

/* As span_starts_with. `prefix` lies in TABLET_HEAT_KEY bytes of its own. */
static inline bool has_prefix(struct span row, const uint8_t *prefix, size_t size)
{
    if (row.size < 8 || row.size < size)
        return span_starts_with(row, span_make(prefix, size));
    if (size < 8)
        return size == 0 || (load_be64(row.data) ^ load_be64(prefix)) >> (64 - 8 * size) == 0;
    for (size_t at = 0; at + 8 < size; at += 8)
        if (load_u64(row.data + at) != load_u64(prefix + at))
            return false;
    return load_u64(row.data + size - 8) == load_u64(prefix + size - 8);
}

/* Past those of the bounds from `low` on that have the row's head and are not behind the row. */
static __attribute__((noinline)) unsigned pass_same_heads(
    const struct heat_body *body, struct span row, uint64_t head, unsigned low)
{
    while (low < body->bound_count && body->heads[low] == head &&
           span_compare(bound_key(body, low), row) <= 0)
        low++;
    return low;
}

static __attribute__((noinline)) unsigned find_without_prefix(
    const struct heat_body *body, struct span row)
{
    struct span prefix = span_make(body->bounds[0].key, body->prefix_size);
    return span_compare(row, prefix) < 0 ? 0 : body->bound_count;
}

/* How many bounds are at or before the row. */
static inline __attribute__((always_inline)) unsigned find_bucket(
    const struct heat_body *body, struct span row)
{
    if (body->bound_count == 0)
        return 0;
    if (!has_prefix(row, body->bounds[0].key, body->prefix_size))
        return find_without_prefix(body, row);
    uint64_t head = head_of(row, body->prefix_size);
    unsigned low = 0;
    for (unsigned step = TABLET_HEAT_BUCKETS / 2; step > 0; step /= 2)
        if (body->heads[low + step - 1] < head)
            low += step;
    return body->heads[low] == head ? pass_same_heads(body, row, head, low) : low;
}

static inline void bucket_add(uint64_t counters[HEAT_COUNTERS], const struct heat_use *use)
{
    counters[use->kind] += use->operations;
    counters[HEAT_BYTES_IN] += use->bytes_in;
    counters[HEAT_BYTES_OUT] += use->bytes_out;
    counters[HEAT_CPU_NS] += use->cpu_ns;
}

/* Part i of n of a sum; all parts together are the sum. */
static uint64_t part(uint64_t sum, unsigned i, unsigned n)
{
    return sum * (i + 1) / n - sum * i / n;
}

static void add_range(
    struct heat_body *body, const struct heat_use *use, unsigned first, unsigned last)
{
    unsigned n = last - first + 1;
    for (unsigned i = 0; i < n; i++) {
        struct heat_use share = {.kind = use->kind,
            .operations = part(use->operations, i, n),
            .bytes_in = part(use->bytes_in, i, n),
            .bytes_out = part(use->bytes_out, i, n),
            .cpu_ns = part(use->cpu_ns, i, n)};
        bucket_add(body->counters[first + i], &share);
    }
}

static __attribute__((noinline)) struct hot_rows *rows_make(
    struct heat_body *body, enum heat_row_kind kind)
{
    return body->rows[kind] = hot_rows_new();
}

/* A scan: what it took is divided among the buckets that it went through. */
static __attribute__((noinline)) void add_rows(
    struct heat_body *body, const struct heat_use *use, struct span first_row, struct span last_row)
{
    unsigned first = find_bucket(body, first_row), last = find_bucket(body, last_row);
    if (last <= first)
        bucket_add(body->counters[first], use);
    else
        add_range(body, use, first, last);
}

static inline void add(struct tablet_heat *heat, const struct heat_use *use, struct span first_row,
    struct span last_row)
{
    struct heat_body *body = heat->body;
    if (!body) {
        heat->body = body = body_new(heat->seed);
        if (!body)
            return;
    }
    if (first_row.data != last_row.data && !span_equal(first_row, last_row)) {
        add_rows(body, use, first_row, last_row);
        return;
    }
    bucket_add(body->counters[find_bucket(body, first_row)], use);
    enum heat_row_kind kind = use->kind == HEAT_WRITES ? HEAT_ROW_WRITE : HEAT_ROW_READ;
    uint64_t weight = hot_sampler_next(&body->samplers[kind]);
    if (weight == 0)
        return;
    struct hot_rows *rows = body->rows[kind];
    if (rows || (rows = rows_make(body, kind)))
        hot_rows_count(rows, first_row, weight);
}

void tablet_heat_add_locked(struct tablet_heat *heat, const struct heat_use *use,
    struct span first_row, struct span last_row)
{
    add(heat, use, first_row, last_row);
}

void tablet_heat_lock(struct tablet_heat *heat)
{
    brief_mutex_lock(&heat->mu);
}

void tablet_heat_unlock(struct tablet_heat *heat)
{
    brief_mutex_unlock(&heat->mu);
}

COUNTED_BY_NAME void tablet_heat_add(struct tablet_heat *heat, const struct heat_use *use,
    struct span first_row, struct span last_row)
{
    brief_mutex_lock(&heat->mu);
    add(heat, use, first_row, last_row);
    brief_mutex_unlock(&heat->mu);
}

/* ---- Seconds and minutes ---- */

static void start_second(struct heat_body *body)
{
    for (unsigned i = 0; i <= body->bound_count; i++)
        for (unsigned c = 0; c < HEAT_RING_KINDS; c++)
            body->at_second[i][c] = body->counters[i][c];
}

/* Seconds are kept without bounds: their ring is emptied when those change. */
static void end_second(struct heat_body *body, int64_t now_s)
{
    for (unsigned kind = 0; kind < HEAT_ROW_KINDS; kind++)
        hot_sampler_second(&body->samplers[kind]);
    if (body->began_s == 0)
        body->began_s = body->used_s = now_s;
    body->last_s = now_s;
    if (heat_ring_add_risen(
            &body->seconds, now_s, body->bound_count + 1, body->counters, body->at_second))
        body->used_s = now_s;
}

static bool has_counted(const struct heat_body *body)
{
    for (unsigned i = 0; i <= body->bound_count; i++)
        for (unsigned c = 0; c < HEAT_COUNTERS; c++)
            if (body->counters[i][c] > 0)
                return true;
    return false;
}

COUNTED_BY_NAME bool tablet_heat_second(struct tablet_heat *heat, int64_t now_s)
{
    struct heat_body *idle = NULL;
    brief_mutex_lock(&heat->mu);
    if (heat->body) {
        end_second(heat->body, now_s);
        /* What new bounds spread is no second's, but still the running minute's. */
        if (heat->body->used_s + IDLE_S < now_s && !has_counted(heat->body)) {
            idle = heat->body;
            heat->body = NULL;
        }
    }
    bool is_active = heat->body != NULL;
    brief_mutex_unlock(&heat->mu);
    body_free(idle);
    return is_active;
}

static void keep_minute(struct heat_body *body, int64_t minute)
{
    struct span bounds[BOUNDS_MOST];
    for (unsigned i = 0; i < body->bound_count; i++)
        bounds[i] = bound_key(body, i);
    heat_ring_add(&body->minutes, minute, bounds, body->bound_count + 1, body->counters);
    memset(body->counters, 0, sizeof body->counters);
    memset(body->at_second, 0, sizeof body->at_second);
}

static void turn_rows(struct heat_body *body)
{
    for (unsigned kind = 0; kind < HEAT_ROW_KINDS; kind++) {
        hot_sampler_turn(&body->samplers[kind]);
        if (body->rows[kind])
            hot_rows_turn(body->rows[kind]);
    }
}

void tablet_heat_minute(struct tablet_heat *heat, int64_t minute)
{
    brief_mutex_lock(&heat->mu);
    if (heat->body) {
        if (has_counted(heat->body))
            keep_minute(heat->body, minute);
        turn_rows(heat->body);
    }
    brief_mutex_unlock(&heat->mu);
}

/* ---- Bounds ---- */

static size_t shared_size(struct span a, struct span b)
{
    size_t size = 0;
    while (size < a.size && size < b.size && a.data[size] == b.data[size])
        size++;
    return size;
}

static void set_bounds(struct heat_body *body, const struct span *bounds, size_t count)
{
    body->bound_count = 0;
    for (size_t i = 0; i < count && body->bound_count < BOUNDS_MOST; i++) {
        size_t size = bounds[i].size < TABLET_HEAT_KEY ? bounds[i].size : TABLET_HEAT_KEY;
        struct span key = span_make(bounds[i].data, size);
        if (size == 0 || (body->bound_count > 0 &&
                             span_compare(bound_key(body, body->bound_count - 1), key) >= 0))
            continue; /* alike as far as they are kept */
        struct bound *bound = &body->bounds[body->bound_count++];
        bound->size = (uint8_t)size;
        memcpy(bound->key, key.data, size);
    }
    memset(body->heads, 0xff, sizeof body->heads);
    if (body->bound_count == 0)
        return;
    body->prefix_size = shared_size(bound_key(body, 0), bound_key(body, body->bound_count - 1));
    for (unsigned i = 0; i < body->bound_count; i++)
        body->heads[i] = head_of(bound_key(body, i), body->prefix_size);
}

/* What was counted, evenly over the buckets. */
static void spread(struct heat_body *body)
{
    uint64_t sums[HEAT_COUNTERS] = {0};
    for (unsigned i = 0; i < TABLET_HEAT_BUCKETS; i++)
        for (unsigned c = 0; c < HEAT_COUNTERS; c++)
            sums[c] += body->counters[i][c];
    memset(body->counters, 0, sizeof body->counters);
    for (unsigned i = 0; i <= body->bound_count; i++)
        for (unsigned c = 0; c < HEAT_COUNTERS; c++)
            body->counters[i][c] = part(sums[c], i, body->bound_count + 1);
    start_second(body);
}

void tablet_heat_set_bounds(struct tablet_heat *heat, const struct span *bounds, size_t bound_count)
{
    brief_mutex_lock(&heat->mu);
    if (heat->body) {
        set_bounds(heat->body, bounds, bound_count);
        spread(heat->body);
        heat_ring_clear(&heat->body->seconds);
    }
    brief_mutex_unlock(&heat->mu);
}

int64_t tablet_heat_last_second(struct tablet_heat *heat)
{
    brief_mutex_lock(&heat->mu);
    int64_t last_s = heat->body ? heat->body->last_s : 0;
    brief_mutex_unlock(&heat->mu);
    return last_s;
}

unsigned tablet_heat_buckets(struct tablet_heat *heat)
{
    brief_mutex_lock(&heat->mu);
    unsigned count = heat->body ? heat->body->bound_count + 1 : 0;
    brief_mutex_unlock(&heat->mu);
    return count;
}

/* ---- Reading ---- */

static enum status copy_bounds(
    const struct heat_body *body, struct arena *arena, struct span **out_bounds)
{
    struct span *bounds = arena_allocate_zeroed(arena, body->bound_count + 1, sizeof *bounds);
    if (!bounds)
        return STATUS_NO_MEMORY;
    for (unsigned i = 0; i < body->bound_count; i++) {
        bounds[i] = arena_copy(arena, bound_key(body, i));
        if (bounds[i].size == 0)
            return STATUS_NO_MEMORY;
    }
    *out_bounds = bounds;
    return STATUS_OK;
}

static enum status read_running(
    const struct heat_body *body, struct arena *arena, struct heat_minute_copy *copy)
{
    if (!has_counted(body))
        return STATUS_NOT_FOUND;
    copy->value_count = body->bound_count + 1;
    copy->values = arena_allocate_zeroed(arena, copy->value_count, sizeof *copy->values);
    if (!copy->values)
        return STATUS_NO_MEMORY;
    for (unsigned i = 0; i <= body->bound_count; i++)
        for (unsigned c = 0; c < HEAT_COUNTERS; c++)
            copy->values[i].of[c] = (double)body->counters[i][c];
    return copy_bounds(body, arena, &copy->bounds);
}

enum status tablet_heat_read_minute(struct tablet_heat *heat, int64_t minute, struct arena *arena,
    struct heat_minute_copy *out_copy)
{
    struct heat_minute_copy copy = {0};
    enum status status = STATUS_NOT_FOUND;
    brief_mutex_lock(&heat->mu);
    if (heat->body && minute == 0)
        status = read_running(heat->body, arena, &copy);
    else if (heat->body)
        status = heat_ring_read(
            &heat->body->minutes, minute, arena, &copy.bounds, &copy.values, &copy.value_count);
    brief_mutex_unlock(&heat->mu);
    if (!status)
        *out_copy = copy;
    return status;
}

/* Adds a second to the copy's values. */
static enum status add_second(const struct heat_body *body, int64_t second, struct arena *arena,
    struct heat_minute_copy *copy)
{
    struct span *bounds;
    struct heat_values *values;
    size_t count;
    enum status status = heat_ring_read(&body->seconds, second, arena, &bounds, &values, &count);
    if (status || count != copy->value_count)
        return status;
    for (size_t i = 0; i < count; i++)
        heat_add(&copy->values[i], &values[i], 1);
    return STATUS_OK;
}

static enum status read_seconds(const struct heat_body *body, int64_t from_s, int64_t to_s,
    struct arena *arena, struct heat_minute_copy *copy)
{
    bool is_found = false;
    copy->value_count = body->bound_count + 1;
    copy->values = arena_allocate_zeroed(arena, copy->value_count, sizeof *copy->values);
    if (!copy->values)
        return STATUS_NO_MEMORY;
    for (int64_t second = from_s; second < to_s; second++) {
        enum status status = add_second(body, second, arena, copy);
        if (status == STATUS_NO_MEMORY)
            return status;
        is_found = is_found || status == STATUS_OK;
    }
    return is_found ? copy_bounds(body, arena, &copy->bounds) : STATUS_NOT_FOUND;
}

enum status tablet_heat_read_seconds(struct tablet_heat *heat, int64_t from_s, int64_t to_s,
    struct arena *arena, struct heat_minute_copy *out_copy)
{
    struct heat_minute_copy copy = {0};
    enum status status = STATUS_NOT_FOUND;
    brief_mutex_lock(&heat->mu);
    if (heat->body)
        status = read_seconds(heat->body, from_s, to_s, arena, &copy);
    brief_mutex_unlock(&heat->mu);
    if (!status)
        *out_copy = copy;
    return status;
}

static enum status read_kind(const struct heat_body *body, enum heat_row_kind kind, size_t most,
    struct arena *arena, struct hot_row **out_rows, size_t *out_count)
{
    *out_rows = NULL;
    *out_count = 0;
    if (!body->rows[kind])
        return STATUS_OK;
    return hot_rows_list(body->rows[kind], kind, hot_sampler_stride(&body->samplers[kind]), most,
        arena, out_rows, out_count);
}

static enum status read_rows(const struct heat_body *body, int64_t now_s, size_t most,
    struct arena *arena, struct heat_tablet_rows *out_rows)
{
    struct hot_row *lists[HEAT_ROW_KINDS];
    size_t counts[HEAT_ROW_KINDS], count = 0;
    enum status status = STATUS_OK;
    for (unsigned kind = 0; kind < HEAT_ROW_KINDS && !status; kind++)
        status = read_kind(body, kind, most, arena, &lists[kind], &counts[kind]);
    struct hot_row *rows = arena_allocate_zeroed(arena, HEAT_ROW_KINDS * most, sizeof *rows);
    if (status || !rows)
        return STATUS_NO_MEMORY;
    for (unsigned kind = 0; kind < HEAT_ROW_KINDS; kind++) {
        for (size_t i = 0; i < counts[kind]; i++)
            rows[count++] = lists[kind][i];
        out_rows->all[kind] = body->rows[kind] ? hot_rows_all(body->rows[kind]) : 0;
    }
    int64_t from_s = now_s / MINUTE_S * MINUTE_S - MINUTE_S; /* the window before began here ... */
    if (body->began_s > from_s)
        from_s = body->began_s; /* ... or with the first call */
    out_rows->window_s = now_s > from_s ? (double)(now_s - from_s) : 1;
    out_rows->rows = rows;
    out_rows->row_count = count;
    return STATUS_OK;
}

enum status tablet_heat_read_rows(struct tablet_heat *heat, int64_t now_s, size_t most,
    struct arena *arena, struct heat_tablet_rows *out_rows)
{
    enum status status = STATUS_OK;
    out_rows->rows = NULL;
    out_rows->row_count = 0;
    brief_mutex_lock(&heat->mu);
    if (heat->body)
        status = read_rows(heat->body, now_s, most, arena, out_rows);
    brief_mutex_unlock(&heat->mu);
    return status;
}

size_t tablet_heat_memory(struct tablet_heat *heat)
{
    size_t bytes = 0;
    brief_mutex_lock(&heat->mu);
    if (heat->body) {
        bytes = sizeof *heat->body + heat->body->seconds.capacity + heat->body->minutes.capacity;
        for (unsigned kind = 0; kind < HEAT_ROW_KINDS; kind++)
            bytes += heat->body->rows[kind] ? hot_rows_memory() : 0;
    }
    brief_mutex_unlock(&heat->mu);
    return bytes;
}
