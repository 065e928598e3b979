/* The beginning of a tenure:
 *
 *   directory -> catalogue (hbase:meta is made when there is none) -> every live server says what it serves
 *     -> procedures are taken up -> hbase:meta open -> its rows brought in line with the truth -> serving
 *     -> tablets that are nowhere are opened */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "proto/region.h"
#include "proto/schema_message.h"
#include "server/master/master_document.h"
#include "server/master/master_internal.h"
#include "server/master/master_settings.h"
#include "server/master/namespace_document.h"

static void fail_tenure(struct master *master, const struct error *error);
static void serve(struct master *master);

/* ---- Reading the directory ---- */

static enum status add_table(
    void *context, const struct table_descriptor *descriptor, struct error *error)
{
    struct master *master = context;
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *table = catalogue_add_locked(&master->catalogue, descriptor);
    mutex_unlock(&master->catalogue.mutex);
    return table ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "no memory for a table");
}

struct tablet_array {
    struct tablet_info *tablets;
    size_t count;
    size_t room;
};

static enum status collect_tablet(
    void *context, const struct tablet_info *tablet, struct error *error)
{
    struct tablet_array *array = context;
    if (tablet->state == TABLET_DROPPED)
        return STATUS_OK;
    if (array->count == array->room) {
        size_t room = array->room ? array->room * 2 : 16;
        struct tablet_info *grown = memory_reallocate(array->tablets, room * sizeof *grown);
        if (!grown)
            return error_set(error, STATUS_NO_MEMORY, "no memory for the list of tablets");
        array->tablets = grown;
        array->room = room;
    }
    array->tablets[array->count++] = *tablet;
    return STATUS_OK;
}

/* What a manifest says of a tablet becomes what we believe, until its server says more. */
static bool take_tablet(struct master *master, struct catalogue_table *table,
    const struct tablet_info *info, int64_t now_ms)
{
    struct catalogue *catalogue = &master->catalogue;
    struct assigned_tablet *tablet = assignment_find(&catalogue->assignment, span_string(info->id));
    bool is_retired = info->state == TABLET_SPLIT || info->state == TABLET_MERGED;
    if (tablet)
        return true;
    if (is_retired) {
        tablet = catalogue_add_retired_locked(catalogue, table, info,
            info->state == TABLET_SPLIT ? ASSIGNMENT_SPLIT : ASSIGNMENT_MERGED, now_ms);
        return tablet != NULL;
    }
    tablet = catalogue_add_tablet_locked(catalogue, table, info, now_ms);
    if (!tablet)
        return false;
    tablet->has_references = info->has_references;
    tablet->size_bytes = info->sstable_bytes;
    struct assigned_server *owner = info->state == TABLET_OPEN
                                        ? assignment_find_server(
                                              &catalogue->assignment, info->owner)
                                        : NULL;
    if (owner)
        assignment_set(&catalogue->assignment, tablet, ASSIGNMENT_OPEN, owner, now_ms);
    return true;
}

enum status master_load_tablets(
    struct master *master, struct catalogue_table *table, struct error *error)
{
    struct tablet_array array = {0};
    struct arena arena = {0};
    int64_t now = env_wall_ms(master->env);
    enum status status = store_tablet_list(
        master->store, table->descriptor.id, &arena, collect_tablet, &array, error);
    mutex_lock(&master->catalogue.mutex);
    for (size_t i = 0; i < array.count && !status; i++)
        if (!take_tablet(master, table, &array.tablets[i], now))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for the tablets of a table");
    mutex_unlock(&master->catalogue.mutex);
    memory_free(array.tablets);
    arena_deinit(&arena);
    return status;
}

static enum status add_namespace(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    struct master *master = context;
    struct arena arena = {0};
    struct attribute *configuration;
    size_t count;
    enum status status = namespace_document_decode(bytes, &arena, &configuration, &count, error);
    if (!status) {
        mutex_lock(&master->catalogue.mutex);
        if (!catalogue_put_namespace_locked(
                &master->catalogue, name, configuration, count, version))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for a namespace");
        mutex_unlock(&master->catalogue.mutex);
    }
    arena_deinit(&arena);
    return status ? error_prefix(
                        error, status, "namespace %.*s", (int)name.size, (const char *)name.data)
                  : STATUS_OK;
}

