/* Ownership against crashes and stalls at every single I/O call: recovery of a dead server, a server
 * that stands still while others take its tablet, splits, merges. After each, nothing acknowledged is
 * lost, no row is half there, one server at a time has a tablet, and the directory keeps its promises.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "tests/support/hosts_world.h"
#include "tests/support/support.h"

static const enum env_memory_power_cut hows[] = {
    ENV_CUT_LOSE_ALL, ENV_CUT_KEEP_ALL, ENV_CUT_RANDOM};

#define HOWS 3

static size_t cases;
static size_t rows;

/* STELE_CRASH_ONLY=CALL:HOW runs one case alone, STELE_CRASH_TRACE prints each. */
static bool note_case(uint64_t call, int how)
{
    const char *only = getenv("STELE_CRASH_ONLY");
    unsigned long long only_call;
    int only_how;
    if (only && sscanf(only, "%llu:%d", &only_call, &only_how) == 2 &&
        (only_call != call || only_how != how))
        return false;
    if (getenv("STELE_CRASH_TRACE"))
        fprintf(stderr, "call %llu how %d\n", (unsigned long long)call, how);
    cases++;
    return true;
}

/* Buries everybody but itself and takes the tablet. */
static enum status take_over_body(struct host *host, void *context)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < host->world->host_count && status == STATUS_OK; i++)
        if (&host->world->hosts[i] != host)
            status = host_bury(host, &host->world->hosts[i], &host->death);
    return status ? status : host_open(host, context, &host->death);
}

static void take_over(struct host *host, const char *tablet_id)
{
    enum status status = hosts_try(host, take_over_body, (void *)tablet_id);
    if (status)
        fail_msg("take over: %s", host->death.message);
}

static void finish(struct hosts_world *world)
{
    rows += world->rows_checked;
    hosts_check(world);
    hosts_deinit(world);
}

/* ---- Recovery ---- */

/* A dead server with records flushed, in a closed segment, in the open one and half written. */
static struct host *make_dead(struct hosts_world *world, uint64_t seed)
{
    hosts_init(world, seed);
    struct host *dead = hosts_start_new(world, STORE_TABLETS);
    assert_status(host_open_wait(dead, HOSTS_TABLET), STATUS_OK);
    host_write_rows(dead, 0, HOSTS_ROWS);
    assert_status(host_flush_wait(dead, HOSTS_TABLET), STATUS_OK);
    for (int i = 0; i < 12; i++)
        host_write_rows(dead, 0, HOSTS_ROWS);
    host_write(dead, 1);
    for (int i = 0; i < 3; i++)
        env_memory_run_one(world->env);
    env_memory_host_crash(dead->env, hows[seed % HOWS]);
    return dead;
}

static void recover(struct host *host)
{
    if (hosts_try(host, take_over_body, HOSTS_TABLET) == STATUS_OK) {
        host_verify(host);
        host_write_rows(host, 0, 4);
        (void)host_flush_wait(host, HOSTS_TABLET);
        host_write_rows(host, 4, 8);
    }
}

static uint64_t count_recovery_calls(void)
{
    struct hosts_world world;
    make_dead(&world, 1);
    struct host *host = hosts_start_new(&world, STORE_TABLETS);
    uint64_t before = env_memory_call_count(host->env);
    recover(host);
    assert_int_equal(host->tablet_count, 1);
    uint64_t calls = env_memory_call_count(host->env) - before;
    finish(&world);
    return calls;
}

static void a_recoverer_that_dies_at_any_call_loses_nothing(void **state)
{
    (void)state;
    uint64_t calls = count_recovery_calls();
    for (uint64_t call = 1; call <= calls; call++)
        for (int how = 0; how < 2 * HOWS; how++) {
            struct hosts_world world;
            if (!note_case(call, how))
                continue;
            make_dead(&world, call + (unsigned)how);
            struct host *host = hosts_start_new(&world, STORE_TABLETS);
            env_memory_host_crash_at(
                host->env, env_memory_call_count(host->env) + call, hows[how % HOWS]);
            if (hosts_try(host, take_over_body, HOSTS_TABLET) == STATUS_OK) {
                host_write_rows(host, 0, 4);
                if (!env_memory_host_is_dead(host->env))
                    (void)host_flush_wait(host, HOSTS_TABLET);
                if (!env_memory_host_is_dead(host->env))
                    host_write_rows(host, 4, 8);
            }
            if (!env_memory_host_is_dead(host->env))
                env_memory_host_crash(host->env, hows[how % HOWS]);
            if (how >= HOWS) /* and the directory's own machine */
                env_memory_power_cut(world.env, ENV_CUT_LOSE_ALL);
            struct host *next = hosts_start_new(&world, STORE_TABLETS);
            take_over(next, HOSTS_TABLET);
            host_verify(next);
            host_write_rows(next, 0, HOSTS_ROWS);
            host_verify(next);
            finish(&world);
        }
    printf("recoverers killed: %zu at %llu calls, rows compared: %zu\n", cases,
        (unsigned long long)calls, rows);
    assert_true(cases >= 200);
}

