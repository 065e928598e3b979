/* The leading master and servers that say that the directory does not answer them (master_stall.c). */
#include "tests/support/support.h"

#include <stdio.h>

#include "base/limits.h"
#include "server/master/master_internal.h"
#include "tests/support/master_world.h"

#define LIMIT_S (LIMIT_DIRECTORY_STALL_MS / 1000)
#define SECOND  1000000000ull

static struct assigned_server *server_of(struct master_world *world, const struct node *node)
{
    return master_server_find(world->leader->master, span_string(node->text));
}

static bool is_live(struct master_world *world, const struct node *node)
{
    return server_of(world, node)->state == ASSIGNED_SERVER_LIVE;
}

/* Some second passes, and every living server has reported. `since_ns`: since when each has been stalled, by its place among
 * the nodes; 0 = it is not. */
static void pass_second(struct master_world *world, const uint64_t *since_ns)
{
    uint64_t now_ns = env_monotonic_ns(world->env);
    for (size_t i = 0; i < world->node_count; i++) {
        struct node *node = &world->nodes[i];
        struct server_report_answer answer;
        struct server_report report = {
            .server = node->name, .stalled_ms = since_ns[i] ? (now_ns - since_ns[i]) / 1000000 : 0};
        if (node->host && node_is_alive(node))
            (void)master_take_report(world->leader->master, &report, &answer, NULL);
    }
    master_world_settle(world, 1000);
}

/* As long as it is not given up, at most so long; returns for how long. */
static unsigned pass_while_live(
    struct master_world *world, const uint64_t *since_ns, const struct node *node, unsigned most_s)
{
    uint64_t start_ns = env_monotonic_ns(world->env), passed_ns = 0;
    while (is_live(world, node) && passed_ns < most_s * SECOND) {
        pass_second(world, since_ns);
        passed_ns = env_monotonic_ns(world->env) - start_ns;
    }
    return (unsigned)(passed_ns / SECOND);
}

static size_t index_of(const struct master_world *world, const struct node *node)
{
    return (size_t)(node - world->nodes);
}

/* It has been given up, though it lives: it dies, and all is as it should be. */
static void end_without(struct master_world *world, struct node *bad)
{
    node_kill(bad);
    master_world_tell_servers(world);
    master_world_check(world);
    master_world_deinit(world);
}

static void a_server_that_the_directory_does_not_answer_is_given_up(void **state)
{
    struct master_world world;
    uint64_t since_ns[MASTER_WORLD_NODES] = {0};
    (void)state;
    master_world_make(&world, 71, 3);
    struct node *bad = master_world_place(&world, "r20");
    since_ns[index_of(&world, bad)] = env_monotonic_ns(world.env);
    unsigned passed_s = pass_while_live(&world, since_ns, bad, 200);
    printf("given up after %u s\n", passed_s);
    assert_in_range(passed_s, LIMIT_S, LIMIT_S + 10);
    assert_non_null(strstr(server_of(&world, bad)->given_up, "the directory has not answered it"));
    for (unsigned i = 0; i < 5; i++)
        pass_second(&world, since_ns);
    assert_int_equal(server_of(&world, bad)->state, ASSIGNED_SERVER_DEAD);
    assert_true(server_of(&world, bad)->is_seen); /* its session lives on */
    struct node *other = master_world_place(&world, "r20");
    assert_non_null(other);
    assert_ptr_not_equal(other, bad);
    end_without(&world, bad);
}

/* Its session lives on, and it says that it serves what it served. The next master knows by the seal what has become of it, and
 * tells it, as the one before did. */