/* hbase:meta is made when the directory has none. Idempotent: a crash in its middle leaves what the next start uses. */
static enum status make_meta(struct master *master, struct error *error)
{
    struct arena arena = {0};
    struct table_descriptor descriptor = {.id = META_TABLE_ID, .state = TABLE_ENABLED};
    struct tablet_info tablet = {.id = META_TABLET_ID,
        .table_id = META_TABLE_ID,
        .region_id = META_REGION_ID,
        .state = TABLET_CLOSED};
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *table = catalogue_find_id_locked(&master->catalogue, META_TABLE_ID);
    mutex_unlock(&master->catalogue.mutex);
    enum status status = STATUS_OK;
    if (!table) {
        status = meta_schema_make(&arena, &descriptor.schema, error);
        if (!status)
            status = master_descriptor_commit(master->store, &descriptor, error);
        if (!status)
            status = add_table(master, &descriptor, error);
    }
    if (!status && (!table || table->tablet_count == 0)) {
        status = store_tablet_create(master->store, META_TABLE_ID, &tablet, 1, error);
        mutex_lock(&master->catalogue.mutex);
        table = catalogue_find_id_locked(&master->catalogue, META_TABLE_ID);
        if (!status && !catalogue_add_tablet_locked(
                           &master->catalogue, table, &tablet, env_wall_ms(master->env)))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for hbase:meta");
        mutex_unlock(&master->catalogue.mutex);
    }
    arena_deinit(&arena);
    return status;
}

/* Servers that the directory knows and that are not sealed: living, or dead and not given up yet. */
static enum status add_server(void *context, const struct store_server *known, struct error *error)
{
    struct master *master = context;
    struct server_name name;
    if (known->is_sealed || !known->is_registered || (known->is_self && !master->config.is_alone) ||
        server_name_parse(known->incarnation, &name, NULL))
        return STATUS_OK;
    mutex_lock(&master->catalogue.mutex);
    struct assigned_server *server = assignment_add_server(
        &master->catalogue.assignment, &name, env_wall_ms(master->env));
    if (server)
        server->absent_since_ns = env_monotonic_ns(master->env);
    mutex_unlock(&master->catalogue.mutex);
    return server ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "no memory for a server");
}

/* Masters are registered too, and servers that died without a tablet: kept apart. */
static void part_strangers(struct master *master)
{
    struct assignment *assignment = &master->catalogue.assignment;
    mutex_lock(&master->catalogue.mutex);
    struct assigned_server *next;
    for (struct assigned_server *one = assignment->servers; one; one = next) {
        next = one->next;
        if (one->tablet_count > 0)
            continue;
        struct stranger *stranger = memory_allocate_zeroed(1, sizeof *stranger);
        if (stranger) {
            memcpy(stranger->text, one->text, sizeof stranger->text);
            stranger->seen_ns = env_monotonic_ns(master->env);
            stranger->next = master->strangers;
            master->strangers = stranger;
        }
        assignment_remove_server(assignment, one);
    }
    mutex_unlock(&master->catalogue.mutex);
}

static enum status load(struct master *master, struct error *error)
{
    struct arena arena = {0};
    enum status status = store_server_list(master->store, &arena, add_server, master, error);
    if (!status)
        status = store_table_list(master->store, &arena, add_table, master, error);
    arena_deinit(&arena);
    for (struct catalogue_table *table = master->catalogue.tables; table && !status;
         table = table->next)
        status = master_load_tablets(master, table, error);
    if (!status)
        status = make_meta(master, error);
    static const char *const built_in[] = {"default", "hbase"};
    mutex_lock(&master->catalogue.mutex);
    for (size_t i = 0; i < 2 && !status; i++)
        if (!catalogue_put_namespace_locked(
                &master->catalogue, span_string(built_in[i]), NULL, 0, 0))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for a namespace");
    mutex_unlock(&master->catalogue.mutex);
    if (!status)
        status = store_chain_list(master->store, CHAIN_NAMESPACE, add_namespace, master, error);
    if (!status)
        part_strangers(master);
    return status;
}

/* ---- Procedures left by an earlier start ---- */

static enum status take_settings(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    return span_equal(name, SPAN_LITERAL(SETTINGS_NAME))
               ? master_take_settings(context, version, bytes, error)
               : STATUS_OK;
}

