#include "model/target_list.h"

#include "base/dice.h"

static void put(struct target_list *list, size_t at, uint32_t server)
{
    list->heap[at] = server;
    list->position[server] = (uint32_t)at;
}

static double key_at(const struct target_list *list, size_t at)
{
    return list->keys[list->heap[at]];
}

static void rise(struct target_list *list, size_t at)
{
    uint32_t server = list->heap[at];
    while (at > 0 && list->keys[server] < key_at(list, (at - 1) / 2)) {
        put(list, at, list->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(list, at, server);
}

static void sink(struct target_list *list, size_t at)
{
    uint32_t server = list->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < list->count && key_at(list, child + 1) < key_at(list, child))
            child++;
        if (child >= list->count || key_at(list, child) >= list->keys[server])
            break;
        put(list, at, list->heap[child]);
        at = child;
    }
    put(list, at, server);
}

enum status target_list_make(struct cluster_weights *weights, enum view_server_state state,
    uint64_t seed, struct arena *arena, struct target_list *out_list)
{
    const struct cluster_view *view = weights->view;
    struct target_list list = {.weights = weights, .seed = seed};
    list.heap = arena_allocate_zeroed(arena, view->server_count + 1, sizeof *list.heap);
    list.position = arena_allocate_zeroed(arena, view->server_count + 1, sizeof *list.position);
    list.keys = arena_allocate_zeroed(arena, view->server_count + 1, sizeof *list.keys);
    if (!list.heap || !list.position || !list.keys)
        return STATUS_NO_MEMORY;
    for (uint32_t s = 0; s < view->server_count; s++) {
        list.keys[s] = cluster_weights_total(weights, s);
        list.position[s] = UINT32_MAX;
        if (view->servers[s].state != state)
            continue;
        list.heap[list.count++] = s;
        rise(&list, list.count - 1);
    }
    *out_list = list;
    return STATUS_OK;
}

void target_list_update(struct target_list *list, uint32_t server)
{
    list->keys[server] = cluster_weights_total(list->weights, server);
    if (list->position[server] == UINT32_MAX)
        return;
    rise(list, list->position[server]);
    sink(list, list->position[server]);
}

void target_list_remove(struct target_list *list, uint32_t server)
{
    uint32_t at = list->position[server];
    if (at == UINT32_MAX)
        return;
    list->position[server] = UINT32_MAX;
    uint32_t last = list->heap[--list->count];
    if (last == server)
        return;
    put(list, at, last);
    rise(list, at);
    sink(list, list->position[last]);
}

struct search {
    struct cluster_probe probe;
    uint32_t from, best;
    double gain; /* of the best, or what has to be exceeded */
};

static void try_server(const struct target_list *list, struct search *search, uint32_t server)
{
    if (server == search->from ||
        cluster_probe_most(list->weights, &search->probe, server) <= search->gain)
        return;
    double gain = cluster_probe_gain(list->weights, &search->probe, server);
    if (gain <= search->gain)
        return;
    search->best = server;
    search->gain = gain;
}

uint32_t target_list_best(const struct target_list *list, uint32_t tablet, uint32_t from,
    double least_gain, double *out_gain)
{
    struct search search = {
        cluster_probe_make(list->weights, tablet, from), from, VIEW_NO_SERVER, least_gain};
    size_t first = list->count <= TARGETS_ALL ? list->count : TARGETS_LIGHT;
    for (size_t i = 0; i < first; i++)
        try_server(list, &search, list->heap[i]);
    struct dice dice = {list->seed ^ ((uint64_t)tablet << 20)};
    for (size_t i = 0; i < TARGETS_SAMPLE && first < list->count; i++)
        try_server(list, &search, list->heap[dice_below(&dice, list->count)]);
    *out_gain = search.gain;
    return search.best;
}
