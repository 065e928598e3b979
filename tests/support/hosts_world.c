#include "tests/support/hosts_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/support.h"

#define FAMILIES 2

struct span hosts_row_name(unsigned row)
{
    static char names[HOSTS_ROWS][4];
    snprintf(names[row], sizeof(names[row]), "r%02u", row % 100);
    return span_string(names[row]);
}

void hosts_init(struct hosts_world *world, uint64_t seed)
{
    static const char *const families[FAMILIES] = {"f", "g"};
    struct error error = {0};
    *world = (struct hosts_world){.env = env_memory_new(seed, ENV_MEMORY_SEEDED)};
    struct table_schema *schema = &world->schema;
    schema->name = SPAN_LITERAL("t");
    schema->families = arena_allocate_zeroed(&world->arena, FAMILIES, sizeof(*schema->families));
    schema->family_count = FAMILIES;
    for (size_t i = 0; i < FAMILIES; i++)
        schema->families[i].name = span_string(families[i]);
    assert_ok(table_schema_check(schema, &error), &error);
}

static void crash_all(struct hosts_world *world)
{
    for (size_t i = 0; i < world->host_count; i++)
        if (!env_memory_host_is_dead(world->hosts[i].env))
            env_memory_host_crash(world->hosts[i].env, ENV_CUT_KEEP_ALL);
}

void hosts_deinit(struct hosts_world *world)
{
    crash_all(world);
    env_memory_free(world->env);
    arena_deinit(&world->arena);
}

struct host *hosts_new(struct hosts_world *world)
{
    assert_true(world->host_count < HOSTS_MOST);
    struct host *host = &world->hosts[world->host_count++];
    char name[16];
    snprintf(name, sizeof(name), "host%zu", world->host_count);
    *host = (struct host){.world = world, .env = env_memory_host_new(world->env, name)};
    snprintf(host->incarnation, sizeof(host->incarnation), "%s.example,16020,%zu", name,
        world->host_count);
    assert_status(env_executor_new(host->env, "test", 1, &host->executor, NULL), STATUS_OK);
    return host;
}

/* ---- Running ---- */

/* For so long of virtual time at most. */
static void run_for(struct hosts_world *world, const bool *is_done, uint64_t most_ns)
{
    uint64_t end_ns = env_monotonic_ns(world->env) + most_ns;
    while (!*is_done && env_monotonic_ns(world->env) < end_ns && env_memory_run_one(world->env))
        ;
}

struct run {
    struct task task; /* first */
    struct host *host;
    enum status (*body)(struct host *host, void *context);
    void *context;
    enum status status;
    bool is_done;
};

static void run_task(struct task *task)
{
    struct run *run = (struct run *)task;
    run->status = run->body(run->host, run->context);
    run->is_done = true;
}

bool host_run(struct host *host, enum status (*body)(struct host *host, void *context),
    void *context, enum status *out_status)
{
    /* Never freed when the host dies in it. */
    struct run *run = calloc(1, sizeof(*run));
    *run = (struct run){.task = {.run = run_task}, .host = host, .body = body, .context = context};
    executor_submit(host->executor, &run->task);
    run_for(host->world, &run->is_done, UINT64_C(30000000000));
    if (!run->is_done)
        return false;
    *out_status = run->status;
    free(run);
    return true;
}

void hosts_settle(struct hosts_world *world, unsigned ms)
{
    bool is_done = false;
    run_for(world, &is_done, (uint64_t)ms * 1000000);
}

static void note_death(void *context, const struct error *error)
{
    struct host *host = context;
    if (!host->has_died)
        host->death = *error;
    host->has_died = true;
}

static enum status make_table(struct host *host, struct error *error)
{
    struct table_descriptor descriptor = {.id = HOSTS_TABLE, .schema = host->world->schema};
    struct tablet_info tablet = {.id = HOSTS_TABLET, .table_id = HOSTS_TABLE, .region_id = 1};
    enum status status = store_table_commit(host->store, &descriptor, error);
    return status ? status : store_tablet_create(host->store, HOSTS_TABLE, &tablet, 1, error);
}

