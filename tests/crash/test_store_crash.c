/* The whole store against power cuts and failed calls: the workload of crash_world (log, flush, compaction, create, drop,
 * stop, start) with a cut or a failure at every single I/O call. Then the directory keeps its promises, the store starts,
 * every acknowledged write is there, and no row is half there. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "tests/support/crash_world.h"
#include "tests/support/support.h"

/* Which case runs: in the core dump and the debugger; with STELE_CRASH_TRACE also on stderr. */
static struct {
    uint64_t seed, call;
    int kind;
} now;

/* False: STELE_CRASH_ONLY=SEED:CALL:KIND asks for another case. */
static bool note_case(uint64_t seed, uint64_t call, int kind)
{
    const char *only = getenv("STELE_CRASH_ONLY");
    unsigned long long only_seed, only_call;
    int only_kind;
    if (only && sscanf(only, "%llu:%llu:%d", &only_seed, &only_call, &only_kind) == 3 &&
        (only_seed != seed || only_call != call || only_kind != kind))
        return false;
    now.seed = seed;
    now.call = call;
    now.kind = kind;
    if (getenv("STELE_CRASH_TRACE"))
        fprintf(stderr, "seed %llu call %llu kind %d\n", (unsigned long long)seed,
            (unsigned long long)call, kind);
    return true;
}

static uint64_t count_calls(uint64_t seed)
{
    struct crash_world world;
    struct error error;
    crash_world_init(&world, seed);
    crash_world_run(&world, seed);
    assert_false(world.has_died);
    assert_ok(crash_world_verify(&world, &error), &error);
    uint64_t calls = env_memory_call_count(world.env);
    crash_world_stop(&world);
    crash_world_check(&world);
    crash_world_deinit(&world);
    return calls;
}

/* The store starts on what the disk has kept, with all that was acknowledged, and goes on. */
static void restart_and_verify(struct crash_world *world)
{
    struct error error = {0};
    if (world->starts == 0) /* cut before there was anything */
        return;
    assert_ok(crash_world_start(world, &error), &error);
    assert_ok(crash_world_verify(world, &error), &error);
    assert_false(world->has_died);
    crash_world_stop(world);
    crash_world_check(world);
}

static void cut_once(uint64_t seed, uint64_t call, enum env_memory_power_cut how, size_t *out_rows)
{
    struct crash_world world;
    if (!note_case(seed, call, (int)how))
        return;
    crash_world_init(&world, seed);
    env_memory_cut_at(world.env, call);
    crash_world_run(&world, seed);
    if (world.store)
        crash_world_kill(&world);
    env_memory_power_cut(world.env, how);
    restart_and_verify(&world);
    *out_rows += world.rows_checked;
    crash_world_deinit(&world);
}

/* Every call with STELE_CRASH_STRIDE=1; by default what fits into the box of time, another part by seed. */
static uint64_t stride(void)
{
    const char *text = getenv("STELE_CRASH_STRIDE");
    return text ? strtoull(text, NULL, 10) : 1;
}

static void a_power_cut_at_every_call_loses_nothing_acknowledged(void **state)
{
    (void)state;
    static const enum env_memory_power_cut hows[] = {
        ENV_CUT_LOSE_ALL, ENV_CUT_KEEP_ALL, ENV_CUT_RANDOM};
    size_t cuts = 0;
    size_t rows = 0;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        uint64_t calls = count_calls(seed);
        for (uint64_t call = 1; call <= calls; call += stride())
            for (size_t how = seed == 1 ? 0 : 2; how < 3; how++, cuts++)
                cut_once(seed, call, hows[how], &rows);
    }
    printf("power cuts: %zu, rows compared: %zu\n", cuts, rows);
    assert_true(cuts >= 3000 / stride());
    assert_true(rows >= 30000 / stride());
}

static void every_call_failed_once_acknowledges_nothing_false(void **state)
{
    (void)state;
    size_t failures = 0;
    size_t deaths = 0;
    size_t rows = 0;
    uint64_t seed = 3;
    uint64_t calls = count_calls(seed);
    for (uint64_t call = 1; call <= calls; call += stride())
        for (int kind = 0; kind < 3; kind++, failures++) {
            struct crash_world world;
            if (!note_case(seed, call, kind))
                continue;
            crash_world_init(&world, seed);
            env_memory_fail_call(
                world.env, call, kind == 1 ? STATUS_NO_SPACE : STATUS_IO, kind == 2);
            crash_world_run(&world, seed);
            deaths += world.has_died;
            env_memory_fail_call(world.env, 0, STATUS_OK, false);
            if (world.store)
                crash_world_kill(&world);
            env_memory_power_cut(world.env, call % 2 ? ENV_CUT_LOSE_ALL : ENV_CUT_RANDOM);
            restart_and_verify(&world);
            rows += world.rows_checked;
            crash_world_deinit(&world);
        }
    printf("failed calls: %zu, of which ended the process: %zu, rows compared: %zu\n", failures,
        deaths, rows);
    assert_true(failures >= 1500 / stride());
    assert_true(deaths >= 100 / stride());
    assert_true(rows >= 15000 / stride());
}

/* "cuts" or "failures": one of the two, so that they can run side by side; both without. */
int main(int argc, char **argv)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_power_cut_at_every_call_loses_nothing_acknowledged),
        cmocka_unit_test(every_call_failed_once_acknowledges_nothing_false),
    };
    const struct CMUnitTest cuts[] = {tests[0]}, failures[] = {tests[1]};
    const char *part = argc > 1 ? argv[1] : "";
    if (strcmp(part, "cuts") == 0)
        return cmocka_run_group_tests(cuts, NULL, NULL);
    if (strcmp(part, "failures") == 0)
        return cmocka_run_group_tests(failures, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
