/* Random clusters under the balancer and the placement, for many seeds: servers come, drain and die, loads shift, and
 * in between the balancer runs until it is quiet. Beside it a naive oracle computes the potential from its definition
 * (model/cluster_weights.h).
 *
 * What must hold: every move is one that may be made; the potential falls by what each move says; loads that stay as
 * they are bring the balancer to an end, with few moves and no tablet moved back; then no single move is worth it any
 * more; noise moves nothing to speak of; what draining servers had is elsewhere; tables spread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/master/placement.h"
#include "tests/support/view_world.h"

#define ROUNDS_MOST 400
#define EVENTS      12

static struct view_world world;
static struct {
    unsigned long clusters, events, plans, moves, noisy_moves, noisy_plans, checks;
} seen;

/* ---- The oracle ---- */

static const double weights[VIEW_RESOURCES] = {1, 1, 2, 0.5};
static const double floors[VIEW_RESOURCES] = {100, 4 << 20, 0.05, 64 << 20};

static bool serves(uint32_t server)
{
    return server < world.view.server_count && world.servers[server].state != VIEW_DEAD;
}

static double live_servers(void)
{
    double live = 0;
    for (size_t s = 0; s < world.view.server_count; s++)
        live += world.servers[s].state == VIEW_ALIVE;
    return live;
}

static double mean_of_resource(unsigned resource)
{
    double sum = 0;
    for (uint32_t s = 0; s < world.view.server_count; s++)
        sum += serves(s) ? view_world_load(&world, s, resource) : 0;
    return fmax(sum / live_servers(), floors[resource]);
}

static double potential_of_resource(unsigned resource)
{
    double mean = mean_of_resource(resource), potential = 0;
    for (uint32_t s = 0; s < world.view.server_count; s++)
        potential += serves(s) ? pow(view_world_load(&world, s, resource) / mean, 2) : 0;
    return weights[resource] * potential;
}

static double potential_of_counts(void)
{
    double all = 0, potential = 0;
    for (uint32_t s = 0; s < world.view.server_count; s++)
        all += serves(s) ? (double)view_world_count(&world, s) : 0;
    double fair = all / live_servers();
    for (uint32_t s = 0; s < world.view.server_count && all > 0; s++)
        potential += serves(s) ? pow((double)view_world_count(&world, s) / fair, 2) : 0;
    for (uint32_t t = 0; t < world.view.table_count && all > 0; t++) {
        double of_table = 0, squares = 0;
        for (uint32_t s = 0; s < world.view.server_count; s++) {
            double count = serves(s) ? (double)view_world_table_count(&world, s, t) : 0;
            of_table += count;
            squares += count * count;
        }
        potential += squares / fmax(of_table / live_servers(), 1) / fair;
    }
    return potential;
}

static double potential(void)
{
    double sum = potential_of_counts();
    for (unsigned r = 0; r < VIEW_RESOURCES; r++)
        sum += potential_of_resource(r);
    return sum;
}

/* Twice what the tablet weighs: its shares, its count and its part of the spread. */
static double heft(const struct view_tablet *tablet)
{
    double sum = 2 * live_servers() / (double)world.view.tablet_count;
    for (unsigned r = 0; r < VIEW_RESOURCES; r++)
        sum += weights[r] * (double)tablet->load[r] / mean_of_resource(r);
    return 2 * sum;
}

/* ---- Making and changing ---- */

static float random_load(struct dice *dice, unsigned resource)
{
    static const float scale[VIEW_RESOURCES] = {1000, 8 << 20, 0.2f, 32 << 20};
    float part = (float)dice_below(dice, 1000) / 1000;
    return scale[resource] * part * part * (dice_chance(dice, 10) ? 8 : 1);
}

static void set_loads(struct dice *dice, uint32_t tablet, bool is_idle)
{
    for (unsigned r = 0; r < VIEW_RESOURCES; r++)
        world.tablets[tablet].load[r] = is_idle ? 0 : random_load(dice, r);
}

static uint32_t random_live(struct dice *dice)
{
    uint32_t server;
    do {
        server = (uint32_t)dice_below(dice, world.view.server_count);
    } while (world.servers[server].state != VIEW_ALIVE);
    return server;
}

static void make_cluster(struct dice *dice, bool is_idle)
{
    view_world_init(&world, 2 + (size_t)dice_below(dice, dice_chance(dice, 20) ? 78 : 8));
    unsigned tables = 1 + (unsigned)dice_below(dice, 6);
    unsigned each = 1 + (unsigned)dice_below(dice, 3 * world.view.server_count);
    for (unsigned i = 0; i < tables * each; i++) {
        uint32_t server = (uint32_t)dice_below(dice, world.view.server_count);
        if (dice_chance(dice, 30))
            server = 0;
        set_loads(dice, view_world_add(&world, i % tables, server, 0), is_idle);
    }
}

