#include "tests/support/tablet_world.h"

#include <stdio.h>

#include "base/memory.h"

static void on_fatal(void *context, const struct error *error)
{
    struct tablet_world *world = context;
    mutex_lock(&world->mutex);
    world->fatals++;
    snprintf(world->fatal_message, sizeof(world->fatal_message), "%s", error->message);
    mutex_unlock(&world->mutex);
}

void tablet_world_init(
    struct tablet_world *world, uint64_t seed, enum env_memory_executors executors)
{
    memset(world, 0, sizeof(*world));
    world->env = env_memory_new(seed, executors);
    assert_non_null(world->env);
    world->is_threaded = executors == ENV_MEMORY_THREADS;
    mutex_init(&world->mutex, LOCK_RANK_LOOP);
    wakeup_init(&world->wakeup);
    world->config = (struct store_config){.env = world->env,
        .root = "/root",
        .incarnation = world->incarnation,
        .log_segment_bytes = 1 << 20,
        .cache_budget_bytes = 8 << 20,
        .fatal = on_fatal,
        .fatal_context = world};
    strcpy(world->tablet_id, "0123456789abcdef0123456789abcdef");
    tablet_world_set_families(world, "f");
}

/* "NAME:KEY=VALUE,KEY=VALUE" */
static void parse_family(struct tablet_world *world, struct family_schema *family, char *text)
{
    struct arena *arena = &world->arena;
    char *attributes = strchr(text, ':');
    if (attributes)
        *attributes++ = '\0';
    family->name = arena_copy(arena, span_string(text));
    char *rest = NULL;
    for (char *item = attributes ? strtok_r(attributes, ",", &rest) : NULL; item;
         item = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(item, '=');
        assert_non_null(value);
        *value++ = '\0';
        assert_status(
            attributes_set(arena, &family->attributes, &family->attribute_count,
                arena_copy(arena, span_string(item)), arena_copy(arena, span_string(value))),
            STATUS_OK);
    }
}

void tablet_world_set_families(struct tablet_world *world, const char *families)
{
    struct error error = {0};
    struct arena *arena = &world->arena;
    char *text = arena_copy_string(arena, span_string(families));
    struct table_schema *schema = &world->schema;
    *schema = (struct table_schema){.name = SPAN_LITERAL("t")};
    schema->families = arena_allocate_zeroed(arena, 64, sizeof(*schema->families));
    char *rest = NULL;
    for (char *item = strtok_r(text, ";", &rest); item; item = strtok_r(NULL, ";", &rest))
        parse_family(world, &schema->families[schema->family_count++], item);
    assert_ok(table_schema_check(schema, &error), &error);
}

void tablet_world_deinit(struct tablet_world *world)
{
    if (world->store)
        tablet_world_stop(world);
    env_memory_free(world->env);
    wakeup_deinit(&world->wakeup);
    mutex_deinit(&world->mutex);
    arena_deinit(&world->arena);
}

/* ---- Waiting ---- */

void tablet_world_signal(struct tablet_world *world, bool *is_done)
{
    mutex_lock(&world->mutex);
    *is_done = true;
    wakeup_broadcast(&world->wakeup);
    mutex_unlock(&world->mutex);
}

void tablet_world_wait(struct tablet_world *world, const bool *is_done)
{
    if (!world->is_threaded) {
        env_memory_run_until(world->env, is_done, UINT64_MAX);
        assert_true(*is_done);
        return;
    }
    mutex_lock(&world->mutex);
    while (!*is_done)
        wakeup_wait(&world->wakeup, &world->mutex);
    mutex_unlock(&world->mutex);
}

struct waited {
    struct completion completion; /* first */
    struct tablet_world *world;
    bool is_done;
};

static void waited_done(struct completion *completion)
{
    struct waited *waited = (struct waited *)completion;
    tablet_world_signal(waited->world, &waited->is_done);
}

static struct waited waited_make(struct tablet_world *world)
{
    return (struct waited){.completion = {.done = waited_done}, .world = world};
}

/* ---- Starting and stopping ---- */

