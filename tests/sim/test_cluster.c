/* A whole cluster from one seed: masters, tablet servers and clients, all real, in one thread on virtual time, over a
 * shared directory, a network and a ZooKeeper in memory. Faults come for a while and stop (faults.h). Checked:
 *
 *   - every row is linearizable over everything the clients saw, so no acknowledged write is lost and none happens
 *     twice (tests/support/linearizability.h), and no row is torn; no scan misses a row or has one twice;
 *   - after the faults every row is served again, soon;
 *   - hbase:meta has no hole and no overlap, and each tablet one owner: its manifest names the server that meta does;
 *   - every procedure ends;
 *   - the directory is clean (storage_check).
 *
 * Each seed runs in a process of its own: what the dead leave behind goes with it, and a crash names its seed.
 * STELE_SEED=N runs one here, STELE_TRACE=1 shows what happened in it, with virtual time and host. */
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log_lines.h"
#include "client/call.h"
#include "storage/storage.h"
#include "tests/sim/coordination_sim.h"
#include "tests/sim/faults.h"
#include "tests/sim/meta_check.h"
#include "tests/sim/network.h"
#include "tests/sim/operator.h"
#include "tests/sim/owner_check.h"
#include "tests/sim/workload.h"

#define SECOND_NS          UINT64_C(1000000000)
#define SEEDS              500
#define START_NS           (60 * SECOND_NS)  /* at most, until the table is there */
#define FAULTS_NS          (25 * SECOND_NS)  /* of virtual time under attack */
#define RECOVERY_NS        (180 * SECOND_NS) /* at most, until every row is served again */
#define SESSION_MS         3000
#define ACKNOWLEDGED_FLOOR 300 /* writes a seed, in the mean */
#define FAULTS_FLOOR       15  /* a seed, in the mean */

struct world {
    struct env *env;
    struct dice dice;
    struct cluster cluster;
    struct workload workload;
    struct faults faults;
    struct operator operator;
};

/* What a seed's process tells the one that counts. */
struct sums {
    uint64_t seeds, undecided, acknowledged, repeated, unknown, reads, scans, scanned, deaths,
        exits, expired, elections, held, virtual_ns;
    uint64_t faults[FAULTS];
    uint64_t asked[OPERATOR_ACTIONS], changed[OPERATOR_ACTIONS];
    uint64_t recovery_most_ns;
};

static struct sums *sums; /* shared memory */

static void trace_line(void *context, const char *line)
{
    const struct world *world = context;
    const char *text = strchr(line, ' ');
    printf("%12.6f %-10s%s\n", (double)env_memory_trace_ns(world->env) / 1e9,
        env_memory_running_name(world->env), text ? text : line);
}

/* On the first client's executor. */
struct meta_question {
    struct task task;
    struct workload_client *client;
    struct meta_check *check;
};

static void ask_meta(struct task *task)
{
    struct meta_question *question = (struct meta_question *)task;
    question->check = meta_check_start(question->client->client, WORKLOAD_TABLE);
}

static bool check_meta(const struct world *world, struct buffer *out_report)
{
    struct meta_question question = {
        .task = {.run = ask_meta}, .client = (struct workload_client *)&world->workload.clients[0]};
    executor_submit(question.client->executor, &question.task);
    while (!question.check || !meta_check_is_done(question.check))
        env_memory_run_one(world->env);
    size_t count;
    const struct seen_region *regions = meta_check_regions(question.check, &count);
    bool is_owned = owner_check(world->env, CLUSTER_ROOT, regions, count, out_report);
    return meta_check_end(question.check, out_report) && is_owned;
}

static void fail_with(const struct world *world, const char *what)
{
    struct buffer state = {0};
    workload_print_state(&world->workload, &state);
    (void)check_meta(world, &state);
    fail_msg(
        "%s\n%.*s%s", what, (int)state.size, (const char *)state.data, world->workload.first_error);
}

/* ---- A run ---- */

static void start(struct world *world, uint64_t seed)
{
    world->dice = (struct dice){seed ^ 0x5eed};
    struct dice *dice = &world->dice;
    world->env = env_memory_new(dice_next(dice), ENV_MEMORY_SEEDED);
    if (getenv("STELE_TRACE")) {
        setvbuf(stdout, NULL, _IOLBF, 0);
        log_set_level(LOG_DEBUG);
        log_set_sink(trace_line, world);
    } else {
        log_set_level(LOG_OFF);
    }
    network_open(world->env, dice_next(dice));
    zookeeper_sim_open(world->env, dice_next(dice), SESSION_MS);
    /* a coherent file system, or one that shows others' bytes only sometimes */
    env_memory_set_sharing(world->env, dice_chance(dice, 50) ? 100 : 30);
    cluster_start(&world->cluster, world->env, dice_next(dice), 2, 3 + (size_t)dice_below(dice, 5),
        SESSION_MS);
    workload_start(&world->workload, world->env, dice_next(dice), cluster_places(&world->cluster),
        3 + (size_t)dice_below(dice, 3), 30, 12 + (size_t)dice_below(dice, 40));
    if (!env_memory_run_until(world->env, &world->workload.has_table, START_NS))
        fail_with(world, "the cluster did not start, or made no table");
}

