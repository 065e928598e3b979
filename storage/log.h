/* The tablet log: one append-only log for all tablets of an incarnation, with group commit
 * (design 5).
 *
 *     log_append (any thread)
 *          |  queue                     one task on the log executor makes a group of all that waits
 *          v
 *     per entry, in order:  sequence given -> its place in the group
 *     once a group:         one write at the segment's tail, durable when it ends, is started
 *     per entry, in order:  appended()  (the tablet inserts its cells, still invisible, and releases
 *                           row locks; meanwhile the disk works)
 *     once a group:         the end of the write is waited for -> one look at `alive`
 *     per entry, in order:  durable()  (the tablet moves its read point and answers)
 *
 * While a group syncs, the next one gathers in the queue: the number of records a sync carries
 * follows the load by itself, and one alone waits for nothing but its own sync.
 *
 * Chains. What appended() lets append (the next increment of a hot row) should join the same group,
 * and cannot join one that is on its way. So after a group whose appended() appended something, the
 * next is filled the other way: each entry is appended() as it joins, until a group sees no chain.
 *
 * The write (env.h: file_write_start). Where the file system grants ENV_DIRECT it goes past the page
 * cache, in whole blocks (log_tail.h), and the log thread may poll for its end when few wait; else
 * it is a write and a sync. A large group, one that asks for no sync and the one behind it go through the
 * page cache. docs/decisions/0013-log-past-the-page-cache.md.
 *
 * Sequences. Each tablet counts its own, from 1, rising by the order of appends; they never repeat
 * over its owners (the next starts above). An entry may take several.
 *
 * Durability. SYNC and FSYNC entries are answered after the sync. SKIP entries are sequenced and
 * called back in order but not written; ASYNC ones are written. A group of only these is answered
 * without a sync, and synced when the queue is empty or LOG_ASYNC_BYTES have gathered.
 *
 * Failures. A failed write, sync or look ends the process (fatal): nothing is retried, and what was
 * not answered may or may not be there. No space for a new segment refuses entries with
 * STATUS_NO_SPACE before anything of them is done; the log tries again as time passes. After a
 * fatal that returned (tests), entries are refused with STATUS_CLOSED.
 *
 * Segments. A full segment is closed with an index of what it holds by tablet (log_segment.h). It
 * is released once every tablet in it has flushed past its records (log_flushed), and then reused
 * or removed. When all segments together pass the budget, tablets with records in the oldest are
 * asked to flush.
 *
 * Threads: log_append, log_flushed, the counters: any, never blocking on I/O. Callbacks: the log
 * executor. */
#ifndef STELE_STORAGE_LOG_H
#define STELE_STORAGE_LOG_H

#include "base/env.h"
#include "model/schema.h"
#include "storage/directory.h"
#include "storage/storage.h"

struct log;
struct log_segment_tablet;

#define LOG_GROUP_BYTES      (8u << 20) /* a group takes no more entries past it */
#define LOG_GROUP_ENTRIES    16384
#define LOG_UPCOMING_ENTRIES 16          /* most in one upcoming() */
#define LOG_DIRECT_BYTES     (64u << 10) /* a group of more goes through the page cache */
#define LOG_ASYNC_BYTES      (4u << 20)  /* unsynced bytes of ASYNC entries that force a sync */
#define LOG_POLL_NS          100000 /* the log thread looks this long for more before it sleeps */
#define LOG_POLL_ENTRIES     4 /* and so for the disk, when a group has no more entries than that */
#define LOG_SPACE_RETRY_MS   1000 /* how often a full disk is tried again */

/* A tablet as the log knows it. Embedded in the tablet; members are the log's. */
struct log_tablet {
    char id[TABLET_ID_SIZE];
    _Atomic uint64_t last_sequence; /* greatest given; written on the log thread only */
    uint64_t flushed_sequence;      /* guarded by the log's lock */
    struct log_segment_tablet
        *records; /* guarded by the log's lock: its part of each segment, oldest first */
    struct log_segment_tablet *records_last;
    struct log_entry *group_first; /* log thread: its entries of the group being made */
    struct log_entry *group_last;
    struct log_tablet *group_next;
    bool is_in_group;
};

/* last_sequence: the greatest that any record or SSTable of the tablet has; the first given is one
 * more. STATUS_OK always; no records yet. Any thread. */
void log_tablet_init(struct log_tablet *tablet, const char *id, uint64_t last_sequence);
/* No entry of it may be under way. Records that log_flushed has not covered keep their segments
 * until this incarnation is dead and recovered. Any thread; zeroed memory is fine (log may be NULL
 * then). */
void log_tablet_deinit(struct log *log, struct log_tablet *tablet);
uint64_t log_tablet_last_sequence(const struct log_tablet *tablet); /* any */

