/* The changes: a request is decoded, handed to the master, and answered when the master says so. */
#include "server/master/master_service.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "proto/region.h"
#include "proto/schema_message.h"
#include "proto/wire.h"

/* ---- Fields ---- */

bool master_field_bytes(struct call *call, uint32_t number, struct span *out_bytes)
{
    struct span in = call->param;
    struct wire_field field;
    bool is_found = false;
    while (wire_take(&in, &field) == STATUS_OK) {
        if (wire_is(&field, number, WIRE_BYTES)) {
            *out_bytes = field.bytes;
            is_found = true;
        }
    }
    return is_found;
}

uint64_t master_field_number(struct call *call, uint32_t number, uint64_t otherwise)
{
    struct span in = call->param;
    struct wire_field field;
    while (wire_take(&in, &field) == STATUS_OK)
        if (wire_is(&field, number, WIRE_VARINT))
            otherwise = field.value;
    return otherwise;
}

bool master_field_table(struct call *call, uint32_t number, struct span *out_name)
{
    struct span message = SPAN_EMPTY;
    struct error error = {0};
    uint8_t *storage = arena_allocate(&call->arena, LIMIT_TABLE_NAME_SIZE);
    if (!storage) {
        call_fail(call, EXCEPTION_IO, "no memory for the call");
        return false;
    }
    if (!master_field_bytes(call, number, &message)) {
        call_fail(
            call, EXCEPTION_DO_NOT_RETRY_IO, "%s: the table's name is missing", call->method->name);
        return false;
    }
    if (table_name_decode(message, storage, out_name, &error)) {
        call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
        return false;
    }
    return true;
}

/* ---- Handing over ---- */

static void on_done(struct master_request *request)
{
    struct call_request *held = (struct call_request *)request;
    struct call *call = held->call;
    if (request->exception_class)
        call_fail(call, request->exception_class, "%s", request->error.message);
    else if (held->reply)
        held->reply(call, request);
    else
        wire_put_varint(&call->result, 1, request->procedure_id);
    call_finish(call);
}

void master_reply_nothing(struct call *call, const struct master_request *request)
{
    (void)call, (void)request;
}

struct call_request *master_new_request(
    struct call *call, enum master_operation operation, uint32_t nonce_field)
{
    struct call_request *held = arena_allocate_zeroed(&call->arena, 1, sizeof *held);
    if (!held || !call_own(call)) {
        if (!held)
            call_fail(call, EXCEPTION_IO, "no memory for the call");
        return NULL;
    }
    held->call = call;
    held->request.operation = operation;
    held->request.arena = &call->arena;
    held->request.done = on_done;
    if (nonce_field) {
        held->request.nonce_group = master_field_number(call, nonce_field, 0);
        held->request.nonce = master_field_number(call, nonce_field + 1, 0);
    }
    return held;
}

enum call_outcome master_hand_over(struct call *call, struct call_request *held)
{
    if (!master_is_ready(call->service->master))
        return call_fail(call, EXCEPTION_PLEASE_HOLD, "Master is initializing");
    master_submit(call->service->master, &held->request);
    return CALL_PENDING;
}

static struct master_request *new_request(
    struct call *call, enum master_operation operation, uint32_t nonce_field)
{
    struct call_request *held = master_new_request(call, operation, nonce_field);
    return held ? &held->request : NULL;
}

static enum call_outcome hand_over(struct call *call, struct master_request *request)
{
    return master_hand_over(call, (struct call_request *)request);
}

static bool take_schema(struct call *call, uint32_t number, struct table_schema *out_schema)
{
    struct span message = SPAN_EMPTY;
    struct error error = {0};
    master_field_bytes(call, number, &message);
    if (!table_schema_message_decode(message, &call->arena, out_schema, &error))
        return true;
    call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
    return false;
}

static enum call_outcome create_table(struct call *call)
{
    struct master_request *request = new_request(call, MASTER_CREATE_TABLE, 3);
    struct wire_field field;
    size_t count = 0;
    if (!request || !take_schema(call, 1, &request->schema))
        return CALL_DONE;
    struct span in = call->param;
    while (wire_take(&in, &field) == STATUS_OK)
        count += wire_is(&field, 2, WIRE_BYTES);
    struct span *keys = arena_allocate_zeroed(&call->arena, count ? count : 1, sizeof *keys);
    if (!keys)
        return call_fail(call, EXCEPTION_IO, "no memory for %zu split keys", count);
    in = call->param;
    while (wire_take(&in, &field) == STATUS_OK)
        if (wire_is(&field, 2, WIRE_BYTES))
            keys[request->split_key_count++] = field.bytes;
    request->split_keys = keys;
    return hand_over(call, request);
}

static enum call_outcome change_named_table(struct call *call, enum master_operation operation)
{
    struct master_request *request = new_request(call, operation, 2);
    if (!request || !master_field_table(call, 1, &request->table))
        return CALL_DONE;
    return hand_over(call, request);
}

