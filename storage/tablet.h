/* The inside of a tablet: what its parts share. Private to storage/.
 *
 *   tablet.c         life: references, versions, read points, schema, statistics
 *   tablet_open.c    open: manifest, SSTables; tablet_replay.c: dead logs
 *   tablet_close.c   close
 *   tablet_write.c   writes; write_step.h is their map; tablet_insert.c their end in memtables
 *   scanner.c        gets and scans, over row_reader.c
 *   tablet_flush.c   memtable to SSTable; tablet_pressure.c who flushes when something runs short
 *   tablet_compact.c SSTables to SSTable; tablet_split_row.c where to split,
 *                    tablet_data_bounds.c what parts its data have
 *   tablet_sweep.c   what waits for time to pass; tablet_age.c what happens when nothing else does
 *   tablet_commit.c  changes of the manifest, one after the other
 *
 * Sequences and visibility (HBase MVCC). The log thread gives each operation a sequence number and
 * inserts its cells into the active memtable at once; `appended_sequence` is the last of them. When
 * its group is durable, `read_point` moves to it: new readers see it. Numbers become visible in
 * their order, so a read point is a prefix of the tablet's history.
 *   A reader takes the read point and the version under one lock. A scanner also registers its read
 * point for its life; flush and compaction keep what the oldest of them sees. A get need not: the
 * version it holds was made when its read point was at least as old as any that counted.
 *   A read-modify-write reads at UINT64_MAX under the row's lock: it sees what has been appended.
 *
 * What flushes when: at a barrier in the log (log.h) the active memtables become frozen; once the
 * barrier is durable, so is all that is in them, and a flush task writes them out. One flush and
 * one compaction a tablet at a time.
 *
 * Threads: the mutex is short and never held over I/O. Fields say who may touch them. */
#ifndef STELE_STORAGE_TABLET_H
#define STELE_STORAGE_TABLET_H

#include "storage/marker_clock.h"
#include "storage/nonce_table.h"
#include "storage/row_locks.h"
#include "storage/store.h"
#include "storage/version.h"

#define TABLET_FLUSH_BYTES (128u << 20) /* MEMSTORE_FLUSHSIZE left alone */

/* A scanner's read point; embedded in the scanner. */
struct read_point {
    uint64_t sequence;
    struct read_point *previous;
    struct read_point *next;
};

struct tablet_edit;
struct compaction;

struct tablet_counters {
    _Atomic uint64_t read_requests, write_requests, filtered_reads, cells_read, cells_written;
    _Atomic uint64_t compacting_cells, compacted_cells;
};

/* Asked for by tablet_flush and tablet_compact; freed by whoever completes them. */
struct tablet_request {
    struct tablet_request *next;
    struct completion *completion; /* or NULL */
    bool is_all;                   /* else the one family */
    bool is_major;                 /* compactions */
    size_t family_size;
    uint8_t family[]; /* name */
};

struct tablet {
    _Atomic uint32_t references;
    struct store *store;
    struct store_tablet link;
    struct tablet_info info; /* immutable but for state; spans in `arena` */
    enum row_order row_order;
    struct arena arena;

    /* Writes */
    struct log_tablet log;
    struct row_locks locks;
    _Atomic uint64_t appended_sequence; /* log thread */
    _Atomic uint64_t read_point;        /* log thread */
    uint64_t
        scan_floor; /* a read point below means nothing here (tablet_register_read_point); set when opened */
    _Atomic int64_t clock_ms;    /* the wall clock, as far as it has risen here */
    _Atomic int64_t greatest_ms; /* greatest timestamp given out, over all owners */
    struct marker_clock markers; /* of delete markers, by row */
    _Atomic uint64_t writes_under_way;
    _Atomic bool is_closed; /* writes and reads are refused */

    struct mutex mutex; /* LOCK_RANK_TABLET; guards all below */
    struct version *version;
    struct tablet_schema *schemas; /* the one in force first */
    struct read_point read_points; /* head of a ring, oldest first */
    struct nonce_table nonces;

    /* Flush: who asked, and one flush under way. */
    struct tablet_request *flush_requests;
    bool is_flush_asked; /* by size or pressure: all families, nobody waits */
    bool is_flushing;
    uint64_t flush_retry_ns; /* a failed flush is begun anew then; 0 = none */
    int64_t oldest_flush_ms;

