/* A group of the tablet log: the entries that one write makes durable (log.h).
 *
 *     entries:  a  b  c  d              as they joined, which is the order of their callbacks
 *     tablets:  T1 {a, c}, T2 {b, d}    those with bytes, by tablet: each tablet's become one frame (log_writer.h)
 *
 * A group is filled, written, and its entries are answered; then the same memory begins the next. While it is made it
 * knows at most how many bytes it will take, so that whoever fills it can stop in time. It takes no memory: entries
 * and tablets are linked through members of their own.
 *
 * Threads: the log thread. */
#ifndef STELE_STORAGE_LOG_GROUP_H
#define STELE_STORAGE_LOG_GROUP_H

#include "storage/log.h"
#include "storage/log_segment.h"

/* Most bytes that an entry adds to a frame besides its body, and that a frame adds besides its records. */
#define LOG_RECORD_OVERHEAD 30
#define LOG_FRAME_OVERHEAD  (LOG_FRAME_HEADER + TABLET_ID_SIZE + LOG_FRAME_CHECKSUM + 8)

/* Entries in a row, by their `next`. Zeroed memory is an empty one. */
struct log_entry_list {
    struct log_entry *first;
    struct log_entry *last;
};

void log_entry_list_push(struct log_entry_list *list, struct log_entry *entry);
void log_entry_list_push_front(struct log_entry_list *list, struct log_entry *entry);
/* NULL when it is empty. */
struct log_entry *log_entry_list_pop(struct log_entry_list *list);

struct log_group {
    struct log_entry_list entries;
    struct log_tablet *tablets; /* by group_next, in order of appearance */
    struct log_tablet **tablets_end;
    size_t count;
    uint64_t bound;       /* most bytes its frames take */
    uint64_t index_bound; /* most bytes they add to the segment's index */
    uint64_t logged;      /* entries that have bytes */
    bool needs_sync;      /* an entry's answer waits for the disk */
};

/* Whether the entry will have a record: it takes sequence numbers and is not SKIP_WAL. */
bool log_entry_has_bytes(const struct log_entry *entry);

/* An empty group. What the last one held must have been taken out (log_group_part, log_entry_list_pop). */
void log_group_begin(struct log_group *group);
/* Takes an entry that has its sequence. */
void log_group_join(struct log_group *group, struct log_entry *entry);
/* Whether one more entry may be asked in: the group is not full. */
bool log_group_is_open(const struct log_group *group);
/* Most bytes that the group and its part of an index take, were the entry to join it. */
uint64_t log_group_bound_with(const struct log_group *group, const struct log_entry *entry);
/* Lets the tablets go, which may then join the next group; the entries stay in the list. */
void log_group_part(struct log_group *group);

#endif
