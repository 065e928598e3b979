/* Requests for changes of tablets: assign, unassign, move, split, merge; by users, the balancer, the policies. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "proto/exception_class.h"
#include "proto/region.h"
#include "server/master/master_internal.h"

#define NAME(span) (int)(span).size, (const char *)(span).data

/* The tablets that the request names, in order of their rows; NULL after a refusal. In the arena. */
static struct assigned_tablet **find_tablets(
    struct master *master, struct master_request *request, struct arena *arena)
{
    size_t count = request->tablet_count;
    struct assigned_tablet **found = arena_allocate_zeroed(
        arena, count ? count : 1, sizeof(struct assigned_tablet *));
    if (!found || count == 0 || count > LIMIT_MERGED_REGIONS) {
        master_refuse(request, EXCEPTION_DO_NOT_RETRY_IO, "%zu regions in one request", count);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        struct assigned_tablet *tablet = assignment_find(
            &master->catalogue.assignment, request->tablets[i]);
        if (!tablet || tablet->state == ASSIGNMENT_SPLIT || tablet->state == ASSIGNMENT_MERGED) {
            struct span name = request->region_name.size ? request->region_name
                                                         : request->tablets[i];
            master_refuse(request, EXCEPTION_UNKNOWN_REGION, "%.*s", NAME(name));
            return NULL;
        }
        if (i > 0 && tablet->table != found[0]->table) {
            master_refuse(request, EXCEPTION_MERGE_REGION, "Can't merge regions of two tables");
            return NULL;
        }
        size_t at = i;
        while (at > 0 && span_compare(tablet->info.start_row, found[at - 1]->info.start_row) < 0) {
            found[at] = found[at - 1];
            at--;
        }
        found[at] = tablet;
    }
    return found;
}

static bool is_meta(const struct assigned_tablet *tablet)
{
    return strcmp(tablet->info.id, META_TABLET_ID) == 0;
}

static bool judge_merge(
    struct master *master, struct master_request *request, struct assigned_tablet **tablets)
{
    if (!master_setting_is_on(master, SETTING_MERGE)) {
        master_refuse(request, EXCEPTION_DO_NOT_RETRY_IO, "Merge switch is off! skip merge of %s",
            tablets[0]->info.id);
        return false;
    }
    if (request->tablet_count < 2) {
        master_refuse(request, EXCEPTION_MERGE_REGION, "A merge needs two regions");
        return false;
    }
    size_t different = 1; /* equal ones lie side by side */
    for (size_t i = 1; i < request->tablet_count; i++)
        different += tablets[i] != tablets[i - 1];
    if (different < request->tablet_count) {
        master_refuse(request, EXCEPTION_MERGE_REGION,
            "Duplicate regions specified; cannot merge a region to itself. "
            "Passed in %zu but only %zu unique.",
            request->tablet_count, different);
        return false;
    }
    for (size_t i = 1; i < request->tablet_count; i++) {
        if (!span_equal(tablets[i - 1]->info.end_row, tablets[i]->info.start_row)) {
            master_refuse(request, EXCEPTION_MERGE_REGION,
                "Unable to merge non-adjacent or non-overlapping regions '%s', '%s' "
                "when force=false",
                tablets[i - 1]->info.id, tablets[i]->info.id);
            return false;
        }
    }
    return true;
}

static bool judge_move(
    struct master *master, struct master_request *request, const struct assigned_tablet *tablet)
{
    if (request->server.size == 0) {
        bool has_other = master_pick_server(master, tablet->server) != NULL;
        if (!has_other) /* as HBase: nothing is done */
            master_answer(request, 0);
        return has_other;
    }
    struct assigned_server *server = master_server_find(master, request->server);
    if (!server || server->state != ASSIGNED_SERVER_LIVE || server->absent_since_ns) {
        master_refuse(
            request, EXCEPTION_DO_NOT_RETRY_IO, "Server %.*s is not online", NAME(request->server));
        return false;
    }
    if (tablet->state == ASSIGNMENT_OPEN &&
        tablet->server == server) { /* as HBase: nothing to do */
        master_answer(request, 0);
        return false;
    }
    return true;
}

/* What is to be divided or joined must be open first. One that cannot be opened is mended first, one that was closed by
 * command is assigned first: neither is opened on the way, and neither holds up its table. */
static bool judge_open(
    struct master *master, struct master_request *request, struct assigned_tablet *const *tablets)
{
    for (size_t i = 0; i < request->tablet_count; i++) {
        const struct assigned_tablet *one = tablets[i];
        bool is_out = one->state == ASSIGNMENT_FAILED_OPEN || one->is_unassigned;
        if (!is_out && (request->operation == MASTER_MERGE || one->state == ASSIGNMENT_OPEN))
            continue;
        mutex_lock(&master->catalogue.mutex);
        master_refuse(request, EXCEPTION_DO_NOT_RETRY_IO, "Region %s is not OPEN; state=%s%s%s",
            one->info.id, assignment_state_name(one->state), one->failure ? ": " : "",
            one->failure ? one->failure : "");
        mutex_unlock(&master->catalogue.mutex);
        return false;
    }
    return true;
}

