/* The actions of procedures. Each may be done again after a crash in its middle: what is there already is fine. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "server/master/master_document.h"
#include "server/master/master_internal.h"
#include "server/master/master_settings.h"

struct catalogue_table *procedure_table(struct running *running)
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
    return running->procedure.new_table_id[0] ? new_table_of(running) : procedure_table(running);
}

/* Ends an action that was done at once. */
void procedure_done_at_once(struct running *running, enum status status, const struct error *error)
{
    atomic_store(&running->pending, 1);
    procedure_part_done(running, status, error);
}

/* ---- Descriptors ---- */

/* Commits a state (and a schema, when not NULL) of a table that the catalogue holds; also the one that it has, which the
 * master before may have linked and not synced (decision 0016). */
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
    next.state = state;
    if (schema)
        next.schema = *schema;
    enum status status = master_descriptor_commit(master->store, &next, error);
    /* Another master has changed the table, or dropped it so long ago that its folder is away: we do not lead. */
    if (status == STATUS_SUPERSEDED || status == STATUS_NOT_FOUND)
        master_lost(master, error);
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
                                        ? procedure_table(running)
                                        : serving_table_of(running);
    procedure_done_at_once(running, commit_state(running, table, state, NULL, &error), &error);
}

static enum status commit_schema(struct running *running, struct error *error)
{
    struct catalogue_table *table = procedure_table(running);
    enum table_state state = table ? table->descriptor.state : TABLE_ENABLED;
    return commit_state(running, table, state, &running->procedure.schema, error);
}

/* The first step of a restore too: what cannot be put back is found now, not when there is no way back. */
static void do_commit_schema(struct running *running)
{
    struct error error = {0};
    if (running->procedure.kind != PROCEDURE_RESTORE) {
        procedure_done_at_once(running, commit_schema(running, &error), &error);
        return;
    }
    atomic_store(&running->pending, 1);
    procedure_work(running, procedure_judge_restore, commit_schema);
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
        procedure_done_at_once(
            running, error_set(&error, STATUS_NO_MEMORY, "no memory for a table"), &error);
        return;
    }
    procedure_done_at_once(
        running, commit_state(running, table, TABLE_ENABLING, NULL, &error), &error);
}

/* ---- Work that takes long ---- */

static void work_back(struct task *task)
{
    struct running *running = (struct running *)((char *)task -
                                                 offsetof(struct running, work_task));
    enum status status = running->work_status;
    bool goes_on = master_came_back(running->master);
    if (!status && goes_on && running->apply)
        status = running->apply(running, &running->work_error);
    procedure_part_done(running, status, &running->work_error);
}

static void work_run(struct task *task)
{
    struct running *running = (struct running *)((char *)task -
                                                 offsetof(struct running, work_task));
    running->work_status = running->work(running, &running->work_error);
    running->work_task.run = work_back;
    master_back(running->master, &running->work_task);
}

void procedure_work(struct running *running,
    enum status (*work)(struct running *running, struct error *error),
    enum status (*apply)(struct running *running, struct error *error))
{
    running->work = work;
    running->apply = apply;
    error_clear(&running->work_error);
    running->work_task.run = work_run;
    master_hold(running->master);
    executor_submit(store_workers(running->master->store), &running->work_task);
}

void procedure_on_part_done(void *context, enum status status, const struct error *error)
{
    procedure_part_done(context, status, error);
}

/* ---- Tablets ---- */

static const char *table_to_fill(const struct procedure *procedure)
{
    return procedure->new_table_id[0] ? procedure->new_table_id : procedure->table_id;
}

static enum status create_tablets(struct running *running, struct error *error)
{
    const struct procedure *procedure = &running->procedure;
    return store_tablet_create(running->master->store, table_to_fill(procedure), procedure->tablets,
        procedure->tablet_count, error);
}

