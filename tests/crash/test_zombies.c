/* Zombies at every pause point of the ownership path, with real threads over a real directory: an owner,
 * or a recoverer, stands still at a named point; meanwhile another store buries it, takes the tablet
 * and goes on writing; then the first goes on. It must acknowledge nothing that the other does not
 * have, and the owner ends itself. 200 cycles; STELE_ZOMBIES=N for more. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "base/mutex.h"
#include "base/pause.h"
#include "storage/storage.h"
#include "tests/support/support.h"

#define TABLE  "11111111111111111111111111111111"
#define TABLET "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ROWS   8
#define CYCLES 200

/* What the one that stands still does. */
enum act { ACT_WRITE, ACT_FLUSH, ACT_CLOSE, ACT_OPEN, ACT_RECOVER, ACT_WRITE_MUCH };

static const struct point {
    const char *name;
    enum act act;
    bool must_die; /* an owner cannot go on after it; else it may have been done before the seal */
} points[] = {
    {"log.write.before", ACT_WRITE, true},
    {"log.write.after", ACT_WRITE, true},
    {"log.sync.before", ACT_WRITE, true},
    {"log.sync.after", ACT_WRITE, true},
    {"log.look.after", ACT_WRITE, false},
    {"log.switch.between", ACT_WRITE_MUCH, false},
    {"log.rename.after", ACT_WRITE_MUCH, false},
    {"flush.commit.before", ACT_FLUSH, true},
    {"chain.link.before", ACT_FLUSH, true},
    {"chain.link.after", ACT_FLUSH, true},
    {"chain.sync.after", ACT_FLUSH, true},
    {"chain.link.before", ACT_CLOSE, true},
    {"chain.link.after", ACT_CLOSE, false},
    {"open.commit.before", ACT_OPEN, false},
    {"chain.link.before", ACT_OPEN, false},
    {"chain.link.after", ACT_OPEN, false},
    {"seal.link.before", ACT_RECOVER, false},
    {"seal.link.after", ACT_RECOVER, false},
    {"plan.link.before", ACT_RECOVER, false},
    {"plan.link.after", ACT_RECOVER, false},
    {"recovery.segment.before", ACT_RECOVER, false},
    {"open.commit.before", ACT_RECOVER, false},
};

enum { POINTS = sizeof(points) / sizeof(points[0]) };

static struct {
    char *root;
    struct arena arena;
    struct table_schema schema;
    struct mutex mutex;
    struct wakeup wakeup;
    unsigned starts;
    unsigned attempted[ROWS];
    unsigned acknowledged[ROWS];
    bool is_reached, may_go_on; /* the pause */
} world;

struct server {
    struct store *store;
    struct tablet *tablet;
    char incarnation[32];
    bool has_died;    /* guarded by the world's mutex */
    unsigned pending; /* guarded: writes and other things asked for */
};

static void wake(void)
{
    wakeup_broadcast(&world.wakeup);
}

static void note_death(void *context, const struct error *error)
{
    (void)error;
    mutex_lock(&world.mutex);
    ((struct server *)context)->has_died = true;
    wake();
    mutex_unlock(&world.mutex);
}

static void start(struct server *server)
{
    struct error error = {0};
    *server = (struct server){0};
    snprintf(server->incarnation, sizeof(server->incarnation), "host,1,%u", ++world.starts);
    struct store_config config = {.env = env_real(),
        .role = STORE_TABLETS,
        .root = world.root,
        .incarnation = server->incarnation,
        .cache_budget_bytes = 1 << 20,
        .log_segment_bytes = 256 << 10,
        .worker_threads = 2,
        .fatal = note_death,
        .fatal_context = server};
    assert_ok(store_open(&config, &server->store, &error), &error);
}

static enum status open_tablet(struct server *server, struct error *error)
{
    return store_tablet_open(server->store, TABLE, TABLET, &world.schema, &server->tablet, error);
}

/* ---- The pause ---- */

static void stand_still(void *context)
{
    (void)context;
    mutex_lock(&world.mutex);
    bool is_first = !world.is_reached;
    world.is_reached = true;
    wake();
    while (is_first && !world.may_go_on)
        wakeup_wait(&world.wakeup, &world.mutex);
    mutex_unlock(&world.mutex);
}

/* ---- Writing ---- */

struct attempt {
    struct write write; /* first */
    struct write_operation operation;
    struct mutation mutation;
    struct cell cell;
    struct arena arena;
    struct server *server;
    unsigned row, number;
    char name[8];
    char *value;
};

static void attempt_done(struct write *write)
{
    struct attempt *attempt = (struct attempt *)write;
    mutex_lock(&world.mutex);
    if (write->status == STATUS_OK && attempt->operation.status == STATUS_OK &&
        attempt->number > world.acknowledged[attempt->row])
        world.acknowledged[attempt->row] = attempt->number;
    attempt->server->pending--;
    wake();
    mutex_unlock(&world.mutex);
    arena_deinit(&attempt->arena);
    free(attempt->value);
    free(attempt);
}

