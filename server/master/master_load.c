/* The start of a master: the catalogue from the directory, hbase:meta made at the first start and opened, its rows
 * brought in line with the manifests (which are the truth), tablets opened, procedures taken up. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "proto/region.h"
#include "proto/schema_message.h"
#include "server/master/master_internal.h"
#include "server/master/namespace_document.h"
#include "server/master/tablet_opening.h"

#define META_TABLE_ID  "meta"
#define META_TABLET_ID "1588230740"
#define META_REGION_ID 1

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
    if (tablet->state != TABLET_OPEN && tablet->state != TABLET_CLOSED)
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

static int compare_tablets(const void *a, const void *b)
{
    const struct tablet_info *first = a, *second = b;
    return span_compare(first->start_row, second->start_row);
}

static enum status load_tablets(
    struct master *master, struct catalogue_table *table, struct error *error)
{
    struct tablet_array array = {0};
    struct arena arena = {0};
    enum status status = store_tablet_list(
        master->store, table->descriptor.id, &arena, collect_tablet, &array, error);
    if (!status) {
        if (array.count)
            qsort(array.tablets, array.count, sizeof *array.tablets, compare_tablets);
        mutex_lock(&master->catalogue.mutex);
        if (!catalogue_set_tablets_locked(&master->catalogue, table, array.tablets, array.count))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for the tablets of a table");
        mutex_unlock(&master->catalogue.mutex);
    }
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
            status = store_table_commit(master->store, &descriptor, error);
        if (!status)
            status = add_table(master, &descriptor, error);
    }
    if (!status && (!table || table->tablet_count == 0)) {
        status = store_tablet_create(master->store, META_TABLE_ID, &tablet, 1, error);
        mutex_lock(&master->catalogue.mutex);
        table = catalogue_find_id_locked(&master->catalogue, META_TABLE_ID);
        if (!status && !catalogue_set_tablets_locked(&master->catalogue, table, &tablet, 1))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for hbase:meta");
        mutex_unlock(&master->catalogue.mutex);
    }
    arena_deinit(&arena);
    return status;
}

enum status master_load(struct master *master, struct error *error)
{
    struct arena arena = {0};
    enum status status = store_table_list(master->store, &arena, add_table, master, error);
    arena_deinit(&arena);
    for (struct catalogue_table *table = master->catalogue.tables; table && !status;
         table = table->next)
        status = load_tablets(master, table, error);
    if (!status)
        status = make_meta(master, error);
    static const char *const built_in[] = {"default", "hbase"};
    for (size_t i = 0; i < 2 && !status; i++)
        if (!catalogue_put_namespace_locked(
                &master->catalogue, span_string(built_in[i]), NULL, 0, 0))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for a namespace");
    if (!status)
        status = store_chain_list(master->store, CHAIN_NAMESPACE, add_namespace, master, error);
    return status;
}

/* ---- Procedures left by an earlier start ---- */

