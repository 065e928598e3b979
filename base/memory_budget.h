/* A budget of bytes that many take from: requests of all connections, each by what its memory really holds.
 *
 * Who takes gives back the same number. What is refused takes nothing. Any thread. */
#ifndef STELE_BASE_MEMORY_BUDGET_H
#define STELE_BASE_MEMORY_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct memory_budget {
    _Atomic uint64_t used_bytes;
    uint64_t limit_bytes; /* set before it is used */
};

/* False: that would be more than the limit. */
bool memory_budget_take(struct memory_budget *budget, uint64_t bytes);
void memory_budget_give(struct memory_budget *budget, uint64_t bytes);
uint64_t memory_budget_used(const struct memory_budget *budget);

#endif
