/* Requests for changes of tables: judged against the catalogue, then turned into procedures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "proto/exception_class.h"
#include "server/master/master_settings.h"

#define NAME(span) (int)(span).size, (const char *)(span).data

enum procedure_kind master_procedure_kind(const struct master_request *request)
{
    static const enum procedure_kind kinds[] = {[MASTER_CREATE_TABLE] = PROCEDURE_CREATE,
        [MASTER_DELETE_TABLE] = PROCEDURE_DELETE,
        [MASTER_ENABLE_TABLE] = PROCEDURE_ENABLE,
        [MASTER_DISABLE_TABLE] = PROCEDURE_DISABLE,
        [MASTER_TRUNCATE_TABLE] = PROCEDURE_TRUNCATE,
        [MASTER_MODIFY_TABLE] = PROCEDURE_MODIFY,
        [MASTER_ADD_FAMILY] = PROCEDURE_MODIFY,
        [MASTER_MODIFY_FAMILY] = PROCEDURE_MODIFY,
        [MASTER_DELETE_FAMILY] = PROCEDURE_MODIFY,
        [MASTER_ASSIGN] = PROCEDURE_ASSIGN,
        [MASTER_UNASSIGN] = PROCEDURE_UNASSIGN,
        [MASTER_MOVE] = PROCEDURE_MOVE,
        [MASTER_SPLIT] = PROCEDURE_SPLIT,
        [MASTER_MERGE] = PROCEDURE_MERGE,
        [MASTER_SNAPSHOT] = PROCEDURE_SNAPSHOT,
        [MASTER_RESTORE_SNAPSHOT] = PROCEDURE_RESTORE};
    return request->operation < sizeof kinds / sizeof kinds[0] ? kinds[request->operation] : 0;
}

/* ---- Locks ---- */

bool master_must_wait(struct master *master, const struct procedure *procedure)
{
    for (const struct running *one = master->procedures; one; one = one->next)
        if (procedure_conflicts(&one->procedure, procedure))
            return true;
    enum procedure_scope scope = procedure_scope(procedure->kind);
    bool is_busy = false;
    if (scope == SCOPE_TABLE && procedure->kind != PROCEDURE_MODIFY) {
        mutex_lock(&master->catalogue.mutex);
        const struct catalogue_table *table = catalogue_find_locked(
            &master->catalogue, procedure->table_name);
        is_busy = table && table->assigning_count > 0;
        mutex_unlock(&master->catalogue.mutex);
    }
    for (size_t i = 0; scope == SCOPE_TABLETS && i < procedure->source_count; i++) {
        const struct assigned_tablet *tablet = assignment_find(
            &master->catalogue.assignment, procedure->sources[i]);
        is_busy = is_busy || (tablet && tablet->transition);
    }
    return is_busy;
}

void master_wait_for_lock(struct master *master, struct master_request *request)
{
    struct master_request **at = &master->waiting;
    if (!request->procedure_id) { /* kept until it begins: who waits can be named */
        request->procedure_id = ++master->last_procedure_id;
        request->submitted_ms = env_wall_ms(master->env);
    }
    while (*at)
        at = &(*at)->next;
    request->next = NULL;
    *at = request;
}

/* All are judged anew, in their order: who must still wait comes back to the queue. One that was sent again may find
 * that it has been begun by its first sending. */
void master_wake(struct master *master)
{
    struct master_request *waiting = master->waiting;
    master->waiting = NULL;
    while (waiting) {
        struct master_request *request = waiting;
        waiting = request->next;
        uint64_t earlier = master_find_nonce(master, request->nonce_group, request->nonce);
        if (earlier)
            master_answer(request, earlier);
        else
            master_begin(master, request);
    }
}

void master_refuse_waiting(struct master *master)
{
    struct master_request *waiting = master->waiting;
    master->waiting = NULL;
    while (waiting) {
        struct master_request *request = waiting;
        waiting = request->next;
        master_refuse(request, EXCEPTION_PLEASE_HOLD, "Master is stopping");
    }
}

