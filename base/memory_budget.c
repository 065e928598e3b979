#include "base/memory_budget.h"

bool memory_budget_take(struct memory_budget *budget, uint64_t bytes)
{
    uint64_t used = atomic_fetch_add_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
    if (bytes <= budget->limit_bytes && used <= budget->limit_bytes - bytes)
        return true;
    memory_budget_give(budget, bytes);
    return false;
}

void memory_budget_give(struct memory_budget *budget, uint64_t bytes)
{
    atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
}

uint64_t memory_budget_used(const struct memory_budget *budget)
{
    return atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);
}
