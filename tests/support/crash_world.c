#include "tests/support/crash_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/support.h"

#define ROOT   "root"
#define SECOND ((uint64_t)1000000000)

/* Unique over all tables, as HBase's encoded names are. */
static const char *tablet_id(const struct crash_table *table, unsigned tablet)
{
    static const char *const ids[CRASH_TABLES][CRASH_TABLETS] = {
        {"1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},
        {"2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "2bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},
        {"3aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "3bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}};
    return ids[atoi(table->id) - 1][tablet];
}

static struct span row_name(unsigned tablet, unsigned row)
{
    static const char *const names[CRASH_TABLETS][CRASH_ROWS] = {
        {"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"},
        {"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"}};
    return span_string(names[tablet][row]);
}

static void note_death(void *context, const struct error *error)
{
    struct crash_world *world = context;
    if (!world->has_died)
        world->death = *error;
    world->has_died = true;
}

static void make_schema(struct crash_world *world)
{
    static const char *const families[] = {"f", "g"};
    struct table_schema *schema = &world->schema;
    schema->name = SPAN_LITERAL("t");
    schema->families = arena_allocate_zeroed(&world->arena, 2, sizeof(*schema->families));
    schema->family_count = 2;
    for (unsigned i = 0; i < 2; i++)
        schema->families[i].name = span_string(families[i]);
    struct error error;
    assert_ok(table_schema_check(schema, &error), &error);
}

void crash_world_init(struct crash_world *world, uint64_t seed)
{
    *world = (struct crash_world){.env = env_memory_new(seed, ENV_MEMORY_SEEDED)};
    make_schema(world);
    for (unsigned i = 0; i < CRASH_TABLES; i++)
        snprintf(world->tables[i].id, sizeof(world->tables[i].id), "%032u", i + 1);
}

void crash_world_deinit(struct crash_world *world)
{
    if (world->store)
        crash_world_kill(world);
    arena_deinit(&world->arena);
    env_memory_free(world->env);
}

/* ---- Waiting ---- */

struct waited {
    struct completion completion; /* first */
    bool is_done;
};

static void waited_done(struct completion *completion)
{
    ((struct waited *)completion)->is_done = true;
}

/* STATUS_CANCELLED: it never came to an end, for the world ended first. */
static enum status wait_for(struct crash_world *world, struct waited *waited)
{
    env_memory_run_until(world->env, &waited->is_done, UINT64_MAX);
    return waited->is_done ? waited->completion.status : STATUS_CANCELLED;
}

/* ---- Starting and stopping ---- */

static enum status open_tablet(
    struct crash_world *world, struct crash_table *table, unsigned tablet, struct error *error)
{
    if (table->tablets[tablet])
        return STATUS_OK;
    return store_tablet_open(world->store, table->id, tablet_id(table, tablet), &world->schema,
        &table->tablets[tablet], error);
}

static enum status note_table(
    void *context, const struct table_descriptor *descriptor, struct error *error)
{
    struct crash_world *world = context;
    for (unsigned i = 0; i < CRASH_TABLES; i++) {
        if (strcmp(world->tables[i].id, descriptor->id) != 0)
            continue;
        world->tables[i].descriptor_version = descriptor->version;
        return STATUS_OK;
    }
    return error_set(error, STATUS_CORRUPT, "table %s was never made", descriptor->id);
}

static enum status count_tablet(
    void *context, const struct tablet_info *tablet, struct error *error)
{
    if (tablet->damage)
        return error_set(error, STATUS_CORRUPT, "%s", tablet->damage);
    if (tablet->state == TABLET_OPEN || tablet->state == TABLET_CLOSED)
        (*(unsigned *)context)++;
    return STATUS_OK;
}

static enum status create_tablets(
    struct crash_world *world, struct crash_table *table, struct error *error)
{
    struct tablet_info tablets[CRASH_TABLETS] = {{.region_id = 1}, {.region_id = 2}};
    tablets[0].end_row = tablets[1].start_row = SPAN_LITERAL("m");
    for (unsigned i = 0; i < CRASH_TABLETS; i++) {
        strcpy(tablets[i].id, tablet_id(table, i));
        strcpy(tablets[i].table_id, table->id);
    }
    return store_tablet_create(world->store, table->id, tablets, CRASH_TABLETS, error);
}

static enum status open_all(struct crash_world *world, struct error *error)
{
    struct arena arena = {0};
    for (unsigned i = 0; i < CRASH_TABLES; i++)
        world->tables[i].descriptor_version = 0;
    enum status status = store_table_list(world->store, &arena, note_table, world, error);
    for (unsigned i = 0; i < CRASH_TABLES && status == STATUS_OK; i++) {
        struct crash_table *table = &world->tables[i];
        unsigned tablets = 0;
        if (table->descriptor_version == 0)
            continue;
        status = store_tablet_list(world->store, table->id, &arena, count_tablet, &tablets, error);
        if (status == STATUS_OK && tablets < CRASH_TABLETS) /* the procedure that was cut repeats */
            status = create_tablets(world, table, error);
        for (unsigned k = 0; k < CRASH_TABLETS && status == STATUS_OK; k++)
            status = open_tablet(world, table, k, error);
    }
    arena_deinit(&arena);
    return status;
}

enum status crash_world_start(struct crash_world *world, struct error *error)
{
    char incarnation[32];
    snprintf(incarnation, sizeof(incarnation), "host,16000,%u", ++world->starts);
    struct store_config config = {
        .env = world->env,
        .root = ROOT,
        .incarnation = incarnation,
        .memtable_budget_bytes = 8 << 20,
        .cache_budget_bytes = 1 << 20,
        .log_segment_bytes = 16 << 10,
        .log_total_bytes = 64 << 10,
        .fatal = note_death,
        .fatal_context = world,
    };
    world->has_died = false;
    enum status status = store_open(&config, &world->store, error);
    return status ? status : open_all(world, error);
}

static void release_tablets(struct crash_world *world)
{
    for (unsigned i = 0; i < CRASH_TABLES; i++)
        for (unsigned k = 0; k < CRASH_TABLETS; k++) {
            if (world->tables[i].tablets[k])
                tablet_unref(world->tables[i].tablets[k]);
            world->tables[i].tablets[k] = NULL;
        }
}

void crash_world_stop(struct crash_world *world)
{
    struct waited waited = {.completion = {.done = waited_done}};
    store_close(world->store, 5000, &waited.completion);
    (void)wait_for(world, &waited);
    release_tablets(world);
    store_free(world->store);
    world->store = NULL;
}

void crash_world_kill(struct crash_world *world)
{
    /* Nothing reaches the disk from here on; what is queued ends against that. */
    if (!env_memory_is_cut(world->env))
        env_memory_cut_at(world->env, env_memory_call_count(world->env) + 1);
    release_tablets(world);
    store_free(world->store);
    world->store = NULL;
}

/* ---- Writing ---- */

struct attempt {
    struct write write; /* first */
    struct write_operation operation;
    struct mutation mutation;
    struct cell cells[2];
    struct arena arena;
    struct crash_row *row;
    unsigned number;
    char value[200];
    bool is_done;
};

static void attempt_done(struct write *write)
{
    struct attempt *attempt = (struct attempt *)write;
    attempt->is_done = true;
    if (write->status != STATUS_OK || attempt->operation.status != STATUS_OK)
        return;
    if (attempt->mutation.kind == MUTATION_INCREMENT)
        attempt->row->acknowledged++;
    else
        attempt->row->acknowledged = attempt->number;
}

static void begin_attempt(struct attempt *attempt, struct crash_table *table, unsigned tablet,
    unsigned row, enum mutation_kind kind)
{
    static const char *const families[] = {"f", "g"};
    memset(attempt, 0, sizeof(*attempt));
    attempt->row = &table->rows[tablet][row];
    attempt->number = ++attempt->row->attempted;
    attempt->row->is_delete[attempt->number] = kind == MUTATION_DELETE;
    int size = snprintf(attempt->value, sizeof(attempt->value), "%u ", attempt->number);
    memset(attempt->value + size, 'x', sizeof(attempt->value) - (size_t)size);
    uint8_t *one = (uint8_t *)attempt->value;
    if (kind == MUTATION_INCREMENT)
        store_be64(one, 1);
    struct span name = row_name(tablet, row);
    for (unsigned i = 0; i < 2; i++)
        attempt->cells[i] = (struct cell){
            .row = name,
            .family = span_string(families[i]),
            .qualifier = kind == MUTATION_DELETE ? SPAN_EMPTY : span_string("q"),
            .value = kind == MUTATION_DELETE ? SPAN_EMPTY
                     : kind == MUTATION_INCREMENT
                         ? span_make(one, 8)
                         : span_make(attempt->value, sizeof(attempt->value)),
            .timestamp = TIMESTAMP_LATEST,
            .type = kind == MUTATION_DELETE ? CELL_DELETE_FAMILY : CELL_PUT,
        };
    attempt->mutation = (struct mutation){.kind = kind,
        .row = name,
        .cells = attempt->cells,
        .cell_count = 2,
        .time_range = TIME_RANGE_ALL};
    attempt->operation = (struct write_operation){
        .row = name, .mutations = &attempt->mutation, .mutation_count = 1};
    attempt->write = (struct write){.operations = &attempt->operation,
        .operation_count = 1,
        .arena = &attempt->arena,
        .done = attempt_done};
    tablet_write(table->tablets[tablet], &attempt->write);
}

/* Some rows at once, each once. */
static void write_some(struct crash_world *world, struct crash_table *table, struct dice *dice)
{
    enum { MOST = 6 };
    struct attempt attempts[MOST];
    unsigned count = 0;
    for (unsigned tablet = 0; tablet < CRASH_TABLETS; tablet++)
        for (unsigned row = 0; row < CRASH_ROWS && count < MOST; row++) {
            if (!dice_chance(dice, 35) || table->rows[tablet][row].attempted == CRASH_ATTEMPTS)
                continue;
            enum mutation_kind kind = row == CRASH_ROWS - 1   ? MUTATION_INCREMENT
                                      : dice_chance(dice, 15) ? MUTATION_DELETE
                                                              : MUTATION_PUT;
            begin_attempt(&attempts[count++], table, tablet, row, kind);
        }
    for (unsigned i = 0; i < count; i++) {
        env_memory_run_until(world->env, &attempts[i].is_done, UINT64_MAX);
        assert_true(attempts[i].is_done || world->has_died);
        arena_deinit(&attempts[i].arena);
    }
    /* A marker hides what has its own millisecond. */
    env_memory_advance_ns(world->env, 2000000);
}

/* ---- Tables ---- */

static enum status commit_descriptor(
    struct crash_world *world, struct crash_table *table, enum table_state state)
{
    struct table_descriptor descriptor = {
        .version = table->descriptor_version, .state = state, .schema = world->schema};
    strcpy(descriptor.id, table->id);
    enum status status = store_table_commit(world->store, &descriptor, NULL);
    if (status == STATUS_OK)
        table->descriptor_version = descriptor.version;
    return status;
}

static void create_table(struct crash_world *world, struct crash_table *table)
{
    table->is_create_begun = true;
    enum status status = commit_descriptor(world, table, TABLE_ENABLED);
    if (status == STATUS_OK)
        status = create_tablets(world, table, NULL);
    for (unsigned i = 0; i < CRASH_TABLETS && status == STATUS_OK; i++)
        status = open_tablet(world, table, i, NULL);
    table->is_create_answered = status == STATUS_OK;
}

static enum status close_tablet(
    struct crash_world *world, struct crash_table *table, unsigned tablet, bool is_dropped)
{
    struct waited waited = {.completion = {.done = waited_done}};
    tablet_close(table->tablets[tablet], is_dropped, &waited.completion);
    enum status status = wait_for(world, &waited);
    tablet_unref(table->tablets[tablet]);
    table->tablets[tablet] = NULL;
    return status;
}

static void drop_table(struct crash_world *world, struct crash_table *table)
{
    table->is_drop_begun = true;
    enum status status = commit_descriptor(world, table, TABLE_DROPPED);
    for (unsigned i = 0; i < CRASH_TABLETS && status == STATUS_OK; i++)
        status = close_tablet(world, table, i, true);
    table->is_drop_answered = status == STATUS_OK;
    if (status == STATUS_OK)
        (void)store_table_remove(world->store, table->id, NULL);
}

static void flush(struct crash_world *world, struct crash_table *table, unsigned tablet)
{
    struct waited waited = {.completion = {.done = waited_done}};
    tablet_flush(table->tablets[tablet], NULL, &waited.completion);
    (void)wait_for(world, &waited);
}

static void compact(
    struct crash_world *world, struct crash_table *table, unsigned tablet, bool is_major)
{
    struct waited waited = {.completion = {.done = waited_done}};
    tablet_compact(table->tablets[tablet], NULL, is_major, &waited.completion);
    (void)wait_for(world, &waited);
}

/* ---- The workload ---- */

static bool is_up(const struct crash_world *world, const struct crash_table *table)
{
    return !world->has_died && !env_memory_is_cut(world->env) && table->is_create_answered &&
           table->tablets[0] && table->tablets[1];
}

static void run_first_life(struct crash_world *world, struct dice *dice)
{
    struct crash_table *first = &world->tables[0];
    struct crash_table *second = &world->tables[1];
    create_table(world, first);
    for (int i = 0; i < 6 && is_up(world, first); i++)
        write_some(world, first, dice);
    if (is_up(world, first))
        flush(world, first, 0);
    for (int i = 0; i < 4 && is_up(world, first); i++)
        write_some(world, first, dice);
    create_table(world, second);
    for (int i = 0; i < 3 && is_up(world, second); i++)
        write_some(world, second, dice);
    if (is_up(world, first))
        flush(world, first, 0);
    if (is_up(world, first))
        compact(world, first, 0, dice_chance(dice, 50));
    if (is_up(world, second))
        flush(world, second, 1);
    for (int i = 0; i < 4 && is_up(world, first); i++)
        write_some(world, first, dice);
    if (is_up(world, second))
        drop_table(world, second);
    env_memory_run_until(world->env, NULL, 10 * SECOND); /* the collector passes */
    for (int i = 0; i < 3 && is_up(world, first); i++)
        write_some(world, first, dice);
}

static void run_second_life(struct crash_world *world, struct dice *dice)
{
    struct crash_table *first = &world->tables[0];
    struct crash_table *third = &world->tables[2];
    for (int i = 0; i < 3 && is_up(world, first); i++)
        write_some(world, first, dice);
    if (is_up(world, first))
        flush(world, first, 1);
    create_table(world, third);
    for (int i = 0; i < 2 && is_up(world, third); i++)
        write_some(world, third, dice);
    env_memory_run_until(world->env, NULL, 10 * SECOND);
    if (is_up(world, first))
        compact(world, first, 1, true);
    for (int i = 0; i < 2 && is_up(world, first); i++)
        write_some(world, first, dice);
}

void crash_world_run(struct crash_world *world, uint64_t seed)
{
    struct dice dice = {seed};
    if (crash_world_start(world, NULL))
        return;
    run_first_life(world, &dice);
    if (world->has_died || env_memory_is_cut(world->env))
        return;
    if (seed % 2) {
        crash_world_stop(world);
    } else { /* kill -9 */
        crash_world_kill(world);
        env_memory_power_cut(world->env, ENV_CUT_KEEP_ALL);
    }
    struct error error = {0};
    if (env_memory_is_cut(world->env))
        return;
    if (crash_world_start(world, &error)) {
        return;
    }
    run_second_life(world, &dice);
}

/* ---- Verifying ---- */

struct row_read {
    struct read_sink sink; /* first */
    unsigned cells;
    uint64_t numbers[2];
};

static enum status take_cell(struct read_sink *sink, const struct cell *cell)
{
    struct row_read *read = (struct row_read *)sink;
    assert_true(read->cells < 2);
    if (cell->value.size == 8) {
        read->numbers[read->cells++] = load_be64(cell->value.data);
    } else {
        assert_int_equal(cell->value.size, 200);
        read->numbers[read->cells++] = (uint64_t)atoi((const char *)cell->value.data);
    }
    return STATUS_OK;
}

static enum status take_result(struct read_sink *sink, bool is_partial)
{
    (void)sink;
    assert_false(is_partial);
    return STATUS_OK;
}

static void check_row(const struct crash_row *row, const struct row_read *read, bool is_counter,
    const char *table, struct span name)
{
    if (read->cells == 1)
        fail_msg("half a row: %.2s of table %s", (const char *)name.data, table);
    if (read->cells == 2 && read->numbers[0] != read->numbers[1])
        fail_msg("a torn row: %.2s of table %s has %llu and %llu", (const char *)name.data, table,
            (unsigned long long)read->numbers[0], (unsigned long long)read->numbers[1]);
    uint64_t number = read->cells ? read->numbers[0] : 0;
    if (is_counter) {
        if (number < row->acknowledged || number > row->attempted)
            fail_msg("counter %.2s of table %s is %llu, %u were acknowledged, %u begun",
                (const char *)name.data, table, (unsigned long long)number, row->acknowledged,
                row->attempted);
        return;
    }
    bool is_possible = false;
    for (unsigned i = row->acknowledged; i <= row->attempted && !is_possible; i++)
        is_possible = read->cells ? number == i && !row->is_delete[i] : i == 0 || row->is_delete[i];
    if (!is_possible)
        fail_msg("row %.2s of table %s holds attempt %llu, %u was acknowledged, %u begun",
            (const char *)name.data, table, (unsigned long long)number, row->acknowledged,
            row->attempted);
}

static enum status verify_table(
    struct crash_world *world, struct crash_table *table, struct error *error)
{
    for (unsigned tablet = 0; tablet < CRASH_TABLETS; tablet++)
        for (unsigned row = 0; row < CRASH_ROWS; row++) {
            struct read_request request;
            struct row_read read = {.sink = {.cell = take_cell, .result = take_result}};
            read_request_init(&request);
            struct span name = row_name(tablet, row);
            enum status status = tablet_get(
                table->tablets[tablet], name, &request, true, &read.sink, error);
            if (status)
                return status;
            check_row(&table->rows[tablet][row], &read, row == CRASH_ROWS - 1, table->id, name);
            world->rows_checked++;
        }
    return STATUS_OK;
}

enum status crash_world_verify(struct crash_world *world, struct error *error)
{
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < CRASH_TABLES && status == STATUS_OK; i++) {
        struct crash_table *table = &world->tables[i];
        bool is_there = table->descriptor_version > 0;
        if (is_there && table->is_drop_answered)
            fail_msg("table %s was dropped and is there", table->id);
        if (!is_there && table->is_create_answered && !table->is_drop_begun)
            fail_msg("table %s was made and is not there", table->id);
        if (table->is_drop_begun || !is_there || !table->tablets[0] || !table->tablets[1]) {
            assert_true(!is_there || !table->is_create_answered || table->is_drop_begun);
            continue;
        }
        status = verify_table(world, table, error);
    }
    return status;
}

static void print_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    (void)context;
    printf("%s: offset %llu: %s\n", path, (unsigned long long)offset, what);
}

void crash_world_check(struct crash_world *world)
{
    struct error error = {0};
    uint64_t problems = 0;
    assert_ok(storage_check(world->env, ROOT, print_problem, NULL, NULL, NULL, &problems, &error),
        &error);
    assert_int_equal(problems, 0);
}
