#include "server/master/procedure.h"

#include <stdio.h>

#include "base/limits.h"

#define PROCEDURE_FORMAT_FIRST 1 /* ends after the tablets */
#define PROCEDURE_FORMAT_PLAIN 2 /* nobody asked for it, or without a nonce */
#define PROCEDURE_FORMAT       3
#define SOURCES_MAX            (LIMIT_SPLIT_KEYS + 1)

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
    ACTION_COMMIT_SCHEMA, ACTION_SET_SCHEMA, ACTION_FINISH};
static const enum procedure_action assign_actions[] = {ACTION_OPEN_SOURCES, ACTION_FINISH};
static const enum procedure_action unassign_actions[] = {ACTION_CLOSE_SOURCES, ACTION_FINISH};
static const enum procedure_action move_actions[] = {
    ACTION_CLOSE_SOURCES, ACTION_OPEN_SOURCES, ACTION_FINISH};
static const enum procedure_action split_actions[] = {ACTION_FIND_SPLIT_ROW, ACTION_CLOSE_SOURCES,
    ACTION_DIVIDE, ACTION_OPEN_CHILDREN, ACTION_META_CHILDREN, ACTION_FINISH};
static const enum procedure_action merge_actions[] = {
    ACTION_CLOSE_SOURCES, ACTION_JOIN, ACTION_OPEN_CHILDREN, ACTION_META_CHILDREN, ACTION_FINISH};
static const enum procedure_action reopen_actions[] = {ACTION_OPEN_SOURCES, ACTION_FINISH};
static const enum procedure_action crash_actions[] = {ACTION_BURY, ACTION_RELEASE, ACTION_FINISH};
static const enum procedure_action snapshot_actions[] = {
    ACTION_FLUSH, ACTION_SNAPSHOT, ACTION_FINISH};
static const enum procedure_action clone_actions[] = {ACTION_COMMIT_ENABLING, ACTION_CLONE_TABLETS,
    ACTION_META_ROWS, ACTION_OPEN, ACTION_COMMIT_ENABLED, ACTION_META_STATE, ACTION_FINISH};
static const enum procedure_action restore_actions[] = {ACTION_COMMIT_SCHEMA, ACTION_META_REMOVE,
    ACTION_RESTORE, ACTION_META_ROWS, ACTION_META_STATE, ACTION_FINISH};

#define EVERY_STEP UINT32_MAX

#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define LIST(list)                                                                                 \
    {                                                                                              \
        list, COUNT(list)                                                                          \
    }

struct action_list {
    const enum procedure_action *actions;
    size_t count;
};

/* What a kind is. */
struct kind {
    const char *name; /* as HBase's users see it */
    enum procedure_scope scope;
    struct action_list actions;
    struct action_list undo; /* empty: a failure is tried again, or ends it */
    uint32_t last_undoable;  /* step */
    uint32_t last_ending;    /* up to this step a failure ends it; with undo: not looked at */
    bool ends_on_failure;
    bool ends_when_gone;  /* its table: nothing is left to be done to it */
    bool drives_state;    /* brings its table to enabled, disabled or dropped */
    uint32_t checkpoints; /* bits: steps whose state is on disk before them; step 0 always is */
};

static const struct kind kinds[] = {
    [PROCEDURE_CREATE] = {"CreateTableProcedure", SCOPE_TABLE, LIST(create_actions),
        LIST(create_undo_actions), .last_undoable = 3, .checkpoints = 1u << 3,
        .drives_state = true},
    [PROCEDURE_DELETE] = {"DeleteTableProcedure", SCOPE_TABLE, .actions = LIST(delete_actions),
        .drives_state = true},
    [PROCEDURE_ENABLE] = {"EnableTableProcedure", SCOPE_TABLE, .actions = LIST(enable_actions),
        .drives_state = true, .ends_when_gone = true},
    [PROCEDURE_DISABLE] = {"DisableTableProcedure", SCOPE_TABLE, .actions = LIST(disable_actions),
        .drives_state = true, .ends_when_gone = true},
    [PROCEDURE_TRUNCATE] = {"TruncateTableProcedure", SCOPE_TABLE, LIST(truncate_actions),
        .checkpoints = EVERY_STEP, .drives_state = true},
    [PROCEDURE_MODIFY] = {"ModifyTableProcedure", SCOPE_TABLE, .actions = LIST(modify_actions),
        .ends_when_gone = true},
    [PROCEDURE_ASSIGN] = {"AssignRegionProcedure", SCOPE_TABLETS, LIST(assign_actions),
        .ends_on_failure = true, .last_ending = 0},
    [PROCEDURE_UNASSIGN] = {"UnassignRegionProcedure", SCOPE_TABLETS, LIST(unassign_actions),
        .ends_on_failure = true, .last_ending = 0},
    [PROCEDURE_MOVE] = {"MoveRegionProcedure", SCOPE_TABLETS, LIST(move_actions),
        .ends_on_failure = true, .last_ending = 1},
    [PROCEDURE_SPLIT] = {"SplitTableRegionProcedure", SCOPE_TABLETS, LIST(split_actions),
        LIST(reopen_actions), .last_undoable = 2, .checkpoints = 1u << 1},
    [PROCEDURE_MERGE] = {"MergeTableRegionsProcedure", SCOPE_TABLETS, LIST(merge_actions),
        LIST(reopen_actions), .last_undoable = 0},
    [PROCEDURE_CRASH] = {"ServerCrashProcedure", SCOPE_SERVER, .actions = LIST(crash_actions)},
    [PROCEDURE_SNAPSHOT] = {"SnapshotProcedure", SCOPE_TABLE, LIST(snapshot_actions),
        .ends_on_failure = true, .last_ending = 1, .checkpoints = EVERY_STEP},
    [PROCEDURE_CLONE] = {"CloneSnapshotProcedure", SCOPE_TABLE, LIST(clone_actions),
        LIST(create_undo_actions), .last_undoable = 3, .checkpoints = 1u << 3,
        .drives_state = true},
    [PROCEDURE_RESTORE] = {"RestoreSnapshotProcedure", SCOPE_TABLE,
        .actions = LIST(restore_actions), .ends_on_failure = true, .last_ending = 0,
        .checkpoints = EVERY_STEP},
};