static enum status start_body(struct host *host, void *context)
{
    struct error error = {0};
    struct store_config config = {
        .env = host->env,
        .role = *(const enum store_role *)context,
        .root = HOSTS_ROOT,
        .incarnation = host->incarnation,
        .memtable_budget_bytes = 8 << 20,
        .cache_budget_bytes = 1 << 20,
        .log_segment_bytes = 16 << 10,
        .log_total_bytes = 64 << 10,
        .fatal = note_death,
        .fatal_context = host,
    };
    enum status status = store_open(&config, &host->store, &error);
    if (status == STATUS_OK && host == &host->world->hosts[0])
        status = make_table(host, &error);
    if (status)
        host->death = error;
    return status;
}

enum status host_start(struct host *host, enum store_role role)
{
    enum status status;
    return host_run(host, start_body, &role, &status) ? status : STATUS_CANCELLED;
}

struct host *hosts_start_new(struct hosts_world *world, enum store_role role)
{
    struct host *host = hosts_new(world);
    if (host_start(host, role))
        fail_msg("start: %s", host->death.message);
    return host;
}

enum status hosts_try(
    struct host *host, enum status (*body)(struct host *host, void *context), void *context)
{
    enum status status;
    return host_run(host, body, context, &status) ? status : STATUS_CANCELLED;
}

/* ---- Tablets ---- */

enum status host_open_of(
    struct host *host, const char *table_id, const char *tablet_id, struct error *error)
{
    assert_true(host->tablet_count < HOSTS_TABLETS);
    struct tablet *tablet;
    enum status status = store_tablet_open(
        host->store, table_id, tablet_id, &host->world->schema, &tablet, error);
    if (status == STATUS_OK)
        host->tablets[host->tablet_count++] = tablet;
    return status;
}

enum status host_open(struct host *host, const char *tablet_id, struct error *error)
{
    return host_open_of(host, HOSTS_TABLE, tablet_id, error);
}

static enum status open_body(struct host *host, void *context)
{
    return host_open(host, context, &host->death);
}

enum status host_open_wait(struct host *host, const char *tablet_id)
{
    enum status status;
    return host_run(host, open_body, (void *)tablet_id, &status) ? status : STATUS_CANCELLED;
}

enum status host_bury(struct host *host, const struct host *dead, struct error *error)
{
    return store_bury(host->store, dead->incarnation, error);
}

static enum status bury_body(struct host *host, void *context)
{
    return host_bury(host, context, &host->death);
}

enum status host_bury_wait(struct host *host, const struct host *dead)
{
    enum status status;
    return host_run(host, bury_body, (void *)dead, &status) ? status : STATUS_CANCELLED;
}

static size_t find_tablet(struct host *host, const char *tablet_id)
{
    size_t at = 0;
    while (
        at < host->tablet_count && strcmp(tablet_get_info(host->tablets[at])->id, tablet_id) != 0)
        at++;
    assert_true(at < host->tablet_count);
    return at;
}

struct waited {
    struct completion completion; /* first */
    bool is_done;
};

static void waited_done(struct completion *completion)
{
    ((struct waited *)completion)->is_done = true;
}

static enum status wait_for(struct host *host, struct waited *waited)
{
    run_for(host->world, &waited->is_done, UINT64_C(30000000000));
    return waited->is_done ? waited->completion.status : STATUS_CANCELLED;
}

/* Never on the stack: its host may be dead, and a zombie's end come later. */
static struct waited *waited_new(void)
{
    struct waited *waited = calloc(1, sizeof(*waited));
    waited->completion.done = waited_done;
    return waited;
}

