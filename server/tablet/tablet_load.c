#include "server/tablet/tablet_load.h"

#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "base/mutex.h"

#define NS_PER_S         1000000000u
#define RING_SECONDS     64
#define SAMPLES_PER_CALL 16 /* at most */

/* What rates are made of. */
struct sums {
    uint64_t reads, writes, bytes_in, bytes_out, cpu_ns;
};

struct second {
    uint64_t number;  /* since the clock's start; 0 = unused */
    struct sums sums; /* as they were when it began */
};

struct sample {
    uint64_t at_s;
    uint8_t first_size, last_size;
    uint8_t first[LOAD_KEY_PREFIX], last[LOAD_KEY_PREFIX];
};

struct tablet_load {
    _Atomic uint64_t requests[LOAD_KINDS], calls[LOAD_KINDS];
    _Atomic uint64_t rows_returned, bytes_in, bytes_out, cpu_ns;
    _Atomic int64_t credit;       /* cost until the next sample */
    _Atomic uint64_t this_second; /* the newest of the ring */
    struct mutex mu;              /* LOCK_RANK_TABLET_LOAD */
    struct dice dice;             /* guarded by mu, as all below */
    uint64_t step;                /* cost that a sample stands for */
    unsigned sampled;             /* samples of this second */
    struct second ring[RING_SECONDS];
    unsigned newest;        /* in the ring */
    struct sample *samples; /* a ring of LOAD_SAMPLES; NULL until the first */
    size_t sample_count;    /* ever taken */
};

struct tablet_load *tablet_load_new(uint64_t seed)
{
    struct tablet_load *load = memory_allocate_zeroed(1, sizeof *load);
    if (!load)
        return NULL;
    load->dice = (struct dice){seed};
    load->step = LOAD_FIRST_STEP;
    atomic_init(&load->credit, LOAD_FIRST_STEP);
    mutex_init(&load->mu, LOCK_RANK_TABLET_LOAD);
    return load;
}

void tablet_load_free(struct tablet_load *load)
{
    if (!load)
        return;
    mutex_deinit(&load->mu);
    memory_free(load->samples);
    memory_free(load);
}

/* ---- Totals and seconds ---- */

