#include "bench/value_maker.h"

#include "base/memory.h"

#define POOL_BYTES  (1u << 20)
#define BLOCK_BYTES 32

bool value_maker_init(struct value_maker *maker, const struct value_plan *plan, struct dice *dice)
{
    size_t random_bytes = BLOCK_BYTES - BLOCK_BYTES * plan->compressible_percent / 100;
    maker->plan = plan;
    maker->pool_size = POOL_BYTES + (size_t)plan->size.most;
    maker->pool = memory_allocate(maker->pool_size);
    if (!maker->pool)
        return false;
    for (size_t i = 0; i < maker->pool_size; i++)
        maker->pool[i] = i % BLOCK_BYTES < random_bytes ? (uint8_t)(dice_next(dice) >> 24)
                                                        : (uint8_t)('a' + i % 16);
    return true;
}

void value_maker_deinit(struct value_maker *maker)
{
    memory_free(maker->pool);
    maker->pool = NULL;
}

struct span value_maker_next(const struct value_maker *maker, struct dice *dice)
{
    size_t size = (size_t)size_draw_next(&maker->plan->size, dice);
    return span_make(maker->pool + dice_below(dice, POOL_BYTES), size);
}