    /* Compaction: who asked, and one compaction under way. */
    struct tablet_request *compaction_requests;
    bool is_compaction_wanted;   /* files changed: ask the policy */
    uint64_t compaction_rest_ns; /* none begins before; 0 = no bound */
    bool is_compacting;
    bool is_compacting_major;
    struct compaction *compaction; /* the one under way, or NULL */

    /* Manifest */
    struct tablet_edit *edits; /* waiting, oldest first */
    size_t alterations;        /* commits of a schema on their way */
    bool is_committing;        /* whoever set it owns `manifest` */
    struct manifest manifest; /* the last committed, without families and files; spans in `arena` */
    uint64_t replayed_sequence; /* dead logs are needed until all families are flushed past it */

    /* Close */
    struct completion *closing;
    bool is_dropping;
    bool is_close_flushed;         /* its flush was asked for */
    bool is_close_flush_beginning; /* asked for, and not yet under way */
    bool is_close_ending;          /* the last step was submitted */
    struct error close_error;      /* why it could not flush */
    unsigned preparations;         /* tablet_prepare_close under way */
    uint64_t close_begun_ns;
    struct tablet_close_report close_report;
    struct task close_task;

    struct tablet_counters counters;
};

/* ---- tablet.c ---- */

/* Takes the current read point and version together; the version is referenced. */
struct version *tablet_snapshot(struct tablet *tablet, uint64_t *out_read_point);
/* Mutex held. Puts `version` (taken over) in force; returns the old one, to be unreferenced outside
 * the lock. */
struct version *tablet_publish_locked(struct tablet *tablet, struct version *version);
/* Registers: sequence 0 = the current read point. The version that goes with it.
 *
 * Clients that lose a scanner open another with the read point of the first (HBase's mvcc_read_point), also when the
 * tablet was merged meanwhile: then it counts writes of one of the parents, and rows of the other could be above it.
 * So a tablet with parents knows no read point below what it was opened with: rows are then as they are now, none is
 * left out. */
struct version *tablet_register_read_point(
    struct tablet *tablet, struct read_point *point, uint64_t sequence);
void tablet_unregister_read_point(struct tablet *tablet, struct read_point *point);
/* No reader, now or later, sees anything older than this. Any. */
uint64_t tablet_oldest_read_point(struct tablet *tablet);
/* STATUS_NO_FAMILY in HBase's words, with the region's whole name: table,start row,id.encoded name. */
enum status tablet_refuse_family(const struct tablet_info *info, const struct table_schema *schema,
    struct span family, struct error *error);
/* STATUS_OUT_OF_RANGE: `call` asked for a row that is another region's. In HBase's words. */
enum status tablet_refuse_row(const struct tablet_info *info, const struct table_schema *schema,
    struct span row, const char *call, struct error *error);
/* What a write is stamped with: the wall clock, which never falls here, or least_ms when that is later. */
int64_t tablet_clock(struct tablet *tablet, int64_t least_ms);
/* Notes that a timestamp was given out: the next owner starts above it. */
void tablet_note_timestamp(struct tablet *tablet, int64_t given_ms);
/* Bytes of all memtables of the version. */
uint64_t version_memtable_bytes(const struct version *version);
/* A reference, unless the last one has gone already. */
bool tablet_try_ref(struct tablet *tablet);
void tablet_free_unopened(struct tablet *tablet); /* store_tablet_open failed half-way */

/* ---- scanner.c ---- */

/* A get at a read point of the caller's choice (UINT64_MAX: all that was appended) on a version the
 * caller holds; the row is in the tablet. Otherwise as tablet_get. */
enum status tablet_get_at(struct tablet *tablet, struct version *version, uint64_t read_point,
    struct span row, const struct read_request *request, bool may_block, struct read_sink *sink,
    struct error *error);

/* ---- tablet_replay.c ---- */

/* Replays all dead logs that the tablet needs, and leaves their list in the manifest to come. Raises
 * *last_sequence to the greatest replayed. STATUS_BUSY: the owner is not sealed. The worker that opens.
 */
enum status tablet_replay(struct tablet *tablet, uint64_t *last_sequence, struct error *error);

