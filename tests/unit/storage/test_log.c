#include "storage/log.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/env_memory.h"
#include "base/pause.h"
#include "storage/seal.h"
#include "tests/support/log_world.h"
#include "tests/support/support.h"

static const char root[] = "root";
static const char incarnation[] = "a,1,1";

static void open_world(struct log_world *world, uint64_t segment_bytes, uint64_t total_bytes)
{
    struct error error;
    log_world_init(world, env_memory_new(1, ENV_MEMORY_SEEDED), root, incarnation);
    world->segment_bytes = segment_bytes;
    world->total_bytes = total_bytes;
    assert_ok(log_world_open(world, &error), &error);
}

static void close_world(struct log_world *world)
{
    struct env *env = world->env;
    log_world_deinit(world);
    env_memory_free(env);
}

static uint64_t syncs(const struct log_world *world)
{
    struct log_statistics statistics;
    log_statistics_read(world->log, &statistics);
    return statistics.syncs;
}

/* ---- Recovered records against what was appended ---- */

struct expected {
    struct log_world *world;
    unsigned tablet;
    const struct log_world_entry *next;
    size_t found;
};

static const struct log_world_entry *next_logged(
    const struct log_world_entry *entry, unsigned tablet)
{
    while (entry && (entry->tablet != tablet || entry->entry.sequence_count == 0 ||
                        entry->entry.durability == DURABILITY_SKIP_WAL))
        entry = entry->next;
    return entry;
}

static enum status compare_record(
    void *context, const struct log_record *record, struct error *error)
{
    (void)error;
    struct expected *expected = context;
    const struct log_world_entry *entry = next_logged(expected->next, expected->tablet);
    assert_non_null(entry);
    assert_int_equal(record->sequence, entry->entry.sequence);
    assert_int_equal(record->sequence_count, entry->entry.sequence_count);
    assert_spans_equal(record->body, entry->entry.body);
    expected->next = entry->next;
    expected->found++;
    return STATUS_OK;
}

/* Every record of every tablet is there, in order. */
static size_t check_recovered(struct log_world *world)
{
    size_t found = 0;
    for (unsigned i = 0; i < LOG_WORLD_TABLETS; i++) {
        struct expected expected = {world, i, world->first_appended, 0};
        struct error error;
        assert_ok(log_world_recover(world->env, root, incarnation, log_world_tablet_id(i),
                      compare_record, &expected, &error),
            &error);
        assert_null(next_logged(expected.next, i));
        found += expected.found;
    }
    return found;
}

/* ---- Tests ---- */

static void gives_rising_sequences_by_tablet_and_one_sync_a_group(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 0, 0);
    struct log_world_entry *entries[30];
    for (unsigned i = 0; i < 30; i++)
        entries[i] = log_world_append(&world, i % 3, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    uint64_t next[3] = {1, 1, 1};
    for (unsigned i = 0; i < 30; i++) {
        assert_true(entries[i]->is_durable);
        assert_int_equal(entries[i]->entry.sequence, next[i % 3]);
        next[i % 3] += entries[i]->entry.sequence_count;
    }
    assert_int_equal(syncs(&world), 1);
    assert_int_equal(check_recovered(&world), 30);
    close_world(&world);
}

static void what_appended_appends_joins_the_group(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 0, 0);
    struct log_world_entry *entry = log_world_append(&world, 0, 50, DURABILITY_SYNC_WAL);
    for (int i = 0; i < 100; i++)
        entry = log_world_append_then(entry, 0, 50);
    log_world_run(&world);
    assert_true(entry->is_durable);
    assert_int_equal(syncs(&world), 1);
    assert_int_equal(check_recovered(&world), 101);
    close_world(&world);
}

/* One start, one finish, one look: and the first of them before the entry is inserted. */
static void a_group_is_on_its_way_before_it_is_appended(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 1 << 20, 0);
    log_world_append(&world, 0, 50, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    for (int i = 0; i < 200; i++) { /* over several blocks */
        uint64_t before = env_memory_call_count(world.env);
        struct log_world_entry *entry = log_world_append(&world, 0, 50, DURABILITY_SYNC_WAL);
        log_world_run(&world);
        assert_true(entry->is_durable);
        assert_int_equal(entry->calls, before + 1);
        assert_int_equal(env_memory_call_count(world.env), before + 3);
    }
    assert_int_equal(check_recovered(&world), 201);
    close_world(&world);
}