static void begin_write(struct server *server, unsigned row, size_t value_size)
{
    struct attempt *attempt = calloc(1, sizeof(*attempt));
    attempt->server = server;
    attempt->row = row;
    attempt->value = malloc(value_size);
    memset(attempt->value, ' ', value_size);
    snprintf(attempt->name, sizeof(attempt->name), "r%u", row);
    mutex_lock(&world.mutex);
    attempt->number = ++world.attempted[row];
    server->pending++;
    mutex_unlock(&world.mutex);
    snprintf(attempt->value, value_size, "%u", attempt->number);
    attempt->cell = (struct cell){.row = span_string(attempt->name),
        .family = SPAN_LITERAL("f"),
        .qualifier = SPAN_LITERAL("q"),
        .value = span_make(attempt->value, value_size),
        .timestamp = TIMESTAMP_LATEST,
        .type = CELL_PUT};
    attempt->mutation = (struct mutation){.kind = MUTATION_PUT,
        .row = attempt->cell.row,
        .cells = &attempt->cell,
        .cell_count = 1,
        .time_range = TIME_RANGE_ALL};
    attempt->operation = (struct write_operation){
        .row = attempt->cell.row, .mutations = &attempt->mutation, .mutation_count = 1};
    attempt->write = (struct write){.operations = &attempt->operation,
        .operation_count = 1,
        .arena = &attempt->arena,
        .done = attempt_done};
    tablet_write(server->tablet, &attempt->write);
}

static void wait_idle(struct server *server)
{
    mutex_lock(&world.mutex);
    while (server->pending > 0)
        wakeup_wait(&world.wakeup, &world.mutex);
    mutex_unlock(&world.mutex);
}

static void write_all(struct server *server)
{
    for (unsigned row = 0; row < ROWS; row++)
        begin_write(server, row, 16);
    wait_idle(server);
}

/* ---- Reading ---- */

struct row_read {
    struct read_sink sink; /* first */
    unsigned number;
};

static enum status take_cell(struct read_sink *sink, const struct cell *cell)
{
    ((struct row_read *)sink)->number = (unsigned)atoi((const char *)cell->value.data);
    return STATUS_OK;
}

static enum status take_result(struct read_sink *sink, bool is_partial)
{
    (void)sink;
    (void)is_partial;
    return STATUS_OK;
}

/* Every row is at least what was acknowledged, by whomever, and what is seen stays seen. */
static void verify(struct server *server, const char *point)
{
    for (unsigned row = 0; row < ROWS; row++) {
        struct error error = {0};
        struct row_read read = {.sink = {.cell = take_cell, .result = take_result}};
        struct read_request request;
        char name[8];
        snprintf(name, sizeof(name), "r%u", row);
        read_request_init(&request);
        assert_ok(tablet_get(server->tablet, span_string(name), &request, true, &read.sink, &error),
            &error);
        if (read.number < world.acknowledged[row] || read.number > world.attempted[row])
            fail_msg("%s: row %u holds %u; %u was acknowledged, %u begun", point, row, read.number,
                world.acknowledged[row], world.attempted[row]);
        world.acknowledged[row] = read.number;
    }
}

/* ---- The one that stands still ---- */

struct asked {
    struct completion completion; /* first */
    struct task task;
    struct server *server;
    const char *dead; /* to be buried first, or NULL */
    enum status status;
};

static void asked_done(struct completion *completion)
{
    struct asked *asked = (struct asked *)completion;
    mutex_lock(&world.mutex);
    asked->status = completion->status;
    asked->server->pending--;
    wake();
    mutex_unlock(&world.mutex);
}

static void run_open(struct task *task)
{
    struct asked *asked = (struct asked *)((char *)task - offsetof(struct asked, task));
    struct error error;
    enum status status = STATUS_OK;
    if (asked->dead)
        status = store_bury(asked->server->store, asked->dead, &error);
    if (status == STATUS_OK)
        status = open_tablet(asked->server, &error);
    asked->completion.status = status;
    asked_done(&asked->completion);
}

static void act(struct server *server, enum act what, struct asked *asked)
{
    asked->server = server;
    asked->completion.done = asked_done;
    asked->task.run = run_open;
    if (what == ACT_WRITE || what == ACT_WRITE_MUCH) {
        for (unsigned row = 0; row < ROWS; row++)
            begin_write(server, row, what == ACT_WRITE ? 16 : 100 << 10);
        return;
    }
    mutex_lock(&world.mutex);
    server->pending++;
    mutex_unlock(&world.mutex);
    if (what == ACT_FLUSH)
        tablet_flush(server->tablet, NULL, &asked->completion);
    else if (what == ACT_CLOSE)
        tablet_close(server->tablet, false, &asked->completion);
    else
        executor_submit(store_workers(server->store), &asked->task);
}