static void a_server_that_was_given_up_is_so_to_the_next_master(void **state)
{
    struct master_world world;
    uint64_t since_ns[MASTER_WORLD_NODES] = {0};
    struct server_report_answer answer;
    (void)state;
    master_world_make(&world, 78, 3);
    struct node *bad = master_world_place(&world, "r20");
    struct server_report report = {.server = bad->name};
    since_ns[index_of(&world, bad)] = env_monotonic_ns(world.env);
    (void)pass_while_live(&world, since_ns, bad, 200);
    for (unsigned i = 0; i < 5; i++)
        pass_second(&world, since_ns);
    for (int i = 0; i < 2; i++) {
        struct node *other = master_world_place(&world, "r20");
        assert_non_null(other);
        assert_ptr_not_equal(other, bad);
        assert_int_equal(server_of(&world, bad)->state, ASSIGNED_SERVER_DEAD);
        assert_true(server_of(&world, bad)->is_seen);
        assert_int_equal(server_of(&world, bad)->tablet_count, 0);
        assert_status(
            master_take_report(world.leader->master, &report, &answer, NULL), STATUS_CLOSED);
        assert_true(answer.is_sealed);
        node_kill(world.leader);
        master_world_lead(&world, master_world_master(&world));
        master_world_settle(&world, 3000);
    }
    end_without(&world, bad);
}

/* The same, when nothing in the directory tells of it any more: what it says is older than the manifests. */
static void what_it_says_of_tablets_that_others_have_opened_since_is_not_believed(void **state)
{
    (void)state;
    for (uint64_t seed = 80; seed < 84; seed++) { /* whose list comes last decides */
        struct master_world world;
        uint64_t since_ns[MASTER_WORLD_NODES] = {0};
        char seal[128];
        master_world_make(&world, seed, 3);
        struct node *bad = master_world_place(&world, "r20");
        since_ns[index_of(&world, bad)] = env_monotonic_ns(world.env);
        (void)pass_while_live(&world, since_ns, bad, 200);
        for (unsigned i = 0; i < 5; i++)
            pass_second(&world, since_ns);
        struct node *other = master_world_place(&world, "r20");
        node_kill(world.leader);
        snprintf(seal, sizeof seal, "root/sealed/%s", bad->text);
        assert_ok(env_path_remove(world.env, seal, &master_world_error), &master_world_error);
        master_world_lead(&world, master_world_master(&world));
        master_world_settle(&world, 500);
        assert_true(is_live(&world, bad));
        assert_ptr_equal(master_world_place(&world, "r20"), other);
        end_without(&world, bad);
    }
}

/* The master's host was started after the stall began: its clock is too young to have seen that. */
static void a_stall_older_than_the_masters_host_is_one(void **state)
{
    struct master_world world;
    uint64_t since_ns[MASTER_WORLD_NODES] = {0};
    (void)state;
    master_world_make(&world, 76, 3);
    struct node *bad = master_world_place(&world, "r20");
    since_ns[index_of(&world, bad)] = 0 - (1ull << 62); /* before the clock's zero */
    unsigned passed_s = pass_while_live(&world, since_ns, bad, 200);
    assert_in_range(passed_s, LIMIT_S - 1, LIMIT_S + 10);
    end_without(&world, bad);
}

static void a_directory_that_was_gone_for_half_a_minute_costs_nobody(void **state)
{
    struct master_world world;
    uint64_t since_ns[MASTER_WORLD_NODES] = {0};
    (void)state;
    master_world_make(&world, 72, 3);
    struct node *bad = master_world_place(&world, "r20");
    for (unsigned round = 0; round < 5; round++) {
        since_ns[index_of(&world, bad)] = env_monotonic_ns(world.env);
        (void)pass_while_live(&world, since_ns, bad, 30);
        since_ns[index_of(&world, bad)] = 0;
        pass_second(&world, since_ns);
    }
    assert_true(is_live(&world, bad));
    master_world_check(&world);
    master_world_deinit(&world);
}

static void nobody_is_given_up_when_all_are_stalled(void **state)
{
    struct master_world world;
    uint64_t since_ns[MASTER_WORLD_NODES];
    (void)state;
    master_world_make(&world, 73, 3);
    for (size_t i = 0; i < MASTER_WORLD_NODES; i++)
        since_ns[i] = env_monotonic_ns(world.env);
    for (unsigned second = 0; second < 300; second++)
        pass_second(&world, since_ns);
    for (size_t i = 0; i < world.node_count; i++)
        if (world.nodes[i].host)
            assert_true(is_live(&world, &world.nodes[i]));
    memset(since_ns, 0, sizeof since_ns); /* it is back */
    pass_second(&world, since_ns);
    master_world_check(&world);
    master_world_deinit(&world);
}

struct healing {
    struct task task;
    struct env *host;
};