/* ---- tablet_insert.c ---- */

/* Inserts a cell into its family's active memtable, which is made when there is none: *version, a
 * reference of the caller's, is then exchanged for the new one. Log thread, or the worker that opens.
 * `shared`: what the rows to come begin with, as far as the caller knows (memtable_new).
 * STATUS_NO_FAMILY: the family is gone. STATUS_NO_MEMORY. */
enum status tablet_insert(struct tablet *tablet, struct version **version, const struct cell *cell,
    uint64_t sequence, struct span shared);

/* ---- write_step.c ---- */

/* Gives up waiting for row locks past the deadline; true when waits are left. */
bool tablet_expire_waits(struct tablet *tablet, uint64_t now_ns);

/* ---- tablet_sweep.c ---- */

/* Something waits for time to pass: all tablets will be looked at in a moment, and again while
 * anything does. Any. */
void tablet_sweep_arm(struct store *store);

/* All tablets of the store, referenced, in an array to be freed. False on no memory. Any. */
bool tablet_list_all(struct store *store, struct tablet ***out_list, size_t *out_count);

/* ---- tablet_age.c ---- */

/* Begins to look at the tablets' age from time to time; the end. Any. */
void tablet_age_start(struct store *store);
void tablet_age_stop(struct store *store);

/* ---- tablet_flush.c ---- */

/* Begins a flush that failed anew when it is time; true when it is not yet. */
bool tablet_retry_flush(struct tablet *tablet, uint64_t now_ns);

/* Frees a list of them, once flush or compaction has ended; error: when status is one. No lock is held. */
void tablet_complete_requests(
    struct tablet_request *request, enum status status, const struct error *error);
/* By size or pressure. Any thread, with LOCK_RANK_LOG or lower held at most. */
void tablet_ask_own_flush(struct tablet *tablet);
/* ---- tablet_pressure.c ---- */

/* The largest memtable of the store, when memory runs short. Any. */
void tablet_flush_largest(struct store *store);

/* ---- tablet_compact.c ---- */

/* Files have changed: compacts when the policy says so. Any. */
void tablet_consider_compaction(struct tablet *tablet);
/* What is under way ends soon, and none begins for some seconds: a close is near. Any. */
void tablet_rest_compaction(struct tablet *tablet);
/* What is asked for is refused, what is under way ends soon. Any. */
void tablet_cancel_compaction(struct tablet *tablet);

/* Begins one that a near close kept away, when it is time; true when it is not yet. */
bool tablet_retry_compaction(struct tablet *tablet, uint64_t now_ns);

/* ---- tablet_commit.c ---- */

/* A change of the manifest and of the version with it. Embedded; owned by the asker again when
 * committed() runs, on the executor of whoever commits. */
struct tablet_edit {
    struct tablet_edit *next;
    /* Memtables that leave, with references of the edit's. */
    struct memtable **flushed;
    size_t flushed_count;
    /* Families of which nothing at or below flushed_sequence is in memory any more. */
    const struct span *flushed_families;
    size_t flushed_family_count;
    uint64_t flushed_sequence;
    /* Files of one family change: `added` (or NULL) comes where the first removed was, or last. The
     * versions take references of their own. */
    struct tablet_file **removed;
    size_t removed_count;
    struct tablet_file **added; /* parallel to added_families */
    const struct span *added_families;
    size_t added_count;
    struct span major_family; /* was compacted in whole; empty = none */
    int64_t major_compacted_ms;
    bool is_opening;       /* the first: somebody else may have it, so to lose is no catastrophe */
    bool is_state_changed; /* to TABLET_CLOSED or TABLET_DROPPED */
    enum tablet_state state;
    void (*committed)(struct tablet_edit *edit, enum status status, const struct error *error);
};

/* Executors that may block in I/O only. Edits are committed one after the other, by whoever comes
 * first. */
void tablet_commit(struct tablet *tablet, struct tablet_edit *edit);

/* Commits what an altered schema means: files of families that are gone (in the version that was,
 * which is taken over) leave the manifest and are given up. Any. */
void tablet_commit_altered(struct tablet *tablet, struct version *old);

/* ---- tablet_close.c ---- */

/* Something that a close waits for has ended. Any. */
void tablet_close_step(struct tablet *tablet);

#endif