static enum status take_tablets(struct running *running, struct error *error)
{
    struct master *master = running->master;
    const struct procedure *procedure = &running->procedure;
    enum status status = STATUS_OK;
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *table = catalogue_find_id_locked(
        &master->catalogue, table_to_fill(procedure));
    for (size_t i = 0; i < procedure->tablet_count && !status; i++)
        if (!table || !catalogue_add_tablet_locked(&master->catalogue, table,
                          &procedure->tablets[i], env_wall_ms(master->env)))
            status = error_set(error, STATUS_NO_MEMORY, "no memory for the tablets of a table");
    mutex_unlock(&master->catalogue.mutex);
    return status;
}

static void do_create_tablets(struct running *running)
{
    atomic_store(&running->pending, 1);
    procedure_work(running, create_tablets, take_tablets);
}

void procedure_open(struct running *running, struct assigned_tablet *const *tablets, size_t count,
    bool is_silent, transition_done *done)
{
    struct master *master = running->master;
    struct error error = {0};
    struct assigned_tablet **copies = memory_allocate_zeroed(count ? count : 1, sizeof *copies);
    struct assigned_server **servers = memory_allocate_zeroed(count ? count : 1, sizeof *servers);
    if (!copies || !servers)
        error_set(&error, STATUS_NO_MEMORY, "no memory to open %zu tablets", count);
    else {
        memcpy(copies, tablets, count * sizeof *copies);
        master_place(master, copies, count, servers);
    }
    for (size_t i = 0; i < count; i++) {
        if (!copies || !servers) {
            procedure_part_done(running, error.status, &error);
            continue;
        }
        struct transition_wish wish = {
            .kind = TRANSITION_OPEN, .server = servers[i], .is_silent = is_silent};
        master_forget_idle(master, copies[i]);
        transition_start(master, copies[i], &wish, done, running);
    }
    memory_free(copies);
    memory_free(servers);
}

/* A tablet that cannot be opened holds up no other: the assigner goes on trying. */
static void on_opened_or_not(void *context, enum status status, const struct error *error)
{
    if (status != STATUS_CANCELLED)
        status = STATUS_OK;
    procedure_part_done(context, status, error);
}

static void do_open(struct running *running)
{
    struct catalogue_table *table = serving_table_of(running);
    enum procedure_kind kind = running->procedure.kind;
    bool must_open = kind == PROCEDURE_CREATE || kind == PROCEDURE_CLONE;
    if (!table || table->tablet_count == 0) {
        procedure_done_at_once(running, STATUS_OK, NULL);
        return;
    }
    atomic_store(&running->pending, table->tablet_count);
    master_set_unassigned(running->master, table->tablets, table->tablet_count, false);
    procedure_open(running, table->tablets, table->tablet_count, false,
        must_open ? procedure_on_part_done : on_opened_or_not);
}

/* What could not be opened is the assigner's now, as the table is enabled. */
static void leave_to_assigner(struct running *running)
{
    struct catalogue_table *table = serving_table_of(running);
    for (size_t i = 0; table && i < table->tablet_count; i++)
        if (table->tablets[i]->state != ASSIGNMENT_OPEN)
            master_want_open(running->master, table->tablets[i]);
}

/* Meta rows of all tablets of the table, as one part. */
static void send_rows(struct running *running, struct catalogue_table *table, const char *state)
{
    struct meta_batch *batch = meta_batch_new();
    for (size_t i = 0; batch && table && i < table->tablet_count; i++)
        meta_batch_put_tablet(
            batch, table->descriptor.schema.name, &table->tablets[i]->info, state, NULL, 0);
    meta_access_write(running->master, batch, procedure_on_part_done, running);
}

/* A tablet that cannot be opened cannot be flushed: what its log holds stays there until it can be. */
struct table_closing {
    struct running *running;
    struct assigned_tablet *tablet;
};

static void on_closed_or_not(void *context, enum status status, const struct error *error)
{
    struct table_closing *closing = context;
    struct running *running = closing->running;
    if (status && status != STATUS_CANCELLED && closing->tablet->state == ASSIGNMENT_FAILED_OPEN) {
        log_line(LOG_WARN, "tablet.close", "tablet=%s error=\"%s\"", closing->tablet->info.id,
            error ? error->message : "");
        status = STATUS_OK;
    }
    memory_free(closing);
    procedure_part_done(running, status, error);
}

