/* The segment files of a living log: which exist, who still needs them, the next one, used ones.
 *
 *     spare -> current -> full -> released (all have flushed past it) -> spare again, or removed
 *
 * The log thread alone makes a segment current and closes it. The upkeep executor prepares the
 * spare once the current segment is half full (preallocated and zeroed), closes the files of full
 * ones (the kernel's end of a file's asynchronous writes takes tens of milliseconds), and
 * takes released segments away, preferably by making one the spare: its bytes need no zeroing, for
 * a new salt makes the old frames strangers.
 *
 * A log starts with a small segment and grows them up to the size asked for, so that an idle store
 * stays small and starts fast.
 *
 * Threads: as said at each call; `mutex` guards what others than the log thread look at. */
#ifndef STELE_STORAGE_LOG_FILES_H
#define STELE_STORAGE_LOG_FILES_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "storage/log.h"
#include "storage/log_segment.h"

#define LOG_FIRST_SEGMENT_BYTES  (256u << 10)
#define LOG_INLINE_SEGMENT_BYTES (4u << 20) /* of one that the log thread has to make itself */
#define LOG_INLINE_GROWTH        4
#define LOG_SEGMENT_GROWTH       16

struct log_live_segment;

/* One tablet's records in one segment, until they are flushed. Owned by the segment. */
struct log_segment_tablet {
    struct log_segment_tablet *next_of_tablet;  /* guarded */
    struct log_segment_tablet *next_of_segment; /* guarded */
    struct log_live_segment *segment;
    struct log_tablet *tablet; /* guarded; NULL: the tablet went without flushing them */
    uint64_t last_sequence;    /* guarded */
    size_t slot;               /* log thread: in the segment's index; SIZE_MAX = none yet */
    bool is_done;              /* guarded: flushed past */
};

struct log_live_segment {
    struct log_live_segment *next; /* guarded: rising by number, or released */
    uint64_t number;
    uint64_t capacity;
    struct log_segment_tablet *records; /* guarded */
    size_t pending;                     /* guarded: records not done */
    bool is_current;                    /* guarded */
    struct env_file *file;  /* guarded: of one that is not current any more, until it is closed */
    struct log_index index; /* log thread, while current */
};

enum log_spare_state { LOG_SPARE_NONE, LOG_SPARE_ASKED, LOG_SPARE_READY };

struct log_files {
    struct directory *directory;
    struct executor *upkeep;
    uint64_t segment_bytes;
    uint64_t total_bytes;
    void (*pressure)(void *context, struct log_tablet *tablet);
    void *context;

    /* log thread */
    struct log_live_segment *current; /* NULL: the last was closed and the next could not be made */
    struct env_file *file;            /* of current */
    uint64_t salt;                    /* of current */
    uint64_t next_number;
    uint64_t next_capacity;
    uint64_t inline_capacity; /* of the next that upkeep has not prepared */

    struct mutex *mutex;            /* the log's, LOCK_RANK_LOG */
    struct log_live_segment *first; /* guarded: all that are not released */
    struct log_live_segment *last;
    struct log_live_segment *released; /* guarded: to be taken away */
    uint64_t bytes;                    /* guarded: of all of these */
    uint64_t count;
    enum log_spare_state spare; /* guarded */
    uint64_t spare_number;      /* guarded: spare-<n> */
    uint64_t spare_capacity;    /* guarded */
    uint64_t asked_capacity;    /* guarded */
    uint64_t spare_retry_ns;    /* guarded: none is asked for until then; 0 = no bound */
    uint64_t next_spare_number; /* guarded */
    bool is_upkeep_scheduled;   /* guarded */
    bool is_stopped;            /* guarded: upkeep does nothing more */
    struct task upkeep_task;
};

void log_files_init(struct log_files *files, const struct log_config *config, struct mutex *mutex);
/* Frees memory, leaves files. No upkeep task may run any more. */
void log_files_deinit(struct log_files *files);

/* Log thread (or before it exists). Makes the next segment current: the spare, or a fresh small one
 * of at least `need` bytes. There must be no current one. STATUS_NO_SPACE changes nothing; any
 * other failure is final. */
enum status log_files_advance(struct log_files *files, uint64_t need, struct error *error);
/* Log thread. Makes sure that log_files_advance would find a segment of `need` bytes without making
 * one. */
enum status log_files_prepare(struct log_files *files, uint64_t need, struct error *error);
/* Log thread. The current segment has its index and closing page, durably. */
void log_files_retire(struct log_files *files);
/* Log thread. Asks upkeep for the spare when the current segment is half full. */
void log_files_watch(struct log_files *files, uint64_t tail);

/* Log thread, mutex held: notes that the tablet has records in the current segment up to
 * last_sequence. NULL on no memory. Valid for the group being made. */
struct log_segment_tablet *log_files_note_locked(
    struct log_files *files, struct log_tablet *tablet, uint64_t last_sequence);
/* Any, mutex held: the tablet has flushed up to its flushed_sequence. */
void log_files_flushed_locked(struct log_files *files, struct log_tablet *tablet);
/* Any, mutex held: the tablet goes. */
void log_files_forget_locked(struct log_files *files, struct log_tablet *tablet);
/* Any, mutex held: asks tablets with records in the oldest segments to flush while the budget is
 * exceeded. */
void log_files_press_locked(struct log_files *files);

#endif
