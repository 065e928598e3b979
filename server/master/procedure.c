#include "server/master/procedure.h"

#include <stdio.h>

#include "base/limits.h"

#define PROCEDURE_FORMAT 1

static const enum procedure_action create_actions[] = {ACTION_COMMIT_ENABLING,
    ACTION_CREATE_TABLETS, ACTION_META_ROWS, ACTION_OPEN, ACTION_COMMIT_ENABLED, ACTION_META_STATE,
    ACTION_FINISH};
static const enum procedure_action create_undo_actions[] = {
    ACTION_COMMIT_DROPPED, ACTION_CLOSE, ACTION_META_REMOVE, ACTION_REMOVE, ACTION_FINISH};
static const enum procedure_action delete_actions[] = {
    ACTION_COMMIT_DROPPED, ACTION_META_REMOVE, ACTION_REMOVE, ACTION_FINISH};
static const enum procedure_action enable_actions[] = {ACTION_COMMIT_ENABLING, ACTION_META_STATE,
    ACTION_OPEN, ACTION_COMMIT_ENABLED, ACTION_META_STATE, ACTION_FINISH};
static const enum procedure_action disable_actions[] = {ACTION_COMMIT_DISABLING, ACTION_META_STATE,
    ACTION_CLOSE, ACTION_COMMIT_DISABLED, ACTION_META_STATE, ACTION_FINISH};
static const enum procedure_action truncate_actions[] = {ACTION_COMMIT_NEW,
    ACTION_CREATE_NEW_TABLETS, ACTION_COMMIT_DROPPED, ACTION_META_REMOVE, ACTION_SWAP,
    ACTION_META_ROWS, ACTION_OPEN, ACTION_COMMIT_ENABLED, ACTION_META_STATE, ACTION_REMOVE_OLD,
    ACTION_FINISH};
static const enum procedure_action modify_actions[] = {
    ACTION_COMMIT_SCHEMA, ACTION_SET_SCHEMA, ACTION_REOPEN, ACTION_FINISH};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* A create can be undone until the table is enabled. */
#define CREATE_LAST_UNDOABLE 3

static const enum procedure_action *actions_of(
    enum procedure_kind kind, bool is_undoing, size_t *out_count)
{
    switch (kind) {
    case PROCEDURE_CREATE:
        *out_count = is_undoing ? COUNT(create_undo_actions) : COUNT(create_actions);
        return is_undoing ? create_undo_actions : create_actions;
    case PROCEDURE_DELETE:
        *out_count = COUNT(delete_actions);
        return delete_actions;
    case PROCEDURE_ENABLE:
        *out_count = COUNT(enable_actions);
        return enable_actions;
    case PROCEDURE_DISABLE:
        *out_count = COUNT(disable_actions);
        return disable_actions;
    case PROCEDURE_TRUNCATE:
        *out_count = COUNT(truncate_actions);
        return truncate_actions;
    case PROCEDURE_MODIFY:
        *out_count = COUNT(modify_actions);
        return modify_actions;
    }
    *out_count = 0;
    return NULL;
}

/* Its step, or that of the open which the restart has undone. */
static uint32_t resumed_step(const struct procedure *procedure)
{
    size_t count;
    const enum procedure_action *actions = actions_of(
        procedure->kind, procedure->is_undoing, &count);
    for (uint32_t step = 0; step < count && step < procedure->step; step++)
        if (actions[step] == ACTION_OPEN || actions[step] == ACTION_REOPEN)
            return step;
    return procedure->step;
}

struct procedure_decision procedure_step(
    const struct procedure *procedure, enum procedure_event event)
{
    struct procedure_decision decision = {
        .step = procedure->step, .is_undoing = procedure->is_undoing};
    size_t count;
    switch (event) {
    case PROCEDURE_BEGIN:
        break;
    case PROCEDURE_RESUMED:
        decision.step = resumed_step(procedure);
        break;
    case PROCEDURE_DONE:
        decision.step++;
        break;
    case PROCEDURE_FAILED:
        if (procedure->kind == PROCEDURE_CREATE && !procedure->is_undoing &&
            procedure->step <= CREATE_LAST_UNDOABLE) {
            decision.is_undoing = true;
            decision.step = 0;
        } else {
            decision.is_delayed = true;
        }
        break;
    }
    const enum procedure_action *actions = actions_of(procedure->kind, decision.is_undoing, &count);
    decision.action = decision.step < count ? actions[decision.step] : ACTION_FINISH;
    return decision;
}

const char *procedure_kind_name(enum procedure_kind kind)
{
    static const char *const names[] = {"?", "CreateTableProcedure", "DeleteTableProcedure",
        "EnableTableProcedure", "DisableTableProcedure", "TruncateTableProcedure",
        "ModifyTableProcedure"};
    return kind >= PROCEDURE_CREATE && kind <= PROCEDURE_MODIFY ? names[kind] : names[0];
}

