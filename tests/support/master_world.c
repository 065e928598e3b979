#include "tests/support/master_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/support/master_world_internal.h"
#include "tests/support/support.h"

#define LIMIT_NS 120000000000ull

struct error master_world_error;

/* ---- Nodes ---- */

bool node_is_alive(const struct node *node)
{
    return node->has_started && !node->has_died && !env_memory_host_is_dead(node->env);
}

void node_kill(struct node *node)
{
    env_memory_host_crash(node->env, ENV_CUT_LOSE_ALL);
    if (node->world->leader == node)
        node->world->leader = NULL;
}

static void on_fatal(void *context, const struct error *error)
{
    struct node *node = context;
    node->has_died = true;
    node->failure = *error;
}

static void on_ready(void *context, enum status status, const struct error *error)
{
    struct node *node = context;
    node->is_ready = true;
    node->ready_status = status;
    if (status)
        node->failure = *error;
}

struct start {
    struct task task;
    struct node *node;
    enum store_role role;
    bool is_done;
};

static void run_start(struct task *task)
{
    struct start *start = (struct start *)task;
    struct node *node = start->node;
    struct store_config config = {.env = node->env,
        .role = start->role,
        .root = MASTER_WORLD_ROOT,
        .incarnation = node->text,
        .memtable_budget_bytes = 4 << 20,
        .cache_budget_bytes = 1 << 20,
        .log_segment_bytes = 64 << 10,
        .fatal = on_fatal,
        .fatal_context = node};
    assert_ok(store_open(&config, &node->store, &node->failure), &node->failure);
    start->is_done = true;
}

static struct node *new_node(struct master_world *world, enum store_role role)
{
    struct node *node = &world->nodes[world->node_count];
    char host[32];
    assert_true(world->node_count < MASTER_WORLD_NODES);
    snprintf(host, sizeof host, "h%zu", world->node_count);
    node->world = world;
    node->env = env_memory_host_new(world->env, host);
    node->name = (struct server_name){.host = span_make(node->text, strlen(host)),
        .port = 1,
        .start_code = 1000 + world->node_count};
    snprintf(node->text, sizeof node->text, "%s,1,%zu", host, 1000 + world->node_count);
    world->node_count++;
    assert_ok(env_executor_new(node->env, "net", 1, &node->executor, NULL), NULL);
    struct start start = {.task = {.run = run_start}, .node = node, .role = role};
    executor_submit(node->executor, &start.task);
    assert_true(env_memory_run_until(world->env, &start.is_done, LIMIT_NS));
    node->has_started = true;
    return node;
}

struct node *master_world_server(struct master_world *world)
{
    struct error error = {0};
    struct node *node = new_node(world, STORE_TABLETS);
    assert_ok(tablet_service_new(node->store, &node->tablets), NULL);
    struct tablet_host_config config = {
        .env = node->env, .store = node->store, .tablets = node->tablets};
    assert_ok(tablet_host_new(&config, &node->host, &error), &error);
    return node;
}

struct node *master_world_master(struct master_world *world)
{
    struct error error = {0};
    struct node *node = new_node(world, STORE_DOCUMENTS);
    node->link = master_world_link_new(node);
    struct master_config config = {.env = node->env,
        .store = node->store,
        .link = node->link,
        .name = node->name,
        .ready = on_ready,
        .context = node};
    assert_ok(master_new(&config, &node->master, &error), &error);
    return node;
}

/* ---- The world ---- */

void master_world_init(struct master_world *world, uint64_t seed)
{
    memset(world, 0, sizeof *world);
    world->env = env_memory_new(seed, ENV_MEMORY_SEEDED);
    world->seed = seed;
    world->dice = (struct dice){seed};
}

void master_world_crash_all(struct master_world *world)
{
    for (size_t i = 0; i < world->node_count; i++)
        if (!env_memory_host_is_dead(world->nodes[i].env))
            env_memory_host_crash(world->nodes[i].env, ENV_CUT_KEEP_ALL);
}

void master_world_deinit(struct master_world *world)
{
    master_world_crash_all(world);
    arena_deinit(&world->arena);
    env_memory_free(world->env);
}

void master_world_settle(struct master_world *world, unsigned ms)
{
    bool never = false;
    env_memory_run_until(world->env, &never, ms * 1000000ull);
}

void master_world_tell_servers(struct master_world *world)
{
    struct server_name names[MASTER_WORLD_NODES];
    size_t count = 0;
    for (size_t i = 0; i < world->node_count; i++)
        if (world->nodes[i].host && node_is_alive(&world->nodes[i]))
            names[count++] = world->nodes[i].name;
    master_set_servers(world->leader->master, names, count, 0);
}

