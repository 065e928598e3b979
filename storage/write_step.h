/* Write steps: how one `struct write` goes through a tablet. Private to the write path.
 *
 *   tablet_write.c        the beginning and the end of a write
 *   write_make.c          cuts it into steps
 *   write_check.c         what is refused, before anything is locked
 *   write_step.c          drives a step: nonces, locks, the log, the step after it
 *   write_evaluate.c      conditions, increments, appends, deletes of the newest version
 *   tablet_insert.c       cells into memtables
 *
 * A write's operations are handled in their order as steps. A step is a run of blind operations
 * (puts and deletes that depend on nothing stored) with one durability, or one operation that reads
 * its row first. A long run is cut, so that the log thread, which inserts a step in one go, has time for others between; a
 * worker makes what comes after a cut. A step is one record in the log:
 *
 *   check -> nonce -> row locks -> stamp, evaluate -> encode -> log_append
 *        appended (log thread): cells into memtables, locks released, the next step begins
 *        durable (log thread): read point moves; after the last step's, the write is done
 *
 * Everything lives in the write's arena. */
#ifndef STELE_STORAGE_WRITE_STEP_H
#define STELE_STORAGE_WRITE_STEP_H

#include "base/radix_sort.h"
#include "storage/tablet.h"

/* Most that a step of several operations has: what the log thread inserts in a few milliseconds. More than one batch of a
 * stock client's buffered mutator (2 MB) has. */
#define WRITE_STEP_CELLS 4096
#define WRITE_STEP_BYTES (4u << 20)

/* An operation of a step that passed its check, and the cells it comes to. */
struct step_operation {
    struct write_operation *operation;
    struct cell *cells;
    size_t cell_count;
};

struct write_run;

struct write_step {
    struct log_entry entry; /* first */
    struct write_run *run;
    struct step_operation *operations;
    size_t operation_count;
    bool is_blind;
    bool goes_on; /* the run was cut behind it */
    enum durability durability;
    uint64_t nonce; /* 0 = none */
    bool is_nonce_held;
    struct nonce_waiter nonce_waiter;
    struct row_claim claim;
    uint64_t one_hash; /* the claim's, when the step has one operation */
    bool is_expired;   /* waited for its locks past the deadline */
    bool is_repeat;    /* answers a repeated nonce */
    struct write_step *ready_next;
    /* In which they are inserted, or NULL: as they came. Key: eight bytes of the row behind what all share, big-endian;
     * payload: which operation. */
    struct radix_item *order;
    struct span shared; /* with an order: what all rows begin with */
    struct buffer body;
    int64_t clock_ms;    /* what LATEST becomes */
    int64_t greatest_ms; /* given to a cell; for replay */
};

/* One write under way. */
struct write_run {
    struct write *write;
    struct tablet *tablet;
    const struct table_schema *schema;
    uint64_t deadline_ns;
    size_t next_operation;
    _Atomic uint32_t references; /* the driver, and each log entry under way */
    struct write_step *blocked;  /* waits for a worker */
    const char *last_message;    /* of the operation that failed last: most fail for one reason */
};

/* ---- tablet_write.c ---- */

/* Drops a reference. The last ends the write: here, or (is_posted) as a task of its own, where done()
 * must not run inside the call that asked. */
void write_run_unref(struct write_run *run, bool is_posted);

/* ---- write_step.c ---- */

/* Runs the first step, and what it lets go on. done() is not called from inside. */
void write_run_start(struct write_run *run);

/* ---- write_make.c ---- */

/* The operation has failed, with error's words. */
void write_operation_fail(struct write_run *run, struct write_operation *operation,
    enum status status, const struct error *error);
/* A step of the next operations that are sound; the others are refused. *out_step NULL: there are
 * none. STATUS_NO_MEMORY: next_operation is the first that was not handled. */
enum status write_step_make(struct write_run *run, struct write_step **out_step);

/* ---- tablet_insert.c ---- */

/* Any. Before the step goes to the log: puts a large one's operations in the order of their rows (step->order), so that the
 * log thread finds the places of their cells near each other. */
void write_step_sort(struct write_step *step);
/* Log thread. The steps, all of one tablet, will be inserted next: fetches the places of their cells (memtable_warm). */
void write_steps_warm(const struct write_step *const steps[], size_t count);
/* Log thread: the step's cells into memtables, and appended_sequence. */
void write_step_insert(struct write_step *step);

/* ---- write_check.c ---- */

/* Returns the status, and sets *error when it is a failure. What a conditional operation would write is
 * judged only when its condition holds, by write_mutations_check. */
enum status write_operation_check(const struct tablet *tablet, const struct table_schema *schema,
    const struct write_operation *operation, struct error *error);
enum status write_mutations_check(const struct tablet *tablet, const struct table_schema *schema,
    const struct write_operation *operation, struct error *error);
/* Whether it depends on nothing that is stored. */
bool write_operation_is_blind(const struct write_operation *operation);
enum durability write_operation_durability(
    const struct table_schema *schema, const struct write_operation *operation);
/* 0 = none. */
uint64_t write_operation_nonce(const struct write_operation *operation);

/* ---- write_evaluate.c ---- */

/* Under the row locks: fills in the cells of each operation of the step, with timestamps and tags as
 * they will be stored. A blind step reads nothing. Otherwise sets is_processed and the results of
 * its operation. STATUS_WOULD_BLOCK: nothing has changed. Another failure is the operation's. */
enum status write_step_evaluate(struct write_step *step, bool may_block, struct error *error);
/* The answer to a repeated nonce: current values of what the operation would have changed. */
enum status write_step_repeat(struct write_step *step, bool may_block, struct error *error);

#endif
