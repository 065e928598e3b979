#include "tests/support/support.h"

#include "base/env_memory.h"
#include "base/mutex.h"

#include <pthread.h>
#include <stdlib.h>

struct counted_task {
    struct task task;
    struct executor *executor;
    unsigned *count;
    unsigned order; /* with one thread: the how-manieth it was */
    bool was_current;
};

static void count_run(struct task *task)
{
    struct counted_task *counted = (struct counted_task *)task;
    counted->was_current = executor_is_current(counted->executor);
    counted->order = __atomic_load_n(counted->count, __ATOMIC_RELAXED) + 1;
    __atomic_add_fetch(counted->count, 1, __ATOMIC_RELEASE); /* last: the test looks from here on */
}

static struct executor *executor_new(struct env *env, unsigned threads)
{
    struct error error;
    struct executor *executor;
    assert_ok(env_executor_new(env, "test", threads, &executor, &error), &error);
    return executor;
}

static void one_thread_keeps_the_order(void **state)
{
    (void)state;
    struct executor *executor = executor_new(env_real(), 1);
    static struct counted_task tasks[1000];
    unsigned count = 0;
    for (unsigned i = 0; i < 1000; i++) {
        tasks[i] = (struct counted_task){
            .task.run = count_run, .executor = executor, .count = &count};
        executor_submit(executor, &tasks[i].task);
    }
    executor_free(executor); /* runs what is queued */
    assert_int_equal(count, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(tasks[i].order, i + 1);
        assert_true(tasks[i].was_current);
    }
    executor_free(NULL);
}

static void no_threads_is_refused(void **state)
{
    (void)state;
    struct executor *executor;
    assert_status(env_executor_new(env_real(), "none", 0, &executor, NULL), STATUS_INVALID);
}

struct relay {
    struct task task;
    struct executor *executor;
    unsigned left;
    unsigned *done;
};

static void relay_run(struct task *task)
{
    struct relay *relay = (struct relay *)task;
    if (--relay->left) {
        executor_submit(relay->executor, task);
        return;
    }
    unsigned *done = relay->done;
    free(relay); /* a task may free itself */
    __atomic_add_fetch(done, 1, __ATOMIC_ACQ_REL);
}

static void tasks_submit_and_free_themselves(void **state)
{
    (void)state;
    struct executor *executor = executor_new(env_real(), 4);
    unsigned done = 0;
    for (unsigned i = 0; i < 100; i++) {
        struct relay *relay = calloc(1, sizeof(*relay));
        *relay = (struct relay){{.run = relay_run}, executor, 50, &done};
        executor_submit(executor, &relay->task);
    }
    executor_free(executor);
    assert_int_equal(done, 100);
}

/* Keeps a thread until it is opened. */
struct gate {
    struct task task;
    unsigned entered, opened;
};

static void gate_run(struct task *task)
{
    struct gate *gate = (struct gate *)task;
    __atomic_store_n(&gate->entered, 1, __ATOMIC_RELEASE);
    wait_for_count(&gate->opened, 1);
}

static void timers_run_when_due_and_in_order(void **state)
{
    (void)state;
    struct env *env = env_real();
    struct executor *executor = executor_new(env, 1);
    static struct counted_task tasks[20];
    unsigned count = 0;
    struct gate gate = {.task.run = gate_run}; /* none runs before the last is submitted */
    executor_submit(executor, &gate.task);
    uint64_t start_ns = env_monotonic_ns(env);
    for (unsigned i = 0; i < 20; i++) {
        tasks[i] = (struct counted_task){
            .task.run = count_run, .executor = executor, .count = &count};
        executor_submit_at(executor, &tasks[i].task, start_ns + (20 - i) * 500000);
    }
    __atomic_store_n(&gate.opened, 1, __ATOMIC_RELEASE);
    wait_for_count(&count, 20);
    assert_true(env_monotonic_ns(env) - start_ns >= 20 * 500000);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(tasks[i].order, 20 - i);
    assert_false(executor_cancel(executor, &tasks[0].task));
    executor_free(executor);
}

