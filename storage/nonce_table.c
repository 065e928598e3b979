#include "storage/nonce_table.h"

#include "base/limits.h"
#include "base/memory.h"

enum { SLOTS_MIN = 64 };

struct slot {
    uint64_t group;
    uint64_t nonce; /* 0 = free: nonces are not 0 */
    bool is_settled;
    bool is_forgotten; /* given up: the slot stays, for probes that pass it */
    struct nonce_waiter *waiters;
};

/* Open addressing with linear probing, at most half full. */
struct nonce_generation {
    struct slot *slots;
    size_t slot_count; /* a power of two */
    size_t used;
};

static void generation_free(struct nonce_generation *generation)
{
    if (generation)
        memory_free(generation->slots);
    memory_free(generation);
}

static struct nonce_generation *generation_new(void)
{
    struct nonce_generation *generation = memory_allocate_zeroed(1, sizeof(*generation));
    if (!generation)
        return NULL;
    generation->slots = memory_allocate_zeroed(SLOTS_MIN, sizeof(*generation->slots));
    if (!generation->slots) {
        memory_free(generation);
        return NULL;
    }
    generation->slot_count = SLOTS_MIN;
    return generation;
}

/* The slot of the nonce, or the free one where it would go. */
static struct slot *find(const struct nonce_generation *generation, uint64_t group, uint64_t nonce)
{
    uint64_t hash = (group ^ nonce * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
    size_t mask = generation->slot_count - 1;
    for (size_t i = (size_t)(hash >> 20) & mask;; i = (i + 1) & mask) {
        struct slot *slot = &generation->slots[i];
        if (slot->nonce == 0 || (slot->nonce == nonce && slot->group == group))
            return slot;
    }
}

/* NULL also when the generation is. */
static struct slot *find_present(
    const struct nonce_generation *generation, uint64_t group, uint64_t nonce)
{
    if (!generation)
        return NULL;
    struct slot *slot = find(generation, group, nonce);
    return slot->nonce != 0 && !slot->is_forgotten ? slot : NULL;
}

static bool grow(struct nonce_generation *generation)
{
    struct nonce_generation larger = {.slot_count = generation->slot_count * 2};
    larger.slots = memory_allocate_zeroed(larger.slot_count, sizeof(*larger.slots));
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < generation->slot_count; i++) {
        const struct slot *slot = &generation->slots[i];
        if (slot->nonce == 0 || slot->is_forgotten)
            continue;
        *find(&larger, slot->group, slot->nonce) = *slot;
        larger.used++;
    }
    memory_free(generation->slots);
    *generation = larger;
    return true;
}

/* A slot for a nonce that is not there; NULL on no memory. */
static struct slot *add(struct nonce_generation *generation, uint64_t group, uint64_t nonce)
{
    if (generation->used >= generation->slot_count / 2 && !grow(generation))
        return NULL;
    struct slot *slot = find(generation, group, nonce);
    if (slot->nonce == 0)
        generation->used++;
    *slot = (struct slot){.group = group, .nonce = nonce};
    return slot;
}

/* Whether any write of it is still under way: then it must not be dropped. */
static bool generation_is_busy(const struct nonce_generation *generation)
{
    for (size_t i = 0; i < generation->slot_count; i++) {
        const struct slot *slot = &generation->slots[i];
        if (slot->nonce != 0 && !slot->is_settled && !slot->is_forgotten)
            return true;
    }
    return false;
}

/* Makes sure of a current generation that is young enough. */
static bool prepare(struct nonce_table *table, int64_t now_ms)
{
    if (table->current && now_ms - table->rotated_ms >= NONCE_KEEP_MS &&
        !(table->previous && generation_is_busy(table->previous))) {
        generation_free(table->previous);
        table->previous = table->current;
        table->current = NULL;
    }
    if (!table->current) {
        table->current = generation_new();
        table->rotated_ms = now_ms;
    }
    return table->current != NULL;
}

void nonce_table_deinit(struct nonce_table *table)
{
    generation_free(table->current);
    generation_free(table->previous);
    *table = (struct nonce_table){0};
}

static struct slot *find_anywhere(const struct nonce_table *table, uint64_t group, uint64_t nonce)
{
    struct slot *slot = find_present(table->current, group, nonce);
    return slot ? slot : find_present(table->previous, group, nonce);
}

enum nonce_state nonce_table_begin(struct nonce_table *table, uint64_t group, uint64_t nonce,
    int64_t now_ms, struct nonce_waiter *waiter)
{
    if (!prepare(table, now_ms))
        return NONCE_NO_MEMORY;
    struct slot *slot = find_anywhere(table, group, nonce);
    if (!slot)
        return add(table->current, group, nonce) ? NONCE_NEW : NONCE_NO_MEMORY;
    if (slot->is_settled)
        return NONCE_SETTLED;
    waiter->next = slot->waiters;
    slot->waiters = waiter;
    return NONCE_UNDER_WAY;
}

struct nonce_waiter *nonce_table_end(
    struct nonce_table *table, uint64_t group, uint64_t nonce, bool is_applied)
{
    struct slot *slot = find_anywhere(table, group, nonce);
    if (!slot)
        return NULL;
    struct nonce_waiter *waiters = slot->waiters;
    slot->waiters = NULL;
    slot->is_settled = is_applied;
    slot->is_forgotten = !is_applied;
    return waiters;
}

bool nonce_table_add(struct nonce_table *table, uint64_t group, uint64_t nonce, int64_t now_ms)
{
    if (!prepare(table, now_ms))
        return false;
    struct slot *slot = find_anywhere(table, group, nonce);
    if (!slot)
        slot = add(table->current, group, nonce);
    if (slot)
        slot->is_settled = true;
    return slot != NULL;
}

static void encode_generation(
    const struct nonce_generation *generation, struct buffer *out, size_t *left)
{
    for (size_t i = 0; generation && i<generation->slot_count && * left> 0; i++) {
        const struct slot *slot = &generation->slots[i];
        if (slot->nonce == 0 || !slot->is_settled)
            continue;
        buffer_put_u64(out, slot->group);
        buffer_put_u64(out, slot->nonce);
        (*left)--;
    }
}

void nonce_table_encode(const struct nonce_table *table, struct buffer *out)
{
    size_t left = LIMIT_MANIFEST_NONCES;
    encode_generation(table->current, out, &left);
    encode_generation(table->previous, out, &left);
}

enum status nonce_table_decode(
    struct nonce_table *table, struct span bytes, int64_t now_ms, struct error *error)
{
    while (bytes.size > 0) {
        uint64_t group;
        uint64_t nonce;
        if (span_take_u64(&bytes, &group) || span_take_u64(&bytes, &nonce) || nonce == 0)
            return error_set(error, STATUS_CORRUPT, "list of nonces is malformed");
        if (!nonce_table_add(table, group, nonce, now_ms))
            return error_set(error, STATUS_NO_MEMORY, "no memory for a list of nonces");
    }
    return STATUS_OK;
}
