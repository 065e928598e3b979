/* Assignments: where every tablet is, in memory.
 *
 *   manifests + what servers say (LIST, reports) --> assignment --> placement, balance, listings, rows of hbase:meta
 *
 * Every tablet is in one state; every state but CLOSED, FAILED_OPEN, SPLIT and MERGED names a server. The truth is in
 * the manifests: what is here is what the master believes, made anew at each start, and a command that meets another
 * truth is answered so.
 *
 *   CLOSED --open--> OPENING --> OPEN --close--> CLOSING --> CLOSED      SPLIT, MERGED: retired, the janitor takes them
 *                       |                          |
 *                       `--> FAILED_OPEN           `--(its server dies)--> CLOSED, its manifest not
 *
 * A dead server's tablets become CLOSED when it is buried. Cheap at 100,000 tablets on 1,000 servers: tablets and
 * servers are found by hash, a server's tablets hang on it, each change is O(1).
 *
 * Threads: changed by the master's executor alone, under the catalogue's mutex (LOCK_RANK_MASTER); any thread may read
 * under it. No I/O, no time but what it is told. */
#ifndef STELE_SERVER_MASTER_ASSIGNMENT_H
#define STELE_SERVER_MASTER_ASSIGNMENT_H

#include "model/cluster_view.h"
#include "model/load_window.h"
#include "proto/server_name.h"
#include "server/master/clock_watch.h"
#include "server/master/load_history.h"
#include "server/master/stall_policy.h"
#include "storage/storage.h"

#define SERVER_TEXT_SIZE 320 /* "host,port,startcode" and NUL */
#define GIVEN_UP_SIZE    128

struct catalogue_table;
struct tablet_transition;

enum assignment_state {
    ASSIGNMENT_CLOSED,
    ASSIGNMENT_OPENING,
    ASSIGNMENT_OPEN,
    ASSIGNMENT_CLOSING,
    ASSIGNMENT_FAILED_OPEN,
    ASSIGNMENT_SPLIT,
    ASSIGNMENT_MERGED,
    ASSIGNMENT_STATES /* how many */
};

enum assigned_server_state {
    ASSIGNED_SERVER_LIVE,
    ASSIGNED_SERVER_DYING, /* a crash procedure has it: it may still believe that it serves */
    ASSIGNED_SERVER_DEAD,  /* sealed: it acknowledges nothing any more */
};

/* What it said of itself last (server_report.h). */
struct assigned_load {
    uint64_t requests_per_s, requests_total;
    uint64_t used_mb, most_mb;
    int64_t started_ms, reported_ms; /* 0 = no report yet */
    uint32_t web_port;
    int64_t full_since_ms; /* writes are refused for want of space; 0 = they are not */
};

struct assigned_server {
    struct server_name name; /* host in `text` */
    char text[SERVER_TEXT_SIZE];
    enum assigned_server_state state;
    bool is_draining;              /* gets no tablets */
    bool offloads;                 /* ... and is to be emptied */
    bool is_known;                 /* what it serves is known: it was asked since we lead */
    bool is_asked;                 /* ... and the answer is not in */
    unsigned ask_failures;         /* in a row */
    uint64_t ask_after_ns;         /* not asked again before */
    bool is_seen;                  /* among the live ones of coordination, given up or not */
    uint64_t absent_since_ns;      /* missing among the live ones, not given up yet; 0 = not */
    struct assigned_tablet *first; /* its tablets */
    size_t tablet_count;
    size_t opening_count; /* OPEN commands under way */
    struct assigned_load load;
    double tablet_load[VIEW_RESOURCES];            /* of all its tablets, as last reported */
    uint64_t calls[LOAD_CALLS][CALL_BUCKETS];      /* as last reported */
    uint64_t calls_seen[LOAD_CALLS][CALL_BUCKETS]; /* as the history of loads counted them */
    uint64_t heard_ns;         /* its last report in this tenure; 0 = none yet */
    uint64_t stalled_since_ns; /* the directory does not answer it, as it says; 0 = it does */
    struct clock_watch clock;
    char given_up[GIVEN_UP_SIZE]; /* why, when it is not live; "" = by an earlier master */
    int64_t since_ms;             /* when it was first seen, or died */
    uint32_t index;               /* scratch: in a cluster_view */
    struct assigned_server *next; /* all, in no order */
    struct assigned_server *hash_next;
};

