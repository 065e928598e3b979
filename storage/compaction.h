/* Writing one SSTable out of a merge of others, or of memtables: the job behind flush, merging and
 * major compaction.
 *
 *     input iterator (a merge) -> column matcher (MERGE or MAJOR) -> SSTable writer
 *
 * A job is resumable: compaction_step does a slice of work and says when to go on, so that a task
 * on an executor neither sleeps nor holds its thread for minutes: the caller submits the next step
 * with executor_submit_at. A byte-rate budget, shared by all jobs of a store, gives the times.
 *
 * The file is made when the first cell survives; a job whose every cell is dropped makes none.
 *
 * Threads: a job: one at a time. Budget and progress: any. */
#ifndef STELE_STORAGE_COMPACTION_H
#define STELE_STORAGE_COMPACTION_H

#include <stdatomic.h>

#include "storage/cell_iterator.h"
#include "storage/column_matcher.h"
#include "storage/sstable.h"

/* A rate in bytes a second that jobs share. Zeroed is no bound. */
struct compaction_budget {
    _Atomic uint64_t bytes_per_s;    /* 0 = no bound; may change at any time */
    _Atomic uint64_t spent_until_ns; /* the bytes taken so far last until then */
};

/* Takes `bytes` (they may be spent at once); returns when the taker may go on: 0 = at once. */
uint64_t compaction_budget_take(struct compaction_budget *budget, uint64_t bytes, uint64_t now_ns);

/* Watched, and cancelled, by others. The caller's; zeroed at first. */
struct compaction_progress {
    _Atomic uint64_t cells_read;
    _Atomic uint64_t cells_written;
    _Atomic uint64_t bytes_written; /* of the file, so far */
    _Atomic bool is_cancelled;      /* set it: the next step answers STATUS_CANCELLED */
};

struct compaction_job;

/* All borrowed for the life of the job, but for the input. */
struct compaction_options {
    struct env *env;
    const char *path;                            /* of the new file; copied */
    const struct sstable_writer_options *writer; /* copied, but for its spans */
    const struct column_matcher_config *matcher; /* copied, but for what it points to */
    struct cell_iterator *input;                 /* taken over, also on failure */
    struct compaction_budget *budget;            /* or NULL: flushes are not slowed down */
    struct compaction_progress *progress;        /* or NULL */
};

enum status compaction_new(
    const struct compaction_options *options, struct compaction_job **out_job, struct error *error);
/* A slice: STATUS_OK = call again at *out_due_ns of env's monotonic clock (0 = at once; set
 * is_hasty to ignore budget and slices and go to the end: a flush). STATUS_END = done: the file, if
 * there is one, is synced (its directory is not). After a failure the job can only be freed. Blocks
 * on I/O. */
enum status compaction_step(
    struct compaction_job *job, bool is_hasty, uint64_t *out_due_ns, struct error *error);
/* After STATUS_END: what was written, borrowed from the job; NULL = no cell survived, no file. */
const struct sstable_properties *compaction_result(const struct compaction_job *job);
/* Removes the file unless the job is done. NULL is fine. */
void compaction_free(struct compaction_job *job);

#endif
