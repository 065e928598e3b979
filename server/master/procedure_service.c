/* GetProcedures and GetLocks: what runs, and what it holds, as HBase's shell shows it. */
#include <string.h>

#include "proto/wire.h"
#include "server/master/master_internal.h"
#include "server/master/master_service.h"

/* HBase's ProcedureState. */
enum { STATE_RUNNABLE = 2, STATE_WAITING_TIMEOUT = 4 };

/* HBase's LockedResourceType and LockType. */
enum { RESOURCE_SERVER = 1, RESOURCE_TABLE = 3, RESOURCE_REGION = 4 };
enum { LOCK_EXCLUSIVE = 1, LOCK_SHARED = 2 };

/* Procedure{class_name 1, proc_id 3, submitted_time 4, owner 5, state 6, last_update 8, exception 10, locked 16}. */
static void put_procedure(struct buffer *out, uint32_t number, const struct running *running)
{
    const struct procedure *procedure = &running->procedure;
    size_t mark = wire_begin(out, number);
    wire_put_bytes(out, 1, span_string(procedure_kind_name(procedure->kind)));
    wire_put_varint(out, 3, procedure->id);
    wire_put_varint(out, 4, (uint64_t)procedure->submitted_ms);
    wire_put_bytes(out, 5, SPAN_LITERAL("stele"));
    wire_put_varint(out, 6, running->is_delayed ? STATE_WAITING_TIMEOUT : STATE_RUNNABLE);
    wire_put_varint(out, 8, (uint64_t)running->updated_ms);
    if (running->is_delayed && running->part_error.message[0]) {
        size_t foreign = wire_begin(out, 10);
        wire_put_bytes(out, 1, SPAN_LITERAL("master"));
        size_t generic = wire_begin(out, 2);
        wire_put_bytes(out, 1, span_string(master_exception_of(running->part_error.status)));
        wire_put_bytes(out, 2, span_string(running->part_error.message));
        wire_end(out, generic);
        wire_end(out, foreign);
    }
    wire_put_bool(out, 16, true);
    wire_end(out, mark);
}

static void view_procedures(struct master_request *request)
{
    struct call *call = ((struct call_request *)request)->call;
    for (const struct running *one = request->master->procedures; one; one = one->next)
        put_procedure(&call->result, 1, one);
}

/* LockedResource{resource_type 1, resource_name 2, lock_type 3, exclusive_lock_owner_procedure 4,
 * shared_lock_count 5}. */
static void put_lock(struct buffer *out, unsigned type, struct span name,
    const struct running *owner, size_t shared_count)
{
    size_t mark = wire_begin(out, 1);
    wire_put_varint(out, 1, type);
    wire_put_bytes(out, 2, name);
    wire_put_varint(out, 3, owner ? LOCK_EXCLUSIVE : LOCK_SHARED);
    if (owner)
        put_procedure(out, 4, owner);
    wire_put_varint(out, 5, shared_count);
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

static void view_locks(struct master_request *request)
{
    struct call *call = ((struct call_request *)request)->call;
    struct buffer *out = &call->result;
    const struct master *master = request->master;
    for (const struct running *one = master->procedures; one; one = one->next) {
        const struct procedure *procedure = &one->procedure;
        size_t sharers;
        switch (procedure_scope(procedure->kind)) {
        case SCOPE_SERVER:
            put_lock(out, RESOURCE_SERVER, procedure->server, one, 0);
            break;
        case SCOPE_TABLE:
            put_lock(out, RESOURCE_TABLE, procedure->table_name, one, 0);
            break;
        case SCOPE_TABLETS:
            sharers = sharers_from(master, one);
            if (sharers)
                put_lock(out, RESOURCE_TABLE, procedure->table_name, NULL, sharers);
            for (size_t i = 0; i < procedure->source_count; i++)
                put_lock(out, RESOURCE_REGION, procedure->sources[i], one, 0);
            break;
        }
    }
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
