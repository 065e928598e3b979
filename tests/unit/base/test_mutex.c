#include "tests/support/support.h"

#include "base/brief_mutex.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct mutex low, high;

/* Whether `body` ends the process, tried in a child. */
static bool dies(void (*body)(void))
{
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(0);
        body();
        _exit(0);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    return !WIFEXITED(result) || WEXITSTATUS(result) != 0;
}

static void take_in_order(void)
{
    mutex_lock(&low);
    mutex_lock(&high);
    mutex_unlock(&low); /* released in any order */
    mutex_unlock(&high);
    mutex_lock(&high);
    mutex_unlock(&high);
}

#ifndef NDEBUG
static void take_against_order(void)
{
    mutex_lock(&high);
    mutex_lock(&low);
}

static void take_twice(void)
{
    mutex_lock(&low);
    mutex_lock(&low);
}

static void claim_without_holding(void)
{
    mutex_assert_held(&low);
}

static void wait_with_another_held(void)
{
    struct wakeup wakeup;
    wakeup_init(&wakeup);
    mutex_lock(&low);
    mutex_lock(&high);
    wakeup_wait_until(&wakeup, &high, 0);
}
#endif

static void ranks_are_asserted(void **state)
{
    (void)state;
    mutex_init(&low, LOCK_RANK_TABLET);
    mutex_init(&high, LOCK_RANK_LOG);
    assert_false(dies(take_in_order));
#ifndef NDEBUG
    assert_true(dies(take_against_order));
    assert_true(dies(take_twice));
    assert_true(dies(claim_without_holding));
    assert_true(dies(wait_with_another_held));
#endif
    mutex_deinit(&low);
    mutex_deinit(&high);
}

static struct mutex lock = MUTEX_INITIALIZER(LOCK_RANK_TABLET);
static struct wakeup changed;
static unsigned turns;

static void *play(void *context)
{
    unsigned mine = *(unsigned *)context;
    for (int i = 0; i < 1000; i++) {
        mutex_lock(&lock);
        while (turns % 2 != mine)
            wakeup_wait(&changed, &lock);
        mutex_assert_held(&lock);
        turns++;
        wakeup_signal(&changed);
        mutex_unlock(&lock);
    }
    return NULL;
}

static void two_threads_take_turns(void **state)
{
    (void)state;
    wakeup_init(&changed);
    unsigned who[2] = {0, 1};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, play, &who[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(turns, 2000);
    wakeup_deinit(&changed);
}

static void a_wait_ends_at_its_time(void **state)
{
    (void)state;
    struct wakeup never;
    wakeup_init(&never);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t until_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + 2000000;
    mutex_lock(&lock);
    while (wakeup_wait_until(&never, &lock, until_ns))
        ; /* a spurious wake-up */
    mutex_unlock(&lock);
    clock_gettime(CLOCK_MONOTONIC, &now);
    assert_true((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec >= until_ns);
    wakeup_deinit(&never);
}

#define BRIEF_THREADS 4
#define BRIEF_TURNS   20000

static struct brief_mutex brief;
static unsigned long brief_count;
static _Atomic unsigned started;

static void *count_briefly(void *argument)
{
    atomic_fetch_add(&started, 1);
    while (atomic_load(&started) < BRIEF_THREADS)
        ; /* all at once */
    for (unsigned i = 0; i < BRIEF_TURNS; i++) {
        brief_mutex_lock(&brief);
        unsigned long before = brief_count;
        if (i % 1000 == 0)
            sched_yield(); /* others come to wait */
        brief_count = before + 1;
        brief_mutex_unlock(&brief);
    }
    return argument;
}

/* No turn is lost, and nobody sleeps on: the test would not end. */
static void a_brief_mutex_lets_one_in_and_wakes_the_next(void **state)
{
    pthread_t threads[BRIEF_THREADS];
    (void)state;
    brief_mutex_init(&brief, LOCK_RANK_HEAT);
    for (unsigned i = 0; i < BRIEF_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_briefly, NULL), 0);
    for (unsigned i = 0; i < BRIEF_THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(brief_count, BRIEF_THREADS * BRIEF_TURNS);
    assert_int_equal(atomic_load(&brief.state), 0);
    brief_mutex_deinit(&brief);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_are_asserted),
        cmocka_unit_test(two_threads_take_turns),
        cmocka_unit_test(a_wait_ends_at_its_time),
        cmocka_unit_test(a_brief_mutex_lets_one_in_and_wakes_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
