#include "tests/support/support.h"

#include "base/pause.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void raise_count(void *context)
{
    ++*(unsigned *)context;
}

static void an_armed_function_runs_at_each_visit(void **state)
{
    (void)state;
    unsigned count = 0;
    pause_point("test.pause.here");
    pause_arm("test.pause.here", raise_count, &count);
    assert_true(pause_is_armed);
    pause_point("test.pause.here");
    pause_point("test.pause.here");
    pause_arm("test.pause.here", NULL, NULL);
    pause_point("test.pause.here");
    assert_int_equal(count, 2);
    assert_false(pause_is_armed);
}

/* How a child ends that arms from `text` and visits three times. */
static int end_of_child(const char *text)
{
    pid_t child = fork();
    if (child == 0) {
        setenv("STELE_PAUSE", text, 1);
        const char *problem;
        if (!pause_arm_from_environment(&problem))
            _exit(99);
        for (int i = 0; i < 3; i++)
            pause_point("test.pause.here");
        _exit(0);
    }
    int result;
    assert_int_equal(waitpid(child, &result, WUNTRACED), child);
    if (WIFSTOPPED(result)) {
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    return result;
}

static void actions_come_from_the_environment(void **state)
{
    (void)state;
    int result = end_of_child("test.pause.here=kill");
    assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
    result = end_of_child("test.pause.here=stop");
    assert_true(WIFSTOPPED(result) && WSTOPSIG(result) == SIGSTOP);
    result = end_of_child("test.pause.here@3=exit:7");
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 7);
    result = end_of_child("test.pause.here@4=exit:7");
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    result = end_of_child("");
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

static void a_malformed_variable_is_refused(void **state)
{
    (void)state;
    const char *const wrong[] = {"test.pause.here", "no.such.point=kill", "test.pause.here=explode",
        "test.pause.here@0=kill", "test.pause.here@x=kill", "test.pause.here=exit:256",
        "test.pause.here=exit:", "test.pause.here=kill,x"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        setenv("STELE_PAUSE", wrong[i], 1);
        const char *problem = NULL;
        assert_false(pause_arm_from_environment(&problem));
        assert_non_null(problem);
    }
    unsetenv("STELE_PAUSE");
    pause_arm("test.pause.here", NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_armed_function_runs_at_each_visit),
        cmocka_unit_test(actions_come_from_the_environment),
        cmocka_unit_test(a_malformed_variable_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
