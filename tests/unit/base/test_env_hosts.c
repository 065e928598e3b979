/* Several hosts over one disk: what they see of each other, what a crash takes along, standing still
 * in the middle of a call. */
#include "tests/support/support.h"

#include "base/env_memory.h"

#define SECOND_NS UINT64_C(1000000000)

static struct error error;

static struct env_file *open_file(struct env *env, const char *path, unsigned flags)
{
    struct env_file *file;
    assert_ok(env_file_open(env, path, flags, 0600, &file, &error), &error);
    return file;
}

static void write_at(struct env_file *file, uint64_t offset, const char *text)
{
    assert_ok(env_file_write(file, offset, span_string(text), &error), &error);
}

static void assert_content(struct env *env, const char *path, const char *expected)
{
    struct buffer bytes = {0};
    assert_ok(env_read_file(env, path, 1 << 20, &bytes, &error), &error);
    assert_spans_equal(buffer_span(&bytes), span_string(expected));
    buffer_deinit(&bytes);
}

static bool exists(struct env *env, const char *path)
{
    struct env_stat stat;
    enum status status = env_path_stat(env, path, &stat, &error);
    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    return status == STATUS_OK;
}

/* A world with hosts a and b, and files /a and /b of theirs, made durable. */
struct world {
    struct env *env, *a, *b;
    struct env_file *file_a, *file_b;
};

static struct world world_new(uint64_t seed)
{
    struct world world = {.env = env_memory_new(seed, ENV_MEMORY_SEEDED)};
    world.a = env_memory_host_new(world.env, "a");
    world.b = env_memory_host_new(world.env, "b");
    world.file_a = open_file(world.a, "/a", ENV_WRITE | ENV_CREATE);
    world.file_b = open_file(world.b, "/b", ENV_WRITE | ENV_CREATE);
    assert_ok(env_directory_sync(world.a, "/", &error), &error);
    return world;
}

static void world_free(struct world *world)
{
    if (!env_memory_host_is_dead(world->a))
        env_file_close(world->file_a);
    if (!env_memory_host_is_dead(world->b))
        env_file_close(world->file_b);
    env_memory_free(world->env);
}

static void a_crash_takes_only_its_own_along(void **state)
{
    (void)state;
    struct world world = world_new(1);
    write_at(world.file_a, 0, "of a");
    write_at(world.file_b, 0, "of b");
    assert_ok(env_write_file(world.a, "/new-a", 0600, SPAN_LITERAL("x"), &error), &error);
    assert_ok(env_write_file(world.b, "/new-b", 0600, SPAN_LITERAL("y"), &error), &error);
    env_memory_host_crash(world.a, ENV_CUT_LOSE_ALL);
    assert_content(world.env, "/a", "");
    assert_content(world.b, "/b", "of b");
    assert_false(exists(world.b, "/new-a"));
    assert_content(world.b, "/new-b", "y");
    assert_status(env_file_write(world.file_a, 0, SPAN_LITERAL("z"), &error), STATUS_IO);
    world_free(&world);
}

static void a_killed_process_leaves_what_it_wrote(void **state)
{
    (void)state;
    struct world world = world_new(1);
    write_at(world.file_a, 0, "of a");
    env_memory_host_crash(world.a, ENV_CUT_KEEP_ALL);
    assert_content(world.b, "/a", "of a");
    world_free(&world);
}

static void another_hosts_directory_sync_keeps_a_name(void **state)
{
    (void)state;
    struct world world = world_new(1);
    assert_ok(env_path_link(world.a, "/a", "/link", &error), &error);
    assert_status(env_path_link(world.b, "/b", "/link", &error), STATUS_EXISTS);
    assert_ok(env_directory_sync(world.b, "/", &error), &error);
    env_memory_host_crash(world.a, ENV_CUT_LOSE_ALL);
    assert_true(exists(world.b, "/link"));
    world_free(&world);
}

static void links_and_modes_are_seen_at_once(void **state)
{
    (void)state;
    struct world world = world_new(1);
    struct env_stat stat;
    assert_ok(env_path_link(world.b, "/a", "/seal", &error), &error);
    assert_ok(env_file_stat(world.file_a, &stat, &error), &error);
    assert_int_equal(stat.link_count, 2);
    env_memory_host_crash(world.b, ENV_CUT_LOSE_ALL);
    assert_ok(env_file_stat(world.file_a, &stat, &error), &error);
    assert_int_equal(stat.link_count, 1);
    world_free(&world);
}