static size_t count_living(const struct master_world *world)
{
    size_t count = 0;
    for (size_t i = 0; i < world->node_count; i++)
        count += world->nodes[i].host && node_is_alive(&world->nodes[i]);
    return count;
}

void master_world_lead(struct master_world *world, struct node *node)
{
    world->leader = node;
    node->is_ready = false;
    master_world_tell_servers(world);
    master_lead(node->master, ++world->epoch);
    /* Told once, and again when a server dies: nothing may wait for being told. */
    size_t living = count_living(world);
    for (int i = 0; i < 100 && !node->is_ready; i++) {
        master_world_settle(world, 200);
        if (count_living(world) != living)
            master_world_tell_servers(world);
        living = count_living(world);
    }
    assert_true(node->is_ready);
    assert_ok(node->ready_status, &node->failure);
}

/* ---- Requests ---- */

static void on_answered(struct master_request *request)
{
    *(bool *)request->context = true;
}

void master_world_submit(struct master_world *world, struct master_request *request)
{
    static bool ignored;
    request->arena = &world->arena;
    request->done = on_answered;
    if (!request->context)
        request->context = &ignored;
    master_submit(world->leader->master, request);
}

const char *master_world_ask(struct master_world *world, struct master_request *request)
{
    bool is_done = false;
    struct procedure_result result = {0};
    // cppcheck-suppress autoVariables ; answered before this returns, or the test has failed
    request->context = &is_done;
    master_world_submit(world, request);
    if (!env_memory_run_until(world->env, &is_done, LIMIT_NS))
        fail_msg("the master does not answer (seed %llu)", (unsigned long long)world->seed);
    if (request->exception_class) {
        master_world_error = request->error;
        return request->exception_class;
    }
    for (int i = 0; request->procedure_id && i < 2000; i++) {
        master_procedure_result(world->leader->master, request->procedure_id, &result);
        if (result.state != PROCEDURE_RUNNING)
            break;
        master_world_settle(world, 50);
    }
    assert_true(!request->procedure_id || result.state == PROCEDURE_FINISHED);
    snprintf(master_world_error.message, sizeof master_world_error.message, "%s", result.message);
    return result.exception_class;
}

void master_world_create_table(struct master_world *world, const char *const *keys)
{
    size_t count = 0;
    while (keys && keys[count])
        count++;
    struct family_schema *family = arena_allocate_zeroed(&world->arena, 1, sizeof *family);
    struct span *splits = arena_allocate_zeroed(&world->arena, count + 1, sizeof *splits);
    struct master_request request = {.operation = MASTER_CREATE_TABLE};
    family->name = SPAN_LITERAL("f");
    request.schema = (struct table_schema){
        .name = SPAN_LITERAL("t"), .families = family, .family_count = 1};
    for (; request.split_key_count < count; request.split_key_count++)
        splits[request.split_key_count] = span_string(keys[request.split_key_count]);
    request.split_keys = splits;
    const char *refused = master_world_ask(world, &request);
    if (refused)
        fail_msg("%s: %s", refused, master_world_error.message);
}

/* ---- Rows ---- */

static struct assigned_tablet *find(struct master_world *world, const char *row)
{
    struct catalogue *catalogue = master_catalogue(world->leader->master);
    mutex_lock(&catalogue->mutex);
    struct catalogue_table *table = catalogue_find_locked(catalogue, SPAN_LITERAL("t"));
    size_t at = table ? catalogue_tablet_of_row(table, span_string(row)) : SIZE_MAX;
    struct assigned_tablet *tablet = at == SIZE_MAX ? NULL : table->tablets[at];
    mutex_unlock(&catalogue->mutex);
    return tablet;
}

struct span master_world_tablet(struct master_world *world, const char *row)
{
    struct assigned_tablet *tablet = find(world, row);
    return tablet ? arena_copy(&world->arena, span_string(tablet->info.id)) : SPAN_EMPTY;
}

struct node *master_world_node_of(struct master_world *world, const struct assigned_server *server)
{
    for (size_t i = 0; server && i < world->node_count; i++)
        if (strcmp(world->nodes[i].text, server->text) == 0)
            return &world->nodes[i];
    return NULL;
}

struct node *master_world_place(struct master_world *world, const char *row)
{
    struct assigned_tablet *tablet = find(world, row);
    return tablet && tablet->state == ASSIGNMENT_OPEN ? master_world_node_of(world, tablet->server)
                                                      : NULL;
}

