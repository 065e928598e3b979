#include "server/hbase/sim_capacity.h"

void sim_capacity_init(struct sim_capacity *capacity, uint32_t calls_per_s)
{
    capacity->call_ns = calls_per_s ? 1000000000ull / calls_per_s : 0;
    atomic_init(&capacity->free_ns, 0);
}

bool sim_capacity_take(struct sim_capacity *capacity, uint64_t now_ns, uint64_t *out_start_ns)
{
    uint64_t free_ns = atomic_load_explicit(&capacity->free_ns, memory_order_relaxed), start_ns;
    do {
        start_ns = free_ns > now_ns ? free_ns : now_ns;
        if (start_ns - now_ns > SIM_CAPACITY_WAIT_MS * 1000000ull)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&capacity->free_ns, &free_ns,
        start_ns + capacity->call_ns, memory_order_relaxed, memory_order_relaxed));
    *out_start_ns = start_ns;
    return true;
}