static enum status make_table(struct tablet_world *world, struct error *error)
{
    store_table_id_new(world->store, world->table_id);
    struct table_descriptor descriptor = {.state = TABLE_ENABLED, .schema = world->schema};
    strcpy(descriptor.id, world->table_id);
    enum status status = store_table_commit(world->store, &descriptor, error);
    struct tablet_info info = {.region_id = 1, .state = TABLET_CLOSED};
    strcpy(info.id, world->tablet_id);
    strcpy(info.table_id, world->table_id);
    if (!status)
        status = store_tablet_create(world->store, world->table_id, &info, 1, error);
    if (status)
        world->table_id[0] = '\0';
    return status;
}

enum status tablet_world_start(struct tablet_world *world, struct error *error)
{
    snprintf(world->incarnation, sizeof(world->incarnation), "host,16000,%u", ++world->starts);
    enum status status = store_open(&world->config, &world->store, error);
    if (status)
        return status;
    if (world->table_id[0] == '\0')
        status = make_table(world, error);
    if (!status)
        status = store_tablet_open(
            world->store, world->table_id, world->tablet_id, &world->schema, &world->tablet, error);
    return status;
}

void tablet_world_stop(struct tablet_world *world)
{
    tablet_unref(world->tablet);
    world->tablet = NULL;
    struct waited waited = waited_make(world);
    store_close(world->store, 60000, &waited.completion);
    tablet_world_wait(world, &waited.is_done);
    store_free(world->store);
    world->store = NULL;
}

void tablet_world_crash(struct tablet_world *world, enum env_memory_power_cut how)
{
    /* From here on nothing reaches the disk; what is queued runs against that, and ends. */
    env_memory_cut_at(world->env, env_memory_call_count(world->env) + 1);
    tablet_unref(world->tablet);
    world->tablet = NULL;
    store_free(world->store);
    world->store = NULL;
    env_memory_power_cut(world->env, how);
}

static enum status forget_file(void *context, const char *name, struct error *error)
{
    struct tablet_world *world = context;
    struct env_file *file;
    char path[512];
    snprintf(path, sizeof(path), "/root/tables/%s/sst/%s", world->table_id, name);
    enum status status = env_file_open(world->env, path, ENV_READ, 0, &file, error);
    if (status)
        return status;
    env_file_forget(file, 0, 0);
    env_file_close(file);
    return STATUS_OK;
}

int tablet_world_set_up(void **state, uint64_t seed, const char *families)
{
    struct error error = {0};
    struct tablet_world *world = memory_allocate(sizeof(*world));
    tablet_world_init(world, seed, ENV_MEMORY_SEEDED);
    tablet_world_set_families(world, families);
    assert_ok(tablet_world_start(world, &error), &error);
    *state = world;
    return 0;
}

int tablet_world_tear_down(void **state)
{
    struct tablet_world *world = *state;
    tablet_world_deinit(world);
    memory_free(world);
    return 0;
}

void tablet_world_forget_pages(struct tablet_world *world)
{
    struct error error = {0};
    char path[512];
    snprintf(path, sizeof(path), "/root/tables/%s/sst", world->table_id);
    assert_ok(env_directory_list(world->env, path, forget_file, world, &error), &error);
}

/* ---- Writes ---- */

void check_operation(
    const struct write_operation *operation, const char *text, const char *file, int line)
{
    struct error error = {0};
    if (operation->status)
        error_set(&error, operation->status, "%s", write_operation_reason(operation));
    check_status(operation->status, STATUS_OK, &error, text, file, line);
}

struct waited_write {
    struct write write; /* first */
    struct tablet_world *world;
    bool is_done;
};

static void write_is_done(struct write *write)
{
    struct waited_write *waited = (struct waited_write *)write;
    tablet_world_signal(waited->world, &waited->is_done);
}

