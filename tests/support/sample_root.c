#include "tests/support/sample_root.h"

#include <stdio.h>

#include "tests/support/tablet_world.h"

/* ---- Making ---- */

static void put_row(struct tablet_world *world, unsigned row)
{
    char name[16];
    char value[128];
    snprintf(name, sizeof(name), "row-%02u", row);
    snprintf(value, sizeof(value), "value %u of %s, and some more of it so that a log fills up",
        row * 37, name);
    world_put(world, name, "f:q", 1000 + row, value);
    world_put(world, name, "g:q", 2000 + row, value);
}

/* Another table, one tablet of which is split: manifests with children. */
static void make_split(struct tablet_world *world)
{
    struct error error;
    struct table_descriptor descriptor = {.id = "5a5a", .schema = world->schema};
    struct tablet_info parent = {.id = "aa", .region_id = 1};
    struct tablet_info halves[2] = {{.id = "bb", .region_id = 2, .end_row = SPAN_LITERAL("m")},
        {.id = "cc", .region_id = 2, .start_row = SPAN_LITERAL("m")}};
    descriptor.schema.name = SPAN_LITERAL("split");
    assert_ok(store_table_commit(world->store, &descriptor, &error), &error);
    assert_ok(store_tablet_create(world->store, descriptor.id, &parent, 1, &error), &error);
    assert_ok(store_tablet_split(world->store, descriptor.id, "aa", halves, &error), &error);
}

static void make_snapshot(struct tablet_world *world)
{
    struct error error;
    struct snapshot_info info = {.name = SPAN_LITERAL("s.1"),
        .schema = world->schema,
        .created_ms = 1234567890123,
        .owner = SPAN_LITERAL("somebody")};
    strcpy(info.table_id, world->table_id);
    assert_ok(store_snapshot_create(world->store, &info, &error), &error);
}

struct env *sample_root_make(void)
{
    struct tablet_world world;
    struct error error;
    tablet_world_init(&world, 11, ENV_MEMORY_SEEDED);
    tablet_world_set_families(&world, "f:VERSIONS=3;g:COMPRESSION=ZSTD");
    world.config.log_segment_bytes = 12 << 10;
    assert_ok(tablet_world_start(&world, &error), &error);
    for (unsigned row = 0; row < 15; row++)
        put_row(&world, row);
    assert_int_equal(world_flush(&world), STATUS_OK);
    make_snapshot(&world);
    make_split(&world);
    for (unsigned row = 15; row < SAMPLE_ROWS - 1; row++)
        put_row(&world, row);
    assert_ok(store_chain_commit(world.store, CHAIN_NAMESPACE, span_string("n"), 1,
                  span_string("a namespace"), &error),
        &error);
    assert_ok(store_chain_commit(world.store, CHAIN_PROCEDURE, span_string("p"), 1,
                  span_string("a procedure"), &error),
        &error);
    tablet_world_crash(&world, ENV_CUT_KEEP_ALL);
    assert_ok(tablet_world_start(&world, &error), &error);
    put_row(&world, SAMPLE_ROWS - 1);
    tablet_world_crash(&world, ENV_CUT_KEEP_ALL);
    struct env *env = world.env;
    world.env = NULL;
    arena_deinit(&world.arena);
    wakeup_deinit(&world.wakeup);
    mutex_deinit(&world.mutex);
    return env;
}

/* ---- Reading ---- */

static void note_death(void *context, const struct error *error)
{
    (void)error;
    *(bool *)context = true;
}

struct found {
    struct table_descriptor table;
    unsigned tables;
    struct tablet_info tablet;
    unsigned tablets;
    unsigned documents;
    bool has_split; /* from format version 2 of manifests on, and a snapshot with it */
    unsigned halves;
};

static enum status note_table(
    void *context, const struct table_descriptor *descriptor, struct error *error)
{
    (void)error;
    struct found *found = context;
    found->tables++;
    if (span_equal(descriptor->schema.name, SPAN_LITERAL("split")))
        found->has_split = true;
    else
        found->table = *descriptor;
    return STATUS_OK;
}

static enum status note_tablet(void *context, const struct tablet_info *tablet, struct error *error)
{
    struct found *found = context;
    if (tablet->damage)
        return error_set(error, STATUS_CORRUPT, "%s", tablet->damage);
    found->tablet = *tablet;
    found->tablets++;
    return STATUS_OK;
}

static enum status note_half(void *context, const struct tablet_info *tablet, struct error *error)
{
    struct found *found = context;
    if (tablet->damage)
        return error_set(error, STATUS_CORRUPT, "%s", tablet->damage);
    bool is_parent = strcmp(tablet->id, "aa") == 0;
    bool is_right = is_parent ? tablet->state == TABLET_SPLIT && tablet->child_count == 2
                              : tablet->state == TABLET_CLOSED && tablet->parent_count == 1;
    found->halves += !is_parent;
    return is_right ? STATUS_OK : error_set(error, STATUS_OUT_OF_RANGE, "another split");
}

