/* The storage engine: the one header that other folders see.
 *
 * A `store` is one incarnation of a server over a root directory (design 4): it owns the tablet
 * log, the block cache, the budgets and the background executors. A `tablet` is an open row range
 * of a table: a memtable per family over SSTables, described by a chain of manifests. The engine
 * knows no network and no protobuf.
 *
 *                    tablet_write                          tablet_get, scanner_next
 *                         |                                        |
 *    row locks -> condition, read-modify-write -> log executor     merge of memtables and SSTables
 *                                              |                   -> column matcher -> filter ->
 * sink memtable (invisible) <-+-> append, one fdatasync a group, look (design 7)
 *                                              |
 *                                   read point moves, done() is called
 *
 * Threads. Calls marked "any" never block and may be made from an event loop. Calls marked "worker"
 * may do file I/O and must come from an executor's task. Completions run on an executor of the
 * store: they should only post a message. What a caller passes in stays valid until its completion.
 *
 * Read-your-writes: a write's done() runs after its cells are visible to new reads.
 * Failures: a failed append or sync of the log, or a lost ownership, ends the process (design 5,
 * 7). */
#ifndef STELE_STORAGE_STORAGE_H
#define STELE_STORAGE_STORAGE_H

#include "base/env.h"
#include "model/mutation.h"
#include "model/read.h"
#include "model/schema.h"

struct store;
struct tablet;
struct scanner;

/* The end of something asked for. Embedded by the caller, who owns it again when done() runs. */
struct completion {
    void (*done)(struct completion *completion);
    enum status status;
    struct error error;
};

/* ---- The store ---- */

/* What a store is for, and who else may use the root beside it.
 *
 *   STORE_ALONE      everything, in one process: takes the root for itself, so whoever else is
 *                    registered in it is dead, and is sealed at the start
 *   STORE_TABLETS    a tablet server's: serves tablets, seals nobody by itself, deletes nothing
 *   STORE_DOCUMENTS  a master's: documents, manifests, snapshots, the collector; no log, no cache,
 *                    opens no tablet
 *
 * Any number of the last two share a root; none of them with a STORE_ALONE (the root's lock).
 * What may be written is decided by seals and chains (design 7), never by who is a master. */
enum store_role { STORE_ALONE = 0, STORE_TABLETS = 1, STORE_DOCUMENTS = 2 };

struct store_config {
    struct env *env;
    enum store_role role;
    const char *root;               /* the shared directory; made when absent */
    const char *incarnation;        /* "host,port,startcode": unique for ever */
    uint64_t memtable_budget_bytes; /* all memtables; 0 = 256 MiB */
    uint64_t cache_budget_bytes;    /* block cache; 0 = 256 MiB */
    uint64_t log_segment_bytes;     /* 0 = 64 MiB */
    /* past it the tablet with the oldest record is flushed; 0 = 512 MiB */
    uint64_t log_total_bytes;
    uint64_t compaction_bytes_per_s; /* 0 = no bound */
    unsigned worker_threads;         /* reads that need the disk, opens, closes; 0 = 4 */
    unsigned flush_threads;          /* 0 = 1 */
    unsigned compaction_threads;     /* 0 = 1 */
    /* Ends the process after a failure that must not be survived; NULL = log a line and _exit(70).
     * Tests return from it: the store then refuses everything with STATUS_CLOSED. */
    void (*fatal)(void *context, const struct error *error);
    void *fatal_context;
};

/* Worker. Makes or checks the directory (STATUS_INVALID: foreign; STATUS_NEWER_FORMAT; STATUS_BUSY
 * with the pid in the message: in use; STATUS_UNSUPPORTED: its file system does not keep what
 * ownership is built on), takes its lock, registers the incarnation (`alive`), and starts the log
 * (not STORE_DOCUMENTS). STORE_ALONE first seals every other incarnation and writes its plan. Opens
 * no tablet. */
enum status store_open(
    const struct store_config *config, struct store **out_store, struct error *error);
