/* The whole standalone server and libstele from one seed: clients on hosts of their own put, count, append, check, read
 * and scan through the client library, over a network and a disk in memory, in one thread on virtual time. The server's
 * power goes at an I/O call drawn from the seed, or at any moment, and what is left of its disk (torn, reordered) is
 * served by its next life; the clients go on by themselves. Checked: per row linearizability, no torn row, no row
 * missing or twice in a scan, a directory without a problem. */
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "tests/sim/cluster.h"
#include "tests/sim/network.h"
#include "tests/sim/workload.h"

#define SEEDS              10
#define CUTS               6 /* of each seed */
#define CLIENTS            4
#define ROWS               24
#define TABLETS            3
#define CALLS_TO_CUT       600 /* I/O calls of a life, at most, before the one at which it ends */
#define ACKNOWLEDGED_FLOOR 100 /* writes of each seed */
#define SECOND_NS          UINT64_C(1000000000)
#define START_NS           (60 * SECOND_NS)
#define RECOVERY_NS        (120 * SECOND_NS)

struct world {
    struct env *env;
    struct dice dice;
    struct cluster cluster;
    struct workload workload;
};

static uint64_t all_acknowledged, all_reads, all_repeated, all_scans, all_cuts, all_lives;

static void fail_with(const struct world *world, const char *what)
{
    struct buffer state = {0};
    workload_print_state(&world->workload, &state);
    fail_msg(
        "%s\n%.*s%s", what, (int)state.size, (const char *)state.data, world->workload.first_error);
}

static void start(struct world *world, uint64_t seed)
{
    world->dice = (struct dice){seed ^ 0xa10e};
    world->env = env_memory_new(dice_next(&world->dice), ENV_MEMORY_SEEDED);
    network_open(world->env, dice_next(&world->dice));
    cluster_start(&world->cluster, world->env, dice_next(&world->dice), 0, 0, 0);
    workload_start(&world->workload, world->env, dice_next(&world->dice),
        cluster_places(&world->cluster), CLIENTS, ROWS, TABLETS);
    if (!env_memory_run_until(world->env, &world->workload.has_table, START_NS))
        fail_with(world, "the server did not start, or made no table");
}

/* Works for a while, then the power of the server's host goes: at once, or at one of its next I/O calls. */
static void work_and_cut(struct world *world)
{
    static const enum env_memory_power_cut kinds[] = {
        ENV_CUT_LOSE_ALL, ENV_CUT_KEEP_ALL, ENV_CUT_RANDOM, ENV_CUT_RANDOM};
    struct slot *server = &world->cluster.slots[0];
    enum env_memory_power_cut how = kinds[dice_below(&world->dice, 4)];
    unsigned lives = server->lives;
    if (!env_memory_run_until(world->env, &server->is_ready, START_NS))
        fail_with(world, "the server does not start again");
    (void)env_memory_run_until(
        world->env, &(const bool){false}, dice_below(&world->dice, 3 * SECOND_NS));
    if (dice_chance(&world->dice, 40))
        cluster_kill(server, how);
    else
        env_memory_host_crash_at(server->env,
            env_memory_call_count(server->env) + 1 + dice_below(&world->dice, CALLS_TO_CUT), how);
    uint64_t start_ns = env_monotonic_ns(world->env);
    while (server->lives == lives) {
        if (env_monotonic_ns(world->env) - start_ns > START_NS)
            fail_with(world, "the power never went");
        env_memory_run_one(world->env);
    }
}

static void recover(struct world *world)
{
    uint64_t start_ns = env_monotonic_ns(world->env);
    workload_read_all(&world->workload);
    while (!workload_has_read_all(&world->workload)) {
        if (env_monotonic_ns(world->env) - start_ns > RECOVERY_NS)
            fail_with(world, "rows are not served again");
        env_memory_run_one(world->env);
    }
}

static void run_seed(uint64_t seed, void *context)
{
    struct world *world = calloc(1, sizeof *world);
    (void)context;
    assert_non_null(world);
    start(world, seed);
    for (int i = 0; i < CUTS; i++)
        work_and_cut(world);
    recover(world);
    assert_int_equal(workload_check_history(&world->workload), 0);
    all_lives += world->cluster.slots[0].lives;
    cluster_end(&world->cluster);
    cluster_check_directory(&world->cluster);
    assert_int_equal(world->cluster.exits, 0); /* it never ended by itself */
    all_cuts += CUTS;
    all_acknowledged += world->workload.acknowledged;
    all_reads += world->workload.reads;
    all_repeated += world->workload.repeated;
    all_scans += world->workload.scans;
    network_close(); /* processes are gone, their memory is left behind */
}

static void clients_go_on_through_power_cuts(void **state)
{
    (void)state;
    log_set_level(LOG_OFF);
    bool is_whole = for_each_seed(SEEDS, run_seed, NULL);
    printf("%llu lives, %llu power cuts; %llu writes and %llu reads acknowledged, %llu after "
           "repeats, %llu scans\n",
        (unsigned long long)all_lives, (unsigned long long)all_cuts,
        (unsigned long long)all_acknowledged, (unsigned long long)all_reads,
        (unsigned long long)all_repeated, (unsigned long long)all_scans);
    if (is_whole) { /* an idle run proves nothing */
        assert_true(all_acknowledged >= SEEDS * ACKNOWLEDGED_FLOOR);
        assert_true(all_repeated >= SEEDS && all_scans >= SEEDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(clients_go_on_through_power_cuts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
