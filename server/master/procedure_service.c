/* GetProcedures and GetLocks: what runs, what it holds, and who waits for that, as HBase's shell shows it. */
#include <string.h>

#include "proto/wire.h"
#include "server/master/master_internal.h"
#include "server/master/master_service.h"
#include "server/master/master_view.h"

/* HBase's ProcedureState. */
enum { STATE_RUNNABLE = 2, STATE_WAITING_TIMEOUT = 4, STATE_ROLLED_BACK = 5, STATE_SUCCESS = 6 };

/* HBase's LockedResourceType and LockType. */
enum { RESOURCE_SERVER = 1, RESOURCE_TABLE = 3, RESOURCE_REGION = 4 };
enum { LOCK_EXCLUSIVE = 1, LOCK_SHARED = 2 };

/* What both those under way and those that have ended say. */
struct procedure_line {
    const char *kind;
    uint64_t id;
    int64_t submitted_ms, updated_ms;
    unsigned state;
    const char *exception_class; /* NULL = none */
    const char *message;
    bool locks;
};

/* Procedure{class_name 1, proc_id 3, submitted_time 4, owner 5, state 6, last_update 8, exception 10, locked 16}. */
static void put_line(struct buffer *out, uint32_t number, const struct procedure_line *line)
{
    size_t mark = wire_begin(out, number);
    wire_put_bytes(out, 1, span_string(line->kind));
    wire_put_varint(out, 3, line->id);
    wire_put_varint(out, 4, (uint64_t)line->submitted_ms);
    wire_put_bytes(out, 5, SPAN_LITERAL("stele"));
    wire_put_varint(out, 6, line->state);
    wire_put_varint(out, 8, (uint64_t)line->updated_ms);
    if (line->exception_class) {
        size_t foreign = wire_begin(out, 10);
        wire_put_bytes(out, 1, SPAN_LITERAL("master"));
        size_t generic = wire_begin(out, 2);
        wire_put_bytes(out, 1, span_string(line->exception_class));
        wire_put_bytes(out, 2, span_string(line->message));
        wire_end(out, generic);
        wire_end(out, foreign);
    }
    wire_put_bool(out, 16, line->locks);
    wire_end(out, mark);
}

static void put_procedure(struct buffer *out, uint32_t number, const struct running *running)
{
    const struct procedure *procedure = &running->procedure;
    bool has_failed = running->is_delayed && running->part_error.message[0];
    struct procedure_line line = {.kind = procedure_kind_name(procedure->kind),
        .id = procedure->id,
        .submitted_ms = procedure->submitted_ms,
        .updated_ms = running->updated_ms,
        .state = running->is_delayed ? STATE_WAITING_TIMEOUT : STATE_RUNNABLE,
        .exception_class = has_failed ? master_exception_of(running->part_error.status) : NULL,
        .message = running->part_error.message,
        .locks = true};
    put_line(out, number, &line);
}

static void put_result(void *context, uint64_t id, const struct procedure_result *result)
{
    struct procedure_line line = {.kind = result->kind,
        .id = id,
        .submitted_ms = result->submitted_ms,
        .updated_ms = result->updated_ms,
        .state = result->exception_class ? STATE_ROLLED_BACK : STATE_SUCCESS,
        .exception_class = result->exception_class,
        .message = result->message};
    put_line(context, 1, &line);
}

/* A request that waits for locks: what it will be. */
static void put_waiting(struct buffer *out, uint32_t number, const struct master_request *request)
{
    struct procedure_line line = {.kind = procedure_kind_name(master_procedure_kind(request)),
        .id = request->procedure_id,
        .submitted_ms = request->submitted_ms,
        .updated_ms = request->submitted_ms,
        .state = STATE_RUNNABLE};
    put_line(out, number, &line);
}

static void view_procedures(struct master_request *request)
{
    struct call *call = ((struct call_request *)request)->call;
    for (const struct running *one = request->master->procedures; one; one = one->next)
        put_procedure(&call->result, 1, one);
    for (const struct master_request *one = request->master->waiting; one; one = one->next)
        if (master_procedure_kind(one))
            put_waiting(&call->result, 1, one);
    master_each_result(request->master, RESULTS_KEPT, put_result, &call->result);
}

/* Whether a request waits for a lock: who changes a table, for that of the table whoever has it; who changes regions, for
 * that of the table when another has it for itself, and for those of its regions. */
static bool waits_for(const struct master *master, const struct master_request *request,
    unsigned type, struct span name, bool is_exclusive)
{
    enum procedure_kind kind = master_procedure_kind(request);
    if (!kind || type == RESOURCE_SERVER)
        return false;
    if (procedure_scope(kind) == SCOPE_TABLE)
        return type == RESOURCE_TABLE && span_equal(request->table, name);
    for (size_t i = 0; i < request->tablet_count; i++) {
        const struct assigned_tablet *tablet = assignment_find(
            &master->catalogue.assignment, request->tablets[i]);
        if (type == RESOURCE_REGION && span_equal(request->tablets[i], name))
            return true;
        if (type == RESOURCE_TABLE && is_exclusive && tablet &&
            span_equal(tablet->table->descriptor.schema.name, name))
            return true;
    }
    return false;
}