static void attack(struct world *world)
{
    faults_start(&world->faults, &world->cluster, dice_next(&world->dice), "client",
        world->workload.client_count, (1 + dice_below(&world->dice, 3)) * SECOND_NS);
    operator_start(&world->operator, world->env, dice_next(&world->dice),
        cluster_places(&world->cluster), WORKLOAD_TABLE, 2 * SECOND_NS);
    (void)env_memory_run_until(world->env, &(const bool){false}, FAULTS_NS);
    operator_stop(&world->operator);
    faults_stop(&world->faults);
}

/* Everything is served again once faults stop. */
static void recover(struct world *world)
{
    uint64_t start_ns = env_monotonic_ns(world->env);
    workload_read_all(&world->workload);
    while (!workload_has_read_all(&world->workload)) {
        if (env_monotonic_ns(world->env) - start_ns > RECOVERY_NS)
            fail_with(world, "rows are not served again");
        for (int i = 0; i < 1000; i++)
            env_memory_run_one(world->env);
    }
    uint64_t took_ns = env_monotonic_ns(world->env) - start_ns;
    if (took_ns > sums->recovery_most_ns)
        sums->recovery_most_ns = took_ns;
}

static void add(uint64_t *sum, uint64_t value)
{
    __atomic_add_fetch(sum, value, __ATOMIC_RELAXED);
}

/* The last tablets may still be on their way when all rows have been read. */
static void check_regions(struct world *world)
{
    uint64_t start_ns = env_monotonic_ns(world->env);
    for (;;) {
        struct buffer report = {0};
        bool is_right = check_meta(world, &report);
        bool is_late = env_monotonic_ns(world->env) - start_ns > RECOVERY_NS;
        if (!is_right && is_late)
            printf("%.*s", (int)report.size, (const char *)report.data);
        buffer_deinit(&report);
        if (is_right)
            return;
        assert_false(is_late);
        (void)env_memory_run_until(world->env, &(const bool){false}, SECOND_NS);
    }
}

/* On the first client's executor: what is under way at the master, by the locks that it holds (GetProcedures tells of
 * ended ones too). */
struct procedures_question {
    struct task task;
    struct workload_client *client;
    bool is_answered, is_idle;
};

static void on_procedures(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct procedures_question *question = call->context;
    (void)block;
    question->is_idle = !failure && answer->result.size == 0;
    question->is_answered = true;
}

static void ask_procedures(struct task *task)
{
    struct procedures_question *question = (struct procedures_question *)task;
    struct call *call = client_call_new(question->client->client, CALL_TO_MASTER, SERVICE_MASTER,
        "GetLocks", on_procedures, question);
    CHECK(call);
    call_start(call);
}

/* What was begun ends: there comes a moment at which nothing is under way. The balancer and the policies go on. */
static void check_procedures(struct world *world)
{
    uint64_t start_ns = env_monotonic_ns(world->env);
    for (;;) {
        struct procedures_question question = {
            .task.run = ask_procedures, .client = &world->workload.clients[0]};
        executor_submit(question.client->executor, &question.task);
        while (!question.is_answered)
            env_memory_run_one(world->env);
        if (question.is_idle)
            return;
        if (env_monotonic_ns(world->env) - start_ns > RECOVERY_NS)
            fail_with(world, "procedures do not end");
        (void)env_memory_run_until(world->env, &(const bool){false}, SECOND_NS / 10);
    }
}

static void count(const struct world *world)
{
    add(&sums->seeds, 1);
    add(&sums->acknowledged, world->workload.acknowledged);
    add(&sums->repeated, world->workload.repeated);
    add(&sums->unknown, world->workload.unknown);
    add(&sums->reads, world->workload.reads);
    add(&sums->scans, world->workload.scans);
    add(&sums->scanned, world->workload.scanned);
    add(&sums->deaths, world->cluster.deaths);
    add(&sums->exits, world->cluster.exits);
    add(&sums->expired, zookeeper_sim_counts().expired);
    add(&sums->elections, zookeeper_sim_counts().elections);
    add(&sums->held, network_counts().held);
    add(&sums->virtual_ns, env_monotonic_ns(world->env));
    for (int i = 0; i < FAULTS; i++)
        add(&sums->faults[i], world->faults.counts[i]);
    for (int i = 0; i < OPERATOR_ACTIONS; i++) {
        add(&sums->asked[i], world->operator.asked[i]);
        add(&sums->changed[i], world->operator.done[i]);
    }
}