static void place_all_of(uint32_t dead, uint64_t seed)
{
    static uint32_t lost[VIEW_WORLD_TABLETS], servers[VIEW_WORLD_TABLETS];
    struct arena arena = {0};
    size_t count = 0;
    for (uint32_t i = 0; i < world.view.tablet_count; i++)
        if (world.tablets[i].server == dead)
            lost[count++] = i;
    assert_status(placement_choose(&world.view, lost, count, seed, &arena, servers), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(world.servers[servers[i]].state, VIEW_ALIVE);
        world.tablets[lost[i]].server = servers[i];
    }
    arena_deinit(&arena);
}

static void kill_server(struct dice *dice)
{
    if (live_servers() < 2)
        return;
    uint32_t server = random_live(dice);
    world.servers[server].state = VIEW_DEAD;
    place_all_of(server, dice_next(dice));
}

static void drain_server(struct dice *dice)
{
    if (live_servers() >= 2)
        world.servers[random_live(dice)].state = VIEW_DRAINING;
}

static void add_server(void)
{
    if (world.view.server_count < VIEW_WORLD_SERVERS)
        world.servers[world.view.server_count++].state = VIEW_ALIVE;
}

static void shift_load(struct dice *dice, bool is_idle)
{
    uint32_t table = (uint32_t)dice_below(dice, world.view.table_count);
    for (uint32_t i = 0; i < world.view.tablet_count; i++)
        if (world.tablets[i].table == table)
            set_loads(dice, i, is_idle);
}

static void happen(struct dice *dice, bool is_idle)
{
    seen.events++;
    switch (dice_below(dice, 7)) {
    case 0:
        kill_server(dice);
        break;
    case 1:
        drain_server(dice);
        break;
    case 2:
        add_server();
        break;
    case 3:
        world.servers[dice_below(dice, world.view.server_count)].state = VIEW_ALIVE;
        break;
    case 4:
        if (live_servers() >= 2)
            world.servers[random_live(dice)].state = VIEW_SILENT;
        break;
    default:
        shift_load(dice, is_idle);
        break;
    }
}

/* ---- Checks ---- */

static void check_limits(const struct balance_plan *plan, const struct balance_settings *settings)
{
    static unsigned given[VIEW_WORLD_SERVERS], taken[VIEW_WORLD_SERVERS];
    memset(given, 0, sizeof given);
    memset(taken, 0, sizeof taken);
    assert_true(plan->move_count <= settings->moves);
    for (size_t i = 0; i < plan->move_count; i++) {
        const struct balance_move *move = &plan->moves[i];
        bool is_drain = world.servers[move->from].state == VIEW_DRAINING;
        assert_int_equal(world.servers[move->to].state, VIEW_ALIVE);
        assert_true(is_drain || world.servers[move->from].state == VIEW_ALIVE);
        assert_false(world.tablets[move->tablet].is_moving);
        assert_true(is_drain || !world.tablets[move->tablet].is_pinned);
        assert_int_equal(is_drain, move->reason == BALANCE_DRAIN);
        assert_true(++given[move->from] <= settings->moves_per_server);
        assert_true(++taken[move->to] <= settings->moves_per_server);
    }
}

/* Does one move and compares what it says with the oracle. */
static void do_move(const struct balance_move *move, double *before)
{
    assert_int_equal(world.tablets[move->tablet].server, move->from);
    world.tablets[move->tablet].server = move->to;
    double after = potential();
    assert_true(fabs(*before - after - (double)move->gain) < 1e-3 * (1 + *before));
    if (move->reason != BALANCE_DRAIN)
        assert_true(after < *before);
    *before = after;
    seen.checks++;
}

/* True when the plan had nothing to do. `moved` counts by tablet; without it moves are not compared. */
static bool run_plan(struct balance_settings *settings, unsigned *moved)
{
    struct arena arena = {0};
    struct balance_plan plan;
    settings->seed++;
    assert_status(balance_plan_make(&world.view, settings, &arena, &plan), STATUS_OK);
    check_limits(&plan, settings);
    seen.plans++;
    seen.moves += plan.move_count;
    double before = moved && plan.move_count > 0 ? potential() : 0;
    for (size_t i = 0; i < plan.move_count; i++) {
        if (moved) {
            do_move(&plan.moves[i], &before);
            moved[plan.moves[i].tablet]++;
        } else {
            world.tablets[plan.moves[i].tablet].server = plan.moves[i].to;
        }
    }
    bool is_quiet = plan.move_count == 0;
    arena_deinit(&arena);
    return is_quiet;
}

/* No move that the balancer should have made, by the oracle: of those that are tried here. */
static void check_nothing_is_worth_it(struct dice *dice, const struct balance_settings *settings)
{
    double before = potential();
    if (world.view.server_count > 64) /* then it tries some only */
        return;
    for (unsigned i = 0; i < 20 && world.view.tablet_count > 0; i++) {
        struct view_tablet *tablet = &world.tablets[dice_below(dice, world.view.tablet_count)];
        uint32_t from = tablet->server;
        if (tablet->is_pinned || tablet->is_moving || world.servers[from].state != VIEW_ALIVE)
            continue;
        tablet->server = random_live(dice);
        double gain = before - potential();
        tablet->server = from;
        assert_true(gain < settings->wake * heft(tablet) + 1e-3);
        seen.checks++;
    }
}

