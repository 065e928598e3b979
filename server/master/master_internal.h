/* What the parts of the master share. All fields are the master executor's unless said otherwise.
 *
 * A tenure's end. Whatever comes back to the master (an answer, a timer, a worker's result) is counted while it is out
 * (master_hold, master_release). When the tenure is over, what comes back is freed and nothing more begins; with the
 * last of it the tenure's memory goes, and the next may begin. */
#ifndef STELE_SERVER_MASTER_MASTER_INTERNAL_H
#define STELE_SERVER_MASTER_MASTER_INTERNAL_H

#include <stdatomic.h>

#include "server/master/balance_log.h"
#include "server/master/load_history.h"
#include "server/master/master.h"
#include "server/master/meta_access.h"
#include "server/master/stall_policy.h"
#include "server/master/tablet_transition.h"

#define META_TABLE_ID   "meta"
#define META_TABLET_ID  "1588230740"
#define META_REGION_ID  1
#define RESULTS_KEPT    4096
#define RESULTS_KEPT_MS (15 * 60 * 1000) /* as HBase, the next too */
#define RESULTS_ASKED_MS                                                                           \
    (5 * 60 * 1000) /* once whoever waited has been told, they are listed so long */
#define RETRY_DELAY_NS     1000000000ull
#define RETRY_DELAY_MAX_NS 30000000000ull
#define TICK_NS            200000000ull

/* SnapshotDescription.Type */
enum { SNAPSHOT_OF_DISABLED, SNAPSHOT_FLUSH, SNAPSHOT_SKIP_FLUSH };

struct stranger {
    struct stranger *next;
    uint64_t seen_ns;
    bool is_sealed; /* since before the tenure: known, should its session live on */
    char text[SERVER_TEXT_SIZE];
};

/* A procedure under way. */
struct running {
    struct running *next;
    struct master *master;
    struct procedure procedure;
    struct arena arena;      /* of the procedure */
    struct task task;        /* the next turn on the master's executor */
    bool is_delayed;         /* the task is a timer */
    struct task answer_task; /* the timer that answers early */
    struct task work_task;   /* the part of an action that runs on a worker */
    enum status (*work)(struct running *running, struct error *error);
    enum status (*apply)(struct running *running, struct error *error);
    enum status work_status;
    struct error work_error;
    enum procedure_event event;   /* what the next turn is told */
    enum procedure_action action; /* under way */
    int64_t updated_ms;
    struct error failure; /* of the last action; of the first, for one that is undone or ended */
    bool has_failed;
    bool is_answer_due;
    bool is_state_due; /* the state in memory is not on disk yet: no action before it is */
    bool locks;        /* it holds its locks */
    unsigned retries;
    struct master_request *request; /* to answer, or NULL */
    _Atomic size_t pending;         /* parts of an action handed out */
    struct mutex mutex;             /* guards part_status and part_error */
    enum status part_status;        /* the first failure of the parts */
    struct error part_error;
};

struct kept_result {
    uint64_t id;
    uint64_t nonce_group, nonce;
    int64_t asked_ms; /* when somebody was told that it has ended; 0 = nobody yet */
    struct procedure_result result;
};

/* A worker's job: run() on a worker, then back() on the executor with is_over told. Owned by the caller. */
struct master_work {
    struct task task; /* first */
    struct master *master;
    void (*run)(struct master_work *work);
    void (*back)(struct master_work *work, bool is_over);
};

/* What is left to the next master: master_history.h. */
struct master_history {
    struct master_work work; /* first */
    struct buffer bytes;     /* being written */
    enum status status;      /* of the last write */
    struct error error;
    uint64_t version; /* newest number of the chain, as far as we know */
    uint64_t next_ns; /* no write begins before */
    bool is_due;      /* something has ended that is not written */
    bool is_writing;
};

enum tenure { TENURE_NONE, TENURE_STARTING, TENURE_SERVING, TENURE_ENDING };