enum status host_close_wait(struct host *host, const char *tablet_id)
{
    size_t at = find_tablet(host, tablet_id);
    struct tablet *tablet = host->tablets[at];
    host->tablets[at] = host->tablets[--host->tablet_count];
    struct waited *waited = waited_new();
    tablet_close(tablet, false, &waited->completion);
    enum status status = wait_for(host, waited);
    if (status != STATUS_CANCELLED)
        tablet_unref(tablet);
    return status;
}

enum status host_flush_wait(struct host *host, const char *tablet_id)
{
    struct waited *waited = waited_new();
    tablet_flush(host->tablets[find_tablet(host, tablet_id)], NULL, &waited->completion);
    return wait_for(host, waited);
}

enum status host_compact_wait(struct host *host, const char *tablet_id)
{
    struct waited *waited = waited_new();
    tablet_compact(host->tablets[find_tablet(host, tablet_id)], NULL, true, &waited->completion);
    return wait_for(host, waited);
}

/* ---- Writing ---- */

struct attempt {
    struct write write; /* first */
    struct write_operation operation;
    struct mutation mutation;
    struct cell cells[FAMILIES];
    struct arena arena;
    struct hosts_row *row;
    unsigned number;
    char value[12];
    bool is_done;
};

static void attempt_done(struct write *write)
{
    struct attempt *attempt = (struct attempt *)write;
    attempt->is_done = true;
    bool is_acknowledged = write->status == STATUS_OK && attempt->operation.status == STATUS_OK;
    if (is_acknowledged && attempt->number > attempt->row->acknowledged)
        attempt->row->acknowledged = attempt->number;
}

struct tablet *host_find(struct host *host, unsigned row)
{
    for (size_t i = 0; i < host->tablet_count; i++)
        if (tablet_contains_row(host->tablets[i], hosts_row_name(row)))
            return host->tablets[i];
    return NULL;
}

static struct attempt *begin_write(struct host *host, unsigned row)
{
    struct attempt *attempt = calloc(1, sizeof(*attempt));
    struct tablet *tablet = host_find(host, row);
    assert_non_null(tablet);
    attempt->row = &host->world->rows[row];
    attempt->number = ++attempt->row->attempted;
    snprintf(attempt->value, sizeof(attempt->value), "%u", attempt->number);
    for (size_t i = 0; i < FAMILIES; i++)
        attempt->cells[i] = (struct cell){.row = hosts_row_name(row),
            .family = host->world->schema.families[i].name,
            .qualifier = SPAN_LITERAL("q"),
            .value = span_string(attempt->value),
            .timestamp = TIMESTAMP_LATEST,
            .type = CELL_PUT};
    attempt->mutation = (struct mutation){.kind = MUTATION_PUT,
        .row = hosts_row_name(row),
        .cells = attempt->cells,
        .cell_count = FAMILIES,
        .time_range = TIME_RANGE_ALL};
    attempt->operation = (struct write_operation){
        .row = hosts_row_name(row), .mutations = &attempt->mutation, .mutation_count = 1};
    attempt->write = (struct write){.operations = &attempt->operation,
        .operation_count = 1,
        .arena = &attempt->arena,
        .done = attempt_done};
    tablet_write(tablet, &attempt->write);
    return attempt;
}

void host_write(struct host *host, unsigned row)
{
    (void)begin_write(host, row);
}

void host_write_rows(struct host *host, unsigned from, unsigned to)
{
    struct attempt *attempts[HOSTS_ROWS];
    for (unsigned row = from; row < to; row++)
        attempts[row] = begin_write(host, row);
    for (unsigned row = from; row < to; row++)
        run_for(host->world, &attempts[row]->is_done, UINT64_C(2000000000));
}

/* ---- Verifying ---- */

struct row_read {
    struct read_sink sink; /* first */
    unsigned cells;
    unsigned numbers[FAMILIES];
};

static enum status take_cell(struct read_sink *sink, const struct cell *cell)
{
    struct row_read *read = (struct row_read *)sink;
    char text[16] = {0};
    assert_true(read->cells < FAMILIES && cell->value.size < sizeof(text));
    memcpy(text, cell->value.data, cell->value.size);
    read->numbers[read->cells++] = (unsigned)atoi(text);
    return STATUS_OK;
}