const char *procedure_action_name(enum procedure_action action)
{
    static const char *const names[] = {"commit enabling", "commit enabled", "commit disabling",
        "commit disabled", "commit dropped", "commit schema", "commit successor", "create tablets",
        "create successor's tablets", "write meta rows", "write meta state", "remove meta rows",
        "open", "reopen", "close", "set schema", "swap", "remove", "remove predecessor", "finish"};
    return (size_t)action < COUNT(names) ? names[action] : "?";
}

static void put_id(struct buffer *out, const char *id)
{
    buffer_put_sized(out, span_string(id));
}

static bool take_id(struct span *in, char *out_id, size_t size)
{
    struct span id;
    if (span_take_sized(in, &id) || id.size >= size)
        return true;
    memcpy(out_id, id.data, id.size);
    out_id[id.size] = '\0';
    return false;
}

void procedure_encode(const struct procedure *procedure, struct buffer *out_bytes)
{
    buffer_put_u8(out_bytes, PROCEDURE_FORMAT);
    buffer_put_u8(out_bytes, (uint8_t)procedure->kind);
    buffer_put_u8(out_bytes, procedure->is_undoing);
    buffer_put_varint(out_bytes, procedure->step);
    buffer_put_u64(out_bytes, procedure->id);
    buffer_put_u64(out_bytes, (uint64_t)procedure->submitted_ms);
    buffer_put_sized(out_bytes, procedure->table_name);
    put_id(out_bytes, procedure->table_id);
    put_id(out_bytes, procedure->new_table_id);
    table_schema_encode(&procedure->schema, out_bytes);
    buffer_put_varint(out_bytes, procedure->tablet_count);
    for (size_t i = 0; i < procedure->tablet_count; i++) {
        const struct tablet_info *tablet = &procedure->tablets[i];
        put_id(out_bytes, tablet->id);
        put_id(out_bytes, tablet->table_id);
        buffer_put_u64(out_bytes, tablet->region_id);
        buffer_put_sized(out_bytes, tablet->start_row);
        buffer_put_sized(out_bytes, tablet->end_row);
    }
}

static bool take_tablet(struct span *in, struct arena *arena, struct tablet_info *out_tablet)
{
    struct span start, end;
    if (take_id(in, out_tablet->id, sizeof out_tablet->id) ||
        take_id(in, out_tablet->table_id, sizeof out_tablet->table_id) ||
        span_take_u64(in, &out_tablet->region_id) || span_take_sized(in, &start) ||
        span_take_sized(in, &end))
        return true;
    out_tablet->start_row = arena_copy(arena, start);
    out_tablet->end_row = arena_copy(arena, end);
    out_tablet->state = TABLET_CLOSED;
    return false;
}

enum status procedure_decode(
    struct span bytes, struct arena *arena, struct procedure *out_procedure, struct error *error)
{
    struct procedure made = {0};
    uint8_t format, kind, is_undoing;
    uint64_t step, submitted, count;
    struct span name;
    if (span_take_u8(&bytes, &format))
        return error_set(error, STATUS_CORRUPT, "procedure is empty");
    if (format != PROCEDURE_FORMAT)
        return error_set(error, STATUS_NEWER_FORMAT,
            "procedure has format %u, this program knows %u", format, PROCEDURE_FORMAT);
    if (span_take_u8(&bytes, &kind) || span_take_u8(&bytes, &is_undoing) ||
        span_take_varint(&bytes, &step) || span_take_u64(&bytes, &made.id) ||
        span_take_u64(&bytes, &submitted) || span_take_sized(&bytes, &name) ||
        take_id(&bytes, made.table_id, sizeof made.table_id) ||
        take_id(&bytes, made.new_table_id, sizeof made.new_table_id))
        return error_set(error, STATUS_CORRUPT, "procedure ends too early");
    if (kind < PROCEDURE_CREATE || kind > PROCEDURE_MODIFY || step > UINT8_MAX)
        return error_set(error, STATUS_CORRUPT, "procedure has kind %u and step %llu", kind,
            (unsigned long long)step);
    made.kind = (enum procedure_kind)kind;
    made.is_undoing = is_undoing != 0;
    made.step = (uint32_t)step;
    made.submitted_ms = (int64_t)submitted;
    made.table_name = arena_copy(arena, name);
    enum status status = table_schema_decode(&bytes, arena, &made.schema, error);
    if (status)
        return error_prefix(error, status, "procedure");
    if (span_take_varint(&bytes, &count) || count > LIMIT_SPLIT_KEYS + 1)
        return error_set(error, STATUS_CORRUPT, "procedure has no count of tablets");
    made.tablets = arena_allocate_zeroed(arena, count ? (size_t)count : 1, sizeof *made.tablets);
    if (!made.tablets)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a procedure of %llu tablets",
            (unsigned long long)count);
    for (; made.tablet_count < count; made.tablet_count++)
        if (take_tablet(&bytes, arena, &made.tablets[made.tablet_count]))
            return error_set(
                error, STATUS_CORRUPT, "procedure ends in tablet %zu", made.tablet_count);
    *out_procedure = made;
    return STATUS_OK;
}
