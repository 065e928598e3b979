/* MasterService for tablets: SplitRegion, MergeTableRegions, MoveRegion, AssignRegion, UnassignRegion. */
#include <stdio.h>

#include "base/limits.h"
#include "proto/region.h"
#include "proto/wire.h"
#include "server/master/master_service.h"

/* The encoded name in a RegionSpecifier, in the call's arena. False after a call_fail. */
bool master_take_region(struct call *call, struct span message, struct span *out_id)
{
    struct region_specifier specifier;
    struct error error = {0};
    char storage[ENCODED_NAME_SIZE + 1];
    if (region_specifier_decode(message, &specifier, &error)) {
        call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
        return false;
    }
    struct span id = specifier.value;
    if (!specifier.is_encoded)
        id = span_equal(id, SPAN_LITERAL(META_REGION_NAME)) ? SPAN_LITERAL(META_ENCODED_NAME)
                                                            : region_encoded_name(id, storage);
    *out_id = arena_copy(&call->arena, id);
    return true;
}

/* The name as it was given, borrowed from the call. */
static struct span specifier_value(struct span message)
{
    struct region_specifier specifier;
    return region_specifier_decode(message, &specifier, NULL) ? SPAN_EMPTY : specifier.value;
}

/* The encoded name of a RegionInfo, likewise. */
static bool take_region_info(struct call *call, struct span message, struct span *out_id)
{
    struct region_info info;
    struct error error = {0};
    struct buffer name = {0};
    uint8_t table[LIMIT_TABLE_NAME_SIZE];
    char storage[ENCODED_NAME_SIZE + 1];
    if (region_info_decode(message, table, &info, &error)) {
        call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
        return false;
    }
    region_name_put(&name, info.table, info.start_key, info.region_id);
    *out_id = arena_copy(&call->arena, region_encoded_name(buffer_span(&name), storage));
    buffer_deinit(&name);
    return true;
}

/* A request about one region, which field 1 of the call names. NULL after a call_fail. */
static struct call_request *region_request(
    struct call *call, enum master_operation operation, uint32_t nonce_field)
{
    struct call_request *held = master_new_request(call, operation, nonce_field);
    struct span message = SPAN_EMPTY;
    if (!held)
        return NULL;
    struct span *ids = arena_allocate_zeroed(&call->arena, 1, sizeof *ids);
    master_field_bytes(call, 1, &message);
    if (!ids) {
        call_fail(call, EXCEPTION_IO, "no memory for the call");
        return NULL;
    }
    if (!(operation == MASTER_SPLIT ? take_region_info(call, message, ids)
                                    : master_take_region(call, message, ids)))
        return NULL;
    held->request.tablets = ids;
    held->request.tablet_count = 1;
    if (operation != MASTER_SPLIT)
        held->request.region_name = specifier_value(message);
    return held;
}

enum call_outcome master_split_region(struct call *call)
{
    struct call_request *held = region_request(call, MASTER_SPLIT, 3);
    if (!held)
        return CALL_DONE;
    master_field_bytes(call, 2, &held->request.row);
    return master_hand_over(call, held);
}

enum call_outcome master_merge_regions(struct call *call)
{
    struct call_request *held = master_new_request(call, MASTER_MERGE, 4);
    struct wire_field field;
    size_t count = 0;
    if (!held)
        return CALL_DONE;
    struct span in = call->param;
    while (wire_take(&in, &field) == STATUS_OK)
        count += wire_is(&field, 1, WIRE_BYTES);
    struct span *ids = arena_allocate_zeroed(&call->arena, count ? count : 1, sizeof *ids);
    if (!ids)
        return call_fail(call, EXCEPTION_IO, "no memory for the call");
    in = call->param;
    while (wire_take(&in, &field) == STATUS_OK)
        if (wire_is(&field, 1, WIRE_BYTES) &&
            !master_take_region(call, field.bytes, &ids[held->request.tablet_count++]))
            return CALL_DONE;
    held->request.tablets = ids;
    held->request.is_forced = master_field_number(call, 3, 0) != 0;
    return master_hand_over(call, held);
}

enum call_outcome master_move_region(struct call *call)
{
    struct call_request *held = region_request(call, MASTER_MOVE, 0);
    struct span message;
    struct server_name server;
    struct error error = {0};
    if (!held)
        return CALL_DONE;
    held->reply = master_reply_nothing;
    held->request.waits = true;
    if (master_field_bytes(call, 2, &message)) {
        struct buffer text = {0};
        if (server_name_decode(message, &server, &error))
            return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
        server_name_put_text(&text, &server);
        held->request.server = arena_copy(&call->arena, buffer_span(&text));
        buffer_deinit(&text);
    }
    return master_hand_over(call, held);
}

static enum call_outcome one_region(struct call *call, enum master_operation operation)
{
    struct call_request *held = region_request(call, operation, 0);
    if (!held)
        return CALL_DONE;
    held->reply = master_reply_nothing;
    held->request.waits = true;
    return master_hand_over(call, held);
}

enum call_outcome master_assign_region(struct call *call)
{
    return one_region(call, MASTER_ASSIGN);
}

enum call_outcome master_unassign_region(struct call *call)
{
    return one_region(call, MASTER_UNASSIGN);
}