static enum call_outcome delete_table(struct call *call)
{
    return change_named_table(call, MASTER_DELETE_TABLE);
}

static enum call_outcome enable_table(struct call *call)
{
    return change_named_table(call, MASTER_ENABLE_TABLE);
}

static enum call_outcome disable_table(struct call *call)
{
    return change_named_table(call, MASTER_DISABLE_TABLE);
}

static enum call_outcome truncate_table(struct call *call)
{
    struct master_request *request = new_request(call, MASTER_TRUNCATE_TABLE, 3);
    if (!request || !master_field_table(call, 1, &request->table))
        return CALL_DONE;
    request->keeps_splits = master_field_number(call, 2, 0) != 0;
    return hand_over(call, request);
}

static enum call_outcome modify_table(struct call *call)
{
    struct master_request *request = new_request(call, MASTER_MODIFY_TABLE, 3);
    if (!request || !take_schema(call, 2, &request->schema))
        return CALL_DONE;
    return hand_over(call, request);
}

static enum call_outcome change_family(struct call *call, enum master_operation operation)
{
    struct master_request *request = new_request(call, operation, 3);
    struct span message = SPAN_EMPTY;
    struct error error = {0};
    if (!request || !master_field_table(call, 1, &request->table))
        return CALL_DONE;
    master_field_bytes(call, 2, &message);
    if (operation == MASTER_DELETE_FAMILY)
        request->family.name = message;
    else if (family_schema_message_decode(message, &call->arena, &request->family, &error))
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
    return hand_over(call, request);
}

static enum call_outcome add_column(struct call *call)
{
    return change_family(call, MASTER_ADD_FAMILY);
}

static enum call_outcome modify_column(struct call *call)
{
    return change_family(call, MASTER_MODIFY_FAMILY);
}

static enum call_outcome delete_column(struct call *call)
{
    return change_family(call, MASTER_DELETE_FAMILY);
}

static enum call_outcome put_namespace(struct call *call, enum master_operation operation)
{
    struct master_request *request = new_request(call, operation, 2);
    struct namespace_schema schema;
    struct span message = SPAN_EMPTY;
    struct error error = {0};
    if (!request)
        return CALL_DONE;
    master_field_bytes(call, 1, &message);
    if (namespace_message_decode(message, &call->arena, &schema, &error))
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
    request->namespace_name = schema.name;
    request->configuration = schema.configuration;
    request->configuration_count = schema.configuration_count;
    return hand_over(call, request);
}

static enum call_outcome create_namespace(struct call *call)
{
    return put_namespace(call, MASTER_CREATE_NAMESPACE);
}

static enum call_outcome modify_namespace(struct call *call)
{
    return put_namespace(call, MASTER_MODIFY_NAMESPACE);
}

static enum call_outcome delete_namespace(struct call *call)
{
    struct master_request *request = new_request(call, MASTER_DELETE_NAMESPACE, 2);
    if (!request)
        return CALL_DONE;
    master_field_bytes(call, 1, &request->namespace_name);
    return hand_over(call, request);
}

/* ---- Procedures and odds ---- */

static enum call_outcome get_procedure_result(struct call *call)
{
    struct procedure_result result;
    master_procedure_result(call->service->master, master_field_number(call, 1, 0), &result);
    wire_put_varint(&call->result, 1, result.state);
    if (result.state == PROCEDURE_NOT_FOUND)
        return CALL_DONE;
    wire_put_varint(&call->result, 2, (uint64_t)result.submitted_ms);
    wire_put_varint(&call->result, 3, (uint64_t)result.updated_ms);
    if (result.exception_class) {
        size_t foreign = wire_begin(&call->result, 5);
        wire_put_bytes(&call->result, 1, SPAN_LITERAL("master"));
        size_t generic = wire_begin(&call->result, 2);
        wire_put_bytes(&call->result, 1, span_string(result.exception_class));
        wire_put_bytes(&call->result, 2, span_string(result.message));
        wire_end(&call->result, generic);
        wire_end(&call->result, foreign);
    }
    return CALL_DONE;
}

static enum call_outcome is_master_running(struct call *call)
{
    if (!master_is_ready(call->service->master))
        return call_fail(call, EXCEPTION_PLEASE_HOLD, "Master is initializing");
    wire_put_bool(&call->result, 1, true);
    return CALL_DONE;
}

/* A procedure here always goes to its end. */
static enum call_outcome abort_procedure(struct call *call)
{
    wire_put_bool(&call->result, 1, false);
    return CALL_DONE;
}

static enum call_outcome is_in_maintenance_mode(struct call *call)
{
    wire_put_bool(&call->result, 1, false);
    return CALL_DONE;
}

#define CAPABILITY_SIMPLE_AUTHENTICATION 0

