#include "storage/compaction_slots.h"

#include "base/env_memory.h"
#include "tests/support/support.h"

enum { MANY = COMPACTION_SLOTS + 4 };

struct job {
    struct task task; /* first */
    struct compaction_slot slot;
    _Atomic bool is_cancelled;
    bool has_run;
};

struct world {
    struct env *env;
    struct compaction_slots slots;
    struct job jobs[MANY];
};

static void run(struct task *task)
{
    ((struct job *)task)->has_run = true;
}

static int set_up(void **state)
{
    static struct world world;
    struct error error = {0};
    world = (struct world){.env = env_memory_new(1, ENV_MEMORY_SEEDED)};
    compaction_slots_init(&world.slots);
    assert_ok(env_executor_new(world.env, "c", 1, &world.slots.executor, &error), &error);
    for (size_t i = 0; i < MANY; i++) {
        struct job *job = &world.jobs[i];
        job->task.run = run;
        job->slot = (struct compaction_slot){
            .task = &job->task, .input_bytes = 1000, .is_cancelled = &job->is_cancelled};
    }
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    executor_free(world->slots.executor);
    compaction_slots_deinit(&world->slots);
    env_memory_free(world->env);
    return 0;
}

static bool take(struct world *world, size_t job)
{
    return compaction_slots_take(&world->slots, &world->jobs[job].slot);
}

static void give(struct world *world, size_t job)
{
    compaction_slots_give(&world->slots, &world->jobs[job].slot);
    env_memory_run_until(world->env, NULL, 0);
}

static void who_comes_first_goes_first(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(take(world, i), i < COMPACTION_SLOTS);
    assert_int_equal(compaction_slots_bytes(&world->slots), 1000 * COMPACTION_SLOTS);
    give(world, 3);
    assert_true(world->jobs[COMPACTION_SLOTS].has_run);
    assert_false(world->jobs[COMPACTION_SLOTS + 1].has_run);
    give(world, 3); /* nothing is held: nothing changes */
    assert_false(world->jobs[COMPACTION_SLOTS + 1].has_run);
    give(world, 0);
    assert_true(world->jobs[COMPACTION_SLOTS + 1].has_run);
    assert_int_equal(compaction_slots_bytes(&world->slots), 1000 * COMPACTION_SLOTS);
}

static void large_ones_leave_slots_to_small_ones(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < 6; i++) {
        world->jobs[i].slot.input_bytes = COMPACTION_LARGE_BYTES;
        assert_int_equal(take(world, i), i < COMPACTION_SLOTS_LARGE);
    }
    assert_true(take(world, 6)); /* past those that wait */
    give(world, 6);
    assert_false(world->jobs[4].has_run);
    give(world, 0);
    assert_true(world->jobs[4].has_run);
    assert_false(world->jobs[5].has_run);
}

static void who_is_cancelled_waits_no_more(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < COMPACTION_SLOTS + 1; i++)
        (void)take(world, i);
    struct job *waiting = &world->jobs[COMPACTION_SLOTS];
    atomic_store(&waiting->is_cancelled, true);
    assert_true(compaction_slots_wake(&world->slots, &waiting->slot));
    env_memory_run_until(world->env, NULL, 0);
    assert_true(waiting->has_run);
    assert_false(waiting->slot.is_held);
    assert_false(compaction_slots_wake(&world->slots, &waiting->slot));
    /* and one that is cancelled just before it would wait does not */
    atomic_store(&world->jobs[COMPACTION_SLOTS + 1].is_cancelled, true);
    assert_true(take(world, COMPACTION_SLOTS + 1));
    assert_false(world->jobs[COMPACTION_SLOTS + 1].slot.is_held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_comes_first_goes_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_ones_leave_slots_to_small_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_cancelled_waits_no_more, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
