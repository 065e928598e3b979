#include "client/slots.h"

#include "base/memory.h"

enum {
    SLOT_BITS = 19, /* calls in flight of a connection */
    SLOT_MASK = (1 << SLOT_BITS) - 1,
    GENERATION_BITS =
        12, /* ids stay below 2^31: to Java they are ints, and negative ones are special */
    FIRST_CAPACITY = 64,
};

struct slot {
    struct request *request; /* NULL: free */
    uint32_t generation;
    uint32_t next_free; /* plus 1; 0: the last */
};

void slots_deinit(struct slots *slots)
{
    memory_free(slots->items);
    *slots = (struct slots){0};
}

static bool grow(struct slots *slots)
{
    uint32_t capacity = slots->capacity ? slots->capacity * 2 : FIRST_CAPACITY;
    if (capacity > 1u << SLOT_BITS)
        return false;
    struct slot *items = memory_reallocate(slots->items, capacity * sizeof(*items));
    if (!items)
        return false;
    slots->items = items;
    slots->capacity = capacity;
    return true;
}

bool slots_take(struct slots *slots, struct request *request, uint32_t *out_call_id)
{
    uint32_t index;
    if (slots->free_slot) {
        index = slots->free_slot - 1;
        slots->free_slot = slots->items[index].next_free;
    } else {
        if (slots->count == slots->capacity && !grow(slots))
            return false;
        index = slots->count++;
        slots->items[index].generation = 0;
    }
    slots->items[index].request = request;
    slots->in_use++;
    *out_call_id = slots->items[index].generation << SLOT_BITS | index;
    return true;
}

void slots_release(struct slots *slots, uint32_t call_id)
{
    uint32_t index = call_id & SLOT_MASK;
    struct slot *slot = &slots->items[index];
    slot->request = NULL;
    slot->generation = (slot->generation + 1) & ((1u << GENERATION_BITS) - 1);
    slot->next_free = slots->free_slot;
    slots->free_slot = index + 1;
    slots->in_use--;
}

struct request *slots_find(const struct slots *slots, uint32_t call_id)
{
    uint32_t index = call_id & SLOT_MASK;
    if (index >= slots->count || slots->items[index].generation != call_id >> SLOT_BITS)
        return NULL;
    return slots->items[index].request;
}

struct request *slots_at(const struct slots *slots, uint32_t index)
{
    return slots->items[index].request;
}