struct master {
    struct master_config config;
    struct env *env;
    struct store *store;
    struct catalogue catalogue;
    struct executor *executor;
    enum tenure tenure;
    _Atomic uint64_t epoch;       /* of the tenure; 0 = none */
    _Atomic uint64_t epoch_asked; /* by master_lead; 0 = deposed */
    _Atomic size_t out;           /* what will come back: see above */
    _Atomic size_t works;         /* of that, at the store's workers */
    struct task lead_task;
    _Atomic bool is_lead_queued;
    struct running *procedures;     /* under way */
    bool has_unsettled;             /* a table waits for a procedure to end (master_settle.c) */
    struct master_request *waiting; /* for locks; oldest first */
    uint64_t last_procedure_id;
    struct mutex results_mutex;  /* LOCK_RANK_MASTER: guards results and held_up_error */
    struct kept_result *results; /* ring of RESULTS_KEPT */
    size_t result_count;         /* ever kept */
    _Atomic bool is_ready;
    /* Since when hbase:meta keeps the tenure from serving (env_wall_ms); 0 = it does not. */
    _Atomic int64_t held_up_since_ms;
    struct error held_up_error; /* why; guarded by results_mutex */
    _Atomic bool is_stopping;
    size_t lists_pending;  /* of the start: servers that have not said what they serve */
    bool is_starting_done; /* the start's LISTs are in */
    bool has_meta_rows;    /* rows of hbase:meta are in line */
    struct meta_access meta;
    struct tablet_transition *transitions; /* under way */
    struct assigned_tablet *idle;          /* should be open, and are nowhere */
    struct assigned_tablet **idle_end;
    size_t assigning;      /* of them, being opened */
    bool has_more_idle;    /* the last look at the list did not come to its end */
    struct task tick_task; /* every TICK_NS while it leads */
    bool is_tick_out;
    uint64_t ticks;
    _Atomic uint64_t ticked_ns; /* for master_ticked_ns */
    uint64_t last_load_ns;      /* of the history */
    uint64_t last_balance_ns, last_drain_ns, last_janitor_ns, last_normalize_ns, last_snapshots_ns;
    bool is_cleaning_snapshots;
    struct snapshot_look *snapshot_deletes; /* on workers */
    struct master_work look;                /* at the directory */
    bool is_looking;
    bool look_probes,
        is_directory_well; /* the look tries whether the directory takes writes; it did */
    struct stall_proof proof;
    uint64_t last_look_ns;
    uint64_t plans;                   /* of the balancer, made so far */
    struct balance_log balance_log;   /* any thread's */
    struct load_history load_history; /* the same */
    struct master_history history;
    uint64_t lead_since_ns;
    /* live servers and masters as coordination has them, copied by master_set_servers and master_set_masters; guarded
     * by servers_mutex */
    struct mutex servers_mutex; /* LOCK_RANK_MASTER */
    char (*live)[SERVER_TEXT_SIZE];
    size_t live_count;
    char (*masters)[SERVER_TEXT_SIZE];
    size_t master_count;
    uint64_t absence_counts_from_ns;
    struct task servers_task;
    _Atomic bool is_servers_queued;
    _Atomic unsigned switches; /* a bit for each master_setting */
    uint64_t settings_version;
    uint64_t epoch_before; /* that the settings named when the tenure began */
    /* In the directory, and neither a live server nor one that has tablets: masters, and the dead. */
    struct stranger *strangers;
};

/* ---- master.c ---- */