/* Only the first of a chain that nobody saw coming has a sync of its own. */
static void a_chain_after_a_lone_entry_joins_again(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 0, 0);
    log_world_append(&world, 0, 50, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    static const unsigned expected[] = {2, 1, 1};
    for (int round = 0; round < 3; round++) {
        uint64_t before = syncs(&world);
        struct log_world_entry *entry = log_world_append(&world, 0, 50, DURABILITY_SYNC_WAL);
        for (int i = 0; i < 100; i++)
            entry = log_world_append_then(entry, (unsigned)i % 2, 50);
        log_world_run(&world);
        assert_true(entry->is_durable);
        assert_int_equal(syncs(&world) - before, expected[round]);
    }
    assert_int_equal(check_recovered(&world), 304);
    close_world(&world);
}

static void skip_is_sequenced_but_not_written(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 0, 0);
    struct log_world_entry *skip = log_world_append(&world, 0, 50, DURABILITY_SKIP_WAL);
    log_world_run(&world);
    assert_true(skip->is_durable);
    assert_int_equal(syncs(&world), 0);
    struct log_world_entry *first = log_world_append(&world, 0, 50, DURABILITY_SYNC_WAL);
    log_world_append(&world, 0, 50, DURABILITY_SKIP_WAL);
    struct log_world_entry *last = log_world_append(&world, 0, 50, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_int_equal(first->entry.sequence, 2);
    assert_int_equal(last->entry.sequence, 7);
    assert_int_equal(check_recovered(&world), 2);
    close_world(&world);
}

static void async_is_answered_before_the_sync_and_synced_when_idle(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 0, 0);
    struct log_world_entry *entry = log_world_append(&world, 1, 50, DURABILITY_ASYNC_WAL);
    while (!entry->is_done)
        assert_true(env_memory_run_one(world.env));
    log_world_run(&world);
    assert_true(entry->is_durable);
    assert_int_equal(syncs(&world), 1);
    assert_int_equal(check_recovered(&world), 1);
    close_world(&world);
}

static void a_barrier_sees_all_before_it_and_nothing_after(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 0, 0);
    log_world_append(&world, 0, 50, DURABILITY_ASYNC_WAL);
    struct log_world_entry *before = log_world_append(&world, 0, 50, DURABILITY_ASYNC_WAL);
    struct log_world_entry *barrier = log_world_barrier(&world, 0);
    struct log_world_entry *after = log_world_append(&world, 0, 50, DURABILITY_ASYNC_WAL);
    log_world_run(&world);
    assert_true(barrier->is_durable);
    assert_int_equal(
        barrier->entry.sequence, before->entry.sequence + before->entry.sequence_count - 1);
    assert_int_equal(after->entry.sequence, barrier->entry.sequence + 1);
    assert_int_equal(syncs(&world), 1);
    close_world(&world);
}

static void segments_fill_close_and_are_recovered_by_their_index(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 32 << 10, 0);
    for (unsigned i = 0; i < 2000; i++) {
        log_world_append(&world, i % 3, 200 + i % 700, DURABILITY_SYNC_WAL);
        if (i % 7 == 0)
            log_world_run(&world);
    }
    log_world_run(&world);
    struct log_statistics statistics;
    log_statistics_read(world.log, &statistics);
    assert_true(statistics.segments > 20);
    assert_int_equal(statistics.records, 2000);
    assert_int_equal(check_recovered(&world), 2000);
    close_world(&world);
}

/* Which segments of the first few are closed, as a mask. */
static unsigned closed_segments(struct log_world *world)
{
    unsigned closed = 0;
    for (unsigned number = 1; number <= 8; number++) {
        struct log_segment segment;
        struct path path;
        directory_segment_path(&world->directory, incarnation, number, &path);
        if (log_segment_read(world->env, path.text, false, NULL, NULL, &segment, NULL))
            continue;
        closed |= (unsigned)segment.is_closed << number;
        log_segment_deinit(&segment);
    }
    return closed;
}

static void a_roll_ends_a_segment_that_has_records(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 0, 0);
    log_roll(world.log); /* nothing in it */
    log_world_run(&world);
    assert_int_equal(closed_segments(&world), 0);
    log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_int_equal(closed_segments(&world), 0);
    log_roll(world.log);
    log_world_run(&world);
    assert_int_equal(closed_segments(&world), 1u << 1);
    log_world_append(&world, 0, 100, DURABILITY_ASYNC_WAL);
    log_world_append(&world, 1, 100, DURABILITY_SYNC_WAL);
    log_roll(world.log);
    log_world_run(&world);
    assert_int_equal(closed_segments(&world), 1u << 1 | 1u << 2);
    log_roll(world.log);
    log_roll(world.log);
    log_world_run(&world);
    assert_int_equal(closed_segments(&world), 1u << 1 | 1u << 2);
    assert_false(world.has_died);
    assert_int_equal(check_recovered(&world), 3);
    close_world(&world);
}