static void check_drained(void)
{
    for (uint32_t i = 0; i < world.view.tablet_count; i++)
        if (!world.tablets[i].is_moving)
            assert_true(world.servers[world.tablets[i].server].state == VIEW_ALIVE ||
                        world.servers[world.tablets[i].server].state == VIEW_SILENT);
}

static void check_spread(void)
{
    double live = live_servers();
    for (uint32_t t = 0; t < world.view.table_count; t++) {
        double all = 0;
        for (uint32_t s = 0; s < world.view.server_count; s++)
            all += (double)view_world_table_count(&world, s, t);
        for (uint32_t s = 0; s < world.view.server_count; s++)
            assert_true(world.servers[s].state == VIEW_SILENT ||
                        (double)view_world_table_count(&world, s, t) <= ceil(all / live) * 1.3 + 2);
    }
    for (uint32_t s = 0; s < world.view.server_count; s++)
        assert_true(world.servers[s].state == VIEW_SILENT ||
                    (double)view_world_count(&world, s) <=
                        (double)world.view.tablet_count / live * 1.3 + 2);
}

/* ---- The walk ---- */

static void settle(struct dice *dice, struct balance_settings *settings, bool is_idle)
{
    static unsigned moved[VIEW_WORLD_TABLETS];
    unsigned quiet = 0, rounds = 0, twice = 0;
    unsigned long moves = seen.moves;
    memset(moved, 0, sizeof moved);
    /* with more servers than it tries at once, one quiet plan is not the end */
    for (; quiet < (world.view.server_count > 64 ? 5 : 1); rounds++) {
        assert_true(rounds < ROUNDS_MOST);
        quiet = run_plan(settings, moved) ? quiet + 1 : 0;
    }
    for (size_t i = 0; i < world.view.tablet_count; i++)
        twice += moved[i] > 1;
    assert_true(seen.moves - moves <= world.view.tablet_count + world.view.tablet_count / 4 + 1);
    assert_true(twice <= 1 + world.view.tablet_count / 10);
    check_drained();
    if (is_idle)
        check_spread();
    check_nothing_is_worth_it(dice, settings);
}

/* Loads that are never the same twice, as measured ones are. */
static void shake(struct dice *dice, struct balance_settings *settings)
{
    static struct view_tablet still[VIEW_WORLD_TABLETS];
    size_t size = world.view.tablet_count * sizeof still[0];
    unsigned long moves = seen.moves;
    memcpy(still, world.tablets, size);
    for (unsigned round = 0; round < 20; round++) {
        for (size_t i = 0; i < world.view.tablet_count; i++)
            for (unsigned r = 0; r < VIEW_RESOURCES; r++)
                world.tablets[i].load[r] = still[i].load[r] *
                                           (0.95f + 0.1f * (float)dice_below(dice, 1000) / 1000);
        run_plan(settings, NULL);
        seen.noisy_plans++;
    }
    seen.noisy_moves += seen.moves - moves;
    if (seen.moves - moves > 4 + world.view.tablet_count / 10)
        fail_msg("%lu moves of %zu tablets for noise", seen.moves - moves, world.view.tablet_count);
    for (size_t i = 0; i < world.view.tablet_count; i++)
        memcpy(world.tablets[i].load, still[i].load, sizeof still[i].load);
}

static void walk(uint64_t seed, void *context)
{
    struct dice dice = {seed};
    struct balance_settings settings = balance_settings_default();
    bool is_idle = dice_chance(&dice, 30);
    (void)context;
    settings.seed = seed;
    make_cluster(&dice, is_idle);
    world.tablets[0].is_pinned = dice_chance(&dice, 50);
    seen.clusters++;
    for (unsigned event = 0; event < EVENTS; event++) {
        settle(&dice, &settings, is_idle);
        if (dice_chance(&dice, 25))
            shake(&dice, &settings);
        happen(&dice, is_idle);
    }
    settle(&dice, &settings, is_idle);
}

static void random_clusters_settle(void **state)
{
    (void)state;
    bool is_whole = for_each_seed(150, walk, NULL);
    printf("%lu clusters, %lu events, %lu plans, %lu moves, %lu comparisons with the oracle; "
           "%lu moves in %lu plans of noise\n",
        seen.clusters, seen.events, seen.plans, seen.moves, seen.checks, seen.noisy_moves,
        seen.noisy_plans);
    if (is_whole) {
        assert_true(seen.events >= 1000 && seen.moves >= 5000 && seen.checks >= 10000);
        assert_true(seen.noisy_moves * 100 <= seen.noisy_plans);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_clusters_settle)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