/* Any thread: something will come back by master_back. */
void master_hold(struct master *master);
/* Any thread: submits a task to the master's executor; its run calls master_came_back first. */
void master_back(struct master *master, struct task *task);
/* On the executor, the counterpart of master_hold. True while the tenure goes on. */
bool master_came_back(struct master *master);
/* The same after a delay; is held by it. */
void master_after(struct master *master, struct task *task, uint64_t delay_ns);
/* Takes a timer back: true when it will not run. */
bool master_cancel(struct master *master, struct task *task);
bool master_is_over(const struct master *master);
/* Somebody else leads: ends the tenure from inside. */
void master_lost(struct master *master, const struct error *error);
/* Answers, once. */
void master_answer(struct master_request *request, uint64_t procedure_id);
void master_refuse(struct master_request *request, const char *exception_class, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
/* What a failure is to HBase's users. */
const char *master_exception_of(enum status status);
/* The same as it was kept by another: one of those, or an IOException. */
const char *master_exception_named(struct span exception_class);
void master_keep_result(struct master *master, const struct procedure *procedure,
    const struct procedure_result *result);
/* One that an earlier master kept, unless there is one of its id. */
void master_take_result(struct master *master, const struct kept_result *kept);
/* The procedure a repeated request made; 0 when there is none. */
uint64_t master_find_nonce(struct master *master, uint64_t nonce_group, uint64_t nonce);
/* Starts it. */
void master_work(struct master *master, struct master_work *work);

/* ---- master_load.c: the beginning of a tenure ---- */
void master_begin_tenure(struct master *master);
/* It cannot begin: the process is told why, the tenure is over. */
void master_fail_tenure(struct master *master, const struct error *error);
/* hbase:meta is in line: from now on the tenure serves. */
void master_serve(struct master *master);

/* Adds tablets of a table that the catalogue lacks, from the manifests. */
enum status master_load_tablets(
    struct master *master, struct catalogue_table *table, struct error *error);
/* Every live server has said what it serves, or is gone: goes on. */
void master_start_listed(struct master *master);
/* What the manifests say has changed under our feet (a split or merge that an earlier master committed late): the
 * catalogue and the table's rows of hbase:meta follow. While serving: until then the check of all rows is under way. */
void master_heal_table(struct master *master, struct catalogue_table *table);
/* In master_meta_check.c. hbase:meta is open: once in a tenure its rows are read and brought in line, then it serves. */
void master_start_meta_open(struct master *master);
/* The same, if it is open on a live server: after a list, or when a server was seen again. */
void master_start_meta_seen(struct master *master);
/* While the tenure begins, a procedure of an earlier one may have hbase:meta, and leave it open or nowhere: its rows are
 * read then, or it is opened. When a procedure ends, and from time to time. */
void master_start_go_on(struct master *master);
struct assigned_tablet *master_meta_tablet(struct master *master);

/* ---- master_settle.c ---- */
/* A table that is being made, and whose name is another's, is hidden: before hbase:meta is brought in line. */
void master_hide_twins(struct master *master);
/* Tables in the middle of a change that no procedure goes on with: when the tenure serves, and while has_unsettled. */
void master_settle_tables(struct master *master);

/* ---- master_damage.c: tablets whose newest manifest is damaged. `_locked`: the catalogue's mutex is held. ---- */
/* Read while the tenure begins. False on no memory. */
bool master_note_damaged_locked(struct master *master, struct catalogue_table *table,
    const struct tablet_info *info, int64_t now_ms);
/* Of a tablet of that table that is not placed yet; NULL = it is none. */
struct damaged_tablet *master_find_damaged(const struct catalogue_table *table, struct span id);
/* Its server says that it has it. */
void master_damaged_is_listed_locked(struct master *master, const struct assigned_server *server,
    const struct tablet_presence *presence);
/* Its row of hbase:meta says its range: it becomes a tablet like others, FAILED_OPEN unless a server has it. NULL: its
 * rows are others' already (*out_is_gone), or the message is none of its region, or there is no memory. */
struct assigned_tablet *master_place_damaged(struct master *master, struct catalogue_table *table,
    struct damaged_tablet *damaged, struct span region_message, bool *out_is_gone);
/* hbase:meta cannot be opened, or read: the tenure does not serve until it can. Damage ends that of a server alone:
 * nobody else can mend it meanwhile; a full disk or an I/O error may pass. */
void master_hold_up(struct master *master, const char *what, const struct error *error);
/* It was opened, or read, or the tenure is over. Any. */
void master_go_on(struct master *master);

/* ---- master_servers.c ---- */
void master_servers_changed(struct master *master);
void master_ask_server(struct master *master, struct assigned_server *server);
/* The server of that name looks dead, and why: a crash procedure, unless there is one. */
void master_give_up_server(struct master *master, struct span text, const char *reason);
/* Sealed: what is under way to it ends, its tablets are nowhere. */
void master_server_buried(struct master *master, struct assigned_server *server);
/* A dead one without tablets: nothing points at it any more. The catalogue's mutex is held. */
void master_forget_dead_locked(struct master *master, struct assigned_server *server);
/* Gives up those that are missing, when absence counts; asks those that have not said what they serve. */
void master_give_up_absent(struct master *master);
/* A stranger that is nobody's for a minute is dead: it is sealed, so that its files can go. */
void master_bury_strangers(struct master *master);
void master_publish_draining(struct master *master);
struct assigned_server *master_server_find(struct master *master, struct span text);

/* ---- master_stall.c: the directory does not answer a server, or us ---- */
/* Each second: looks at the directory, and gives up servers that it has not answered for too long. */
void master_watch_directory(struct master *master);

/* ---- assigner.c: tablets that should be open and are nowhere ---- */
/* Puts it in the list when it should be open. */
void master_want_open(struct master *master, struct assigned_tablet *tablet);
/* Looks for tablets that nobody put there. */
void master_sweep(struct master *master);
void master_assign_idle(struct master *master);
void master_forget_idle(struct master *master, struct assigned_tablet *tablet);
/* A live server for each: placement. NULL where there is none. */
void master_place(struct master *master, struct assigned_tablet **tablets, size_t count,
    struct assigned_server **out_servers);
struct assigned_server *master_pick_server(
    struct master *master, const struct assigned_server *except);
void master_start_ticking(struct master *master);

/* ---- master_request.c: judges and begins; answers refusals itself. ---- */
void master_begin(struct master *master, struct master_request *request);
/* True while a procedure under way conflicts with this one, or the assigner is busy with what it needs. */
bool master_must_wait(struct master *master, const struct procedure *procedure);
/* Begins the requests that waited. */
void master_wake(struct master *master);
/* Refuses all that wait. */
void master_refuse_waiting(struct master *master);
/* The kind that it becomes (a restore may become a clone); 0: none. */
enum procedure_kind master_procedure_kind(const struct master_request *request);
/* Queues it until what is in its way has ended, with the id that its procedure will have. */
void master_wait_for_lock(struct master *master, struct master_request *request);
/* Persists and runs. Takes the arena, on failure too (the request is refused then). */
void master_launch(struct master *master, struct master_request *request,
    struct procedure *procedure, struct arena *arena);

/* region_request.c: assign, unassign, move, split, merge. */
void master_change_tablets(struct master *master, struct master_request *request);
/* Procedures that the master asks of itself: false when it must wait or there is no memory. */
bool master_move_tablet(struct master *master, struct assigned_tablet *tablet,
    const struct assigned_server *server, struct span reason);
bool master_split_tablet(
    struct master *master, struct assigned_tablet *tablet, struct span row, struct span reason);
bool master_merge_tablets(struct master *master, struct assigned_tablet *const *tablets,
    size_t count, struct span reason);

/* chore_request.c: balance, normalize, janitor, cleaner, dead servers. */
void master_run_chore(struct master *master, struct master_request *request);

/* snapshot_request.c */
void master_clean_snapshots(struct master *master); /* those whose time is over */
void master_change_snapshots(struct master *master, struct master_request *request);

/* master_namespace.c */
/* What a change of a namespace is called in results (as HBase's procedures); NULL: it is none. */
const char *master_namespace_kind_named(struct span name);
void master_change_namespace(struct master *master, struct master_request *request);

/* ---- procedure_runner.c ---- */
/* Takes the procedure and its arena. NULL on no memory (the arena stays the caller's). */
struct running *procedure_run(struct master *master, const struct procedure *procedure,
    struct arena *arena, struct master_request *request);
void procedure_running_free(struct running *running);
/* At the end of a tenure. */
void procedure_abandon_all(struct master *master);

/* ---- procedure_action.c, tablet_action.c, server_action.c, snapshot_action.c ---- */
/* Does an action, at once or in parts; then procedure_part_done has been called once for each of running->pending. */
void procedure_do(struct running *running, enum procedure_action action);
/* Any thread. */
void procedure_part_done(struct running *running, enum status status, const struct error *error);
/* Ends an action that was done at once. */
void procedure_done_at_once(struct running *running, enum status status, const struct error *error);
/* As a completion of parts: context is the running. */
void procedure_on_part_done(void *context, enum status status, const struct error *error);
/* Runs work() on a worker, then apply() (may be NULL) on the executor when it succeeded, as one part that is counted in
 * `pending` already. work() sees the procedure, but not the catalogue. */
void procedure_work(struct running *running,
    enum status (*work)(struct running *running, struct error *error),
    enum status (*apply)(struct running *running, struct error *error));
struct catalogue_table *procedure_table(struct running *running);
/* Opens tablets, placed together; one part each, counted in `pending` already. */
void procedure_open(struct running *running, struct assigned_tablet *const *tablets, size_t count,
    bool is_silent, transition_done *done);

void procedure_do_tablets(struct running *running, enum procedure_action action);
void procedure_do_server(struct running *running, enum procedure_action action);
void procedure_do_snapshot(struct running *running, enum procedure_action action);
/* A worker's: whether the table can be put back to what the snapshot says. */
enum status procedure_judge_restore(struct running *running, struct error *error);

#endif