/* Any. Closes all tablets, flushing what fits into flush_ms, and stops the executors. done() runs
 * on a thread that may then call store_free. */
void store_close(struct store *store, uint64_t flush_ms, struct completion *completion);
/* After store_close is done, or without it as a crash would (memory is freed, files stay as they
 * are). */
void store_free(struct store *store);

enum store_role store_get_role(const struct store *store); /* any */
const char *store_cluster_id(const struct store *store);   /* uuid text; any */
const char *store_incarnation(const struct store *store);  /* any */
struct env *store_env(const struct store *store);          /* any */
struct executor *store_workers(
    struct store *store); /* where "worker" calls may be submitted; any */
/* Writes are refused for want of space; reads go on. Any. */
bool store_is_read_only(const struct store *store);
int64_t store_read_only_since_ms(const struct store *store); /* any: since then; 0 = it is not */
/* Any. Ends the current segment of the tablet log, if it has records, and begins another, soon. */
void store_log_roll(struct store *store);
/* Any. Whether tablets are compacted; on at the start, not remembered. Off: the policy begins no compaction; those under
 * way end, and what is asked by tablet_compact is done. Returns what it was. */
bool store_set_compactions(struct store *store, bool are_on);
bool store_compactions_are_on(const struct store *store); /* any */

struct store_statistics {
    uint64_t memtable_bytes, memtable_budget_bytes;
    uint64_t cache_bytes, cache_budget_bytes, cache_hits, cache_misses;
    uint64_t log_bytes, log_segments, log_syncs, log_records, log_groups;
    uint64_t log_sync_ns; /* that the log thread spent on the disk for log_syncs */
    uint64_t
        log_appended_ns; /* and, mostly while the disk worked, on putting the cells into memtables */
    uint64_t flushes, compactions, flushed_bytes, compacted_bytes;
    /* Of flushed_bytes: of tablets about to be closed, while they served; while they did not. */
    uint64_t flushed_before_close_bytes, flushed_at_close_bytes;
    uint64_t flush_ns;                        /* that flushes took */
    uint64_t writes_delayed, writes_delay_ns; /* for want of memory for memtables */
    uint64_t writes_refused;                  /* for the same */
    uint64_t compactions_queued;              /* and running */
    uint64_t space_free_bytes;
};

/* Any, without asking the directory: budgets of memtables and cache together. */
uint64_t store_budget_bytes(const struct store *store);
/* Asks the directory for its free space. */
void store_statistics_read(
    const struct store *store, struct store_statistics *out_statistics); /* any */

/* ---- Who may write: incarnations and their seals (design 7) ---- */

/* Worker. The look: whether this store may still say anything. To be made after an answer (of a
 * read; writes are looked after by the log) is ready and before it leaves; one look serves every
 * answer that was ready when it began. Failure is fatal (store_config.fatal): STATUS_CLOSED when
 * that returns. */
enum status store_look(struct store *store, struct error *error);

/* Any, without asking the directory. Somebody else has seen the seal: ends the process as a look that fails does. */
void store_end(struct store *store, const struct error *error);

/* Any. Since when (env_monotonic_ns) writes have waited for the group of the log that is on its way; 0 = none is. */
uint64_t store_log_turn_since_ns(const struct store *store);

/* Worker. What the probe of a start tries, tried again: STATUS_OK, the directory takes durable writes and shows them. */
enum status store_probe(struct store *store, struct error *error);

/* An incarnation that ever registered and was not collected yet. */
struct store_server {
    struct span incarnation; /* "host,port,startcode", as in store_config */
    bool is_self;
    bool is_registered; /* it got as far as `alive`: without, it never acknowledged anything */
    bool is_sealed;     /* it acknowledges nothing any more, whatever it believes */
    bool has_plan;      /* its log has an end that all agree on */
};

/* Worker. All of them, masters' too, in no order. Spans live in `arena`. */
enum status store_server_list(struct store *store, struct arena *arena,
    enum status (*each)(void *context, const struct store_server *server, struct error *error),
    void *context, struct error *error);
