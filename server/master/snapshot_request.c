/* Requests for snapshots: take, delete, restore, clone. What exists is read on a worker first. */
#include <string.h>

#include "base/log_lines.h"
#include "base/memory.h"
#include "proto/exception_class.h"
#include "server/master/master_internal.h"

#define NAME(span) (int)(span).size, (const char *)(span).data

/* A snapshot looked up, or deleted, on a worker. */
struct snapshot_look {
    struct master_work work;    /* first */
    struct snapshot_look *next; /* of those that delete */
    struct master_request *request;
    struct arena arena; /* of the snapshot; a procedure may take it */
    struct snapshot_info info;
    struct tablet_info *tablets;
    enum status status;
    struct error error;
};

static void look_run(struct master_work *work)
{
    struct snapshot_look *look = (struct snapshot_look *)work;
    struct master_request *request = look->request;
    look->status = store_snapshot_read(work->master->store, request->snapshot_name, &look->arena,
        &look->info, &look->tablets, &look->error);
    if (!look->status && request->operation == MASTER_DELETE_SNAPSHOT)
        look->status = store_snapshot_delete(
            work->master->store, request->snapshot_name, &look->error);
}

static void refuse_absent(struct master_request *request)
{
    master_refuse(request, EXCEPTION_SNAPSHOT_DOES_NOT_EXIST,
        "Snapshot '%.*s' doesn't exist on the filesystem", NAME(request->snapshot_name));
}

/* ---- Take ---- */

static void take(struct master *master, struct master_request *request)
{
    struct arena arena = {0};
    struct procedure procedure = {.kind = PROCEDURE_SNAPSHOT};
    mutex_lock(&master->catalogue.mutex);
    struct catalogue_table *table = catalogue_find_locked(&master->catalogue, request->table);
    bool is_copied = table && table_schema_copy(&arena, &table->descriptor.schema,
                                  &procedure.schema, NULL) == STATUS_OK;
    bool is_disabled = table && table->descriptor.state == TABLE_DISABLED;
    if (table)
        memcpy(procedure.table_id, table->descriptor.id, sizeof procedure.table_id);
    mutex_unlock(&master->catalogue.mutex);
    procedure.table_name = procedure.schema.name;
    procedure.snapshot = arena_copy(&arena, request->snapshot_name);
    procedure.owner = arena_copy(&arena, request->owner);
    procedure.number = request->ttl_s > 0 ? (uint64_t)request->ttl_s : 0;
    procedure.flags = is_disabled                                      ? SNAPSHOT_OF_DISABLED
                      : request->snapshot_type == SNAPSHOT_OF_DISABLED ? SNAPSHOT_FLUSH
                                                                       : request->snapshot_type;
    if (!table)
        master_refuse(request, EXCEPTION_SNAPSHOT_CREATION,
            "Table '%.*s' doesn't exist, can't take snapshot.", NAME(request->table));
    else if (!is_copied)
        master_refuse(request, EXCEPTION_IO, "no memory for a procedure");
    else if (master_must_wait(master, &procedure))
        master_wait_for_lock(master, request);
    else {
        master_launch(master, request, &procedure, &arena);
        return;
    }
    arena_deinit(&arena);
}

/* ---- In use ---- */

/* It is being put back, or cloned: until that has ended it stays. */
static bool is_used_by(const struct procedure *procedure)
{
    return procedure->kind == PROCEDURE_RESTORE || procedure->kind == PROCEDURE_CLONE;
}

static bool is_in_use(const struct master *master, struct span name)
{
    for (const struct running *one = master->procedures; one; one = one->next)
        if (is_used_by(&one->procedure) && span_equal(one->procedure.snapshot, name))
            return true;
    return false;
}

static bool is_being_deleted(const struct master *master, struct span name)
{
    for (const struct snapshot_look *one = master->snapshot_deletes; one; one = one->next)
        if (span_equal(one->request->snapshot_name, name))
            return true;
    return false;
}

/* The cleaner may take it at any time. */
static bool is_expired(const struct snapshot_info *snapshot, int64_t now_ms)
{
    return snapshot->ttl_s > 0 && snapshot->ttl_s < (now_ms - snapshot->created_ms) / 1000;
}

/* ---- Clone, restore ---- */

/* The snapshot's schema under the table's name. */
static bool copy_schema(struct procedure *procedure, struct arena *arena,
    const struct snapshot_info *snapshot, struct span table_name)
{
    if (table_schema_copy(arena, &snapshot->schema, &procedure->schema, NULL))
        return false;
    procedure->schema.name = procedure->table_name = arena_copy(arena, table_name);
    procedure->snapshot = arena_copy(arena, snapshot->name);
    return procedure->table_name.data != NULL;
}

