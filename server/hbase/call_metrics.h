/* Calls counted as they end: how many of each kind, how long they took, how they failed.
 *
 * One for each loop, which alone writes; anybody reads. So a count is a load and a store, and the sums over the loops are
 * exact for whatever had ended when each was read.
 *
 * Durations go from the arrival of a call to its answer, into buckets of powers of two: bucket i holds those up to
 * 2^(CALL_BUCKET_FIRST + i) microseconds, the last all others. Twelve windows of ten seconds say what is the case lately. */
#ifndef STELE_SERVER_HBASE_CALL_METRICS_H
#define STELE_SERVER_HBASE_CALL_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum call_kind { CALL_OTHER, CALL_GET, CALL_MUTATE, CALL_SCAN, CALL_MULTI, CALL_KINDS };

#define CALL_BUCKET_FIRST 5  /* 32 us */
#define CALL_BUCKETS      21 /* up to 16.8 s, and the rest */
#define CALL_WINDOWS      12
#define CALL_WINDOW_S     10
#define CALL_FAILURES     48 /* kinds of them told apart */

struct call_window {
    _Atomic uint64_t number; /* monotonic seconds / CALL_WINDOW_S */
    _Atomic uint32_t counts[CALL_KINDS][CALL_BUCKETS];
};

struct call_failure {
    const char *_Atomic exception_class; /* static; NULL: this and all after are free */
    _Atomic uint64_t counts[CALL_KINDS];
};

struct call_metrics {
    _Atomic uint64_t counts[CALL_KINDS][CALL_BUCKETS];
    _Atomic uint64_t duration_ns[CALL_KINDS];
    struct call_window windows[CALL_WINDOWS]; /* ring */
    struct call_failure failures[CALL_FAILURES];
};

/* The loop's thread. exception_class: NULL when it did not fail. */
void call_metrics_count(struct call_metrics *metrics, enum call_kind kind, uint64_t duration_ns,
    const char *exception_class, uint64_t now_ns);

/* "get", "mutate", "scan", "multi", "other". */
const char *call_kind_name(enum call_kind kind);

/* ---- Any thread ---- */

/* Adds the windows of the last minute. */
void call_metrics_add_recent(const struct call_metrics *metrics, enum call_kind kind,
    uint64_t now_ns, uint64_t counts[CALL_BUCKETS]);
/* Seconds below which `quantile` of the counts lie, within its bucket by proportion; 0 without any. */
double call_buckets_quantile(const uint64_t counts[CALL_BUCKETS], double quantile);
/* Upper bound of a bucket in seconds; that of the last is not one. */
double call_bucket_bound(size_t bucket);

#endif
