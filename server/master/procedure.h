/* Procedures: changes as small state machines whose state is on disk before it counts (design 6).
 *
 * A procedure walks a fixed list of actions, one list a kind; `*` marks steps whose state is written before them:
 *
 *   create    *descriptor(enabling) tablets meta-rows *open descriptor(enabled) meta-state
 *   enable    *descriptor(enabling) meta-state open descriptor(enabled) meta-state
 *   disable   *descriptor(disabling) meta-state close descriptor(disabled) meta-state
 *   modify    *descriptor(new schema) set-schema
 *   delete    *descriptor(dropped) meta-remove remove
 *   truncate  *descriptor(new, enabling) *tablets(new) *descriptor(old, dropped) *meta-remove(old) *swap *meta-rows *open
 *             *descriptor(enabled) *meta-state *remove(old)
 *   assign    *open                     unassign  *close
 *   move      *close open               (to the server that is wished)
 *   split     *find-row *close divide open-children meta-children
 *   merge     *close join open-children meta-children
 *   crash     *bury release             (the server's tablets go to the assigner)
 *   snapshot  *flush *snapshot
 *   clone     *descriptor(enabling) clone-tablets meta-rows *open descriptor(enabled) meta-state
 *   restore   *descriptor(the snapshot's schema) *meta-remove *restore *meta-rows *meta-state
 *
 * A step without its own state on disk is begun again from the last one that has it: all actions are idempotent, and
 * what they find done they pass by. Each state costs two syncs, so it is written only where what came before must not be
 * done again, and never between close and open, where a moving tablet's rows cannot be written.
 *
 * procedure_step is pure: (state, event) -> what to do next. Whoever runs it writes the new state to
 * procedures/<id>.<n> first, where it is due, then does the action, and feeds the outcome back as the next event. Any
 * master takes up what it finds at the step on disk, or at its open when that lies before.
 *
 * A master that takes over writes what it found anew, under its own epoch, before its epoch becomes the one that the
 * settings name; so a procedure of an older epoch than that was written by a master that did not know that it was
 * deposed, after its successor had looked: nobody has promised it to anyone, and it is dropped. What it had committed to
 * its table's descriptor meanwhile is settled (master_settle.c).
 *
 * Failures. A create or clone that fails before the table was ever served is undone (one that is taken up at its open
 * may have been served: it goes forward); a split or merge that fails before
 * its commit opens its parents again (and goes forward after all when it finds that somebody committed it: a master
 * that did not know yet that it was deposed); assign, unassign, move, snapshot, and the search for a row to split at, end with
 * the failure, and so do enable, disable and modify of a table that is gone (a master that did not know that it was
 * deposed dropped it); all others go forward, again and again with a pause, until they succeed.
 *
 * Locks. A procedure holds, from its begin to its end, its table for itself (DDL, snapshots), or a share of the table
 * and its tablets for themselves (assign to merge), or its server (crash). procedure_conflicts says whether two may run
 * side by side; who may not waits for its turn in the order of asking. */
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
    PROCEDURE_ASSIGN = 7,
    PROCEDURE_UNASSIGN = 8,
    PROCEDURE_MOVE = 9,
    PROCEDURE_SPLIT = 10,
    PROCEDURE_MERGE = 11,
    PROCEDURE_CRASH = 12,
    PROCEDURE_SNAPSHOT = 13,
    PROCEDURE_CLONE = 14,
    PROCEDURE_RESTORE = 15,
    PROCEDURE_LAST = PROCEDURE_RESTORE, /* not a kind */
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
    ACTION_CLOSE,
    ACTION_SET_SCHEMA,
    ACTION_SWAP, /* truncate: the successor takes the name */
    ACTION_REMOVE,
    ACTION_REMOVE_OLD,
    ACTION_OPEN_SOURCES,   /* the tablets it works on; a move: at its server */
    ACTION_CLOSE_SOURCES,  /* flushed before, while they serve */
    ACTION_FIND_SPLIT_ROW, /* plans the daughters */
    ACTION_DIVIDE,         /* the commit of a split */
    ACTION_JOIN,           /* the commit of a merge */
    ACTION_OPEN_CHILDREN,
    ACTION_META_CHILDREN,
    ACTION_BURY,
    ACTION_RELEASE, /* the dead server's tablets to the assigner; done when all are served or have failed */
    ACTION_FLUSH,
    ACTION_SNAPSHOT,
    ACTION_CLONE_TABLETS,
    ACTION_RESTORE,
    ACTION_FINISH, /* nothing left to do: forget the procedure, tell who waits */
};