/* Worker. Declares an incarnation dead: seals it and gives its log an end. When it returns, it will
 * acknowledge nothing more, and its tablets may be opened by others. Repeating is fine, several at
 * once agree, one that is not there (any more) is STATUS_OK. A living server that is buried by
 * mistake ends itself: nothing is lost. STATUS_INVALID: it is this store's own. */
enum status store_bury(struct store *store, const char *incarnation, struct error *error);

/* ---- Tables: descriptors, chained by link(2) like manifests ---- */

#define TABLE_ID_SIZE 33 /* 32 hex digits and NUL; never used again; "meta" for hbase:meta */

enum table_state {
    TABLE_ENABLED = 0,
    TABLE_DISABLED = 1,
    TABLE_DISABLING = 2,
    TABLE_ENABLING = 3,
    TABLE_DROPPED = 4
};

struct table_descriptor {
    char id[TABLE_ID_SIZE];
    uint64_t version; /* number in the chain; 0 = not committed yet */
    enum table_state state;
    struct table_schema schema; /* in the arena it was decoded or built in */
};

/* Any: a fresh id. */
void store_table_id_new(struct store *store, char out_id[TABLE_ID_SIZE]);
/* Worker. Calls each() with the newest descriptor of every table not dropped. */
enum status store_table_list(struct store *store, struct arena *arena,
    enum status (*each)(
        void *context, const struct table_descriptor *descriptor, struct error *error),
    void *context, struct error *error);
/* Worker. Commits descriptor->version + 1; on success the version in *descriptor rises.
 * STATUS_SUPERSEDED: somebody else committed it. */
enum status store_table_commit(
    struct store *store, struct table_descriptor *descriptor, struct error *error);
/* Worker. Moves a table whose descriptor says TABLE_DROPPED, and whose tablets are closed or were
 * open at a server that is dead, to the trash; at once, or, when a snapshot or another table points
 * at its files, as soon as none does (the collector). */
enum status store_table_remove(struct store *store, const char *table_id, struct error *error);

/* ---- Chained documents of others: procedures, namespaces, history ---- */

enum chain_kind { CHAIN_NAMESPACE, CHAIN_PROCEDURE, CHAIN_HISTORY, CHAIN_KINDS };

/* Worker. The newest version of each document, in no order. */
enum status store_chain_list(struct store *store, enum chain_kind kind,
    enum status (*each)(
        void *context, struct span name, uint64_t version, struct span bytes, struct error *error),
    void *context, struct error *error);
/* Worker. The number of its newest version, readable or not; STATUS_NOT_FOUND. */
enum status store_chain_newest(struct store *store, enum chain_kind kind, struct span name,
    uint64_t *out_version, struct error *error);
/* Worker. Durable when it returns. STATUS_SUPERSEDED when `version` (from 1) is taken. */
enum status store_chain_commit(struct store *store, enum chain_kind kind, struct span name,
    uint64_t version, struct span bytes, struct error *error);
/* Worker. Removes all versions. */
enum status store_chain_remove(
    struct store *store, enum chain_kind kind, struct span name, struct error *error);

/* ---- Tablets ---- */

#define TABLET_ID_SIZE                                                                             \
    33 /* HBase's encoded name: 32 hex digits ("1588230740" for meta) and NUL   \
                           */

enum tablet_state {
    TABLET_OPEN = 0,
    TABLET_CLOSED = 1,
    TABLET_SPLIT = 2,
    TABLET_MERGED = 3,
    TABLET_DROPPED = 4
};

/* What a manifest says of a tablet that others need. To make tablets (create, split, merge, clone)
 * id, region_id and the range are to be set, the rest is not looked at. */
