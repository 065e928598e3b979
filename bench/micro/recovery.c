/* How long a dead server's tablets take to be served again: its log is sealed and given an end, and its
 * tablets, with their records spread over the log, are opened by the workers of another store.
 *
 *     recovery [MEGABYTES [TABLETS [THREADS [VALUE_BYTES]]]]      200 MB, 16 tablets, 2 threads, 100 bytes
 *
 * The log is in the page cache: what is measured is the work, not the disk. */
#include <stdio.h>
#include <stdlib.h>

#include "base/dice.h"
#include "base/log_lines.h"
#include "base/mutex.h"
#include "storage/storage.h"

#define TABLE     "11111111111111111111111111111111"
#define BATCH     256
#define IN_FLIGHT 64

struct world {
    struct env *env;
    char root[64];
    unsigned tablets, threads;
    size_t value_bytes;
    struct arena arena;
    struct table_schema schema;
    struct tablet **open;
    struct mutex mutex;
    struct wakeup wakeup;
    unsigned pending; /* guarded */
};

static void must(enum status status, const struct error *error, const char *what)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, error->message);
    exit(1);
}

static void tablet_id(unsigned at, char out_id[TABLET_ID_SIZE])
{
    snprintf(out_id, TABLET_ID_SIZE, "%032x", at);
}

static struct store *open_store(struct world *world, const char *incarnation)
{
    struct error error = {0};
    struct store *store;
    struct store_config config = {.env = world->env,
        .role = STORE_TABLETS,
        .root = world->root,
        .incarnation = incarnation,
        .memtable_budget_bytes = (uint64_t)4 << 30,
        .log_total_bytes = (uint64_t)4 << 30,
        .worker_threads = world->threads};
    must(store_open(&config, &store, &error), &error, "store");
    return store;
}

static void add(struct world *world, int change)
{
    mutex_lock(&world->mutex);
    world->pending += (unsigned)change;
    wakeup_broadcast(&world->wakeup);
    mutex_unlock(&world->mutex);
}

static void wait_below(struct world *world, unsigned limit)
{
    mutex_lock(&world->mutex);
    while (world->pending >= limit)
        wakeup_wait(&world->wakeup, &world->mutex);
    mutex_unlock(&world->mutex);
}

/* ---- Filling the log ---- */

struct batch {
    struct write write; /* first */
    struct world *world;
    struct arena arena;
    struct write_operation operations[BATCH];
    struct mutation mutations[BATCH];
    struct cell cells[BATCH];
};

static void batch_done(struct write *write)
{
    struct batch *batch = (struct batch *)write;
    must(write->status, &write->error, "write");
    arena_deinit(&batch->arena);
    add(batch->world, -1);
    free(batch);
}

static void write_batch(struct world *world, unsigned tablet, struct dice *dice)
{
    struct batch *batch = calloc(1, sizeof(*batch));
    batch->world = world;
    for (unsigned i = 0; i < BATCH; i++) {
        char *row = arena_allocate(&batch->arena, 24);
        uint8_t *value = arena_allocate(&batch->arena, world->value_bytes);
        memset(value, 'v', world->value_bytes);
        snprintf(row, 24, "user%016llx", (unsigned long long)dice_next(dice));
        batch->cells[i] = (struct cell){.row = span_string(row),
            .family = SPAN_LITERAL("f"),
            .qualifier = SPAN_LITERAL("q"),
            .value = span_make(value, world->value_bytes),
            .timestamp = TIMESTAMP_LATEST,
            .type = CELL_PUT};
        batch->mutations[i] = (struct mutation){.kind = MUTATION_PUT,
            .row = batch->cells[i].row,
            .cells = &batch->cells[i],
            .cell_count = 1,
            .time_range = TIME_RANGE_ALL};
        batch->operations[i] = (struct write_operation){
            .row = batch->cells[i].row, .mutations = &batch->mutations[i], .mutation_count = 1};
    }
    batch->write = (struct write){.operations = batch->operations,
        .operation_count = BATCH,
        .arena = &batch->arena,
        .done = batch_done};
    add(world, 1);
    tablet_write(world->open[tablet], &batch->write);
}

static void make_table(struct world *world, struct store *store)
{
    struct error error = {0};
    struct table_descriptor descriptor = {.id = TABLE, .schema = world->schema};
    must(store_table_commit(store, &descriptor, &error), &error, "table");
    struct tablet_info *tablets = calloc(world->tablets, sizeof(*tablets));
    for (unsigned i = 0; i < world->tablets; i++) {
        tablets[i].region_id = i + 1;
        tablet_id(i, tablets[i].id);
    }
    must(store_tablet_create(store, TABLE, tablets, world->tablets, &error), &error, "tablets");
    free(tablets);
}

