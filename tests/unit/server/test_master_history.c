/* What a master leaves to the next: procedures that have ended, and the balancer's moves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/exception_class.h"
#include "server/master/history_document.h"
#include "server/master/master_history.h"
#include "server/master/master_view.h"
#include "tests/support/master_world.h"
#include "tests/support/support.h"

#define FOLDER "root/history"

/* ---- What is kept ---- */

#define DAY_MS (24 * 60 * 60 * 1000ll)

/* A move that failed, as if it had ended so long ago; returns its id. */
static uint64_t keep_failure_of(struct master *master, uint64_t nonce, int64_t age_ms)
{
    int64_t ended_ms = env_wall_ms(master->env) - age_ms;
    struct procedure move = {.id = ++master->last_procedure_id,
        .kind = PROCEDURE_MOVE,
        .nonce_group = 6,
        .nonce = nonce};
    struct procedure_result result = {.state = PROCEDURE_FINISHED,
        .kind = procedure_kind_name(PROCEDURE_MOVE),
        .submitted_ms = ended_ms - 5,
        .updated_ms = ended_ms,
        .exception_class = EXCEPTION_TABLE_NOT_FOUND,
        .message = "there is no such table"};
    master_keep_result(master, &move, &result);
    return move.id;
}

static uint64_t keep_failure(struct master *master, uint64_t nonce)
{
    return keep_failure_of(master, nonce, 0);
}

static void keep_balance(struct master *master, int64_t age_ms)
{
    struct balance_record record = {.time_ms = env_wall_ms(master->env) - age_ms,
        .tablet = "0a",
        .table = "t",
        .from = "a,1,2",
        .to = "b,1,2",
        .reason = "it is too much",
        .gain = 1.5,
        .is_begun = true};
    struct balance_run run = {.time_ms = env_wall_ms(master->env),
        .worst_share = 2.5,
        .potential = 0.25,
        .verdict = "1 moves are worth it, 1 began"};
    balance_log_note(&master->balance_log, &record);
    balance_log_note_run(&master->balance_log, &run, 1);
    master_history_note(master);
}

struct listed {
    uint64_t id; /* whose */
    unsigned of_id, all;
};

static void count_result(void *context, uint64_t id, const struct procedure_result *result)
{
    struct listed *listed = context;
    (void)result;
    listed->of_id += id == listed->id;
    listed->all++;
}

static unsigned count_listed(struct master *master, uint64_t id)
{
    struct listed listed = {.id = id};
    master_each_result(master, RESULTS_KEPT, count_result, &listed);
    return listed.of_id;
}

static unsigned count_all(struct master *master)
{
    struct listed listed = {0};
    master_each_result(master, RESULTS_KEPT, count_result, &listed);
    return listed.all;
}

static struct master *next_master(struct master_world *world)
{
    master_world_lead(world, master_world_master(world));
    return world->leader->master;
}

static void assert_failure_is_told(struct master *master, uint64_t id, uint64_t nonce)
{
    struct procedure_result result;
    assert_int_equal(count_listed(master, id), 1);
    master_procedure_result(master, id, &result);
    assert_int_equal(result.state, PROCEDURE_FINISHED);
    assert_string_equal(result.kind, "MoveRegionProcedure");
    assert_int_equal(result.updated_ms - result.submitted_ms, 5);
    assert_string_equal(result.exception_class, EXCEPTION_TABLE_NOT_FOUND);
    assert_string_equal(result.message, "there is no such table");
    assert_int_equal(master_find_nonce(master, 6, nonce), id);
}

/* ---- Tests ---- */

static void what_has_ended_is_told_by_the_next_master(void **state)
{
    struct master_world world;
    struct balance_record record;
    struct balance_run run;
    (void)state;
    master_world_make(&world, 71, 2);
    struct master *master = world.leader->master;
    struct master_request unassign = master_world_request(&world, MASTER_UNASSIGN, "r00"),
                          assign = unassign;
    assign.operation = MASTER_ASSIGN;
    master_world_done(&world, &unassign);
    master_world_done(&world, &assign);
    uint64_t id = keep_failure(master, 5);
    keep_balance(master, 0);
    master_world_settle(&world, 2500);
    unsigned known = count_all(master);
    assert_true(known >= 3);
    node_kill(world.leader);
    master = next_master(&world);
    assert_true(count_all(master) >= known);
    assert_failure_is_told(master, id, 5);
    assert_true(master->last_procedure_id >= id);
    assert_int_equal(balance_log_count(&master->balance_log), 1);
    assert_true(balance_log_read(&master->balance_log, 0, &record));
    assert_string_equal(record.tablet, "0a");
    assert_string_equal(record.table, "t");
    assert_string_equal(record.from, "a,1,2");
    assert_string_equal(record.to, "b,1,2");
    assert_string_equal(record.reason, "it is too much");
    assert_true(record.gain == 1.5 && record.is_begun);
    balance_log_last(&master->balance_log, &run);
    assert_true(run.runs >= 1 && run.runs_with_moves >= 1 && run.moves >= 1);
    master_world_check(&world);
    master_world_deinit(&world);
}

