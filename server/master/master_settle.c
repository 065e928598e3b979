/* Tables that a procedure left on its way, and no procedure goes on with.
 *
 * A master that does not know that it is deposed may take an order, and commit the first of its steps to the table's
 * descriptor, which asks for no epoch. Its procedure is dropped by the next master (procedure.h), or was never seen by
 * it. Nobody was told that it is done, so it may be ended either way:
 *
 *   disabling   enabled again
 *   enabling    enabled; one of which no tablet was ever opened, and which has not all its tablets or whose name is
 *               another's, is removed
 *
 * Each by a procedure of this master's own, once no other is under way in the table. A dropped one is not listed: the
 * check of hbase:meta takes its rows, and the collector its files.
 *
 * Master's executor. */
#include <stdio.h>
#include <string.h>

#include "base/log_lines.h"
#include "server/master/master_internal.h"

/* The procedure that brings the table to its end; NULL: none. Others, of a tablet say, do not touch its state. */
static const struct running *driver_of(
    const struct master *master, const struct catalogue_table *table)
{
    for (const struct running *one = master->procedures; one; one = one->next)
        if (procedure_drives_state(one->procedure.kind) &&
            (strcmp(one->procedure.table_id, table->descriptor.id) == 0 ||
                strcmp(one->procedure.new_table_id, table->descriptor.id) == 0))
            return one;
    return NULL;
}

/* A tablet that was opened, or cannot be read, may hold rows that somebody was told of. */
static bool was_served(const struct catalogue_table *table)
{
    if (table->damaged || table->retired_count > 0)
        return true;
    for (size_t i = 0; i < table->tablet_count; i++)
        if (table->tablets[i]->info.version != 1)
            return true;
    return false;
}

void master_hide_twins(struct master *master)
{
    struct catalogue *catalogue = &master->catalogue;
    mutex_lock(&catalogue->mutex);
    for (struct catalogue_table *table = catalogue->tables; table; table = table->next) {
        if (table->descriptor.state != TABLE_ENABLING || table->is_hidden ||
            !catalogue_is_name_shared_locked(catalogue, table, table->descriptor.schema.name))
            continue;
        const struct running *driver = driver_of(master, table);
        table->is_hidden = !driver || driver->procedure.is_undoing;
        if (table->is_hidden)
            log_line(LOG_WARN, "table.twin", "table=%s error=\"another table has its name\"",
                table->descriptor.id);
    }
    mutex_unlock(&catalogue->mutex);
}

/* True when it is to be tried again: another procedure is under way in the table, or there is no memory. */
static bool settle(struct master *master, struct catalogue_table *table)
{
    struct arena arena = {0};
    mutex_lock(&master->catalogue.mutex);
    bool goes = table->descriptor.state == TABLE_ENABLING && !was_served(table) &&
                (table->is_hidden || catalogue_has_hole_locked(table));
    mutex_unlock(&master->catalogue.mutex);
    if (table->is_hidden && !goes)
        return false; /* with rows, and without a name: told at each beginning */
    struct procedure procedure = {.kind = PROCEDURE_ENABLE};
    if (goes)
        procedure = (struct procedure){.kind = PROCEDURE_CREATE, .is_undoing = true};
    snprintf(procedure.table_id, sizeof procedure.table_id, "%s", table->descriptor.id);
    procedure.table_name = arena_copy(&arena, table->descriptor.schema.name);
    if (!procedure.table_name.data || master_must_wait(master, &procedure)) {
        arena_deinit(&arena);
        return true;
    }
    log_line(LOG_WARN, "table.settle", "table=%s by=%s undone=%d", table->descriptor.id,
        procedure_kind_name(procedure.kind), procedure.is_undoing);
    master_launch(master, NULL, &procedure, &arena);
    return false;
}

void master_settle_tables(struct master *master)
{
    master->has_unsettled = false;
    for (struct catalogue_table *table = master->catalogue.tables; table; table = table->next) {
        enum table_state state = table->descriptor.state;
        if ((state == TABLE_ENABLING || state == TABLE_DISABLING) && !driver_of(master, table) &&
            settle(master, table))
            master->has_unsettled = true;
    }
}