static bool is_kind(uint64_t kind)
{
    return kind >= PROCEDURE_CREATE && kind <= PROCEDURE_LAST;
}

static struct action_list actions_of(enum procedure_kind kind, bool is_undoing)
{
    return is_undoing ? kinds[kind].undo : kinds[kind].actions;
}

/* Its step, or that of the open of a whole table which the restart may have undone. */
static uint32_t resumed_step(const struct procedure *procedure)
{
    struct action_list list = actions_of(procedure->kind, procedure->is_undoing);
    for (uint32_t step = 0; step < list.count && step < procedure->step; step++)
        if (list.actions[step] == ACTION_OPEN)
            return step;
    return procedure->step;
}

/* On disk it had come to the open of its table, or beyond. */
static bool had_come_to_open(const struct procedure *procedure)
{
    struct action_list list = actions_of(procedure->kind, procedure->is_undoing);
    for (uint32_t step = 0; step < list.count && step <= procedure->step; step++)
        if (list.actions[step] == ACTION_OPEN)
            return true;
    return false;
}

static void fail(const struct procedure *procedure, struct procedure_decision *decision)
{
    const struct kind *kind = &kinds[procedure->kind];
    if (!procedure->is_undoing && kind->undo.count && procedure->step <= kind->last_undoable &&
        !procedure->was_open) {
        decision->is_undoing = true;
        decision->step = 0;
        decision->has_failed = true;
    } else if (!procedure->is_undoing && kind->ends_on_failure &&
               procedure->step <= kind->last_ending) {
        decision->step = (uint32_t)kind->actions.count - 1;
        decision->has_failed = true;
    } else {
        decision->is_delayed = true;
    }
}

/* To the commit, which finds itself done. */
static void go_forward(const struct procedure *procedure, struct procedure_decision *decision)
{
    const struct action_list *list = &kinds[procedure->kind].actions;
    decision->is_delayed = true;
    for (uint32_t step = 0; procedure->is_undoing && step < list->count; step++) {
        if (list->actions[step] != ACTION_DIVIDE && list->actions[step] != ACTION_JOIN)
            continue;
        decision->is_undoing = false;
        decision->step = step;
    }
}

struct procedure_decision procedure_step(
    const struct procedure *procedure, enum procedure_event event)
{
    struct procedure_decision decision = {
        .step = procedure->step, .is_undoing = procedure->is_undoing};
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
        fail(procedure, &decision);
        break;
    case PROCEDURE_GONE:
        if (kinds[procedure->kind].ends_when_gone) {
            decision.step = (uint32_t)kinds[procedure->kind].actions.count - 1;
            decision.has_failed = true;
        } else {
            fail(procedure, &decision);
        }
        break;
    case PROCEDURE_PASSED:
        go_forward(procedure, &decision);
        break;
    }
    struct action_list list = actions_of(procedure->kind, decision.is_undoing);
    decision.action = decision.step < list.count ? list.actions[decision.step] : ACTION_FINISH;
    decision.is_state_due = decision.step == 0 ||
                            (!decision.is_undoing &&
                                (kinds[procedure->kind].checkpoints >> decision.step & 1) != 0);
    return decision;
}

bool procedure_drives_state(enum procedure_kind kind)
{
    return kinds[kind].drives_state;
}

enum procedure_scope procedure_scope(enum procedure_kind kind)
{
    return kinds[kind].scope;
}

bool procedure_conflicts(const struct procedure *a, const struct procedure *b)
{
    enum procedure_scope a_scope = kinds[a->kind].scope, b_scope = kinds[b->kind].scope;
    if (a_scope == SCOPE_SERVER || b_scope == SCOPE_SERVER)
        return a_scope == b_scope && span_equal(a->server, b->server);
    if (!span_equal(a->table_name, b->table_name))
        return false;
    if (a_scope == SCOPE_TABLE || b_scope == SCOPE_TABLE)
        return true;
    for (size_t i = 0; i < a->source_count; i++)
        for (size_t j = 0; j < b->source_count; j++)
            if (span_equal(a->sources[i], b->sources[j]))
                return true;
    return false;
}