struct tablet_info {
    char id[TABLET_ID_SIZE];
    char table_id[TABLE_ID_SIZE];
    uint64_t region_id;    /* HBase's: creation in ms, above the parents' */
    struct span start_row; /* inclusive; empty = the first */
    struct span end_row;   /* exclusive; empty = none */
    enum tablet_state state;
    uint64_t version;           /* of its manifest; 1 = made, and never opened since */
    uint64_t open_sequence;     /* rises at every open */
    uint64_t last_sequence;     /* greatest given when the manifest was written */
    struct span owner;          /* incarnation that has it open; empty unless state is open */
    const struct span *parents; /* ids of the tablets that it was split or merged from */
    size_t parent_count;
    const struct span *children; /* ids; of state split: both daughters, of merged: the one */
    size_t child_count;
    uint64_t sstable_bytes; /* of all its files, cut ones in full */
    bool has_references;    /* some file is cut, or belongs to another table: no split before that
                               has been compacted away */
    /* Of a list: why its newest manifest cannot be read (names the file); NULL = it can. Then only the ids are
     * known; region id and range too if the tablet that it was split or merged from says them, else region_id is 0. */
    const char *damage;
};

/* Worker. Commits manifest 1 (closed, empty) of many tablets of one table: written and synced
 * together, linked, the directory synced once. Already there with equal content is fine (a
 * procedure that repeats). */
enum status store_tablet_create(struct store *store, const char *table_id,
    const struct tablet_info *tablets, size_t count, struct error *error);
/* Worker. The newest manifest of each tablet of a table, and the children of a split or merge that
 * a crash cut between its commit and theirs. One that is damaged is told of (`damage`), and ends nothing. Spans live in
 * `arena`. */
enum status store_tablet_list(struct store *store, const char *table_id, struct arena *arena,
    enum status (*each)(void *context, const struct tablet_info *tablet, struct error *error),
    void *context, struct error *error);
/* Worker. One of them. STATUS_NOT_FOUND. */
enum status store_tablet_read(struct store *store, const char *table_id, const char *tablet_id,
    struct arena *arena, struct tablet_info *out_tablet, struct error *error);
/* Worker. Opens by the open rule of design 7: replays what the plans of dead logs hold for it,
 * commits the next manifest in our name. `schema` is copied. STATUS_BUSY names the owner, which is
 * not sealed; STATUS_WRONG_STATE: it is split, merged or dropped; STATUS_CORRUPT (damaged, or missing)
 * and STATUS_IO name the file: this tablet cannot be opened, others can. When somebody else commits first (another
 * opener, or the old owner's last flush) it begins anew. */
enum status store_tablet_open(struct store *store, const char *table_id, const char *tablet_id,
    const struct table_schema *schema, struct tablet **out_tablet, struct error *error);
/* Any. Stops writes (STATUS_CLOSED), waits for those under way, flushes, commits a closed manifest.
 * On is_dropped no flush, and the manifest says dropped. The handle goes with the last
 * tablet_unref. */
void tablet_close(struct tablet *tablet, bool is_dropped, struct completion *completion);
/* Any. Makes a later tablet_close short: flushes while the tablet serves, again while much has
 * gathered meanwhile, and keeps compactions away for some seconds. The tablet may as well not be
 * closed then. */
void tablet_prepare_close(struct tablet *tablet, struct completion *completion);

/* What closing took: `prepared` while it served, the rest while its rows could not be written. */
struct tablet_close_report {
    uint64_t prepared_bytes, rest_bytes; /* of SSTables written */
    uint64_t prepared_ns, stopped_ns;
};

void tablet_close_report_read(
    const struct tablet *tablet, struct tablet_close_report *out_report); /* any */
void tablet_ref(struct tablet *tablet);
void tablet_unref(struct tablet *tablet);

const struct tablet_info *tablet_get_info(
    const struct tablet *tablet); /* any; borrowed for its life */
/* Any. The schema in force; hold until schema_unref is not needed: valid while the tablet is
 * referenced (old schemas are kept until it is freed). */
const struct table_schema *tablet_get_schema(const struct tablet *tablet);
/* Any. Puts another schema in force for later calls (alter). Copied. */
enum status tablet_set_schema(
    struct tablet *tablet, const struct table_schema *schema, struct error *error);
