/* DDL under fire: a master, or a server, dies at each of its I/O calls in the middle of every kind of procedure, or while
 * another server's death is dealt with; or one of the master's calls fails, the writing of a procedure's state among
 * them. Another master finishes: the change is made or not, whole either way, every
 * tablet is served, and no row is lost. */
#include "tests/support/master_world.h"

#include <stdio.h>
#include <string.h>

#include "base/pause.h"
#include "tests/support/support.h"

/* What is under way when the master or a server dies, on the table as `before` has left it. */
struct trial {
    enum master_operation operation;
    void (*before)(struct master_world *world);
    const char *table; /* NULL: "t" */
    bool is_crash;     /* no request: the server of r20 dies */
};

static void disabled(struct master_world *world)
{
    master_world_table(world, MASTER_DISABLE_TABLE);
}

/* The rows may go now, or stay. */
static void to_be_emptied(struct master_world *world)
{
    disabled(world);
    memset(world->values, 0, sizeof world->values);
}

static void unassigned(struct master_world *world)
{
    struct master_request request = master_world_request(world, MASTER_UNASSIGN, "r20");
    master_world_done(world, &request);
}

static void with_snapshot(struct master_world *world)
{
    master_world_snapshot(world, MASTER_SNAPSHOT, "t");
}

/* The table is not what it was any more. */
static void to_be_restored(struct master_world *world)
{
    with_snapshot(world);
    struct master_request split = master_world_request(world, MASTER_SPLIT, "r20");
    split.row = SPAN_LITERAL("r24");
    master_world_done(world, &split);
    disabled(world);
}

/* Its name is another table's now, an empty one's. */
static void to_be_restored_anew(struct master_world *world)
{
    with_snapshot(world);
    disabled(world);
    master_world_table(world, MASTER_TRUNCATE_TABLE);
    disabled(world);
}

static const struct trial trials[] = {
    {.operation = MASTER_CREATE_TABLE, .table = "v"},
    {.operation = MASTER_MOVE},
    {.operation = MASTER_SPLIT},
    {.operation = MASTER_MERGE},
    {.operation = MASTER_UNASSIGN},
    {.operation = MASTER_ASSIGN, .before = unassigned},
    {.operation = MASTER_DISABLE_TABLE},
    {.operation = MASTER_ENABLE_TABLE, .before = disabled},
    {.operation = MASTER_TRUNCATE_TABLE, .before = to_be_emptied},
    {.operation = MASTER_DELETE_TABLE, .before = to_be_emptied},
    {.operation = MASTER_ADD_FAMILY},
    {.operation = MASTER_SNAPSHOT},
    {.operation = MASTER_RESTORE_SNAPSHOT, .before = with_snapshot, .table = "u"},
    {.operation = MASTER_RESTORE_SNAPSHOT, .before = to_be_restored},
    {.operation = MASTER_RESTORE_SNAPSHOT, .before = to_be_restored_anew},
    {.operation = MASTER_DECOMMISSION},
    {.is_crash = true},
};

enum { TRIALS = sizeof trials / sizeof trials[0] };

