/* The servers that are tried for a tablet: all that may take one, or, when they are many, the least loaded and a
 * sample of the others.
 *
 * A binary heap by total share with the least loaded at the root: its first entries are the servers that are tried.
 * Pure; the placement's and the balancer's own. */
#ifndef STELE_MODEL_TARGET_LIST_H
#define STELE_MODEL_TARGET_LIST_H

#include "model/cluster_weights.h"

#define TARGETS_ALL    64 /* up to so many servers all are tried */
#define TARGETS_LIGHT  15 /* four levels of the heap */
#define TARGETS_SAMPLE 8

struct target_list {
    struct cluster_weights *weights;
    uint32_t *heap;     /* servers */
    uint32_t *position; /* of a server in the heap; UINT32_MAX = it takes nothing */
    double *keys;       /* of a server: its total share */
    size_t count;
    uint64_t seed;
};

/* Of the servers in `state`. */
enum status target_list_make(struct cluster_weights *weights, enum view_server_state state,
    uint64_t seed, struct arena *arena, struct target_list *out_list);
/* After a change of its shares. */
void target_list_update(struct target_list *list, uint32_t server);
/* It takes no more. */
void target_list_remove(struct target_list *list, uint32_t server);
/* The server, other than `from`, where the tablet is best: *out_gain as cluster_weights_gain. VIEW_NO_SERVER when
 * there is none that gains more than least_gain. */
uint32_t target_list_best(const struct target_list *list, uint32_t tablet, uint32_t from,
    double least_gain, double *out_gain);

#endif