enum procedure_event {
    PROCEDURE_BEGIN,   /* do the step that the state names */
    PROCEDURE_RESUMED, /* the same after a restart */
    PROCEDURE_DONE,    /* the action succeeded */
    PROCEDURE_FAILED,  /* the action failed */
    PROCEDURE_GONE,    /* it failed, and its table is not there any more */
    PROCEDURE_PASSED, /* it failed: the parents cannot open again, for they are split or merged already */
};

/* What is on disk. Spans live in the arena that it was made or decoded in. */
struct procedure {
    uint64_t id;
    enum procedure_kind kind;
    uint32_t step; /* index in the list of its kind, or of its undoing */
    bool is_undoing;
    int64_t submitted_ms;
    struct span table_name; /* crash: empty */
    char table_id[TABLE_ID_SIZE];
    char new_table_id[TABLE_ID_SIZE]; /* truncate; else empty */
    struct table_schema schema; /* create, modify, truncate, clone, restore; else no families */
    /* Those to make: create, truncate, clone, split (2), merge (1), restore (when the snapshot is of a table that had the
     * name before). */
    struct tablet_info *tablets;
    size_t tablet_count;
    /* Ids: of tablets it works on (assign to merge); clone, restore: of the snapshot's, one for each of `tablets`. */
    struct span *sources;
    size_t source_count;
    struct span server;   /* move: where to, empty = anywhere; crash: which; as text */
    struct span row;      /* split: where, empty = the engine says */
    struct span snapshot; /* its name */
    struct span owner;    /* snapshot: of whom */
    uint64_t number;      /* snapshot: its life in s; 0 = for ever */
    uint32_t flags;       /* snapshot: HBase's type */
    uint64_t epoch;       /* of the master that wrote it; 0 = before there were epochs */
    uint64_t nonce_group,
        nonce; /* of the request: sent again, to any master, it is this one; 0 = none */
    /* in memory only */
    uint32_t version; /* number in its chain */
    bool was_open; /* read from disk at the open of its table, or beyond: it may have been served */
    struct span came_from; /* move: the server that had the tablet, as text */
    struct span reason;    /* move, split, merge: in words; empty = begun by an earlier master */
};

struct procedure_decision {
    uint32_t step;
    bool is_undoing;
    enum procedure_action action;
    bool is_delayed;   /* do it again after a pause: it failed */
    bool is_state_due; /* the step is one whose state is written before it */
    bool has_failed;   /* the failure is the outcome that the requester gets */
};

struct procedure_decision procedure_step(
    const struct procedure *procedure, enum procedure_event event);

enum procedure_scope { SCOPE_TABLE, SCOPE_TABLETS, SCOPE_SERVER };

enum procedure_scope procedure_scope(enum procedure_kind kind);
/* Does it bring its table to enabled, disabled or dropped? */
bool procedure_drives_state(enum procedure_kind kind);
/* True when the two must not run side by side. */
bool procedure_conflicts(const struct procedure *a, const struct procedure *b);

/* "CreateTableProcedure": what HBase's users see. */
const char *procedure_kind_name(enum procedure_kind kind);
const char *procedure_action_name(enum procedure_action action);

/* docs/formats/procedure.md. Older formats are read too. */
void procedure_encode(const struct procedure *procedure, struct buffer *out_bytes);
enum status procedure_decode(
    struct span bytes, struct arena *arena, struct procedure *out_procedure, struct error *error);

#endif