/* ---- A cycle ---- */

static void free_server(struct server *server)
{
    tablet_unref(server->tablet);
    store_free(server->store);
}

static bool run_cycle(const struct point *point)
{
    struct server owner, zombie, other;
    struct error error = {0};
    struct asked asked = {0};
    bool is_owner = point->act != ACT_OPEN && point->act != ACT_RECOVER;
    /* Somebody served it before: the zombie itself, or one that closed it or is dead. */
    start(is_owner ? &zombie : &owner);
    struct server *first = is_owner ? &zombie : &owner;
    assert_ok(open_tablet(first, &error), &error);
    write_all(first);
    if (point->act == ACT_OPEN) {
        struct asked closing = {0};
        act(&owner, ACT_CLOSE, &closing);
        wait_idle(&owner);
        assert_ok(closing.status, &closing.completion.error);
    }
    if (!is_owner)
        start(&zombie);
    start(&other);
    if (point->act == ACT_RECOVER)
        asked.dead = owner.incarnation;

    world.is_reached = world.may_go_on = false;
    pause_arm(point->name, stand_still, NULL);
    act(&zombie, point->act, &asked);
    mutex_lock(&world.mutex);
    while (!world.is_reached)
        wakeup_wait(&world.wakeup, &world.mutex);
    mutex_unlock(&world.mutex);
    pause_arm(point->name, NULL, NULL);

    if (!is_owner)
        assert_ok(store_bury(other.store, owner.incarnation, &error), &error);
    assert_ok(store_bury(other.store, zombie.incarnation, &error), &error);
    assert_ok(open_tablet(&other, &error), &error);
    verify(&other, point->name);
    write_all(&other);
    /* So that the number that the other one is about to commit is free again. */
    struct asked flushing = {0};
    act(&other, ACT_FLUSH, &flushing);
    wait_idle(&other);
    assert_ok(flushing.status, &flushing.completion.error);

    mutex_lock(&world.mutex);
    world.may_go_on = true;
    wake();
    mutex_unlock(&world.mutex);
    wait_idle(&zombie);
    verify(&other, point->name);
    write_all(&other);
    verify(&other, point->name);
    bool has_died = zombie.has_died;
    if (point->must_die && !has_died)
        fail_msg("%s: the old owner lives", point->name);
    if (!is_owner && asked.status == STATUS_OK && store_look(zombie.store, &error) == STATUS_OK)
        fail_msg("%s: two have the tablet", point->name);

    if (!is_owner)
        free_server(&owner);
    free_server(&zombie);
    /* The next cycle finds it closed, and this one's records flushed. */
    struct asked closing = {0};
    act(&other, ACT_CLOSE, &closing);
    wait_idle(&other);
    assert_ok(closing.status, &closing.completion.error);
    free_server(&other);
    return has_died;
}

static void make_world(void)
{
    struct error error = {0};
    struct server server;
    world.root = test_directory_new();
    mutex_init(&world.mutex, LOCK_RANK_CLIENT);
    wakeup_init(&world.wakeup);
    world.schema.name = SPAN_LITERAL("t");
    world.schema.families = arena_allocate_zeroed(&world.arena, 1, sizeof(*world.schema.families));
    world.schema.family_count = 1;
    world.schema.families[0].name = SPAN_LITERAL("f");
    assert_ok(table_schema_check(&world.schema, &error), &error);
    start(&server);
    struct table_descriptor descriptor = {.id = TABLE, .schema = world.schema};
    struct tablet_info tablet = {.id = TABLET, .region_id = 1};
    assert_ok(store_table_commit(server.store, &descriptor, &error), &error);
    assert_ok(store_tablet_create(server.store, TABLE, &tablet, 1, &error), &error);
    free_server(&server);
}

static void a_zombie_at_any_pause_point_acknowledges_nothing(void **state)
{
    (void)state;
    const char *text = getenv("STELE_ZOMBIES");
    unsigned cycles = text ? (unsigned)atoi(text) : CYCLES;
    unsigned died = 0;
    make_world();
    for (unsigned i = 0; i < cycles; i++) {
        if (getenv("STELE_CRASH_TRACE"))
            fprintf(stderr, "cycle %u: %s\n", i, points[i % POINTS].name);
        died += run_cycle(&points[i % POINTS]);
    }
    printf("zombies: %u at %d points, of which ended themselves: %u\n", cycles, POINTS, died);
    assert_true(died >= cycles / 4);
    wakeup_deinit(&world.wakeup);
    mutex_deinit(&world.mutex);
    arena_deinit(&world.arena);
    test_directory_remove(world.root);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zombie_at_any_pause_point_acknowledges_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
