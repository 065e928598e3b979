#include "server/hbase/call_load.h"

void call_load_start(struct call *call)
{
    /* the time of arrival is as good as a die */
    bool is_measured = (call->received_ns ^ call->received_ns >> 8) % CALL_CPU_STRIDE == 0;
    call->cpu_started_ns = is_measured ? env_thread_cpu_ns(call->service->env) : 0;
}

uint64_t call_load_cpu(struct call *call)
{
    if (call->cpu_started_ns == 0)
        return 0;
    uint64_t spent_ns = env_thread_cpu_ns(call->service->env) - call->cpu_started_ns;
    call->cpu_started_ns = 0;
    return spent_ns * CALL_CPU_STRIDE;
}

void call_load_record(struct call *call, struct served_tablet *tablet, struct load_event event,
    struct span first_row, struct span last_row)
{
    event.cpu_ns = call_load_cpu(call);
    unsigned due = tablet_load_record(tablet->load, &event, call->received_ns);
    for (; due > 0; due--)
        tablet_load_sample(tablet->load, first_row, last_row, call->received_ns);
    if (!tablet->is_meta) {
        struct heat_use use = call_load_heat(&event);
        tablet_heat_add(&tablet->heat, &use, first_row, last_row);
    }
}