void world_write(struct tablet_world *world, struct write_operation *operations, size_t count)
{
    struct arena arena = {0};
    struct waited_write waited = {.write = {.operations = operations,
                                      .operation_count = count,
                                      .nonce_group = 7,
                                      .arena = &arena,
                                      .done = write_is_done},
        .world = world};
    tablet_write(world->tablet, &waited.write);
    tablet_world_wait(world, &waited.is_done);
    for (size_t i = 0; waited.write.status && i < count; i++) {
        operations[i].status = waited.write.status;
        operations[i].message = waited.write.error.message;
    }
    for (size_t i = 0; i < count; i++) {
        /* Answers outlive the write's arena. */
        struct write_operation *operation = &operations[i];
        struct cell *cells = arena_allocate(
            &world->arena, (operation->result_count + 1) * sizeof(struct cell));
        for (size_t j = 0; j < operation->result_count; j++) {
            cells[j] = operation->result_cells[j];
            cells[j].value = arena_copy(&world->arena, cells[j].value);
            cells[j].qualifier = arena_copy(&world->arena, cells[j].qualifier);
        }
        operation->result_cells = cells;
        if (operation->message)
            operation->message = arena_copy_string(&world->arena, span_string(operation->message));
    }
    arena_deinit(&arena);
}

static void split_column(const char *column, struct span *out_family, struct span *out_qualifier)
{
    const char *colon = strchr(column, ':');
    assert_non_null(colon);
    *out_family = span_make(column, (size_t)(colon - column));
    *out_qualifier = span_string(colon + 1);
}

static void write_cell(struct tablet_world *world, struct cell *cell, enum mutation_kind kind)
{
    struct mutation mutation = {
        .kind = kind, .row = cell->row, .cells = cell, .cell_count = 1, .is_result_wanted = true};
    struct write_operation operation = {
        .row = cell->row, .mutations = &mutation, .mutation_count = 1};
    world_write(world, &operation, 1);
    assert_operation_ok(&operation);
}

void world_put(struct tablet_world *world, const char *row, const char *column, int64_t timestamp,
    const char *value)
{
    struct cell cell = {.row = span_string(row),
        .value = span_string(value),
        .timestamp = timestamp,
        .type = CELL_PUT};
    split_column(column, &cell.family, &cell.qualifier);
    write_cell(world, &cell, MUTATION_PUT);
}

void world_delete(struct tablet_world *world, enum cell_type type, const char *row,
    const char *column, int64_t timestamp)
{
    struct cell cell = {.row = span_string(row), .timestamp = timestamp, .type = (uint8_t)type};
    split_column(column, &cell.family, &cell.qualifier);
    write_cell(world, &cell, MUTATION_DELETE);
}

int64_t world_increment(
    struct tablet_world *world, const char *row, const char *column, int64_t delta, uint64_t nonce)
{
    uint8_t bytes[8];
    store_be64(bytes, (uint64_t)delta);
    struct cell cell = {.row = span_string(row),
        .value = span_make(bytes, 8),
        .timestamp = TIMESTAMP_LATEST,
        .type = CELL_PUT};
    split_column(column, &cell.family, &cell.qualifier);
    struct mutation mutation = {.kind = MUTATION_INCREMENT,
        .row = cell.row,
        .cells = &cell,
        .cell_count = 1,
        .time_range = TIME_RANGE_ALL,
        .is_result_wanted = true,
        .nonce = nonce};
    struct write_operation operation = {
        .row = cell.row, .mutations = &mutation, .mutation_count = 1};
    world_write(world, &operation, 1);
    assert_operation_ok(&operation);
    assert_int_equal(operation.result_count, 1);
    return (int64_t)load_be64(operation.result_cells[0].value.data);
}

enum status world_flush(struct tablet_world *world)
{
    struct waited waited = waited_make(world);
    tablet_flush(world->tablet, NULL, &waited.completion);
    tablet_world_wait(world, &waited.is_done);
    return waited.completion.status;
}

enum status world_compact(struct tablet_world *world, bool is_major)
{
    struct waited waited = waited_make(world);
    tablet_compact(world->tablet, NULL, is_major, &waited.completion);
    tablet_world_wait(world, &waited.is_done);
    return waited.completion.status;
}

/* ---- Reads ---- */

static enum status take_cell(struct read_sink *sink, const struct cell *cell)
{
    struct world_cells *cells = (struct world_cells *)sink;
    struct arena *arena = &cells->world->arena;
    if (cells->count == cells->capacity) {
        cells->capacity = cells->capacity ? 2 * cells->capacity : 64;
        cells->cells = memory_reallocate(cells->cells, cells->capacity * sizeof(struct cell));
        assert_non_null(cells->cells);
    }
    struct cell *copy = &cells->cells[cells->count++];
    *copy = *cell;
    copy->row = arena_copy(arena, cell->row);
    copy->family = arena_copy(arena, cell->family);
    copy->qualifier = arena_copy(arena, cell->qualifier);
    copy->value = arena_copy(arena, cell->value);
    copy->tags = arena_copy(arena, cell->tags);
    return STATUS_OK;
}

