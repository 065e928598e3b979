/* The actions of snapshot, clone and restore. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "server/master/master_internal.h"

/* ---- Flush: what is not in SSTables is not in the snapshot ---- */

struct flushing {
    struct tablet_command command; /* first */
    struct running *running;
    struct server_name server;
    char text[SERVER_TEXT_SIZE];
};

static void on_flushed(struct tablet_command *command)
{
    struct flushing *flushing = (struct flushing *)command;
    procedure_part_done(flushing->running, command->status, &command->error);
    memory_free(flushing);
}

static void flush_tablet(struct running *running, const struct assigned_tablet *tablet)
{
    struct error error = {0};
    struct flushing *flushing = memory_allocate_zeroed(1, sizeof *flushing);
    if (!flushing || tablet->state != ASSIGNMENT_OPEN) {
        memory_free(flushing);
        procedure_part_done(running,
            error_set(&error, STATUS_BUSY, "Region %s is not online", tablet->info.id), &error);
        return;
    }
    flushing->running = running;
    memcpy(flushing->text, tablet->server->text, sizeof flushing->text);
    flushing->server = tablet->server->name;
    flushing->server.host = span_make(flushing->text, tablet->server->name.host.size);
    struct tablet_command *command = &flushing->command;
    command->kind = TABLET_COMMAND_FLUSH;
    command->server = &flushing->server;
    command->epoch = atomic_load(&running->master->epoch);
    memcpy(command->tablet.id, tablet->info.id, sizeof command->tablet.id);
    memcpy(command->tablet.table_id, tablet->info.table_id, sizeof command->tablet.table_id);
    command->done = on_flushed;
    tablet_link_send(running->master->config.link, command);
}

static void flush(struct running *running)
{
    struct catalogue_table *table = procedure_table(running);
    bool is_open = table && table->descriptor.state == TABLE_ENABLED &&
                   running->procedure.flags != SNAPSHOT_SKIP_FLUSH;
    size_t count = is_open ? table->tablet_count : 0;
    atomic_store(&running->pending, count + 1);
    for (size_t i = 0; i < count; i++)
        flush_tablet(running, table->tablets[i]);
    procedure_part_done(running, STATUS_OK, NULL);
}

/* ---- Snapshot ---- */

static enum status take_snapshot(struct running *running, struct error *error)
{
    const struct procedure *procedure = &running->procedure;
    struct snapshot_info info = {.name = procedure->snapshot,
        .schema = procedure->schema,
        .created_ms = procedure->submitted_ms,
        .ttl_s = (int64_t)procedure->number,
        .owner = procedure->owner,
        .type = procedure->flags,
        .is_of_closed = procedure->flags == SNAPSHOT_OF_DISABLED};
    memcpy(info.table_id, procedure->table_id, sizeof info.table_id);
    enum status status = store_snapshot_create(running->master->store, &info, error);
    if (status != STATUS_EXISTS)
        return status;
    /* by this very procedure, before a crash? */
    struct arena arena = {0};
    struct snapshot_info there;
    if (store_snapshot_read(
            running->master->store, procedure->snapshot, &arena, &there, NULL, NULL) == STATUS_OK &&
        there.created_ms == info.created_ms && strcmp(there.table_id, info.table_id) == 0)
        status = STATUS_OK;
    arena_deinit(&arena);
    return status;
}

/* ---- Clone ---- */

/* Of the tablets it makes. NULL on no memory. */
static struct tablet_clone *clones_of(const struct procedure *procedure, struct arena *arena)
{
    struct tablet_clone *clones = arena_allocate_zeroed(
        arena, procedure->tablet_count + 1, sizeof *clones);
    for (size_t i = 0; clones && i < procedure->tablet_count && i < procedure->source_count; i++) {
        clones[i].tablet = procedure->tablets[i];
        snprintf(clones[i].source_id, sizeof clones[i].source_id, "%.*s",
            (int)procedure->sources[i].size, (const char *)procedure->sources[i].data);
    }
    return clones;
}

static enum status clone_tablets(struct running *running, struct error *error)
{
    const struct procedure *procedure = &running->procedure;
    struct arena arena = {0};
    struct tablet_clone *clones = clones_of(procedure, &arena);
    enum status status = clones ? store_tablet_clone(running->master->store, procedure->snapshot,
                                      procedure->table_id, clones, procedure->tablet_count, error)
                                : error_set(error, STATUS_NO_MEMORY, "no memory for a clone");
    arena_deinit(&arena);
    return status;
}

static enum status take_clones(struct running *running, struct error *error)
{
    struct master *master = running->master;
    const struct procedure *procedure = &running->procedure;
    enum status status = STATUS_OK;
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *table = procedure_table(running);
    for (size_t i = 0; table && i < procedure->tablet_count && !status; i++) {
        struct assigned_tablet *tablet = catalogue_add_tablet_locked(
            &master->catalogue, table, &procedure->tablets[i], env_wall_ms(master->env));
        if (tablet)
            tablet->has_references = true;
        else
            status = error_set(error, STATUS_NO_MEMORY, "no memory for the tablets of a table");
    }
    mutex_unlock(&master->catalogue.mutex);
    return status;
}

/* ---- Restore ---- */

static enum status restore_or_judge(struct running *running, bool is_dry_run, struct error *error)
{
    const struct procedure *procedure = &running->procedure;
    struct arena arena = {0};
    struct restore_plan plan = {.snapshot = procedure->snapshot,
        .clones = clones_of(procedure, &arena),
        .clone_count = procedure->tablet_count,
        .is_dry_run = is_dry_run};
    enum status status = plan.clones ? store_tablet_restore(running->master->store,
                                           procedure->table_id, &plan, error)
                                     : error_set(error, STATUS_NO_MEMORY, "no memory to restore");
    arena_deinit(&arena);
    return status;
}

static enum status restore(struct running *running, struct error *error)
{
    return restore_or_judge(running, false, error);
}

enum status procedure_judge_restore(struct running *running, struct error *error)
{
    return restore_or_judge(running, true, error);
}

/* The tablets are those of the manifests now. */
static enum status take_restored(struct running *running, struct error *error)
{
    struct master *master = running->master;
    struct catalogue_table *table = procedure_table(running);
    mutex_lock(&master->catalogue.mutex);
    while (table && table->tablet_count) {
        master_forget_idle(master, table->tablets[0]);
        catalogue_remove_tablet_locked(&master->catalogue, table->tablets[0]);
    }
    while (table && table->retired_count)
        catalogue_remove_tablet_locked(&master->catalogue, table->retired[0]);
    mutex_unlock(&master->catalogue.mutex);
    return table ? master_load_tablets(master, table, error) : STATUS_OK;
}

void procedure_do_snapshot(struct running *running, enum procedure_action action)
{
    atomic_store(&running->pending, 1);
    switch (action) {
    case ACTION_FLUSH:
        flush(running);
        break;
    case ACTION_SNAPSHOT:
        procedure_work(running, take_snapshot, NULL);
        break;
    case ACTION_CLONE_TABLETS:
        procedure_work(running, clone_tablets, take_clones);
        break;
    default:
        procedure_work(running, restore, take_restored);
    }
}