/* ---- Zombies ---- */

/* What an owner does, all of which a stall may interrupt. */
static void live(struct host *host)
{
    host_write_rows(host, 0, 8);
    (void)host_flush_wait(host, HOSTS_TABLET);
    host_write_rows(host, 8, HOSTS_ROWS);
    (void)host_flush_wait(host, HOSTS_TABLET);
    (void)host_compact_wait(host, HOSTS_TABLET);
    host_write_rows(host, 0, 4);
    (void)host_close_wait(host, HOSTS_TABLET);
}

/* Takes the tablet in the middle of the other's stall, and goes on writing. */
struct taking {
    struct task task; /* first */
    struct host *host;
    bool is_done;
};

static void run_taking(struct task *task)
{
    struct taking *taking = (struct taking *)task;
    struct host *host = taking->host;
    if (take_over_body(host, HOSTS_TABLET))
        fail_msg("take over: %s", host->death.message);
    host_verify_now(host);
    for (unsigned row = 0; row < HOSTS_ROWS; row++)
        host_write(host, row);
    taking->is_done = true;
}

#define SECOND UINT64_C(1000000000)

static uint64_t count_life_calls(void)
{
    struct hosts_world world;
    hosts_init(&world, 1);
    struct host *host = hosts_start_new(&world, STORE_TABLETS);
    uint64_t before = env_memory_call_count(host->env);
    assert_status(host_open_wait(host, HOSTS_TABLET), STATUS_OK);
    live(host);
    uint64_t calls = env_memory_call_count(host->env) - before;
    finish(&world);
    return calls;
}

static bool stand_still(uint64_t seed, uint64_t call)
{
    struct hosts_world world;
    hosts_init(&world, seed);
    struct host *zombie = hosts_start_new(&world, STORE_TABLETS);
    struct host *other = hosts_start_new(&world, STORE_TABLETS);
    struct taking taking = {.task = {.run = run_taking}, .host = other};
    /* In the middle of its stall, or else of its rest. */
    executor_submit_at(other->executor, &taking.task, env_monotonic_ns(other->env) + 20 * SECOND);
    env_memory_host_stall_at(zombie->env, env_memory_call_count(zombie->env) + call, 40 * SECOND);
    if (host_open_wait(zombie, HOSTS_TABLET) == STATUS_OK)
        live(zombie);
    hosts_settle(&world, 60000);
    /* It woke meanwhile. What it acknowledged then shows as lost. */
    assert_true(taking.is_done);
    host_verify(other);
    host_write_rows(other, 0, HOSTS_ROWS);
    host_verify(other);
    bool has_died = zombie->has_died;
    /* And the manifests lead whoever comes next to the same. */
    env_memory_host_crash(other->env, ENV_CUT_KEEP_ALL);
    struct host *next = hosts_start_new(&world, STORE_TABLETS);
    take_over(next, HOSTS_TABLET);
    host_verify(next);
    finish(&world);
    return has_died;
}

static void a_server_that_stands_still_at_any_call_is_a_harmless_zombie(void **state)
{
    (void)state;
    uint64_t calls = count_life_calls();
    size_t before = cases;
    size_t died = 0;
    for (uint64_t call = 1; call <= calls; call++)
        for (int seed = 0; seed < 2; seed++)
            if (note_case(call, seed))
                died += stand_still(call * 2 + (unsigned)seed, call);
    printf("servers that stood still: %zu at %llu calls, of which ended themselves: %zu\n",
        cases - before, (unsigned long long)calls, died);
    assert_true(cases - before >= 200 && died >= 50);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recoverer_that_dies_at_any_call_loses_nothing),
        cmocka_unit_test(a_server_that_stands_still_at_any_call_is_a_harmless_zombie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
