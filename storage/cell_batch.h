/* Cell batches: the bytes of a log record's body (docs/formats/log.md), a group of operations on
 * one tablet.
 *
 *   batch     = u8 version (1) | varint nonce group | varint clock | varint operations | operation*
 *   operation = varint nonce | sized row | varint cells | cell*
 *   cell      = u8 type | sized family | sized qualifier | u64 timestamp | sized value | sized tags
 *
 * "sized" is a varint size, then that many bytes. The clock is the greatest timestamp that the
 * tablet has given out when the batch was made (design 5: it never falls). The operation number i
 * (from 0) has the record's first sequence + i. A nonce of 0 is none.
 *
 * Writing is push: batch_begin, then per operation batch_operation and batch_cell as announced.
 * Reading is pull, and checks everything. */
#ifndef STELE_STORAGE_CELL_BATCH_H
#define STELE_STORAGE_CELL_BATCH_H

#include "model/cell.h"

#define CELL_BATCH_VERSION 1

void cell_batch_begin(
    struct buffer *out, uint64_t nonce_group, int64_t clock_ms, uint64_t operation_count);
void cell_batch_operation(struct buffer *out, uint64_t nonce, struct span row, uint64_t cell_count);
/* The row is the operation's; the sequence is not written. */
void cell_batch_cell(struct buffer *out, const struct cell *cell);

/* A batch being read. Spans point into the bytes given. */
struct cell_batch {
    struct span rest;
    uint64_t nonce_group;
    int64_t clock_ms;
    uint64_t operation_count;
    /* of the operation reached */
    uint64_t operation; /* its number, from 0 */
    uint64_t nonce;
    struct span row;
    uint64_t cell_count;
    /* private */
    uint64_t operations_left, cells_left;
};

/* STATUS_CORRUPT on malformed bytes, STATUS_NEWER_FORMAT. */
enum status cell_batch_open(struct span body, struct cell_batch *out_batch, struct error *error);
/* To the next operation, whatever is left of this one: STATUS_OK; STATUS_END after the last, when no
 * byte is left over; STATUS_CORRUPT. */
enum status cell_batch_next_operation(struct cell_batch *batch, struct error *error);
/* The next cell of the operation, with sequence 0; STATUS_END after its last; STATUS_CORRUPT. */
enum status cell_batch_next_cell(
    struct cell_batch *batch, struct cell *out_cell, struct error *error);

#endif
