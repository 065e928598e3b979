#include "tests/support/view_world.h"

void view_world_init(struct view_world *world, size_t servers)
{
    memset(world, 0, sizeof *world);
    assert_true(servers <= VIEW_WORLD_SERVERS);
    world->view.servers = world->servers;
    world->view.tablets = world->tablets;
    world->view.server_count = servers;
}

uint32_t view_world_add(
    struct view_world *world, uint32_t table, uint32_t server, float requests_per_s)
{
    size_t index = world->view.tablet_count++;
    assert_true(index < VIEW_WORLD_TABLETS);
    world->tablets[index] = (struct view_tablet){.table = table,
        .server = server,
        .load = {[VIEW_REQUESTS] = requests_per_s},
        .settled_s = UINT32_MAX};
    if (world->view.table_count <= table)
        world->view.table_count = table + 1;
    return (uint32_t)index;
}

void view_world_apply(struct view_world *world, const struct balance_plan *plan)
{
    for (size_t i = 0; i < plan->move_count; i++) {
        struct view_tablet *tablet = &world->tablets[plan->moves[i].tablet];
        assert_int_equal(tablet->server, plan->moves[i].from);
        tablet->server = plan->moves[i].to;
    }
}

size_t view_world_count(const struct view_world *world, uint32_t server)
{
    size_t count = 0;
    for (size_t i = 0; i < world->view.tablet_count; i++)
        count += world->tablets[i].server == server;
    return count;
}

size_t view_world_table_count(const struct view_world *world, uint32_t server, uint32_t table)
{
    size_t count = 0;
    for (size_t i = 0; i < world->view.tablet_count; i++)
        count += world->tablets[i].server == server && world->tablets[i].table == table;
    return count;
}

double view_world_load(const struct view_world *world, uint32_t server, enum view_resource resource)
{
    double sum = 0;
    for (size_t i = 0; i < world->view.tablet_count; i++)
        if (world->tablets[i].server == server)
            sum += (double)world->tablets[i].load[resource];
    return sum;
}

double view_world_max_over_mean(const struct view_world *world, enum view_resource resource)
{
    double sum = 0, most = 0;
    size_t live = 0;
    for (uint32_t s = 0; s < world->view.server_count; s++) {
        if (world->servers[s].state != VIEW_ALIVE)
            continue;
        double load = view_world_load(world, s, resource);
        sum += load;
        most = load > most ? load : most;
        live++;
    }
    return sum > 0 ? most * (double)live / sum : 1;
}