static void close_tablet(
    struct running *running, struct assigned_tablet *tablet, const struct transition_wish *wish)
{
    struct error error = {0};
    struct table_closing *closing = memory_allocate_zeroed(1, sizeof *closing);
    if (!closing) {
        procedure_part_done(
            running, error_set(&error, STATUS_NO_MEMORY, "no memory to close a tablet"), &error);
        return;
    }
    closing->running = running;
    closing->tablet = tablet;
    transition_start(running->master, tablet, wish, on_closed_or_not, closing);
}

static void do_close(struct running *running)
{
    struct master *master = running->master;
    struct catalogue_table *table = procedure_table(running);
    size_t count = table ? table->tablet_count : 0;
    struct transition_wish wish = {.kind = TRANSITION_CLOSE,
        /* undone: nothing in it counts */
        .is_dropped = running->procedure.is_undoing};
    atomic_store(&running->pending, count + 1);
    for (size_t i = 0; i < count; i++) {
        master_forget_idle(master, table->tablets[i]);
        close_tablet(running, table->tablets[i], &wish);
    }
    if (wish.is_dropped)
        procedure_part_done(running, STATUS_OK, NULL);
    else
        send_rows(running, table, "CLOSED");
}

/* ---- Schema ---- */

/* A server that has tablets of the table. */
struct schema_sending {
    struct tablet_command command; /* first */
    struct running *running;
    struct server_name server;
    char text[SERVER_TEXT_SIZE];
};

static void on_schema_set(struct tablet_command *command)
{
    struct schema_sending *sending = (struct schema_sending *)command;
    procedure_part_done(sending->running, command->status, &command->error);
    memory_free(sending);
}

static void send_schema(struct running *running, const struct assigned_server *server)
{
    struct error error = {0};
    struct schema_sending *sending = memory_allocate_zeroed(1, sizeof *sending);
    if (!sending) {
        procedure_part_done(
            running, error_set(&error, STATUS_NO_MEMORY, "no memory to set a schema"), &error);
        return;
    }
    memcpy(sending->text, server->text, sizeof sending->text);
    sending->server = server->name;
    sending->server.host = span_make(sending->text, server->name.host.size);
    sending->running = running;
    struct tablet_command *command = &sending->command;
    command->kind = TABLET_COMMAND_SET_SCHEMA;
    command->server = &sending->server;
    command->epoch = atomic_load(&running->master->epoch);
    command->schema = &running->procedure.schema;
    memcpy(command->tablet.table_id, running->procedure.table_id, sizeof command->tablet.table_id);
    command->done = on_schema_set;
    tablet_link_send(running->master->config.link, command);
}

static bool has_tablet_of(const struct assigned_server *server, const char *table_id)
{
    for (const struct assigned_tablet *one = server->first; one; one = one->server_next)
        if (strcmp(one->info.table_id, table_id) == 0)
            return true;
    return false;
}

static void do_set_schema(struct running *running)
{
    struct master *master = running->master;
    atomic_store(&running->pending, master->catalogue.assignment.server_count + 1);
    for (struct assigned_server *one = master->catalogue.assignment.servers; one; one = one->next) {
        if (one->state == ASSIGNED_SERVER_LIVE && has_tablet_of(one, running->procedure.table_id))
            send_schema(running, one);
        else
            procedure_part_done(running, STATUS_OK, NULL);
    }
    procedure_part_done(running, STATUS_OK, NULL);
}

/* ---- Meta ---- */

static void do_meta_rows(struct running *running)
{
    struct catalogue_table *table = serving_table_of(running);
    bool is_closed = running->procedure.kind == PROCEDURE_RESTORE;
    atomic_store(&running->pending, 2);
    send_rows(running, table, is_closed ? "CLOSED" : "OPENING");
    struct meta_batch *batch = meta_batch_new();
    if (batch && table)
        meta_batch_put_state(batch, table->descriptor.schema.name, table->descriptor.state);
    meta_access_write(running->master, batch, procedure_on_part_done, running);
}

