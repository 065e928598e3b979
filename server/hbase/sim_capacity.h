/* A modelled capacity: how many calls on users' tables a server answers in a second, for studies in which many servers
 * share one machine and a hot one would not be felt (`--sim-capacity`; off unless asked for, never for production).
 *
 * A token bucket without credit, kept as the time at which the next call may begin: calls over the capacity wait in
 * order of arrival, and one that would wait longer than SIM_CAPACITY_WAIT_MS is refused as HBase refuses when its call
 * queue is full (CallQueueTooBigException). A call is one, whatever it holds: gets, mutations, batches, the opening of
 * a scan. hbase:meta and administration are free.
 *
 * Threads: any. */
#ifndef STELE_SERVER_HBASE_SIM_CAPACITY_H
#define STELE_SERVER_HBASE_SIM_CAPACITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SIM_CAPACITY_WAIT_MS 1000
#define SIM_CAPACITY_MOST    1000000 /* calls a second that can be modelled */

struct sim_capacity {
    uint64_t call_ns;         /* what one call takes; 0 = off */
    _Atomic uint64_t free_ns; /* when all that has come so far will have been served */
};

/* 0 a second = off. */
void sim_capacity_init(struct sim_capacity *capacity, uint32_t calls_per_s);
/* A call has come: when it may begin, in *out_start_ns (now_ns: at once). False: the queue is full. */
bool sim_capacity_take(struct sim_capacity *capacity, uint64_t now_ns, uint64_t *out_start_ns);

#endif