/* LockedResource{resource_type 1, resource_name 2, lock_type 3, exclusive_lock_owner_procedure 4,
 * shared_lock_count 5, waiting_procedures 6}. */
static void put_lock(const struct master *master, struct buffer *out, unsigned type,
    struct span name, const struct running *owner, size_t shared_count)
{
    size_t mark = wire_begin(out, 1);
    wire_put_varint(out, 1, type);
    wire_put_bytes(out, 2, name);
    wire_put_varint(out, 3, owner ? LOCK_EXCLUSIVE : LOCK_SHARED);
    if (owner)
        put_procedure(out, 4, owner);
    wire_put_varint(out, 5, shared_count);
    for (const struct master_request *one = master->waiting; one; one = one->next)
        if (waits_for(master, one, type, name, owner != NULL))
            put_waiting(out, 6, one);
    wire_end(out, mark);
}

/* How many share the table; 0 when one before this has told already. */
static size_t sharers_from(const struct master *master, const struct running *from)
{
    size_t count = 0;
    for (const struct running *one = master->procedures; one; one = one->next) {
        if (procedure_scope(one->procedure.kind) != SCOPE_TABLETS ||
            !span_equal(one->procedure.table_name, from->procedure.table_name))
            continue;
        if (count == 0 && one != from)
            return 0;
        count++;
    }
    return count;
}

/* ---- What the assigner has: no procedure, and shown only while somebody waits for it (master_must_wait) ---- */

static bool has_region(const struct master_request *request, struct span id)
{
    for (size_t i = 0; i < request->tablet_count; i++)
        if (span_equal(request->tablets[i], id))
            return true;
    return false;
}

/* No request before this one waits for the same table, or, with an id, the same region. */
static bool is_first(const struct master *master, const struct master_request *request,
    enum procedure_scope scope, struct span id)
{
    for (const struct master_request *one = master->waiting; one != request; one = one->next) {
        enum procedure_kind kind = master_procedure_kind(one);
        if (kind && procedure_scope(kind) == scope &&
            (scope == SCOPE_TABLE ? span_equal(one->table, request->table) : has_region(one, id)))
            return false;
    }
    return true;
}

static void put_opening_table(
    const struct master *master, struct buffer *out, const struct master_request *request)
{
    for (const struct running *one = master->procedures; one; one = one->next)
        if (procedure_scope(one->procedure.kind) != SCOPE_SERVER &&
            span_equal(one->procedure.table_name, request->table))
            return; /* it is shown there */
    for (const struct catalogue_table *table = master->catalogue.tables; table; table = table->next)
        if (span_equal(table->descriptor.schema.name, request->table) &&
            table->assigning_count > 0 && is_first(master, request, SCOPE_TABLE, SPAN_EMPTY))
            put_lock(master, out, RESOURCE_TABLE, request->table, NULL, table->assigning_count);
}

static void put_opening_regions(
    const struct master *master, struct buffer *out, const struct master_request *request)
{
    for (size_t i = 0; i < request->tablet_count; i++) {
        struct span id = request->tablets[i];
        const struct assigned_tablet *tablet = assignment_find(&master->catalogue.assignment, id);
        if (tablet && tablet->transition && !tablet->lock && !tablet->table->lock &&
            is_first(master, request, SCOPE_TABLETS, id))
            put_lock(master, out, RESOURCE_REGION, id, NULL, 1);
    }
}

static void put_openings(const struct master *master, struct buffer *out)
{
    for (const struct master_request *one = master->waiting; one; one = one->next) {
        enum procedure_kind kind = master_procedure_kind(one);
        if (kind && procedure_scope(kind) == SCOPE_TABLE)
            put_opening_table(master, out, one);
        else if (kind && procedure_scope(kind) == SCOPE_TABLETS)
            put_opening_regions(master, out, one);
    }
}

void master_put_locks(const struct master *master, struct buffer *out)
{
    for (const struct running *one = master->procedures; one; one = one->next) {
        const struct procedure *procedure = &one->procedure;
        size_t sharers;
        switch (procedure_scope(procedure->kind)) {
        case SCOPE_SERVER:
            put_lock(master, out, RESOURCE_SERVER, procedure->server, one, 0);
            break;
        case SCOPE_TABLE:
            put_lock(master, out, RESOURCE_TABLE, procedure->table_name, one, 0);
            break;
        case SCOPE_TABLETS:
            sharers = sharers_from(master, one);
            if (sharers)
                put_lock(master, out, RESOURCE_TABLE, procedure->table_name, NULL, sharers);
            for (size_t i = 0; i < procedure->source_count; i++)
                put_lock(master, out, RESOURCE_REGION, procedure->sources[i], one, 0);
            break;
        }
    }
    put_openings(master, out);
}

static void view_locks(struct master_request *request)
{
    master_put_locks(request->master, &((struct call_request *)request)->call->result);
}

static enum call_outcome view(struct call *call, void (*see)(struct master_request *request))
{
    struct call_request *held = master_new_request(call, MASTER_VIEW, 0);
    if (!held)
        return CALL_DONE;
    held->request.view = see;
    held->reply = master_reply_nothing;
    return master_hand_over(call, held);
}

enum call_outcome master_get_procedures(struct call *call)
{
    return view(call, view_procedures);
}

enum call_outcome master_get_locks(struct call *call)
{
    return view(call, view_locks);
}