static void bytes_not_synced_are_hidden_or_safe(void **state)
{
    (void)state;
    struct world world = world_new(1);
    write_at(world.file_a, 0, "old ");
    assert_ok(env_file_sync(world.file_a, &error), &error);
    write_at(world.file_a, 0, "new and longer");
    env_memory_set_sharing(world.env, 0);
    assert_content(world.b, "/a", "old ");
    assert_content(world.a, "/a", "new and longer");
    env_memory_set_sharing(world.env, 100);
    assert_content(world.b, "/a", "new and longer");
    env_memory_host_crash(world.a, ENV_CUT_LOSE_ALL);
    assert_content(world.b, "/a", "new and longer");
    world_free(&world);
}

static void a_lock_is_over_with_its_host(void **state)
{
    (void)state;
    struct world world = world_new(1);
    struct env_file *other = open_file(world.b, "/a", ENV_WRITE);
    assert_ok(env_file_lock(world.file_a, NULL, &error), &error);
    assert_status(env_file_lock(other, NULL, &error), STATUS_BUSY);
    env_memory_host_crash(world.a, ENV_CUT_RANDOM);
    assert_ok(env_file_lock(other, NULL, &error), &error);
    env_file_close(other);
    world_free(&world);
}

/* ---- Standing still ---- */

struct step {
    struct task task;
    struct world *world;
    const char *name;
};

static char trace[256];

static void note(const char *what)
{
    strncat(trace, what, sizeof(trace) - strlen(trace) - 1);
}

static void write_twice(struct task *task)
{
    struct step *step = (struct step *)task;
    note("[");
    write_at(step->world->file_a, 0, "1");
    write_at(step->world->file_a, 1, "2");
    note("]");
}

static void note_name(struct task *task)
{
    note(((struct step *)task)->name);
}

/* Host a runs write_twice at once, b a task in a second. */
static void submit_both(struct world *world, struct step steps[2])
{
    struct executor *of_a, *of_b;
    assert_ok(env_executor_new(world->a, "of a", 1, &of_a, &error), &error);
    assert_ok(env_executor_new(world->b, "of b", 1, &of_b, &error), &error);
    trace[0] = '\0';
    steps[0] = (struct step){.task = {.run = write_twice}, .world = world};
    steps[1] = (struct step){.task = {.run = note_name}, .world = world, .name = "b"};
    executor_submit(of_a, &steps[0].task);
    executor_submit_at(of_b, &steps[1].task, env_monotonic_ns(world->b) + SECOND_NS);
}

static void a_host_stalls_in_the_middle_of_a_task(void **state)
{
    (void)state;
    struct world world = world_new(1);
    struct step steps[2];
    submit_both(&world, steps);
    uint64_t start_ns = env_monotonic_ns(world.env);
    env_memory_host_stall_at(world.a, env_memory_call_count(world.a) + 2, 5 * SECOND_NS);
    assert_true(env_memory_run_until(world.env, NULL, 20 * SECOND_NS));
    assert_string_equal(trace, "[b]");
    assert_true(env_monotonic_ns(world.env) - start_ns >= 5 * SECOND_NS);
    assert_content(world.a, "/a", "12");
    world_free(&world);
}

static void a_host_dies_in_the_middle_of_a_task(void **state)
{
    (void)state;
    struct world world = world_new(1);
    struct step steps[2];
    submit_both(&world, steps);
    env_memory_host_crash_at(world.a, env_memory_call_count(world.a) + 2, ENV_CUT_KEEP_ALL);
    assert_true(env_memory_run_until(world.env, NULL, 20 * SECOND_NS));
    assert_string_equal(trace, "[b");
    assert_content(world.b, "/a", "1");
    world_free(&world);
}

static void crash_a(struct task *task)
{
    note("x");
    env_memory_host_crash(((struct step *)task)->world->a, ENV_CUT_LOSE_ALL);
}

static void a_host_that_stands_still_may_die(void **state)
{
    (void)state;
    struct world world = world_new(1);
    struct step steps[2];
    submit_both(&world, steps);
    steps[1].task.run = crash_a;
    env_memory_host_reach(world.a, ENV_REACH_BLOCKS);
    assert_true(env_memory_run_until(world.env, NULL, 20 * SECOND_NS));
    assert_string_equal(trace, "[x");
    assert_content(world.b, "/a", "");
    world_free(&world);
}

static void heal_a(struct task *task)
{
    note("h");
    env_memory_host_reach(((struct step *)task)->world->a, ENV_REACH_OK);
}

