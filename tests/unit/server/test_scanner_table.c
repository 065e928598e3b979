/* Scanners by id: leases on virtual time, sweeps on a seeded executor. */
#include "tests/support/support.h"

#include <stdlib.h>

#include "base/env_memory.h"
#include "base/limits.h"
#include "server/hbase/scanner_table.h"

#define NS_PER_MS 1000000ull

struct world {
    struct env *env;
    struct executor *workers;
    struct scanner_table *table;
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct error error = {0};
    world->env = env_memory_new(3, ENV_MEMORY_SEEDED);
    assert_ok(env_executor_new(world->env, "workers", 1, &world->workers, &error), &error);
    assert_ok(scanner_table_new(world->env, world->workers, &world->table), &error);
    *state = world;
    return 0;
}

static int free_world(void **state)
{
    struct world *world = *state;
    scanner_table_free(world->table);
    executor_free(world->workers);
    env_memory_free(world->env);
    free(world);
    return 0;
}

/* An idle scanner under a lease; the engine's part is absent, which closing accepts. */
static uint64_t open_idle(struct world *world)
{
    struct scanner_entry *entry = scanner_table_make(world->table, NULL, NULL);
    assert_non_null(entry);
    uint64_t id = entry->id;
    assert_true(scanner_table_give(world->table, entry));
    return id;
}

static enum scanner_lookup take(struct world *world, uint64_t id, struct scanner_entry **out_entry)
{
    uint64_t next_call_seq;
    return scanner_table_take(world->table, id, out_entry, &next_call_seq);
}

static void an_entry_is_one_callers_at_a_time(void **state)
{
    struct world *world = *state;
    struct scanner_entry *entry, *second;
    uint64_t id = open_idle(world);
    assert_true(id != 0 && id != UINT64_MAX);
    assert_int_equal(take(world, id, &entry), SCANNER_TAKEN);
    assert_int_equal(take(world, id, &second), SCANNER_IN_USE);
    assert_true(scanner_table_give(world->table, entry));
    assert_int_equal(take(world, id, &entry), SCANNER_TAKEN);
    scanner_table_close(world->table, entry);
}

static void a_closed_id_is_remembered_for_a_lease(void **state)
{
    struct world *world = *state;
    struct scanner_entry *entry, *other;
    uint64_t id = open_idle(world), later = open_idle(world), next_call_seq = 0;
    assert_int_equal(take(world, id, &entry), SCANNER_TAKEN);
    entry->next_call_seq = 7;
    scanner_table_close(world->table, entry);
    assert_int_equal(take(world, later, &other), SCANNER_TAKEN);
    scanner_table_close(world->table, other);
    assert_int_equal(scanner_table_take(world->table, id, &entry, &next_call_seq), SCANNER_CLOSED);
    assert_int_equal(next_call_seq, 7);
    assert_int_equal(take(world, id + 1, &entry), SCANNER_UNKNOWN);
    env_memory_advance_ns(world->env, (LIMIT_SCANNER_LEASE_MS + 1) * NS_PER_MS);
    assert_int_equal(take(world, id, &entry), SCANNER_UNKNOWN);
}

static void a_lease_that_ran_out_is_unknown_and_swept(void **state)
{
    struct world *world = *state;
    struct scanner_entry *entry;
    uint64_t id = open_idle(world);
    env_memory_advance_ns(world->env, (LIMIT_SCANNER_LEASE_MS - 1) * NS_PER_MS);
    assert_int_equal(take(world, id, &entry), SCANNER_TAKEN);
    assert_true(scanner_table_give(world->table, entry)); /* a fresh lease */
    env_memory_advance_ns(world->env, (LIMIT_SCANNER_LEASE_MS + 1) * NS_PER_MS);
    assert_int_equal(take(world, id, &entry), SCANNER_UNKNOWN);
    assert_int_equal(scanner_table_count(world->table), 1);
    while (env_memory_run_one(world->env))
        ;
    assert_int_equal(scanner_table_count(world->table), 0);
}

static void a_taken_scanner_outlives_its_lease(void **state)
{
    struct world *world = *state;
    struct scanner_entry *entry;
    uint64_t id = open_idle(world);
    assert_int_equal(take(world, id, &entry), SCANNER_TAKEN);
    env_memory_advance_ns(world->env, 3ull * LIMIT_SCANNER_LEASE_MS * NS_PER_MS);
    env_memory_run_one(world->env); /* a sweep */
    assert_int_equal(scanner_table_count(world->table), 1);
    assert_true(scanner_table_give(world->table, entry));
    assert_int_equal(take(world, id, &entry), SCANNER_TAKEN);
    scanner_table_close(world->table, entry);
}

static void too_many_scanners_are_refused(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < LIMIT_SCANNERS; i++)
        open_idle(world);
    struct scanner_entry *entry = scanner_table_make(world->table, NULL, NULL);
    assert_false(scanner_table_give(world->table, entry));
    assert_int_equal(scanner_table_count(world->table), LIMIT_SCANNERS);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, make_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(an_entry_is_one_callers_at_a_time),
        world_test(a_closed_id_is_remembered_for_a_lease),
        world_test(a_lease_that_ran_out_is_unknown_and_swept),
        world_test(a_taken_scanner_outlives_its_lease),
        world_test(too_many_scanners_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
