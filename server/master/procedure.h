/* Procedures: changes of tables as small state machines whose state is on disk before each step (design 6).
 *
 * A procedure walks a fixed list of actions, one list a kind:
 *
 *   create    descriptor(enabling) tablets meta-rows open descriptor(enabled) meta-state
 *   enable    descriptor(enabling) meta-state open descriptor(enabled) meta-state
 *   disable   descriptor(disabling) meta-state close descriptor(disabled) meta-state
 *   modify    descriptor(new schema) set-schema reopen
 *   delete    descriptor(dropped) meta-remove remove
 *   truncate  descriptor(new, enabling) tablets(new) descriptor(old, dropped) meta-remove(old) swap meta-rows open
 *             descriptor(enabled) meta-state remove(old)
 *
 * procedure_step is pure: (state, event) -> what to do next. Whoever runs it writes the new state to
 * procedures/<id>.<n> first, then does the action, and feeds the outcome back as the next event. Every action is
 * idempotent, so a procedure that was cut short is taken up at the step on disk, or at its open when that lies
 * before: open tablets do not outlive a process. A create that fails before the
 * table was ever served is undone; all others go forward, again and again with a pause, until they succeed. */
#ifndef STELE_SERVER_MASTER_PROCEDURE_H
#define STELE_SERVER_MASTER_PROCEDURE_H

#include "base/arena.h"
#include "storage/storage.h"

/* On disk: numbers stay. */
enum procedure_kind {
    PROCEDURE_CREATE = 1,
    PROCEDURE_DELETE = 2,
    PROCEDURE_ENABLE = 3,
    PROCEDURE_DISABLE = 4,
    PROCEDURE_TRUNCATE = 5,
    PROCEDURE_MODIFY = 6,
};

enum procedure_action {
    ACTION_COMMIT_ENABLING,
    ACTION_COMMIT_ENABLED,
    ACTION_COMMIT_DISABLING,
    ACTION_COMMIT_DISABLED,
    ACTION_COMMIT_DROPPED,
    ACTION_COMMIT_SCHEMA,
    ACTION_COMMIT_NEW, /* truncate: the successor's descriptor, enabling */
    ACTION_CREATE_TABLETS,
    ACTION_CREATE_NEW_TABLETS,
    ACTION_META_ROWS,
    ACTION_META_STATE,
    ACTION_META_REMOVE,
    ACTION_OPEN,
    ACTION_REOPEN, /* modify: after a restart the tablets of an enabled table are not open */
    ACTION_CLOSE,
    ACTION_SET_SCHEMA,
    ACTION_SWAP, /* truncate: the successor takes the name */
    ACTION_REMOVE,
    ACTION_REMOVE_OLD,
    ACTION_FINISH, /* nothing left to do: forget the procedure, tell who waits */
};

enum procedure_event {
    PROCEDURE_BEGIN,   /* do the step that the state names */
    PROCEDURE_RESUMED, /* the same after a restart */
    PROCEDURE_DONE,    /* the action succeeded */
    PROCEDURE_FAILED,  /* the action failed */
};

/* What is on disk. Spans live in the arena that it was made or decoded in. */
struct procedure {
    uint64_t id;
    enum procedure_kind kind;
    uint32_t step; /* index in the list of its kind, or of its undoing */
    bool is_undoing;
    int64_t submitted_ms;
    struct span table_name;
    char table_id[TABLE_ID_SIZE];
    char new_table_id[TABLE_ID_SIZE]; /* truncate; else empty */
    struct table_schema schema;       /* create, modify, truncate; else no families */
    struct tablet_info *tablets;      /* create, truncate: those to make */
    size_t tablet_count;
    /* in memory only */
    uint32_t version; /* number in its chain */
};

struct procedure_decision {
    uint32_t step;
    bool is_undoing;
    enum procedure_action action;
    bool is_delayed; /* do it again after a pause: it failed */
};

struct procedure_decision procedure_step(
    const struct procedure *procedure, enum procedure_event event);

/* "CreateTableProcedure": what HBase's users see. */
const char *procedure_kind_name(enum procedure_kind kind);
const char *procedure_action_name(enum procedure_action action);

/* docs/formats/procedure.md. */
void procedure_encode(const struct procedure *procedure, struct buffer *out_bytes);
enum status procedure_decode(
    struct span bytes, struct arena *arena, struct procedure *out_procedure, struct error *error);

#endif
