/* MasterService: switches, chores on request, servers that drain or are dead. */
#include <string.h>

#include "base/limits.h"
#include "proto/region.h"
#include "proto/wire.h"
#include "server/master/master_service.h"
#include "server/master/name_pattern.h"

/* ---- Switches ---- */

static void reply_was_on(struct call *call, const struct master_request *request)
{
    wire_put_bool(&call->result, 1, request->was_on);
}

/* Field 1 says on or off; the answer is what it was. */
static enum call_outcome set_switch(struct call *call, enum master_setting setting)
{
    struct call_request *held = master_new_request(call, MASTER_SWITCH, 0);
    if (!held)
        return CALL_DONE;
    held->request.setting = setting;
    held->request.is_on = master_field_number(call, 1, 0) != 0;
    held->reply = reply_was_on;
    return master_hand_over(call, held);
}

static enum call_outcome tell_switch(struct call *call, enum master_setting setting)
{
    if (!master_is_ready(call->service->master))
        return call_fail(call, EXCEPTION_PLEASE_HOLD, "Master is initializing");
    wire_put_bool(&call->result, 1, master_setting_is_on(call->service->master, setting));
    return CALL_DONE;
}

enum call_outcome master_set_balancer(struct call *call)
{
    return set_switch(call, SETTING_BALANCER);
}

enum call_outcome master_is_balancer_enabled(struct call *call)
{
    return tell_switch(call, SETTING_BALANCER);
}

enum call_outcome master_set_normalizer(struct call *call)
{
    return set_switch(call, SETTING_NORMALIZER);
}

enum call_outcome master_is_normalizer_enabled(struct call *call)
{
    return tell_switch(call, SETTING_NORMALIZER);
}

enum call_outcome master_enable_catalog_janitor(struct call *call)
{
    return set_switch(call, SETTING_CATALOG_JANITOR);
}

enum call_outcome master_is_catalog_janitor_enabled(struct call *call)
{
    return tell_switch(call, SETTING_CATALOG_JANITOR);
}

enum call_outcome master_set_cleaner_chore(struct call *call)
{
    return set_switch(call, SETTING_CLEANER);
}

enum call_outcome master_is_cleaner_chore_enabled(struct call *call)
{
    return tell_switch(call, SETTING_CLEANER);
}

enum call_outcome master_switch_snapshot_cleanup(struct call *call)
{
    return set_switch(call, SETTING_SNAPSHOT_CLEANUP);
}

enum call_outcome master_is_snapshot_cleanup_enabled(struct call *call)
{
    return tell_switch(call, SETTING_SNAPSHOT_CLEANUP);
}

#define SWITCH_SPLIT 0
#define SWITCH_MERGE 1

static enum master_setting setting_of(uint64_t switch_type)
{
    return switch_type == SWITCH_MERGE ? SETTING_MERGE : SETTING_SPLIT;
}

/* Takes the next of `switch_types` (3, packed or not); false at the end. */
static bool take_switch_type(struct span *in, struct span *packed, uint64_t *out_type)
{
    struct wire_field field;
    if (packed->size && !span_take_varint(packed, out_type))
        return true;
    while (wire_take(in, &field) == STATUS_OK) {
        if (wire_is(&field, 3, WIRE_VARINT)) {
            *out_type = field.value;
            return true;
        }
        if (wire_is(&field, 3, WIRE_BYTES)) {
            *packed = field.bytes;
            if (!span_take_varint(packed, out_type))
                return true;
        }
    }
    return false;
}

/* One answer for each type, in the order asked for; the second request, when there is one, follows the first. */
struct two_switches {
    struct call_request held; /* first */
    bool has_second;
    enum master_setting second;
};

static void on_switch_done(struct master_request *request)
{
    struct two_switches *both = (struct two_switches *)request;
    struct call *call = both->held.call;
    if (request->exception_class) {
        call_fail(call, request->exception_class, "%s", request->error.message);
        call_finish(call);
        return;
    }
    wire_put_bool(&call->result, 1, request->was_on);
    if (!both->has_second) {
        call_finish(call);
        return;
    }
    both->has_second = false;
    request->setting = both->second;
    master_submit(call->service->master, request);
}