static bool plan_clones(struct master *master, struct procedure *procedure, struct arena *arena,
    const struct snapshot_look *look)
{
    size_t count = look->info.tablet_count;
    struct span *keys = arena_allocate_zeroed(arena, count + 1, sizeof *keys);
    procedure->sources = arena_allocate_zeroed(arena, count + 1, sizeof *procedure->sources);
    procedure->tablets = arena_allocate_zeroed(arena, count + 1, sizeof *procedure->tablets);
    if (!keys || !procedure->sources || !procedure->tablets)
        return false;
    for (size_t i = 0; i < count; i++) {
        keys[i] = arena_copy(arena, look->tablets[i].start_row);
        procedure->sources[i] = arena_copy(arena, span_string(look->tablets[i].id));
    }
    procedure->source_count = procedure->tablet_count = count;
    return catalogue_plan_tablets(&master->catalogue, procedure->table_name, procedure->table_id,
        keys, count, env_wall_ms(master->env), procedure->tablets);
}

static void make_clone(struct master *master, struct snapshot_look *look)
{
    struct master_request *request = look->request;
    struct arena arena = {0};
    struct procedure procedure = {.kind = PROCEDURE_CLONE};
    struct span namespace_name, qualifier;
    struct error error = {0};
    table_name_split(request->table, &namespace_name, &qualifier);
    mutex_lock(&master->catalogue.mutex);
    bool has_namespace = catalogue_namespace_locked(&master->catalogue, namespace_name) != NULL;
    mutex_unlock(&master->catalogue.mutex);
    store_table_id_new(master->store, procedure.table_id);
    if (table_name_check(request->table, &error))
        master_refuse(request, EXCEPTION_ILLEGAL_ARGUMENT, "%s", error.message);
    else if (!has_namespace)
        master_refuse(request, EXCEPTION_NAMESPACE_NOT_FOUND, "%.*s", NAME(namespace_name));
    else if (!copy_schema(&procedure, &arena, &look->info, request->table) ||
             !plan_clones(master, &procedure, &arena, look))
        master_refuse(request, EXCEPTION_IO, "no memory for a procedure");
    else {
        master_launch(master, request, &procedure, &arena);
        return;
    }
    arena_deinit(&arena);
}

static void restore(
    struct master *master, struct snapshot_look *look, const struct catalogue_table *table)
{
    struct master_request *request = look->request;
    struct arena arena = {0};
    struct procedure procedure = {.kind = PROCEDURE_RESTORE};
    memcpy(procedure.table_id, table->descriptor.id, sizeof procedure.table_id);
    if (table->descriptor.state != TABLE_DISABLED)
        master_refuse(request, EXCEPTION_TABLE_NOT_DISABLED, "%.*s", NAME(request->table));
    else if (!copy_schema(&procedure, &arena, &look->info, table->descriptor.schema.name) ||
             (strcmp(table->descriptor.id, look->info.table_id) != 0 &&
                 !plan_clones(master, &procedure, &arena, look)))
        master_refuse(request, EXCEPTION_IO, "no memory for a procedure");
    else {
        master_launch(master, request, &procedure, &arena);
        return;
    }
    arena_deinit(&arena);
}

static void put_back(struct master *master, struct snapshot_look *look)
{
    struct master_request *request = look->request;
    struct procedure probe = {.kind = PROCEDURE_RESTORE, .table_name = request->table};
    if (is_expired(&look->info, env_wall_ms(master->env))) {
        master_refuse(request, EXCEPTION_SNAPSHOT_TTL_EXPIRED,
            "TTL for snapshot '%.*s' has already expired.", NAME(request->snapshot_name));
        return;
    }
    if (master_must_wait(master, &probe) || is_being_deleted(master, request->snapshot_name)) {
        master_wait_for_lock(master, request); /* looks again when its turn comes */
        return;
    }
    mutex_lock(&master->catalogue.mutex);
    const struct catalogue_table *table = catalogue_find_locked(&master->catalogue, request->table);
    mutex_unlock(&master->catalogue.mutex);
    if (table)
        restore(master, look, table);
    else
        make_clone(master, look);
}

/* ---- All ---- */

static void leave_deletes(struct master *master, const struct snapshot_look *look)
{
    struct snapshot_look **at = &master->snapshot_deletes;
    while (*at && *at != look)
        at = &(*at)->next;
    if (*at)
        *at = look->next;
}