/* An earlier one waits for the same table: first come, first served. */
static bool is_overtaking(const struct master *master, const struct master_request *request)
{
    for (const struct master_request *one = master->waiting; one; one = one->next)
        if (span_equal(one->table, request->table))
            return true;
    return false;
}

void master_launch(struct master *master, struct master_request *request,
    struct procedure *procedure, struct arena *arena)
{
    bool has_waited = request && request->procedure_id;
    procedure->id = has_waited ? request->procedure_id : ++master->last_procedure_id;
    procedure->submitted_ms = has_waited ? request->submitted_ms : env_wall_ms(master->env);
    if (request) {
        procedure->nonce_group = request->nonce_group;
        procedure->nonce = request->nonce;
    }
    if (procedure_run(master, procedure, arena, request))
        return;
    arena_deinit(arena);
    if (request)
        master_refuse(request, EXCEPTION_IO, "no memory for a procedure");
}

/* Runs it, or has the request wait. Takes the arena. */
static void begin(struct master *master, struct master_request *request,
    struct procedure *procedure, struct arena *arena)
{
    if (is_overtaking(master, request) || master_must_wait(master, procedure)) {
        arena_deinit(arena);
        master_wait_for_lock(master, request);
        return;
    }
    master_launch(master, request, procedure, arena);
}

/* ---- Create ---- */

static int compare_keys(const void *a, const void *b)
{
    return span_compare(*(const struct span *)a, *(const struct span *)b);
}

/* The first keys of all tablets, sorted, in the arena; false after a refusal. */
static bool take_split_keys(
    struct master_request *request, struct arena *arena, struct span **out_keys, size_t *out_count)
{
    size_t count = request->split_key_count;
    if (count > LIMIT_SPLIT_KEYS) {
        master_refuse(request, EXCEPTION_DO_NOT_RETRY_IO, "%zu split keys are more than %d", count,
            LIMIT_SPLIT_KEYS);
        return false;
    }
    struct span *keys = arena_allocate_zeroed(arena, count + 1, sizeof *keys);
    if (!keys) {
        master_refuse(request, EXCEPTION_IO, "no memory for split keys");
        return false;
    }
    for (size_t i = 0; i < count; i++)
        keys[i + 1] = arena_copy(arena, request->split_keys[i]);
    qsort(keys + 1, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i <= count; i++) {
        if (keys[i].size == 0) {
            master_refuse(request, EXCEPTION_ILLEGAL_ARGUMENT,
                "Empty split key must not be passed in the split keys.");
            return false;
        }
        if (keys[i].size > LIMIT_ROW_SIZE) {
            master_refuse(request, EXCEPTION_ILLEGAL_ARGUMENT,
                "Split key of %zu bytes is longer than %d", keys[i].size, LIMIT_ROW_SIZE);
            return false;
        }
        if (i > 1 && span_equal(keys[i], keys[i - 1])) {
            master_refuse(request, EXCEPTION_ILLEGAL_ARGUMENT,
                "All split keys must be unique, found duplicate: %.*s", NAME(keys[i]));
            return false;
        }
    }
    *out_keys = keys;
    *out_count = count + 1;
    return true;
}

static bool plan(struct master *master, struct procedure *procedure, struct arena *arena,
    const char *table_id, const struct span *keys, size_t count)
{
    procedure->tablets = arena_allocate_zeroed(arena, count, sizeof *procedure->tablets);
    procedure->tablet_count = count;
    return procedure->tablets &&
           catalogue_plan_tablets(&master->catalogue, procedure->table_name, table_id, keys, count,
               env_wall_ms(master->env), procedure->tablets);
}

