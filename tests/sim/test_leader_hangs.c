/* A leading master whose own directory hangs, while its process and its network live (server/peer/leader_watch.h): whole
 * servers in one thread on virtual time, two masters, three tablet servers, a client. Masters end only where that helps.
 *
 * Each story runs in a process of its own: what the dead leave behind goes with it. STELE_TRACE=1 shows what happened. */
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log_lines.h"
#include "tests/sim/cluster.h"
#include "tests/sim/coordination_sim.h"
#include "tests/sim/network.h"
#include "tests/sim/workload.h"

#define SEEDS       3 /* of each story */
#define SECOND_NS   UINT64_C(1000000000)
#define LIMIT_S     (LIMIT_DIRECTORY_STALL_MS / 1000)
#define START_NS    (60 * SECOND_NS)
#define RECOVERY_NS (120 * SECOND_NS)
#define SESSION_MS  3000
#define MASTERS     2

struct world {
    struct env *env;
    struct dice dice;
    struct cluster cluster;
    struct workload workload;
    struct slot *leader, *waiting; /* as the story begins */
    struct env *life;              /* of the leader, then */
};

static void trace_line(void *context, const char *line)
{
    const struct world *world = context;
    const char *text = strchr(line, ' ');
    printf("%12.6f %-10s%s\n", (double)env_memory_trace_ns(world->env) / 1e9,
        env_memory_running_name(world->env), text ? text : line);
}

static bool leads(const struct slot *slot)
{
    return slot_is_alive(slot) && slot->is_ready && server_is_leading(slot->server);
}

static void pass(struct world *world, unsigned seconds)
{
    (void)env_memory_run_until(world->env, &(const bool){false}, seconds * SECOND_NS);
}

static void world_start(struct world *world, uint64_t seed)
{
    world->dice = (struct dice){seed ^ 0x1ead};
    world->env = env_memory_new(dice_next(&world->dice), ENV_MEMORY_SEEDED);
    if (getenv("STELE_TRACE")) {
        setvbuf(stdout, NULL, _IOLBF, 0);
        log_set_level(LOG_DEBUG);
        log_set_sink(trace_line, world);
    } else {
        log_set_level(LOG_OFF);
    }
    network_open(world->env, dice_next(&world->dice));
    zookeeper_sim_open(world->env, dice_next(&world->dice), SESSION_MS);
    cluster_start(&world->cluster, world->env, dice_next(&world->dice), MASTERS, 3, SESSION_MS);
    workload_start(&world->workload, world->env, dice_next(&world->dice),
        cluster_places(&world->cluster), 1, 9, 6);
    assert_true(env_memory_run_until(world->env, &world->workload.has_table, START_NS));
    pass(world, 10);
    struct slot *masters = world->cluster.slots;
    assert_true(cluster_is_whole(&world->cluster) && leads(&masters[0]) != leads(&masters[1]));
    world->leader = leads(&masters[0]) ? &masters[0] : &masters[1];
    world->waiting = leads(&masters[0]) ? &masters[1] : &masters[0];
    world->life = world->leader->env;
}

/* A host's way to the directory, from some second on. While a call hangs the test's own thread does not come back from
 * letting time pass: what is to come is told before. */
struct turn {
    struct task task;
    struct env *host;
    enum env_memory_reach reach;
};

static void run_turn(struct task *task)
{
    struct turn *turn = (struct turn *)task;
    if (!env_memory_host_is_dead(turn->host))
        env_memory_host_reach(turn->host, turn->reach);
}

static void reach(
    const struct world *world, struct env *host, enum env_memory_reach how, unsigned after_s)
{
    struct turn *turn = calloc(1, sizeof *turn);
    assert_non_null(turn);
    *turn = (struct turn){.task.run = run_turn, .host = host, .reach = how};
    executor_submit_at(
        world->cluster.director, &turn->task, env_monotonic_ns(world->env) + after_s * SECOND_NS);
}

static void hang(const struct world *world, struct env *host, unsigned from_s, unsigned to_s)
{
    reach(world, host, ENV_REACH_HANGS, from_s);
    reach(world, host, ENV_REACH_OK, to_s);
}