static void begin(struct master_world *world, const struct trial *trial)
{
    struct master_request *request = arena_allocate_zeroed(&world->arena, 1, sizeof *request);
    struct node *server = master_world_place(world, "r20");
    if (trial->is_crash) {
        node_kill(server);
        master_world_tell_servers(world);
        return;
    }
    *request = (struct master_request){.operation = trial->operation, .waits = true};
    if (trial->operation == MASTER_CREATE_TABLE) {
        request->schema.name = span_string(trial->table);
        request->schema.families = arena_allocate_zeroed(
            &world->arena, 1, sizeof *request->schema.families);
        request->schema.families[0].name = SPAN_LITERAL("f");
        request->schema.family_count = 1;
        assert_ok(table_schema_check(&request->schema, &master_world_error), &master_world_error);
        static const struct span split_keys[] = {
            {(const uint8_t *)"h", 1}, {(const uint8_t *)"p", 1}};
        request->split_keys = split_keys;
        request->split_key_count = 2;
    } else if (server || trial->operation == MASTER_ASSIGN) {
        *request = master_world_request(world, trial->operation, "r20");
    }
    if (trial->operation == MASTER_SPLIT)
        request->row = SPAN_LITERAL("r24");
    if (trial->operation == MASTER_MERGE) {
        request->tablets[1] = master_world_tablet(world, "r40");
        request->tablet_count = 2;
    }
    if (trial->operation == MASTER_DECOMMISSION) {
        request->servers = arena_allocate_zeroed(&world->arena, 1, sizeof *request->servers);
        request->servers[0] = span_string(server->text);
        request->server_count = 1;
        request->offloads = true;
    }
    request->table = span_string(trial->table ? trial->table : "t");
    request->family.name = SPAN_LITERAL("g");
    request->keeps_splits = true;
    request->snapshot_name = SPAN_LITERAL("s");
    master_world_submit(world, request);
}

static void check(struct master_world *world, const struct trial *trial)
{
    master_world_check(world);
    assert_true(trial->operation == MASTER_DELETE_TABLE || master_world_has_table(world, "t"));
    if (trial->operation == MASTER_RESTORE_SNAPSHOT && !trial->table) {
        /* done or not: now it is, and every row is there */
        master_world_snapshot(world, MASTER_RESTORE_SNAPSHOT, "t");
        master_world_table(world, MASTER_ENABLE_TABLE);
        master_world_check(world);
    }
    master_world_fsck(world);
}

static size_t killed;

/* The master dies before its I/O call number n from the request on; another one finishes. False: it did not die. */
static bool master_dies_at(uint64_t seed, const struct trial *trial, uint64_t n)
{
    struct master_world world;
    master_world_make(&world, seed, 3);
    if (trial->before)
        trial->before(&world);
    struct node *first = world.leader;
    env_memory_host_crash_at(first->env, env_memory_call_count(first->env) + n, ENV_CUT_LOSE_ALL);
    begin(&world, trial);
    master_world_settle(&world, 5000);
    bool is_dead = env_memory_host_is_dead(first->env);
    killed += is_dead;
    master_world_lead(&world, master_world_master(&world));
    check(&world, trial);
    master_world_deinit(&world);
    return is_dead;
}

static void a_master_that_dies_at_any_call_leaves_all_or_nothing(void **state)
{
    (void)state;
    killed = 0;
    for (size_t i = 0; i < TRIALS; i++) {
        size_t before = killed;
        for (uint64_t n = 1; master_dies_at(100 + n, &trials[i], n); n++)
            ;
        /* it has no state of its own before the first call */
        assert_true(killed - before >= (trials[i].is_crash ? 1 : 2));
    }
    printf("%zu masters killed in %d procedures\n", killed, TRIALS);
    assert_true(killed >= 200);
}

/* The n-th time that the master has linked the next version of a document, it stands still before it syncs the folder.
 * Another one finishes on the strength of what it sees, and then the host of the first dies, with what it had not
 * synced. */
struct standstill {
    struct master_world *world;
    struct node *first;
    uint64_t visits_left;
};

static void stand_still(void *context)
{
    struct standstill *standstill = context;
    struct master_world *world = standstill->world;
    struct env *env = standstill->first->env;
    if (strcmp(env_memory_running_name(env), env_memory_host_name(env)) != 0 ||
        --standstill->visits_left)
        return;
    pause_arm("chain.link.after", NULL, NULL);
    master_world_lead(world, master_world_master(world));
    master_world_quiet(world);
    node_kill(standstill->first);
}