bool tablet_contains_row(const struct tablet *tablet, struct span row); /* any */

/* Exact counters, and sizes as of now. Any. */
struct tablet_statistics {
    uint64_t read_requests, write_requests, filtered_reads, cells_read, cells_written;
    uint64_t memtable_bytes, sstable_bytes, sstable_raw_bytes, sstable_count, family_count;
    uint64_t index_bytes, bloom_bytes;
    uint64_t compacting_cells, compacted_cells;
    int64_t last_major_compaction_ms; /* 0 = never */
    int64_t oldest_flush_ms;          /* last time every family was flushed or empty */
    uint64_t last_sequence;
    uint64_t largest_family_bytes; /* of SSTables */
    bool has_references;           /* as in tablet_info */
    int compaction_state;          /* 0 none, 1 minor, 2 major, 3 both: GetRegionInfo */
};

void tablet_statistics_read(const struct tablet *tablet, struct tablet_statistics *out_statistics);

/* Any. Flushes every family, or the one named (NULL = all). done: STATUS_OK, also when there was
 * nothing. */
void tablet_flush(struct tablet *tablet, const struct span *family, struct completion *completion);
/* Any. Asks for a compaction and returns; completion (may be NULL) runs when it has ended. */
void tablet_compact(
    struct tablet *tablet, const struct span *family, bool is_major, struct completion *completion);
/* Any. A compaction that has not begun, for others are under way, is given up, also one that was asked for; the policy looks
 * again in some seconds. Small and large ones wait apart. */
void tablet_clear_compaction(struct tablet *tablet, bool clears_small, bool clears_large);
/* Worker. A row that halves the tablet's data; STATUS_NOT_FOUND when there is none. Copied into
 * arena. */
enum status tablet_split_row(
    struct tablet *tablet, struct arena *arena, struct span *out_row, struct error *error);
/* Worker. Rows that cut the tablet's data, in files and in memory, into at most `parts` parts of
 * about the same bytes: rising, inside the range, above its start; fewer, or none, when there is
 * little data. Reads indexes only. Copied into arena. */
enum status tablet_data_bounds(struct tablet *tablet, size_t parts, struct arena *arena,
    struct span **out_rows, size_t *out_count, struct error *error);

/* ---- Writes ---- */

/* One row, all or nothing. */
struct write_operation {
    struct span row;
    const struct condition *condition; /* or NULL; its row equals `row` */
    struct mutation *mutations;        /* 1, or several for HBase's RowMutations: one timestamp */
    size_t mutation_count;
    uint64_t nonce; /* of the whole when several; else mutations[0].nonce is used */
    /* answers */
    enum status
        status; /* STATUS_NO_FAMILY, STATUS_OUT_OF_RANGE, STATUS_INVALID, STATUS_LIMIT ... */
    /* Of a failure: one sentence, in the write's arena, perhaps shared with others of the write. NULL: none, or no memory
     * for it; write_operation_reason has words then too. */
    const char *message;
    bool is_processed;         /* the condition held (true without one) */
    struct cell *result_cells; /* increment, append: the new cells, in the write's arena */
    size_t result_count;
};

/* Why it failed, in words: its message, or the name of its status. */
static inline const char *write_operation_reason(const struct write_operation *operation)
{
    return operation->message ? operation->message : status_name(operation->status);
}

/* Several operations on one tablet, each atomic on its own, logged and synced together. */
struct write {
    struct write_operation *operations;
    size_t operation_count;
    uint64_t nonce_group;
    struct arena *arena; /* for answers; used by one executor at a time */
    /* env_monotonic_ns; row lock waits past it fail; 0 = LIMIT_ROW_LOCK_WAIT_MS */
    uint64_t deadline_ns;
    void (*done)(struct write *write); /* on an executor of the store */
    /* Of the whole, e.g. STATUS_CLOSED, STATUS_BUSY (over the memory budget:
     * RegionTooBusyException), STATUS_NO_SPACE; STATUS_OK: look at each operation. */
    enum status status;
    struct error error;
    void *engine;     /* the engine's while under way */
    struct task task; /* the engine's while under way */
};

