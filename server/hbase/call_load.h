/* Calls on tablets, counted: for each tablet (server/tablet/tablet_load.h), and where in it (server/heat/tablet_heat.h).
 *
 * One call in CALL_CPU_STRIDE is measured by its thread's CPU clock, and stands for the others. */
#ifndef STELE_SERVER_HBASE_CALL_LOAD_H
#define STELE_SERVER_HBASE_CALL_LOAD_H

#include "server/hbase/call.h"
#include "server/tablet/tablet_service.h"

#define CALL_CPU_STRIDE 16

/* On the thread that begins or goes on with the call. */
void call_load_start(struct call *call);
/* On the same thread: CPU time since, times CALL_CPU_STRIDE; 0 when the call is not measured, and after the first
 * time. */
uint64_t call_load_cpu(struct call *call);

/* The event as heat counts it. */
static inline struct heat_use call_load_heat(const struct load_event *event)
{
    _Static_assert((int)LOAD_GET == (int)HEAT_READS && (int)LOAD_SCAN == (int)HEAT_SCANS &&
                       (int)LOAD_WRITE == (int)HEAT_WRITES,
        "kinds of load are the first counters of heat");
    return (struct heat_use){.kind = (enum heat_counter)event->kind,
        .operations = event->requests,
        .bytes_in = event->bytes_in,
        .bytes_out = event->bytes_out,
        .cpu_ns = event->cpu_ns};
}

/* Counts the call on the tablet, with its CPU time: a row, or the rows first to last. */
void call_load_record(struct call *call, struct served_tablet *tablet, struct load_event event,
    struct span first_row, struct span last_row);

#endif
