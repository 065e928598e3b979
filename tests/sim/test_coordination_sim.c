/* The model of ZooKeeper: who leads, who is seen, what a session's end changes. */
#include "tests/sim/coordination_sim.h"

#include "base/env_memory.h"
#include "tests/sim/network.h"
#include "tests/support/support.h"

#define SECOND_NS  UINT64_C(1000000000)
#define SESSION_MS 6000

static struct error error;

struct party {
    struct env *env;
    struct coordination *coordination;
    struct coordination_listener listener;
    struct server_name name;
    uint64_t epoch; /* 0: does not lead */
    unsigned tenures;
};

struct world {
    struct env *env;
    struct party parties[3];
};

static void on_lead(void *context, uint64_t epoch)
{
    struct party *party = context;
    assert_true(epoch > 0 && party->epoch == 0);
    party->epoch = epoch;
    party->tenures++;
}

static void on_deposed(void *context)
{
    struct party *party = context;
    assert_true(party->epoch > 0);
    party->epoch = 0;
}

static void run(struct world *world, uint64_t ns)
{
    (void)env_memory_run_until(world->env, &(const bool){false}, ns);
}

/* Three hosts, each of which is a server and wants to lead. */
static void world_start(struct world *world, uint64_t seed)
{
    static const char *const names[] = {"a", "b", "c"};
    *world = (struct world){.env = env_memory_new(seed, ENV_MEMORY_SEEDED)};
    network_open(world->env, seed);
    zookeeper_sim_open(world->env, seed, SESSION_MS);
    for (size_t i = 0; i < 3; i++) {
        struct party *party = &world->parties[i];
        party->env = env_memory_host_new(world->env, names[i]);
        party->name = (struct server_name){
            .host = span_string(names[i]), .port = 16020, .start_code = 1};
        party->listener = (struct coordination_listener){
            .context = party, .lead = on_lead, .deposed = on_deposed};
        assert_ok(coordination_sim_new(party->env, &party->coordination, &error), &error);
        coordination_listen(party->coordination, &party->listener);
        assert_ok(coordination_start(party->coordination, &error), &error);
        coordination_announce(party->coordination, &party->name);
        coordination_campaign(party->coordination, &party->name);
    }
    run(world, 3 * SECOND_NS);
}

static void world_end(struct world *world)
{
    env_memory_drop_tasks(world->env);
    zookeeper_sim_close();
    network_close();
}

static struct party *leader_of(struct world *world)
{
    struct party *leader = NULL;
    for (size_t i = 0; i < 3; i++)
        if (world->parties[i].epoch) {
            assert_null(leader);
            leader = &world->parties[i];
        }
    return leader;
}

static size_t servers_seen_by(struct party *party)
{
    const struct coordination_view *view = coordination_view_get(party->coordination);
    size_t count = view->servers.count;
    coordination_view_unref(view);
    return count;
}

static void one_leads_and_all_are_seen(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1);
    assert_non_null(leader_of(&world));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(servers_seen_by(&world.parties[i]), 3);
    world_end(&world);
}

static void an_expired_leader_comes_back_behind_another(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 2);
    struct party *first = leader_of(&world);
    uint64_t epoch = first->epoch;
    zookeeper_sim_expire(env_memory_host_name(first->env));
    run(&world, 10 * SECOND_NS);
    struct party *second = leader_of(&world);
    assert_non_null(second);
    assert_true(second->epoch > epoch);
    assert_int_equal(servers_seen_by(second), 3); /* announced again */
    world_end(&world);
}

static void a_leader_cut_off_deposes_itself_before_the_next_leads(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        struct world world;
        world_start(&world, seed);
        struct party *first = leader_of(&world);
        network_set_link(ZOOKEEPER_HOST, env_memory_host_name(first->env), false);
        run(&world, 30 * SECOND_NS); /* on_lead and leader_of would see two */
        assert_int_equal(first->tenures, 1);
        network_heal_links();
        run(&world, 10 * SECOND_NS);
        assert_non_null(leader_of(&world));
        world_end(&world);
    }
}

static void a_dead_host_is_missed(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 3);
    struct party *first = leader_of(&world);
    env_memory_host_crash(first->env, ENV_CUT_KEEP_ALL);
    network_host_died(first->env);
    first->epoch = 0;
    run(&world, 15 * SECOND_NS);
    struct party *second = leader_of(&world);
    assert_non_null(second);
    assert_int_equal(servers_seen_by(second), 2);
    world_end(&world);
}

static void everybody_returns_after_a_lost_quorum(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 4);
    zookeeper_sim_set_down(true, false);
    run(&world, 30 * SECOND_NS);
    assert_null(leader_of(&world));
    zookeeper_sim_set_down(false, true);
    run(&world, 15 * SECOND_NS);
    assert_non_null(leader_of(&world));
    assert_int_equal(servers_seen_by(&world.parties[0]), 3);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_leads_and_all_are_seen),
        cmocka_unit_test(an_expired_leader_comes_back_behind_another),
        cmocka_unit_test(a_leader_cut_off_deposes_itself_before_the_next_leads),
        cmocka_unit_test(a_dead_host_is_missed),
        cmocka_unit_test(everybody_returns_after_a_lost_quorum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
