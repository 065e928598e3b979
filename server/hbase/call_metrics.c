#include "server/hbase/call_metrics.h"

#include <string.h>

#define RECENT_WINDOWS 6 /* a minute, with the one that runs */

/* One writer. */
static void add(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_store_explicit(
        counter, atomic_load_explicit(counter, memory_order_relaxed) + value, memory_order_relaxed);
}

static size_t bucket_of(uint64_t duration_ns)
{
    uint64_t steps = (duration_ns > 0 ? duration_ns - 1 : 0) / 1000 >> CALL_BUCKET_FIRST;
    size_t bucket = steps ? 64 - (size_t)__builtin_clzll(steps) : 0;
    return bucket < CALL_BUCKETS ? bucket : CALL_BUCKETS - 1;
}

static struct call_window *window_at(struct call_metrics *metrics, uint64_t now_ns)
{
    uint64_t number = now_ns / (CALL_WINDOW_S * 1000000000ull);
    struct call_window *window = &metrics->windows[number % CALL_WINDOWS];
    if (atomic_load_explicit(&window->number, memory_order_relaxed) != number) {
        for (size_t k = 0; k < CALL_KINDS; k++)
            for (size_t i = 0; i < CALL_BUCKETS; i++)
                atomic_store_explicit(&window->counts[k][i], 0, memory_order_relaxed);
        atomic_store_explicit(&window->number, number, memory_order_release);
    }
    return window;
}

/* Classes are static strings, but one may have several addresses. */
static void count_failure(
    struct call_metrics *metrics, enum call_kind kind, const char *exception_class)
{
    for (size_t i = 0; i < CALL_FAILURES; i++) {
        struct call_failure *failure = &metrics->failures[i];
        const char *known = atomic_load_explicit(&failure->exception_class, memory_order_relaxed);
        if (!known)
            atomic_store_explicit(&failure->exception_class, exception_class, memory_order_release);
        if (!known || known == exception_class || strcmp(known, exception_class) == 0 ||
            i + 1 == CALL_FAILURES) {
            add(&failure->counts[kind], 1);
            return;
        }
    }
}

void call_metrics_count(struct call_metrics *metrics, enum call_kind kind, uint64_t duration_ns,
    const char *exception_class, uint64_t now_ns)
{
    size_t bucket = bucket_of(duration_ns);
    struct call_window *window = window_at(metrics, now_ns);
    add(&metrics->counts[kind][bucket], 1);
    add(&metrics->duration_ns[kind], duration_ns);
    atomic_store_explicit(&window->counts[kind][bucket],
        atomic_load_explicit(&window->counts[kind][bucket], memory_order_relaxed) + 1,
        memory_order_relaxed);
    if (exception_class)
        count_failure(metrics, kind, exception_class);
}

const char *call_kind_name(enum call_kind kind)
{
    static const char *const names[] = {"other", "get", "mutate", "scan", "multi"};
    return names[kind];
}

void call_metrics_add_recent(const struct call_metrics *metrics, enum call_kind kind,
    uint64_t now_ns, uint64_t counts[CALL_BUCKETS])
{
    uint64_t now = now_ns / (CALL_WINDOW_S * 1000000000ull);
    for (size_t w = 0; w < CALL_WINDOWS; w++) {
        const struct call_window *window = &metrics->windows[w];
        uint64_t number = atomic_load_explicit(&window->number, memory_order_acquire);
        if (number > now || now - number >= RECENT_WINDOWS)
            continue;
        for (size_t i = 0; i < CALL_BUCKETS; i++)
            counts[i] += atomic_load_explicit(&window->counts[kind][i], memory_order_relaxed);
    }
}

double call_bucket_bound(size_t bucket)
{
    return (double)(UINT64_C(1) << (CALL_BUCKET_FIRST + bucket)) / 1e6;
}

double call_buckets_quantile(const uint64_t counts[CALL_BUCKETS], double quantile)
{
    uint64_t all = 0, below = 0;
    for (size_t i = 0; i < CALL_BUCKETS; i++)
        all += counts[i];
    double wanted = quantile * (double)all;
    for (size_t i = 0; i < CALL_BUCKETS; i++) {
        if (counts[i] == 0 || (double)(below + counts[i]) < wanted) {
            below += counts[i];
            continue;
        }
        double low = i ? call_bucket_bound(i - 1) : 0;
        double part = (wanted - (double)below) / (double)counts[i];
        return low + (call_bucket_bound(i) - low) * part;
    }
    return 0;
}
