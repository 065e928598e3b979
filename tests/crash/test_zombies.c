/* Zombies at every pause point of the ownership path, with real threads over a real directory: an owner,
 * or a recoverer, stands still at a named point; meanwhile another store buries it, takes the tablet
 * and goes on writing; then the first goes on. It must acknowledge nothing that the other does not
 * have, and the owner ends itself. 200 cycles; STELE_ZOMBIES=N for more. And masters in a split or a merge. (One who
 * stands still before the answer of a read leaves: tests/unit/server/test_peers.c, tests/cluster/run-zombies.) */
#include <stdio.h>
#include <stdlib.h>

#include "base/log_lines.h"
#include "base/mutex.h"
#include "base/pause.h"
#include "storage/storage.h"
#include "tests/support/support.h"

#define TABLE     "11111111111111111111111111111111"
#define TABLET    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ROWS      8 /* "r0" .. */
#define RIGHT_ROW 4
#define CYCLES    200

/* What the one that stands still does. */
enum act {
    ACT_WRITE,
    ACT_FLUSH,
    ACT_COMPACT,
    ACT_CLOSE,
    ACT_OPEN,
    ACT_RECOVER,
    ACT_WRITE_MUCH,
};

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
    {"compaction.commit.before", ACT_COMPACT, true},
    {"close.flush.before", ACT_CLOSE, true},
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
    struct tablet *right; /* of a split, with the rows from RIGHT_ROW on; NULL = tablet has them */
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

