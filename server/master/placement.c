#include "server/master/placement.h"

#include <math.h>
#include <stdlib.h>

#include "model/target_list.h"

/* One tablet to place. */
struct errand {
    double heft;
    uint32_t tablet;
    uint32_t index; /* in the caller's list */
};

/* Heaviest first; equal ones in the caller's order. */
static int compare_errands(const void *left, const void *right)
{
    const struct errand *a = left, *b = right;
    if (a->heft < b->heft || a->heft > b->heft)
        return a->heft < b->heft ? 1 : -1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static bool has_any(const struct cluster_view *view, enum view_server_state state)
{
    for (size_t i = 0; i < view->server_count; i++)
        if (view->servers[i].state == state)
            return true;
    return false;
}

static enum view_server_state who_takes(const struct cluster_view *view)
{
    return has_any(view, VIEW_ALIVE)      ? VIEW_ALIVE
           : has_any(view, VIEW_DRAINING) ? VIEW_DRAINING
                                          : VIEW_SILENT;
}

enum status placement_choose(const struct cluster_view *view, const uint32_t *tablets, size_t count,
    uint64_t seed, struct arena *arena, uint32_t *out_servers)
{
    struct cluster_weights weights;
    struct target_list targets;
    enum view_server_state state = who_takes(view);
    bool *is_unplaced = arena_allocate_zeroed(arena, view->tablet_count + 1, sizeof *is_unplaced);
    struct errand *errands = arena_allocate_zeroed(arena, count + 1, sizeof *errands);
    if (!is_unplaced || !errands)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        is_unplaced[tablets[i]] = true;
    if (cluster_weights_make(view, is_unplaced, state, arena, &weights) ||
        target_list_make(&weights, state, seed, arena, &targets))
        return STATUS_NO_MEMORY;
    if (targets.count == 0)
        return STATUS_NOT_FOUND;
    for (size_t i = 0; i < count; i++)
        errands[i] = (struct errand){
            cluster_weights_heft(&weights, tablets[i]), tablets[i], (uint32_t)i};
    qsort(errands, count, sizeof *errands, compare_errands);
    for (size_t i = 0; i < count; i++) {
        double gain;
        uint32_t to = target_list_best(
            &targets, errands[i].tablet, VIEW_NO_SERVER, -HUGE_VAL, &gain);
        cluster_weights_move(&weights, errands[i].tablet, VIEW_NO_SERVER, to);
        target_list_update(&targets, to);
        out_servers[errands[i].index] = to;
    }
    return STATUS_OK;
}
