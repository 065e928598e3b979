/* The master: the catalogue of tables, where each tablet is, and the procedures that change both (design 6).
 *
 *   request -> master_submit -> [master executor]  judge, lock -> write state -> action -> event -> write state -> ...
 *                                                     |                            ^
 *                                                     v                            |
 *                                   store (workers), tablet servers (tablet_link), hbase:meta
 *
 * One executor of one thread, "master", runs all decisions; what takes long is handed out and comes back as a task.
 * Procedures of one table run one after another when they need it for themselves, those of tablets side by side.
 * Readers (listings, descriptors, status) look at the catalogue under its mutex.
 *
 * A tenure. A master does nothing until it leads (master_lead): then it reads the directory, asks every live server
 * what it serves, gives hbase:meta a place, brings its rows in line with the manifests (which are the truth), takes up
 * the procedures that it finds, and gives every tablet of an enabled table that is nowhere a place. Deposed, it
 * forgets everything, and may lead again. Servers obey the highest epoch only, documents and manifests are chained,
 * so a master that does not know that it is deposed can do no harm. */
#ifndef STELE_SERVER_MASTER_MASTER_H
#define STELE_SERVER_MASTER_MASTER_H

#include "proto/server_name.h"
#include "server/master/catalogue.h"
#include "server/master/procedure.h"
#include "server/master/server_report.h"
#include "server/master/tablet_link.h"

struct heat_board;
struct master;

struct master_config {
    struct env *env;
    struct store *store;
    struct tablet_link *link; /* to the tablets, borrowed */
    struct server_name name;  /* ours, as clients are told; borrowed for the master's life */
    /* On an executor. A tenure has begun: STATUS_OK, hbase:meta can be read; or it cannot, and why: it is over then.
     * Once for each master_lead, unless deposed before. */
    void (*ready)(void *context, enum status status, const struct error *error);
    /* Where hbase:meta is (NULL = nowhere), and which servers drain: for coordination to show. May be NULL. */
    void (*publish_meta)(void *context, const struct server_name *server);
    void (*publish_draining)(void *context, const struct server_name *servers, size_t count);
    /* Somebody else decides too: a server obeys a higher epoch, or a document that we were to write is written. Our
     * tenure of that epoch is over; what is true must be read anew by whoever is elected next. May be NULL. */
    void (*superseded)(void *context, uint64_t epoch, const struct error *error);
    void *context;
    struct heat_board *heat; /* told of splits, merges and moves; borrowed; may be NULL */
    /* Nobody lives longer than this process (standalone): servers are not given up. */
    bool is_alone;
    uint32_t
        stall_ms; /* a server whose directory stalls for longer is given up; 0 = LIMIT_DIRECTORY_STALL_MS */
};

enum status master_new(
    const struct master_config *config, struct master **out_master, struct error *error);
/* Any. A tenure with this epoch begins. */
void master_lead(struct master *master, uint64_t epoch);
/* Any. It is over: nothing more is sent or written, requests that wait are refused, memory is dropped. */
void master_depose(struct master *master);
/* Any. The live tablet servers, whenever they change, and before master_lead. A server that is missing is given up
 * (sealed, its tablets opened elsewhere), but not before absence_counts_from_ns (env_monotonic_ns). Copied. */
void master_set_servers(struct master *master, const struct server_name *names, size_t count,
    uint64_t absence_counts_from_ns);
/* Any. The living masters, us included, whenever they change: whoever is registered in the directory and is none of
 * them, nor a live server, is sealed after a minute. Without this call nobody is. Copied. */
void master_set_masters(struct master *master, const struct server_name *names, size_t count);
/* Any. STATUS_WRONG_STATE: we do not lead, or not yet. STATUS_CLOSED: that server has been given up; it must end once it
 * is sealed, which *out_answer says. *out_answer is set always. */
enum status master_take_report(struct master *master, const struct server_report *report,
    struct server_report_answer *out_answer, struct error *error);
/* True when it leads and hbase:meta can be read. Any. */
bool master_is_ready(const struct master *master);
/* True while it would lead, and hbase:meta cannot be opened or read: it goes on trying. *out_why says which file. Any. */
bool master_is_held_up(struct master *master, struct error *out_why);
/* Since when (env_wall_ms), though the reason may have changed; 0 = it is not. Any. */
int64_t master_held_up_since_ms(const struct master *master);
/* Any. As master_depose, for good. */
void master_stop(struct master *master);
/* Waits for the executor. NULL is fine. Not from an executor; no command or completion of the store is under way. */
void master_free(struct master *master);

/* Read under catalogue->mutex. */
struct catalogue *master_catalogue(struct master *master);
const struct master_config *master_get_config(const struct master *master);
uint64_t master_epoch(const struct master *master); /* of the tenure, 0 when it is over; any */
/* Any. Something of its is at the store's workers, and comes back to it: it must not be freed yet. */
bool master_is_at_work(const struct master *master);
/* When its executor last turned while it leads (env_monotonic_ns); 0 = it does not lead. Any. */
uint64_t master_ticked_ns(const struct master *master);

/* ---- Changes ---- */