static void a_roll_on_a_full_disk_refuses_nothing(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 0, 0);
    log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    env_memory_set_space(world.env, 0);
    log_roll(world.log);
    log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_false(world.has_died);
    env_memory_set_space(world.env, UINT64_MAX);
    assert_int_equal(check_recovered(&world), 2);
    close_world(&world);
}

static void a_record_larger_than_a_segment_gets_one_of_its_size(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 32 << 10, 0);
    log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_append(&world, 0, 500000, DURABILITY_SYNC_WAL);
    log_world_append(&world, 1, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_false(world.has_died);
    assert_int_equal(check_recovered(&world), 3);
    close_world(&world);
}

static void a_clean_close_leaves_a_closed_segment(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 0, 0);
    log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    log_world_close(&world);
    struct log_world_entry *late = log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_true(late->is_refused);
    assert_int_equal(late->entry.status, STATUS_CLOSED);
    struct log_segment segment;
    struct error error;
    struct path path;
    directory_segment_path(&world.directory, incarnation, 1, &path);
    assert_ok(log_segment_read(world.env, path.text, false, NULL, NULL, &segment, &error), &error);
    assert_true(segment.is_closed);
    log_segment_deinit(&segment);
    assert_int_equal(check_recovered(&world), 1);
    close_world(&world);
}

static void flushed_segments_are_recycled_and_removed(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 16 << 10, 0);
    for (unsigned i = 0; i < 1000; i++) {
        log_world_append(&world, i % 2, 500, DURABILITY_SYNC_WAL);
        log_world_run(&world);
        if (i % 50 == 49) {
            log_flushed(world.log, &world.tablets[0], log_tablet_last_sequence(&world.tablets[0]));
            log_flushed(world.log, &world.tablets[1], log_tablet_last_sequence(&world.tablets[1]));
            log_world_run(&world);
        }
    }
    struct log_statistics statistics;
    log_statistics_read(world.log, &statistics);
    assert_true(statistics.segments <= 6);
    assert_int_equal(statistics.records, 1000);
    close_world(&world);
}

static void a_tablet_that_does_not_flush_is_pressed_and_keeps_its_segments(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 16 << 10, 64 << 10);
    log_world_append(&world, 2, 100, DURABILITY_SYNC_WAL);
    for (unsigned i = 0; i < 300; i++) {
        log_world_append(&world, 0, 500, DURABILITY_SYNC_WAL);
        log_world_run(&world);
        log_flushed(world.log, &world.tablets[0], log_tablet_last_sequence(&world.tablets[0]));
    }
    log_world_run(&world);
    /* Only the first segment is kept for tablet 2; the others go as tablet 0 flushes. */
    struct log_statistics statistics;
    log_statistics_read(world.log, &statistics);
    assert_true(statistics.segments <= 3);
    assert_int_equal(world.pressed[2], 0);
    for (unsigned i = 0; i < 300; i++) {
        log_world_append(&world, 0, 500, DURABILITY_SYNC_WAL);
        log_world_run(&world);
    }
    assert_true(world.pressed[2] > 0);
    assert_true(world.pressed[0] > 0);
    struct path path;
    bool is_there = false;
    struct error error;
    directory_segment_path(&world.directory, incarnation, 1, &path);
    assert_ok(directory_exists(world.env, path.text, &is_there, &error), &error);
    assert_true(is_there);
    log_flushed(world.log, &world.tablets[2], 1000);
    log_world_run(&world);
    assert_ok(directory_exists(world.env, path.text, &is_there, &error), &error);
    assert_false(is_there);
    close_world(&world);
}

