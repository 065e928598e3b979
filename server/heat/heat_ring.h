/* A ring of columns of one tablet's heat, in few bytes: each has a time (a second or a minute), the bounds of its
 * buckets (or none, where the owner knows them), and what is not zero, as varints.
 *
 *   record:  u16 size | varint time | u8 buckets | u8 bounds | (varint shared with the bound before, varint added, bytes)... |
 *            (u8 bucket, u8 mask of counters, varint...)...
 *
 * The newest that fit into `most` bytes are kept, or into seven eighths of them. In memory only. Threads: one at a time. */
#ifndef STELE_SERVER_HEAT_HEAT_RING_H
#define STELE_SERVER_HEAT_HEAT_RING_H

#include "base/arena.h"
#include "server/heat/heat_metric.h"

#define HEAT_RING_BUCKETS 64 /* most of a column */
#define HEAT_RING_KINDS   3  /* the first counters, which are operations: reads, scans, writes */

struct heat_ring {
    uint8_t *data;
    size_t from, size, capacity; /* `size` bytes of records begin at `from` */
    size_t most;                 /* bytes */
    unsigned records, records_most;
};

void heat_ring_init(struct heat_ring *ring, size_t most, unsigned records_most);
void heat_ring_deinit(struct heat_ring *ring);

/* Interior bounds (NULL: not kept), and for each of `count` buckets, one more than bounds, its counters. On no memory
 * it is left out. */
void heat_ring_add(struct heat_ring *ring, int64_t time, const struct span *bounds, size_t count,
    uint64_t (*counters)[HEAT_COUNTERS]);
/* A second of a tablet that counts on: what the first HEAT_RING_KINDS counters of each of `count` buckets have risen by
 * since `before`, which becomes what they are. Bounds are not kept. False: nothing has risen, and there is no column. */
bool heat_ring_add_risen(struct heat_ring *ring, int64_t time, size_t count,
    uint64_t (*counters)[HEAT_COUNTERS], uint64_t (*before)[HEAT_RING_KINDS]);
void heat_ring_clear(struct heat_ring *ring); /* keeps the memory */

/* Copies the newest column of that time into the arena; *out_bounds is NULL where none are kept. STATUS_NOT_FOUND. */
enum status heat_ring_read(const struct heat_ring *ring, int64_t time, struct arena *arena,
    struct span **out_bounds, struct heat_values **out_values, size_t *out_count);
#endif