static void do_meta_state(struct running *running)
{
    struct catalogue_table *table = serving_table_of(running);
    struct meta_batch *batch = meta_batch_new();
    atomic_store(&running->pending, 1);
    if (batch && table)
        meta_batch_put_state(batch, table->descriptor.schema.name, table->descriptor.state);
    if (table && table->descriptor.state == TABLE_ENABLED)
        leave_to_assigner(running);
    meta_access_write(running->master, batch, procedure_on_part_done, running);
}

static void do_meta_remove(struct running *running)
{
    struct catalogue_table *table = procedure_table(running);
    struct meta_batch *batch = meta_batch_new();
    atomic_store(&running->pending, 1);
    for (size_t i = 0; batch && table && i < table->tablet_count; i++)
        meta_batch_delete_tablet(batch, table->descriptor.schema.name, &table->tablets[i]->info);
    for (size_t i = 0; batch && table && i < table->retired_count; i++)
        meta_batch_delete_tablet(batch, table->descriptor.schema.name, &table->retired[i]->info);
    /* A truncated table keeps its state's row, and so does one that is restored, and another that has its name. */
    mutex_lock(&running->master->catalogue.mutex);
    bool is_shared = catalogue_is_name_shared_locked(
        &running->master->catalogue, table, running->procedure.table_name);
    mutex_unlock(&running->master->catalogue.mutex);
    if (batch && !running->procedure.new_table_id[0] &&
        running->procedure.kind != PROCEDURE_RESTORE && !is_shared)
        meta_batch_delete_state(batch, running->procedure.table_name);
    meta_access_write(running->master, batch, procedure_on_part_done, running);
}

/* ---- The end of tables ---- */

static enum status remove_table(struct running *running, struct error *error)
{
    enum status status = store_table_remove(
        running->master->store, running->procedure.table_id, error);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status forget_table(struct running *running, struct error *error)
{
    struct master *master = running->master;
    (void)error;
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *table = procedure_table(running);
    for (size_t i = 0; table && i < table->tablet_count; i++)
        master_forget_idle(master, table->tablets[i]);
    if (table)
        catalogue_remove_locked(&master->catalogue, table);
    mutex_unlock(&master->catalogue.mutex);
    return STATUS_OK;
}

static void do_remove(struct running *running)
{
    atomic_store(&running->pending, 1);
    procedure_work(running, remove_table, forget_table);
}

/* The successor takes the name; the predecessor is out of sight. */
static void do_swap(struct running *running)
{
    struct master *master = running->master;
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *old = procedure_table(running), *successor = new_table_of(running);
    if (old)
        old->is_hidden = true;
    if (successor)
        successor->is_hidden = false;
    mutex_unlock(&master->catalogue.mutex);
    procedure_done_at_once(running, STATUS_OK, NULL);
}

void procedure_do(struct running *running, enum procedure_action action)
{
    const struct procedure *procedure = &running->procedure;
    switch (action) {
    case ACTION_COMMIT_ENABLING:
        if (procedure->kind == PROCEDURE_CREATE || procedure->kind == PROCEDURE_CLONE)
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
    case ACTION_CREATE_NEW_TABLETS:
        do_create_tablets(running);
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
        do_open(running);
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
    case ACTION_OPEN_SOURCES:
    case ACTION_CLOSE_SOURCES:
    case ACTION_FIND_SPLIT_ROW:
    case ACTION_DIVIDE:
    case ACTION_JOIN:
    case ACTION_OPEN_CHILDREN:
    case ACTION_META_CHILDREN:
        procedure_do_tablets(running, action);
        break;
    case ACTION_BURY:
    case ACTION_RELEASE:
        procedure_do_server(running, action);
        break;
    case ACTION_FLUSH:
    case ACTION_SNAPSHOT:
    case ACTION_CLONE_TABLETS:
    case ACTION_RESTORE:
        procedure_do_snapshot(running, action);
        break;
    case ACTION_FINISH:
        break;
    }
}