/* Any. Never blocks the caller; done() may run before it returns only on an immediate refusal. */
void tablet_write(struct tablet *tablet, struct write *write);

/* ---- Reads ---- */

/* Where results go, cell by cell. The cell's spans are valid during the call only. */
struct read_sink {
    enum status (*cell)(struct read_sink *sink, const struct cell *cell);
    /* The cells since the last call make one result. is_partial: its row may go on in the next. */
    enum status (*result)(struct read_sink *sink, bool is_partial);
    /* So many bytes of a row are held back, to be given or dropped at its end; a failure ends the read with
     * that status. NULL = no matter. */
    enum status (*gathered)(struct read_sink *sink, size_t bytes);
};

/* Any with may_block false: STATUS_WOULD_BLOCK when the disk is needed, or the row is large, with nothing
 * given to the sink; worker with may_block true. Gives at most one result; none when nothing matches.
 * STATUS_OUT_OF_RANGE, STATUS_NO_FAMILY, STATUS_INVALID as in HBase. */
enum status tablet_get(struct tablet *tablet, struct span row, const struct read_request *request,
    bool may_block, struct read_sink *sink, struct error *error);

/* Any. Copies the request. The scanner holds a reference to the tablet, a read point and a
 * position; no iterator between calls. One caller at a time. */
enum status scanner_open(struct tablet *tablet, const struct scan_request *request,
    struct scanner **out_scanner, struct error *error);
void scanner_close(struct scanner *scanner); /* NULL is fine; any */
uint64_t scanner_read_point(const struct scanner *scanner);
bool scanner_filter_has_row(const struct scanner *scanner); /* cuts only between rows */

struct scan_limits {
    uint64_t results; /* most results of this call; UINT64_MAX = no limit */
    uint64_t rows;    /* most complete rows of this call; UINT64_MAX = no limit */
    /* cell_encoded_size sum; may overshoot by one cell (or a row: is_partial_allowed) */
    uint64_t bytes;
    uint64_t deadline_ns;    /* 0 = none; looked at every few cells */
    bool is_partial_allowed; /* bytes and deadline may cut inside a row */
    bool may_block;
};

enum scan_stop {
    SCAN_STOP_NONE,
    SCAN_STOP_RESULTS,
    SCAN_STOP_ROWS,
    SCAN_STOP_BYTES,
    SCAN_STOP_TIME,
    SCAN_STOP_END,    /* the range or the tablet is exhausted */
    SCAN_STOP_FILTER, /* the filter says that all that remains is out */
};

/* Where a read found its bytes. Blocks are of SSTables. */
struct read_places {
    uint64_t block_bytes; /* of data blocks that were looked into, unpacked, wherever they were */
    uint64_t cache_bytes; /* of data and index blocks in the block cache */
    uint64_t file_bytes;  /* of those read from files, as stored */
    uint64_t file_reads, file_ns; /* how often, and how long that took */
    uint64_t memtable_bytes;      /* of cells in memtables that were walked over */
};

struct scan_progress {
    enum scan_stop stop;
    uint64_t results, rows, bytes, cells;
    uint64_t rows_scanned, rows_filtered;
    struct read_places places;
    struct span last_row; /* last row examined; borrowed until the next call */
    bool is_mid_row;      /* the last result is partial and its row may go on */
};

/* Any with may_block false, worker with true. STATUS_WOULD_BLOCK: what was given to the sink so far
 * stands and counts in *progress; call again (on a worker) with what is left of the limits.
 * STATUS_CLOSED: the tablet closed meanwhile. */
enum status scanner_next(struct scanner *scanner, const struct scan_limits *limits,
    struct read_sink *sink, struct scan_progress *progress, struct error *error);

/* ---- Splits, merges: by pointer, no byte of data is rewritten ---- */