static void fill(struct world *world, struct store *store, uint64_t megabytes)
{
    struct error error = {0};
    struct dice dice = {1};
    char id[TABLET_ID_SIZE];
    make_table(world, store);
    for (unsigned i = 0; i < world->tablets; i++) {
        tablet_id(i, id);
        must(store_tablet_open(store, TABLE, id, &world->schema, &world->open[i], &error), &error,
            "open");
    }
    uint64_t bytes = 0;
    for (unsigned at = 0; bytes < megabytes << 20; at++) {
        wait_below(world, IN_FLIGHT);
        write_batch(world, at % world->tablets, &dice);
        bytes += BATCH * (world->value_bytes + 40); /* about what the log takes */
    }
    wait_below(world, 1);
}

/* ---- Taking over ---- */

struct opening {
    struct task task; /* first */
    struct world *world;
    struct store *store;
    unsigned at;
};

static void run_opening(struct task *task)
{
    struct opening *opening = (struct opening *)task;
    struct error error = {0};
    char id[TABLET_ID_SIZE];
    tablet_id(opening->at, id);
    must(store_tablet_open(opening->store, TABLE, id, &opening->world->schema,
             &opening->world->open[opening->at], &error),
        &error, "open");
    add(opening->world, -1);
    free(opening);
}

static void take_over(struct world *world, struct store *store, const char *dead)
{
    struct error error = {0};
    uint64_t started_ns = env_monotonic_ns(world->env);
    must(store_bury(store, dead, &error), &error, "bury");
    uint64_t buried_ns = env_monotonic_ns(world->env);
    for (unsigned i = 0; i < world->tablets; i++) {
        struct opening *opening = calloc(1, sizeof(*opening));
        *opening = (struct opening){
            .task = {.run = run_opening}, .world = world, .store = store, .at = i};
        add(world, 1);
        executor_submit(store_workers(store), &opening->task);
    }
    wait_below(world, 1);
    uint64_t opened_ns = env_monotonic_ns(world->env);
    uint64_t cells_bytes = 0;
    for (unsigned i = 0; i < world->tablets; i++) {
        struct tablet_statistics statistics;
        tablet_statistics_read(world->open[i], &statistics);
        cells_bytes += statistics.memtable_bytes;
    }
    printf("tablets=%u threads=%u seal_and_plan_ms=%.1f open_ms=%.1f memtable_mb=%.1f\n",
        world->tablets, world->threads, (double)(buried_ns - started_ns) / 1e6,
        (double)(opened_ns - buried_ns) / 1e6, (double)cells_bytes / 1048576);
}

int main(int argc, char **argv)
{
    log_set_level(LOG_OFF);
    uint64_t megabytes = argc > 1 ? strtoull(argv[1], NULL, 10) : 200;
    struct world world = {.env = env_real(),
        .root = "/tmp/stele-recovery-XXXXXX",
        .tablets = argc > 2 ? (unsigned)atoi(argv[2]) : 16,
        .threads = argc > 3 ? (unsigned)atoi(argv[3]) : 2,
        .value_bytes = argc > 4 ? (size_t)atoi(argv[4]) : 100};
    struct family_schema *family = arena_allocate_zeroed(&world.arena, 1, sizeof(*family));
    struct error error = {0};
    family->name = SPAN_LITERAL("f");
    world.schema = (struct table_schema){
        .name = SPAN_LITERAL("t"), .families = family, .family_count = 1};
    must(table_schema_check(&world.schema, &error), &error, "schema");
    if (!mkdtemp(world.root))
        return 1;
    world.open = calloc(world.tablets, sizeof(struct tablet *));
    mutex_init(&world.mutex, LOCK_RANK_CLIENT);
    wakeup_init(&world.wakeup);

    struct store *dead = open_store(&world, "dead,1,1");
    fill(&world, dead, megabytes);
    struct store_statistics statistics;
    store_statistics_read(dead, &statistics);
    printf("log_mb=%.0f segments=%llu records=%llu ", (double)statistics.log_bytes / 1048576,
        (unsigned long long)statistics.log_segments, (unsigned long long)statistics.log_records);
    struct store *next = open_store(&world, "next,1,1");
    take_over(&world, next, "dead,1,1");

    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", world.root);
    return system(command) != 0; /* the dead one's threads go with the process */
}
