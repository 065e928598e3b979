/* What a tablet is asked to do: exact counters, rates over the last minute, and a sample of the keys that cost most.
 *
 *   call on a tablet -> tablet_load_record -+-> totals (exact, since the open; atomics)
 *                                           +-> ring: the totals as they were at the start of each of the last 64
 *                                           |         seconds in which there was a call -> rates
 *                                           `-> credit of cost; when it is used up -> tablet_load_sample: a key
 *
 * Cost. A request costs one unit, and one more for each 4 KiB that it moves. Every `step` units one key is taken, and
 * so each sample stands for the same cost, however calls mix (systematic sampling, with the step jittered so that no
 * rhythm of the calls is met). The step follows the load: about 64 samples in 10 seconds. Samples older than 20
 * seconds do not count. Memory: 3 KiB, and 33 KiB for samples from the first one on.
 *
 * CPU is that of the threads that run handlers, measured by the thread's clock on one call in 16 and counted 16
 * times: the log, flushes and compactions are not in it.
 *
 * All that is measured per call passes through tablet_load_record: finer pictures (heat within a tablet, hot rows) hang
 * there too. Threads: any. Counters are atomic; the ring and the samples are guarded by a mutex that a call takes once
 * a second and once a sample. */
#ifndef STELE_SERVER_TABLET_TABLET_LOAD_H
#define STELE_SERVER_TABLET_TABLET_LOAD_H

#include "base/arena.h"
#include "model/load_window.h"
#include "model/split_policy.h"

#define LOAD_RATE_WINDOW_S  60  /* the longest window */
#define LOAD_KEY_PREFIX     120 /* bytes of a row that a sample keeps */
#define LOAD_BYTES_PER_UNIT 4096

struct tablet_load;

enum load_kind { LOAD_GET, LOAD_SCAN, LOAD_WRITE, LOAD_KINDS };

/* One call on one tablet, or the part of a call that concerns it. */
struct load_event {
    enum load_kind kind;
    uint64_t requests; /* as HBase counts: gets, rows scanned, mutations */
    uint64_t rows_returned;
    uint64_t bytes_in, bytes_out;
    uint64_t
        cpu_ns; /* of the call, times the calls that this measured one stands for; 0 = not measured */
};

/* NULL on no memory. `seed` jitters the samples. */
struct tablet_load *tablet_load_new(uint64_t seed);
void tablet_load_free(struct tablet_load *load); /* NULL is fine */

/* Counts. `now_ns`: env_monotonic_ns of about now; the call's arrival will do. How many samples are due, nearly always
 * 0: the caller then gives that many by tablet_load_sample, evenly from the rows of the event. */
unsigned tablet_load_record(
    struct tablet_load *load, const struct load_event *event, uint64_t now_ns);
/* A row read or written; or the first and last row that a scan read. Kept up to their first LOAD_KEY_PREFIX bytes. */
void tablet_load_sample(
    struct tablet_load *load, struct span first_row, struct span last_row, uint64_t now_ns);

/* Since the tablet was opened here. */
struct load_totals {
    uint64_t requests[LOAD_KINDS]; /* rows, mutations */
    uint64_t calls[LOAD_KINDS];
    uint64_t
        rows_returned; /* beside the reads of `requests`: what scans and filters looked at in vain */
    uint64_t bytes_in, bytes_out;
    uint64_t cpu_ns;
};

void tablet_load_totals(const struct tablet_load *load, struct load_totals *out_totals);

/* Means over the last `window_s` (1 to LOAD_RATE_WINDOW_S) seconds; a tablet that is younger is measured over the
 * whole window too, so that one call is no storm. */
struct load_rates {
    double reads_per_s, writes_per_s; /* requests */
    double bytes_in_per_s, bytes_out_per_s;
    double cpu; /* cores */
};

void tablet_load_rates(
    struct tablet_load *load, uint64_t now_ns, unsigned window_s, struct load_rates *out_rates);
/* For the policies: VIEW_REQUESTS, VIEW_BYTES and VIEW_CPU over LOAD_WINDOW_S; VIEW_MEMORY is left alone. */
void tablet_load_measure(struct tablet_load *load, uint64_t now_ns, float out_load[VIEW_RESOURCES]);

/* The samples of the last LOAD_SAMPLE_AGE_S seconds, oldest first, copied into the arena; at_s in seconds of
 * env_monotonic_ns. */
enum status tablet_load_samples(struct tablet_load *load, uint64_t now_ns, struct arena *arena,
    struct split_sample **out_samples, size_t *out_count);

#endif