/* Worker; any role. The parent, which must be closed, becomes two: the commit of the split is that
 * of the parent's manifest; then the daughters are there, closed, each with the part of the
 * parent's files that is its own. The daughters' ranges meet inside the parent's, region ids lie
 * above its. STATUS_BUSY: the parent is open (its owner is named) or still needs a dead log (open
 * it and close it again). Repeating is fine, whatever a crash left: with the same daughters it is
 * completed; with others STATUS_WRONG_STATE. */
enum status store_tablet_split(struct store *store, const char *table_id, const char *parent_id,
    const struct tablet_info daughters[2], struct error *error);
/* Worker; any role. Neighbours, all closed, in order of their rows, become one with the range of
 * them all. First every parent's manifest says "merged into it", then it is there. Once one parent
 * says so there is only the way forward: repeat until STATUS_OK. Otherwise as a split. */
enum status store_tablet_merge(struct store *store, const char *table_id,
    const char *const *parent_ids, size_t parent_count, const struct tablet_info *merged,
    struct error *error);

/* ---- Snapshots: a document with the manifests of a table, and what is made of one ---- */

struct snapshot_info {
    struct span name;
    char table_id[TABLE_ID_SIZE];
    struct table_schema schema; /* with the table's name */
    int64_t created_ms;
    int64_t ttl_s; /* 0 = for ever; the caller's to keep */
    struct span owner;
    uint32_t type;     /* HBase's SnapshotDescription.Type, the caller's */
    bool is_of_closed; /* in: a tablet that is open, be it at a dead server, is refused */
    /* out: */
    size_t tablet_count;
    uint64_t sstable_bytes;
};

/* Worker. Makes it of what the newest manifests of the table say: what was not flushed is not in
 * it. STATUS_EXISTS; STATUS_BUSY: a tablet still needs a dead log, or is open and must not be. */
enum status store_snapshot_create(
    struct store *store, const struct snapshot_info *snapshot, struct error *error);
/* Worker. In order of names; spans live in `arena`. */
enum status store_snapshot_list(struct store *store, struct arena *arena,
    enum status (*each)(void *context, const struct snapshot_info *snapshot, struct error *error),
    void *context, struct error *error);
/* Worker. STATUS_NOT_FOUND. The tablets, in order of their rows, in `arena`; out_tablets may be
 * NULL. */
enum status store_snapshot_read(struct store *store, struct span name, struct arena *arena,
    struct snapshot_info *out_snapshot, struct tablet_info **out_tablets, struct error *error);
/* Worker. STATUS_NOT_FOUND. */
enum status store_snapshot_delete(struct store *store, struct span name, struct error *error);

/* A tablet of a new table with the contents of one of a snapshot. */
struct tablet_clone {
    struct tablet_info tablet; /* to be made; the range is the source's */
    char source_id[TABLET_ID_SIZE];
};

/* Worker. Commits manifest 1 (closed) of the tablets of a table whose descriptor is there, pointing
 * at the snapshot's files. Repeating is fine. */
enum status store_tablet_clone(struct store *store, struct span snapshot_name, const char *table_id,
    const struct tablet_clone *clones, size_t count, struct error *error);
/* How a table is put back to what a snapshot holds. */
struct restore_plan {
    struct span snapshot; /* its name */
    /* One for each tablet of the snapshot. Not looked at when it is of this very table: its tablets keep their ids. */
    const struct tablet_clone *clones;
    size_t clone_count;
    bool is_dry_run; /* only says whether it could be done */
};

/* Worker. Puts a table, all tablets of which are closed, or open at a dead server, back to what a
 * snapshot holds: of this table, or of another whose name it has now (it was truncated, or dropped and
 * made again). Tablets that are not in it say "dropped" then. Sequences and clocks go on rising.
 * Repeating, with the same clones, is fine. STATUS_BUSY: a tablet is open; STATUS_INVALID: clones that
 * are not the snapshot's. */