/* False after an answer. */
static bool judge(
    struct master *master, struct master_request *request, struct assigned_tablet **tablets)
{
    const struct assigned_tablet *tablet = tablets[0];
    bool divides = request->operation == MASTER_SPLIT || request->operation == MASTER_MERGE;
    if (divides && is_meta(tablet)) {
        master_refuse(request, EXCEPTION_DO_NOT_RETRY_IO, "Can't split or merge hbase:meta");
        return false;
    }
    if (request->operation == MASTER_UNASSIGN && is_meta(tablet)) {
        master_refuse(request, EXCEPTION_DO_NOT_RETRY_IO, "Can't unassign hbase:meta");
        return false;
    }
    if (tablet->table->descriptor.state != TABLE_ENABLED) {
        master_refuse(request, EXCEPTION_TABLE_NOT_ENABLED, "%.*s",
            NAME(tablet->table->descriptor.schema.name));
        return false;
    }
    if (request->operation == MASTER_SPLIT && !master_setting_is_on(master, SETTING_SPLIT)) {
        struct buffer name = {0};
        region_name_put(&name, tablet->table->descriptor.schema.name, tablet->info.start_row,
            tablet->info.region_id);
        master_refuse(request, EXCEPTION_DO_NOT_RETRY_IO,
            "Split region %.*s failed due to split switch off", (int)name.size,
            (const char *)name.data);
        buffer_deinit(&name);
        return false;
    }
    if (request->operation == MASTER_ASSIGN && tablet->state == ASSIGNMENT_OPEN) {
        master_answer(request, 0);
        return false;
    }
    if (divides && !judge_open(master, request, tablets))
        return false;
    if (request->operation == MASTER_MERGE)
        return judge_merge(master, request, tablets);
    return request->operation != MASTER_MOVE || judge_move(master, request, tablet);
}

/* The procedure in its arena; false on no memory. */
static bool make(struct master *master, enum procedure_kind kind,
    struct assigned_tablet *const *tablets, size_t count, struct arena *arena,
    struct procedure *out_procedure)
{
    const struct catalogue_table *table = tablets[0]->table;
    *out_procedure = (struct procedure){.kind = kind,
        .table_name = arena_copy(arena, table->descriptor.schema.name),
        .sources = arena_allocate_zeroed(arena, count, sizeof(struct span)),
        .source_count = count};
    memcpy(out_procedure->table_id, table->descriptor.id, sizeof out_procedure->table_id);
    if (!out_procedure->sources || !out_procedure->table_name.data)
        return false;
    for (size_t i = 0; i < count; i++)
        out_procedure->sources[i] = arena_copy(arena, span_string(tablets[i]->info.id));
    if (tablets[0]->server)
        out_procedure->came_from = arena_copy(arena, span_string(tablets[0]->server->text));
    if (kind != PROCEDURE_MERGE)
        return true;
    struct tablet_info *merged = arena_allocate_zeroed(arena, 1, sizeof *merged);
    struct span start = arena_copy(arena, tablets[0]->info.start_row);
    if (!merged || !catalogue_plan_tablets(&master->catalogue, out_procedure->table_name,
                       out_procedure->table_id, &start, 1, env_wall_ms(master->env), merged))
        return false;
    merged->end_row = arena_copy(arena, tablets[count - 1]->info.end_row);
    out_procedure->tablets = merged;
    out_procedure->tablet_count = 1;
    return true;
}

void master_change_tablets(struct master *master, struct master_request *request)
{
    struct arena arena = {0};
    struct procedure procedure;
    struct assigned_tablet **tablets = find_tablets(master, request, request->arena);
    if (!tablets)
        return;
    request->table = tablets[0]->table->descriptor.schema.name;
    struct procedure probe = {.kind = master_procedure_kind(request),
        .table_name = request->table,
        .sources = request->tablets,
        .source_count = request->tablet_count};
    if (master_must_wait(master, &probe)) {
        request->table = SPAN_EMPTY;
        master_wait_for_lock(master, request);
        return;
    }
    if (!judge(master, request, tablets))
        return;
    if (!make(master, master_procedure_kind(request), tablets, request->tablet_count, &arena,
            &procedure)) {
        arena_deinit(&arena);
        master_refuse(request, EXCEPTION_IO, "no memory for a procedure");
        return;
    }
    procedure.reason = SPAN_LITERAL("asked for");
    procedure.server = arena_copy(&arena, request->server);
    procedure.row = arena_copy(&arena, request->row);
    if (request->operation == MASTER_MOVE && request->server.size == 0) {
        const struct assigned_server *other = master_pick_server(master, tablets[0]->server);
        if (other)
            procedure.server = arena_copy(&arena, span_string(other->text));
    }
    master_launch(master, request, &procedure, &arena);
}

/* ---- What the master asks of itself ---- */

static bool launch(struct master *master, enum procedure_kind kind,
    struct assigned_tablet *const *tablets, size_t count, const struct assigned_server *server,
    struct span row, struct span reason)
{
    struct arena arena = {0};
    struct procedure procedure;
    if (!make(master, kind, tablets, count, &arena, &procedure) ||
        master_must_wait(master, &procedure)) {
        arena_deinit(&arena);
        return false;
    }
    if (server)
        procedure.server = arena_copy(&arena, span_string(server->text));
    procedure.row = arena_copy(&arena, row);
    procedure.reason = arena_copy(&arena, reason);
    master_launch(master, NULL, &procedure, &arena);
    return true;
}

bool master_move_tablet(struct master *master, struct assigned_tablet *tablet,
    const struct assigned_server *server, struct span reason)
{
    return launch(master, PROCEDURE_MOVE, &tablet, 1, server, SPAN_EMPTY, reason);
}

bool master_split_tablet(
    struct master *master, struct assigned_tablet *tablet, struct span row, struct span reason)
{
    return !is_meta(tablet) && launch(master, PROCEDURE_SPLIT, &tablet, 1, NULL, row, reason);
}

bool master_merge_tablets(
    struct master *master, struct assigned_tablet *const *tablets, size_t count, struct span reason)
{
    return count > 1 && launch(master, PROCEDURE_MERGE, tablets, count, NULL, SPAN_EMPTY, reason);
}
