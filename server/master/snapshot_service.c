/* MasterService: snapshots (facts: hbase-rpc 6). */
#include "base/log_lines.h"
#include "proto/region.h"
#include "proto/wire.h"
#include "server/master/master_internal.h"
#include "server/master/master_service.h"

#define EXPECTED_TIMEOUT_MS 300000

/* SnapshotDescription{name 1, table 2, creation_time 3, type 4, owner 6, ttl 8}. */
static bool take_description(struct call *call, struct master_request *request)
{
    struct span in = SPAN_EMPTY;
    struct wire_field field;
    request->snapshot_type = 1; /* FLUSH */
    request->ttl_s = 0;
    master_field_bytes(call, 1, &in);
    while (wire_take(&in, &field) == STATUS_OK) {
        if (wire_is(&field, 1, WIRE_BYTES))
            request->snapshot_name = field.bytes;
        else if (wire_is(&field, 2, WIRE_BYTES))
            request->table = field.bytes;
        else if (wire_is(&field, 4, WIRE_VARINT))
            request->snapshot_type = (uint32_t)field.value;
        else if (wire_is(&field, 6, WIRE_BYTES))
            request->owner = field.bytes;
        else if (wire_is(&field, 8, WIRE_VARINT))
            request->ttl_s = (int64_t)field.value;
    }
    if (span_starts_with(request->table, SPAN_LITERAL("default:")))
        request->table = span_slice(request->table, 8, request->table.size - 8);
    return request->snapshot_name.size > 0;
}

/* As table names without a namespace. */
static enum status snapshot_name_check(struct span name, struct error *error)
{
    if (span_find(name, ':') != SIZE_MAX || table_name_check(name, error))
        return error_set(error, STATUS_INVALID, "Illegal snapshot name: <%.*s>", (int)name.size,
            (const char *)name.data);
    return STATUS_OK;
}

static struct call_request *snapshot_request(
    struct call *call, enum master_operation operation, uint32_t nonce_field)
{
    struct call_request *held = master_new_request(call, operation, nonce_field);
    if (held && !take_description(call, &held->request)) {
        call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s: the snapshot's name is missing",
            call->method->name);
        return NULL;
    }
    return held;
}

static void reply_taken(struct call *call, const struct master_request *request)
{
    wire_put_varint(&call->result, 1, EXPECTED_TIMEOUT_MS);
    if (call->client_major > 2 || (call->client_major == 2 && call->client_minor >= 6))
        wire_put_varint(&call->result, 2, request->procedure_id);
}

enum call_outcome master_snapshot(struct call *call)
{
    struct call_request *held = snapshot_request(call, MASTER_SNAPSHOT, 2);
    if (!held)
        return CALL_DONE;
    struct error error = {0};
    if (snapshot_name_check(held->request.snapshot_name, &error))
        return call_fail(call, EXCEPTION_ILLEGAL_ARGUMENT, "%s", error.message);
    held->reply = reply_taken;
    return master_hand_over(call, held);
}

enum call_outcome master_delete_snapshot(struct call *call)
{
    struct call_request *held = snapshot_request(call, MASTER_DELETE_SNAPSHOT, 0);
    if (!held)
        return CALL_DONE;
    held->reply = master_reply_nothing;
    return master_hand_over(call, held);
}

enum call_outcome master_restore_snapshot(struct call *call)
{
    struct call_request *held = snapshot_request(call, MASTER_RESTORE_SNAPSHOT, 2);
    return held ? master_hand_over(call, held) : CALL_DONE;
}

static void put_snapshot(struct buffer *out, uint32_t number, const struct snapshot_info *snapshot)
{
    size_t mark = wire_begin(out, number);
    wire_put_bytes(out, 1, snapshot->name);
    wire_put_bytes(out, 2, snapshot->schema.name);
    wire_put_varint(out, 3, (uint64_t)snapshot->created_ms);
    wire_put_varint(out, 4, snapshot->type);
    wire_put_varint(out, 5, 2); /* version of HBase's manifests */
    if (snapshot->owner.size)
        wire_put_bytes(out, 6, snapshot->owner);
    wire_put_varint(out, 8, (uint64_t)snapshot->ttl_s);
    wire_end(out, mark);
}

static enum status put_one(void *context, const struct snapshot_info *snapshot, struct error *error)
{
    struct call *call = context;
    (void)error;
    put_snapshot(&call->result, 1, snapshot);
    return STATUS_OK;
}

enum call_outcome master_get_completed_snapshots(struct call *call)
{
    struct error error = {0};
    if (!call->may_block)
        return CALL_TO_WORKER;
    if (!master_is_ready(call->service->master))
        return call_fail(call, EXCEPTION_PLEASE_HOLD, "Master is initializing");
    enum status status = store_snapshot_list(
        call->service->store, &call->arena, put_one, call, &error);
    return status ? call_fail_status(call, status, &error) : CALL_DONE;
}

/* ---- Is it done? ---- */

/* SnapshotProtos.SnapshotDescription.Type: as ClientSnapshotDescriptionUtils prints it. */
static const char *type_name(uint32_t type)
{
    return type == 0 ? "DISABLED" : type == 1 ? "FLUSH" : "SKIPFLUSH";
}

static bool is_taken_by(const struct procedure *procedure, struct span name)
{
    return procedure->kind == PROCEDURE_SNAPSHOT && span_equal(procedure->snapshot, name);
}

/* On the master's executor, where none begins or ends meanwhile. The request's is_on: it is taken; was_on: it is under way. */
static void look_for_snapshot(struct master_request *request)
{
    struct call *call = ((struct call_request *)request)->call;
    const struct master *master = request->master;
    struct snapshot_info snapshot;
    struct span name = request->snapshot_name;
    enum status status = store_snapshot_read(
        master->store, name, &call->arena, &snapshot, NULL, &request->error);
    request->is_on = status == STATUS_OK;
    request->was_on = status != STATUS_OK && status != STATUS_NOT_FOUND;
    for (const struct running *one = master->procedures; one; one = one->next)
        request->was_on = request->was_on || is_taken_by(&one->procedure, name);
    for (const struct master_request *one = master->waiting; one; one = one->next)
        request->was_on = request->was_on || (one->operation == MASTER_SNAPSHOT &&
                                                 span_equal(one->snapshot_name, name));
    if (request->is_on)
        put_snapshot(&call->result, 2, &snapshot);
}

static void reply_done(struct call *call, const struct master_request *request)
{
    wire_put_bool(&call->result, 1, request->is_on);
    if (!request->is_on && !request->was_on)
        call_fail(call, EXCEPTION_UNKNOWN_SNAPSHOT,
            "Snapshot { ss=%.*s table=%.*s type=%s ttl=%lld } is not currently running or one of "
            "the known completed snapshots.",
            (int)request->snapshot_name.size, (const char *)request->snapshot_name.data,
            (int)request->table.size, (const char *)request->table.data,
            type_name(request->snapshot_type), (long long)request->ttl_s);
}

/* For clients of 2.5, who poll: Snapshot answers when it is taken, or this says that it is not yet. */
enum call_outcome master_is_snapshot_done(struct call *call)
{
    struct call_request *held = snapshot_request(call, MASTER_VIEW, 0);
    if (!held)
        return CALL_DONE;
    held->request.view = look_for_snapshot;
    held->reply = reply_done;
    return master_hand_over(call, held);
}

enum call_outcome master_is_restore_snapshot_done(struct call *call)
{
    wire_put_bool(&call->result, 1, true);
    return CALL_DONE;
}