static enum call_outcome get_security_capabilities(struct call *call)
{
    wire_put_varint(&call->result, 1, CAPABILITY_SIMPLE_AUTHENTICATION);
    return CALL_DONE;
}

/* A schema is in force everywhere when the call that changed it returns. */
static enum call_outcome get_schema_alter_status(struct call *call)
{
    struct span name;
    if (!master_field_table(call, 1, &name))
        return CALL_DONE;
    struct catalogue *catalogue = master_catalogue(call->service->master);
    mutex_lock(&catalogue->mutex);
    struct catalogue_table *table = catalogue_find_locked(catalogue, name);
    size_t total = table ? table->tablet_count : 0;
    mutex_unlock(&catalogue->mutex);
    wire_put_varint(&call->result, 1, 0);
    wire_put_varint(&call->result, 2, total);
    return CALL_DONE;
}

const struct call_method master_methods[] = {
    {"IsMasterRunning", is_master_running},
    {"getProcedureResult", get_procedure_result},
    {"GetClusterStatus", master_get_cluster_status},
    {"GetTableDescriptors", master_get_table_descriptors},
    {"GetTableNames", master_get_table_names},
    {"GetTableState", master_get_table_state},
    {"CreateTable", create_table},
    {"DeleteTable", delete_table},
    {"EnableTable", enable_table},
    {"DisableTable", disable_table},
    {"truncateTable", truncate_table},
    {"ModifyTable", modify_table},
    {"AddColumn", add_column},
    {"ModifyColumn", modify_column},
    {"DeleteColumn", delete_column},
    {"GetSchemaAlterStatus", get_schema_alter_status},
    {"getLastMajorCompactionTimestamp", master_get_last_major_compaction},
    {"getLastMajorCompactionTimestampForRegion", master_get_last_region_major_compaction},
    {"FlushTable", master_flush_table},
    {"ExecProcedure", master_exec_procedure},
    {"IsProcedureDone", master_is_procedure_done},
    {"CreateNamespace", create_namespace},
    {"ModifyNamespace", modify_namespace},
    {"DeleteNamespace", delete_namespace},
    {"GetNamespaceDescriptor", master_get_namespace_descriptor},
    {"ListNamespaceDescriptors", master_list_namespace_descriptors},
    {"ListNamespaces", master_list_namespaces},
    {"ListTableDescriptorsByNamespace", master_list_descriptors_by_namespace},
    {"ListTableNamesByNamespace", master_list_names_by_namespace},
    {"ListTableDescriptorsByState", master_list_descriptors_by_state},
    {"ListTableNamesByState", master_list_names_by_state},
    {"SplitRegion", master_split_region},
    {"MergeTableRegions", master_merge_regions},
    {"MoveRegion", master_move_region},
    {"AssignRegion", master_assign_region},
    {"UnassignRegion", master_unassign_region},
    {"OfflineRegion", master_unassign_region},
    {"Balance", master_balance_now},
    {"SetBalancerRunning", master_set_balancer},
    {"IsBalancerEnabled", master_is_balancer_enabled},
    {"SetSplitOrMergeEnabled", master_set_split_or_merge},
    {"IsSplitOrMergeEnabled", master_is_split_or_merge_enabled},
    {"Normalize", master_normalize_now},
    {"SetNormalizerRunning", master_set_normalizer},
    {"IsNormalizerEnabled", master_is_normalizer_enabled},
    {"RunCatalogScan", master_run_catalog_scan},
    {"EnableCatalogJanitor", master_enable_catalog_janitor},
    {"IsCatalogJanitorEnabled", master_is_catalog_janitor_enabled},
    {"RunCleanerChore", master_run_cleaner_chore},
    {"SetCleanerChoreRunning", master_set_cleaner_chore},
    {"IsCleanerChoreEnabled", master_is_cleaner_chore_enabled},
    {"Snapshot", master_snapshot},
    {"IsSnapshotDone", master_is_snapshot_done},
    {"GetCompletedSnapshots", master_get_completed_snapshots},
    {"DeleteSnapshot", master_delete_snapshot},
    {"RestoreSnapshot", master_restore_snapshot},
    {"IsRestoreSnapshotDone", master_is_restore_snapshot_done},
    {"SwitchSnapshotCleanup", master_switch_snapshot_cleanup},
    {"IsSnapshotCleanupEnabled", master_is_snapshot_cleanup_enabled},
    {"ListDecommissionedRegionServers", master_list_decommissioned},
    {"DecommissionRegionServers", master_decommission},
    {"RecommissionRegionServer", master_recommission},
    {"ListDeadServers", master_list_dead_servers},
    {"ClearDeadServers", master_clear_dead_servers},
    {"GetProcedures", master_get_procedures},
    {"GetLocks", master_get_locks},
    {"AbortProcedure", abort_procedure},
    {"IsMasterInMaintenanceMode", is_in_maintenance_mode},
    {"getSecurityCapabilities", get_security_capabilities},
    {NULL, NULL},
};
