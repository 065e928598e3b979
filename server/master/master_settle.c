/* Tables that a procedure left on its way, and no procedure goes on with.
 *
 * A master that does not know that it is deposed may take an order, and commit the first of its steps to the table's
 * descriptor, which asks for no epoch. Its procedure is dropped by the next master (procedure.h), or was never seen by
 * it. Nobody was told that it is done, so it may be ended either way:
 *
 *   dropped     removed
 *   disabling   enabled again
 *   enabling    enabled. If its tablets were not all made yet, or another table has its name, it was never served:
 *               removed, unless one of its tablets says otherwise
 *
 * Each by a procedure of this master's own. Master's executor. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log_lines.h"
#include "server/master/master_internal.h"

static bool is_worked_on(const struct master *master, const struct catalogue_table *table)
{
    for (const struct running *one = master->procedures; one; one = one->next)
        if (strcmp(one->procedure.table_id, table->descriptor.id) == 0 ||
            strcmp(one->procedure.new_table_id, table->descriptor.id) == 0)
            return true;
    return false;
}

/* Another one is found under its name, or would be. */
static bool is_name_taken(const struct master *master, const struct catalogue_table *table)
{
    for (const struct catalogue_table *other = master->catalogue.tables; other; other = other->next)
        if (other != table && other->descriptor.state != TABLE_DROPPED &&
            span_equal(other->descriptor.schema.name, table->descriptor.schema.name))
            return true;
    return false;
}

static bool was_served(const struct catalogue_table *table)
{
    if (table->damaged || table->retired_count > 0)
        return true;
    for (size_t i = 0; i < table->tablet_count; i++)
        if (table->tablets[i]->info.open_sequence > 0)
            return true;
    return false;
}

static void settle(struct master *master, struct catalogue_table *table)
{
    struct arena arena = {0};
    bool is_taken = is_name_taken(master, table);
    bool goes = table->descriptor.state == TABLE_ENABLING && !was_served(table) &&
                (is_taken || catalogue_has_hole_locked(table));
    struct procedure procedure = {.kind = PROCEDURE_ENABLE};
    if (table->descriptor.state == TABLE_DROPPED)
        procedure.kind = PROCEDURE_DELETE;
    else if (goes)
        procedure = (struct procedure){.kind = PROCEDURE_CREATE, .is_undoing = true};
    if (is_taken && procedure.kind == PROCEDURE_ENABLE) {
        log_line(LOG_ERROR, "table.settle", "table=%s error=\"another table has its name\"",
            table->descriptor.id);
        return;
    }
    snprintf(procedure.table_id, sizeof procedure.table_id, "%s", table->descriptor.id);
    procedure.table_name = arena_copy(&arena, table->descriptor.schema.name);
    if (!procedure.table_name.data) {
        log_line(LOG_ERROR, "table.settle", "table=%s error=\"no memory\"", table->descriptor.id);
        return; /* the next master sees it too */
    }
    table->is_hidden |= procedure.kind != PROCEDURE_ENABLE; /* its name is free */
    log_line(LOG_WARN, "table.settle", "table=%s by=%s undone=%d", table->descriptor.id,
        procedure_kind_name(procedure.kind), procedure.is_undoing);
    master_launch(master, NULL, &procedure, &arena);
}

void master_settle_tables(struct master *master)
{
    for (struct catalogue_table *table = master->catalogue.tables; table; table = table->next)
        if (table->descriptor.state != TABLE_ENABLED && table->descriptor.state != TABLE_DISABLED &&
            !is_worked_on(master, table))
            settle(master, table);
}
