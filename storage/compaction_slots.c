#include "storage/compaction_slots.h"

void compaction_slots_init(struct compaction_slots *slots)
{
    *slots = (struct compaction_slots){0};
    mutex_init(&slots->mutex, LOCK_RANK_COMPACTIONS);
}

void compaction_slots_deinit(struct compaction_slots *slots)
{
    mutex_deinit(&slots->mutex);
}

static bool is_large(const struct compaction_slot *slot)
{
    return slot->input_bytes >= COMPACTION_LARGE_BYTES;
}

static bool has_slot_locked(
    const struct compaction_slots *slots, const struct compaction_slot *slot)
{
    return slots->held < COMPACTION_SLOTS &&
           (!is_large(slot) || slots->held_large < COMPACTION_SLOTS_LARGE);
}

static void hold_locked(struct compaction_slots *slots, struct compaction_slot *slot)
{
    slot->is_held = true;
    slots->held++;
    slots->held_large += is_large(slot);
    slots->held_bytes += slot->input_bytes;
}

bool compaction_slots_take(struct compaction_slots *slots, struct compaction_slot *slot)
{
    mutex_lock(&slots->mutex);
    bool is_free = has_slot_locked(slots, slot);
    if (is_free) {
        hold_locked(slots, slot);
    } else if (slot->is_cancelled && atomic_load(slot->is_cancelled)) {
        is_free = true; /* whoever cancelled it found it not waiting */
    } else {
        struct compaction_slot **end = &slots->waiting;
        while (*end)
            end = &(*end)->next;
        slot->next = NULL;
        slot->is_waiting = true;
        *end = slot;
    }
    mutex_unlock(&slots->mutex);
    return is_free;
}

/* Takes a slot that waits out of the list; false when it does not. */
static bool unlink_locked(struct compaction_slots *slots, struct compaction_slot *slot)
{
    if (!slot->is_waiting)
        return false;
    struct compaction_slot **at = &slots->waiting;
    while (*at != slot)
        at = &(*at)->next;
    *at = slot->next;
    slot->is_waiting = false;
    return true;
}

/* The oldest that can be held now; NULL when there is none. */
static struct compaction_slot *next_locked(struct compaction_slots *slots)
{
    for (struct compaction_slot *slot = slots->waiting; slot; slot = slot->next) {
        if (has_slot_locked(slots, slot)) {
            unlink_locked(slots, slot);
            hold_locked(slots, slot);
            return slot;
        }
    }
    return NULL;
}

void compaction_slots_give(struct compaction_slots *slots, struct compaction_slot *slot)
{
    mutex_lock(&slots->mutex);
    if (slot->is_held) {
        slot->is_held = false;
        slots->held--;
        slots->held_large -= is_large(slot);
        slots->held_bytes -= slot->input_bytes;
    }
    struct compaction_slot *next;
    while ((next = next_locked(slots)) != NULL)
        executor_submit(slots->executor, next->task);
    mutex_unlock(&slots->mutex);
}

bool compaction_slots_wake(struct compaction_slots *slots, struct compaction_slot *slot)
{
    mutex_lock(&slots->mutex);
    bool was_waiting = unlink_locked(slots, slot);
    if (was_waiting)
        executor_submit(slots->executor, slot->task);
    mutex_unlock(&slots->mutex);
    return was_waiting;
}

bool compaction_slots_is_waiting(struct compaction_slots *slots, const struct compaction_slot *slot,
    bool asks_small, bool asks_large)
{
    mutex_lock(&slots->mutex);
    bool is_waiting = slot->is_waiting && (is_large(slot) ? asks_large : asks_small);
    mutex_unlock(&slots->mutex);
    return is_waiting;
}

uint64_t compaction_slots_bytes(struct compaction_slots *slots)
{
    mutex_lock(&slots->mutex);
    uint64_t bytes = slots->held_bytes;
    mutex_unlock(&slots->mutex);
    return bytes;
}