static void no_space_refuses_and_recovers_when_there_is_some(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 16 << 10, 0);
    env_memory_set_space(world.env, 0);
    unsigned refused = 0;
    unsigned durable = 0;
    for (unsigned i = 0; i < 100; i++) {
        struct log_world_entry *entry = log_world_append(&world, 0, 500, DURABILITY_SYNC_WAL);
        log_world_run(&world);
        refused += entry->is_refused && entry->entry.status == STATUS_NO_SPACE;
        durable += entry->is_durable;
    }
    assert_false(world.has_died);
    assert_true(refused > 50);
    assert_true(durable >= 10);
    assert_true(log_is_read_only(world.log));
    struct log_world_entry *barrier = log_world_barrier(&world, 0);
    log_world_run(&world);
    assert_true(barrier->is_durable); /* a flush may go on */

    env_memory_set_space(world.env, UINT64_MAX);
    env_memory_advance_ns(world.env, 2000000000);
    struct log_world_entry *entry = log_world_append(&world, 0, 500, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_true(entry->is_durable);
    assert_false(log_is_read_only(world.log));
    for (unsigned i = 0; i < 100; i++)
        log_world_append(&world, 0, 500, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_int_equal(check_recovered(&world), durable + 101);
    close_world(&world);
}

static void a_seal_ends_the_log_before_it_acknowledges(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 0, 0);
    struct log_world_entry *before = log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    struct error error;
    assert_ok(seal_make(&world.directory, incarnation, &error), &error);
    struct log_world_entry *after = log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_true(before->is_durable);
    assert_true(after->is_appended && after->is_done && !after->is_durable);
    assert_true(world.has_died);
    assert_int_equal(world.death.status, STATUS_CLOSED);
    struct log_world_entry *later = log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_true(later->is_refused);
    close_world(&world);
}

static void a_zombies_late_append_is_behind_the_plan(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 0, 0);
    log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_int_equal(check_recovered(&world), 1); /* seals, and makes the plan */
    struct log_world_entry *late = log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_false(late->is_durable);
    struct expected expected = {&world, 0, world.first_appended, 0};
    struct error error;
    assert_ok(log_world_recover(world.env, root, incarnation, log_world_tablet_id(0),
                  compare_record, &expected, &error),
        &error);
    assert_int_equal(expected.found, 1);
    close_world(&world);
}

static void a_failed_sync_is_final(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world, 0, 0);
    /* The next calls of a group: write, sync. */
    env_memory_fail_call(world.env, env_memory_call_count(world.env) + 2, STATUS_IO, false);
    struct log_world_entry *entry = log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    struct log_world_entry *next = log_world_append(&world, 1, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_true(world.has_died);
    assert_true(entry->is_done && !entry->is_durable);
    assert_true(next->is_done && !next->is_durable);
    struct log_world_entry *later = log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    assert_true(later->is_refused);
    close_world(&world);
}

struct turn {
    struct log_world *world;
    uint64_t since_ns; /* as a sync has seen it */
};

static void see_turn(void *context)
{
    struct turn *turn = context;
    turn->since_ns = log_turn_since_ns(turn->world->log);
}

static void it_tells_since_when_a_group_is_on_its_way(void **state)
{
    (void)state;
    struct log_world world;
    struct turn turn = {.world = &world};
    open_world(&world, 0, 0);
    assert_int_equal(log_turn_since_ns(world.log), 0);
    pause_arm("log.sync.before", see_turn, &turn);
    uint64_t before_ns = env_monotonic_ns(world.env);
    (void)log_world_append(&world, 0, 100, DURABILITY_SYNC_WAL);
    log_world_run(&world);
    pause_arm("log.sync.before", NULL, NULL);
    assert_in_range(turn.since_ns, before_ns, env_monotonic_ns(world.env));
    assert_int_equal(log_turn_since_ns(world.log), 0);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_rising_sequences_by_tablet_and_one_sync_a_group),
        cmocka_unit_test(what_appended_appends_joins_the_group),
        cmocka_unit_test(a_group_is_on_its_way_before_it_is_appended),
        cmocka_unit_test(a_chain_after_a_lone_entry_joins_again),
        cmocka_unit_test(skip_is_sequenced_but_not_written),
        cmocka_unit_test(async_is_answered_before_the_sync_and_synced_when_idle),
        cmocka_unit_test(a_barrier_sees_all_before_it_and_nothing_after),
        cmocka_unit_test(segments_fill_close_and_are_recovered_by_their_index),
        cmocka_unit_test(a_roll_ends_a_segment_that_has_records),
        cmocka_unit_test(a_roll_on_a_full_disk_refuses_nothing),
        cmocka_unit_test(a_record_larger_than_a_segment_gets_one_of_its_size),
        cmocka_unit_test(a_clean_close_leaves_a_closed_segment),
        cmocka_unit_test(flushed_segments_are_recycled_and_removed),
        cmocka_unit_test(a_tablet_that_does_not_flush_is_pressed_and_keeps_its_segments),
        cmocka_unit_test(no_space_refuses_and_recovers_when_there_is_some),
        cmocka_unit_test(a_seal_ends_the_log_before_it_acknowledges),
        cmocka_unit_test(a_zombies_late_append_is_behind_the_plan),
        cmocka_unit_test(a_failed_sync_is_final),
        cmocka_unit_test(it_tells_since_when_a_group_is_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