/* False: it did not come to that. */
static bool master_stalls_at(uint64_t seed, const struct trial *trial, uint64_t n)
{
    struct master_world world;
    master_world_make(&world, seed, 3);
    if (trial->before)
        trial->before(&world);
    struct standstill standstill = {&world, world.leader, n};
    pause_arm("chain.link.after", stand_still, &standstill);
    begin(&world, trial);
    master_world_settle(&world, 5000);
    pause_arm("chain.link.after", NULL, NULL);
    bool has_stalled = !standstill.visits_left;
    killed += has_stalled;
    master_world_lead(&world, master_world_master(&world));
    check(&world, trial);
    master_world_deinit(&world);
    return has_stalled;
}

static void what_a_master_that_stands_still_had_not_synced_may_go(void **state)
{
    (void)state;
    killed = 0;
    for (size_t i = 0; i < TRIALS; i++)
        for (uint64_t n = 1; master_stalls_at(400 + n, &trials[i], n); n++)
            ;
    printf("%zu masters stood still in %d procedures\n", killed, TRIALS);
    assert_true(killed >= 60);
}

/* What the master that leads is asked meanwhile. */
enum meanwhile { MEANWHILE_NOTHING, MEANWHILE_SPLIT, MEANWHILE_THE_LIKE, MEANWHILES };

static void ask_meanwhile(
    struct master_world *world, const struct trial *trial, enum meanwhile meanwhile)
{
    static const struct trial enable = {.operation = MASTER_ENABLE_TABLE};
    struct master_request *split = arena_allocate_zeroed(&world->arena, 1, sizeof *split);
    if (meanwhile == MEANWHILE_SPLIT && master_world_place(world, "r20")) {
        *split = master_world_request(world, MASTER_SPLIT, "r20");
        split->row = SPAN_LITERAL("r24");
        split->waits = true;
        master_world_submit(world, split);
    } else if (meanwhile == MEANWHILE_THE_LIKE && trial->operation != MASTER_RESTORE_SNAPSHOT) {
        begin(world, trial->operation == MASTER_CREATE_TABLE ? trial : &enable);
    }
}

/* A master that does not know that another leads takes the order, and dies before its I/O call number n from there on. What it
 * began may be dropped, or gone on with, by a third: it must not be stuck. False: it did not die. */
static bool deposed_master_dies_at(
    uint64_t seed, const struct trial *trial, uint64_t n, enum meanwhile meanwhile)
{
    struct master_world world;
    master_world_make(&world, seed, 3);
    if (trial->before)
        trial->before(&world);
    struct node *first = world.leader, *second = master_world_master(&world);
    master_world_lead(&world, second);
    master_world_quiet(&world);
    world.leader = first;
    world.lost_in_hundred = n % 2 ? 100 : 0; /* it hears nothing, or that it is refused */
    env_memory_host_crash_at(first->env, env_memory_call_count(first->env) + n,
        meanwhile == MEANWHILE_NOTHING ? ENV_CUT_LOSE_ALL : ENV_CUT_KEEP_ALL);
    begin(&world, trial);
    master_world_settle(&world, 3000);
    bool is_dead = !node_is_alive(first);
    killed += is_dead;
    if (!is_dead)
        node_kill(first);
    world.lost_in_hundred = 0;
    world.leader = second;
    ask_meanwhile(&world, trial, meanwhile);
    master_world_settle(&world, meanwhile == MEANWHILE_SPLIT ? 2 : 1000);
    if (node_is_alive(second))
        node_kill(second);
    master_world_lead(&world, master_world_master(&world));
    if (meanwhile == MEANWHILE_THE_LIKE && trial->operation == MASTER_CREATE_TABLE) {
        master_world_quiet(&world);
        assert_true(master_world_has_table(&world, trial->table));
    }
    check(&world, trial);
    master_world_deinit(&world);
    return is_dead;
}