enum call_outcome master_set_split_or_merge(struct call *call)
{
    struct two_switches *both = arena_allocate_zeroed(&call->arena, 1, sizeof *both);
    struct call_request *held = both ? master_new_request(call, MASTER_SWITCH, 0) : NULL;
    struct span in = call->param, packed = SPAN_EMPTY;
    uint64_t first, second;
    if (!held)
        return both ? CALL_DONE : call_fail(call, EXCEPTION_IO, "no memory for the call");
    both->held = *held;
    both->held.request.done = on_switch_done;
    if (!take_switch_type(&in, &packed, &first))
        return CALL_DONE;
    both->held.request.setting = setting_of(first);
    both->held.request.is_on = master_field_number(call, 1, 0) != 0;
    both->has_second = take_switch_type(&in, &packed, &second);
    both->second = both->has_second ? setting_of(second) : SETTING_SPLIT;
    return master_hand_over(call, &both->held);
}

enum call_outcome master_is_split_or_merge_enabled(struct call *call)
{
    return tell_switch(call, setting_of(master_field_number(call, 1, SWITCH_SPLIT)));
}

/* ---- Chores ---- */

static void reply_balanced(struct call *call, const struct master_request *request)
{
    wire_put_bool(&call->result, 1, request->is_on);
    wire_put_varint(&call->result, 2, request->moves_calculated);
    wire_put_varint(&call->result, 3, request->moves_executed);
}

enum call_outcome master_balance_now(struct call *call)
{
    struct call_request *held = master_new_request(call, MASTER_BALANCE, 0);
    if (!held)
        return CALL_DONE;
    held->request.is_dry_run = master_field_number(call, 2, 0) != 0;
    held->reply = reply_balanced;
    return master_hand_over(call, held);
}

static void reply_is_on(struct call *call, const struct master_request *request)
{
    wire_put_bool(&call->result, 1, request->is_on);
}

/* NormalizeRequest{table_names 1*, regex 2, namespace 3}: the names of the tables that match, in `servers`. */
static bool take_tables(struct call *call, struct master_request *request)
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    struct span regex = SPAN_EMPTY, name_space = SPAN_EMPTY;
    struct name_pattern *pattern = NULL;
    struct error error = {0};
    bool has_regex = master_field_bytes(call, 2, &regex);
    bool has_namespace = master_field_bytes(call, 3, &name_space);
    if (has_regex && name_pattern_new(regex, &pattern, &error)) {
        call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
        return false;
    }
    mutex_lock(&catalogue->mutex);
    request->servers = arena_allocate_zeroed(
        &call->arena, catalogue->table_count + 1, sizeof *request->servers);
    for (struct catalogue_table *table = catalogue->tables; request->servers && table;
         table = table->next) {
        struct span name = table->descriptor.schema.name, its_namespace, qualifier;
        table_name_split(name, &its_namespace, &qualifier);
        bool is_named = true;
        struct span in = call->param;
        struct wire_field field;
        while (wire_take(&in, &field) == STATUS_OK) {
            uint8_t storage[LIMIT_TABLE_NAME_SIZE];
            struct span wanted;
            if (!wire_is(&field, 1, WIRE_BYTES) ||
                table_name_decode(field.bytes, storage, &wanted, NULL))
                continue;
            is_named = span_equal(wanted, name);
            if (is_named)
                break;
        }
        if (is_named && (!has_namespace || span_equal(its_namespace, name_space)) &&
            name_pattern_matches(pattern, name))
            request->servers[request->server_count++] = arena_copy(&call->arena, name);
    }
    mutex_unlock(&catalogue->mutex);
    name_pattern_free(pattern);
    if (!request->servers)
        call_fail(call, EXCEPTION_IO, "no memory for the call");
    return request->servers != NULL;
}

enum call_outcome master_normalize_now(struct call *call)
{
    struct call_request *held = master_new_request(call, MASTER_NORMALIZE, 4);
    if (!held || !take_tables(call, &held->request))
        return CALL_DONE;
    held->reply = reply_is_on;
    return master_hand_over(call, held);
}

static void reply_count(struct call *call, const struct master_request *request)
{
    wire_put_varint(&call->result, 1, request->count);
}

enum call_outcome master_run_catalog_scan(struct call *call)
{
    struct call_request *held = master_new_request(call, MASTER_RUN_JANITOR, 0);
    if (!held)
        return CALL_DONE;
    held->reply = reply_count;
    return master_hand_over(call, held);
}

static void reply_yes(struct call *call, const struct master_request *request)
{
    (void)request;
    wire_put_bool(&call->result, 1, true);
}

enum call_outcome master_run_cleaner_chore(struct call *call)
{
    struct call_request *held = master_new_request(call, MASTER_RUN_CLEANER, 0);
    if (!held)
        return CALL_DONE;
    held->reply = reply_yes;
    return master_hand_over(call, held);
}

/* ---- Servers ---- */

