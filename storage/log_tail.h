/* The end of the log's current segment in memory, for files that take whole blocks only (env.h, ENV_DIRECT).
 *
 *     segment:   ... blocks that are full and durable | the block that the tail lies in | zeros ...
 *     log_tail:                                         what it holds so far, then the group's frames, then zeros
 *
 * A group is written as the blocks it touches, so the first of them again holds frames that are durable already, with
 * the bytes they had. docs/formats/log.md says why that cannot harm them. What lay behind the group in its last
 * block (zeros, or frames of an earlier life) becomes zeros.
 *
 * Every byte of a segment behind its first two pages goes out in whole blocks, by whatever way it is written: a part
 * of a block in the page cache would first be read from the disk, which the write before went past it to. Log thread. */
#ifndef STELE_STORAGE_LOG_TAIL_H
#define STELE_STORAGE_LOG_TAIL_H

#include "base/bytes.h"

struct log_tail {
    void *memory;
    uint8_t *blocks; /* in memory, aligned */
    size_t capacity;
    uint64_t offset; /* in the segment, of blocks */
    size_t size;     /* bytes that have been appended from there on */
};

/* Zeroed memory is an empty tail. */
void log_tail_deinit(struct log_tail *tail);
/* A new segment: nothing before `offset`, a multiple of the block size, is ours to write. */
void log_tail_begin(struct log_tail *tail, uint64_t offset);
/* STATUS_NO_MEMORY, also below. */
enum status log_tail_append(struct log_tail *tail, struct span bytes);
/* The blocks to write at tail->offset; borrowed until the next call. */
struct span log_tail_blocks(struct log_tail *tail);
/* They are written: only the last is kept, when it is not full. */
void log_tail_advance(struct log_tail *tail);
/* How many bytes fill the block that the tail lies in; 0 when it ends with a block. */
size_t log_tail_gap(const struct log_tail *tail);
/* Whole blocks that are written from where they are; nothing is kept, so the tail ends with a block. */
void log_tail_skip(struct log_tail *tail, size_t size);

#endif