const char *procedure_kind_name(enum procedure_kind kind)
{
    return is_kind(kind) ? kinds[kind].name : "?";
}

const char *procedure_action_name(enum procedure_action action)
{
    static const char *const names[] = {"commit enabling", "commit enabled", "commit disabling",
        "commit disabled", "commit dropped", "commit schema", "commit successor", "create tablets",
        "create successor's tablets", "write meta rows", "write meta state", "remove meta rows",
        "open", "close", "set schema", "swap", "remove", "remove predecessor", "open tablets",
        "close tablets", "find split row", "divide", "join", "open children",
        "write children's meta rows", "bury", "release", "flush", "take snapshot", "clone tablets",
        "restore", "finish"};
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
    buffer_put_u8(out_bytes, procedure->nonce ? PROCEDURE_FORMAT : PROCEDURE_FORMAT_PLAIN);
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
    buffer_put_varint(out_bytes, procedure->source_count);
    for (size_t i = 0; i < procedure->source_count; i++)
        buffer_put_sized(out_bytes, procedure->sources[i]);
    buffer_put_sized(out_bytes, procedure->server);
    buffer_put_sized(out_bytes, procedure->row);
    buffer_put_sized(out_bytes, procedure->snapshot);
    buffer_put_sized(out_bytes, procedure->owner);
    buffer_put_varint(out_bytes, procedure->number);
    buffer_put_varint(out_bytes, procedure->flags);
    buffer_put_u64(out_bytes, procedure->epoch);
    if (procedure->nonce) {
        buffer_put_u64(out_bytes, procedure->nonce_group);
        buffer_put_u64(out_bytes, procedure->nonce);
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

static bool take_text(struct span *in, struct arena *arena, struct span *out_text)
{
    struct span text;
    if (span_take_sized(in, &text))
        return true;
    *out_text = arena_copy(arena, text);
    return false;
}

/* What format 2 has more. */
static enum status take_rest(
    struct span *in, struct arena *arena, struct procedure *made, struct error *error)
{
    uint64_t count, flags;
    if (span_take_varint(in, &count) || count > SOURCES_MAX)
        return error_set(error, STATUS_CORRUPT, "procedure has no count of sources");
    made->sources = arena_allocate_zeroed(arena, count ? (size_t)count : 1, sizeof *made->sources);
    if (!made->sources)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a procedure of %llu tablets",
            (unsigned long long)count);
    for (; made->source_count < count; made->source_count++)
        if (take_text(in, arena, &made->sources[made->source_count]))
            return error_set(
                error, STATUS_CORRUPT, "procedure ends in source %zu", made->source_count);
    if (take_text(in, arena, &made->server) || take_text(in, arena, &made->row) ||
        take_text(in, arena, &made->snapshot) || take_text(in, arena, &made->owner) ||
        span_take_varint(in, &made->number) || span_take_varint(in, &flags) || flags > UINT32_MAX ||
        span_take_u64(in, &made->epoch))
        return error_set(error, STATUS_CORRUPT, "procedure ends too early");
    made->flags = (uint32_t)flags;
    return STATUS_OK;
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
    if (format > PROCEDURE_FORMAT || format < PROCEDURE_FORMAT_FIRST)
        return error_set(error, STATUS_NEWER_FORMAT,
            "procedure has format %u, this program knows %u", format, PROCEDURE_FORMAT);
    if (span_take_u8(&bytes, &kind) || span_take_u8(&bytes, &is_undoing) ||
        span_take_varint(&bytes, &step) || span_take_u64(&bytes, &made.id) ||
        span_take_u64(&bytes, &submitted) || span_take_sized(&bytes, &name) ||
        take_id(&bytes, made.table_id, sizeof made.table_id) ||
        take_id(&bytes, made.new_table_id, sizeof made.new_table_id))
        return error_set(error, STATUS_CORRUPT, "procedure ends too early");
    if (!is_kind(kind) || step > UINT8_MAX)
        return error_set(error, STATUS_CORRUPT, "procedure has kind %u and step %llu", kind,
            (unsigned long long)step);
    made.kind = (enum procedure_kind)kind;
    made.is_undoing = is_undoing != 0;
    made.step = (uint32_t)step;
    made.was_open = had_come_to_open(&made);
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
    if (format > PROCEDURE_FORMAT_FIRST)
        status = take_rest(&bytes, arena, &made, error);
    if (!status && format > PROCEDURE_FORMAT_PLAIN &&
        (span_take_u64(&bytes, &made.nonce_group) || span_take_u64(&bytes, &made.nonce)))
        status = error_set(error, STATUS_CORRUPT, "procedure ends before its nonce");
    if (!status)
        *out_procedure = made;
    return status;
}