static bool is_draining(const struct assigned_server *server)
{
    return server->state == ASSIGNED_SERVER_LIVE && server->is_draining;
}

static bool is_dead(const struct assigned_server *server)
{
    return server->state != ASSIGNED_SERVER_LIVE;
}

/* Field 1: the servers that are so. */
static enum call_outcome list_servers(
    struct call *call, bool (*is_listed)(const struct assigned_server *server))
{
    struct catalogue *catalogue = master_catalogue(call->service->master);
    if (!master_is_ready(call->service->master))
        return call_fail(call, EXCEPTION_PLEASE_HOLD, "Master is initializing");
    mutex_lock(&catalogue->mutex);
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next) {
        if (!is_listed(one))
            continue;
        size_t mark = wire_begin(&call->result, 1);
        server_name_encode(&call->result, &one->name);
        wire_end(&call->result, mark);
    }
    mutex_unlock(&catalogue->mutex);
    return CALL_DONE;
}

enum call_outcome master_list_decommissioned(struct call *call)
{
    return list_servers(call, is_draining);
}

enum call_outcome master_list_dead_servers(struct call *call)
{
    return list_servers(call, is_dead);
}

/* The ServerNames in field 1 as texts. False after a call_fail. */
static bool take_servers(struct call *call, struct master_request *request)
{
    struct span in = call->param;
    struct wire_field field;
    struct error error = {0};
    size_t count = 0;
    while (wire_take(&in, &field) == STATUS_OK)
        count += wire_is(&field, 1, WIRE_BYTES);
    request->servers = arena_allocate_zeroed(
        &call->arena, count ? count : 1, sizeof *request->servers);
    if (!request->servers) {
        call_fail(call, EXCEPTION_IO, "no memory for the call");
        return false;
    }
    in = call->param;
    while (wire_take(&in, &field) == STATUS_OK) {
        struct server_name name;
        struct buffer text = {0};
        if (!wire_is(&field, 1, WIRE_BYTES))
            continue;
        if (server_name_decode(field.bytes, &name, &error)) {
            call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
            return false;
        }
        server_name_put_text(&text, &name);
        request->servers[request->server_count++] = arena_copy(&call->arena, buffer_span(&text));
        buffer_deinit(&text);
    }
    return true;
}

static enum call_outcome change_servers(struct call *call, enum master_operation operation)
{
    struct call_request *held = master_new_request(call, operation, 0);
    if (!held || !take_servers(call, &held->request))
        return CALL_DONE;
    held->request.offloads = master_field_number(call, 2, 0) != 0;
    held->reply = master_reply_nothing;
    return master_hand_over(call, held);
}

enum call_outcome master_decommission(struct call *call)
{
    return change_servers(call, MASTER_DECOMMISSION);
}

/* RecommissionRegionServerRequest{server_name 1, region 2*}. */
enum call_outcome master_recommission(struct call *call)
{
    struct call_request *held = master_new_request(call, MASTER_RECOMMISSION, 0);
    struct wire_field field;
    size_t count = 0;
    if (!held || !take_servers(call, &held->request))
        return CALL_DONE;
    struct span in = call->param;
    while (wire_take(&in, &field) == STATUS_OK)
        count += wire_is(&field, 2, WIRE_BYTES);
    struct span *ids = arena_allocate_zeroed(&call->arena, count ? count : 1, sizeof *ids);
    if (!ids)
        return call_fail(call, EXCEPTION_IO, "no memory for the call");
    in = call->param;
    while (wire_take(&in, &field) == STATUS_OK)
        if (wire_is(&field, 2, WIRE_BYTES) &&
            !master_take_region(call, field.bytes, &ids[held->request.tablet_count++]))
            return CALL_DONE;
    held->request.tablets = ids;
    held->reply = master_reply_nothing;
    return master_hand_over(call, held);
}

static void reply_not_cleared(struct call *call, const struct master_request *request)
{
    for (size_t i = 0; i < request->server_count; i++) {
        struct server_name name;
        if (server_name_parse(request->servers[i], &name, NULL))
            continue;
        size_t mark = wire_begin(&call->result, 1);
        server_name_encode(&call->result, &name);
        wire_end(&call->result, mark);
    }
}

enum call_outcome master_clear_dead_servers(struct call *call)
{
    struct call_request *held = master_new_request(call, MASTER_CLEAR_DEAD, 0);
    if (!held || !take_servers(call, &held->request))
        return CALL_DONE;
    held->reply = reply_not_cleared;
    return master_hand_over(call, held);
}