struct assigned_tablet {
    struct tablet_info
        info; /* start_row and end_row lie behind this struct; nothing else borrowed is kept */
    struct catalogue_table *table; /* NULL: retired, or of a table that is gone */
    enum assignment_state state;
    struct assigned_server *server; /* where it is, or is being opened or closed; NULL = nowhere */
    bool is_manifest_closed;        /* its manifest says closed: no log has anything for it */
    bool is_listed;                 /* scratch: its server says that it has it */
    bool is_in_meta;                /* hbase:meta had its right row when the tenure began */
    bool is_unassigned;             /* closed by command: stays so until it is assigned */
    bool has_references;            /* shares files: no split before a compaction (storage.h) */
    int64_t since_ms;               /* in this state since */
    int64_t balanced_ms; /* when it was last moved for balance, by this master; 0 = never */
    uint64_t lock;       /* id of the procedure that has it; 0 = none */
    struct tablet_transition *transition; /* under way, or NULL */
    unsigned failures;                    /* to open, in a row */
    unsigned split_failures;              /* as the policy asked for, in a row */
    uint64_t split_after_ns;              /* the policy is not heard before */
    uint64_t retry_ns;                    /* not to be opened before */
    char *failure;                        /* why it did not open; heap, or NULL */
    float load[VIEW_RESOURCES];           /* assigned_tablet_take_load */
    /* as last reported */
    uint64_t size_bytes;
    void *region_load; /* RegionLoad as the wire has it; heap */
    size_t region_load_size;
    struct assigned_tablet *server_next, *server_previous;
    struct assigned_tablet *idle_next; /* the assigner's list of those that should be open */
    bool is_idle;                      /* in that list */
    uint32_t index;                    /* scratch: in a cluster_view */
    struct assigned_tablet *hash_next;
};

struct assignment {
    struct assigned_tablet **tablets; /* hash by id */
    size_t tablet_buckets, tablet_count;
    struct assigned_server **servers_by_text; /* hash */
    size_t server_buckets;
    struct assigned_server *servers;
    size_t server_count;
    size_t state_counts[ASSIGNMENT_STATES];
};

void assignment_init(struct assignment *assignment);
void assignment_deinit(struct assignment *assignment); /* frees all of them */

/* ---- Servers ---- */

struct assigned_server *assignment_find_server(
    const struct assignment *assignment, struct span text);
/* Finds or makes it, live. NULL on no memory. */
struct assigned_server *assignment_add_server(
    struct assignment *assignment, const struct server_name *name, int64_t now_ms);
/* One without tablets. */
void assignment_remove_server(struct assignment *assignment, struct assigned_server *server);
size_t assignment_live_count(const struct assignment *assignment);
/* What it said of the directory last, as of now. */
struct stall_facts assigned_server_stall(const struct assigned_server *server, uint64_t now_ns);

/* ---- Tablets ---- */

struct assigned_tablet *assignment_find(const struct assignment *assignment, struct span id);
/* Makes one, CLOSED and nowhere, from a copy of info. NULL on no memory. */
struct assigned_tablet *assignment_add(
    struct assignment *assignment, const struct tablet_info *info, int64_t now_ms);
/* No transition is under way. */
void assignment_remove(struct assignment *assignment, struct assigned_tablet *tablet);

/* The one place where a tablet's state changes. `server` is NULL exactly in the states that name none. */
void assignment_set(struct assignment *assignment, struct assigned_tablet *tablet,
    enum assignment_state state, struct assigned_server *server, int64_t now_ms);
/* Remembers why it did not open (NULL = forget). Best effort. */
void assigned_tablet_set_failure(struct assigned_tablet *tablet, const char *message);
/* Takes what its server measured (load_known). So a server that has just been given a hot tablet does not look idle and
 * is not given another. */
#define LOAD_KNOWN_AFTER_MS (LOAD_KNOWN_AFTER_S * 1000)
void assigned_tablet_take_load(
    struct assigned_tablet *tablet, const float load[VIEW_RESOURCES], int64_t now_ms);
/* Replaces what was reported. Best effort. */
void assigned_tablet_set_region_load(struct assigned_tablet *tablet, struct span bytes);

/* "OPEN": as in info:state of hbase:meta. */
const char *assignment_state_name(enum assignment_state state);

#endif