struct node *master_world_other_server(struct master_world *world, const struct node *than)
{
    for (size_t i = 0; i < world->node_count; i++)
        if (world->nodes[i].host && node_is_alive(&world->nodes[i]) && &world->nodes[i] != than)
            return &world->nodes[i];
    return NULL;
}

static void on_waited(struct tablet_command *command)
{
    ((struct waited *)command)->is_done = true;
}

bool master_world_run_at(struct master_world *world, struct node *node, struct waited *waited,
    enum tablet_command_kind kind, const char *id)
{
    waited->command.kind = kind;
    waited->command.server = &node->name;
    waited->command.epoch = world->epoch;
    waited->command.arena = &world->arena;
    waited->command.done = on_waited;
    snprintf(waited->command.tablet.id, sizeof waited->command.tablet.id, "%s", id);
    tablet_host_run(node->host, &waited->command);
    return env_memory_run_until(world->env, &waited->is_done, 10000000000ull) &&
           waited->command.status == STATUS_OK;
}

bool master_world_put(struct master_world *world, unsigned i)
{
    static unsigned attempts;
    char row[8];
    snprintf(row, sizeof row, "r%02u", i);
    struct node *node = master_world_place(world, row);
    struct assigned_tablet *tablet = find(world, row);
    if (!node || !node_is_alive(node))
        return false;
    snprintf(world->tried[i], sizeof world->tried[i], "v%u", ++attempts);
    struct cell *cell = arena_allocate_zeroed(&world->arena, 1, sizeof *cell);
    struct mutation *mutation = arena_allocate_zeroed(&world->arena, 1, sizeof *mutation);
    struct write_operation *operation = arena_allocate_zeroed(&world->arena, 1, sizeof *operation);
    struct waited *waited = arena_allocate_zeroed(&world->arena, 1, sizeof *waited);
    *cell = (struct cell){.row = arena_copy(&world->arena, span_string(row)),
        .family = SPAN_LITERAL("f"),
        .qualifier = SPAN_LITERAL("q"),
        .value = arena_copy(&world->arena, span_string(world->tried[i])),
        .timestamp = TIMESTAMP_LATEST,
        .type = CELL_PUT};
    *mutation = (struct mutation){.kind = MUTATION_PUT,
        .row = cell->row,
        .cells = cell,
        .cell_count = 1,
        .timestamp = TIMESTAMP_LATEST,
        .time_range = TIME_RANGE_ALL};
    *operation = (struct write_operation){
        .row = cell->row, .mutations = mutation, .mutation_count = 1};
    waited->command.operations = operation;
    waited->command.operation_count = 1;
    if (!master_world_run_at(world, node, waited, TABLET_COMMAND_WRITE, tablet->info.id) ||
        operation->status)
        return false;
    memcpy(world->values[i], world->tried[i], sizeof world->values[i]);
    return true;
}

void master_world_put_all(struct master_world *world)
{
    for (unsigned i = 0; i < MASTER_WORLD_ROWS; i++)
        assert_true(master_world_put(world, i));
}

/* ---- For tests, in one call ---- */

/* A cluster with the table, its rows written. */
void master_world_make(struct master_world *world, uint64_t seed, size_t servers)
{
    master_world_init(world, seed);
    for (size_t i = 0; i < servers; i++)
        master_world_server(world);
    master_world_lead(world, master_world_master(world));
    master_world_create_table(world, (const char *const[]){"r16", "r32", "r48", NULL});
    master_world_put_all(world);
}

struct master_request master_world_request(
    struct master_world *world, enum master_operation operation, const char *row)
{
    struct master_request request = {.operation = operation, .waits = true};
    request.tablets = arena_allocate_zeroed(&world->arena, 2, sizeof *request.tablets);
    request.tablets[0] = master_world_tablet(world, row);
    request.tablet_count = 1;
    return request;
}

void master_world_done(struct master_world *world, struct master_request *request)
{
    const char *refused = master_world_ask(world, request);
    if (refused)
        fail_msg("%s: %s (seed %llu)", refused, master_world_error.message,
            (unsigned long long)world->seed);
}

void master_world_snapshot(
    struct master_world *world, enum master_operation operation, const char *table)
{
    struct master_request request = {.operation = operation,
        .waits = true,
        .table = span_string(table),
        .snapshot_name = SPAN_LITERAL("s"),
        .snapshot_type = 1};
    master_world_done(world, &request);
}

void master_world_table(struct master_world *world, enum master_operation operation)
{
    struct master_request request = {
        .operation = operation, .waits = true, .table = SPAN_LITERAL("t")};
    master_world_done(world, &request);
}