static enum status take_result(struct read_sink *sink, bool is_partial)
{
    struct world_cells *cells = (struct world_cells *)sink;
    assert_true(cells->result_count < 4096);
    size_t before = cells->result_count ? cells->result_ends[cells->result_count - 1] : 0;
    assert_true(cells->count > before); /* results never are empty */
    cells->result_is_partial[cells->result_count] = is_partial;
    cells->result_ends[cells->result_count++] = cells->count;
    return STATUS_OK;
}

void world_cells_init(struct world_cells *cells, struct tablet_world *world)
{
    memset(cells, 0, sizeof(*cells));
    cells->sink = (struct read_sink){.cell = take_cell, .result = take_result};
    cells->world = world;
}

void world_cells_deinit(struct world_cells *cells)
{
    memory_free(cells->cells);
}

const char *world_cells_text(const struct world_cells *cells)
{
    struct buffer text = {0};
    for (size_t i = 0; i < cells->count; i++) {
        const struct cell *cell = &cells->cells[i];
        if (i > 0)
            buffer_put_u8(&text, ';');
        buffer_put_escaped(&text, cell->row);
        buffer_put_u8(&text, ' ');
        buffer_put_escaped(&text, cell->family);
        buffer_put_u8(&text, ':');
        buffer_put_escaped(&text, cell->qualifier);
        buffer_put_format(&text, "@%lld", (long long)cell->timestamp);
        switch (cell->type) {
        case CELL_PUT:
            buffer_put_u8(&text, '=');
            buffer_put_escaped(&text, cell->value);
            break;
        case CELL_DELETE:
            buffer_put_u8(&text, 'D');
            break;
        case CELL_DELETE_FAMILY_VERSION:
            buffer_put_u8(&text, 'V');
            break;
        case CELL_DELETE_COLUMN:
            buffer_put_u8(&text, 'C');
            break;
        default:
            buffer_put_u8(&text, 'F');
            break;
        }
    }
    const char *copy = arena_copy_string(&cells->world->arena, buffer_span(&text));
    buffer_deinit(&text);
    return copy;
}

const char *world_get(
    struct tablet_world *world, const char *row, const char *columns, uint32_t versions)
{
    struct error error = {0};
    struct read_request request;
    struct family_selection selection = {0};
    struct span qualifier;
    read_request_init(&request);
    request.max_versions = versions;
    if (columns) {
        split_column(columns, &selection.family, &qualifier);
        if (qualifier.size > 0) {
            selection.qualifiers = &qualifier;
            selection.qualifier_count = 1;
        }
        request.families = &selection;
        request.family_count = 1;
    }
    struct world_cells cells;
    world_cells_init(&cells, world);
    assert_ok(
        tablet_get(world->tablet, span_string(row), &request, true, &cells.sink, &error), &error);
    assert_true(cells.result_count <= 1);
    const char *text = world_cells_text(&cells);
    world_cells_deinit(&cells);
    return text;
}

const char *world_scan(struct tablet_world *world, const struct scan_request *request)
{
    struct error error = {0};
    struct scanner *scanner;
    assert_ok(scanner_open(world->tablet, request, &scanner, &error), &error);
    struct scan_limits limits = {
        .results = UINT64_MAX, .rows = UINT64_MAX, .bytes = UINT64_MAX, .may_block = true};
    struct scan_progress progress = {0};
    struct world_cells cells;
    world_cells_init(&cells, world);
    while (progress.stop != SCAN_STOP_END && progress.stop != SCAN_STOP_FILTER)
        assert_ok(scanner_next(scanner, &limits, &cells.sink, &progress, &error), &error);
    scanner_close(scanner);
    const char *text = world_cells_text(&cells);
    world_cells_deinit(&cells);
    return text;
}

const char *world_scan_all(struct tablet_world *world)
{
    struct scan_request request;
    scan_request_init(&request);
    return world_scan(world, &request);
}