static bool decode(struct span name, struct span bytes, struct arena *arena,
    struct procedure *out_procedure, enum status *out_status, struct error *error)
{
    *out_status = STATUS_OK;
    if (span_equal(name, SPAN_LITERAL(SETTINGS_NAME)))
        return false;
    *out_status = procedure_decode(bytes, arena, out_procedure, error);
    if (*out_status)
        error_prefix(error, *out_status, "procedure %.*s", (int)name.size, (const char *)name.data);
    return *out_status == STATUS_OK;
}

/* Writes a procedure anew under our epoch; one of a master that was deposed before it wrote goes. */
static enum status adopt(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    struct master *master = context;
    struct procedure procedure;
    struct arena arena = {0};
    struct buffer anew = {0};
    enum status status;
    if (!decode(name, bytes, &arena, &procedure, &status, error)) {
        arena_deinit(&arena);
        return status;
    }
    if (procedure.epoch < master->epoch_before && procedure.epoch > 0) {
        log_line(LOG_WARN, "procedure.drop",
            "id=%" PRIu64 " kind=%s epoch=%" PRIu64 " reason=\"its master had been deposed\"",
            procedure.id, procedure_kind_name(procedure.kind), procedure.epoch);
        status = store_chain_remove(master->store, CHAIN_PROCEDURE, name, error);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    } else if (procedure.epoch != atomic_load(&master->epoch)) {
        procedure.epoch = atomic_load(&master->epoch);
        procedure_encode(&procedure, &anew);
        status = buffer_status(&anew);
        if (!status)
            status = store_chain_commit(
                master->store, CHAIN_PROCEDURE, name, version + 1, buffer_span(&anew), error);
    }
    buffer_deinit(&anew);
    arena_deinit(&arena);
    return status;
}

#define ADOPT_TRIES 10

/* All that is there becomes ours, and only then our epoch the highest that led (procedure.h). */
static enum status adopt_all(struct master *master, struct error *error)
{
    struct store *store = master->store;
    enum status status = store_chain_list(store, CHAIN_PROCEDURE, take_settings, master, error);
    if (status)
        return status;
    if (master->epoch_before > atomic_load(&master->epoch) && !master->config.is_alone)
        return error_set(error, STATUS_SUPERSEDED, "a master of a later epoch has led");
    for (int tries = 0; tries < ADOPT_TRIES; tries++) { /* the one before us may still be writing */
        status = store_chain_list(store, CHAIN_PROCEDURE, adopt, master, error);
        if (status != STATUS_SUPERSEDED)
            break;
    }
    return status ? status : master_write_settings(master, error);
}

static enum status take_up(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    struct master *master = context;
    struct procedure procedure;
    struct arena arena = {0};
    enum status status;
    if (!decode(name, bytes, &arena, &procedure, &status, error) ||
        procedure.epoch != atomic_load(&master->epoch)) {
        arena_deinit(&arena);
        return status;
    }
    procedure.version = (uint32_t)version;
    if (procedure.id > master->last_procedure_id)
        master->last_procedure_id = procedure.id;
    log_line(LOG_INFO, "procedure.resume", "id=%" PRIu64 " kind=%s step=%u undoing=%d",
        procedure.id, procedure_kind_name(procedure.kind), procedure.step, procedure.is_undoing);
    /* a successor that has not taken the name yet must not be seen under it */
    if (procedure.new_table_id[0]) {
        mutex_lock(&master->catalogue.mutex);
        struct catalogue_table *successor = catalogue_find_id_locked(
            &master->catalogue, procedure.new_table_id);
        struct catalogue_table *old = catalogue_find_id_locked(
            &master->catalogue, procedure.table_id);
        if (successor && old)
            successor->is_hidden = true;
        mutex_unlock(&master->catalogue.mutex);
    }
    if (!procedure_run(master, &procedure, &arena, NULL)) {
        arena_deinit(&arena);
        return error_set(error, STATUS_NO_MEMORY, "no memory for a procedure");
    }
    return STATUS_OK;
}

/* ---- Meta brought in line ---- */

#define ROWS_A_BATCH 500
#define BATCHES_AT_A_TIME                                                                          \
    4 /* a row takes some 4 KB until it is written: 100,000 at once would be 400 MB */

