/* A load whose answers are known: what run-agitator and run-partitions keep going while they break things.
 *
 *   list_load    chains of nodes, each of which names the one before it: a node that was acknowledged stays for ever
 *   bank_load    transfers between accounts by increments, and inside a row by conditional puts: no sum ever changes
 *   still_load   scans of a table that does not change: every row once, in order, forwards and backwards
 *
 * A part opens its table, runs its threads until `is_stopping`, and verifies afterwards on a healthy cluster. An error
 * of libstele is a failure: its retries must hide what happens to servers. Threads: each part's own; the counters here
 * are atomic. */
#ifndef STELE_TESTS_CLUSTER_LOAD_H
#define STELE_TESTS_CLUSTER_LOAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <stele/stele.h>

#define LOAD_THREADS_MOST 8

struct load {
    struct stele_client *client;
    uint64_t seed;
    _Atomic bool is_stopping;
    _Atomic uint64_t failures;
};

/* A part: name, threads, and its three moments. */
struct load_part {
    const char *name;
    unsigned threads;
    void (*prepare)(struct load *load); /* makes and fills the table; exits on failure */
    void (*step)(struct load *load, unsigned thread); /* one thing of a thread, again and again */
    uint64_t (*done)(void);                           /* things acknowledged so far; any thread */
    void (*verify)(struct load *load);                /* alone; prints what was done */
};

extern const struct load_part list_load, bank_load, still_load;

/* Prints "FAILED part: ..." and counts; only the first 50 are printed. */
void load_fail(struct load *load, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As load_fail with the error of a call, and true, when it is not STELE_OK. */
bool load_has_failed(struct load *load, enum stele_status status, const struct stele_error *error,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Makes a table with family "f" and `regions` regions, split evenly by the first two hex digits of a row. */
struct stele_table *load_table(struct load *load, const char *name, unsigned regions);
/* A number from three: the same on every run of a seed. */
uint64_t load_mix(uint64_t a, uint64_t b, uint64_t c);
/* A random number of this thread. */
uint64_t load_random(void);

/* The longest time between two of a thread's successes. */
struct load_pace {
    uint64_t last_ns, longest_ns;
};
void load_pace_tick(struct load_pace *pace);

#endif