static enum status take_up(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    struct master *master = context;
    struct procedure procedure;
    struct arena arena = {0};
    enum status status = procedure_decode(bytes, &arena, &procedure, error);
    if (status) {
        arena_deinit(&arena);
        return error_prefix(
            error, status, "procedure %.*s", (int)name.size, (const char *)name.data);
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

struct stale_rows {
    struct read_sink sink;
    struct master *master;
    struct meta_batch *batch;
    struct buffer expected; /* a region name, being compared */
    bool is_row_deleted;    /* the row being read is already in the batch, whole */
};

/* True when the row names a tablet, a table or a namespace that the catalogue has. */
static bool row_is_known(struct stale_rows *stale, const struct cell *cell)
{
    struct master *master = stale->master;
    struct span table_name, start_row, id;
    bool is_known = false;
    mutex_lock(&master->catalogue.mutex);
    if (span_equal(cell->family, SPAN_LITERAL("ns"))) {
        is_known = catalogue_namespace_locked(&master->catalogue, cell->row) != NULL;
    } else if (region_name_split(cell->row, &table_name, &start_row, &id)) {
        is_known = catalogue_find_locked(&master->catalogue, cell->row) != NULL;
    } else {
        struct catalogue_table *table = catalogue_find_locked(&master->catalogue, table_name);
        for (size_t i = 0; table && i < table->tablet_count && !is_known; i++) {
            const struct tablet_info *tablet = &table->tablets[i];
            if (!span_equal(tablet->start_row, start_row))
                continue;
            buffer_reset(&stale->expected);
            region_name_put(&stale->expected, table_name, tablet->start_row, tablet->region_id);
            is_known = span_equal(buffer_span(&stale->expected), cell->row);
        }
    }
    mutex_unlock(&master->catalogue.mutex);
    return is_known;
}

static enum status see_meta_cell(struct read_sink *sink, const struct cell *cell)
{
    struct stale_rows *stale = (struct stale_rows *)sink;
    if (stale->is_row_deleted || row_is_known(stale, cell))
        return STATUS_OK;
    if (span_equal(cell->family, SPAN_LITERAL("ns"))) {
        meta_batch_delete_namespace(stale->batch, cell->row);
    } else if (span_equal(cell->family, SPAN_LITERAL("table"))) {
        meta_batch_delete_state(stale->batch, cell->row);
    } else {
        meta_batch_delete_row(stale->batch, cell->row);
        stale->is_row_deleted = true;
    }
    return STATUS_OK;
}

static enum status see_meta_row(struct read_sink *sink, bool is_partial)
{
    (void)is_partial;
    ((struct stale_rows *)sink)->is_row_deleted = false;
    return STATUS_OK;
}

/* Deletes rows of meta that nothing stands behind: left by a crash between a manifest and its row. */
static enum status find_stale_rows(
    struct master *master, struct meta_batch *batch, struct error *error)
{
    struct stale_rows stale = {
        .sink = {see_meta_cell, see_meta_row}, .master = master, .batch = batch};
    struct scan_request request;
    struct scanner *scanner;
    struct scan_limits limits = {
        .results = UINT64_MAX, .rows = UINT64_MAX, .bytes = UINT64_MAX, .may_block = true};
    struct scan_progress progress = {0};
    scan_request_init(&request);
    enum status status = scanner_open(master->meta->tablet, &request, &scanner, error);
    if (status)
        return status;
    while (!status && progress.stop != SCAN_STOP_END && progress.stop != SCAN_STOP_FILTER)
        status = scanner_next(scanner, &limits, &stale.sink, &progress, error);
    scanner_close(scanner);
    buffer_deinit(&stale.expected);
    return status;
}

/* ---- Opening ---- */

/* A tablet that cannot be opened keeps itself closed, and no other. */
static void on_opened(void *context, enum status status, const struct error *error)
{
    (void)context;
    if (status)
        log_line(LOG_ERROR, "tablet.open", "error=\"%s\"", error->message);
}

static bool is_served(const struct master *master, const struct catalogue_table *table)
{
    if (table->is_hidden || table->descriptor.state != TABLE_ENABLED ||
        strcmp(table->descriptor.id, META_TABLE_ID) == 0)
        return false;
    return !master_table_is_busy(master, table->descriptor.schema.name);
}

/* Every tablet of an enabled table is said to be opening before the first client asks. */
static void begin_openings(struct master *master)
{
    for (struct catalogue_table *table = master->catalogue.tables; table; table = table->next) {
        if (!is_served(master, table))
            continue;
        for (size_t i = 0; i < table->tablet_count; i++) {
            const struct tablet_info *info = &table->tablets[i];
            if (tablet_service_begin_open(master->tablets, &table->descriptor.schema, info) ||
                tablet_opening_start(master, info, TABLET_OPENING_BEGUN, on_opened, NULL))
                log_line(LOG_ERROR, "tablet.open", "tablet=%s error=\"no memory\"", info->id);
        }
    }
}

static enum status open_meta(struct master *master, struct error *error)
{
    struct catalogue_table *table = catalogue_find_id_locked(&master->catalogue, META_TABLE_ID);
    const struct table_schema *schema = &table->descriptor.schema;
    enum status status = tablet_service_begin_open(master->tablets, schema, &table->tablets[0]);
    if (!status)
        status = tablet_service_open(master->tablets, META_TABLET_ID, META_TABLE_ID, schema, error);
    if (status)
        return error_prefix(error, status, "open hbase:meta");
    master->meta = tablet_service_find_meta(master->tablets);
    CHECK(master->meta);
    return STATUS_OK;
}

static void on_rows_written(void *context, enum status status, const struct error *error)
{
    struct master *master = context;
    if (status)
        log_line(LOG_ERROR, "meta.write", "error=\"%s\"", error->message);
    (void)master;
}

/* States of tables, namespaces, and what is stale. */
static enum status bring_meta_in_line(struct master *master, struct error *error)
{
    struct meta_batch *batch = meta_batch_new();
    if (!batch)
        return error_set(error, STATUS_NO_MEMORY, "no memory for rows of hbase:meta");
    enum status status = find_stale_rows(master, batch, error);
    if (status) {
        meta_batch_free(batch);
        return error_prefix(error, status, "read hbase:meta");
    }
    for (struct catalogue_table *table = master->catalogue.tables; table; table = table->next)
        if (!table->is_hidden && strcmp(table->descriptor.id, META_TABLE_ID) != 0)
            meta_batch_put_state(batch, table->descriptor.schema.name, table->descriptor.state);
    for (struct namespace_entry *entry = master->catalogue.namespaces; entry; entry = entry->next)
        meta_batch_put_namespace(
            batch, entry->name, entry->configuration, entry->configuration_count);
    meta_batch_send(batch, master->meta->tablet, on_rows_written, master);
    return STATUS_OK;
}

void master_run_start(struct task *task)
{
    struct master *master = (struct master *)((char *)task - offsetof(struct master, start_task));
    struct error error = {0};
    enum status status = open_meta(master, &error);
    if (!status)
        status = store_chain_list(master->store, CHAIN_PROCEDURE, take_up, master, &error);
    if (!status)
        status = bring_meta_in_line(master, &error);
    if (!status) {
        begin_openings(master);
        atomic_store(&master->is_ready, true);
    }
    master->ready(master->ready_context, status, &error);
}