/* A change asked for, and its answer. The requester's memory, arena included, until done() runs. */
struct master_request {
    struct task task;            /* the master's */
    struct master *master;       /* the master's */
    struct master_request *next; /* the master's */
    enum master_operation {
        MASTER_CREATE_TABLE, /* schema, split_keys */
        MASTER_DELETE_TABLE, /* table */
        MASTER_ENABLE_TABLE,
        MASTER_DISABLE_TABLE,
        MASTER_TRUNCATE_TABLE, /* table, keeps_splits */
        MASTER_MODIFY_TABLE,   /* table, schema */
        MASTER_ADD_FAMILY,     /* table, family */
        MASTER_MODIFY_FAMILY,
        MASTER_DELETE_FAMILY,    /* table, family.name */
        MASTER_CREATE_NAMESPACE, /* namespace_name, configuration */
        MASTER_MODIFY_NAMESPACE,
        MASTER_DELETE_NAMESPACE,
        MASTER_ASSIGN,           /* tablets[0] */
        MASTER_UNASSIGN,         /* tablets[0] */
        MASTER_MOVE,             /* tablets[0], server (empty = anywhere else) */
        MASTER_SPLIT,            /* tablets[0], row (empty = where the engine says) */
        MASTER_MERGE,            /* tablets: neighbours */
        MASTER_SNAPSHOT,         /* table, snapshot_name, owner, ttl_s, snapshot_type */
        MASTER_DELETE_SNAPSHOT,  /* snapshot_name */
        MASTER_RESTORE_SNAPSHOT, /* snapshot_name, table: clones when there is no such table */
        MASTER_BALANCE,          /* is_dry_run -> moves_calculated, moves_executed */
        MASTER_NORMALIZE,        /* names of tables in `servers` -> is_on, count */
        MASTER_RUN_JANITOR,      /* -> count */
        MASTER_RUN_CLEANER,
        MASTER_SWITCH,       /* setting, is_on -> was_on */
        MASTER_DECOMMISSION, /* servers, offloads */
        MASTER_RECOMMISSION, /* servers[0]; tablets: that it is to get */
        MASTER_CLEAR_DEAD,   /* servers -> those that are not cleared are left in servers */
        MASTER_VIEW,         /* view() is called on the master's executor, then done() */
    } operation;
    void (*view)(struct master_request *request);
    struct arena *arena; /* for what the master makes of the request */
    struct span table;
    struct table_schema schema;
    struct family_schema family;
    const struct span *split_keys;
    size_t split_key_count;
    bool keeps_splits;
    struct span namespace_name;
    const struct attribute *configuration;
    size_t configuration_count;
    struct span *tablets; /* encoded names */
    struct span
        region_name; /* of tablets[0] as it was given, where that is not its id; else empty */
    size_t tablet_count;
    struct span server; /* "host,port,startcode" */
    struct span row;
    bool is_forced, is_dry_run, offloads, is_on, was_on;
    bool waits; /* is not answered before the procedure has ended */
    struct span snapshot_name, owner;
    int64_t ttl_s;
    uint32_t snapshot_type;
    unsigned setting;     /* enum master_setting */
    struct span *servers; /* texts */
    size_t server_count;
    size_t moves_calculated, moves_executed, count;
    uint64_t nonce_group,
        nonce; /* a repeat of a request under way or just done gets its procedure id */
    /* answers */
    const char *exception_class; /* Java class, or NULL: it was accepted */
    struct error error;          /* the message of the exception */
    uint64_t procedure_id;       /* the master's own before: kept for it while it waits */
    int64_t submitted_ms;        /* the master's own, with an id of before the answer */
    void (*done)(struct master_request *request); /* on any executor */
    void *context;
};

/* Any. Answers when the procedure has ended, or MASTER_ANSWER_MS after it began, whichever comes first: clients then
 * ask for its result. Refusals are answered at once. */
#define MASTER_ANSWER_MS 400
void master_submit(struct master *master, struct master_request *request);

enum procedure_state { PROCEDURE_NOT_FOUND = 0, PROCEDURE_RUNNING = 1, PROCEDURE_FINISHED = 2 };

struct procedure_result {
    enum procedure_state state;
    const char *kind; /* "SplitTableRegionProcedure": static */
    int64_t submitted_ms;
    int64_t updated_ms;
    const char *exception_class; /* or NULL: static */
    char message[ERROR_MESSAGE_SIZE];
};

/* Any. Results are kept for a quarter of an hour, over a change of masters too (but for the last second's). */
void master_procedure_result(
    struct master *master, uint64_t procedure_id, struct procedure_result *out_result);

/* ---- Settings: switches that outlive a master ---- */

enum master_setting {
    SETTING_BALANCER,
    SETTING_SPLIT,
    SETTING_MERGE,
    SETTING_NORMALIZER,
    SETTING_CATALOG_JANITOR,
    SETTING_CLEANER,
    SETTING_SNAPSHOT_CLEANUP,
    SETTING_COUNT /* not one */
};

bool master_setting_is_on(const struct master *master, enum master_setting setting); /* any */

#endif
