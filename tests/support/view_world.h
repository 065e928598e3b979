/* A cluster as the master's policies see it, to be built and changed by tests. */
#ifndef STELE_TESTS_VIEW_WORLD_H
#define STELE_TESTS_VIEW_WORLD_H

#include "model/balance.h"
#include "tests/support/support.h"

#define VIEW_WORLD_SERVERS 256
#define VIEW_WORLD_TABLETS 4096

struct view_world {
    struct view_server servers[VIEW_WORLD_SERVERS];
    struct view_tablet tablets[VIEW_WORLD_TABLETS];
    struct cluster_view view;
};

/* `servers` live ones and no tablet. */
void view_world_init(struct view_world *world, size_t servers);
/* A settled tablet with so many requests a second; its index. */
uint32_t view_world_add(
    struct view_world *world, uint32_t table, uint32_t server, float requests_per_s);
/* Does what the plan says, at once; the moved tablets have settled again. */
void view_world_apply(struct view_world *world, const struct balance_plan *plan);
size_t view_world_count(const struct view_world *world, uint32_t server);
size_t view_world_table_count(const struct view_world *world, uint32_t server, uint32_t table);
double view_world_load(
    const struct view_world *world, uint32_t server, enum view_resource resource);
/* The largest load of a live server over the mean of the live. 1 when there is no load. */
double view_world_max_over_mean(const struct view_world *world, enum view_resource resource);

#endif
