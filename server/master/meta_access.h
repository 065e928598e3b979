/* hbase:meta from the master's side, wherever it is open: rows are written and read by commands to its server, under
 * our epoch, so that a deposed master's rows are refused.
 *
 * A batch is sent until it is written, or the tenure is over. While hbase:meta is nowhere, and until it has been read
 * once and brought in line, batches wait. Each batch has its own timestamp, above all that hbase:meta held when the tenure began and above
 * all before it, whatever our clock says: a batch that was sent twice, or overtaken by a younger one, changes nothing.
 *
 * HBase's asynchronous admin (AsyncMetaTableAccessor.getTableState) reads a table's state with the time range [0, its
 * clock). So a batch with a state is done only when the clock has passed its timestamp: else a client that was just told
 * that its table was made would not see that it is enabled. Timestamps run some milliseconds ahead of the clock when
 * many batches come in one; a clock that went far back is not waited for (META_CLOCK_WAIT_MS).
 *
 * Threads: the master's executor. */
#ifndef STELE_SERVER_MASTER_META_ACCESS_H
#define STELE_SERVER_MASTER_META_ACCESS_H

#include "server/master/meta_batch.h"

#define META_CLOCK_WAIT_MS 200

struct master;
struct meta_sending;
struct meta_reading;

struct meta_access {
    struct meta_sending
        *waiting; /* for hbase:meta to be open, or to be tried again; oldest first */
    struct meta_sending **waiting_end;
    struct meta_reading *reading; /* waits likewise */
    bool is_read;                 /* once in this tenure: before, no batch can have its timestamp */
    bool is_begun;                /* batches of all may be written */
    struct task retry_task;
    bool is_retry_out;
    uint64_t delay_ns;      /* of the next retry */
    int64_t last_timestamp; /* given to a batch, or seen in a row */
};

void meta_access_init(struct meta_access *meta);

/* Takes the batch (NULL = no memory for it). done() runs once, on the master's executor, maybe before this returns: it
 * is durable, or why not (STATUS_CANCELLED: the tenure is over). NULL: nobody asks. Empty batches are done at once. */
void meta_access_write(struct master *master, struct meta_batch *batch,
    void (*done)(void *context, enum status status, const struct error *error), void *context);
/* The same for a batch that brings hbase:meta in line: it waits only until all rows have been read. */
void meta_access_write_first(struct master *master, struct meta_batch *batch,
    void (*done)(void *context, enum status status, const struct error *error), void *context);
/* hbase:meta is in line: the batches of all others may be written. */
void meta_access_begin(struct master *master);
/* hbase:meta is open: what waits is sent. */
void meta_access_open(struct master *master);
/* At the end of a tenure. */
void meta_access_cancel(struct master *master);

/* Reads all rows, some at a time: cell() for each, in order; then done(). On the master's executor. */
void meta_access_read(struct master *master, void (*cell)(void *context, const struct cell *cell),
    void (*done)(void *context, enum status status, const struct error *error), void *context);

#endif