static void heal(struct task *task)
{
    env_memory_host_reach(((struct healing *)task)->host, ENV_REACH_OK);
}

/* The directory does not answer the leader, for a while. */
static void stall_leader(struct master_world *world, unsigned seconds)
{
    struct executor *director;
    struct healing healing = {.task.run = heal, .host = world->leader->env};
    assert_status(env_executor_new(world->env, "director", 1, &director, NULL), STATUS_OK);
    executor_submit_at(director, &healing.task, env_monotonic_ns(world->env) + seconds * SECOND);
    env_memory_host_reach(healing.host, ENV_REACH_BLOCKS);
    master_world_settle(world, seconds * 1000 + 100);
    executor_free(director);
}

/* The master's stalls too: whoever is still without it when the master's is back has a whole limit from then on. */
static void nobody_is_given_up_before_the_masters_own_directory_has_worked_for_as_long(void **state)
{
    struct master_world world;
    uint64_t since_ns[MASTER_WORLD_NODES] = {0};
    (void)state;
    master_world_make(&world, 74, 3);
    struct node *bad = master_world_place(&world, "r20");
    since_ns[index_of(&world, bad)] = env_monotonic_ns(world.env);
    (void)pass_while_live(&world, since_ns, bad, LIMIT_S / 2);
    stall_leader(&world, 3 * LIMIT_S);
    unsigned passed_s = pass_while_live(&world, since_ns, bad, 200);
    printf("given up %u s after the master's directory was back\n", passed_s);
    assert_in_range(passed_s, LIMIT_S - 1, LIMIT_S + 10);
    end_without(&world, bad);
}

/* What a tenure saw of the directory says nothing of the time until the next one. */
static void a_proof_ends_with_its_tenure(void **state)
{
    struct master_world world;
    uint64_t since_ns[MASTER_WORLD_NODES] = {0};
    (void)state;
    master_world_make(&world, 77, 3);
    struct node *bad = master_world_place(&world, "r20");
    since_ns[index_of(&world, bad)] = env_monotonic_ns(world.env);
    (void)pass_while_live(&world, since_ns, bad, 20);
    struct master *master = world.leader->master;
    assert_true(master->proof.since_ns > 0);
    master_lead(master, 0);
    master_world_settle(&world, 2000);
    assert_int_equal(master->proof.since_ns, 0);
    master_world_lead(&world, world.leader);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* Nothing new is opened at a server that stalls, long before it is given up. */
static void a_stalled_server_gets_no_tablets(void **state)
{
    struct master_world world;
    uint64_t since_ns[MASTER_WORLD_NODES] = {0};
    (void)state;
    master_world_make(&world, 75, 3);
    struct node *bad = master_world_place(&world, "r20");
    since_ns[index_of(&world, bad)] = env_monotonic_ns(world.env);
    (void)pass_while_live(&world, since_ns, bad, 20);
    struct node *victim = master_world_other_server(&world, bad);
    size_t before = server_of(&world, bad)->tablet_count;
    node_kill(victim);
    master_world_tell_servers(&world);
    (void)pass_while_live(&world, since_ns, bad, 10);
    assert_int_equal(server_of(&world, victim)->tablet_count, 0);
    assert_int_equal(server_of(&world, bad)->tablet_count, before);
    since_ns[index_of(&world, bad)] = 0;
    pass_second(&world, since_ns);
    master_world_check(&world);
    master_world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_the_directory_does_not_answer_is_given_up),
        cmocka_unit_test(a_server_that_was_given_up_is_so_to_the_next_master),
        cmocka_unit_test(what_it_says_of_tablets_that_others_have_opened_since_is_not_believed),
        cmocka_unit_test(a_stall_older_than_the_masters_host_is_one),
        cmocka_unit_test(a_directory_that_was_gone_for_half_a_minute_costs_nobody),
        cmocka_unit_test(nobody_is_given_up_when_all_are_stalled),
        cmocka_unit_test(
            nobody_is_given_up_before_the_masters_own_directory_has_worked_for_as_long),
        cmocka_unit_test(a_proof_ends_with_its_tenure),
        cmocka_unit_test(a_stalled_server_gets_no_tablets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