/* Walks all cells of hbase:meta once, then writes the rows that are wrong or missing. Nobody else's rows are written
 * before (meta_access.h), so what is written here is what was true when it began, or later. */
struct meta_check {
    struct master *master;
    struct meta_batch *batch; /* rows that are to be put right */
    size_t batch_rows;
    size_t pending; /* batches that are being written */
    bool is_failed;
    bool is_busy;       /* it walks or makes batches: their end goes on with nothing */
    struct buffer gone; /* what is to be taken away: kind, sized row, again and again */
    size_t gone_next;   /* offset */
    char (*missing)[TABLET_ID_SIZE]; /* tablets whose rows are to be written; heap */
    size_t missing_count, missing_next;
    /* the row under way */
    struct buffer row;
    struct assigned_tablet *tablet; /* that it names, or NULL */
    bool is_table, is_deleted, has_region, is_right_server, is_right_state;
};

static void go_on_writing(struct meta_check *check);

/* Tables whose tablets have rows. */
static bool has_rows(const struct catalogue_table *table)
{
    return !table->is_hidden && table->descriptor.state != TABLE_DROPPED &&
           strcmp(table->descriptor.id, META_TABLE_ID) != 0;
}

static void on_rows_written(void *context, enum status status, const struct error *error)
{
    struct meta_check *check = context;
    if (status && status != STATUS_CANCELLED)
        log_line(LOG_ERROR, "meta.write", "error=\"%s\"", error->message);
    check->pending--;
    if (!check->is_busy)
        go_on_writing(check);
}

static void send_batch(struct meta_check *check)
{
    struct meta_batch *batch = check->batch;
    check->batch = NULL;
    check->batch_rows = 0;
    check->pending++;
    meta_access_write_first(check->master, batch, on_rows_written, check);
}

/* The batch to add a row to. */
static struct meta_batch *batch_of(struct meta_check *check)
{
    if (check->batch && check->batch_rows >= ROWS_A_BATCH)
        send_batch(check);
    if (!check->batch)
        check->batch = meta_batch_new();
    check->batch_rows++;
    return check->batch;
}

static void put_tablet(struct meta_check *check, const struct assigned_tablet *tablet)
{
    struct meta_batch *batch = batch_of(check);
    const struct server_name *server = tablet->state == ASSIGNMENT_OPEN ? &tablet->server->name
                                                                        : NULL;
    if (batch)
        meta_batch_put_tablet(batch, tablet->table->descriptor.schema.name, &tablet->info,
            assignment_state_name(tablet->state), server, tablet->info.open_sequence);
}

/* What of a row is nobody's. */
enum gone_kind { GONE_ROW, GONE_STATE, GONE_NAMESPACE };

static void note_gone(struct meta_check *check, enum gone_kind kind, struct span row)
{
    buffer_put_u8(&check->gone, (uint8_t)kind);
    buffer_put_sized(&check->gone, row);
}

static void take_next_away(struct meta_check *check)
{
    struct span all = buffer_span(&check->gone);
    struct span left = span_slice(all, check->gone_next, all.size - check->gone_next), row;
    struct meta_batch *batch = batch_of(check);
    uint8_t kind;
    CHECK(!span_take_u8(&left, &kind) && !span_take_sized(&left, &row));
    check->gone_next = all.size - left.size;
    if (!batch)
        return;
    if (kind == GONE_ROW)
        meta_batch_delete_row(batch, row);
    else if (kind == GONE_STATE)
        meta_batch_delete_state(batch, row);
    else
        meta_batch_delete_namespace(batch, row);
}

static void end_row(struct meta_check *check)
{
    struct assigned_tablet *tablet = check->tablet;
    check->tablet = NULL;
    if (!tablet || check->is_deleted)
        return;
    bool is_right = check->is_right_server && check->is_right_state;
    tablet->is_in_meta = check->has_region && (is_right || tablet->state != ASSIGNMENT_OPEN);
}