enum status store_tablet_restore(struct store *store, const char *table_id,
    const struct restore_plan *plan, struct error *error);

/* ---- The collector: who deletes (design 4) ----
 *
 * It runs in a STORE_ALONE by itself, in a STORE_DOCUMENTS while that leads, in a STORE_TABLETS
 * never: what those drop and nobody there reads any more is reported to the leader's. */

/* Worker. By a new leader, before it reads anything of the directory: from then on no leader of an earlier epoch takes
 * anything away or puts it back, wherever it stands in a pass (storage/trash.h). is_alone: no other can be there.
 * STATUS_SUPERSEDED: a later leader was here. */
enum status store_collector_take(
    struct store *store, uint64_t epoch, bool is_alone, struct error *error);
void store_collector_enable(struct store *store, bool is_enabled); /* any */
/* Worker. One whole pass now (HBase's cleaner chore); nothing when it is not enabled. */
enum status store_collector_run(struct store *store, struct error *error);
/* Any. Of a STORE_TABLETS: hands out, and forgets, up to `limit` files that it has given up. What
 * could not be reported is given back with store_give_up. */
size_t store_take_given_up(struct store *store, size_t limit,
    void (*each)(void *context, const char *table_id, const char *file), void *context);
/* Any. At the leader: nobody reads that file at the server that dropped it. It goes once nothing
 * names it. */
void store_give_up(struct store *store, const char *table_id, const char *file);

/* ---- Tools ---- */

/* Worker. Writes a root of its own to `target`, which must be absent or empty: the snapshot's table
 * with its schema, descriptor enabled, tablets closed, files copied and checked. The root it reads
 * may be in use. `stele standalone TARGET` opens it. */
enum status store_export_snapshot(struct env *env, const char *root, struct span snapshot_name,
    const char *target, struct error *error);

/* Says what a chained document of others holds: whole lines to print(context), as many as it takes.
 * `words` is the caller's. A failure is one of the document. */
typedef enum status storage_words_function(void *words, enum chain_kind kind, struct span name,
    struct span payload, void (*print)(void *context, const char *line), void *context,
    struct error *error);

/* Worker. Prints any on-disk file or directory of ours in words. say_document (NULL: as bytes) is
 * asked for what others keep in chained documents. */
enum status storage_dump(struct env *env, const char *path,
    void (*print)(void *context, const char *line), void *context,
    storage_words_function *say_document, void *words, struct error *error);
/* Worker. Checks every promise of the formats under a root that no server uses. Calls problem() for
 * each with file, offset and what; *out_problems counts them. Non-OK only when it could not look.
 * say_document (NULL: checksum and name alone) reads what others keep in chained documents: what it
 * cannot read is a problem; its lines go nowhere. */
enum status storage_check(struct env *env, const char *root,
    void (*problem)(void *context, const char *path, uint64_t offset, const char *what),
    void *context, storage_words_function *say_document, void *words, uint64_t *out_problems,
    struct error *error);
/* Worker. Mends what can be mended without loss under a root that no server uses, and tells each
 * act: a split or merge that a crash cut is completed; a meta table that cannot be read is moved to
 * the trash (the next start of a master makes it anew from the manifests); ends that dead logs lack
 * are given. */
enum status storage_repair(struct env *env, const char *root,
    void (*act)(void *context, const char *path, const char *what), void *context,
    uint64_t *out_acts, struct error *error);
/* Worker. Accepts for ever what damage has taken from the log of a dead incarnation (a name in
 * <root>/servers), so that tablets that may have lost records there can be opened with what is left
 * (docs/formats/loss.md). Servers may be using the root. Calls damage() for each place that cannot
 * be read. STATUS_INVALID: none, or no such name is possible; STATUS_NOT_FOUND; STATUS_BUSY: it is
 * not sealed, or was not recovered yet. */
enum status storage_accept_loss(struct env *env, const char *root, const char *incarnation,
    void (*damage)(void *context, const char *path, uint64_t offset, const char *what),
    void *context, struct error *error);

#endif