static void add(_Atomic uint64_t *counter, uint64_t count)
{
    if (count > 0)
        atomic_fetch_add_explicit(counter, count, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static struct sums sums_now(const struct tablet_load *load)
{
    return (struct sums){.reads = get(&load->requests[LOAD_GET]) + get(&load->requests[LOAD_SCAN]),
        .writes = get(&load->requests[LOAD_WRITE]),
        .bytes_in = get(&load->bytes_in),
        .bytes_out = get(&load->bytes_out),
        .cpu_ns = get(&load->cpu_ns)};
}

/* The sums at the start of the first busy second from `number` on: what they were at the start of `number`, as none
 * between was busy. What they are now when there is none. */
static struct sums sums_at_locked(const struct tablet_load *load, uint64_t number)
{
    mutex_assert_held(&load->mu);
    const struct second *first = NULL;
    for (unsigned i = 0; i < RING_SECONDS; i++) {
        const struct second *second = &load->ring[i];
        if (second->number > 0 && second->number >= number &&
            (!first || second->number < first->number))
            first = second;
    }
    return first ? first->sums : sums_now(load);
}

static uint64_t cost_of(uint64_t requests, uint64_t bytes)
{
    return requests + bytes / LOAD_BYTES_PER_UNIT;
}

static void set_step_locked(struct tablet_load *load, uint64_t number)
{
    struct sums now = sums_now(load);
    struct sums then = sums_at_locked(load, number > LOAD_WINDOW_S ? number - LOAD_WINDOW_S : 1);
    load->step = load_step(cost_of(now.reads - then.reads + now.writes - then.writes,
        now.bytes_in - then.bytes_in + now.bytes_out - then.bytes_out));
    load->sampled = 0;
}

static void begin_second(struct tablet_load *load, uint64_t number)
{
    mutex_lock(&load->mu);
    if (number > get(&load->this_second)) {
        set_step_locked(load, number);
        load->newest = (load->newest + 1) % RING_SECONDS;
        load->ring[load->newest] = (struct second){number, sums_now(load)};
        atomic_store_explicit(&load->this_second, number, memory_order_relaxed);
    }
    mutex_unlock(&load->mu);
}

unsigned tablet_load_record(
    struct tablet_load *load, const struct load_event *event, uint64_t now_ns)
{
    uint64_t number = now_ns / NS_PER_S + 1;
    if (number > get(&load->this_second))
        begin_second(load, number);
    add(&load->requests[event->kind], event->requests);
    add(&load->calls[event->kind], 1);
    if (event->rows_returned > 0)
        add(&load->rows_returned, event->rows_returned);
    add(&load->bytes_in, event->bytes_in);
    add(&load->bytes_out, event->bytes_out);
    add(&load->cpu_ns, event->cpu_ns);
    int64_t cost = (int64_t)cost_of(event->requests, event->bytes_in + event->bytes_out);
    int64_t before = atomic_fetch_sub_explicit(&load->credit, cost, memory_order_relaxed);
    if (before - cost > 0 || before <= 0) /* not used up, or another call does it */
        return 0;
    mutex_lock(&load->mu);
    uint64_t due = 1 + (uint64_t)(cost - before) / load->step;
    uint64_t next = load_next_sample(load->step, &load->dice);
    atomic_store_explicit(&load->credit, (int64_t)next, memory_order_relaxed);
    mutex_unlock(&load->mu);
    return due < SAMPLES_PER_CALL ? (unsigned)due : SAMPLES_PER_CALL;
}

/* ---- Samples ---- */

static uint8_t keep_prefix(uint8_t *to, struct span row)
{
    size_t size = row.size < LOAD_KEY_PREFIX ? row.size : LOAD_KEY_PREFIX;
    if (size > 0)
        memcpy(to, row.data, size);
    return (uint8_t)size;
}

void tablet_load_sample(
    struct tablet_load *load, struct span first_row, struct span last_row, uint64_t now_ns)
{
    mutex_lock(&load->mu);
    if (!load->samples)
        load->samples = memory_allocate_zeroed(LOAD_SAMPLES, sizeof *load->samples);
    if (load->samples) {
        struct sample *sample = &load->samples[load->sample_count++ % LOAD_SAMPLES];
        sample->at_s = now_ns / NS_PER_S;
        sample->first_size = keep_prefix(sample->first, first_row);
        sample->last_size = keep_prefix(sample->last, last_row);
    }
    if (++load->sampled % LOAD_SAMPLES_PER_SECOND == 0)
        load->step *= 2;
    mutex_unlock(&load->mu);
}

enum status tablet_load_samples(struct tablet_load *load, uint64_t now_ns, struct arena *arena,
    struct split_sample **out_samples, size_t *out_count)
{
    uint64_t now_s = now_ns / NS_PER_S;
    struct split_sample *samples = arena_allocate_zeroed(arena, LOAD_SAMPLES, sizeof *samples);
    size_t count = 0;
    bool is_short = !samples;
    mutex_lock(&load->mu);
    size_t taken = load->sample_count;
    for (size_t i = taken > LOAD_SAMPLES ? taken - LOAD_SAMPLES : 0; i < taken && !is_short; i++) {
        const struct sample *sample = &load->samples[i % LOAD_SAMPLES];
        if (sample->at_s + LOAD_SAMPLE_AGE_S < now_s)
            continue;
        struct span first = span_make(sample->first, sample->first_size);
        struct span last = span_make(sample->last, sample->last_size);
        samples[count] = (struct split_sample){
            arena_copy(arena, first), arena_copy(arena, last), sample->at_s};
        is_short = samples[count].first_row.size != first.size ||
                   samples[count].last_row.size != last.size;
        count++;
    }
    mutex_unlock(&load->mu);
    if (is_short)
        return STATUS_NO_MEMORY;
    *out_samples = samples;
    *out_count = count;
    return STATUS_OK;
}

/* ---- Reading ---- */

void tablet_load_totals(const struct tablet_load *load, struct load_totals *out_totals)
{
    for (unsigned kind = 0; kind < LOAD_KINDS; kind++) {
        out_totals->requests[kind] = get(&load->requests[kind]);
        out_totals->calls[kind] = get(&load->calls[kind]);
    }
    out_totals->bytes_in = get(&load->bytes_in);
    out_totals->bytes_out = get(&load->bytes_out);
    out_totals->rows_returned = get(&load->rows_returned);
    out_totals->cpu_ns = get(&load->cpu_ns);
}

static double per_second(uint64_t now, uint64_t then, double seconds)
{
    return now > then ? (double)(now - then) / seconds : 0;
}

/* Whole seconds back from the start of this one, and what there is of this one. */
void tablet_load_rates(
    struct tablet_load *load, uint64_t now_ns, unsigned window_s, struct load_rates *out_rates)
{
    uint64_t number = now_ns / NS_PER_S + 1;
    double seconds = (double)window_s + (double)(now_ns % NS_PER_S) / NS_PER_S;
    mutex_lock(&load->mu);
    struct sums then = sums_at_locked(load, number > window_s ? number - window_s : 1);
    struct sums now = sums_now(load);
    mutex_unlock(&load->mu);
    *out_rates = (struct load_rates){
        .reads_per_s = per_second(now.reads, then.reads, seconds),
        .writes_per_s = per_second(now.writes, then.writes, seconds),
        .bytes_in_per_s = per_second(now.bytes_in, then.bytes_in, seconds),
        .bytes_out_per_s = per_second(now.bytes_out, then.bytes_out, seconds),
        .cpu = per_second(now.cpu_ns, then.cpu_ns, seconds) / NS_PER_S,
    };
}

void tablet_load_measure(struct tablet_load *load, uint64_t now_ns, float out_load[VIEW_RESOURCES])
{
    struct load_rates rates;
    tablet_load_rates(load, now_ns, LOAD_WINDOW_S, &rates);
    out_load[VIEW_REQUESTS] = (float)(rates.reads_per_s + rates.writes_per_s);
    out_load[VIEW_BYTES] = (float)(rates.bytes_in_per_s + rates.bytes_out_per_s);
    out_load[VIEW_CPU] = (float)rates.cpu;
}