static void look_back(struct master_work *work, bool is_over)
{
    struct snapshot_look *look = (struct snapshot_look *)work;
    struct master_request *request = look->request;
    struct master *master = work->master;
    bool is_delete = request->operation == MASTER_DELETE_SNAPSHOT;
    if (is_delete)
        leave_deletes(master, look);
    if (is_over)
        master_refuse(request, EXCEPTION_PLEASE_HOLD, "Master is stopping");
    else if (look->status && look->status != STATUS_NOT_FOUND)
        master_refuse(request, EXCEPTION_IO, "%s", look->error.message);
    else if (request->operation == MASTER_SNAPSHOT && !look->status)
        master_refuse(request, EXCEPTION_SNAPSHOT_EXISTS,
            "Snapshot '%.*s' already stored on the filesystem.", NAME(request->snapshot_name));
    else if (request->operation == MASTER_SNAPSHOT)
        take(master, request);
    else if (look->status)
        refuse_absent(request);
    else if (request->operation == MASTER_DELETE_SNAPSHOT)
        master_answer(request, 0);
    else
        put_back(master, look);
    arena_deinit(&look->arena);
    memory_free(look);
    if (is_delete && !is_over)
        master_wake(master);
}

void master_change_snapshots(struct master *master, struct master_request *request)
{
    bool is_delete = request->operation == MASTER_DELETE_SNAPSHOT;
    if (is_delete && is_in_use(master, request->snapshot_name)) {
        master_wait_for_lock(master, request);
        return;
    }
    struct snapshot_look *look = memory_allocate_zeroed(1, sizeof *look);
    if (!look) {
        master_refuse(request, EXCEPTION_IO, "no memory for a snapshot");
        return;
    }
    look->work = (struct master_work){.run = look_run, .back = look_back};
    look->request = request;
    if (is_delete) {
        look->next = master->snapshot_deletes;
        master->snapshot_deletes = look;
    }
    master_work(master, &look->work);
}

/* ---- Those whose time is over ---- */

#define CLEANED_AT_A_TIME 64

struct snapshot_cleaning {
    struct master_work work; /* first */
    struct arena arena;
    struct span names[CLEANED_AT_A_TIME];
    size_t count;
    struct span *used; /* by procedures under way; no other begins with one that is expired */
    size_t used_count;
    int64_t now_ms;
};

static bool is_used(const struct snapshot_cleaning *cleaning, struct span name)
{
    for (size_t i = 0; i < cleaning->used_count; i++)
        if (span_equal(cleaning->used[i], name))
            return true;
    return false;
}

/* False on no memory. */
static bool note_used(const struct master *master, struct snapshot_cleaning *cleaning)
{
    size_t count = 1;
    for (const struct running *one = master->procedures; one; one = one->next)
        count += is_used_by(&one->procedure);
    cleaning->used = arena_allocate_zeroed(&cleaning->arena, count, sizeof *cleaning->used);
    for (const struct running *one = master->procedures; cleaning->used && one; one = one->next)
        if (is_used_by(&one->procedure))
            cleaning->used[cleaning->used_count++] = arena_copy(
                &cleaning->arena, one->procedure.snapshot);
    return cleaning->used != NULL;
}

static enum status see_snapshot(
    void *context, const struct snapshot_info *snapshot, struct error *error)
{
    struct snapshot_cleaning *cleaning = context;
    (void)error;
    if (is_expired(snapshot, cleaning->now_ms) && !is_used(cleaning, snapshot->name) &&
        cleaning->count < CLEANED_AT_A_TIME)
        cleaning->names[cleaning->count++] = arena_copy(&cleaning->arena, snapshot->name);
    return STATUS_OK;
}

static void clean_run(struct master_work *work)
{
    struct snapshot_cleaning *cleaning = (struct snapshot_cleaning *)work;
    struct error error = {0};
    enum status status = store_snapshot_list(
        work->master->store, &cleaning->arena, see_snapshot, cleaning, &error);
    for (size_t i = 0; i < cleaning->count && !status; i++) {
        log_line(LOG_INFO, "snapshot.expired", "name=%.*s", NAME(cleaning->names[i]));
        status = store_snapshot_delete(work->master->store, cleaning->names[i], &error);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (status)
        log_line(LOG_WARN, "snapshot.clean", "error=\"%s\"", error.message);
}

static void clean_back(struct master_work *work, bool is_over)
{
    struct snapshot_cleaning *cleaning = (struct snapshot_cleaning *)work;
    (void)is_over;
    work->master->is_cleaning_snapshots = false;
    arena_deinit(&cleaning->arena);
    memory_free(cleaning);
}

void master_clean_snapshots(struct master *master)
{
    struct snapshot_cleaning *cleaning = master->is_cleaning_snapshots
                                             ? NULL
                                             : memory_allocate_zeroed(1, sizeof *cleaning);
    if (!cleaning)
        return;
    if (!note_used(master, cleaning)) {
        arena_deinit(&cleaning->arena);
        memory_free(cleaning);
        return; /* later */
    }
    master->is_cleaning_snapshots = true;
    cleaning->work = (struct master_work){.run = clean_run, .back = clean_back};
    cleaning->now_ms = env_wall_ms(master->env);
    master_work(master, &cleaning->work);
}
