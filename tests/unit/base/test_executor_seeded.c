#include "tests/support/support.h"

#include "base/env_memory.h"

#include <stdlib.h>

#define SECOND_NS UINT64_C(1000000000)

/* What ran, as a string of names. */
static char trace[4096];

struct named_task {
    struct task task;
    char name;
};

static void trace_run(struct task *task)
{
    size_t size = strlen(trace);
    if (size + 1 < sizeof(trace)) {
        trace[size] = ((struct named_task *)task)->name;
        trace[size + 1] = '\0';
    }
}

static struct executor *executor_new(struct env *env, unsigned threads)
{
    struct error error;
    struct executor *executor;
    assert_ok(env_executor_new(env, "test", threads, &executor, &error), &error);
    return executor;
}

/* Two executors of one thread with five tasks each, and a pool: their order by the seed. */
static void run_workload(uint64_t seed)
{
    trace[0] = '\0';
    struct env *env = env_memory_new(seed, ENV_MEMORY_SEEDED);
    struct executor *lower = executor_new(env, 1);
    struct executor *upper = executor_new(env, 1);
    struct named_task tasks[10];
    for (int i = 0; i < 10; i++) {
        tasks[i] = (struct named_task){{.run = trace_run}, (char)((i < 5 ? 'a' : 'A') + i % 5)};
        executor_submit(i < 5 ? lower : upper, &tasks[i].task);
    }
    assert_true(env_memory_run_until(env, NULL, SECOND_NS));
    assert_int_equal(executor_depth(lower) + executor_depth(upper), 0);
    env_memory_free(env);
}

static void check_order(uint64_t seed, void *context)
{
    (void)context;
    run_workload(seed);
    assert_int_equal(strlen(trace), 10);
    char lower = 'a', upper = 'A';
    for (const char *p = trace; *p; p++)
        if (*p >= 'a')
            assert_int_equal(*p, lower++);
        else
            assert_int_equal(*p, upper++);
}

static void a_single_thread_keeps_order_while_executors_interleave(void **state)
{
    (void)state;
    for_each_seed(100, check_order, NULL);
}

static void the_seed_decides(void **state)
{
    (void)state;
    unsigned different = 0;
    char first[sizeof(trace)];
    for (uint64_t seed = 0; seed < 20; seed++) {
        run_workload(seed);
        memcpy(first, trace, sizeof(first));
        run_workload(seed);
        assert_string_equal(first, trace);
        run_workload(seed + 1);
        different += strcmp(first, trace) != 0;
    }
    assert_true(different > 15);
}

static void a_pool_starts_any_of_its_first_tasks(void **state)
{
    (void)state;
    unsigned reordered = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct env *env = env_memory_new(seed, ENV_MEMORY_SEEDED);
        struct executor *pool = executor_new(env, 2);
        struct named_task tasks[4];
        trace[0] = '\0';
        for (int i = 0; i < 4; i++) {
            tasks[i] = (struct named_task){{.run = trace_run}, (char)('a' + i)};
            executor_submit(pool, &tasks[i].task);
        }
        while (env_memory_run_one(env))
            ;
        assert_true(trace[0] == 'a' || trace[0] == 'b'); /* two threads: not c, not d */
        reordered += strcmp(trace, "abcd") != 0;
        executor_free(pool);
        env_memory_free(env);
    }
    assert_in_range(reordered, 50, 99);
}

static void timers_move_virtual_time(void **state)
{
    (void)state;
    struct env *env = env_memory_new(3, ENV_MEMORY_SEEDED);
    struct executor *executor = executor_new(env, 1);
    struct named_task tasks[3] = {
        {{.run = trace_run}, 'a'}, {{.run = trace_run}, 'b'}, {{.run = trace_run}, 'c'}};
    uint64_t start_ns = env_monotonic_ns(env);
    trace[0] = '\0';
    executor_submit_at(executor, &tasks[1].task, start_ns + 2 * SECOND_NS);
    executor_submit_at(executor, &tasks[0].task, start_ns + SECOND_NS);
    executor_submit_at(executor, &tasks[2].task, start_ns + 100 * SECOND_NS);
    assert_true(env_memory_run_until(env, NULL, 10 * SECOND_NS));
    assert_string_equal(trace, "ab");
    uint64_t passed_ns = env_monotonic_ns(env) - start_ns;
    assert_true(passed_ns >= 2 * SECOND_NS && passed_ns < 3 * SECOND_NS);
    assert_true(executor_cancel(executor, &tasks[2].task));
    assert_false(env_memory_run_one(env));
    env_memory_free(env);
}

struct flag_task {
    struct task task;
    struct executor *executor;
    bool is_done;
    bool was_current;
};

static void set_flag(struct task *task)
{
    struct flag_task *flag = (struct flag_task *)task;
    flag->was_current = executor_is_current(flag->executor);
    flag->is_done = true;
}

static void resubmit(struct task *task)
{
    executor_submit(((struct flag_task *)task)->executor, task);
}

static void a_busy_task_cannot_hold_timers_back(void **state)
{
    (void)state;
    struct env *env = env_memory_new(3, ENV_MEMORY_SEEDED);
    struct executor *executor = executor_new(env, 1);
    struct flag_task busy = {.task.run = resubmit, .executor = executor};
    struct flag_task timer = {.task.run = set_flag, .executor = executor};
    executor_submit(executor, &busy.task);
    executor_submit_at(executor, &timer.task, env_monotonic_ns(env) + SECOND_NS / 100);
    assert_true(env_memory_run_until(env, &timer.is_done, SECOND_NS));
    assert_true(timer.was_current);
    assert_false(executor_is_current(executor));
    bool never = false;
    assert_false(env_memory_run_until(env, &never, SECOND_NS / 100));
    env_memory_drop_tasks(env);
    assert_false(env_memory_run_one(env));
    assert_int_equal(executor_depth(executor), 0);
    env_memory_free(env);
}

static void free_runs_what_is_queued(void **state)
{
    (void)state;
    struct env *env = env_memory_new(3, ENV_MEMORY_SEEDED);
    struct executor *executor = executor_new(env, 3);
    struct flag_task flag = {.task.run = set_flag, .executor = executor};
    executor_submit(executor, &flag.task);
    executor_free(executor);
    assert_true(flag.is_done && flag.was_current);
    env_memory_free(env);
    env_memory_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_thread_keeps_order_while_executors_interleave),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(a_pool_starts_any_of_its_first_tasks),
        cmocka_unit_test(timers_move_virtual_time),
        cmocka_unit_test(a_busy_task_cannot_hold_timers_back),
        cmocka_unit_test(free_runs_what_is_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