static enum status read_later(
    struct store *store, struct arena *arena, struct found *found, struct error *error)
{
    struct snapshot_info snapshot;
    struct tablet_info *tablets;
    enum status status = store_snapshot_read(
        store, SPAN_LITERAL("s.1"), arena, &snapshot, &tablets, error);
    if (status == STATUS_NOT_FOUND)
        return error_set(error, STATUS_OUT_OF_RANGE, "no snapshot");
    if (status == STATUS_OK &&
        (snapshot.created_ms != 1234567890123 || snapshot.tablet_count != 1 ||
            !span_equal(snapshot.owner, SPAN_LITERAL("somebody")) ||
            strcmp(snapshot.table_id, found->table.id) != 0 ||
            strcmp(tablets[0].id, found->tablet.id) != 0))
        return error_set(error, STATUS_OUT_OF_RANGE, "another snapshot");
    if (status == STATUS_OK)
        status = store_tablet_list(store, "5a5a", arena, note_half, found, error);
    if (status == STATUS_OK && found->halves != 2)
        status = error_set(error, STATUS_OUT_OF_RANGE, "%u halves", found->halves);
    return status;
}

static enum status note_document(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    struct found *found = context;
    bool is_right =
        version == 1 &&
        ((span_equal(name, span_string("n")) && span_equal(bytes, span_string("a namespace"))) ||
            (span_equal(name, span_string("p")) && span_equal(bytes, span_string("a procedure"))));
    found->documents++;
    return is_right ? STATUS_OK : error_set(error, STATUS_OUT_OF_RANGE, "another document");
}

struct row_check {
    struct read_sink sink; /* first */
    unsigned row;
    unsigned cells;
    bool is_wrong;
};

static enum status take_cell(struct read_sink *sink, const struct cell *cell)
{
    struct row_check *check = (struct row_check *)sink;
    char name[16];
    char value[128];
    bool is_first = check->cells % 2 == 0;
    check->row = check->cells / 2;
    snprintf(name, sizeof(name), "row-%02u", check->row);
    snprintf(value, sizeof(value), "value %u of %s, and some more of it so that a log fills up",
        check->row * 37, name);
    if (!span_equal(cell->row, span_string(name)) || !span_equal(cell->value, span_string(value)) ||
        !span_equal(cell->family, span_string(is_first ? "f" : "g")) ||
        !span_equal(cell->qualifier, span_string("q")) || cell->type != CELL_PUT ||
        cell->timestamp != (int64_t)((is_first ? 1000 : 2000) + check->row))
        check->is_wrong = true;
    check->cells++;
    return STATUS_OK;
}

static enum status take_result(struct read_sink *sink, bool is_partial)
{
    (void)sink;
    (void)is_partial;
    return STATUS_OK;
}

static enum status scan_all(struct tablet *tablet, unsigned *out_rows, struct error *error)
{
    struct scan_request request;
    struct scanner *scanner;
    struct row_check check = {.sink = {.cell = take_cell, .result = take_result}};
    struct scan_limits limits = {
        .results = UINT64_MAX, .rows = UINT64_MAX, .bytes = UINT64_MAX, .may_block = true};
    struct scan_progress progress = {0};
    scan_request_init(&request);
    enum status status = scanner_open(tablet, &request, &scanner, error);
    while (status == STATUS_OK && progress.stop != SCAN_STOP_END)
        status = scanner_next(scanner, &limits, &check.sink, &progress, error);
    scanner_close(scanner);
    if (status)
        return status;
    *out_rows = check.cells / 2;
    if (check.is_wrong || *out_rows < SAMPLE_ROWS - 1)
        return error_set(error, STATUS_OUT_OF_RANGE, "%u cells, %s", check.cells,
            check.is_wrong ? "some wrong" : "some missing");
    return STATUS_OK;
}

static enum status read_all(
    struct store *store, struct tablet **out_tablet, unsigned *out_rows, struct error *error)
{
    struct arena arena = {0};
    struct found found = {0};
    enum status status = store_table_list(store, &arena, note_table, &found, error);
    if (status == STATUS_OK)
        status = store_chain_list(store, CHAIN_NAMESPACE, note_document, &found, error);
    if (status == STATUS_OK)
        status = store_chain_list(store, CHAIN_PROCEDURE, note_document, &found, error);
    if (status == STATUS_OK && found.tables == 1u + found.has_split)
        status = store_tablet_list(store, found.table.id, &arena, note_tablet, &found, error);
    if (status == STATUS_OK && found.has_split)
        status = read_later(store, &arena, &found, error);
    if (status == STATUS_OK &&
        (found.tables != 1u + found.has_split || found.tablets != 1 || found.documents != 2))
        status = error_set(error, STATUS_OUT_OF_RANGE, "%u tables, %u tablets, %u documents",
            found.tables, found.tablets, found.documents);
    if (status == STATUS_OK)
        status = store_tablet_open(
            store, found.table.id, found.tablet.id, &found.table.schema, out_tablet, error);
    if (status == STATUS_OK)
        status = scan_all(*out_tablet, out_rows, error);
    arena_deinit(&arena);
    return status;
}

enum status sample_root_read(struct env *env, unsigned *out_rows, struct error *error)
{
    bool has_died = false;
    struct store *store = NULL;
    struct tablet *tablet = NULL;
    struct store_config config = {.env = env,
        .root = SAMPLE_ROOT,
        .incarnation = "host,16000,99",
        .log_segment_bytes = 64 << 10,
        .cache_budget_bytes = 1 << 20,
        .memtable_budget_bytes = 8 << 20,
        .fatal = note_death,
        .fatal_context = &has_died};
    enum status status = store_open(&config, &store, error);
    if (status == STATUS_OK)
        status = read_all(store, &tablet, out_rows, error);
    env_memory_cut_at(env, env_memory_call_count(env) + 1); /* nothing more reaches the disk */
    if (tablet)
        tablet_unref(tablet);
    store_free(store);
    return status;
}