static void run_here(uint64_t seed)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    start(world, seed);
    attack(world);
    recover(world);
    add(&sums->undecided, workload_check_history(&world->workload));
    check_regions(world);
    check_procedures(world);
    cluster_end(&world->cluster);
    cluster_check_directory(&world->cluster);
    count(world);
}

/* ---- Many seeds, some at once ---- */

static pid_t workers[16];
static unsigned failed_seeds;

static void wait_for_worker(void)
{
    int status;
    pid_t child = wait(&status);
    assert_true(child > 0);
    for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++)
        if (workers[i] == child)
            workers[i] = 0;
    failed_seeds += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void wait_for_workers(void)
{
    for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++)
        while (workers[i])
            wait_for_worker();
}

static pid_t *free_worker(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    for (;;) {
        for (long i = 0; i < count && i < (long)(sizeof workers / sizeof workers[0]); i++)
            if (!workers[i])
                return &workers[i];
        wait_for_worker();
    }
}

static void run_seed(uint64_t seed, void *context)
{
    (void)context;
    if (getenv("STELE_SEED") && !getenv("STELE_SEEDS")) {
        run_here(seed);
        return;
    }
    pid_t *worker = free_worker();
    fflush(NULL);
    *worker = fork();
    assert_true(*worker >= 0);
    if (*worker == 0) {
        run_here(seed); /* a failure does not come back */
        fflush(NULL);
        _exit(0);
    }
}

static void print_sums(void)
{
    printf(
        "%llu seeds, %.1f hours of virtual time: %llu writes and %llu reads acknowledged, %llu "
        "after repeats, %llu of unknown outcome; %llu deaths, %llu exits, %llu sessions expired, "
        "%llu elections, %llu deliveries held; longest recovery %.1f s\n",
        (unsigned long long)sums->seeds, (double)sums->virtual_ns / 3.6e12,
        (unsigned long long)sums->acknowledged, (unsigned long long)sums->reads,
        (unsigned long long)sums->repeated, (unsigned long long)sums->unknown,
        (unsigned long long)sums->deaths, (unsigned long long)sums->exits,
        (unsigned long long)sums->expired, (unsigned long long)sums->elections,
        (unsigned long long)sums->held, (double)sums->recovery_most_ns / 1e9);
    printf("%llu whole scans of %llu rows; %llu rows undecided\n", (unsigned long long)sums->scans,
        (unsigned long long)sums->scanned, (unsigned long long)sums->undecided);
    for (int i = 0; i < OPERATOR_ACTIONS; i++)
        printf("%s %llu of %llu%s", operator_action_name((enum operator_action)i),
            (unsigned long long)sums->changed[i], (unsigned long long)sums->asked[i],
            i + 1 < OPERATOR_ACTIONS ? ", " : "\n");
    for (int i = 0; i < FAULTS; i++)
        printf("%s %llu%s", fault_name((enum fault)i), (unsigned long long)sums->faults[i],
            i + 1 < FAULTS ? ", " : "\n");
}

static void a_cluster_under_attack_keeps_its_promises(void **state)
{
    (void)state;
    sums = mmap(NULL, sizeof *sums, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(sums != MAP_FAILED);
    bool is_whole = for_each_seed(SEEDS, run_seed, NULL);
    wait_for_workers();
    print_sums();
    assert_int_equal(failed_seeds, 0);
    if (is_whole) { /* an idle run proves nothing */
        uint64_t faults = 0;
        for (int i = 0; i < FAULTS; i++) {
            assert_true(sums->faults[i] > 0);
            faults += sums->faults[i];
        }
        assert_true(faults >= FAULTS_FLOOR * sums->seeds);
        for (int i = 0; i < OPERATOR_ACTIONS; i++)
            assert_true(sums->changed[i] * 4 >= sums->seeds);
        assert_true(sums->scans >= sums->seeds);
        assert_true(sums->undecided * 100 <= sums->seeds); /* rows too hard for the checker */
        assert_true(sums->acknowledged >= ACKNOWLEDGED_FLOOR * sums->seeds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_cluster_under_attack_keeps_its_promises)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
