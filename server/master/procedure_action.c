/* The actions of procedures. Each may be done again after a crash in its middle: what is there already is fine. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/master/master_internal.h"
#include "server/master/tablet_opening.h"

static struct catalogue_table *table_of(struct running *running)
{
    return catalogue_find_id_locked(&running->master->catalogue, running->procedure.table_id);
}

static struct catalogue_table *new_table_of(struct running *running)
{
    return catalogue_find_id_locked(&running->master->catalogue, running->procedure.new_table_id);
}

/* The table that is (or will be) served under the name: a truncate's successor, else the table. */
static struct catalogue_table *serving_table_of(struct running *running)
{
    return running->procedure.new_table_id[0] ? new_table_of(running) : table_of(running);
}

/* Ends an action that was done at once. */
static void done_at_once(struct running *running, enum status status, const struct error *error)
{
    atomic_store(&running->pending, 1);
    procedure_part_done(running, status, error);
}

/* ---- Descriptors ---- */

/* Commits a state (and a schema, when not NULL) of a table that the catalogue holds. */
static enum status commit_state(struct running *running, struct catalogue_table *table,
    enum table_state state, const struct table_schema *schema, struct error *error)
{
    struct master *master = running->master;
    if (!table)
        return state == TABLE_DROPPED
                   ? STATUS_OK
                   : error_set(error, STATUS_NOT_FOUND, "table of procedure %" PRIu64 " is gone",
                         running->procedure.id);
    struct table_descriptor next = table->descriptor;
    if (next.version > 0 && next.state == state && !schema)
        return STATUS_OK;
    next.state = state;
    if (schema)
        next.schema = *schema;
    enum status status = store_table_commit(master->store, &next, error);
    if (status)
        return status;
    mutex_lock(&master->catalogue.mutex);
    table->descriptor.version = next.version;
    table->descriptor.state = state;
    if (schema)
        status = catalogue_set_schema_locked(table, schema, error);
    mutex_unlock(&master->catalogue.mutex);
    return status;
}

static void do_commit(struct running *running, enum table_state state)
{
    struct error error = {0};
    struct catalogue_table *table = state == TABLE_DROPPED || state == TABLE_DISABLING
                                        ? table_of(running)
                                        : serving_table_of(running);
    done_at_once(running, commit_state(running, table, state, NULL, &error), &error);
}

static void do_commit_schema(struct running *running)
{
    struct error error = {0};
    struct catalogue_table *table = table_of(running);
    enum table_state state = table ? table->descriptor.state : TABLE_ENABLED;
    done_at_once(
        running, commit_state(running, table, state, &running->procedure.schema, &error), &error);
}

/* Adds a table of this procedure to the catalogue when it is not there, and commits it as enabling. */
static void do_commit_new(struct running *running, const char *table_id, bool is_hidden)
{
    struct master *master = running->master;
    struct error error = {0};
    struct table_descriptor descriptor = {
        .state = TABLE_ENABLING, .schema = running->procedure.schema};
    snprintf(descriptor.id, sizeof descriptor.id, "%s", table_id);
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *table = catalogue_find_id_locked(&master->catalogue, table_id);
    if (!table) {
        table = catalogue_add_locked(&master->catalogue, &descriptor);
        if (table)
            table->is_hidden = is_hidden;
    }
    mutex_unlock(&master->catalogue.mutex);
    if (!table) {
        done_at_once(running, error_set(&error, STATUS_NO_MEMORY, "no memory for a table"), &error);
        return;
    }
    done_at_once(running, commit_state(running, table, TABLE_ENABLING, NULL, &error), &error);
}

/* ---- Tablets ---- */

static void do_create_tablets(struct running *running, const char *table_id)
{
    struct master *master = running->master;
    struct error error = {0};
    enum status status = store_tablet_create(master->store, table_id, running->procedure.tablets,
        running->procedure.tablet_count, &error);
    if (!status) {
        mutex_lock(&master->catalogue.mutex);
        struct catalogue_table *table = catalogue_find_id_locked(&master->catalogue, table_id);
        if (!table || !catalogue_set_tablets_locked(&master->catalogue, table,
                          running->procedure.tablets, running->procedure.tablet_count))
            status = error_set(&error, STATUS_NO_MEMORY, "no memory for the tablets of a table");
        mutex_unlock(&master->catalogue.mutex);
    }
    done_at_once(running, status, &error);
}

static void on_part_done(void *context, enum status status, const struct error *error)
{
    procedure_part_done(context, status, error);
}