static void begin_row(struct meta_check *check, struct span row)
{
    struct span table_name, start_row, id;
    char storage[ENCODED_NAME_SIZE + 1];
    end_row(check);
    buffer_reset(&check->row);
    buffer_put(&check->row, row);
    check->is_table = region_name_split(row, &table_name, &start_row, &id) != STATUS_OK;
    check->is_deleted = check->has_region = false;
    check->is_right_server = check->is_right_state = false;
    check->tablet = check->is_table ? NULL
                                    : assignment_find(&check->master->catalogue.assignment,
                                          region_encoded_name(row, storage));
    /* a name of the same hash of another table is nobody's */
    if (check->tablet && (check->tablet->table->is_hidden ||
                             !span_equal(check->tablet->table->descriptor.schema.name, table_name)))
        check->tablet = NULL;
}

static void see_tablet_cell(struct meta_check *check, const struct cell *cell)
{
    struct assigned_tablet *tablet = check->tablet;
    if (!tablet) {
        if (!check->is_deleted)
            note_gone(check, GONE_ROW, cell->row);
        check->is_deleted = true;
    } else if (span_equal(cell->qualifier, SPAN_LITERAL("regioninfo"))) {
        check->has_region = true;
    } else if (span_equal(cell->qualifier, SPAN_LITERAL("sn"))) {
        check->is_right_server = tablet->server &&
                                 span_equal(cell->value, span_string(tablet->server->text));
    } else if (span_equal(cell->qualifier, SPAN_LITERAL("state"))) {
        check->is_right_state = span_equal(
            cell->value, span_string(assignment_state_name(tablet->state)));
    }
}

static void see_cell(void *context, const struct cell *cell)
{
    struct meta_check *check = context;
    struct catalogue *catalogue = &check->master->catalogue;
    if (!span_equal(cell->row, buffer_span(&check->row)) || check->row.size == 0)
        begin_row(check, cell->row);
    if (span_equal(cell->family, SPAN_LITERAL("ns"))) {
        if (!catalogue_namespace_locked(catalogue, cell->row))
            note_gone(check, GONE_NAMESPACE, cell->row);
    } else if (check->is_table) {
        if (!catalogue_find_locked(catalogue, cell->row))
            note_gone(check, GONE_STATE, cell->row);
    } else {
        see_tablet_cell(check, cell);
    }
}

/* States of tables and namespaces are written anew. */
static void put_states(struct meta_check *check)
{
    struct catalogue *catalogue = &check->master->catalogue;
    for (struct catalogue_table *table = catalogue->tables; table; table = table->next)
        if (has_rows(table) && batch_of(check))
            meta_batch_put_state(
                check->batch, table->descriptor.schema.name, table->descriptor.state);
    for (struct namespace_entry *one = catalogue->namespaces; one; one = one->next)
        if (batch_of(check))
            meta_batch_put_namespace(
                check->batch, one->name, one->configuration, one->configuration_count);
}

/* Names the tablets whose rows are to be written. */
static enum status list_missing(struct meta_check *check, struct error *error)
{
    struct catalogue *catalogue = &check->master->catalogue;
    check->missing = memory_allocate_zeroed(
        catalogue->assignment.tablet_count + 1, sizeof *check->missing);
    if (!check->missing || buffer_status(&check->gone))
        return error_set(error, STATUS_NO_MEMORY, "no memory to write hbase:meta");
    for (struct catalogue_table *table = catalogue->tables; table; table = table->next)
        for (size_t i = 0; i < table->tablet_count && has_rows(table); i++)
            if (!table->tablets[i]->is_in_meta)
                memcpy(check->missing[check->missing_count++], table->tablets[i]->info.id,
                    sizeof check->missing[0]);
    return STATUS_OK;
}

/* As it is now: it may have been opened, split or taken away by a procedure that was taken up. */
static void put_next_missing(struct meta_check *check)
{
    const struct assigned_tablet *tablet = assignment_find(
        &check->master->catalogue.assignment, span_string(check->missing[check->missing_next++]));
    if (tablet && tablet->table && has_rows(tablet->table) && tablet->state != ASSIGNMENT_SPLIT &&
        tablet->state != ASSIGNMENT_MERGED)
        put_tablet(check, tablet);
}

static bool is_check_over(const struct meta_check *check)
{
    return check->is_failed || master_is_over(check->master);
}

static void end_check(struct meta_check *check)
{
    struct master *master = check->master;
    bool is_over = is_check_over(check);
    meta_batch_free(check->batch);
    buffer_deinit(&check->row);
    buffer_deinit(&check->gone);
    memory_free(check->missing);
    memory_free(check);
    if (is_over)
        return;
    meta_access_begin(master);
    serve(master);
}