static uint64_t newest_version(struct master *master)
{
    uint64_t version = 0;
    struct error error = {0};
    assert_ok(store_chain_newest(
                  master->store, CHAIN_HISTORY, SPAN_LITERAL(HISTORY_NAME), &version, &error),
        &error);
    return version;
}

static enum status count_name(void *context, const char *name, struct error *error)
{
    (void)name;
    (void)error;
    ++*(unsigned *)context;
    return STATUS_OK;
}

static unsigned count_versions(struct master_world *world)
{
    unsigned count = 0;
    assert_status(env_directory_list(world->env, FOLDER, count_name, &count, NULL), STATUS_OK);
    return count;
}

static void flip(struct master_world *world, uint64_t version)
{
    char path[64];
    snprintf(path, sizeof path, FOLDER "/" HISTORY_NAME ".%u", (unsigned)version);
    assert_status(env_memory_flip(world->env, path, 45, 0x10), STATUS_OK);
}

static void a_damaged_history_stops_no_master_and_is_written_anew(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 72, 2);
    uint64_t lost = keep_failure(world.leader->master, 5);
    master_world_settle(&world, 2500);
    uint64_t version = newest_version(world.leader->master);
    node_kill(world.leader);
    flip(&world, version);
    struct master *master = next_master(&world);
    assert_int_equal(count_listed(master, lost), 0);
    uint64_t id = keep_failure(master, 7);
    master_world_settle(&world, 2500);
    assert_true(newest_version(master) > version);
    assert_int_equal(count_versions(&world), 1); /* what was damaged is gone */
    node_kill(world.leader);
    assert_failure_is_told(next_master(&world), id, 7);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* It wrote above what its successor had read, and did not know of it. */
static void what_a_deposed_master_wrote_is_taken_in(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 73, 2);
    struct master *first = world.leader->master;
    struct master *second = next_master(&world);
    uint64_t early = keep_failure(first, 5);
    master_world_settle(&world, 2500);
    assert_int_equal(count_listed(second, early), 0);
    uint64_t late = keep_failure(second, 7);
    master_world_settle(&world, 2500);
    assert_failure_is_told(second, early, 5);
    node_kill(world.leader);
    struct master *third = next_master(&world);
    assert_failure_is_told(third, early, 5);
    assert_failure_is_told(third, late, 7);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void it_is_written_once_a_second_and_at_the_end(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 74, 2);
    struct master *master = world.leader->master;
    uint64_t before = newest_version(master), id = 0;
    for (unsigned i = 0; i < 200; i++) {
        id = keep_failure(master, 100 + i);
        if (i % 10 == 0)
            master_world_settle(&world, 250); /* a tick each 200 ms */
    }
    uint64_t written = newest_version(master) - before;
    printf("%u versions in 4 s\n", (unsigned)written);
    assert_in_range(written, 2, 6);
    master_depose(master);
    master_world_settle(&world, 1);
    assert_failure_is_told(next_master(&world), id, 299);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void what_is_old_is_left_out(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 75, 2);
    uint64_t old = keep_failure(world.leader->master, 5);
    master_world_settle(&world, RESULTS_KEPT_MS + 1000);
    uint64_t id = keep_failure(world.leader->master, 7);
    master_world_settle(&world, 2500);
    node_kill(world.leader);
    struct master *master = next_master(&world);
    assert_int_equal(master_find_nonce(master, 6, 5), 0);
    assert_int_equal(count_listed(master, old), 0);
    assert_failure_is_told(master, id, 7);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* What had not grown old when it was written. */