static enum status take_result(struct read_sink *sink, bool is_partial)
{
    (void)sink;
    assert_false(is_partial);
    return STATUS_OK;
}

unsigned host_read_now(struct tablet *tablet, unsigned row)
{
    struct error error = {0};
    struct row_read read = {.sink = {.cell = take_cell, .result = take_result}};
    struct read_request request;
    read_request_init(&request);
    assert_ok(tablet_get(tablet, hosts_row_name(row), &request, true, &read.sink, &error), &error);
    if (read.cells == 1 || (read.cells == 2 && read.numbers[1] != read.numbers[0]))
        fail_msg("half a row %u: %u cells", row, read.cells);
    return read.cells ? read.numbers[0] : 0;
}

void host_verify_now(struct host *host)
{
    for (unsigned row = 0; row < HOSTS_ROWS; row++) {
        struct tablet *tablet = host_find(host, row);
        struct hosts_row *oracle = &host->world->rows[row];
        if (!tablet)
            continue;
        unsigned number = host_read_now(tablet, row);
        if (number < oracle->acknowledged || number > oracle->attempted)
            fail_msg("row %u holds attempt %u; %u was acknowledged, %u begun", row, number,
                oracle->acknowledged, oracle->attempted);
        /* What was read once must be read again. */
        oracle->acknowledged = number;
        host->world->rows_checked++;
    }
}

static enum status verify_body(struct host *host, void *context)
{
    (void)context;
    host_verify_now(host);
    return STATUS_OK;
}

void host_verify(struct host *host)
{
    enum status status;
    assert_true(host_run(host, verify_body, NULL, &status));
    assert_false(host->has_died);
}

static void print_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    (void)context;
    printf("%s: offset %llu: %s\n", path, (unsigned long long)offset, what);
}

void hosts_check(struct hosts_world *world)
{
    struct error error = {0};
    uint64_t problems = 0;
    crash_all(world);
    assert_ok(
        storage_check(world->env, HOSTS_ROOT, print_problem, NULL, NULL, NULL, &problems, &error),
        &error);
    assert_int_equal(problems, 0);
}

/* ---- What several tests begin with ---- */

void hosts_init_pair(struct hosts_world *world, struct host **out_server, struct host **out_master)
{
    hosts_init(world, 1);
    *out_server = hosts_new(world);
    *out_master = hosts_new(world);
    assert_status(host_start(*out_server, STORE_TABLETS), STATUS_OK);
    assert_status(host_start(*out_master, STORE_DOCUMENTS), STATUS_OK);
    store_collector_enable((*out_master)->store, true);
    assert_status(host_open_wait(*out_server, HOSTS_TABLET), STATUS_OK);
    host_write_rows(*out_server, 0, HOSTS_ROWS);
    assert_status(host_flush_wait(*out_server, HOSTS_TABLET), STATUS_OK);
}

enum status host_split(struct host *host, void *context)
{
    (void)context;
    struct tablet_info daughters[2] = {{.id = "bb", .region_id = 2, .end_row = hosts_row_name(8)},
        {.id = "cc", .region_id = 2, .start_row = hosts_row_name(8)}};
    return store_tablet_split(host->store, HOSTS_TABLE, HOSTS_TABLET, daughters, &host->death);
}

static enum status count_name(void *context, const char *name, struct error *error)
{
    (void)name;
    (void)error;
    (*(unsigned *)context)++;
    return STATUS_OK;
}

unsigned hosts_count_names(struct hosts_world *world, const char *folder)
{
    unsigned count = 0;
    char path[128];
    snprintf(path, sizeof(path), HOSTS_ROOT "/%s", folder);
    if (env_directory_list(world->env, path, count_name, &count, NULL))
        return 0;
    return count;
}