/* Adds a row to a batch; false when there are no more. */
static bool put_next(struct meta_check *check)
{
    if (check->gone_next < buffer_span(&check->gone).size)
        take_next_away(check);
    else if (check->missing_next < check->missing_count)
        put_next_missing(check);
    else
        return false;
    return true;
}

/* Some batches; with the last one written the tenure serves. */
static void go_on_writing(struct meta_check *check)
{
    bool is_all = false;
    check->is_busy = true;
    while (!is_all && check->pending < BATCHES_AT_A_TIME && !is_check_over(check))
        is_all = !put_next(check);
    if (is_all && check->batch)
        send_batch(check);
    check->is_busy = false;
    if (check->pending == 0)
        end_check(check);
}

static void on_meta_read(void *context, enum status status, const struct error *error)
{
    struct meta_check *check = context;
    struct error no_memory = {0};
    if (!status) {
        end_row(check);
        put_states(check);
        status = list_missing(check, &no_memory);
        error = &no_memory;
    }
    if (status && status != STATUS_CANCELLED)
        fail_tenure(check->master, error);
    check->is_failed = status != STATUS_OK;
    go_on_writing(check);
}

/* ---- The beginning ---- */

struct assigned_tablet *master_meta_tablet(struct master *master)
{
    return assignment_find(&master->catalogue.assignment, SPAN_LITERAL(META_TABLET_ID));
}

/* It cannot begin. */
static void fail_tenure(struct master *master, const struct error *error)
{
    struct error copy = *error;
    log_line(LOG_ERROR, "master.start", "error=\"%s\"", copy.message);
    master->config.ready(master->config.context, copy.status ? copy.status : STATUS_IO, &copy);
    master_depose(master);
}

/* Tablets of enabled tables that are not open get a place. */
static void want_all_open(struct master *master)
{
    for (struct catalogue_table *table = master->catalogue.tables; table; table = table->next)
        for (size_t i = 0; i < table->tablet_count && !table->is_hidden; i++)
            if (table->descriptor.state == TABLE_ENABLED &&
                table->tablets[i]->state != ASSIGNMENT_OPEN)
                master_want_open(master, table->tablets[i]);
    master_assign_idle(master);
}

static void on_healed(void *context, enum status status, const struct error *error)
{
    (void)context;
    if (status && status != STATUS_CANCELLED)
        log_line(LOG_ERROR, "table.heal", "error=\"%s\"", error->message);
}

/* Retires what the manifest says is split or merged; its row goes, for it would hide those of its children. */
static void heal_gone(
    struct master *master, const struct tablet_info *info, struct meta_batch *batch, int64_t now_ms)
{
    struct assigned_tablet *tablet = assignment_find(
        &master->catalogue.assignment, span_string(info->id));
    if ((info->state != TABLET_SPLIT && info->state != TABLET_MERGED) || !tablet ||
        tablet->server || tablet->transition || tablet->lock)
        return;
    master_forget_idle(master, tablet);
    if (catalogue_retire_locked(&master->catalogue, tablet,
            info->state == TABLET_SPLIT ? ASSIGNMENT_SPLIT : ASSIGNMENT_MERGED, now_ms) &&
        batch)
        meta_batch_delete_tablet(batch, tablet->table->descriptor.schema.name, &tablet->info);
}

/* Takes in what was not known, with its row: the check of hbase:meta at the start may have taken it away. */
static bool heal_new(struct master *master, struct catalogue_table *table,
    const struct tablet_info *info, struct meta_batch *batch, int64_t now_ms)
{
    struct assignment *assignment = &master->catalogue.assignment;
    if (assignment_find(assignment, span_string(info->id)))
        return true;
    if (!take_tablet(master, table, info, now_ms))
        return false;
    const struct assigned_tablet *tablet = assignment_find(assignment, span_string(info->id));
    if (batch && tablet->state != ASSIGNMENT_SPLIT && tablet->state != ASSIGNMENT_MERGED)
        meta_batch_put_tablet(batch, table->descriptor.schema.name, &tablet->info,
            assignment_state_name(tablet->state), tablet->server ? &tablet->server->name : NULL,
            tablet->info.open_sequence);
    return true;
}