static void open_tablets(struct running *running, enum tablet_opening_mode mode)
{
    struct master *master = running->master;
    struct catalogue_table *table = serving_table_of(running);
    struct error error = {0};
    if (!table || table->tablet_count == 0) {
        done_at_once(running, STATUS_OK, &error);
        return;
    }
    size_t count = table->tablet_count;
    atomic_store(&running->pending, count);
    for (size_t i = 0; i < count; i++)
        if (tablet_opening_start(master, &table->tablets[i], mode, on_part_done, running))
            procedure_part_done(
                running, error_set(&error, STATUS_NO_MEMORY, "no memory to open a tablet"), &error);
}

static void do_reopen(struct running *running)
{
    struct catalogue_table *table = table_of(running);
    if (table && table->descriptor.state == TABLE_ENABLED)
        open_tablets(running, TABLET_OPENING_ENSURE);
    else
        done_at_once(running, STATUS_OK, NULL);
}

/* One tablet to close. */
struct closing {
    struct completion completion;
    struct running *running;
    struct served_tablet *served;
};

static void on_closed(struct completion *completion)
{
    struct closing *closing = (struct closing *)completion;
    enum status status = completion->status == STATUS_CLOSED ? STATUS_OK : completion->status;
    served_tablet_unref(closing->served);
    procedure_part_done(closing->running, status, &completion->error);
    memory_free(closing);
}

/* Meta rows of all tablets of the table, as one part. */
static void send_rows(struct running *running, struct catalogue_table *table, const char *state)
{
    struct meta_batch *batch = meta_batch_new();
    struct error error = {0};
    if (!batch) {
        procedure_part_done(running,
            error_set(&error, STATUS_NO_MEMORY, "no memory for rows of hbase:meta"), &error);
        return;
    }
    for (size_t i = 0; table && i < table->tablet_count; i++)
        meta_batch_put_tablet(
            batch, table->descriptor.schema.name, &table->tablets[i], state, NULL, 0);
    meta_batch_send(batch, running->master->meta->tablet, on_part_done, running);
}

static void do_close(struct running *running)
{
    struct master *master = running->master;
    struct catalogue_table *table = table_of(running);
    struct error error = {0};
    size_t count = table ? table->tablet_count : 0;
    bool is_dropped = running->procedure.kind ==
                      PROCEDURE_CREATE; /* undone: nothing in it counts */
    atomic_store(&running->pending, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct served_tablet *served = tablet_service_take(master->tablets, table->tablets[i].id);
        struct closing *closing = served ? memory_allocate_zeroed(1, sizeof *closing) : NULL;
        if (!closing) {
            enum status status = served ? error_set(&error, STATUS_NO_MEMORY,
                                              "no memory to close a tablet")
                                        : STATUS_OK;
            served_tablet_unref(served);
            procedure_part_done(running, status, &error);
            continue;
        }
        closing->completion.done = on_closed;
        closing->running = running;
        closing->served = served;
        tablet_close(served->tablet, is_dropped, &closing->completion);
    }
    if (is_dropped)
        procedure_part_done(running, STATUS_OK, NULL);
    else
        send_rows(running, table, "CLOSED");
}

static bool set_schema_of(void *context, struct served_tablet *served)
{
    struct running *running = context;
    struct error error = {0};
    if (strcmp(served->table_id, running->procedure.table_id) != 0)
        return true;
    enum status status = tablet_set_schema(served->tablet, &running->procedure.schema, &error);
    if (status) {
        running->part_status = status;
        running->part_error = error;
    }
    return status == STATUS_OK;
}

static void do_set_schema(struct running *running)
{
    atomic_store(&running->pending, 1);
    tablet_service_each(running->master->tablets, set_schema_of, running);
    procedure_part_done(running, STATUS_OK, NULL);
}

/* ---- Meta ---- */

static void do_meta_rows(struct running *running)
{
    struct catalogue_table *table = serving_table_of(running);
    atomic_store(&running->pending, 2);
    send_rows(running, table, "OPENING");
    struct meta_batch *batch = meta_batch_new();
    struct error error = {0};
    if (!batch) {
        procedure_part_done(running,
            error_set(&error, STATUS_NO_MEMORY, "no memory for rows of hbase:meta"), &error);
        return;
    }
    if (table)
        meta_batch_put_state(batch, table->descriptor.schema.name, table->descriptor.state);
    meta_batch_send(batch, running->master->meta->tablet, on_part_done, running);
}

