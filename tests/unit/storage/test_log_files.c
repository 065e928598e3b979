/* The spare segment: the log thread makes small ones for itself while upkeep makes a large one. */
#include "storage/log_files.h"

#include <stdio.h>

#include "base/env_memory.h"
#include "base/pause.h"
#include "storage/cluster.h"
#include "storage/seal.h"
#include "tests/support/support.h"

#define SEGMENT (16u << 20)
#define NEED    4096u

struct files_world {
    struct env *env;
    struct directory directory;
    struct env_file *alive;
    struct executor *upkeep;
    struct mutex mutex;
    struct log_files files;
    unsigned used; /* small ones, while upkeep was at it */
};

static void open_world(struct files_world *world)
{
    struct error error;
    char id[CLUSTER_ID_SIZE];
    *world = (struct files_world){.env = env_memory_new(1, ENV_MEMORY_SEEDED)};
    assert_ok(directory_init(&world->directory, world->env, "root", "a,1,1", &error), &error);
    assert_ok(cluster_open(&world->directory, id, &error), &error);
    assert_ok(directory_make(&world->directory, &error), &error);
    assert_ok(seal_register(&world->directory, &world->alive, &error), &error);
    assert_ok(env_executor_new(world->env, "upkeep", 1, &world->upkeep, &error), &error);
    mutex_init(&world->mutex, LOCK_RANK_LOG);
    struct log_config config = {.directory = &world->directory,
        .upkeep = world->upkeep,
        .segment_bytes = SEGMENT,
        .total_bytes = UINT64_MAX};
    log_files_init(&world->files, &config, &world->mutex);
    world->files.next_capacity = SEGMENT; /* as after the first ones */
    assert_ok(log_files_advance(&world->files, NEED, &error), &error);
}

static void close_world(struct files_world *world)
{
    pause_arm("log.spare.after", NULL, NULL);
    executor_free(world->upkeep);
    log_files_deinit(&world->files);
    mutex_deinit(&world->mutex);
    env_file_close(world->alive);
    env_memory_free(world->env);
}

static void expect_capacity(const struct files_world *world, bool is_large)
{
    assert_true(is_large ? world->files.current->capacity == SEGMENT
                         : world->files.current->capacity < SEGMENT);
}

static void next_segment(struct files_world *world)
{
    struct error error;
    assert_ok(log_files_prepare(&world->files, NEED, &error), &error);
    log_files_retire(&world->files);
    assert_ok(log_files_advance(&world->files, NEED, &error), &error);
}

static void use_a_small_one(void *context)
{
    struct files_world *world = context;
    if (world->used++)
        return;
    next_segment(world);
    expect_capacity(world, false);
}

static void make_a_small_one(void *context)
{
    struct files_world *world = context;
    struct error error;
    if (world->used++ == 0)
        assert_ok(log_files_prepare(&world->files, NEED, &error), &error);
}

/* One that upkeep finishes late is the next all the same; of two the larger stays, and no file is left over. */
static void the_large_one_is_used(void (*meanwhile)(void *context))
{
    struct files_world world;
    size_t left_over = 0;
    open_world(&world);
    expect_capacity(&world, false);
    pause_arm("log.spare.after", meanwhile, &world);
    log_files_watch(&world.files, world.files.current->capacity / 2);
    env_memory_run_until(world.env, NULL, 10000000);
    assert_true(world.used > 0);
    next_segment(&world);
    expect_capacity(&world, true);
    env_memory_run_until(world.env, NULL, 10000000);
    for (unsigned number = 1; number <= world.files.next_spare_number; number++) {
        struct env_stat stat;
        struct path path;
        char name[32];
        snprintf(name, sizeof name, "spare-%u", number);
        directory_server_path(&world.directory, world.directory.incarnation, name, &path);
        left_over += env_path_stat(world.env, path.text, &stat, NULL) == STATUS_OK;
    }
    assert_int_equal(left_over, 0);
    close_world(&world);
}

static void one_that_is_late_is_the_next(void **state)
{
    (void)state;
    the_large_one_is_used(use_a_small_one);
}

static void of_two_the_larger_stays(void **state)
{
    (void)state;
    the_large_one_is_used(make_a_small_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_late_is_the_next),
        cmocka_unit_test(of_two_the_larger_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
