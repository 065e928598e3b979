/* What a tablet does after a while by itself, on virtual time. */
#include "tests/support/tablet_world.h"

#include "base/memory.h"

#define MINUTE_NS (UINT64_C(60) * 1000000000)
#define DAY_NS    (24 * 60 * MINUTE_NS)

static int set_up(void **state)
{
    struct tablet_world *world = memory_allocate(sizeof(*world));
    tablet_world_init(world, 7, ENV_MEMORY_SEEDED);
    *state = world;
    return 0;
}

static void start(struct tablet_world *world, const char *families)
{
    struct error error = {0};
    tablet_world_set_families(world, families);
    assert_ok(tablet_world_start(world, &error), &error);
}

static void wait_ns(struct tablet_world *world, uint64_t ns)
{
    (void)env_memory_run_until(world->env, NULL, ns);
}

static struct tablet_statistics statistics(struct tablet_world *world)
{
    struct tablet_statistics found;
    tablet_statistics_read(world->tablet, &found);
    return found;
}

static void set(struct tablet_world *world, struct attribute **list, size_t *count,
    const char *name, const char *value)
{
    struct error error = {0};
    assert_status(attributes_set(&world->arena, list, count, span_string(name), span_string(value)),
        STATUS_OK);
    assert_ok(tablet_set_schema(world->tablet, &world->schema, &error), &error);
}

static void set_table(struct tablet_world *world, const char *name, const char *value)
{
    set(world, &world->schema.configuration, &world->schema.configuration_count, name, value);
}

static void set_family(struct tablet_world *world, const char *name, const char *value)
{
    struct family_schema *family = &world->schema.families[0];
    set(world, &family->configuration, &family->configuration_count, name, value);
}

static void test_cells_over_an_hour_old_are_flushed(void **state)
{
    struct tablet_world *world = *state;
    start(world, "f;g");
    world_put(world, "r", "f:a", 1, "x");
    wait_ns(world, 50 * MINUTE_NS);
    world_put(world, "r", "f:b", 1, "y"); /* younger, in the same memtable */
    wait_ns(world, 9 * MINUTE_NS);
    assert_int_equal(statistics(world).sstable_count, 0);
    wait_ns(world, 7 * MINUTE_NS); /* an hour, and the delay of up to five minutes */
    assert_int_equal(statistics(world).sstable_count, 1);
    assert_int_equal(statistics(world).memtable_bytes, 0);
    assert_string_equal(world_scan_all(world), "r f:a@1=x;r f:b@1=y");
    wait_ns(world, 200 * MINUTE_NS); /* nothing is there, nothing is flushed */
    assert_int_equal(statistics(world).sstable_count, 1);
}

static void test_a_table_has_an_interval_of_its_own(void **state)
{
    struct tablet_world *world = *state;
    start(world, "f");
    set_table(world, "hbase.regionserver.optionalcacheflushinterval", "0");
    world_put(world, "r", "f:a", 1, "x");
    wait_ns(world, 300 * MINUTE_NS);
    assert_int_equal(statistics(world).sstable_count, 0);
    set_table(world, "hbase.regionserver.optionalcacheflushinterval", "18000000"); /* 5 h */
    wait_ns(world, 7 * MINUTE_NS);
    assert_int_equal(statistics(world).sstable_count, 1);
}

static void flush_two_files(struct tablet_world *world)
{
    world_put(world, "r", "f:a", 1, "x");
    assert_status(world_flush(world), STATUS_OK);
    world_put(world, "r", "f:b", 1, "y");
    assert_status(world_flush(world), STATUS_OK);
    assert_int_equal(statistics(world).sstable_count, 2);
}

static void test_files_are_compacted_within_a_week_and_a_half(void **state)
{
    struct tablet_world *world = *state;
    start(world, "f");
    flush_two_files(world);
    wait_ns(world, 7 * DAY_NS / 2 - MINUTE_NS); /* the jitter is up to a half */
    assert_int_equal(statistics(world).sstable_count, 2);
    wait_ns(world, 7 * DAY_NS + 20 * MINUTE_NS);
    assert_int_equal(statistics(world).sstable_count, 1);
    int64_t when = statistics(world).last_major_compaction_ms;
    assert_true(when > 0);
    wait_ns(world, 12 * DAY_NS); /* one clean file has nothing to do */
    assert_int_equal(statistics(world).last_major_compaction_ms, when);
    assert_string_equal(world_scan_all(world), "r f:a@1=x;r f:b@1=y");
}

static void test_nothing_is_compacted_by_itself_while_compactions_are_off(void **state)
{
    struct tablet_world *world = *state;
    start(world, "f");
    assert_true(store_set_compactions(world->store, false));
    flush_two_files(world);
    wait_ns(world, 12 * DAY_NS);
    assert_int_equal(statistics(world).sstable_count, 2);
    assert_false(store_set_compactions(world->store, true));
    wait_ns(world, 20 * MINUTE_NS);
    assert_int_equal(statistics(world).sstable_count, 1);
}

/* alter 't', CONFIGURATION => {'hbase.hregion.majorcompaction' => '0'}: what HBase users do. */
static void test_a_table_or_family_has_a_period_of_its_own(void **state)
{
    struct tablet_world *world = *state;
    start(world, "f");
    set_table(world, "hbase.hregion.majorcompaction", "0");
    flush_two_files(world);
    wait_ns(world, 30 * DAY_NS);
    assert_int_equal(statistics(world).sstable_count, 2);
    set_family(world, "hbase.hregion.majorcompaction.jitter", "0");
    set_family(world, "hbase.hregion.majorcompaction", "2678400000"); /* 31 days */
    wait_ns(world, DAY_NS - 20 * MINUTE_NS);
    assert_int_equal(statistics(world).sstable_count, 2);
    wait_ns(world, 40 * MINUTE_NS);
    assert_int_equal(statistics(world).sstable_count, 1);
}

/* Nobody writes: the file that is past its TTL goes all the same. */
static void test_expired_files_go_by_themselves(void **state)
{
    struct tablet_world *world = *state;
    start(world, "f:TTL=3600");
    world_put(world, "r", "f:a", TIMESTAMP_LATEST, "x");
    assert_status(world_flush(world), STATUS_OK);
    wait_ns(world, 55 * MINUTE_NS);
    assert_int_equal(statistics(world).sstable_count, 1);
    wait_ns(world, 20 * MINUTE_NS);
    assert_int_equal(statistics(world).sstable_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_cells_over_an_hour_old_are_flushed, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_table_has_an_interval_of_its_own, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(
            test_nothing_is_compacted_by_itself_while_compactions_are_off, set_up,
            tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(
            test_files_are_compacted_within_a_week_and_a_half, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_table_or_family_has_a_period_of_its_own, set_up, tablet_world_tear_down),
        cmocka_unit_test_setup_teardown(
            test_expired_files_go_by_themselves, set_up, tablet_world_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