/* One append, embedded by the caller, who owns it again after durable(), or after an appended()
 * that refused.
 *
 * appended() is called exactly once, in sequence order over the whole log: with STATUS_OK, sequence
 * is set and the entry has its place in the group; with STATUS_NO_SPACE or STATUS_CLOSED nothing
 * was sequenced and no durable() follows. It may call log_append: such entries join the group being
 * made, or the next. durable() is called exactly once after each appended() that had STATUS_OK, in the same
 * order. Its status is STATUS_OK, or STATUS_CLOSED when the store died meanwhile (tests only): then
 * nothing may be acknowledged.
 *
 * upcoming() (may be NULL) is a hint: the next appended() calls are those of `count` entries of one tablet, linked by
 * next from `first` on, all with this upcoming. What they will need can be fetched into the processor's caches at once.
 *
 * A barrier (sequence_count 0, empty body) takes its place in the order and writes nothing:
 * sequence is the tablet's last given; at appended() every earlier entry of the tablet has been
 * inserted and no later one; at durable() every earlier entry of every tablet is synced, ASYNC ones
 * too. That is where a memtable is switched and where its flush may begin. */
struct log_entry {
    struct log_entry *next;        /* the log's while under way */
    struct log_entry *tablet_next; /* the log's while under way */
    struct log_tablet *tablet;
    struct span body;           /* opaque (cell_batch.h); valid until durable() */
    uint32_t sequence_count;    /* how many sequence numbers it takes */
    enum durability durability; /* USE_DEFAULT = SYNC */
    uint64_t sequence;          /* out: the first of them */
    enum status status;         /* out */
    void (*upcoming)(struct log_entry *first, size_t count);
    void (*appended)(struct log_entry *entry);
    void (*durable)(struct log_entry *entry);
};

struct log_config {
    struct directory *directory;
    struct env_file *alive;  /* borrowed: what the look looks at */
    struct executor *upkeep; /* borrowed: prepares and removes segments in the background */
    uint64_t segment_bytes;
    uint64_t total_bytes;
    void *context; /* of the two callbacks */
    /* Ends the process; may return in tests. Any thread. */
    void (*fatal)(void *context, const struct error *error);
    /* The tablet should flush: it holds records in the oldest segment. Called with LOCK_RANK_LOG
     * held: may only note it, take a reference and submit a task. NULL = nobody is asked. */
    void (*pressure)(void *context, struct log_tablet *tablet);
};

/* Worker. Makes the first segment of this incarnation, durably. */
enum status log_open(const struct log_config *config, struct log **out_log, struct error *error);
/* Any. Refuses later entries, finishes those queued, closes the segment with its index; done() then
 * runs on the log executor. */
void log_close(struct log *log, struct completion *completion);
/* Any. From now on every entry is refused or, if under way, ends with STATUS_CLOSED: the process is
 * as good as dead. */
void log_kill(struct log *log);
/* Joins the log executor, after log_close or log_kill. Later entries are refused inline, by
 * appended() on the caller's thread. Not from the log executor. NULL is fine. */
void log_stop(struct log *log);
/* After log_stop, and once the upkeep executor has been joined. NULL is fine. */
void log_free(struct log *log);

/* Any. Never fails: refusals come through appended(). */
void log_append(struct log *log, struct log_entry *entry);
/* Any. No record of the tablet at or below `sequence` is needed any more: a durable manifest says
 * so. */
void log_flushed(struct log *log, struct log_tablet *tablet, uint64_t sequence);
/* Any. Ends the current segment, if it has records, and begins another, soon. */
void log_roll(struct log *log);
bool log_is_read_only(
    const struct log *log); /* any: the last try for a new segment found no space */
int64_t log_full_since_ms(
    const struct log *log); /* any: since when it is read-only; 0 = it is not */
/* Any: the file system says that there is space again; the next entry tries. */
void log_space_returned(struct log *log);

struct log_statistics {
    uint64_t bytes; /* of all segments that are kept, as preallocated */
    uint64_t segments;
    uint64_t syncs;
    /* What the log thread spent on the disk for these: starting durable writes, waiting for their ends, syncing. */
    uint64_t sync_ns;
    uint64_t appended_ns; /* and in appended(), mostly while the disk worked */
    uint64_t groups;
    uint64_t records; /* entries written */
};

/* Any. Since when (env_monotonic_ns) the log thread has been at the group that it is at; 0 = it is at none. Long ago: the
 * directory does not answer, and no write does. */
uint64_t log_turn_since_ns(const struct log *log);

void log_statistics_read(const struct log *log, struct log_statistics *out_statistics); /* any */

#endif
