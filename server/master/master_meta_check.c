/* hbase:meta brought in line at the beginning of a tenure: all its cells are walked once, then the rows that are wrong
 * or missing are written, some at a time. Nobody else's rows are written before (meta_access.h), so what is written here is
 * what was true when it began, or later. With the last batch the tenure serves. The master's executor. */
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "proto/region.h"
#include "server/master/master_internal.h"

#define ROWS_A_BATCH 500
#define BATCHES_AT_A_TIME                                                                          \
    4 /* a row takes some 4 KB until it is written: 100,000 at once would be 400 MB */

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
    struct catalogue_table *damaged_table;
    struct damaged_tablet *damaged; /* that it names: nothing else knows its range; or NULL */
    bool is_table, is_deleted, has_region, is_right_server, is_right_state;
};

static void go_on_writing(struct meta_check *check);

/* Tables whose tablets have rows. */
static bool has_rows(const struct catalogue_table *table)
{
    return !table->is_hidden && table->descriptor.state != TABLE_DROPPED &&
           strcmp(table->descriptor.id, META_TABLE_ID) != 0;
}

/* Its tablets may be replaced while our rows are on their way: the procedure that does it writes the rows, after us. */
static bool is_being_restored(const struct master *master, const struct catalogue_table *table)
{
    for (const struct running *running = master->procedures; running; running = running->next)
        if (running->procedure.kind == PROCEDURE_RESTORE &&
            strcmp(running->procedure.table_id, table->descriptor.id) == 0)
            return true;
    return false;
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
    check->damaged_table = check->is_table || check->tablet
                               ? NULL
                               : catalogue_find_locked(&check->master->catalogue, table_name);
    check->damaged = check->damaged_table ? master_find_damaged(check->damaged_table,
                                                region_encoded_name(row, storage))
                                          : NULL;
    /* a name of the same hash of another table is nobody's */
    if (check->tablet && (check->tablet->table->is_hidden ||
                             !span_equal(check->tablet->table->descriptor.schema.name, table_name)))
        check->tablet = NULL;
}

static void see_tablet_cell(struct meta_check *check, const struct cell *cell)
{
    bool is_region = span_equal(cell->qualifier, SPAN_LITERAL("regioninfo"));
    if (check->damaged && is_region) {
        bool is_gone = false;
        check->tablet = master_place_damaged(
            check->master, check->damaged_table, check->damaged, cell->value, &is_gone);
        check->damaged = check->tablet || is_gone ? NULL : check->damaged;
    }
    struct assigned_tablet *tablet = check->tablet;
    if (check->damaged) {
        return; /* what little there is of it stays */
    } else if (!tablet) {
        if (!check->is_deleted)
            note_gone(check, GONE_ROW, cell->row);
        check->is_deleted = true;
    } else if (is_region) {
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
    for (struct catalogue_table *table = catalogue->tables; table; table = table->next) {
        if (!has_rows(table) || is_being_restored(check->master, table))
            continue;
        for (size_t i = 0; i < table->tablet_count; i++)
            if (!table->tablets[i]->is_in_meta)
                memcpy(check->missing[check->missing_count++], table->tablets[i]->info.id,
                    sizeof check->missing[0]);
    }
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
    master_serve(master);
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
        master_fail_tenure(check->master, error);
    check->is_failed = status != STATUS_OK;
    go_on_writing(check);
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
        master_fail_tenure(master, &error);
        return;
    }
    check->master = master;
    check->is_busy = true;
    meta_access_read(master, see_cell, on_meta_read, check);
}