static void do_meta_state(struct running *running)
{
    struct catalogue_table *table = serving_table_of(running);
    struct meta_batch *batch = meta_batch_new();
    struct error error = {0};
    if (!batch) {
        done_at_once(running,
            error_set(&error, STATUS_NO_MEMORY, "no memory for a row of hbase:meta"), &error);
        return;
    }
    atomic_store(&running->pending, 1);
    if (table)
        meta_batch_put_state(batch, table->descriptor.schema.name, table->descriptor.state);
    meta_batch_send(batch, running->master->meta->tablet, on_part_done, running);
}

static void do_meta_remove(struct running *running)
{
    struct catalogue_table *table = table_of(running);
    struct meta_batch *batch = meta_batch_new();
    struct error error = {0};
    if (!batch) {
        done_at_once(running,
            error_set(&error, STATUS_NO_MEMORY, "no memory for rows of hbase:meta"), &error);
        return;
    }
    atomic_store(&running->pending, 1);
    for (size_t i = 0; table && i < table->tablet_count; i++)
        meta_batch_delete_tablet(batch, table->descriptor.schema.name, &table->tablets[i]);
    if (!running->procedure.new_table_id[0]) /* a truncated table keeps its state's row */
        meta_batch_delete_state(batch, running->procedure.table_name);
    meta_batch_send(batch, running->master->meta->tablet, on_part_done, running);
}

/* ---- The end of tables ---- */

static void do_remove(struct running *running)
{
    struct master *master = running->master;
    struct error error = {0};
    enum status status = store_table_remove(master->store, running->procedure.table_id, &error);
    if (status == STATUS_NOT_FOUND)
        status = STATUS_OK;
    if (!status) {
        mutex_lock(&master->catalogue.mutex);
        struct catalogue_table *table = table_of(running);
        if (table)
            catalogue_remove_locked(&master->catalogue, table);
        mutex_unlock(&master->catalogue.mutex);
    }
    done_at_once(running, status, &error);
}

/* The successor takes the name; the predecessor is out of sight. */
static void do_swap(struct running *running)
{
    struct master *master = running->master;
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *old = table_of(running), *successor = new_table_of(running);
    if (old)
        old->is_hidden = true;
    if (successor)
        successor->is_hidden = false;
    mutex_unlock(&master->catalogue.mutex);
    done_at_once(running, STATUS_OK, NULL);
}

void procedure_do(struct running *running, enum procedure_action action)
{
    const struct procedure *procedure = &running->procedure;
    switch (action) {
    case ACTION_COMMIT_ENABLING:
        if (procedure->kind == PROCEDURE_CREATE)
            do_commit_new(running, procedure->table_id, false);
        else
            do_commit(running, TABLE_ENABLING);
        break;
    case ACTION_COMMIT_ENABLED:
        do_commit(running, TABLE_ENABLED);
        break;
    case ACTION_COMMIT_DISABLING:
        do_commit(running, TABLE_DISABLING);
        break;
    case ACTION_COMMIT_DISABLED:
        do_commit(running, TABLE_DISABLED);
        break;
    case ACTION_COMMIT_DROPPED:
        do_commit(running, TABLE_DROPPED);
        break;
    case ACTION_COMMIT_SCHEMA:
        do_commit_schema(running);
        break;
    case ACTION_COMMIT_NEW:
        do_commit_new(running, procedure->new_table_id, true);
        break;
    case ACTION_CREATE_TABLETS:
        do_create_tablets(running, procedure->table_id);
        break;
    case ACTION_CREATE_NEW_TABLETS:
        do_create_tablets(running, procedure->new_table_id);
        break;
    case ACTION_META_ROWS:
        do_meta_rows(running);
        break;
    case ACTION_META_STATE:
        do_meta_state(running);
        break;
    case ACTION_META_REMOVE:
        do_meta_remove(running);
        break;
    case ACTION_OPEN:
        open_tablets(running, TABLET_OPENING_BEGIN);
        break;
    case ACTION_REOPEN:
        do_reopen(running);
        break;
    case ACTION_CLOSE:
        do_close(running);
        break;
    case ACTION_SET_SCHEMA:
        do_set_schema(running);
        break;
    case ACTION_SWAP:
        do_swap(running);
        break;
    case ACTION_REMOVE:
    case ACTION_REMOVE_OLD:
        do_remove(running);
        break;
    case ACTION_FINISH:
        break;
    }
}
