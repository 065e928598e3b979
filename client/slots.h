/* The calls in flight of a connection, by call id. An id is a slot and the slot's generation, so
 * that a late answer to a call that was given up finds nobody. Loop thread only. */
#ifndef STELE_CLIENT_SLOTS_H
#define STELE_CLIENT_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;

struct slots {
    struct slot *items;
    uint32_t count; /* of them that were ever used */
    uint32_t capacity;
    uint32_t free_slot; /* head of the free ones, plus 1; 0: none */
    uint32_t in_use;
};

/* Zero-initialised is empty. The requests are borrowed. */
void slots_deinit(struct slots *slots);
/* False on no memory or when there are too many. */
bool slots_take(struct slots *slots, struct request *request, uint32_t *out_call_id);
void slots_release(struct slots *slots, uint32_t call_id);
/* NULL for an answer that nobody waits for. */
struct request *slots_find(const struct slots *slots, uint32_t call_id);
/* The request in slot `index` < count, or NULL. */
struct request *slots_at(const struct slots *slots, uint32_t index);

#endif