static void what_a_deposed_master_began_is_not_stuck(void **state)
{
    (void)state;
    killed = 0;
    for (enum meanwhile meanwhile = 0; meanwhile < MEANWHILES; meanwhile++)
        for (size_t i = 0; i < TRIALS; i++)
            for (uint64_t n = 1; !trials[i].is_crash && n < 60 &&
                                 deposed_master_dies_at(500 + n, &trials[i], n, meanwhile);
                 n++)
                ;
    printf("%zu deposed masters killed in %d procedures\n", killed, TRIALS - 1);
    assert_true(killed >= 300);
}

/* A server dies at its call n while something is under way. */
static bool server_dies_at(uint64_t seed, const struct trial *trial, uint64_t n)
{
    struct master_world world;
    master_world_make(&world, seed, 3);
    if (trial->before)
        trial->before(&world);
    struct node *server = master_world_place(&world, "r20");
    if (!server)
        server = &world.nodes[1];
    env_memory_host_crash_at(server->env, env_memory_call_count(server->env) + n, ENV_CUT_LOSE_ALL);
    begin(&world, trial);
    for (int i = 0; i < 50 && node_is_alive(server); i++)
        master_world_settle(&world, 100);
    bool is_dead = !node_is_alive(server);
    if (!is_dead)
        env_memory_host_crash_at(server->env, 0, ENV_CUT_LOSE_ALL);
    killed += is_dead;
    master_world_tell_servers(&world);
    master_world_settle(&world, 3000);
    check(&world, trial);
    master_world_deinit(&world);
    return is_dead;
}

static void a_server_that_dies_at_any_call_loses_nothing(void **state)
{
    (void)state;
    killed = 0;
    for (size_t i = 0; i < TRIALS; i++)
        for (uint64_t n = 1; n < 60 && server_dies_at(200 + n, &trials[i], n); n++)
            ;
    printf("%zu servers killed\n", killed);
    assert_true(killed >= 60);
}

/* The master's I/O call number n from the request on fails, once: it gives up, tries again, or ends itself, as it
 * may. False: there was no such call. */
static bool master_fails_at(uint64_t seed, const struct trial *trial, uint64_t n)
{
    struct master_world world;
    master_world_make(&world, seed, 3);
    if (trial->before)
        trial->before(&world);
    struct node *first = world.leader;
    uint64_t call = env_memory_call_count(first->env) + n;
    env_memory_fail_call(first->env, call, n % 2 ? STATUS_IO : STATUS_NO_SPACE, false);
    begin(&world, trial);
    master_world_settle(&world, 5000);
    bool has_failed = env_memory_call_count(first->env) >= call;
    env_memory_fail_call(first->env, 0, STATUS_OK, false);
    killed += has_failed;
    master_world_lead(&world, master_world_master(&world));
    check(&world, trial);
    master_world_deinit(&world);
    return has_failed;
}

static void a_master_whose_calls_fail_leaves_all_or_nothing(void **state)
{
    (void)state;
    killed = 0;
    for (size_t i = 0; i < TRIALS; i++)
        for (uint64_t n = 1; n < 40 && master_fails_at(300 + n, &trials[i], n); n++)
            ;
    printf("%zu calls of a master failed in %d procedures\n", killed, TRIALS);
    assert_true(killed >= 200);
}

/* "masters", "stalls", "deposed", "servers" or "failures": one of the five, so that they can run side by side; all without. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_master_that_dies_at_any_call_leaves_all_or_nothing),
        cmocka_unit_test(what_a_master_that_stands_still_had_not_synced_may_go),
        cmocka_unit_test(what_a_deposed_master_began_is_not_stuck),
        cmocka_unit_test(a_server_that_dies_at_any_call_loses_nothing),
        cmocka_unit_test(a_master_whose_calls_fail_leaves_all_or_nothing),
    };
    static const char *const parts[] = {"masters", "stalls", "deposed", "servers", "failures"};
    for (size_t i = 0; argc > 1 && i < 5; i++) {
        const struct CMUnitTest one[] = {tests[i]};
        if (strcmp(argv[1], parts[i]) == 0)
            return cmocka_run_group_tests(one, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
