/* What puts the groups of the tablet log into its current segment, and keeps where that segment ends.
 *
 *     segment:   header | closing page | frames, durable | frames, written | free ...
 *                                                     synced            tail
 *
 *     log_writer_send     the group's frames, one for each tablet in it, are encoded at the tail and brought on their
 *                         way: past the page cache as one asynchronous write that is durable when it ends, when they
 *                         are few and all before them is durable; else into the page cache
 *     log_writer_sync     ... and the disk has all of them: the end of that write, or a sync
 *     log_writer_close    the index of all frames and the closing page: a segment that is complete
 *
 * Between send and sync the caller is free: the disk works. One group at a time.
 *
 * Any failure is final: what reached the disk is not known then, and nothing is tried again.
 *
 * Threads: the log thread; the counters are read by any. Takes the mutex of log_files for a moment. */
#ifndef STELE_STORAGE_LOG_WRITER_H
#define STELE_STORAGE_LOG_WRITER_H

#include <stdatomic.h>

#include "storage/log_files.h"
#include "storage/log_group.h"
#include "storage/log_tail.h"

struct log_writer {
    struct env *env;
    struct log_files *files;         /* borrowed: its current segment is the one that is written */
    struct buffer bytes;             /* of the group's frames */
    struct log_tail end;             /* of the current segment, when it takes whole blocks */
    uint64_t tail;                   /* of the current segment: where the next frame will lie */
    uint64_t synced;                 /* every byte of it below is durable */
    bool is_in_flight;               /* a write has been started, not finished */
    uint64_t starting_ns;            /* how long its start took */
    _Atomic uint64_t syncs, sync_ns; /* log_statistics */
    _Atomic uint64_t records;        /* entries written */
};

/* Zeroed memory becomes a writer without a segment. */
void log_writer_init(struct log_writer *writer, struct env *env, struct log_files *files);
void log_writer_deinit(struct log_writer *writer);
/* The files' current segment is a new one. */
void log_writer_begin(struct log_writer *writer);
/* Whether bytes were written that are not known to be durable. */
bool log_writer_has_unsynced(const struct log_writer *writer);
/* How many bytes of the current segment are left. There must be one. */
uint64_t log_writer_room(const struct log_writer *writer);

/* The group must have tablets, and fit into the segment. STATUS_NO_MEMORY, STATUS_IO. */
enum status log_writer_send(
    struct log_writer *writer, const struct log_group *group, struct error *error);
/* Waits until all that was sent is durable; there must be some. It may poll for up to poll_ns before it sleeps. */
enum status log_writer_sync(struct log_writer *writer, uint64_t poll_ns, struct error *error);
/* Ends the current segment, durably; the next call is log_writer_begin. No write is in flight. */
enum status log_writer_close(struct log_writer *writer, struct error *error);

#endif