void master_heal_table(struct master *master, struct catalogue_table *table)
{
    struct tablet_array array = {0};
    struct arena arena = {0};
    struct error error = {0};
    struct meta_batch *batch = meta_batch_new();
    int64_t now = env_wall_ms(master->env);
    enum status status = store_tablet_list(
        master->store, table->descriptor.id, &arena, collect_tablet, &array, &error);
    mutex_lock(&master->catalogue.mutex);
    for (size_t i = 0; i < array.count && !status; i++)
        heal_gone(master, &array.tablets[i], batch, now);
    for (size_t i = 0; i < array.count && !status; i++)
        if (!heal_new(master, table, &array.tablets[i], batch, now))
            status = error_set(&error, STATUS_NO_MEMORY, "no memory for the tablets of a table");
    mutex_unlock(&master->catalogue.mutex);
    if (status)
        log_line(LOG_ERROR, "table.heal", "error=\"%s\"", error.message);
    meta_access_write(master, batch, on_healed, NULL);
    master_sweep(master);
    memory_free(array.tablets);
    arena_deinit(&arena);
}

static void serve(struct master *master)
{
    log_line(LOG_INFO, "master.serve", "tables=%zu tablets=%zu servers=%zu ms=%" PRIu64,
        master->catalogue.table_count, master->catalogue.assignment.tablet_count,
        master->catalogue.assignment.server_count,
        (env_monotonic_ns(master->env) - master->lead_since_ns) / 1000000);
    master->tenure = TENURE_SERVING;
    load_history_clear(&master->load_history);
    store_collector_enable(master->store, master_setting_is_on(master, SETTING_CLEANER));
    want_all_open(master);
    atomic_store(&master->is_ready, true);
    master->config.ready(master->config.context, STATUS_OK, NULL);
}

void master_start_meta_open(struct master *master)
{
    if (!master->is_starting_done || master->has_meta_rows)
        return;
    struct meta_check *check = memory_allocate_zeroed(1, sizeof *check);
    struct error error = {0};
    master->has_meta_rows = true;
    if (!check) {
        error_set(&error, STATUS_NO_MEMORY, "no memory to read hbase:meta");
        fail_tenure(master, &error);
        return;
    }
    check->master = master;
    check->is_busy = true;
    meta_access_read(master, see_cell, on_meta_read, check);
}

void master_start_meta_seen(struct master *master)
{
    struct assigned_tablet *meta = master_meta_tablet(master);
    if (!master->is_starting_done || master->has_meta_rows || meta->state != ASSIGNMENT_OPEN ||
        meta->transition || meta->server->state != ASSIGNED_SERVER_LIVE ||
        meta->server->absent_since_ns)
        return;
    if (master->config.publish_meta)
        master->config.publish_meta(master->config.context, &meta->server->name);
    master_start_meta_open(master);
}

void master_start_go_on(struct master *master)
{
    struct assigned_tablet *meta = master_meta_tablet(master);
    if (!master->is_starting_done || master->tenure != TENURE_STARTING)
        return;
    if (meta->state != ASSIGNMENT_OPEN && !meta->lock && !meta->transition)
        master_want_open(master, meta);
    master_start_meta_seen(master);
}

void master_start_listed(struct master *master)
{
    struct error error = {0};
    if (master->is_starting_done || master->lists_pending > 0 ||
        assignment_live_count(&master->catalogue.assignment) == 0)
        return;
    master->is_starting_done = true;
    enum status status = adopt_all(master, &error);
    if (!status)
        status = store_chain_list(master->store, CHAIN_PROCEDURE, take_up, master, &error);
    if (status) {
        fail_tenure(master, &error);
        return;
    }
    struct assigned_tablet *meta = master_meta_tablet(master);
    master_start_ticking(master);
    master_give_up_absent(master);
    master_start_meta_seen(master);
    if (master->has_meta_rows)
        return;
    /* Else its server comes back, or is given up: either brings it here. */
    if (meta->state != ASSIGNMENT_OPEN)
        master_want_open(master, meta);
    master_assign_idle(master);
}

void master_begin_tenure(struct master *master)
{
    struct error error = {0};
    enum status status = load(master, &error);
    if (status) {
        fail_tenure(master, &error);
        return;
    }
    master_servers_changed(master);
    master_start_listed(master);
}