static bool judge_schema(struct master_request *request, struct table_schema *schema)
{
    struct error error = {0};
    enum status status = table_name_check(schema->name, &error);
    if (status) {
        master_refuse(request, EXCEPTION_ILLEGAL_ARGUMENT, "%s", error.message);
        return false;
    }
    status = table_schema_check(schema, &error);
    if (status)
        master_refuse(request, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
    return status == STATUS_OK;
}

static void create_table(struct master *master, struct master_request *request)
{
    struct procedure procedure = {.kind = PROCEDURE_CREATE};
    struct arena arena = {0};
    struct span namespace_name, qualifier, *keys;
    size_t count;
    table_name_split(request->schema.name, &namespace_name, &qualifier);
    mutex_lock(&master->catalogue.mutex);
    bool has_namespace = catalogue_namespace_locked(&master->catalogue, namespace_name) != NULL;
    bool is_there = catalogue_find_locked(&master->catalogue, request->schema.name) != NULL;
    mutex_unlock(&master->catalogue.mutex);
    if (!judge_schema(request, &request->schema))
        return;
    if (!has_namespace) {
        master_refuse(request, EXCEPTION_NAMESPACE_NOT_FOUND, "%.*s", NAME(namespace_name));
        return;
    }
    if (is_there) {
        master_refuse(request, EXCEPTION_TABLE_EXISTS, "%.*s", NAME(request->schema.name));
        return;
    }
    if (attributes_set(request->arena, &request->schema.configuration,
            &request->schema.configuration_count, SPAN_LITERAL("hbase.store.file-tracker.impl"),
            SPAN_LITERAL("DEFAULT"))) {
        master_refuse(request, EXCEPTION_IO, "no memory for a schema");
        return;
    }
    store_table_id_new(master->store, procedure.table_id);
    if (table_schema_copy(&arena, &request->schema, &procedure.schema, NULL)) {
        arena_deinit(&arena);
        master_refuse(request, EXCEPTION_IO, "no memory for a schema");
        return;
    }
    procedure.table_name = procedure.schema.name;
    if (!take_split_keys(request, &arena, &keys, &count)) {
        arena_deinit(&arena);
        return;
    }
    if (!plan(master, &procedure, &arena, procedure.table_id, keys, count)) {
        arena_deinit(&arena);
        master_refuse(request, EXCEPTION_IO, "no memory for %zu tablets", count);
        return;
    }
    begin(master, request, &procedure, &arena);
}

/* ---- The others: the table is there ---- */

static bool judge_state(struct master_request *request, const struct catalogue_table *table)
{
    enum table_state state = table->descriptor.state;
    struct span name = table->descriptor.schema.name;
    static const char *const names[] = {"ENABLED", "DISABLED", "DISABLING", "ENABLING", "DROPPED"};
    if (strcmp(table->descriptor.id, "meta") == 0) {
        if (request->operation == MASTER_DISABLE_TABLE)
            master_refuse(request, EXCEPTION_CONSTRAINT, "Cannot disable %.*s", NAME(name));
        else
            master_refuse(request, EXCEPTION_DO_NOT_RETRY_IO, "Can't modify catalog tables");
        return false;
    }
    switch (request->operation) {
    case MASTER_TRUNCATE_TABLE:
        if (state == TABLE_DISABLED)
            return true;
        master_refuse(request, EXCEPTION_TABLE_NOT_DISABLED, "%.*s", NAME(name));
        return false;
    case MASTER_DELETE_TABLE:
    case MASTER_ENABLE_TABLE:
        if (state == TABLE_DISABLED)
            return true;
        master_refuse(request, EXCEPTION_TABLE_NOT_DISABLED, "%stableName=%.*s, state=%s",
            request->operation == MASTER_DELETE_TABLE ? "Not DISABLED; " : "", NAME(name),
            names[state]);
        return false;
    case MASTER_DISABLE_TABLE:
        if (state == TABLE_ENABLED)
            return true;
        master_refuse(request, EXCEPTION_TABLE_NOT_ENABLED, "%.*s", NAME(name));
        return false;
    default:
        return true;
    }
}

static enum status note_damage(void *context, const struct tablet_info *tablet, struct error *error)
{
    (void)error;
    const char **damage = context;
    if (tablet->damage && !*damage)
        *damage = tablet->damage;
    return STATUS_OK;
}

/* What is removed must tell which files it holds: one that does not is found now, not when there is no way back. */
static bool judge_files(struct master *master, struct master_request *request, const char *table_id)
{
    struct arena arena = {0};
    struct error error = {0};
    const char *damage = NULL;
    enum status status = store_tablet_list(
        master->store, table_id, &arena, note_damage, &damage, &error);
    if (status || damage)
        master_refuse(request, EXCEPTION_DO_NOT_RETRY_IO, "%.*s cannot be removed: %s",
            NAME(request->table), damage ? damage : error.message);
    arena_deinit(&arena);
    return status == STATUS_OK && !damage;
}

/* The schema as it will be, in the arena; false after a refusal. */
static bool altered_schema(struct master_request *request, const struct table_schema *now,
    struct arena *arena, struct table_schema *out_schema)
{
    struct table_schema next;
    bool is_whole = request->operation == MASTER_MODIFY_TABLE;
    if (table_schema_copy(arena, is_whole ? &request->schema : now, &next, NULL)) {
        master_refuse(request, EXCEPTION_IO, "no memory for a schema");
        return false;
    }
    if (!is_whole) {
        struct span name = request->family.name;
        size_t at = 0;
        while (at < next.family_count && !span_equal(next.families[at].name, name))
            at++;
        bool is_there = at < next.family_count;
        if (request->operation == MASTER_ADD_FAMILY && is_there) {
            master_refuse(request, EXCEPTION_INVALID_FAMILY_OPERATION,
                "Column family '%.*s' in table '%.*s' already exists so cannot be added",
                NAME(name), NAME(now->name));
            return false;
        }
        if (request->operation != MASTER_ADD_FAMILY && !is_there) {
            master_refuse(request, EXCEPTION_INVALID_FAMILY_OPERATION,
                "Family '%.*s' does not exist, so it cannot be %s", NAME(name),
                request->operation == MASTER_DELETE_FAMILY ? "deleted" : "modified");
            return false;
        }
        if (request->operation == MASTER_DELETE_FAMILY && next.family_count == 1) {
            master_refuse(request, EXCEPTION_INVALID_FAMILY_OPERATION,
                "Family '%.*s' is the only column family in the table, so it cannot be deleted",
                NAME(name));
            return false;
        }
        if (request->operation == MASTER_DELETE_FAMILY) {
            memmove(&next.families[at], &next.families[at + 1],
                (next.family_count - at - 1) * sizeof *next.families);
            next.family_count--;
        } else {
            struct family_schema *families = arena_allocate_zeroed(
                arena, next.family_count + 1, sizeof *families);
            if (!families) {
                master_refuse(request, EXCEPTION_IO, "no memory for a schema");
                return false;
            }
            memcpy(families, next.families, next.family_count * sizeof *families);
            families[at] = request->family;
            next.families = families;
            next.family_count += !is_there;
        }
    }
    next.name = now->name;
    *out_schema = next;
    return judge_schema(request, out_schema);
}

/* Copies what the procedure needs of the table, under the mutex. */
static bool copy_table(struct arena *arena, const struct catalogue_table *table,
    struct procedure *procedure, struct table_schema *out_schema, struct span **out_keys)
{
    snprintf(procedure->table_id, sizeof procedure->table_id, "%s", table->descriptor.id);
    procedure->table_name = arena_copy(arena, table->descriptor.schema.name);
    *out_keys = arena_allocate_zeroed(arena, table->tablet_count + 1, sizeof **out_keys);
    if (!*out_keys)
        return false;
    for (size_t i = 0; i < table->tablet_count; i++)
        (*out_keys)[i] = arena_copy(arena, table->tablets[i]->info.start_row);
    return table_schema_copy(arena, &table->descriptor.schema, out_schema, NULL) == STATUS_OK;
}

static void change_table(struct master *master, struct master_request *request)
{
    struct procedure procedure = {.kind = master_procedure_kind(request)};
    struct arena arena = {0};
    struct table_schema now = {0};
    struct span *keys = NULL;
    size_t count = 0;
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *table = catalogue_find_locked(&master->catalogue, request->table);
    bool is_copied = table && copy_table(&arena, table, &procedure, &now, &keys);
    count = table ? table->tablet_count : 0;
    mutex_unlock(&master->catalogue.mutex);
    if (!table)
        master_refuse(request, EXCEPTION_TABLE_NOT_FOUND, "%.*s", NAME(request->table));
    if (table && !is_copied)
        master_refuse(request, EXCEPTION_IO, "no memory for a procedure");
    bool is_removed = procedure.kind == PROCEDURE_DELETE || procedure.kind == PROCEDURE_TRUNCATE;
    if (!is_copied || !judge_state(request, table) ||
        (is_removed && !judge_files(master, request, procedure.table_id)) ||
        (procedure.kind == PROCEDURE_MODIFY &&
            !altered_schema(request, &now, request->arena, &procedure.schema))) {
        arena_deinit(&arena);
        return;
    }
    bool is_planned = true;
    if (procedure.kind == PROCEDURE_MODIFY) {
        struct table_schema copy;
        is_planned = table_schema_copy(&arena, &procedure.schema, &copy, NULL) == STATUS_OK;
        procedure.schema = copy;
    } else if (procedure.kind == PROCEDURE_TRUNCATE) {
        store_table_id_new(master->store, procedure.new_table_id);
        procedure.schema = now;
        is_planned = plan(master, &procedure, &arena, procedure.new_table_id, keys,
            request->keeps_splits ? count : 1);
    }
    if (!is_planned) {
        arena_deinit(&arena);
        master_refuse(request, EXCEPTION_IO, "no memory for a procedure");
        return;
    }
    begin(master, request, &procedure, &arena);
}

/* True when a change of the whole table that is asked for must wait before it can be judged. */
static bool must_wait_to_be_judged(struct master *master, const struct master_request *request)
{
    struct procedure procedure = {.kind = PROCEDURE_DISABLE, .table_name = request->table};
    if (request->operation >= MASTER_MODIFY_TABLE && request->operation <= MASTER_DELETE_FAMILY)
        procedure.kind = PROCEDURE_MODIFY;
    return is_overtaking(master, request) || master_must_wait(master, &procedure);
}

void master_begin(struct master *master, struct master_request *request)
{
    if (request->operation == MASTER_CREATE_TABLE || request->operation == MASTER_MODIFY_TABLE)
        request->table = request->schema.name;
    switch (request->operation) {
    case MASTER_CREATE_NAMESPACE:
    case MASTER_MODIFY_NAMESPACE:
    case MASTER_DELETE_NAMESPACE:
        master_change_namespace(master, request);
        return;
    case MASTER_CREATE_TABLE:
    case MASTER_DELETE_TABLE:
    case MASTER_ENABLE_TABLE:
    case MASTER_DISABLE_TABLE:
    case MASTER_TRUNCATE_TABLE:
    case MASTER_MODIFY_TABLE:
    case MASTER_ADD_FAMILY:
    case MASTER_MODIFY_FAMILY:
    case MASTER_DELETE_FAMILY:
        break;
    case MASTER_SNAPSHOT:
    case MASTER_DELETE_SNAPSHOT:
    case MASTER_RESTORE_SNAPSHOT:
        master_change_snapshots(master, request);
        return;
    case MASTER_ASSIGN:
    case MASTER_UNASSIGN:
    case MASTER_MOVE:
    case MASTER_SPLIT:
    case MASTER_MERGE:
        master_change_tablets(master, request);
        return;
    case MASTER_SWITCH:
    case MASTER_DECOMMISSION:
    case MASTER_RECOMMISSION:
        master_change_settings(master, request);
        return;
    case MASTER_VIEW:
        request->view(request);
        master_answer(request, 0);
        return;
    default:
        master_run_chore(master, request);
        return;
    }
    if (must_wait_to_be_judged(master, request))
        master_wait_for_lock(master, request);
    else if (request->operation == MASTER_CREATE_TABLE)
        create_table(master, request);
    else
        change_table(master, request);
}