/* One thread waits in a call, and what waits behind it for that thread; the host's others go on. */
static void a_directory_that_hangs_holds_only_who_calls(void **state)
{
    (void)state;
    struct world world = world_new(1);
    struct executor *caller, *other;
    struct step steps[] = {{.task.run = write_twice, .world = &world},
        {.task.run = note_name, .name = "behind"}, {.task.run = note_name, .name = "beside "},
        {.task.run = heal_a, .world = &world}};
    trace[0] = '\0';
    assert_ok(env_executor_new(world.a, "caller", 1, &caller, &error), &error);
    assert_ok(env_executor_new(world.a, "other", 1, &other, &error), &error);
    executor_submit(caller, &steps[0].task);
    executor_submit(caller, &steps[1].task);
    executor_submit_at(other, &steps[2].task, env_monotonic_ns(world.a) + SECOND_NS);
    executor_submit_at(other, &steps[3].task, env_monotonic_ns(world.a) + 5 * SECOND_NS);
    env_memory_host_reach(world.a, ENV_REACH_HANGS);
    assert_true(env_memory_run_until(world.env, NULL, 20 * SECOND_NS));
    assert_string_equal(trace, "[beside h]behind");
    assert_content(world.a, "/a", "12");
    world_free(&world);
}

static void a_host_may_die_while_its_directory_hangs(void **state)
{
    (void)state;
    struct world world = world_new(1);
    struct executor *caller, *other;
    struct step steps[] = {
        {.task.run = write_twice, .world = &world}, {.task.run = crash_a, .world = &world}};
    trace[0] = '\0';
    assert_ok(env_executor_new(world.a, "caller", 1, &caller, &error), &error);
    assert_ok(env_executor_new(world.a, "other", 1, &other, &error), &error);
    executor_submit(caller, &steps[0].task);
    executor_submit_at(other, &steps[1].task, env_monotonic_ns(world.a) + SECOND_NS);
    env_memory_host_reach(world.a, ENV_REACH_HANGS);
    assert_true(env_memory_run_until(world.env, NULL, 20 * SECOND_NS));
    assert_string_equal(trace, "[x");
    assert_content(world.b, "/a", "");
    world_free(&world);
}

static void a_directory_out_of_reach_fails_calls(void **state)
{
    (void)state;
    struct world world = world_new(1);
    env_memory_host_reach(world.a, ENV_REACH_FAILS);
    assert_status(env_file_sync(world.file_a, &error), STATUS_IO);
    assert_ok(env_file_sync(world.file_b, &error), &error);
    env_memory_host_reach(world.a, ENV_REACH_OK);
    assert_ok(env_file_sync(world.file_a, &error), &error);
    world_free(&world);
}

static void a_paused_host_runs_nothing(void **state)
{
    (void)state;
    struct world world = world_new(1);
    struct step steps[2];
    submit_both(&world, steps);
    env_memory_host_pause(world.a);
    assert_true(env_memory_run_until(world.env, NULL, 20 * SECOND_NS));
    assert_string_equal(trace, "b");
    env_memory_host_resume(world.a);
    assert_true(env_memory_run_until(world.env, NULL, 20 * SECOND_NS));
    assert_string_equal(trace, "b[]");
    world_free(&world);
}

static void clocks_are_each_hosts_own(void **state)
{
    (void)state;
    struct world world = world_new(1);
    assert_true(env_monotonic_ns(world.a) != env_monotonic_ns(world.b));
    int64_t before_ms = env_wall_ms(world.b);
    env_memory_jump_wall_ms(world.a, -5000);
    assert_int_equal(env_wall_ms(world.b), before_ms);
    assert_int_equal(env_wall_ms(world.a), before_ms - 5000);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_takes_only_its_own_along),
        cmocka_unit_test(a_killed_process_leaves_what_it_wrote),
        cmocka_unit_test(another_hosts_directory_sync_keeps_a_name),
        cmocka_unit_test(links_and_modes_are_seen_at_once),
        cmocka_unit_test(bytes_not_synced_are_hidden_or_safe),
        cmocka_unit_test(a_lock_is_over_with_its_host),
        cmocka_unit_test(a_host_stalls_in_the_middle_of_a_task),
        cmocka_unit_test(a_host_dies_in_the_middle_of_a_task),
        cmocka_unit_test(a_host_that_stands_still_may_die),
        cmocka_unit_test(a_directory_that_hangs_holds_only_who_calls),
        cmocka_unit_test(a_host_may_die_while_its_directory_hangs),
        cmocka_unit_test(a_directory_out_of_reach_fails_calls),
        cmocka_unit_test(a_paused_host_runs_nothing),
        cmocka_unit_test(clocks_are_each_hosts_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