static void cancel_takes_back_and_free_drops_timers(void **state)
{
    (void)state;
    struct env *env = env_real();
    struct executor *executor = executor_new(env, 2);
    unsigned count = 0;
    struct counted_task far = {.task.run = count_run, .executor = executor, .count = &count};
    struct counted_task never = far;
    uint64_t day_ns = env_monotonic_ns(env) + UINT64_C(86400) * 1000000000;
    executor_submit_at(executor, &far.task, day_ns);
    executor_submit_at(executor, &never.task, UINT64_MAX);
    assert_true(executor_cancel(executor, &far.task));
    assert_false(executor_cancel(executor, &far.task));
    assert_int_equal(executor_depth(executor), 0);
    executor_free(executor);
    assert_int_equal(count, 0);
}

static void depth_counts_queued_and_running(void **state)
{
    (void)state;
    struct executor *executor = executor_new(env_real(), 1);
    struct gate gate = {.task.run = gate_run};
    unsigned count = 0;
    struct counted_task queued = {.task.run = count_run, .executor = executor, .count = &count};
    executor_submit(executor, &gate.task);
    wait_for_count(&gate.entered, 1);
    executor_submit(executor, &queued.task);
    assert_int_equal(executor_depth(executor), 2);
    assert_false(executor_is_current(executor));
    assert_true(executor_cancel(executor, &queued.task)); /* queued and not begun */
    assert_int_equal(executor_depth(executor), 1);
    __atomic_store_n(&gate.opened, 1, __ATOMIC_RELEASE);
    executor_free(executor);
    assert_int_equal(count, 0);
}

static void a_clock_moved_by_hand_wakes_timers(void **state)
{
    (void)state;
    struct env *env = env_memory_new(1, ENV_MEMORY_THREADS);
    struct executor *executor = executor_new(env, 2);
    struct executor *other = executor_new(env, 1);
    unsigned count = 0;
    struct counted_task hour = {.task.run = count_run, .executor = executor, .count = &count};
    struct counted_task on_other = {.task.run = count_run, .executor = other, .count = &count};
    uint64_t due_ns = env_monotonic_ns(env) + UINT64_C(3600) * 1000000000;
    executor_submit_at(executor, &hour.task, due_ns);
    executor_submit_at(other, &on_other.task, due_ns);
    assert_int_equal(__atomic_load_n(&count, __ATOMIC_ACQUIRE), 0);
    env_memory_advance_ns(env, UINT64_C(3600) * 1000000000);
    wait_for_count(&count, 2);
    executor_free(executor);
    env_memory_free(env); /* frees the other one */
}

/* Each task hands the next one over from another thread, as fast as it can: with the first, the thread
 * polls; after the pause it sleeps. None may be missed either way. */
static void a_polling_executor_misses_nothing(void **state)
{
    (void)state;
    struct executor *executor = executor_new(env_real(), 1);
    static struct counted_task tasks[2000];
    unsigned count = 0;
    executor_poll(executor, 50000);
    for (unsigned i = 0; i < 2000; i++) {
        tasks[i] = (struct counted_task){
            .task.run = count_run, .executor = executor, .count = &count};
        executor_submit(executor, &tasks[i].task);
        wait_for_count(&count, i + 1);
    }
    executor_free(executor);
    assert_int_equal(count, 2000);
}

static void submitting_lets_go_of_the_lock_it_is_given(void **state)
{
    (void)state;
    struct executor *executor = executor_new(env_real(), 1);
    struct mutex mutex;
    unsigned count = 0;
    struct counted_task counted = {.task.run = count_run, .executor = executor, .count = &count};
    mutex_init(&mutex, LOCK_RANK_LOG);
    mutex_lock(&mutex);
    executor_submit_unlock(executor, &counted.task, &mutex);
    mutex_lock(&mutex);
    mutex_unlock(&mutex);
    executor_free(executor);
    assert_int_equal(count, 1);
    mutex_deinit(&mutex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_keeps_the_order),
        cmocka_unit_test(no_threads_is_refused),
        cmocka_unit_test(tasks_submit_and_free_themselves),
        cmocka_unit_test(timers_run_when_due_and_in_order),
        cmocka_unit_test(cancel_takes_back_and_free_drops_timers),
        cmocka_unit_test(depth_counts_queued_and_running),
        cmocka_unit_test(a_polling_executor_misses_nothing),
        cmocka_unit_test(submitting_lets_go_of_the_lock_it_is_given),
        cmocka_unit_test(a_clock_moved_by_hand_wakes_timers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