/* The leader leads on, as it did, and nobody has ended by itself. */
static void assert_nobody_ended(const struct world *world)
{
    assert_int_equal(world->cluster.exits, 0);
    assert_ptr_equal(world->leader->env, world->life);
    assert_true(leads(world->leader));
}

static void world_end(struct world *world)
{
    uint64_t start_ns = env_monotonic_ns(world->env);
    workload_read_all(&world->workload);
    while (!workload_has_read_all(&world->workload)) {
        if (env_monotonic_ns(world->env) - start_ns > RECOVERY_NS)
            fail_msg("rows are not served again: %s", world->workload.first_error);
        env_memory_run_one(world->env);
    }
    assert_int_equal(workload_check_history(&world->workload), 0);
    cluster_end(&world->cluster);
    cluster_check_directory(&world->cluster);
}

/* A server dies meanwhile: the leader's own executor hangs in what it writes of that. Its tablets are served again when the
 * other leads. */
static void it_gives_way_to_the_one_that_waits(struct world *world)
{
    uint64_t start_ns = env_monotonic_ns(world->env);
    struct slot *victim = &world->cluster.slots[MASTERS];
    world->leader->is_wanted = victim->is_wanted = false; /* a start of it would hang */
    hang(world, world->life, 0, 3 * LIMIT_S);
    cluster_kill(victim, ENV_CUT_KEEP_ALL);
    while (!env_memory_host_is_dead(world->life))
        env_memory_run_one(world->env);
    uint64_t passed_s = (env_monotonic_ns(world->env) - start_ns) / SECOND_NS;
    printf("it gave way after %u s\n", (unsigned)passed_s);
    assert_in_range(passed_s, LIMIT_S, LIMIT_S + 15);
    pass(world, 10);
    assert_int_equal(world->cluster.exits, 1);
    assert_true(leads(world->waiting));
}

static void the_only_one_goes_on(struct world *world)
{
    world->waiting->is_wanted = false;
    cluster_kill(world->waiting, ENV_CUT_KEEP_ALL);
    pass(world, 10);
    hang(world, world->life, 0, 3 * LIMIT_S);
    pass(world, 3 * LIMIT_S + 10);
    assert_nobody_ended(world);
}

static void nobody_ends_when_the_file_server_is_away_for_all(struct world *world)
{
    for (size_t i = 0; i < world->cluster.slot_count; i++)
        hang(world, world->cluster.slots[i].env, 0, 3 * LIMIT_S);
    pass(world, 3 * LIMIT_S + 10);
    assert_nobody_ended(world);
}

/* The mounts of the masters come back one after the other, the leader's last: it has the limit from then on. */
static void nobody_ends_where_it_comes_back_to_one_after_the_other(struct world *world)
{
    hang(world, world->life, 0, 4 * LIMIT_S);
    hang(world, world->waiting->env, 3, 3 * LIMIT_S + 10);
    pass(world, 4 * LIMIT_S + 10);
    assert_nobody_ended(world);
}

static void nobody_ends_for_a_directory_that_is_slow(struct world *world)
{
    for (unsigned round = 0; round < 6; round++)
        hang(world, world->life, round * LIMIT_S, (round + 1) * LIMIT_S - 5);
    pass(world, 6 * LIMIT_S + 10);
    assert_nobody_ended(world);
}

/* ---- Running them ---- */

static bool is_child;

static void run_story(uint64_t seed, void *context)
{
    void (*const *story)(struct world * world) = context;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        is_child = true;
        struct world *world = calloc(1, sizeof *world);
        assert_non_null(world);
        world_start(world, seed);
        (*story)(world);
        world_end(world);
        fflush(NULL);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void run(void **state)
{
    if (is_child)
        _exit(1); /* its story has failed */
    (void)for_each_seed(SEEDS, run_story, state);
}

#define STORY(name)                                                                                \
    {                                                                                              \
#name, run, NULL, NULL, (void *)(name)                                                     \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(it_gives_way_to_the_one_that_waits),
        STORY(the_only_one_goes_on),
        STORY(nobody_ends_when_the_file_server_is_away_for_all),
        STORY(nobody_ends_where_it_comes_back_to_one_after_the_other),
        STORY(nobody_ends_for_a_directory_that_is_slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