static void what_has_grown_old_meanwhile_is_not_taken_in(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 76, 2);
    struct master *first = world.leader->master;
    uint64_t old = keep_failure_of(first, 5, RESULTS_KEPT_MS - 2000);
    keep_balance(first, DAY_MS - 2000);
    master_world_settle(&world, 1000);
    uint64_t id = keep_failure(first, 7); /* a second after the last: both are written with it */
    master_world_settle(&world, 500);
    uint64_t version = newest_version(first);
    node_kill(world.leader);
    struct master *master = next_master(&world);
    assert_int_equal(count_listed(master, old), 1);
    master_world_settle(&world, 2500);
    assert_int_equal(newest_version(master), version);
    node_kill(world.leader);
    master = next_master(&world);
    assert_int_equal(master_find_nonce(master, 6, 5), 0);
    assert_int_equal(count_listed(master, old), 0);
    assert_int_equal(balance_log_count(&master->balance_log), 0);
    assert_failure_is_told(master, id, 7);
    assert_true(master->last_procedure_id >= id);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* It ended at a time that has not come, for the clock was set back: it is kept as long as others, and not until then. */
static void what_a_clock_ahead_has_seen_end_is_forgotten_too(void **state)
{
    struct master_world world;
    struct procedure_result result;
    (void)state;
    master_world_make(&world, 77, 2);
    uint64_t id = keep_failure_of(world.leader->master, 5, -365 * DAY_MS);
    master_world_settle(&world, 2500);
    node_kill(world.leader);
    struct master *master = next_master(&world);
    assert_int_equal(count_listed(master, id), 1);
    master_procedure_result(master, id, &result);
    assert_true(result.updated_ms <= env_wall_ms(master->env));
    assert_true(result.submitted_ms <= result.updated_ms);
    master_world_settle(&world, RESULTS_KEPT_MS + 1000);
    assert_int_equal(count_listed(master, id), 0);
    master_world_check(&world);
    master_world_deinit(&world);
}

static void what_a_full_disk_refused_is_written_later(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 78, 2);
    struct master *master = world.leader->master;
    master_world_settle(&world, 2500);
    uint64_t before = newest_version(master);
    env_memory_set_space(world.env, 0);
    uint64_t id = keep_failure(master, 5);
    master_world_settle(&world, 2500);
    assert_int_equal(newest_version(master), before);
    assert_int_equal(count_versions(&world), 1);
    env_memory_set_space(world.env, UINT64_MAX);
    master_world_settle(&world, 31000);
    assert_int_equal(newest_version(master), before + 1);
    node_kill(world.leader);
    assert_failure_is_told(next_master(&world), id, 5);
    master_world_check(&world);
    master_world_deinit(&world);
}

/* Its change is listed as a procedure is; and asked for again, of the next master, it is the same one. */
static void a_namespace_that_was_made_is_known_to_the_next_master(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 80, 2);
    struct master_request create = {.operation = MASTER_CREATE_NAMESPACE,
        .namespace_name = SPAN_LITERAL("ns"),
        .nonce_group = 3,
        .nonce = 4};
    assert_null(master_world_ask(&world, &create));
    uint64_t id = create.procedure_id;
    master_world_settle(&world, 3000);
    assert_int_equal(count_listed(next_master(&world), id), 1);
    assert_null(master_world_ask(&world, &create));
    assert_int_equal(create.procedure_id, id);
    master_world_check(&world);
    master_world_fsck(&world);
    master_world_deinit(&world);
}

/* Else a server that stops frees a master that its own write comes back to. */
static void a_master_whose_write_is_out_is_at_work(void **state)
{
    struct master_world world;
    (void)state;
    master_world_make(&world, 79, 2);
    struct master *master = world.leader->master;
    master_world_settle(&world, 2500);
    assert_false(master_is_at_work(master));
    keep_failure(master, 5);
    assert_true(master->history.is_writing);
    assert_true(master_is_at_work(master));
    master_world_settle(&world, 1000);
    assert_false(master_is_at_work(master));
    master_world_check(&world);
    master_world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_ended_is_told_by_the_next_master),
        cmocka_unit_test(a_damaged_history_stops_no_master_and_is_written_anew),
        cmocka_unit_test(what_a_deposed_master_wrote_is_taken_in),
        cmocka_unit_test(it_is_written_once_a_second_and_at_the_end),
        cmocka_unit_test(what_is_old_is_left_out),
        cmocka_unit_test(what_has_grown_old_meanwhile_is_not_taken_in),
        cmocka_unit_test(what_a_clock_ahead_has_seen_end_is_forgotten_too),
        cmocka_unit_test(what_a_full_disk_refused_is_written_later),
        cmocka_unit_test(a_namespace_that_was_made_is_known_to_the_next_master),
        cmocka_unit_test(a_master_whose_write_is_out_is_at_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