static struct tablet *tablet_of(const struct server *server, unsigned row)
{
    return server->right && row >= RIGHT_ROW ? server->right : server->tablet;
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
    tablet_write(tablet_of(server, row), &attempt->write);
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
        assert_ok(tablet_get(tablet_of(server, row), span_string(name), &request, true, &read.sink,
                      &error),
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

/* Who asks may be the one that stands still. */
static void run_close(struct task *task)
{
    struct asked *asked = (struct asked *)((char *)task - offsetof(struct asked, task));
    tablet_close(asked->server->tablet, false, &asked->completion);
}

static void act(struct server *server, enum act what, struct asked *asked)
{
    asked->server = server;
    asked->completion.done = asked_done;
    asked->task.run = what == ACT_CLOSE ? run_close : run_open;
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
    else if (what == ACT_COMPACT)
        tablet_compact(server->tablet, NULL, true, &asked->completion);
    else
        executor_submit(store_workers(server->store), &asked->task);
}

/* ---- A cycle ---- */

static void free_server(struct server *server)
{
    tablet_unref(server->tablet);
    tablet_unref(server->right);
    store_free(server->store);
}

static void close_tablet(struct server *server)
{
    struct asked closing = {0};
    act(server, ACT_CLOSE, &closing);
    wait_idle(server);
    assert_ok(closing.status, &closing.completion.error);
}

static void flush_tablet(struct server *server)
{
    struct asked flushing = {0};
    act(server, ACT_FLUSH, &flushing);
    wait_idle(server);
    assert_ok(flushing.status, &flushing.completion.error);
}

static void wait_reached(const char *point)
{
    mutex_lock(&world.mutex);
    while (!world.is_reached)
        wakeup_wait(&world.wakeup, &world.mutex);
    mutex_unlock(&world.mutex);
    pause_arm(point, NULL, NULL);
}

static void let_go_on(void)
{
    mutex_lock(&world.mutex);
    world.may_go_on = true;
    wake();
    mutex_unlock(&world.mutex);
}

static bool run_cycle(const struct point *point)
{
    struct server owner, zombie, other;
    struct error error = {0};
    struct asked asked = {0}, behind = {0};
    bool is_owner = point->act != ACT_OPEN && point->act != ACT_RECOVER;
    /* Somebody served it before: the zombie itself, or one that closed it or is dead. */
    start(is_owner ? &zombie : &owner);
    struct server *first = is_owner ? &zombie : &owner;
    assert_ok(open_tablet(first, &error), &error);
    write_all(first);
    if (point->act == ACT_OPEN)
        close_tablet(&owner);
    if (point->act == ACT_COMPACT) { /* two files */
        flush_tablet(&zombie);
        write_all(&zombie);
        flush_tablet(&zombie);
    }
    if (!is_owner)
        start(&zombie);
    start(&other);
    if (point->act == ACT_RECOVER)
        asked.dead = owner.incarnation;

    world.is_reached = world.may_go_on = false;
    pause_arm(point->name, stand_still, NULL);
    act(&zombie, point->act, &asked);
    wait_reached(point->name);
    if (point->act == ACT_COMPACT) /* it is answered too, when the one before it has failed */
        act(&zombie, ACT_COMPACT, &behind);

    if (!is_owner)
        assert_ok(store_bury(other.store, owner.incarnation, &error), &error);
    assert_ok(store_bury(other.store, zombie.incarnation, &error), &error);
    assert_ok(open_tablet(&other, &error), &error);
    verify(&other, point->name);
    write_all(&other);
    /* So that the number that the other one is about to commit is free again. */
    flush_tablet(&other);

    let_go_on();
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
    close_tablet(&other);
    free_server(&other);
    return has_died;
}

/* ---- Splits and merges: a master stands still in one, the next one does it again and goes on ---- */

struct lineage {
    char whole[TABLET_ID_SIZE], left[TABLET_ID_SIZE], right[TABLET_ID_SIZE], merged[TABLET_ID_SIZE];
    uint64_t region_id;
    bool is_merge;
    bool is_given_up; /* the next master does not split it, and opens it again */
    struct asked asked;
};

static enum status change(struct store *store, const struct lineage *lineage, struct error *error)
{
    struct span at = SPAN_LITERAL("r4");
    struct tablet_info halves[2] = {{.region_id = lineage->region_id, .end_row = at},
        {.region_id = lineage->region_id, .start_row = at}};
    struct tablet_info merged = {.region_id = lineage->region_id + 1};
    const char *const parents[2] = {lineage->left, lineage->right};
    memcpy(halves[0].id, lineage->left, sizeof(halves[0].id));
    memcpy(halves[1].id, lineage->right, sizeof(halves[1].id));
    memcpy(merged.id, lineage->merged, sizeof(merged.id));
    return lineage->is_merge ? store_tablet_merge(store, TABLE, parents, 2, &merged, error)
                             : store_tablet_split(store, TABLE, lineage->whole, halves, error);
}

static void run_change(struct task *task)
{
    struct asked *asked = (struct asked *)((char *)task - offsetof(struct asked, task));
    struct lineage *lineage = (struct lineage *)((char *)asked - offsetof(struct lineage, asked));
    struct error error;
    asked->completion.status = change(asked->server->store, lineage, &error);
    asked_done(&asked->completion);
}

static void open_what_is_there(struct server *server, const struct lineage *lineage)
{
    struct error error = {0};
    const char *id = lineage->is_merge      ? lineage->merged
                     : lineage->is_given_up ? lineage->whole
                                            : lineage->left;
    assert_ok(store_tablet_open(server->store, TABLE, id, &world.schema, &server->tablet, &error),
        &error);
    if (!lineage->is_merge && !lineage->is_given_up)
        assert_ok(store_tablet_open(
                      server->store, TABLE, lineage->right, &world.schema, &server->right, &error),
            &error);
}

static void close_all(struct server *server)
{
    struct asked closing = {.server = server, .completion.done = asked_done};
    close_tablet(server);
    if (!server->right)
        return;
    server->pending++; /* nobody else is there */
    tablet_close(server->right, false, &closing.completion);
    wait_idle(server);
    assert_ok(closing.status, &closing.completion.error);
}

/* The parents are closed, and what came of them is at the end. */
static void run_lineage_cycle(const char *point, struct lineage *lineage)
{
    struct server zombie, other;
    struct error error = {0};
    start(&zombie);
    start(&other);
    world.is_reached = world.may_go_on = false;
    pause_arm(point, stand_still, NULL);
    lineage->asked = (struct asked){.server = &zombie, .task.run = run_change};
    zombie.pending++; /* nobody else is there */
    executor_submit(store_workers(zombie.store), &lineage->asked.task);
    wait_reached(point);
    assert_ok(store_bury(other.store, zombie.incarnation, &error), &error);
    if (!lineage->is_given_up)
        assert_ok(change(other.store, lineage, &error), &error);
    open_what_is_there(&other, lineage);
    verify(&other, point);
    write_all(&other);
    flush_tablet(&other);
    let_go_on();
    wait_idle(&zombie);
    verify(&other, point);
    write_all(&other);
    verify(&other, point);
    if (store_look(zombie.store, &error) == STATUS_OK)
        fail_msg("%s: the old master lives", point);
    if (lineage->is_given_up && lineage->asked.status == STATUS_OK)
        fail_msg("%s: a tablet was split that is open", point);
    free_server(&zombie);
    close_all(&other);
    free_server(&other);
}

static void make_world(void)
{
    struct error error = {0};
    struct server server;
    memset(&world, 0, sizeof(world));
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

static void end_world(void)
{
    wakeup_deinit(&world.wakeup);
    mutex_deinit(&world.mutex);
    arena_deinit(&world.arena);
    test_directory_remove(world.root);
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
    end_world();
}

static void a_zombie_in_a_split_or_merge_undoes_nothing(void **state)
{
    static const char *const names[] = {
        "lineage.children.before", "chain.link.before", "chain.link.after", "chain.sync.after"};
    struct server first;
    struct error error = {0};
    struct lineage lineage = {.whole = TABLET, .region_id = 2};
    (void)state;
    make_world();
    start(&first);
    assert_ok(open_tablet(&first, &error), &error);
    write_all(&first);
    close_tablet(&first);
    free_server(&first);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(lineage.left, sizeof(lineage.left), "%032x", 3 * i);
        snprintf(lineage.right, sizeof(lineage.right), "%032x", 3 * i + 1);
        snprintf(lineage.merged, sizeof(lineage.merged), "%032x", 3 * i + 2);
        lineage.is_merge = false;
        lineage.is_given_up = strcmp(names[i], "chain.link.before") == 0;
        if (lineage.is_given_up)
            run_lineage_cycle(names[i], &lineage);
        lineage.is_given_up = false;
        run_lineage_cycle(names[i], &lineage);
        lineage.is_merge = true;
        run_lineage_cycle(names[i], &lineage);
        memcpy(lineage.whole, lineage.merged, sizeof(lineage.whole));
        lineage.region_id += 2;
    }
    end_world();
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zombie_at_any_pause_point_acknowledges_nothing),
        cmocka_unit_test(a_zombie_in_a_split_or_merge_undoes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
